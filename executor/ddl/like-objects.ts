/** CREATE TABLE (LIKE t INCLUDING ...): statistics objects and comments. After: PostgreSQL, parse_utilcmd.c. */
import type { EntryClass, RelationEntry } from '../../catalog/index.ts';
import type { DdlContext } from './context.ts';
import { makeObjectName } from './names.ts';

export function copyComment(x: DdlContext, objectClass: EntryClass, from: number, to: number): void {
  const comment = x.catalog.comment(objectClass, from);
  if (comment !== undefined) x.putEntry({ ...comment, oid: x.allocateOid(), objectOid: to });
}

/** Of columns, and of checks if these are copied too: they keep their names. */
export function copyColumnComments(
  x: DdlContext,
  source: RelationEntry,
  table: RelationEntry,
  withChecks: boolean,
): void {
  for (const column of source.columns) {
    const comment = x.catalog.comment('relation', source.oid, column.number);
    const own = table.columns.find((candidate) => candidate.name === column.name);
    if (comment === undefined || own === undefined) continue;
    x.putEntry({ ...comment, oid: x.allocateOid(), objectOid: table.oid, columnNumber: own.number });
  }
  if (!withChecks) return;
  const checks = x.catalog.constraintsOf(table.oid).filter(({ type }) => type === 'check');
  for (const constraint of x.catalog.constraintsOf(source.oid)) {
    const own = constraint.type === 'check' ? checks.find(({ name }) => name === constraint.name) : undefined;
    if (own !== undefined) copyComment(x, 'constraint', constraint.oid, own.oid);
  }
}

export function copyStatistics(
  x: DdlContext,
  source: RelationEntry,
  table: RelationEntry,
  withComments: boolean,
): void {
  for (const entry of x.catalog.statisticsOf(source.oid)) {
    const numberOf = (old: number): number =>
      table.columns.find(({ name }) => name === source.columns[old - 1].name)?.number ?? 0;
    const names = [
      ...entry.columns.map((number) => source.columns[number - 1].name),
      ...(entry.expressions ?? []).map(() => 'expr'),
    ];
    const oid = x.allocateOid();
    x.putEntry({
      ...entry,
      oid,
      name: freeName(x, table, names.join('_')),
      schemaOid: table.schemaOid,
      owner: table.owner,
      tableOid: table.oid,
      columns: entry.columns.map(numberOf),
    });
    if (withComments) copyComment(x, 'statistics', entry.oid, oid);
  }
}

/** ChooseExtendedStatisticName(): table_a_b_stat, table_a_b_stat1, ... */
function freeName(x: DdlContext, table: RelationEntry, columns: string): string {
  const taken = new Set<string>();
  for (const { schemaOid, name } of x.catalog.statisticsObjects()) if (schemaOid === table.schemaOid) taken.add(name);
  for (let pass = 0; ; pass++) {
    const name = makeObjectName(table.name, columns, pass === 0 ? 'stat' : `stat${pass}`);
    if (!taken.has(name)) return name;
  }
}
