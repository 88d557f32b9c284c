/** pg_snapshot and txid_snapshot, which transactions they see, and what became of one. After: PostgreSQL, utils/adt/xid8funcs.c. */
import { type Snapshot, snapshotOf, sqlError } from '../../types/index.ts';
import type { FunctionContext, Value } from '../function-entry.ts';
import type { FunctionModule } from './module.ts';

type Xid = number | bigint;

/** A number where it is a safe one. */
function plain(xid: bigint): Xid {
  return xid <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(xid) : xid;
}

function isVisible(xid: Xid, { xmin, xmax, xip }: Snapshot): boolean {
  const value = BigInt(xid);
  if (value < xmin) return true;
  return value < xmax && !xip.includes(value);
}

/** In PostgreSQL those that made the first rows, and whatever is frozen; here they may be any transaction's. */
const ALWAYS_COMMITTED: ReadonlySet<Xid> = new Set([1, 2]);

function status(context: FunctionContext, xid: Xid): Value {
  const answer = context.xactStatus?.(xid) ?? null;
  if (answer === 'future') throw sqlError('22023', `transaction ID ${xid} is in the future`);
  return answer ?? (ALWAYS_COMMITTED.has(xid) ? 'committed' : null);
}

const NEVER = 2 ** 31 - 1;
const FIRST_NORMAL_XID = 3;
const FIRST_MULTIXACT = 1;

/** How many transactions ago; those that are special, and belong to no transaction, are as old as can be. */
function ageOf(context: FunctionContext, xid: number): number | null {
  const { system } = context;
  if (system === undefined) return null;
  if (xid < FIRST_NORMAL_XID) return NEVER;
  // A new server's first transactions have ids that are special ones in PostgreSQL.
  return (Math.max(context.currentXid(false) ?? system.nextXid, FIRST_NORMAL_XID) - xid) | 0;
}

function refuseCommitTimes(): never {
  throw sqlError('55000', 'could not get commit timestamp data', {
    hint: 'Make sure the configuration parameter "track_commit_timestamp" is set.',
  });
}

export const snapshotFunctions: FunctionModule = {
  plain: {
    pg_snapshot_xmin: (text: string) => plain(snapshotOf(text).xmin),
    pg_snapshot_xmax: (text: string) => plain(snapshotOf(text).xmax),
    pg_snapshot_xip: (text: string) => snapshotOf(text).xip.map(plain),
    mxid_age: (xid: number) => (xid === 0 ? NEVER : (FIRST_MULTIXACT - xid) | 0),
    pg_xact_commit_timestamp: refuseCommitTimes,
    pg_xact_commit_timestamp_origin: refuseCommitTimes,
    pg_last_committed_xact: refuseCommitTimes,
    pg_visible_in_snapshot: (xid: Xid, text: string) => isVisible(xid, snapshotOf(text)),
  },
  contextual: {
    xid_age: ageOf,
    pg_current_snapshot: (context) => context.currentSnapshot?.() ?? null,
    pg_export_snapshot: (context) => context.exportSnapshot?.() ?? null,
    pg_xact_status: status,
  },
};
