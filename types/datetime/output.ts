/**
 * Dates and times as text, in the four DateStyles. ISO is built from ready pairs of digits, and the date of the last value is
 * kept, since the values of a column tend to lie close together.
 */
import type { FormatSettings } from '../settings.ts';
import { DAY_MICROS, datePart, dayOfMicros, dayOfWeek, SECOND_MICROS, splitDays, timeOfMicros } from './calendar.ts';
import type { Micros } from './interval.ts';
import type { TimeTz } from './time-tz.ts';
import { sessionZone, UTC } from './zone.ts';

/** '00' to '99'. */
const PAIRS: readonly string[] = Array.from({ length: 100 }, (_, i) => (i < 10 ? '0' + i : '' + i));
const DAY_NAMES: readonly string[] = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTH_NAMES: readonly string[] = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

function yearText(year: number): string {
  const shown = year > 0 ? year : 1 - year;
  if (shown > 9999) return '' + shown;
  const century = (shown / 100) | 0;
  return PAIRS[century] + PAIRS[shown - century * 100];
}

let lastDay = Number.NaN;
let lastDate = '';

/** yyyy-mm-dd, without the era. */
function isoDate(day: number): string {
  if (day === lastDay) return lastDate;
  splitDays(day);
  lastDay = day;
  lastDate = yearText(datePart.year) + '-' + PAIRS[datePart.month] + '-' + PAIRS[datePart.day];
  return lastDate;
}

/** Before year 1. */
function isBc(day: number): boolean {
  return day < -730119;
}

/** hh:mm:ss[.ffffff] of a time of day up to 24:00:00. */
export function outputTime(micros: number): string {
  const seconds = Math.floor(micros / SECOND_MICROS);
  const minutes = (seconds / 60) | 0;
  const hours = (minutes / 60) | 0;
  const text = PAIRS[hours] + ':' + PAIRS[minutes - hours * 60] + ':' + PAIRS[seconds - minutes * 60];
  const fraction = micros - seconds * SECOND_MICROS;
  return fraction === 0 ? text : text + fractionText(fraction);
}

/** .5, .000001: microseconds of a second without zeros at the end. */
export function fractionText(fraction: number): string {
  const high = (fraction / 10_000) | 0;
  const rest = fraction - high * 10_000;
  const middle = (rest / 100) | 0;
  const text = '.' + PAIRS[high] + PAIRS[middle] + PAIRS[rest - middle * 100];
  let end = 7;
  while (text.charCodeAt(end - 1) === 48) end--;
  return end === 7 ? text : text.slice(0, end);
}

/** +hh, +hh:mm, +hh:mm:ss. */
export function offsetText(offset: number): string {
  const magnitude = offset < 0 ? -offset : offset;
  const hours = (magnitude / 3600) | 0;
  const minutes = ((magnitude / 60) | 0) % 60;
  const seconds = magnitude % 60;
  let text = (offset < 0 ? '-' : '+') + (PAIRS[hours] ?? String(hours));
  if (minutes !== 0 || seconds !== 0) text += ':' + PAIRS[minutes];
  if (seconds !== 0) text += ':' + PAIRS[seconds];
  return text;
}

export function outputDate(day: number, settings: FormatSettings): string {
  if (day - day !== 0) return day > 0 ? 'infinity' : '-infinity';
  let text: string;
  if (settings.dateStyle === 'ISO') text = isoDate(day);
  else {
    const separator = settings.dateStyle === 'SQL' ? '/' : settings.dateStyle === 'German' ? '.' : '-';
    text = dayAndMonth(day, settings, separator) + separator + yearText(datePart.year);
  }
  return isBc(day) ? text + ' BC' : text;
}

/** dd/mm or mm/dd; datePart stays. */
function dayAndMonth(day: number, settings: FormatSettings, separator: string): string {
  splitDays(day);
  const dayFirst = settings.dateStyle === 'German' || settings.dateOrder === 'DMY';
  const first = dayFirst ? datePart.day : datePart.month;
  const second = dayFirst ? datePart.month : datePart.day;
  return PAIRS[first] + separator + PAIRS[second];
}

export function outputTimestamp(micros: Micros, settings: FormatSettings): string {
  if (micros === Infinity) return 'infinity';
  if (micros === -Infinity) return '-infinity';
  const day = dayOfMicros(micros);
  const time = timeOfMicros(micros, day);
  if (settings.dateStyle !== 'ISO') return styledTimestamp(day, time, settings, '');
  const text = isoDate(day) + ' ' + outputTime(time);
  return isBc(day) ? text + ' BC' : text;
}

export function outputTimestampTz(micros: Micros, settings: FormatSettings): string {
  if (micros === Infinity) return 'infinity';
  if (micros === -Infinity) return '-infinity';
  const zone = settings.timeZone === 'UTC' ? UTC : sessionZone(settings.timeZone);
  const offset = zone.offsetAt(micros);
  let day = dayOfMicros(micros);
  let time = timeOfMicros(micros, day) + offset * SECOND_MICROS;
  if (time < 0) {
    time += DAY_MICROS;
    day--;
  } else if (time >= DAY_MICROS) {
    time -= DAY_MICROS;
    day++;
  }
  if (settings.dateStyle !== 'ISO') return styledTimestamp(day, time, settings, ' ' + zone.abbreviationAt(micros));
  const text = isoDate(day) + ' ' + outputTime(time) + (offset === 0 ? '+00' : offsetText(offset));
  return isBc(day) ? text + ' BC' : text;
}

/** SQL, German and Postgres styles; `zone` comes with its blank. */
function styledTimestamp(day: number, time: number, settings: FormatSettings, zone: string): string {
  let text: string;
  if (settings.dateStyle === 'Postgres') {
    splitDays(day);
    const month = MONTH_NAMES[datePart.month - 1];
    const date = settings.dateOrder === 'DMY' ? `${PAIRS[datePart.day]} ${month}` : `${month} ${PAIRS[datePart.day]}`;
    text = `${DAY_NAMES[dayOfWeek(day)]} ${date} ${outputTime(time)} ${yearText(datePart.year)}${zone}`;
  } else {
    const separator = settings.dateStyle === 'SQL' ? '/' : '.';
    text = dayAndMonth(day, settings, separator) + separator + yearText(datePart.year) + ' ' + outputTime(time) + zone;
  }
  return isBc(day) ? text + ' BC' : text;
}

export function outputTimeTz(value: TimeTz): string {
  return outputTime(value.micros) + offsetText(value.offset);
}
