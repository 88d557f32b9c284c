/**
 * From a text's tokens to terms. Most configurations look at each token by itself; where a dictionary knows phrases (a thesaurus),
 * tokens are kept until it is clear whether they belong to one. After: PostgreSQL, tsearch/ts_parse.c, LexizeExec().
 */
import type { Configuration } from './configurations.ts';
import { DefaultParser } from './default-parser.ts';
import type { Dictionary, FoundTerm, Lexeme, PhraseState, TokenDictionaries } from './dictionary.ts';
import { isTooLong } from './token-length.ts';

export interface Token {
  readonly type: number;
  readonly text: string;
}

/** Tokens that became something together, with what they became: none of stop words, null of what is no word or unknown. */
export type TokenVisitor = (tokens: readonly Token[], terms: readonly FoundTerm[] | null) => void;

/** Told of words that are too long for an index. */
export type WordNotice = () => void;

export function lexizeText(configuration: Configuration, text: string, notice: WordNotice, visit: TokenVisitor): void {
  const parser = new DefaultParser(text);
  const lexizer = configuration.hasPhrases ? new Lexizer(configuration, visit) : null;
  while (parser.next()) {
    if (isTooLong(text, parser.start, parser.end)) {
      notice();
      continue;
    }
    const token = { type: parser.type, text: text.slice(parser.start, parser.end) };
    if (lexizer !== null) lexizer.add(token);
    else visit([token], configuration.dictionaries[token.type]?.find(token.text) ?? null);
  }
  lexizer?.end();
}

interface Asking {
  readonly dictionary: Dictionary;
  readonly by: TokenDictionaries;
}

/** Of configurations with phrases. */
export class Lexizer {
  readonly #configuration: Configuration;
  readonly #visit: TokenVisitor;
  /** Tokens that are not finished; the phrase begins with the first of them. */
  #queue: Token[] = [];
  /** Tokens that were finished since terms were told of. */
  #done: Token[] = [];
  /** Which dictionary the queue's first token is given next. */
  #next = 0;
  /** The dictionary that asks for more words, and how many tokens it has looked at. */
  #asking: Asking | null = null;
  #seen = 0;
  #state: PhraseState | null = null;
  /** The longest phrase so far: what it became, and how many tokens it is. */
  #longest: { readonly lexemes: readonly Lexeme[]; readonly by: TokenDictionaries; readonly count: number } | null =
    null;

  constructor(configuration: Configuration, visit: TokenVisitor) {
    this.#configuration = configuration;
    this.#visit = visit;
  }

  add(token: Token): void {
    this.#queue.push(token);
    this.#run(false);
    if (this.#queue.length === 0) this.#tell(null);
  }

  /** No token follows. */
  end(): void {
    this.#run(true);
    this.#tell(null);
  }

  #tell(terms: readonly FoundTerm[] | null): void {
    const tokens = this.#done;
    this.#done = [];
    if (tokens.length > 0 || terms !== null) this.#visit(tokens, terms);
  }

  /** The first tokens of the queue are finished. */
  #finish(count: number): void {
    this.#done.push(...this.#queue.splice(0, count));
    this.#next = 0;
  }

  #run(isEnd: boolean): void {
    for (;;) {
      if (this.#asking !== null) {
        if (!this.#ask(isEnd)) return;
      } else {
        if (this.#queue.length === 0) return;
        this.#first();
      }
    }
  }

  /** The queue's first token, by the dictionaries that have not been asked. */
  #first(): void {
    const token = this.#queue[0];
    const by = this.#configuration.dictionaries[token.type];
    if (by === undefined) {
      this.#finish(1);
      return;
    }
    let { text } = token;
    for (let i = this.#next; i < by.dictionaries.length; i++) {
      const dictionary = by.dictionaries[i];
      let lexemes: readonly Lexeme[] | null;
      if (dictionary.phrases === null) lexemes = dictionary.lexize(text);
      else {
        const state = dictionary.phrases.take(text, null);
        if (state.wantsMore) {
          this.#asking = { dictionary, by };
          this.#state = state;
          this.#seen = 1;
          this.#next = i + 1;
          this.#longest = state.lexemes === null ? null : { lexemes: state.lexemes, by, count: 1 };
          return;
        }
        lexemes = state.lexemes;
      }
      if (lexemes === null) continue;
      if (dictionary.isFilter) {
        text = lexemes[0].text;
        continue;
      }
      this.#finish(1);
      this.#tell(by.termsOf(lexemes));
      return;
    }
    this.#finish(1);
  }

  /** The next token, to the dictionary that asks for more; false: there is none yet. */
  #ask(isEnd: boolean): boolean {
    const { dictionary, by } = this.#asking as Asking;
    const token = this.#queue[this.#seen] as Token | undefined;
    if (token === undefined && !isEnd) return false;
    let state: PhraseState | null = null;
    if (token !== undefined) {
      const dictionaries = this.#configuration.dictionaries[token.type];
      if (dictionaries === undefined) {
        this.#seen++;
        return true;
      }
      // A token that is not its own: the tokens are looked at again, without it.
      if (!dictionaries.dictionaries.includes(dictionary)) {
        this.#asking = null;
        this.#longest = null;
        return true;
      }
      state = dictionary.phrases?.take(token.text, this.#state) ?? null;
    }
    if (state?.wantsMore === true) {
      this.#state = state;
      this.#seen++;
      if (state.lexemes !== null) this.#longest = { lexemes: state.lexemes, by, count: this.#seen };
      return true;
    }
    const found =
      state !== null && state.lexemes !== null ? { lexemes: state.lexemes, by, count: this.#seen + 1 } : this.#longest;
    this.#asking = null;
    this.#longest = null;
    if (found === null) return true;
    this.#finish(found.count);
    this.#tell(found.by.termsOf(found.lexemes));
    return true;
  }
}
