/** Where COPY TO's rows go: a CopyData message for each, or the same bytes without frames for a file. */
import type { FormatSettings } from '../../types/index.ts';
import type { OutBuffer } from '../../types/out-buffer.ts';
import type { Batch } from '../batch.ts';
import type { RowForm } from '../row-form.ts';

export const COPY_DATA = 100;

export abstract class CopyWriter {
  readonly #isFramed: boolean;

  constructor(isFramed: boolean) {
    this.#isFramed = isFramed;
  }

  /** For a scan that writes its rows itself; null: rows come as batches. May be there from the first batch on only. */
  get form(): RowForm | null {
    return null;
  }

  /** What comes before the first row. */
  abstract begin(out: OutBuffer): void;
  abstract rows(out: OutBuffer, batch: Batch, from: number, to: number, format: FormatSettings): void;
  /** What comes behind the last row. */
  end(_out: OutBuffer): void {}

  /** Begins a row; `endRow` takes what this answers. */
  protected beginRow(out: OutBuffer): number {
    const start = out.length;
    if (this.#isFramed) {
      out.reserve(5);
      out.bytes[start] = COPY_DATA;
      out.length += 5;
    }
    return start;
  }

  protected endRow(out: OutBuffer, start: number): void {
    if (this.#isFramed) out.setInt32(start + 1, out.length - start - 1);
  }
}
