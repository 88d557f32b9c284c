/**
 * User-made functions: their parameters inside their bodies, and calls that are replaced by what the body computes.
 *
 * A simple function of one SELECT without FROM becomes its expression, with the arguments in the parameters' places (after
 * inline_function of PostgreSQL's clauses.c; the rules are its own, as far as they decide what a caller may notice). A set in FROM whose
 * body is one query becomes that query (inline_set_returning_function), and is then planned together with what is around it.
 */
import type { RoutineEntry } from '../../catalog/entries.ts';
import type { ColumnDefinition, ScalarFunction, Volatility } from '../../catalog/function-entry.ts';
import { inFunction } from '../../catalog/functions/routine-errors.ts';
import { inputsOf } from '../../catalog/functions/user-routines.ts';
import type * as ast from '../../parser/ast.ts';
import type { Expr } from '../expr.ts';
import { logical, type Query } from '../logical.ts';
import { hasSetReturning, hasSublink, mapChildren, someExpr } from '../traverse.ts';
import { coerceToTarget, resolveUnknown } from './coerce.ts';
import type { BindContext, Position } from './context.ts';
import { bindExpr } from './expression.ts';
import { coerceBodyQuery } from './routine-result.ts';
import type { RoutineScope } from './routine-scope.ts';
import { selectField } from './row-fields.ts';
import { Level } from './scope.ts';
import { bindQuery } from './select.ts';
import { RECORD, VOID } from './type-info.ts';

/** $n in a body. */
export function routineParameter(context: BindContext, scope: RoutineScope, number: number, position: Position): Expr {
  const arg = scope.args[number - 1];
  if (arg === undefined) throw context.error('42P02', `there is no parameter $${number}`, position);
  return { ...arg };
}

/** A name that is no column: `param`, `function.param`, `param.field`, `function.param.field`; null: none of them. */
export function namedParameter(level: Level, name: readonly string[], position: Position): Expr | null {
  const scope = level.context.routine;
  if (scope === null) return null;
  const find = (part: string): Expr | null => {
    const index = part === '' ? -1 : scope.names.indexOf(part);
    return index < 0 ? null : { ...scope.args[index] };
  };
  if (name.length === 1) return find(name[0]);
  if (name.length === 2) {
    if (name[0] === scope.name) {
      const own = find(name[1]);
      if (own !== null) return own;
    }
    const base = find(name[0]);
    return base === null ? null : selectField(level, base, name[1], position);
  }
  if (name.length === 3 && name[0] === scope.name) {
    const base = find(name[1]);
    return base === null ? null : selectField(level, base, name[2], position);
  }
  return null;
}

/** Runs with a body's parameters in view; what is bound has neither positions nor literals of the statement. */
function withRoutineScope<T>(context: BindContext, routine: RoutineEntry, scope: RoutineScope | null, run: () => T): T {
  const around = context.routine;
  context.routine = scope;
  context.storedText++;
  try {
    // A body is run by whoever calls it, in a view too.
    return context.resolved(routine.statements !== null, () => context.rights.as(0, run));
  } finally {
    context.storedText--;
    context.routine = around;
  }
}

/** Names in a body mean what they meant when it was made, if it is of the grammar's own form; else what they mean to the caller. */
function bodyStatements(context: BindContext, routine: RoutineEntry): readonly ast.StatementNode[] {
  const texts = routine.statements ?? [routine.bodyText];
  return texts.flatMap((text) => context.environment.parse.statements(text)).map((statement) => statement.node);
}

function isPlain(routine: RoutineEntry): boolean {
  const { kind, language, securityDefiner, settings } = routine;
  return kind === 'function' && language === 'sql' && !securityDefiner && settings.length === 0;
}

/** Runs with the function marked as being opened; null for one that is open already: recursion ends where it began. */
function opened<T>(context: BindContext, routine: RoutineEntry, run: () => T): T | null {
  const { oid } = routine;
  if (context.openRoutines.has(oid)) return null;
  context.openRoutines.add(oid);
  try {
    return inFunction(routine, 'during inlining', run);
  } finally {
    context.openRoutines.delete(oid);
  }
}

// -------------------------------------------------------------------------------------------------------- expressions

/** Parameters of a body that is being inlined: numbers that no statement has. */
const PLACEHOLDER_BASE = 1_000_000;

/** The call as the expression that its body is; null: it has to be called. */
export function inlineCall(
  context: BindContext,
  entry: ScalarFunction,
  args: readonly Expr[],
  typeOid: number,
): Expr | null {
  const { routine } = entry;
  if (routine === undefined || context.environment.inlinesRoutines !== true) return null;
  if (!isPlain(routine) || routine.returnsSet || typeOid === RECORD || typeOid === VOID) return null;
  if (args.some((arg) => someExpr(arg, (child) => child.kind === 'caseSubject'))) return null;
  return opened(context, routine, () => {
    const node = onlyExpression(bodyStatements(context, routine));
    if (node === null) return null;
    const scope: RoutineScope = {
      name: routine.name,
      names: inputsOf(routine).map((parameter) => parameter.name),
      args: args.map(
        (arg, i): Expr => ({ kind: 'param', index: PLACEHOLDER_BASE + i, typeOid: arg.typeOid, typeModifier: -1 }),
      ),
    };
    const body = withRoutineScope(context, routine, scope, () => {
      const inner = new Level(context, null);
      const bound = inner.withClause('select', () => resolveUnknown(context, bindExpr(inner, node)));
      if (inner.hasAggregates || inner.hasWindows || inner.hasSets || hasSublink(bound)) return null;
      return coerceToTarget(context, bound, typeOid, -1, 'assignment');
    });
    if (body === null || hasSetReturning(body)) return null;
    return mayInline(routine, body, args) ? context.copyLocation(body, substitute(body, args)) : null;
  });
}

/** SELECT expr, and nothing else. */
function onlyExpression(statements: readonly ast.StatementNode[]): ast.Expression | null {
  if (statements.length !== 1) return null;
  const [node] = statements;
  if (node.kind !== 'query' || node.with !== null || node.body.kind !== 'select') return null;
  const { body } = node;
  const isBare =
    body.from.length === 0 &&
    body.where === null &&
    body.groupBy === null &&
    body.having === null &&
    body.windows.length === 0 &&
    body.distinct === null &&
    body.into === null &&
    node.orderBy.length === 0 &&
    node.limit === null &&
    node.offset === null &&
    node.locking.length === 0;
  if (!isBare || body.targets.length !== 1) return null;
  const { expr } = body.targets[0];
  return expr.kind === 'columnRef' && expr.star ? null : expr;
}

/** An argument that costs more than this many calls is not computed twice. */
const REPEATED_CALLS_MAX = 10;

function mayInline(routine: RoutineEntry, body: Expr, args: readonly Expr[]): boolean {
  const { volatility } = routine;
  if (volatility !== 'volatile' && rank(volatilityOf(body)) > rank(volatility)) return false;
  if (routine.strict && !isStrict(body)) return false;
  const uses = args.map(() => 0);
  countUses(body, uses);
  return args.every((arg, i) => {
    if (uses[i] === 1) return true;
    if (uses[i] === 0 && routine.strict) return false;
    if (volatilityOf(arg) === 'volatile') return false;
    return uses[i] === 0 || (!hasSublink(arg) && countCalls(arg) <= REPEATED_CALLS_MAX);
  });
}

function rank(volatility: Volatility): number {
  return volatility === 'immutable' ? 0 : volatility === 'stable' ? 1 : 2;
}

export function volatilityOf(expr: Expr): Volatility {
  let result: Volatility = 'immutable';
  someExpr(expr, (child) => {
    const node = logical(child);
    if (node.kind === 'call' && rank(node.function.volatility) > rank(result)) result = node.function.volatility;
    return false;
  });
  return result;
}

function countUses(expr: Expr, uses: number[]): void {
  someExpr(expr, (child) => {
    if (child.kind === 'param' && child.index >= PLACEHOLDER_BASE) uses[child.index - PLACEHOLDER_BASE]++;
    return false;
  });
}

function countCalls(expr: Expr): number {
  let count = 0;
  someExpr(expr, (child) => {
    if (child.kind === 'call') count++;
    return false;
  });
  return count;
}

/** Null wherever one of its columns or parameters is. */
function isStrict(expr: Expr): boolean {
  return !someExpr(expr, (child) => {
    const node = logical(child);
    switch (node.kind) {
      case 'const':
      case 'param':
      case 'var':
      case 'not':
      case 'ioCast':
      case 'typmodCast':
      case 'arrayCast':
      case 'caseSubject':
        return false;
      case 'call':
        return !node.function.strict;
      case 'coalesce':
        return node.args.length > 1;
      default:
        return true;
    }
  });
}

function substitute(expr: Expr, args: readonly Expr[]): Expr {
  if (expr.kind === 'param' && expr.index >= PLACEHOLDER_BASE) return args[expr.index - PLACEHOLDER_BASE];
  return mapChildren(expr, (child) => substitute(child, args));
}

// --------------------------------------------------------------------------------------------------------------- sets

/** The query that a call in FROM stands for; null: it has to be called. */
export function inlineSet(
  level: Level,
  entry: ScalarFunction,
  args: readonly Expr[],
  typeOid: number,
  columns: readonly ColumnDefinition[] | null,
  isRow: boolean,
): Query | null {
  const { context } = level;
  const { routine } = entry;
  if (routine === undefined || context.environment.inlinesRoutines !== true) return null;
  if (!isPlain(routine) || !routine.returnsSet || routine.strict || routine.volatility === 'volatile') return null;
  if (typeOid === VOID) return null;
  if (args.some((arg) => volatilityOf(arg) === 'volatile' || hasSublink(arg))) return null;
  return opened(context, routine, () => {
    const statements = bodyStatements(context, routine);
    const [node] = statements;
    if (statements.length !== 1 || node.kind !== 'query' || hasWrites(node)) return null;
    if (node.body.kind === 'select' && node.body.into !== null) return null;
    const scope: RoutineScope = {
      name: routine.name,
      names: inputsOf(routine).map((parameter) => parameter.name),
      args,
    };
    const query = withRoutineScope(context, routine, scope, () => bindQuery(new Level(context, null), node));
    const result = coerceBodyQuery(context, query, { typeOid, columns });
    return result.isWhole && isRow ? null : result.query;
  });
}

function hasWrites(node: ast.Query): boolean {
  return node.locking.length > 0 || (node.with?.ctes.some(({ query }) => query.kind !== 'query') ?? false);
}
