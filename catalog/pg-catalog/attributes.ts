/** pg_attribute: the columns of tables and views, of indexes, sequences and composite types. */
import { OID, type SqlType, typeByOid } from '../../types/index.ts';
import { type ColumnEntry, type IndexEntry, PLAIN_COLUMN, type TypeEntry } from '../entries.ts';
import { attributeNumber } from '../kept-fields.ts';
import { collationOf, collationOfKey } from './definitions.ts';
import { classesOf } from './relations.ts';
import { indexedTypeOf } from './static-tables.ts';
import { type Row, type RowMaker, rowsOf, type ViewContext } from './view-context.ts';

const STORAGE = { plain: 'p', external: 'e', extended: 'x', main: 'm' } as const;

interface Attribute {
  readonly context: ViewContext;
  readonly relationOid: number;
  readonly column: ColumnEntry;
  readonly type: SqlType | undefined;
}

/** Of an expression of which only the text is kept. */
const UNKNOWN_RESULT = { name: 'expr', typeOid: OID.TEXT, typeModifier: -1 };

/** There are thousands of them: a column of a row is computed when it is asked for. */
const rowOf = rowsOf<Attribute>({
  attrelid: ({ relationOid }) => relationOid,
  attname: ({ column }) => column.name,
  atttypid: ({ column }) => (column.dropped ? 0 : column.typeOid),
  attstattarget: ({ column }) => (column.dropped ? 0 : (column.statisticsTarget ?? -1)),
  attlen: ({ type }) => type?.length ?? -1,
  attnum: ({ column }) => column.number,
  attndims: ({ type }) => (type?.category === 'A' ? 1 : 0),
  attcacheoff: () => -1,
  atttypmod: ({ column }) => column.typeModifier,
  attbyval: ({ type }) => type?.byValue ?? false,
  attalign: ({ type }) => type?.align ?? 'i',
  attstorage: ({ column, type }) =>
    type !== undefined && type.storage !== 'p' && column.storage !== undefined
      ? STORAGE[column.storage]
      : (type?.storage ?? 'p'),
  attcompression: ({ column }) => (column.compression === undefined ? '' : column.compression[0]),
  attnotnull: ({ column }) => column.notNull,
  atthasdef: ({ column }) => column.defaultText !== null,
  atthasmissing: ({ column }) => column.missingText !== null,
  attidentity: ({ column }) => (column.identity === null ? '' : column.identity === 'always' ? 'a' : 'd'),
  attgenerated: ({ column }) => (column.generated ? 's' : ''),
  attisdropped: ({ column }) => column.dropped,
  attacl: ({ context, relationOid, column }) =>
    context.aclArray(column.acl ?? context.catalog.systemRights(relationOid)?.columns?.[column.name]),
  attislocal: () => true,
  attinhcount: () => 0,
  attcollation: ({ context, column }) =>
    column.dropped ? 0 : (column.collationOid ?? collationOf(column.typeOid, context.catalog)),
});

function attribute(context: ViewContext, relationOid: number, column: ColumnEntry): Row {
  return rowOf({ context, relationOid, column, type: typeByOid(column.typeOid) });
}

function plainColumn(number: number, name: string, typeOid: number, typeModifier = -1): ColumnEntry {
  return { ...PLAIN_COLUMN, number, name, typeOid, typeModifier };
}

function notNullColumn(number: number, name: string, typeOid: number): ColumnEntry {
  return { ...plainColumn(number, name, typeOid), notNull: true };
}

/** ctid and its like: what tables and sequences have, and views have not. */
const SYSTEM_COLUMNS: readonly ColumnEntry[] = [
  notNullColumn(-1, 'ctid', OID.TID),
  notNullColumn(-2, 'xmin', OID.XID),
  notNullColumn(-3, 'cmin', OID.CID),
  notNullColumn(-4, 'xmax', OID.XID),
  notNullColumn(-5, 'cmax', OID.CID),
  notNullColumn(-6, 'tableoid', OID.OID),
];

const SEQUENCE_COLUMNS: readonly ColumnEntry[] = [
  notNullColumn(1, 'last_value', OID.INT8),
  notNullColumn(2, 'log_cnt', OID.INT8),
  notNullColumn(3, 'is_called', OID.BOOL),
];

/** An index's columns have names of their own: its table's, or those of its expressions. Their collation is that of what is indexed, whatever is kept of it. */
function* indexColumns(context: ViewContext, index: IndexEntry): Iterable<ColumnEntry> {
  const table = context.catalog.relation(index.tableOid);
  const names = new Set<string>();
  const nameOf = (name: string): string => {
    let free = name;
    for (let i = 1; names.has(free); i++) free = `${name}${i}`;
    names.add(free);
    return free;
  };
  for (const key of index.columns) {
    const { name, typeOid, typeModifier } = table?.columns[key.columnNumber - 1] ?? key.result ?? UNKNOWN_RESULT;
    const keptOid = indexedTypeOf(typeOid, index.method, key.operatorClass);
    const kept = plainColumn(names.size + 1, nameOf(name), keptOid, keptOid === typeOid ? typeModifier : -1);
    const { statisticsTarget } = key;
    const target = statisticsTarget === undefined ? {} : { statisticsTarget };
    yield { ...kept, ...target, collationOid: collationOfKey(context.catalog, table, key) };
  }
  for (const included of index.includedColumns) {
    const column = table?.columns[included - 1];
    if (column === undefined) continue;
    const kept = plainColumn(names.size + 1, nameOf(column.name), column.typeOid, column.typeModifier);
    yield { ...kept, collationOid: 0 };
  }
}

function* compositeColumns(type: TypeEntry): Iterable<ColumnEntry> {
  for (const [i, { name, typeOid, typeModifier, collationOid }] of (type.attributes ?? []).entries()) {
    const column = plainColumn(attributeNumber(type, i), name, typeOid, typeModifier);
    yield collationOid === undefined ? column : { ...column, collationOid };
  }
}

function* pgAttribute(context: ViewContext): Iterable<Row> {
  const { relations, indexes, sequences, composites } = classesOf(context, context.wantedOid('attrelid'));
  for (const entry of relations) {
    for (const column of entry.columns) yield attribute(context, entry.oid, column);
    if (entry.kind === 'view') continue;
    for (const column of SYSTEM_COLUMNS) yield attribute(context, entry.oid, column);
  }
  for (const index of indexes) {
    for (const column of indexColumns(context, index)) yield attribute(context, index.oid, column);
  }
  for (const { oid } of sequences) {
    for (const column of [...SEQUENCE_COLUMNS, ...SYSTEM_COLUMNS]) yield attribute(context, oid, column);
  }
  for (const entry of composites) {
    for (const column of compositeColumns(entry)) yield attribute(context, entry.oid, column);
  }
}

export const attributeMakers: Readonly<Record<string, RowMaker>> = { pg_attribute: pgAttribute };
