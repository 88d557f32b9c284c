/**
 * Expressions that are nested deeper than V8's stack is long: chains of thousands of operators, calls of calls of calls.
 *
 * Walks over expressions are recursive, as the trees are flat nearly always. A walk that has come AT_ONCE levels down takes the
 * parts below first, the deepest before those around them; each finds what the one below came to, and goes no deeper than STEP.
 */
import type { Expr } from './expr.ts';
import { logical } from './logical.ts';

export const AT_ONCE = 100;
const STEP = 50;

/** What `children` names below the expression, at every STEPth level: a part comes after those around it. */
export function partsBelow<Node>(top: Node, children: (node: Node) => readonly Node[] | null): Node[] {
  const parts: Node[] = [];
  const nodes = [top];
  const depths = [0];
  while (nodes.length > 0) {
    const node = nodes.pop()!;
    const depth = depths.pop()!;
    const below = children(node);
    if (below === null) continue;
    if (depth > 0 && depth % STEP === 0) parts.push(node);
    for (let i = below.length - 1; i >= 0; i--) {
      nodes.push(below[i]);
      depths.push(depth + 1);
    }
  }
  return parts;
}

/** A recursive walk that answers something of each expression: `answer` calls `of` for those below. */
export class DeepWalk<Answer> {
  readonly #children: (expr: Expr) => readonly Expr[] | null;
  readonly #answer: (expr: Expr) => Answer;
  #depth = 0;
  /** Of parts that came before their parents. */
  #known: Map<Expr, Answer> | null = null;

  constructor(children: (expr: Expr) => readonly Expr[] | null, answer: (expr: Expr) => Answer) {
    this.#children = children;
    this.#answer = answer;
  }

  of(expr: Expr): Answer {
    const depth = this.#depth;
    if (this.#known?.has(expr) === true) return this.#known.get(expr) as Answer;
    this.#depth = depth + 1;
    const answer = depth === AT_ONCE ? this.#deep(expr) : this.#answer(expr);
    this.#depth = depth;
    return answer;
  }

  #deep(expr: Expr): Answer {
    const around = this.#known;
    const known = new Map<Expr, Answer>();
    this.#known = known;
    for (const part of partsBelow(expr, this.#children).reverse()) {
      this.#depth = 0;
      known.set(part, this.of(part));
    }
    this.#depth = 0;
    const answer = this.#answer(expr);
    this.#known = around;
    return answer;
  }
}

/** Of the kinds that are nested deeply. */
export function childrenOf(expr: Expr): readonly Expr[] | null {
  const node = logical(expr);
  switch (node.kind) {
    case 'call':
    case 'and':
    case 'or':
    case 'coalesce':
    case 'greatest':
    case 'least':
      return node.args;
    case 'not':
    case 'isNull':
    case 'booleanTest':
    case 'ioCast':
    case 'typmodCast':
      return [node.arg];
    case 'case': {
      const parts = node.branches.flatMap((branch) => [branch.when, branch.then]);
      if (node.subject !== null) parts.unshift(node.subject);
      if (node.otherwise !== null) parts.push(node.otherwise);
      return parts;
    }
    default:
      return null;
  }
}

/** Only what is always computed, in the order in which it is. */
export function argumentsOf(expr: Expr): readonly Expr[] | null {
  return expr.kind === 'call' ? expr.args : null;
}
