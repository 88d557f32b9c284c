/**
 * Snapshots that transactions have exported (pg_export_snapshot) for others to begin with (SET TRANSACTION SNAPSHOT), as pg_dump does with several
 * connections. After PostgreSQL's snapmgr.c.
 *
 * An exported snapshot lives until its transaction ends, which gives it back; who has imported it holds a share of its own.
 */
import type { Snapshot } from '../storage/api.ts';
import { sqlError } from '../types/errors.ts';
import type { Isolation } from './session-transaction.ts';

export interface ExportedSnapshot {
  readonly id: string;
  readonly databaseOid: number;
  readonly snapshot: Snapshot;
  /** When it was taken, in microseconds since 2000-01-01. */
  readonly time: number;
  readonly isolation: Isolation;
  readonly isReadOnly: boolean;
}

export class ExportedSnapshots {
  readonly #byId = new Map<string, ExportedSnapshot>();

  add(exported: ExportedSnapshot): void {
    this.#byId.set(exported.id, exported);
  }

  remove(id: string): void {
    this.#byId.delete(id);
  }

  /** 22023: there is none, or no longer; 0A000: it is another database's. */
  find(id: string, databaseOid: number): ExportedSnapshot {
    const found = this.#byId.get(id);
    if (found === undefined) throw sqlError('22023', `invalid snapshot identifier: "${id}"`);
    if (found.databaseOid !== databaseOid)
      throw sqlError('0A000', 'cannot import a snapshot from a different database');
    return found;
  }
}

/** `%08X-%08X-%d`: a session, its transaction, and which of its snapshots. */
export function snapshotId(processId: number, transaction: number, number: number): string {
  const hexadecimal = (value: number): string => value.toString(16).toUpperCase().padStart(8, '0');
  return `${hexadecimal(processId)}-${hexadecimal(transaction)}-${number}`;
}
