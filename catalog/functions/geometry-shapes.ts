/** Functions and operators of path and polygon (manual 9.11). */
import {
  type Box,
  Circle,
  isSame,
  isZero,
  Path,
  Point,
  Polygon,
  type Segment,
  samePoint,
  sqlError,
} from '../../types/index.ts';
import { float8Sub as minus, float8Div as over, float8Add as plus, float8Mul as times } from './float.ts';
import {
  addPoints,
  boxContainsBox,
  boxesOverlap,
  distance,
  dividePoints,
  edgesOf,
  isInside,
  multiplyPoints,
  nearestOfSegments,
  nearestOnSegment,
  polygonContainsSegment,
  segmentsMeet,
  subtractPoints,
} from './geometry-math.ts';
import type { AnyFunction, FunctionModule } from './module.ts';

type Functions = Readonly<Record<string, AnyFunction>>;

/** The segments of a path; of a closed one the first leads from the last point to the first. */
function segmentsOf(path: Path): Segment[] {
  const edges = edgesOf(path.points);
  return path.isClosed ? edges : edges.slice(1);
}

function smallest(distances: readonly number[]): number | null {
  return distances.length === 0 ? null : distances.reduce((best, each) => (each < best ? each : best));
}

const toPath = (point: Point, path: Path): number =>
  smallest(segmentsOf(path).map((segment) => nearestOnSegment(segment, point).distance)) ?? 0;

const mapped =
  (operation: (a: Point, b: Point) => Point) =>
  (path: Path, by: Point): Path =>
    new Path(
      path.points.map((point) => operation(point, by)),
      path.isClosed,
    );

function areaOfPath(path: Path): number | null {
  if (!path.isClosed) return null;
  const { points } = path;
  let area = 0;
  for (let i = 0; i < points.length; i++) {
    const next = points[(i + 1) % points.length];
    area = plus(area, times(points[i].x, next.y));
    area = minus(area, times(points[i].y, next.x));
  }
  return over(Math.abs(area), 2);
}

/** A point on the path; for closed ones, within. */
function pathHolds(point: Point, path: Path): boolean {
  if (path.isClosed) return isInside(point, path.points);
  let before = distance(point, path.points[0]);
  for (let i = 1; i < path.points.length; i++) {
    const behind = distance(point, path.points[i]);
    if (isSame(plus(before, behind), distance(path.points[i - 1], path.points[i]))) return true;
    before = behind;
  }
  return false;
}

function pathsMeet(a: Path, b: Path): boolean {
  if (!boxesOverlap(new Polygon(a.points).bounds, new Polygon(b.points).bounds)) return false;
  const others = segmentsOf(b);
  return segmentsOf(a).some((segment) => others.some((other) => segmentsMeet(segment, other) !== null));
}

const count = (value: Path | Polygon): number => value.points.length;

const paths: Functions = {
  path_add: (a: Path, b: Path) => (a.isClosed || b.isClosed ? null : new Path([...a.points, ...b.points], false)),
  path_add_pt: mapped(addPoints),
  path_sub_pt: mapped(subtractPoints),
  path_mul_pt: mapped(multiplyPoints),
  path_div_pt: mapped(dividePoints),
  path_area: areaOfPath,
  path_close: (path: Path) => new Path(path.points, true),
  path_open: (path: Path) => new Path(path.points, false),
  path_isclosed: (path: Path) => path.isClosed,
  path_isopen: (path: Path) => !path.isClosed,
  path_length: (path: Path) =>
    segmentsOf(path).reduce((length, segment) => plus(length, distance(segment.a, segment.b)), 0),
  path_npoints: count,
  path_n_lt: (a: Path, b: Path) => count(a) < count(b),
  path_n_le: (a: Path, b: Path) => count(a) <= count(b),
  path_n_eq: (a: Path, b: Path) => count(a) === count(b),
  path_n_ge: (a: Path, b: Path) => count(a) >= count(b),
  path_n_gt: (a: Path, b: Path) => count(a) > count(b),
  path_inter: pathsMeet,
  path_distance: (a: Path, b: Path) => {
    const others = segmentsOf(b);
    return smallest(
      segmentsOf(a).flatMap((segment) => others.map((other) => nearestOfSegments(segment, other).distance)),
    );
  },
  path_poly: (path: Path) => {
    if (!path.isClosed) throw sqlError('22023', 'open path cannot be converted to polygon');
    return new Polygon(path.points);
  },
  dist_ppath: toPath,
  dist_pathp: (path: Path, point: Point) => toPath(point, path),
  on_ppath: pathHolds,
  path_contain_pt_path_point: (path: Path, point: Point) => pathHolds(point, path),
};

/** The same corners, beginning anywhere, in either direction. */
function sameCorners(a: readonly Point[], b: readonly Point[]): boolean {
  if (a.length !== b.length) return false;
  const size = a.length;
  for (let start = 0; start < size; start++) {
    if (!samePoint(a[0], b[start])) continue;
    if (a.every((point, i) => samePoint(point, b[(start + i) % size]))) return true;
    if (a.every((point, i) => samePoint(point, b[(start - i + size) % size]))) return true;
  }
  return false;
}

function polygonsOverlap(a: Polygon, b: Polygon): boolean {
  if (!boxesOverlap(a.bounds, b.bounds)) return false;
  const others = edgesOf(b.points);
  if (edgesOf(a.points).some((edge) => others.some((other) => segmentsMeet(edge, other) !== null))) return true;
  return isInside(a.points[0], b.points) || isInside(b.points[0], a.points);
}

function polygonContains(a: Polygon, b: Polygon): boolean {
  if (!boxContainsBox(a.bounds, b.bounds)) return false;
  return edgesOf(b.points).every((edge) => polygonContainsSegment(a, edge.a, edge.b));
}

function polygonDistance(a: Polygon, b: Polygon): number {
  if (polygonsOverlap(a, b)) return 0;
  const others = edgesOf(b.points);
  const distances = edgesOf(a.points).flatMap((edge) => others.map((other) => nearestOfSegments(edge, other).distance));
  return smallest(distances) ?? 0;
}

/** Around the mean of the corners, with their mean distance from it. */
function circleOf(polygon: Polygon): Circle {
  const size = polygon.points.length;
  const sum = polygon.points.reduce(addPoints, new Point(0, 0));
  const center = new Point(over(sum.x, size), over(sum.y, size));
  const total = polygon.points.reduce((radius, point) => plus(radius, distance(point, center)), 0);
  return new Circle(center, over(total, size));
}

/** PostgreSQL's sizes are 32-bit integers, with 16 bytes a point. */
const POLYGON_POINTS_MAX = 2 ** 27;
/** Points that one call may make: they are objects until they are stored, about 100 bytes each. */
const POLYGON_POINTS_IN_MEMORY_MAX = 4_000_000;

function polygonOf(corners: number, circle: Circle): Polygon {
  if (isZero(circle.radius)) throw sqlError('0A000', 'cannot convert circle with radius zero to polygon');
  if (corners < 2) throw sqlError('22023', 'must request at least 2 points');
  if (corners >= POLYGON_POINTS_MAX) throw sqlError('54000', 'too many points requested');
  if (corners > POLYGON_POINTS_IN_MEMORY_MAX) {
    throw sqlError('53200', 'out of memory', {
      detail: `A polygon is made of at most ${POLYGON_POINTS_IN_MEMORY_MAX} points.`,
    });
  }
  const step = over(2 * Math.PI, corners);
  const points: Point[] = [];
  for (let i = 0; i < corners; i++) {
    const angle = times(step, i);
    points.push(
      new Point(
        minus(circle.center.x, times(circle.radius, Math.cos(angle))),
        plus(circle.center.y, times(circle.radius, Math.sin(angle))),
      ),
    );
  }
  return new Polygon(points);
}

function toPolygon(point: Point, polygon: Polygon): number {
  if (isInside(point, polygon.points)) return 0;
  return smallest(edgesOf(polygon.points).map((edge) => nearestOnSegment(edge, point).distance)) ?? 0;
}

const circleToPolygon = (circle: Circle, polygon: Polygon): number =>
  Math.max(minus(toPolygon(circle.center, polygon), circle.radius), 0);

const byBounds =
  (test: (a: Box, b: Box) => boolean) =>
  (a: Polygon, b: Polygon): boolean =>
    test(a.bounds, b.bounds);

const polygons: Functions = {
  poly_left: byBounds((a, b) => a.high.x < b.low.x),
  poly_overleft: byBounds((a, b) => a.high.x <= b.high.x),
  poly_right: byBounds((a, b) => a.low.x > b.high.x),
  poly_overright: byBounds((a, b) => a.low.x >= b.low.x),
  poly_below: byBounds((a, b) => a.high.y < b.low.y),
  poly_overbelow: byBounds((a, b) => a.high.y <= b.high.y),
  poly_above: byBounds((a, b) => a.low.y > b.high.y),
  poly_overabove: byBounds((a, b) => a.low.y >= b.low.y),
  poly_same: (a: Polygon, b: Polygon) => sameCorners(a.points, b.points),
  poly_overlap: polygonsOverlap,
  poly_contain: polygonContains,
  poly_contained: (a: Polygon, b: Polygon) => polygonContains(b, a),
  poly_contain_pt: (polygon: Polygon, point: Point) => isInside(point, polygon.points),
  pt_contained_poly: (point: Point, polygon: Polygon) => isInside(point, polygon.points),
  poly_distance: polygonDistance,
  poly_npoints: count,
  poly_center: (polygon: Polygon) => circleOf(polygon).center,
  poly_box: (polygon: Polygon) => polygon.bounds,
  poly_path: (polygon: Polygon) => new Path(polygon.points, true),
  poly_circle: circleOf,
  box_poly: ({ high, low }: Box) => new Polygon([low, new Point(low.x, high.y), high, new Point(high.x, low.y)]),
  circle_poly: polygonOf,
  polygon_circle: (circle: Circle) => polygonOf(12, circle),
  dist_ppoly: toPolygon,
  dist_polyp: (polygon: Polygon, point: Point) => toPolygon(point, polygon),
  dist_cpoly: circleToPolygon,
  dist_polyc: (polygon: Polygon, circle: Circle) => circleToPolygon(circle, polygon),
};

export const shapeFunctions: FunctionModule = { plain: { ...paths, ...polygons } };
