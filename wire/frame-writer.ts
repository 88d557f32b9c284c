/**
 * Backend messages, framed into one OutBuffer in the order of the calls. It is the sink that a session writes to, and has
 * the messages that only the connection sends (authentication, BackendKeyData, ReadyForQuery).
 *
 *     type 1 | length 4, counts itself | body
 */
import type { FieldDescription, Notice, ResultSink } from '../executor/session-api.ts';
import type { Encoding } from '../types/encodings/index.ts';
import { SqlError } from '../types/errors.ts';
import { OutBuffer } from '../types/out-buffer.ts';

/** What the writer asks of the connection that sends its bytes. */
export interface WriterOwner {
  /** A message came in while no call of the session was running: somebody must send it. */
  outputOutsideTurn(): void;
  /** See ResultSink.isFull. */
  outputIsFull(): boolean;
  readonly inTurn: boolean;
}

const TYPE = {
  authentication: 0x52,
  backendKeyData: 0x4b,
  bindComplete: 0x32,
  closeComplete: 0x33,
  commandComplete: 0x43,
  copyDone: 0x63,
  copyInResponse: 0x47,
  copyOutResponse: 0x48,
  emptyQueryResponse: 0x49,
  errorResponse: 0x45,
  functionCallResponse: 0x56,
  negotiateProtocolVersion: 0x76,
  noData: 0x6e,
  noticeResponse: 0x4e,
  notificationResponse: 0x41,
  parameterDescription: 0x74,
  parameterStatus: 0x53,
  parseComplete: 0x31,
  portalSuspended: 0x73,
  readyForQuery: 0x5a,
  rowDescription: 0x54,
} as const;

const CAPACITY_INITIAL = 2048;
/** Below this length a loop over char codes beats the call into native code (70 ns against 20). */
const SHORT_TEXT = 24;

export class FrameWriter implements ResultSink {
  readonly out = new OutBuffer(CAPACITY_INITIAL);
  /** An error of severity FATAL or PANIC was written: the connection ends after it. */
  fatalSent = false;
  /** A CopyInResponse was sent whose data has not been ended yet. */
  awaitsCopyData = false;
  private readonly owner: WriterOwner;

  /** The last row description, by identity, and from its second time on its bytes: statements come again and again. */
  private lastFields: readonly FieldDescription[] | null = null;
  private lastFormats: readonly number[] = [];
  private lastDescription: Uint8Array | null = null;
  private textEncoding: Encoding | null = null;
  /** Where the message began that is being written. */
  private messageStart = 0;

  constructor(owner: WriterOwner) {
    this.owner = owner;
  }

  get encoding(): Encoding | null {
    return this.textEncoding;
  }

  set encoding(encoding: Encoding | null) {
    this.textEncoding = encoding;
    this.lastFields = null;
  }

  isFull(): boolean {
    return this.owner.outputIsFull();
  }

  rowDescription(fields: readonly FieldDescription[], formats: readonly number[]): void {
    const out = this.out;
    if (
      fields === this.lastFields &&
      (formats === this.lastFormats || formats.length + this.lastFormats.length === 0)
    ) {
      if (this.lastDescription !== null) {
        out.writeBytes(this.lastDescription);
        return;
      }
      const from = out.length;
      this.encodeRowDescription(fields, formats);
      this.lastDescription = Uint8Array.prototype.slice.call(out.bytes, from, out.length);
      return;
    }
    this.lastFields = fields;
    this.lastFormats = formats;
    this.lastDescription = null;
    this.encodeRowDescription(fields, formats);
  }

  private encodeRowDescription(fields: readonly FieldDescription[], formats: readonly number[]): void {
    const out = this.out;
    const start = this.begin(TYPE.rowDescription);
    out.writeInt16(fields.length);
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i]!;
      this.cString(field.name);
      out.reserve(18);
      out.writeInt32(field.tableOid);
      out.writeInt16(field.columnNumber);
      out.writeInt32(field.typeOid);
      out.writeInt16(field.typeLength);
      out.writeInt32(field.typeModifier);
      out.writeInt16(formatOf(formats, i));
    }
    this.end(start);
  }

  noData(): void {
    this.empty(TYPE.noData);
  }

  parameterDescription(typeOids: readonly number[]): void {
    const start = this.begin(TYPE.parameterDescription);
    this.out.writeInt16(typeOids.length);
    for (let i = 0; i < typeOids.length; i++) this.out.writeInt32(typeOids[i]!);
    this.end(start);
  }

  parseComplete(): void {
    this.empty(TYPE.parseComplete);
  }

  bindComplete(): void {
    this.empty(TYPE.bindComplete);
  }

  closeComplete(): void {
    this.empty(TYPE.closeComplete);
  }

  commandComplete(tag: string): void {
    const start = this.begin(TYPE.commandComplete);
    this.cString(tag);
    this.end(start);
  }

  portalSuspended(): void {
    this.empty(TYPE.portalSuspended);
  }

  functionCallResponse(bytes: Uint8Array | null): void {
    const start = this.begin(TYPE.functionCallResponse);
    this.out.writeInt32(bytes === null ? -1 : bytes.length);
    if (bytes !== null) this.out.writeBytes(bytes);
    this.end(start);
  }

  emptyQuery(): void {
    this.empty(TYPE.emptyQueryResponse);
  }

  error(error: SqlError): void {
    this.errorAs(error, error.severity);
  }

  /** As `error`, with the reach that the connection gives it: at start-up every error is FATAL. */
  errorAs(error: SqlError, severity: string): void {
    if (severity !== 'ERROR') this.fatalSent = true;
    try {
      this.writeError(error, severity);
    } catch (unsayable) {
      // What the client's encoding has no characters for; this itself is ASCII.
      if (!(unsayable instanceof SqlError)) throw unsayable;
      this.writeError(unsayable, severity);
    }
    if (!this.owner.inTurn) this.owner.outputOutsideTurn();
  }

  private writeError(error: SqlError, severity: string): void {
    const start = this.begin(TYPE.errorResponse);
    const fields = error.fields;
    this.field('S', severity);
    this.field('V', severity);
    this.field('C', error.code);
    this.field('M', error.message);
    this.field('D', fields.detail);
    this.field('H', fields.hint);
    this.field('P', fields.position);
    this.field('p', fields.internalPosition);
    this.field('q', fields.internalQuery);
    this.field('W', fields.where);
    this.field('s', fields.schema);
    this.field('t', fields.table);
    this.field('c', fields.column);
    this.field('d', fields.dataType);
    this.field('n', fields.constraint);
    const place = placeOf(error);
    this.field('F', place?.file);
    this.field('L', place?.line);
    this.field('R', fields.routine ?? place?.routine);
    this.out.writeUint8(0);
    this.end(start);
  }

  notice(notice: Notice): void {
    const start = this.begin(TYPE.noticeResponse);
    this.field('S', notice.severity);
    this.field('V', notice.severity);
    this.field('C', notice.code);
    this.field('M', notice.message);
    this.field('D', notice.detail);
    this.field('H', notice.hint);
    this.field('P', notice.position);
    this.out.writeUint8(0);
    this.end(start);
    if (!this.owner.inTurn) this.owner.outputOutsideTurn();
  }

  parameterStatus(name: string, value: string): void {
    const start = this.begin(TYPE.parameterStatus);
    this.cString(name);
    this.cString(value);
    this.end(start);
    if (!this.owner.inTurn) this.owner.outputOutsideTurn();
  }

  /** Comes from another session, which has nothing to do with what this client can read: as in PostgreSQL it is the client's end. */
  notification(processId: number, channel: string, payload: string): void {
    try {
      const start = this.begin(TYPE.notificationResponse);
      this.out.writeInt32(processId);
      this.cString(channel);
      this.cString(payload);
      this.end(start);
    } catch (unsayable) {
      if (!(unsayable instanceof SqlError)) throw unsayable;
      this.errorAs(unsayable, 'FATAL');
    }
    if (!this.owner.inTurn) this.owner.outputOutsideTurn();
  }

  copyInResponse(overallFormat: number, columnFormats: readonly number[]): void {
    this.awaitsCopyData = true;
    this.copyResponse(TYPE.copyInResponse, overallFormat, columnFormats);
  }

  copyOutResponse(overallFormat: number, columnFormats: readonly number[]): void {
    this.copyResponse(TYPE.copyOutResponse, overallFormat, columnFormats);
  }

  copyDone(): void {
    this.empty(TYPE.copyDone);
  }

  // What only the connection sends.

  authenticationOk(): void {
    const start = this.begin(TYPE.authentication);
    this.out.writeInt32(0);
    this.end(start);
  }

  authenticationMd5Password(salt: Uint8Array): void {
    const start = this.begin(TYPE.authentication);
    this.out.writeInt32(5);
    this.out.writeBytes(salt);
    this.end(start);
  }

  authenticationSasl(mechanism: string): void {
    const start = this.begin(TYPE.authentication);
    this.out.writeInt32(10);
    this.cString(mechanism);
    this.out.writeUint8(0);
    this.end(start);
  }

  authenticationSaslContinue(data: string): void {
    const start = this.begin(TYPE.authentication);
    this.out.writeInt32(11);
    this.out.writeString(data);
    this.end(start);
  }

  authenticationSaslFinal(data: string): void {
    const start = this.begin(TYPE.authentication);
    this.out.writeInt32(12);
    this.out.writeString(data);
    this.end(start);
  }

  backendKeyData(processId: number, secretKey: number): void {
    const start = this.begin(TYPE.backendKeyData);
    this.out.writeInt32(processId);
    this.out.writeInt32(secretKey);
    this.end(start);
  }

  negotiateProtocolVersion(newest: number, unknownOptions: readonly string[]): void {
    const start = this.begin(TYPE.negotiateProtocolVersion);
    this.out.writeInt32(newest);
    this.out.writeInt32(unknownOptions.length);
    for (const option of unknownOptions) this.cString(option);
    this.end(start);
  }

  readyForQuery(status: string): void {
    // Behind an error that ends the connection nothing comes.
    if (this.fatalSent) return;
    const out = this.out;
    out.reserve(6);
    const bytes = out.bytes;
    const at = out.length;
    bytes[at] = TYPE.readyForQuery;
    bytes[at + 1] = 0;
    bytes[at + 2] = 0;
    bytes[at + 3] = 0;
    bytes[at + 4] = 5;
    bytes[at + 5] = status.charCodeAt(0);
    out.length = at + 6;
  }

  private copyResponse(type: number, overallFormat: number, columnFormats: readonly number[]): void {
    const start = this.begin(type);
    this.out.writeUint8(overallFormat);
    this.out.writeInt16(columnFormats.length);
    for (let i = 0; i < columnFormats.length; i++) this.out.writeInt16(columnFormats[i]!);
    this.end(start);
  }

  private empty(type: number): void {
    const out = this.out;
    out.reserve(5);
    const bytes = out.bytes;
    const at = out.length;
    bytes[at] = type;
    bytes[at + 1] = 0;
    bytes[at + 2] = 0;
    bytes[at + 3] = 0;
    bytes[at + 4] = 4;
    out.length = at + 5;
  }

  /** Begins a message; answers where its length goes. */
  private begin(type: number): number {
    const out = this.out;
    this.messageStart = out.length;
    out.reserve(5);
    out.bytes[out.length] = type;
    const start = out.length + 1;
    out.length += 5;
    return start;
  }

  private end(start: number): void {
    this.out.setInt32(start, this.out.length - start);
  }

  private field(letter: string, value: string | number | undefined): void {
    if (value === undefined) return;
    this.out.writeUint8(letter.charCodeAt(0));
    this.cString(typeof value === 'number' ? String(value) : value);
  }

  /** A string and its terminator. One inside the text would break the framing: the text ends there, as in C. */
  private cString(text: string): void {
    const out = this.out;
    const length = text.length;
    if (length <= SHORT_TEXT) {
      out.reserve(length + 1);
      const bytes = out.bytes;
      const at = out.length;
      let i = 0;
      for (; i < length; i++) {
        const code = text.charCodeAt(i);
        if (code > 0x7f || code === 0) break;
        bytes[at + i] = code;
      }
      if (i === length) {
        bytes[at + length] = 0;
        out.length = at + length + 1;
        return;
      }
    }
    const terminator = text.indexOf('\0');
    const whole = terminator < 0 ? text : text.slice(0, terminator);
    if (this.textEncoding === null) out.writeCString(whole);
    else this.converted(this.textEncoding, whole);
  }

  /** Error: 22P05, and the message is as if it had not been begun. */
  private converted(encoding: Encoding, text: string): void {
    const out = this.out;
    try {
      out.writeBytes(encoding.encode(text));
      out.writeUint8(0);
    } catch (error) {
      out.length = this.messageStart;
      throw error;
    }
  }
}

/** Formats as in a Bind message: none means text for all, one stands for all. */
function formatOf(formats: readonly number[], index: number): number {
  if (formats.length === 0) return 0;
  return formats.length === 1 ? formats[0]! : (formats[index] ?? 0);
}

const STACK_FRAME = /at (?:async )?(?:new )?([\w$.#<>]+) \(?(?:file:\/\/)?(.*?):(\d+):\d+\)?$/;

/** Where the error was made, for psql's LOCATION line: the first frame outside types/errors.ts. */
function placeOf(error: SqlError): { file: string; line: string; routine: string } | null {
  const lines = (error.stack ?? '').split('\n', 12);
  for (const line of lines) {
    const parts = STACK_FRAME.exec(line);
    if (parts === null) continue;
    const [, routine, path, lineNumber] = parts as unknown as string[];
    if (routine === 'sqlError' || routine === 'SqlError' || path!.includes('types/errors.ts')) continue;
    return { file: path!.slice(path!.lastIndexOf('/') + 1), line: lineNumber!, routine: routine! };
  }
  return null;
}
