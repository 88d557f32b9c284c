/**
 * Week, year and day of the ISO calendar of an interval's parts, which PostgreSQL takes as if they were a date: by its own steps, in
 * 32 bits, since no calendar has such dates.
 */

export interface IsoParts {
  readonly year: number;
  readonly week: number;
  readonly dayOfYear: number;
}

const quotient = (a: number, b: number): number => Math.trunc(a / b);

/** date2j */
export function julianDay(year: number, month: number, day: number): number {
  const years = year + (month > 2 ? 4800 : 4799);
  const months = month > 2 ? month + 1 : month + 13;
  const century = quotient(years, 100);
  const leaps = quotient(years, 4) - century + quotient(century, 4);
  return (years * 365 - 32167 + leaps + quotient(7834 * months, 256) + day) | 0;
}

/** The Monday of the week with January 4th. */
function yearStart(year: number): number {
  const fourth = julianDay(year, 1, 4);
  return fourth - (((fourth % 7) + 7) % 7);
}

export function isoPartsOfInterval(year: number, month: number, day: number): IsoParts {
  const julian = julianDay(year, month, day);
  const weekFrom = (start: number): number => quotient((julian - start) | 0, 7) + 1;
  const isBefore = julian < yearStart(year);
  const week = weekFrom(yearStart(isBefore ? year - 1 : year));
  // For its year the next one is that behind the year which it was put into; for its week that behind its own.
  let isoYear = isBefore ? year - 1 : year;
  if (week >= 52 && julian >= yearStart(isoYear + 1)) isoYear++;
  const next = yearStart(year + 1);
  const dayOfYear = (julian - yearStart(isoYear) + 1) | 0;
  return { year: isoYear, week: week >= 52 && julian >= next ? weekFrom(next) : week, dayOfYear };
}
