/** Functions that definitions name: what stands behind aggregates, operators and casts. */
import type { ScalarFunction } from '../../catalog/function-entry.ts';
import { permissionDenied, rightsByAcl, routineAcl, systemFunctionAcl } from '../../catalog/rights.ts';
import type { QualifiedName } from '../../parser/ast.ts';
import { sqlError } from '../../types/errors.ts';
import { formatType, OID } from '../../types/index.ts';
import type { DdlContext } from './context.ts';

export function signatureText(names: QualifiedName, types: readonly number[]): string {
  return `${names.join('.')}(${types.map((oid) => formatType(oid)).join(', ')})`;
}

/** 42501 without EXECUTE on the function. */
export function checkExecute(x: DdlContext, { oid, name, routine }: ScalarFunction): void {
  const acl = routine === undefined ? systemFunctionAcl(x.catalog, oid, name) : routineAcl(routine);
  if (rightsByAcl(acl, x.authority, 'X') === '') throw permissionDenied(routine?.kind ?? 'function', name);
}

/** LookupFuncName: a function (or procedure) of exactly this signature. */
export function exactFunction(x: DdlContext, names: QualifiedName, types: readonly number[]): ScalarFunction {
  const found = x.lookUp.exactFunction(names, types);
  if (found === null || found.kind !== 'scalar') {
    throw sqlError('42883', `function ${signatureText(names, types)} does not exist`);
  }
  return found;
}

export interface Part {
  readonly entry: ScalarFunction;
  readonly resultType: number;
}

/** lookup_agg_function: for these arguments, which it must take as they are. `isVariadicAny`: it has to take any number. */
export function aggregatePart(
  x: DdlContext,
  names: QualifiedName,
  types: readonly number[],
  isVariadicAny: boolean,
): Part {
  const found = x.lookUp.function(names, types);
  const entry = found?.entry;
  if (found === null || entry?.kind !== 'scalar' || entry.routine?.kind === 'procedure') {
    throw sqlError('42883', `function ${signatureText(names, types)} does not exist`);
  }
  if (entry.returnsSet) throw sqlError('42804', `function ${signatureText(names, types)} returns a set`);
  const last = entry.argumentTypes[entry.argumentTypes.length - 1];
  if (isVariadicAny && !(entry.variadic && last === OID.ANY)) {
    const shown = signatureText(names, types);
    throw sqlError('42804', `function ${shown} must accept VARIADIC ANY to be used in this aggregate`);
  }
  if (!types.every((oid, i) => x.lookUp.isBinaryCoercible(oid, found.declared[i]))) {
    throw sqlError('42804', `function ${signatureText(names, found.declared)} requires run-time type coercion`);
  }
  checkExecute(x, entry);
  return { entry, resultType: found.resultType };
}
