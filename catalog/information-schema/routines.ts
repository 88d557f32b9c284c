/** Functions and procedures of information_schema: those that the session's role may call. */
import { typeByOid } from '../../types/index.ts';
import type { RoutineEntry } from '../entries.ts';
import { allFunctions } from '../functions/registry.ts';
import { type Row, type RowMaker, sorted, type ViewContext } from '../pg-catalog/view-context.ts';
import { rightsByAcl, routineAcl } from '../rights.ts';
import { yesNo } from './names.ts';
import { dataTypeName } from './type-columns.ts';

function callable(context: ViewContext): RoutineEntry[] {
  return sorted(context.catalog.routines()).filter(
    (entry) => context.isOwner(entry.owner) || rightsByAcl(routineAcl(entry), context.authority, 'X') !== '',
  );
}

const MODES = { in: 'IN', out: 'OUT', inout: 'INOUT', variadic: 'IN', table: 'OUT' } as const;

function* userParameters(context: ViewContext, entry: RoutineEntry): Iterable<Row> {
  const { catalog } = context;
  for (const [i, { name, mode, typeOid, defaultText }] of entry.parameters.entries()) {
    const type = catalog.type(typeOid);
    yield {
      specific_catalog: catalog.databaseName,
      specific_schema: context.schemaName(entry.schemaOid),
      specific_name: `${entry.name}_${entry.oid}`,
      ordinal_position: i + 1,
      parameter_mode: MODES[mode],
      is_result: 'NO',
      as_locator: 'NO',
      parameter_name: name === '' ? null : name,
      data_type: dataTypeName(context, typeOid, -1),
      udt_catalog: catalog.databaseName,
      udt_schema: type === undefined ? 'pg_catalog' : context.schemaName(type.schemaOid),
      udt_name: typeByOid(typeOid)?.name ?? null,
      dtd_identifier: String(i + 1),
      parameter_default: context.isOwner(entry.owner) ? context.shown(defaultText) : null,
    };
  }
}

function userRoutine(context: ViewContext, entry: RoutineEntry): Row {
  const { catalog } = context;
  const isFunction = entry.kind === 'function';
  const type = typeByOid(entry.returnTypeOid);
  const isUsers = catalog.type(entry.returnTypeOid);
  return {
    specific_catalog: catalog.databaseName,
    specific_schema: context.schemaName(entry.schemaOid),
    specific_name: `${entry.name}_${entry.oid}`,
    routine_catalog: catalog.databaseName,
    routine_schema: context.schemaName(entry.schemaOid),
    routine_name: entry.name,
    routine_type: entry.kind.toUpperCase(),
    data_type: isFunction ? dataTypeName(context, entry.returnTypeOid, -1) : null,
    type_udt_catalog: isFunction ? catalog.databaseName : null,
    type_udt_schema: isFunction ? (isUsers === undefined ? 'pg_catalog' : context.schemaName(isUsers.schemaOid)) : null,
    type_udt_name: isFunction ? (type?.name ?? null) : null,
    dtd_identifier: isFunction ? '0' : null,
    routine_body: 'SQL',
    routine_definition: context.isOwner(entry.owner) ? entry.bodyText : null,
    external_language: 'SQL',
    parameter_style: 'GENERAL',
    is_deterministic: yesNo(entry.volatility === 'immutable'),
    sql_data_access: 'MODIFIES',
    is_null_call: isFunction ? yesNo(entry.strict) : null,
    schema_level_routine: 'YES',
    max_dynamic_result_sets: 0,
    security_type: entry.securityDefiner ? 'DEFINER' : 'INVOKER',
    as_locator: 'NO',
    is_udt_dependent: 'NO',
  };
}

function* routines(context: ViewContext): Iterable<Row> {
  for (const entry of callable(context)) yield userRoutine(context, entry);
  for (const entry of allFunctions()) {
    if (entry.kind === 'aggregate') continue;
    const specific = `${entry.name}_${entry.oid}`;
    yield {
      specific_catalog: context.catalog.databaseName,
      specific_schema: 'pg_catalog',
      specific_name: specific,
      routine_catalog: context.catalog.databaseName,
      routine_schema: 'pg_catalog',
      routine_name: entry.name,
      routine_type: 'FUNCTION',
      data_type: dataTypeName(context, entry.returnType, -1),
      type_udt_catalog: context.catalog.databaseName,
      type_udt_schema: 'pg_catalog',
      type_udt_name: typeByOid(entry.returnType)?.name ?? null,
      dtd_identifier: '0',
      routine_body: 'EXTERNAL',
      external_name: entry.internalName,
      external_language: 'INTERNAL',
      parameter_style: 'GENERAL',
      is_deterministic: yesNo(entry.kind === 'scalar' && entry.volatility === 'immutable'),
      sql_data_access: 'MODIFIES',
      is_null_call: entry.kind === 'scalar' ? yesNo(entry.strict) : 'NO',
      schema_level_routine: 'YES',
      max_dynamic_result_sets: 0,
      security_type: 'INVOKER',
      as_locator: 'NO',
      is_udt_dependent: 'NO',
    };
  }
}

function* parameters(context: ViewContext): Iterable<Row> {
  for (const entry of callable(context)) yield* userParameters(context, entry);
  for (const entry of allFunctions()) {
    for (let i = 0; i < entry.argumentTypes.length; i++) {
      const typeOid = entry.argumentTypes[i];
      yield {
        specific_catalog: context.catalog.databaseName,
        specific_schema: 'pg_catalog',
        specific_name: `${entry.name}_${entry.oid}`,
        ordinal_position: i + 1,
        parameter_mode: 'IN',
        is_result: 'NO',
        as_locator: 'NO',
        parameter_name: entry.kind === 'scalar' ? (entry.argumentNames?.[i] ?? null) : null,
        data_type: dataTypeName(context, typeOid, -1),
        udt_catalog: context.catalog.databaseName,
        udt_schema: 'pg_catalog',
        udt_name: typeByOid(typeOid)?.name ?? null,
        dtd_identifier: String(i + 1),
      };
    }
  }
}

export const routineMakers: Readonly<Record<string, RowMaker>> = { routines, parameters };
