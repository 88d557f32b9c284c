/**
 * Functions that answer from the catalog: names, definitions, comments, visibility, sizes, sequences. What they print is made in
 * pg-catalog/definitions.ts; rights are in privileges.ts.
 *
 * Long, as it is a list of small functions.
 */

import { characterRules } from '../../types/encodings/index.ts';
import { sqlError } from '../../types/errors.ts';
import { formatType, inputText, OID, SqlArray, SqlError, typeByOid } from '../../types/index.ts';
import type { Catalog } from '../catalog.ts';
import { collationByOid, findCollation } from '../collations.ts';
import { compositeClass } from '../composite-classes.ts';
import { FIRST_NORMAL_OID, type IndexMethod, METHOD_OIDS, type StatisticsEntry } from '../entries.ts';
import type { FunctionContext, Value } from '../function-entry.ts';
import { shownText } from '../kept-types.ts';
import {
  constraintDefinition,
  domainCheckDefinition,
  expressionText,
  indexColumnText,
  indexDefinition,
  qualifiedName,
  relationName,
  typeDisplayName,
  viewDefinition,
} from '../pg-catalog/definitions.ts';
import { statisticsColumns, statisticsDefinition, statisticsExpressions } from '../pg-catalog/extended-statistics.ts';
import { sharedComment } from '../pg-catalog/shared.ts';
import { ruleOid, ViewContext } from '../pg-catalog/view-context.ts';
import { splitQualifiedName } from '../qualified-name.ts';
import { relationDenied, rightsOnRelation } from '../rights.ts';
import { ENCODING_NAMES, encodingName } from '../settings.ts';
import { SYSTEM_DOMAINS, systemDomain } from '../system-types.ts';
import { isSearchEntryVisible, type SearchClass, searchEntry } from '../text-search.ts';
import { KEYWORDS } from './keyword-list.ts';
import type { FunctionModule } from './module.ts';
import { objectComment } from './object-comments.ts';
import { quoteIdentifier } from './quote.ts';
import { functionByOid, operatorByOid } from './registry.ts';
import { RoutinePrinter } from './routine-definitions.ts';
import { isOperatorVisible } from './user-operators.ts';
import { isRoutineVisible } from './user-routines.ts';

export function catalogOf(context: FunctionContext): Catalog {
  return context.catalog as Catalog;
}

function path(context: FunctionContext): readonly string[] {
  return context.searchPath(true);
}

export function relationByText(context: FunctionContext, text: string): { readonly oid: number } {
  const names = splitQualifiedName(text);
  const found = catalogOf(context).resolveRelation(names, path(context));
  if (found === undefined) throw sqlError('42P01', `relation "${names.join('.')}" does not exist`);
  return found;
}

// ----------------------------------------------------------------------------------------------------------- definitions

/** Kept types under their names. */
function shown(context: FunctionContext, text: string): string {
  return shownText(catalogOf(context), text, path(context), context.format);
}

function indexText(context: FunctionContext, oid: number, column: number, isPretty: boolean): string | null {
  const catalog = catalogOf(context);
  const index = catalog.index(oid);
  if (index === undefined) return null;
  if (column !== 0) return shown(context, indexColumnText(catalog, index, column, isPretty));
  return shown(context, indexDefinition(catalog, index, isPretty, path(context)));
}

function statisticsEntry(context: FunctionContext, oid: number): StatisticsEntry | null {
  const entry = catalogOf(context).entry('statistics', oid);
  return entry?.class === 'statistics' ? entry : null;
}

function constraintText(context: FunctionContext, oid: number, isPretty: boolean): string | null {
  const catalog = catalogOf(context);
  const constraint = catalog.constraint(oid);
  if (constraint !== undefined)
    return shown(context, constraintDefinition(catalog, constraint, isPretty, path(context)));
  for (const type of [...SYSTEM_DOMAINS, ...catalog.types()]) {
    const check = type.checks?.find((candidate) => candidate.oid === oid);
    if (check !== undefined) return shown(context, domainCheckDefinition(check, isPretty));
  }
  return null;
}

function viewText(context: FunctionContext, oid: number, isPretty: boolean, wrapColumn = 0): string | null {
  const view = catalogOf(context).relation(oid);
  if (view === undefined || view.queryText === null) return null;
  return shown(context, viewDefinition(context, view, isPretty, wrapColumn));
}

function ruleText(context: FunctionContext, oid: number): string | null {
  const view = catalogOf(context).relation(oid - ruleOid(0));
  if (view === undefined || view.queryText === null) return null;
  return `CREATE RULE "_RETURN" AS\n    ON SELECT TO ${qualifiedName(catalogOf(context), view)} DO INSTEAD ${viewText(context, view.oid, false)}`;
}

/** pg_node_tree is the text already; nextval's sequence is shown as the search path has it. */
function nodeText(context: FunctionContext, text: string, _relation: number, isPretty: boolean): string {
  const named = text.replace(/nextval\('((?:[^']|'')+)'::regclass\)/g, (whole, name: string) => {
    const catalog = catalogOf(context);
    const sequence = catalog.resolveRelation(splitQualifiedName(name.replaceAll("''", "'")), path(context));
    if (sequence === undefined) return whole;
    return `nextval('${relationName(catalog, sequence.oid, path(context)).replaceAll("'", "''")}'::regclass)`;
  });
  return shown(context, expressionText(named, isPretty));
}

function rowSecurityActive(context: FunctionContext, oid: number): boolean {
  return context.isRowSecurityActive?.(oid) ?? false;
}

function displayType(context: FunctionContext, oid: number): string {
  return typeDisplayName(catalogOf(context), oid, path(context), (type) => formatType(type));
}

function printerOf(context: FunctionContext): RoutinePrinter {
  return new RoutinePrinter(
    catalogOf(context),
    path(context),
    context.format,
    (body) => context.routineBody?.(body) ?? body,
  );
}

function functionArguments(context: FunctionContext, oid: number, withDefaults: boolean): string | null {
  const routine = catalogOf(context).routine(oid);
  if (routine !== undefined) return printerOf(context).arguments(routine, withDefaults);
  const entry = functionByOid(oid);
  if (entry === null) return null;
  const names = entry.kind === 'scalar' ? (entry.argumentNames ?? []) : [];
  const isVariadic = entry.kind !== 'window' && entry.variadic;
  const shown = entry.argumentTypes.map((type, i) => {
    const last = i === entry.argumentTypes.length - 1;
    const prefix = isVariadic && last ? 'VARIADIC ' : '';
    const name = names[i] === undefined || names[i] === '' ? '' : `${quoteIdentifier(names[i])} `;
    return `${prefix}${name}${displayType(context, type)}${withDefaults ? defaultOf(entry, i) : ''}`;
  });
  if (withDefaults && entry.kind === 'scalar') {
    for (const column of entry.outColumns ?? []) {
      shown.push(`OUT ${quoteIdentifier(column.name)} ${displayType(context, column.typeOid)}`);
    }
  }
  return shown.join(', ');
}

function defaultOf(entry: NonNullable<ReturnType<typeof functionByOid>>, position: number): string {
  if (entry.kind !== 'scalar' || entry.defaults === undefined) return '';
  const at = position - (entry.argumentTypes.length - entry.defaults.length);
  if (at < 0) return '';
  const value = entry.defaults[at];
  return ` DEFAULT ${typeof value === 'string' ? `'${value}'::${formatType(entry.argumentTypes[position])}` : String(value)}`;
}

function functionResult(context: FunctionContext, oid: number): string | null {
  const routine = catalogOf(context).routine(oid);
  if (routine !== undefined) return printerOf(context).result(routine);
  const entry = functionByOid(oid);
  if (entry === null) return null;
  const set = entry.kind === 'scalar' && entry.returnsSet ? 'SETOF ' : '';
  return set + displayType(context, entry.returnType);
}

function functionDefinition(context: FunctionContext, oid: number): string | null {
  const routine = catalogOf(context).routine(oid);
  if (routine?.kind === 'aggregate') throw sqlError('42809', `"${routine.name}" is an aggregate function`);
  if (routine !== undefined) return printerOf(context).definition(routine);
  const entry = functionByOid(oid);
  if (entry === null) return null;
  if (entry.kind === 'aggregate') throw sqlError('42809', `"${entry.name}" is an aggregate function`);
  const words: string[] = [];
  if (entry.kind === 'window') words.push('WINDOW');
  if (entry.kind === 'scalar' && entry.volatility !== 'volatile') words.push(entry.volatility.toUpperCase());
  words.push('PARALLEL SAFE');
  if (entry.kind === 'scalar' && entry.strict) words.push('STRICT');
  return (
    `CREATE OR REPLACE FUNCTION pg_catalog.${quoteIdentifier(entry.name)}(${functionArguments(context, oid, true)})\n` +
    ` RETURNS ${functionResult(context, oid)}\n LANGUAGE internal\n ${words.join(' ')}\nAS $function$${entry.internalName}$function$\n`
  );
}

/** Name of the sequence behind a column, or null. */
function serialSequence(context: FunctionContext, tableText: string, columnName: string): string | null {
  const catalog = catalogOf(context);
  const table = catalog.relation(relationByText(context, tableText).oid);
  const column = table?.columns.find((candidate) => !candidate.dropped && candidate.name === columnName);
  if (table === undefined || column === undefined) {
    throw sqlError('42703', `column "${columnName}" of relation "${table?.name ?? tableText}" does not exist`);
  }
  const sequence = catalog.sequencesOf(table.oid).find((candidate) => candidate.ownedByColumn === column.number);
  return sequence === undefined ? null : qualifiedName(catalog, sequence);
}

// ------------------------------------------------------------------------------------------------------------ visibility

function isTableVisible(context: FunctionContext, oid: number): boolean | null {
  const catalog = catalogOf(context);
  const entry = catalog.namedRelation(oid);
  if (entry === undefined) return compositeClass(catalog, oid) === undefined ? null : isTypeVisible(context, oid);
  return catalog.resolveRelation([entry.name], path(context))?.oid === oid;
}

function isTypeVisible(context: FunctionContext, oid: number): boolean | null {
  const catalog = catalogOf(context);
  const type = catalog.type(oid);
  if (type === undefined) return typeByOid(oid) === undefined ? null : path(context).includes('pg_catalog');
  return catalog.typeByName(null, type.name, path(context))?.oid === type.oid;
}

// ----------------------------------------------------------------------------------------------------------------- sizes

/** Rows are all in the main fork; what PostgreSQL keeps in the others (free space, visibility) we keep in memory. */
function relationSize(context: FunctionContext, oid: number, fork = 'main'): number | null {
  if (!['main', 'fsm', 'vm', 'init'].includes(fork)) {
    throw sqlError('22023', 'invalid fork name', { hint: 'Valid fork names are "main", "fsm", "vm", and "init".' });
  }
  const size = context.relationSize(oid);
  return fork === 'main' || size === null ? size : 0;
}

function tableSize(context: FunctionContext, oid: number): number | null {
  const size = context.relationSize(oid);
  return size === null ? null : size + context.overflowSize(oid);
}

function indexesSize(context: FunctionContext, oid: number): number | null {
  if (context.relationSize(oid) === null) return null;
  let size = 0;
  for (const index of catalogOf(context).indexesOf(oid)) size += context.relationSize(index.oid) ?? 0;
  return size;
}

function totalSize(context: FunctionContext, oid: number): number | null {
  const size = tableSize(context, oid);
  return size === null ? null : size + (indexesSize(context, oid) ?? 0);
}

function databaseSize(context: FunctionContext, oid: number): number | null {
  const { system } = context;
  if (system === undefined) return null;
  const known = system.databaseSize(oid);
  if (known !== null || catalogOf(context).databaseOid !== oid) return known;
  let size = 0;
  for (const relation of catalogOf(context).relations()) size += totalSize(context, relation.oid) ?? 0;
  return size;
}

// ------------------------------------------------------------------------------------------------------------- reg* names

/** to_regclass and its kin: null instead of an error when there is no such thing. */
function toReg(typeOid: number): (context: FunctionContext, text: string) => number | null {
  return (context, text) => {
    if (/^\d+$/.test(text)) return null;
    try {
      return context.format.names?.regInput(typeOid, text) ?? null;
    } catch (error) {
      if (error instanceof SqlError && error.code.startsWith('4') && !['42601', '42602', '42501'].includes(error.code))
        return null;
      if (error instanceof SqlError && error.code === '3F000') return null;
      throw error;
    }
  };
}

function sequenceParameters(context: FunctionContext, oid: number): Value {
  const sequence = catalogOf(context).sequence(oid);
  if (sequence === undefined) throw sqlError('42P01', `could not open relation with OID ${oid}`);
  const safe = (text: string): number | bigint => (Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text));
  return [
    safe(sequence.start),
    safe(sequence.minimum),
    safe(sequence.maximum),
    safe(sequence.increment),
    sequence.cycle,
    safe(sequence.cache),
    sequence.typeOid,
  ];
}

function partitionTree(context: FunctionContext, oid: number): Value[] {
  return catalogOf(context).relation(oid) === undefined ? [] : [[oid, null, true, 0]];
}

/** Bits of CmdType: update 4, insert 8, delete 16. A view without a plain column only lets rows be deleted. */
export function updatableEvents(context: FunctionContext, oid: number): number {
  const entry = catalogOf(context).relation(oid);
  if (entry?.kind === 'table') return 28;
  const columns = entry?.kind === 'view' ? (context.updatableViewColumns?.(oid) ?? null) : null;
  if (columns === null) return 0;
  return columns.includes(true) ? 28 : 16;
}

function isColumnUpdatable(context: FunctionContext, oid: number, column: number): boolean {
  const entry = catalogOf(context).relation(oid);
  if (column <= 0 || entry === undefined) return false;
  return entry.kind === 'table' || context.updatableViewColumns?.(oid)?.[column - 1] === true;
}

type MethodProperties = Readonly<Record<string, Readonly<Record<IndexMethod, boolean>>>>;

const INDEX_PROPERTIES: MethodProperties = {
  clusterable: { btree: true, hash: false, gin: false },
  index_scan: { btree: true, hash: true, gin: false },
  bitmap_scan: { btree: true, hash: true, gin: true },
  backward_scan: { btree: true, hash: true, gin: false },
};
const METHOD_PROPERTIES: MethodProperties = {
  can_order: { btree: true, hash: false, gin: false },
  can_unique: { btree: true, hash: false, gin: false },
  can_multi_col: { btree: true, hash: false, gin: true },
  can_exclude: { btree: true, hash: true, gin: false },
  can_include: { btree: true, hash: false, gin: false },
};

function indexColumnProperty(context: FunctionContext, oid: number, column: number, property: string): boolean | null {
  const index = catalogOf(context).index(oid);
  const part = index?.columns[column - 1];
  if (index === undefined || part === undefined) return null;
  const isOrdered = index.method === 'btree';
  switch (property) {
    case 'asc':
      return isOrdered && !part.descending;
    case 'desc':
      return isOrdered && part.descending;
    case 'nulls_first':
      return isOrdered && part.nullsFirst;
    case 'nulls_last':
      return isOrdered && !part.nullsFirst;
    case 'orderable':
    case 'search_array':
    case 'search_nulls':
      return isOrdered;
    case 'distance_orderable':
      return false;
    case 'returnable':
      return isOrdered;
    default:
      return null;
  }
}

const CATEGORY_TEXTS: Readonly<Record<string, string>> = {
  U: 'unreserved',
  C: 'unreserved (cannot be function or type name)',
  T: 'reserved (can be function or type name)',
  R: 'reserved',
};

const nothing = (): null => null;
const always = (value: Value) => (): Value => value;

/** Types of users get their schema where the search path does not find them. */
function formatTypeInPath(context: FunctionContext, oid: number | null, modifier: number | null): string | null {
  if (oid === null) return null;
  const { names } = context.format;
  const isBuiltin = oid < FIRST_NORMAL_OID && systemDomain(oid) === undefined;
  if (isBuiltin || names === undefined || typeByOid(oid) === undefined) return formatType(oid, modifier);
  return names.regOutput(OID.REGTYPE, oid);
}

/** Is a text search object found by its plain name? null: there is none. */
function searchVisibility(entryClass: SearchClass): (context: FunctionContext, oid: number) => boolean | null {
  return (context, oid) => {
    const catalog = context.catalog as Catalog;
    const entry = searchEntry(catalog, entryClass, oid);
    return entry === undefined ? null : isSearchEntryVisible(catalog, entry, context.searchPath(true));
  };
}

/** Nothing is recovered while statements run. */
function refuseRecoveryControl(): never {
  throw sqlError('55000', 'recovery is not in progress', {
    hint: 'Recovery control functions can only be executed during recovery.',
  });
}

export const systemCatalogFunctions: FunctionModule = {
  plain: {
    PG_encoding_to_char: (encoding: number) => ENCODING_NAMES[encoding] ?? '',
    PG_char_to_encoding: (name: string) => ENCODING_NAMES.indexOf(encodingName(name) ?? ''),
    pg_encoding_max_length_sql: (encoding: number) => {
      const name = ENCODING_NAMES[encoding];
      return name === undefined ? null : characterRules(name).sizeMax;
    },
    pg_get_triggerdef: nothing,
    pg_get_triggerdef_ext: nothing,
    pg_get_partkeydef: nothing,
    pg_get_partition_constraintdef: nothing,
    pg_get_replica_identity_index: nothing,
    pg_tablespace_location: always(''),
    pg_is_wal_replay_paused: refuseRecoveryControl,
    pg_get_wal_replay_pause_state: refuseRecoveryControl,
    pg_wal_replay_pause: refuseRecoveryControl,
    pg_wal_replay_resume: refuseRecoveryControl,
    pg_promote: refuseRecoveryControl,
    pg_last_wal_receive_lsn: nothing,
    pg_last_wal_replay_lsn: nothing,
    pg_last_xact_replay_timestamp: nothing,
    pg_current_logfile: nothing,
    pg_current_logfile_1arg: nothing,
    pg_trigger_depth: always(0),
    pg_reload_conf: always(true),
    pg_relation_filepath: always(null),
    inet_client_addr: nothing,
    inet_client_port: nothing,
    inet_server_addr: nothing,
    inet_server_port: nothing,
    pg_safe_snapshot_blocking_pids: () => new SqlArray(OID.INT4, []),
    pg_get_publication_tables: () => [],
    pg_conversion_is_visible: always(true),
    pg_opclass_is_visible: always(true),
    pg_opfamily_is_visible: always(true),
    pg_indexam_has_property(oid: number, property: string) {
      const method = (Object.keys(METHOD_OIDS) as IndexMethod[]).find((name) => METHOD_OIDS[name] === oid);
      return method === undefined ? null : (METHOD_PROPERTIES[property]?.[method] ?? null);
    },
    pg_options_to_table: (options: SqlArray) =>
      options.elements.map((option) => {
        const text = option as string;
        const at = text.indexOf('=');
        return at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
      }),
    pg_get_keywords: () =>
      KEYWORDS.map(([word, category, isBareLabel]) => [
        word,
        category,
        isBareLabel,
        CATEGORY_TEXTS[category],
        isBareLabel ? 'can be bare label' : 'requires AS',
      ]),
  },
  contextual: {
    pg_blocking_pids: (context, processId: number) => new SqlArray(OID.INT4, context.system?.blockers(processId) ?? []),
    format_type: formatTypeInPath,
    pg_ts_config_is_visible: searchVisibility('searchConfiguration'),
    pg_ts_dict_is_visible: searchVisibility('searchDictionary'),
    pg_ts_parser_is_visible: searchVisibility('searchParser'),
    pg_ts_template_is_visible: searchVisibility('searchTemplate'),
    pg_get_userbyid: (context, oid: number) => new ViewContext(context).roleName(oid),
    pg_get_statisticsobjdef: (context, oid: number) => {
      const entry = statisticsEntry(context, oid);
      if (entry === null) return null;
      const catalog = catalogOf(context);
      return statisticsDefinition(catalog, entry, relationName(catalog, entry.tableOid, path(context)));
    },
    pg_get_statisticsobjdef_expressions: (context, oid: number) => {
      const entry = statisticsEntry(context, oid);
      return entry === null ? null : statisticsExpressions(entry);
    },
    pg_get_statisticsobjdef_columns: (context, oid: number) => {
      const entry = statisticsEntry(context, oid);
      return entry === null ? null : statisticsColumns(catalogOf(context), entry);
    },
    pg_statistics_obj_is_visible: (context, oid: number) => {
      const entry = statisticsEntry(context, oid);
      if (entry === null) return null;
      const schema = catalogOf(context).schemaName(entry.schemaOid);
      return !schema.startsWith('pg_temp_') && path(context).includes(schema);
    },
    pg_get_indexdef: (context, oid: number) => indexText(context, oid, 0, false),
    pg_get_indexdef_ext: indexText,
    pg_get_constraintdef: (context, oid: number) => constraintText(context, oid, false),
    pg_get_constraintdef_ext: constraintText,
    pg_get_viewdef: (context, oid: number) => viewText(context, oid, false),
    pg_get_viewdef_ext: (context, oid: number, isPretty: boolean) => viewText(context, oid, isPretty),
    pg_get_viewdef_wrap: (context, oid: number, column: number) => viewText(context, oid, true, column),
    pg_get_viewdef_name: (context, name: string) => viewText(context, relationByText(context, name).oid, false),
    pg_get_viewdef_name_ext: (context, name: string, isPretty: boolean) =>
      viewText(context, relationByText(context, name).oid, isPretty),
    pg_get_ruledef: ruleText,
    pg_get_ruledef_ext: ruleText,
    row_security_active: (context, oid: number) => rowSecurityActive(context, oid),
    row_security_active_name(context, name: string) {
      const found = catalogOf(context).resolveRelation(splitQualifiedName(name), path(context));
      if (found === undefined) throw sqlError('42P01', `relation "${name}" does not exist`);
      return rowSecurityActive(context, found.oid);
    },
    pg_get_expr: (context, text: string, relation: number) => nodeText(context, text, relation, false),
    pg_get_expr_ext: nodeText,
    pg_get_functiondef: functionDefinition,
    pg_get_function_arguments: (context, oid: number) => functionArguments(context, oid, true),
    pg_get_function_identity_arguments: (context, oid: number) => functionArguments(context, oid, false),
    pg_get_function_result: functionResult,
    pg_get_function_arg_default(context, oid: number, position: number) {
      const routine = catalogOf(context).routine(oid);
      if (routine !== undefined) return printerOf(context).defaultAt(routine, position);
      const entry = functionByOid(oid);
      const text = entry === null ? '' : defaultOf(entry, position - 1);
      return text === '' ? null : text.slice(' DEFAULT '.length);
    },
    pg_get_serial_sequence: serialSequence,
    pg_table_is_visible: isTableVisible,
    pg_type_is_visible: isTypeVisible,
    pg_function_is_visible(context, oid: number) {
      const routine = catalogOf(context).routine(oid);
      if (routine !== undefined) return isRoutineVisible(catalogOf(context), routine, path(context));
      return functionByOid(oid) === null ? null : path(context).includes('pg_catalog');
    },
    pg_get_function_sqlbody(context, oid: number) {
      const body = catalogOf(context).routine(oid)?.shownBody;
      return body === undefined ? null : printerOf(context).sqlBody(body);
    },
    pg_operator_is_visible(context, oid: number) {
      const made = catalogOf(context).operator(oid);
      if (made !== undefined) return isOperatorVisible(catalogOf(context), made, path(context));
      return operatorByOid(oid) === null ? null : path(context).includes('pg_catalog');
    },
    obj_description_oid_name: objectComment,
    obj_description_oid: (context, oid: number) => objectComment(context, oid, null),
    col_description_oid_int4: (context, oid: number, column: number) =>
      catalogOf(context).comment('relation', oid, column)?.text ?? null,
    shobj_description_oid_name: (context, oid: number, className: string) =>
      sharedComment(new ViewContext(context), oid, className === 'pg_database' ? 1262 : 1260),
    pg_relation_size: relationSize,
    pg_relation_size_regclass: (context, oid: number) => relationSize(context, oid),
    pg_table_size: tableSize,
    pg_indexes_size: indexesSize,
    pg_total_relation_size: totalSize,
    pg_database_size_oid: databaseSize,
    pg_database_size_name(context, name: string) {
      const database = new ViewContext(context).shared.databaseByName(name);
      if (database === undefined) throw sqlError('3D000', `database "${name}" does not exist`);
      return databaseSize(context, database.oid);
    },
    pg_tablespace_size_oid: (context) => databaseSize(context, catalogOf(context).databaseOid),
    pg_tablespace_size_name: (context) => databaseSize(context, catalogOf(context).databaseOid),
    pg_tablespace_databases: (context, tablespace: number) =>
      tablespace === 1663 ? [...new ViewContext(context).shared.databases()].map((database) => database.oid) : [],
    pg_relation_is_publishable: (context, oid: number) => catalogOf(context).relation(oid)?.kind === 'table',
    pg_relation_is_updatable: updatableEvents,
    pg_column_is_updatable: isColumnUpdatable,
    pg_postmaster_start_time: (context) => context.system?.serverStart ?? context.transactionTimestamp,
    pg_conf_load_time: (context) => context.system?.serverStart ?? context.transactionTimestamp,
    pg_my_temp_schema: (context) => context.system?.temporarySchemaOid ?? 0,
    pg_is_other_temp_schema(context, oid: number) {
      const name = catalogOf(context).schemaName(oid);
      return name.startsWith('pg_temp_') && oid !== (context.system?.temporarySchemaOid ?? 0);
    },
    pg_sequence_last_value(context, oid: number) {
      const sequence = catalogOf(context).sequence(oid);
      const { authority } = new ViewContext(context);
      if (sequence !== undefined && rightsOnRelation(catalogOf(context), sequence, authority, 'rU') === '') {
        throw relationDenied(sequence);
      }
      const state = context.system?.sequenceState(oid);
      return state?.isCalled === true ? state.lastValue : null;
    },
    pg_sequence_parameters: sequenceParameters,
    pg_index_column_has_property: indexColumnProperty,
    pg_index_has_property(context, oid: number, property: string) {
      const index = catalogOf(context).index(oid);
      return index === undefined ? null : (INDEX_PROPERTIES[property]?.[index.method] ?? null);
    },
    pg_partition_root: (context, oid: number) => (catalogOf(context).relation(oid) === undefined ? null : oid),
    pg_partition_ancestors: (context, oid: number) => partitionTree(context, oid).map(() => oid),
    pg_partition_tree: partitionTree,
    pg_collation_actual_version(context, oid: number) {
      const entry = collationByOid(catalogOf(context), oid);
      return entry?.provider === 'i' ? (process.versions['icu'] ?? null) : null;
    },
    pg_collation_is_visible(context, oid: number) {
      const catalog = catalogOf(context);
      const entry = collationByOid(catalog, oid);
      return entry === undefined ? null : findCollation(catalog, [entry.name], path(context))?.oid === oid;
    },
    /** The cast: implicit, so that sequence functions take a text. */
    // A name only: what the type's input would take for an oid is one, too.
    text_regclass: (context, text: string) =>
      inputText(OID.REGCLASS, -1, /^(\d+|-)$/.test(text) ? `"${text}"` : text, context.format) as number,
    to_regclass: toReg(OID.REGCLASS),
    to_regtype: toReg(OID.REGTYPE),
    to_regproc: toReg(OID.REGPROC),
    to_regprocedure: toReg(OID.REGPROCEDURE),
    to_regnamespace: toReg(OID.REGNAMESPACE),
    to_regrole: toReg(OID.REGROLE),
    to_regcollation: toReg(OID.REGCOLLATION),
    to_regoper: toReg(OID.REGOPER),
    to_regoperator: toReg(OID.REGOPERATOR),
  },
  specialised: {
    // Where collations matter the planner has answered already (planner/bind/collation.ts).
    pg_collation_for: (argTypes) => {
      const type = typeByOid(argTypes[0])!;
      const element = type.category === 'A' && type.elementOid !== 0 ? type.elementOid : type.oid;
      if (element === OID.NAME) return () => '"C"';
      if (element === OID.UNKNOWN) return () => null;
      if (typeByOid(element)?.category !== 'S') {
        throw sqlError('42804', `collations are not supported by type ${formatType(type.oid)}`);
      }
      return () => '"default"';
    },
  },
};
