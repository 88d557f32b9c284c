/**
 * The form in which result rows leave: what compile/encoded-row.ts generates code for, and result-encoder.ts and copy/ describe.
 */
import type { Buffer } from 'node:buffer';
import type { Value } from '../catalog/function-entry.ts';
import type { FormatSettings } from '../types/index.ts';
import { OutBuffer } from '../types/out-buffer.ts';

/** Writes one non-null value; with its int32 length in front, unless it becomes part of a line. */
export type ColumnEncoder = (out: OutBuffer, value: Value, format: FormatSettings) => void;

export interface ColumnForm {
  /** Of the type that the client is told of: under a domain. */
  readonly typeOid: number;
  readonly isBinary: boolean;
  /** Texts are sent as they are stored. */
  readonly isUtf8: boolean;
  /** For values that are not written straight from the page. Bytes of a text come as LongText. */
  readonly encode: ColumnEncoder;
}

export interface RowForm {
  /** Forms of a program with equal keys are the same. */
  readonly key: string;
  /** Type of the message that a row is; 0: rows stand without frames. */
  readonly messageType: number;
  /** COPY's text form; null: a count of fields, each with its length. */
  readonly line: LineForm | null;
  readonly columns: readonly ColumnForm[];
}

export interface LineForm {
  /** An ASCII character that is in no number, date or bool. */
  readonly delimiter: number;
  readonly nullText: Buffer;
}

const NO_OUT = new OutBuffer(0);

/**
 * What a portal offers to the scan whose rows are its result (program.sentScan): to write them itself, and answer a batch that says so
 * (isEncoded). No form: no offer, and batches hold values.
 */
export class RowTarget {
  form: RowForm | null = null;
  out = NO_OUT;
  /** A batch that is encoded holds no more rows than this: nobody can take back what is written. */
  rowsMax = Infinity;

  offer(form: RowForm, out: OutBuffer): void {
    this.form = form;
    this.out = out;
  }

  withdraw(): void {
    this.form = null;
    this.out = NO_OUT;
  }
}
