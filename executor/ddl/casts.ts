/** CREATE CAST, and which cast a statement means. After: PostgreSQL, functioncmds.c. */
import { lookupCast } from '../../catalog/functions/index.ts';
import type { CastDefinition } from '../../catalog/index.ts';
import type { CreateCastStatement, ObjectAddress, TypeName } from '../../parser/ast.ts';
import { sqlError } from '../../types/errors.ts';
import { formatType, isArrayType, OID, type SqlType, typeByOid } from '../../types/index.ts';
import type { DdlContext, DdlResult } from './context.ts';
import { builtinFunction, mustFindRoutine } from './routine-names.ts';
import { checkTypeUsage, resolveType, shownType } from './type-names.ts';

function invalid(message: string): Error {
  return sqlError('42P17', message);
}

/** Array types have their element's owner; what is built in belongs to the system. */
function ownsType(x: DdlContext, typeOid: number): boolean {
  const entry = x.catalog.type(typeOid);
  return x.isSuperuser || (entry !== undefined && x.authority.hasPrivilegesOf(entry.owner));
}

function checkOwnsOne(x: DdlContext, source: number, target: number): void {
  if (ownsType(x, source) || ownsType(x, target)) return;
  throw sqlError('42501', `must be owner of type ${formatType(source)} or type ${formatType(target)}`);
}

interface CastFunction {
  readonly oid: number;
  readonly argumentTypes: readonly number[];
  readonly returnType: number;
  readonly isPlain: boolean;
  readonly returnsSet: boolean;
}

function castFunction(x: DdlContext, object: ObjectAddress): CastFunction {
  const builtin = builtinFunction(x, object);
  if (builtin !== null) {
    const isPlain = builtin.kind === 'scalar';
    const returnsSet = builtin.kind === 'scalar' && builtin.returnsSet;
    return { ...builtin, isPlain, returnsSet };
  }
  const routine = mustFindRoutine(x, object, 'function');
  return {
    oid: routine.oid,
    argumentTypes: routine.parameters
      .filter(({ mode }) => mode !== 'out' && mode !== 'table')
      .map(({ typeOid }) => typeOid),
    returnType: routine.returnTypeOid,
    isPlain: routine.kind === 'function',
    returnsSet: routine.returnsSet,
  };
}

function checkFunction(x: DdlContext, fn: CastFunction, source: number, target: number): void {
  const [first, second, third] = fn.argumentTypes;
  const count = fn.argumentTypes.length;
  if (count < 1 || count > 3) throw invalid('cast function must take one to three arguments');
  if (!x.lookUp.isBinaryCoercible(source, first)) {
    throw invalid('argument of cast function must match or be binary-coercible from source data type');
  }
  if (count > 1 && second !== OID.INT4) throw invalid('second argument of cast function must be type integer');
  if (count > 2 && third !== OID.BOOL) throw invalid('third argument of cast function must be type boolean');
  if (!x.lookUp.isBinaryCoercible(fn.returnType, target)) {
    throw invalid('return data type of cast function must match or be binary-coercible to target data type');
  }
  if (!fn.isPlain) throw invalid('cast function must be a normal function');
  if (fn.returnsSet) throw invalid('cast function must not return a set');
}

/** WITHOUT FUNCTION: values of one type are taken for values of the other. */
function checkBinary(x: DdlContext, source: SqlType, target: SqlType): void {
  if (!x.isSuperuser) throw sqlError('42501', 'must be superuser to create a cast WITHOUT FUNCTION');
  if (source.length !== target.length || source.byValue !== target.byValue || source.align !== target.align) {
    throw invalid('source and target data types are not physically compatible');
  }
  const either = (test: (type: SqlType) => boolean): boolean => test(source) || test(target);
  if (either(({ kind }) => kind === 'c')) throw invalid('composite data types are not binary-compatible');
  if (either(({ kind }) => kind === 'e')) throw invalid('enum data types are not binary-compatible');
  if (either(isArrayType)) throw invalid('array data types are not binary-compatible');
  if (either(({ kind }) => kind === 'd')) throw invalid('domain data types must not be marked binary-compatible');
}

function castType(x: DdlContext, type: TypeName, word: 'source' | 'target'): SqlType {
  const found = typeByOid(resolveType(x, { ...type, position: -1 }).typeOid) as SqlType;
  if (found.kind === 'p') throw sqlError('42809', `${word} data type ${type.name.join('.')} is a pseudo-type`);
  return found;
}

export function createCast(x: DdlContext, statement: CreateCastStatement): DdlResult {
  const source = castType(x, statement.source, 'source');
  const target = castType(x, statement.target, 'target');
  checkOwnsOne(x, source.oid, target.oid);
  checkTypeUsage(x, source.oid);
  checkTypeUsage(x, target.oid);
  const ignored = source.kind === 'd' ? 'source' : target.kind === 'd' ? 'target' : null;
  if (ignored !== null) {
    x.notice('WARNING', '42809', `cast will be ignored because the ${ignored} data type is a domain`);
  }
  let fn: CastFunction | null = null;
  if (statement.function !== null) {
    fn = castFunction(x, statement.function);
    checkFunction(x, fn, source.oid, target.oid);
  } else if (!statement.inout) checkBinary(x, source, target);
  if (source.oid === target.oid && (fn?.argumentTypes.length ?? 0) < 2) {
    throw invalid('source data type and target data type are the same');
  }
  if (findCast(x, source.oid, target.oid) !== null) {
    throw sqlError(
      '42710',
      `cast from type ${formatType(source.oid)} to type ${formatType(target.oid)} already exists`,
    );
  }
  x.putEntry({
    class: 'cast',
    oid: x.allocateOid(),
    sourceTypeOid: source.oid,
    targetTypeOid: target.oid,
    context: statement.context,
    method: fn !== null ? 'function' : statement.inout ? 'inout' : 'binary',
    functionOid: fn?.oid ?? 0,
  });
  return { tag: 'CREATE CAST' };
}

/** 'system': a built-in one. */
function findCast(x: DdlContext, source: number, target: number): CastDefinition | 'system' | null {
  if (lookupCast(source, target) !== null) return 'system';
  return x.catalog.castBetween(source, target) ?? null;
}

export function castText(x: DdlContext, source: number, target: number): string {
  return `cast from ${shownType(x, source)} to ${shownType(x, target)}`;
}

/** The cast that DROP and COMMENT mean; its owner is who owns one of the types. */
export function mustFindCast(x: DdlContext, object: ObjectAddress): CastDefinition | 'system' {
  const [source, target] = object.types.map((type) => resolveType(x, { ...(type as TypeName), position: -1 }).typeOid);
  const found = findCast(x, source, target);
  if (found === null) {
    throw sqlError('42704', `cast from type ${formatType(source)} to type ${formatType(target)} does not exist`);
  }
  checkOwnsOne(x, source, target);
  return found;
}

export function castTypes(x: DdlContext, object: ObjectAddress): readonly [number, number] {
  const [source, target] = object.types.map((type) => resolveType(x, { ...(type as TypeName), position: -1 }).typeOid);
  return [source, target];
}

export function hasCast(x: DdlContext, object: ObjectAddress): boolean {
  const [source, target] = castTypes(x, object);
  return findCast(x, source, target) !== null;
}
