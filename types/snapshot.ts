/** pg_snapshot (and txid_snapshot, its older name): kept as its text, xmin:xmax:xip,xip. */
import { sqlError } from './errors.ts';

export interface Snapshot {
  /** All below have ended. */
  readonly xmin: bigint;
  /** From here on none had begun. */
  readonly xmax: bigint;
  /** Those between that were under way, ascending. */
  readonly xip: readonly bigint[];
}

const FORM = /^(\d+):(\d+):((?:\d+(?:,\d+)*)?)$/;
const XID_MAX = 2n ** 64n - 1n;

/** 0 within any round of the 32 bits that a transaction is known by stands for none. */
function isNone(xid: bigint): boolean {
  return (xid & 0xffffffffn) === 0n;
}

/** Null when it is no snapshot. */
function parse(text: string): Snapshot | null {
  const parts = FORM.exec(text);
  if (parts === null) return null;
  const [xmin, xmax] = [BigInt(parts[1]), BigInt(parts[2])];
  if (isNone(xmin) || isNone(xmax) || xmin > xmax || xmax > XID_MAX) return null;
  const xip: bigint[] = [];
  for (const item of parts[3] === '' ? [] : parts[3].split(',')) {
    const xid = BigInt(item);
    const last = xip.length === 0 ? 0n : xip[xip.length - 1];
    if (xid < xmin || xid >= xmax || xid < last) return null;
    if (xid !== last) xip.push(xid);
  }
  return { xmin, xmax, xip };
}

export function snapshotOf(text: string): Snapshot {
  const snapshot = parse(text);
  if (snapshot === null) throw sqlError('22P02', `invalid input syntax for type pg_snapshot: "${text}"`);
  return snapshot;
}

export function snapshotText({ xmin, xmax, xip }: Snapshot): string {
  return `${xmin}:${xmax}:${xip.join(',')}`;
}
