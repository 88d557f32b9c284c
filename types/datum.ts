import type { Value } from './value.ts';

const soon = (): never => {
  throw new Error('not there yet');
};
export const encodeDatum: (oid: number, value: Value) => Uint8Array = soon;
export const decodeDatum: (oid: number, bytes: Uint8Array, start: number, end: number) => Value = soon;
export const encodeTextInto: (text: string, target: Buffer, offset: number) => number = soon;
export const decodeUtf8: (bytes: Uint8Array, start: number, end: number) => string = soon;
