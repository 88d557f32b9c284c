/**
 * Built-in functions that PostgreSQL has in SQL, and puts into the statements that call them: calls in their bodies whose arguments may all
 * be constants where not all of the function's are. It computes those before the statement runs (early-constants.ts).
 */
import type { ScalarFunction } from '../catalog/function-entry.ts';
import { functionByOid } from '../catalog/functions/index.ts';
import type { CallExpr } from './expr.ts';

export interface BodyCall {
  readonly function: ScalarFunction;
  /** Which of the outer function's arguments it is given. */
  readonly args: readonly number[];
}

const NONE: readonly BodyCall[] = [];

const SIMILAR_TO_ESCAPE = 1986;
const SUBSTRING_OF_PATTERN = 2073;
const TIMESTAMP_OF_DATE = 2024;
const DATE_PLUS_TIME = 1272;
const TIMESTAMP_PLUS_INTERVAL = 2032;

/** By the internal name of the function: the oids of what its body calls, and the arguments. */
const CALLS: Readonly<Record<string, readonly (readonly [number, readonly number[]])[]>> = {
  substring_text_text_text: [[SIMILAR_TO_ESCAPE, [1, 2]]],
  date_part_text_date: [[TIMESTAMP_OF_DATE, [1]]],
  timestamptz_date_time: [[DATE_PLUS_TIME, [0, 1]]],
  overlaps_timestamp_interval_timestamp_interval: [
    [TIMESTAMP_PLUS_INTERVAL, [0, 1]],
    [TIMESTAMP_PLUS_INTERVAL, [2, 3]],
  ],
  overlaps_timestamp_timestamp_timestamp_interval: [[TIMESTAMP_PLUS_INTERVAL, [2, 3]]],
  overlaps_timestamp_interval_timestamp_timestamp: [[TIMESTAMP_PLUS_INTERVAL, [0, 1]]],
};

const made = new Map<string, readonly BodyCall[]>();

export function bodyCalls({ internalName }: ScalarFunction): readonly BodyCall[] {
  const calls = Object.hasOwn(CALLS, internalName) ? CALLS[internalName] : null;
  if (calls === null) return NONE;
  let known = made.get(internalName);
  if (known === undefined) {
    known = calls.map(([oid, args]) => ({ function: functionByOid(oid) as ScalarFunction, args }));
    made.set(internalName, known);
  }
  return known;
}

/** The body in the place of a call, where it is one: each of its calls asks for all of its arguments before one that is NULL decides. */
export function bodyInPlace(call: CallExpr): CallExpr | null {
  if (call.function.internalName !== 'substring_text_text_text') return null;
  const [escaper, taker] = [SIMILAR_TO_ESCAPE, SUBSTRING_OF_PATTERN].map((oid) => functionByOid(oid) as ScalarFunction);
  const [text, pattern, escapeBy] = call.args;
  return { ...call, function: taker, args: [text, { ...call, function: escaper, args: [pattern, escapeBy] }] };
}

const NO_PAIRS: readonly (readonly [number, number])[] = [];
const OVERLAPS = /^overlaps_([a-z]+)_(interval|\1)_\1_(interval|\1)$/;

/**
 * A start and an interval of which the body uses no more than the sum with it: where the start is a constant NULL, the interval is not
 * computed.
 */
export function spansBesideStarts({ internalName }: ScalarFunction): readonly (readonly [number, number])[] {
  const match = internalName.startsWith('overlaps_') ? OVERLAPS.exec(internalName) : null;
  if (match === null) return NO_PAIRS;
  const pairs: (readonly [number, number])[] = [];
  if (match[2] === 'interval') pairs.push([0, 1]);
  if (match[3] === 'interval') pairs.push([2, 3]);
  return pairs;
}
