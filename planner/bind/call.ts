/** Function calls: scalar functions, aggregates and window functions, and casts written as calls. */
import type { FunctionEntry, ScalarFunction } from '../../catalog/function-entry.ts';
import { asBuiltin, DefaultText, resolvedFunction, routineLabel } from '../../catalog/functions/user-routines.ts';
import { keptRoutineOid } from '../../catalog/kept-routines.ts';
import { isPrivateFunction } from '../../catalog/rights.ts';
import type * as ast from '../../parser/ast.ts';
import { plainCall } from '../../parser/index.ts';
import type { Expr } from '../expr.ts';
import { lastSetCall } from '../traverse.ts';
import { makeAggregate } from './aggregate-call.ts';
import { CLAUSE_WORDS } from './clause-words.ts';
import { coerceToBoolean, coerceToTarget, coerceType } from './coerce.ts';
import { haveConflict } from './collation.ts';
import { coerceToCommonType, selectCommonType } from './common-type.ts';
import type { BindContext, Position } from './context.ts';
import { castExplicit } from './conversion.ts';
import { bindExpr } from './expression.ts';
import { withJsonCasts } from './json-casts.ts';
import {
  type CallShape,
  callSignature,
  defaultArgument,
  type FunctionMatch,
  findFunction,
  isCastPath,
  visibleFunctions,
} from './overload.ts';
import { isPolymorphic, resolveTypes } from './polymorphic.ts';
import { positionOf } from './position.ts';
import { checkDatabaseOf } from './qualified-name.ts';
import { inlineCall } from './routine.ts';
import { fieldsOf, selectField } from './row-fields.ts';
import { type Clause, findItem, type Level } from './scope.ts';
import { bindStored } from './stored.ts';
import { ANY, RECORD, VOID } from './type-info.ts';
import { findType } from './type-name.ts';
import { makeWindowCall } from './window-call.ts';

/** Functions that write rows: refused in read-only transactions. */
const WRITING: ReadonlySet<string> = new Set([
  'lo_creat',
  'lo_create',
  'lo_from_bytea',
  'lo_import',
  'lo_put',
  'lo_truncate',
  'lo_truncate64',
  'lo_unlink',
  'lowrite',
  'hotrow_reset',
  'hotrow_rewind',
]);
/** Functions that need a transaction's id, or its end. Those of sequences say themselves what they refuse: temporary ones may be used. */
const NEEDING_TRANSACTION: ReadonlySet<string> = new Set([
  'nextval',
  'setval',
  'pg_notify',
  'txid_current',
  'pg_current_xact_id',
]);

export function bindCall(level: Level, node: ast.FunctionCall): Expr {
  const { context } = level;
  const position = positionOf(context, node.position);
  const name = node.name[node.name.length - 1];
  const schema = node.name.length > 1 ? node.name[node.name.length - 2] : null;
  const special = bindSpecialCall(level, node, name, schema);
  if (special !== null) return special;
  const outerClause = level.clause;
  const argNodes = node.withinGroup ? [...node.args, ...node.orderBy.map((item) => item.expr)] : node.args;
  let args: readonly Expr[] = argNodes.map((arg) => bindExpr(level, arg));
  level.clause = outerClause;
  const filter = bindFilter(level, node);
  checkArgumentNames(context, node);
  let names = node.argNames;
  if (node.withinGroup) args = matchHypothetical(level, node, args, position);
  else if (args.some(isVoidParameter)) {
    names = names?.filter((_, i) => !isVoidParameter(args[i])) ?? null;
    args = args.filter((arg) => !isVoidParameter(arg));
  }
  const shape: CallShape = {
    types: args.map((arg) => arg.typeOid),
    names,
    variadic: node.variadic,
  };
  context.checkSchema(node.name, position);
  const match = lookUp(level, node, name, schema, shape, args, position);
  if ('cast' in match) return match.cast;
  const { entry } = match;
  noteCall(level, entry);
  if (context.calledProcedure === node && (entry.kind !== 'scalar' || entry.routine?.kind !== 'procedure')) {
    throw context.error('42809', `${callSignature(context, node.name.join('.'), shape)} is not a procedure`, position, {
      hint: 'To call a function, use SELECT.',
    });
  }
  const written = spreadArguments(context, node, match, args, position);
  const spread = { ...written, args: node.distinct ? written.args : withJsonCasts(context, entry, written.args) };
  if (entry.kind === 'scalar') {
    refuseAggregateSyntax(context, node, position);
    const typeOid = spread.resolve(entry.returnType);
    if (entry.routine !== undefined) return callRoutine(level, node, entry, spread, typeOid, shape);
    const call = makeScalarCall(level, entry, spread.args, typeOid, position);
    if (!node.variadic || entry.argumentTypes[entry.argumentTypes.length - 1] !== ANY) return call;
    return spreadArray(context, call as Expr & { kind: 'call' });
  }
  if (entry.kind === 'window' && node.over === null) {
    throw context.error('42809', `window function ${name} requires an OVER clause`, position);
  }
  if (entry.kind === 'aggregate' && entry.routine !== undefined) {
    context.environment.noteRoutine?.(node, entry.routine.oid);
  }
  // What a cast to json makes of an argument is another expression.
  const given = written.given.map((arg, i) => (spread.args[i] === written.args[i] ? arg : spread.args[i]));
  const bound = { args: spread.args, given, filter };
  const typeOid = spread.resolve(entry.returnType);
  if (entry.kind === 'window' || node.over !== null)
    return makeWindowCall(level, node, entry, bound, typeOid, position);
  return makeAggregate(level, node, entry, bound, typeOid, position);
}

/** What JDBC sends in the place of an output parameter of a call: no argument. */
function isVoidParameter(arg: Expr): boolean {
  return arg.kind === 'param' && arg.typeOid === VOID;
}

/** Its columns and functions are looked up behind those of the arguments, and before the function that is called. */
function bindFilter(level: Level, { filter }: ast.FunctionCall): Expr | null {
  if (filter === null) return null;
  return level.withClause('filter', () => coerceToBoolean(level.context, bindExpr(level, filter), 'FILTER'));
}

/** Named arguments come last, each once. */
function checkArgumentNames(context: BindContext, { args, argNames }: ast.FunctionCall): void {
  if (argNames === null) return;
  const seen = new Set<string>();
  argNames.forEach((name, i) => {
    const position = positionOf(context, args[i].position);
    if (name === null) {
      if (seen.size > 0) throw context.error('42601', 'positional argument cannot follow named argument', position);
      return;
    }
    if (seen.has(name)) throw context.error('42601', `argument name "${name}" used more than once`, position);
    seen.add(name);
  });
}

/** Rights are asked for where somebody may lack them. Keys of indexes are computed by their owner, or not at all. */
function noteCall({ context, clause }: Level, entry: FunctionEntry): void {
  if (clause === 'index expression' || clause === 'index predicate' || clause === 'statistics expression') return;
  const isUsers = entry.kind !== 'window' && entry.routine !== undefined;
  const { oid, name } = entry;
  if (isUsers || isPrivateFunction(name) || context.catalog.systemRights(oid) !== undefined) context.rights.call(oid);
}

/** A user-made function: its body in place, where that is possible; else a call of it. */
function callRoutine(
  level: Level,
  node: ast.FunctionCall,
  entry: ScalarFunction,
  spread: ReturnType<typeof spreadArguments>,
  typeOid: number,
  shape: CallShape,
): Expr {
  const { context } = level;
  const position = positionOf(context, node.position);
  const routine = entry.routine!;
  if (routine.kind === 'procedure' && context.calledProcedure !== node) {
    throw context.error('42809', `${callSignature(context, node.name.join('.'), shape)} is a procedure`, position, {
      hint: 'To call a procedure, use CALL.',
    });
  }
  context.environment.noteRoutine?.(node, routine.oid);
  const builtin = asBuiltin(entry);
  if (builtin !== null) return makeScalarCall(level, builtin, spread.args, typeOid, position);
  const isWholeItem = context.calledInFrom === node || context.calledProcedure === node;
  if (!isWholeItem && !haveConflict(level, spread.args)) {
    const inlined = inlineCall(context, entry, spread.args, typeOid);
    if (inlined !== null) return context.at(inlined, position);
  }
  context.callsRoutines = true;
  if (entry.volatility === 'volatile') context.callsVolatile = true;
  return makeScalarCall(level, resolvedFunction(entry, spread.resolve), spread.args, typeOid, position);
}

/** row.f, where the row has no such column: a function or aggregate of the row; null: there is none that takes it. */
export function bindAttribute(level: Level, row: ast.Expression, name: string): Expr | null {
  if (visibleFunctions(level.context, name, null).length === 0) return null;
  const shape: CallShape = { types: [bindExpr(level, row).typeOid], names: null, variadic: false };
  const found = findFunction(level.context, name, shape);
  if (found.kind !== 'found' || found.match.entry.kind === 'window') return null;
  return bindCall(level, plainCall([name], [row], row.position));
}

/** Calls whose meaning depends on more than their argument types. */
function bindSpecialCall(level: Level, node: ast.FunctionCall, name: string, schema: string | null): Expr | null {
  // t.f written f(t): a column of a row.
  if (schema !== null || node.args.length !== 1 || node.star || node.over !== null) return null;
  const [arg] = node.args;
  if (arg.kind !== 'columnRef' || arg.name.length !== 1 || arg.star) return null;
  if (visibleFunctions(level.context, name, null).length > 0) return null;
  const item = findItem(level, null, arg.name[0], undefined);
  if (item === null || !item.columns.some((column) => column.name === name)) return null;
  const base = bindExpr(level, arg);
  if (fieldsOf(level, base) === null) return null;
  return selectField(level, base, name, positionOf(level.context, node.position));
}

/** Hypothetical-set aggregates: each direct argument and its ordering column get their common type. */
function matchHypothetical(
  level: Level,
  node: ast.FunctionCall,
  args: readonly Expr[],
  position: Position,
): readonly Expr[] {
  const { context } = level;
  const name = node.name[node.name.length - 1];
  if (!isHypothetical(context, node, name)) return args;
  const directCount = node.args.length;
  if (directCount !== node.orderBy.length) {
    const shape: CallShape = { types: args.map((arg) => arg.typeOid), names: null, variadic: false };
    throw context.error('42883', `function ${callSignature(context, name, shape)} does not exist`, position, {
      hint: `To use the hypothetical-set aggregate ${name}, the number of hypothetical direct arguments (here ${directCount}) must match the number of ordering columns (here ${node.orderBy.length}).`,
    });
  }
  const result = [...args];
  for (let i = 0; i < directCount; i++) {
    const pair = [args[directCount + i], args[i]];
    const typeOid = selectCommonType(context, pair, 'WITHIN GROUP');
    result[i] = coerceToCommonType(context, args[i], typeOid, 'WITHIN GROUP');
    result[directCount + i] = coerceToCommonType(context, args[directCount + i], typeOid, 'WITHIN GROUP');
  }
  return result;
}

function isHypothetical(context: BindContext, node: ast.FunctionCall, name: string): boolean {
  const schema = node.name.length > 1 ? node.name[node.name.length - 2] : null;
  const named = visibleFunctions(context, name, schema);
  return named.some((entry) => entry.kind === 'aggregate' && entry.hypothetical);
}

function lookUp(
  level: Level,
  node: ast.FunctionCall,
  name: string,
  schema: string | null,
  shape: CallShape,
  args: readonly Expr[],
  position: Position,
): FunctionMatch | { readonly cast: Expr } {
  const { context } = level;
  const shown = shownName(context, node.name);
  checkDatabaseOf(context, node.name, position);
  if (schema !== null && schema !== 'pg_catalog') {
    const known = context.catalog.schemaOfPath(schema, context.environment.searchPath);
    if (known === undefined || known === null) {
      if (schema !== 'information_schema' && schema !== 'pg_temp')
        throw context.error('3F000', `schema "${schema}" does not exist`, position);
    }
  }
  const found = findFunction(context, name, node.star ? { ...shape, types: [] } : shape, schema);
  if (found.kind === 'found' && isExact(found.match, shape)) return found.match;
  if (
    context.calledProcedure !== node &&
    shape.types.length === 1 &&
    shape.names === null &&
    !node.star &&
    !node.distinct &&
    node.over === null
  ) {
    const target = findType(context, node.name);
    if (target !== 0 && isCastPath(context, shape.types[0], target)) {
      return { cast: castExplicit(context, args[0], target, -1, position) };
    }
  }
  if (found.kind === 'found') return found.match;
  // A column of a row, written as a call.
  const isPlain = shape.types.length === 1 && shape.names === null && schema === null && !node.star && !node.variadic;
  if (found.kind === 'missing' && isPlain && fieldsOf(level, args[0])?.some((field) => field.name === name) === true) {
    return { cast: selectField(level, args[0], name, position) };
  }
  if (found.kind === 'ambiguous') {
    const what = context.calledProcedure === node ? 'procedure' : 'function';
    throw context.error('42725', `${what} ${callSignature(context, shown, shape)} is not unique`, position, {
      hint: `Could not choose a best candidate ${what}. You might need to add explicit type casts.`,
    });
  }
  throw missingFunction(context, shown, node, shape, position);
}

/** As messages have it: a function of a kept text, by its name now. */
function shownName({ catalog, environment }: BindContext, name: readonly string[]): string {
  const kept = keptRoutineOid(name[name.length - 1]);
  return kept === 0 ? name.join('.') : routineLabel(catalog, kept, environment.searchPath);
}

function isExact(match: FunctionMatch, shape: CallShape): boolean {
  return match.source.every((source, i) => !('arg' in source) || shape.types[source.arg] === match.declared[i]);
}

function missingFunction(
  context: BindContext,
  shown: string,
  node: ast.FunctionCall,
  shape: CallShape,
  position: Position,
) {
  const signature = node.star ? `${shown}()` : callSignature(context, shown, shape);
  if (context.calledProcedure === node) {
    return context.error('42883', `procedure ${signature} does not exist`, position, {
      hint: 'No procedure matches the given name and argument types. You might need to add explicit type casts.',
    });
  }
  if (node.orderBy.length > 1 && !node.withinGroup) {
    return context.error('42883', `function ${signature} does not exist`, position, {
      hint: 'No aggregate function matches the given name and argument types. Perhaps you misplaced ORDER BY; ORDER BY must appear after all regular arguments of the aggregate.',
    });
  }
  return context.error('42883', `function ${signature} does not exist`, position, {
    hint: 'No function matches the given name and argument types. You might need to add explicit type casts.',
  });
}

/** Named arguments may stand in another order, and defaults are not written. */
function asWritten({ source }: FunctionMatch, args: readonly Expr[]): Expr[] {
  const written = source.flatMap((each, i) => ('arg' in each ? [{ at: each.arg, expr: args[i] }] : []));
  written.sort((a, b) => a.at - b.at);
  return written.map(({ expr }) => expr);
}

/** Arguments in declared order, converted (`given`: not yet); defaults filled in; variadic ones collected. */
function spreadArguments(
  context: BindContext,
  node: ast.FunctionCall,
  match: FunctionMatch,
  args: readonly Expr[],
  position: Position,
): { args: readonly Expr[]; given: readonly Expr[]; resolve: (oid: number) => number } {
  const ordered = match.source.map((source, i) =>
    'arg' in source ? args[source.arg] : defaultOf(context, source.defaultValue, match.declared[i]),
  );
  const { types, resolve } = resolveTypes(
    context,
    match.declared,
    ordered.map((arg) => arg.typeOid),
    position,
  );
  const converted = ordered.map((arg, i) => {
    // Literals stay as they are for those who take any type, and parameters, whose type something else must say.
    if (types[i] === ANY) return arg;
    return coerceType(context, arg, types[i], -1, 'implicit');
  });
  context.environment.recorder?.parts?.(node, asWritten(match, converted));
  if (match.variadicCount === 0) return { args: converted, given: ordered, resolve };
  const fixed = converted.length - match.variadicCount;
  const elementType = types[fixed];
  const collected: Expr = {
    kind: 'array',
    elementType,
    elements: converted.slice(fixed),
    multidimensional: false,
    typeOid: context.types.arrayOf(elementType),
    typeModifier: -1,
  };
  return { args: [...converted.slice(0, fixed), collected], given: ordered.slice(0, fixed), resolve };
}

/** A user-made function's default is an expression, bound as if it had been written in the call, and assigned. */
function defaultOf(context: BindContext, value: unknown, declared: number): Expr {
  if (!(value instanceof DefaultText)) return defaultArgument(value, declared);
  const bound = bindStored(context, value.text, null, -1, 'other');
  return isPolymorphic(declared) ? bound : (coerceToTarget(context, bound, declared, -1, 'assignment') ?? bound);
}

/** VARIADIC array for a function whose last argument may be of any type: it must be an array. */
function spreadArray(context: BindContext, call: Expr & { kind: 'call' }): Expr {
  const last = call.args[call.args.length - 1];
  if (!context.types.isArray(context.types.base(last.typeOid))) {
    throw context.error('42804', 'VARIADIC argument must be an array', context.locationOf(last));
  }
  return context.copyLocation(call, { ...call, spreadsArray: true });
}

function refuseAggregateSyntax(context: BindContext, node: ast.FunctionCall, position: Position): void {
  const name = node.name[node.name.length - 1];
  const refuse = (what: string) =>
    context.error('42809', `${what} specified, but ${name} is not an aggregate function`, position);
  if (node.star)
    throw context.error('42809', `${name}(*) specified, but ${name} is not an aggregate function`, position);
  if (node.distinct) throw refuse('DISTINCT');
  if (node.withinGroup) throw refuse('WITHIN GROUP');
  if (node.orderBy.length > 0) throw refuse('ORDER BY');
  if (node.filter !== null) throw refuse('FILTER');
  if (node.over !== null) {
    throw context.error(
      '42809',
      `OVER specified, but ${name} is not a window function nor an aggregate function`,
      position,
    );
  }
}

const SETS_REFUSED = new Set<Clause>([
  'where',
  'having',
  'filter',
  'join on',
  'merge when',
  'limit',
  'offset',
  'window frame rows',
  'window frame range',
  'window frame groups',
  'returning',
  'default',
  'check',
  'generated',
  'index expression',
  'index predicate',
  'statistics expression',
  'alter using',
  'policy',
  'copy where',
  'execute',
  'as of',
  'call',
  'update source',
  'values',
]);

/** In FROM a set-returning call is a whole item. */
export function refuseNestedSets(context: BindContext, args: readonly Expr[]): void {
  const inner = args.map(lastSetCall).findLast((call) => call !== null);
  if (inner === undefined || inner === null) return;
  const position = context.locationOf(inner);
  throw context.error('0A000', 'set-returning functions must appear at top level of FROM', position);
}

function makeScalarCall(
  level: Level,
  entry: ScalarFunction,
  args: readonly Expr[],
  typeOid: number,
  position: Position,
): Expr {
  const { context } = level;
  if (entry.returnsSet) {
    if (SETS_REFUSED.has(level.clause)) {
      throw context.error(
        '0A000',
        `set-returning functions are not allowed in ${CLAUSE_WORDS[level.clause]}`,
        position,
      );
    }
    if (level.clause === 'window partition' || level.clause === 'window order') {
      throw context.error(
        '0A000',
        `set-returning functions in ${CLAUSE_WORDS[level.clause]} are not supported`,
        position,
      );
    }
    if (level.clause === 'from function') refuseNestedSets(context, args);
    else level.hasSets = true;
  }
  if (WRITING.has(entry.name)) context.writingCall ??= entry.name;
  if (WRITING.has(entry.name) || NEEDING_TRANSACTION.has(entry.name)) context.readOnly = false;
  if (entry.runsQuery) {
    context.callsRoutines = true;
    context.callsVolatile = true;
  }
  const isRecord = entry.outColumns !== undefined && entry.outColumns.length > 1;
  const returnType = isRecord && entry.routine === undefined ? RECORD : typeOid;
  return context.at({ kind: 'call', function: entry, args, typeOid: returnType, typeModifier: -1 }, position);
}
