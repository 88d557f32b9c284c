/**
 * The ids of .keyvalue(): PostgreSQL takes the place of an object within the bytes of the whole jsonb. We have no such bytes, so
 * the places that they would have are computed: containers are a header of 4 bytes, 4 for each key and value, and their
 * contents one after another, numbers and containers at multiples of 4.
 */
import { Buffer } from 'node:buffer';
import { type Jsonb, type JsonbObject, Numeric } from '../../types/index.ts';

/** What the objects are parts of: the document has number 0, the variables 1, then come those that .keyvalue() makes. */
export class IdBase {
  readonly #whole: Jsonb;
  readonly #number: number;
  #places: Map<JsonbObject, number> | null = null;

  constructor(whole: Jsonb, number: number) {
    this.#whole = whole;
    this.#number = number;
  }

  idOf(value: JsonbObject): Numeric {
    return Numeric.fromNumber(this.#number * OBJECT_IDS + (value === this.#whole ? 0 : this.#placeOf(value)));
  }

  #placeOf(value: JsonbObject): number {
    if (this.#places === null) {
      this.#places = new Map();
      place(this.#whole, 0, this.#places);
    }
    return this.#places.get(value) ?? 0;
  }
}

const OBJECT_IDS = 10_000_000_000;

const align = (offset: number): number => (offset + 3) & ~3;

/** Bytes of a number: its length, sign and scale, and its base-10000 digits. */
function numberLength(value: Numeric): number {
  const [whole, fraction = ''] = value.toString().replace('-', '').split('.');
  const groups: string[] = [];
  const padded = whole.padStart(Math.ceil(whole.length / 4) * 4, '0');
  for (let i = 0; i < padded.length; i += 4) groups.push(padded.slice(i, i + 4));
  for (let i = 0; i < fraction.length; i += 4) groups.push(fraction.slice(i, i + 4).padEnd(4, '0'));
  const isZero = (group: string | undefined): boolean => group === '0000';
  while (isZero(groups[0])) groups.shift();
  while (isZero(groups[groups.length - 1])) groups.pop();
  return 6 + 2 * groups.length;
}

/** Notes the places of the objects in a value that begins at `offset`; answers where it ends. */
function place(value: Jsonb, offset: number, places: Map<JsonbObject, number>): number {
  if (value === null || typeof value === 'boolean') return offset;
  if (typeof value === 'string') return offset + Buffer.byteLength(value);
  if (value instanceof Numeric) return align(offset) + numberLength(value);
  let at = align(offset);
  if (Array.isArray(value)) {
    at += 4 + 4 * value.length;
    for (const element of value) at = place(element, at, places);
    return at;
  }
  places.set(value, at);
  at += 4 + 8 * value.keys.length;
  for (const key of value.keys) at += Buffer.byteLength(key);
  for (const member of value.values) at = place(member, at, places);
  return at;
}
