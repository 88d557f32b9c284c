/**
 * What was made of generated text, by the text. In two generations: when the young one is full it becomes the old one, and what was in that and
 * has not been asked for meanwhile is forgotten. Bounded by characters, since V8 keeps the text of a function and some three times as much of
 * code for it.
 */
export class CodeCache<T> {
  readonly #charactersMax: number;
  #young = new Map<string, T>();
  #old = new Map<string, T>();
  #characters = 0;

  /** `charactersMax`: of one generation. */
  constructor(charactersMax: number) {
    this.#charactersMax = charactersMax;
  }

  get(text: string): T | undefined {
    const young = this.#young.get(text);
    if (young !== undefined) return young;
    const old = this.#old.get(text);
    if (old !== undefined) this.add(text, old);
    return old;
  }

  add(text: string, made: T): void {
    if (this.#characters >= this.#charactersMax) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#characters = 0;
    }
    this.#young.set(text, made);
    this.#characters += text.length;
  }
}
