/** Rows of pg_depend of functions, aggregates, operators and casts that were made. What they need of the system has no row. */
import { FIRST_NORMAL_OID, type RoutineEntry } from '../entries.ts';
import { keptRoutines } from '../kept-routines.ts';
import type { Row, ViewContext } from './view-context.ts';

const NAMESPACE_CLASS = 2615;
const TYPE_CLASS = 1247;
const PROC_CLASS = 1255;
const OPERATOR_CLASS = 2617;
const CAST_CLASS = 2605;
const RELATION_CLASS = 1259;
const CONSTRAINT_CLASS = 2606;

/** The catalog that an oid's row is in, of what a text or a definition may name. */
export function classOfObject({ catalog }: ViewContext, oid: number): number {
  if (catalog.routine(oid) !== undefined) return PROC_CLASS;
  if (catalog.operator(oid) !== undefined) return OPERATOR_CLASS;
  if (catalog.constraint(oid) !== undefined) return CONSTRAINT_CLASS;
  return catalog.cast(oid) === undefined ? RELATION_CLASS : CAST_CLASS;
}

/** Functions and operators that a kept text names. */
export function namedDefinitions(text: string | null): readonly number[] {
  return [...new Set(keptRoutines(text))];
}

function partsOf({ aggregate }: RoutineEntry): readonly number[] {
  if (aggregate === undefined) return [];
  const { transitionOid, finalOid, combineOid, serializeOid, deserializeOid, moving } = aggregate;
  const ofMoving = moving === null ? [] : [moving.transitionOid, moving.inverseOid, moving.finalOid];
  return [transitionOid, finalOid, combineOid, serializeOid, deserializeOid, ...ofMoving];
}

export function* definitionDependencies(context: ViewContext): Iterable<Row> {
  const { catalog } = context;
  const row = function* (classid: number, objid: number, refclassid: number, refobjid: number): Iterable<Row> {
    const isSystems = refclassid !== NAMESPACE_CLASS && refobjid < FIRST_NORMAL_OID;
    if (refobjid === 0 || isSystems) return;
    yield { classid, objid, objsubid: 0, refclassid, refobjid, refobjsubid: 0, deptype: 'n' };
  };
  const all = function* (classid: number, objid: number, refclassid: number, refs: readonly number[]): Iterable<Row> {
    for (const ref of new Set(refs)) yield* row(classid, objid, refclassid, ref);
  };
  for (const routine of catalog.routines()) {
    const { oid, schemaOid, parameters, returnTypeOid, aggregate, statements } = routine;
    yield* row(PROC_CLASS, oid, NAMESPACE_CLASS, schemaOid);
    const states = [aggregate?.stateTypeOid ?? 0, aggregate?.moving?.stateTypeOid ?? 0];
    const types = [returnTypeOid, ...parameters.map(({ typeOid }) => typeOid), ...states];
    yield* all(PROC_CLASS, oid, TYPE_CLASS, types);
    yield* all(PROC_CLASS, oid, PROC_CLASS, partsOf(routine));
    yield* row(PROC_CLASS, oid, OPERATOR_CLASS, aggregate?.sortOperatorOid ?? 0);
    const named = namedDefinitions((statements ?? []).join('\n'));
    for (const used of new Set([...named, ...routine.dependsOn])) {
      yield* row(PROC_CLASS, oid, classOfObject(context, used), used);
    }
  }
  for (const operator of catalog.operators()) {
    const { oid, leftTypeOid, rightTypeOid, resultTypeOid, functionOid, restrictOid, joinOid } = operator;
    yield* row(OPERATOR_CLASS, oid, NAMESPACE_CLASS, operator.schemaOid);
    yield* all(OPERATOR_CLASS, oid, TYPE_CLASS, [leftTypeOid, rightTypeOid, resultTypeOid]);
    yield* all(OPERATOR_CLASS, oid, PROC_CLASS, [functionOid, restrictOid, joinOid]);
  }
  for (const { oid, sourceTypeOid, targetTypeOid, functionOid } of catalog.casts()) {
    yield* all(CAST_CLASS, oid, TYPE_CLASS, [sourceTypeOid, targetTypeOid]);
    yield* row(CAST_CLASS, oid, PROC_CLASS, functionOid);
  }
}
