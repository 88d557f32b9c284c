/** WITH (name = value): storage parameters. They are checked and kept; only a few mean something here. */

import { TTL, TTL_COLUMN } from '../../catalog/row-expiry.ts';
import { retentionSeconds, VERSION_RETENTION } from '../../catalog/version-retention.ts';
import type { Option } from '../../parser/ast.ts';
import { sqlError } from '../../types/errors.ts';

/** Parameters of tables in PostgreSQL 15; those of TOAST tables have the namespace toast. */
export const TABLE_OPTIONS = new Set(
  (
    'fillfactor toast_tuple_target parallel_workers autovacuum_enabled vacuum_index_cleanup vacuum_truncate ' +
    'autovacuum_vacuum_threshold autovacuum_vacuum_scale_factor autovacuum_vacuum_insert_threshold ' +
    'autovacuum_vacuum_insert_scale_factor autovacuum_analyze_threshold autovacuum_analyze_scale_factor ' +
    'autovacuum_vacuum_cost_delay autovacuum_vacuum_cost_limit autovacuum_freeze_min_age autovacuum_freeze_max_age ' +
    'autovacuum_freeze_table_age autovacuum_multixact_freeze_min_age autovacuum_multixact_freeze_max_age ' +
    'autovacuum_multixact_freeze_table_age log_autovacuum_min_duration user_catalog_table'
  ).split(' '),
);

/** Those and hotrow's own (row-expiry.ts; catalog/version-retention.ts). */
export const OWN_TABLE_OPTIONS = new Set([...TABLE_OPTIONS, TTL, TTL_COLUMN, VERSION_RETENTION]);
const OWN = new Set([TTL, TTL_COLUMN, VERSION_RETENTION]);

/** Those of tables that are not about TOAST tables. */
const NOT_TOAST = new Set([
  ...OWN,
  'fillfactor',
  'toast_tuple_target',
  'parallel_workers',
  'user_catalog_table',
  'autovacuum_analyze_threshold',
  'autovacuum_analyze_scale_factor',
]);

/** name=value texts; 22023 for names that are not known. */
export function storageOptions(options: readonly Option[], known: ReadonlySet<string>): string[] {
  const result: string[] = [];
  const seen = new Set<string>();
  for (const option of options) {
    const { name } = option;
    if (option.namespace !== null && option.namespace !== 'toast') {
      throw sqlError('22023', `unrecognized parameter namespace "${option.namespace}"`);
    }
    if (name === 'oids' && option.namespace === null) {
      if (option.value === null || option.value === true || option.value === 'true' || option.value === 'on') {
        throw sqlError('0A000', 'tables declared WITH OIDS are not supported');
      }
      continue;
    }
    if (!known.has(name) || (option.namespace !== null && NOT_TOAST.has(name)))
      throw sqlError('22023', `unrecognized parameter "${name}"`);
    const place = `${option.namespace}.${name}`;
    if (seen.has(place)) throw sqlError('22023', `parameter "${name}" specified more than once`);
    seen.add(place);
    const value = textOf(option);
    checkValue(name, value);
    if (option.namespace === null) result.push(`${name}=${value}`);
  }
  return result;
}

/** A name of several parts is a type's: SET (ttl_column = timestamp). */
function textOf({ value }: Option): string {
  if (value === null) return 'true';
  return String(Array.isArray(value) ? value.at(-1) : value);
}

const INT_MAX = 2147483647;
/** Bounds of integers; a fraction is rounded. */
const INTEGERS: Readonly<Record<string, readonly [number, number]>> = {
  fillfactor: [10, 100],
  toast_tuple_target: [128, 8160],
  parallel_workers: [0, 1024],
  autovacuum_vacuum_threshold: [0, INT_MAX],
  autovacuum_vacuum_insert_threshold: [-1, INT_MAX],
  autovacuum_analyze_threshold: [0, INT_MAX],
  autovacuum_vacuum_cost_limit: [1, 10000],
  autovacuum_freeze_min_age: [0, 1000000000],
  autovacuum_freeze_max_age: [100000, 2000000000],
  autovacuum_freeze_table_age: [0, 2000000000],
  autovacuum_multixact_freeze_min_age: [0, 1000000000],
  autovacuum_multixact_freeze_max_age: [10000, 2000000000],
  autovacuum_multixact_freeze_table_age: [0, 2000000000],
  log_autovacuum_min_duration: [-1, INT_MAX],
  gin_pending_list_limit: [64, INT_MAX],
};
/** Numbers with a fraction; all have the same bounds. */
const REALS = new Set([
  'autovacuum_vacuum_cost_delay',
  'autovacuum_vacuum_scale_factor',
  'autovacuum_vacuum_insert_scale_factor',
  'autovacuum_analyze_scale_factor',
]);
const REAL_BOUNDS = [0, 100] as const;
const BOOLEANS = new Set([
  'autovacuum_enabled',
  'user_catalog_table',
  'vacuum_truncate',
  'fastupdate',
  'deduplicate_items',
  'security_barrier',
  'security_invoker',
]);
const BOOLEAN_TEXT = /^(t|tr|tru|true|f|fa|fal|fals|false|y|ye|yes|n|no|on|of|off|1|0)$/i;
const NUMBER_TEXT = /^\s*[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?\s*$/i;

function checkValue(name: string, value: string): void {
  if (name === VERSION_RETENTION) retentionSeconds(value);
  if (BOOLEANS.has(name)) {
    if (BOOLEAN_TEXT.test(value)) return;
    throw sqlError('22023', `invalid value for boolean option "${name}": ${value}`);
  }
  if (name === 'vacuum_index_cleanup') {
    if (/^(auto|on|off|true|false|yes|no|1|0)$/i.test(value)) return;
    throw sqlError('22023', `invalid value for enum option "${name}": ${value}`, {
      detail: 'Valid values are "on", "off", and "auto".',
    });
  }
  const isReal = REALS.has(name);
  const bounds = isReal ? REAL_BOUNDS : INTEGERS[name];
  if (bounds === undefined) return;
  if (!NUMBER_TEXT.test(value)) {
    throw sqlError('22023', `invalid value for ${isReal ? 'floating point' : 'integer'} option "${name}": ${value}`);
  }
  const number = isReal ? Number(value) : Math.round(Number(value));
  if (number < bounds[0] || number > bounds[1]) {
    const [least, most] = isReal ? bounds.map((bound) => bound.toFixed(6)) : bounds;
    throw sqlError('22023', `value ${value} out of bounds for option "${name}"`, {
      detail: `Valid values are between "${least}" and "${most}".`,
    });
  }
}

/** RESET (a, b): their names. */
export function resetNames(options: readonly Option[]): string[] {
  return options.map((option) => {
    if (option.value !== null) throw sqlError('42601', 'RESET must not include values for parameters');
    return option.name;
  });
}

/** SET (a = 1): new values over old ones. */
export function mergeOptions(old: readonly string[], set: readonly string[], reset: readonly string[]): string[] {
  const nameOf = (option: string): string => option.slice(0, option.indexOf('='));
  const gone = new Set([...set.map(nameOf), ...reset]);
  return [...old.filter((option) => !gone.has(nameOf(option))), ...set];
}

/** ALTER ... SET (a = 1) and RESET (a), of options that are known. */
export function changedOptions(
  old: readonly string[],
  command: { readonly kind: 'setOptions' | 'resetOptions'; readonly options: readonly Option[] },
  known: ReadonlySet<string>,
): string[] {
  if (command.kind === 'setOptions') return mergeOptions(old, storageOptions(command.options, known), []);
  return mergeOptions(old, [], resetNames(command.options));
}
