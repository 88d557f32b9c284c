/**
 * The tables and views of pg_catalog and information_schema as the planner sees them: relations of kind 'virtual'. Their
 * columns come from a text table that is looked into when a name is first asked for, so that a server starts without paying for it.
 * Their rows are made by pg-catalog/ and information-schema/ (virtualRows).
 */
import {
  BOOTSTRAP_ROLE_OID,
  type ColumnEntry,
  INFORMATION_SCHEMA_OID,
  PG_CATALOG_SCHEMA_OID,
  PLAIN_COLUMN,
  type RelationEntry,
} from './entries.ts';
import { SYSTEM_RELATIONS } from './pg-catalog/columns.ts';

/**
 * Views that PostgreSQL has in an extension (pg_buffercache), and hotrow's own. Fields as in columns.ts; oids that PostgreSQL gives to
 * nothing.
 */
const MORE_RELATIONS = `15900 pg_catalog.pg_buffercache v bufferid:23 relfilenode:26 reltablespace:26 reldatabase:26 relforknumber:21 relblocknumber:20 isdirty:16 usagecount:21 pinning_backends:23
15904 pg_catalog.pg_stat_memory v name:25 bytes_used:20 bytes_limit:20 description:25
`;
const RELATIONS = `${SYSTEM_RELATIONS}${MORE_RELATIONS}`;

/** Offsets of lines in RELATIONS by `<schema>.<name>`, and those names by oid. */
let offsets: Map<string, number> | null = null;
let namesByOid: Map<number, string> | null = null;
const entries = new Map<string, RelationEntry>();
/** Names of relations by the oids of their row types, and of arrays of these; made when the first is asked for. */
let namesByTypeOid: Map<number, string> | null = null;
/** pg_class.relkind of each: PostgreSQL's own tables are r, its views v. */
const views = new Set<number>();

function index(): Map<string, number> {
  if (offsets !== null) return offsets;
  offsets = new Map();
  namesByOid = new Map();
  for (let start = 1; start < RELATIONS.length; start = RELATIONS.indexOf('\n', start) + 1) {
    const oidEnd = RELATIONS.indexOf(' ', start);
    const nameEnd = RELATIONS.indexOf(' ', oidEnd + 1);
    const name = RELATIONS.slice(oidEnd + 1, nameEnd);
    const oid = Number(RELATIONS.slice(start, oidEnd));
    offsets.set(name, start);
    namesByOid.set(oid, name);
    if (RELATIONS[nameEnd + 1] === 'v') views.add(oid);
  }
  return offsets;
}

function parseColumn(text: string, number: number): ColumnEntry {
  const [, name, type, modifier, notNull] = /^([^:]+):(\d+)(?:\((\d+)\))?(!?)$/.exec(text)!;
  return {
    ...PLAIN_COLUMN,
    number,
    name,
    typeOid: Number(type),
    typeModifier: modifier === undefined ? -1 : Number(modifier),
    notNull: notNull === '!',
  };
}

/** From the relation's oid and its kind, as it stands in the table. */
function rowTypeOids(oid: number, kind: string): { rowTypeOid: number; rowArrayTypeOid: number } {
  const [, row, array] = kind.split(':');
  return {
    rowTypeOid: row === undefined ? oid + 2 : Number(row),
    rowArrayTypeOid: row === undefined ? oid + 1 : Number(array),
  };
}

function parse(qualifiedName: string, offset: number): RelationEntry {
  const line = RELATIONS.slice(offset, RELATIONS.indexOf('\n', offset));
  const [oid, , kind, ...columns] = line.split(' ');
  const dot = qualifiedName.indexOf('.');
  return {
    class: 'relation',
    oid: Number(oid),
    kind: 'virtual',
    schemaOid: qualifiedName.startsWith('pg_catalog.') ? PG_CATALOG_SCHEMA_OID : INFORMATION_SCHEMA_OID,
    name: qualifiedName.slice(dot + 1),
    owner: BOOTSTRAP_ROLE_OID,
    persistence: 'permanent',
    relId: 0,
    overflowRelId: 0,
    columns: columns.map((column, i) => parseColumn(column, i + 1)),
    layout: 0,
    queryText: null,
    options: [],
    dependsOn: [],
    ...rowTypeOids(Number(oid), kind),
  };
}

function find(qualifiedName: string): RelationEntry | undefined {
  const known = entries.get(qualifiedName);
  if (known !== undefined) return known;
  const offset = index().get(qualifiedName);
  if (offset === undefined) return undefined;
  const entry = parse(qualifiedName, offset);
  entries.set(qualifiedName, entry);
  return entry;
}

export function systemRelationByName(schemaOid: number, name: string): RelationEntry | undefined {
  return find(`${schemaOid === PG_CATALOG_SCHEMA_OID ? 'pg_catalog' : 'information_schema'}.${name}`);
}

export function systemRelationByOid(oid: number): RelationEntry | undefined {
  if (oid >= 16384) return undefined;
  index();
  const name = namesByOid?.get(oid);
  return name === undefined ? undefined : find(name);
}

/** The one that has this type for its rows, or arrays of them. */
export function systemRelationByType(typeOid: number): RelationEntry | undefined {
  if (typeOid >= 16384) return undefined;
  if (namesByTypeOid === null) {
    namesByTypeOid = new Map();
    for (const [name, start] of index()) {
      const [oid, , kind] = RELATIONS.slice(start, RELATIONS.indexOf(' ', start + name.length + 8)).split(' ');
      const { rowTypeOid, rowArrayTypeOid } = rowTypeOids(Number(oid), kind);
      namesByTypeOid.set(rowTypeOid, name).set(rowArrayTypeOid, name);
    }
  }
  const name = namesByTypeOid.get(typeOid);
  return name === undefined ? undefined : find(name);
}

/** All of them; makes every entry. */
export function systemRelations(): RelationEntry[] {
  return [...index().keys()].map((name) => find(name) as RelationEntry);
}

/** Is it a view in PostgreSQL (and a table otherwise)? */
export function isSystemView(oid: number): boolean {
  index();
  return views.has(oid);
}
