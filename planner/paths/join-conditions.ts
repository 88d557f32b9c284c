/**
 * Conditions of joins. The search asks for those of some hundred pairs of sets, but they are a few dozen: each is one object, which
 * looks at its expression once.
 *
 * Sets of a component that dynamic programming takes are small numbers here (ComponentSets): sets of any size are bigints, and those
 * cost an allocation an operation.
 */
import { conditionCost } from '../cost/condition-cost.ts';
import { andSelectivity } from '../cost/selectivity.ts';
import { equalExpr } from '../equal-expr.ts';
import type { Expr } from '../expr.ts';
import { logical } from '../logical.ts';
import { isEquality, looseKeyMaker } from '../operators.ts';
import { isVolatile } from '../traverse.ts';
import { asKeyValue } from './index-match.ts';
import { type Clause, classEquality, type EquivalenceClass, type JoinProblem, NO_RELS } from './join-problem.ts';
import type { JoinKind, JoinRelation } from './join-relation.ts';
import type { RelSet } from './path.ts';

const FLOAT8 = 701;
const TEXT = 25;

/** An equality that rows can be hashed by. */
export interface HashKey {
  readonly outer: Expr;
  readonly inner: Expr;
  readonly keyType: number;
  readonly condition: JoinCondition;
}

export class JoinCondition {
  readonly expr: Expr;
  /** The same for conditions that say the same, perhaps the other way round. */
  readonly number: number;
  /** What its operands use, of an equality of two; NO_RELS: it is no such thing. */
  readonly leftRels: RelSet;
  readonly rightRels: RelSet;
  private readonly problem: JoinProblem;
  private share = -1;
  private calls = -1;
  private straight: HashKey | null | undefined;
  private crossed: HashKey | null | undefined;

  constructor(problem: JoinProblem, expr: Expr, number: number) {
    this.problem = problem;
    this.expr = expr;
    this.number = number;
    const isEquality = isEqualityOfTwo(expr);
    this.leftRels = isEquality ? problem.maskOf(expr.args[0]) : NO_RELS;
    this.rightRels = isEquality ? problem.maskOf(expr.args[1]) : NO_RELS;
  }

  get selectivity(): number {
    if (this.share < 0) this.share = andSelectivity(this.problem.planner.selectivity, [this.expr]);
    return this.share;
  }

  /** No row has a say in it. */
  get isOfNoRow(): boolean {
    return this.problem.maskOf(this.expr) === NO_RELS && !isVolatile(this.expr);
  }

  get cost(): number {
    if (this.calls < 0) this.calls = conditionCost(this.expr);
    return this.calls;
  }

  /** `isCrossed`: the outer side has the right operand. */
  hashKey(isCrossed: boolean): HashKey | null {
    const known = isCrossed ? this.crossed : this.straight;
    if (known !== undefined) return known;
    const { args } = this.expr as Expr & { kind: 'call' };
    const key = isCrossed ? this.pairTypes(args[1], args[0]) : this.pairTypes(args[0], args[1]);
    if (isCrossed) this.crossed = key;
    else this.straight = key;
    return key;
  }

  /** A type that hashes both sides alike. */
  private pairTypes(outer: Expr, inner: Expr): HashKey | null {
    const { context } = this.problem.planner;
    const { types } = context;
    const keyOf = looseKeyMaker((this.expr as Expr & { kind: 'call' }).function);
    if (keyOf !== null) {
      const key = keyOf(outer);
      return { outer: key, inner: keyOf(inner), keyType: key.typeOid, condition: this };
    }
    const a = types.comparedAs(outer.typeOid);
    const b = types.comparedAs(inner.typeOid);
    if (a === b) return { outer, inner, keyType: a, condition: this };
    const isText = (oid: number): boolean => oid === TEXT || oid === 1043 || oid === 19;
    if (isText(a) && isText(b)) return { outer, inner, keyType: TEXT, condition: this };
    const isInt = (oid: number): boolean => oid === 20 || oid === 21 || oid === 23;
    if (isInt(a) && isInt(b)) return { outer, inner, keyType: 20, condition: this };
    const isFloat = (oid: number): boolean => oid === 700 || oid === FLOAT8;
    if (isFloat(a) && isFloat(b)) return { outer, inner, keyType: FLOAT8, condition: this };
    const widened = asKeyValue(context, b, outer, false);
    if (widened !== null) return { outer: widened, inner, keyType: b, condition: this };
    const other = asKeyValue(context, a, inner, false);
    return other === null ? null : { outer, inner: other, keyType: a, condition: this };
  }
}

function isEqualityOfTwo(expr: Expr): expr is Expr & { kind: 'call' } {
  return expr.kind === 'call' && expr.args.length === 2 && isEquality(expr.function);
}

/** Which of two sets has the left operand of an equality: the first, the second, or neither as a whole. */
export const NEITHER = 0;
export const STRAIGHT = 1;
export const CROSSED = 2;

/** Conditions that can be tested at a join and not before. */
export interface DueConditions {
  /** Decide about matching. */
  readonly on: readonly JoinCondition[];
  /** For each of `on`: NEITHER, STRAIGHT or CROSSED. */
  readonly sides: readonly number[];
  /** Tested after the join (only of outer joins). */
  readonly filter: readonly JoinCondition[];
}

const NOTHING: readonly never[] = [];

/** The conditions of one problem, each once. */
export class ConditionTable {
  private readonly problem: JoinProblem;
  private readonly byExpr = new Map<Expr, JoinCondition>();
  private readonly ofMembers = new Map<EquivalenceClass, Map<number, JoinCondition>>();
  private readonly numbers = new Map<string, number>();
  private readonly others: JoinCondition[] = [];
  private nextNumber = 0;

  constructor(problem: JoinProblem) {
    this.problem = problem;
  }

  of(expr: Expr): JoinCondition {
    let known = this.byExpr.get(expr);
    if (known === undefined) {
      known = new JoinCondition(this.problem, expr, this.numberOf(expr));
      this.byExpr.set(expr, known);
      if (columnsKey(expr) === null) this.others.push(known);
    }
    return known;
  }

  /** Member `left` of a class equals member `right`. */
  ofClass(item: EquivalenceClass, left: number, right: number): JoinCondition {
    let ofItem = this.ofMembers.get(item);
    if (ofItem === undefined) this.ofMembers.set(item, (ofItem = new Map()));
    const at = left * item.members.length + right;
    let known = ofItem.get(at);
    if (known === undefined) {
      known = this.of(classEquality(item, item.members[left].expr, item.members[right].expr));
      ofItem.set(at, known);
    }
    return known;
  }

  private numberOf(expr: Expr): number {
    const key = columnsKey(expr);
    if (key === null) {
      const same = this.others.find((other) => sameCondition(other.expr, expr));
      return same?.number ?? this.nextNumber++;
    }
    let number = this.numbers.get(key);
    if (number === undefined) this.numbers.set(key, (number = this.nextNumber++));
    return number;
  }

  /** Those of a join of `a` with `b`, which may be sets of any size. */
  due(a: RelSet, b: RelSet, kind: JoinKind): DueConditions {
    const both = a | b;
    const above: JoinCondition[] = [];
    for (const clause of this.problem.clauses) if (isDue(clause, a, b, both)) above.push(this.of(clause.expr));
    for (const item of this.problem.classes) {
      if (item.constant !== null) continue;
      const left = item.members.findIndex((member) => member.rels !== NO_RELS && (member.rels & ~a) === NO_RELS);
      if (left < 0) continue;
      const right = item.members.findIndex((member) => member.rels !== NO_RELS && (member.rels & ~b) === NO_RELS);
      if (right >= 0) above.push(this.ofClass(item, left, right));
    }
    return this.withSides(above, a, b, kind);
  }

  withSides(above: readonly JoinCondition[], a: RelSet, b: RelSet, kind: JoinKind): DueConditions {
    const { special } = kind;
    const on = special === null ? above : special.on.map((clause) => this.of(clause.expr));
    return { on, sides: on.map((condition) => sidesOf(condition, a, b)), filter: special === null ? NOTHING : above };
  }
}

function sidesOf({ leftRels, rightRels }: JoinCondition, a: RelSet, b: RelSet): number {
  if (leftRels === NO_RELS || rightRels === NO_RELS) return NEITHER;
  if ((leftRels & ~a) === NO_RELS) return (rightRels & ~b) === NO_RELS ? STRAIGHT : NEITHER;
  return (rightRels & ~a) === NO_RELS && (leftRels & ~b) === NO_RELS ? CROSSED : NEITHER;
}

function isDue(clause: Clause, a: RelSet, b: RelSet, both: RelSet): boolean {
  const { required } = clause;
  if (required === NO_RELS || (required & ~both) !== NO_RELS) return false;
  return (required & ~a) !== NO_RELS && (required & ~b) !== NO_RELS;
}

/** A text for comparisons of two columns, the same for an equality the other way round; null: another condition. */
function columnsKey(expr: Expr): string | null {
  if (expr.kind !== 'call' || expr.args.length !== 2) return null;
  const [x, y] = [logical(expr.args[0]), logical(expr.args[1])];
  if (x.kind !== 'var' || y.kind !== 'var') return null;
  const isSwapped = isEqualityOfTwo(expr) && (x.rel > y.rel || (x.rel === y.rel && x.column > y.column));
  const [first, second] = isSwapped ? [y, x] : [x, y];
  return `${expr.function.oid} ${first.rel} ${first.column} ${second.rel} ${second.column}`;
}

/** The same condition, an equality perhaps written the other way round. */
function sameCondition(a: Expr, b: Expr): boolean {
  if (equalExpr(a, b)) return true;
  if (!isEqualityOfTwo(a) || b.kind !== 'call' || b.args.length !== 2 || a.function !== b.function) return false;
  return equalExpr(a.args[0], b.args[1]) && equalExpr(a.args[1], b.args[0]);
}

/* ---- within a component ------------------------------------------------------------------------------------------------ */

/** Stands for all relations outside of the component. */
const OUTSIDE = 1 << 30;

interface ComponentClass {
  readonly item: EquivalenceClass;
  readonly all: number;
  readonly members: readonly { readonly index: number; readonly rels: number }[];
}

interface ComponentSpecial {
  readonly isFull: boolean;
  readonly left: number;
  readonly right: number;
  readonly needed: number;
}

/** A component's relations as bits of a small number, in the problem's order, and all conditions in terms of them. */
export class ComponentSets {
  private readonly table: ConditionTable;
  private readonly bits: readonly RelSet[];
  private readonly clauses: { readonly condition: JoinCondition; readonly required: number }[] = [];
  private readonly classes: ComponentClass[] = [];
  private readonly specials: ComponentSpecial[] = [];

  constructor(problem: JoinProblem, table: ConditionTable, component: readonly JoinRelation[]) {
    this.table = table;
    this.bits = component.map(({ mask }) => mask).sort((a, b) => (a < b ? -1 : 1));
    for (const { expr, required } of problem.clauses) {
      const mask = this.setOf(required);
      // What one relation answers alone is never due at a join.
      if ((mask & OUTSIDE) === 0 && (mask & (mask - 1)) !== 0) {
        this.clauses.push({ condition: table.of(expr), required: mask });
      }
    }
    for (const item of problem.classes) if (item.constant === null) this.addClass(item);
    for (const { type, left, right, minLeft } of problem.specials) {
      const [inLeft, inRight] = [this.setOf(left), this.setOf(right)];
      const needed = this.setOf(minLeft | right);
      this.specials.push({ isFull: type === 'full', left: inLeft, right: inRight, needed });
    }
    for (const relation of component) relation.enter(this);
  }

  private addClass(item: EquivalenceClass): void {
    const members: { index: number; rels: number }[] = [];
    let all = 0;
    item.members.forEach((member, index) => {
      const rels = this.setOf(member.rels);
      if (rels === 0 || (rels & OUTSIDE) !== 0) return;
      members.push({ index, rels });
      all |= rels;
    });
    if (members.length > 1) this.classes.push({ item, all, members });
  }

  setOf(rels: RelSet): number {
    if (rels === NO_RELS) return 0;
    let mask = 0;
    let left = rels;
    for (let i = 0; i < this.bits.length; i++) {
      if ((rels & this.bits[i]) === NO_RELS) continue;
      mask |= 1 << i;
      left &= ~this.bits[i];
    }
    return left === NO_RELS ? mask : mask | OUTSIDE;
  }

  /** Whether some outer, semi or anti join has a say in how the two sets are joined. */
  meetsSpecial(a: number, b: number): boolean {
    const both = a | b;
    for (const { isFull, left, right, needed } of this.specials) {
      if (isFull) {
        const sides = left | right;
        if ((both & sides) === 0 || (both & ~left) === 0 || (both & ~right) === 0) continue;
        if ((sides & ~a) === 0 || (sides & ~b) === 0) continue;
      } else {
        if ((both & right) === 0 || (both & ~right) === 0) continue;
        if ((needed & ~a) === 0 || (needed & ~b) === 0) continue;
      }
      return true;
    }
    return false;
  }

  /** As ConditionTable.due, of two sets of the component. */
  due(first: JoinRelation, second: JoinRelation, kind: JoinKind): DueConditions {
    const [a, b] = [first.inComponent, second.inComponent];
    const both = a | b;
    const above: JoinCondition[] = [];
    const sides: number[] = [];
    for (const { condition, required } of this.clauses) {
      if ((required & ~both) !== 0 || (required & ~a) === 0 || (required & ~b) === 0) continue;
      above.push(condition);
      sides.push(sidesOf(condition, first.mask, second.mask));
    }
    for (const { item, all, members } of this.classes) {
      if ((all & a) === 0 || (all & b) === 0) continue;
      const left = memberWithin(members, a);
      const right = memberWithin(members, b);
      if (left < 0 || right < 0) continue;
      above.push(this.table.ofClass(item, left, right));
      sides.push(STRAIGHT);
    }
    return kind.special === null
      ? { on: above, sides, filter: NOTHING }
      : this.table.withSides(above, first.mask, second.mask, kind);
  }
}

/** The first member that a set has all columns of. */
function memberWithin(members: ComponentClass['members'], set: number): number {
  for (const { index, rels } of members) if ((rels & ~set) === 0) return index;
  return -1;
}
