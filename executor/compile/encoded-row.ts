/**
 * The body that writes a row to the client's output: values go from the page's bytes to the message's, and what has a short form there
 * (numbers, dates, texts) never becomes a string or an object. Other values are decoded, and encoded by their column's encoder.
 *
 * All operands come first, since whatever throws or leaves the fast block must do so before a byte is written. Then:
 *
 *     make room for the whole row -> [message type, length, count] -> values -> the message's length
 *
 * `b` are the output's bytes, `p` is where the next one goes; out.length follows at the end of the row, and around encoders, which may
 * replace the bytes by a larger buffer.
 */
import type { ColumnExpr, Expr } from '../../planner/expr.ts';
import { writeIsoDate, writeIsoTime, writeIsoTimestamp, writeIsoTimestampTz } from '../../types/datetime/write.ts';
import { sqlError } from '../../types/errors.ts';
import { type FormatSettings, OID } from '../../types/index.ts';
import type { OutBuffer } from '../../types/out-buffer.ts';
import { MESSAGE_SIZE_MAX } from '../result-encoder.ts';
import {
  copyEscapes,
  endField,
  FIELD_SIZE_MAX,
  setInt32,
  writeBool,
  writeBoolBinary,
  writeEscaped,
  writeFloat4,
  writeFloat4Binary,
  writeFloat8,
  writeFloat8Binary,
  writeInt16Binary,
  writeInt32Binary,
  writeInt64Binary,
  writeInteger,
  writeNull,
  writeScaled,
  writeScaledBinary,
  writeSlice,
} from '../row/field-writers.ts';
import type { ColumnEncoder, ColumnForm, RowForm } from '../row-form.ts';
import type { Code, Emitter } from './emitter.ts';
import type { ExpressionCompiler } from './expression.ts';
import type { Operand } from './operand.ts';
import type { RowBody } from './row-program.ts';

/** Stored as the UTF-8 bytes that are sent. */
const TEXT_TYPES: readonly number[] = [OID.TEXT, OID.VARCHAR, OID.BPCHAR, OID.NAME, OID.JSON, OID.JSONB, OID.UNKNOWN];
/** The same in binary. */
const BINARY_TEXT_TYPES: readonly number[] = [OID.TEXT, OID.VARCHAR, OID.BPCHAR, OID.JSON];

function isSentAsBytes(column: ColumnForm): boolean {
  return column.isUtf8 && (column.isBinary ? BINARY_TEXT_TYPES : TEXT_TYPES).includes(column.typeOid);
}

function isText(target: Expr, form: ColumnForm): target is ColumnExpr {
  return target.kind === 'column' && target.typeOid === form.typeOid && isSentAsBytes(form);
}

/** Code that writes a number at a place and answers the place behind it. */
type FieldWriter = (at: Code) => Code;

/** A value ready to be written: locals only. */
interface Field {
  readonly form: ColumnForm;
  readonly isNull: Code;
  readonly value: Code;
  readonly operand: Operand;
  /** Null: by the column's encoder. Slices have code of their own. */
  readonly write: FieldWriter | null;
  /** A condition under which `write` holds. */
  readonly when: Code | null;
}

/** `x`, `out` and `n` are the row function's; `form` must be the one that the target has when it runs. */
export function encodedBody(targets: readonly Expr[], form: RowForm): RowBody {
  // A domain's values are stored in a form of their own.
  const sentColumns = targets.flatMap((target, i) =>
    isText(target, form.columns[i]) && target.input === 0 ? [target.index] : [],
  );
  return {
    exprs: targets,
    sentColumns,
    sends: 'bytes',
    emit(emitter, compiler, _isFast, sent) {
      const fields = targets.map((target, i) => {
        const operand = isText(target, form.columns[i]) ? sent(target.index) : null;
        return field(emitter, compiler, target, form, i, operand);
      });
      new RowEmitter(emitter, form).emit(fields);
    },
  };
}

function field(
  emitter: Emitter,
  compiler: ExpressionCompiler,
  target: Expr,
  form: RowForm,
  index: number,
  sent: Operand | null,
): Field {
  const column = form.columns[index];
  const operand = sent ?? compiler.compile(target);
  const isColumn = target.kind === 'column' && operand.isNull !== 'true';
  const isNumber = operand.rep === 'num' || operand.rep === 'bool';
  if (operand.typeOid === column.typeOid) {
    if (isColumn && operand.rep === 'slice' && isSentAsBytes(column))
      return { form: column, isNull: operand.isNull, value: '', operand, write: null, when: null };
    if (isColumn && (isNumber || operand.rep === 'dec')) {
      const [write, when] = writer(emitter, column, operand, operand.value);
      return { form: column, isNull: operand.isNull, value: operand.value, operand, write, when };
    }
  }
  // What is computed may throw: before the first byte.
  const value = emitter.name('v');
  emitter.emit(`const ${value} = ${compiler.toAny(operand)};`);
  const computed: Operand = { rep: isNumber ? operand.rep : 'any', typeOid: operand.typeOid, value, isNull: 'false' };
  const [write, when] =
    isNumber && operand.typeOid === column.typeOid ? writer(emitter, column, computed, value) : [null, null];
  return { form: column, isNull: `(${value} === null)`, value, operand: computed, write, when };
}

const ISO = "x.functions.format.dateStyle === 'ISO'";

/** Writes a number or a bool, and when it may; null: the column's encoder must. */
function writer(
  emitter: Emitter,
  column: ColumnForm,
  operand: Operand,
  value: Code,
): [FieldWriter | null, Code | null] {
  const call = (f: object, ...more: Code[]): FieldWriter => {
    const write = emitter.bind(f, 'write');
    return (at) => `${write}(b, ${at}, ${[value, ...more].join(', ')})`;
  };
  if (operand.rep === 'dec')
    return [call(column.isBinary ? writeScaledBinary : writeScaled, String(operand.scale)), null];
  switch (column.typeOid) {
    case OID.BOOL:
      return [call(column.isBinary ? writeBoolBinary : writeBool), null];
    case OID.INT2:
      return [call(column.isBinary ? writeInt16Binary : writeInteger), null];
    case OID.INT4:
    case OID.OID:
      return [call(column.isBinary ? writeInt32Binary : writeInteger), null];
    case OID.INT8:
      return [call(column.isBinary ? writeInt64Binary : writeInteger), null];
    case OID.FLOAT4:
      return column.isBinary
        ? [call(writeFloat4Binary), null]
        : [call(writeFloat4, 'x.functions.format.extraFloatDigits'), null];
    case OID.FLOAT8:
      return column.isBinary
        ? [call(writeFloat8Binary), null]
        : [call(writeFloat8, 'x.functions.format.extraFloatDigits'), null];
    case OID.DATE: {
      const finite = `${value} - ${value} === 0`;
      return column.isBinary ? [call(writeInt32Binary), finite] : [call(writeIsoDate), `${finite} && ${ISO}`];
    }
    case OID.TIME:
      return column.isBinary ? [call(writeInt64Binary), null] : [call(writeIsoTime), null];
    case OID.TIMESTAMP:
      return column.isBinary ? [call(writeInt64Binary), null] : [call(writeIsoTimestamp), ISO];
    case OID.TIMESTAMPTZ:
      return column.isBinary
        ? [call(writeInt64Binary), null]
        : [call(writeIsoTimestampTz, 'x.functions.format.timeZone'), ISO];
    default:
      return [null, null];
  }
}

/** An encoder that throws (a value without a text, or too long) leaves no part of its row behind. */
function encodeWhole(
  out: OutBuffer,
  encode: ColumnEncoder,
  value: unknown,
  format: FormatSettings,
  start: number,
  valuesBefore: number,
): void {
  try {
    encode(out, value as never, format);
  } catch (error) {
    out.length = start;
    out.deferred.length = valuesBefore;
    throw error;
  }
}

/** The length of a message that encoders took part in; parts of it may be deferred. */
function endMessage(out: OutBuffer, start: number, valuesBefore: number, deferredBefore: number): void {
  const size = out.length - start - 1 + (out.deferredSize - deferredBefore);
  if (size > MESSAGE_SIZE_MAX) {
    out.length = start;
    out.deferred.length = valuesBefore;
    throw sqlError('54000', `row is too long for a message: the maximum is ${MESSAGE_SIZE_MAX} bytes`);
  }
  out.setInt32(start + 1, size);
}

class RowEmitter {
  readonly #emitter: Emitter;
  readonly #form: RowForm;

  constructor(emitter: Emitter, form: RowForm) {
    this.#emitter = emitter;
    this.#form = form;
  }

  emit(fields: readonly Field[]): void {
    const emitter = this.#emitter;
    const { messageType, line } = this.#form;
    // Long values and those without a writer go through encoders; they need to know where the row began.
    const encodes = fields.some(
      (f) => (f.write === null && f.operand.rep !== 'slice') || f.when !== null || f.operand.long !== undefined,
    );
    const room = this.#room(fields);
    emitter.emit(`let b = out.bytes, p = out.length;`);
    emitter.emit(`let room = ${room};`);
    emitter.emit('if (p + room > b.length) { out.reserve(room); b = out.bytes; }');
    emitter.emit('const start = p;');
    if (encodes) emitter.emit('const valuesBefore = out.deferred.length, deferredBefore = out.deferredSize;');
    if (messageType !== 0) {
      emitter.emit(`b[p] = ${messageType};`);
      emitter.emit('p += 5;');
    }
    if (line === null) emitter.emit(`b[p] = ${fields.length >>> 8}; b[p + 1] = ${fields.length & 255}; p += 2;`);
    fields.forEach((f, i) => {
      if (line !== null && i > 0) emitter.emit(`b[p++] = ${line.delimiter};`);
      this.#field(f);
    });
    if (line !== null) emitter.emit('b[p++] = 10;');
    emitter.emit('out.length = p;');
    if (messageType === 0) return;
    if (encodes) emitter.emit(`${emitter.bind(endMessage, 'endMessage')}(out, start, valuesBefore, deferredBefore);`);
    else emitter.emit(`${emitter.bind(setInt32, 'setInt32')}(b, start + 1, p - start - 1);`);
  }

  /** What the row takes at most, less what encoders write. */
  #room(fields: readonly Field[]): Code {
    const { line } = this.#form;
    const nullSize = line === null ? 4 : line.nullText.length;
    const fixed = 8 + fields.length * (Math.max(FIELD_SIZE_MAX, nullSize) + 5);
    const texts = fields.flatMap((f) => {
      if (f.operand.rep !== 'slice') return [];
      const size = `${f.operand.end} - ${f.operand.start}`;
      const shown = line === null ? `(${size})` : `(${size}) * 2`;
      const absent = [f.isNull, f.operand.long === undefined ? 'false' : `${f.operand.long} !== null`];
      const conditions = absent.filter((c) => c !== 'false');
      return [conditions.length === 0 ? shown : `(${conditions.join(' || ')} ? 0 : ${shown})`];
    });
    return [String(fixed), ...texts].join(' + ');
  }

  #field(f: Field): void {
    const emitter = this.#emitter;
    const { line } = this.#form;
    const hasNull = f.isNull !== 'false';
    if (hasNull) {
      emitter.open(`if (${f.isNull}) {`);
      if (line === null) emitter.emit(`p = ${emitter.bind(writeNull, 'writeNull')}(b, p);`);
      else if (line.nullText.length > 0) {
        const text = emitter.bind(line.nullText, 'nullText');
        emitter.emit(`p = ${emitter.bind(writeSlice, 'writeSlice')}(b, p, ${text}, 0, ${line.nullText.length});`);
      }
      emitter.reopen('} else {');
    }
    this.#value(f);
    if (hasNull) emitter.close();
  }

  #value(f: Field): void {
    const emitter = this.#emitter;
    const { operand } = f;
    if (operand.rep === 'slice') {
      if (operand.long !== undefined) {
        emitter.open(`if (${operand.long} !== null) {`);
        this.#encode(f, operand.long);
        emitter.reopen('} else {');
      }
      this.#slice(operand);
      if (operand.long !== undefined) emitter.close();
    } else if (f.write === null) this.#encode(f, f.value);
    else if (f.when === null) this.#write(f.write);
    else {
      emitter.open(`if (${f.when}) {`);
      this.#write(f.write);
      emitter.reopen('} else {');
      this.#encode(f, f.value);
      emitter.close();
    }
  }

  #slice(operand: Operand): void {
    const emitter = this.#emitter;
    const { line } = this.#form;
    const { start, end } = operand;
    if (line === null) {
      emitter.emit(`${emitter.bind(setInt32, 'setInt32')}(b, p, ${end} - ${start});`);
      emitter.emit(`p = ${emitter.bind(writeSlice, 'writeSlice')}(b, p + 4, buf, ${start}, ${end});`);
      return;
    }
    const table = emitter.bind(copyEscapes(line.delimiter), 'escapes');
    emitter.emit(`p = ${emitter.bind(writeEscaped, 'writeEscaped')}(b, p, buf, ${start}, ${end}, ${table});`);
  }

  /** With a length in front, where fields have one. */
  #write(write: FieldWriter): void {
    const emitter = this.#emitter;
    if (this.#form.line !== null) emitter.emit(`p = ${write('p')};`);
    else emitter.emit(`p = ${emitter.bind(endField, 'endField')}(b, p, ${write('p + 4')});`);
  }

  #encode(f: Field, value: Code): void {
    const emitter = this.#emitter;
    const encode = emitter.bind(f.form.encode, 'encode');
    const whole = emitter.bind(encodeWhole, 'encodeWhole');
    emitter.emit('out.length = p;');
    emitter.emit(`${whole}(out, ${encode}, ${value}, x.functions.format, start, valuesBefore);`);
    emitter.emit('out.reserve(room);');
    emitter.emit('b = out.bytes; p = out.length;');
  }
}
