/** Definitions as PostgreSQL prints them: what pg_get_viewdef answers. */

import { quoteIdentifier } from '../../catalog/functions/quote.ts';
import type { Catalog, RelationEntry } from '../../catalog/index.ts';
import { relationName } from '../../catalog/pg-catalog/definitions.ts';
import type { Expression, Query } from '../../parser/ast.ts';
import { parse } from '../../parser/index.ts';
import { Output } from './output.ts';
import { ExpressionPrinter } from './print-expression.ts';
import { QueryPrinter } from './print-query.ts';
import { withUniqueNames } from './unique-names.ts';

/** An understood expression over one table's columns, or none, in the plain form. */
export function printExpression(node: Expression): string {
  const out = new Output();
  const options = { isPretty: false, wrapColumn: 0, relationName: () => '', relationColumns: () => null };
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
  const found = (name: readonly string[]) => (name.length > 1 ? catalog.resolveRelation(name, searchPath) : undefined);
  const printer = new QueryPrinter({
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
  });
  const columns = view.columns.filter((column) => !column.dropped).map((column) => column.name);
  return printer.view(withUniqueNames(query), columns);
}
