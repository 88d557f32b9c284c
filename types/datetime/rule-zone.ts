/**
 * Zones that are rules rather than places: POSIX's form (EST5EDT,M3.2.0,M11.1.0), and the zones of the tz database that are named
 * so (PST8PDT, CET). The latter had other rules before; ICU takes each of them for a place, with that place's history.
 *
 * Grammar (PostgreSQL's tzparse): std offset [dst [offset] [,start[/time],end[/time]]]. A name may stand in <>, that of standard
 * time may be missing; offsets count west. A rule's day is Mm.w.d (week 5 is the last), Jn without or n with 29 February.
 */
import { datePart, dayOfWeek, daysOfDate, floorDivMicros, isLeapYear, SECOND_MICROS, splitDays } from './calendar.ts';
import type { Micros } from './interval.ts';
import type { Zone } from './zone.ts';

const DAY_SECONDS = 86_400;
/** Rules where a zone with daylight time names none: those of the United States. */
const DEFAULT_RULES = ',M3.2.0,M11.1.0';

/** Standard or daylight time. */
interface Clock {
  readonly offset: number;
  readonly abbreviation: string;
}

/** Answers the second of the year, by the clock, at which a rule falls. */
type YearRule = (year: number) => number;

/** What held before the rules: moments (seconds since 2000-01-01 UTC) at which daylight time began and ended in turn. */
interface History {
  readonly changes: readonly number[];
  /** The year from which on the rules hold. */
  readonly end: number;
  abbreviationAt(second: number): string | undefined;
}

export class FixedZone implements Zone {
  readonly name: string;
  readonly fixedOffset: number;
  readonly #abbreviation: string;

  constructor(name: string, offset: number, abbreviation: string) {
    this.name = name;
    this.fixedOffset = offset;
    this.#abbreviation = abbreviation;
  }

  offsetAt(): number {
    return this.fixedOffset;
  }

  offsetOfLocal(): number {
    return this.fixedOffset;
  }

  abbreviationAt(): string {
    return this.#abbreviation;
  }
}

class RuleZone implements Zone {
  readonly name: string;
  readonly #standard: Clock;
  readonly #daylight: Clock;
  readonly #begin: YearRule;
  readonly #end: YearRule;
  readonly #history: History | undefined;

  constructor(name: string, clocks: readonly [Clock, Clock], rules: readonly [YearRule, YearRule], history?: History) {
    this.name = name;
    [this.#standard, this.#daylight] = clocks;
    [this.#begin, this.#end] = rules;
    this.#history = history;
  }

  offsetAt(utc: Micros): number {
    return this.#clockAt(floorDivMicros(utc, SECOND_MICROS)).offset;
  }

  offsetOfLocal(local: Micros): number {
    const second = floorDivMicros(local, SECOND_MICROS);
    const from = second - DAY_SECONDS;
    const before = this.#clockAt(from).offset;
    const change = this.#changesAround(second).find((each) => each > from && each <= second + DAY_SECONDS);
    if (change === undefined) return before;
    const after = this.#clockAt(change).offset;
    const ifBefore = second - before;
    const ifAfter = second - after;
    if (ifBefore < change && ifAfter < change) return before;
    if (ifBefore > change && ifAfter >= change) return after;
    return ifBefore > ifAfter ? before : after;
  }

  abbreviationAt(utc: Micros): string {
    const second = floorDivMicros(utc, SECOND_MICROS);
    return this.#history?.abbreviationAt(second) ?? this.#clockAt(second).abbreviation;
  }

  #clockAt(second: number): Clock {
    const year = yearOfSecond(second + this.#standard.offset);
    if (this.#history !== undefined && year < this.#history.end) {
      const { changes } = this.#history;
      const passed = changes.findIndex((change) => change > second);
      const count = passed < 0 ? changes.length : passed;
      return count % 2 === 1 ? this.#daylight : this.#standard;
    }
    const [begin, end] = this.#changesOf(year);
    const isDaylight = begin < end ? second >= begin && second < end : second < end || second >= begin;
    return isDaylight ? this.#daylight : this.#standard;
  }

  /** Of a year by the rules: when daylight time begins, and when it ends. */
  #changesOf(year: number): readonly [number, number] {
    const start = daysOfDate(year, 1, 1) * DAY_SECONDS;
    return [start + this.#begin(year) - this.#standard.offset, start + this.#end(year) - this.#daylight.offset];
  }

  /** Changes in order, of the years around a moment. */
  #changesAround(second: number): readonly number[] {
    const year = yearOfSecond(second);
    if (this.#history !== undefined && year < this.#history.end) return this.#history.changes;
    return [year - 1, year, year + 1].flatMap((each) => [...this.#changesOf(each)].sort((a, b) => a - b));
  }
}

function yearOfSecond(second: number): number {
  splitDays(Math.floor(second / DAY_SECONDS));
  return datePart.year;
}

const NAME = '(<[^>]*>|[^0-9,+\\-]*)';
/** A colon behind hours or minutes wants digits. */
const OFFSET = '([+-]?\\d+(?::\\d+:\\d+|(?::\\d+)?(?!:)))';
const FORM = new RegExp(`^${NAME}${OFFSET}(?:${NAME}${OFFSET}?([,;].*)?)?$`, 's');
const RULE = new RegExp(`^(?:M(\\d+)\\.(\\d+)\\.(\\d+)|(J?)(\\d+))(?:/${OFFSET})?$`);
const HOURS_MAX = 24 * 7 - 1;

/** [+-]hh[:mm[:ss]] as seconds; undefined out of range. */
function seconds(text: string): number | undefined {
  const [hours, minutes = 0, rest = 0] = text.replace(/^[+-]/, '').split(':').map(Number);
  if (hours > HOURS_MAX || minutes > 59 || rest > 60) return undefined;
  const size = hours * 3600 + minutes * 60 + rest;
  return text.startsWith('-') ? 0 - size : size;
}

function parseRule(text: string): YearRule | undefined {
  const match = RULE.exec(text);
  if (match === null) return undefined;
  const time = match[6] === undefined ? 2 * 3600 : seconds(match[6]);
  if (time === undefined) return undefined;
  if (match[5] !== undefined) {
    const day = Number(match[5]);
    if (match[4] === '') return day > 365 ? undefined : () => day * DAY_SECONDS + time;
    if (day < 1 || day > 365) return undefined;
    return (year) => (day - 1 + (isLeapYear(year) && day >= 60 ? 1 : 0)) * DAY_SECONDS + time;
  }
  const [month, week, weekday] = match.slice(1, 4).map(Number);
  if (month < 1 || month > 12 || week < 1 || week > 5 || weekday > 6) return undefined;
  return (year) => {
    const first = daysOfDate(year, month, 1);
    const next = month === 12 ? daysOfDate(year + 1, 1, 1) : daysOfDate(year, month + 1, 1);
    let day = first + ((weekday - dayOfWeek(first) + 7) % 7);
    for (let n = 1; n < week && day + 7 < next; n++) day += 7;
    return (day - daysOfDate(year, 1, 1)) * DAY_SECONDS + time;
  };
}

function parseRules(text: string): readonly [YearRule, YearRule] | undefined {
  const parts = text.slice(1).split(',');
  const [begin, end] = parts.map(parseRule);
  return parts.length !== 2 || begin === undefined || end === undefined ? undefined : [begin, end];
}

/** A zone in POSIX's form, called as PostgreSQL calls it: in capitals. */
export function parsePosixZone(text: string, name = text.toUpperCase(), history?: History): Zone | undefined {
  const match = FORM.exec(text.toUpperCase());
  if (match === null) return undefined;
  const [, standardName, west, daylightName, daylightWest, rulesText] = match;
  const offset = seconds(west);
  if (offset === undefined) return undefined;
  const standard = { offset: 0 - offset, abbreviation: unquoted(standardName) };
  if (daylightName === undefined || (daylightName === '' && daylightWest === undefined && rulesText === undefined)) {
    return new FixedZone(name, standard.offset, standard.abbreviation);
  }
  const daylightOffset = daylightWest === undefined ? offset - 3600 : seconds(daylightWest);
  const rules = parseRules(rulesText ?? DEFAULT_RULES);
  if (daylightName === '' || daylightOffset === undefined || rules === undefined) return undefined;
  const daylight = { offset: 0 - daylightOffset, abbreviation: unquoted(daylightName) };
  return new RuleZone(name, [standard, daylight], rules, history);
}

function unquoted(name: string): string {
  return name.startsWith('<') ? name.slice(1, -1) : name;
}

// -------------------------------------------------------------------------------- zones of the tz database that are rules

/** Moments (UTC, YYYYMMDDHH) at which daylight time began and ended: at five hours west, before 2007. */
const UNITED_STATES = `
1918033107 1918102706 1919033007 1919102606 1942020907 1945093006 1967043007 1967102906 1968042807 1968102706
1969042707 1969102606 1970042607 1970102506 1971042507 1971103106 1972043007 1972102906 1973042907 1973102806
1974010607 1974102706 1975022307 1975102606 1976042507 1976103106 1977042407 1977103006 1978043007 1978102906
1979042907 1979102806 1980042707 1980102606 1981042607 1981102506 1982042507 1982103106 1983042407 1983103006
1984042907 1984102806 1985042807 1985102706 1986042707 1986102606 1987040507 1987102506 1988040307 1988103006
1989040207 1989102906 1990040107 1990102806 1991040707 1991102706 1992040507 1992102506 1993040407 1993103106
1994040307 1994103006 1995040207 1995102906 1996040707 1996102706 1997040607 1997102606 1998040507 1998102506
1999040407 1999103106 2000040207 2000102906 2001040107 2001102806 2002040707 2002102706 2003040607 2003102606
2004040407 2004103106 2005040307 2005103006 2006040207 2006102906
`;
const UNITED_STATES_YEAR = 2007;

/** Of central Europe, before 1996; those of east and west take part from 1977 on. */
const EUROPE = `
1916043022 1916093023 1917041601 1917091701 1918041501 1918091601 1940040101 1942110201 1943032901 1943100401
1944040301 1944100201 1945040201 1945091601 1977040301 1977092501 1978040201 1978100101 1979040101 1979093001
1980040601 1980092801 1981032901 1981092701 1982032801 1982092601 1983032701 1983092501 1984032501 1984093001
1985033101 1985092901 1986033001 1986092801 1987032901 1987092701 1988032701 1988092501 1989032601 1989092401
1990032501 1990093001 1991033101 1991092901 1992032901 1992092701 1993032801 1993092601 1994032701 1994092501
1995032601 1995092401
`;
const EUROPE_YEAR = 1996;

function moments(text: string): number[] {
  const numbers = text
    .trim()
    .split(/\s+/)
    .map((each) => [each.slice(0, 4), each.slice(4, 6), each.slice(6, 8), each.slice(8)].map(Number));
  return numbers.map(([year, month, day, hour]) => daysOfDate(year, month, day) * DAY_SECONDS + hour * 3600);
}

/** In the Second World War daylight time was war time, and for its last weeks peace time. */
const WAR_BEGIN = daysOfDate(1942, 2, 9) * DAY_SECONDS;
const PEACE_BEGIN = daysOfDate(1945, 8, 14) * DAY_SECONDS + 23 * 3600;
const PEACE_END = daysOfDate(1945, 9, 30) * DAY_SECONDS;

function unitedStates(name: string): Zone | undefined {
  const letter = name[0];
  const west = Number(name[3]);
  const shift = (west - 5) * 3600;
  const changes = moments(UNITED_STATES).map((each) => each + shift);
  const warBegin = changes.find((each) => each >= WAR_BEGIN) ?? WAR_BEGIN;
  const peaceEnd = changes.find((each) => each >= PEACE_END) ?? PEACE_END;
  return parsePosixZone(name, name, {
    changes,
    end: UNITED_STATES_YEAR,
    abbreviationAt(second) {
      if (second < warBegin || second >= peaceEnd) return undefined;
      return second < PEACE_BEGIN ? `${letter}WT` : `${letter}PT`;
    },
  });
}

function europe(rule: string, since: number): (name: string) => Zone | undefined {
  return (name) => {
    const start = daysOfDate(since, 1, 1) * DAY_SECONDS;
    const changes = moments(EUROPE).filter((each) => each >= start);
    return parsePosixZone(rule, name, { changes, end: EUROPE_YEAR, abbreviationAt: () => undefined });
  };
}

const NAMED: ReadonlyMap<string, (name: string) => Zone | undefined> = new Map([
  ['EST', (name) => parsePosixZone('EST5', name)],
  ['MST', (name) => parsePosixZone('MST7', name)],
  ['HST', (name) => parsePosixZone('HST10', name)],
  ['EST5EDT', unitedStates],
  ['CST6CDT', unitedStates],
  ['MST7MDT', unitedStates],
  ['PST8PDT', unitedStates],
  ['CET', europe('CET-1CEST,M3.5.0,M10.5.0/3', 1900)],
  ['MET', europe('MET-1MEST,M3.5.0,M10.5.0/3', 1900)],
  ['WET', europe('WET0WEST,M3.5.0/1,M10.5.0', 1977)],
  ['EET', europe('EET-2EEST,M3.5.0/3,M10.5.0/4', 1977)],
]);

/** A zone of the tz database that is no place; undefined if the name is none of these. */
export function namedRuleZone(text: string): Zone | undefined {
  const name = text.toUpperCase();
  return NAMED.get(name)?.(name);
}
