/** pg_tables, pg_indexes and the other views over the catalogs. */

import { OID, SqlArray } from '../../types/index.ts';
import type { RelationEntry } from '../entries.ts';
import { timeZoneAbbreviations, timeZones } from '../functions/server-lists.ts';
import { rightsOnRelation } from '../rights.ts';
import { isSystemView } from '../system-tables.ts';
import { indexDefinition, viewDefinition } from './definitions.ts';
import { statisticsColumnsOf } from './extended-statistics.ts';
import { allRelations, safe } from './relations.ts';
import { type Row, type RowMaker, sorted, type ViewContext } from './view-context.ts';

const NO_PATH: readonly string[] = [];

function* pgTables(context: ViewContext): Iterable<Row> {
  for (const entry of allRelations(context)) {
    const isTable = entry.kind === 'table' || (entry.kind === 'virtual' && !isSystemView(entry.oid));
    if (!isTable) continue;
    const constraints = context.catalog.constraintsOf(entry.oid);
    yield {
      schemaname: context.schemaName(entry.schemaOid),
      tablename: entry.name,
      tableowner: context.roleName(entry.owner),
      hasindexes: context.catalog.indexesOf(entry.oid).length > 0,
      hasrules: false,
      hastriggers:
        constraints.some((constraint) => constraint.type === 'foreign key') ||
        context.catalog.constraintsReferencing(entry.oid).length > 0,
      rowsecurity: entry.rowSecurity === true,
    };
  }
}

function* pgViews(context: ViewContext): Iterable<Row> {
  for (const entry of allRelations(context)) {
    const isView = entry.kind === 'view' || (entry.kind === 'virtual' && isSystemView(entry.oid));
    if (!isView) continue;
    yield {
      schemaname: context.schemaName(entry.schemaOid),
      viewname: entry.name,
      viewowner: context.roleName(entry.owner),
      definition: entry.queryText === null ? null : context.shown(viewDefinition(context.functions, entry)),
    };
  }
}

function* pgMatviews(context: ViewContext): Iterable<Row> {
  for (const entry of sorted(context.catalog.relations())) {
    if (entry.kind !== 'materializedView') continue;
    yield {
      schemaname: context.schemaName(entry.schemaOid),
      matviewname: entry.name,
      matviewowner: context.roleName(entry.owner),
      hasindexes: context.catalog.indexesOf(entry.oid).length > 0,
      ispopulated: entry.populated !== false,
      definition: context.shown(viewDefinition(context.functions, entry)),
    };
  }
}

function* pgIndexes(context: ViewContext): Iterable<Row> {
  for (const index of sorted(context.catalog.indexes())) {
    const table = context.catalog.relation(index.tableOid) as RelationEntry;
    yield {
      schemaname: context.schemaName(table.schemaOid),
      tablename: table.name,
      indexname: index.name,
      indexdef: context.shown(indexDefinition(context.catalog, index, false, NO_PATH)),
    };
  }
}

function* pgSequences(context: ViewContext): Iterable<Row> {
  for (const sequence of sorted(context.catalog.sequences())) {
    const isSeen = rightsOnRelation(context.catalog, sequence, context.authority, 'rU') !== '';
    const state = isSeen ? context.system?.sequenceState(sequence.oid) : undefined;
    yield {
      schemaname: context.schemaName(sequence.schemaOid),
      sequencename: sequence.name,
      sequenceowner: context.roleName(sequence.owner),
      data_type: sequence.typeOid,
      start_value: safe(sequence.start),
      min_value: safe(sequence.minimum),
      max_value: safe(sequence.maximum),
      increment_by: safe(sequence.increment),
      cycle: sequence.cycle,
      cache_size: safe(sequence.cache),
      last_value: state?.isCalled === true ? state.lastValue : null,
    };
  }
}

/** Rows of pg_settings. */
export function* pgSettings(context: ViewContext): Iterable<Row> {
  for (const row of context.system?.settings() ?? []) {
    const { definition } = row;
    const hasLimits = definition.type === 'int' || definition.type === 'real';
    yield {
      name: row.name,
      setting: row.setting,
      unit: row.unit,
      category: definition.category,
      short_desc: definition.description,
      extra_desc: definition.extraDescription === '' ? null : definition.extraDescription,
      context: definition.context,
      vartype: definition.type === 'int' ? 'integer' : definition.type,
      source: row.source,
      min_val: hasLimits ? limitText(definition.minimum) : null,
      max_val: hasLimits ? limitText(definition.maximum) : null,
      enumvals: definition.type === 'enum' ? new SqlArray(OID.TEXT, [...definition.enumValues]) : null,
      boot_val: row.bootValue,
      reset_val: row.resetValue,
      pending_restart: false,
    };
  }
}

function limitText(value: number): string | null {
  if (!Number.isFinite(value)) return null;
  return Math.abs(value) >= 1e300 ? `${value > 0 ? '' : '-'}1.79769e+308` : String(value);
}

function* pgStats(context: ViewContext): Iterable<Row> {
  const statistics = context.system?.statistics;
  if (statistics === undefined) return;
  for (const table of sorted(context.catalog.relations())) {
    if (table.relId === 0) continue;
    for (const column of table.columns) {
      if (column.dropped || !context.mayRead(table, [column.number])) continue;
      const found = statistics.column(table.oid, column.number);
      if (found === null) continue;
      yield {
        schemaname: context.schemaName(table.schemaOid),
        tablename: table.name,
        attname: column.name,
        inherited: false,
        ...statisticsColumnsOf(found, column.typeOid),
      };
    }
  }
}

function* pgPreparedStatements(context: ViewContext): Iterable<Row> {
  for (const prepared of context.system?.preparedStatements() ?? []) {
    yield {
      name: prepared.name,
      statement: prepared.statement,
      prepare_time: prepared.preparedAt,
      parameter_types: new SqlArray(OID.REGTYPE, [...prepared.parameterTypes]),
      from_sql: prepared.fromSql,
      generic_plans: 0,
      custom_plans: 0,
    };
  }
}

function* pgCursors(context: ViewContext): Iterable<Row> {
  for (const cursor of context.system?.cursors() ?? []) {
    yield {
      name: cursor.name,
      statement: cursor.statement,
      is_holdable: cursor.isHoldable,
      is_binary: cursor.isBinary,
      is_scrollable: cursor.isScrollable,
      creation_time: cursor.createdAt,
    };
  }
}

function* pgTimezoneNames({ functions }: ViewContext): Iterable<Row> {
  for (const [name, abbrev, utc_offset, is_dst] of timeZones(functions)) yield { name, abbrev, utc_offset, is_dst };
}

function* pgTimezoneAbbrevs({ functions }: ViewContext): Iterable<Row> {
  for (const [abbrev, utc_offset, is_dst] of timeZoneAbbreviations(functions)) yield { abbrev, utc_offset, is_dst };
}

export const viewMakers: Readonly<Record<string, RowMaker>> = {
  pg_timezone_names: pgTimezoneNames,
  pg_timezone_abbrevs: pgTimezoneAbbrevs,
  pg_tables: pgTables,
  pg_views: pgViews,
  pg_matviews: pgMatviews,
  pg_indexes: pgIndexes,
  pg_sequences: pgSequences,
  pg_settings: pgSettings,
  pg_stats: pgStats,
  pg_prepared_statements: pgPreparedStatements,
  pg_cursors: pgCursors,
};
