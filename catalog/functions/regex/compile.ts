/** Compiled regular expressions. They are kept in a cache. */
import { asciiToLower } from '../../../types/index.ts';
import { harmlessLength, hasReference, isAlike, longestFirst } from './alike.ts';
import { literalSource } from './characters.ts';
import { Divider, type Spans } from './divide.ts';
import { checkOptions, foldsInSource, invalid, type RegexOptions, readPrefixes } from './options.ts';
import { AdvancedParser } from './parse.ts';
import { BasicParser } from './parse-basic.ts';
import { type RegexTree, toJavaScript } from './tree.ts';

/** A match: the texts of the whole and of the groups, and where it begins. */
export interface RegexMatch extends ReadonlyArray<string | undefined> {
  readonly index: number;
  /** Where automata found it. */
  readonly spans?: Spans;
}

/** `test(text)`: is there a match? `find`: the first that begins at a UTF-16 position or behind. */
export interface CompiledRegex {
  readonly test: { test(text: string): boolean };
  find(text: string, from: number): RegexMatch | null;
  /** Start and end of a group of a match; null: it took no part. */
  spanOf(text: string, match: RegexMatch, group: number): readonly [number, number] | null;
  readonly groupCount: number;
}

const CACHE_SIZE = 256;
const cache = new Map<string, CompiledRegex>();

export function compileRegex(pattern: string, options: RegexOptions): CompiledRegex {
  const key = optionsKey(options) + pattern;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const compiled = compile(pattern, { ...options });
  if (cache.size >= CACHE_SIZE) cache.delete(cache.keys().next().value as string);
  cache.set(key, compiled);
  return compiled;
}

function optionsKey(options: RegexOptions): string {
  const bit = (value: boolean): string => (value ? '1' : '0');
  return `${options.syntax[0]}${options.letters[0]}${bit(options.ignoreCase)}${bit(options.newlineStops)}${bit(options.newlineAnchors)}${bit(options.expanded)}`;
}

function compile(pattern: string, options: RegexOptions): CompiledRegex {
  checkOptions(options);
  const tree = parse(pattern, options);
  const flags = options.ignoreCase && !foldsInSource(options) ? 'ui' : 'u';
  const sorted = longestFirst(tree.root);
  if (sorted !== null || isAlike(tree.root, flags)) {
    return new JavaScriptRegex(toJavaScript(sorted ?? tree.root), flags, tree.groupCount);
  }
  return new DividingRegex(tree, flags, foldOf(options));
}

function parse(pattern: string, options: RegexOptions): RegexTree {
  const rest = readPrefixes(pattern, options);
  if (options.syntax === 'literal') {
    const items = Array.from(rest, (literal) => ({
      kind: 'character' as const,
      source: literalSource(literal, options),
      literal,
    }));
    return { root: { kind: 'sequence', items }, groupCount: 0, groups: new Map() };
  }
  const parser = options.syntax === 'basic' ? new BasicParser(rest, options) : new AdvancedParser(rest, options);
  return parser.parse();
}

/** What is the same in two texts that a reference calls the same. */
function foldOf(options: RegexOptions): (text: string) => string {
  if (!options.ignoreCase) return (text) => text;
  return foldsInSource(options) ? asciiToLower : (text) => text.toLowerCase();
}

function regExp(source: string, flags: string): RegExp {
  try {
    return new RegExp(source, flags);
  } catch {
    throw invalid('regular expression is too complex');
  }
}

class JavaScriptRegex implements CompiledRegex {
  readonly test: RegExp;
  readonly groupCount: number;
  readonly #search: RegExp;
  #indices: RegExp | null = null;

  constructor(source: string, flags: string, groupCount: number) {
    this.test = regExp(source, flags);
    this.#search = regExp(source, `${flags}g`);
    this.groupCount = groupCount;
  }

  find(text: string, from: number): RegExpExecArray | null {
    this.#search.lastIndex = from;
    return this.#search.exec(text);
  }

  spanOf(text: string, match: RegexMatch, group: number): readonly [number, number] | null {
    if (group === 0) return [match.index, match.index + (match[0] as string).length];
    if (group > this.groupCount || match[group] === undefined) return null;
    this.#indices ??= new RegExp(this.#search.source, `${this.#search.flags}d`);
    this.#indices.lastIndex = match.index;
    return this.#indices.exec(text)?.indices?.[group] ?? null;
  }
}

class DividingRegex implements CompiledRegex {
  readonly test: { test(text: string): boolean };
  readonly groupCount: number;
  readonly #divider: Divider;
  /** Finds where matches begin, in texts of this length or less: in longer ones it could take too long. */
  readonly #starts: RegExp;
  readonly #lengthMax: number;

  constructor(tree: RegexTree, flags: string, fold: (text: string) => string) {
    this.groupCount = tree.groupCount;
    const divider = new Divider(tree, flags, fold);
    this.#divider = divider;
    const lengthMax = harmlessLength(tree.root);
    this.#lengthMax = lengthMax;
    const source = toJavaScript(tree.root);
    this.#starts = regExp(source, `${flags}g`);
    const short = regExp(source, flags);
    const refers = hasReference(tree.root);
    this.test = {
      test: (text) =>
        text.length <= lengthMax ? short.test(text) : refers ? divider.find(text, 0) !== null : divider.mayMatch(text),
    };
  }

  find(text: string, from: number): RegexMatch | null {
    const spans = this.#spansFrom(text, from);
    if (spans === null) return null;
    const texts: (string | undefined)[] = [];
    for (let i = 0; i < spans.length; i += 2) {
      texts.push(spans[i] < 0 ? undefined : text.slice(spans[i], spans[i + 1]));
    }
    return Object.assign(texts, { index: spans[0], spans });
  }

  #spansFrom(text: string, from: number): Spans | null {
    if (text.length > this.#lengthMax) return this.#divider.find(text, from);
    this.#starts.lastIndex = from;
    const start = this.#starts.exec(text);
    return start === null ? null : this.#divider.matchAt(text, start.index);
  }

  spanOf(_text: string, { spans }: RegexMatch, group: number): readonly [number, number] | null {
    const start = spans?.[2 * group] ?? -1;
    return spans === undefined || start < 0 ? null : [start, spans[2 * group + 1]];
  }
}
