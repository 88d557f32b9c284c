/** Points, segments, boxes and lines as arrays of fixed length: what their subscripts, from 0, stand for. */
import { sqlError } from './errors.ts';
import { Box, Line, Point, Segment } from './geometry.ts';
import type { Value } from './value.ts';

export type Divisible = Point | Segment | Box | Line;

export function partsOf(whole: Divisible): readonly Value[] {
  if (whole instanceof Point) return [whole.x, whole.y];
  if (whole instanceof Box) return [whole.high, whole.low];
  return whole instanceof Line ? [whole.a, whole.b, whole.c] : [whole.a, whole.b];
}

/** whole[at] := part. No part of it can be null, and of nothing there are no parts: then it stays as it is. */
export function assignPart(whole: Divisible | null, subscripts: readonly number[], part: Value): Divisible | null {
  if (whole === null || part === null) return whole;
  if (subscripts.length !== 1) throw sqlError('2202E', 'wrong number of array subscripts');
  const [at] = subscripts;
  const parts = partsOf(whole).slice();
  if (at < 0 || at >= parts.length) throw sqlError('2202E', 'array subscript out of range');
  parts[at] = part;
  const [a, b, c] = parts;
  if (whole instanceof Point) return new Point(a, b);
  if (whole instanceof Box) return new Box(a, b, true);
  return whole instanceof Line ? new Line(a, b, c) : new Segment(a, b);
}
