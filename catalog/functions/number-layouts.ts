/**
 * to_char of numbers by layouts. Where a pattern puts a number's digits depends on how many there are, on the sign, and on which zeros it drops,
 * not on the other digits. So what the pattern makes of one number, walked along once, says how all that are like it are written.
 */

/** Characters, digits from..end of the number, characters, ... and characters at the end. */
export interface NumberLayout {
  readonly texts: readonly string[];
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** Of a pattern; numbers beyond it begin anew. */
const LAYOUTS_MAX = 256;
/** Digits of patterns for which numbers of layouts are unique. */
export const LAYOUT_DIGITS_MAX = 500;
/** What stands for the digits while a layout is made: lone surrogates, of which no text has any. */
const MARK = 0xd800;

/** Walks digits along a pattern. */
type Walk = (digits: string, isNegative: boolean, preSpaces: number) => string;

/** Layouts of a pattern, by what they depend on. */
export class NumberLayouts {
  readonly #known = new Map<number, NumberLayout>();
  readonly #walk: Walk;

  constructor(walk: Walk) {
    this.#walk = walk;
  }

  /**
   * The number as the pattern writes it. `digits`: without the sign; `last`: the last one that is not a zero behind the point, if such zeros may be
   * dropped, else -1.
   */
  write(digits: string, isNegative: boolean, preSpaces: number, last: number): string {
    const traits = (isNegative ? 1 : 0) + (digits.charCodeAt(0) === 48 ? 2 : 0);
    const key = (preSpaces * 2 * LAYOUT_DIGITS_MAX + last + 1) * 4 + traits;
    let layout = this.#known.get(key);
    if (layout === undefined) {
      layout = layoutOf(this.#walk(marked(digits, last), isNegative, preSpaces), digits);
      if (this.#known.size >= LAYOUTS_MAX) this.#known.clear();
      this.#known.set(key, layout);
    }
    const { texts, starts, ends } = layout;
    let result = texts[0];
    for (let i = 0; i < starts.length; i++) result += digits.slice(starts[i], ends[i]) + texts[i + 1];
    return result;
  }
}

/** Digits that the walk does not look at become marks of their places. */
function marked(digits: string, last: number): string {
  let text = '';
  for (let i = 0; i < digits.length; i++) {
    const c = digits[i];
    const isSeen = c === '.' || (i === 0 && c === '0') || (last >= 0 && i > last);
    text += isSeen ? c : String.fromCharCode(MARK + i);
  }
  return text;
}

/** The point, where it follows a digit as in the number, is part of the same run. */
function layoutOf(written: string, digits: string): NumberLayout {
  const texts = [''];
  const starts: number[] = [];
  const ends: number[] = [];
  for (let i = 0; i < written.length; i++) {
    const place = written.charCodeAt(i) - MARK;
    const isDigit = place >= 0 && place < digits.length;
    const end = ends.at(-1) ?? -1;
    const goesOn = texts[starts.length] === '';
    if (goesOn && (isDigit ? place === end : written[i] === '.' && digits[end] === '.')) ends[ends.length - 1]++;
    else if (!isDigit) texts[starts.length] += written[i];
    else {
      starts.push(place);
      ends.push(place + 1);
      texts.push('');
    }
  }
  return { texts, starts, ends };
}
