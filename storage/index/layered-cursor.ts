/**
 * A reader's place in layers of dictionaries: their cursors side by side, merged by key and row id, each entry once.
 *
 * An entry may go from one layer to another (the parent takes it out, and it is retained), to where that layer's cursor has been already. So
 * when one has changed, all seek again behind what was given last. Of hashed layers it is asked for one key.
 */
import { assert } from '../../types/assert.ts';
import { CURSOR_END, IndexCursor } from './cursor.ts';
import type { Dictionary } from './dictionary.ts';
import { IndexKey } from './index-key.ts';
import { type IndexDictionary, LayeredDictionary } from './layered-dictionary.ts';

/** A cursor in one layer, and the entry that it has come to. */
class Layer {
  readonly dictionary: Dictionary;
  readonly cursor: IndexCursor;
  /** The dictionary's, when the cursor looked. */
  #version = -1;
  readonly key = new IndexKey();
  /** CURSOR_END: it has no more. */
  rowId: number = CURSOR_END;

  constructor(dictionary: Dictionary) {
    this.dictionary = dictionary;
    this.cursor = new IndexCursor(dictionary);
  }

  get hasChanged(): boolean {
    return this.#version !== this.dictionary.version;
  }

  advance(): void {
    this.#version = this.dictionary.version;
    this.rowId = this.cursor.next();
    if (this.rowId !== CURSOR_END) this.cursor.copyKey(this.key);
  }
}

export class LayeredCursor extends IndexCursor {
  // No #fields: see IndexCursor.
  private readonly layered: LayeredDictionary;
  private layers: Layer[] = [];
  private isStarted = false;
  /** What was given last. */
  private readonly givenKey = new IndexKey();
  private givenRow = 0;
  private hasKey = false;
  /** Of nextKey: the layer that it is in. */
  private keyLayer = 0;

  constructor(dictionary: LayeredDictionary) {
    super(dictionary.all()[0]);
    this.layered = dictionary;
  }

  /** The layers' cursors, with the bounds that are set now, before their first entry. */
  cursors(): readonly (readonly [Dictionary, IndexCursor])[] {
    return this.layered.all().map((dictionary) => {
      const cursor = new IndexCursor(dictionary);
      this.#bound(cursor);
      return [dictionary, cursor] as const;
    });
  }

  override reset(): void {
    this.isStarted = false;
    this.hasKey = false;
  }

  override next(): number {
    if (!this.isStarted) {
      this.#start();
      for (const layer of this.layers) layer.advance();
    } else if (this.#hasChanged()) this.#seekAgain();
    const first = this.#first();
    if (first === null) return CURSOR_END;
    const { rowId } = first;
    if (!this.hasKey || !this.givenKey.equals(first.key)) this.entriesGiven++;
    this.givenKey.copyFrom(first.key);
    this.givenRow = rowId;
    this.hasKey = true;
    for (const layer of this.layers) if (layer.rowId === rowId && layer.key.equals(this.givenKey)) layer.advance();
    return rowId;
  }

  /** Keys of one layer after the other: for estimates. */
  override nextKey(): boolean {
    if (!this.isStarted) {
      this.#start();
      this.keyLayer = 0;
    }
    while (this.keyLayer < this.layers.length) {
      if (this.layers[this.keyLayer].cursor.nextKey()) return true;
      this.keyLayer++;
    }
    return false;
  }

  override get rowCount(): number {
    return this.layers[this.keyLayer].cursor.rowCount;
  }

  override passLeaf(): number {
    return 0;
  }

  override peek(): number {
    return 0;
  }

  override readRows(): number {
    assert(false, 'postings are read layer by layer');
  }

  override copyKey(key: IndexKey): void {
    key.copyFrom(this.givenKey);
  }

  override suspend(): void {
    for (const layer of this.layers) layer.cursor.suspend();
  }

  override isAtKey(key: IndexKey): boolean {
    return this.givenKey.equals(key);
  }

  override get lastNumber(): number {
    return this.givenKey.number;
  }

  #start(): void {
    this.isStarted = true;
    const dictionaries = this.layered.all();
    // What the fork makes its own later was not there for this reader.
    const isSame =
      this.layers.length === dictionaries.length && this.layers.every((l, i) => l.dictionary === dictionaries[i]);
    if (!isSame) this.layers = dictionaries.map((d) => new Layer(d));
    for (const { cursor } of this.layers) this.#bound(cursor);
  }

  #hasChanged(): boolean {
    for (const layer of this.layers) if (layer.hasChanged) return true;
    return false;
  }

  #seekAgain(): void {
    for (const layer of this.layers) {
      if (this.hasKey) layer.cursor.startBehind(this.givenKey, this.givenRow);
      else layer.cursor.reset();
      layer.advance();
    }
  }

  #bound(cursor: IndexCursor): void {
    cursor.hasLower = this.hasLower;
    cursor.hasUpper = this.hasUpper;
    cursor.lowerInclusive = this.lowerInclusive;
    cursor.upperInclusive = this.upperInclusive;
    cursor.isPrefix = this.isPrefix;
    cursor.descending = this.descending;
    cursor.lower.copyFrom(this.lower);
    cursor.upper.copyFrom(this.upper);
    cursor.reset();
  }

  /** The layer whose entry comes first. */
  #first(): Layer | null {
    let first: Layer | null = null;
    for (const layer of this.layers) {
      if (layer.rowId === CURSOR_END) continue;
      if (first === null || this.#isBefore(layer, first)) first = layer;
    }
    return first;
  }

  #isBefore(a: Layer, b: Layer): boolean {
    const order = compareKeys(a.key, b.key) || a.rowId - b.rowId;
    return this.descending ? order > 0 : order < 0;
  }
}

function compareKeys(a: IndexKey, b: IndexKey): number {
  if (a.number !== b.number) return a.number < b.number ? -1 : 1;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a.bytes[i] !== b.bytes[i]) return a.bytes[i] - b.bytes[i];
  return a.length - b.length;
}

/** A cursor in whatever serves the index. */
export function cursorOf(dictionary: IndexDictionary): IndexCursor {
  return dictionary instanceof LayeredDictionary ? new LayeredCursor(dictionary) : new IndexCursor(dictionary);
}
