/**
 * Conversion between UTF-8, which is all that the server works in, and other encodings.
 *
 * Bytes to bytes, in one pass; ASCII is itself in all encodings that there are. Nothing is checked of UTF-8: it is the server's own.
 *
 * After: PostgreSQL, src/backend/utils/mb/conv.c.
 */
import { Buffer } from 'node:buffer';
import type { SqlError } from '../errors.ts';
import { checkTextLength, decodeText } from '../unicode.ts';
import { byteTableOf } from './byte-tables.ts';
import { type CharacterRules, characterRules, characterSize } from './characters.ts';
import { invalidBytes, withoutEquivalent } from './errors.ts';
import {
  FIRST_EXTRA,
  GB_ASTRAL_PLACE,
  GB_BASIC_PLACES,
  gbCode,
  gbPlace,
  hasWideTable,
  makeWideTable,
  type WideTable,
} from './wide-tables.ts';

/** Bytes of UTF-8 that a byte of another encoding may become. */
export const UTF8_GROWTH = 3;

/** Room for short texts; longer ones get their own. */
const SCRATCH_SIZE = 4096;
const scratch = Buffer.allocUnsafeSlow(SCRATCH_SIZE);

export abstract class Encoding {
  /** PostgreSQL's name. */
  readonly name: string;
  readonly rules: CharacterRules;
  /** Bytes that a byte of UTF-8 may become. At 1 source and target may be the same, the target not behind the source. */
  readonly growth: 1 | 2;
  /** Where the last toUtf8() ended: at its end, or at what is no character (errorAt), or not a whole one (isPartial). */
  stop = 0;

  constructor(name: string, growth: 1 | 2) {
    this.name = name;
    this.rules = characterRules(name);
    this.growth = growth;
  }

  /** Converts source[start .. end) to target[at .. ), which has `growth` times the room; answers where it ends. Error: 22P05. */
  abstract fromUtf8(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number;
  /** The same the other way; there are UTF8_GROWTH times the room. Stops at what it cannot convert. */
  abstract toUtf8(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number;

  /** What is wrong where toUtf8() stopped: 22021, 22P05. */
  errorAt(bytes: Uint8Array, at: number, end: number): SqlError {
    const { name, rules } = this;
    const character = bytes.subarray(at, Math.min(end, at + rules.size(bytes, at, end)));
    if (characterSize(rules, bytes, at, end) < 0) return invalidBytes(name, character);
    return withoutEquivalent(character, name, 'UTF8');
  }

  /** A character begins there that has not come whole. */
  isPartial(bytes: Uint8Array, at: number, end: number): boolean {
    return bytes[at] >= 0x80 && at + this.rules.size(bytes, at, end) > end;
  }

  /** A text that comes from outside: 22021, 22P05. */
  decode(bytes: Uint8Array, start: number, end: number): string {
    let at = start;
    while (at < end && bytes[at] < 0x80 && bytes[at] !== 0) at++;
    if (at === end) return decodeText(bytes, start, end);
    const room = (end - start) * UTF8_GROWTH;
    checkTextLength(end - start);
    const target = room <= SCRATCH_SIZE ? scratch : Buffer.allocUnsafeSlow(room);
    const size = this.toUtf8(bytes, start, end, target, 0);
    if (this.stop < end) throw this.errorAt(bytes, this.stop, end);
    return decodeText(target, 0, size);
  }

  /** Error: 22P05. */
  encode(text: string): Uint8Array {
    const utf8 = Buffer.from(text, 'utf8');
    const target = new Uint8Array(utf8.length * this.growth);
    return target.subarray(0, this.fromUtf8(utf8, 0, utf8.length, target, 0));
  }

  protected untranslatable(source: Uint8Array, at: number, end: number): SqlError {
    const size = UTF8_RULES.size(source, at, end);
    return withoutEquivalent(source.subarray(at, Math.min(end, at + size)), 'UTF8', this.name);
  }
}

const UTF8_RULES = characterRules('UTF8');

/** Of one byte a character. */
class ByteEncoding extends Encoding {
  readonly #characters: Uint16Array;
  /** By character; 0: there is none. */
  readonly #bytes = new Uint8Array(0x10000);

  constructor(name: string, characters: Uint16Array) {
    super(name, 1);
    this.#characters = characters;
    for (let byte = 1; byte < 256; byte++) if (characters[byte] !== 0) this.#bytes[characters[byte]] = byte;
  }

  override fromUtf8(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number {
    const bytes = this.#bytes;
    let to = at;
    let from = start;
    while (from < end) {
      const lead = source[from];
      if (lead < 0x80) {
        target[to++] = lead;
        from++;
        continue;
      }
      // None of these encodings goes beyond the basic plane.
      let byte = 0;
      let size = 2;
      if (lead < 0xe0) byte = bytes[((lead & 0x1f) << 6) | (source[from + 1] & 0x3f)];
      else if (lead < 0xf0) {
        byte = bytes[((lead & 0x0f) << 12) | ((source[from + 1] & 0x3f) << 6) | (source[from + 2] & 0x3f)];
        size = 3;
      }
      if (byte === 0) throw this.untranslatable(source, from, end);
      target[to++] = byte;
      from += size;
    }
    return to;
  }

  override toUtf8(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number {
    const characters = this.#characters;
    let to = at;
    let from = start;
    for (; from < end; from++) {
      const character = characters[source[from]];
      if (character === 0) break;
      to = writeCharacter(character, target, to);
    }
    this.stop = from;
    return to;
  }
}

/** Of several bytes a character. */
class WideEncoding extends Encoding {
  readonly #table: WideTable;

  constructor(name: string, table: WideTable) {
    super(name, 2);
    this.#table = table;
  }

  override fromUtf8(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number {
    const { codes, characters4, extras } = this.#table;
    let to = at;
    let from = start;
    while (from < end) {
      const lead = source[from];
      if (lead < 0x80) {
        target[to++] = lead;
        from++;
        continue;
      }
      let size = sizeOf(lead);
      const character = characterAt(source, from, size);
      let code = 0;
      if (extras !== null) {
        let number = extras.numbers.get(character) ?? character;
        const seconds = extras.pairs.get(character);
        if (seconds !== undefined && from + size < end && source[from + size] >= 0x80) {
          const secondSize = sizeOf(source[from + size]);
          const pair = seconds.get(characterAt(source, from + size, secondSize));
          if (pair !== undefined) {
            number = pair;
            size += secondSize;
          }
        }
        if (number < 0x10000) code = codes[number];
      } else if (character < 0x10000) code = codes[character];
      else if (characters4 !== null) code = gbCode(GB_ASTRAL_PLACE + character - 0x10000);
      if (code === 0) throw this.untranslatable(source, from, end);
      if (code > 0xffffff) target[to++] = code >>> 24;
      if (code > 0xffff) target[to++] = code >>> 16;
      if (code > 0xff) target[to++] = code >>> 8;
      target[to++] = code;
      from += size;
    }
    return to;
  }

  override toUtf8(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number {
    const { rules } = this;
    const { extras } = this.#table;
    let to = at;
    let from = start;
    while (from < end) {
      const lead = source[from];
      if (lead < 0x80) {
        if (lead === 0) break;
        target[to++] = lead;
        from++;
        continue;
      }
      const size = characterSize(rules, source, from, end);
      const character = size < 0 ? 0 : this.#characterAt(source, from, size);
      if (character === 0) break;
      if (extras !== null && isExtra(character)) {
        for (const part of extras.texts[character - FIRST_EXTRA]) to = writeCharacter(part.codePointAt(0)!, target, to);
      } else to = writeCharacter(character, target, to);
      from += size;
    }
    this.stop = from;
    return to;
  }

  #characterAt(source: Uint8Array, at: number, size: number): number {
    const { characters, characters3, characters4 } = this.#table;
    if (size === 1) return characters[source[at]];
    if (size === 2) return characters[(source[at] << 8) | source[at + 1]];
    if (size === 3) return characters3 === null ? 0 : characters3[(source[at + 1] << 8) | source[at + 2]];
    if (characters4 === null) return 0;
    const place = gbPlace(source[at], source[at + 1], source[at + 2], source[at + 3]);
    if (place < GB_BASIC_PLACES) return characters4[place];
    const character = place - GB_ASTRAL_PLACE + 0x10000;
    return character >= 0x10000 && character <= 0x10ffff ? character : 0;
  }
}

/** Bytes of a character beyond ASCII in UTF-8. */
function sizeOf(lead: number): number {
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

function characterAt(source: Uint8Array, at: number, size: number): number {
  let character = source[at] & (0x7f >> size);
  for (let i = 1; i < size; i++) character = (character << 6) | (source[at + i] & 0x3f);
  return character;
}

const isExtra = (character: number): boolean => character >= FIRST_EXTRA && character < 0xe000;

function writeCharacter(character: number, target: Uint8Array, at: number): number {
  if (character < 0x80) {
    target[at] = character;
    return at + 1;
  }
  if (character < 0x800) {
    target[at] = 0xc0 | (character >> 6);
    target[at + 1] = 0x80 | (character & 0x3f);
    return at + 2;
  }
  if (character < 0x10000) {
    target[at] = 0xe0 | (character >> 12);
    target[at + 1] = 0x80 | ((character >> 6) & 0x3f);
    target[at + 2] = 0x80 | (character & 0x3f);
    return at + 3;
  }
  target[at] = 0xf0 | (character >> 18);
  target[at + 1] = 0x80 | ((character >> 12) & 0x3f);
  target[at + 2] = 0x80 | ((character >> 6) & 0x3f);
  target[at + 3] = 0x80 | (character & 0x3f);
  return at + 4;
}

const encodings = new Map<string, Encoding | null>();

/** By PostgreSQL's name; null: it is UTF8 or SQL_ASCII, or there is no table of it (isConvertible). */
export function encodingNamed(name: string): Encoding | null {
  let encoding = encodings.get(name);
  if (encoding === undefined) {
    const bytes = byteTableOf(name);
    if (bytes !== null) encoding = new ByteEncoding(name, bytes);
    else encoding = hasWideTable(name) ? new WideEncoding(name, makeWideTable(name)) : null;
    encodings.set(name, encoding);
  }
  return encoding;
}

/** Whether texts can be had in it. SQL_ASCII says nothing of what bytes are: they stay what they are. */
export function isConvertible(name: string): boolean {
  return name === 'UTF8' || name === 'SQL_ASCII' || encodingNamed(name) !== null;
}
