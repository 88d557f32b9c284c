/**
 * The ways to join two sets: hash join, nested loop with a parameterised or a kept inner side, both directions.
 *
 * Ten tables have some thousand candidates. A candidate is its figures first; a path, which can build a plan, is made of those that
 * the set's paths do not beat.
 */

import { cheapestFirst } from '../cost/condition-cost.ts';
import { COST, HASH_NEAR_ROWS, HASH_ROW_BYTES } from '../cost/params.ts';
import type { Expr, SortKey } from '../expr.ts';
import { isFixedConst, makeAnd } from '../logical.ts';
import type { JoinType, Plan } from '../plan.ts';
import { CROSSED, type DueConditions, type HashKey, type JoinCondition, STRAIGHT } from './join-conditions.ts';
import { type JoinProblem, NO_RELS } from './join-problem.ts';
import { type JoinKind, JoinRelation } from './join-relation.ts';
import {
  cheapest,
  emptyPath,
  estimates,
  isBeaten,
  keepPath,
  outputOf,
  type Path,
  type RelSet,
  varsOf,
} from './path.ts';
import {
  firstOf,
  gatePlan,
  inputResolver,
  type ParamFrame,
  translate,
  translateAll,
  translateNullable,
} from './translate.ts';
import { uniqueSide } from './unique-side.ts';

/** Adds paths for `a` and `b` joined to `result`. */
export function makeJoinPaths(
  problem: JoinProblem,
  a: JoinRelation,
  b: JoinRelation,
  kind: JoinKind,
  conditions: DueConditions,
  result: JoinRelation,
): void {
  const left = kind.reversed ? b : a;
  const right = kind.reversed ? a : b;
  const { special } = kind;
  const join = new JoinBuilder(problem, a, conditions, result);
  if (special === null) {
    join.nestedLoops(left, right, 'inner');
    join.nestedLoops(right, left, 'inner');
    join.hash(left, right, 'inner');
    join.hash(right, left, 'inner');
    return;
  }
  switch (special.type) {
    case 'left':
      if (conditions.on.some(({ expr }) => isFixedConst(expr, false))) {
        join.nestedLoops(left, withoutRows(problem, right), 'left');
        return;
      }
      join.nestedLoops(left, right, 'left');
      join.hash(left, right, 'left');
      join.hash(right, left, 'right');
      return;
    case 'full':
      join.hash(left, right, 'full');
      // ON TRUE, ON FALSE: there is nothing to hash or merge by.
      if (conditions.on.every(({ expr }) => expr.kind === 'const')) join.nestedLoops(left, right, 'full');
      return;
    case 'semi': {
      join.nestedLoops(left, right, 'semi');
      join.hash(left, right, 'semi');
      const unique = uniqueSide(problem, right, conditions.on);
      if (unique !== null) {
        join.nestedLoops(unique, left, 'inner');
        join.hash(unique, left, 'inner');
      }
      return;
    }
    case 'anti':
      join.hash(left, right, 'anti');
      join.nestedLoops(left, right, 'anti');
      return;
  }
}

/** The set where no row of it is wanted: what is in it is not read. */
function withoutRows(problem: JoinProblem, set: JoinRelation): JoinRelation {
  const empty = new JoinRelation(set.mask, 0, set.neighbours);
  empty.paths.push(emptyPath(problem.planner));
  empty.inComponent = set.inComponent;
  return empty;
}

/** The inner side of a nested loop, as far as it is the same for all outer paths. */
interface LoopInner {
  readonly path: Path;
  /** Cost of a further loop. */
  readonly again: number;
  /** Conditions that the path leaves to the join. */
  readonly tested: number;
}

class JoinBuilder {
  private readonly problem: JoinProblem;
  private readonly first: JoinRelation;
  private readonly conditions: DueConditions;
  private readonly result: JoinRelation;

  /** `conditions` are those of `first` with another set. */
  constructor(problem: JoinProblem, first: JoinRelation, conditions: DueConditions, result: JoinRelation) {
    this.problem = problem;
    this.first = first;
    this.conditions = conditions;
    this.result = result;
  }

  private get settings() {
    return this.problem.planner.context.environment.settings;
  }

  /** Equalities that have one side on each side, with a type that hashes both alike. */
  private hashKeys(outer: JoinRelation): readonly HashKey[] {
    const { on, sides } = this.conditions;
    // What stands for the second set (uniqueSide) is another relation with its mask.
    const straight = outer.mask === this.first.mask ? STRAIGHT : CROSSED;
    const keys: HashKey[] = [];
    for (let i = 0; i < on.length; i++) {
      if (sides[i] !== STRAIGHT && sides[i] !== CROSSED) continue;
      const key = on[i].hashKey(sides[i] !== straight);
      if (key !== null) keys.push(key);
    }
    return keys;
  }

  hash(outer: JoinRelation, inner: JoinRelation, joinType: JoinType): void {
    const { problem, conditions, result } = this;
    const keys = this.hashKeys(outer);
    if (keys.length === 0) return;
    const outerPath = cheapestIndependent(outer, inner);
    const innerPath = cheapestIndependent(inner, outer);
    if (outerPath === null || innerPath === null) return;
    const isFree = outerPath.required === NO_RELS && innerPath.required === NO_RELS;
    const required = isFree ? NO_RELS : outerPath.required | innerPath.required;
    const tested = conditions.on.length - keys.length + conditions.filter.length;
    // Batches of a table that exceeds its memory are looked up one after the other, and the cache holds more of each.
    const spills = innerPath.rows * HASH_ROW_BYTES > problem.planner.hashMemoryBytes;
    const far = spills ? 0 : COST.hashFar * Math.max(0, 1 - HASH_NEAR_ROWS / Math.max(innerPath.rows, 1));
    const build = innerPath.total + innerPath.rows * (COST.hashInsert + far + COST.operator * keys.length);
    const probe = outerPath.rows * (COST.hashProbe + far + COST.operator * keys.length);
    const spill = spills ? (innerPath.rows + outerPath.rows) * COST.hashSpillRow : 0;
    const disabled = this.settings.enableHashJoin === false ? COST.disabled : 0;
    const startup = build + outerPath.startup + disabled;
    const total =
      build + outerPath.total + probe + spill + disabled + result.rows * (COST.row + tested * COST.operator);
    if (isBeaten(result.paths, total, startup, UNORDERED, required, problem.fastStart)) return;
    const sides: JoinSides = { problem, conditions, outer, outerPath, inner, innerPath, joinType };
    keepPath(result.paths, new HashJoinPath(sides, keys, result.rows, startup, total, required), problem.fastStart);
  }

  nestedLoops(outer: JoinRelation, inner: JoinRelation, joinType: JoinType): void {
    const outerPaths = independentPaths(outer, inner);
    if (outerPaths.length === 0) return;
    const plain = cheapestIndependent(inner, outer);
    const inners = plain === null ? [] : [this.loopInner(plain, plain.rows * COST.operator, joinType)];
    for (const dependent of inner.dependent) {
      const { path } = dependent;
      // A lateral relation always needs something: the rest comes from further outside.
      const isPart = plain === null && (path.required & outer.mask) !== NO_RELS;
      if (!isPart && !outer.provides(dependent)) continue;
      inners.push(this.loopInner(path, path.rescan ?? path.total, joinType));
    }
    for (const outerPath of outerPaths) {
      for (const innerSide of inners) this.nestedLoop(outer, outerPath, inner, innerSide, joinType);
    }
  }

  private loopInner(path: Path, again: number, joinType: JoinType): LoopInner {
    const { on, filter } = this.conditions;
    const count = joinType === 'inner' ? on.length + filter.length : on.length;
    if (path.enforced.length === 0) return { path, again, tested: count };
    return { path, again, tested: testedInLoop(this.problem, this.conditions, path, joinType).length };
  }

  private nestedLoop(
    outer: JoinRelation,
    outerPath: Path,
    inner: JoinRelation,
    { path: innerPath, again, tested }: LoopInner,
    joinType: JoinType,
  ): void {
    const { problem, conditions, result } = this;
    const filters = joinType === 'inner' ? 0 : conditions.filter.length;
    const loops = Math.max(outerPath.rows, 1);
    const pairs = loops * Math.max(innerPath.rows, 1);
    const looked = joinType === 'semi' || joinType === 'anti' ? pairs / 2 : pairs;
    const disabled = this.settings.enableNestedLoop === false ? COST.disabled : 0;
    const startup = outerPath.startup + innerPath.startup + disabled;
    const total =
      outerPath.total +
      innerPath.total +
      (loops - 1) * again +
      looked * (COST.row * 0.5 + tested * COST.operator) +
      result.rows * (COST.row + filters * COST.operator) +
      disabled;
    const isFree = outerPath.required === NO_RELS && innerPath.required === NO_RELS;
    const required = isFree ? NO_RELS : (outerPath.required | innerPath.required) & ~outer.mask;
    if (isBeaten(result.paths, total, startup, outerPath.ordering, required, problem.fastStart)) return;
    const sides: JoinSides = { problem, conditions, outer, outerPath, inner, innerPath, joinType };
    keepPath(result.paths, new NestedLoopPath(sides, result.rows, startup, total, required), problem.fastStart);
  }
}

const UNORDERED: readonly SortKey[] = [];
const NONE: readonly Expr[] = [];

/** What a joined path is made of. */
interface JoinSides {
  readonly problem: JoinProblem;
  readonly conditions: DueConditions;
  readonly outer: JoinRelation;
  readonly outerPath: Path;
  readonly inner: JoinRelation;
  readonly innerPath: Path;
  readonly joinType: JoinType;
}

/**
 * What a join tests of pairs of rows, and behind it; and what no row has a say in, of a join that may be left out as a whole: that is looked at once,
 * before the join begins.
 */
function testsOf(
  on: readonly JoinCondition[],
  filter: readonly JoinCondition[],
  joinType: JoinType,
): { on: readonly Expr[]; filter: readonly Expr[]; gate: Expr | null } {
  const isGate = (condition: JoinCondition): boolean => condition.isOfNoRow;
  const isTest = (condition: JoinCondition): boolean => !condition.isOfNoRow;
  const gates = joinType === 'inner' ? [...on, ...filter] : filter;
  return {
    on: exprsOf(joinType === 'inner' ? on.filter(isTest) : on),
    filter: exprsOf(filter.filter(isTest)),
    gate: makeAnd(exprsOf(gates.filter(isGate))),
  };
}

/** In the order in which they are tested. */
function exprsOf(conditions: readonly JoinCondition[]): Expr[] {
  return cheapestFirst(conditions, ({ cost }) => cost).map(({ expr }) => expr);
}

class HashJoinPath implements Path {
  readonly rows: number;
  readonly startup: number;
  readonly total: number;
  readonly ordering = UNORDERED;
  readonly required: RelSet;
  readonly enforced = NONE;
  private readonly sides: JoinSides;
  private readonly keys: readonly HashKey[];

  constructor(
    sides: JoinSides,
    keys: readonly HashKey[],
    rows: number,
    startup: number,
    total: number,
    required: RelSet,
  ) {
    this.sides = sides;
    this.keys = keys;
    this.rows = rows;
    this.startup = startup;
    this.total = total;
    this.required = required;
  }

  build(targets: readonly Expr[]): Plan {
    const { problem, conditions, outer, outerPath, inner, innerPath, joinType } = this.sides;
    const { planner } = problem;
    const { keys } = this;
    const rest = conditions.on.filter((condition) => !keys.some((key) => key.condition === condition));
    const { on: residual, filter, gate } = testsOf(rest, conditions.filter, joinType);
    const outerKeys = keys.map((key) => key.outer);
    const innerKeys = keys.map((key) => key.inner);
    const used = [...targets, ...residual, ...filter, ...outerKeys, ...innerKeys];
    const outerColumns = varsOf(used, problem.relsIn(outer.mask));
    const innerColumns = varsOf(used, problem.relsIn(inner.mask));
    const outerPlan = outerPath.build(outerColumns);
    const innerPlan = innerPath.build(innerColumns);
    const fromOuter = inputResolver(outerColumns, 0);
    const fromInner = inputResolver(innerColumns, 1);
    const resolve = firstOf(fromOuter, fromInner);
    const plan: Plan = {
      kind: 'hashJoin',
      outer: outerPlan,
      inner: innerPlan,
      joinType,
      outerKeys: translateAll(planner, outerKeys, fromOuter),
      innerKeys: translateAll(planner, innerKeys, fromInner),
      keyTypes: keys.map((key) => key.keyType),
      condition: translateNullable(planner, makeAnd(residual), resolve),
      filter: translateNullable(planner, makeAnd(filter), resolve),
      targets: translateAll(planner, targets, resolve),
      output: outputOf(targets),
      ...estimates(this, planner.widthOf(targets)),
    };
    return gatePlan(planner, plan, gate);
  }
}

class NestedLoopPath implements Path {
  readonly rows: number;
  readonly startup: number;
  readonly total: number;
  readonly ordering: readonly SortKey[];
  readonly required: RelSet;
  readonly enforced: readonly Expr[];
  private readonly sides: JoinSides;

  constructor(sides: JoinSides, rows: number, startup: number, total: number, required: RelSet) {
    this.sides = sides;
    this.rows = rows;
    this.startup = startup;
    this.total = total;
    this.ordering = sides.outerPath.ordering;
    this.required = required;
    this.enforced = sides.outerPath.enforced;
  }

  build(targets: readonly Expr[]): Plan {
    const { problem, conditions, outer, outerPath, inner, innerPath, joinType } = this.sides;
    const { planner } = problem;
    const tested = testedInLoop(problem, conditions, innerPath, joinType);
    const { on: condition, filter, gate } = testsOf(tested, joinType === 'inner' ? [] : conditions.filter, joinType);
    const used = [...targets, ...condition, ...filter];
    const innerColumns = varsOf(used, problem.relsIn(inner.mask));
    const outerRels = problem.relsIn(outer.mask);
    const frame: ParamFrame = { rels: outerRels, params: [] };
    const innerPlan = planner.inFrame(frame, () => innerPath.build(innerColumns));
    const outerColumns = varsOf([...used, ...frame.params.map((param) => param.value)], outerRels);
    const outerPlan = outerPath.build(outerColumns);
    const fromOuter = inputResolver(outerColumns, 0);
    const resolve = firstOf(fromOuter, inputResolver(innerColumns, 1));
    const plan: Plan = {
      kind: 'nestedLoop',
      outer: outerPlan,
      inner: innerPlan,
      joinType,
      params: frame.params.map((param) => ({ index: param.index, value: translate(planner, param.value, fromOuter) })),
      condition: translateNullable(planner, makeAnd(condition), resolve),
      filter: translateNullable(planner, makeAnd(filter), resolve),
      targets: translateAll(planner, targets, resolve),
      output: outputOf(targets),
      ...estimates(this, planner.widthOf(targets)),
    };
    return gatePlan(planner, plan, gate);
  }
}

/** Conditions that a nested loop tests for each pair of rows: those that the inner path does not take care of. */
function testedInLoop(
  problem: JoinProblem,
  { on, filter }: DueConditions,
  inner: Path,
  joinType: JoinType,
): JoinCondition[] {
  const enforced = inner.enforced.map((expr) => problem.conditions.of(expr).number);
  const tested = joinType === 'inner' ? [...on, ...filter] : on;
  return tested.filter(({ number }) => !enforced.includes(number));
}

/** Paths of a side that need nothing; of lateral relations, which always need something, those that need nothing of `other`. */
function independentPaths(side: JoinRelation, other: JoinRelation): readonly Path[] {
  const { free } = side;
  return free.length > 0 ? free : side.paths.filter((path) => (path.required & other.mask) === NO_RELS);
}

function cheapestIndependent(side: JoinRelation, other: JoinRelation): Path | null {
  const free = side.cheapestFree;
  if (free !== null) return free;
  const paths = independentPaths(side, other);
  return paths.length === 0 ? null : cheapest(paths);
}
