/**
 * Distances, intersections and nearest points of geometric values, after PostgreSQL's geo_ops.c: the same formulas in the same
 * order, since their rounding shows in the answers.
 */
import {
  Box,
  isAtLeast,
  isAtMost,
  isLess,
  isMore,
  isSame,
  isZero,
  type Line,
  lineThrough,
  Point,
  type Polygon,
  Segment,
  samePoint,
  slope,
} from '../../types/index.ts';
import { float8Sub as minus, float8Div as over, float8Add as plus, float8Mul as times } from './float.ts';

/** pg_hypot: without overflow on the way. */
export function hypotenuse(x: number, y: number): number {
  if (Math.abs(x) === Infinity || Math.abs(y) === Infinity) return Infinity;
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN;
  const a = Math.max(Math.abs(x), Math.abs(y));
  const b = Math.min(Math.abs(x), Math.abs(y));
  if (b === 0) return a;
  const ratio = b / a;
  return times(a, Math.sqrt(1 + ratio * ratio));
}

export function distance(a: Point, b: Point): number {
  return hypotenuse(minus(a.x, b.x), minus(a.y, b.y));
}

export function middle(a: Point, b: Point): Point {
  return new Point(over(plus(a.x, b.x), 2), over(plus(a.y, b.y), 2));
}

export function addPoints(a: Point, b: Point): Point {
  return new Point(plus(a.x, b.x), plus(a.y, b.y));
}

export function subtractPoints(a: Point, b: Point): Point {
  return new Point(minus(a.x, b.x), minus(a.y, b.y));
}

/** As complex numbers: turns and scales. */
export function multiplyPoints(a: Point, b: Point): Point {
  return new Point(minus(times(a.x, b.x), times(a.y, b.y)), plus(times(a.x, b.y), times(a.y, b.x)));
}

export function dividePoints(a: Point, b: Point): Point {
  const divisor = plus(times(b.x, b.x), times(b.y, b.y));
  return new Point(
    over(plus(times(a.x, b.x), times(a.y, b.y)), divisor),
    over(minus(times(a.y, b.x), times(a.x, b.y)), divisor),
  );
}

/** Slope of what is perpendicular to the line from a to b. */
export function inverseSlope(a: Point, b: Point): number {
  if (isSame(a.x, b.x)) return 0;
  return isSame(a.y, b.y) ? Infinity : over(minus(a.x, b.x), minus(b.y, a.y));
}

function inverseSlopeOfLine(line: Line): number {
  if (isZero(line.a)) return Infinity;
  return isZero(line.b) ? 0 : over(line.b, line.a);
}

function lineOf(segment: Segment): Line {
  return lineThrough(segment.a, slope(segment.a, segment.b));
}

export function linesMeet(l1: Line, l2: Line): Point | null {
  let x: number;
  let y: number;
  if (!isZero(l1.b)) {
    if (isSame(l2.a, times(l1.a, over(l2.b, l1.b)))) return null;
    x = over(minus(times(l1.b, l2.c), times(l2.b, l1.c)), minus(times(l1.a, l2.b), times(l2.a, l1.b)));
    y = over(-plus(times(l1.a, x), l1.c), l1.b);
  } else if (!isZero(l2.b)) {
    if (isSame(l1.a, times(l2.a, over(l1.b, l2.b)))) return null;
    x = over(minus(times(l2.b, l1.c), times(l1.b, l2.c)), minus(times(l2.a, l1.b), times(l1.a, l2.b)));
    y = over(-plus(times(l2.a, x), l2.c), l2.b);
  } else return null;
  return new Point(x + 0, y + 0);
}

export function segmentContains(segment: Segment, point: Point): boolean {
  // Added without a look at overflow.
  return isSame(distance(point, segment.a) + distance(point, segment.b), distance(segment.a, segment.b));
}

export function lineContains(line: Line, point: Point): boolean {
  return isZero(plus(plus(times(line.a, point.x), times(line.b, point.y)), line.c));
}

export function segmentMeetsLine(segment: Segment, line: Line): Point | null {
  const point = linesMeet(lineOf(segment), line);
  if (point === null || !segmentContains(segment, point)) return null;
  // An end of the segment is answered as it is, without what rounding made of it.
  if (samePoint(segment.a, point)) return segment.a;
  return samePoint(segment.b, point) ? segment.b : point;
}

export function segmentsMeet(a: Segment, b: Segment): Point | null {
  const point = segmentMeetsLine(a, lineOf(b));
  return point !== null && segmentContains(b, point) ? point : null;
}

/** A point of something, and how far it is from something else. */
export interface Nearest {
  readonly point: Point;
  readonly distance: number;
}

function nearer(a: Nearest, b: Nearest): Nearest {
  return b.distance < a.distance ? b : a;
}

export function nearestOnLine(line: Line, point: Point): Nearest {
  const found = linesMeet(lineThrough(point, inverseSlopeOfLine(line)), line);
  return found === null ? { point, distance: Number.NaN } : { point: found, distance: distance(found, point) };
}

export function nearestToLine(segment: Segment, line: Line): Nearest {
  const found = segmentMeetsLine(segment, line);
  if (found !== null) return { point: found, distance: 0 };
  const fromA = nearestOnLine(line, segment.a).distance;
  const fromB = nearestOnLine(line, segment.b).distance;
  return fromA < fromB ? { point: segment.a, distance: fromA } : { point: segment.b, distance: fromB };
}

export function nearestOnSegment(segment: Segment, point: Point): Nearest {
  const perpendicular = lineThrough(point, inverseSlope(segment.a, segment.b));
  const found = nearestToLine(segment, perpendicular).point;
  return { point: found, distance: distance(found, point) };
}

/** The point of `on` that is nearest to `other`. */
export function nearestOfSegments(on: Segment, other: Segment): Nearest {
  const found = segmentsMeet(on, other);
  if (found !== null) return { point: found, distance: 0 };
  let best = nearer(nearestOnSegment(on, other.a), nearestOnSegment(on, other.b));
  best = nearer(best, { point: on.a, distance: nearestOnSegment(other, on.a).distance });
  return nearer(best, { point: on.b, distance: nearestOnSegment(other, on.b).distance });
}

export function boxContains(box: Box, point: Point): boolean {
  return box.high.x >= point.x && box.low.x <= point.x && box.high.y >= point.y && box.low.y <= point.y;
}

export function boxesOverlap(a: Box, b: Box): boolean {
  return (
    isAtMost(a.low.x, b.high.x) &&
    isAtMost(b.low.x, a.high.x) &&
    isAtMost(a.low.y, b.high.y) &&
    isAtMost(b.low.y, a.high.y)
  );
}

export function boxContainsBox(a: Box, b: Box): boolean {
  return (
    isAtLeast(a.high.x, b.high.x) &&
    isAtMost(a.low.x, b.low.x) &&
    isAtLeast(a.high.y, b.high.y) &&
    isAtMost(a.low.y, b.low.y)
  );
}

export function centerOfBox(box: Box): Point {
  return middle(box.high, box.low);
}

/** In geo_ops.c's order: left, upper, lower and right side. */
export function sidesOf(box: Box): Segment[] {
  const upperLeft = new Point(box.low.x, box.high.y);
  const lowerRight = new Point(box.high.x, box.low.y);
  return [
    new Segment(box.low, upperLeft),
    new Segment(box.high, upperLeft),
    new Segment(box.low, lowerRight),
    new Segment(box.high, lowerRight),
  ];
}

export function boxMeetsSegment(box: Box, segment: Segment): boolean {
  if (!boxesOverlap(new Box(segment.a, segment.b), box)) return false;
  if (boxContains(box, segment.a) || boxContains(box, segment.b)) return true;
  return sidesOf(box).some((side) => segmentsMeet(side, segment) !== null);
}

export function nearestOnBox(box: Box, point: Point): Nearest {
  if (boxContains(box, point)) return { point, distance: 0 };
  return sidesOf(box)
    .map((side) => nearestOnSegment(side, point))
    .reduce(nearer);
}

/** The point of the box nearest to the segment; of one that meets it, the segment's point nearest to the box's center. */
export function nearestOfBox(box: Box, segment: Segment): Nearest {
  if (boxMeetsSegment(box, segment)) {
    return { point: nearestOnSegment(segment, centerOfBox(box)).point, distance: 0 };
  }
  return sidesOf(box)
    .map((side) => nearestOfSegments(side, segment))
    .reduce(nearer);
}

const ON_EDGE = Number.MAX_SAFE_INTEGER;

/** How the step from the previous to this corner crosses the positive x axis, twice counted; ON_EDGE when 0,0 is on it. */
function crossing(x: number, y: number, previousX: number, previousY: number): number {
  if (isZero(y)) {
    if (isZero(x)) return ON_EDGE;
    if (isMore(x, 0)) {
      if (isZero(previousY)) return isMore(previousX, 0) ? 0 : ON_EDGE;
      return isLess(previousY, 0) ? 1 : -1;
    }
    if (isZero(previousY)) return isLess(previousX, 0) ? 0 : ON_EDGE;
    return 0;
  }
  const sign = isMore(y, 0) ? 1 : -1;
  if (isZero(previousY)) return isLess(previousX, 0) ? 0 : sign;
  if ((sign < 0 && isLess(previousY, 0)) || (sign > 0 && isMore(previousY, 0))) return 0;
  if (isAtLeast(x, 0) && isMore(previousX, 0)) return 2 * sign;
  if (isLess(x, 0) && isAtMost(previousX, 0)) return 0;
  const z = minus(times(minus(x, previousX), y), times(minus(y, previousY), x));
  if (isZero(z)) return ON_EDGE;
  if ((sign < 0 && isLess(z, 0)) || (sign > 0 && isMore(z, 0))) return 0;
  return 2 * sign;
}

/** Whether the point is within the corners or on an edge. */
export function isInside(point: Point, corners: readonly Point[]): boolean {
  const relative = corners.map((corner) => subtractPoints(corner, point));
  let total = 0;
  for (let i = 1; i <= relative.length; i++) {
    const { x, y } = relative[i % relative.length];
    const previous = relative[i - 1];
    const cross = crossing(x, y, previous.x, previous.y);
    if (cross === ON_EDGE) return true;
    total += cross;
  }
  return total !== 0;
}

/** Edges of closed corners; the first is from the last corner to the first. */
export function edgesOf(corners: readonly Point[]): Segment[] {
  return corners.map((corner, i) => new Segment(corners[(i + corners.length - 1) % corners.length], corner));
}

/** Whether the segment lies within the polygon, of which edges before `start` have been looked at. */
export function polygonContainsSegment(polygon: Polygon, a: Point, b: Point, start = 0): boolean {
  const { points } = polygon;
  const tested = new Segment(a, b);
  let isWithin = true;
  let hasMet = false;
  let from = points[start === 0 ? points.length - 1 : start - 1];
  for (let i = start; i < points.length && isWithin; i++) {
    const edge = new Segment(from, points[i]);
    if (segmentContains(edge, a)) {
      if (segmentContains(edge, b)) return true;
      isWithin = isTouchingWithin(polygon, a, b, edge, i + 1);
    } else if (segmentContains(edge, b)) {
      isWithin = isTouchingWithin(polygon, b, a, edge, i + 1);
    } else {
      const point = segmentsMeet(tested, edge);
      if (point !== null) {
        hasMet = true;
        isWithin = polygonContainsSegment(polygon, a, point, i + 1) && polygonContainsSegment(polygon, b, point, i + 1);
      }
    }
    from = points[i];
  }
  return isWithin && !hasMet ? isInside(middle(a, b), points) : isWithin;
}

/** The same where `a` is on the edge, and `b` is not. */
function isTouchingWithin(polygon: Polygon, a: Point, b: Point, edge: Segment, start: number): boolean {
  const tested = new Segment(a, b);
  if (samePoint(a, edge.a)) {
    return !segmentContains(tested, edge.b) || polygonContainsSegment(polygon, b, edge.b, start);
  }
  if (samePoint(a, edge.b)) {
    return !segmentContains(tested, edge.a) || polygonContainsSegment(polygon, b, edge.a, start);
  }
  if (segmentContains(tested, edge.a)) return polygonContainsSegment(polygon, b, edge.a, start);
  if (segmentContains(tested, edge.b)) return polygonContainsSegment(polygon, b, edge.b, start);
  return true;
}
