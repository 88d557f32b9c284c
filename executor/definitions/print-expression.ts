/**
 * Expressions as PostgreSQL prints them: an understood AST (ddl/understood-query.ts), where every cast stands, to SQL. In the plain
 * form each operator stands in parentheses, in the pretty form where isSimple() says so. After: PostgreSQL, ruleutils.c,
 * get_rule_expr() and get_const_expr().
 */

import { quoteIdentifier } from '../../catalog/functions/quote.ts';
import { KEPT_IN } from '../../catalog/kept-routines.ts';
import type {
  Expression,
  FunctionCall,
  OperatorExpr,
  OrderItem,
  QuantifiedArrayExpr,
  Query,
  WindowSpec,
  XmlTableRef,
} from '../../parser/ast.ts';
import { printType, printXml, printXmlTable, type XmlParts } from '../../parser/index.ts';
import { typeByName } from '../../types/index.ts';
import { comparisonsOf } from './comparisons.ts';
import { INDENT_VAR, type Output, type PrintOptions } from './output.ts';
import { isSimple } from './simple-nodes.ts';

export class ExpressionPrinter {
  readonly out: Output;
  readonly options: PrintOptions;
  readonly #query: (query: Query) => void;

  /** `query` prints a subquery at the level of the moment. */
  constructor(out: Output, options: PrintOptions, query: (query: Query) => void) {
    this.out = out;
    this.options = options;
    this.#query = query;
  }

  #write(text: string): void {
    this.out.text += text;
  }

  #list(nodes: readonly Expression[]): void {
    nodes.forEach((node, i) => {
      if (i > 0) this.#write(', ');
      this.print(node);
    });
  }

  /** A part of `parent`: in the pretty form it may need parentheses there. */
  #part(part: Expression, parent: Expression): void {
    const node = comparisonsOf(part);
    const needsParentheses = this.options.isPretty && !isSimple(node, parent);
    if (needsParentheses) this.#write('(');
    this.print(node);
    if (needsParentheses) this.#write(')');
  }

  /** What stands in parentheses in the plain form. */
  #enclosed(print: () => void): void {
    if (!this.options.isPretty) this.#write('(');
    print();
    if (!this.options.isPretty) this.#write(')');
  }

  #suffixed(node: Expression, arg: Expression, suffix: string): void {
    this.#enclosed(() => {
      this.#part(arg, node);
      this.#write(suffix);
    });
  }

  #infix(node: Expression, left: Expression, operator: string, right: Expression): void {
    this.#enclosed(() => {
      this.#part(left, node);
      this.#write(` ${operator} `);
      this.#part(right, node);
    });
  }

  print(whole: Expression): void {
    const node = comparisonsOf(whole);
    switch (node.kind) {
      case 'integer':
      case 'numeric':
      case 'string':
      case 'bitString':
      case 'boolean':
      case 'null':
        this.#write(constantText(node));
        return;
      case 'default':
        this.#write('DEFAULT');
        return;
      case 'param':
        this.#write(`$${node.number}`);
        return;
      case 'columnRef':
        this.#write(node.name.map(quoteIdentifier).join('.') + (node.star ? '.*' : ''));
        return;
      case 'operator':
        this.#operator(node);
        return;
      case 'and':
      case 'or':
        this.#enclosed(() => {
          node.args.forEach((arg, i) => {
            if (i > 0) this.#write(node.kind === 'and' ? ' AND ' : ' OR ');
            this.#part(arg, node);
          });
        });
        return;
      case 'not':
        this.#enclosed(() => {
          this.#write('NOT ');
          this.#part(node.arg, node);
        });
        return;
      case 'isDistinct':
        this.#infix(node, node.left, 'IS DISTINCT FROM', node.right);
        return;
      case 'quantifiedArray':
        this.#quantifiedArray(node);
        return;
      case 'isNull':
        this.#suffixed(node, node.arg, node.negated ? ' IS NOT NULL' : ' IS NULL');
        return;
      case 'booleanTest':
        this.#suffixed(node, node.arg, ` IS ${node.negated ? 'NOT ' : ''}${node.test.toUpperCase()}`);
        return;
      case 'collate':
        this.#suffixed(node, node.arg, ` COLLATE ${node.collation.map(quoteIdentifier).join('.')}`);
        return;
      case 'cast':
        this.#cast(node);
        return;
      case 'case':
        this.#case(node);
        return;
      case 'function':
        this.#call(node);
        return;
      case 'exists':
      case 'scalarSubquery':
      case 'arraySubquery':
      case 'inSubquery':
      case 'quantifiedSubquery':
        this.#subquery(node);
        return;
      default:
        this.#composed(node);
    }
  }

  #operator(node: OperatorExpr): void {
    const { left, right } = node;
    const operator = writtenOperator(node);
    if (left?.kind === 'row' && right.kind === 'row') {
      // A comparison of rows is always enclosed.
      this.#write('(');
      this.print(left);
      this.#write(` ${operator} `);
      this.print(right);
      this.#write(')');
    } else if (left !== null) this.#infix(node, left, operator, right);
    else {
      this.#enclosed(() => {
        this.#write(`${operator} `);
        this.#part(right, node);
      });
    }
  }

  #quantifiedArray(node: QuantifiedArrayExpr): void {
    this.#enclosed(() => {
      this.#part(node.left, node);
      this.#write(` ${writtenOperator(node)} ${node.all ? 'ALL' : 'ANY'} (`);
      const { array } = node;
      if (array.kind === 'cast' && array.arg.kind === 'scalarSubquery') {
        this.#part(array.arg, node);
        this.#write(`::${printType(array.type)}`);
      } else this.#part(array, node);
      this.#write(')');
    });
  }

  #composed(node: Expression): void {
    switch (node.kind) {
      case 'array':
        this.#write('ARRAY[');
        this.#list(node.elements);
        this.#write(']');
        return;
      case 'row':
        this.#row(node.fields, 0);
        return;
      case 'coalesce':
      case 'greatest':
      case 'least':
      case 'grouping':
        this.#write(`${node.kind.toUpperCase()}(`);
        this.#list(node.args);
        this.#write(')');
        return;
      case 'nullIf':
        this.#write('NULLIF(');
        this.#list([node.left, node.right]);
        this.#write(')');
        return;
      case 'sqlValue':
        this.#write(node.function.toUpperCase() + (node.precision === null ? '' : `(${node.precision})`));
        return;
      case 'isNormalized':
        this.#write('(');
        this.#part(node.arg, node);
        this.#write(` IS${node.form === null ? '' : ` ${node.form.toUpperCase()}`} NORMALIZED)`);
        return;
      case 'isDocument':
        this.#suffixed(node, node.arg, ' IS DOCUMENT');
        return;
      case 'xml':
        this.#write(printXml(node, this.#xmlParts));
        return;
      case 'subscript':
        this.#subscript(node);
        return;
      case 'field':
      case 'fieldStar': {
        const isBare = node.base.kind === 'subscript' || node.base.kind === 'field';
        if (!isBare) this.#write('(');
        this.print(node.base);
        this.#write(`${isBare ? '' : ')'}.${node.kind === 'field' ? quoteIdentifier(node.field) : '*'}`);
        return;
      }
      default:
        // LIKE, BETWEEN and IN are operators by now.
        throw new Error(`cannot print ${node.kind}`);
    }
  }

  /** What printing an expression here would write. */
  #text(node: Expression): string {
    const { out } = this;
    const before = out.text;
    out.text = '';
    this.print(node);
    const { text } = out;
    out.text = before;
    return text;
  }

  readonly #xmlParts: XmlParts = {
    expression: (node) => this.#text(node),
    type: printType,
    identifier: quoteIdentifier,
    enclosesNamespaces: false,
  };

  xmlTable(node: XmlTableRef): string {
    return printXmlTable(node, this.#xmlParts);
  }

  #subscript(node: Extract<Expression, { kind: 'subscript' }>): void {
    const isBare = node.base.kind === 'columnRef' || node.base.kind === 'field';
    if (!isBare) this.#write('(');
    this.print(node.base);
    if (!isBare) this.#write(')');
    for (const { isSlice, lower, upper } of node.subscripts) {
      this.#write('[');
      if (lower !== null) this.print(lower);
      if (isSlice) this.#write(':');
      if (upper !== null) this.print(upper);
      this.#write(']');
    }
  }

  /** `count`: attributes that the row's type has by now. Those that came later are null. */
  #row(fields: readonly Expression[], count: number): void {
    this.#write('ROW(');
    this.#list(fields);
    for (let i = fields.length; i < count; i++) this.#write(i === 0 ? 'NULL' : ', NULL');
    this.#write(')');
  }

  #cast(node: Extract<Expression, { kind: 'cast' }>): void {
    const { arg, type } = node;
    if (
      arg.kind === 'string' &&
      type.name.at(-1) === 'numeric' &&
      type.modifiers.length === 0 &&
      type.arrayDimensions.length === 0
    ) {
      this.#write(numericText(arg.value));
      return;
    }
    if (arg.kind === 'string' || arg.kind === 'null') {
      this.#write(arg.kind === 'null' ? 'NULL' : quoted(arg.value));
    } else if (arg.kind === 'row' && this.options.attributeCount(type) > 0) {
      this.#row(arg.fields, this.options.attributeCount(type));
    } else if (isOneValue(arg, node)) this.print(arg);
    else this.#enclosed(() => this.#part(arg, node));
    this.#write(`::${printType(node.type)}`);
  }

  #case(node: Extract<Expression, { kind: 'case' }>): void {
    const { out } = this;
    out.line('CASE', 0, INDENT_VAR);
    if (node.subject !== null) {
      this.#write(' ');
      this.print(node.subject);
    }
    const part = (keyword: string): void => {
      if (out.isFlat) this.#write(' ');
      out.line(keyword);
    };
    for (const { when, result } of node.branches) {
      part('WHEN ');
      this.print(when);
      this.#write(' THEN ');
      this.print(result);
    }
    if (node.otherwise !== null) {
      part('ELSE ');
      this.print(node.otherwise);
    }
    if (out.isFlat) this.#write(' ');
    out.line('END', -INDENT_VAR);
  }

  #subquery(
    node: Extract<
      Expression,
      { kind: 'exists' | 'scalarSubquery' | 'arraySubquery' | 'inSubquery' | 'quantifiedSubquery' }
    >,
  ): void {
    let hasOwn = true;
    this.#write(node.kind === 'arraySubquery' ? 'ARRAY(' : '(');
    switch (node.kind) {
      case 'exists':
        this.#write('EXISTS ');
        break;
      case 'inSubquery':
        this.#compared(node.arg);
        this.#write(' IN ');
        break;
      case 'quantifiedSubquery':
        this.#compared(node.left);
        this.#write(` ${writtenOperator(node)} ${node.all ? 'ALL' : node.operator === '=' ? KEPT_IN : 'ANY'} `);
        break;
      default:
        hasOwn = false;
    }
    if (hasOwn) this.#write('(');
    this.#query(node.query);
    this.#write(hasOwn ? '))' : ')');
  }

  #compared(node: Expression): void {
    if (node.kind !== 'row') {
      this.print(node);
      return;
    }
    this.#write('(');
    this.#list(node.fields);
    this.#write(')');
  }

  // -------------------------------------------------------------------------------------------------------------- calls

  #call(node: FunctionCall): void {
    if (node.sqlSyntax && this.#special(node)) return;
    const name = node.name.length > 1 && node.name[0] === 'pg_catalog' ? node.name.slice(1) : node.name;
    this.#write(`${name.map(quoteIdentifier).join('.')}(`);
    if (node.distinct) this.#write('DISTINCT ');
    if (node.star) this.#write('*');
    node.args.forEach((arg, i) => {
      if (i > 0) this.#write(', ');
      if (node.variadic && i === node.args.length - 1) this.#write('VARIADIC ');
      const argName = node.argNames?.[i] ?? null;
      if (argName !== null) this.#write(`${quoteIdentifier(argName)} => `);
      this.print(arg);
    });
    if (node.withinGroup) this.#write(') WITHIN GROUP (ORDER BY ');
    else if (node.orderBy.length > 0) this.#write(' ORDER BY ');
    this.orderBy(node.orderBy);
    this.#write(')');
    if (node.filter !== null) {
      this.#write(' FILTER (WHERE ');
      this.print(node.filter);
      this.#write(')');
    }
    if (node.over?.kind === 'windowName') this.#write(` OVER ${quoteIdentifier(node.over.name)}`);
    else if (node.over !== null) {
      this.#write(' OVER ');
      this.window(node.over);
    }
  }

  /** Calls in the syntax of the standard that they were written in. */
  #special(node: FunctionCall): boolean {
    const { args } = node;
    const sequence = (...parts: readonly (string | Expression)[]): true => {
      for (const part of parts) {
        if (typeof part === 'string') this.#write(part);
        else this.print(part);
      }
      return true;
    };
    switch (node.name[node.name.length - 1]) {
      case 'extract':
        return sequence(`EXTRACT(${args[0].kind === 'string' ? args[0].value : ''} FROM `, args[1], ')');
      case 'timezone':
        this.#write('(');
        this.#part(args[1], node);
        this.#write(' AT TIME ZONE ');
        this.#part(args[0], node);
        this.#write(')');
        return true;
      case 'overlaps':
        return sequence('((', args[0], ', ', args[1], ') OVERLAPS (', args[2], ', ', args[3], '))');
      case 'xmlexists':
        return sequence('XMLEXISTS((', args[0], ') PASSING (', args[1], '))');
      case 'position':
        return sequence('POSITION((', args[1], ') IN (', args[0], '))');
      case 'overlay':
        sequence('OVERLAY(', args[0], ' PLACING ', args[1], ' FROM ', args[2]);
        return args.length > 3 ? sequence(' FOR ', args[3], ')') : sequence(')');
      case 'substring':
        if (node.sqlSyntax === 'similar')
          return sequence('SUBSTRING(', args[0], ' SIMILAR ', args[1], ' ESCAPE ', args[2], ')');
        sequence('SUBSTRING(', args[0], ' FROM ', args[1]);
        return args.length > 2 ? sequence(' FOR ', args[2], ')') : sequence(')');
      case 'btrim':
      case 'ltrim':
      case 'rtrim': {
        const side = { btrim: 'BOTH', ltrim: 'LEADING', rtrim: 'TRAILING' }[node.name[node.name.length - 1] as 'btrim'];
        this.#write(`TRIM(${side}`);
        if (args.length === 2) sequence(' ', args[1]);
        return sequence(' FROM ', args[0], ')');
      }
      case 'normalize': {
        const form = args[1]?.kind === 'cast' ? args[1].arg : args[1];
        return sequence('NORMALIZE(', args[0], form?.kind === 'string' ? `, ${form.value})` : ')');
      }
      case 'pg_collation_for':
        return sequence('COLLATION FOR (', args[0], ')');
      default:
        return false;
    }
  }

  // ---------------------------------------------------------------------------------------------------- parts of queries

  /** A key of GROUP BY, ORDER BY or PARTITION BY: constants with their type, what is no column may need parentheses. */
  sortKey(node: Expression): void {
    switch (node.kind) {
      case 'columnRef':
        this.print(node);
        return;
      case 'integer':
        this.#write(`${constantText(node)}${node.value < 0 ? '' : '::integer'}`);
        return;
      case 'boolean':
        this.#write(`${constantText(node)}::boolean`);
        return;
      default:
    }
    if (node.kind === 'numeric' || (node.kind === 'cast' && (node.arg.kind === 'string' || node.arg.kind === 'null'))) {
      const text = this.#text(node);
      this.#write(text.includes('::') ? text : `${text}::numeric`);
      return;
    }
    const isCall = node.kind === 'function' || (node.kind === 'cast' && node.form === 'cast');
    const isEnclosed = this.options.isPretty || isCall;
    if (isEnclosed) this.#write('(');
    this.print(node);
    if (isEnclosed) this.#write(')');
  }

  /** `isNumbered`: integers are numbers of columns, as over a set operation. */
  orderBy(items: readonly OrderItem[], isNumbered = false): void {
    items.forEach((item, i) => {
      if (i > 0) this.#write(', ');
      if (isNumbered && item.expr.kind === 'integer') this.#write(String(item.expr.value));
      else this.sortKey(item.expr);
      const using = item.direction === 'using' ? item.using?.[item.using.length - 1] : undefined;
      const isDescending = item.direction === 'desc' || using === '>';
      if (using !== undefined && using !== '<' && using !== '>') {
        const isFirst = item.nulls === null ? using === '~>~' : item.nulls === 'first';
        this.#write(` USING ${using} NULLS ${isFirst ? 'FIRST' : 'LAST'}`);
        return;
      }
      if (isDescending) this.#write(' DESC');
      if (item.nulls === 'first' && !isDescending) this.#write(' NULLS FIRST');
      if (item.nulls === 'last' && isDescending) this.#write(' NULLS LAST');
    });
  }

  window(spec: WindowSpec): void {
    this.#write('(');
    let separator = '';
    if (spec.base !== null) {
      this.#write(quoteIdentifier(spec.base));
      separator = ' ';
    }
    if (spec.partitionBy.length > 0) {
      this.#write(`${separator}PARTITION BY `);
      spec.partitionBy.forEach((each, i) => {
        if (i > 0) this.#write(', ');
        this.sortKey(each);
      });
      separator = ' ';
    }
    if (spec.orderBy.length > 0) {
      this.#write(`${separator}ORDER BY `);
      this.orderBy(spec.orderBy);
      separator = ' ';
    }
    if (spec.frame !== null) {
      const { mode, start, end, exclude } = spec.frame;
      this.#write(`${separator}${mode.toUpperCase()} BETWEEN `);
      this.#bound(start);
      this.#write(' AND ');
      this.#bound(end);
      if (exclude !== 'no others') this.#write(` EXCLUDE ${exclude.toUpperCase()}`);
    }
    this.#write(')');
  }

  #bound(bound: NonNullable<WindowSpec['frame']>['start']): void {
    switch (bound.kind) {
      case 'unboundedPreceding':
        this.#write('UNBOUNDED PRECEDING');
        return;
      case 'unboundedFollowing':
        this.#write('UNBOUNDED FOLLOWING');
        return;
      case 'currentRow':
        this.#write('CURRENT ROW');
        return;
      default:
        this.print(bound.offset as Expression);
        this.#write(bound.kind === 'preceding' ? ' PRECEDING' : ' FOLLOWING');
    }
  }
}

/** Numbers show no type where their form says it; negative ones are quoted. */
function constantText(node: Expression): string {
  switch (node.kind) {
    case 'integer': {
      const isInteger = node.value >= -2147483648 && node.value <= 2147483647;
      if (isInteger) return node.value < 0 ? `'${node.value}'::integer` : String(node.value);
      return `'${node.value}'::bigint`;
    }
    case 'numeric':
      return numericText(node.value.replace(/^\./, '0.'));
    case 'string':
      return quoted(node.value);
    case 'bitString':
      return `'${bitsOf(node.value)}'::"bit"`;
    case 'boolean':
      return node.value ? 'true' : 'false';
    default:
      return 'NULL';
  }
}

/** A number with a point says itself that it is a numeric. */
function numericText(text: string): string {
  return /^\d+\.\d*$/.test(text) ? text : `'${text}'::numeric`;
}

/** b101, or x1f. */
function bitsOf(written: string): string {
  const digits = written.slice(1);
  if (!/^x/i.test(written)) return digits;
  return [...digits].map((digit) => Number.parseInt(digit, 16).toString(2).padStart(4, '0')).join('');
}

/** simple_quote_literal(): standard_conforming_strings is on. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** OPERATOR(schema.op) where a schema is written. */
function writtenOperator({ operator, schema }: { readonly operator: string; readonly schema: string | null }): string {
  return schema === null ? operator : `OPERATOR(${quoteIdentifier(schema)}.${operator})`;
}

/** What a cast follows without parentheses: a row as a composite type, an empty array. */
function isOneValue(node: Expression, { type }: Extract<Expression, { kind: 'cast' }>): boolean {
  const isWhole = node.kind === 'row' || (node.kind === 'columnRef' && node.star);
  if (isWhole) return type.arrayDimensions.length === 0 && typeByName(type.name[type.name.length - 1])?.kind !== 'b';
  return node.kind === 'array' && node.elements.length === 0;
}
