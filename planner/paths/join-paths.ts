/** The ways to join two sets: hash join, nested loop with a parameterised or a kept inner side, both directions. */

import { groupCountOf } from '../cost/group-count.ts';
import { COST, HASH_NEAR_ROWS, HASH_ROW_BYTES } from '../cost/params.ts';
import type { Expr, SortKey } from '../expr.ts';
import { equalExpr, logical, makeAnd } from '../logical.ts';
import { comparisonOf } from '../operators.ts';
import type { JoinType, Plan } from '../plan.ts';
import { asKeyValue } from './index-match.ts';
import { type JoinProblem, NO_RELS } from './join-problem.ts';
import type { JoinConditions, JoinKind, JoinRelation } from './join-search.ts';
import { addPath, cheapest, estimates, outputOf, type Path, varsOf } from './path.ts';
import { firstOf, inputResolver, type ParamFrame, translate, translateAll, translateNullable } from './translate.ts';

interface Side {
  readonly relation: JoinRelation;
  readonly rels: ReadonlySet<number>;
}

/** Adds paths for `a` and `b` joined to `result`. */
export function makeJoinPaths(
  problem: JoinProblem,
  a: JoinRelation,
  b: JoinRelation,
  kind: JoinKind,
  conditions: JoinConditions,
  result: JoinRelation,
): void {
  const left: Side = { relation: kind.reversed ? b : a, rels: problem.relsIn(kind.reversed ? b.mask : a.mask) };
  const right: Side = { relation: kind.reversed ? a : b, rels: problem.relsIn(kind.reversed ? a.mask : b.mask) };
  const { special } = kind;
  const join = new JoinBuilder(problem, conditions, result.rows);
  const add = (path: Path | null): void => {
    if (path !== null) addPath(result.paths, path, problem.fastStart);
  };
  if (special === null) {
    join.nestedLoops(left, right, 'inner', add);
    join.nestedLoops(right, left, 'inner', add);
    add(join.hash(left, right, 'inner'));
    add(join.hash(right, left, 'inner'));
    return;
  }
  switch (special.type) {
    case 'left':
      join.nestedLoops(left, right, 'left', add);
      add(join.hash(left, right, 'left'));
      add(join.hash(right, left, 'right'));
      return;
    case 'full':
      add(join.hash(left, right, 'full'));
      // ON TRUE, ON FALSE: there is nothing to hash or merge by.
      if (conditions.on.every((expr) => expr.kind === 'const')) join.nestedLoops(left, right, 'full', add);
      return;
    case 'semi': {
      join.nestedLoops(left, right, 'semi', add);
      add(join.hash(left, right, 'semi'));
      const unique = uniqueSide(problem, right, conditions);
      if (unique !== null) {
        join.nestedLoops(unique, left, 'inner', add);
        add(join.hash(unique, left, 'inner'));
      }
      return;
    }
    case 'anti':
      add(join.hash(left, right, 'anti'));
      join.nestedLoops(left, right, 'anti', add);
      return;
  }
}

const FLOAT8 = 701;
const TEXT = 25;

interface HashKey {
  readonly outer: Expr;
  readonly inner: Expr;
  readonly keyType: number;
  readonly condition: Expr;
}

class JoinBuilder {
  private readonly problem: JoinProblem;
  private readonly conditions: JoinConditions;
  private readonly rows: number;

  constructor(problem: JoinProblem, conditions: JoinConditions, rows: number) {
    this.problem = problem;
    this.conditions = conditions;
    this.rows = rows;
  }

  private get settings() {
    return this.problem.planner.context.environment.settings;
  }

  /** Equalities that have one side on each side, with a type that hashes both alike. */
  private hashKeys(outer: Side, inner: Side): HashKey[] {
    const keys: HashKey[] = [];
    for (const expr of this.conditions.on) {
      if (expr.kind !== 'call' || expr.args.length !== 2) continue;
      if (comparisonOf(expr.function)?.btreeStrategy !== 3) continue;
      const [x, y] = expr.args;
      const mx = this.problem.maskOf(x);
      const my = this.problem.maskOf(y);
      if (mx === NO_RELS || my === NO_RELS) continue;
      const straight = (mx & ~outer.relation.mask) === NO_RELS && (my & ~inner.relation.mask) === NO_RELS;
      const crossed = (my & ~outer.relation.mask) === NO_RELS && (mx & ~inner.relation.mask) === NO_RELS;
      if (!straight && !crossed) continue;
      const key = this.pairTypes(straight ? x : y, straight ? y : x, expr);
      if (key !== null) keys.push(key);
    }
    return keys;
  }

  private pairTypes(outer: Expr, inner: Expr, condition: Expr): HashKey | null {
    const { context } = this.problem.planner;
    const { types } = context;
    const a = types.comparedAs(outer.typeOid);
    const b = types.comparedAs(inner.typeOid);
    if (a === b) return { outer, inner, keyType: a, condition };
    const isText = (oid: number): boolean => oid === TEXT || oid === 1043 || oid === 19;
    if (isText(a) && isText(b)) return { outer, inner, keyType: TEXT, condition };
    const isInt = (oid: number): boolean => oid === 20 || oid === 21 || oid === 23;
    if (isInt(a) && isInt(b)) return { outer, inner, keyType: 20, condition };
    const isFloat = (oid: number): boolean => oid === 700 || oid === FLOAT8;
    if (isFloat(a) && isFloat(b)) return { outer, inner, keyType: FLOAT8, condition };
    const widened = asKeyValue(context, b, outer, false);
    if (widened !== null) return { outer: widened, inner, keyType: b, condition };
    const other = asKeyValue(context, a, inner, false);
    return other === null ? null : { outer, inner: other, keyType: a, condition };
  }

  hash(outer: Side, inner: Side, joinType: JoinType): Path | null {
    const { problem } = this;
    const { planner } = problem;
    const keys = this.hashKeys(outer, inner);
    if (keys.length === 0) return null;
    const outerPaths = independentPaths(outer, inner);
    const innerPaths = independentPaths(inner, outer);
    if (outerPaths.length === 0 || innerPaths.length === 0) return null;
    const outerPath = cheapest(outerPaths);
    const innerPath = cheapest(innerPaths);
    const required = outerPath.required | innerPath.required;
    const residual = this.conditions.on.filter((expr) => !keys.some((key) => key.condition === expr));
    const { filter } = this.conditions;
    // Batches of a table that exceeds its memory are looked up one after the other, and the cache holds more of each.
    const spills = innerPath.rows * HASH_ROW_BYTES > planner.hashMemoryBytes;
    const far = spills ? 0 : COST.hashFar * Math.max(0, 1 - HASH_NEAR_ROWS / Math.max(innerPath.rows, 1));
    const build = innerPath.total + innerPath.rows * (COST.hashInsert + far + COST.operator * keys.length);
    const probe = outerPath.rows * (COST.hashProbe + far + COST.operator * keys.length);
    const spill = spills ? (innerPath.rows + outerPath.rows) * COST.hashSpillRow : 0;
    const disabled = this.settings.enableHashJoin === false ? COST.disabled : 0;
    const startup = build + outerPath.startup + disabled;
    const total =
      build +
      outerPath.total +
      probe +
      spill +
      disabled +
      this.rows * (COST.row + (residual.length + filter.length) * COST.operator);
    const estimate = { rows: this.rows, startup, total };
    return {
      ...estimate,
      ordering: [],
      required,
      enforced: [],
      build: (targets) => {
        const used = [
          ...targets,
          ...residual,
          ...filter,
          ...keys.map((key) => key.outer),
          ...keys.map((key) => key.inner),
        ];
        const outerColumns = varsOf(used, outer.rels);
        const innerColumns = varsOf(used, inner.rels);
        const outerPlan = outerPath.build(outerColumns);
        const innerPlan = innerPath.build(innerColumns);
        const fromOuter = inputResolver(outerColumns, 0);
        const fromInner = inputResolver(innerColumns, 1);
        const resolve = firstOf(fromOuter, fromInner);
        return {
          kind: 'hashJoin',
          outer: outerPlan,
          inner: innerPlan,
          joinType,
          outerKeys: translateAll(
            planner,
            keys.map((key) => key.outer),
            fromOuter,
          ),
          innerKeys: translateAll(
            planner,
            keys.map((key) => key.inner),
            fromInner,
          ),
          keyTypes: keys.map((key) => key.keyType),
          condition: translateNullable(planner, makeAnd(residual), resolve),
          filter: translateNullable(planner, makeAnd(filter), resolve),
          targets: translateAll(planner, targets, resolve),
          output: outputOf(targets),
          ...estimates(estimate, planner.widthOf(targets)),
        };
      },
    };
  }

  nestedLoops(outer: Side, inner: Side, joinType: JoinType, add: (path: Path | null) => void): void {
    const outerPaths = independentPaths(outer, inner);
    if (outerPaths.length === 0) return;
    const plain = inner.relation.paths.filter((path) => path.required === NO_RELS);
    const parameterised = inner.relation.paths.filter(
      (path) => path.required !== NO_RELS && (path.required & ~outer.relation.mask) === NO_RELS,
    );
    for (const outerPath of outerPaths) {
      if (plain.length > 0) add(this.nestedLoop(outer, outerPath, inner, cheapest(plain), joinType));
      for (const innerPath of parameterised) add(this.nestedLoop(outer, outerPath, inner, innerPath, joinType));
    }
  }

  private nestedLoop(outer: Side, outerPath: Path, inner: Side, innerPath: Path, joinType: JoinType): Path {
    const isParameterised = innerPath.required !== NO_RELS;
    const enforced = (expr: Expr): boolean => innerPath.enforced.some((done) => sameCondition(done, expr));
    const on = this.conditions.on.filter((expr) => !enforced(expr));
    const filter = joinType === 'inner' ? [] : this.conditions.filter;
    const extra = joinType === 'inner' ? this.conditions.filter : [];
    const condition = [...on, ...extra.filter((expr) => !enforced(expr))];
    const again = isParameterised ? (innerPath.rescan ?? innerPath.total) : innerPath.rows * COST.operator;
    const loops = Math.max(outerPath.rows, 1);
    const pairs = loops * Math.max(innerPath.rows, 1);
    const looked = joinType === 'semi' || joinType === 'anti' ? pairs / 2 : pairs;
    const disabled = this.settings.enableNestedLoop === false ? COST.disabled : 0;
    const startup = outerPath.startup + innerPath.startup + disabled;
    const total =
      outerPath.total +
      innerPath.total +
      (loops - 1) * again +
      looked * (COST.row * 0.5 + condition.length * COST.operator) +
      this.rows * (COST.row + filter.length * COST.operator) +
      disabled;
    const estimate = { rows: this.rows, startup, total };
    return {
      ...estimate,
      ordering: outerPath.ordering as readonly SortKey[],
      required: (outerPath.required | innerPath.required) & ~outer.relation.mask,
      enforced: outerPath.enforced,
      build: (targets) =>
        this.buildLoop(outer, outerPath, inner, innerPath, joinType, condition, filter, targets, estimate),
    };
  }

  private buildLoop(
    outer: Side,
    outerPath: Path,
    inner: Side,
    innerPath: Path,
    joinType: JoinType,
    condition: readonly Expr[],
    filter: readonly Expr[],
    targets: readonly Expr[],
    estimate: { rows: number; startup: number; total: number },
  ): Plan {
    const { planner } = this.problem;
    const used = [...targets, ...condition, ...filter];
    const innerColumns = varsOf(used, inner.rels);
    const frame: ParamFrame = { rels: outer.rels, params: [] };
    const innerPlan = planner.inFrame(frame, () => innerPath.build(innerColumns));
    const outerColumns = varsOf([...used, ...frame.params.map((param) => param.value)], outer.rels);
    const outerPlan = outerPath.build(outerColumns);
    const fromOuter = inputResolver(outerColumns, 0);
    const resolve = firstOf(fromOuter, inputResolver(innerColumns, 1));
    return {
      kind: 'nestedLoop',
      outer: outerPlan,
      inner: innerPlan,
      joinType,
      params: frame.params.map((param) => ({ index: param.index, value: translate(planner, param.value, fromOuter) })),
      condition: translateNullable(planner, makeAnd(condition), resolve),
      filter: translateNullable(planner, makeAnd(filter), resolve),
      targets: translateAll(planner, targets, resolve),
      output: outputOf(targets),
      ...estimates(estimate, planner.widthOf(targets)),
    };
  }
}

/** Paths of a side that need nothing; of lateral relations, which always need something, those that need nothing of `other`. */
function independentPaths(side: Side, other: Side): readonly Path[] {
  const { paths } = side.relation;
  const free = paths.filter((path) => path.required === NO_RELS);
  if (free.length > 0) return free;
  return paths.filter((path) => (path.required & other.relation.mask) === NO_RELS);
}

/** The same equality, perhaps written the other way round. */
function sameCondition(a: Expr, b: Expr): boolean {
  if (a === b || equalExpr(a, b)) return true;
  if (a.kind !== 'call' || b.kind !== 'call' || a.args.length !== 2 || b.args.length !== 2) return false;
  if (a.function !== b.function) return false;
  return equalExpr(a.args[0], b.args[1]) && equalExpr(a.args[1], b.args[0]);
}

/** A semi join's right side made unique, so that it can be the outer side of an ordinary join. */
function uniqueSide(problem: JoinProblem, right: Side, conditions: JoinConditions): Side | null {
  const { planner } = problem;
  const columns: Expr[] = [];
  for (const expr of conditions.on) {
    if (expr.kind !== 'call' || expr.args.length !== 2) return null;
    if (comparisonOf(expr.function)?.btreeStrategy !== 3) return null;
    const own = expr.args.filter((arg) => {
      const mask = problem.maskOf(arg);
      return mask !== NO_RELS && (mask & ~right.relation.mask) === NO_RELS;
    });
    if (own.length !== 1 || logical(own[0]).kind !== 'var') return null;
    if (!columns.some((column) => equalExpr(column, own[0]))) columns.push(own[0]);
  }
  const plain = right.relation.paths.filter((path) => path.required === NO_RELS);
  if (plain.length === 0 || columns.length === 0) return null;
  const input = cheapest(plain);
  const rows = groupCountOf(planner.selectivity, columns, input.rows);
  const total = input.total + input.rows * (COST.groupRow + COST.operator * columns.length) + rows * COST.groupInsert;
  const estimate = { rows, startup: total, total };
  const path: Path = {
    ...estimate,
    ordering: [],
    required: NO_RELS,
    enforced: [],
    build: (targets) => {
      // Distinct over all the compared columns; then those that are asked for, in their order.
      const child = input.build(columns);
      const unique: Plan = {
        kind: 'distinct',
        input: child,
        output: child.output,
        ...estimates(estimate, planner.widthOf(columns)),
      };
      const resolve = inputResolver(columns, 0);
      const built = translateAll(planner, targets, resolve);
      if (built.length === columns.length && built.every((expr, i) => expr.kind === 'column' && expr.index === i))
        return unique;
      return {
        kind: 'project',
        input: unique,
        filter: null,
        targets: built,
        output: outputOf(targets),
        ...estimates(estimate, planner.widthOf(targets)),
      };
    },
  };
  return { relation: { ...right.relation, rows, paths: [path] }, rels: right.rels };
}
