/**
 * The template thesaurus: phrases with what stands for them, a line each of a .ths file: `sample words : substitute words`. The words
 * go through another dictionary; `?` is a stop word of it, `*word` of a substitute stays as it is. Phrases that begin alike are looked
 * for together, and the longest counts. After: PostgreSQL, tsearch/dict_thesaurus.c.
 */
import { sqlError } from '../../../../types/index.ts';
import type { Dictionary, Lexeme, PhraseState } from '../dictionary.ts';
import { linesOf, readFile } from '../files.ts';
import { type DictionaryMaker, missing, optionsOf } from '../options.ts';

interface Rule {
  /** How many words its sample has. */
  readonly length: number;
  readonly substitute: readonly Lexeme[];
}

/** A word of a sample, as the inner dictionary makes it: where it stands, and of how many lexemes its variant is. */
interface Place {
  readonly rule: number;
  readonly index: number;
  readonly variantSize: number;
}

/** Rules that the words so far begin, the newest first; how many words those are. */
interface Begun extends PhraseState {
  readonly rules: readonly number[];
  readonly count: number;
}

/** Stands for all stop words among the places. */
const ANY_STOP_WORD = '';

const badFile = (message: string, hint?: string): Error =>
  sqlError('F0000', message, hint === undefined ? {} : { hint });

/** A line, taken apart; null: a comment, or empty. */
function parseLine(
  line: string,
): { readonly sample: readonly string[]; readonly substitute: readonly string[] } | null {
  const text = line.trim();
  if (text === '' || text.startsWith('#')) return null;
  const colon = text.indexOf(':');
  const words = (part: string): string[] => part.split(/\s+/u).filter((word) => word !== '');
  const sample = words(colon < 0 ? text : text.slice(0, colon));
  if (colon >= 0 && sample.length === 0) throw badFile('unexpected delimiter');
  const substitute = colon < 0 ? [] : words(text.slice(colon + 1));
  if (substitute.some((word) => word === '*' || word === '\\')) throw badFile('unexpected end of line or lexeme');
  if (substitute.length === 0) throw badFile('unexpected end of line');
  return { sample, substitute };
}

/** Lexemes of one variant, together. */
function variantsOf(lexemes: readonly Lexeme[]): Lexeme[][] {
  const result: Lexeme[][] = [];
  for (const each of lexemes) {
    const last = result.at(-1);
    if (last !== undefined && last[0].variant === each.variant) last.push(each);
    else result.push([each]);
  }
  return result;
}

class Thesaurus {
  readonly #inner: Dictionary;
  readonly #rules: Rule[] = [];
  /** By lexeme. */
  readonly #places = new Map<string, Place[]>();

  constructor(inner: Dictionary, text: string) {
    this.#inner = inner;
    const lines = linesOf(text).flatMap((line) => parseLine(line) ?? []);
    for (const [rule, { sample }] of lines.entries()) {
      for (const [index, word] of sample.entries()) this.#addSample(rule, index, word);
    }
    for (const [rule, { sample, substitute }] of lines.entries()) {
      this.#rules.push({ length: sample.length, substitute: this.#substitute(rule, substitute) });
    }
  }

  #addPlace(text: string, place: Place): void {
    const places = this.#places.get(text);
    if (places === undefined) this.#places.set(text, [place]);
    else places.push(place);
  }

  #addSample(rule: number, index: number, word: string): void {
    if (word === '?') {
      this.#addPlace(ANY_STOP_WORD, { rule, index, variantSize: 1 });
      return;
    }
    const lexemes = this.#inner.lexize(word);
    if (lexemes === null) {
      throw badFile(`thesaurus sample word "${word}" isn't recognized by subdictionary (rule ${rule + 1})`);
    }
    if (lexemes.length === 0) {
      const hint = 'Use "?" to represent a stop word within a sample phrase.';
      throw badFile(`thesaurus sample word "${word}" is a stop word (rule ${rule + 1})`, hint);
    }
    for (const variant of variantsOf(lexemes)) {
      for (const { text } of variant) this.#addPlace(text, { rule, index, variantSize: variant.length });
    }
  }

  #substitute(rule: number, words: readonly string[]): readonly Lexeme[] {
    const result: Lexeme[] = [];
    for (const [i, written] of words.entries()) {
      const isAsItIs = written.startsWith('*');
      const word = isAsItIs || written.startsWith('\\') ? written.slice(1) : written;
      const lexemes = isAsItIs
        ? [{ text: word, variant: i, addsPosition: false, isPrefix: false }]
        : this.#inner.lexize(word);
      if (lexemes === null) {
        throw badFile(`thesaurus substitute word "${word}" isn't recognized by subdictionary (rule ${rule + 1})`);
      }
      if (lexemes.length === 0) {
        throw badFile(`thesaurus substitute word "${word}" is a stop word (rule ${rule + 1})`);
      }
      for (const [j, each] of lexemes.entries()) {
        result.push(j === 0 && result.length > 0 ? { ...each, addsPosition: true } : each);
      }
    }
    return result;
  }

  take(word: string, before: Begun | null): Begun {
    const count = (before?.count ?? 0) + 1;
    const lexemes = this.#inner.lexize(word);
    const rules: number[] = [];
    const variants =
      lexemes === null
        ? []
        : lexemes.length === 0
          ? [[ANY_STOP_WORD]]
          : variantsOf(lexemes).map((v) => v.map((each) => each.text));
    for (const variant of variants) {
      for (const rule of this.#rulesOf(variant, count - 1)) {
        if ((before === null || before.rules.includes(rule)) && !rules.includes(rule)) rules.unshift(rule);
      }
    }
    const ending = rules.findIndex((rule) => this.#rules[rule].length === count);
    const lexemesFound = ending < 0 ? null : this.#rules[rules[ending]].substitute;
    // What has ended here may be the beginning of another.
    const wantsMore = rules.length > (ending < 0 ? 0 : 1);
    return { lexemes: lexemesFound, wantsMore, rules, count };
  }

  /** Rules with all lexemes of a variant at a place. */
  #rulesOf(variant: readonly string[], index: number): number[] {
    const lists = variant.map((text) =>
      (this.#places.get(text) ?? []).filter((place) => place.index === index && place.variantSize === variant.length),
    );
    const first = new Set(lists[0].map(({ rule }) => rule));
    const common = [...first].filter((rule) => lists.every((list) => list.some((place) => place.rule === rule)));
    return common.sort((a, b) => a - b);
  }
}

export const thesaurus: DictionaryMaker = (oid, options, { files, inner }) => {
  const labels = { dictfile: 'DictFile', dictionary: 'Dictionary' };
  const { dictfile, dictionary } = optionsOf(options, labels, 'Thesaurus');
  if (dictfile === undefined) throw missing('DictFile');
  if (dictionary === undefined) throw missing('Dictionary');
  const made = new Thesaurus(inner(dictionary), readFile(files, dictfile, 'ths', 'thesaurus'));
  return {
    oid,
    lexize: (word) => made.take(word, null).lexemes,
    isFilter: false,
    phrases: { take: (word, begun) => made.take(word, begun as Begun | null) },
  };
};
