/**
 * Intervals: months, days and microseconds are kept apart, since a month is not a number of days nor a day of hours.
 * Comparison takes 30 days a month and 24 hours a day.
 */

/** Microseconds: a number while it is a safe integer, else a bigint. */
export type Micros = number | bigint;

export class Interval {
  readonly months: number;
  readonly days: number;
  readonly micros: Micros;

  constructor(months: number, days: number, micros: Micros) {
    this.months = months;
    this.days = days;
    this.micros = micros;
  }
}
