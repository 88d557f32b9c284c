/** Type names, in all the spellings of PostgreSQL's grammar (Typename, SimpleTypename, opt_interval). */
import type { Expression, Query, TypeName } from '../ast.ts';
import { ParserBase, type ParserRule } from '../parser-base.ts';
import type { Token } from '../scanner.ts';
import * as T from '../token-types.ts';

/** Keywords that are a type on their own: INT, REAL, ... */
const SIMPLE_TYPES = new Map<number, string>([
  [T.INT, 'int4'],
  [T.INTEGER, 'int4'],
  [T.SMALLINT, 'int2'],
  [T.BIGINT, 'int8'],
  [T.REAL, 'float4'],
  [T.BOOLEAN, 'bool'],
]);
const NUMERIC_TYPES = new Set<number>([T.DECIMAL, T.DEC, T.NUMERIC]);
const CHARACTER_TYPES = new Set<number>([T.CHARACTER, T.CHAR, T.VARCHAR, T.NATIONAL, T.NCHAR]);

export function integerNode(token: Token): Expression {
  const position = token.startOffset;
  return { kind: 'integer', value: Number(token.image), negative: false, literalIndex: token.literalIndex, position };
}

export abstract class TypeRules extends ParserBase {
  abstract readonly expression: ParserRule<[], Expression>;
  abstract readonly query: ParserRule<[], Query>;

  /**
   * Typename: [ SETOF ] SimpleTypename { '[' [ Iconst ] ']' } | [ SETOF ] SimpleTypename ARRAY [ '[' Iconst ']' ]
   */
  readonly typeName = this.detail('typeName', (): TypeName => {
    this.enter();
    const position = this.here();
    const setOf = this.has(T.SETOF);
    const simple = this.sub(this.simpleTypeName);
    const arrayDimensions: number[] = [];
    if (this.has(T.ARRAY)) {
      arrayDimensions.push(
        this.has(T.LEFT_BRACKET) ? this.closeDimension(Number(this.take(T.INTEGER_LITERAL).image)) : -1,
      );
    } else {
      while (this.more(T.LEFT_BRACKET)) {
        const size = this.at(T.INTEGER_LITERAL) ? Number(this.take(T.INTEGER_LITERAL).image) : -1;
        arrayDimensions.push(this.closeDimension(size));
      }
    }
    this.leave();
    return setOf || arrayDimensions.length > 0 ? { ...simple, position, setOf, arrayDimensions } : simple;
  });

  private closeDimension(size: number): number {
    this.take(T.RIGHT_BRACKET);
    return size;
  }

  /** SimpleTypename */
  readonly simpleTypeName = this.detail('simpleTypeName', (): TypeName => {
    const keyword = this.keywordType();
    if (keyword !== null) return keyword;
    const position = this.here();
    const name = [this.takeName(T.TYPE_FUNCTION_NAME).image];
    while (this.more(T.DOT)) name.push(this.colLabel());
    return makeType(name, this.typeModifiers(), position);
  });

  /** func_type: Typename | [ SETOF ] name '.' name '%' TYPE, in function definitions only. */
  readonly functionType = this.detail('functionType', (): TypeName => {
    const type = this.sub(this.typeName);
    if (!this.at(T.PERCENT) || type.name.length < 2 || type.modifiers.length > 0) return type;
    this.take(T.PERCENT);
    this.take(T.TYPE);
    return { ...type, percentType: true };
  });

  /** opt_type_modifiers: [ '(' expr_list ')' ] */
  protected typeModifiers(): Expression[] {
    if (!this.at(T.LEFT_PAREN)) return [];
    return this.inParens(() => this.list(this.expression));
  }

  /** A type that has a keyword of its own, or null when the next token is none. */
  protected keywordType(): TypeName | null {
    const type = this.peek();
    const position = this.here();
    const simple = SIMPLE_TYPES.get(type);
    if (simple !== undefined) {
      this.take(type);
      return makeType(['pg_catalog', simple], [], position);
    }
    if (NUMERIC_TYPES.has(type)) {
      this.take(type);
      return makeType(['pg_catalog', 'numeric'], this.typeModifiers(), position);
    }
    if (CHARACTER_TYPES.has(type)) return this.characterType(position);
    switch (type) {
      case T.FLOAT:
        return this.floatType(position);
      case T.DOUBLE:
        if (this.peekAt(2) !== T.PRECISION) return null;
        this.take(T.DOUBLE);
        this.take(T.PRECISION);
        return makeType(['pg_catalog', 'float8'], [], position);
      case T.BIT: {
        this.take(T.BIT);
        const varying = this.has(T.VARYING);
        const modifiers = this.typeModifiers();
        if (modifiers.length === 0 && !varying) modifiers.push(madeUpInteger(1));
        return makeType(['pg_catalog', varying ? 'varbit' : 'bit'], modifiers, position);
      }
      case T.TIME:
      case T.TIMESTAMP: {
        this.take(type);
        const modifiers = this.precision();
        const base = type === T.TIME ? 'time' : 'timestamp';
        return makeType(['pg_catalog', this.withTimeZone() ? `${base}tz` : base], modifiers, position);
      }
      case T.INTERVAL: {
        this.take(T.INTERVAL);
        return this.intervalType(position, this.precision());
      }
      default:
        return null;
    }
  }

  /** INTERVAL has been read, and its (precision) when it stood before the fields. */
  protected intervalType(position: number, before: readonly Expression[]): TypeName {
    const type = makeType(['pg_catalog', 'interval'], before, position);
    if (before.length > 0) return type;
    const fields = this.intervalFields();
    return fields === null ? type : { ...type, intervalFields: fields.fields, modifiers: fields.modifiers };
  }

  /** opt_interval: YEAR | MONTH | DAY | HOUR | MINUTE | SECOND[(p)] | a TO b */
  protected intervalFields(): { fields: string; modifiers: Expression[] } | null {
    const first = this.peek();
    const to = INTERVAL_FIELDS.get(first);
    if (to === undefined) return null;
    let fields = this.take(first).image;
    let last = first;
    if (to.length > 0 && this.at(T.TO)) {
      this.take(T.TO);
      last = this.peek();
      if (!to.includes(last)) throw this.unexpected();
      fields += ` to ${this.take(last).image}`;
    }
    return { fields, modifiers: last === T.SECOND ? this.precision() : [] };
  }

  protected precision(): Expression[] {
    if (!this.at(T.LEFT_PAREN)) return [];
    return this.inParens(() => [integerNode(this.take(T.INTEGER_LITERAL))]);
  }

  private withTimeZone(): boolean {
    const withZone = this.at(T.WITH_LA) && this.peekAt(2) === T.TIME;
    if (!withZone && !(this.at(T.WITHOUT) && this.peekAt(2) === T.TIME)) return false;
    this.take(withZone ? T.WITH_LA : T.WITHOUT);
    this.take(T.TIME);
    this.take(T.ZONE);
    return withZone;
  }

  private characterType(position: number): TypeName {
    const first = this.take(this.peek()).tokenTypeIdx;
    if (first === T.NATIONAL) {
      if (!this.has(T.CHARACTER)) this.take(T.CHAR);
    }
    const varying = first === T.VARCHAR || this.has(T.VARYING);
    const modifiers = this.precision();
    if (!varying && modifiers.length === 0) modifiers.push(madeUpInteger(1));
    return makeType(['pg_catalog', varying ? 'varchar' : 'bpchar'], modifiers, position);
  }

  private floatType(position: number): TypeName {
    this.take(T.FLOAT);
    let name = 'float8';
    let nameLiteral = -1;
    if (this.at(T.LEFT_PAREN)) {
      this.take(T.LEFT_PAREN);
      const token = this.take(T.INTEGER_LITERAL);
      const bits = Number(token.image);
      nameLiteral = token.literalIndex;
      if (bits < 1) throw this.valueError('precision for type float must be at least 1 bit', token);
      if (bits > 53) throw this.valueError('precision for type float must be less than 54 bits', token);
      if (bits <= 24) name = 'float4';
      this.take(T.RIGHT_PAREN);
    }
    return { ...makeType(['pg_catalog', name], [], position), nameLiteral };
  }
}

const INTERVAL_FIELDS = new Map<number, readonly number[]>([
  [T.YEAR, [T.MONTH]],
  [T.MONTH, []],
  [T.DAY, [T.HOUR, T.MINUTE, T.SECOND]],
  [T.HOUR, [T.MINUTE, T.SECOND]],
  [T.MINUTE, [T.SECOND]],
  [T.SECOND, []],
]);

export function makeType(name: readonly string[], modifiers: readonly Expression[], position: number): TypeName {
  return {
    kind: 'typeName',
    name,
    modifiers,
    intervalFields: null,
    arrayDimensions: [],
    setOf: false,
    percentType: false,
    position,
  };
}

function madeUpInteger(value: number): Expression {
  return { kind: 'integer', value, negative: false, literalIndex: -1, position: -1 };
}
