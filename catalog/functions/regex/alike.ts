/**
 * For which patterns JavaScript's own engine finds what PostgreSQL finds. It tries choices in their order and takes the first match,
 * which is the right one if nothing but one choice can lead to a match (`isDeterministic`), or if one part alone has a choice, of
 * length (`hasOneChoice`). These are most patterns that people write; the others go through automata (divide.ts).
 */
import { itemsOf, type RegexNode } from './tree.ts';

export function isAlike(root: RegexNode, flags: string): boolean {
  const preferences = new Set<string>();
  if (!readPreferences(root, preferences) || preferences.size > 1) return false;
  return (hasOneChoice(root) && harmlessLength(root) >= 0) || isDeterministic(root, [], new Disjoint(flags));
}

/**
 * Length of texts up to which JavaScript may be asked whether there is a match: its steps are a power of the length, one more than
 * the loops of the pattern. -1: it may not be asked at all.
 */
export function harmlessLength(root: RegexNode): number {
  const loops = countLoops(root);
  if (loops === Infinity) return -1;
  return loops <= 1 ? Infinity : Math.floor(STEPS_MAX ** (1 / (loops + 1)));
}

const STEPS_MAX = 1e7;

/** Branches that are plain texts and nothing else: tried longest first, the first match is the longest. */
export function longestFirst(root: RegexNode): RegexNode | null {
  if (root.kind !== 'branches') return null;
  const lengths = root.branches.map((branch) => {
    const items = itemsOf(branch);
    return items.every((item) => item.kind === 'character') ? items.length : -1;
  });
  if (lengths.includes(-1)) return null;
  const order = lengths.map((_, i) => i).sort((a, b) => lengths[b] - lengths[a]);
  return { kind: 'branches', branches: order.map((i) => root.branches[i]) };
}

export function hasReference(root: RegexNode): boolean {
  return !readPreferences(root, new Set());
}

/** False where there is a reference. */
function readPreferences(node: RegexNode, into: Set<string>): boolean {
  switch (node.kind) {
    case 'reference':
      return false;
    case 'group':
      return readPreferences(node.body, into);
    case 'quantified':
      if (node.preference !== 'none') into.add(node.preference);
      return readPreferences(node.atom, into);
    case 'sequence':
      return node.items.every((item) => readPreferences(item, into));
    case 'branches':
      into.add('longer');
      return node.branches.every((branch) => readPreferences(branch, into));
    default:
      return true;
  }
}

/** Characters of every match; null: not all have as many. */
function widthOf(node: RegexNode): number | null {
  switch (node.kind) {
    case 'character':
      return 1;
    case 'constraint':
      return 0;
    case 'group':
      return widthOf(node.body);
    case 'quantified': {
      const width = widthOf(node.atom);
      return width === null || node.min !== node.max ? null : width * node.min;
    }
    case 'sequence': {
      let sum = 0;
      for (const item of node.items) {
        const width = widthOf(item);
        if (width === null) return null;
        sum += width;
      }
      return sum;
    }
    case 'branches': {
      const [first, ...others] = node.branches.map(widthOf);
      return others.every((width) => width === first) ? first : null;
    }
    default:
      return null;
  }
}

/** At most one part, which repeats something of a fixed width, has a choice of length. */
function hasOneChoice(root: RegexNode): boolean {
  let count = 0;
  const visit = (node: RegexNode): boolean => {
    if (widthOf(node) !== null) return true;
    if (node.kind === 'group') return visit(node.body);
    if (node.kind === 'sequence') return node.items.every(visit);
    if (node.kind !== 'quantified' || ++count > 1) return false;
    const width = widthOf(node.atom);
    return width !== null && width > 0;
  };
  return visit(root);
}

// ------------------------------------------------------------------------------------------------------ one way to each match

/** Whether two classes of characters have none in common, as far as is seen on a sample of all characters. */
class Disjoint {
  readonly #flags: string;

  constructor(flags: string) {
    this.#flags = flags;
  }

  of(a: readonly string[], b: readonly string[]): boolean {
    return a.every((one) => b.every((other) => this.#are(one, other)));
  }

  #are(a: string, b: string): boolean {
    if (a === b) return false;
    const named = characterSample(a) + characterSample(b);
    const both = new RegExp(`(?=${a})${b}`, this.#flags);
    return !both.test(named) && !both.test(sample());
  }
}

/** What a class names itself: the ends of its ranges. */
function characterSample(source: string): string {
  return source.replace(
    /\\u\{([0-9a-f]+)\}|\\u([0-9a-f]{4})/g,
    (_, long: string | undefined, short: string | undefined) =>
      String.fromCodePoint(Number.parseInt(long ?? (short as string), 16)),
  );
}

const SAMPLE_DENSE = 0x600;
const SAMPLE_STEP = 7;
const SURROGATES = [0xd800, 0xdfff] as const;
let characters: string | null = null;

/** All characters of the first alphabets, and some of all others. */
function sample(): string {
  if (characters !== null) return characters;
  const parts: string[] = [];
  for (let c = 0; c < 0x10000; c += c < SAMPLE_DENSE ? 1 : SAMPLE_STEP) {
    if (c < SURROGATES[0] || c > SURROGATES[1]) parts.push(String.fromCharCode(c));
  }
  parts.push('\u{1f600}', '\u{10000}', '\u{1d400}', '\u{20000}', '\u{e0100}');
  characters = parts.join('');
  return characters;
}

/** The classes of its first character. */
function firstOf(node: RegexNode): readonly string[] {
  switch (node.kind) {
    case 'character':
      return [node.source];
    case 'group':
      return firstOf(node.body);
    case 'quantified':
      return node.max === 0 ? [] : firstOf(node.atom);
    case 'branches':
      return node.branches.flatMap(firstOf);
    case 'sequence': {
      const first: string[] = [];
      for (const item of node.items) {
        first.push(...firstOf(item));
        if (!mayBeEmpty(item)) break;
      }
      return first;
    }
    default:
      return [];
  }
}

function mayBeEmpty(node: RegexNode): boolean {
  switch (node.kind) {
    case 'character':
      return false;
    case 'group':
      return mayBeEmpty(node.body);
    case 'quantified':
      return node.min === 0 || mayBeEmpty(node.atom);
    case 'branches':
      return node.branches.some(mayBeEmpty);
    case 'sequence':
      return node.items.every(mayBeEmpty);
    default:
      return true;
  }
}

/** At every choice the next character says which way. `follow`: the classes of what may come behind. */
function isDeterministic(node: RegexNode, follow: readonly string[], disjoint: Disjoint): boolean {
  switch (node.kind) {
    case 'group':
      return isDeterministic(node.body, follow, disjoint);
    case 'sequence': {
      let behind = follow;
      for (let i = node.items.length - 1; i >= 0; i--) {
        const item = node.items[i];
        if (!isDeterministic(item, behind, disjoint)) return false;
        behind = mayBeEmpty(item) ? [...firstOf(item), ...behind] : firstOf(item);
      }
      return true;
    }
    case 'branches':
      return node.branches.every((branch, i) => {
        const isLast = i === node.branches.length - 1;
        if (mayBeEmpty(branch) && !isLast) return false;
        const own = mayBeEmpty(branch) ? [...firstOf(branch), ...follow] : firstOf(branch);
        const others = node.branches.slice(0, i).flatMap(firstOf);
        return disjoint.of(own, others) && isDeterministic(branch, follow, disjoint);
      });
    case 'quantified': {
      if (node.max === 0) return true;
      const first = firstOf(node.atom);
      if (node.min === node.max && widthOf(node.atom) !== null) return isDeterministic(node.atom, first, disjoint);
      if (mayBeEmpty(node.atom) || !disjoint.of(first, follow)) return false;
      return isDeterministic(node.atom, node.max === 1 ? follow : [...first, ...follow], disjoint);
    }
    case 'reference':
      return false;
    default:
      return true;
  }
}

/** Loops of the pattern; infinitely many where a choice is repeated, or where there are many of them one after the other. */
function countLoops(root: RegexNode): number {
  let loops = 0;
  let choices = 0;
  const visit = (node: RegexNode, isRepeated: boolean): void => {
    if (node.kind === 'reference') loops = Infinity;
    else if (node.kind === 'group') visit(node.body, isRepeated);
    else if (node.kind === 'sequence') for (const item of node.items) visit(item, isRepeated);
    else if (node.kind === 'branches') {
      choices++;
      if (isRepeated) loops = Infinity;
      for (const branch of node.branches) visit(branch, isRepeated);
    } else if (node.kind === 'quantified') {
      const isChoice = node.min !== node.max;
      if (isChoice && isRepeated) loops = Infinity;
      if (isChoice && node.max > LONG) loops++;
      else if (isChoice) choices++;
      visit(node.atom, isRepeated || node.max > 1);
    }
  };
  visit(root, false);
  return choices > CHOICES_MAX ? Infinity : loops;
}

/** They double the steps. */
const CHOICES_MAX = 10;
/** More repetitions than this are as bad as without end. */
const LONG = 8;
