/** A long value read once from front to back: text (well-formed) as UTF-8, or bytes as they are. */
const encoder = new TextEncoder();

export class Pieces {
  readonly #value: string | Uint8Array;
  #position = 0;

  constructor(value: string | Uint8Array) {
    this.#value = value;
  }

  get isAtEnd(): boolean {
    return this.#position === this.#value.length;
  }

  /** Fills target with whole characters, or bytes; answers how many bytes. 4 bytes of room always take some. */
  read(target: Uint8Array): number {
    const value = this.#value;
    const from = this.#position;
    const to = Math.min(value.length, from + target.length);
    if (typeof value !== 'string') {
      target.set(value.subarray(from, to));
      this.#position = to;
      return to - from;
    }
    // The halves of a surrogate pair stay together.
    const splits = to < value.length && (value.charCodeAt(to - 1) & 0xfc00) === 0xd800;
    const { read, written } = encoder.encodeInto(value.slice(from, splits ? to - 1 : to), target);
    this.#position += read;
    return written;
  }
}
