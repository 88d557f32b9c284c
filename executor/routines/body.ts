/**
 * Bodies of user-made functions, planned for one place where they are called. A place is in a plan that sessions share, and so are
 * its statements: each is planned again when the catalog or the search path is another (PreparedStatement.program).
 */
import type { RoutineCall, Value } from '../../catalog/function-entry.ts';
import { inFunction } from '../../catalog/functions/routine-errors.ts';
import { inputsOf } from '../../catalog/functions/user-routines.ts';
import type { Statement } from '../../parser/ast.ts';
import { parse } from '../../parser/index.ts';
import { sqlError } from '../../types/errors.ts';
import { baseTypeOid, OID, SqlRecord, typeByOid } from '../../types/index.ts';
import { isPlanned, PreparedStatement } from '../prepared-statement.ts';

/** A statement of a body. */
export interface BodyStatement {
  readonly prepared: PreparedStatement;
  /** Its rows are what the function answers. */
  readonly isLast: boolean;
}

const parsed = new WeakMap<object, readonly { readonly text: string; readonly statement: Statement }[]>();

/** The statements of a body's text. */
export function statementsOf({
  routine,
}: RoutineCall): readonly { readonly text: string; readonly statement: Statement }[] {
  let known = parsed.get(routine);
  if (known === undefined) {
    const texts = routine.statements ?? [routine.bodyText];
    known = texts.flatMap((text) => parse(text).map((statement) => ({ text, statement })));
    parsed.set(routine, known);
  }
  return known;
}

const WORDS: Readonly<Record<string, string>> = {
  begin: 'BEGIN',
  commit: 'COMMIT',
  rollback: 'ROLLBACK',
  savepoint: 'SAVEPOINT',
  releaseSavepoint: 'RELEASE SAVEPOINT',
  rollbackToSavepoint: 'ROLLBACK TO SAVEPOINT',
  prepareTransaction: 'PREPARE TRANSACTION',
  copy: 'COPY',
};

/** What is not for a function: 0A000. */
function refuse({ node }: Statement, isReadOnly: boolean): void {
  const word = WORDS[node.kind];
  if (node.kind === 'vacuum') throw sqlError('25001', 'VACUUM cannot be executed from a function');
  if (node.kind === 'copy') throw sqlError('0A000', 'cannot COPY to/from client in an SQL function');
  if (word !== undefined) throw sqlError('0A000', `${word} is not allowed in an SQL function`);
  if (!isReadOnly || node.kind === 'query' || node.kind === 'explain' || node.kind === 'show') return;
  const name = isPlanned(node) ? node.kind.toUpperCase() : commandName(node.kind);
  throw sqlError('0A000', `${name} is not allowed in a non-volatile function`);
}

/** createTable: CREATE TABLE. */
function commandName(kind: string): string {
  return kind.replace(/([A-Z])/g, ' $1').toUpperCase();
}

const bodies = new WeakMap<RoutineCall, readonly BodyStatement[]>();

/** The statements of a call's body. */
export function bodyOf(call: RoutineCall): readonly BodyStatement[] {
  let known = bodies.get(call);
  if (known === undefined) {
    known = inFunction(call.routine, 'during startup', () => makeBody(call));
    bodies.set(call, known);
  }
  return known;
}

function makeBody(call: RoutineCall): readonly BodyStatement[] {
  const { routine } = call;
  const statements = statementsOf(call);
  const parameterNames = inputsOf(routine).map((parameter) => parameter.name);
  return statements.map(({ text, statement }, i) => {
    refuse(statement, routine.volatility !== 'volatile');
    const isLast = i === statements.length - 1;
    const prepared = new PreparedStatement(text, statement, call.argumentTypes, true, {
      hasPositions: routine.statements === null,
      name: routine.name,
      parameterNames,
      parameterTypes: call.argumentTypes,
      result: isLast
        ? { typeOid: call.returnType, columns: call.columns, isProcedure: routine.kind === 'procedure' }
        : null,
    });
    prepared.isResolved = routine.statements !== null;
    return { prepared, isLast };
  });
}

/** Makes a function's value of a row of its last statement. */
export type ResultMaker = (row: readonly Value[]) => Value;

/** Where one column is the value, it is that; else the columns are a row of the type that is returned. */
export function resultMaker(call: RoutineCall, prepared: PreparedStatement): ResultMaker {
  const { returnType } = call;
  const fields = prepared.fields ?? [];
  if (returnType === OID.VOID) return () => null;
  const attributes = returnType === OID.RECORD ? undefined : typeByOid(baseTypeOid(returnType))?.attributes;
  const isRow = returnType === OID.RECORD || attributes !== undefined;
  const output = prepared.outputTypes;
  if (!isRow) return (row) => row[0];
  const isProcedure = call.routine.kind === 'procedure';
  if (output.length === 1 && !isProcedure && baseTypeOid(output[0]) === baseTypeOid(returnType)) return (row) => row[0];
  const columns = call.columns ?? attributes;
  const types = columns?.map((column) => column.typeOid) ?? output;
  const names = columns?.map((column) => column.name) ?? fields.map((field) => field.name);
  return (row) => new SqlRecord(types, [...row], names);
}
