/** INSERT, UPDATE, DELETE and MERGE plans over the plan of their source. */
import type { Expr } from '../expr.ts';
import { isFixedConst, logical, type ModifyQuery, makeAnd, makeVar, type Query, type Target } from '../logical.ts';
import type { Assignment, OutputColumn, Plan } from '../plan.ts';
import { withCtesPlan } from './cte-plan.ts';
import { innerConditions, ownConditions } from './lock-stage.ts';
import { varsOf } from './path.ts';
import type { Planner } from './planner.ts';
import { planQuery } from './query.ts';
import { securedConditions } from './secured-conditions.ts';
import {
  firstOf,
  inputResolver,
  type Resolve,
  tableResolver,
  translate,
  translateAll,
  translateNullable,
} from './translate.ts';

const TID = 27;

export function planModify(planner: Planner, modify: ModifyQuery): Plan {
  return withCtesPlan(planner, modify.ctes, () =>
    modify.command === 'insert'
      ? planInsert(planner, modify)
      : modify.command === 'merge'
        ? planMerge(planner, modify)
        : planChange(planner, modify),
  );
}

function outputOfReturning(returning: readonly Target[] | null): OutputColumn[] {
  return (returning ?? []).map((target) => ({
    name: target.name,
    typeOid: target.expr.typeOid,
    typeModifier: target.expr.typeModifier,
    tableOid: target.tableOid,
    columnNumber: target.columnNumber,
  }));
}

function estimatesOver(source: Plan, returning: readonly Target[] | null) {
  return {
    rows: returning === null ? 0 : source.rows,
    width: source.width,
    startupCost: source.startupCost,
    totalCost: source.totalCost,
  };
}

function planInsert(planner: Planner, modify: ModifyQuery): Plan {
  const { table, target } = modify;
  const source = planQuery(planner, modify.source).build();
  const columns = modify.source.targets.map((item, i) =>
    makeVar(modify.sourceRel, i, item.expr.typeOid, item.expr.typeModifier),
  );
  const fromSource = inputResolver(columns, 0);
  const newRow = tableResolver(target, table.oid);
  const conflict = modify.onConflict;
  const onBoth = conflict === null ? newRow : firstOf(newRow, tableResolver(conflict.excluded, table.oid, 1));
  const { returning } = modify;
  return {
    kind: 'insert',
    table,
    source,
    values: translateAll(planner, modify.values, fromSource),
    generated: assignments(planner, modify.generated, newRow),
    checks: modify.checks.map((check) => ({ ...check, expr: translate(planner, check.expr, newRow) })),
    onConflict:
      conflict === null
        ? null
        : {
            action: conflict.action,
            arbiters: conflict.arbiters,
            assignments: assignments(planner, conflict.assignments, onBoth),
            where: translateNullable(planner, conflict.where, onBoth),
            visible: conflict.visible.map((check) => ({ ...check, expr: translate(planner, check.expr, newRow) })),
          },
    returning:
      returning === null
        ? null
        : translateAll(
            planner,
            returning.map((item) => item.expr),
            newRow,
          ),
    output: outputOfReturning(returning),
    ...estimatesOver(source, returning),
  };
}

function assignments(planner: Planner, list: ModifyQuery['assignments'], resolve: Resolve): Assignment[] {
  return list.map((item) => ({ columnIndex: item.columnIndex, value: translate(planner, item.value, resolve) }));
}

function planChange(planner: Planner, modify: ModifyQuery): Plan {
  const { table, target, returning } = modify;
  const { source } = modify;
  const others = new Set([...source.relations.keys()].filter((rel) => rel !== target));
  const conditions = securedConditions(
    ownConditions(source, [target]),
    innerConditions(source).filter((part) => !isFixedConst(part, false)),
  );
  const needed = varsOf(
    [...modify.assignments.map((item) => item.value), ...(returning ?? []).map((item) => item.expr), ...conditions],
    others,
  );
  const columns: Expr[] = [makeVar(target, -1, TID, -1), ...needed];
  const plan = planSource(planner, source, columns);
  const resolve = firstOf(tableResolver(target, table.oid), inputResolver(columns, 1));
  const shared = {
    table,
    source: plan,
    recheck: translateNullable(planner, makeAnd(conditions), resolve),
    returning:
      returning === null
        ? null
        : translateAll(
            planner,
            returning.map((item) => item.expr),
            resolve,
          ),
    output: outputOfReturning(returning),
    ...estimatesOver(plan, returning),
  };
  if (modify.command === 'delete') return { kind: 'delete', ...shared };
  return {
    kind: 'update',
    ...shared,
    assignments: assignments(planner, modify.assignments, resolve),
    generated: assignments(planner, modify.generated, resolve),
    checks: modify.checks.map((check) => ({ ...check, expr: translate(planner, check.expr, resolve) })),
  };
}

function planMerge(planner: Planner, modify: ModifyQuery): Plan {
  const { table, target, source } = modify;
  const { on, clauses, guards } = modify.merge!;
  const others = new Set([...source.relations.keys()].filter((rel) => rel !== target));
  const computed = clauses.flatMap(({ condition, assignments: list, values }) => [
    ...(condition === null ? [] : [condition]),
    ...list.map((item) => item.value),
    ...values,
  ]);
  const conditions = clauses.flatMap(({ matched, condition }) => (matched && condition !== null ? [condition] : []));
  // Conditions are looked at first on the version that the snapshot sees: the source brings what they need of it.
  const columns: Expr[] = [
    makeVar(target, -1, TID, -1),
    ...varsOf([on, ...computed], others),
    ...varsOf(conditions, new Set([target])),
  ];
  const plan = planSource(planner, source, columns);
  const ofSource = inputResolver(columns, 1);
  const ofBoth = firstOf(tableResolver(target, table.oid), ofSource);
  return {
    kind: 'merge',
    table,
    source: plan,
    clauses: clauses.map((clause) => ({
      matched: clause.matched,
      action: clause.action,
      seen: translateNullable(planner, clause.condition, ofSource),
      condition: translateNullable(planner, clause.condition, ofBoth),
      assignments: assignments(planner, clause.assignments, ofBoth),
      values: translateAll(planner, clause.values, ofSource),
    })),
    generated: assignments(planner, modify.generated, ofBoth),
    checks: modify.checks.map((check) => ({ ...check, expr: translate(planner, check.expr, ofBoth) })),
    guards: guards.map((check) => ({ ...check, expr: translate(planner, check.expr, ofBoth) })),
    recheck: translate(planner, makeAnd(securedConditions(ownConditions(source, [target]), [on])) ?? on, ofBoth),
    returning: null,
    output: [],
    ...estimatesOver(plan, null),
  };
}

/** The source with the target's row id in front, and what else is needed of it. */
function planSource(planner: Planner, source: Query, columns: readonly Expr[]): Plan {
  const targets = columns.map((expr, i) => ({
    expr,
    name: i === 0 ? 'ctid' : nameOf(source, expr),
    tableOid: 0,
    columnNumber: 0,
  }));
  return planQuery(planner, { ...source, targets }).build();
}

function nameOf(query: Query, expr: Expr): string {
  const node = logical(expr);
  return node.kind === 'var' && node.column >= 0
    ? (query.relations.get(node.rel)?.columns[node.column]?.name ?? '')
    : '';
}
