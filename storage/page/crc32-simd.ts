/**
 * CRC-32 of up to 8 KB by 128-bit XORs, in WebAssembly: node's zlib computes it by tables (node 20 to 24 are built without the
 * carry-less multiplication that other zlibs use), and then it is half of all the work of a scan whose pages come from the
 * operating system's cache. Measured, ns for a page of 8 KB: zlib 2000 (2.6 us on a busy machine), this 1150, of which 300 are the copy that a page of the pool does without.
 *
 * A checksum is the remainder of a polynomial over bits, and stays the same when a multiple of the divisor P is subtracted. So a bit may
 * be moved further back: if P divides x^300 + x^155 + x^117 + x^89 + 1, one bit equals four others, 145, 183, 211 and 300 places on.
 * Since squaring keeps divisibility, the same holds for x^128: whole vectors of 128 bits move, all their bits at once.
 *
 *      512 vectors --x^300--> the last 300 --x^123--> 123 --x^66--> 66 --x^32 (P itself)--> the last 32 = 512 bytes --tables--> CRC
 *
 * Each step takes the multiple with few terms (5, 7, 9, 15) of the lowest degree there is, found by search; the test holds the whole
 * against zlib, byte for byte. The code is laid out so that a vector gathers what the ones before it give: each is stored once.
 *
 * After: Russell, "Chorba: a novel CRC32 implementation" (2024), which does it with scalars, and zlib-ng.
 *
 * Memory of the module:
 *
 *      0 .. 8 KB: eight tables of 256 u32      8 .. 16 KB: the bytes, ending at 16 KB      from 16 KB: what it belongs to
 *
 * The buffer pool's frames stand behind (page-memory.ts): the first step then reads a page where it lies, so that nothing is copied.
 */
import { mappedMemory } from '../memory/index.ts';
import { CRC_TABLES } from './crc32-tables.ts';

export const CRC_BLOCK_SIZE = 8192;
const VECTOR_SIZE = 16;
const VECTORS = CRC_BLOCK_SIZE / VECTOR_SIZE;
const BLOCK_START = 8192;
const BLOCK_END = BLOCK_START + CRC_BLOCK_SIZE;
/** Where what the module's memory belongs to may begin. */
export const CRC_MEMORY_START = BLOCK_END;

/** Exponents of multiples of the divisor 0x04c11db7, without the 0: the first vector of `exponents[0]` + 1 moves to the others. */
const MULTIPLES: readonly (readonly number[])[] = [
  [300, 155, 117, 89],
  [123, 120, 80, 74, 53, 45],
  [66, 57, 37, 32, 19, 18, 3, 2],
  [32, 26, 23, 22, 16, 12, 11, 10, 8, 7, 5, 4, 2, 1],
];

// Bytes of WebAssembly (Core Specification 2.0, section 5).
const I32 = 0x7f;
const LOOP_VOID = [0x03, 0x40];
const END = 0x0b;
const BRANCH_IF_OUTERMOST = [0x0d, 0];
const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;
const LOCAL_TEE = 0x22;
const I32_LOAD = 0x28;
const I32_CONST = 0x41;
const I32_LESS_UNSIGNED = 0x49;
const I32_ADD = 0x6a;
const I32_SUB = 0x6b;
const I32_AND = 0x71;
const I32_XOR = 0x73;
const I32_SHIFT_LEFT = 0x74;
const I32_SHIFT_RIGHT_UNSIGNED = 0x76;
const V128_LOAD = [0xfd, 0x00, 4];
const V128_STORE = [0xfd, 0x0b, 4];
const V128_XOR = [0xfd, 0x51];
const V128_CONST = [0xfd, 0x0c];
const V128_AND = [0xfd, 0x4e];
const CALL = 0x10;

/** Locals of all functions. The parameter of the one that has any: where the page is; then where the vector is that is read from it. */
const SOURCE = 0;
const AT = 1;
const CRC = 2;
const HIGH = 3;

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
  bytes.push(value);
  return bytes;
}

/** A constant that is not negative. */
function constant(value: number): number[] {
  const bytes = unsigned(value);
  // Its last byte's bit 6 is the sign.
  if ((bytes[bytes.length - 1] & 64) !== 0) bytes.push(bytes.pop()! | 128, 0);
  return [I32_CONST, ...bytes];
}

/** Repeats `body`, which works at local AT, from address start to end. */
function forEach(start: number, end: number, step: number, body: readonly number[]): number[] {
  return [
    ...[...constant(start), LOCAL_SET, AT, ...LOOP_VOID, ...body],
    ...[LOCAL_GET, AT, ...constant(step), I32_ADD, LOCAL_TEE, AT],
    ...[...constant(end), I32_LESS_UNSIGNED, ...BRANCH_IF_OUTERMOST, END],
  ];
}

/** How far a vector's bits move by a multiple: to where its other terms are. */
function distancesOf(exponents: readonly number[]): number[] {
  return [...exponents.slice(1), 0].map((exponent) => exponents[0] - exponent);
}

/** Ranges of vectors between bounds, in order. */
function rangesOf(bounds: ReadonlySet<number>): [first: number, end: number][] {
  const ordered = [...bounds].filter((bound) => bound <= VECTORS).sort((a, b) => a - b);
  return ordered.slice(1).map((end, i) => [ordered[i], end]);
}

/** Vectors start .. VECTORS - degree - 1 move into those behind them, by one multiple. */
function moveVectors(start: number, exponents: readonly number[]): number[] {
  const end = VECTORS - exponents[0];
  const distances = distancesOf(exponents);
  const bounds = new Set([VECTORS, ...distances.flatMap((distance) => [start + distance, end + distance])]);
  const code: number[] = [];
  for (const [first, last] of rangesOf(bounds)) {
    const givers = distances.filter((distance) => first - distance >= start && first - distance < end);
    if (givers.length === 0) continue;
    // Addresses count from the most distant giver, since offsets cannot be negative.
    const reach = Math.max(...givers);
    const own = unsigned(reach * VECTOR_SIZE);
    const body = [LOCAL_GET, AT, LOCAL_GET, AT, ...V128_LOAD, ...own];
    for (const distance of givers)
      body.push(LOCAL_GET, AT, ...V128_LOAD, ...unsigned((reach - distance) * VECTOR_SIZE), ...V128_XOR);
    body.push(...V128_STORE, ...own);
    const address = (vector: number): number => BLOCK_START + (vector - reach) * VECTOR_SIZE;
    for (const byte of forEach(address(first), address(last), VECTOR_SIZE, body)) code.push(byte);
  }
  return code;
}

/**
 * The first step for a page elsewhere: of its vectors those that stay come into the block, with what the others give them. A vector that
 * was given something is read from the block, as the first is, whose four bytes of checksum count as zeros.
 */
function movePage(exponents: readonly number[]): number[] {
  const end = VECTORS - exponents[0];
  const distances = distancesOf(exponents);
  const given = Math.min(...distances);
  const isInBlock = (vector: number): boolean => vector === 0 || vector >= given;
  const bounds = new Set([end, VECTORS]);
  for (const distance of distances) for (const bound of [0, 1, given, end]) bounds.add(bound + distance);
  const code = firstVector();
  for (const [first, last] of rangesOf(bounds)) {
    const givers = distances.filter((distance) => first - distance >= 0 && first - distance < end);
    const inBlock = givers.filter((distance) => isInBlock(first - distance));
    const reach = Math.max(0, ...inBlock);
    // SOURCE stays where the page begins but for the vectors counted here.
    const body = [LOCAL_GET, AT, LOCAL_GET, SOURCE, ...V128_LOAD, ...unsigned(first * VECTOR_SIZE)];
    for (const distance of givers) {
      if (inBlock.includes(distance))
        body.push(LOCAL_GET, AT, ...V128_LOAD, ...unsigned((reach - distance) * VECTOR_SIZE), ...V128_XOR);
      else body.push(LOCAL_GET, SOURCE, ...V128_LOAD, ...unsigned((first - distance) * VECTOR_SIZE), ...V128_XOR);
    }
    body.push(...V128_STORE, ...unsigned(reach * VECTOR_SIZE));
    body.push(LOCAL_GET, SOURCE, ...constant(VECTOR_SIZE), I32_ADD, LOCAL_SET, SOURCE);
    const address = (vector: number): number => BLOCK_START + (vector - reach) * VECTOR_SIZE;
    for (const byte of forEach(address(first), address(last), VECTOR_SIZE, body)) code.push(byte);
    code.push(LOCAL_GET, SOURCE, ...constant((last - first) * VECTOR_SIZE), I32_SUB, LOCAL_SET, SOURCE);
  }
  return code;
}

/** The page's first vector into the block, without the checksum and with a seed of 0 behind it. */
function firstVector(): number[] {
  const mask = [0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255];
  const seed = [0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0];
  return [
    ...[...constant(BLOCK_START), LOCAL_GET, SOURCE, ...V128_LOAD, 0, ...V128_CONST, ...mask, ...V128_AND],
    ...[...V128_CONST, ...seed, ...V128_XOR, ...V128_STORE, 0],
  ];
}

/** The CRC of what is left, eight bytes at a time. */
function byTables(start: number): number[] {
  const word = (offset: number): number[] => [LOCAL_GET, AT, I32_LOAD, 2, offset];
  const body = [...word(0), LOCAL_GET, CRC, I32_XOR, LOCAL_SET, CRC, ...word(4), LOCAL_SET, HIGH];
  for (let byte = 0; byte < 8; byte++) {
    body.push(LOCAL_GET, byte < 4 ? CRC : HIGH, ...constant((byte & 3) * 8), I32_SHIFT_RIGHT_UNSIGNED);
    body.push(...constant(255), I32_AND, ...constant(2), I32_SHIFT_LEFT, I32_LOAD, 2, ...unsigned((7 - byte) * 1024));
    if (byte > 0) body.push(I32_XOR);
  }
  body.push(LOCAL_SET, CRC);
  return forEach(start, BLOCK_END, 8, body);
}

/** Functions of the module: the CRC of what the first step has left, of a block in place, and of a page where it lies. */
const REST = 0;

function moduleBytes(): Uint8Array<ArrayBuffer> {
  const [firstStep, ...steps] = MULTIPLES;
  const rest: number[] = [];
  let start = VECTORS - firstStep[0];
  for (const exponents of steps) {
    for (const byte of moveVectors(start, exponents)) rest.push(byte);
    start = VECTORS - exponents[0];
  }
  for (const byte of byTables(BLOCK_START + start * VECTOR_SIZE)) rest.push(byte);
  const block = moveVectors(0, firstStep);
  const page = movePage(firstStep);
  const section = (id: number, bytes: readonly number[]): number[] => [id, ...unsigned(bytes.length), ...bytes];
  const name = (text: string): number[] => [text.length, ...Buffer.from(text)];
  // All have the same locals, the first of which is a parameter.
  const body = (code: readonly number[]): number[] => {
    const bytes = [1, 3, I32, ...code, END];
    return [...unsigned(bytes.length), ...bytes];
  };
  return Uint8Array.from([
    ...[0, ...Buffer.from('asm'), 1, 0, 0, 0],
    // One function type i32 -> i32; the memory comes from outside; three functions of that type, two exported; their bodies.
    ...section(1, [1, 0x60, 1, I32, 1, I32]),
    ...section(2, [1, ...name('e'), ...name('memory'), 2, 0, 1]),
    ...section(3, [3, 0, 0, 0]),
    ...section(7, [2, ...name('block'), 0, 1, ...name('page'), 0, 2]),
    ...section(10, [
      3,
      ...body([...rest, LOCAL_GET, CRC]),
      ...body([...block, ...constant(0), CALL, REST]),
      ...body([...page, ...constant(0), CALL, REST]),
    ]),
  ]);
}

interface CrcFunctions {
  /** Of the block. */
  readonly block: (unused: number) => number;
  /** Of the 8 KB at an address but for its first four bytes. */
  readonly page: (address: number) => number;
}

/** Null where WebAssembly has no vectors. The memory's first 16 KB are the module's. */
function crcFunctions(memory: WebAssembly.Memory): CrcFunctions | null {
  const code = moduleBytes();
  if (!WebAssembly.validate(code)) return null;
  new Uint32Array(memory.buffer, 0, CRC_TABLES.length).set(CRC_TABLES);
  return new WebAssembly.Instance(new WebAssembly.Module(code), { e: { memory } }).exports as unknown as CrcFunctions;
}

/** As crc32 of checksum.ts for 4 to 8192 bytes, at the same cost for each; null where WebAssembly has no vectors. */
export type Crc32Block = (bytes: Uint8Array, start: number, end: number, seed: number) => number;

export function crc32Block(): Crc32Block | null {
  const memory = mappedMemory(CRC_MEMORY_START);
  const functions = memory === null ? null : crcFunctions(memory);
  if (memory === null || functions === null) return null;
  const { block } = functions;
  const u8 = new Uint8Array(memory.buffer);
  return (bytes, start, end, seed) => {
    const at = BLOCK_END - (end - start);
    // Zeros before the first byte change nothing; the seed goes into the first bytes.
    if (at > BLOCK_START) u8.fill(0, BLOCK_START, at);
    u8.set(bytes.subarray(start, end), at);
    u8[at] ^= ~seed;
    u8[at + 1] ^= ~seed >>> 8;
    u8[at + 2] ^= ~seed >>> 16;
    u8[at + 3] ^= ~seed >>> 24;
    return ~block(0) >>> 0;
  };
}

/** pageChecksum of a page in the memory, at an address from CRC_MEMORY_START on; null where WebAssembly has no vectors. */
export function crc32Page(memory: WebAssembly.Memory): ((address: number) => number) | null {
  const functions = crcFunctions(memory);
  if (functions === null) return null;
  const { page } = functions;
  return (address) => ~page(address) >>> 0;
}
