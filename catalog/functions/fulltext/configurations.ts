/**
 * Text search configurations: which dictionary takes which tokens. There are `simple` (words in lower case) and `english` (words
 * without stop words, stemmed); both use the default parser.
 */
import { Buffer } from 'node:buffer';
import { toLower } from '../../../types/index.ts';
import { TOKEN } from './default-parser.ts';
import { stemEnglish } from './english-stemmer.ts';
import { ENGLISH_STOP_WORDS } from './stop-words.ts';

/**
 * What a word became: one object per word for as long as the dictionary's cache holds it. `serial` and `slot` are scratch of the
 * document being made (to-tsvector.ts).
 */
export interface Term {
  readonly text: string;
  readonly bytes: Uint8Array;
  serial: number;
  slot: number;
}

/** A stop word: known, and left out. */
const STOP = null;

/** Words kept in a cache, each generation. */
const CACHE_WORDS_MAX = 50_000;
/** Longer words are not kept. */
const CACHED_LENGTH_MAX = 64;

export class Dictionary {
  readonly oid: number;
  readonly name: string;
  readonly #normalise: (word: string) => string | null;
  #terms = new Map<string, Term | null>();
  /** Terms by their text, so that all forms of a word have one. */
  #byText = new Map<string, Term>();

  constructor(oid: number, name: string, normalise: (word: string) => string | null) {
    this.oid = oid;
    this.name = name;
    this.#normalise = normalise;
  }

  /** The term of a word, STOP for one that is left out. */
  term(word: string): Term | null {
    const known = this.#terms.get(word);
    if (known !== undefined) return known;
    const text = this.#normalise(word);
    if (this.#terms.size >= CACHE_WORDS_MAX) {
      // A document in the making keeps the terms that it has: a term met again is another object, and is united then.
      this.#terms = new Map();
      this.#byText = new Map();
    }
    let term: Term | null = null;
    if (text !== null) {
      term = this.#byText.get(text) ?? null;
      if (term === null) {
        term = { text, bytes: new Uint8Array(Buffer.from(text, 'utf8')), serial: 0, slot: 0 };
        if (text.length <= CACHED_LENGTH_MAX) this.#byText.set(text, term);
      }
    }
    if (word.length <= CACHED_LENGTH_MAX) this.#terms.set(word, term);
    return term;
  }
}

const SIMPLE_DICTIONARY = new Dictionary(3765, 'simple', toLower);

/** Longer words (in bytes) are not stemmed. */
const STEMMED_BYTES_MAX = 1000;

const ENGLISH_DICTIONARY = new Dictionary(13163, 'english_stem', (word) => {
  const lower = toLower(word);
  if (lower === '' || ENGLISH_STOP_WORDS.has(lower)) return STOP;
  return Buffer.byteLength(lower) > STEMMED_BYTES_MAX ? lower : stemEnglish(lower);
});

export interface Configuration {
  readonly oid: number;
  readonly name: string;
  /** By token type; undefined: such tokens are passed over. */
  readonly dictionaries: readonly (Dictionary | undefined)[];
}

const PASSED_OVER: readonly number[] = [0, TOKEN.BLANK, TOKEN.TAG, TOKEN.PROTOCOL, TOKEN.ENTITY];
const WORDS: readonly number[] = [
  TOKEN.ASCIIWORD,
  TOKEN.WORD,
  TOKEN.HWORD_PART,
  TOKEN.HWORD_ASCIIPART,
  TOKEN.ASCIIHWORD,
  TOKEN.HWORD,
];

function configuration(oid: number, name: string, words: Dictionary): Configuration {
  const dictionaries = Array.from({ length: 24 }, (_, token) => {
    if (PASSED_OVER.includes(token)) return undefined;
    return WORDS.includes(token) ? words : SIMPLE_DICTIONARY;
  });
  return { oid, name, dictionaries };
}

export const CONFIGURATIONS: readonly Configuration[] = [
  configuration(3748, 'simple', SIMPLE_DICTIONARY),
  configuration(13164, 'english', ENGLISH_DICTIONARY),
];

export const DICTIONARIES: readonly Dictionary[] = [SIMPLE_DICTIONARY, ENGLISH_DICTIONARY];

export function configurationByOid(oid: number): Configuration | undefined {
  return CONFIGURATIONS.find((candidate) => candidate.oid === oid);
}

/** Oid of the default parser. */
export const DEFAULT_PARSER_OID = 3722;
