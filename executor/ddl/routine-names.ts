/** Which function or procedure a statement means, and how messages call it. */

import type { FunctionEntry } from '../../catalog/function-entry.ts';
import { functionsByName } from '../../catalog/functions/index.ts';
import { quoteIdentifier } from '../../catalog/functions/quote.ts';
import { inputsOf, routinesNamed } from '../../catalog/functions/user-routines.ts';
import type { RoutineEntry, RoutineParameter } from '../../catalog/index.ts';
import { isSystemRoutine } from '../../catalog/system-routines.ts';
import type { FunctionParameter, ObjectAddress } from '../../parser/ast.ts';
import { sqlError } from '../../types/errors.ts';
import { formatType } from '../../types/index.ts';
import type { DdlContext } from './context.ts';
import { resolveType, shownType } from './type-names.ts';

export type RoutineWord = 'function' | 'procedure' | 'routine' | 'aggregate';

export function isRoutineWord(objectType: string): objectType is RoutineWord {
  return ['function', 'procedure', 'routine', 'aggregate'].includes(objectType);
}

/** name(type, type), without a schema that the search path leads to. */
export function routineSignature(x: DdlContext, routine: RoutineEntry, separator = ','): string {
  const types = inputsOf(routine).map(({ typeOid }) => shownType(x, typeOid));
  return `${routineName(x, routine)}(${types.join(separator)})`;
}

function routineName(x: DdlContext, routine: RoutineEntry): string {
  const isSeen = routinesNamed(x.catalog, null, routine.name, x.searchPath).includes(routine);
  const name = quoteIdentifier(routine.name);
  return isSeen ? name : `${quoteIdentifier(x.catalog.schemaName(routine.schemaOid))}.${name}`;
}

function inputTypes(x: DdlContext, parameters: readonly FunctionParameter[]): number[] {
  return parameters
    .filter(({ mode }) => mode !== 'out' && mode !== 'table')
    .map(({ type }) => resolveType(x, type).typeOid);
}

/** An argument list of a procedure may name its OUT parameters too. */
function allTypes(x: DdlContext, parameters: readonly FunctionParameter[]): number[] {
  return parameters.map(({ type }) => resolveType(x, type).typeOid);
}

function isKind(routine: RoutineEntry, word: RoutineWord): boolean {
  // An aggregate is a function, too.
  return word === 'routine' || routine.kind === word || (word === 'function' && routine.kind === 'aggregate');
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((oid, i) => oid === b[i]);
}

function typesOf(parameters: readonly RoutineParameter[]): readonly number[] {
  return parameters.map(({ typeOid }) => typeOid);
}

/** What is there under the name; null: nothing of that signature. */
export function findRoutine(x: DdlContext, object: ObjectAddress, word: RoutineWord): RoutineEntry | null {
  const { name, parameters } = object;
  const schema = name.length > 1 ? name[name.length - 2] : null;
  if (schema !== null && x.catalog.schemaOfPath(schema, x.searchPath) === undefined) {
    throw sqlError('3F000', `schema "${schema}" does not exist`);
  }
  if (schema !== null) x.checkSchema(schema);
  const named = routinesNamed(x.catalog, schema, name[name.length - 1], x.searchPath);
  if (parameters === null) {
    const candidates = named.filter((routine) => isKind(routine, word));
    if (candidates.length <= 1) return candidates[0] ?? null;
    throw sqlError('42725', `${word} name "${name.join('.')}" is not unique`, {
      hint: `Specify the argument list to select the ${word} unambiguously.`,
    });
  }
  const types = inputTypes(x, parameters);
  const byInputs = named.find((routine) => same(typesOf(inputsOf(routine)), types));
  if (word === 'function') return byInputs ?? null;
  // Modes that are written say which parameters go in.
  if (parameters.some(({ mode }) => mode !== null)) return byInputs ?? null;
  const all = allTypes(x, parameters);
  const byAll = named.find((routine) => routine.kind === 'procedure' && same(typesOf(routine.parameters), all));
  if (byInputs !== undefined && byAll !== undefined && byInputs !== byAll) {
    throw sqlError('42725', `${word} name "${name.join('.')}" is not unique`);
  }
  return byInputs ?? byAll ?? null;
}

/** f(integer) as an argument list was written. */
function shownAddress(x: DdlContext, object: ObjectAddress): string {
  const types = inputTypes(x, object.parameters ?? []).map((oid) => formatType(oid));
  const shown = types.length === 0 && object.objectType === 'aggregate' ? '*' : types.join(', ');
  return `${object.name.join('.')}(${shown})`;
}

export function routineMissing(x: DdlContext, object: ObjectAddress, word: RoutineWord): Error {
  if (object.parameters === null) return sqlError('42883', `could not find a ${word} named "${object.name.join('.')}"`);
  return sqlError('42883', `${word} ${shownAddress(x, object)} does not exist`);
}

/** The routine of that kind, or PostgreSQL's error. */
export function mustFindRoutine(x: DdlContext, object: ObjectAddress, word: RoutineWord): RoutineEntry {
  const found = findRoutine(x, object, word);
  if (found === null) {
    refuseBuiltin(x, object);
    throw routineMissing(x, object, word);
  }
  if (!isKind(found, word)) throw wrongKind(x, found, word);
  return found;
}

/** What ALTER says is owned: an aggregate is a function. */
export function ownedWord({ kind }: RoutineEntry): 'function' | 'procedure' {
  return kind === 'procedure' ? 'procedure' : 'function';
}

export function wrongKind(x: DdlContext, found: RoutineEntry, word: RoutineWord): Error {
  const shown = routineSignature(x, found, ', ');
  return sqlError(
    '42809',
    word === 'aggregate' ? `function ${shown} is not an aggregate` : `${shown} is not a ${word}`,
  );
}

/** The same, for who is to change it. */
export function mustFindOwnRoutine(x: DdlContext, object: ObjectAddress, word: RoutineWord): RoutineEntry {
  const found = mustFindRoutine(x, object, word);
  if (isSystemRoutine(found)) throw sqlError('42501', `permission denied: "${found.name}" is a system function`);
  return found;
}

/** Functions of the system belong to it. */
function refuseBuiltin(x: DdlContext, { name, parameters }: ObjectAddress): void {
  if (name.length > 1 && name[name.length - 2] !== 'pg_catalog') return;
  const known = functionsByName(name[name.length - 1]);
  const types = parameters === null ? null : inputTypes(x, parameters);
  const found = known.find((entry) => types === null || same(entry.argumentTypes, types));
  if (found !== undefined && !x.isSuperuser) throw sqlError('42501', `must be owner of function ${found.name}`);
}

/** A function of the system of this name and signature; null: none. */
export function builtinSignature(x: DdlContext, object: ObjectAddress): string | null {
  const found = builtinFunction(x, object);
  return found === null ? null : `${found.name}(${found.argumentTypes.map((oid) => formatType(oid)).join(',')})`;
}

export function builtinFunction(x: DdlContext, { name, parameters }: ObjectAddress): FunctionEntry | null {
  if (name.length > 1 && name[name.length - 2] !== 'pg_catalog') return null;
  const types = parameters === null ? null : inputTypes(x, parameters);
  const named = functionsByName(name[name.length - 1]);
  return named.find((entry) => types === null || same(entry.argumentTypes, types)) ?? null;
}
