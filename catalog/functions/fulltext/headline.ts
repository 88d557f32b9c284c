/** ts_headline: a piece of the document with the words of the query marked, chosen as PostgreSQL 15 chooses it. */

import { matchTree, NO, type OperandTest, YES } from '../../../types/fulltext/match.ts';
import { type QueryNode, type QueryOperand, tsqueryTree } from '../../../types/fulltext/tsquery.ts';
import { compareLexeme } from '../../../types/fulltext/tsvector.ts';
import { sqlError } from '../../../types/index.ts';
import type { Configuration } from './configurations.ts';
import { TOKEN } from './default-parser.ts';
import { lexizeText } from './lexizer.ts';

export interface HeadlineOptions {
  readonly maxWords: number;
  readonly minWords: number;
  readonly shortWord: number;
  readonly maxFragments: number;
  readonly highlightAll: boolean;
  readonly startMark: string;
  readonly stopMark: string;
  readonly fragmentDelimiter: string;
}

const DEFAULTS: HeadlineOptions = {
  maxWords: 35,
  minWords: 15,
  shortWord: 3,
  maxFragments: 0,
  highlightAll: false,
  startMark: '<b>',
  stopMark: '</b>',
  fragmentDelimiter: ' ... ',
};

const OPTION =
  /\s*(?:"((?:[^"]|"")*)"|([A-Za-z_][A-Za-z0-9_]*))\s*=\s*(?:"((?:[^"]|"")*)"|'((?:[^']|'')*)'|([^,\s]*))\s*(?:,|$)/y;

/** `MaxWords=3, StartSel="<i>"`. */
function splitOptions(text: string): [string, string][] {
  const options: [string, string][] = [];
  OPTION.lastIndex = 0;
  while (OPTION.lastIndex < text.length && text.slice(OPTION.lastIndex).trim() !== '') {
    const match = OPTION.exec(text);
    if (match === null) throw sqlError('42601', `invalid parameter list format: "${text}"`);
    const name = match[1]?.replaceAll('""', '"') ?? match[2];
    const value = match[3]?.replaceAll('""', '"') ?? match[4]?.replaceAll("''", "'") ?? match[5];
    options.push([name, value]);
  }
  return options;
}

function integerOption(value: string): number {
  const match = /^\s*([+-]?\d+)\s*$/.exec(value);
  if (match === null) throw sqlError('22P02', `invalid input syntax for type integer: "${value}"`);
  const number = Number(match[1]);
  if (number > 2147483647 || number < -2147483648) {
    throw sqlError('22003', `value "${value}" is out of range for type integer`);
  }
  return number;
}

const MARK_BYTES_MAX = 32767;

function mark(name: string, value: string): string {
  if (Buffer.byteLength(value) <= MARK_BYTES_MAX) return value;
  throw sqlError('22023', `value for "${name}" is too long`);
}

export function parseHeadlineOptions(text: string): HeadlineOptions {
  const options: { -readonly [K in keyof HeadlineOptions]: HeadlineOptions[K] } = { ...DEFAULTS };
  for (const [name, value] of splitOptions(text)) {
    switch (name.toLowerCase()) {
      case 'maxwords':
        options.maxWords = integerOption(value);
        break;
      case 'minwords':
        options.minWords = integerOption(value);
        break;
      case 'shortword':
        options.shortWord = integerOption(value);
        break;
      case 'maxfragments':
        options.maxFragments = integerOption(value);
        break;
      case 'startsel':
        options.startMark = mark('StartSel', value);
        break;
      case 'stopsel':
        options.stopMark = mark('StopSel', value);
        break;
      case 'fragmentdelimiter':
        options.fragmentDelimiter = mark('FragmentDelimiter', value);
        break;
      case 'highlightall':
        options.highlightAll = /^(?:1|on|true|t|y|yes)$/i.test(value);
        break;
      default:
        throw sqlError('22023', `unrecognized headline parameter: "${name}"`);
    }
  }
  if (!options.highlightAll) checkOptions(options);
  return options;
}

function checkOptions({ minWords, maxWords, shortWord, maxFragments }: HeadlineOptions): void {
  if (minWords >= maxWords) throw sqlError('22023', 'MinWords should be less than MaxWords');
  if (minWords <= 0) throw sqlError('22023', 'MinWords should be positive');
  if (shortWord < 0) throw sqlError('22023', 'ShortWord should be >= 0');
  if (maxFragments < 0) throw sqlError('22023', 'MaxFragments should be >= 0');
}

/** A token of the document. */
interface Word {
  readonly type: number;
  readonly text: string;
  /** Bytes of UTF-8. */
  readonly length: number;
  /** Counted as in a tsvector. */
  position: number;
  item: QueryOperand | null;
  /** The same word once more, for another operand that it answers. */
  readonly isRepeated: boolean;
  isShown: boolean;
  isMarked: boolean;
  /** Shown as a blank; not shown (its parts are). */
  isReplaced: boolean;
  isSkipped: boolean;
}

const SKIPPED: readonly number[] = [TOKEN.URL, TOKEN.NUMHWORD, TOKEN.ASCIIHWORD, TOKEN.HWORD];
const NO_WORDS: readonly number[] = [TOKEN.BLANK, TOKEN.TAG, ...SKIPPED];
const NO_ENDS: readonly number[] = [
  ...NO_WORDS,
  TOKEN.SFLOAT,
  TOKEN.VERSION,
  TOKEN.FLOAT,
  TOKEN.INT,
  TOKEN.UINT,
  TOKEN.PROTOCOL,
  TOKEN.ENTITY,
];

function operandsOf(node: QueryNode, target: QueryOperand[]): QueryOperand[] {
  if (node.kind === 'operand') target.push(node);
  else if (node.kind === 'not') operandsOf(node.argument, target);
  else {
    operandsOf(node.right, target);
    operandsOf(node.left, target);
  }
  return target;
}

function wordsOf(
  configuration: Configuration,
  text: string,
  operands: readonly QueryOperand[],
  notice: () => void,
): Word[] {
  const words: Word[] = [];
  let position = 0;
  lexizeText(configuration, text, notice, (tokens, found) => {
    const items: { readonly item: QueryOperand | null; readonly position: number }[] = [];
    if (found !== null) position++;
    let place = position;
    for (const { term, addsPosition } of found ?? []) {
      if (addsPosition) place++;
      for (const operand of operands) {
        const isSought = compareLexeme(term.bytes, 0, term.bytes.length, operand.lexeme, operand.prefix) === 0;
        if (isSought) items.push({ item: operand, position: place });
      }
    }
    position = place;
    if (items.length === 0) items.push({ item: null, position: 0 });
    for (const token of tokens) {
      for (const [i, { item, position: itemPosition }] of items.entries()) {
        words.push({
          type: token.type,
          text: token.text,
          length: Buffer.byteLength(token.text),
          position: itemPosition,
          item,
          isRepeated: i > 0,
          isShown: false,
          isMarked: false,
          isReplaced: false,
          isSkipped: false,
        });
      }
    }
  });
  return words;
}

/** A stretch of words, ends included; how many words count, how many of them are sought. */
interface Fragment {
  start: number;
  end: number;
  words: number;
  items: number;
  isChosen: boolean;
  isExcluded: boolean;
}

class Headline {
  readonly #words: readonly Word[];
  readonly #node: QueryNode | null;
  readonly #options: HeadlineOptions;
  /** Covers of more words are not looked for. */
  readonly #coverMax: number;

  constructor(words: readonly Word[], node: QueryNode | null, options: HeadlineOptions) {
    this.#words = words;
    this.#node = node;
    this.#options = options;
    this.#coverMax = Math.max(options.maxWords * 10, 100) * Math.max(options.maxFragments, 1);
  }

  choose(): void {
    if (this.#options.maxFragments === 0) this.#chooseOne();
    else this.#chooseFragments();
  }

  #counts(index: number): boolean {
    return !NO_WORDS.includes(this.#words[index].type);
  }

  #isSought(index: number): boolean {
    return this.#words[index].item !== null && !this.#words[index].isRepeated;
  }

  /** A headline should not end here: no word, or a short one. */
  #isBadEnd(index: number): boolean {
    const { type, length } = this.#words[index];
    return (NO_ENDS.includes(type) || length <= this.#options.shortWord) && !this.#isSought(index);
  }

  #firstItem(from: number): number {
    for (let i = from; i < this.#words.length; i++) if (this.#words[i].item !== null) return i;
    return -1;
  }

  /** The first, shortest stretch from `from` on that satisfies the query. */
  #cover(from: number): readonly [number, number] | null {
    const node = this.#node;
    if (node === null) return null;
    let start = this.#firstItem(from);
    while (start >= 0) {
      let next = -1;
      let end = start;
      do {
        if (matchTree(node, this.#test(start, end))) return [start, end];
        const following = this.#firstItem(end + 1);
        if (end === start) next = following;
        end = following;
      } while (end >= 0 && end - start < this.#coverMax);
      start = next;
    }
    return null;
  }

  #test(start: number, end: number): OperandTest {
    return (operand, places) => {
      const positions: number[] = [];
      for (let i = start; i <= end; i++) {
        const { item, position } = this.#words[i];
        if (item !== operand) continue;
        if (places === null) return YES;
        if (positions.length === 0 || positions[positions.length - 1] < position) positions.push(position);
      }
      if (places !== null) places.positions = positions;
      return positions.length > 0 ? YES : NO;
    };
  }

  #mark(start: number, end: number): void {
    for (let i = start; i <= end; i++) {
      const word = this.#words[i];
      if (word.item !== null) word.isMarked = true;
      if (SKIPPED.includes(word.type)) word.isSkipped = true;
      else if (word.type === TOKEN.TAG && !this.#options.highlightAll) word.isReplaced = true;
      word.isShown = !word.isRepeated;
    }
  }

  /** The first words, where nothing was found. */
  #beginning(): number {
    let count = 0;
    let end = -1;
    for (let i = 0; i < this.#words.length && count < this.#options.minWords; i++) {
      if (this.#counts(i)) count++;
      end = i;
    }
    return end;
  }

  /** One headline: the whole document, or the best cover with words around it. */
  #chooseOne(): void {
    if (this.#options.highlightAll) {
      this.#mark(0, this.#words.length - 1);
      return;
    }
    let best: { start: number; end: number; items: number; holdsCover: boolean } | null = null;
    for (let cover = this.#cover(0); cover !== null; cover = this.#cover(cover[0] + 1)) {
      const found = this.#around(cover[0], cover[1]);
      const isBetter =
        best === null ||
        (found.holdsCover && !best.holdsCover) ||
        (found.holdsCover === best.holdsCover &&
          (found.items > best.items ||
            (found.items === best.items && !this.#isBadEnd(found.end) && this.#isBadEnd(best.end))));
      if (isBetter) best = found;
    }
    if (best !== null) this.#mark(best.start, best.end);
    else this.#mark(0, Math.max(this.#beginning(), Math.min(0, this.#words.length - 1)));
  }

  /** A cover made longer or shorter to a headline. */
  #around(p: number, q: number): { start: number; end: number; items: number; holdsCover: boolean } {
    const { minWords, maxWords } = this.#options;
    const words = this.#words;
    let count = 0;
    let items = 0;
    let start = p;
    let end = p;
    let i = p;
    for (; i <= q && count < maxWords; i++) {
      if (this.#counts(i)) count++;
      if (this.#isSought(i)) items++;
      end = i;
    }
    if (count < maxWords) {
      for (i--; i < words.length && count < maxWords; i++) {
        if (i > q) {
          if (this.#counts(i)) count++;
          if (this.#isSought(i)) items++;
        }
        end = i;
        if (!this.#isBadEnd(i) && count >= minWords) break;
      }
      if (count < minWords) {
        // The document ends here: to the left, then.
        for (i = p - 1; i >= 0; i--) {
          if (this.#counts(i)) count++;
          if (this.#isSought(i)) items++;
          if (count >= maxWords) break;
          if (!this.#isBadEnd(i) && count >= minWords) break;
        }
        start = Math.max(i, 0);
      }
    } else {
      if (i > q) i = q;
      for (; count > minWords && this.#isBadEnd(i); i--) {
        if (this.#counts(i)) count--;
        if (this.#isSought(i)) items--;
        end = i - 1;
      }
    }
    return { start, end, items, holdsCover: start <= p && end >= q };
  }

  /** The next piece of a cover that is not longer than a headline, with sought words at both ends. */
  #fragment(from: number, to: number): Fragment {
    const { maxWords } = this.#options;
    let start = from;
    for (let i = from; i <= to; i++) {
      start = i;
      if (this.#isSought(i)) break;
    }
    let words = 0;
    let items = 0;
    let i = start;
    for (; i <= to && words < maxWords; i++) {
      if (this.#counts(i)) words++;
      if (this.#isSought(i)) items++;
    }
    let end = to;
    if (to > i) {
      for (end = i; i >= start; i--) {
        end = i;
        if (this.#isSought(i)) break;
        if (this.#counts(i)) words--;
      }
    }
    return { start, end, words, items, isChosen: false, isExcluded: false };
  }

  #fragments(): Fragment[] {
    const fragments: Fragment[] = [];
    for (let cover = this.#cover(0); cover !== null; cover = this.#cover(cover[0] + 1)) {
      let start = cover[0];
      while (start <= cover[1]) {
        const fragment = this.#fragment(start, cover[1]);
        fragments.push(fragment);
        start = fragment.end + 1;
      }
    }
    return fragments;
  }

  /** Several pieces: those with the most sought words, made longer on both sides while there is room. */
  #chooseFragments(): void {
    const fragments = this.#fragments();
    let chosen = 0;
    for (; chosen < this.#options.maxFragments; chosen++) {
      let best: Fragment | null = null;
      for (const fragment of fragments) {
        if (fragment.isChosen || fragment.isExcluded) continue;
        const items = best?.items ?? 0;
        const words = best?.words ?? Infinity;
        if (items < fragment.items || (items === fragment.items && words > fragment.words)) best = fragment;
      }
      if (best === null) break;
      best.isChosen = true;
      this.#stretch(best);
      const { start, end } = best;
      this.#mark(start, end);
      for (const other of fragments) {
        if (other === best) continue;
        if (
          (other.start >= start && other.start <= end) ||
          (other.end >= start && other.end <= end) ||
          (other.start < start && other.end > end)
        ) {
          other.isExcluded = true;
        }
      }
    }
    if (chosen === 0) this.#mark(0, this.#beginning());
  }

  #stretch(fragment: Fragment): void {
    const { maxWords } = this.#options;
    const words = this.#words;
    if (fragment.words >= maxWords) return;
    const half = Math.trunc((maxWords - fragment.words) / 2);
    let reached = fragment.start;
    let taken = 0;
    for (let i = fragment.start - 1; i >= 0 && taken < half && !words[i].isShown; i--) {
      if (this.#counts(i)) {
        fragment.words++;
        taken++;
      }
      reached = i;
    }
    for (; reached < fragment.start && this.#isBadEnd(reached); reached++) if (this.#counts(reached)) fragment.words--;
    fragment.start = reached;
    reached = fragment.end;
    for (let i = fragment.end + 1; i < words.length && fragment.words < maxWords && !words[i].isShown; i++) {
      if (this.#counts(i)) fragment.words++;
      reached = i;
    }
    for (; reached > fragment.end && this.#isBadEnd(reached); reached--) if (this.#counts(reached)) fragment.words--;
    fragment.end = reached;
  }
}

function print(words: readonly Word[], options: HeadlineOptions): string {
  let text = '';
  let isInside = false;
  let fragments = 0;
  words.forEach((word) => {
    if (word.isRepeated) return;
    if (!word.isShown) {
      isInside = false;
      return;
    }
    if (!isInside) {
      isInside = true;
      if (++fragments > 1) text += options.fragmentDelimiter;
    }
    if (word.isReplaced) text += ' ';
    else if (!word.isSkipped) {
      if (word.isMarked) text += options.startMark;
      text += word.text;
      if (word.isMarked) text += options.stopMark;
    }
  });
  return text;
}

export function headline(
  configuration: Configuration,
  text: string,
  query: Uint8Array,
  options: HeadlineOptions,
  notice: () => void,
): string {
  const node = tsqueryTree(query);
  const words = wordsOf(configuration, text, node === null ? [] : operandsOf(node, []), notice);
  new Headline(words, node, options).choose();
  return print(words, options);
}
