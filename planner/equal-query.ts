/**
 * Whether two subqueries say the same. Each has numbers of its own for its relations, CTEs and queries: they are the same if one's can be
 * put in the places of the other's. What both refer to outside of them has the same number in both.
 */
import type { Expr } from './expr.ts';
import { logical, type Query, type SublinkExpr } from './logical.ts';

/** Spaces of numbers. */
type Space = 'rel' | 'query' | 'cte';
/** What the keys of nodes are numbers of. */
const SPACES: Readonly<Record<string, Space>> = { rel: 'rel', query: 'query', cte: 'cte' };
/** Says nothing of what is asked for; `bound` is the binder's, of a CTE. */
const IGNORED: ReadonlySet<string> = new Set(['literalIndex', 'id', 'bound']);

export function equalSublink(a: SublinkExpr, b: SublinkExpr): boolean {
  return new Comparison().sublink(a, b);
}

class Comparison {
  /** The numbers of the first by space, and what they are in the second; and the other way round. */
  readonly #forth = {
    rel: new Map<number, number>(),
    query: new Map<number, number>(),
    cte: new Map<number, number>(),
  };
  readonly #back = { rel: new Map<number, number>(), query: new Map<number, number>(), cte: new Map<number, number>() };

  sublink(a: SublinkExpr, b: SublinkExpr): boolean {
    if (a.mode !== b.mode || a.typeOid !== b.typeOid) return false;
    return this.#query(a.query, b.query) && this.#part(a.test, b.test, '');
  }

  #query(a: Query, b: Query): boolean {
    return this.#define(a, b) && this.#node(a, b);
  }

  /** Numbers of all that it has, in order; of what is in sublinks they are met with these. */
  #define(a: Query, b: Query): boolean {
    this.#pair('query', a.id, b.id);
    if (a.relations.size !== b.relations.size || a.ctes.length !== b.ctes.length) return false;
    const others = [...b.relations.values()];
    for (const [i, relation] of [...a.relations.values()].entries()) {
      const other = others[i];
      if (relation.kind !== other.kind) return false;
      this.#pair('rel', relation.rel, other.rel);
    }
    for (const [i, { id, modify }] of a.ctes.entries()) {
      if (modify !== null || b.ctes[i].modify !== null) return false;
      this.#pair('cte', id, b.ctes[i].id);
    }
    return true;
  }

  #pair(space: Space, a: number, b: number): void {
    this.#forth[space].set(a, b);
    this.#back[space].set(b, a);
  }

  #number(space: Space, a: number, b: number): boolean {
    return (this.#forth[space].get(a) ?? a) === b && (this.#back[space].get(b) ?? b) === a;
  }

  #part(a: unknown, b: unknown, key: string): boolean {
    const space = Object.hasOwn(SPACES, key) ? SPACES[key] : undefined;
    if (space !== undefined && typeof a === 'number' && typeof b === 'number') return this.#number(space, a, b);
    if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object')
      return a === b || (a !== a && b !== b);
    if (Array.isArray(a)) {
      return Array.isArray(b) && a.length === b.length && a.every((item, i) => this.#part(item, b[i], ''));
    }
    if (a instanceof Map) return b instanceof Map && this.#part([...a.values()], [...b.values()], '');
    if (isQuery(a)) return isQuery(b) && this.#query(a, b);
    const [x, y] = [logical(a as Expr), logical(b as Expr)];
    if (x.kind === 'sublink') return y.kind === 'sublink' && this.sublink(x, y);
    if ('oid' in a) return a === b || ('oid' in b && a.oid === b.oid && a.oid !== 0);
    return this.#node(a, b);
  }

  #node(a: object, b: object): boolean {
    if (a === b && !('kind' in a)) return true;
    const keys = Object.keys(a).filter((key) => !IGNORED.has(key));
    if (keys.length !== Object.keys(b).filter((key) => !IGNORED.has(key)).length) return false;
    const [x, y] = [a as Record<string, unknown>, b as Record<string, unknown>];
    return keys.every((key) => key in y && this.#part(x[key], y[key], key));
  }
}

function isQuery(value: object): value is Query {
  return 'relations' in value && 'targets' in value && 'setOperation' in value;
}
