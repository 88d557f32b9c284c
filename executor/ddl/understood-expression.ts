/** Expressions of an understood query (understood-query.ts): a copy of the AST with the casts that binding has put in. */
import { XML_SERIALIZE } from '../../catalog/functions/xml/expressions.ts';
import type {
  Expression,
  FunctionCall,
  OperatorExpr,
  OrderItem,
  Query,
  RowExpr,
  TypeName,
  WindowSpec,
} from '../../parser/ast.ts';
import { plainCall, printType } from '../../parser/index.ts';
import type { Expr } from '../../planner/index.ts';
import { baseTypeOid, DEFAULT_FORMAT, inputText, OID, typeByOid } from '../../types/index.ts';
import type { DdlContext } from './context.ts';
import { asComparisons, keptSchema } from './kept-operators.ts';
import { argumentOf, collectedBy, isLiteralWithout, syntaxOf, TEXT } from './understood-call.ts';
import {
  castable,
  castTo,
  constant,
  formOfCast,
  isUnknownLiteral,
  literalOfType,
  mentionsColumns,
  typedLiteral,
  typeNameOf,
} from './understood-literal.ts';
import type { Recorded } from './understood-query.ts';

/** Parts of expressions that are not expressions. */
interface Others {
  query(query: Query): Query;
  /** ORDER BY of an aggregate. */
  order(items: readonly OrderItem[]): readonly OrderItem[];
  window(spec: WindowSpec): WindowSpec;
  /** Whether it reads what stands in FROM of the query that it is part of. */
  isLocal(node: unknown): boolean;
  /** A parameter of the function whose body it is. */
  parameter(node: Kind<'columnRef'>): Expression;
}

type Kind<K extends Expression['kind']> = Extract<Expression, { kind: K }>;

export class UnderstoodExpressions {
  readonly #x: DdlContext;
  readonly #recorded: Recorded;
  readonly #others: Others;

  constructor(x: DdlContext, recorded: Recorded, others: Others) {
    this.#x = x;
    this.#recorded = recorded;
    this.#others = others;
  }

  /** Where implied casts are not shown: conditions, counts. */
  bare(node: Expression): Expression {
    return this.#converted(node, this.#bound(node), true);
  }

  /** A literal is true or false. */
  condition(node: Expression): Expression {
    if (node.kind !== 'string') return this.bare(node);
    const value = inputText(OID.BOOL, -1, node.value, DEFAULT_FORMAT) === true;
    return { kind: 'boolean', value, position: node.position };
  }

  /** A literal by itself, as what it has become. */
  literal(node: Expression, bound: Expr): Expression {
    return this.#converted(node, bound);
  }

  /** Literals take this type; the rest has its own. */
  typed(node: Expression, typeOid: number): Expression {
    const bound = this.#bound(node);
    // 'x'::unknown is as good as 'x'.
    if (node.kind === 'cast' && bound?.typeOid === OID.UNKNOWN) return this.typed(node.arg, typeOid);
    if (!isUnknownLiteral(node)) return this.node(node);
    return bound?.kind === 'const' && bound.typeOid === typeOid
      ? constant(this.#x, node, bound)
      : literalOfType(this.#x, node, typeOid);
  }

  /** What becomes a value of the type that is named. */
  ofType(node: Expression, type: TypeName): Expression {
    const bound = this.#bound(node);
    const isCast = isUnknownLiteral(node) || bound === undefined || this.#typeText(bound) !== printType(type);
    if (!isCast) return this.node(node);
    return { kind: 'cast', arg: this.node(node), type, form: 'colons', position: node.position };
  }

  #typeText({ typeOid, typeModifier }: Expr): string {
    return castable(typeOid) ? printType(typeNameOf(this.#x, typeOid, typeModifier)) : '';
  }

  /** A target of SELECT, a value of VALUES: a whole row says its type. */
  target(node: Expression, typeOid: number): Expression {
    return this.#asOne(node, this.typed(node, typeOid));
  }

  /** Where t.* would be all columns, a whole row is t.*::t. */
  #asOne(node: Expression, result: Expression): Expression {
    const bound = this.#bound(node);
    if (result.kind !== 'columnRef' || !result.star || bound === undefined) return result;
    return castTo(this.#x, result, bound.typeOid);
  }

  /** An item of FROM: what is no call has to look like one. */
  fromItem(node: Expression): Expression {
    const result = this.node(node);
    switch (result.kind) {
      case 'function':
      case 'coalesce':
      case 'greatest':
      case 'least':
      case 'nullIf':
      case 'sqlValue':
        return result;
      case 'cast':
        return result;
      default: {
        const bound = this.#bound(node);
        if (bound === undefined) return result;
        const type = typeNameOf(this.#x, bound.typeOid, bound.typeModifier);
        return { kind: 'cast', arg: result, type, form: 'cast', position: node.position };
      }
    }
  }

  #bound(node: Expression): Expr | undefined {
    return this.#recorded.expressions.get(node);
  }

  /** A part as its surroundings want it: `target` is the part after conversion. */
  #converted(node: Expression, target: Expr | undefined, isHidden = false): Expression {
    if (node.kind === 'string' || node.kind === 'null') {
      return target === undefined ? node : typedLiteral(this.#x, node, target);
    }
    const bound = this.#bound(node);
    if (node.kind === 'collate' && isLiteralWithout(bound, target)) return this.#converted(node.arg, target);
    const result = this.node(node);
    if (isHidden || target === undefined || bound === undefined) return result;
    if (bound.typeOid === target.typeOid || !castable(target.typeOid) || !castable(bound.typeOid)) return result;
    return castTo(this.#x, result, target.typeOid, -1, formOfCast(bound, target));
  }

  #all(nodes: readonly Expression[], targets: readonly Expr[] | undefined): Expression[] {
    return nodes.map((node, i) => this.#converted(node, targets?.[i] ?? (isUnknownLiteral(node) ? TEXT : undefined)));
  }

  #operator(
    operator: string,
    left: Expression,
    right: Expression,
    bound: Expr | undefined,
    position: number,
    schema: string | null = null,
  ): OperatorExpr {
    const args = bound?.kind === 'call' ? bound.args : [];
    return {
      kind: 'operator',
      operator,
      schema,
      left: this.#converted(left, args[0]),
      right: this.#converted(right, args[1]),
      position,
    };
  }

  /** An expression with its own type. */
  node(node: Expression): Expression {
    const bound = this.#bound(node);
    switch (node.kind) {
      case 'numeric': {
        // 1e10 is kept as the number that it is.
        if (bound?.kind !== 'const' || !/e/i.test(node.value)) return node;
        return constant(this.#x, node, bound);
      }
      case 'columnRef':
        if (bound?.kind === 'param') return this.#others.parameter(node);
        return node.name.length === 1 && bound?.kind === 'row' ? { ...node, star: true } : node;
      case 'operator':
        return this.#operatorNode(node, bound);
      case 'and':
      case 'or': {
        const args = bound?.kind === node.kind && bound.args.length === node.args.length ? bound.args : undefined;
        return { ...node, args: node.args.map((arg, i) => this.#converted(arg, args?.[i], true)) };
      }
      case 'not':
        return { ...node, arg: this.#converted(node.arg, bound?.kind === 'not' ? bound.arg : undefined, true) };
      case 'isNull':
        return { ...node, arg: this.#converted(node.arg, bound?.kind === 'isNull' ? bound.arg : undefined) };
      case 'booleanTest':
        return { ...node, arg: this.condition(node.arg) };
      case 'like':
        return this.#like(node, bound);
      case 'between':
        return this.#between(node, bound);
      case 'inList':
        return this.#inList(node, bound);
      case 'isDistinct':
        return this.#isDistinct(node, bound);
      case 'quantifiedArray': {
        const parts = bound?.kind === 'arrayCompare' ? bound : undefined;
        const array = this.#converted(node.array, parts?.array);
        return {
          ...node,
          left: this.#converted(node.left, parts?.left),
          // ANY (SELECT ...) is something else.
          array:
            array.kind === 'scalarSubquery' && parts !== undefined
              ? castTo(this.#x, array, parts.array.typeOid, parts.array.typeModifier)
              : array,
        };
      }
      case 'inSubquery':
      case 'quantifiedSubquery':
        return this.#quantified(node, bound);
      case 'exists':
      case 'scalarSubquery':
      case 'arraySubquery':
        return { ...node, query: this.#others.query(node.query) };
      case 'isNormalized': {
        const test: Expression = { ...node, negated: false, arg: this.#converted(node.arg, TEXT, true) };
        return node.negated ? { kind: 'not', arg: test, position: node.position } : test;
      }
      case 'cast':
        return this.#cast(node, bound);
      case 'collate':
        return { ...node, arg: this.typed(node.arg, OID.TEXT) };
      case 'function':
        return this.#call(node, bound);
      default:
        return this.#composed(node, bound);
    }
  }

  #operatorNode(node: Kind<'operator'>, bound: Expr | undefined): Expression {
    const { left, right } = node;
    if (left === null) {
      const schema = keptSchema(node.schema);
      return { ...node, schema, right: this.#converted(right, bound?.kind === 'call' ? bound.args[0] : undefined) };
    }
    if (left.kind === 'row' && right.kind === 'row')
      return this.#rows(node.operator, left, right, bound, node.position);
    return this.#operator(node.operator, left, right, bound, node.position, keptSchema(node.schema));
  }

  /** (a, b) = (c, d) is a = c AND b = d; with < and the like rows are compared. */
  #rows(operator: string, left: RowExpr, right: RowExpr, bound: Expr | undefined, position: number): Expression {
    if (bound?.kind === 'rowCompare') {
      return {
        kind: 'operator',
        operator,
        schema: null,
        left: { ...left, explicit: true, fields: this.#all(left.fields, bound.left) },
        right: { ...right, explicit: true, fields: this.#all(right.fields, bound.right) },
        position,
      };
    }
    const calls = bound?.kind === 'and' || bound?.kind === 'or' ? bound.args : [bound];
    const parts = left.fields.map((field, i) => this.#operator(operator, field, right.fields[i], calls[i], position));
    if (parts.length === 1) return parts[0];
    // Comparisons of the fields when it is printed: as text, AND within AND would be one.
    const fields = (side: 'left' | 'right'): Expression[] => parts.map((part) => part[side]!);
    return {
      kind: 'operator',
      operator,
      schema: null,
      left: { ...left, explicit: true, fields: fields('left') },
      right: { ...right, explicit: true, fields: fields('right') },
      position,
    };
  }

  #like(node: Kind<'like'>, bound: Expr | undefined): Expression {
    const { operator, negated, pattern, escape: escapeBy, position } = node;
    const args = bound?.kind === 'call' ? bound.args : [];
    const name = operator === 'similar' ? '~' : operator === 'like' ? '~~' : '~~*';
    const inner = args[1]?.kind === 'call' ? args[1].args : undefined;
    let right = this.#converted(pattern, args[1]);
    if (operator === 'similar' || escapeBy !== null) {
      const escaper = operator === 'similar' ? 'similar_to_escape' : 'like_escape';
      right = plainCall([escaper], this.#all(escapeBy === null ? [pattern] : [pattern, escapeBy], inner), -1);
    }
    const left = this.#converted(node.left, args[0]);
    return { kind: 'operator', operator: negated ? `!${name}` : name, schema: null, left, right, position };
  }

  /** Two comparisons when it is printed: as text, AND within AND would be one. But a literal that is of another type in each of them is two. */
  #between(node: Kind<'between'>, bound: Expr | undefined): Expression {
    const partsOf = (expr: Expr | undefined): readonly Expr[] =>
      expr?.kind === 'and' || expr?.kind === 'or' ? expr.args : [];
    const pairs = node.symmetric ? partsOf(bound).map(partsOf) : [partsOf(bound)];
    const args = (call: Expr | undefined): readonly Expr[] => (call?.kind === 'call' ? call.args : []);
    const [low, high] = pairs[0] ?? [];
    const argTypes = new Set(pairs.flat().map((call) => args(call)[0]?.typeOid));
    if (argTypes.size > 1 && isUnknownLiteral(node.arg)) {
      return asComparisons(node, (operator, limit, pair, side) =>
        this.#operator(operator, node.arg, limit, pairs[pair][side], node.position),
      );
    }
    return {
      ...node,
      arg: this.#converted(node.arg, args(low)[0]),
      lower: this.#converted(node.lower, args(low)[1]),
      upper: this.#converted(node.upper, args(high)[1]),
    };
  }

  #inList(node: Kind<'inList'>, bound: Expr | undefined): Expression {
    const { arg, list, negated, position } = node;
    const operator = negated ? '<>' : '=';
    const parts =
      (bound?.kind === 'or' || bound?.kind === 'and') && !(list.length === 1 && arg.kind === 'row')
        ? bound.args
        : [bound];
    const members = parts.find((part) => part?.kind === 'inList') as Extract<Expr, { kind: 'inList' }> | undefined;
    // Columns of queries around this one, and parameters, are members of the list.
    const isMember = (item: Expression): boolean => members !== undefined && !this.#others.isLocal(item);
    const results: Expression[] = [];
    if (members !== undefined) results.push(this.#membership(node, members, list.filter(isMember)));
    const calls = parts.filter((part) => part !== members);
    list
      .filter((item) => !isMember(item))
      .forEach((item, i) => {
        if (arg.kind === 'row' && item.kind === 'row')
          results.push(this.#rows(operator, arg, item, calls[i], position));
        else results.push(this.#operator(operator, arg, item, calls[i], position));
      });
    return results.length === 1 ? results[0] : { kind: negated ? 'and' : 'or', args: results, position };
  }

  /** Values that become text whatever they are stay as they are written. */
  #xml(node: Kind<'xml'>, bound: Expr | undefined): Expression {
    const plain = (arg: Expression): Expression => (isUnknownLiteral(arg) ? arg : this.node(arg));
    if (node.form === 'element' || node.form === 'forest') {
      const named = node.named.map((each) => ({ ...each, value: plain(each.value) }));
      return { ...node, named, args: node.args.map(plain) };
    }
    const targets = bound?.kind === 'call' ? bound.args : [];
    const converted = (arg: Expression, i: number): Expression =>
      this.#converted(arg, node.form === 'pi' ? targets[2] : targets[i]);
    if (node.form === 'root') {
      const [value, version] = node.args;
      const written = version.kind === 'null' ? version : converted(version, 1);
      return { ...node, args: [converted(value, 0), written] };
    }
    if (node.form !== 'serialize') return { ...node, args: node.args.map(converted) };
    // What it is cast to shows, where that is not text.
    const source = this.#serialized(bound) ?? [];
    const serialized: Expression = { ...node, args: [this.#converted(node.args[0], source[0])] };
    const type = node.type!;
    if (type.name.at(-1) === 'text') return serialized;
    return { kind: 'cast', arg: serialized, type, form: 'colons', position: node.position };
  }

  /** The arguments of XMLSERIALIZE under the casts around it. */
  #serialized(bound: Expr | undefined): readonly Expr[] | undefined {
    let at: Expr | undefined = bound;
    for (;;) {
      if (at?.kind === 'call') {
        if (at.function === XML_SERIALIZE) return at.args;
        at = at.args[0];
      } else if (at?.kind === 'coalesce') at = at.args[0];
      else if (at?.kind === 'typmodCast' || at?.kind === 'ioCast') at = at.arg;
      else return undefined;
    }
  }

  /** x = ANY (ARRAY[...]): of the type that all items have in common, then of the one that the operator takes. */
  #membership(
    node: Kind<'inList'>,
    bound: Extract<Expr, { kind: 'inList' }>,
    items: readonly Expression[],
  ): Expression {
    const parts = this.#recorded.converted.get(node) ?? bound.list;
    const { position } = node;
    const [taken, common] = [bound.list[0].typeOid, parts[0].typeOid];
    const others = items.filter(mentionsColumns);
    const constants = this.#all(
      items.filter((item) => !others.includes(item)),
      parts,
    );
    const elements = items.map((item) => (others.includes(item) ? this.#ofCommon(item, common) : constants.shift()!));
    let array: Expression = { kind: 'array', elements, position };
    if (taken !== common) array = castTo(this.#x, array, typeByOid(taken)?.arrayOid ?? 0);
    return {
      kind: 'quantifiedArray',
      operator: node.negated ? '<>' : '=',
      schema: null,
      all: node.negated,
      left: this.#converted(node.arg, bound.arg),
      array,
      position,
    };
  }

  #ofCommon(node: Expression, typeOid: number): Expression {
    const result = this.node(node);
    return this.#bound(node)?.typeOid === typeOid ? result : castTo(this.#x, result, typeOid);
  }

  #isDistinct(node: Kind<'isDistinct'>, bound: Expr | undefined): Expression {
    const { position } = node;
    if (bound?.kind === 'isNull') {
      const arg = node.right.kind === 'null' ? node.left : node.right;
      return { kind: 'isNull', arg: this.node(arg), negated: !node.negated, position };
    }
    const parts = bound?.kind === 'distinct' ? bound : undefined;
    const test: Expression = {
      ...node,
      negated: false,
      left: this.#converted(node.left, parts?.left),
      right: this.#converted(node.right, parts?.right),
    };
    return node.negated ? { kind: 'not', arg: test, position } : test;
  }

  #quantified(node: Kind<'inSubquery'> | Kind<'quantifiedSubquery'>, bound: Expr | undefined): Expression {
    const { position } = node;
    const sublink = (bound?.kind === 'not' ? bound.arg : bound) as { readonly test?: Expr | null } | undefined;
    const test = sublink?.test ?? undefined;
    const written = node.kind === 'inSubquery' ? node.arg : node.left;
    let left: Expression;
    if (written.kind === 'row') {
      const calls = test?.kind === 'and' || test?.kind === 'or' ? test.args : [test];
      const fields = written.fields.map((field, i) => {
        const call = calls[i];
        return this.#converted(
          field,
          test?.kind === 'rowCompare' ? test.left[i] : call?.kind === 'call' ? call.args[0] : undefined,
        );
      });
      left = { ...written, explicit: false, fields };
    } else left = this.#converted(written, test?.kind === 'call' ? test.args[0] : undefined);
    const query = this.#others.query(node.query);
    if (node.kind === 'inSubquery') {
      const within: Expression = { ...node, negated: false, arg: left, query };
      return node.negated ? { kind: 'not', arg: within, position } : within;
    }
    if (node.operator === '=' && !node.all && keptSchema(node.schema) === null)
      return { kind: 'inSubquery', arg: left, query, negated: false, position };
    return { ...node, left, query };
  }

  #cast(node: Kind<'cast'>, bound: Expr | undefined): Expression {
    const { arg, type } = node;
    if (arg.kind === 'array' && bound?.kind === 'array' && arg.elements.length > 0) return this.#array(arg, bound);
    if (isUnknownLiteral(arg)) {
      const isDomain = bound !== undefined && baseTypeOid(bound.typeOid) !== bound.typeOid;
      if (isDomain || (bound?.kind === 'const' && type.modifiers.length === 0))
        return typedLiteral(this.#x, arg as Kind<'string'>, bound);
      return { ...node, form: 'colons' };
    }
    if (arg.kind === 'row' && bound?.kind === 'row') {
      const fields = this.#all(arg.fields, bound.fields).map((field, i) => this.#asOne(arg.fields[i], field));
      return castTo(this.#x, { ...arg, explicit: true, fields }, bound.typeOid, -1, 'colons');
    }
    const own = this.#bound(arg);
    if (arg.kind === 'collate' && isLiteralWithout(own, bound)) return this.#converted(arg.arg, bound);
    const isSame = own !== undefined && bound !== undefined && own.typeOid === bound.typeOid;
    if (isSame && own.typeModifier === bound.typeModifier) return this.node(arg);
    if (own === undefined || bound === undefined || !castable(bound.typeOid)) {
      return { ...node, form: 'colons', arg: this.node(arg) };
    }
    return castTo(this.#x, this.node(arg), bound.typeOid, bound.typeModifier, formOfCast(own, bound));
  }

  #array(node: Kind<'array'>, bound: Extract<Expr, { kind: 'array' }>): Expression {
    const elements = node.elements.map((element, i) => {
      const target = bound.elements[i];
      return element.kind === 'array' && target?.kind === 'array'
        ? this.#array(element, target)
        : this.#converted(element, target);
    });
    return { ...node, elements };
  }

  #call(node: FunctionCall, bound: Expr | undefined): Expression {
    const parts = this.#recorded.converted.get(node);
    // int4(x) is a cast that looks like a call.
    if (parts === undefined && bound !== undefined && node.args.length === 1 && !node.star) {
      if (isUnknownLiteral(node.args[0])) return this.#converted(node.args[0], bound);
      if (this.#bound(node.args[0])?.typeOid === bound.typeOid) return this.node(node.args[0]);
      return castTo(this.#x, this.node(node.args[0]), bound.typeOid, bound.typeModifier, 'cast');
    }
    const sqlSyntax = syntaxOf(node, parts);
    const args = node.args.map((arg, i) => {
      // The field of EXTRACT is a word.
      if (sqlSyntax && i === 0 && node.name[node.name.length - 1] === 'extract') return arg;
      return this.#converted(arg, parts?.[i], sqlSyntax !== false);
    });
    const collected = collectedBy(bound, parts);
    const elements = collected === 0 ? [] : args.splice(-collected);
    if (collected > 0) args.push({ kind: 'array', elements, position: elements[0].position });
    return {
      ...node,
      args,
      sqlSyntax,
      variadic: node.variadic || collected > 0,
      orderBy: node.withinGroup
        ? node.orderBy.map((item, i) => ({
            ...item,
            expr: this.#converted(item.expr, parts?.[node.args.length + i]),
          }))
        : this.#others.order(node.orderBy),
      filter: node.filter === null ? null : this.condition(node.filter),
      over: node.over?.kind === 'windowSpec' ? this.#others.window(node.over) : node.over,
    };
  }

  #case(node: Kind<'case'>, bound: Expr | undefined): Expression {
    const parts = bound?.kind === 'case' ? bound : undefined;
    return {
      ...node,
      subject: node.subject === null ? null : this.#converted(node.subject, parts?.subject ?? undefined),
      branches: node.branches.map((branch, i) => {
        const when = parts?.branches[i].when;
        const test = node.subject === null ? when : when?.kind === 'call' ? when.args[1] : undefined;
        return {
          ...branch,
          when: this.#converted(branch.when, test, true),
          result: this.#converted(branch.result, parts?.branches[i].then),
        };
      }),
      otherwise:
        node.otherwise !== null
          ? this.#converted(node.otherwise, parts?.otherwise ?? undefined)
          : bound === undefined
            ? null
            : castTo(this.#x, { kind: 'null', position: node.position }, bound.typeOid, bound.typeModifier),
    };
  }

  /** Expressions of several parts of one kind. */
  #composed(node: Expression, bound: Expr | undefined): Expression {
    switch (node.kind) {
      case 'xml':
        return this.#xml(node, bound);
      case 'isDocument': {
        const test: Expression = { ...node, negated: false, arg: this.#converted(node.arg, argumentOf(bound)) };
        return node.negated ? { kind: 'not', arg: test, position: node.position } : test;
      }
      case 'array':
        return bound?.kind === 'array' ? this.#array(node, bound) : node;
      case 'row':
        return {
          ...node,
          explicit: true,
          fields: this.#all(node.fields, bound?.kind === 'row' ? bound.fields : undefined).map((field, i) =>
            this.#asOne(node.fields[i], field),
          ),
        };
      case 'subscript': {
        // A literal has become an integer in an array; in jsonb and hstore it is a text, and shows it.
        const bounds = bound?.kind === 'subscript' ? bound.subscripts : [];
        const part = (each: Expression | null, known: Expr | null | undefined): Expression | null => {
          if (each === null || !isUnknownLiteral(each)) return each === null ? null : this.bare(each);
          return known ? this.#converted(each, known) : this.typed(each, OID.TEXT);
        };
        return {
          ...node,
          base: this.node(node.base),
          subscripts: node.subscripts.map((each, i) => ({
            ...each,
            lower: part(each.lower, bounds[i]?.lower),
            upper: part(each.upper, bounds[i]?.upper),
          })),
        };
      }
      case 'field':
      case 'fieldStar': {
        const base = this.node(node.base);
        // (t).a is t.a.
        if (node.kind === 'field' && base.kind === 'columnRef' && base.star) {
          return { ...base, star: false, name: [...base.name, node.field] };
        }
        return { ...node, base };
      }
      case 'case':
        return this.#case(node, bound);
      case 'coalesce':
        return { ...node, args: this.#all(node.args, bound?.kind === 'coalesce' ? bound.args : undefined) };
      case 'greatest':
      case 'least':
        return { ...node, args: this.#all(node.args, bound?.kind === node.kind ? bound.args : undefined) };
      case 'nullIf': {
        const parts = bound?.kind === 'nullIf' ? bound : undefined;
        return {
          ...node,
          left: this.#converted(node.left, parts?.left),
          right: this.#converted(node.right, parts?.right),
        };
      }
      case 'grouping':
        return { ...node, args: node.args.map((arg) => this.node(arg)) };
      default:
        return node;
    }
  }
}
