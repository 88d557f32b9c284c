/** Interner of values that are equal when their bytes are: one arena of bytes, found by open addressing. */
import type { Value } from '../../catalog/function-entry.ts';
import { decodeText } from '../../types/index.ts';
import { UUID_SIZE, uuidFromBytes, writeUuid } from '../../types/uuid.ts';
import { giveArray, grownArray, takeScratch, takeSlots } from '../scratch-memory.ts';
import {
  emptied,
  emptySlots,
  grownSlots,
  INITIAL_IDS,
  INITIAL_SLOTS,
  type Interner,
  mix,
  PLACE_BYTES,
  STRING_BYTES,
  slotsFor,
} from './interner.ts';

/** Of a text. */
const ENTRY_WORDS = 3;
const INITIAL_ARENA_BYTES = 1024;
/** An arena up to this stays for the next run of the statement. */
const ARENA_KEPT_BYTES = 4096;
const NO_BYTES = Buffer.from(new ArrayBuffer(0));

/** A text is encoded here to look for it: for all tables, as nobody goes on in between. */
let scratch = Buffer.allocUnsafeSlow(256);
/** A longer one does not stay. */
const SCRATCH_KEPT = 64 * 1024;

/** Into `scratch`; answers the length. */
function encode(value: string): number {
  const most = value.length * 3;
  if (most > scratch.length || (scratch.length > SCRATCH_KEPT && most <= SCRATCH_KEPT))
    scratch = Buffer.allocUnsafeSlow(Math.max(most, SCRATCH_KEPT));
  return scratch.write(value, 0, 'utf8');
}

/** How values are bytes: into `scratch`, answering the length, and back. */
interface BytesForm {
  readonly encode: (value: never) => number;
  readonly decode: (bytes: Uint8Array, start: number, end: number) => string;
}

const TEXT_FORM: BytesForm = { encode, decode: decodeText };
export const UUID_FORM: BytesForm = {
  encode(value: string) {
    writeUuid(value, scratch, 0);
    return UUID_SIZE;
  },
  decode: uuidFromBytes,
};

/** Text, by its UTF-8 bytes, and uuid by its own: from the pool without decoding, or from strings. */
export class TextInterner implements Interner {
  readonly #form: BytesForm;
  #slots = takeSlots(INITIAL_SLOTS);
  #mask = INITIAL_SLOTS - 1;
  /** Three words an id: hash, start and end in the arena. */
  #entries = new Uint32Array(INITIAL_IDS * ENTRY_WORDS);
  count = 0;
  #arena: Buffer<ArrayBuffer> = NO_BYTES;
  #used = 0;
  #strings: (string | null | undefined)[] = [];
  #nullId = -1;

  constructor(form = TEXT_FORM) {
    this.#form = form;
  }

  idOfBytes(u8: Uint8Array, start: number, end: number): number {
    let hash = end - start;
    for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + u8[i]) | 0;
    hash = mix(hash);
    const slots = this.#slots;
    let slot = hash & this.#mask;
    const entries = this.#entries;
    for (let id = slots[slot]; id >= 0; id = slots[slot]) {
      if (entries[id * ENTRY_WORDS] === hash && this.#equals(id, u8, start, end)) return id;
      slot = (slot + 1) & this.#mask;
    }
    return this.#add(hash, u8, start, end, slot);
  }

  #equals(id: number, u8: Uint8Array, start: number, end: number): boolean {
    let at = this.#entries[id * ENTRY_WORDS + 1];
    if (this.#entries[id * ENTRY_WORDS + 2] - at !== end - start) return false;
    const arena = this.#arena;
    for (let i = start; i < end; i++) if (arena[at++] !== u8[i]) return false;
    return true;
  }

  #add(hash: number, u8: Uint8Array, start: number, end: number, slot: number): number {
    const length = end - start;
    if (this.#used + length > this.#arena.length) {
      const size = Math.max(this.#arena.length * 2, this.#used + length, INITIAL_ARENA_BYTES);
      const larger = Buffer.from(takeScratch(size));
      this.#arena.copy(larger, 0, 0, this.#used);
      giveArray(this.#arena);
      this.#arena = larger;
    }
    for (let i = 0; i < length; i++) this.#arena[this.#used + i] = u8[start + i];
    const id = this.#addEntry(hash, this.#used, this.#used + length);
    this.#used += length;
    this.#strings.push(undefined);
    this.#slots[slot] = id;
    if (id * 2 > this.#mask) this.#grow();
    return id;
  }

  #addEntry(hash: number, start: number, end: number): number {
    const at = this.count * ENTRY_WORDS;
    if (at + ENTRY_WORDS > this.#entries.length) this.#entries = grownArray(this.#entries, Uint32Array);
    this.#entries[at] = hash;
    this.#entries[at + 1] = start;
    this.#entries[at + 2] = end;
    return this.count++;
  }

  #grow(size = grownSlots(this.#mask + 1)): void {
    const slots = takeSlots(size);
    const entries = this.#entries;
    this.#mask = size - 1;
    for (let id = 0; id < this.count; id++) {
      if (id === this.#nullId) continue;
      let slot = entries[id * ENTRY_WORDS] & this.#mask;
      while (slots[slot] >= 0) slot = (slot + 1) & this.#mask;
      slots[slot] = id;
    }
    giveArray(this.#slots);
    this.#slots = slots;
  }

  reserve(count: number): void {
    if (count * ENTRY_WORDS > this.#entries.length)
      this.#entries = grownArray(this.#entries, Uint32Array, count * ENTRY_WORDS);
    if (count * 2 > this.#mask) this.#grow(slotsFor(count));
  }

  idOf(value: Value): number {
    if (value === null) return this.#idOfNull();
    const length = this.#form.encode(value as never);
    const id = this.idOfBytes(scratch, 0, length);
    if (this.#strings[id] === undefined) this.#strings[id] = value;
    return id;
  }

  #idOfNull(): number {
    if (this.#nullId < 0) {
      this.#nullId = this.#addEntry(0, 0, 0);
      this.#strings.push(null);
    }
    return this.#nullId;
  }

  find(value: Value): number {
    if (value === null) return this.#nullId;
    const length = this.#form.encode(value as never);
    let hash = length;
    for (let i = 0; i < length; i++) hash = (Math.imul(hash, 31) + scratch[i]) | 0;
    hash = mix(hash);
    let slot = hash & this.#mask;
    for (let id = this.#slots[slot]; id >= 0; id = this.#slots[slot]) {
      if (this.#entries[id * ENTRY_WORDS] === hash && this.#equals(id, scratch, 0, length)) return id;
      slot = (slot + 1) & this.#mask;
    }
    return -1;
  }

  valueOf(id: number): Value {
    let text = this.#strings[id];
    if (text === undefined) {
      text = this.#form.decode(this.#arena, this.#entries[id * ENTRY_WORDS + 1], this.#entries[id * ENTRY_WORDS + 2]);
      this.#strings[id] = text;
    }
    return text;
  }

  /** As if each text were there as a string too: that comes with its first use. */
  get byteSize(): number {
    const texts = this.count * (PLACE_BYTES + STRING_BYTES) + this.#entries.byteLength;
    return texts + this.#used + this.#arena.length + this.#slots.length * 4;
  }

  clear(): void {
    this.#slots = emptySlots(this.#slots);
    this.#mask = this.#slots.length - 1;
    this.count = 0;
    this.#strings = [];
    this.#used = 0;
    this.#nullId = -1;
    if (this.#arena.length > ARENA_KEPT_BYTES) {
      giveArray(this.#arena);
      this.#arena = NO_BYTES;
    }
    this.#entries = emptied(this.#entries, Uint32Array, INITIAL_IDS * ENTRY_WORDS);
  }
}
