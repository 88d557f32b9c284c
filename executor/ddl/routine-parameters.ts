/** Parameters and results of CREATE FUNCTION and CREATE PROCEDURE, with PostgreSQL's rules about them (functioncmds.c). */

import { isInput, isOutput } from '../../catalog/functions/user-routines.ts';
import type { RoutineEntry, RoutineParameter } from '../../catalog/index.ts';
import type { CreateFunctionStatement, Expression, FunctionParameter, TypeName } from '../../parser/ast.ts';
import { SqlError, sqlError } from '../../types/errors.ts';
import { formatType, isArrayType, OID, typeByOid } from '../../types/index.ts';
import type { DdlContext } from './context.ts';
import { keptFormat, withKeptTypes } from './kept-types.ts';
import { at } from './resolve.ts';
import { defaultStoredText } from './stored-text.ts';
import { checkTypeUsage, resolveType } from './type-names.ts';

const ANY = 2276;
const TRIGGER = 2279;
const EVENT_TRIGGER = 3838;
const SIMPLE_FAMILY = new Set([2283, 2277, 2776, 3500, 3831, 4537]);
const COMPATIBLE_FAMILY = new Set([5077, 5078, 5079, 5080, 4538]);
const RANGES: Readonly<Record<number, readonly number[]>> = {
  3831: [3831, 4537],
  4537: [3831, 4537],
  5080: [5080, 4538],
  4538: [5080, 4538],
};

export function isPolymorphicType(oid: number): boolean {
  return SIMPLE_FAMILY.has(oid) || COMPATIBLE_FAMILY.has(oid);
}

function invalid(message: string, fields: { detail?: string; hint?: string } = {}): Error {
  return sqlError('42P13', message, fields);
}

export interface Signature {
  readonly parameters: readonly RoutineParameter[];
  readonly returnTypeOid: number;
  readonly returnsSet: boolean;
}

/** A type of a parameter or a result: SETOF is looked at apart. */
function routineType(x: DdlContext, type: TypeName): number {
  const { typeOid } = resolveType(x, { ...type, setOf: false });
  checkTypeUsage(x, typeOid);
  if (type.percentType) {
    x.notice('NOTICE', '00000', `type reference ${type.name.join('.')}%TYPE converted to ${formatType(typeOid)}`);
  }
  return typeOid;
}

/** PostgreSQL's words for a parameter's type differ a little. */
function parameterType(x: DdlContext, type: TypeName): number {
  try {
    return routineType(x, type);
  } catch (error) {
    if (!(error instanceof SqlError) || error.code !== '42704') throw error;
    throw sqlError('42704', `type ${type.name.join('.')}${'[]'.repeat(type.arrayDimensions.length)} does not exist`);
  }
}

export function signatureOf(x: DdlContext, statement: CreateFunctionStatement): Signature {
  const { procedure } = statement;
  const types = statement.parameters.map((parameter) => {
    if (parameter.type.setOf) {
      throw invalid(`${procedure ? 'procedures' : 'functions'} cannot accept set arguments`);
    }
    return parameterType(x, parameter.type);
  });
  checkParameters(statement, types);
  const parameters = statement.parameters.map(
    (parameter, i): RoutineParameter => ({
      name: parameter.name ?? '',
      mode: parameter.mode ?? 'in',
      typeOid: types[i],
      defaultText: defaultOf(x, parameter, types[i]),
    }),
  );
  checkDefaults(statement, parameters);
  return { parameters, ...resultOf(x, statement, parameters) };
}

/** Arguments of an aggregate: what goes in, of whatever type. */
export function parameterTypes(
  x: DdlContext,
  parameters: readonly FunctionParameter[],
  what: 'aggregates',
): readonly RoutineParameter[] {
  const types = parameters.map((parameter) => {
    if (parameter.type.setOf) throw invalid(`${what} cannot accept set arguments`);
    return parameterType(x, parameter.type);
  });
  checkModes({ parameters, procedure: false }, types);
  return parameters.map(({ name, mode }, i) => ({
    name: name ?? '',
    mode: mode === 'variadic' ? 'variadic' : 'in',
    typeOid: types[i],
    defaultText: null,
  }));
}

function checkParameters(statement: CreateFunctionStatement, types: readonly number[]): void {
  checkModes(statement, types);
}

function checkModes(
  statement: Pick<CreateFunctionStatement, 'parameters' | 'procedure'>,
  types: readonly number[],
): void {
  const { parameters, procedure } = statement;
  let hasVariadic = false;
  parameters.forEach(({ mode }, i) => {
    const isIn = mode !== 'out' && mode !== 'table';
    if (hasVariadic && isIn) throw invalid('VARIADIC parameter must be the last input parameter');
    if (hasVariadic && procedure) throw invalid('VARIADIC parameter must be the last parameter');
    if (mode !== 'variadic') return;
    hasVariadic = true;
    const type = typeByOid(types[i]);
    const isArray = (type !== undefined && isArrayType(type)) || [OID.ANYARRAY, 5078, ANY].includes(types[i]);
    if (!isArray) throw invalid('VARIADIC parameter must be an array');
  });
  parameters.forEach((parameter, i) => {
    if (parameter.name === null) return;
    for (const before of parameters.slice(0, i)) {
      if (before.name === parameter.name && !areApart(before, parameter)) {
        throw invalid(`parameter name "${parameter.name}" used more than once`);
      }
    }
  });
}

/** One goes in only, the other comes out only. */
function areApart(a: FunctionParameter, b: FunctionParameter): boolean {
  const isIn = ({ mode }: FunctionParameter): boolean => mode === null || mode === 'in' || mode === 'variadic';
  const isOut = ({ mode }: FunctionParameter): boolean => mode === 'out' || mode === 'table';
  return (isIn(a) && isOut(b)) || (isOut(a) && isIn(b));
}

function defaultOf(x: DdlContext, { defaultValue, mode }: FunctionParameter, typeOid: number): string | null {
  if (defaultValue === null) return null;
  if (mode === 'out' || mode === 'table') throw invalid('only input parameters can have default values');
  refuseColumns(defaultValue);
  const own = x.bind(defaultValue, null, 'default');
  if (!isPolymorphicType(typeOid)) {
    try {
      x.bind(defaultValue, null, 'default', { typeOid, typeModifier: -1 });
    } catch (error) {
      if (!(error instanceof SqlError) || error.code !== '42804') throw error;
      const [wanted, actual] = [formatType(typeOid), formatType(own.typeOid)];
      const position = defaultValue.kind === 'cast' ? defaultValue.arg.position : defaultValue.position;
      throw sqlError('42804', `argument of DEFAULT must be type ${wanted}, not type ${actual}`, at(x, position));
    }
  }
  if (isPolymorphicType(typeOid)) return x.deparse(withKeptTypes(x, defaultValue));
  if (defaultValue.kind === 'null') return `NULL::${keptFormat(x, typeOid, -1)}`;
  return defaultStoredText(x, defaultValue, { typeOid, typeModifier: -1 });
}

function refuseColumns(node: unknown): void {
  if (Array.isArray(node)) {
    for (const part of node) refuseColumns(part);
    return;
  }
  if (typeof node !== 'object' || node === null) return;
  const { kind } = node as Partial<Expression>;
  if (kind === 'columnRef') throw sqlError('42P10', 'cannot use table references in parameter default value');
  if (kind === ('query' as string)) throw sqlError('0A000', 'cannot use subquery in DEFAULT expression');
  for (const part of Object.values(node)) refuseColumns(part);
}

function checkDefaults(statement: CreateFunctionStatement, parameters: readonly RoutineParameter[]): void {
  let hasDefault = false;
  for (const parameter of parameters) {
    if (parameter.defaultText !== null) hasDefault = true;
    else if (hasDefault && isInput(parameter)) {
      throw invalid('input parameters after one with a default value must also have defaults');
    } else if (hasDefault && statement.procedure) {
      throw invalid('procedure OUT parameters cannot appear after one with a default value');
    }
  }
}

function resultOf(
  x: DdlContext,
  statement: CreateFunctionStatement,
  parameters: readonly RoutineParameter[],
): Pick<Signature, 'returnTypeOid' | 'returnsSet'> {
  const outputs = parameters.filter(isOutput);
  const isTable = parameters.some((parameter) => parameter.mode === 'table');
  if (statement.procedure) {
    return { returnTypeOid: outputs.length === 0 ? OID.VOID : OID.RECORD, returnsSet: false };
  }
  const required = outputs.length === 0 ? 0 : outputs.length === 1 ? outputs[0].typeOid : OID.RECORD;
  if (statement.returns === null) {
    if (required === 0) throw invalid('function result type must be specified');
    return { returnTypeOid: required, returnsSet: isTable };
  }
  const returnTypeOid = resultType(x, statement.returns);
  if (required !== 0 && required !== returnTypeOid) {
    throw invalid(`function result type must be ${formatType(required)} because of OUT parameters`);
  }
  return { returnTypeOid, returnsSet: statement.returns.setOf };
}

function resultType(x: DdlContext, type: TypeName): number {
  try {
    return routineType(x, type);
  } catch (error) {
    if (error instanceof SqlError && error.code === '42704') throw sqlError('42704', error.message);
    throw error;
  }
}

/** What a result of a polymorphic type follows from must be among the inputs. */
export function checkPolymorphicResult({ parameters, returnTypeOid }: Signature): void {
  const inputs = parameters.filter(isInput).map((parameter) => parameter.typeOid);
  for (const result of [returnTypeOid, ...parameters.filter(isOutput).map((parameter) => parameter.typeOid)]) {
    const detail = undeterminedDetail(result, inputs);
    if (detail !== null) throw invalid('cannot determine result data type', { detail });
  }
}

/** Why a polymorphic type does not follow from these inputs; null: it does, or it is none. */
export function undeterminedDetail(result: number, inputs: readonly number[]): string | null {
  const ranges = RANGES[result];
  if (ranges !== undefined) return inputs.some((oid) => ranges.includes(oid)) ? null : undetermined(result, ranges);
  if (SIMPLE_FAMILY.has(result) && !inputs.some((oid) => SIMPLE_FAMILY.has(oid))) {
    return undetermined(result, [2283, 2277, 2776, 3500, 3831, 4537]);
  }
  if (COMPATIBLE_FAMILY.has(result) && !inputs.some((oid) => COMPATIBLE_FAMILY.has(oid))) {
    return undetermined(result, [5077, 5078, 5079, 5080, 4538]);
  }
  return null;
}

function undetermined(result: number, wanted: readonly number[]): string {
  const names = wanted.map((oid) => formatType(oid));
  const list =
    names.length === 2 ? names.join(' or ') : `${names.slice(0, -1).join(', ')}, or ${names[names.length - 1]}`;
  return `A result of type ${formatType(result)} requires at least one input of type ${list}.`;
}

/** Pseudo-types that no body of SQL can take or give. */
export function checkSqlTypes(signature: Signature): void {
  const { returnTypeOid } = signature;
  const result = typeByOid(returnTypeOid);
  const mayReturn = returnTypeOid === OID.RECORD || returnTypeOid === OID.VOID || isPolymorphicType(returnTypeOid);
  if (returnTypeOid === TRIGGER || returnTypeOid === EVENT_TRIGGER || (result?.kind === 'p' && !mayReturn)) {
    throw invalid(`SQL functions cannot return type ${formatType(returnTypeOid)}`);
  }
  for (const { typeOid } of signature.parameters.filter(isInput)) {
    if (typeByOid(typeOid)?.kind !== 'p' || isPolymorphicType(typeOid)) continue;
    throw invalid(`SQL functions cannot have arguments of type ${formatType(typeOid)}`);
  }
}

/** OR REPLACE: callers of the function that is there must not notice. */
export function checkReplacement(
  old: RoutineEntry,
  next: Signature,
  kind: RoutineEntry['kind'],
  dropHint: string,
): void {
  if (old.kind !== kind) {
    const article = old.kind === 'aggregate' ? 'an aggregate function' : `a ${old.kind}`;
    throw sqlError('42809', 'cannot change routine kind', { detail: `"${old.name}" is ${article}.` });
  }
  if (old.returnTypeOid !== next.returnTypeOid || old.returnsSet !== next.returnsSet) {
    const message =
      kind === 'procedure'
        ? 'cannot change whether a procedure has output parameters'
        : 'cannot change return type of existing function';
    throw invalid(message, { hint: dropHint });
  }
  const [oldOut, newOut] = [old.parameters.filter(isOutput), next.parameters.filter(isOutput)];
  if (old.returnTypeOid === OID.RECORD && (oldOut.length > 0 || newOut.length > 0)) {
    const isSame =
      oldOut.length === newOut.length &&
      oldOut.every((column, i) => column.typeOid === newOut[i].typeOid && column.name === newOut[i].name);
    if (!isSame) {
      throw invalid('cannot change return type of existing function', {
        detail: 'Row type defined by OUT parameters is different.',
        hint: dropHint,
      });
    }
  }
  const [before, after] = [old.parameters.filter(isInput), next.parameters.filter(isInput)];
  before.forEach((parameter, i) => {
    if (parameter.name !== '' && parameter.name !== after[i].name) {
      throw invalid(`cannot change name of input parameter "${parameter.name}"`, { hint: dropHint });
    }
  });
  const count = (list: readonly RoutineParameter[]): number => list.filter((each) => each.defaultText !== null).length;
  if (count(after) < count(before)) {
    throw invalid('cannot remove parameter defaults from existing function', { hint: dropHint });
  }
}
