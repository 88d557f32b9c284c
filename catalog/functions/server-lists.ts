/** Lists of what the server knows: time zones and their abbreviations as of now, and flags of settings. */
import { allAbbreviations, sessionZone, type Zone, zoneNames } from '../../types/datetime/zone.ts';
import { Interval, OID, SqlArray } from '../../types/index.ts';
import type { FunctionContext, Value } from '../function-entry.ts';
import { ViewContext } from '../pg-catalog/view-context.ts';
import { pgSettings } from '../pg-catalog/views.ts';
import { EXPLAINED_SETTINGS, NOT_IN_SAMPLE, RUNTIME_COMPUTED } from '../settings/flags.ts';
import { settingDefinition } from '../settings.ts';
import type { FunctionModule } from './module.ts';

const HALF_YEAR_MICROS = 182 * 86_400_000_000;

/** name, abbrev, utc_offset, is_dst */
export function timeZones(context: FunctionContext): Value[][] {
  const now = Number(context.transactionTimestamp);
  return zoneNames().map((name) => {
    const zone = sessionZone(name);
    return [name, zone.abbreviationAt(now), offset(zone.offsetAt(now)), isDaylight(zone, now)];
  });
}

/** abbrev, utc_offset, is_dst */
export function timeZoneAbbreviations(context: FunctionContext): Value[][] {
  const now = Number(context.transactionTimestamp);
  return [...allAbbreviations()]
    .map(([name, { offset: seconds, isDaylight: isSummer, zoneName }]): Value[] => {
      const zone = zoneName === undefined ? null : sessionZone(zoneName);
      const east = zone === null ? (seconds ?? 0) : zone.offsetAt(now);
      return [name.toUpperCase(), offset(east), zone === null ? isSummer : isDaylight(zone, now)];
    })
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function offset(seconds: number): Interval {
  return new Interval(0, 0, seconds * 1_000_000);
}

/** Half a year from now the clocks are behind. */
function isDaylight(zone: Zone, now: number): boolean {
  return zone.fixedOffset === undefined && zone.offsetAt(now) > zone.offsetAt(now + HALF_YEAR_MICROS);
}

const NO_RESET_ALL = new Set(['transaction_deferrable', 'transaction_isolation', 'transaction_read_only']);

/** null for a setting that there is not. */
function settingFlags(name: string): SqlArray | null {
  if (settingDefinition(name) === undefined) return null;
  const key = name.toLowerCase();
  const flags: string[] = [];
  if (EXPLAINED_SETTINGS.some((each) => each.toLowerCase() === key)) flags.push('EXPLAIN');
  if (NO_RESET_ALL.has(key)) flags.push('NO_RESET_ALL');
  if (NOT_IN_SAMPLE.has(key)) flags.push('NOT_IN_SAMPLE');
  if (RUNTIME_COMPUTED.has(key)) flags.push('RUNTIME_COMPUTED');
  return new SqlArray(OID.TEXT, flags);
}

const SETTING_COLUMNS = [
  ...['name', 'setting', 'unit', 'category', 'short_desc', 'extra_desc', 'context', 'vartype', 'source', 'min_val'],
  ...['max_val', 'enumvals', 'boot_val', 'reset_val', 'sourcefile', 'sourceline', 'pending_restart'],
];

function* allSettings(context: FunctionContext): Iterable<Value[]> {
  for (const row of pgSettings(new ViewContext(context))) yield SETTING_COLUMNS.map((name) => row[name] ?? null);
}

export const serverListFunctions: FunctionModule = {
  plain: { pg_settings_get_flags: settingFlags },
  contextual: {
    pg_timezone_names: timeZones,
    pg_timezone_abbrevs: timeZoneAbbreviations,
    show_all_settings: allSettings,
  },
};
