/**
 * A pattern as the parts whose places in a match count, with what each of them prefers: the rules of PostgreSQL's manual, 9.7.3.5,
 * as its compiler takes them.
 *
 *  - A quantifier prefers the longest, or (*? and its kin) the shortest; a branch takes the preference of the first part in it that has
 *    one; branches together prefer the longest.
 *  - What has nothing in it that captures, refers to a group or prefers otherwise than the rest is one part (`whole`), however it is
 *    written: only its ends count.
 *  - Others are parted in two: what stands before their first part that is not simple and the rest (`pair`).
 *
 * After PostgreSQL, src/backend/regex/regcomp.c (parse, parsebranch, parseqatom).
 */
import { itemsOf, type Preference, type Quantified, type RegexNode, type RegexTree } from './tree.ts';

interface Base {
  /** Sorts of text that it matches, as a tree in which references stand for what their groups may be. */
  readonly language: RegexNode;
  /** Number of the group that it is; 0: none. */
  group: number;
  flags: number;
}

export type Subexpression =
  | (Base & { readonly kind: 'whole' })
  | (Base & { readonly kind: 'pair'; readonly left: Subexpression; readonly right: Subexpression })
  | (Base & { readonly kind: 'choice'; readonly branches: readonly Subexpression[] })
  | (Base & { readonly kind: 'repeat'; readonly child: Subexpression; readonly min: number; readonly max: number })
  | (Base & { readonly kind: 'reference'; readonly number: number; readonly min: number; readonly max: number })
  /** A group around what is itself one. */
  | (Base & { readonly kind: 'wrapped'; readonly child: Subexpression });

const LONGER = 1;
const SHORTER = 2;
/** Both inside. */
const MIXED = 4;
const CAPTURES = 8;
const REFERS = 16;
const PREFERENCES = LONGER | SHORTER;

export function prefersShort({ flags }: Subexpression): boolean {
  return (flags & SHORTER) !== 0;
}

/** It has to be looked at inside. */
export function isMessy(flags: number): boolean {
  return (flags & (MIXED | CAPTURES | REFERS)) !== 0;
}

/** What a part says to the one around it: not what it prefers, but whether it is at odds with itself. */
function upward(flags: number): number {
  return (flags & ~PREFERENCES) | ((flags & PREFERENCES) === PREFERENCES ? MIXED : 0);
}

function combined(first: number, second: number): number {
  const preference = (first & PREFERENCES) !== 0 ? first & PREFERENCES : second & PREFERENCES;
  return upward(first | second) | preference;
}

function flagOf(preference: Preference): number {
  return preference === 'none' ? 0 : preference === 'longer' ? LONGER : SHORTER;
}

const EMPTY: RegexNode = { kind: 'sequence', items: [] };

function sequence(items: readonly RegexNode[]): RegexNode {
  return { kind: 'sequence', items };
}

export function subexpressionOf(tree: RegexTree): Subexpression {
  return new Builder(tree).choice(tree.root);
}

class Builder {
  private readonly tree: RegexTree;

  constructor(tree: RegexTree) {
    this.tree = tree;
  }

  choice(node: RegexNode): Subexpression {
    if (node.kind !== 'branches') return this.branch(itemsOf(node), 0);
    let flags = LONGER;
    const branches = node.branches.map((each) => {
      const branch = this.branch(itemsOf(each), 0);
      flags |= upward(flags | branch.flags);
      return branch;
    });
    const language = this.language(node);
    if (!isMessy(flags)) return { kind: 'whole', language, group: 0, flags };
    return { kind: 'choice', branches, language, group: 0, flags };
  }

  /** The items from one on. */
  private branch(items: readonly RegexNode[], from: number): Subexpression {
    const before: RegexNode[] = [];
    let flags = 0;
    for (let i = from; i < items.length; i++) {
      const item = items[i];
      if (item.kind === 'constraint') {
        before.push(item);
        continue;
      }
      const { atom, min, max, preference } = quantifierOf(item);
      if (max === 0) {
        before.push(EMPTY);
        continue;
      }
      const inner = this.atom(atom);
      const prefers = flagOf(preference);
      const together = flags | prefers | (inner?.flags ?? 0);
      const isGroup = atom.kind === 'group' && atom.number > 0;
      if (!isGroup && atom.kind !== 'reference' && !isMessy(upward(together))) {
        before.push(this.language(item));
        flags = together;
        continue;
      }
      const part = inner ?? { kind: 'whole', language: this.language(atom), group: 0, flags: 0 };
      const unit = this.repeated(part, { kind: 'quantified', atom, min, max, preference });
      return this.joined(before, flags, unit, combined(prefers, part.flags), items, i + 1);
    }
    return { kind: 'whole', language: sequence(before), group: 0, flags };
  }

  /** What stood before, the part that is looked at inside, and the rest of the branch. */
  private joined(
    before: readonly RegexNode[],
    flags: number,
    unit: Subexpression,
    unitFlags: number,
    items: readonly RegexNode[],
    next: number,
  ): Subexpression {
    const prefix: Subexpression = { kind: 'whole', language: sequence(before), group: 0, flags };
    if (next >= items.length) {
      if (before.length === 0) return unit;
      return pair(prefix, unit, flags | combined(flags, unit.flags));
    }
    const rest = this.branch(items, next);
    const restFlags = unitFlags | combined(unitFlags, rest.flags);
    const all = flags | combined(flags, restFlags);
    if (before.length === 0) return pair(unit, rest, all);
    const isSimple = unit.kind === 'whole' && rest.kind === 'whole' && !isMessy(upward(unit.flags | rest.flags));
    const right = isSimple
      ? whole(sequence([unit.language, rest.language]), combined(unit.flags, rest.flags))
      : pair(unit, rest, restFlags);
    return pair(prefix, right, all);
  }

  /** Null: nothing in it but itself. */
  private atom(node: RegexNode): Subexpression | null {
    if (node.kind === 'reference') {
      const language = this.language(node);
      return { kind: 'reference', number: node.number, min: 1, max: 1, language, group: 0, flags: REFERS };
    }
    if (node.kind !== 'group') return null;
    const inner = this.choice(node.body);
    if (node.number === 0) return inner;
    const flags = inner.flags | CAPTURES;
    if (inner.group === 0) return { ...inner, group: node.number, flags };
    return { kind: 'wrapped', child: inner, language: inner.language, group: node.number, flags };
  }

  private repeated(part: Subexpression, { atom, min, max, preference }: Quantified): Subexpression {
    const prefers = flagOf(preference);
    const flags = combined(prefers, part.flags);
    const repeat = (from: number, to: number): RegexNode =>
      this.language({ kind: 'quantified', atom, min: from, max: to, preference });
    if (part.kind === 'reference' && atom.kind === 'reference') {
      return { ...part, min, max, language: repeat(min, max), flags: part.flags | combined(prefers, part.flags) };
    }
    const own = part.flags & (LONGER | SHORTER | MIXED);
    if (min === 1 && max === 1 && (prefers === 0 || own === 0 || prefers === own)) return part;
    if ((part.flags & (CAPTURES | REFERS)) === 0) return whole(repeat(min, max), flags);
    // Only the last of them is told.
    if (min > 0 && (part.flags & REFERS) === 0) {
      return pair(whole(repeat(min - 1, max - 1), flags & PREFERENCES), part, flags);
    }
    return { kind: 'repeat', child: part, min, max, language: repeat(min, max), group: 0, flags };
  }

  /** References stand for any text of their group, without what holds around it. */
  private language(node: RegexNode): RegexNode {
    switch (node.kind) {
      case 'character':
      case 'constraint':
        return node;
      case 'reference':
        return this.language(withoutConstraints(this.tree.groups.get(node.number) as RegexNode));
      case 'group':
        return { kind: 'group', number: 0, body: this.language(node.body) };
      case 'quantified':
        return { ...node, atom: this.language(node.atom) };
      case 'sequence':
        return sequence(node.items.map((item) => this.language(item)));
      case 'branches':
        return { kind: 'branches', branches: node.branches.map((branch) => this.language(branch)) };
    }
  }
}

function whole(language: RegexNode, flags: number): Subexpression {
  return { kind: 'whole', language, group: 0, flags };
}

function pair(left: Subexpression, right: Subexpression, flags: number): Subexpression {
  return { kind: 'pair', left, right, language: sequence([left.language, right.language]), group: 0, flags };
}

function quantifierOf(item: RegexNode): Quantified {
  return item.kind === 'quantified' ? item : { kind: 'quantified', atom: item, min: 1, max: 1, preference: 'none' };
}

function withoutConstraints(node: RegexNode): RegexNode {
  switch (node.kind) {
    case 'constraint':
      return EMPTY;
    case 'group':
      return { ...node, body: withoutConstraints(node.body) };
    case 'quantified':
      return { ...node, atom: withoutConstraints(node.atom) };
    case 'sequence':
      return sequence(node.items.map(withoutConstraints));
    case 'branches':
      return { kind: 'branches', branches: node.branches.map(withoutConstraints) };
    default:
      return node;
  }
}
