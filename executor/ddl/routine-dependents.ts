/** What uses user-made functions, operators and types: whatever has them in a kept text, and what is defined by them. */
import type { AggregateDefinition } from '../../catalog/entries.ts';
import { type KeptField, keptFieldName } from '../../catalog/kept-fields.ts';
import { keptRoutineName } from '../../catalog/kept-routines.ts';
import { keptTypeName } from '../../catalog/kept-types.ts';
import type { DdlContext } from './context.ts';
import { type ObjectReference, reference, referenceTo } from './describe.ts';

export function usersOfRoutine(x: DdlContext, oid: number): ObjectReference[] {
  const result = textsWith(x, keptRoutineName(oid), oid);
  for (const routine of x.catalog.routines()) {
    if (routine.aggregate !== undefined && partsOf(routine.aggregate).includes(oid)) {
      result.push(reference('routine', routine.oid));
    }
  }
  for (const { oid: operatorOid, functionOid, restrictOid, joinOid } of x.catalog.operators()) {
    if ([functionOid, restrictOid, joinOid].includes(oid)) result.push(reference('operator', operatorOid));
  }
  for (const cast of x.catalog.casts()) if (cast.functionOid === oid) result.push(reference('cast', cast.oid));
  return result;
}

export function usersOfOperator(x: DdlContext, oid: number): ObjectReference[] {
  const result = textsWith(x, keptRoutineName(oid), oid);
  for (const { oid: routineOid, aggregate } of x.catalog.routines()) {
    if (aggregate?.sortOperatorOid === oid) result.push(reference('routine', routineOid));
  }
  return result;
}

/** What has the type, or an array of it, in a kept text. */
export function textsWithType(x: DdlContext, oid: number): ObjectReference[] {
  return textsWith(x, `"${keptTypeName(oid)}"`, oid);
}

/** What names the field of a composite type, or of a table's row type, in a kept text. */
export function textsWithField(x: DdlContext, field: KeptField): ObjectReference[] {
  return textsWith(x, `"${keptFieldName(field)}"`, 0);
}

/** Functions that an aggregate is made of. */
function partsOf(aggregate: AggregateDefinition): readonly number[] {
  const { transitionOid, finalOid, combineOid, serializeOid, deserializeOid, moving } = aggregate;
  const ofMoving = moving === null ? [] : [moving.transitionOid, moving.inverseOid, moving.finalOid];
  return [transitionOid, finalOid, combineOid, serializeOid, deserializeOid, ...ofMoving];
}

/** What has a mark in a kept text: how a function, an operator, a configuration stands there. `oid`: its own, which does not count. */
export function textsWith(x: DdlContext, mark: string, oid: number): ObjectReference[] {
  const result: ObjectReference[] = [];
  const names = (text: string | null | undefined): boolean => text?.includes(mark) === true;
  for (const relation of x.catalog.relations()) {
    if (names(relation.queryText)) result.push(referenceTo(relation));
    if (relation.kind !== 'table') continue;
    for (const column of relation.columns) {
      if (column.dropped || !names(column.defaultText)) continue;
      result.push(reference(column.generated ? 'column' : 'default', relation.oid, column.number));
    }
  }
  for (const { oid: policyOid, queryText } of x.catalog.policies()) {
    if (names(queryText)) result.push(reference('policy', policyOid));
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
    if (type.oid === oid) continue;
    if (names(type.defaultText)) result.push(reference('type', type.oid));
    else for (const check of type.checks ?? []) if (names(check.text)) result.push(reference('constraint', check.oid));
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
        routine.returnTypeOid === typeOid ||
        routine.parameters.some((parameter) => parameter.typeOid === typeOid) ||
        routine.aggregate?.stateTypeOid === typeOid ||
        routine.aggregate?.moving?.stateTypeOid === typeOid,
    )
    .map((routine) => reference('routine', routine.oid));
}

/** Operators over a type, and casts from and to it. */
export function definitionsOfType(x: DdlContext, typeOid: number): ObjectReference[] {
  const operators = [...x.catalog.operators()].filter(({ leftTypeOid, rightTypeOid, resultTypeOid }) =>
    [leftTypeOid, rightTypeOid, resultTypeOid].includes(typeOid),
  );
  const casts = [...x.catalog.casts()].filter((cast) => [cast.sourceTypeOid, cast.targetTypeOid].includes(typeOid));
  return [...operators.map(({ oid }) => reference('operator', oid)), ...casts.map(({ oid }) => reference('cast', oid))];
}
