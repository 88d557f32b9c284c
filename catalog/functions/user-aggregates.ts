/**
 * User-made aggregates as the planner sees them. How one comes to its value is worked out where it is called
 * (planner/bind/made-aggregate.ts), but for those whose state is of type internal: nobody can write functions of such, so they are
 * made of a built-in aggregate's, and are that aggregate under another name.
 */
import type { AggregateDefinition, RoutineEntry } from '../entries.ts';
import type { AggregateFunction, FunctionEntry } from '../function-entry.ts';
import { staticRows } from '../pg-catalog/static-tables.ts';
import { functionByOid } from './registry.ts';
import { inputsOf, routineFunction } from './user-routines.ts';

const INTERNAL = 2281;
const entries = new WeakMap<RoutineEntry, AggregateFunction>();

/** What an entry of any kind stands for: the same object each time. */
export function routineEntryFunction(routine: RoutineEntry): FunctionEntry {
  if (routine.kind !== 'aggregate') return routineFunction(routine);
  let known = entries.get(routine);
  if (known === undefined) {
    known = makeAggregate(routine, routine.aggregate as AggregateDefinition);
    entries.set(routine, known);
  }
  return known;
}

/** The built-in aggregate with this transition and final function over a state of type internal; null: none. */
export function builtinAggregateOf({
  stateTypeOid,
  transitionOid,
  finalOid,
}: Pick<AggregateDefinition, 'stateTypeOid' | 'transitionOid' | 'finalOid'>): AggregateFunction | null {
  if (stateTypeOid !== INTERNAL) return null;
  for (const row of staticRows('pg_aggregate') ?? []) {
    if (row.aggtransfn !== transitionOid || row.aggfinalfn !== finalOid) continue;
    const entry = functionByOid(row.aggfnoid as number);
    if (entry?.kind === 'aggregate') return entry;
  }
  return null;
}

function makeAggregate(routine: RoutineEntry, definition: AggregateDefinition): AggregateFunction {
  const inputs = inputsOf(routine);
  const builtin = builtinAggregateOf(definition);
  return {
    kind: 'aggregate',
    oid: routine.oid,
    internalName: `routine_${routine.oid}`,
    name: routine.name,
    argumentTypes: inputs.map(({ typeOid }) => typeOid),
    variadic: inputs.some(({ mode }) => mode === 'variadic'),
    returnType: routine.returnTypeOid,
    strict: builtin?.strict ?? false,
    orderedSet: definition.kind !== 'normal',
    hypothetical: definition.kind === 'hypothetical',
    orderInsensitive: false,
    routine,
    isBuiltin: builtin !== null,
    create(argTypes, returnType) {
      if (builtin === null) throw new Error(`${routine.name} is run by what its call says`);
      return builtin.create(argTypes, returnType);
    },
  };
}
