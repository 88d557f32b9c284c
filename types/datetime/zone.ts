/**
 * Time zones. Rules come from the ICU data that Node carries; asking Intl costs microseconds, so that each zone keeps, per
 * year, the moments at which its offset changes, found by sampling and bisection when the year is first met.
 *
 * Invariants
 *  1. Before 1800 the rules are those of 1800; after 2500 those of the year 400 (or a multiple) before, from 2101 on.
 *  2. A wall-clock time that does not exist (clocks go forward) is read with the offset before; one that exists twice, with
 *     the offset after. So does PostgreSQL's DetermineTimeZoneOffset.
 */
import { sqlError } from '../errors.ts';
import { addMicros, datePart, daysOfDate, floorDivMicros, SECOND_MICROS, splitDays } from './calendar.ts';
import type { Micros } from './interval.ts';
import { FixedZone, namedRuleZone, parsePosixZone } from './rule-zone.ts';
import { ABBREVIATION_TABLE } from './zone-abbreviations.ts';
import { alphabeticAbbreviation } from './zone-names.ts';

/** Offsets are seconds east of Greenwich, everywhere in this project. Moments are microseconds since 2000-01-01 UTC. */
export interface Zone {
  readonly name: string;
  /** The offset that never changes; undefined if it does. */
  readonly fixedOffset?: number;
  offsetAt(utc: Micros): number;
  /** Offset that holds for a wall-clock time. */
  offsetOfLocal(local: Micros): number;
  /** EST, CET, +03. */
  abbreviationAt(utc: Micros): string;
}

/** Offsets in one year: offsets[i] holds from starts[i], seconds since 2000-01-01 UTC, up to the next start or the year's end. */
interface YearOffsets {
  readonly starts: readonly number[];
  readonly offsets: readonly number[];
}

const DAY_SECONDS = 86_400;
const SAMPLE_SECONDS = 14 * DAY_SECONDS;
const UNIX_EPOCH_SECONDS = -946_684_800;
const YEAR_FIRST = 1800;
const YEAR_LAST = 2500;
const CYCLE_YEARS = 400;
const CYCLE_SECONDS = 146_097 * DAY_SECONDS;

/** Local mean time was in use up to 1972 (Monrovia); everywhere before 1840. */
const LOCAL_TIME_END = daysOfDate(1973, 1, 1) * DAY_SECONDS;
const RAILWAYS_START = daysOfDate(1840, 1, 1) * DAY_SECONDS;

class NamedZone implements Zone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat;
  readonly #years = new Map<number, YearOffsets>();
  /** By the begin of a stretch; null where the name changes within it. */
  readonly #abbreviations = new Map<number, string | null>();
  /** The stretch of the last question: offset #offset from #from up to, not including, #to. */
  #from = 0;
  #to = 0;
  #offset = 0;

  constructor(name: string) {
    this.name = name;
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  offsetAt(utc: Micros): number {
    return this.#offsetAtSecond(floorDivMicros(utc, SECOND_MICROS));
  }

  offsetOfLocal(local: Micros): number {
    const second = floorDivMicros(local, SECOND_MICROS);
    const before = this.#offsetAtSecond(second - DAY_SECONDS);
    // Short stretches between two changes are rare, but there are some: look for the first change, not only at both ends.
    const change = this.#nextChange(second - DAY_SECONDS, second + DAY_SECONDS);
    if (change === undefined) return before;
    const after = this.#offsetAtSecond(change);
    const ifBefore = second - before;
    const ifAfter = second - after;
    if (ifBefore < change && ifAfter < change) return before;
    if (ifBefore > change && ifAfter >= change) return after;
    return ifBefore > ifAfter ? before : after;
  }

  abbreviationAt(utc: Micros): string {
    const second = floorDivMicros(utc, SECOND_MICROS);
    this.#offsetAtSecond(second);
    if (second < this.#from || second >= this.#to) return this.#abbreviationAtSecond(second);
    // The name that holds at both ends of a stretch holds between them; ICU takes microseconds to find one.
    const from = this.#from;
    let known = this.#abbreviations.get(from);
    if (known === undefined) {
      const last = this.#to - 1;
      const name = this.#abbreviationAtSecond(from);
      known = this.#abbreviationAtSecond(last) === name ? name : null;
      this.#abbreviations.set(from, known);
    }
    return known ?? this.#abbreviationAtSecond(second);
  }

  #abbreviationAtSecond(second: number): string {
    const offset = this.#offsetAtSecond(second);
    // Before there were zones, clocks showed local mean time; no zone has had odd seconds since.
    if (second < LOCAL_TIME_END && (offset % 60 !== 0 || second < RAILWAYS_START)) return 'LMT';
    return alphabeticAbbreviation(this.name, second - UNIX_EPOCH_SECONDS, offset, (unixSecond) =>
      this.#offsetAtSecond(unixSecond + UNIX_EPOCH_SECONDS),
    );
  }

  #offsetAtSecond(second: number): number {
    if (second >= this.#from && second < this.#to) return this.#offset;
    splitDays(Math.floor(second / DAY_SECONDS));
    let { year } = datePart;
    let shift = 0;
    if (year > YEAR_LAST) {
      const cycles = Math.ceil((year - YEAR_LAST) / CYCLE_YEARS);
      year -= cycles * CYCLE_YEARS;
      shift = cycles * CYCLE_SECONDS;
    }
    if (year < YEAR_FIRST) return this.#yearOffsets(YEAR_FIRST).offsets[0];
    const { starts, offsets } = this.#yearOffsets(year);
    let i = starts.length - 1;
    while (i > 0 && starts[i] > second - shift) i--;
    this.#offset = offsets[i];
    this.#from = starts[i] + shift;
    this.#to = (i + 1 < starts.length ? starts[i + 1] : yearStart(year + 1)) + shift;
    return this.#offset;
  }

  /** First moment in (from, to] at which the offset is another than before. */
  #nextChange(from: number, to: number): number | undefined {
    let offset = this.#offsetAtSecond(from);
    for (let second = from; ; ) {
      // Where the years' tables do not reach, there is nothing to find.
      if (second < this.#from || second >= this.#to) return undefined;
      second = this.#to;
      if (second > to) return undefined;
      const next = this.#offsetAtSecond(second);
      if (next !== offset) return second;
      offset = next;
    }
  }

  #yearOffsets(year: number): YearOffsets {
    let known = this.#years.get(year);
    if (known !== undefined) return known;
    const end = yearStart(year + 1);
    let second = yearStart(year);
    let offset = this.#ask(second);
    const starts = [second];
    const offsets = [offset];
    while (second < end) {
      const next = Math.min(second + SAMPLE_SECONDS, end);
      const nextOffset = this.#ask(next);
      if (nextOffset !== offset) {
        const change = this.#bisect(second, next, offset);
        if (change < end) {
          starts.push(change);
          offsets.push(nextOffset);
        }
        offset = nextOffset;
      }
      second = next;
    }
    known = { starts, offsets };
    this.#years.set(year, known);
    return known;
  }

  /** First second in (low, high] whose offset is not `offset`; there is one. */
  #bisect(low: number, high: number, offset: number): number {
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.#ask(middle) === offset) low = middle;
      else high = middle;
    }
    return high;
  }

  #ask(second: number): number {
    const text = this.#format.format((second - UNIX_EPOCH_SECONDS) * 1000);
    const match = /^(\d+)\/(\d+)\/(\d+), (\d+):(\d+):(\d+)$/.exec(text);
    if (match === null) throw new Error(`Intl gave a time in an unknown form: ${text}`);
    const [month, day, year, hour, minute, wallSecond] = match.slice(1).map(Number);
    return daysOfDate(year, month, day) * DAY_SECONDS + hour * 3600 + minute * 60 + wallSecond - second;
  }
}

function yearStart(year: number): number {
  return daysOfDate(year, 1, 1) * DAY_SECONDS;
}

export const UTC: Zone = new FixedZone('UTC', 0, 'UTC');

const zones = new Map<string, Zone | undefined>();

/** A zone as SET timezone takes it: a name of the tz database, whatever its case, or POSIX's form. */
export function zoneByName(name: string): Zone | undefined {
  if (name === 'UTC') return UTC;
  const key = name.toLowerCase();
  if (zones.has(key)) return zones.get(key);
  const zone = makeZone(name, key);
  // Whatever clients may send, what is kept stays bounded.
  if (zones.size > 2000) zones.clear();
  zones.set(key, zone);
  return zone;
}

/** Etc/... zones and their aliases without rules. */
const UTC_NAMES: ReadonlyMap<string, string> = new Map([
  ['utc', 'UTC'],
  ['uct', 'UTC'],
  ['zulu', 'UTC'],
  ['universal', 'UTC'],
  ['etc/utc', 'UTC'],
  ['etc/uct', 'UTC'],
  ['etc/zulu', 'UTC'],
  ['etc/universal', 'UTC'],
  ['gmt', 'GMT'],
  ['gmt0', 'GMT'],
  ['gmt+0', 'GMT'],
  ['gmt-0', 'GMT'],
  ['greenwich', 'GMT'],
  ['etc/gmt', 'GMT'],
  ['etc/gmt0', 'GMT'],
  ['etc/gmt+0', 'GMT'],
  ['etc/gmt-0', 'GMT'],
  ['etc/greenwich', 'GMT'],
]);

function makeZone(name: string, key: string): Zone | undefined {
  const utcName = UTC_NAMES.get(key);
  if (utcName !== undefined) return new FixedZone(canonicalName(name), 0, utcName);
  const fixed = /^etc\/gmt([+-])(\d{1,2})$/.exec(key);
  if (fixed !== null) {
    // As in POSIX, the sign says how far west.
    const offset = (fixed[1] === '+' ? -3600 : 3600) * Number(fixed[2]);
    if (Math.abs(offset) <= 14 * 3600)
      return new FixedZone(`Etc/GMT${fixed[1]}${fixed[2]}`, offset, numericName(offset));
  }
  // No rule begins so in PostgreSQL (pg_tzset).
  if (name.startsWith(':')) return undefined;
  const rules = namedRuleZone(name) ?? parsePosixZone(name);
  if (rules !== undefined) return rules;
  if (!/^[a-z][a-z0-9_+/-]*$/.test(key) || isIcuOnly(key)) return undefined;
  try {
    return new NamedZone(canonicalName(name));
  } catch {
    return undefined;
  }
}

/** Short names that ICU knows and the tz database does not. */
function isIcuOnly(key: string): boolean {
  return key.length === 3 && !['est', 'mst', 'hst', 'cet', 'eet', 'met', 'wet', 'prc', 'rok', 'roc'].includes(key);
}

let canonicalNames: Map<string, string> | undefined;

/** Names of the tz database that Node's Intl lists, and those of UTC. */
export function zoneNames(): string[] {
  return [
    ...new Set([...Intl.supportedValuesOf('timeZone'), 'UTC', 'GMT', 'Etc/UTC', 'Etc/GMT', 'UCT', 'Zulu', 'Universal']),
  ].sort();
}

/** The name in the tz database's spelling. */
function canonicalName(name: string): string {
  canonicalNames ??= new Map(Intl.supportedValuesOf('timeZone').map((zone) => [zone.toLowerCase(), zone]));
  const known = canonicalNames.get(name.toLowerCase());
  if (known !== undefined) return known;
  if (!name.includes('/')) return name.toUpperCase() === name || name.length > 4 ? name : name.toUpperCase();
  // Aliases are not among them; their words begin with capitals, but for small ones.
  return name
    .toLowerCase()
    .replace(/(^|[/_-])([a-z])/g, (_all, before: string, letter: string) => before + letter.toUpperCase())
    .replace(/^Us\//, 'US/')
    .replace(/_(Of|Es|Au)(?=_|$)/g, (word) => word.toLowerCase());
}

function numericName(offset: number): string {
  const minutes = Math.floor(Math.abs(offset) / 60);
  const hours = String(Math.floor(minutes / 60)).padStart(2, '0');
  const rest = minutes % 60;
  return (offset < 0 ? '-' : '+') + hours + (rest === 0 ? '' : String(rest).padStart(2, '0'));
}

export interface Abbreviation {
  /** Seconds east. For a dynamic abbreviation undefined: the zone's rules say. */
  readonly offset?: number;
  readonly isDaylight: boolean;
  readonly zoneName?: string;
}

const abbreviations: ReadonlyMap<string, Abbreviation> = new Map(
  ABBREVIATION_TABLE.trim()
    .split('\n')
    .map((line): [string, Abbreviation] => {
      const [name, meaning, daylight] = line.split(' ');
      if (/^-?\d+$/.test(meaning)) return [name, { offset: Number(meaning), isDaylight: daylight === 'D' }];
      return [name, { zoneName: meaning, isDaylight: false }];
    }),
);

/** All of them, in lower case. */
export function allAbbreviations(): Iterable<readonly [name: string, abbreviation: Abbreviation]> {
  return abbreviations;
}

/** An abbreviation in lower case. */
export function abbreviationByName(name: string): Abbreviation | undefined {
  return abbreviations.get(name);
}

/** A zone called by an abbreviation whose meaning has changed: MSK was three hours east, then four, then three. */
class AbbreviatedZone implements Zone {
  readonly name: string;
  readonly #zone: Zone;
  readonly #abbreviation: string;

  constructor(abbreviation: string, zone: Zone) {
    this.name = zone.name;
    this.#zone = zone;
    this.#abbreviation = abbreviation.toUpperCase();
  }

  offsetAt(utc: Micros): number {
    return this.#zone.offsetAt(utc);
  }

  /** A time that the clocks passed over is what the abbreviation means after the change, not what it meant before. */
  offsetOfLocal(local: Micros): number {
    const offset = this.#zone.offsetOfLocal(local);
    const utc = addMicros(local, offset * -SECOND_MICROS);
    return this.#zone.abbreviationAt(utc) === this.#abbreviation ? this.#zone.offsetAt(utc) : offset;
  }

  abbreviationAt(utc: Micros): string {
    return this.#zone.abbreviationAt(utc);
  }
}

/** The zone behind an abbreviation that has no offset of its own. */
export function abbreviatedZone(abbreviation: string, zoneName: string): Zone {
  return new AbbreviatedZone(abbreviation, sessionZone(zoneName));
}

/** A zone as AT TIME ZONE takes it: an abbreviation first, then what zoneByName knows. Throws 22023 if it is neither. */
export function zoneByArgument(name: string): Zone {
  if (name === 'UTC') return UTC;
  const abbreviation = abbreviations.get(name.toLowerCase());
  if (abbreviation?.offset !== undefined) return new FixedZone(name, abbreviation.offset, name.toUpperCase());
  if (abbreviation?.zoneName !== undefined) return abbreviatedZone(name, abbreviation.zoneName);
  const zone = zoneByName(name);
  if (zone === undefined) throw sqlError('22023', `time zone "${name}" not recognized`);
  return zone;
}

/** The session's zone, which SET has checked. */
export function sessionZone(name: string): Zone {
  const zone = zoneByName(name);
  if (zone === undefined) throw sqlError('22023', `invalid value for parameter "TimeZone": "${name}"`);
  return zone;
}
