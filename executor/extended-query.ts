/**
 * Messages of the extended protocol that never wait: Parse, Bind and Describe. They answer at once or throw; Execute, which may wait,
 * is the session's.
 */
import type { Value } from '../catalog/function-entry.ts';
import { FIRST_OID } from '../storage/api.ts';
import { SqlError, sqlError } from '../types/errors.ts';
import { inputBinary, inputText, OID } from '../types/index.ts';
import { inputCheckOf } from './domains.ts';
import { Portal } from './portal.ts';
import type { PreparedStatement } from './prepared-statement.ts';
import type { Session } from './session.ts';
import { LONG_PARAMETER_SIZE } from './session-api.ts';

/** Parse: makes a statement of this name. */
export function parseStatement(session: Session, name: string, bytes: Uint8Array, types: readonly number[]): void {
  const text = session.decode(bytes);
  const { prepared } = session.statements;
  if (name === '') prepared.delete('');
  else if (prepared.has(name)) throw sqlError('42P05', `prepared statement "${name}" already exists`);
  session.statements.add(name, session.prepare(text, types));
  session.sink.parseComplete();
}

/** Bind: makes a portal of a statement and its parameters. */
export function bindPortal(
  session: Session,
  portalName: string,
  statementName: string,
  parameterFormats: readonly number[],
  parameters: readonly (Uint8Array | null)[],
  resultFormats: readonly number[],
): void {
  const prepared = session.statements.named(statementName);
  checkParameterCounts(prepared, statementName, parameterFormats.length, parameters.length);
  session.checkNotFailed(prepared.node);
  if (
    portalName !== '' &&
    (session.portals.find(portalName) !== undefined || session.cursors.find(portalName) !== undefined)
  )
    throw sqlError('42P03', `cursor "${portalName}" already exists`);
  session.portals.drop(portalName);
  const values = readParameters(session, prepared, parameterFormats, parameters, portalName);
  const variant = prepared.isPlanned ? session.statements.variantForParameters(prepared, values) : prepared;
  const width = prepared.fields?.length ?? 0;
  if (resultFormats.length > 1 && resultFormats.length !== width) {
    throw sqlError('08P01', `bind message has ${resultFormats.length} result formats but query has ${width} columns`);
  }
  const portal = new Portal(session, portalName, variant, values, null, resultFormats);
  if (portalName !== '') portal.boundAt = session.server.now();
  session.portals.add(portal, session.transaction.savepoints.length);
  session.sink.bindComplete();
}

function checkParameterCounts(
  { parameterTypes }: PreparedStatement,
  statementName: string,
  formatCount: number,
  count: number,
): void {
  if (formatCount > 1 && formatCount !== count) {
    throw sqlError('08P01', `bind message has ${formatCount} parameter formats but ${count} parameters`);
  }
  if (count !== parameterTypes.length) {
    throw sqlError(
      '08P01',
      `bind message supplies ${count} parameters, but prepared statement "${statementName}" requires ${parameterTypes.length}`,
    );
  }
}

/** `portalName` null: they are a function's arguments, of a FunctionCall. */
export function readParameters(
  session: Session,
  prepared: PreparedStatement,
  formats: readonly number[],
  parameters: readonly (Uint8Array | null)[],
  portalName: string | null,
): Value[] {
  const types = prepared.parameterTypes;
  const formatCount = formats.length;
  return parameters.map((bytes, i) => {
    const format = formatCount === 0 ? 0 : formatCount === 1 ? formats[0] : formats[i];
    try {
      return readParameter(session, types[i], format, bytes, portalName === null ? 0 : i + 1);
    } catch (error) {
      if (portalName === null || !(error instanceof SqlError)) throw error;
      const text = format === 1 || bytes === null ? null : textOf(session, bytes);
      throw error.within(parameterContext(session, portalName, i + 1, text));
    }
  });
}

function readParameter(
  session: Session,
  typeOid: number,
  format: number | undefined,
  bytes: Uint8Array | null,
  number: number,
): Value {
  if (typeOid >= FIRST_OID) checkType(session, typeOid);
  if (bytes === null) return null;
  // Long parameters are the session's to keep (session-api.ts).
  if (format === 1 && typeOid === OID.BYTEA && bytes.length >= LONG_PARAMETER_SIZE) {
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }
  const value =
    format === 1
      ? inputBinary(typeOid, -1, bytes, session.sink.encoding, number)
      : inputText(typeOid, -1, session.decode(bytes), session.settings.format);
  return typeOid < FIRST_OID ? value : checkedInput(session, typeOid, value);
}

/** Null: it is none in the client's encoding. */
function textOf(session: Session, bytes: Uint8Array): string | null {
  try {
    return session.decode(bytes);
  } catch {
    return null;
  }
}

/** Which parameter an error is about; of its text, as much as log_parameter_max_length_on_error allows. */
function parameterContext(session: Session, portalName: string, number: number, whole: string | null): string {
  const what = `${portalName === '' ? 'unnamed portal' : `portal "${portalName}"`} parameter $${number}`;
  if (whole === null) return what;
  const text = Buffer.from(whole, 'utf8');
  const limit = session.settings.number('log_parameter_max_length_on_error');
  const isWhole = limit < 0 || text.length <= limit;
  // A character that the limit has cut is left out.
  const shown = isWhole
    ? whole
    : text
        .subarray(0, limit)
        .toString('utf8')
        .replace(/\ufffd$/, '');
  return `${what} = '${shown.replaceAll("'", "''")}${isWhole ? '' : '...'}'`;
}

/** The statement may be older than the end of a type. Drivers go by the words: a reason to ask for all types anew. */
function checkType({ catalog }: Session, oid: number): void {
  if (catalog.type(oid) === undefined) throw sqlError('XX000', `cache lookup failed for type ${oid}`);
}

/** A value of a user-made type that was read: domains are checked, those inside it, too. */
function checkedInput(session: Session, typeOid: number, value: Value): Value {
  const { engine, catalog, database } = session;
  const check = inputCheckOf(engine, catalog, typeOid, database.bindEnvironment(catalog));
  return check === null ? value : check(session.functions, value);
}

/** Describe of a statement: types of its parameters, columns of its result. */
export function describeStatement(session: Session, name: string): void {
  const prepared = session.statements.named(name);
  if (prepared.isPlanned) {
    if (!session.transaction.isFailed) prepared.program(session);
    else if (prepared.fields !== null) session.checkNotFailed(null);
  }
  session.sink.parameterDescription(prepared.parameterTypes);
  if (prepared.fields === null) session.sink.noData();
  else session.sink.rowDescription(prepared.fields, []);
}

/** Describe of a portal. Cursors of DECLARE are portals too: psycopg asks for the columns of one so. */
export function describePortal(session: Session, name: string): void {
  const cursor = session.portals.find(name) === undefined ? session.cursors.find(name) : undefined;
  if (cursor !== undefined) {
    const fields = cursor.portal.statement.fields ?? [];
    session.sink.rowDescription(fields, cursor.isBinary ? fields.map(() => 1) : []);
    return;
  }
  const portal = portalNamed(session, name);
  const { fields } = portal.statement;
  if (fields !== null) session.checkNotFailed(null);
  if (fields === null) session.sink.noData();
  else session.sink.rowDescription(fields, portal.resultFormats);
}

/** 34000 where there is none. */
export function portalNamed(session: Session, name: string): Portal {
  const portal = session.portals.find(name);
  if (portal === undefined) throw sqlError('34000', `portal "${name}" does not exist`);
  return portal;
}
