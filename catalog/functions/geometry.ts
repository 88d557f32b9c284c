/** Functions and operators of point, lseg, line, box and circle (manual 9.11). Of path and polygon: geometry-shapes.ts. */
import {
  Box,
  Circle,
  isAtLeast,
  isAtMost,
  isDifferent,
  isLess,
  isMore,
  isSame,
  isZero,
  type Line,
  lineThrough,
  Point,
  Segment,
  samePoint,
  slope,
  sqlError,
} from '../../types/index.ts';
import { float8Sub as minus, float8Div as over, float8Add as plus, float8Mul as times } from './float.ts';
import {
  addPoints,
  boxContains,
  boxContainsBox,
  boxesOverlap,
  boxMeetsSegment,
  centerOfBox,
  distance,
  dividePoints,
  hypotenuse,
  inverseSlope,
  lineContains,
  linesMeet,
  middle,
  multiplyPoints,
  nearestOfBox,
  nearestOfSegments,
  nearestOnBox,
  nearestOnLine,
  nearestOnSegment,
  nearestToLine,
  segmentContains,
  segmentMeetsLine,
  segmentsMeet,
  sidesOf,
  subtractPoints,
} from './geometry-math.ts';
import type { AnyFunction, FunctionModule } from './module.ts';

type Functions = Readonly<Record<string, AnyFunction>>;

/** <, <=, =, >=, > by a size, as far as the epsilon tells. */
function bySize(prefix: string, size: (value: never) => number): Functions {
  const compare =
    (test: (a: number, b: number) => boolean): AnyFunction =>
    (a: never, b: never) =>
      test(size(a), size(b));
  return {
    [`${prefix}_lt`]: compare(isLess),
    [`${prefix}_le`]: compare(isAtMost),
    [`${prefix}_ge`]: compare(isAtLeast),
    [`${prefix}_gt`]: compare(isMore),
  };
}

const points: Functions = {
  construct_point: (x: number, y: number) => new Point(x, y),
  point_left: (a: Point, b: Point) => isLess(a.x, b.x),
  point_right: (a: Point, b: Point) => isMore(a.x, b.x),
  point_above: (a: Point, b: Point) => isMore(a.y, b.y),
  point_below: (a: Point, b: Point) => isLess(a.y, b.y),
  point_vert: (a: Point, b: Point) => isSame(a.x, b.x),
  point_horiz: (a: Point, b: Point) => isSame(a.y, b.y),
  point_eq: samePoint,
  point_ne: (a: Point, b: Point) => !samePoint(a, b),
  point_distance: distance,
  point_slope: slope,
  point_add: addPoints,
  point_sub: subtractPoints,
  point_mul: multiplyPoints,
  point_div: dividePoints,
  point_box: (a: Point) => new Box(a, a),
  points_box: (a: Point, b: Point) => new Box(a, b),
};

const length = (segment: Segment): number => distance(segment.a, segment.b);
const sameSegment = (s: Segment, t: Segment): boolean => samePoint(s.a, t.a) && samePoint(s.b, t.b);

const segments: Functions = {
  lseg_construct: (a: Point, b: Point) => new Segment(a, b),
  lseg_length: length,
  lseg_center: (s: Segment) => middle(s.a, s.b),
  lseg_eq: sameSegment,
  lseg_ne: (s: Segment, t: Segment) => !sameSegment(s, t),
  ...bySize('lseg', length),
  lseg_parallel: (s: Segment, t: Segment) => isSame(slope(s.a, s.b), slope(t.a, t.b)),
  lseg_perp: (s: Segment, t: Segment) => isSame(slope(s.a, s.b), inverseSlope(t.a, t.b)),
  lseg_vertical: (s: Segment) => isSame(s.a.x, s.b.x),
  lseg_horizontal: (s: Segment) => isSame(s.a.y, s.b.y),
  lseg_intersect: (s: Segment, t: Segment) => segmentsMeet(s, t) !== null,
  lseg_interpt: segmentsMeet,
  lseg_distance: (s: Segment, t: Segment) => nearestOfSegments(s, t).distance,
};

function linesPerpendicular(l: Line, m: Line): boolean {
  if (isZero(l.a)) return isZero(m.b);
  if (isZero(m.a)) return isZero(l.b);
  if (isZero(l.b)) return isZero(m.a);
  if (isZero(m.b)) return isZero(l.a);
  return isSame(over(times(l.a, m.a), times(l.b, m.b)), -1);
}

function sameLine(l: Line, m: Line): boolean {
  const parts = [l.a, l.b, l.c, m.a, m.b, m.c];
  if (parts.some(Number.isNaN)) return [0, 1, 2].every((i) => Object.is(parts[i] + 0, parts[i + 3] + 0));
  const ratio = !isZero(m.a) ? over(l.a, m.a) : !isZero(m.b) ? over(l.b, m.b) : !isZero(m.c) ? over(l.c, m.c) : 1;
  return isSame(l.a, times(ratio, m.a)) && isSame(l.b, times(ratio, m.b)) && isSame(l.c, times(ratio, m.c));
}

function lineDistance(l: Line, m: Line): number {
  if (linesMeet(l, m) !== null) return 0;
  const isUsable = (a: number): boolean => !isZero(a) && !Number.isNaN(a);
  let ratio = 1;
  if (isUsable(l.a) && isUsable(m.a)) ratio = over(l.a, m.a);
  else if (isUsable(l.b) && isUsable(m.b)) ratio = over(l.b, m.b);
  return over(Math.abs(minus(l.c, times(ratio, m.c))), hypotenuse(l.a, l.b));
}

const lines: Functions = {
  line_construct_pp: (a: Point, b: Point) => {
    if (samePoint(a, b)) throw sqlError('22023', 'invalid line specification: must be two distinct points');
    return lineThrough(a, slope(a, b));
  },
  line_intersect: (l: Line, m: Line) => linesMeet(l, m) !== null,
  line_interpt: linesMeet,
  line_parallel: (l: Line, m: Line) => linesMeet(l, m) === null,
  line_perp: linesPerpendicular,
  line_vertical: (l: Line) => isZero(l.b),
  line_horizontal: (l: Line) => isZero(l.a),
  line_eq: sameLine,
  line_distance: lineDistance,
};

const width = (box: Box): number => minus(box.high.x, box.low.x);
const height = (box: Box): number => minus(box.high.y, box.low.y);
const area = (box: Box): number => times(width(box), height(box));

function intersection(a: Box, b: Box): Box | null {
  if (!boxesOverlap(a, b)) return null;
  return new Box(
    new Point(Math.min(a.high.x, b.high.x), Math.min(a.high.y, b.high.y)),
    new Point(Math.max(a.low.x, b.low.x), Math.max(a.low.y, b.low.y)),
  );
}

const boxes: Functions = {
  box_same: (a: Box, b: Box) => samePoint(a.high, b.high) && samePoint(a.low, b.low),
  box_overlap: boxesOverlap,
  box_left: (a: Box, b: Box) => isLess(a.high.x, b.low.x),
  box_overleft: (a: Box, b: Box) => isAtMost(a.high.x, b.high.x),
  box_right: (a: Box, b: Box) => isMore(a.low.x, b.high.x),
  box_overright: (a: Box, b: Box) => isAtLeast(a.low.x, b.low.x),
  box_below: (a: Box, b: Box) => isLess(a.high.y, b.low.y),
  box_overbelow: (a: Box, b: Box) => isAtMost(a.high.y, b.high.y),
  box_above: (a: Box, b: Box) => isMore(a.low.y, b.high.y),
  box_overabove: (a: Box, b: Box) => isAtLeast(a.low.y, b.low.y),
  box_below_eq: (a: Box, b: Box) => isAtMost(a.high.y, b.low.y),
  box_above_eq: (a: Box, b: Box) => isAtLeast(a.low.y, b.high.y),
  box_contain: boxContainsBox,
  box_contained: (a: Box, b: Box) => boxContainsBox(b, a),
  box_contain_pt: boxContains,
  on_pb: (point: Point, box: Box) => boxContains(box, point),
  ...bySize('box', area),
  box_eq: (a: Box, b: Box) => isSame(area(a), area(b)),
  box_area: area,
  box_width: width,
  box_height: height,
  box_center: centerOfBox,
  box_distance: (a: Box, b: Box) => distance(centerOfBox(a), centerOfBox(b)),
  box_intersect: intersection,
  box_diagonal: (box: Box) => new Segment(box.high, box.low),
  box_add: (box: Box, by: Point) => new Box(addPoints(box.high, by), addPoints(box.low, by)),
  box_sub: (box: Box, by: Point) => new Box(subtractPoints(box.high, by), subtractPoints(box.low, by)),
  box_mul: (box: Box, by: Point) => new Box(multiplyPoints(box.high, by), multiplyPoints(box.low, by)),
  box_div: (box: Box, by: Point) => new Box(dividePoints(box.high, by), dividePoints(box.low, by)),
  boxes_bound_box: (a: Box, b: Box) =>
    new Box(
      new Point(Math.max(a.high.x, b.high.x), Math.max(a.high.y, b.high.y)),
      new Point(Math.min(a.low.x, b.low.x), Math.min(a.low.y, b.low.y)),
    ),
  box_circle: (box: Box) => {
    const center = centerOfBox(box);
    return new Circle(center, distance(center, box.high));
  },
};

const areaOfCircle = (c: Circle): number => times(times(c.radius, c.radius), Math.PI);
const between = (c: Circle, d: Circle): number => distance(c.center, d.center);
const right = (c: Circle): number => plus(c.center.x, c.radius);
const left = (c: Circle): number => minus(c.center.x, c.radius);
const top = (c: Circle): number => plus(c.center.y, c.radius);
const bottom = (c: Circle): number => minus(c.center.y, c.radius);
const circleHolds = (c: Circle, point: Point): boolean => distance(c.center, point) <= c.radius;
const toCircle = (point: Point, c: Circle): number => Math.max(minus(distance(point, c.center), c.radius), 0);

const circles: Functions = {
  circle_same: (c: Circle, d: Circle) =>
    ((Number.isNaN(c.radius) && Number.isNaN(d.radius)) || isSame(c.radius, d.radius)) && samePoint(c.center, d.center),
  circle_overlap: (c: Circle, d: Circle) => isAtMost(between(c, d), plus(c.radius, d.radius)),
  circle_left: (c: Circle, d: Circle) => isLess(right(c), left(d)),
  circle_overleft: (c: Circle, d: Circle) => isAtMost(right(c), right(d)),
  circle_right: (c: Circle, d: Circle) => isMore(left(c), right(d)),
  circle_overright: (c: Circle, d: Circle) => isAtLeast(left(c), left(d)),
  circle_below: (c: Circle, d: Circle) => isLess(top(c), bottom(d)),
  circle_overbelow: (c: Circle, d: Circle) => isAtMost(top(c), top(d)),
  circle_above: (c: Circle, d: Circle) => isMore(bottom(c), top(d)),
  circle_overabove: (c: Circle, d: Circle) => isAtLeast(bottom(c), bottom(d)),
  circle_contained: (c: Circle, d: Circle) => isAtMost(between(c, d), minus(d.radius, c.radius)),
  circle_contain: (c: Circle, d: Circle) => isAtMost(between(c, d), minus(c.radius, d.radius)),
  circle_contain_pt: circleHolds,
  pt_contained_circle: (point: Point, c: Circle) => circleHolds(c, point),
  ...bySize('circle', areaOfCircle),
  circle_eq: (c: Circle, d: Circle) => isSame(areaOfCircle(c), areaOfCircle(d)),
  circle_ne: (c: Circle, d: Circle) => isDifferent(areaOfCircle(c), areaOfCircle(d)),
  circle_area: areaOfCircle,
  circle_center: (c: Circle) => c.center,
  circle_radius: (c: Circle) => c.radius,
  circle_diameter: (c: Circle) => times(c.radius, 2),
  circle_distance: (c: Circle, d: Circle) => Math.max(minus(between(c, d), plus(c.radius, d.radius)), 0),
  circle_add_pt: (c: Circle, by: Point) => new Circle(addPoints(c.center, by), c.radius),
  circle_sub_pt: (c: Circle, by: Point) => new Circle(subtractPoints(c.center, by), c.radius),
  circle_mul_pt: (c: Circle, by: Point) =>
    new Circle(multiplyPoints(c.center, by), times(c.radius, hypotenuse(by.x, by.y))),
  circle_div_pt: (c: Circle, by: Point) =>
    new Circle(dividePoints(c.center, by), over(c.radius, hypotenuse(by.x, by.y))),
  cr_circle: (center: Point, radius: number) => new Circle(center, radius),
  circle_box: (c: Circle) => {
    const delta = over(c.radius, Math.sqrt(2));
    const { x, y } = c.center;
    return new Box(new Point(plus(x, delta), plus(y, delta)), new Point(minus(x, delta), minus(y, delta)), true);
  },
  dist_pc: toCircle,
  dist_cpoint: (c: Circle, point: Point) => toCircle(point, c),
};

function lineMeetsBox(line: Line, box: Box): boolean {
  return sidesOf(box).some((side) => segmentMeetsLine(side, line) !== null);
}

/** A nearest point; null when it cannot be computed. */
const nearestPoint = ({ point, distance: far }: { point: Point; distance: number }): Point | null =>
  Number.isNaN(far) ? null : point;

const mixed: Functions = {
  dist_pl: (point: Point, line: Line) => nearestOnLine(line, point).distance,
  dist_lp: (line: Line, point: Point) => nearestOnLine(line, point).distance,
  dist_ps: (point: Point, segment: Segment) => nearestOnSegment(segment, point).distance,
  dist_sp: (segment: Segment, point: Point) => nearestOnSegment(segment, point).distance,
  dist_pb: (point: Point, box: Box) => nearestOnBox(box, point).distance,
  dist_bp: (box: Box, point: Point) => nearestOnBox(box, point).distance,
  dist_sl: (segment: Segment, line: Line) => nearestToLine(segment, line).distance,
  dist_ls: (line: Line, segment: Segment) => nearestToLine(segment, line).distance,
  dist_sb: (segment: Segment, box: Box) => nearestOfBox(box, segment).distance,
  dist_bs: (box: Box, segment: Segment) => nearestOfBox(box, segment).distance,
  close_pl: (point: Point, line: Line) => nearestPoint(nearestOnLine(line, point)),
  close_ps: (point: Point, segment: Segment) => nearestPoint(nearestOnSegment(segment, point)),
  close_pb: (point: Point, box: Box) => nearestPoint(nearestOnBox(box, point)),
  close_ls: (line: Line, segment: Segment) =>
    isSame(slope(segment.a, segment.b), slopeOfLine(line)) ? null : nearestPoint(nearestToLine(segment, line)),
  close_lseg: (s: Segment, t: Segment) =>
    isSame(slope(s.a, s.b), slope(t.a, t.b)) ? null : nearestPoint(nearestOfSegments(t, s)),
  close_sb: (segment: Segment, box: Box) => nearestPoint(nearestOfBox(box, segment)),
  on_pl: (point: Point, line: Line) => lineContains(line, point),
  on_ps: (point: Point, segment: Segment) => segmentContains(segment, point),
  on_sl: (segment: Segment, line: Line) => lineContains(line, segment.a) && lineContains(line, segment.b),
  on_sb: (segment: Segment, box: Box) => boxContains(box, segment.a) && boxContains(box, segment.b),
  inter_sl: (segment: Segment, line: Line) => segmentMeetsLine(segment, line) !== null,
  inter_sb: (segment: Segment, box: Box) => boxMeetsSegment(box, segment),
  inter_lb: lineMeetsBox,
};

function slopeOfLine(line: Line): number {
  if (isZero(line.a)) return 0;
  return isZero(line.b) ? Infinity : over(line.a, -line.b);
}

export const geometryFunctions: FunctionModule = {
  plain: { ...points, ...segments, ...lines, ...boxes, ...circles, ...mixed },
};
