/**
 * The tables and views of pg_catalog and information_schema: their columns, and rows made from the catalog when they are
 * read. What nothing exists of (publications, rules ...) has its columns and no rows.
 */
import { INFORMATION_SCHEMA_OID, PG_CATALOG_SCHEMA_OID, type RelationEntry } from '../entries.ts';
import type { FunctionContext, Value } from '../function-entry.ts';
import { informationSchemaMakers } from '../information-schema/index.ts';
import { systemRelationByName } from '../system-tables.ts';
import { activityMakers } from './activity.ts';
import { attributeMakers } from './attributes.ts';
import { dependencyMakers } from './dependencies.ts';
import { extendedStatisticsMakers } from './extended-statistics.ts';
import { extensionMakers } from './extensions.ts';
import { functionMakers } from './functions.ts';
import { initialRightsMakers } from './initial-rights.ts';
import { policyMakers } from './policies.ts';
import { relationMakers } from './relations.ts';
import { sharedMakers } from './shared.ts';
import { sharedDependencyMakers } from './shared-dependencies.ts';
import { staticRows } from './static-tables.ts';
import { statisticsMakers } from './statistics.ts';
import { searchMakers } from './text-search.ts';
import { typeMakers } from './types.ts';
import {
  type ComputedColumns,
  ComputedRow,
  type Row,
  type RowMaker,
  ViewContext,
  type WantedValues,
} from './view-context.ts';
import { viewMakers } from './views.ts';

const PG_CATALOG_MAKERS: Readonly<Record<string, RowMaker>> = {
  ...relationMakers,
  ...attributeMakers,
  ...dependencyMakers,
  ...initialRightsMakers,
  ...typeMakers,
  ...functionMakers,
  ...sharedMakers,
  ...sharedDependencyMakers,
  ...viewMakers,
  ...activityMakers,
  ...statisticsMakers,
  ...extendedStatisticsMakers,
  ...extensionMakers,
  ...policyMakers,
  ...searchMakers,
};

/** By schema and name; undefined: there is none. */
export function virtualTable(schemaName: string, name: string): RelationEntry | undefined {
  if (schemaName === 'pg_catalog') return systemRelationByName(PG_CATALOG_SCHEMA_OID, name);
  if (schemaName === 'information_schema') return systemRelationByName(INFORMATION_SCHEMA_OID, name);
  return undefined;
}

function makeRows(schemaName: string, name: string, functions: FunctionContext, wanted?: WantedValues): Iterable<Row> {
  if (schemaName === 'information_schema') {
    return informationSchemaMakers[name]?.(new ViewContext(functions, wanted)) ?? [];
  }
  const maker = PG_CATALOG_MAKERS[name];
  return maker === undefined ? (staticRows(name) ?? []) : maker(new ViewContext(functions, wanted));
}

/** What of a relation's rows is asked for. */
export interface WantedRows {
  /** Columns, counted from 0; the others may be NULL. Undefined: all. */
  readonly columns?: readonly number[];
  readonly values?: WantedValues;
}

/** Rows of `<schema>.<name>`, each with all columns in order. */
export function* virtualRows(
  qualifiedName: string,
  functions: FunctionContext,
  { columns, values }: WantedRows = {},
): Iterable<readonly Value[]> {
  const dot = qualifiedName.indexOf('.');
  const schemaName = qualifiedName.slice(0, dot);
  const name = qualifiedName.slice(dot + 1);
  const table = virtualTable(schemaName, name);
  if (table === undefined) return;
  const asked = columns ?? table.columns.map((_, i) => i);
  const names = asked.map((i) => table.columns[i].name);
  const nulls: readonly Value[] = new Array(table.columns.length).fill(null);
  let computed: ComputedColumns | null = null;
  let computing: readonly (((source: unknown) => Value) | undefined)[] = [];
  for (const row of makeRows(schemaName, name, functions, values)) {
    const made = nulls.slice();
    if (row instanceof ComputedRow) {
      if (row.columns !== computed) {
        computed = row.columns;
        computing = names.map((column) => row.columns[column]);
      }
      for (let k = 0; k < asked.length; k++) made[asked[k]] = computing[k]?.(row.source) ?? null;
    } else {
      for (let k = 0; k < asked.length; k++) made[asked[k]] = row[names[k]] ?? null;
    }
    yield made;
  }
}
