/** One planning run: facts about relations, exec params, subplans. The stages themselves are in the files beside. */
import { LazyMap } from '../../types/lazy-map.ts';
import type { BindContext } from '../bind/context.ts';
import type { RelationFacts, SelectivityContext } from '../cost/column-statistics.ts';
import { DEFAULT_WORK_MEM_BYTES } from '../cost/params.ts';
import { ValueProbes } from '../cost/value-probes.ts';
import { equalExpr } from '../equal-expr.ts';
import type { Expr } from '../expr.ts';
import { conjuncts, logical, makeAnd, type Query, type SublinkExpr } from '../logical.ts';
import { isEquality, looseKeyMaker } from '../operators.ts';
import type { Plan } from '../plan.ts';
import { isVolatile, replaceExpr, someExpr } from '../traverse.ts';
import { planQuery } from './query.ts';
import { type ParamFrame, type Resolve, translate } from './translate.ts';

/** A CTE that its readers scan. */
export interface CteFacts {
  readonly rows: number;
  readonly name: string;
}

export class Planner {
  readonly context: BindContext;
  readonly selectivity: SelectivityContext;
  readonly ctes = new LazyMap<number, CteFacts>();
  /** Pairs of relation sets that the join search has looked at; tests bound it. */
  consideredJoins = 0;
  /** What the plan's estimates take from values that another run may have others of. */
  readonly probes: ValueProbes;
  private readonly facts = new Map<number, RelationFacts>();
  private readonly frames: ParamFrame[] = [];

  constructor(context: BindContext) {
    this.context = context;
    this.selectivity = selectivityContext(context, this.facts);
    this.probes = new ValueProbes(this.selectivity);
  }

  setFacts(rel: number, facts: RelationFacts): void {
    this.facts.set(rel, facts);
  }

  get workMemBytes(): number {
    return this.context.environment.settings.workMemBytes ?? DEFAULT_WORK_MEM_BYTES;
  }

  get hashMemoryBytes(): number {
    return this.context.environment.settings.hashMemoryBytes ?? this.workMemBytes * 2;
  }

  widthOf(exprs: readonly Expr[]): number {
    let width = 0;
    for (const expr of exprs) width += this.context.types.width(expr.typeOid, expr.typeModifier);
    return width;
  }

  /** Runs `build` with a frame that catches references to the outside. */
  inFrame<T>(frame: ParamFrame, build: () => T): T {
    this.frames.push(frame);
    try {
      return build();
    } finally {
      this.frames.pop();
    }
  }

  /** A column that no input has: the nearest frame that can provide it makes it a param. */
  outerParam(expr: Expr): Expr {
    const node = logical(expr);
    for (let i = this.frames.length - 1; i >= 0; i--) {
      const frame = this.frames[i];
      if (frame.rels !== null && !(node.kind === 'var' && frame.rels.has(node.rel))) continue;
      let param = frame.params.find((candidate) => equalExpr(candidate.value, expr));
      if (param === undefined) {
        param = { index: this.context.nextExecParam(), value: expr };
        frame.params.push(param);
      }
      return { kind: 'execParam', index: param.index, typeOid: expr.typeOid, typeModifier: expr.typeModifier };
    }
    throw new Error(
      `planner: no input provides ${JSON.stringify(node.kind === 'var' ? [node.rel, node.column] : node.kind)}`,
    );
  }

  /** A sublink as the expression that runs its plan. `resolve` finds the enclosing row's columns. */
  buildSubplan(node: SublinkExpr, resolve: Resolve): Expr {
    const frame: ParamFrame = { rels: null, params: [] };
    const { query, test, hashable } = prepareTest(node);
    const plan = this.inFrame(frame, () => planQuery(this, limitedFor(node, query)).build());
    const params = frame.params.map((param) => ({ index: param.index, value: translate(this, param.value, resolve) }));
    const builtTest = test === null ? null : translate(this, test, resolve);
    const hashKeys =
      hashable !== null && params.length === 0 ? hashable.map((expr) => translate(this, expr, resolve)) : null;
    const { mode, typeOid, typeModifier } = node;
    return {
      kind: 'subplan',
      mode,
      plan: plan as Plan,
      params,
      test: builtTest,
      hashKeys,
      isVolatile: isVolatile(node as unknown as Expr),
      typeOid,
      typeModifier,
    };
  }
}

/** Holds on to nothing of the planner: a cached plan's probes keep it. */
function selectivityContext(context: BindContext, facts: ReadonlyMap<number, RelationFacts>): SelectivityContext {
  const { statistics, values, functions } = context.environment;
  return {
    statistics,
    catalog: context.catalog,
    values: values ?? null,
    functions: functions ?? null,
    facts: (rel) => facts.get(rel),
  };
}

/** EXISTS needs neither order nor distinctness. */
function limitedFor(node: SublinkExpr, query: Query): Query {
  if (node.mode !== 'exists' || query.setOperation !== null || query.hasWindows) return query;
  if (query.limit !== null || query.offset !== null) return query;
  return { ...query, orderBy: [], distinct: false };
}

/**
 * `x = ANY (SELECT y)` can be hashed when every test is an equality whose right side is a column of the subquery as it comes.
 * Casts on that side are moved into the subquery for it.
 */
function prepareTest(node: SublinkExpr): { query: Query; test: Expr | null; hashable: Expr[] | null } {
  const { test, query } = node;
  if (test === null || node.mode !== 'any') return { query, test, hashable: null };
  const parts = conjuncts(test);
  const targets = [...query.targets];
  const keys: (Expr | undefined)[] = targets.map(() => undefined);
  const rewritten: Expr[] = [];
  for (const part of parts) {
    if (part.kind !== 'call' || part.args.length !== 2 || !isEquality(part.function)) {
      return { query, test, hashable: null };
    }
    const keyOf = looseKeyMaker(part.function);
    const [left, right] = keyOf === null ? part.args : part.args.map(keyOf);
    const column = onlyColumn(right);
    if (column === null || keys[column] !== undefined || usesSubqueryColumn(left))
      return { query, test, hashable: null };
    keys[column] = left;
    if (right.kind === 'column') {
      rewritten.push(part);
      continue;
    }
    const original = targets[column].expr;
    const moved = replaceExpr(right, (child) => (child.kind === 'column' && child.input === 2 ? original : null));
    targets[column] = { ...targets[column], expr: moved };
    const { typeOid, typeModifier } = right;
    rewritten.push({ ...part, args: [left, { kind: 'column', input: 2, index: column, typeOid, typeModifier }] });
  }
  if (keys.some((key) => key === undefined)) return { query, test, hashable: null };
  return { query: { ...query, targets }, test: makeAnd(rewritten), hashable: keys as Expr[] };
}

function usesSubqueryColumn(expr: Expr): boolean {
  return someExpr(expr, (child) => child.kind === 'column' && child.input === 2);
}

/** The one subquery column that the expression is made of; null if there are others, or relations in it. */
function onlyColumn(expr: Expr): number | null {
  let column: number | null = null;
  let fits = true;
  someExpr(expr, (child) => {
    const node = logical(child);
    if (node.kind === 'column' && node.input === 2) {
      if (column !== null && column !== node.index) fits = false;
      column = node.index;
    } else if (node.kind === 'var' || node.kind === 'sublink') fits = false;
    return false;
  });
  return fits ? column : null;
}
