/**
 * FROM and WHERE as a join problem: base relations, conditions with the relations that they need, outer and semi joins with
 * the orders that they allow, and classes of expressions that are known to be equal.
 *
 * Rules for orders (after PostgreSQL's initsplan.c and joinrels.c, simplified)
 *  1. A special join (left, full, semi, anti) joins exactly its whole right side to a set that contains its `minLeft`: the left
 *     relations that its ON condition uses, and what those need.
 *  2. A condition above a left join that uses its right side waits until that join is done (`required` grows by it).
 *  3. Inner conditions may be used anywhere their relations are together.
 */

import type { ScalarFunction } from '../../catalog/function-entry.ts';
import { equalityFunction } from '../../catalog/functions/index.ts';
import { LazyMap } from '../../types/lazy-map.ts';
import { cheapestFirst, conditionCost, nodeCost } from '../cost/condition-cost.ts';
import { equalExpr } from '../equal-expr.ts';
import type { Expr } from '../expr.ts';
import { conjuncts, type FromItem, type LogicalJoinType, logical, type Query, type Relation } from '../logical.ts';
import { comparisonOf, isEquality } from '../operators.ts';
import { freeRels, relsOf } from '../relation-sets.ts';
import { isVolatile, visitExpr } from '../traverse.ts';
import { ConditionTable } from './join-conditions.ts';
import type { RelSet } from './path.ts';
import type { Planner } from './planner.ts';

export interface Equality {
  readonly left: Expr;
  readonly right: Expr;
  readonly leftRels: RelSet;
  readonly rightRels: RelSet;
  readonly function: ScalarFunction;
}

export interface Clause {
  readonly expr: Expr;
  /** Relations whose columns it uses. */
  readonly rels: RelSet;
  /** Relations that must be joined before it may be tested. */
  readonly required: RelSet;
  readonly equality: Equality | null;
  /** Calls in it: cheap ones are tested first, those with subqueries last. */
  readonly cost: number;
}

/** What one walk over a condition finds. */
interface Survey {
  rels: RelSet;
  cost: number;
  isVolatile: boolean;
}

export interface SpecialJoin {
  readonly type: Exclude<LogicalJoinType, 'inner'>;
  readonly minLeft: RelSet;
  readonly left: RelSet;
  readonly right: RelSet;
  readonly on: readonly Clause[];
}

/** Expressions that are equal in every row that passes the conditions. */
export interface EquivalenceClass {
  readonly members: { readonly expr: Expr; readonly rels: RelSet }[];
  readonly function: ScalarFunction;
  /** One of them is a constant, so all are. */
  constant: Expr | null;
}

/** An equality of a base relation with others. */
interface OwnEquality {
  readonly own: Expr;
  readonly other: Expr;
  readonly rels: RelSet;
  readonly expr: Expr;
}

export interface BaseRelation {
  readonly relation: Relation;
  readonly bit: RelSet;
  /** Relations of this problem that it refers to laterally. */
  readonly lateral: RelSet;
}

export const NO_RELS: RelSet = 0n;

export class JoinProblem {
  readonly planner: Planner;
  readonly query: Query;
  readonly base: BaseRelation[] = [];
  readonly clauses: Clause[] = [];
  readonly specials: SpecialJoin[] = [];
  readonly classes: EquivalenceClass[] = [];
  /** Conditions of all rows about no relation: looked at once, before any of them is begun. */
  readonly gates: Expr[] = [];
  /** Outer joins around what is being looked at that make up rows for its side, and semi and anti joins of which it is the right side. */
  private nullableDepth = 0;
  readonly all: RelSet;
  /** Some relation refers to others of this problem laterally. */
  readonly hasLateral: boolean;
  /** Perhaps not all rows are wanted (LIMIT): paths that start fast are kept. */
  readonly fastStart: boolean;
  private readonly bits = new Map<number, RelSet>();
  private readonly equalitiesOf = new LazyMap<RelSet, readonly OwnEquality[]>();
  private conditionTable: ConditionTable | null = null;

  constructor(planner: Planner, query: Query) {
    this.planner = planner;
    this.query = query;
    this.fastStart = query.limit !== null && !needsAllRows(query);
    const used = new Set<number>();
    const collect = (item: FromItem): void => {
      if (item.kind === 'rel') used.add(item.rel);
      else if (item.kind === 'group') item.items.forEach(collect);
      else {
        collect(item.left);
        collect(item.right);
      }
    };
    query.from.forEach(collect);
    let bit = 1n;
    for (const rel of used) {
      this.bits.set(rel, bit);
      bit <<= 1n;
    }
    this.all = bit - 1n;
    for (const rel of used) {
      const relation = query.relations.get(rel)!;
      this.base.push({ relation, bit: this.bits.get(rel)!, lateral: this.maskOfSet(lateralRels(relation)) });
    }
    this.hasLateral = this.base.some(({ lateral }) => lateral !== NO_RELS);
    const scope: RelSet[] = query.from.map((item) => this.deconstruct(item));
    const whole = scope.reduce((a, b) => a | b, NO_RELS);
    for (const part of conjuncts(query.where)) this.addInner(part, whole, this.specials);
    this.addImpliedConstants();
  }

  get conditions(): ConditionTable {
    this.conditionTable ??= new ConditionTable(this);
    return this.conditionTable;
  }

  /** a.x = 5 and a LEFT JOIN b ON a.x = b.y: only b.y = 5 can match. */
  private addImpliedConstants(): void {
    for (const special of this.specials) {
      if (special.type === 'full') continue;
      for (const { equality } of special.on) {
        if (equality === null) continue;
        const sides = [
          [equality.left, equality.right],
          [equality.right, equality.left],
        ] as const;
        for (const [outer, inner] of sides) {
          const innerRels = this.maskOf(inner);
          if (innerRels === NO_RELS || (innerRels & ~special.right) !== NO_RELS) continue;
          if (logical(inner).kind !== 'var' || logical(outer).kind !== 'var') continue;
          const known = this.findClass(outer);
          if (known === null || known.constant === null || known.function !== equality.function) continue;
          const expr = classEquality(known, inner, known.constant);
          this.clauses.push({
            expr,
            rels: innerRels,
            required: innerRels,
            equality: this.asEquality(expr, false),
            cost: 1,
          });
        }
      }
    }
  }

  /** Conditions on one relation alone, those that equivalences imply included. */
  restrictions(bit: RelSet): readonly Expr[] {
    const { clauses } = this;
    const result: { readonly expr: Expr; readonly cost: number }[] = [];
    for (const clause of clauses) {
      if (clause.required !== NO_RELS && (clause.required & ~bit) === NO_RELS) result.push(clause);
    }
    const add = (expr: Expr) => result.push({ expr, cost: conditionCost(expr) });
    for (const item of this.classes) {
      const constants = item.members.filter((member) => member.rels === NO_RELS);
      const own = item.members.filter((member) => member.rels === bit);
      if (constants.length > 0) {
        for (const member of own) {
          const isFirst = item.members.find((other) => other.rels !== NO_RELS) === member;
          const wanted = isFirst ? constants : constants.slice(0, 1);
          for (const constant of wanted) add(classEquality(item, member.expr, constant.expr));
        }
      } else for (let i = 1; i < own.length; i++) add(classEquality(item, own[0].expr, own[i].expr));
    }
    return cheapestFirst(result, ({ cost }) => cost).map(({ expr }) => expr);
  }

  /** Equalities between this relation and others, for parameterised index scans: the relation's side first. */
  joinEqualities(bit: RelSet): readonly OwnEquality[] {
    if (this.base.length === 1) return [];
    // Each index of a table asks.
    const known = this.equalitiesOf.get(bit);
    if (known !== undefined) return known;
    const result: OwnEquality[] = [];
    this.equalitiesOf.set(bit, result);
    const add = (equality: Equality | null, expr: Expr): void => {
      if (equality === null) return;
      const { left, right, leftRels, rightRels } = equality;
      if (leftRels === bit && rightRels !== NO_RELS && (rightRels & bit) === NO_RELS) {
        result.push({ own: left, other: right, rels: rightRels, expr });
      } else if (rightRels === bit && leftRels !== NO_RELS && (leftRels & bit) === NO_RELS) {
        result.push({ own: right, other: left, rels: leftRels, expr });
      }
    };
    for (const clause of this.clauses) add(this.searchedEquality(clause), clause.expr);
    for (const special of this.specials) {
      if (special.type === 'full') continue;
      // A semi join may also be done from its right side, made unique; any other only from the left.
      const mayDrive = special.type === 'semi' ? special.right | special.left : special.right;
      if ((mayDrive & bit) === NO_RELS) continue;
      for (const clause of special.on) add(this.searchedEquality(clause), clause.expr);
    }
    for (const item of this.classes) {
      if (item.constant !== null) continue;
      for (const own of item.members) {
        if (own.rels !== bit) continue;
        for (const other of item.members) {
          if (other.rels === bit || other.rels === NO_RELS) continue;
          const expr = classEquality(item, own.expr, other.expr);
          result.push({ own: own.expr, other: other.expr, rels: other.rels, expr });
        }
      }
    }
    return result;
  }

  /** Conditions between this relation and others that are no equalities, for parameterised searches of inverted indexes. */
  joinConditions(bit: RelSet): { rels: RelSet; expr: Expr }[] {
    const result: { rels: RelSet; expr: Expr }[] = [];
    const add = ({ expr, rels, required, equality }: Clause): void => {
      if (equality !== null || (rels & bit) === NO_RELS || rels === bit || required !== rels) return;
      result.push({ rels: rels & ~bit, expr });
    };
    this.clauses.forEach(add);
    for (const special of this.specials) {
      if (special.type !== 'full' && (special.right & bit) !== NO_RELS) special.on.forEach(add);
    }
    return result;
  }

  maskOf(expr: Expr): RelSet {
    return this.maskOfSet(relsOf(expr));
  }

  private maskOfSet(rels: Iterable<number>): RelSet {
    let mask = NO_RELS;
    for (const rel of rels) mask |= this.bits.get(rel) ?? NO_RELS;
    return mask;
  }

  /** Relation numbers of a set. */
  relsIn(mask: RelSet): Set<number> {
    const result = new Set<number>();
    for (const { relation, bit } of this.base) if ((mask & bit) !== NO_RELS) result.add(relation.rel);
    return result;
  }

  private deconstruct(item: FromItem): RelSet {
    if (item.kind === 'rel') return this.bits.get(item.rel)!;
    if (item.kind === 'group') {
      const before = this.specials.length;
      const mask = item.items.reduce((sum, child) => sum | this.deconstruct(child), NO_RELS);
      this.addAllInner(item.where, mask, before);
      return mask;
    }
    const before = this.specials.length;
    const left = this.deconstructSide(item.left, item.type === 'full');
    const afterLeft = this.specials.length;
    const right = this.deconstructSide(item.right, item.type !== 'inner');
    const mask = left | right;
    if (item.type === 'inner') {
      this.addAllInner(item.on, mask, before);
      return mask;
    }
    const on: Clause[] = [];
    const rightSpecials = this.specials.slice(afterLeft);
    for (const part of conjuncts(item.on)) {
      const rels = this.maskOf(part);
      const rightOnly = rels !== NO_RELS && (rels & ~right) === NO_RELS && item.type !== 'full';
      if (rightOnly) {
        this.nullableDepth++;
        this.addInner(part, right, rightSpecials);
        this.nullableDepth--;
      } else on.push(this.makeClause(part, mask, []));
    }
    this.specials.push({
      type: item.type,
      left,
      right,
      minLeft: this.minimumLeft(item.type, on, left, this.specials.slice(before, afterLeft)),
      on,
    });
    return mask;
  }

  private deconstructSide(item: FromItem, isNullable: boolean): RelSet {
    if (!isNullable) return this.deconstruct(item);
    this.nullableDepth++;
    const mask = this.deconstruct(item);
    this.nullableDepth--;
    return mask;
  }

  /** Left relations that must be there before the join: those in ON, and what lower outer joins add to them. */
  private minimumLeft(
    type: SpecialJoin['type'],
    on: readonly Clause[],
    left: RelSet,
    below: readonly SpecialJoin[],
  ): RelSet {
    if (type === 'full') return left;
    let result = NO_RELS;
    for (const clause of on) result |= clause.rels & left;
    if (result === NO_RELS) return left;
    return this.close(result, below);
  }

  /** Relations that must be joined for columns of `rels` to have their final values. */
  private close(rels: RelSet, below: readonly SpecialJoin[]): RelSet {
    let result = rels;
    for (let changed = true; changed; ) {
      changed = false;
      for (const special of below) {
        const touched =
          special.type === 'full'
            ? (special.left | special.right) & result
            : special.type === 'left'
              ? special.right & result
              : NO_RELS;
        if (touched === NO_RELS) continue;
        const more = result | special.minLeft | special.right;
        if (more !== result) {
          result = more;
          changed = true;
        }
      }
    }
    return result;
  }

  private makeClause(expr: Expr, scope: RelSet, below: readonly SpecialJoin[]): Clause {
    const found = this.survey(expr);
    const { rels, cost } = found;
    const closed = this.close(rels, below);
    const required = rels === NO_RELS ? scope : found.isVolatile ? scope | closed : closed;
    return { expr, rels, required, equality: this.asEquality(expr, found.isVolatile), cost };
  }

  private survey(expr: Expr): Survey {
    const found: Survey = { rels: NO_RELS, cost: 0, isVolatile: false };
    visitExpr(expr, (child) => {
      const node = logical(child);
      found.cost += nodeCost(child);
      if (node.kind === 'var') found.rels |= this.bits.get(node.rel) ?? NO_RELS;
      else if (node.kind === 'call') {
        if (node.function.volatility === 'volatile') found.isVolatile = true;
      } else if (node.kind === 'sublink') {
        found.rels |= this.maskOf(child);
        if (isVolatile(child)) found.isVolatile = true;
        return false;
      }
      return true;
    });
    return found;
  }

  /** What an index may find: an equality, under collations that call different texts equal too. */
  private searchedEquality({ equality, expr }: Clause): Equality | null {
    const isLoose = equality === null && expr.kind === 'call' && isEquality(expr.function);
    return isLoose && !isVolatile(expr) ? this.equalityOf(expr) : equality;
  }

  private asEquality(expr: Expr, isVolatile: boolean): Equality | null {
    if (expr.kind !== 'call' || expr.args.length !== 2 || isVolatile) return null;
    return comparisonOf(expr.function)?.btreeStrategy === 3 ? this.equalityOf(expr) : null;
  }

  private equalityOf(expr: Expr & { kind: 'call' }): Equality {
    const [left, right] = expr.args;
    return { left, right, leftRels: this.maskOf(left), rightRels: this.maskOf(right), function: expr.function };
  }

  /**
   * Conditions over the relations of `mask`, whose outer joins are those from `before` on. Where a LATERAL subquery has been merged they may use
   * others, which stand before them: below those all outer joins that are known may have to be done.
   */
  private addAllInner(where: Expr | null, mask: RelSet, before: number): void {
    const below = this.specials.slice(before);
    for (const part of conjuncts(where)) {
      const isWithin = below.length === this.specials.length || (this.maskOf(part) & ~mask) === NO_RELS;
      this.addInner(part, mask, isWithin ? below : this.specials);
    }
  }

  /** A condition that every row must pass. Equalities of one type go to the equivalence classes. */
  private addInner(expr: Expr, scope: RelSet, below: readonly SpecialJoin[]): void {
    const clause = this.makeClause(expr, scope, below);
    if (clause.rels === NO_RELS && this.nullableDepth === 0 && !isVolatile(expr)) {
      this.gates.push(expr);
      return;
    }
    if (clause.required === clause.rels && this.addToClasses(clause)) return;
    this.clauses.push(clause);
  }

  private addToClasses(clause: Clause): boolean {
    const { equality } = clause;
    if (equality === null || clause.rels === NO_RELS) return false;
    const { left, right } = equality;
    // Only operators that compare a type with itself, by the type's own order, are transitive.
    const { types } = this.planner.context;
    const operator = comparisonOf(equality.function)!;
    if (operator.leftType !== operator.rightType || left.typeOid !== right.typeOid) return false;
    if (equalityFunction(types.comparedAs(left.typeOid)) !== equality.function) return false;
    if (!isSimpleMember(left) || !isSimpleMember(right)) return false;
    const a = this.classOf(left, equality.function);
    const b = this.classOf(right, equality.function);
    if (a !== null && a === b) return true;
    const target = a ?? b ?? { members: [], function: equality.function, constant: null };
    if (a === null && b === null) this.classes.push(target);
    if (a !== null && b !== null) {
      a.members.push(...b.members);
      a.constant ??= b.constant;
      this.classes.splice(this.classes.indexOf(b), 1);
      return true;
    }
    if (a === null) addMember(target, left, equality.leftRels);
    if (b === null) addMember(target, right, equality.rightRels);
    return true;
  }

  private classOf(expr: Expr, fn: ScalarFunction): EquivalenceClass | null {
    for (const item of this.classes) {
      if (item.function === fn && item.members.some((member) => equalExpr(member.expr, expr))) return item;
    }
    return null;
  }

  /** The class that an expression belongs to, whatever the operator. */
  findClass(expr: Expr): EquivalenceClass | null {
    for (const item of this.classes) if (item.members.some((member) => equalExpr(member.expr, expr))) return item;
    return null;
  }

  /** One expression for all that are equal to it: orders are compared by it. */
  canonical(expr: Expr): Expr {
    if (this.classes.length === 0) return expr;
    const found = this.findClass(expr);
    return found === null ? expr : found.members[0].expr;
  }

  /** All rows have the same value of it. */
  isConstant(expr: Expr): boolean {
    const node = logical(expr);
    if (node.kind === 'const' || node.kind === 'param') return true;
    const found = this.findClass(expr);
    return found !== null && found.constant !== null;
  }
}

/** Whether the first row of the answer needs all that are joined: one group, or groups that are sorted by what is computed of them. */
function needsAllRows({ hasAggregates, groupBy, orderBy }: Query): boolean {
  if (!hasAggregates) return false;
  return groupBy.length === 0 || orderBy.some(({ expr }) => !groupBy.some((key) => equalExpr(key, expr)));
}

/** Members must be columns or constants: a class of computed expressions would be tested more often than it helps. */
function isSimpleMember(expr: Expr): boolean {
  const node = logical(expr);
  return node.kind === 'var' || isConstantMember(expr);
}

export function isConstantMember(expr: Expr): boolean {
  const node = logical(expr);
  if (node.kind === 'const' || node.kind === 'param' || node.kind === 'execParam') return true;
  if (node.kind === 'coalesce' && node.args.length === 1) return isConstantMember(node.args[0]);
  if (node.kind === 'call' && node.args.length === 1) {
    return node.function.volatility !== 'volatile' && !node.function.returnsSet && isConstantMember(node.args[0]);
  }
  return false;
}

function addMember(target: EquivalenceClass, expr: Expr, rels: RelSet): void {
  target.members.push({ expr, rels });
  if (rels === NO_RELS) target.constant ??= expr;
}

function lateralRels(relation: Relation): Set<number> {
  const result = new Set<number>();
  if (relation.kind === 'subquery') {
    if (relation.lateral) for (const rel of freeRels(relation.query)) result.add(rel);
  } else if (relation.kind === 'function') {
    for (const item of relation.functions) for (const arg of item.args) relsOf(arg, result);
  } else if (relation.kind === 'values') {
    for (const row of relation.rows) for (const expr of row) relsOf(expr, result);
  }
  return result;
}

/** `a = b` of a class as a condition. */
export function classEquality(item: EquivalenceClass, left: Expr, right: Expr): Expr {
  return { kind: 'call', function: item.function, args: [left, right], typeOid: 16, typeModifier: -1 };
}
