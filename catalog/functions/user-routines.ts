/** User-made functions as the planner and the executor see them: entries of the catalog as function entries. */
import { OID } from '../../types/index.ts';
import type { Catalog } from '../catalog.ts';
import type { RoutineEntry, RoutineParameter } from '../entries.ts';
import type { ColumnDefinition, FunctionContext, RoutineRunner, ScalarFunction, Value } from '../function-entry.ts';
import { quoteIdentifier } from './quote.ts';
import { functionOfExtension } from './registry.ts';

const functions = new WeakMap<RoutineEntry, ScalarFunction>();

export function isInput({ mode }: RoutineParameter): boolean {
  return mode === 'in' || mode === 'inout' || mode === 'variadic';
}

export function isOutput({ mode }: RoutineParameter): boolean {
  return mode === 'out' || mode === 'inout' || mode === 'table';
}

export function inputsOf(routine: RoutineEntry): readonly RoutineParameter[] {
  return routine.parameters.filter(isInput);
}

/** DEFAULT of a parameter, bound where it is used. */
export class DefaultText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** The function that an entry stands for: the same object each time. */
export function routineFunction(routine: RoutineEntry): ScalarFunction {
  let known = functions.get(routine);
  if (known === undefined) {
    known = makeFunction(routine);
    functions.set(routine, known);
  }
  return known;
}

const builtins = new WeakMap<RoutineEntry, ScalarFunction>();

/** What calls of a function in LANGUAGE internal become, under its name and types: nobody has to run it. Null: of other functions. */
export function asBuiltin(entry: ScalarFunction): ScalarFunction | null {
  const { routine, ...builtin } = entry;
  if (routine?.language !== 'internal' || routine.kind !== 'function') return null;
  let known = builtins.get(routine);
  if (known === undefined) {
    known = { ...builtin, internalName: routine.bodyText };
    builtins.set(routine, known);
  }
  return known;
}

function makeFunction(routine: RoutineEntry): ScalarFunction {
  // CALL names all parameters of a procedure, those that come out too.
  const inputs = routine.kind === 'procedure' ? routine.parameters : inputsOf(routine);
  const outputs = routine.parameters.filter(isOutput);
  const firstDefault = inputs.findIndex((parameter) => parameter.defaultText !== null);
  const outColumns = outputs.map((parameter, i) => ({
    name: parameter.name === '' ? `column${i + 1}` : parameter.name,
    typeOid: parameter.typeOid,
  }));
  return {
    kind: 'scalar',
    oid: routine.oid,
    internalName: `routine_${routine.oid}`,
    name: routine.name,
    argumentTypes: inputs.map((parameter) => parameter.typeOid),
    argumentNames: inputs.map((parameter) => parameter.name),
    ...(firstDefault < 0
      ? {}
      : { defaults: inputs.slice(firstDefault).map(({ defaultText }) => new DefaultText(defaultText ?? 'NULL')) }),
    variadic: inputs.some((parameter) => parameter.mode === 'variadic'),
    returnType: routine.returnTypeOid,
    returnsSet: routine.returnsSet,
    ...(routine.returnsSet ? { setRows: routine.rows } : {}),
    ...(outColumns.length > 0 ? { outColumns } : {}),
    strict: routine.strict,
    volatility: routine.volatility,
    needsContext: true,
    specialise: true,
    routine,
    ...(routine.language === 'internal' && routine.kind === 'function'
      ? implementationOf(routine)
      : {
          implementation: (
            argumentTypes: readonly number[],
            returnType: number,
            columns?: readonly ColumnDefinition[],
          ) => caller(routine, outColumns, argumentTypes, returnType, columns ?? null),
        }),
  };
}

/** Of a function in LANGUAGE internal: that of the built-in one. */
function implementationOf({
  bodyText,
}: RoutineEntry): Pick<ScalarFunction, 'needsContext' | 'specialise' | 'implementation'> {
  const { needsContext, specialise, implementation } = functionOfExtension(bodyText);
  return { needsContext, specialise, implementation };
}

function runnerOf(context: FunctionContext): RoutineRunner {
  if (context.routines === undefined) throw new Error('a function is called where no statement of a session runs');
  return context.routines;
}

function caller(
  routine: RoutineEntry,
  outColumns: NonNullable<ScalarFunction['outColumns']>,
  argumentTypes: readonly number[],
  returnType: number,
  definitions: readonly ColumnDefinition[] | null,
): ScalarFunction['implementation'] {
  const isRecord = returnType === OID.RECORD && outColumns.length > (routine.kind === 'procedure' ? 0 : 1);
  const columns = definitions ?? (isRecord ? outColumns.map((column) => ({ ...column, typeModifier: -1 })) : null);
  const call = { routine, argumentTypes, returnType, columns };
  return routine.returnsSet
    ? (context: FunctionContext, ...args: Value[]) => runnerOf(context).rows(call, args)
    : (context: FunctionContext, ...args: Value[]) => runnerOf(context).value(call, args);
}

/** A copy whose polymorphic result has been resolved for one call. */
export function resolvedFunction(entry: ScalarFunction, resolve: (oid: number) => number): ScalarFunction {
  const { routine, outColumns } = entry;
  if (routine === undefined || outColumns === undefined) return entry;
  const resolved = outColumns.map((column) => ({ ...column, typeOid: resolve(column.typeOid) }));
  if (resolved.every((column, i) => column.typeOid === outColumns[i].typeOid)) return entry;
  return {
    ...entry,
    outColumns: resolved,
    implementation: (argumentTypes: readonly number[], returnType: number, columns?: readonly ColumnDefinition[]) =>
      caller(routine, resolved, argumentTypes, returnType, columns ?? null),
  };
}

const NONE: readonly RoutineEntry[] = [];

/**
 * All of a name, in the schema or along the search path; what an earlier schema of the path has hides the same signature in
 * later ones.
 */
export function routinesNamed(
  catalog: Catalog,
  schema: string | null,
  name: string,
  searchPath: readonly string[],
): readonly RoutineEntry[] {
  const all = routinesOnPath(catalog, schema, name, searchPath);
  if (all.length < 2) return all;
  return all.filter((routine, i) => all.findIndex((other) => sameInputs(other, routine)) === i);
}

/** The same with what is hidden: calls tell more than a signature (names, what a default is for). */
export function routinesOnPath(
  catalog: Catalog,
  schema: string | null,
  name: string,
  searchPath: readonly string[],
): readonly RoutineEntry[] {
  let found: RoutineEntry[] | null = null;
  for (const candidate of schema === null ? searchPath : [schema]) {
    const schemaOid = catalog.schemaOfPath(candidate, searchPath)?.oid;
    // Nobody calls a function of the temporary schema without its name, so that it cannot stand in for another's.
    if (schemaOid === undefined || (schema === null && candidate.startsWith('pg_temp'))) continue;
    for (const routine of catalog.routinesByName(schemaOid, name)) {
      found ??= [];
      found.push(routine);
    }
  }
  return found ?? NONE;
}

function sameInputs(a: RoutineEntry, b: RoutineEntry): boolean {
  const [left, right] = [inputsOf(a), inputsOf(b)];
  return left.length === right.length && left.every(({ typeOid }, i) => typeOid === right[i].typeOid);
}

/** Its name, with the schema where the search path does not lead to it. */
export function routineLabel(catalog: Catalog, oid: number, searchPath: readonly string[]): string {
  const routine = catalog.routine(oid);
  if (routine === undefined) return String(oid);
  const name = quoteIdentifier(routine.name);
  if (isRoutineVisible(catalog, routine, searchPath)) return name;
  return `${quoteIdentifier(catalog.schemaName(routine.schemaOid))}.${name}`;
}

export function isRoutineVisible(catalog: Catalog, routine: RoutineEntry, searchPath: readonly string[]): boolean {
  return routinesNamed(catalog, null, routine.name, searchPath).some(({ oid }) => oid === routine.oid);
}
