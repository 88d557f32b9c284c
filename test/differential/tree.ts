/**
 * A generated statement as a tree of text, so that it can be made smaller by what its parts are: an expression by an
 * expression of its type that stands inside it, a clause that may be missing by nothing, a list by one element less.
 */

export type Part = string | Node;

export interface Node {
  /** `optional` may be empty; of a `list` all but `least` elements may go; a `query` may be one that stands inside it. */
  readonly role: 'text' | 'expression' | 'query' | 'optional' | 'list';
  readonly parts: readonly Part[];
  /** Of an expression: the name of its type in pg_type. */
  readonly type: string;
  /** Of a list: what stands between its elements, and how many it needs. */
  readonly separator: string;
  readonly least: number;
  /** Of an expression: other texts that may stand for it. */
  readonly simpler: readonly string[];
  /** An expression of any type may stand here (an item of a select list). */
  readonly isFree: boolean;
}

const PLAIN = { type: '', separator: '', least: 0, simpler: [], isFree: false } as const;

export function text(...parts: Part[]): Node {
  return { ...PLAIN, role: 'text', parts };
}

export function optional(...parts: Part[]): Node {
  return { ...PLAIN, role: 'optional', parts };
}

export function query(...parts: Part[]): Node {
  return { ...PLAIN, role: 'query', parts };
}

export function list(elements: readonly Part[], separator = ', ', least = 1): Node {
  return { ...PLAIN, role: 'list', parts: elements, separator, least };
}

export function expression(type: string, parts: readonly Part[], simpler: readonly string[] = []): Node {
  return { ...PLAIN, role: 'expression', parts, type, simpler };
}

export function freely(node: Node): Node {
  return { ...node, isFree: true };
}

export function render(part: Part): string {
  if (typeof part === 'string') return part;
  return part.parts.map(render).join(part.separator);
}

/** Every smaller statement that one step makes, the large steps first. */
export function* smaller(root: Node): Generator<Node> {
  for (const step of smallerSteps(root, () => false)) yield step.root;
}

/** The same, with the part that is another one. Nothing changes inside what `isWhole`. */
export function* smallerSteps(
  root: Node,
  isWhole: (node: Node) => boolean,
): Generator<{ readonly changed: Node; readonly root: Node }> {
  const nodes: Node[] = [];
  const walk = (node: Node): void => {
    nodes.push(node);
    if (isWhole(node)) return;
    for (const part of node.parts) if (typeof part !== 'string') walk(part);
  };
  walk(root);
  for (const node of nodes) {
    for (const replacement of replacements(node)) yield { changed: node, root: replace(root, node, replacement) };
  }
}

function* replacements(node: Node): Generator<Node> {
  if (node.role === 'optional' && node.parts.length > 0) yield { ...node, parts: [] };
  if (node.role === 'list' && node.parts.length > node.least) {
    const half = Math.floor(node.parts.length / 2);
    if (half > 1 && half >= node.least) {
      yield { ...node, parts: node.parts.slice(0, half) };
      yield { ...node, parts: node.parts.slice(half) };
    }
    for (let i = 0; i < node.parts.length; i++) yield { ...node, parts: node.parts.filter((_, j) => j !== i) };
  }
  if (node.role === 'query') {
    for (const inner of inside(node)) if (inner.role === 'query') yield inner;
  }
  if (node.role !== 'expression') return;
  for (const inner of inside(node)) {
    if (inner.role !== 'expression') continue;
    if (node.isFree) yield freely(inner);
    else if (inner.type === node.type) yield inner;
  }
  const own = render(node);
  for (const simpler of node.simpler) {
    if (simpler.length < own.length || !/^(?:'|-?\d)/.test(own)) yield literalOf(node, simpler);
  }
}

/** A literal is not made smaller again, so that this comes to an end. */
function literalOf(node: Node, sql: string): Node {
  return { ...node, parts: [sql], simpler: [] };
}

function* inside(node: Node): Generator<Node> {
  for (const part of node.parts) {
    if (typeof part === 'string') continue;
    yield part;
    yield* inside(part);
  }
}

/** Every expression, the outer ones first. */
export function* expressionsIn(root: Node): Generator<Node> {
  for (const node of inside(root)) if (node.role === 'expression') yield node;
}

/** Every query, the outer ones first. */
export function* queriesIn(root: Node): Generator<Node> {
  for (const node of inside(root)) if (node.role === 'query') yield node;
}

export function replace(root: Node, target: Node, replacement: Node): Node {
  if (root === target) return replacement;
  let changed = false;
  const parts = root.parts.map((part) => {
    if (typeof part === 'string') return part;
    const other = replace(part, target, replacement);
    changed ||= other !== part;
    return other;
  });
  return changed ? { ...root, parts } : root;
}

export function contains(root: Node, wanted: Node): boolean {
  return root === wanted || root.parts.some((part) => typeof part !== 'string' && contains(part, wanted));
}
