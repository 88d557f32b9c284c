/** Definitions as PostgreSQL prints them: what pg_get_viewdef answers. */

import { quoteIdentifier } from '../../catalog/functions/quote.ts';
import type { Catalog, RelationEntry } from '../../catalog/index.ts';
import { relationName } from '../../catalog/pg-catalog/definitions.ts';
import type { Query } from '../../parser/ast.ts';
import { parse } from '../../parser/index.ts';
import { QueryPrinter } from './print-query.ts';
import { withUniqueNames } from './unique-names.ts';

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
