/**
 * How long old versions of rows are kept for AS OF SYSTEM TIME: the setting version_retention, and of a table WITH (version_retention =
 * '1 day'), an interval or a number of seconds.
 */
import { sqlError } from '../types/errors.ts';
import { DEFAULT_FORMAT, type Interval, inputText, OID } from '../types/index.ts';
import type { RelationEntry } from './entries.ts';
import { storageOption } from './row-expiry.ts';

export const VERSION_RETENTION = 'version_retention';
const SECONDS_MAX = 31_536_000;

const known = new WeakMap<RelationEntry, number | null>();

/** In seconds; null: the table says nothing of it. */
export function retentionOf(table: RelationEntry): number | null {
  if (table.options.length === 0) return null;
  let seconds = known.get(table);
  if (seconds === undefined) {
    const text = storageOption(table.options, VERSION_RETENTION);
    seconds = text === undefined ? null : retentionSeconds(text);
    known.set(table, seconds);
  }
  return seconds;
}

/** 22023 for what is no length of time, less than none, or more than a year. A day has 24 hours here, a month 30 days. */
export function retentionSeconds(text: string): number {
  let seconds: number;
  try {
    const { months, days, micros } = inputText(OID.INTERVAL, -1, text, DEFAULT_FORMAT) as Interval;
    seconds = (months * 30 + days) * 86_400 + Number(micros) / 1_000_000;
  } catch {
    throw sqlError('22023', `invalid value for "${VERSION_RETENTION}": "${text}"`, {
      hint: "Give an interval, like '1 hour'; 0 keeps nothing.",
    });
  }
  if (seconds >= 0 && seconds <= SECONDS_MAX) return seconds;
  throw sqlError('22023', `value ${text} out of bounds for option "${VERSION_RETENTION}"`, {
    detail: 'Valid values are between "0" and "365 days".',
  });
}
