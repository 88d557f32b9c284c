/**
 * The template ispell: words by their forms, with the affix files of Ispell, MySpell and Hunspell, and compounds by their parts. After:
 * PostgreSQL, tsearch/spell.c.
 */
import { toLower } from '../../../../types/index.ts';
import { type Lexeme, wordDictionary } from '../dictionary.ts';
import { readFile, readStopWords } from '../files.ts';
import { type DictionaryMaker, missing, optionsOf } from '../options.ts';
import {
  type AffixRule,
  COMPOUND_BEGIN,
  COMPOUND_FORBIDDEN,
  COMPOUND_LAST,
  type COMPOUND_MIDDLE,
  COMPOUND_ONLY,
  CROSS_PRODUCT,
  readAffixes,
} from './ispell-affixes.ts';
import { Compounds } from './ispell-compounds.ts';
import { WordList } from './ispell-words.ts';

/** Longer words are not looked for, in bytes. */
const WORD_BYTES_MAX = 256;
/** Words that are found for one. */
const FOUND_MAX = 1023;

/** Where in a compound a word stands; 0: it is none's part. */
export type Place = 0 | typeof COMPOUND_BEGIN | typeof COMPOUND_MIDDLE | typeof COMPOUND_LAST;

type RulesByAffix = ReadonlyMap<string, readonly AffixRule[]>;

export class Ispell {
  readonly words: WordList;
  readonly #prefixes: RulesByAffix;
  readonly #suffixes: RulesByAffix;
  readonly #longestPrefix: number;
  readonly #longestSuffix: number;
  readonly #compounds: Compounds | null;

  constructor(dictionaryText: string, affixText: string) {
    const affixes = readAffixes(affixText);
    this.words = new WordList(dictionaryText, affixes);
    const ofKind = (isSuffix: boolean): RulesByAffix =>
      grouped(affixes.rules.filter((rule) => rule.isSuffix === isSuffix));
    this.#prefixes = ofKind(false);
    this.#suffixes = ofKind(true);
    this.#longestPrefix = longest(this.#prefixes);
    this.#longestSuffix = longest(this.#suffixes);
    this.#compounds = affixes.usesCompounds ? new Compounds(this, affixes.rules) : null;
  }

  /** The words that a word may be a form of, each a variant; then the parts of compounds. null: there are none. */
  normalize(word: string): readonly Lexeme[] | null {
    const found: Lexeme[] = [];
    let variant = 1;
    const add = (text: string): void => {
      if (found.length < FOUND_MAX) found.push({ text, variant, addsPosition: false, isPrefix: false });
    };
    for (const base of this.bases(word, 0)) {
      add(base);
      variant++;
    }
    for (const parts of this.#compounds?.split(word) ?? []) {
      if (parts.length < 2) continue;
      for (const base of this.bases(parts[parts.length - 1], COMPOUND_LAST)) {
        for (const part of parts.slice(0, -1)) add(part);
        add(base);
        variant++;
      }
    }
    return found.length === 0 ? null : found;
  }

  /** Words whose forms this is: itself, and what is left without prefix, without suffix, without both. */
  bases(word: string, place: Place): string[] {
    const found: string[] = [];
    if (Buffer.byteLength(word) > WORD_BYTES_MAX) return found;
    const add = (base: string): void => {
      if (found.length < FOUND_MAX && found.at(-1) !== base) found.push(base);
    };
    if (this.#isWord(word, '', place)) found.push(word);
    for (const prefix of this.#prefixesOf(word)) {
      const base = withoutAffix(word, prefix, place);
      if (base !== null && this.#isWord(base, prefix.flag, place)) add(base);
    }
    for (let length = 0; length <= Math.min(word.length, this.#longestSuffix); length++) {
      for (const suffix of this.#suffixes.get(word.slice(word.length - length)) ?? []) {
        const base = withoutAffix(word, suffix, place);
        if (base === null) continue;
        if (this.#isWord(base, suffix.flag, place)) add(base);
        for (const prefix of this.#prefixesOf(base)) {
          // Something must be left of the word itself.
          if (word.length - length + prefix.stripped.length <= prefix.added.length) continue;
          const bare = withoutAffix(base, prefix, place);
          if (bare === null) continue;
          const isCross = (prefix.meaning & suffix.meaning & CROSS_PRODUCT) !== 0;
          if (this.#isWord(bare, isCross ? '' : prefix.flag, place)) add(bare);
        }
      }
    }
    return found;
  }

  *#prefixesOf(word: string): Iterable<AffixRule> {
    for (let length = 0; length <= Math.min(word.length, this.#longestPrefix); length++) {
      yield* this.#prefixes.get(word.slice(0, length)) ?? [];
    }
  }

  /** Is it a word that may stand there, with the flag of the rule that has led to it? */
  #isWord(word: string, flag: string, place: Place): boolean {
    const set = this.words.find(word);
    if (set === undefined) return false;
    const fits = place === 0 ? (set.meaning & COMPOUND_ONLY) === 0 : (set.meaning & place) !== 0;
    return fits && (flag === '' || set.flags.has(flag));
  }
}

function grouped(rules: readonly AffixRule[]): RulesByAffix {
  const result = new Map<string, AffixRule[]>();
  for (const rule of rules) {
    const list = result.get(rule.added);
    if (list === undefined) result.set(rule.added, [rule]);
    else list.push(rule);
  }
  return result;
}

function longest(rules: RulesByAffix): number {
  let length = 0;
  for (const affix of rules.keys()) length = Math.max(length, affix.length);
  return length;
}

/** May a rule be used where the word stands? */
function fitsPlace({ meaning, isSuffix }: AffixRule, place: Place): boolean {
  if (place === 0) return (meaning & COMPOUND_ONLY) === 0;
  if ((meaning & COMPOUND_FORBIDDEN) !== 0) return false;
  if ((meaning & place) !== 0) return true;
  // A compound begins as its first word does, and ends as its last one.
  return place === COMPOUND_BEGIN ? !isSuffix : place === COMPOUND_LAST && isSuffix;
}

/** What a form, which has the rule's affix, is the form of; null: the rule does not make it. */
function withoutAffix(form: string, rule: AffixRule, place: Place): string | null {
  if (!fitsPlace(rule, place)) return null;
  const { isSuffix, added, stripped, condition } = rule;
  const base = isSuffix ? form.slice(0, form.length - added.length) + stripped : stripped + form.slice(added.length);
  return condition === null || condition(base) ? base : null;
}

export const ispell: DictionaryMaker = (oid, options, { files }) => {
  const labels = { dictfile: 'DictFile', afffile: 'AffFile', stopwords: 'StopWords' };
  const { dictfile, afffile, stopwords } = optionsOf(options, labels, 'Ispell');
  const dictionaryText = dictfile === undefined ? null : readFile(files, dictfile, 'dict', 'dictionary');
  const affixText = afffile === undefined ? null : readFile(files, afffile, 'affix', 'affix');
  const stops = readStopWords(files, stopwords ?? '', toLower);
  if (affixText === null) throw missing('AffFile');
  if (dictionaryText === null) throw missing('DictFile');
  const made = new Ispell(dictionaryText, affixText);
  return wordDictionary(oid, (word) => {
    if (word === '') return null;
    return made.normalize(toLower(word))?.filter(({ text }) => !stops.has(text)) ?? null;
  });
};
