/**
 * Choosing among functions and operators of one name (manual 10.2 and 10.3; after PostgreSQL's parse_func.c, parse_oper.c).
 * Exact matches first; then candidates that implicit casts can reach, narrowed by exact arguments, preferred types, and the
 * category that unknown literals are taken to have.
 */

import { FIRST_NORMAL_OID, type RoutineEntry } from '../../catalog/entries.ts';
import type { FunctionEntry, OperatorEntry, ScalarFunction } from '../../catalog/function-entry.ts';
import { functionsByName, operatorsByName } from '../../catalog/functions/index.ts';
import { routineEntryFunction } from '../../catalog/functions/user-aggregates.ts';
import { operatorEntry, withMadeOperators } from '../../catalog/functions/user-operators.ts';
import { routinesOnPath } from '../../catalog/functions/user-routines.ts';
import { keptRoutineOid } from '../../catalog/kept-routines.ts';
import { rangeConstructors } from '../../catalog/range-constructors.ts';
import type { Expr } from '../expr.ts';
import { makeConst } from '../logical.ts';
import { canCoerceAll, coerceType, findCoercion } from './coerce.ts';
import type { BindContext, Position } from './context.ts';
import { callScalar } from './made-call.ts';
import { resolveTypes } from './polymorphic.ts';
import { ANY, RECORD, UNKNOWN } from './type-info.ts';

interface Signature {
  readonly types: readonly number[];
}

interface Candidate<T> extends Signature {
  readonly entry: T;
}

/** func_match_argtypes: those that implicit casts make callable. */
function matchArguments<T extends Signature>(
  context: BindContext,
  inputs: readonly number[],
  candidates: readonly T[],
) {
  return candidates.filter((candidate) => canCoerceAll(context, inputs, candidate.types, 'implicit'));
}

/** func_select_candidate. Null: still ambiguous. */
function selectCandidate<T extends Signature>(
  context: BindContext,
  inputTypes: readonly number[],
  candidates: readonly T[],
): T | null {
  const { types } = context;
  const inputs = inputTypes.map((oid) => (oid === UNKNOWN ? UNKNOWN : types.base(oid)));
  const unknownCount = inputs.filter((oid) => oid === UNKNOWN).length;
  let kept = keepBest(candidates, (candidate) =>
    count(inputs, (oid, i) => oid !== UNKNOWN && candidate.types[i] === oid),
  );
  if (kept.length === 1) return kept[0];
  const categories = inputs.map((oid) => types.category(oid));
  kept = keepBest(kept, (candidate) =>
    count(
      inputs,
      (oid, i) =>
        oid !== UNKNOWN &&
        (candidate.types[i] === oid ||
          (types.category(candidate.types[i]) === categories[i] && types.isPreferred(candidate.types[i]))),
    ),
  );
  if (kept.length === 1) return kept[0];
  if (unknownCount === 0) return null;
  const narrowed = narrowByCategory(context, inputs, kept);
  if (narrowed !== null) {
    kept = narrowed;
    if (kept.length === 1) return kept[0];
  }
  // If all known inputs have one type, suppose the unknown ones to have it too.
  if (unknownCount < inputs.length) {
    const known = new Set(inputs.filter((oid) => oid !== UNKNOWN));
    if (known.size === 1) {
      const assumed = inputs.map(() => [...known][0]);
      const fitting = kept.filter((candidate) => canCoerceAll(context, assumed, candidate.types, 'implicit'));
      if (fitting.length === 1) return fitting[0];
    }
  }
  return null;
}

function count(inputs: readonly number[], test: (oid: number, i: number) => boolean): number {
  let result = 0;
  for (let i = 0; i < inputs.length; i++) if (test(inputs[i], i)) result++;
  return result;
}

function keepBest<T extends Signature>(candidates: readonly T[], score: (candidate: T) => number): readonly T[] {
  let best = -1;
  let kept: T[] = [];
  for (const candidate of candidates) {
    const value = score(candidate);
    if (value > best) {
      best = value;
      kept = [candidate];
    } else if (value === best) kept.push(candidate);
  }
  return kept;
}

/** The category of each unknown argument: string if any candidate takes one there, else what all candidates agree on. */
function narrowByCategory<T extends Signature>(
  context: BindContext,
  inputs: readonly number[],
  candidates: readonly T[],
): readonly T[] | null {
  const { types } = context;
  const slots: { category: string; preferred: boolean }[] = [];
  for (let i = 0; i < inputs.length; i++) {
    slots.push({ category: '', preferred: false });
    if (inputs[i] !== UNKNOWN) continue;
    const categories = candidates.map((candidate) => types.category(candidate.types[i]));
    let category = categories[0];
    if (categories.includes('S')) category = 'S';
    else if (categories.some((other) => other !== category)) return null;
    const preferred = candidates.some(
      (candidate, c) => categories[c] === category && types.isPreferred(candidate.types[i]),
    );
    slots[i] = { category, preferred };
  }
  const kept = candidates.filter((candidate) =>
    inputs.every((oid, i) => {
      if (oid !== UNKNOWN) return true;
      const type = candidate.types[i];
      if (types.category(type) !== slots[i].category) return false;
      return !slots[i].preferred || types.isPreferred(type);
    }),
  );
  return kept.length > 0 ? kept : candidates;
}

/* ---- operators ----------------------------------------------------------------------------------------------------- */

const PAIR = 4294967296;

/** The built-in operators of a name. What they come to is the same for all, where nothing that was made by a user has a say in it. */
interface BuiltinOperators {
  /** By the types that they are declared for: left * PAIR + right. */
  readonly exact: ReadonlyMap<number, OperatorEntry>;
  /** What is chosen for two built-in types, as far as it has been asked for. */
  readonly chosen: Map<number, OperatorChoice>;
}

const builtinOperators = new Map<string, BuiltinOperators>();

/** Undefined: there are none of this name. */
function builtinOperatorsNamed(name: string): BuiltinOperators | undefined {
  const known = builtinOperators.get(name);
  if (known !== undefined) return known;
  const operators = operatorsByName(name);
  if (operators.length === 0) return undefined;
  const exact = new Map(operators.map((operator) => [operator.leftType * PAIR + operator.rightType, operator]));
  const made = { exact, chosen: new Map<number, OperatorChoice>() };
  builtinOperators.set(name, made);
  return made;
}

/**
 * In the order of the search path: of operators with one signature the first is found. Kept texts find those of extensions wherever they are:
 * what has no place for a schema (CASE x WHEN, USING, IS DISTINCT FROM, rows) means what it meant when it was kept.
 */
export function namedOperators(context: BindContext, name: string, schema: string | null): readonly OperatorEntry[] {
  const { catalog, environment, storedText } = context;
  const builtin = schema === null || schema === 'pg_catalog' ? operatorsByName(name) : [];
  const found = withMadeOperators(catalog, name, schema, environment.searchPath, builtin);
  if (schema !== null || storedText === 0) return found;
  const others = catalog
    .operatorsNamed(name)
    .filter(({ oid, extensionOid }) => extensionOid !== undefined && !found.some((entry) => entry.oid === oid));
  return others.length === 0 ? found : [...found, ...others.map((other) => operatorEntry(catalog, other))];
}

/** One of exactly these types (0 on the left: a prefix one). */
function exactlyNamed(
  context: BindContext,
  { name, schema }: OperatorName,
  left: number,
  right: number,
): OperatorEntry | undefined {
  if (schema === null && context.catalog.operatorsNamed(name).length === 0)
    return builtinOperatorsNamed(name)?.exact.get(left * PAIR + right);
  const named = namedOperators(context, name, schema);
  return named.find(({ leftType, rightType }) => leftType === left && rightType === right);
}

/** An operator as it is written: `schema` of OPERATOR(schema.op). */
export interface OperatorName {
  readonly name: string;
  readonly schema: string | null;
}

/** Null: there is none; 'ambiguous': several fit equally. */
type OperatorChoice = OperatorEntry | null | 'ambiguous';

/** oper(): the binary operator for two argument types. */
export function findBinaryOperator(
  context: BindContext,
  name: string,
  left: number,
  right: number,
  schema: string | null = null,
): OperatorChoice {
  const { catalog } = context;
  const isBuiltin = left < FIRST_NORMAL_OID && right < FIRST_NORMAL_OID && schema === null && !catalog.hasMadeCasts;
  if (!isBuiltin || catalog.operatorsNamed(name).length > 0) {
    return chooseBinaryOperator(context, name, left, right, schema);
  }
  const builtin = builtinOperatorsNamed(name);
  if (builtin === undefined) return null;
  const pair = left * PAIR + right;
  let choice = builtin.chosen.get(pair);
  if (choice === undefined) {
    choice = chooseBinaryOperator(context, name, left, right, schema);
    builtin.chosen.set(pair, choice);
  }
  return choice;
}

function chooseBinaryOperator(
  context: BindContext,
  name: string,
  left: number,
  right: number,
  schema: string | null,
): OperatorChoice {
  const operatorName = { name, schema };
  let exactLeft = left;
  let exactRight = right;
  if (left === UNKNOWN && right !== UNKNOWN) exactLeft = right;
  else if (right === UNKNOWN && left !== UNKNOWN) exactRight = left;
  const exact = exactlyNamed(context, operatorName, exactLeft, exactRight);
  if (exact !== undefined) return exact;
  if (exactLeft === exactRight && (left === UNKNOWN || right === UNKNOWN)) {
    const base = context.types.base(exactLeft);
    if (base !== exactLeft) {
      const overBase = exactlyNamed(context, operatorName, base, base);
      if (overBase !== undefined) return overBase;
    }
  }
  const candidates = namedOperators(context, name, schema)
    .filter((operator) => operator.leftType !== 0)
    .map((entry) => ({ types: [entry.leftType, entry.rightType], entry }));
  return select(context, [left, right], candidates);
}

/** left_oper(): a prefix operator. */
function findPrefixOperator(
  context: BindContext,
  name: string,
  right: number,
  schema: string | null = null,
): OperatorChoice {
  const exact = exactlyNamed(context, { name, schema }, 0, right);
  if (exact !== undefined) return exact;
  const candidates = namedOperators(context, name, schema)
    .filter((operator) => operator.leftType === 0)
    .map((entry) => ({ types: [entry.rightType], entry }));
  return select(context, [right], candidates);
}

function select<T>(
  context: BindContext,
  inputs: readonly number[],
  candidates: readonly Candidate<T>[],
): T | null | 'ambiguous' {
  const matching = matchArguments(context, inputs, candidates);
  if (matching.length === 0) return null;
  if (matching.length === 1) return matching[0].entry;
  const best = selectCandidate(context, inputs, matching);
  return best === null ? 'ambiguous' : best.entry;
}

/** The operator, or PostgreSQL's error about it. `node`: where it stands, for those who keep the text. */
export function mustFindOperator(
  context: BindContext,
  name: string,
  left: number | null,
  right: number,
  position: Position,
  schema: string | null = null,
  node: object | null = null,
): OperatorEntry {
  const found =
    left === null
      ? findPrefixOperator(context, name, right, schema)
      : findBinaryOperator(context, name, left, right, schema);
  if (found !== null && found !== 'ambiguous') {
    if (found.function.oid === 0) throw context.error('42883', `operator is only a shell: ${signatureOf()}`, position);
    if (found.definition !== undefined) context.environment.noteOperator?.(node, found.oid, name);
    return found;
  }
  if (found === 'ambiguous') {
    throw context.error('42725', `operator is not unique: ${signatureOf()}`, position, {
      hint: 'Could not choose a best candidate operator. You might need to add explicit type casts.',
    });
  }
  throw context.error('42883', `operator does not exist: ${signatureOf()}`, position, {
    hint:
      left === null
        ? 'No operator matches the given name and argument type. You might need to add an explicit type cast.'
        : 'No operator matches the given name and argument types. You might need to add explicit type casts.',
  });
  function signatureOf(): string {
    const shown = schema === null || keptRoutineOid(schema) !== 0 ? name : `${schema}.${name}`;
    return `${left === null ? '' : `${context.types.name(left)} `}${shown} ${context.types.name(right)}`;
  }
}

/** make_op: operands converted, result type resolved. */
export function makeOperator(
  context: BindContext,
  name: string,
  left: Expr | null,
  right: Expr,
  position: Position,
  schema: string | null = null,
  node: object | null = null,
): Expr {
  const leftType = left === null ? null : left.typeOid;
  const operator = mustFindOperator(context, name, leftType, right.typeOid, position, schema, node);
  const operands = left === null ? [right] : [left, right];
  const declared = left === null ? [operator.rightType] : [operator.leftType, operator.rightType];
  const call = callFunction(context, operator.function, operands, declared, operator.resultType, position);
  return context.at(call, context.leftmost(operands, position));
}

/** The same as a call, for those who take it apart. */
export function makeOperatorCall(
  context: BindContext,
  name: string,
  left: Expr,
  right: Expr,
  position: Position,
  schema: string | null = null,
  node: object | null = null,
): Expr & { kind: 'call' } {
  const around = context.keepsCalls;
  context.keepsCalls = true;
  try {
    return makeOperator(context, name, left, right, position, schema, node) as Expr & { kind: 'call' };
  } finally {
    context.keepsCalls = around;
  }
}

/** A call with its arguments converted to the declared types, polymorphic ones resolved. */
function callFunction(
  context: BindContext,
  entry: ScalarFunction,
  operands: readonly Expr[],
  declared: readonly number[],
  resultType: number,
  position: Position,
): Expr {
  const given = operands.map((operand) => operand.typeOid);
  const { types: actual, resolve } = resolveTypes(context, declared, given, position);
  const args: Expr[] = [];
  for (let i = 0; i < operands.length; i++) args.push(coerceType(context, operands[i], actual[i], -1, 'implicit'));
  return callScalar(context, entry, args, resolve(resultType), resolve, position);
}

/* ---- functions ----------------------------------------------------------------------------------------------------- */

export interface FunctionMatch {
  readonly entry: FunctionEntry;
  /** Declared type of each actual argument, after defaults and variadics have been spread out. */
  readonly declared: readonly number[];
  /** For each declared argument the actual one's index, or the default's value. */
  readonly source: readonly ({ readonly arg: number } | { readonly defaultValue: unknown })[];
  /** > 0: so many trailing arguments are collected into an array (of the declared array type). */
  readonly variadicCount: number;
}

export type FunctionLookup =
  | { readonly kind: 'found'; readonly match: FunctionMatch }
  | { readonly kind: 'missing' | 'ambiguous' };

export interface CallShape {
  readonly types: readonly number[];
  /** Null when no argument is named. */
  readonly names: readonly (string | null)[] | null;
  /** Written with VARIADIC: the last argument is the array itself. */
  readonly variadic: boolean;
  /** Definitions name a function by all of its parameters: a variadic one by the array, and none by its default. */
  readonly isDefinition?: boolean;
}

/** func_get_detail, without the reading as a cast (which bind/call.ts does). */
export function findFunction(
  context: BindContext,
  name: string,
  shape: CallShape,
  schema: string | null = null,
): FunctionLookup {
  const visible = visibleFunctions(context, name, schema);
  const sole = exactFunction(visible, shape);
  if (sole !== null) return { kind: 'found', match: sole };
  const candidates = callableFunctions(context, visible, shape);
  const inputs = shape.types;
  const best = candidates.find(({ types }) => sameTypes(types, inputs)) ?? bestFunction(context, inputs, candidates);
  if (best === null) return { kind: 'missing' };
  if (best === 'ambiguous' || best.isAmbiguous) return { kind: 'ambiguous' };
  const { source } = best.entry;
  const last = source[inputs.length - 1];
  // VARIADIC before a named argument: it is the last that is given, and stands at its place.
  const isAstray = shape.names !== null && shape.variadic && !('arg' in last && last.arg === inputs.length - 1);
  return isAstray ? { kind: 'missing' } : { kind: 'found', match: best.entry };
}

/** `types` are those of the arguments that are given, in their order. */
interface CallCandidate extends Candidate<FunctionMatch> {
  /** There is another just as good. */
  readonly isAmbiguous: boolean;
}

/**
 * FuncnameGetCandidates: of functions that take the same arguments the one of the earlier schema, whatever defaults it fills in;
 * within a schema one that is not variadic.
 */
function callableFunctions(context: BindContext, visible: readonly FunctionEntry[], shape: CallShape): CallCandidate[] {
  const candidates: CallCandidate[] = [];
  for (const entry of visible) {
    const match = fitCall(context, entry, shape);
    if (match === null) continue;
    const types = typesByArgument(match, shape);
    const at = candidates.findIndex((other) => sameTypes(other.types, types));
    const candidate = { types, entry: match.entry, isAmbiguous: false };
    if (at < 0) {
      candidates.push(candidate);
      continue;
    }
    const known = candidates[at];
    if (schemaOf(known) !== schemaOf(candidate)) continue;
    const [isVariadic, wasVariadic] = [candidate, known].map(({ entry: { variadicCount } }) => variadicCount > 0);
    if (isVariadic && !wasVariadic) continue;
    candidates[at] = wasVariadic && !isVariadic ? candidate : { ...known, isAmbiguous: true };
  }
  return candidates;
}

function sameTypes(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((oid, i) => oid === b[i]);
}

function bestFunction(
  context: BindContext,
  inputs: readonly number[],
  candidates: readonly CallCandidate[],
): CallCandidate | null | 'ambiguous' {
  const matching = matchArguments(context, inputs, candidates);
  if (matching.length <= 1) return matching[0] ?? null;
  return selectCandidate(context, inputs, matching) ?? 'ambiguous';
}

/** The one function that takes just these arguments; null where that is not all that is to be said. */
function exactFunction(entries: readonly FunctionEntry[], { types, names, variadic }: CallShape): FunctionMatch | null {
  if (names !== null || variadic) return null;
  let found: FunctionEntry | null = null;
  for (const entry of entries) {
    const { argumentTypes } = entry;
    const isFlexible = entry.variadic || (entry.kind === 'scalar' && entry.defaults !== undefined);
    if (isFlexible && entry.kind !== 'window' && entry.routine !== undefined) return null;
    if (entry.variadic || !sameTypes(argumentTypes, types)) continue;
    if (found !== null) return null;
    found = entry;
  }
  if (found === null) return null;
  return { entry: found, declared: found.argumentTypes, source: types.map((_, arg) => ({ arg })), variadicCount: 0 };
}

/** Functions of this name: the built-in ones, and the constructors of range types in the schema, or along the search path. */
export function visibleFunctions(context: BindContext, name: string, schema: string | null): readonly FunctionEntry[] {
  const kept = keptRoutineOid(name);
  if (kept !== 0) {
    const routine = context.catalog.routine(kept);
    return routine === undefined ? [] : [routineEntryFunction(routine)];
  }
  const builtin = schema === null || schema === 'pg_catalog' ? functionsByName(name) : [];
  return builtinAndMade(context, name, schema, builtin);
}

/** In the order of the search path. */
function builtinAndMade(
  context: BindContext,
  name: string,
  schema: string | null,
  builtin: readonly FunctionEntry[],
): readonly FunctionEntry[] {
  const { searchPath } = context.environment;
  const routines = routinesOnPath(context.catalog, schema, name, searchPath);
  const known = withConstructors(context, name, schema, builtin);
  if (routines.length === 0) return known;
  const systemAt = searchPath.indexOf('pg_catalog');
  const isFirst = ({ schemaOid }: RoutineEntry): boolean =>
    schema === null && systemAt >= 0 && searchPath.indexOf(context.catalog.schemaName(schemaOid)) < systemAt;
  const before = routines.filter(isFirst).map(routineEntryFunction);
  const after = routines.filter((routine) => !isFirst(routine)).map(routineEntryFunction);
  return [...before, ...known, ...after];
}

function withConstructors(
  context: BindContext,
  name: string,
  schema: string | null,
  builtin: readonly FunctionEntry[],
): readonly FunctionEntry[] {
  const constructors = rangeConstructors(context.catalog).get(name);
  if (constructors === undefined) return builtin;
  const { searchPath } = context.environment;
  for (const candidate of schema === null ? searchPath : [schema]) {
    const schemaOid = context.catalog.schemaOfPath(candidate, searchPath)?.oid;
    const found = constructors.filter((each) => each.schemaOid === schemaOid);
    if (found.length > 0) return [...builtin, ...found.map(({ entry }) => entry)];
  }
  return builtin;
}

/** 0: a built-in one. */
function schemaOf({ entry }: Candidate<FunctionMatch>): number {
  return entry.entry.kind === 'window' ? 0 : (entry.entry.routine?.schemaOid ?? 0);
}

/** Declared types in the order in which the call's arguments were written. */
function typesByArgument(candidate: Candidate<FunctionMatch>, shape: CallShape): number[] {
  const result = new Array<number>(shape.types.length);
  candidate.entry.source.forEach((source, i) => {
    if ('arg' in source) result[source.arg] = candidate.types[i];
  });
  return result;
}

/** Whether a call of this shape can be one of this function, and how its arguments are laid out. */
function fitCall(context: BindContext, entry: FunctionEntry, shape: CallShape): Candidate<FunctionMatch> | null {
  const declaredCount = entry.argumentTypes.length;
  const givenCount = shape.types.length;
  const isDefinition = shape.isDefinition === true;
  const defaults = entry.kind === 'scalar' && !isDefinition ? (entry.defaults ?? []) : [];
  if (shape.names !== null) return fitNamedCall(entry, shape, defaults);
  // Those that take anything are the exception: there is no array of it.
  const isWhole = isDefinition && entry.argumentTypes[declaredCount - 1] !== ANY;
  const spread = entry.variadic && !shape.variadic && !isWhole && givenCount >= declaredCount;
  if (shape.variadic && (!entry.variadic || givenCount !== declaredCount)) return null;
  if (!spread && (givenCount > declaredCount || givenCount < declaredCount - defaults.length)) return null;
  const types: number[] = [];
  const source: ({ arg: number } | { defaultValue: unknown })[] = [];
  const fixed = spread ? declaredCount - 1 : givenCount;
  for (let i = 0; i < fixed; i++) {
    types.push(entry.argumentTypes[i]);
    source.push({ arg: i });
  }
  let variadicCount = 0;
  if (spread) {
    const last = entry.argumentTypes[declaredCount - 1];
    const element = last === ANY ? ANY : variadicElement(context, last);
    for (let i = fixed; i < givenCount; i++) {
      types.push(element);
      source.push({ arg: i });
    }
    variadicCount = last === ANY ? 0 : givenCount - fixed;
  } else {
    for (let i = givenCount; i < declaredCount; i++) {
      types.push(entry.argumentTypes[i]);
      source.push({ defaultValue: defaults[i - (declaredCount - defaults.length)] });
    }
  }
  return { types, entry: { entry, declared: types, source, variadicCount } };
}

function variadicElement(context: BindContext, arrayOid: number): number {
  if (arrayOid === 2277) return 2283; // anyarray: anyelement
  if (arrayOid === 5078) return 5077; // anycompatiblearray: anycompatible
  return context.types.elementOf(arrayOid);
}

function fitNamedCall(
  entry: FunctionEntry,
  shape: CallShape,
  defaults: readonly unknown[],
): Candidate<FunctionMatch> | null {
  if (entry.kind !== 'scalar' || entry.argumentNames === undefined) return null;
  if (entry.variadic && !shape.variadic) return null;
  const declaredCount = entry.argumentTypes.length;
  if (shape.types.length > declaredCount) return null;
  const source: ({ arg: number } | { defaultValue: unknown } | undefined)[] = new Array(declaredCount).fill(undefined);
  for (let i = 0; i < shape.types.length; i++) {
    const name = shape.names![i];
    const place = name === null ? i : name === '' ? -1 : entry.argumentNames.indexOf(name);
    if (place < 0 || place >= declaredCount || source[place] !== undefined) return null;
    source[place] = { arg: i };
  }
  for (let i = 0; i < declaredCount; i++) {
    if (source[i] !== undefined) continue;
    const index = i - (declaredCount - defaults.length);
    if (index < 0) return null;
    source[i] = { defaultValue: defaults[index] };
  }
  const complete = source as FunctionMatch['source'];
  return {
    types: entry.argumentTypes,
    entry: { entry, declared: entry.argumentTypes, source: complete, variadicCount: 0 },
  };
}

/** "f(integer, unknown)" as messages print a call. */
export function callSignature(context: BindContext, name: string, shape: CallShape): string {
  const args = shape.types.map((oid, i) => {
    const argName = shape.names === null ? null : shape.names[i];
    return argName === null ? context.types.name(oid) : `${argName} => ${context.types.name(oid)}`;
  });
  return `${name}(${args.join(', ')})`;
}

/** A default argument as a constant of the declared type. */
export function defaultArgument(value: unknown, typeOid: number): Expr {
  return makeConst(value, typeOid);
}

/** Whether f(x) can be read as the cast x::f (relabelling, or through text). */
export function isCastPath(context: BindContext, source: number, target: number): boolean {
  if (source === UNKNOWN) return true;
  const path = findCoercion(context, source, target, 'explicit');
  if (path.kind === 'relabel') return true;
  if (path.kind !== 'io') return false;
  // Composite to string is better read as a field selection.
  const isRow = source === RECORD || context.types.isComposite(source);
  return !(isRow && context.types.category(target) === 'S');
}
