/** User-made operators and casts as the planner sees them: entries of the catalog as those of the built-in ones. */
import type { Catalog } from '../catalog.ts';
import type { CastDefinition, OperatorDefinition } from '../entries.ts';
import type { CastEntry, OperatorEntry, ScalarFunction } from '../function-entry.ts';
import { keptRoutineOid } from '../kept-routines.ts';
import { quoteIdentifier } from './quote.ts';
import {
  extensionOperatorsByName,
  functionByOid,
  functionOfExtension,
  operatorByOid,
  operatorsByName,
} from './registry.ts';
import { routineFunction } from './user-routines.ts';

/** What is behind a shell: an operator that is only named so far. */
const NO_FUNCTION: ScalarFunction = {
  kind: 'scalar',
  oid: 0,
  internalName: '-',
  name: '-',
  argumentTypes: [],
  variadic: false,
  returnType: 0,
  returnsSet: false,
  strict: false,
  volatility: 'volatile',
  needsContext: false,
  specialise: false,
  implementation: () => null,
};

function functionOf(catalog: Catalog, oid: number): ScalarFunction {
  const builtin = functionByOid(oid);
  if (builtin !== null) return builtin.kind === 'scalar' ? builtin : NO_FUNCTION;
  const routine = catalog.routine(oid);
  return routine === undefined ? NO_FUNCTION : routineFunction(routine);
}

/** Of a function in LANGUAGE internal the built-in one itself, so that plans know what it means. */
function functionOfOperator(catalog: Catalog, oid: number): ScalarFunction {
  const routine = catalog.routine(oid);
  const isInternal = routine?.language === 'internal' && routine.kind === 'function';
  return isInternal ? functionOfExtension(routine.bodyText) : functionOf(catalog, oid);
}

export function operatorEntry(catalog: Catalog, definition: OperatorDefinition): OperatorEntry {
  const fn = functionOfOperator(catalog, definition.functionOid);
  const known = extensionOperatorsByName(definition.name).find((each) => each.function === fn);
  return {
    oid: definition.oid,
    name: definition.name,
    leftType: definition.leftTypeOid,
    rightType: definition.rightTypeOid,
    resultType: definition.resultTypeOid,
    function: fn,
    commutator: known?.commutator ?? '',
    negator: known?.negator ?? '',
    btreeStrategy: known?.btreeStrategy ?? 0,
    definition,
  };
}

/** A built-in operator, or one that was made. */
export function anyOperator(catalog: Catalog, oid: number): OperatorEntry | null {
  const made = catalog.operator(oid);
  return made === undefined ? operatorByOid(oid) : operatorEntry(catalog, made);
}

/** Operators of a name: the built-in ones given, and those that were made in the schema, or along the search path. */
export function withMadeOperators(
  catalog: Catalog,
  name: string,
  schema: string | null,
  searchPath: readonly string[],
  builtin: readonly OperatorEntry[],
): readonly OperatorEntry[] {
  const made = catalog.operatorsNamed(name);
  if (made.length === 0) return builtin;
  const kept = schema === null ? 0 : keptRoutineOid(schema);
  if (kept !== 0) {
    const found = made.find(({ oid }) => oid === kept);
    return found === undefined ? [] : [operatorEntry(catalog, found)];
  }
  const result: OperatorEntry[] = [];
  const add = (entry: OperatorEntry): void => {
    if (!result.some((other) => other.leftType === entry.leftType && other.rightType === entry.rightType))
      result.push(entry);
  };
  for (const candidate of schema === null ? searchPath : [schema]) {
    if (candidate === 'pg_catalog') builtin.forEach(add);
    const schemaOid = catalog.schemaOfPath(candidate, searchPath)?.oid;
    for (const definition of made) {
      // Nobody uses an operator of the temporary schema without its name.
      if (definition.schemaOid !== schemaOid || (schema === null && candidate.startsWith('pg_temp'))) continue;
      add(operatorEntry(catalog, definition));
    }
  }
  if (schema === null && !searchPath.includes('pg_catalog')) builtin.forEach(add);
  return result;
}

export function castEntry(catalog: Catalog, definition: CastDefinition): CastEntry {
  return {
    sourceType: definition.sourceTypeOid,
    targetType: definition.targetTypeOid,
    context: definition.context,
    function: definition.method === 'function' ? functionOf(catalog, definition.functionOid) : null,
    definition,
  };
}

/** Name of an operator, built-in or made: OPERATOR(schema.op) where the search path does not lead to it. */
export function operatorLabel(catalog: Catalog, oid: number, searchPath: readonly string[]): string {
  const definition = catalog.operator(oid);
  if (definition === undefined) return operatorByOid(oid)?.name ?? String(oid);
  if (isOperatorVisible(catalog, definition, searchPath)) return definition.name;
  return `OPERATOR(${quoteIdentifier(catalog.schemaName(definition.schemaOid))}.${definition.name})`;
}

export function isOperatorVisible(
  catalog: Catalog,
  { oid, name, leftTypeOid, rightTypeOid }: OperatorDefinition,
  searchPath: readonly string[],
): boolean {
  const named = withMadeOperators(catalog, name, null, searchPath, operatorsByName(name));
  return named.find(({ leftType, rightType }) => leftType === leftTypeOid && rightType === rightTypeOid)?.oid === oid;
}
