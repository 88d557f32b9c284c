/**
 * pg_class and what hangs on it (but attributes and dependencies): defaults, indexes, constraints, sequences, rules.
 * Long, as it is a list of views and their rows.
 */
import { OID, SqlArray } from '../../types/index.ts';
import { schemaAcl } from '../acl.ts';
import { compositeClass, compositeClasses } from '../composite-classes.ts';
import {
  BOOTSTRAP_ROLE_OID,
  type ColumnEntry,
  type ConstraintEntry,
  GIST_OID,
  type IndexColumn,
  type IndexEntry,
  METHOD_OIDS,
  PUBLIC_SCHEMA_OID,
  type RelationEntry,
  type SequenceEntry,
  type TypeEntry,
} from '../entries.ts';
import { attributeNumbers } from '../kept-fields.ts';
import { INITIAL_SCHEMAS, keptRelationAcl } from '../rights.ts';
import { isSystemView, systemRelations } from '../system-tables.ts';
import { CLASS_OIDS } from './class-oids.ts';
import { collationOfKey } from './definitions.ts';
import { ownComments } from './own-comments.ts';
import { operatorClassOf } from './static-tables.ts';
import {
  ACTION_LETTERS,
  CONSTRAINT_LETTERS,
  FIRST_MULTIXACT,
  PERSISTENCE_LETTERS,
  type Row,
  type RowMaker,
  relationKind,
  ruleOid,
  sorted,
  type ViewContext,
} from './view-context.ts';

const PAGE_SIZE = 8192;
const NAMESPACE_CLASS = 2615;

function numbers(elementOid: number, values: readonly number[]): SqlArray {
  return new SqlArray(elementOid, values);
}

/** int2vector and oidvector count from 0. */
function vector(elementOid: number, values: readonly number[]): SqlArray {
  return new SqlArray(elementOid, values, [values.length], [0]);
}

function texts(values: readonly string[] | undefined): SqlArray | null {
  return values === undefined || values.length === 0 ? null : new SqlArray(OID.TEXT, [...values]);
}

/** All tables and views: PostgreSQL's own, then the database's. */
export function allRelations(context: ViewContext): RelationEntry[] {
  const made = sorted(context.catalog.relations());
  // Tables of large objects are the system's until there are some.
  const system = systemRelations().filter(({ oid }) => context.catalog.relation(oid)?.kind === 'virtual');
  return [...system, ...made];
}

/** What has a row in pg_class. */
interface Classes {
  readonly relations: readonly RelationEntry[];
  readonly indexes: readonly IndexEntry[];
  readonly sequences: readonly SequenceEntry[];
  readonly composites: readonly TypeEntry[];
}

function only<T>(entry: T | undefined): readonly T[] {
  return entry === undefined ? [] : [entry];
}

/** All of them, or the one of this oid. */
export function classesOf(context: ViewContext, oid: number | undefined): Classes {
  const { catalog } = context;
  if (oid === undefined) {
    return {
      relations: allRelations(context),
      indexes: sorted(catalog.indexes()),
      sequences: sorted(catalog.sequences()),
      composites: sorted(compositeClasses(catalog)),
    };
  }
  return {
    relations: only(catalog.relation(oid)),
    indexes: only(catalog.index(oid)),
    sequences: only(catalog.sequence(oid)),
    composites: only(compositeClass(catalog, oid)),
  };
}

/** Inherited by the rows: copying all of it into each takes ten times as long as the rest of making them. */
const CLASS_DEFAULTS = {
  reltype: 0,
  reloftype: 0,
  reltablespace: 0,
  relallvisible: 0,
  reltoastrelid: 0,
  relisshared: false,
  relchecks: 0,
  relhasindex: false,
  relhasrules: false,
  relhastriggers: false,
  relhassubclass: false,
  relrowsecurity: false,
  relforcerowsecurity: false,
  relispopulated: true,
  relreplident: 'n',
  relispartition: false,
  relrewrite: 0,
  relfrozenxid: 0,
  relminmxid: 0,
  relpages: 0,
  reltuples: 0,
};

function tableClass(context: ViewContext, entry: RelationEntry): Row {
  const { catalog } = context;
  const isStored = entry.relId !== 0;
  const constraints = catalog.constraintsOf(entry.oid);
  const hasRows = isStored || (entry.kind === 'virtual' && !isSystemView(entry.oid));
  const statistics = context.system?.statistics;
  const pages = isStored ? (context.functions.relationSize(entry.oid) ?? 0) / PAGE_SIZE : 0;
  return {
    __proto__: CLASS_DEFAULTS,
    oid: entry.oid,
    relname: entry.name,
    relnamespace: entry.schemaOid,
    reltype: entry.rowTypeOid ?? 0,
    relowner: entry.owner,
    relam: hasRows ? 2 : 0,
    relfilenode: entry.relId,
    relpages: Math.ceil(pages),
    relallvisible: isStored ? Math.max(0, statistics?.visiblePages(entry.oid) ?? 0) : 0,
    reltuples: isStored ? (statistics?.rowCount(entry.oid) ?? -1) : entry.kind === 'virtual' ? 0 : 0,
    relhasindex: catalog.indexesOf(entry.oid).length > 0,
    relpersistence: PERSISTENCE_LETTERS[entry.persistence],
    relkind: relationKind(entry, isSystemView),
    relfrozenxid: hasRows ? context.frozenXid : 0,
    relminmxid: hasRows ? FIRST_MULTIXACT : 0,
    relnatts: entry.columns.length,
    relchecks: constraints.filter((constraint) => constraint.type === 'check').length,
    relhasrules: entry.kind === 'view' || entry.kind === 'materializedView',
    relhastriggers:
      constraints.some((constraint) => constraint.type === 'foreign key') ||
      catalog.constraintsReferencing(entry.oid).length > 0,
    relrowsecurity: entry.rowSecurity === true,
    relforcerowsecurity: entry.forcesRowSecurity === true,
    relispopulated: entry.populated !== false,
    reloftype: entry.ofTypeOid ?? 0,
    relreplident:
      entry.kind === 'table' || entry.kind === 'materializedView' ? (entry.replicaIdentity ?? 'default')[0] : 'n',
    reloptions: texts(entry.options),
    relacl: context.aclArray(keptRelationAcl(catalog, entry)),
  };
}

function indexClass(context: ViewContext, entry: IndexEntry): Row {
  const table = context.catalog.relation(entry.tableOid);
  return {
    __proto__: CLASS_DEFAULTS,
    oid: entry.oid,
    relname: entry.name,
    relnamespace: entry.schemaOid,
    relowner: table?.owner ?? BOOTSTRAP_ROLE_OID,
    relam:
      entry.exclusion?.method === 'gist'
        ? GIST_OID
        : METHOD_OIDS[entry.exclusion?.method === 'hash' ? 'hash' : entry.method],
    relfilenode: entry.oid,
    relpages: Math.ceil((context.functions.relationSize(entry.oid) ?? 0) / PAGE_SIZE),
    reltuples: context.system?.statistics.rowCount(entry.tableOid) ?? 0,
    relpersistence: PERSISTENCE_LETTERS[table?.persistence ?? 'permanent'],
    relkind: 'i',
    relnatts: entry.columns.length + entry.includedColumns.length,
    reloptions: texts(entry.options),
  };
}

function sequenceClass(context: ViewContext, entry: SequenceEntry): Row {
  return {
    __proto__: CLASS_DEFAULTS,
    oid: entry.oid,
    relname: entry.name,
    relnamespace: entry.schemaOid,
    relowner: entry.owner,
    relam: 0,
    relfilenode: entry.oid,
    relpages: 1,
    reltuples: 1,
    relpersistence: PERSISTENCE_LETTERS[entry.persistence],
    relkind: 'S',
    relnatts: 3,
    relacl: context.aclArray(entry.acl),
  };
}

function compositeTypeClass(entry: TypeEntry): Row {
  return {
    __proto__: CLASS_DEFAULTS,
    oid: entry.oid,
    relname: entry.name,
    relnamespace: entry.schemaOid,
    reltype: entry.oid,
    relowner: entry.owner,
    relam: 0,
    relfilenode: 0,
    relpersistence: 'p',
    relkind: 'c',
    relnatts: attributeNumbers(entry),
  };
}

function* pgClass(context: ViewContext): Iterable<Row> {
  const { relations, indexes, sequences, composites } = classesOf(context, context.wantedOid('oid'));
  const isWanted = ({ name }: { readonly name: string }): boolean => context.mayBe('relname', name);
  for (const entry of relations) if (isWanted(entry)) yield tableClass(context, entry);
  for (const entry of indexes) if (isWanted(entry)) yield indexClass(context, entry);
  for (const entry of sequences) if (isWanted(entry)) yield sequenceClass(context, entry);
  for (const entry of composites) if (isWanted(entry)) yield compositeTypeClass(entry);
}

/** Columns with a default, with the made-up oid of each. */
export function* columnDefaults(
  context: ViewContext,
): Iterable<{ oid: number; table: RelationEntry; column: ColumnEntry }> {
  let oid = 0xc0000000;
  for (const table of sorted(context.catalog.relations())) {
    for (const column of table.columns) {
      if (column.defaultText !== null && !column.dropped) yield { oid: oid++, table, column };
    }
  }
}

function* pgAttrdef(context: ViewContext): Iterable<Row> {
  for (const { oid, table, column } of columnDefaults(context)) {
    yield { oid, adrelid: table.oid, adnum: column.number, adbin: column.defaultText };
  }
}

// ------------------------------------------------------------------------------------------------- indexes, constraints

/** Those whose rows may be wanted. */
function indexesOf(context: ViewContext): readonly IndexEntry[] {
  const { catalog } = context;
  const [own, table] = [context.wantedOid('indexrelid'), context.wantedOid('indrelid')];
  if (own !== undefined) return only(catalog.index(own));
  return sorted(table === undefined ? catalog.indexes() : catalog.indexesOf(table));
}

function* pgIndex(context: ViewContext): Iterable<Row> {
  for (const index of indexesOf(context)) {
    const table = context.catalog.relation(index.tableOid);
    const constraint = context.catalog.constraintOfIndex(index);
    const keys = index.columns.map((column) => column.columnNumber);
    const typeOf = ({ columnNumber, result }: IndexColumn): number =>
      (columnNumber === 0 ? result : table?.columns[columnNumber - 1])?.typeOid ?? OID.TEXT;
    const expressions = index.columns.flatMap((column) => column.expressionText ?? []);
    yield {
      indexrelid: index.oid,
      indrelid: index.tableOid,
      indnatts: keys.length + index.includedColumns.length,
      indnkeyatts: keys.length,
      indisunique: index.unique,
      indnullsnotdistinct: index.nullsNotDistinct,
      indisprimary: index.primary,
      indisexclusion: index.exclusion !== undefined,
      indimmediate: constraint?.deferrable !== true,
      indisclustered: index.clustered === true,
      indisvalid: index.valid !== false,
      indcheckxmin: false,
      indisready: index.ready !== false,
      indislive: true,
      indisreplident: index.replicaIdentity === true,
      indkey: vector(OID.INT2, [...keys, ...index.includedColumns]),
      indcollation: vector(
        OID.OID,
        index.columns.map((column) => collationOfKey(context.catalog, table, column)),
      ),
      indclass: vector(
        OID.OID,
        index.columns.map((column) => operatorClassOf(typeOf(column), index.method, column.operatorClass)),
      ),
      indoption: vector(
        OID.INT2,
        index.columns.map((column) => (column.descending ? 1 : 0) + (column.nullsFirst ? 2 : 0)),
      ),
      indexprs: expressions.length === 0 ? null : expressions.join(', '),
      indpred: index.predicateText,
    };
  }
}

function constraintRow(catalog: ViewContext['catalog'], constraint: ConstraintEntry): Row {
  const exclusion = constraint.type === 'exclude' ? catalog.index(constraint.indexOid)?.exclusion : undefined;
  const isForeign = constraint.type === 'foreign key';
  return {
    oid: constraint.oid,
    conname: constraint.name,
    connamespace: constraint.schemaOid,
    contype: CONSTRAINT_LETTERS[constraint.type],
    condeferrable: constraint.deferrable,
    condeferred: constraint.initiallyDeferred,
    convalidated: constraint.validated,
    conrelid: constraint.tableOid,
    contypid: 0,
    conindid: constraint.indexOid,
    conparentid: 0,
    confrelid: constraint.referencedTableOid,
    confupdtype: isForeign ? ACTION_LETTERS[constraint.onUpdate] : ' ',
    confdeltype: isForeign ? ACTION_LETTERS[constraint.onDelete] : ' ',
    confmatchtype: isForeign ? (constraint.matchFull ? 'f' : 's') : ' ',
    conislocal: true,
    coninhcount: 0,
    connoinherit: constraint.type !== 'check' || constraint.noInherit === true,
    conkey: constraint.columns.length === 0 ? null : numbers(OID.INT2, constraint.columns),
    confkey: isForeign ? numbers(OID.INT2, constraint.referencedColumns) : null,
    confdelsetcols:
      (constraint.onDeleteColumns?.length ?? 0) > 0 ? numbers(OID.INT2, constraint.onDeleteColumns!) : null,
    conbin: constraint.checkText,
    conexclop: exclusion === undefined ? null : numbers(OID.OID, exclusion.operators),
  };
}

function* pgConstraint(context: ViewContext): Iterable<Row> {
  const table = context.wantedOid('conrelid');
  const ofTables = table === undefined ? context.catalog.constraints() : context.catalog.constraintsOf(table);
  for (const constraint of sorted(ofTables)) yield constraintRow(context.catalog, constraint);
  for (const type of context.madeTypes) {
    for (const check of type.checks ?? []) {
      yield {
        oid: check.oid,
        conname: check.name,
        connamespace: type.schemaOid,
        contype: 'c',
        condeferrable: false,
        condeferred: false,
        convalidated: check.validated,
        conrelid: 0,
        contypid: type.oid,
        conindid: 0,
        conparentid: 0,
        confrelid: 0,
        confupdtype: ' ',
        confdeltype: ' ',
        confmatchtype: ' ',
        conislocal: true,
        coninhcount: 0,
        connoinherit: false,
        conbin: check.text,
      };
    }
  }
}

function* pgSequence(context: ViewContext): Iterable<Row> {
  for (const sequence of sorted(context.catalog.sequences())) {
    yield {
      seqrelid: sequence.oid,
      seqtypid: sequence.typeOid,
      seqstart: safe(sequence.start),
      seqincrement: safe(sequence.increment),
      seqmax: safe(sequence.maximum),
      seqmin: safe(sequence.minimum),
      seqcache: safe(sequence.cache),
      seqcycle: sequence.cycle,
    };
  }
}

/** int8 from its decimal text: a number while safe. */
export function safe(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

function* pgRewrite(context: ViewContext): Iterable<Row> {
  for (const view of sorted(context.catalog.relations())) {
    if (view.queryText === null) continue;
    yield {
      oid: ruleOid(view.oid),
      rulename: '_RETURN',
      ev_class: view.oid,
      ev_type: '1',
      ev_enabled: 'O',
      is_instead: true,
      ev_qual: '<>',
      ev_action: view.queryText,
    };
  }
}

function* pgNamespace(context: ViewContext): Iterable<Row> {
  for (const schema of sorted(context.catalog.schemas())) {
    const hasInitial = INITIAL_SCHEMAS.includes(schema.oid);
    yield {
      oid: schema.oid,
      nspname: schema.name,
      nspowner: schema.owner,
      nspacl: context.aclArray(schema.acl ?? (hasInitial ? schemaAcl(schema) : null)),
    };
  }
}

function* pgDescription(context: ViewContext): Iterable<Row> {
  const { catalog } = context;
  for (const { classOid, oid, text } of ownComments()) {
    const isSchema = classOid === NAMESPACE_CLASS;
    // The schema public may have been dropped, or have another comment.
    if (isSchema && oid === PUBLIC_SCHEMA_OID) {
      if (catalog.schema(oid) === undefined || catalog.comment('schema', oid) !== undefined) continue;
    }
    yield { objoid: oid, classoid: classOid, objsubid: 0, description: text };
  }
  for (const comment of sorted(context.catalog.comments())) {
    yield {
      objoid: comment.objectOid,
      classoid: CLASS_OIDS[comment.objectClass] ?? 0,
      objsubid: comment.columnNumber,
      description: comment.text,
    };
  }
}

export const relationMakers: Readonly<Record<string, RowMaker>> = {
  pg_class: pgClass,
  pg_attrdef: pgAttrdef,
  pg_index: pgIndex,
  pg_constraint: pgConstraint,
  pg_sequence: pgSequence,
  pg_rewrite: pgRewrite,
  pg_namespace: pgNamespace,
  pg_description: pgDescription,
};
