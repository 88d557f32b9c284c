/** pg_depend: what needs what. Of system objects there are no rows. */
import { compositeClasses } from '../composite-classes.ts';
import { FIRST_NORMAL_OID, type RelationEntry } from '../entries.ts';
import { allThatMayBelong } from '../extensions/belonging.ts';
import { keptCollationName } from '../kept-collations.ts';
import { attributeNumber } from '../kept-fields.ts';
import { keptTypes } from '../kept-types.ts';
import { keptSearchEntries, SEARCH_CATALOGS } from '../text-search.ts';
import { CLASS_OIDS } from './class-oids.ts';
import { classOfObject, definitionDependencies, namedDefinitions } from './definition-dependencies.ts';
import { EXTENSION_CLASS } from './extensions.ts';
import { columnDefaults } from './relations.ts';
import { searchDependencies } from './text-search.ts';
import { type Row, type RowMaker, ruleOid, sorted, type ViewContext } from './view-context.ts';

const TYPE_CLASS = 1247;
const COLLATION_CLASS = 3456;
const RELATION_CLASS = 1259;
const CONSTRAINT_CLASS = 2606;
const NAMESPACE_CLASS = 2615;
const ATTRDEF_CLASS = 2604;
const REWRITE_CLASS = 2618;
const POLICY_CLASS = 3256;
const PROC_CLASS = 1255;

function dependency(
  classid: number,
  objid: number,
  objsubid: number,
  refclassid: number,
  refobjid: number,
  refobjsubid: number,
  deptype: string,
): Row {
  return { classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype };
}

function* pgDepend(context: ViewContext): Iterable<Row> {
  const { catalog } = context;
  for (const table of sorted(catalog.relations())) {
    yield dependency(RELATION_CLASS, table.oid, 0, NAMESPACE_CLASS, table.schemaOid, 0, 'n');
    yield* rowTypeDependencies(table);
    for (const column of table.columns) {
      const collationOid = column.dropped ? undefined : column.collationOid;
      if (collationOid !== undefined && collationOid >= FIRST_NORMAL_OID) {
        yield dependency(RELATION_CLASS, table.oid, column.number, COLLATION_CLASS, collationOid, 0, 'n');
      }
      const type = column.dropped ? undefined : catalog.type(column.typeOid);
      if (type !== undefined)
        yield dependency(RELATION_CLASS, table.oid, column.number, TYPE_CLASS, column.typeOid, 0, 'n');
    }
    if (table.queryText === null) continue;
    for (const entry of catalog.collations()) {
      if (table.queryText.includes(keptCollationName(entry.oid))) {
        yield dependency(REWRITE_CLASS, ruleOid(table.oid), 0, COLLATION_CLASS, entry.oid, 0, 'n');
      }
    }
    const rule = ruleOid(table.oid);
    yield dependency(REWRITE_CLASS, rule, 0, RELATION_CLASS, table.oid, 0, 'i');
    yield dependency(REWRITE_CLASS, rule, 0, RELATION_CLASS, table.oid, 0, 'n');
    const whole = new Set(table.dependsOn);
    for (const { relationOid, columnNumber } of table.dependsOnColumns ?? []) {
      whole.delete(relationOid);
      yield dependency(REWRITE_CLASS, rule, 0, RELATION_CLASS, relationOid, columnNumber, 'n');
    }
    for (const entry of keptSearchEntries(catalog, table.queryText)) {
      if (entry.oid < FIRST_NORMAL_OID) continue;
      yield dependency(REWRITE_CLASS, rule, 0, SEARCH_CATALOGS[entry.class], entry.oid, 0, 'n');
    }
    for (const oid of namedDefinitions(table.queryText)) whole.add(oid);
    yield* typesIn(context, table.queryText, REWRITE_CLASS, rule);
    for (const oid of whole) yield dependency(REWRITE_CLASS, rule, 0, classOfObject(context, oid), oid, 0, 'n');
  }
  for (const sequence of sorted(catalog.sequences())) {
    yield dependency(RELATION_CLASS, sequence.oid, 0, NAMESPACE_CLASS, sequence.schemaOid, 0, 'n');
    if (sequence.ownedByTable === 0) continue;
    const column = catalog.relation(sequence.ownedByTable)?.columns[sequence.ownedByColumn - 1];
    const type = column?.identity != null && column.sequenceOid === sequence.oid ? 'i' : 'a';
    yield dependency(
      RELATION_CLASS,
      sequence.oid,
      0,
      RELATION_CLASS,
      sequence.ownedByTable,
      sequence.ownedByColumn,
      type,
    );
  }
  for (const policy of sorted(catalog.policies())) {
    yield dependency(POLICY_CLASS, policy.oid, 0, RELATION_CLASS, policy.tableOid, 0, 'a');
    const whole = new Set([...policy.dependsOn, ...namedDefinitions(policy.queryText)]);
    whole.delete(policy.tableOid);
    for (const { relationOid, columnNumber } of policy.dependsOnColumns) {
      whole.delete(relationOid);
      yield dependency(POLICY_CLASS, policy.oid, 0, RELATION_CLASS, relationOid, columnNumber, 'n');
    }
    yield* typesIn(context, policy.queryText, POLICY_CLASS, policy.oid);
    for (const oid of whole) yield dependency(POLICY_CLASS, policy.oid, 0, classOfObject(context, oid), oid, 0, 'n');
  }
  for (const { oid, table, column } of columnDefaults(context)) {
    yield dependency(ATTRDEF_CLASS, oid, 0, RELATION_CLASS, table.oid, column.number, column.generated ? 'i' : 'a');
    yield* typesIn(context, column.defaultText, ATTRDEF_CLASS, oid);
    for (const used of column.defaultDependsOn ?? [])
      yield dependency(ATTRDEF_CLASS, oid, 0, classOfObject(context, used), used, 0, 'n');
  }
  yield* typeDependencies(context);
  yield* keyDependencies(context);
  yield* rangeDependencies(context);
  yield* extensionDependencies(context);
  yield* definitionDependencies(context);
  yield* searchDependencies(context);
}

/** A table's row type goes with the table, and arrays of it with the type: what takes or gives its rows comes behind the table in a dump. */
function* rowTypeDependencies(table: RelationEntry): Iterable<Row> {
  const { rowTypeOid, rowArrayTypeOid } = table;
  if (rowTypeOid === undefined) return;
  yield dependency(TYPE_CLASS, rowTypeOid, 0, RELATION_CLASS, table.oid, 0, 'i');
  if (rowArrayTypeOid !== undefined) yield dependency(TYPE_CLASS, rowArrayTypeOid, 0, TYPE_CLASS, rowTypeOid, 0, 'i');
}

function* typeDependencies({ catalog }: ViewContext): Iterable<Row> {
  for (const type of sorted(catalog.types())) {
    const { oid, kind, schemaOid, arrayOid, baseTypeOid, collationOid = 0 } = type;
    if (kind !== 'multirange') yield dependency(TYPE_CLASS, oid, 0, NAMESPACE_CLASS, schemaOid, 0, 'n');
    if (arrayOid !== 0) yield dependency(TYPE_CLASS, arrayOid, 0, TYPE_CLASS, oid, 0, 'i');
    if (kind !== 'domain') continue;
    if (baseTypeOid >= FIRST_NORMAL_OID) yield dependency(TYPE_CLASS, oid, 0, TYPE_CLASS, baseTypeOid, 0, 'n');
    if (collationOid >= FIRST_NORMAL_OID) yield dependency(TYPE_CLASS, oid, 0, COLLATION_CLASS, collationOid, 0, 'n');
    for (const check of type.checks ?? []) yield dependency(CONSTRAINT_CLASS, check.oid, 0, TYPE_CLASS, oid, 0, 'a');
  }
  for (const type of sorted(compositeClasses(catalog))) {
    const { oid } = type;
    yield dependency(RELATION_CLASS, oid, 0, TYPE_CLASS, oid, 0, 'i');
    for (const [i, { typeOid }] of (type.attributes ?? []).entries()) {
      if (typeOid < FIRST_NORMAL_OID) continue;
      yield dependency(RELATION_CLASS, oid, attributeNumber(type, i), TYPE_CLASS, typeOid, 0, 'n');
    }
  }
}

/** User-made types that a kept text names. */
function* typesIn({ catalog }: ViewContext, text: string | null, classOid: number, oid: number): Iterable<Row> {
  for (const typeOid of keptTypes(text)) {
    if (catalog.type(typeOid) !== undefined) yield dependency(classOid, oid, 0, TYPE_CLASS, typeOid, 0, 'n');
  }
}

function* extensionDependencies({ catalog }: ViewContext): Iterable<Row> {
  for (const { oid, schemaOid } of sorted(catalog.extensions()))
    yield dependency(EXTENSION_CLASS, oid, 0, NAMESPACE_CLASS, schemaOid, 0, 'n');
  for (const { class: objectClass, oid, extensionOid } of sorted(allThatMayBelong(catalog)))
    if (extensionOid !== undefined) {
      yield dependency(CLASS_OIDS[objectClass] as number, oid, 0, EXTENSION_CLASS, extensionOid, 0, 'e');
    }
}

/** A range's multirange and the functions that make values of both go with it. */
function* rangeDependencies({ catalog }: ViewContext): Iterable<Row> {
  for (const type of sorted(catalog.types())) {
    if (type.range !== undefined) {
      yield dependency(TYPE_CLASS, type.range.multirangeOid, 0, TYPE_CLASS, type.oid, 0, 'i');
      if (catalog.type(type.range.subtypeOid) !== undefined) {
        yield dependency(TYPE_CLASS, type.oid, 0, TYPE_CLASS, type.range.subtypeOid, 0, 'n');
      }
    }
    for (const oid of type.constructors?.oids ?? []) {
      yield dependency(PROC_CLASS, oid, 0, TYPE_CLASS, type.oid, 0, 'i');
    }
  }
}

function* keyDependencies(context: ViewContext): Iterable<Row> {
  const { catalog } = context;
  for (const index of sorted(catalog.indexes())) {
    const constraint = catalog.constraintOfIndex(index);
    if (constraint !== undefined) {
      yield dependency(RELATION_CLASS, index.oid, 0, CONSTRAINT_CLASS, constraint.oid, 0, 'i');
      continue;
    }
    for (const { columnNumber } of index.columns) {
      if (columnNumber > 0)
        yield dependency(RELATION_CLASS, index.oid, 0, RELATION_CLASS, index.tableOid, columnNumber, 'a');
    }
    for (const number of index.includedColumns)
      yield dependency(RELATION_CLASS, index.oid, 0, RELATION_CLASS, index.tableOid, number, 'a');
    if (index.columns.some(({ columnNumber }) => columnNumber === 0)) {
      yield dependency(RELATION_CLASS, index.oid, 0, RELATION_CLASS, index.tableOid, 0, 'a');
    }
  }
  for (const constraint of sorted(catalog.constraints())) {
    for (const column of constraint.columns) {
      yield dependency(CONSTRAINT_CLASS, constraint.oid, 0, RELATION_CLASS, constraint.tableOid, column, 'a');
    }
    yield* typesIn(context, constraint.checkText, CONSTRAINT_CLASS, constraint.oid);
    if (constraint.type !== 'foreign key') continue;
    for (const column of constraint.referencedColumns) {
      yield dependency(CONSTRAINT_CLASS, constraint.oid, 0, RELATION_CLASS, constraint.referencedTableOid, column, 'n');
    }
    yield dependency(CONSTRAINT_CLASS, constraint.oid, 0, RELATION_CLASS, constraint.indexOid, 0, 'n');
  }
}

export const dependencyMakers: Readonly<Record<string, RowMaker>> = { pg_depend: pgDepend };
