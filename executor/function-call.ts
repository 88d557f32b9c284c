/**
 * FunctionCall messages (libpq's PQfn, JDBC's fastpath): one call of a function by its oid. Clients use them for large objects. It is run
 * as the SELECT that calls it. After: PostgreSQL, tcop/fastpath.c.
 */
import type { Value } from '../catalog/function-entry.ts';
import { functionByOid } from '../catalog/functions/index.ts';
import { quoteIdentifier } from '../catalog/functions/quote.ts';
import { inputsOf } from '../catalog/functions/user-routines.ts';
import { sqlError } from '../types/errors.ts';
import { OID, outputBinary, outputText } from '../types/index.ts';
import { readParameters } from './extended-query.ts';
import { PORTAL_PENDING, Portal } from './portal.ts';
import type { Session, Task } from './session.ts';
import { DONE } from './session-api.ts';

interface CalledFunction {
  readonly schema: string;
  readonly name: string;
  readonly types: readonly number[];
  readonly isCallable: boolean;
}

function functionOf(session: Session, oid: number): CalledFunction {
  const routine = session.catalog.routine(oid);
  if (routine !== undefined) {
    const types = inputsOf(routine).map(({ typeOid }) => typeOid);
    const isCallable = routine.kind === 'function' && !routine.returnsSet;
    return { schema: session.catalog.schemaName(routine.schemaOid), name: routine.name, types, isCallable };
  }
  const entry = functionByOid(oid);
  if (entry === null) throw sqlError('42883', `function with OID ${oid} does not exist`);
  const isCallable = entry.kind === 'scalar' && !entry.returnsSet;
  return { schema: 'pg_catalog', name: entry.name, types: entry.argumentTypes, isCallable };
}

export function* runFunctionCall(
  session: Session,
  oid: number,
  formats: readonly number[],
  parameters: readonly (Uint8Array | null)[],
  resultFormat: number,
): Task {
  session.beginStatement('<FASTPATH> function call');
  session.checkNotFailed(null);
  const { schema, name, types, isCallable } = functionOf(session, oid);
  if (!isCallable) throw sqlError('0A000', `cannot call function "${name}" via fastpath interface`);
  if (parameters.length !== types.length) {
    const message = `function call message contains ${parameters.length} arguments but function requires ${types.length}`;
    throw sqlError('08P01', message);
  }
  const args = types.map((_, i) => `$${i + 1}`).join(', ');
  const prepared = session.prepare(`SELECT ${quoteIdentifier(schema)}.${quoteIdentifier(name)}(${args})`, types);
  const values = readParameters(session, prepared, formats, parameters, null);
  const variant = prepared.isPlanned ? session.statements.variantForParameters(prepared, values) : prepared;
  const portal = new Portal(session, '', variant, values, null, []);
  let value: Value = null;
  portal.onBatch = (batch, from) => {
    value = batch.columns[0][from];
  };
  session.running = portal;
  while (session.pollPortal(portal, 0) === PORTAL_PENDING) yield* session.wait();
  const [typeOid] = portal.statement.outputTypes;
  portal.close();
  session.running = null;
  if (!session.transaction.isBlock && !session.commitReadOnly()) yield* session.commitTask();
  session.sink.functionCallResponse(encoded(session, typeOid, value, resultFormat));
  return DONE;
}

function encoded(session: Session, typeOid: number, value: Value, format: number): Uint8Array | null {
  if (typeOid === OID.VOID) return new Uint8Array(0);
  if (value === null) return null;
  if (format !== 0 && format !== 1) throw sqlError('22023', `unsupported format code: ${format}`);
  const { encoding } = session.sink;
  if (format === 1) return outputBinary(typeOid, value, encoding);
  const text = outputText(typeOid, value, session.settings.format);
  return encoding === null ? Buffer.from(text, 'utf8') : encoding.encode(text);
}
