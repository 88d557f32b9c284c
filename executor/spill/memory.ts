/**
 * What rows take in memory, estimated batch by batch: fixed bytes for numbers, the very length of texts and bytea; arrays by
 * their first element. Estimates are of JavaScript's values, which are larger than the bytes they become.
 */
import type { Value } from '../../catalog/function-entry.ts';
import { Numeric, OID, SelfTyped, SqlArray, SqlRecord } from '../../types/index.ts';
import type { Columns } from '../batch.ts';
import type { InputTypes } from '../compile/batch-program.ts';
import { repOfType } from '../compile/operand.ts';

/** Below this, the smallest work_mem there is, no operator asks what the session's is. */
export const MEMORY_MIN = 64 * 1024;

/** A place in an array, and its share of the room for more. */
const SLOT_BYTES = 10;
const TEXT_BYTES = 24;
const OBJECT_BYTES = 56;
/** Numbers, but for a few that are bigints. */
const NUMBER_TYPES = new Set<number>([OID.INT8, OID.TIMESTAMP, OID.TIMESTAMPTZ]);

export class RowMeter {
  readonly #fixedBytes: number;
  readonly #textColumns: readonly number[];
  readonly #objectColumns: readonly number[];

  /** `perRow`: what else is kept for a row. */
  constructor(types: InputTypes, perRow = 0) {
    const texts: number[] = [];
    const objects: number[] = [];
    let fixed = perRow;
    types.forEach(({ typeOid }, c) => {
      const rep = repOfType(typeOid);
      fixed += SLOT_BYTES;
      if (rep === 'str') {
        texts.push(c);
        fixed += TEXT_BYTES;
      } else if (rep !== 'num' && rep !== 'bool' && !NUMBER_TYPES.has(typeOid)) objects.push(c);
    });
    this.#fixedBytes = fixed;
    this.#textColumns = texts;
    this.#objectColumns = objects;
  }

  /** `more`: columns that follow. */
  bytesOf(columns: Columns, count: number, more: Columns | null = null): number {
    let bytes = count * this.#fixedBytes;
    for (const c of this.#textColumns) {
      const column = c < columns.length || more === null ? columns[c] : more[c - columns.length];
      for (let i = 0; i < count; i++) {
        const value = column[i];
        if (typeof value === 'string') bytes += value.length;
      }
    }
    for (const c of this.#objectColumns) {
      const column = c < columns.length || more === null ? columns[c] : more[c - columns.length];
      for (let i = 0; i < count; i++) bytes += valueBytes(column[i]);
    }
    return bytes;
  }
}

/** Of one value, beyond its place. */
export function valueBytes(value: Value): number {
  switch (typeof value) {
    case 'number':
      return 8;
    case 'string':
      return TEXT_BYTES + value.length;
    case 'object':
      break;
    default:
      return 16;
  }
  if (value === null) return 0;
  if (value instanceof Numeric) return OBJECT_BYTES;
  if (value instanceof Uint8Array) return 2 * OBJECT_BYTES + value.length;
  if (value instanceof SqlArray) return 2 * OBJECT_BYTES + listBytes(value.elements);
  if (value instanceof SqlRecord) return 2 * OBJECT_BYTES + listBytes(value.values);
  if (value instanceof SelfTyped) return OBJECT_BYTES + value.heldBytes;
  return OBJECT_BYTES;
}

function listBytes(values: readonly Value[]): number {
  return values.length === 0 ? 0 : values.length * (SLOT_BYTES + valueBytes(values[0]));
}
