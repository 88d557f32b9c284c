import type { Value } from './value.ts';

const soon = (): never => {
  throw new Error('not there yet');
};
export type Comparator = (a: Value, b: Value) => number;
export type HashKey = string | number | boolean | bigint;
export const compareText: (a: string, b: string) => number = soon;
export const comparator: (oid: number) => Comparator = soon;
export const equality: (oid: number) => (a: Value, b: Value) => boolean = soon;
export const hashKey: (oid: number) => (value: Value) => HashKey = soon;
