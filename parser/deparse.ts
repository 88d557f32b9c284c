/**
 * AST back to SQL: expressions and queries, on one line, in the style of PostgreSQL's ruleutils.c: every operator in
 * parentheses, keywords in capitals, names quoted where they must be. What comes out parses to the same AST but for
 * positions and literal indexes (test/parser/deparse.test.ts).
 *
 * Left out: INSERT, UPDATE, DELETE and MERGE inside WITH, which no view may have.
 */
import { AssertionError, assertNever } from '../types/assert.ts';
import type {
  ColumnDefinitionItem,
  CommonTableExpr,
  Expression,
  FrameBound,
  FromItem,
  FunctionCall,
  GroupByItem,
  OrderItem,
  QualifiedName,
  Query,
  SelectBody,
  SelectTarget,
  TypeName,
  WindowSpec,
} from './ast.ts';
import { printXml, printXmlTable, type XmlParts } from './deparse-xml.ts';
import { keptRowDefinition } from './kept-rows.ts';
import { needsQuotes } from './keywords.ts';

/** An expression or a query as SQL text. */
export function deparse(node: Expression | Query): string {
  return node.kind === 'query' ? printQuery(node) : printExpression(node);
}

/** A name as SQL: quoted unless it is lower-case letters, digits and _ and no keyword but an unreserved one. */
export function quoteIdentifier(name: string): string {
  if (/^[a-z_][a-z0-9_]*$/.test(name) && !needsQuotes(name)) return name;
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as a string literal; with backslashes as E''. */
export function quoteLiteral(value: string): string {
  const quoted = `'${value.replaceAll("'", "''")}'`;
  return value.includes('\\') ? `E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}

function printName(name: QualifiedName): string {
  return name.map(quoteIdentifier).join('.');
}

const names = (list: readonly string[]): string => list.map(quoteIdentifier).join(', ');

/** Types of pg_catalog that print under another name, as format_type() does. */
const TYPE_SPELLINGS: Readonly<Record<string, string>> = {
  bool: 'boolean',
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  float4: 'real',
  float8: 'double precision',
  varchar: 'character varying',
  varbit: 'bit varying',
  bpchar: 'character',
  bit: 'bit',
  numeric: 'numeric',
  interval: 'interval',
};
const TIME_TYPES: Readonly<Record<string, readonly [string, string]>> = {
  time: ['time', ' without time zone'],
  timetz: ['time', ' with time zone'],
  timestamp: ['timestamp', ' without time zone'],
  timestamptz: ['timestamp', ' with time zone'],
};

export function printType(type: TypeName): string {
  const prefix = type.setOf ? 'SETOF ' : '';
  const dimensions = type.arrayDimensions.map((size) => (size < 0 ? '[]' : `[${size}]`)).join('');
  const modifiers = type.modifiers.length === 0 ? '' : `(${type.modifiers.map(printExpression).join(',')})`;
  const own = type.name.length === 2 && type.name[0] === 'pg_catalog' ? type.name[1] : '';
  const time = TIME_TYPES[own];
  let base: string;
  if (time !== undefined) base = time[0] + modifiers + time[1];
  else if (own === 'interval' && type.intervalFields !== null) base = `interval ${type.intervalFields}${modifiers}`;
  // bpchar and bit without a length are not char(1) and bit(1).
  else if ((own === 'bpchar' || own === 'bit') && modifiers === '') base = printName(type.name);
  else if (TYPE_SPELLINGS[own] !== undefined) base = TYPE_SPELLINGS[own] + modifiers;
  else base = printName(type.name) + modifiers + (type.percentType ? '%TYPE' : '');
  return prefix + base + dimensions;
}

const XML_PARTS: XmlParts = {
  expression: printExpression,
  type: printType,
  identifier: quoteIdentifier,
  enclosesNamespaces: true,
};

const list = (expressions: readonly Expression[]): string => expressions.map(printExpression).join(', ');

function printExpression(node: Expression): string {
  switch (node.kind) {
    case 'integer':
    case 'numeric': {
      const text = String(node.value);
      return text.startsWith('-') ? `(${text})` : text;
    }
    case 'string':
      return quoteLiteral(node.value);
    case 'bitString':
      return `${node.value[0].toUpperCase()}'${node.value.slice(1)}'`;
    case 'boolean':
      return node.value ? 'true' : 'false';
    case 'null':
      return 'NULL';
    case 'default':
      return 'DEFAULT';
    case 'param':
      return `$${node.number}`;
    case 'columnRef':
      if (!node.star) return printName(node.name);
      return node.name.length === 0 ? '*' : `${printName(node.name)}.*`;
    case 'operator': {
      const operator = printOperator(node.operator, node.schema);
      if (node.left === null) return `(${operator} ${printExpression(node.right)})`;
      return `(${printExpression(node.left)} ${operator} ${printExpression(node.right)})`;
    }
    case 'and':
    case 'or':
      return `(${node.args.map(printExpression).join(node.kind === 'and' ? ' AND ' : ' OR ')})`;
    case 'not':
      return `(NOT ${printExpression(node.arg)})`;
    case 'cast':
      return printCast(node);
    case 'collate':
      return `(${printExpression(node.arg)} COLLATE ${printName(node.collation)})`;
    case 'function':
      return printCall(node);
    case 'case': {
      const subject = node.subject === null ? '' : ` ${printExpression(node.subject)}`;
      const branches = node.branches.map(
        (branch) => ` WHEN ${printExpression(branch.when)} THEN ${printExpression(branch.result)}`,
      );
      const otherwise = node.otherwise === null ? '' : ` ELSE ${printExpression(node.otherwise)}`;
      return `CASE${subject}${branches.join('')}${otherwise} END`;
    }
    case 'row':
      return `${node.explicit ? 'ROW' : ''}(${list(node.fields)})`;
    case 'array':
      return `ARRAY[${list(node.elements)}]`;
    case 'subscript': {
      const subscripts = node.subscripts.map((subscript) => {
        const upper = subscript.upper === null ? '' : printExpression(subscript.upper);
        if (!subscript.isSlice) return `[${upper}]`;
        return `[${subscript.lower === null ? '' : printExpression(subscript.lower)}:${upper}]`;
      });
      return printBase(node.base) + subscripts.join('');
    }
    case 'field':
      return `${printBase(node.base)}.${quoteIdentifier(node.field)}`;
    case 'fieldStar':
      return `${printBase(node.base)}.*`;
    case 'coalesce':
      return `COALESCE(${list(node.args)})`;
    case 'nullIf':
      return `NULLIF(${printExpression(node.left)}, ${printExpression(node.right)})`;
    case 'greatest':
    case 'least':
      return `${node.kind.toUpperCase()}(${list(node.args)})`;
    case 'grouping':
      return `GROUPING(${list(node.args)})`;
    case 'sqlValue':
      return node.function.toUpperCase() + (node.precision === null ? '' : `(${node.precision})`);
    case 'xml':
      return printXml(node, XML_PARTS);
    case 'currentOf':
      return `CURRENT OF ${quoteIdentifier(node.cursor)}`;
    default:
      return printPredicate(node);
  }
}

type Predicate = Extract<
  Expression,
  {
    kind:
      | 'like'
      | 'between'
      | 'inList'
      | 'inSubquery'
      | 'quantifiedArray'
      | 'quantifiedSubquery'
      | 'isNull'
      | 'booleanTest'
      | 'isDistinct'
      | 'isNormalized'
      | 'isDocument'
      | 'exists'
      | 'scalarSubquery'
      | 'arraySubquery';
  }
>;

function printPredicate(node: Predicate): string {
  switch (node.kind) {
    case 'like': {
      const operator = node.operator === 'similar' ? 'SIMILAR TO' : node.operator.toUpperCase();
      const escapeWith = node.escape === null ? '' : ` ESCAPE ${printExpression(node.escape)}`;
      return `(${printExpression(node.left)}${not(node)} ${operator} ${printExpression(node.pattern)}${escapeWith})`;
    }
    case 'between': {
      const symmetric = node.symmetric ? ' SYMMETRIC' : '';
      const bounds = `${printExpression(node.lower)} AND ${printExpression(node.upper)}`;
      return `(${printExpression(node.arg)}${not(node)} BETWEEN${symmetric} ${bounds})`;
    }
    case 'inList':
      return `(${printExpression(node.arg)}${not(node)} IN (${list(node.list)}))`;
    case 'inSubquery':
      return `(${printExpression(node.arg)}${not(node)} IN (${printQuery(node.query)}))`;
    case 'quantifiedArray':
    case 'quantifiedSubquery': {
      const inner = node.kind === 'quantifiedArray' ? printExpression(node.array) : printQuery(node.query);
      const operator = printOperator(node.operator, node.schema);
      return `(${printExpression(node.left)} ${operator} ${node.all ? 'ALL' : 'ANY'} (${inner}))`;
    }
    case 'isNull':
      return `(${printExpression(node.arg)} IS${not(node)} NULL)`;
    case 'booleanTest':
      return `(${printExpression(node.arg)} IS${not(node)} ${node.test.toUpperCase()})`;
    case 'isDistinct':
      return `(${printExpression(node.left)} IS${not(node)} DISTINCT FROM ${printExpression(node.right)})`;
    case 'isNormalized': {
      const form = node.form === null ? '' : ` ${node.form.toUpperCase()}`;
      return `(${printExpression(node.arg)} IS${not(node)}${form} NORMALIZED)`;
    }
    case 'isDocument':
      return `(${printExpression(node.arg)} IS${not(node)} DOCUMENT)`;
    case 'exists':
      return `(EXISTS (${printQuery(node.query)}))`;
    case 'scalarSubquery':
      return `(${printQuery(node.query)})`;
    case 'arraySubquery':
      return `ARRAY(${printQuery(node.query)})`;
    default:
      return assertNever(node);
  }
}

function not(node: { readonly negated: boolean }): string {
  return node.negated ? ' NOT' : '';
}

function printOperator(operator: string, schema: string | null): string {
  return schema === null ? operator : `OPERATOR(${printName(schema.split('.'))}.${operator})`;
}

/** What subscripts and fields may follow directly; the rest goes into parentheses. */
function printBase(base: Expression): string {
  const text = printExpression(base);
  if (base.kind === 'subscript') return text;
  return `(${text})`;
}

function printCast(node: Extract<Expression, { kind: 'cast' }>): string {
  const type = printType(node.type);
  if (node.form === 'cast') return `CAST(${printExpression(node.arg)} AS ${type})`;
  const arg = printExpression(node.arg);
  // A literal's prefix form says the same as the cast, and its type may have no prefix form (int[]).
  return isPostfixSafe(node.arg) ? `${arg}::${type}` : `(${arg})::${type}`;
}

/** Whether :: binds to the whole of the printed expression. */
function isPostfixSafe(node: Expression): boolean {
  switch (node.kind) {
    case 'integer':
    case 'numeric':
    case 'string':
    case 'bitString':
    case 'null':
    case 'boolean':
    case 'param':
    case 'columnRef':
    case 'scalarSubquery':
    case 'cast':
    case 'function':
    case 'operator':
    case 'array':
    case 'coalesce':
      return true;
    default:
      return false;
  }
}

// -------------------------------------------------------------------------------------------------------------- calls

function printCall(call: FunctionCall): string {
  if (call.sqlSyntax) {
    const special = printSpecialCall(call);
    if (special !== null) return special;
  }
  const args = call.args.map((arg, i) => {
    const name = call.argNames?.[i] ?? null;
    const prefix = call.variadic && i === call.args.length - 1 ? 'VARIADIC ' : '';
    return prefix + (name === null ? '' : `${quoteIdentifier(name)} => `) + printExpression(arg);
  });
  const inside = call.star ? '*' : (call.distinct ? 'DISTINCT ' : '') + args.join(', ');
  const order = call.orderBy.length === 0 ? '' : `ORDER BY ${call.orderBy.map(printOrderItem).join(', ')}`;
  const innerOrder = order === '' || call.withinGroup ? '' : ` ${order}`;
  let text = `${printFunctionName(call.name)}(${inside}${innerOrder})`;
  if (call.withinGroup) text += ` WITHIN GROUP (${order})`;
  if (call.filter !== null) text += ` FILTER (WHERE ${printExpression(call.filter)})`;
  if (call.over?.kind === 'windowName') text += ` OVER ${quoteIdentifier(call.over.name)}`;
  else if (call.over !== null) text += ` OVER ${printWindow(call.over)}`;
  return text;
}

/** A one-word function name must not read as a column name keyword with a syntax of its own. */
function printFunctionName(name: QualifiedName): string {
  if (name.length === 1 && (name[0] === 'substring' || name[0] === 'overlay' || name[0] === 'current_schema')) {
    return name[0];
  }
  return printName(name);
}

/** The calls of makeCall() in the syntax they came from; null for one that has none. */
function printSpecialCall(call: FunctionCall): string | null {
  const args = call.args.map(printExpression);
  switch (call.name[call.name.length - 1]) {
    case 'extract': {
      const field = call.args[0];
      return `EXTRACT(${field.kind === 'string' ? quoteLiteral(field.value) : args[0]} FROM ${args[1]})`;
    }
    case 'xmlexists':
      return `XMLEXISTS((${args[0]}) PASSING (${args[1]}))`;
    case 'position':
      return `POSITION((${args[1]}) IN (${args[0]}))`;
    case 'timezone':
      return `(${args[1]} AT TIME ZONE ${args[0]})`;
    case 'overlaps':
      return `((${args[0]}, ${args[1]}) OVERLAPS (${args[2]}, ${args[3]}))`;
    case 'overlay':
      return `OVERLAY(${args[0]} PLACING ${args[1]} FROM ${args[2]}${args.length > 3 ? ` FOR ${args[3]}` : ''})`;
    case 'substring':
      if (call.sqlSyntax === 'similar') return `SUBSTRING(${args[0]} SIMILAR ${args[1]} ESCAPE ${args[2]})`;
      return `SUBSTRING(${args[0]} FROM ${args[1]}${args.length > 2 ? ` FOR ${args[2]}` : ''})`;
    case 'btrim':
    case 'ltrim':
    case 'rtrim': {
      const side = { btrim: 'BOTH', ltrim: 'LEADING', rtrim: 'TRAILING' }[call.name[1] as 'btrim'];
      return args.length === 2 ? `TRIM(${side} ${args[1]} FROM ${args[0]})` : `TRIM(${side} FROM ${args.join(', ')})`;
    }
    case 'normalize': {
      const form = call.args[1]?.kind === 'cast' ? call.args[1].arg : call.args[1];
      return `NORMALIZE(${args[0]}${form?.kind === 'string' ? `, ${form.value}` : ''})`;
    }
    case 'pg_collation_for':
      return `COLLATION FOR (${args[0]})`;
    default:
      return null;
  }
}

function printOrderItem(item: OrderItem): string {
  let text = printExpression(item.expr);
  if (item.direction === 'using') {
    const using = item.using!;
    text += ` USING ${printOperator(using[using.length - 1], using.length > 1 ? using.slice(0, -1).join('.') : null)}`;
  } else if (item.direction !== null) text += ` ${item.direction.toUpperCase()}`;
  return item.nulls === null ? text : `${text} NULLS ${item.nulls.toUpperCase()}`;
}

function printWindow(spec: WindowSpec): string {
  const parts: string[] = [];
  if (spec.base !== null) parts.push(quoteIdentifier(spec.base));
  if (spec.partitionBy.length > 0) parts.push(`PARTITION BY ${list(spec.partitionBy)}`);
  if (spec.orderBy.length > 0) parts.push(`ORDER BY ${spec.orderBy.map(printOrderItem).join(', ')}`);
  if (spec.frame !== null) {
    const { mode, start, end, exclude } = spec.frame;
    const bounds = `BETWEEN ${printBound(start)} AND ${printBound(end)}`;
    parts.push(`${mode.toUpperCase()} ${bounds}${exclude === 'no others' ? '' : ` EXCLUDE ${exclude.toUpperCase()}`}`);
  }
  return `(${parts.join(' ')})`;
}

function printBound(bound: FrameBound): string {
  switch (bound.kind) {
    case 'unboundedPreceding':
      return 'UNBOUNDED PRECEDING';
    case 'unboundedFollowing':
      return 'UNBOUNDED FOLLOWING';
    case 'currentRow':
      return 'CURRENT ROW';
    case 'preceding':
      return `${printExpression(bound.offset!)} PRECEDING`;
    case 'following':
      return `${printExpression(bound.offset!)} FOLLOWING`;
    default:
      return assertNever(bound.kind);
  }
}

// ------------------------------------------------------------------------------------------------------------ queries

function printQuery(query: Query): string {
  const parts: string[] = [];
  if (query.with !== null) {
    parts.push(`WITH ${query.with.recursive ? 'RECURSIVE ' : ''}${query.with.ctes.map(printCte).join(', ')}`);
  }
  const { body } = query;
  if (body.kind === 'select') parts.push(printSelect(body));
  else if (body.kind === 'values') parts.push(`VALUES ${body.rows.map((row) => `(${list(row)})`).join(', ')}`);
  else {
    const operator = body.operator.toUpperCase() + (body.all ? ' ALL' : '');
    parts.push(`${printOperand(body.left)} ${operator} ${printOperand(body.right)}`);
  }
  if (query.orderBy.length > 0) parts.push(`ORDER BY ${query.orderBy.map(printOrderItem).join(', ')}`);
  if (query.offset !== null) parts.push(`OFFSET ${printExpression(query.offset)}`);
  if (query.limit !== null) {
    if (query.limitWithTies) parts.push(`FETCH FIRST (${printExpression(query.limit)}) ROWS WITH TIES`);
    else parts.push(`LIMIT ${query.limit.kind === 'null' ? 'ALL' : printExpression(query.limit)}`);
  }
  for (const clause of query.locking) {
    const of = clause.of.length === 0 ? '' : ` OF ${clause.of.map((relation) => printName(relation.name)).join(', ')}`;
    const wait = clause.wait === 'wait' ? '' : ` ${clause.wait.toUpperCase()}`;
    parts.push(`FOR ${clause.strength.toUpperCase()}${of}${wait}`);
  }
  return parts.join(' ');
}

function printOperand(query: Query): string {
  const isPlain =
    query.with === null &&
    query.orderBy.length === 0 &&
    query.limit === null &&
    query.offset === null &&
    query.locking.length === 0 &&
    query.body.kind !== 'setOperation';
  return isPlain ? printQuery(query) : `(${printQuery(query)})`;
}

function printCte(cte: CommonTableExpr): string {
  if (cte.query.kind !== 'query') throw new AssertionError(`cannot print ${cte.query.kind} in WITH`);
  const columns = cte.columns.length === 0 ? '' : `(${names(cte.columns)})`;
  const materialized = cte.materialized === null ? '' : cte.materialized ? 'MATERIALIZED ' : 'NOT MATERIALIZED ';
  let text = `${quoteIdentifier(cte.name)}${columns} AS ${materialized}(${printQuery(cte.query)})`;
  if (cte.search !== null) {
    const { breadthFirst, columns: by, sequenceColumn } = cte.search;
    text += ` SEARCH ${breadthFirst ? 'BREADTH' : 'DEPTH'} FIRST BY ${names(by)} SET ${quoteIdentifier(sequenceColumn)}`;
  }
  if (cte.cycle !== null) {
    const { markColumn, markValue, markDefault, pathColumn } = cte.cycle;
    text += ` CYCLE ${names(cte.cycle.columns)} SET ${quoteIdentifier(markColumn)}`;
    if (markValue !== null && markDefault !== null) {
      text += ` TO ${printExpression(markValue)} DEFAULT ${printExpression(markDefault)}`;
    }
    text += ` USING ${quoteIdentifier(pathColumn)}`;
  }
  return text;
}

function printTarget(target: SelectTarget): string {
  const text = printExpression(target.expr);
  return target.alias === null ? text : `${text} AS ${quoteIdentifier(target.alias)}`;
}

function printSelect(body: SelectBody): string {
  let text = 'SELECT';
  if (body.distinct === 'all') text += ' DISTINCT';
  else if (body.distinct !== null) text += ` DISTINCT ON (${list(body.distinct)})`;
  if (body.targets.length > 0) text += ` ${body.targets.map(printTarget).join(', ')}`;
  if (body.into !== null) {
    const persistence = body.into.persistence === 'permanent' ? '' : `${body.into.persistence.toUpperCase()} `;
    text += ` INTO ${persistence}${printName(body.into.name)}`;
  }
  if (body.from.length > 0) text += ` FROM ${body.from.map(printFromItem).join(', ')}`;
  if (body.asOf !== undefined) text += ` AS OF SYSTEM TIME ${printExpression(body.asOf)}`;
  if (body.where !== null) text += ` WHERE ${printExpression(body.where)}`;
  if (body.groupBy !== null) {
    text += ` GROUP BY ${body.groupBy.distinct ? 'DISTINCT ' : ''}${body.groupBy.items.map(printGroupBy).join(', ')}`;
  }
  if (body.having !== null) text += ` HAVING ${printExpression(body.having)}`;
  if (body.windows.length > 0) {
    const windows = body.windows.map((window) => `${quoteIdentifier(window.name)} AS ${printWindow(window.spec)}`);
    text += ` WINDOW ${windows.join(', ')}`;
  }
  return text;
}

function printGroupBy(item: GroupByItem): string {
  switch (item.kind) {
    case 'expr':
      return printExpression(item.expr);
    case 'empty':
      return '()';
    case 'rollup':
    case 'cube':
      return `${item.kind.toUpperCase()}(${list(item.args)})`;
    case 'groupingSets':
      return `GROUPING SETS (${item.sets.map(printGroupBy).join(', ')})`;
    default:
      return assertNever(item);
  }
}

function printAlias(alias: { readonly name: string; readonly columns: readonly string[] } | null): string {
  if (alias === null) return '';
  return ` AS ${quoteIdentifier(alias.name)}${alias.columns.length === 0 ? '' : `(${names(alias.columns)})`}`;
}

function printColumnDefinitions(items: readonly ColumnDefinitionItem[]): string {
  const columns = items.map((item) => {
    const collation = item.collation === null ? '' : ` COLLATE ${printName(item.collation)}`;
    return `${quoteIdentifier(item.name)} ${printType(item.type)}${collation}`;
  });
  return `(${columns.join(', ')})`;
}

function printFromItem(item: FromItem): string {
  switch (item.kind) {
    case 'table': {
      const sample = item.sample;
      let text = (item.only ? 'ONLY ' : '') + printName(item.name) + printAlias(item.alias);
      if (sample !== null) {
        text += ` TABLESAMPLE ${printName(sample.method)}(${list(sample.args)})`;
        if (sample.repeatable !== null) text += ` REPEATABLE (${printExpression(sample.repeatable)})`;
      }
      return text;
    }
    case 'subqueryRef':
      return `${item.lateral ? 'LATERAL ' : ''}(${printQuery(item.query)})${printAlias(item.alias)}`;
    case 'functionRef': {
      const calls = item.functions.map((one) => {
        let defs = one.columnDefs.length === 0 ? '' : ` AS ${printColumnDefinitions(one.columnDefs)}`;
        if (one.row !== undefined) defs = ` AS ${keptRowDefinition(one.row)}`;
        // A cast looks like a function here, or it would not be one.
        const call = one.call.kind === 'cast' ? ({ ...one.call, form: 'cast' } as const) : one.call;
        return printExpression(call) + defs;
      });
      const call = item.rowsFrom ? `ROWS FROM (${calls.join(', ')})` : calls[0];
      const ordinality = item.ordinality ? ' WITH ORDINALITY' : '';
      let alias = printAlias(item.alias);
      if (item.columnDefs.length > 0)
        alias = `${alias === '' ? ' AS ' : alias}${printColumnDefinitions(item.columnDefs)}`;
      return `${item.lateral ? 'LATERAL ' : ''}${call}${ordinality}${alias}`;
    }
    case 'xmlTable':
      return `${item.lateral ? 'LATERAL ' : ''}${printXmlTable(item, XML_PARTS)}${printAlias(item.alias)}`;
    case 'join': {
      const type = item.joinType === 'inner' ? '' : `${item.joinType.toUpperCase()} `;
      const natural = item.natural ? 'NATURAL ' : '';
      // A join on the right, or one with an alias, is in parentheses.
      const right =
        item.right.kind === 'join' && item.right.alias === null
          ? `(${printFromItem(item.right)})`
          : printFromItem(item.right);
      let text = `${printFromItem(item.left)} ${natural}${type}JOIN ${right}`;
      if (item.using !== null) {
        text += ` USING (${names(item.using)})`;
        if (item.usingAlias !== null) text += ` AS ${quoteIdentifier(item.usingAlias)}`;
      } else if (item.on !== null) text += ` ON ${printExpression(item.on)}`;
      return item.alias === null ? text : `(${text})${printAlias(item.alias)}`;
    }
    default:
      return assertNever(item);
  }
}
