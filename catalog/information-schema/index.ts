/**
 * Rows of the views of information_schema. After: PostgreSQL, information_schema.sql. Objects are shown to owners and their
 * like; what hotrow cannot have (foreign tables, transforms, triggers ...) has its columns and no rows.
 */
import { OID, typeByOid } from '../../types/index.ts';
import { builtinCollations } from '../collations.ts';
import type { ColumnEntry, ConstraintEntry, RelationEntry } from '../entries.ts';
import { updatableEvents } from '../functions/index.ts';
import { attributeNumber } from '../kept-fields.ts';
import { domainCheckDefinition, viewDefinition } from '../pg-catalog/definitions.ts';
import { type Row, type RowMaker, sorted, type ViewContext } from '../pg-catalog/view-context.ts';
import { rightsOnSchema } from '../rights.ts';
import { columns } from './columns.ts';
import { collationColumns, shownCollation, tableName, yesNo } from './names.ts';
import { isVisibleSequence, rightsMakers } from './rights.ts';
import { routineMakers } from './routines.ts';
import { isOtherTemporary, isView, visibleRelations } from './shown-relations.ts';
import { dataTypeName, typeColumns } from './type-columns.ts';

function* tables(context: ViewContext): Iterable<Row> {
  for (const entry of visibleRelations(context)) {
    const isBase = !isView(entry);
    yield {
      ...tableName(context, entry),
      table_type: entry.persistence === 'temporary' && isBase ? 'LOCAL TEMPORARY' : isBase ? 'BASE TABLE' : 'VIEW',
      is_insertable_into: yesNo(isBase || (updatableEvents(context.functions, entry.oid) & 8) !== 0),
      is_typed: 'NO',
      commit_action:
        entry.persistence === 'temporary' && isBase
          ? { 'preserve rows': 'PRESERVE', 'delete rows': 'DELETE', drop: 'DROP' }[entry.onCommit ?? 'preserve rows']
          : null,
    };
  }
}

function* schemata(context: ViewContext): Iterable<Row> {
  for (const schema of sorted(context.catalog.schemas())) {
    if (!context.isOwner(schema.owner) && rightsOnSchema(schema, context.authority, 'UC') === '') continue;
    yield {
      catalog_name: context.catalog.databaseName,
      schema_name: schema.name,
      schema_owner: context.roleName(schema.owner),
    };
  }
}

function* views(context: ViewContext): Iterable<Row> {
  for (const entry of visibleRelations(context)) {
    if (!isView(entry)) continue;
    yield {
      ...tableName(context, entry),
      view_definition:
        entry.queryText === null || !context.isOwner(entry.owner)
          ? null
          : context.shown(viewDefinition(context.functions, entry)),
      check_option: entry.checkOption == null ? 'NONE' : entry.checkOption.toUpperCase(),
      is_updatable: yesNo((updatableEvents(context.functions, entry.oid) & 20) === 20),
      is_insertable_into: yesNo((updatableEvents(context.functions, entry.oid) & 8) !== 0),
      is_trigger_updatable: 'NO',
      is_trigger_deletable: 'NO',
      is_trigger_insertable_into: 'NO',
    };
  }
}

function* sequences(context: ViewContext): Iterable<Row> {
  for (const sequence of sorted(context.catalog.sequences())) {
    const table = context.catalog.relation(sequence.ownedByTable);
    const column = table?.columns[sequence.ownedByColumn - 1];
    // Sequences of identity columns are not shown.
    if (column?.identity != null && column.sequenceOid === sequence.oid) continue;
    if (!isVisibleSequence(context, sequence)) continue;
    const bits = sequence.typeOid === OID.INT2 ? 16 : sequence.typeOid === OID.INT4 ? 32 : 64;
    yield {
      sequence_catalog: context.catalog.databaseName,
      sequence_schema: context.schemaName(sequence.schemaOid),
      sequence_name: sequence.name,
      data_type: dataTypeName(context, sequence.typeOid, -1),
      numeric_precision: bits,
      numeric_precision_radix: 2,
      numeric_scale: 0,
      start_value: sequence.start,
      minimum_value: sequence.minimum,
      maximum_value: sequence.maximum,
      increment: sequence.increment,
      cycle_option: yesNo(sequence.cycle),
    };
  }
}

// --------------------------------------------------------------------------------------------------------- constraints

interface SeenConstraint {
  readonly constraint: ConstraintEntry;
  readonly table: RelationEntry;
}

function* visibleConstraints(context: ViewContext): Iterable<SeenConstraint> {
  for (const constraint of sorted(context.catalog.constraints())) {
    const table = context.catalog.relation(constraint.tableOid);
    if (table !== undefined && !isOtherTemporary(context, table) && context.isOwner(table.owner)) {
      yield { constraint, table };
    }
  }
}

function constraintName(context: ViewContext, constraint: ConstraintEntry): Row {
  return {
    constraint_catalog: context.catalog.databaseName,
    constraint_schema: context.schemaName(constraint.schemaOid),
    constraint_name: constraint.name,
  };
}

/** PostgreSQL lists NOT NULL as a check with a made-up name. */
function notNullName(table: RelationEntry, column: ColumnEntry): string {
  return `${table.schemaOid}_${table.oid}_${column.number}_not_null`;
}

function* notNullColumns(context: ViewContext): Iterable<{ table: RelationEntry; column: ColumnEntry }> {
  for (const table of sorted(context.catalog.relations())) {
    if (table.kind !== 'table' || isOtherTemporary(context, table) || !context.isOwner(table.owner)) continue;
    for (const column of table.columns) if (column.notNull && !column.dropped) yield { table, column };
  }
}

function* tableConstraints(context: ViewContext): Iterable<Row> {
  for (const { constraint, table } of visibleConstraints(context)) {
    const index = constraint.type === 'unique' ? context.catalog.index(constraint.indexOid) : undefined;
    yield {
      ...constraintName(context, constraint),
      ...tableName(context, table),
      constraint_type: constraint.type.toUpperCase(),
      is_deferrable: yesNo(constraint.deferrable),
      initially_deferred: yesNo(constraint.initiallyDeferred),
      enforced: 'YES',
      nulls_distinct: index === undefined ? null : yesNo(!index.nullsNotDistinct),
    };
  }
  for (const { table, column } of notNullColumns(context)) {
    yield {
      constraint_catalog: context.catalog.databaseName,
      constraint_schema: context.schemaName(table.schemaOid),
      constraint_name: notNullName(table, column),
      ...tableName(context, table),
      constraint_type: 'CHECK',
      is_deferrable: 'NO',
      initially_deferred: 'NO',
      enforced: 'YES',
    };
  }
}

function* checkConstraints(context: ViewContext): Iterable<Row> {
  for (const { constraint } of visibleConstraints(context)) {
    if (constraint.checkText === null) continue;
    yield {
      ...constraintName(context, constraint),
      check_clause: context.shown(`(${constraint.checkText})`),
    };
  }
  for (const type of context.madeTypes) {
    for (const check of type.checks ?? []) {
      yield {
        constraint_catalog: context.catalog.databaseName,
        constraint_schema: context.schemaName(type.schemaOid),
        constraint_name: check.name,
        check_clause: context.shown(domainCheckDefinition(check, false).slice('CHECK '.length)),
      };
    }
  }
  for (const { table, column } of notNullColumns(context)) {
    yield {
      constraint_catalog: context.catalog.databaseName,
      constraint_schema: context.schemaName(table.schemaOid),
      constraint_name: notNullName(table, column),
      check_clause: `${column.name} IS NOT NULL`,
    };
  }
}

function* keyColumnUsage(context: ViewContext): Iterable<Row> {
  for (const { constraint, table } of visibleConstraints(context)) {
    if (constraint.type === 'check') continue;
    const referencedIndex = constraint.type === 'foreign key' ? context.catalog.index(constraint.indexOid) : undefined;
    for (let i = 0; i < constraint.columns.length; i++) {
      const position = referencedIndex?.columns.findIndex(
        (column) => column.columnNumber === constraint.referencedColumns[i],
      );
      yield {
        ...constraintName(context, constraint),
        ...tableName(context, table),
        column_name: table.columns[constraint.columns[i] - 1].name,
        ordinal_position: i + 1,
        position_in_unique_constraint: position === undefined ? null : position + 1,
      };
    }
  }
}

/** For foreign keys: what they refer to; for others: what they are on. */
function* constraintColumnUsage(context: ViewContext): Iterable<Row> {
  for (const { constraint, table } of visibleConstraints(context)) {
    const isForeign = constraint.type === 'foreign key';
    const used = isForeign ? context.catalog.relation(constraint.referencedTableOid) : table;
    if (used === undefined) continue;
    for (const number of isForeign ? constraint.referencedColumns : constraint.columns) {
      yield {
        ...tableName(context, used),
        column_name: used.columns[number - 1].name,
        ...constraintName(context, constraint),
      };
    }
  }
}

function* constraintTableUsage(context: ViewContext): Iterable<Row> {
  for (const { constraint, table } of visibleConstraints(context)) {
    if (constraint.type === 'check') continue;
    const used = constraint.type === 'foreign key' ? context.catalog.relation(constraint.referencedTableOid) : table;
    if (used !== undefined) yield { ...tableName(context, used), ...constraintName(context, constraint) };
  }
}

function* referentialConstraints(context: ViewContext): Iterable<Row> {
  for (const { constraint } of visibleConstraints(context)) {
    if (constraint.type !== 'foreign key') continue;
    const index = context.catalog.index(constraint.indexOid);
    const unique = index === undefined ? undefined : context.catalog.constraintOfIndex(index);
    yield {
      ...constraintName(context, constraint),
      unique_constraint_catalog: unique === undefined ? null : context.catalog.databaseName,
      unique_constraint_schema: unique === undefined ? null : context.schemaName(unique.schemaOid),
      unique_constraint_name: unique?.name ?? null,
      match_option: constraint.matchFull ? 'FULL' : 'NONE',
      update_rule: constraint.onUpdate.toUpperCase(),
      delete_rule: constraint.onDelete.toUpperCase(),
    };
  }
}

// --------------------------------------------------------------------------------------------------------------- types

function* domains(context: ViewContext): Iterable<Row> {
  for (const type of context.madeTypes) {
    if (type.kind !== 'domain') continue;
    yield {
      domain_catalog: context.catalog.databaseName,
      domain_schema: context.schemaName(type.schemaOid),
      domain_name: type.name,
      ...typeColumns(context, type.baseTypeOid, type.baseTypeModifier),
      ...collationColumns(context, shownCollation(context, type.oid, type.collationOid)),
      domain_default: context.shown(type.defaultText ?? null),
      dtd_identifier: '1',
    };
  }
}

function* domainConstraints(context: ViewContext): Iterable<Row> {
  for (const type of context.madeTypes) {
    for (const check of type.checks ?? []) {
      yield {
        constraint_catalog: context.catalog.databaseName,
        constraint_schema: context.schemaName(type.schemaOid),
        constraint_name: check.name,
        domain_catalog: context.catalog.databaseName,
        domain_schema: context.schemaName(type.schemaOid),
        domain_name: type.name,
        is_deferrable: 'NO',
        initially_deferred: 'NO',
      };
    }
  }
}

function* attributes(context: ViewContext): Iterable<Row> {
  for (const type of context.madeTypes) {
    for (let i = 0; i < (type.attributes?.length ?? 0); i++) {
      const { name, typeOid, typeModifier } = type.attributes![i];
      yield {
        udt_catalog: context.catalog.databaseName,
        udt_schema: context.schemaName(type.schemaOid),
        udt_name: type.name,
        attribute_name: name,
        ordinal_position: attributeNumber(type, i),
        is_nullable: 'YES',
        ...typeColumns(context, typeOid, typeModifier, 'attribute_'),
        dtd_identifier: String(i + 1),
        is_derived_reference_attribute: 'NO',
      };
    }
  }
}

function* userDefinedTypes(context: ViewContext): Iterable<Row> {
  for (const type of context.madeTypes) {
    if (type.kind !== 'composite') continue;
    yield {
      user_defined_type_catalog: context.catalog.databaseName,
      user_defined_type_schema: context.schemaName(type.schemaOid),
      user_defined_type_name: type.name,
      user_defined_type_category: 'STRUCTURED',
      is_instantiable: 'YES',
    };
  }
}

/** Arrays: the type of their elements. */
function* elementTypes(context: ViewContext): Iterable<Row> {
  for (const entry of visibleRelations(context)) {
    for (const column of entry.columns) {
      const type = column.dropped ? undefined : typeByOid(column.typeOid);
      if (type === undefined || type.category !== 'A' || type.elementOid === 0) continue;
      yield {
        object_catalog: context.catalog.databaseName,
        object_schema: context.schemaName(entry.schemaOid),
        object_name: entry.name,
        object_type: 'TABLE',
        collection_type_identifier: String(column.number),
        ...typeColumns(context, type.elementOid, -1),
        dtd_identifier: `a${column.number}`,
      };
    }
  }
}

function* columnDomainUsage(context: ViewContext): Iterable<Row> {
  for (const entry of visibleRelations(context)) {
    for (const column of entry.columns) {
      const domain = column.dropped ? undefined : context.catalog.type(column.typeOid);
      if (domain?.kind !== 'domain' || domain.oid !== column.typeOid) continue;
      yield {
        domain_catalog: context.catalog.databaseName,
        domain_schema: context.schemaName(domain.schemaOid),
        domain_name: domain.name,
        ...tableName(context, entry),
        column_name: column.name,
      };
    }
  }
}

function* columnUdtUsage(context: ViewContext): Iterable<Row> {
  for (const entry of visibleRelations(context)) {
    if (entry.kind === 'virtual') continue;
    for (const column of entry.columns) {
      if (column.dropped) continue;
      const { udt_catalog, udt_schema, udt_name } = typeColumns(context, column.typeOid, column.typeModifier);
      yield { udt_catalog, udt_schema, udt_name, ...tableName(context, entry), column_name: column.name };
    }
  }
}

// -------------------------------------------------------------------------------------------------------- view usage

function* viewTableUsage(context: ViewContext): Iterable<Row> {
  for (const view of sorted(context.catalog.relations())) {
    if (view.kind !== 'view') continue;
    for (const oid of view.dependsOn) {
      const table = context.catalog.relation(oid);
      if (table === undefined) continue;
      yield {
        view_catalog: context.catalog.databaseName,
        view_schema: context.schemaName(view.schemaOid),
        view_name: view.name,
        ...tableName(context, table),
      };
    }
  }
}

function* viewColumnUsage(context: ViewContext): Iterable<Row> {
  for (const view of sorted(context.catalog.relations())) {
    if (view.kind !== 'view') continue;
    for (const { relationOid, columnNumber } of view.dependsOnColumns ?? []) {
      const table = context.catalog.relation(relationOid);
      if (table === undefined) continue;
      yield {
        view_catalog: context.catalog.databaseName,
        view_schema: context.schemaName(view.schemaOid),
        view_name: view.name,
        ...tableName(context, table),
        column_name: table.columns[columnNumber - 1].name,
      };
    }
  }
}

function* characterSets(context: ViewContext): Iterable<Row> {
  yield {
    character_set_name: 'UTF8',
    character_repertoire: 'UCS',
    form_of_use: 'UTF8',
    default_collate_catalog: context.catalog.databaseName,
    default_collate_schema: 'pg_catalog',
    default_collate_name: 'C',
  };
}

function* collations(context: ViewContext): Iterable<Row> {
  for (const entry of [...builtinCollations(), ...context.catalog.collations()]) {
    yield {
      collation_catalog: context.catalog.databaseName,
      collation_schema: context.schemaName(entry.schemaOid),
      collation_name: entry.name,
      pad_attribute: 'NO PAD',
    };
  }
}

export const informationSchemaMakers: Readonly<Record<string, RowMaker>> = {
  information_schema_catalog_name: (context) => [{ catalog_name: context.catalog.databaseName }],
  tables,
  columns,
  schemata,
  views,
  sequences,
  table_constraints: tableConstraints,
  check_constraints: checkConstraints,
  key_column_usage: keyColumnUsage,
  constraint_column_usage: constraintColumnUsage,
  constraint_table_usage: constraintTableUsage,
  referential_constraints: referentialConstraints,
  domains,
  domain_constraints: domainConstraints,
  attributes,
  user_defined_types: userDefinedTypes,
  element_types: elementTypes,
  column_domain_usage: columnDomainUsage,
  column_udt_usage: columnUdtUsage,
  view_table_usage: viewTableUsage,
  view_column_usage: viewColumnUsage,
  ...rightsMakers,
  ...routineMakers,
  character_sets: characterSets,
  collations,
};
