/** Geometric values: point, lseg, box, line, path, polygon, circle; their text, binary and stored forms. */
import { BinaryReader } from './binary-reader.ts';
import { type ByteWriter, readFloat64, readInt32 } from './byte-writer.ts';
import type { Codec } from './codec.ts';
import { type SqlError, sqlError } from './errors.ts';
import { inputFloat8, outputFloat8 } from './float.ts';
import { OID } from './oid.ts';
import { SelfTyped } from './self-typed.ts';
import type { FormatSettings } from './settings.ts';

const POINT_BYTES = 40;

export class Point extends SelfTyped {
  readonly x: number;
  readonly y: number;

  constructor(x: number, y: number) {
    super();
    this.x = x;
    this.y = y;
  }

  override get typeOid(): number {
    return OID.POINT;
  }

  override get heldBytes(): number {
    return 0;
  }
}

export class Segment extends SelfTyped {
  readonly a: Point;
  readonly b: Point;

  constructor(a: Point, b: Point) {
    super();
    this.a = a;
    this.b = b;
  }

  override get typeOid(): number {
    return OID.LSEG;
  }

  override get heldBytes(): number {
    return 2 * POINT_BYTES;
  }
}

/** high is the upper right corner, low the lower left one. */
export class Box extends SelfTyped {
  readonly high: Point;
  readonly low: Point;

  /** Of any two opposite corners; `isKept`: they stay as they are, as of a circle with a negative radius. */
  constructor(a: Point, b: Point, isKept = false) {
    super();
    if (isKept) {
      this.high = a;
      this.low = b;
      return;
    }
    this.high = new Point(larger(a.x, b.x), larger(a.y, b.y));
    this.low = new Point(smaller(a.x, b.x), smaller(a.y, b.y));
  }

  override get typeOid(): number {
    return OID.BOX;
  }

  override get heldBytes(): number {
    return 2 * POINT_BYTES;
  }
}

/** NaN is above all numbers. */
function larger(a: number, b: number): number {
  return a > b || Number.isNaN(a) ? a : b;
}

function smaller(a: number, b: number): number {
  return a > b || Number.isNaN(a) ? b : a;
}

/** ax + by + c = 0 */
export class Line extends SelfTyped {
  readonly a: number;
  readonly b: number;
  readonly c: number;

  constructor(a: number, b: number, c: number) {
    super();
    this.a = a;
    this.b = b;
    this.c = c;
  }

  override get typeOid(): number {
    return OID.LINE;
  }

  override get heldBytes(): number {
    return 0;
  }
}

export class Path extends SelfTyped {
  readonly points: readonly Point[];
  readonly isClosed: boolean;

  constructor(points: readonly Point[], isClosed: boolean) {
    super();
    this.points = points;
    this.isClosed = isClosed;
  }

  override get typeOid(): number {
    return OID.PATH;
  }

  override get heldBytes(): number {
    return this.points.length * POINT_BYTES;
  }
}

function boundsOf(points: readonly Point[]): Box {
  const [first] = points;
  let lowX = first.x;
  let lowY = first.y;
  let highX = lowX;
  let highY = lowY;
  for (let i = 1; i < points.length; i++) {
    const { x, y } = points[i];
    if (isBelow(x, lowX)) lowX = x;
    if (isBelow(y, lowY)) lowY = y;
    if (isBelow(highX, x)) highX = x;
    if (isBelow(highY, y)) highY = y;
  }
  return new Box(new Point(highX, highY), new Point(lowX, lowY), true);
}

/** NaN is above all numbers. */
function isBelow(a: number, b: number): boolean {
  return a < b || (b !== b && a === a);
}

export class Polygon extends SelfTyped {
  readonly points: readonly Point[];
  #bounds: Box | null = null;

  constructor(points: readonly Point[]) {
    super();
    this.points = points;
  }

  /** The smallest box around it. */
  get bounds(): Box {
    this.#bounds ??= boundsOf(this.points);
    return this.#bounds;
  }

  override get typeOid(): number {
    return OID.POLYGON;
  }

  override get heldBytes(): number {
    return this.points.length * POINT_BYTES;
  }
}

export class Circle extends SelfTyped {
  readonly center: Point;
  readonly radius: number;

  constructor(center: Point, radius: number) {
    super();
    this.center = center;
    this.radius = radius;
  }

  override get typeOid(): number {
    return OID.CIRCLE;
  }

  override get heldBytes(): number {
    return POINT_BYTES;
  }
}

// ------------------------------------------------------------------------------------------------ computing with epsilon

/** Coordinates that differ by less are the same (geo_decls.h). */
const EPSILON = 1e-6;

export const isZero = (a: number): boolean => Math.abs(a) <= EPSILON;
export const isSame = (a: number, b: number): boolean => a === b || Math.abs(a - b) <= EPSILON;
/** Not the opposite of isSame: NaN is neither. */
export const isDifferent = (a: number, b: number): boolean => a !== b && Math.abs(a - b) > EPSILON;
export const isLess = (a: number, b: number): boolean => a + EPSILON < b;
export const isAtMost = (a: number, b: number): boolean => a <= b + EPSILON;
export const isMore = (a: number, b: number): boolean => a > b + EPSILON;
export const isAtLeast = (a: number, b: number): boolean => a + EPSILON >= b;

/** NaN equals NaN, and then exactly. */
export function samePoint(a: Point, b: Point): boolean {
  if (Number.isNaN(a.x + a.y + b.x + b.y) && [a.x, a.y, b.x, b.y].some(Number.isNaN)) {
    return Object.is(a.x + 0, b.x + 0) && Object.is(a.y + 0, b.y + 0);
  }
  return isSame(a.x, b.x) && isSame(a.y, b.y);
}

export function slope(a: Point, b: Point): number {
  if (isSame(a.x, b.x)) return Infinity;
  return isSame(a.y, b.y) ? 0 : (a.y - b.y) / (a.x - b.x);
}

/** The line through a point with the slope. */
export function lineThrough(point: Point, m: number): Line {
  if (Math.abs(m) === Infinity) return new Line(-1, 0, point.x);
  if (m === 0) return new Line(0, -1, point.y);
  return new Line(m, -1, point.y - m * point.x + 0);
}

// ------------------------------------------------------------------------------------------------------------- reading

const NUMBER = /\s*([+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf(?:inity)?|nan))\s*/iy;

/** Reads the text of a geometric value, of which the type's name is for messages. */
class GeometryScanner {
  readonly text: string;
  readonly typeName: string;
  at = 0;

  constructor(text: string, typeName: string) {
    this.text = text;
    this.typeName = typeName;
  }

  invalid(): SqlError {
    return sqlError('22P02', `invalid input syntax for type ${this.typeName}: "${this.text}"`);
  }

  get next(): string {
    return this.text[this.at] ?? '';
  }

  skipSpace(): void {
    while (/^[ \t\n\v\f\r]$/.test(this.next)) this.at++;
  }

  has(character: string): boolean {
    if (this.next !== character) return false;
    this.at++;
    return true;
  }

  expect(character: string): void {
    if (!this.has(character)) throw this.invalid();
  }

  end(): void {
    if (this.at < this.text.length) throw this.invalid();
  }

  number(): number {
    NUMBER.lastIndex = this.at;
    const match = NUMBER.exec(this.text);
    if (match === null) throw this.invalid();
    this.at = NUMBER.lastIndex;
    return inputFloat8(match[1]);
  }

  /** x,y or (x,y) */
  pair(): Point {
    this.skipSpace();
    const hasParens = this.has('(');
    const x = this.number();
    this.expect(',');
    const y = this.number();
    if (hasParens) {
      this.expect(')');
      this.skipSpace();
    }
    return new Point(x, y);
  }

  /** Points, with or without delimiters around all of them. */
  points(count: number, mayBeOpen: boolean): { points: Point[]; isOpen: boolean } {
    let depth = 0;
    this.skipSpace();
    const isOpen = this.next === '[';
    if (isOpen) {
      if (!mayBeOpen) throw this.invalid();
      depth++;
      this.at++;
    } else if (this.next === '(') {
      let behind = this.at + 1;
      while (/^\s$/.test(this.text[behind] ?? '')) behind++;
      if (this.text[behind] === '(' || this.text.lastIndexOf('(') === this.at) {
        depth++;
        this.at = behind;
      }
    }
    const points: Point[] = [];
    for (let i = 0; i < count; i++) {
      points.push(this.pair());
      this.has(',');
    }
    for (; depth > 0; depth--) {
      if (!this.has(')') && !(isOpen && depth === 1 && this.has(']'))) throw this.invalid();
      this.skipSpace();
    }
    return { points, isOpen };
  }

  /** How many pairs there are, by the commas. */
  pairCount(): number {
    const commas = this.text.split(',').length - 1;
    if (commas % 2 === 0) throw this.invalid();
    return (commas + 1) / 2;
  }
}

function inputPoint(text: string): Point {
  const scanner = new GeometryScanner(text, 'point');
  const point = scanner.pair();
  scanner.end();
  return point;
}

function inputSegment(text: string): Segment {
  const scanner = new GeometryScanner(text, 'lseg');
  const { points } = scanner.points(2, true);
  scanner.end();
  return new Segment(points[0], points[1]);
}

function inputBox(text: string): Box {
  const scanner = new GeometryScanner(text, 'box');
  const { points } = scanner.points(2, false);
  scanner.end();
  return new Box(points[0], points[1]);
}

function inputPath(text: string): Path {
  const scanner = new GeometryScanner(text, 'path');
  const count = scanner.pairCount();
  scanner.skipSpace();
  const hasParens = scanner.next === '(' && text.lastIndexOf('(') === scanner.at;
  if (hasParens) scanner.at++;
  const { points, isOpen } = scanner.points(count, true);
  if (hasParens) {
    scanner.expect(')');
    scanner.skipSpace();
  }
  scanner.end();
  return new Path(points, !isOpen);
}

function inputPolygon(text: string): Polygon {
  const scanner = new GeometryScanner(text, 'polygon');
  const { points } = scanner.points(scanner.pairCount(), false);
  scanner.end();
  return new Polygon(points);
}

function inputLine(text: string): Line {
  const scanner = new GeometryScanner(text, 'line');
  scanner.skipSpace();
  if (scanner.has('{')) {
    const a = scanner.number();
    scanner.expect(',');
    const b = scanner.number();
    scanner.expect(',');
    const c = scanner.number();
    scanner.expect('}');
    scanner.skipSpace();
    scanner.end();
    return checkLine(new Line(a, b, c), '22P02', 'invalid line specification: A and B cannot both be zero');
  }
  const { points } = scanner.points(2, true);
  scanner.end();
  if (samePoint(points[0], points[1])) {
    throw sqlError('22P02', 'invalid line specification: must be two distinct points');
  }
  return lineThrough(points[0], slope(points[0], points[1]));
}

function checkLine(line: Line, code: string, message: string): Line {
  if (isZero(line.a) && isZero(line.b)) throw sqlError(code, message);
  return line;
}

function inputCircle(text: string): Circle {
  const scanner = new GeometryScanner(text, 'circle');
  let depth = 0;
  scanner.skipSpace();
  if (scanner.has('<')) depth++;
  else if (scanner.next === '(') {
    let behind = scanner.at + 1;
    while (/^\s$/.test(text[behind] ?? '')) behind++;
    if (text[behind] === '(') {
      depth++;
      scanner.at = behind;
    }
  }
  const center = scanner.pair();
  scanner.has(',');
  const radius = scanner.number();
  if (radius < 0) throw scanner.invalid();
  for (; depth > 0; depth--) {
    if (!scanner.has(')') && !(depth === 1 && scanner.has('>'))) throw scanner.invalid();
    scanner.skipSpace();
  }
  scanner.end();
  return new Circle(center, radius);
}

// ------------------------------------------------------------------------------------------------------------- writing

function formatPoint({ x, y }: Point, settings: FormatSettings): string {
  return `(${outputFloat8(x, settings.extraFloatDigits)},${outputFloat8(y, settings.extraFloatDigits)})`;
}

function formatPoints(points: readonly Point[], settings: FormatSettings): string {
  return points.map((point) => formatPoint(point, settings)).join(',');
}

function sendPoint(point: Point, writer: ByteWriter): void {
  writer.float64(point.x);
  writer.float64(point.y);
}

function receivePoint(reader: BinaryReader): Point {
  return new Point(reader.float64(), reader.float64());
}

function sendPoints(points: readonly Point[], writer: ByteWriter): void {
  writer.int32(points.length);
  for (const point of points) sendPoint(point, writer);
}

function receivePoints(reader: BinaryReader, typeName: string): Point[] {
  const count = reader.int32();
  if (count <= 0 || count * 16 > reader.remaining) {
    throw sqlError('22P03', `invalid number of points in external "${typeName}" value`);
  }
  return Array.from({ length: count }, () => receivePoint(reader));
}

const CODECS: ReadonlyMap<number, Codec> = new Map<number, Codec>([
  [OID.POINT, { input: inputPoint, output: formatPoint, send: sendPoint, receive: receivePoint }],
  [
    OID.LSEG,
    {
      input: inputSegment,
      output: (value: Segment, settings) => `[${formatPoints([value.a, value.b], settings)}]`,
      send: (value: Segment, writer) => {
        sendPoint(value.a, writer);
        sendPoint(value.b, writer);
      },
      receive: (reader) => new Segment(receivePoint(reader), receivePoint(reader)),
    },
  ],
  [
    OID.BOX,
    {
      input: inputBox,
      output: (value: Box, settings) => formatPoints([value.high, value.low], settings),
      send: (value: Box, writer) => {
        sendPoint(value.high, writer);
        sendPoint(value.low, writer);
      },
      receive: (reader) => new Box(receivePoint(reader), receivePoint(reader)),
    },
  ],
  [
    OID.LINE,
    {
      input: inputLine,
      output: ({ a, b, c }: Line, { extraFloatDigits }) =>
        `{${[a, b, c].map((part) => outputFloat8(part, extraFloatDigits)).join(',')}}`,
      send: ({ a, b, c }: Line, writer) => {
        for (const part of [a, b, c]) writer.float64(part);
      },
      receive: (reader) =>
        checkLine(
          new Line(reader.float64(), reader.float64(), reader.float64()),
          '22P03',
          'invalid line specification: A and B cannot both be zero',
        ),
    },
  ],
  [
    OID.PATH,
    {
      input: inputPath,
      output: ({ points, isClosed }: Path, settings) =>
        isClosed ? `(${formatPoints(points, settings)})` : `[${formatPoints(points, settings)}]`,
      send: ({ points, isClosed }: Path, writer) => {
        writer.uint8(isClosed ? 1 : 0);
        sendPoints(points, writer);
      },
      receive: (reader) => {
        const isClosed = reader.uint8() !== 0;
        return new Path(receivePoints(reader, 'path'), isClosed);
      },
    },
  ],
  [
    OID.POLYGON,
    {
      input: inputPolygon,
      output: ({ points }: Polygon, settings) => `(${formatPoints(points, settings)})`,
      send: ({ points }: Polygon, writer) => sendPoints(points, writer),
      receive: (reader) => new Polygon(receivePoints(reader, 'polygon')),
    },
  ],
  [
    OID.CIRCLE,
    {
      input: inputCircle,
      output: ({ center, radius }: Circle, settings) =>
        `<${formatPoint(center, settings)},${outputFloat8(radius, settings.extraFloatDigits)}>`,
      send: ({ center, radius }: Circle, writer) => {
        sendPoint(center, writer);
        writer.float64(radius);
      },
      receive: (reader) => {
        const center = receivePoint(reader);
        const radius = reader.float64();
        if (radius < 0) throw sqlError('22P03', 'invalid radius in external "circle" value');
        return new Circle(center, radius);
      },
    },
  ],
]);

export function geometryCodec(oid: number): Codec | undefined {
  return CODECS.get(oid);
}

/** Stored as sent. */
export function writeGeometry(value: SelfTyped, writer: ByteWriter): void {
  (CODECS.get(value.typeOid) as Codec).send(value, writer);
}

function readPoint(bytes: Uint8Array, at: number): Point {
  return new Point(readFloat64(bytes, at), readFloat64(bytes, at + 8));
}

function readPoints(bytes: Uint8Array, at: number): Point[] {
  const points: Point[] = [];
  const end = at + 4 + 16 * readInt32(bytes, at);
  for (let place = at + 4; place < end; place += 16) points.push(readPoint(bytes, place));
  return points;
}

export function readGeometry(oid: number, bytes: Uint8Array, start: number, end: number): SelfTyped {
  switch (oid) {
    case OID.POINT:
      return readPoint(bytes, start);
    case OID.LSEG:
      return new Segment(readPoint(bytes, start), readPoint(bytes, start + 16));
    case OID.BOX:
      return new Box(readPoint(bytes, start), readPoint(bytes, start + 16), true);
    case OID.PATH:
      return new Path(readPoints(bytes, start + 1), bytes[start] !== 0);
    case OID.POLYGON:
      return new Polygon(readPoints(bytes, start));
    case OID.CIRCLE:
      return new Circle(readPoint(bytes, start), readFloat64(bytes, start + 16));
    default:
      return (CODECS.get(oid) as Codec).receive(new BinaryReader(bytes, null, start, end), -1);
  }
}
