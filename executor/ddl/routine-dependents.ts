/** What uses a user-made function: whatever has it in a kept text. */
import { keptRoutineName } from '../../catalog/kept-routines.ts';
import type { DdlContext } from './context.ts';
import { type ObjectReference, reference, referenceTo } from './describe.ts';

export function usersOfRoutine(x: DdlContext, oid: number): ObjectReference[] {
  const result: ObjectReference[] = [];
  const mark = keptRoutineName(oid);
  const names = (text: string | null | undefined): boolean => text?.includes(mark) === true;
  for (const relation of x.catalog.relations()) {
    if (names(relation.queryText)) result.push(referenceTo(relation));
    if (relation.kind !== 'table') continue;
    for (const column of relation.columns) {
      if (column.dropped || !names(column.defaultText)) continue;
      result.push(reference(column.generated ? 'column' : 'default', relation.oid, column.number));
    }
  }
  for (const index of x.catalog.indexes()) {
    if (names(index.predicateText) || index.columns.some((part) => names(part.expressionText))) {
      result.push(referenceTo(index));
    }
  }
  for (const constraint of x.catalog.constraints()) {
    if (names(constraint.checkText)) result.push(reference('constraint', constraint.oid));
  }
  for (const statistics of x.catalog.statisticsObjects()) {
    if ((statistics.expressions ?? []).some(({ text }) => names(text))) {
      result.push(reference('statistics', statistics.oid));
    }
  }
  for (const type of x.catalog.types()) {
    if (names(type.defaultText) || (type.checks ?? []).some((check) => names(check.text))) {
      result.push(reference('type', type.oid));
    }
  }
  for (const routine of x.catalog.routines()) {
    const uses =
      (routine.statements ?? []).some(names) || routine.parameters.some(({ defaultText }) => names(defaultText));
    if (uses && routine.oid !== oid) result.push(reference('routine', routine.oid));
  }
  return result;
}

/** Functions that take or return values of a type. */
export function routinesOfType(x: DdlContext, typeOid: number): ObjectReference[] {
  return [...x.catalog.routines()]
    .filter(
      (routine) =>
        routine.returnTypeOid === typeOid || routine.parameters.some((parameter) => parameter.typeOid === typeOid),
    )
    .map((routine) => reference('routine', routine.oid));
}
