/**
 * Dates and times in DateStyle ISO, written as ASCII digits: what output.ts makes, without the string. Each function answers where it
 * came to; the caller has made room (ISO_SIZE_MAX) and asks for finite values only.
 */
import { DAY_MICROS, datePart, dayOfMicros, SECOND_MICROS, splitDays, timeOfMicros } from './calendar.ts';
import { sessionZone, UTC } from './zone.ts';

function writePair(bytes: Uint8Array, at: number, value: number): number {
  const tens = (value / 10) | 0;
  bytes[at] = 48 + tens;
  bytes[at + 1] = 48 + value - tens * 10;
  return at + 2;
}

function writeDigits(bytes: Uint8Array, at: number, value: number): number {
  const text = String(value);
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}

/** The date whose digits are in `lastDate`. */
let lastDay = Number.NaN;
const lastDate = new Uint8Array(10);

function writeDay(bytes: Uint8Array, at: number, day: number): number {
  if (day !== lastDay) {
    splitDays(day);
    const { year, month, day: dayOfMonth } = datePart;
    const shown = year > 0 ? year : 1 - year;
    if (shown > 9999) {
      let end = writeDigits(bytes, at, shown);
      bytes[end] = 45;
      end = writePair(bytes, end + 1, month);
      bytes[end] = 45;
      return writePair(bytes, end + 1, dayOfMonth);
    }
    const century = (shown / 100) | 0;
    writePair(lastDate, 0, century);
    writePair(lastDate, 2, shown - century * 100);
    lastDate[4] = 45;
    writePair(lastDate, 5, month);
    lastDate[7] = 45;
    writePair(lastDate, 8, dayOfMonth);
    lastDay = day;
  }
  for (let i = 0; i < 10; i++) bytes[at + i] = lastDate[i];
  return at + 10;
}

function writeEra(bytes: Uint8Array, at: number, day: number): number {
  if (day >= -730119) return at;
  bytes[at] = 32;
  bytes[at + 1] = 66;
  bytes[at + 2] = 67;
  return at + 3;
}

export function writeIsoDate(bytes: Uint8Array, at: number, day: number): number {
  return writeEra(bytes, writeDay(bytes, at, day), day);
}

/** A time of day up to 24:00:00. */
export function writeIsoTime(bytes: Uint8Array, at: number, micros: number): number {
  const seconds = Math.floor(micros / SECOND_MICROS);
  const minutes = (seconds / 60) | 0;
  const hours = (minutes / 60) | 0;
  writePair(bytes, at, hours);
  bytes[at + 2] = 58;
  writePair(bytes, at + 3, minutes - hours * 60);
  bytes[at + 5] = 58;
  let end = writePair(bytes, at + 6, seconds - minutes * 60);
  const fraction = micros - seconds * SECOND_MICROS;
  if (fraction === 0) return end;
  bytes[end] = 46;
  const high = (fraction / 10_000) | 0;
  const rest = fraction - high * 10_000;
  const middle = (rest / 100) | 0;
  writePair(bytes, end + 1, high);
  writePair(bytes, end + 3, middle);
  end = writePair(bytes, end + 5, rest - middle * 100);
  while (bytes[end - 1] === 48) end--;
  return end;
}

export function writeIsoTimestamp(bytes: Uint8Array, at: number, micros: number): number {
  const day = dayOfMicros(micros);
  const end = writeDay(bytes, at, day);
  bytes[end] = 32;
  return writeEra(bytes, writeIsoTime(bytes, end + 1, timeOfMicros(micros, day)), day);
}

function writeOffset(bytes: Uint8Array, at: number, offset: number): number {
  const magnitude = offset < 0 ? -offset : offset;
  const minutes = ((magnitude / 60) | 0) % 60;
  const seconds = magnitude % 60;
  bytes[at] = offset < 0 ? 45 : 43;
  let end = writePair(bytes, at + 1, (magnitude / 3600) | 0);
  if (minutes !== 0 || seconds !== 0) {
    bytes[end] = 58;
    end = writePair(bytes, end + 1, minutes);
  }
  if (seconds !== 0) {
    bytes[end] = 58;
    end = writePair(bytes, end + 1, seconds);
  }
  return end;
}

export function writeIsoTimestampTz(bytes: Uint8Array, at: number, micros: number, timeZone: string): number {
  const zone = timeZone === 'UTC' ? UTC : sessionZone(timeZone);
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
  const end = writeDay(bytes, at, day);
  bytes[end] = 32;
  return writeEra(bytes, writeOffset(bytes, writeIsoTime(bytes, end + 1, time), offset), day);
}
