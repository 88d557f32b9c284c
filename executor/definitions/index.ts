/** Definitions as PostgreSQL prints them: what pg_get_viewdef answers. */

import type { PolicyEntry } from '../../catalog/entries.ts';
import { quoteIdentifier } from '../../catalog/functions/quote.ts';
import type { Catalog, RelationEntry } from '../../catalog/index.ts';
import { keptTypeOid } from '../../catalog/kept-types.ts';
import { relationName } from '../../catalog/pg-catalog/definitions.ts';
import type { CreateFunctionStatement, Expression, Query } from '../../parser/ast.ts';
import { parse } from '../../parser/index.ts';
import { typeByOid } from '../../types/index.ts';
import { Output, type PrintOptions } from './output.ts';
import { ExpressionPrinter } from './print-expression.ts';
import { QueryPrinter } from './print-query.ts';
import { withUniqueNames } from './unique-names.ts';

/** An understood expression over one table's columns, or none, in the plain form. */
export function printExpression(node: Expression): string {
  const out = new Output();
  const options = {
    isPretty: false,
    wrapColumn: 0,
    relationName: () => '',
    relationColumns: () => null,
    attributeCount: () => 0,
  };
  new ExpressionPrinter(out, options, () => {
    throw new Error('no queries here');
  }).print(node);
  return out.text;
}

export function printViewQuery(
  catalog: Catalog,
  view: RelationEntry,
  searchPath: readonly string[],
  isPretty: boolean,
  wrapColumn: number,
): string {
  const query = parse(view.viewText ?? view.queryText ?? '')[0].node as Query;
  const printer = new QueryPrinter(printOptions(catalog, searchPath, isPretty, wrapColumn));
  const columns = view.columns.filter((column) => !column.dropped).map((column) => column.name);
  return printer.view(withUniqueNames(query), columns);
}

/** USING or WITH CHECK: the columns of the policy's own table need no name before them, but in subqueries. */
export function printPolicyCondition(
  catalog: Catalog,
  { viewText, tableOid }: PolicyEntry,
  part: 'using' | 'check',
  searchPath: readonly string[],
): string {
  const { body } = withUniqueNames(parse(viewText)[0].node as Query);
  if (body.kind !== 'select') throw new Error('a policy is kept as a SELECT');
  const { expr } = body.targets[part === 'using' ? 0 : 1];
  const printer = new QueryPrinter(printOptions(catalog, searchPath, false, 0));
  return printer.condition(bareColumns(expr, catalog.relation(tableOid)?.name ?? ''));
}

function bareColumns<T>(node: T, table: string): T {
  if (Array.isArray(node)) return node.map((item) => bareColumns(item, table)) as T;
  if (typeof node !== 'object' || node === null) return node;
  const record = node as Record<string, unknown>;
  // Within a query of its own.
  if ('body' in record) return node;
  if (record['kind'] !== 'columnRef') {
    return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, bareColumns(value, table)])) as T;
  }
  const name = record['name'] as readonly string[];
  return (name.length > 1 && name.at(-2) === table ? { ...record, name: name.slice(-1) } : node) as T;
}

/** RETURN or BEGIN ATOMIC of a function, of its understood text; modifications stand as they were written. */
export function printRoutineBody(catalog: Catalog, text: string, searchPath: readonly string[]): string {
  const prefix = 'CREATE FUNCTION f() ';
  const body = (parse(prefix + text)[0].node as CreateFunctionStatement).sqlBody!;
  const options = printOptions(catalog, searchPath, false, 0);
  if (body.kind === 'return') return new QueryPrinter(options, true).returned(body.expr);
  const lines = body.statements.map((part, i) => {
    if (part.kind === 'return') return `${new QueryPrinter(options).returned(part.expr)};`;
    if (part.kind === 'query') return `${new QueryPrinter(options).bodyQuery(withUniqueNames(part))};`;
    const { start, end } = body.spans[i];
    return ` ${(prefix + text).slice(start, end)};`;
  });
  return ['BEGIN ATOMIC', ...lines, 'END'].join('\n');
}

function printOptions(
  catalog: Catalog,
  searchPath: readonly string[],
  isPretty: boolean,
  wrapColumn: number,
): PrintOptions {
  const found = (name: readonly string[]) => (name.length > 1 ? catalog.resolveRelation(name, searchPath) : undefined);
  return {
    isPretty,
    wrapColumn,
    relationName(name) {
      const entry = found(name);
      return entry === undefined ? name.map(quoteIdentifier).join('.') : relationName(catalog, entry.oid, searchPath);
    },
    relationColumns(name) {
      const entry = found(name);
      const relation = entry === undefined ? undefined : catalog.relation(entry.oid);
      return relation?.columns.filter((column) => !column.dropped).map((column) => column.name) ?? null;
    },
    attributeCount({ name, arrayDimensions }) {
      const oid = arrayDimensions.length > 0 ? 0 : keptTypeOid(name[name.length - 1]);
      return typeByOid(oid)?.attributes?.length ?? 0;
    },
  };
}
