/** Regular expressions as trees. One character, and what holds at a place, are told as JavaScript's source for them. */

export type Preference = 'none' | 'longer' | 'shorter';

export type RegexNode =
  | { readonly kind: 'character'; readonly source: string; readonly literal: string | null }
  /** What holds between two characters: ^, \m, (?=x). */
  | { readonly kind: 'constraint'; readonly source: string }
  /** `number` counts what captures; 0: does not. */
  | { readonly kind: 'group'; readonly number: number; readonly body: RegexNode }
  | { readonly kind: 'reference'; readonly number: number }
  | Quantified
  | { readonly kind: 'sequence'; readonly items: readonly RegexNode[] }
  | { readonly kind: 'branches'; readonly branches: readonly RegexNode[] };

export interface Quantified {
  readonly kind: 'quantified';
  readonly atom: RegexNode;
  readonly min: number;
  /** Infinity: no end. */
  readonly max: number;
  /** {m} has none of its own. */
  readonly preference: Preference;
}

export interface RegexTree {
  readonly root: RegexNode;
  /** Groups that capture, those too that {0} leaves out. */
  readonly groupCount: number;
  /** Bodies of these by number, for references to them. */
  readonly groups: ReadonlyMap<number, RegexNode>;
}

/** Sources of the two constraints that need no search. */
export const TEXT_START = '^';
export const TEXT_END = '$';

/** Of a tree that is one. */
export function itemsOf(node: RegexNode): readonly RegexNode[] {
  return node.kind === 'sequence' ? node.items : [node];
}

/** JavaScript's source of a tree without references. */
export function toJavaScript(node: RegexNode): string {
  switch (node.kind) {
    case 'character':
    case 'constraint':
      return node.source;
    case 'group':
      return `${node.number === 0 ? '(?:' : '('}${toJavaScript(node.body)})`;
    case 'reference':
      return `(?:\\${node.number})`;
    case 'quantified':
      return quantifiedSource(node);
    case 'sequence':
      return node.items.map(toJavaScript).join('');
    case 'branches':
      return node.branches.map(toJavaScript).join('|');
  }
}

function quantifiedSource({ atom, min, max, preference }: Quantified): string {
  const bare = toJavaScript(atom);
  const source = atom.kind === 'character' || atom.kind === 'group' ? bare : `(?:${bare})`;
  const bound =
    min === 0 && max === Infinity
      ? '*'
      : min === 1 && max === Infinity
        ? '+'
        : min === 0 && max === 1
          ? '?'
          : max === Infinity
            ? `{${min},}`
            : `{${min},${max}}`;
  return `${source}${bound}${preference === 'shorter' ? '?' : ''}`;
}
