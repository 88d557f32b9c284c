/** GROUP BY with its grouping sets, and the rule that everything else must be aggregated (42803). */
import type * as ast from '../../parser/ast.ts';
import type { Expr } from '../expr.ts';
import { type AggregateRef, logical, type SublinkExpr, toExpr } from '../logical.ts';
import { relsOf } from '../relation-sets.ts';
import { mapChildren, someExpr, visitExpr } from '../traverse.ts';
import { mustHaveEquality } from './comparable.ts';
import type { Position } from './context.ts';
import { isPolymorphic } from './polymorphic.ts';
import { positionOf } from './position.ts';
import type { Level } from './scope.ts';
import { bindTargetReference, type TargetList } from './targets.ts';

export interface BoundGrouping {
  readonly keys: readonly Expr[];
  /** Null: the one set of all keys. */
  readonly sets: readonly (readonly number[])[] | null;
}

const SETS_MAX = 4096;

export function bindGroupBy(level: Level, clause: ast.GroupByClause, list: TargetList): BoundGrouping {
  const { context } = level;
  const keys: Expr[] = [];
  const keyOf = (node: ast.Expression): number => {
    const expr = bindTargetReference(level, node, list, 'GROUP BY');
    refuseAggregates(level, expr);
    const known = keys.findIndex((key) => context.sameExpr(key, expr));
    if (known >= 0) return known;
    mustHaveEquality(context, expr.typeOid, positionOf(context, node.position));
    keys.push(expr);
    return keys.length - 1;
  };
  const listOf = (node: ast.Expression): number[] => groupKeys(node).map(keyOf);
  const setsOf = (item: ast.GroupByItem): number[][] => {
    switch (item.kind) {
      case 'expr':
        return [listOf(item.expr)];
      case 'empty':
        return [[]];
      case 'rollup': {
        const lists = item.args.map(listOf);
        return Array.from({ length: lists.length + 1 }, (_, i) => lists.slice(0, lists.length - i).flat());
      }
      case 'cube': {
        if (item.args.length > 12) {
          throw context.error('54011', 'CUBE is limited to 12 elements', positionOf(context, item.position));
        }
        const lists = item.args.map(listOf);
        return Array.from({ length: 1 << lists.length }, (_, i) =>
          lists.filter((_list, bit) => (((1 << lists.length) - 1 - i) & (1 << (lists.length - 1 - bit))) !== 0).flat(),
        );
      }
      case 'groupingSets':
        return item.sets.flatMap(setsOf);
    }
  };
  if (clause.items.every((item) => item.kind === 'expr')) {
    clause.items.forEach(setsOf);
    return { keys, sets: null };
  }
  let sets: number[][] = [[]];
  for (const item of clause.items) {
    const own = setsOf(item);
    sets = sets.flatMap((set) => own.map((more) => [...set, ...more]));
    if (sets.length > SETS_MAX) throw context.error('54000', `too many grouping sets present (maximum ${SETS_MAX})`);
  }
  let unique = sets.map((set) => [...new Set(set)]);
  if (clause.distinct) {
    const seen = new Set<string>();
    unique = unique.filter((set) => {
      const id = [...set].sort((a, b) => a - b).join();
      if (seen.has(id)) return false;
      seen.add(id);
      return true;
    });
  }
  return { keys, sets: unique.length === 1 && keys.length > 0 ? null : unique };
}

/** (a, b) is two keys, ROW(a, b) is one. */
export function groupKeys(node: ast.Expression): readonly ast.Expression[] {
  return node.kind === 'row' && !node.explicit ? node.fields : [node];
}

/** A key that is an output column may hold what GROUP BY itself refuses. */
function refuseAggregates(level: Level, expr: Expr): void {
  visitExpr(expr, (child) => {
    const node = logical(child);
    if ((node.kind !== 'aggregateRef' && node.kind !== 'windowRef') || node.query !== level.queryId) return true;
    const isWindow = node.kind === 'windowRef';
    const what = isWindow ? 'window functions' : 'aggregate functions';
    throw level.context.error(
      isWindow ? '42P20' : '42803',
      `${what} are not allowed in GROUP BY`,
      level.context.locationOf(child),
    );
  });
}

/** GROUPING(...) as bound before GROUP BY was: its arguments are matched with the keys afterwards. */
export function pendingGrouping(level: Level, args: readonly Expr[]): Expr {
  return toExpr({
    kind: 'groupingRef',
    query: level.queryId,
    keys: [],
    pending: args,
    typeOid: 23,
    typeModifier: -1,
  } as never);
}

/**
 * parseCheckAggregates: every expression above the grouping may use keys, aggregates, and columns that a grouped primary key
 * determines. Answers the expressions with their GROUPING() calls resolved.
 */
export class GroupCheck {
  private readonly level: Level;
  private readonly grouping: BoundGrouping;
  private readonly commonKeys: readonly number[];
  private readonly determined = new Map<number, boolean>();
  /** Inside the direct arguments of an ordered-set aggregate. */
  private isDirect = false;

  constructor(level: Level, grouping: BoundGrouping) {
    this.level = level;
    this.grouping = grouping;
    const { sets, keys } = grouping;
    this.commonKeys = keys.map((_, i) => i).filter((i) => sets === null || sets.every((set) => set.includes(i)));
  }

  check(expr: Expr): Expr {
    return this.walk(expr, false);
  }

  private walk(expr: Expr, inSubquery: boolean): Expr {
    const { level } = this;
    const node = logical(expr);
    if (node.kind === 'aggregateRef' && node.query === level.queryId) return this.checkDirect(node);
    if (node.kind === 'groupingRef' && node.query === level.queryId) return this.resolveGrouping(expr, inSubquery);
    // The key itself stands for what equals it, so that later stages recognise it.
    // In a subquery only columns are looked for, no expressions.
    const place = node.kind === 'const' || (inSubquery && node.kind !== 'var') ? -1 : this.keyPlace(expr);
    if (place >= 0) {
      const key = this.grouping.keys[place];
      // A column with another type than the key's, by a cast that changes nothing else, keeps that.
      return node.kind === 'var' && key.typeOid !== expr.typeOid ? expr : key;
    }
    const retyped = node.kind === 'call' && !inSubquery ? this.retypedKey(expr) : undefined;
    if (retyped !== undefined) {
      const { typeOid, typeModifier } = expr;
      return toExpr({ kind: 'coalesce', args: [retyped], typeOid, typeModifier });
    }
    if (node.kind === 'var') {
      if (!level.relations.has(node.rel)) return expr;
      if (this.isDetermined(node.rel)) return expr;
      throw this.ungrouped(node.rel, node.column, level.context.locationOf(expr), inSubquery);
    }
    if (node.kind === 'sublink') {
      // Only outer references matter inside.
      const touches = [...relsOf(expr)].some((rel) => level.relations.has(rel)) || this.hasGrouping(expr);
      if (!touches) return expr;
      const inside = logical(mapChildren(toExpr({ ...node, test: null }), (child) => this.walk(child, true)));
      const changed = { ...inside, test: node.test === null ? null : this.walk(node.test, inSubquery) } as SublinkExpr;
      return level.context.copyLocation(expr, toExpr(changed));
    }
    return mapChildren(expr, (child) => this.walk(child, inSubquery));
  }

  /** The key that the expression is, or, of a column, that it is but for its type; -1: none is. */
  private keyPlace(expr: Expr): number {
    const { keys } = this.grouping;
    const place = keys.findIndex((key) => this.level.context.sameExpr(key, expr));
    return place >= 0 || logical(expr).kind !== 'var' ? place : keys.findIndex((key) => this.isKeyOf(key, expr));
  }

  /** The key that a call is but for its type. */
  private retypedKey(expr: Expr): Expr | undefined {
    return this.grouping.keys.find((key) => this.isKeyOf(key, expr));
  }

  /** Whether a cast that changes no more than the type (coerce.ts) makes the expression of the key: not one of another cast. */
  private isKeyOf(key: Expr, expr: Expr): boolean {
    const { typeOid, typeModifier } = key;
    if (typeOid === expr.typeOid || this.isRetyped(key)) return false;
    return this.level.context.sameExpr({ ...expr, typeOid, typeModifier }, key);
  }

  private isRetyped(key: Expr): boolean {
    const node = logical(key);
    if (node.kind === 'call') {
      const { returnType } = node.function;
      return returnType !== node.typeOid && !isPolymorphic(returnType);
    }
    if (node.kind !== 'var' || node.column < 0) return false;
    const { context } = this.level;
    return context.relationOf(this.level, node.rel)?.columns[node.column].typeOid !== node.typeOid;
  }

  private hasGrouping(expr: Expr): boolean {
    return someExpr(expr, (child) => {
      const node = logical(child);
      return node.kind === 'groupingRef' && node.query === this.level.queryId;
    });
  }

  /** What an aggregate collects may be anything; its direct arguments have one value for a group. */
  private checkDirect(aggregate: AggregateRef): Expr {
    if (aggregate.directArgs.length === 0) return toExpr(aggregate);
    this.isDirect = true;
    const directArgs = aggregate.directArgs.map((arg) => this.walk(arg, false));
    this.isDirect = false;
    return toExpr({ ...aggregate, directArgs });
  }

  /** In a subquery of the level only its columns are recognised, no expressions. */
  private resolveGrouping(expr: Expr, inSubquery: boolean): Expr {
    const { level } = this;
    const { pending } = expr as unknown as { pending?: readonly Expr[] };
    if (pending === undefined) return expr;
    const keys = pending.map((arg) => {
      const index = this.keyPlace(arg);
      if (index < 0 || (inSubquery && logical(arg).kind !== 'var')) {
        throw level.context.error(
          '42803',
          'arguments to GROUPING must be grouping expressions of the associated query level',
          level.context.locationOf(arg),
        );
      }
      return index;
    });
    return toExpr({ kind: 'groupingRef', query: level.queryId, keys, typeOid: 23, typeModifier: -1 });
  }

  /** All columns of the table's primary key are grouped. */
  private isDetermined(rel: number): boolean {
    const known = this.determined.get(rel);
    if (known !== undefined) return known;
    const relation = this.level.relations.get(rel);
    let result = false;
    if (relation?.kind === 'table') {
      const primary = this.level.context.catalog
        .constraintsOf(relation.table.oid)
        .find((constraint) => constraint.type === 'primary key');
      const grouped = new Set<number>();
      for (const index of this.commonKeys) {
        const key = this.grouping.keys[index];
        const column = logical(key);
        if (column.kind === 'var' && column.rel === rel && !this.isRetyped(key)) grouped.add(column.column + 1);
      }
      result = primary?.columns.every((column) => grouped.has(column)) ?? false;
      const { context } = this.level;
      const isNoted = primary !== undefined && result && context.storedText === 0;
      if (isNoted) context.environment.noteConstraint?.(primary.oid);
    }
    this.determined.set(rel, result);
    return result;
  }

  private ungrouped(rel: number, column: number, position: Position, inSubquery: boolean) {
    const { level } = this;
    const relation = level.relations.get(rel)!;
    const columnName = column < 0 ? 'ctid' : relation.columns[column].name;
    const name = `${relation.alias}.${columnName}`;
    const message = inSubquery
      ? `subquery uses ungrouped column "${name}" from outer query`
      : `column "${name}" must appear in the GROUP BY clause or be used in an aggregate function`;
    const detail = 'Direct arguments of an ordered-set aggregate must use only grouped columns.';
    return level.context.error('42803', message, position, this.isDirect ? { detail } : undefined);
  }
}
