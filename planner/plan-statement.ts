/** The way of a statement through the planner: bind, rewrite, paths, plan. */
import type { Query as QueryNode, Statement, StatementNode } from '../parser/ast.ts';
import { bindAsOf, findAsOf } from './bind/as-of.ts';
import { BindContext, type Position } from './bind/context.ts';
import { bindModify } from './bind/modify.ts';
import { bindCallStatement } from './bind/routine-call.ts';
import { coerceBodyModify, coerceBodyQuery, NO_FINAL_ROWS, returnMismatch } from './bind/routine-result.ts';
import { securedModify, securedQuery } from './bind/row-security.ts';
import { Level } from './bind/scope.ts';
import { bindQuery } from './bind/select.ts';
import { UNKNOWN, VOID } from './bind/type-info.ts';
import { type EarlyConstants, earlyConstantsOf } from './early-constants.ts';
import type { PlannerEnvironment } from './environment.ts';
import type { Expr } from './expr.ts';
import type { CteDefinition, ModifyQuery, Query } from './logical.ts';
import { planModify } from './paths/modify-plan.ts';
import { Planner } from './paths/planner.ts';
import { planQuery } from './paths/query.ts';
import type { Plan, PlannedStatement } from './plan.ts';
import { foldConstants, inlineCtes, inlineModifyCtes, rewriteQuery } from './rewrite/index.ts';
import { scannedTable, withRowIdentities } from './row-identity.ts';
import { type Mapper, mapModify, mapQuery, visitExpr } from './traverse.ts';

/** Plans SELECT, VALUES, TABLE, INSERT, UPDATE, DELETE and MERGE. Throws SqlError as PostgreSQL's analysis would. */
export function planStatement(statement: Statement, environment: PlannerEnvironment): PlannedStatement {
  return planNode(statement.node, environment).planned;
}

/** Binds a statement of a function's body, for its errors; what it calls is told to the environment. */
export function checkBodyStatement(node: StatementNode, environment: PlannerEnvironment): void {
  const context = new BindContext(environment);
  const level = new Level(context, null);
  const result = environment.routine?.result ?? null;
  if (node.kind === 'query') bindBodyQuery(context, bindQuery(level, node as QueryNode));
  else if (node.kind === 'insert' || node.kind === 'update' || node.kind === 'delete' || node.kind === 'merge') {
    const bound = bindModify(level, node);
    if (result !== null) coerceBodyModify(context, bound, result);
  } else if (node.kind === 'call') bindCallStatement(level, node);
  else if (result !== null && result.typeOid !== VOID) throw returnMismatch(context, result.typeOid, NO_FINAL_ROWS);
}

/** The same for a node, with what tests look at. */
export function planNode(
  node: StatementNode,
  environment: PlannerEnvironment,
): { planned: PlannedStatement; consideredJoins: number } {
  const context = new BindContext(environment);
  const level = new Level(context, null);
  let plan: Plan;
  let identified: ReturnType<typeof withRowIdentities> = null;
  let command: PlannedStatement['command'];
  let asOf: Expr | null = null;
  let early: EarlyConstants | null;
  const planner = new Planner(context);
  switch (node.kind) {
    case 'query': {
      asOf = bindPast(context, node as QueryNode);
      const query = securedQuery(context, bindBodyQuery(context, bindQuery(level, node as QueryNode)));
      environment.recorder?.columns?.(query.targets.map((target) => target.expr));
      checkPast(context, node as QueryNode);
      checkParameters(context, (map) => mapQuery(query, map));
      const inlined = inlineCtes(context, query);
      early = earlyConstantsOf(inlined);
      const prepared = prepareInlined(context, inlined);
      identified = environment.rowIdentities === true ? withRowIdentities(prepared) : null;
      plan = planQuery(planner, identified?.query ?? prepared).build();
      command = 'select';
      break;
    }
    case 'call': {
      const query = securedQuery(context, bindCallStatement(level, node));
      checkParameters(context, (map) => mapQuery(query, map));
      const inlined = inlineCtes(context, query);
      early = earlyConstantsOf(inlined);
      plan = planQuery(planner, prepareInlined(context, inlined)).build();
      command = 'call';
      break;
    }
    case 'insert':
    case 'update':
    case 'delete':
    case 'merge': {
      const bound = bindModify(level, node);
      const result = environment.routine?.result ?? null;
      const modify = securedModify(context, result === null ? bound : coerceBodyModify(context, bound, result));
      checkParameters(context, (map) => mapModify(modify, map));
      const inlined = inlineModifyCtes(context, modify);
      early = earlyConstantsOf(inlined);
      planner.probes.addExact(context.exactParameters);
      plan = planModify(planner, prepareInlinedModify(context, inlined));
      command = modify.command;
      break;
    }
    default:
      throw context.error('0A000', `cannot plan a statement of kind ${node.kind}`);
  }
  const planned: PlannedStatement = {
    plan,
    command,
    parameterTypes: context.parameterTypes,
    execParamCount: context.execParamCount,
    tableLocks: [...context.tableLocks].map(([tableOid, mode]) => ({ tableOid, mode })),
    // Its time is found before it is planned for the indexes that there were then: for the literals of its own text.
    shareable: context.shareable && asOf === null,
    probes: planner.probes.isEmpty ? null : planner.probes,
    readOnly: context.readOnly,
    ...(context.writingCall === null ? {} : { writingCall: context.writingCall }),
    rights: context.rights.finish(),
    ...(context.callsRoutines ? { callsRoutines: true } : {}),
    ...(context.callsVolatile ? { callsVolatile: true } : {}),
    ...(context.readsExpiring ? { readsExpiring: true } : {}),
    catalogVersion: environment.catalog.version,
    ...(early === null ? {} : { early }),
    ...(asOf === null ? {} : { asOf }),
    ...(identified === null
      ? {}
      : {
          ownColumns: plan.output.length - identified.identities.length,
          rowIdentities: identified.identities,
          scannedTable: scannedTable(plan),
        }),
  };
  return { planned, consideredJoins: planner.consideredJoins };
}

/** AS OF SYSTEM TIME; null: the statement has none. */
function bindPast(context: BindContext, node: QueryNode): Expr | null {
  const { routine, refusesAsOf } = context.environment;
  if (routine !== undefined || refusesAsOf === true) return null;
  context.asOf = findAsOf(context, node);
  return context.asOf === null ? null : foldConstants(bindAsOf(context, context.asOf));
}

/** Nothing in the past can be written or locked. */
function checkPast(context: BindContext, node: QueryNode): void {
  if (context.asOf === null || context.readOnly) return;
  if (node.locking.length > 0) {
    const words = `FOR ${node.locking[0].strength.toUpperCase()}`;
    throw context.error('0A000', `${words} is not allowed with AS OF SYSTEM TIME`);
  }
  throw context.error('25006', 'a statement with AS OF SYSTEM TIME cannot write');
}

/** The last query of a function's body answers what the function returns. */
function bindBodyQuery(context: BindContext, query: Query): Query {
  const result = context.environment.routine?.result ?? null;
  return result === null ? query : coerceBodyQuery(context, query, result).query;
}

/** Inlines CTEs and rewrites, in the query and in the CTEs that stay. */
function prepareQuery(context: BindContext, query: Query): Query {
  return prepareInlined(context, inlineCtes(context, query));
}

function prepareInlined(context: BindContext, inlined: Query): Query {
  const rewritten = rewriteQuery(context, inlined);
  if (rewritten.ctes.every(({ modify }) => modify === null)) return rewritten;
  const ctes = rewritten.ctes.map((cte) =>
    cte.modify === null ? cte : { ...cte, modify: prepareModify(context, cte.modify) },
  );
  return { ...rewritten, ctes };
}

function prepareCtes(context: BindContext, ctes: readonly CteDefinition[]): CteDefinition[] {
  return ctes.map((cte) => ({
    ...cte,
    query: cte.query === null ? null : prepareQuery(context, cte.query),
    recursive:
      cte.recursive === null
        ? null
        : {
            ...cte.recursive,
            start: prepareQuery(context, cte.recursive.start),
            step: prepareQuery(context, cte.recursive.step),
          },
    modify: cte.modify === null ? null : prepareModify(context, cte.modify),
  }));
}

function prepareModify(context: BindContext, modify: ModifyQuery): ModifyQuery {
  return prepareInlinedModify(context, inlineModifyCtes(context, modify));
}

function prepareInlinedModify(context: BindContext, inlined: ModifyQuery): ModifyQuery {
  const fold = (item: { readonly columnIndex: number; readonly value: Parameters<typeof foldConstants>[0] }) => ({
    ...item,
    value: foldConstants(item.value),
  });
  if (inlined.command === 'merge') return prepareMerge(context, inlined);
  if (inlined.command !== 'insert') return prepareChange(context, inlined);
  const { onConflict } = inlined;
  return {
    ...inlined,
    source: prepareQuery(context, inlined.source),
    values: inlined.values.map(foldConstants),
    assignments: inlined.assignments.map(fold),
    generated: inlined.generated.map(fold),
    checks: inlined.checks.map((check) => ({ ...check, expr: foldConstants(check.expr) })),
    onConflict:
      onConflict === null
        ? null
        : {
            ...onConflict,
            visible: onConflict.visible.map((check) => ({ ...check, expr: foldConstants(check.expr) })),
          },
    ctes: prepareCtes(context, inlined.ctes),
  };
}

/**
 * UPDATE and DELETE: what they compute from the source's rows is its target list while it is rewritten, so that it follows when
 * subqueries are merged.
 */
function prepareChange(context: BindContext, modify: ModifyQuery): ModifyQuery {
  const { assignments, generated, checks, returning } = modify;
  const carried = [...assignments.map((item) => item.value), ...(returning ?? []).map((target) => target.expr)];
  const targets = carried.map((expr) => ({ expr, name: '', tableOid: 0, columnNumber: 0 }));
  const source = prepareQuery(context, { ...modify.source, targets });
  const exprs = source.targets.map((target) => target.expr);
  const ofReturning = exprs.slice(assignments.length);
  return {
    ...modify,
    source,
    assignments: assignments.map((item, i) => ({ ...item, value: exprs[i] })),
    generated: generated.map((item) => ({ ...item, value: foldConstants(item.value) })),
    checks: checks.map((check) => ({ ...check, expr: foldConstants(check.expr) })),
    returning: returning?.map((target, i) => ({ ...target, expr: ofReturning[i] })) ?? null,
    ctes: prepareCtes(context, modify.ctes),
  };
}

/** MERGE: the same, for all that its clauses compute. */
function prepareMerge(context: BindContext, modify: ModifyQuery): ModifyQuery {
  const { on, clauses, guards } = modify.merge!;
  const carried: Expr[] = [on];
  for (const { condition, assignments, values } of clauses) {
    if (condition !== null) carried.push(condition);
    carried.push(...assignments.map((item) => item.value), ...values);
  }
  const targets = carried.map((expr) => ({ expr, name: '', tableOid: 0, columnNumber: 0 }));
  const source = prepareQuery(context, { ...modify.source, targets });
  const exprs = source.targets.map((target) => target.expr)[Symbol.iterator]();
  const next = (): Expr => exprs.next().value as Expr;
  return {
    ...modify,
    source,
    merge: {
      on: next(),
      guards: guards.map((check) => ({ ...check, expr: foldConstants(check.expr) })),
      clauses: clauses.map((clause) => ({
        ...clause,
        condition: clause.condition === null ? null : next(),
        assignments: clause.assignments.map((item) => ({ ...item, value: next() })),
        values: clause.values.map(next),
      })),
    },
    generated: modify.generated.map((item) => ({ ...item, value: foldConstants(item.value) })),
    checks: modify.checks.map((check) => ({ ...check, expr: foldConstants(check.expr) })),
    ctes: prepareCtes(context, modify.ctes),
  };
}

/**
 * Every parameter's type must be known by now, and have been known, or found out, at each place that names it
 * (check_variable_parameters): `$1 IS NULL OR a = $1` leaves the first without a type.
 */
function checkParameters(context: BindContext, mapAll: (map: Mapper) => unknown): void {
  if (context.routine !== null) return;
  const refuse = (code: string, index: number, position?: Position): never => {
    throw context.error(code, `could not determine data type of parameter $${index + 1}`, position);
  };
  if (context.untypedReferences.size > 0) {
    // What was bound for a first try has left nothing in the statement.
    const check: Mapper = (expr) => {
      visitExpr(expr, (child) => {
        if (child.kind === 'param' && child.typeOid === UNKNOWN && context.parameterType(child.index) !== UNKNOWN)
          refuse('42P08', child.index, context.locationOf(child));
        return true;
      });
      return expr;
    };
    mapAll(check);
  }
  context.parameterTypes.forEach((type, index) => {
    if (type === 0 || type === UNKNOWN) refuse('42P18', index);
  });
}
