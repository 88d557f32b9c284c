/** generate_series over integers and numerics. Timestamps: see datetime.ts. */

import { sqlError } from '../../types/errors.ts';
import { Numeric } from '../../types/index.ts';
import type { Int8 } from './integer.ts';
import type { FunctionModule } from './module.ts';

export function zeroStep(): Error {
  return sqlError('22023', 'step size cannot equal zero');
}

function* integers(start: number, stop: number, step = 1): Generator<number> {
  if (step === 0) throw zeroStep();
  if (step > 0) for (let i = start; i <= stop; i += step) yield i;
  else for (let i = start; i >= stop; i += step) yield i;
}

function* bigIntegers(start: bigint, stop: bigint, step: bigint): Generator<Int8> {
  for (let i = start; step > 0n ? i <= stop : i >= stop; i += step) {
    yield i >= -9007199254740991n && i <= 9007199254740991n ? Number(i) : i;
  }
}

/** Plain numbers as long as every value, the one past the end included, is safe. */
function series8(start: Int8, stop: Int8, step: Int8 = 1): Generator<Int8> {
  if (step === 0) throw zeroStep();
  if (typeof start === 'number' && typeof stop === 'number' && typeof step === 'number') {
    if (Number.isSafeInteger(start + step) && Number.isSafeInteger(stop + step)) return integers(start, stop, step);
  }
  return bigIntegers(BigInt(start), BigInt(stop), BigInt(step));
}

function checkSeriesValue(value: Numeric, name: string): void {
  if (value.isNaN) throw sqlError('22023', `${name} cannot be NaN`);
  if (!value.isFinite) throw sqlError('22023', `${name} cannot be infinity`);
}

/** What would come behind the end may be no numeric. */
function* numerics(start: Numeric, stop: Numeric, step: Numeric): Generator<Numeric> {
  const last = stop.sub(step);
  const isBefore = (a: Numeric, b: Numeric): boolean => (step.sign() > 0 ? a.compare(b) <= 0 : a.compare(b) >= 0);
  let i = start;
  for (; isBefore(i, last); i = i.add(step)) yield i;
  if (isBefore(i, stop)) yield i;
}

function numericSeries(start: Numeric, stop: Numeric, step: Numeric = Numeric.ONE): Generator<Numeric> {
  checkSeriesValue(start, 'start value');
  checkSeriesValue(stop, 'stop value');
  checkSeriesValue(step, 'step size');
  if (step.isZero) throw zeroStep();
  return numerics(start, stop, step);
}

export const seriesFunctions: FunctionModule = {
  plain: {
    generate_series_int4: integers,
    generate_series_step_int4: integers,
    generate_series_int8: series8,
    generate_series_step_int8: series8,
    generate_series_numeric: numericSeries,
    generate_series_step_numeric: numericSeries,
  },
};
