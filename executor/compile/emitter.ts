/**
 * Emitter: gathers the text of one generated function and the values bound to it.
 *
 * Generated code never contains text from the user: constants, names, functions and tables are bound as arguments of the
 * factory (`k0`, `k1` ...), and what is written into the text are our own names, numbers that we computed (offsets, masks) and
 * nothing else.
 */
import { assert } from '../../types/assert.ts';
import { CodeCache } from './code-cache.ts';

/** A safe piece of generated code: an identifier, a number, or an expression over them. */
export type Code = string;

/** Functions that nothing is bound to, by their text. */
// biome-ignore lint/complexity/noBannedTypes: as build
const unbound = new CodeCache<Function>(250_000);
let serial = 0;

/** Makers of functions that share their code, by the names that are bound and text. */
// biome-ignore lint/complexity/noBannedTypes: as build
const shared = new CodeCache<(...bound: unknown[]) => Function>(500_000);

/** What code statements share: none, the loops of scans whose filters pages decide (page-filter.ts), or all. */
export type Sharing = 'none' | 'scans' | 'all';
let current: Sharing = 'none';

/** What is built meanwhile shares code as far as that. */
export function sharing<T>(what: Sharing, work: () => T): T {
  const before = current;
  current = what;
  try {
    return work();
  } finally {
    current = before;
  }
}

export function sharesScans(): boolean {
  return current === 'scans';
}

/**
 * What is built meanwhile shares its code, and what V8 has learnt of it, with all of the same text: it takes a small part of the memory and
 * of the time, and runs optimized at once if others have, but slower than code of its own (see build). For statements of few rows
 * (program.ts says which).
 */
export function sharingCode<T>(work: () => T): T {
  return sharing('all', work);
}

export function isSharingCode(): boolean {
  return current === 'all';
}

/** Levels that are shown; a thousand of them would be more blanks than code. */
const INDENTED_MAX = 20;

export class Emitter {
  readonly #lines: string[] = [];
  readonly #prelude: string[] = [];
  readonly #boundNames: string[] = [];
  readonly #boundValues: unknown[] = [];
  readonly #bound = new Map<unknown, string>();
  #counter = 0;
  #depth = 0;
  #indent = '';

  /** A fresh local name. */
  name(prefix: string): string {
    return `${prefix}${this.#counter++}`;
  }

  /** Binds a value; the same value (by identity) gets the same name. */
  bind(value: unknown, prefix = 'k'): Code {
    const known = this.#bound.get(value);
    if (known !== undefined) return known;
    const name = this.name(prefix);
    this.#bound.set(value, name);
    this.#boundNames.push(name);
    this.#boundValues.push(value);
    return name;
  }

  /** Binds a value under a name of its own, which no other value has. */
  bindAs(name: string, value: unknown): void {
    if (this.#boundNames.includes(name)) return;
    this.#boundNames.push(name);
    this.#boundValues.push(value);
  }

  emit(line: string): void {
    this.#lines.push(this.#indent + line);
  }

  open(line: string): void {
    this.emit(line);
    this.#indentTo(this.#depth + 1);
  }

  close(line = '}'): void {
    this.#indentTo(this.#depth - 1);
    this.emit(line);
  }

  /** Middle of an if / else. */
  reopen(line: string): void {
    this.#indentTo(this.#depth - 1);
    this.emit(line);
    this.#indentTo(this.#depth + 1);
  }

  #indentTo(depth: number): void {
    this.#depth = depth;
    if (depth <= INDENTED_MAX) this.#indent = '  '.repeat(depth);
  }

  /** Adds a line to the start of the function: what stays the same for the whole call. */
  prelude(line: string): void {
    this.#prelude.push(line);
  }

  /** The text so far, for EXPLAIN (CODEGEN)-like debugging and tests. */
  text(): string {
    return [...this.#prelude, ...this.#lines].join('\n');
  }

  /**
   * Compiles `function (parameters) { lines }` with everything bound. Where nothing is (columns that are copied, keys that are read), the same
   * text is the same function for all plans: V8 has compiled it for the one before.
   */
  // biome-ignore lint/complexity/noBannedTypes: the signature is known by each caller only
  build<T extends Function>(parameters: string): T {
    assert(this.#depth === 0, 'unbalanced blocks in generated code');
    // In parentheses: V8 then compiles it at once, instead of looking through it now and compiling it when it is called.
    const body = `'use strict';\nreturn (function (${parameters}) {\n${this.text()}\n});`;
    if (this.#boundNames.length > 0) {
      if (isSharingCode()) return this.#sharedMaker(body)(...this.#boundValues) as T;
      // A number makes the text its own. V8 lets functions of one text share what it has learnt of them, and from the third on no longer takes what
      // they hold for constant: loops over pages then take 1.5 times as long. Compiling costs as much as finding it again, 30 us.
      return new Function(...this.#boundNames, `${body}//${serial++}`)(...this.#boundValues) as T;
    }
    const known = unbound.get(body);
    if (known !== undefined) return known as T;
    const made = new Function(body)() as T;
    unbound.add(body, made);
    return made;
  }

  // biome-ignore lint/complexity/noBannedTypes: as build
  #sharedMaker(body: string): (...bound: unknown[]) => Function {
    const key = `${this.#boundNames.join()};${body}`;
    let maker = shared.get(key);
    if (maker === undefined) {
      // biome-ignore lint/complexity/noBannedTypes: as build
      maker = new Function(...this.#boundNames, body) as (...bound: unknown[]) => Function;
      shared.add(key, maker);
    }
    return maker;
  }
}
