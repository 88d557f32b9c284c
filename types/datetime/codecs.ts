import type { Codec } from '../codec.ts';
export function datetimeCodec(_oid: number): Codec | undefined {
  return undefined;
}
