/** COPY FROM in binary: a header, rows of length-prefixed fields, and -1 behind the last. */
import type { Encoding } from '../../types/encodings/index.ts';
import { SqlError, sqlError } from '../../types/errors.ts';
import { type BinaryInput, binaryInput } from '../../types/index.ts';
import {
  BINARY_CRITICAL_FLAGS,
  BINARY_FLAG_OIDS,
  BINARY_HEADER_BYTES,
  BINARY_SIGNATURE,
  BINARY_TRAILER,
} from './binary-format.ts';
import { type CopyColumn, CopySource } from './copy-source.ts';

export class CopyBinarySource extends CopySource {
  readonly #columns: readonly CopyColumn[];
  readonly #tableName: string;
  readonly #inputs: readonly BinaryInput[];
  #isHeaderDone = false;
  #sawTrailer = false;
  #row = 0;

  /** `encoding`: of texts; null: UTF-8. */
  constructor(columns: readonly CopyColumn[], tableName: string, encoding: Encoding | null) {
    super(columns.length, null);
    this.#columns = columns;
    this.#tableName = tableName;
    this.#inputs = columns.map((column) => binaryInput(column.typeOid, encoding));
  }

  protected override parseRows(_format: unknown, limit: number): number {
    if (!this.#isHeaderDone && !this.#parseHeader()) return 0;
    let n = 0;
    while (n < limit && !this.#sawTrailer) {
      const end = this.#findRowEnd();
      if (end < 0) break;
      if (this.#sawTrailer) break;
      this.#parseRow(n++);
      this.position = end;
    }
    if (this.#sawTrailer && this.position < this.length)
      throw this.#error('22P04', 'received copy data after EOF marker');
    return n;
  }

  /** False: not all of it has come. */
  #parseHeader(): boolean {
    const { data } = this;
    const available = this.length - this.position;
    const isSame = BINARY_SIGNATURE.every((byte, i) => i >= available || data[this.position + i] === byte);
    if (!isSame || (this.isFinished && available < BINARY_SIGNATURE.length))
      throw sqlError('22P04', 'COPY file signature not recognized');
    if (available < BINARY_HEADER_BYTES) {
      if (!this.isFinished) return false;
      const part = available < BINARY_SIGNATURE.length + 4 ? 'flags' : 'length';
      throw sqlError('22P04', `invalid COPY file header (missing ${part})`);
    }
    const at = this.position + BINARY_SIGNATURE.length;
    const flags = data.readInt32BE(at);
    if ((flags & BINARY_FLAG_OIDS) !== 0) throw sqlError('22P04', 'invalid COPY file header (WITH OIDS)');
    if ((flags & BINARY_CRITICAL_FLAGS) !== 0)
      throw sqlError('22P04', 'unrecognized critical flags in COPY file header');
    const extension = data.readInt32BE(at + 4);
    if (extension < 0) throw sqlError('22P04', 'invalid COPY file header (missing length)');
    if (available < BINARY_HEADER_BYTES + extension) {
      if (!this.isFinished) return false;
      throw sqlError('22P04', 'invalid COPY file header (wrong length)');
    }
    this.position += BINARY_HEADER_BYTES + extension;
    this.#isHeaderDone = true;
    return true;
  }

  /** Where the row at `position` ends, if all of it has come; else -1. */
  #findRowEnd(): number {
    const { data, length } = this;
    let at = this.position;
    // The end of the bytes between two rows is as good as the trailer.
    if (at === length) return -1;
    if (at + 2 > length) return this.#missing();
    const count = data.readInt16BE(at);
    at += 2;
    if (count === BINARY_TRAILER) {
      this.#sawTrailer = true;
      this.position = at;
      return at;
    }
    this.#row++;
    if (count !== this.#columns.length)
      throw this.#error('22P04', `row field count is ${count}, expected ${this.#columns.length}`);
    for (let i = 0; i < count; i++) {
      if (at + 4 > length) return this.#missingInRow();
      const size = data.readInt32BE(at);
      at += 4;
      if (size === -1) continue;
      if (size < 0) throw this.#error('22P04', 'invalid field size', i);
      at += size;
      if (at > length) return this.#missingInRow();
    }
    return at;
  }

  /** The row is counted when it is whole. */
  #missingInRow(): number {
    const missing = this.#missing();
    this.#row--;
    return missing;
  }

  #missing(): number {
    if (this.isFinished) throw this.#error('22P04', 'unexpected EOF in COPY data');
    return -1;
  }

  #parseRow(n: number): void {
    const { data } = this;
    let at = this.position + 2;
    for (let i = 0; i < this.#columns.length; i++) {
      const size = data.readInt32BE(at);
      at += 4;
      const { check, typeModifier } = this.#columns[i];
      try {
        const value = size < 0 ? null : this.#inputs[i](data.subarray(at, at + size), typeModifier);
        this.out.columns[i][n] = check === null ? value : check(value);
      } catch (error) {
        if (!(error instanceof SqlError)) throw error;
        throw error.within(this.#where(i));
      }
      if (size > 0) at += size;
    }
  }

  protected override place(done: number): string {
    return `COPY ${this.#tableName}, line ${Math.min(done + 1, this.#row)}`;
  }

  protected override placeOfNext(): string | null {
    return this.#isHeaderDone ? `COPY ${this.#tableName}, line ${this.#row + 1}` : null;
  }

  #where(column: number): string {
    const name = column < 0 ? '' : `, column ${this.#columns[column].name}`;
    return `COPY ${this.#tableName}, line ${this.#row}${name}`;
  }

  #error(code: string, message: string, column = -1): SqlError {
    return sqlError(code, message, { where: this.#where(column) });
  }
}
