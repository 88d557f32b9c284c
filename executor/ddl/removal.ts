/** Objects that go: their entries, what is kept beside them, and what still names them. */
import type { ColumnEntry, EntryClass, RelationEntry, TypeEntry } from '../../catalog/index.ts';
import { attributeNumber, attributeNumbers } from '../../catalog/kept-fields.ts';
import { tableDependencies } from './columns.ts';
import type { DdlContext } from './context.ts';
import { domainCheck, type ObjectReference } from './describe.ts';
import { linkOthers } from './operators.ts';
import { checkNotInUse } from './resolve.ts';
import { withoutExpiry } from './row-expiry.ts';
import { dropStatisticsOfColumn } from './statistics.ts';
import { changedViews, putViews } from './views.ts';

/** Takes the object out of the catalog; `isGone` tells of relations that have gone as a whole. */
export function remove(x: DdlContext, object: ObjectReference, isGone: (oid: number) => boolean): void {
  switch (object.class) {
    case 'relation': {
      const relation = x.catalog.relation(object.oid);
      if (relation === undefined) return;
      if (relation.relId !== 0) checkNotInUse(x, relation, 'DROP TABLE');
      removeComments(x, 'relation', relation.oid);
      x.removeEntry(relation);
      if (relation.relId !== 0) {
        x.dropHeap(relation.relId);
        if (relation.overflowRelId !== 0) x.dropHeap(relation.overflowRelId);
        x.forgetStatistics(relation.oid);
      }
      return;
    }
    case 'index':
    case 'constraint':
    case 'schema':
    case 'statistics':
    case 'policy':
    case 'collation':
    case 'routine':
    case 'extension':
    case 'operator':
    case 'cast':
    case 'searchConfiguration':
    case 'searchDictionary':
    case 'searchParser':
    case 'searchTemplate':
    case 'type': {
      const entry = x.catalog.entry(object.class, object.oid);
      if (entry === undefined) {
        if (object.class === 'constraint') removeDomainCheck(x, object.oid);
        return;
      }
      removeComments(x, object.class, object.oid);
      if (entry.class === 'operator') linkOthers(x, entry, true);
      for (const rights of [...x.catalog.defaultRights()]) {
        if (entry.class === 'schema' && rights.schemaOid === entry.oid) x.removeEntry(rights);
      }
      x.removeEntry(entry);
      return;
    }
    case 'sequence': {
      const sequence = x.catalog.sequence(object.oid);
      if (sequence === undefined) return;
      removeComments(x, 'sequence', object.oid);
      x.removeEntry(sequence);
      x.dropSequence(sequence.oid);
      return;
    }
    case 'default':
      if (!isGone(object.oid)) changeColumn(x, object.oid, object.columnNumber, withoutDefault);
      return;
    case 'expiry':
      if (!isGone(object.oid)) x.putEntry(withoutExpiry(x.catalog.relation(object.oid) as RelationEntry));
      return;
    case 'column':
      if (isGone(object.oid)) return;
      removeColumn(x, object);
      return;
  }
}

function removeColumn(x: DdlContext, { oid, columnNumber }: ObjectReference): void {
  const views = changedViews(x, { kind: 'dropped', relationOid: oid, columnNumber });
  if (x.catalog.relation(oid) === undefined) removeAttribute(x, oid, columnNumber);
  else {
    removeComments(x, 'relation', oid, columnNumber);
    dropStatisticsOfColumn(x, oid, columnNumber);
    changeColumn(x, oid, columnNumber, (column) => ({
      ...withoutDefault(column),
      name: `........pg.dropped.${column.number}........`,
      notNull: false,
      identity: null,
      dropped: true,
    }));
  }
  putViews(x, views);
}

/** Those that stay keep their numbers. */
function removeAttribute(x: DdlContext, typeOid: number, number: number): void {
  const type = x.catalog.type(typeOid) as TypeEntry;
  removeComments(x, 'relation', typeOid, number);
  const numbered = (type.attributes ?? []).map((attribute, i) => ({ ...attribute, number: attributeNumber(type, i) }));
  x.putEntry({
    ...type,
    attributes: numbered.filter((attribute) => attribute.number !== number),
    attributeNumbers: attributeNumbers(type),
  });
}

function withoutDefault(column: ColumnEntry): ColumnEntry {
  const { defaultDependsOn: _, ...rest } = column;
  return {
    ...rest,
    defaultText: null,
    generated: false,
    sequenceOid: column.identity === null ? 0 : column.sequenceOid,
  };
}

function removeDomainCheck(x: DdlContext, oid: number): void {
  const domain = domainCheck(x, oid)?.domain;
  if (domain === undefined) return;
  removeComments(x, 'constraint', oid);
  x.putEntry({ ...domain, checks: domain.checks?.filter((check) => check.oid !== oid) });
}

/** Puts the table with one column changed; what it depends on follows. */
export function changeColumn(
  x: DdlContext,
  tableOid: number,
  columnNumber: number,
  change: (column: ColumnEntry) => ColumnEntry,
): void {
  const table = x.catalog.relation(tableOid) as RelationEntry;
  const columns = table.columns.map((column) => (column.number === columnNumber ? change(column) : column));
  x.putEntry({
    ...table,
    columns,
    dependsOn: table.kind === 'table' ? tableDependencies(x, columns) : table.dependsOn,
  });
}

/** Comments on an object (with its columns or attributes, when none is named) go. */
export function removeComments(x: DdlContext, objectClass: EntryClass, oid: number, columnNumber?: number): void {
  const type = objectClass === 'type' ? x.catalog.type(oid) : undefined;
  for (let i = 0; i < (type?.attributes?.length ?? 0); i++) {
    removeComments(x, 'relation', oid, attributeNumber(type as TypeEntry, i));
  }
  const last = columnNumber ?? (objectClass === 'relation' ? (x.catalog.relation(oid)?.columns.length ?? 0) : 0);
  for (let number = columnNumber ?? 0; number <= last; number++) {
    const comment = x.catalog.comment(objectClass, oid, number);
    if (comment !== undefined) x.removeEntry(comment);
  }
}
