/** Expressions outside queries: defaults, checks, index keys, SET and EXECUTE arguments. */
import type { RelationEntry } from '../../catalog/entries.ts';
import type { ScalarFunction } from '../../catalog/function-entry.ts';
import type { Expression } from '../../parser/ast.ts';
import { baseTypeOid, OID, typeByOid } from '../../types/index.ts';
import type { PlannerEnvironment } from '../environment.ts';
import type { Expr } from '../expr.ts';
import { logical, SYSTEM_COLUMNS } from '../logical.ts';
import { foldConstants } from '../rewrite/fold-constants.ts';
import { replaceExpr, someExpr } from '../traverse.ts';
import { coerceToBoolean, coerceToTarget, resolveUnknown } from './coerce.ts';
import { collateExpr, derivedCollation } from './collation.ts';
import { BindContext } from './context.ts';
import { bindExpr } from './expression.ts';
import type { Clause } from './scope.ts';
import { tableLevel } from './stored.ts';

/** Where a stored expression stands; PostgreSQL's words for what is refused there depend on it. */
export type ScalarSource =
  | 'default'
  | 'check'
  | 'generated'
  | 'index expression'
  | 'index predicate'
  | 'statistics expression'
  | 'alter using'
  | 'copy where'
  | 'value';

export interface BindScalarOptions {
  readonly source: ScalarSource;
  /** The result is assigned to this type (42804 when it cannot be); absent: the expression's own type. */
  readonly targetType?: {
    readonly typeOid: number;
    readonly typeModifier: number;
    readonly columnName?: string;
    /** Of a prepared statement, from 1 on. */
    readonly parameter?: number;
  };
}

/**
 * A scalar expression over one table's columns (input 0, index = column number - 1), or over nothing (table null): defaults,
 * CHECKs, generated columns, index expressions and predicates, SET and EXECUTE arguments. Also constant-folds. Literals of the
 * text are plain constants (literalIndex -1).
 */
export function bindScalar(
  expression: Expression,
  table: RelationEntry | null,
  environment: PlannerEnvironment,
  options: BindScalarOptions,
): Expr {
  return bindWithCollation(expression, table, environment, options).expr;
}

/** The same with the collation that the expression has: 0 none, -1 undecided. */
export function bindWithCollation(
  expression: Expression,
  table: RelationEntry | null,
  environment: PlannerEnvironment,
  options: BindScalarOptions,
): { readonly expr: Expr; readonly collation: number } {
  const context = new BindContext(environment);
  const level = tableLevel(context, table, 0);
  const clause: Clause = options.source === 'value' ? 'execute' : options.source;
  let expr = level.withClause(clause, () => bindExpr(level, expression));
  if (options.source === 'check') expr = coerceToBoolean(context, expr, 'CHECK');
  else if (options.source === 'index predicate' || options.source === 'copy where')
    expr = coerceToBoolean(context, expr, 'WHERE');
  else if (options.targetType !== undefined) expr = assignTo(context, expr, options);
  else expr = resolveUnknown(context, expr);
  const collation = derivedCollation(level, expr);
  expr = collateExpr(level, expr);
  refuseMutable(context, asPlanned(expression, table, environment, options, expr), options.source);
  return { expr: overTable(foldConstants(unlift(expr)), table?.oid ?? 0), collation };
}

/** Functions that are inlined are as stable as their bodies: the expression as plans will have it. */
function asPlanned(
  expression: Expression,
  table: RelationEntry | null,
  environment: PlannerEnvironment,
  options: BindScalarOptions,
  expr: Expr,
): Expr {
  const calls = someExpr(expr, (child) => child.kind === 'call' && child.function.routine !== undefined);
  if (!calls || environment.inlinesRoutines === true) return expr;
  const context = new BindContext({ ...environment, inlinesRoutines: true });
  const level = tableLevel(context, table, 0);
  return level.withClause(options.source === 'value' ? 'execute' : options.source, () => bindExpr(level, expression));
}

function assignTo(context: BindContext, expr: Expr, options: BindScalarOptions): Expr {
  const { typeOid, typeModifier, columnName } = options.targetType!;
  const converted = coerceToTarget(context, expr, typeOid, typeModifier, 'assignment');
  if (converted !== null) return converted;
  const { types } = context;
  const hint = 'You will need to rewrite or cast the expression.';
  const { parameter } = options.targetType!;
  if (parameter !== undefined) {
    const message = `parameter $${parameter} of type ${types.name(expr.typeOid)} cannot be coerced to the expected type ${types.name(typeOid)}`;
    throw context.error('42804', message, context.locationOf(expr), { hint });
  }
  const what =
    options.source === 'default'
      ? 'default expression'
      : options.source === 'generated'
        ? 'generation expression'
        : 'expression';
  const message =
    columnName === undefined
      ? `cannot cast type ${types.name(expr.typeOid)} to ${types.name(typeOid)}`
      : `column "${columnName}" is of type ${types.name(typeOid)} but ${what} is of type ${types.name(expr.typeOid)}`;
  throw context.error('42804', message, undefined, { hint });
}

function refuseMutable(context: BindContext, expr: Expr, source: ScalarSource): void {
  const message =
    source === 'index expression'
      ? 'functions in index expression must be marked IMMUTABLE'
      : source === 'index predicate'
        ? 'functions in index predicate must be marked IMMUTABLE'
        : source === 'generated'
          ? 'generation expression is not immutable'
          : null;
  if (message === null) return;
  const isMutable = (child: Expr): boolean =>
    child.kind === 'call' ? callVolatility(child) !== 'immutable' : child.kind === 'ioCast' && isStableCast(child);
  if (someExpr(expr, isMutable)) throw context.error('42P17', message);
}

const CONCATENATIONS = new Set(['textanycat', 'anytextcat']);

/**
 * How stable a call is. text || anything is stable, as the text of a value may depend on settings; PostgreSQL puts the cast that
 * it stands for in its place, which for most types is immutable.
 */
export function callVolatility(call: Extract<Expr, { kind: 'call' }>): ScalarFunction['volatility'] {
  const { name, volatility, oid } = call.function;
  if (oid === 0 || !CONCATENATIONS.has(name)) return volatility;
  return call.args.some(({ typeOid }) => hasTextOfSettings(typeOid)) ? volatility : 'immutable';
}

/** Types of one value whose text depends on settings, or on the catalog. */
const STABLE_TEXTS: ReadonlySet<number> = new Set([
  OID.MONEY,
  OID.ACLITEM,
  OID.DATE,
  OID.TIMESTAMP,
  OID.TIMESTAMPTZ,
  OID.INTERVAL,
]);
/** The same, where a value is read of it. */
const STABLE_INPUTS: ReadonlySet<number> = new Set([OID.XML, OID.TIME, OID.TIMETZ]);

/** A cast through text is as stable as the types' functions that read and write it. */
export function isStableCast({ arg, typeOid }: Extract<Expr, { kind: 'ioCast' }>): boolean {
  return hasStableText(arg.typeOid) || hasStableText(typeOid) || STABLE_INPUTS.has(baseTypeOid(typeOid));
}

function hasStableText(typeOid: number): boolean {
  const oid = baseTypeOid(typeOid);
  const type = typeByOid(oid);
  if (type === undefined || STABLE_TEXTS.has(oid) || type.name.startsWith('reg') || oid === OID.RECORD) return true;
  // Enums, ranges, composites, arrays.
  return 'ercm'.includes(type.kind) || (type.category === 'A' && oid !== OID.INT2VECTOR && oid !== OID.OIDVECTOR);
}

/** Dates, times, money, reg* types, and what consists of values of any type. */
function hasTextOfSettings(typeOid: number): boolean {
  const oid = baseTypeOid(typeOid);
  const type = typeByOid(oid);
  if (type === undefined || oid === OID.MONEY || type.name.startsWith('reg')) return true;
  return ['D', 'T', 'A', 'C', 'R', 'P'].includes(type.category) || type.kind === 'm';
}

/** Stored text has no literals that an execution could replace. */
export function unlift(expr: Expr): Expr {
  return replaceExpr(expr, (child) =>
    child.kind === 'const' && child.literalIndex >= 0 ? { ...child, literalIndex: -1 } : null,
  );
}

/** Vars of the one relation to columns of input 0. */
function overTable(expr: Expr, tableOid: number): Expr {
  return replaceExpr(expr, (child) => {
    const node = logical(child);
    if (node.kind !== 'var') return null;
    const { typeOid, typeModifier } = node;
    if (node.column >= 0) return { kind: 'column', input: 0, index: node.column, typeOid, typeModifier };
    const name = SYSTEM_COLUMNS[-1 - node.column];
    return { kind: 'systemColumn', input: 0, name, tableOid, typeOid, typeModifier };
  });
}
