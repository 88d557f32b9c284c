/**
 * From text to tsvector. A document is collected in arrays that are kept: per term its first position, and a chain of the others;
 * in the steady state no object is made but the result.
 */
import { compareText } from '../../../types/compare.ts';
import {
  checkDataLength,
  LEXEME_BYTES_MAX,
  POSITION_MAX,
  POSITIONS_MAX,
  writeUint16,
  writeUint32,
} from '../../../types/fulltext/tsvector.ts';
import type { Configuration } from './configurations.ts';
import { DefaultParser } from './default-parser.ts';
import type { FoundTerm, Term } from './dictionary.ts';
import { lexizeText, type WordNotice } from './lexizer.ts';
import { isTooLong } from './token-length.ts';

let serial = 0;
/** By slot: the term, the first and last link of its positions, how many there are. */
const terms: Term[] = [];
let firstLink = new Int32Array(256);
let lastLink = new Int32Array(256);
let counts = new Int32Array(256);
/** By link: a position, and the next link (-1: none). */
let linkPositions = new Uint16Array(1024);
let nextLink = new Int32Array(1024);
let linkCount = 0;
let termCount = 0;

function grownInt32(array: Int32Array): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(array.length * 2);
  grown.set(array);
  return grown;
}

function addLink(position: number): number {
  if (linkCount === nextLink.length) {
    nextLink = grownInt32(nextLink);
    const grown = new Uint16Array(linkPositions.length * 2);
    grown.set(linkPositions);
    linkPositions = grown;
  }
  linkPositions[linkCount] = position;
  nextLink[linkCount] = -1;
  return linkCount++;
}

function addWord(term: Term, position: number): void {
  if (term.serial !== serial) {
    term.serial = serial;
    term.slot = termCount;
    if (termCount === firstLink.length) {
      firstLink = grownInt32(firstLink);
      lastLink = grownInt32(lastLink);
      counts = grownInt32(counts);
    }
    terms[termCount] = term;
    const link = addLink(position);
    firstLink[termCount] = link;
    lastLink[termCount] = link;
    counts[termCount] = 1;
    termCount++;
    return;
  }
  const { slot } = term;
  const last = linkPositions[lastLink[slot]];
  // Positions beyond the highest are the highest, and stand once.
  if (counts[slot] >= POSITIONS_MAX || last === position || last === POSITION_MAX) return;
  const link = addLink(position);
  nextLink[lastLink[slot]] = link;
  lastLink[slot] = link;
  counts[slot]++;
}

export class DocumentBuilder {
  readonly #configuration: Configuration;
  readonly #notice: WordNotice;
  /** Position of the last word. */
  position = 0;
  /** Words so far, stop words not counted. */
  wordCount = 0;

  constructor(configuration: Configuration, notice: WordNotice) {
    this.#configuration = configuration;
    this.#notice = notice;
    serial++;
    termCount = 0;
    linkCount = 0;
  }

  add(text: string): void {
    if (this.#configuration.hasPhrases) {
      lexizeText(this.#configuration, text, this.#notice, (_tokens, found) => {
        if (found !== null) this.#addFound(found);
      });
      return;
    }
    const { dictionaries } = this.#configuration;
    const parser = new DefaultParser(text);
    while (parser.next()) {
      const list = dictionaries[parser.type];
      if (list === undefined) continue;
      const { start, end } = parser;
      if ((end - start) * 3 > LEXEME_BYTES_MAX && isTooLong(text, start, end)) {
        this.#notice();
        continue;
      }
      const found = list.find(text.slice(start, end));
      if (found === null) continue;
      if (found.length !== 1) this.#addFound(found);
      else {
        const position = ++this.position;
        this.wordCount++;
        addWord(found[0].term, position < POSITION_MAX ? position : POSITION_MAX);
      }
    }
  }

  #addFound(found: readonly FoundTerm[]): void {
    this.position++;
    for (const { term, addsPosition } of found) {
      if (addsPosition) this.position++;
      this.wordCount++;
      addWord(term, this.position < POSITION_MAX ? this.position : POSITION_MAX);
    }
  }

  /** The lexemes in order, with positions. */
  finish(): Uint8Array {
    const ordered = terms.slice(0, termCount).sort(compareTerms);
    unite(ordered);
    let size = 0;
    for (const term of ordered) size = ((size + term.bytes.length + 1) & ~1) + 2 + 2 * counts[term.slot];
    checkDataLength(size);
    const count = ordered.length;
    const data = 4 + 4 * count;
    const vector = new Uint8Array(data + size);
    writeUint32(vector, 0, count);
    let offset = 0;
    for (let i = 0; i < count; i++) {
      const { bytes, slot } = ordered[i];
      writeUint32(vector, 4 + 4 * i, (offset << 12) | (bytes.length << 1) | 1);
      const start = data + offset;
      for (let j = 0; j < bytes.length; j++) vector[start + j] = bytes[j];
      offset = (offset + bytes.length + 1) & ~1;
      writeUint16(vector, data + offset, counts[slot]);
      offset += 2;
      for (let link = firstLink[slot]; link >= 0; link = nextLink[link]) {
        writeUint16(vector, data + offset, linkPositions[link]);
        offset += 2;
      }
    }
    terms.length = 0;
    return vector;
  }
}

function compareTerms(a: Term, b: Term): number {
  return compareText(a.text, b.text);
}

/** Two dictionaries may give the same term, each its own object: their positions are put together, in order. */
function unite(ordered: Term[]): void {
  let kept = 0;
  for (let i = 0; i < ordered.length; i++) {
    const term = ordered[i];
    if (kept > 0 && ordered[kept - 1].text === term.text) uniteSlots(ordered[kept - 1].slot, term.slot);
    else ordered[kept++] = term;
  }
  ordered.length = kept;
}

function uniteSlots(into: number, from: number): void {
  const positions: number[] = [];
  for (const slot of [into, from]) {
    for (let link = firstLink[slot]; link >= 0; link = nextLink[link]) positions.push(linkPositions[link]);
  }
  positions.sort((a, b) => a - b);
  let count = 0;
  let last = -1;
  for (const position of positions) {
    if (count >= POSITIONS_MAX || (count > 0 && linkPositions[last] === position)) continue;
    const link = addLink(position);
    if (count === 0) firstLink[into] = link;
    else nextLink[last] = link;
    last = link;
    count++;
  }
  lastLink[into] = last;
  counts[into] = count;
}

export function toTsvector(configuration: Configuration, text: string, notice: WordNotice): Uint8Array {
  const builder = new DocumentBuilder(configuration, notice);
  builder.add(text);
  return builder.finish();
}
