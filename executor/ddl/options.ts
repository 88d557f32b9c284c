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

/** name=value texts; 22023 for names that are not known. */
export function storageOptions(options: readonly Option[], known: ReadonlySet<string>): string[] {
  const result: string[] = [];
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
    if (!known.has(name) || (option.namespace !== null && OWN.has(name)))
      throw sqlError('22023', `unrecognized parameter "${name}"`);
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

/** Parameters that are checked: bounds of integers, or truth values. */
const INTEGERS: Readonly<Record<string, readonly [number, number]>> = {
  fillfactor: [10, 100],
  gin_pending_list_limit: [64, 2147483647],
};
const BOOLEANS = new Set(['fastupdate', 'deduplicate_items', 'security_barrier', 'security_invoker']);
const BOOLEAN_TEXT = /^(t|tr|tru|true|f|fa|fal|fals|false|y|ye|yes|n|no|on|of|off|1|0)$/i;

function checkValue(name: string, value: string): void {
  if (name === VERSION_RETENTION) retentionSeconds(value);
  if (BOOLEANS.has(name)) {
    if (BOOLEAN_TEXT.test(value)) return;
    throw sqlError('22023', `invalid value for boolean option "${name}": ${value}`);
  }
  const bounds = INTEGERS[name];
  if (bounds === undefined) return;
  if (!/^[+-]?\d+$/.test(value)) throw sqlError('22023', `invalid value for integer option "${name}": ${value}`);
  const number = Number(value);
  if (number < bounds[0] || number > bounds[1]) {
    throw sqlError('22023', `value ${value} out of bounds for option "${name}"`, {
      detail: `Valid values are between "${bounds[0]}" and "${bounds[1]}".`,
    });
  }
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
  return mergeOptions(
    old,
    [],
    command.options.map((option) => option.name),
  );
}
