import type { Value } from './value.ts';
/** Grows; `bytes` may be replaced by a reserve. */
export class KeyWriter {
  bytes: Uint8Array = new Uint8Array(64);
  length = 0;
  reset(): void {
    this.length = 0;
  }
}
export type KeyEncoder = (value: Value, writer: KeyWriter) => void;
const soon = (): never => {
  throw new Error('not there yet');
};
export const encodeKeyPart: (
  oid: number,
  value: Value,
  writer: KeyWriter,
  descending?: boolean,
  nullsFirst?: boolean,
) => void = soon;
/** The same, with the type decided once. */
export const keyEncoder: (oid: number, descending?: boolean, nullsFirst?: boolean) => KeyEncoder = soon;
