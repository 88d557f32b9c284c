/**
 * How an expression is kept: as it was understood (understood-expression.ts), printed as PostgreSQL prints it, with the casts that
 * were implied ('a'::text) and types, functions and collations by oid (kept-types.ts). The text is bound again to be sure of it; when
 * something cannot be printed so, the AST's own text is kept, which means the same.
 */
import type { RelationEntry } from '../../catalog/index.ts';
import type { Expression, Query } from '../../parser/ast.ts';
import type { Expr } from '../../planner/index.ts';
import { baseTypeOid, OID, SqlError } from '../../types/index.ts';
import { printExpression } from '../definitions/index.ts';
import type { DdlContext, ExpressionUse } from './context.ts';
import { withKeptTypes } from './kept-types.ts';
import { UnderstoodExpressions } from './understood-expression.ts';
import { isUnknownLiteral, mentionsColumns } from './understood-literal.ts';
import { Recorded } from './understood-query.ts';

type Target = Parameters<DdlContext['bind']>[3];

/** The AST's own text, where a field of EXTRACT is a bare word. */
function plainText(x: DdlContext, node: Expression | Query): string {
  return x.deparse(withKeptTypes(x, node)).replace(/EXTRACT\('([a-z]+)' FROM /g, 'EXTRACT($1 FROM ');
}

function refuseQuery(): never {
  throw new Error('queries are not kept in expressions');
}

/** The expression with what binding has put in; `target`: what a literal by itself becomes. */
function understood(
  x: DdlContext,
  expression: Expression,
  table: RelationEntry | null,
  use: ExpressionUse,
  target: Target,
): Expression {
  const recorded = new Recorded();
  const bound = x.bind(expression, table, use, target, recorded);
  const expressions = new UnderstoodExpressions(x, recorded, {
    query: refuseQuery,
    order: (items) => (items.length > 0 ? refuseQuery() : items),
    window: refuseQuery,
    isLocal: mentionsColumns,
    parameter: (node) => node,
  });
  return isUnknownLiteral(expression) ? expressions.literal(expression, bound) : expressions.node(expression);
}

/** Columns of the one table there is, by their names alone. */
function bareColumns<T>(node: T, table: RelationEntry | null): T {
  if (Array.isArray(node)) return node.map((item) => bareColumns(item, table)) as T;
  if (typeof node !== 'object' || node === null || Object.getPrototypeOf(node) !== Object.prototype) return node;
  const record = node as Record<string, unknown>;
  if (record['kind'] !== 'columnRef') {
    return Object.fromEntries(Object.entries(record).map(([key, part]) => [key, bareColumns(part, table)])) as T;
  }
  const name = record['name'] as readonly string[];
  const column = name.at(-1);
  const isColumn = name.length > 1 && name.at(-2) === table?.name && record['star'] !== true;
  return (isColumn && table?.columns.some((each) => each.name === column) ? { ...record, name: [column] } : node) as T;
}

/** The text under which a bound expression is kept. */
export function storedText(
  x: DdlContext,
  expression: Expression,
  bound: Expr,
  table: RelationEntry | null,
  use: ExpressionUse,
  target?: Target,
): string {
  const kept = bareColumns(withKeptTypes(x, expression), table);
  try {
    const text = printExpression(understood(x, kept, table, use, target));
    const again = x.bind(x.parseExpression(text), table, use, target);
    return again.typeOid === bound.typeOid || target !== undefined ? text : plainText(x, expression);
  } catch (error) {
    if (error instanceof SqlError || (error instanceof Error && !(error instanceof RangeError)))
      return plainText(x, expression);
    throw error;
  }
}

/** A kept text that was read, and changed: it is understood already. */
export function changedText(x: DdlContext, expression: Expression): string {
  try {
    return printExpression(expression);
  } catch (error) {
    // A text that was kept as it was written.
    if (error instanceof RangeError) throw error;
    return plainText(x, expression);
  }
}

/** A default, without the cast to its column's type that assignment adds at the top: DEFAULT 0 stays 0 for a bigint. */
export function defaultStoredText(x: DdlContext, expression: Expression, target: NonNullable<Target>): string {
  if (isUnknownLiteral(expression)) {
    // The type without its length and its domain: these are applied when the value is assigned.
    const whole = { ...target, typeOid: baseTypeOid(target.typeOid), typeModifier: -1 };
    return storedText(x, expression, x.bind(expression, null, 'default', whole), null, 'default', whole);
  }
  let own: Expr;
  try {
    own = x.bind(expression, null, 'default');
  } catch {
    return plainText(x, expression);
  }
  return storedText(x, expression, own, null, 'default', own.typeOid === OID.UNKNOWN ? target : undefined);
}
