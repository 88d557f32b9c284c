/** Rounding of times to the digits after the second that their type asks for, and of intervals to their fields. */
import { sqlError } from '../errors.ts';
import {
  INTERVAL_DAY,
  INTERVAL_FULL_PRECISION,
  INTERVAL_FULL_RANGE,
  INTERVAL_HOUR,
  INTERVAL_MINUTE,
  INTERVAL_MONTH,
  INTERVAL_SECOND,
  INTERVAL_YEAR,
  intervalFields,
  intervalPrecision,
} from '../typmod.ts';
import { Interval, type Micros } from './interval.ts';
import { TimeTz } from './time-tz.ts';

const UNITS: readonly number[] = [1_000_000, 100_000, 10_000, 1000, 100, 10, 1];

/** Microseconds rounded half away from zero to 0..6 digits; infinities stay. */
export function roundMicros(micros: Micros, precision: number): Micros {
  if (precision < 0 || precision >= 6) return micros;
  const unit = UNITS[precision];
  if (typeof micros === 'bigint') {
    const big = BigInt(unit);
    const half = big / 2n;
    return micros >= 0n ? ((micros + half) / big) * big : -((-micros + half) / big) * big;
  }
  const rest = micros % unit;
  if (rest === 0 || Number.isNaN(rest)) return micros;
  const cut = micros - rest;
  if (rest >= 0) return (rest * 2 >= unit ? cut + unit : cut) + 0;
  return (-rest * 2 >= unit ? cut - unit : cut) + 0;
}

export function coerceTimeTz(value: TimeTz, typmod: number): TimeTz {
  const micros = roundMicros(value.micros, typmod) as number;
  return micros === value.micros ? value : new TimeTz(micros, value.offset);
}

const HOUR_MICROS = 3_600_000_000;
const MINUTE_MICROS = 60_000_000;

/** Cuts an interval to the fields of its type (YEAR TO MONTH, DAY TO HOUR ...), and rounds its seconds. */
export function coerceInterval(value: Interval, typmod: number): Interval {
  if (typmod < 0) return value;
  let { months, days, micros } = value;
  const fields = intervalFields(typmod);
  if (fields !== INTERVAL_FULL_RANGE) {
    switch (fields) {
      case INTERVAL_YEAR:
        months = Math.trunc(months / 12) * 12;
        days = 0;
        micros = 0;
        break;
      case INTERVAL_MONTH:
      case INTERVAL_YEAR | INTERVAL_MONTH:
        days = 0;
        micros = 0;
        break;
      case INTERVAL_DAY:
        micros = 0;
        break;
      case INTERVAL_HOUR:
      case INTERVAL_DAY | INTERVAL_HOUR:
        micros = truncateTo(micros, HOUR_MICROS);
        break;
      case INTERVAL_MINUTE:
      case INTERVAL_DAY | INTERVAL_HOUR | INTERVAL_MINUTE:
      case INTERVAL_HOUR | INTERVAL_MINUTE:
        micros = truncateTo(micros, MINUTE_MICROS);
        break;
      case INTERVAL_SECOND:
      case INTERVAL_DAY | INTERVAL_HOUR | INTERVAL_MINUTE | INTERVAL_SECOND:
      case INTERVAL_HOUR | INTERVAL_MINUTE | INTERVAL_SECOND:
      case INTERVAL_MINUTE | INTERVAL_SECOND:
        break;
      default:
        throw sqlError('XX000', `unrecognized interval typmod: ${typmod}`);
    }
  }
  const precision = intervalPrecision(typmod);
  if (precision !== INTERVAL_FULL_PRECISION) micros = roundMicros(micros, precision);
  return new Interval(months + 0, days, micros);
}

function truncateTo(micros: Micros, unit: number): Micros {
  if (typeof micros === 'bigint') return micros - (micros % BigInt(unit));
  return micros - (micros % unit) + 0;
}
