/** COPY TO in binary. */
import type { Value } from '../../catalog/function-entry.ts';
import { ByteWriter } from '../../types/byte-writer.ts';
import type { Encoding } from '../../types/encodings/index.ts';
import { binaryWriter, type FormatSettings } from '../../types/index.ts';
import type { OutBuffer } from '../../types/out-buffer.ts';
import type { Batch } from '../batch.ts';
import { columnForm } from '../result-encoder.ts';
import type { RowForm } from '../row-form.ts';
import { BINARY_SIGNATURE, BINARY_TRAILER } from './binary-format.ts';
import { COPY_DATA, CopyWriter } from './copy-writer.ts';

/** Room that is kept from field to field. */
const FIELD_KEPT_MAX = 1 << 20;

export class CopyBinaryWriter extends CopyWriter {
  readonly #form: RowForm;
  /** The header has been written. */
  #isBegun = false;
  readonly #writers: readonly ((value: Value, writer: ByteWriter) => void)[];
  readonly #encoding: Encoding | null;
  #field: ByteWriter;

  /** `encoding`: of texts; null: UTF-8. */
  constructor(typeOids: readonly number[], isFramed: boolean, encoding: Encoding | null) {
    super(isFramed);
    this.#encoding = encoding;
    this.#field = new ByteWriter(undefined, encoding);
    this.#form = {
      key: `copy binary ${isFramed} ${encoding?.name ?? ''}`,
      messageType: isFramed ? COPY_DATA : 0,
      line: null,
      columns: typeOids.map((oid) => columnForm(oid, 1, encoding)),
    };
    this.#writers = typeOids.map((oid) => binaryWriter(oid));
  }

  /** Not before the first row has been written: the header goes in front of it. */
  override get form(): RowForm | null {
    return this.#isBegun ? this.#form : null;
  }

  override begin(_out: OutBuffer): void {}

  /** In the message of the first row, or of the trailer where there is none, as PostgreSQL sends it: psycopg expects it there. */
  #begin(out: OutBuffer): void {
    if (this.#isBegun) return;
    this.#isBegun = true;
    out.reserve(BINARY_SIGNATURE.length + 8);
    out.bytes.set(BINARY_SIGNATURE, out.length);
    out.length += BINARY_SIGNATURE.length;
    out.writeInt32(0);
    out.writeInt32(0);
  }

  override rows(out: OutBuffer, batch: Batch, from: number, to: number, _format: FormatSettings): void {
    const writers = this.#writers;
    for (let row = from; row < to; row++) {
      const start = this.beginRow(out);
      this.#begin(out);
      out.writeInt16(writers.length);
      for (let c = 0; c < writers.length; c++) {
        const value = batch.columns[c][row];
        if (value === null) {
          out.writeInt32(-1);
          continue;
        }
        const field = this.#field;
        field.reset();
        writers[c](value, field);
        out.writeInt32(field.length);
        out.reserve(field.length);
        field.bytes.copy(out.bytes, out.length, 0, field.length);
        out.length += field.length;
        if (field.bytes.length > FIELD_KEPT_MAX) this.#field = new ByteWriter(undefined, this.#encoding);
      }
      this.endRow(out, start);
    }
  }

  override end(out: OutBuffer): void {
    const start = this.beginRow(out);
    this.#begin(out);
    out.writeInt16(BINARY_TRAILER);
    this.endRow(out, start);
  }
}
