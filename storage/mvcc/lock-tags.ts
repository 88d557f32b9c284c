/** Table lock modes: names, conflicts; what can be locked, and how PostgreSQL names it in messages. */

import type { Hold, TagWait } from './lock-manager.ts';
import {
  ACCESS_EXCLUSIVE,
  EXCLUSIVE,
  type LockMode,
  ROW_EXCLUSIVE,
  ROW_SHARE,
  SHARE,
  SHARE_ROW_EXCLUSIVE,
  SHARE_UPDATE_EXCLUSIVE,
} from './types.ts';

function bits(...modes: LockMode[]): number {
  return modes.reduce((mask, mode) => mask | (1 << mode), 0);
}

/** By mode: the modes it conflicts with, as bits. PostgreSQL's table 13.2. */
export const LOCK_CONFLICTS: readonly number[] = [
  0,
  bits(ACCESS_EXCLUSIVE),
  bits(EXCLUSIVE, ACCESS_EXCLUSIVE),
  bits(SHARE, SHARE_ROW_EXCLUSIVE, EXCLUSIVE, ACCESS_EXCLUSIVE),
  bits(SHARE_UPDATE_EXCLUSIVE, SHARE, SHARE_ROW_EXCLUSIVE, EXCLUSIVE, ACCESS_EXCLUSIVE),
  bits(ROW_EXCLUSIVE, SHARE_UPDATE_EXCLUSIVE, SHARE_ROW_EXCLUSIVE, EXCLUSIVE, ACCESS_EXCLUSIVE),
  bits(ROW_EXCLUSIVE, SHARE_UPDATE_EXCLUSIVE, SHARE, SHARE_ROW_EXCLUSIVE, EXCLUSIVE, ACCESS_EXCLUSIVE),
  bits(ROW_SHARE, ROW_EXCLUSIVE, SHARE_UPDATE_EXCLUSIVE, SHARE, SHARE_ROW_EXCLUSIVE, EXCLUSIVE, ACCESS_EXCLUSIVE),
  bits(1, 2, 3, 4, 5, 6, 7, 8),
];

export const LOCK_MODE_NAMES: readonly string[] = [
  '',
  'AccessShareLock',
  'RowShareLock',
  'RowExclusiveLock',
  'ShareUpdateExclusiveLock',
  'ShareLock',
  'ShareRowExclusiveLock',
  'ExclusiveLock',
  'AccessExclusiveLock',
];

/** A thing that can be locked, with its holders and its queue. Interned by the lock manager: same thing, same object. */
export class LockTag {
  readonly kind: 'relation' | 'object' | 'advisory';
  readonly key: string;
  /** "relation 16384 of database 5": how messages name it. */
  readonly description: string;
  /** Modes with at least one holder, as bits 1..8. */
  grantedMask = 0;
  /** Holders per mode. */
  readonly grantedCounts: number[] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  readonly holds: Hold[] = [];
  readonly queue: TagWait[] = [];

  constructor(kind: 'relation' | 'object' | 'advisory', key: string, description: string) {
    this.kind = kind;
    this.key = key;
    this.description = description;
  }
}
