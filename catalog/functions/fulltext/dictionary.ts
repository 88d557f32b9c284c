/** What dictionaries of text search are, and how several of them, in a row, make terms of a token. */
import { Buffer } from 'node:buffer';

/** What a dictionary makes of a word. */
export interface Lexeme {
  readonly text: string;
  /** Lexemes of one variant stand for the word together, those of different ones each by itself. */
  readonly variant: number;
  /** It stands at the position behind the lexeme before it, not at the same one. */
  readonly addsPosition: boolean;
  /** In a query it stands for all words that begin so. */
  readonly isPrefix: boolean;
}

export function lexeme(text: string): Lexeme {
  return { text, variant: 0, addsPosition: false, isPrefix: false };
}

/** A stop word: known, and left out. */
export const STOP: readonly Lexeme[] = [];

export interface Dictionary {
  readonly oid: number;
  /** null: the word is not known, and the next dictionary is asked. */
  lexize(word: string): readonly Lexeme[] | null;
  /** Its one lexeme is what the dictionaries behind it are given in place of the word. */
  readonly isFilter: boolean;
  /** It knows phrases, which are given to it word by word; null: it takes each word by itself. */
  readonly phrases: PhraseFinder | null;
}

export interface PhraseFinder {
  /** `begun`: what it answered for the word before; null at a first word. */
  take(word: string, begun: PhraseState | null): PhraseState;
}

export interface PhraseState {
  /** What a phrase that ends with this word has become. */
  readonly lexemes: readonly Lexeme[] | null;
  /** Longer phrases are possible. */
  readonly wantsMore: boolean;
}

/** A dictionary that takes words one by one. */
export function wordDictionary(oid: number, lexize: (word: string) => readonly Lexeme[] | null): Dictionary {
  return { oid, lexize, isFilter: false, phrases: null };
}

/**
 * A lexeme as documents have it: one object per text for as long as the cache holds it. `serial` and `slot` are scratch of the
 * document being made (to-tsvector.ts).
 */
export interface Term {
  readonly text: string;
  readonly bytes: Uint8Array;
  serial: number;
  slot: number;
}

export interface FoundTerm {
  readonly term: Term;
  readonly variant: number;
  readonly addsPosition: boolean;
  readonly isPrefix: boolean;
}

/** Words kept in a cache, each generation. */
const CACHE_WORDS_MAX = 50_000;
/** Longer words are not kept. */
const CACHED_LENGTH_MAX = 64;

/** The dictionaries of a token type, asked one after the other until one knows the word. */
export class TokenDictionaries {
  readonly dictionaries: readonly Dictionary[];
  readonly hasPhrases: boolean;
  #found = new Map<string, readonly FoundTerm[] | null>();
  /** Terms by their text, so that all forms of a word have one. */
  #terms = new Map<string, Term>();

  constructor(dictionaries: readonly Dictionary[]) {
    this.dictionaries = dictionaries;
    this.hasPhrases = dictionaries.some(({ phrases }) => phrases !== null);
  }

  /** The terms of a word, none of a stop word; null: no dictionary knows it. Phrases are the Lexizer's. */
  find(word: string): readonly FoundTerm[] | null {
    const known = this.#found.get(word);
    if (known !== undefined) return known;
    const lexemes = lexizeBy(this.dictionaries, word);
    if (this.#found.size >= CACHE_WORDS_MAX) {
      // A document in the making keeps the terms that it has: a term met again is another object, and is united then.
      this.#found = new Map();
      this.#terms = new Map();
    }
    const found = lexemes === null ? null : this.termsOf(lexemes);
    if (word.length <= CACHED_LENGTH_MAX) this.#found.set(word, found);
    return found;
  }

  termsOf(lexemes: readonly Lexeme[]): readonly FoundTerm[] {
    return lexemes.map(({ text, variant, addsPosition, isPrefix }) => ({
      term: this.#term(text),
      variant,
      addsPosition,
      isPrefix,
    }));
  }

  #term(text: string): Term {
    const known = this.#terms.get(text);
    if (known !== undefined) return known;
    const term = { text, bytes: new Uint8Array(Buffer.from(text, 'utf8')), serial: 0, slot: 0 };
    if (text.length <= CACHED_LENGTH_MAX) this.#terms.set(text, term);
    return term;
  }
}

/** By the first of the dictionaries that knows the word. */
function lexizeBy(dictionaries: readonly Dictionary[], word: string): readonly Lexeme[] | null {
  let text = word;
  for (const dictionary of dictionaries) {
    const lexemes = dictionary.lexize(text);
    if (lexemes === null) continue;
    if (!dictionary.isFilter) return lexemes;
    text = lexemes[0].text;
  }
  return null;
}
