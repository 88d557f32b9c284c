/**
 * tsvector: at run time and in storage the same bytes, so that matching and index building read lexemes where they lie.
 *
 *     u32 count                                                     all numbers little endian
 *     u32 entry, each      bit 0 has positions, bits 1..11 length of the lexeme, bits 12..31 its offset in the data
 *     data                 lexemes (UTF-8) in the order of their bytes, no lexeme twice; after one with positions, at the
 *                          next even offset: u16 count, u16 each: bits 0..13 position, 14..15 weight (0 D, 1 C, 2 B, 3 A)
 *
 * It is PostgreSQL's own layout, and so are the limits: they follow from the bits.
 */
import { Buffer } from 'node:buffer';
import { copyBytes, newBytes } from '../byte-slab.ts';
import { sqlError } from '../errors.ts';

/** Bytes of a lexeme are fewer. */
export const LEXEME_BYTES_MAX = 2047;
/** Bytes of the data are fewer. */
const DATA_BYTES_MAX = (1 << 20) - 1;
/** The highest position; words beyond have it too. */
export const POSITION_MAX = (1 << 14) - 1;
/** A lexeme keeps no more positions. */
export const POSITIONS_MAX = 255;

/** u32 at a place that need not be aligned. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}

function readUint16(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8);
}

/** Number of lexemes. */
export function lexemeCount(vector: Uint8Array): number {
  return readUint32(vector, 0);
}

/** Where a lexeme's bytes begin. */
export function lexemeStart(vector: Uint8Array, count: number, index: number): number {
  return 4 + 4 * count + (readUint32(vector, 4 + 4 * index) >>> 12);
}

export function lexemeLength(vector: Uint8Array, index: number): number {
  return (readUint32(vector, 4 + 4 * index) >>> 1) & 2047;
}

/** The lexeme's bytes: a copy, which is made faster than a view. */
export function lexemeBytes(vector: Uint8Array, count: number, index: number): Uint8Array {
  const start = lexemeStart(vector, count, index);
  return copyBytes(vector, start, start + lexemeLength(vector, index));
}

/** Place of a lexeme's position count, or -1 when it has none; the positions follow it. */
export function positionsStart(vector: Uint8Array, count: number, index: number): number {
  const entry = readUint32(vector, 4 + 4 * index);
  if ((entry & 1) === 0) return -1;
  const end = (entry >>> 12) + ((entry >>> 1) & 2047);
  return 4 + 4 * count + ((end + 1) & ~1);
}

/** Positions with their weights, at a place that positionsStart gave. */
export function readPositions(vector: Uint8Array, start: number): number[] {
  const positions: number[] = [];
  const length = readUint16(vector, start);
  for (let i = 1; i <= length; i++) positions.push(readUint16(vector, start + 2 * i));
  return positions;
}

export function positionCount(vector: Uint8Array, start: number): number {
  return readUint16(vector, start);
}

export function positionAt(vector: Uint8Array, start: number, index: number): number {
  return readUint16(vector, start + 2 + 2 * index);
}

/** The vector with one weight for all of its positions. */
export function withWeights(vector: Uint8Array, weight: number): Uint8Array {
  const result = copyBytes(vector, 0, vector.length);
  const count = lexemeCount(vector);
  for (let i = 0; i < count; i++) {
    const start = positionsStart(vector, count, i);
    if (start < 0) continue;
    const end = start + 2 + 2 * positionCount(vector, start);
    // The upper two bits of each position.
    for (let at = start + 3; at < end; at += 2) result[at] = (result[at] & 0x3f) | (weight << 6);
  }
  return result;
}

/** The vector without positions. */
export function stripped(vector: Uint8Array): Uint8Array {
  const count = lexemeCount(vector);
  let size = 4 + 4 * count;
  let offset = size;
  for (let i = 0; i < count; i++) size += lexemeLength(vector, i);
  const result = newBytes(size);
  writeUint32(result, 0, count);
  const data = offset;
  for (let i = 0; i < count; i++) {
    const start = lexemeStart(vector, count, i);
    const length = lexemeLength(vector, i);
    writeUint32(result, 4 + 4 * i, ((offset - data) << 12) | (length << 1));
    offset = writeBytes(result, offset, vector, start, length);
  }
  return result;
}

/** Fewer bytes are copied faster by our own loop than by a call; and what V8 has on its heap, up to 64 bytes, is not asked for its buffer. */
const LOOP_MAX = 64;

/** Answers the place behind them. */
function writeBytes(target: Uint8Array, at: number, source: Uint8Array, start: number, length: number): number {
  if (length > LOOP_MAX) target.set(new Uint8Array(source.buffer, source.byteOffset + start, length), at);
  else for (let i = 0; i < length; i++) target[at + i] = source[start + i];
  return at + length;
}

let scratch = new Uint8Array(0);
/** A longer one does not stay. */
const SCRATCH_KEPT = 64 * 1024;

function scratchOf(size: number): Uint8Array {
  if (scratch.length >= size && (size > SCRATCH_KEPT || scratch.length <= SCRATCH_KEPT)) return scratch;
  scratch = new Uint8Array(Math.max(size, 1024));
  return scratch;
}

/** The highest position; 0: there is none. */
function lastPosition(vector: Uint8Array, count: number): number {
  let last = 0;
  for (let i = 0; i < count; i++) {
    const start = positionsStart(vector, count, i);
    if (start < 0) continue;
    const position = positionAt(vector, start, positionCount(vector, start) - 1) & POSITION_MAX;
    if (position > last) last = position;
  }
  return last;
}

/** The lexemes of both; positions of `b` stand behind those of `a`. */
export function concatenated(a: Uint8Array, b: Uint8Array): Uint8Array {
  const countA = lexemeCount(a);
  const countB = lexemeCount(b);
  const last = lastPosition(a, countA);
  // As if no lexeme were in both; each may need a byte before its positions.
  const entries = 4;
  const data = entries + 4 * (countA + countB);
  const target = scratchOf(a.length + b.length + countA + countB);
  let count = 0;
  let end = data;
  let i = 0;
  let j = 0;
  while (i < countA || j < countB) {
    const order = i === countA ? 1 : j === countB ? -1 : compareEntries(a, countA, i, b, countB, j);
    const start = end;
    end =
      order <= 0
        ? writeBytes(target, end, a, lexemeStart(a, countA, i), lexemeLength(a, i))
        : writeBytes(target, end, b, lexemeStart(b, countB, j), lexemeLength(b, j));
    const length = end - start;
    const first = order <= 0 ? positionsStart(a, countA, i++) : -1;
    const second = order >= 0 ? positionsStart(b, countB, j++) : -1;
    if (first >= 0 || second >= 0) {
      if (((end - data) & 1) !== 0) target[end++] = 0;
      end = writePositions(target, end, a, first, b, second, last);
    }
    const hasPositions = first >= 0 || second >= 0 ? 1 : 0;
    writeUint32(target, entries + 4 * count++, ((start - data) << 12) | (length << 1) | hasPositions);
  }
  checkDataLength(end - data);
  const result = newBytes(entries + 4 * count + end - data);
  writeUint32(result, 0, count);
  writeBytes(result, entries, target, entries, 4 * count);
  writeBytes(result, entries + 4 * count, target, data, end - data);
  return result;
}

function compareEntries(a: Uint8Array, countA: number, i: number, b: Uint8Array, countB: number, j: number): number {
  const startA = lexemeStart(a, countA, i);
  const startB = lexemeStart(b, countB, j);
  const lengthA = lexemeLength(a, i);
  const lengthB = lexemeLength(b, j);
  const common = lengthA < lengthB ? lengthA : lengthB;
  for (let k = 0; k < common; k++) if (a[startA + k] !== b[startB + k]) return a[startA + k] - b[startB + k];
  return Math.sign(lengthA - lengthB);
}

/** Those at `first` in a (-1: none), then those at `second` in b, moved by `last`; answers the place behind them. */
function writePositions(
  target: Uint8Array,
  at: number,
  a: Uint8Array,
  first: number,
  b: Uint8Array,
  second: number,
  last: number,
): number {
  let length = 0;
  let previous = 0;
  if (first >= 0) {
    length = positionCount(a, first);
    writeBytes(target, at + 2, a, first + 2, 2 * length);
    previous = positionAt(a, first, length - 1) & POSITION_MAX;
  }
  const added = second < 0 ? 0 : positionCount(b, second);
  for (let k = 0; k < added && length <= POSITIONS_MAX && previous !== POSITION_MAX; k++) {
    const position = positionAt(b, second, k);
    previous = Math.min((position & POSITION_MAX) + last, POSITION_MAX);
    writeUint16(target, at + 2 + 2 * length++, (position & ~POSITION_MAX) | previous);
  }
  writeUint16(target, at, length);
  return at + 2 + 2 * length;
}

/** Order of a lexeme and bytes; with `prefix` 0 as soon as the lexeme begins with them. */
export function compareLexeme(
  vector: Uint8Array,
  start: number,
  length: number,
  bytes: Uint8Array,
  prefix: boolean,
): number {
  const common = length < bytes.length ? length : bytes.length;
  for (let i = 0; i < common; i++) {
    const difference = vector[start + i] - bytes[i];
    if (difference !== 0) return difference;
  }
  return prefix && length >= bytes.length ? 0 : Math.sign(length - bytes.length);
}

/** The first lexeme that is not below `bytes`. */
export function lowerBound(vector: Uint8Array, count: number, bytes: Uint8Array): number {
  let low = 0;
  let high = count;
  const data = 4 + 4 * count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = readUint32(vector, 4 + 4 * middle);
    if (compareLexeme(vector, data + (entry >>> 12), (entry >>> 1) & 2047, bytes, false) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** One lexeme of a tsvector that is being made; positions with weights, null for none. */
export interface Lexeme {
  readonly bytes: Uint8Array;
  readonly positions: readonly number[] | null;
}

export function lexemesOf(vector: Uint8Array): Lexeme[] {
  const count = lexemeCount(vector);
  const lexemes: Lexeme[] = [];
  for (let i = 0; i < count; i++) {
    const start = positionsStart(vector, count, i);
    lexemes.push({
      bytes: lexemeBytes(vector, count, i),
      positions: start < 0 ? null : readPositions(vector, start),
    });
  }
  return lexemes;
}

/** From lexemes in order, none twice. */
export function buildTsvector(lexemes: readonly Lexeme[]): Uint8Array {
  let size = 0;
  for (const { bytes, positions } of lexemes) {
    size += bytes.length;
    if (positions !== null) size = ((size + 1) & ~1) + 2 + 2 * positions.length;
  }
  checkDataLength(size);
  const count = lexemes.length;
  const data = 4 + 4 * count;
  const vector = new Uint8Array(data + size);
  writeUint32(vector, 0, count);
  let offset = 0;
  for (let i = 0; i < count; i++) {
    const { bytes, positions } = lexemes[i];
    writeUint32(vector, 4 + 4 * i, (offset << 12) | (bytes.length << 1) | (positions === null ? 0 : 1));
    vector.set(bytes, data + offset);
    offset += bytes.length;
    if (positions === null) continue;
    offset = (offset + 1) & ~1;
    writeUint16(vector, data + offset, positions.length);
    offset += 2;
    for (const position of positions) {
      writeUint16(vector, data + offset, position);
      offset += 2;
    }
  }
  return vector;
}

export function checkDataLength(size: number): void {
  if (size > DATA_BYTES_MAX) {
    throw sqlError('54000', `string is too long for tsvector (${size} bytes, max ${DATA_BYTES_MAX} bytes)`);
  }
}

export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

export function writeUint16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
}

/** Sorts lexemes and makes one of equal ones: positions are united, of one position the highest weight stays. */
export function uniteLexemes(lexemes: readonly Lexeme[]): Lexeme[] {
  const ordered = lexemes.slice().sort((a, b) => Buffer.compare(a.bytes, b.bytes));
  const united: Lexeme[] = [];
  for (const lexeme of ordered) {
    const last = united.length - 1;
    if (last >= 0 && Buffer.compare(united[last].bytes, lexeme.bytes) === 0) {
      const positions =
        united[last].positions === null
          ? lexeme.positions
          : lexeme.positions === null
            ? united[last].positions
            : [...united[last].positions, ...lexeme.positions];
      united[last] = { bytes: lexeme.bytes, positions };
    } else united.push(lexeme);
  }
  return united.map(({ bytes, positions }) => ({ bytes, positions: positions && unitePositions(positions) }));
}

/** In order; of equal positions the one with the highest weight; nothing after the highest position. */
function unitePositions(positions: readonly number[]): number[] {
  const ordered = positions.slice().sort((a, b) => (a & POSITION_MAX) - (b & POSITION_MAX) || b - a);
  const united: number[] = [];
  for (const position of ordered) {
    const last = united.length - 1;
    if (last >= 0 && (united[last] & POSITION_MAX) === (position & POSITION_MAX)) continue;
    if (united.length >= POSITIONS_MAX) break;
    united.push(position);
    if ((position & POSITION_MAX) === POSITION_MAX) break;
  }
  return united;
}

/** PostgreSQL's order, which means nothing but is one: by size, then by lexeme, those with (more) positions first. */
export function compareTsvectors(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return Math.sign(a.length - b.length);
  const count = lexemeCount(a);
  if (count !== lexemeCount(b)) return Math.sign(count - lexemeCount(b));
  for (let i = 0; i < count; i++) {
    const positionsA = positionsStart(a, count, i);
    const positionsB = positionsStart(b, count, i);
    if (positionsA < 0 !== positionsB < 0) return positionsA < 0 ? 1 : -1;
    const order = compareEntries(a, count, i, b, count, i);
    if (order !== 0) return order;
    if (positionsA < 0) continue;
    const lengthA = positionCount(a, positionsA);
    const lengthB = positionCount(b, positionsB);
    if (lengthA !== lengthB) return Math.sign(lengthB - lengthA);
    for (let j = 0; j < lengthA; j++) {
      const x = positionAt(a, positionsA, j);
      const y = positionAt(b, positionsB, j);
      if (x !== y) return Math.sign((y & POSITION_MAX) - (x & POSITION_MAX) || y - x);
    }
  }
  return 0;
}
