/**
 * The engine's memory beside the pages, as a checkpoint keeps it and recovery finds it again.
 *
 * Which xids are lost. A checkpoint knows the next xid and those that had not ended. Of the xids since, the committed ones have
 * a COMMIT record behind the redo LSN. All others belong to transactions that never ended (or ended in an undo that is in the
 * log): if a version with such an xid is still the newest of its row, the startup sweep undoes it.
 *
 *      xid < checkpoint's next:  lost if it was unfinished then, and no COMMIT came
 *      xid >= that:              lost unless a COMMIT came
 *
 * Heaps (heap-state.ts). The checkpoint's counts, and those of the COMMITs since; places that the log says were left or settled
 * since. Pages that the log names are noted by recovery itself (RelationPages.changed).
 */

import { ROW_SLOT_BITS } from './heap/index.ts';
import { decodeHeapStates, type HeapState, newHeapState } from './heap-state.ts';
import type { CapturedState, CheckpointFiles, ControlData, RecoveryHandler } from './recovery/index.ts';
import { WAL_SEQUENCE_DROP, WAL_SEQUENCE_RESTART } from './sequences.ts';
import { FIRST_HEAP_REL_ID, FIRST_OID, OID_COUNTER_ID, type Store } from './store.ts';
import { type CommitBody, PAGE_NOTE_LEFT, PAGE_NOTE_SETTLED, type WalRecord } from './wal/index.ts';

/** What is kept as JSON: small, and readable to who debugs. Int8 values as text. */
interface TransactionState {
  readonly unfinishedXids: readonly number[];
  /** Heaps made by transactions that had not ended: relation id, xid. */
  readonly createdHeaps: readonly (readonly [number, number])[];
  /** id, last value, is called. */
  readonly sequences: readonly (readonly [number, string, boolean])[];
  readonly oidLimit: number;
}

/** For Checkpointer: everything as of now. */
/** `isFinal`: nothing changes any more, so a sequence goes on where it stands, not where the log would have let it. */
export function captureState(store: Store, files: CheckpointFiles, isFinal: boolean): CapturedState {
  const { transactions } = store;
  const createdHeaps: [number, number][] = [];
  for (const heap of store.heaps.values()) {
    if (heap.creator !== null) createdHeaps.push([heap.relId, heap.creator.xidRuns[0]]);
  }
  const sequences: [number, string, boolean][] = [];
  for (const [id, sequence] of store.sequences.entries()) {
    const { lastValue, isCalled, loggedValue, loggedIsCalled } = sequence;
    sequences.push(isFinal ? [id, lastValue.toString(), isCalled] : [id, loggedValue.toString(), loggedIsCalled]);
  }
  const state: TransactionState = {
    unfinishedXids: transactions.unfinishedXids(),
    createdHeaps,
    sequences,
    oidLimit: store.oidLimit,
  };
  return {
    nextXid: transactions.nextXid,
    nextCsn: transactions.lastCsn + 1,
    nextRelationId: store.nextRelId,
    transactionState: Buffer.from(JSON.stringify(state), 'utf8'),
    catalogImage: encodeCatalog(store.catalog),
    files,
  };
}

/** Entries: u32 length and bytes of the key, u32 length and bytes of the value. */
function encodeCatalog(catalog: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const keys: Buffer[] = [];
  let size = 0;
  for (const [key, value] of catalog) {
    const bytes = Buffer.from(key, 'utf8');
    keys.push(bytes);
    size += 8 + bytes.length + value.length;
  }
  const image = Buffer.allocUnsafe(size);
  let at = 0;
  let index = 0;
  for (const value of catalog.values()) {
    for (const part of [keys[index++], value]) {
      at = image.writeUInt32LE(part.length, at);
      image.set(part, at);
      at += part.length;
    }
  }
  return image;
}

function decodeCatalog(image: Uint8Array, catalog: Map<string, Uint8Array>): void {
  const view = Buffer.from(image.buffer, image.byteOffset, image.length);
  let at = 0;
  const next = (): Buffer => {
    const start = at + 4;
    at = start + view.readUInt32LE(at);
    return view.subarray(start, at);
  };
  while (at < view.length) catalog.set(next().toString('utf8'), new Uint8Array(next()));
}

/** A set of xids from a base on, one bit each. */
class XidSet {
  private readonly base: number;
  private bits = new Uint8Array(1024);

  constructor(base: number) {
    this.base = base;
  }

  add(xid: number): void {
    const index = xid - this.base;
    const byte = Math.floor(index / 8);
    if (byte >= this.bits.length) {
      const grown = new Uint8Array(Math.max(byte + 1, this.bits.length * 2));
      grown.set(this.bits);
      this.bits = grown;
    }
    this.bits[byte] |= 1 << (index % 8);
  }

  has(xid: number): boolean {
    const index = xid - this.base;
    return ((this.bits[Math.floor(index / 8)] ?? 0) & (1 << (index % 8))) !== 0;
  }
}

/** Collects what the checkpoint and the log say. */
export class RecoveredState implements RecoveryHandler {
  readonly catalog = new Map<string, Uint8Array>();
  readonly sequences = new Map<number, readonly [number | bigint, boolean]>();
  /** Heaps that are not here are not known (an older server's checkpoint): the start reads them. */
  heaps = new Map<number, HeapState>();
  oidLimit = FIRST_OID;
  nextXid = 1;
  nextRelId = FIRST_HEAP_REL_ID;
  lastCsn = 1;
  /** Some versions may have lost the one before them. */
  isLogGivenUp = false;
  private firstNewXid = 1;
  private unfinished = new Set<number>();
  private committed = new XidSet(1);
  private readonly createdHeaps = new Map<number, number>();
  private readonly pendingCatalog = new Map<number, [key: string, bytes: Uint8Array | null][]>();
  /** Sequences dropped (null) or started again, by xid, until its COMMIT. */
  private readonly pendingSequences = new Map<
    number,
    [id: number, state: readonly [number | bigint, boolean] | null][]
  >();

  onCheckpointState(
    catalogImage: Uint8Array,
    transactionState: Uint8Array,
    control: ControlData,
    heapState: Uint8Array,
  ): void {
    this.heaps = decodeHeapStates(heapState);
    decodeCatalog(catalogImage, this.catalog);
    const state = JSON.parse(Buffer.from(transactionState).toString('utf8')) as TransactionState;
    this.unfinished = new Set(state.unfinishedXids);
    for (const [relId, xid] of state.createdHeaps) this.createdHeaps.set(relId, xid);
    for (const [id, value, isCalled] of state.sequences) this.onSequence(id, integer(value), isCalled);
    this.oidLimit = state.oidLimit;
    this.nextXid = control.nextXid;
    this.firstNewXid = control.nextXid;
    this.committed = new XidSet(control.nextXid);
    this.lastCsn = control.nextCsn - 1;
    this.nextRelId = control.nextRelationId;
  }

  onCommit(commit: CommitBody): void {
    for (const xid of commit.xids) {
      if (xid < this.firstNewXid) this.unfinished.delete(xid);
      else this.committed.add(xid);
      for (const [id, sequence] of this.pendingSequences.get(xid) ?? []) {
        if (sequence === null) this.sequences.delete(id);
        else this.sequences.set(id, sequence);
      }
      this.pendingSequences.delete(xid);
      const changes = this.pendingCatalog.get(xid);
      if (changes === undefined) continue;
      for (const [key, bytes] of changes) {
        if (bytes === null) this.catalog.delete(key);
        else this.catalog.set(key, bytes);
      }
      this.pendingCatalog.delete(xid);
    }
    for (const [relId, change] of commit.rowChanges) {
      const heap = this.heaps.get(relId);
      if (heap !== undefined) heap.rowCount += change;
    }
    this.lastCsn = Math.max(this.lastCsn, commit.csn);
  }

  onAbort(xids: readonly number[]): void {
    // Undone before the record was written: no version is left to be taken for a committed one.
    for (const xid of xids) {
      this.pendingCatalog.delete(xid);
      this.pendingSequences.delete(xid);
      this.unfinished.delete(xid);
    }
  }

  onCatalog(xid: number, key: string, bytes: Uint8Array | null): void {
    const changes = this.pendingCatalog.get(xid);
    if (changes === undefined) this.pendingCatalog.set(xid, [[key, bytes]]);
    else changes.push([key, bytes]);
  }

  onSequence(id: number, lastValue: number | bigint, isCalled: boolean): void {
    if (id === OID_COUNTER_ID) this.oidLimit = Number(lastValue);
    else this.sequences.set(id, [lastValue, isCalled]);
  }

  onRelationCreate(xid: number, relationId: number): void {
    this.nextRelId = Math.max(this.nextRelId, relationId + 1);
    if (xid !== 0) this.createdHeaps.set(relationId, xid);
    this.heaps.set(relationId, newHeapState(relationId));
  }

  onRelationDrop(relationId: number): void {
    this.createdHeaps.delete(relationId);
  }

  onPages(_xid: number): void {}

  onPageNote(relId: number, pageNo: number, note: number, slot: number): void {
    const rowId = ((pageNo << ROW_SLOT_BITS) + slot) >>> 0;
    if (note === PAGE_NOTE_LEFT) this.heaps.get(relId)?.leftPlaces.add(rowId);
    else if (note === PAGE_NOTE_SETTLED) this.heaps.get(relId)?.leftPlaces.delete(rowId);
  }

  /** No count and no image is to be believed: the start reads all heaps. */
  onLogGivenUp(): void {
    this.heaps.clear();
    this.isLogGivenUp = true;
  }

  onRecord(record: WalRecord): void {
    if (record.kind !== WAL_SEQUENCE_DROP && record.kind !== WAL_SEQUENCE_RESTART) return;
    const id = record.u32();
    const isCalled = record.u32() !== 0;
    const changes = this.pendingSequences.get(record.xid) ?? [];
    changes.push([id, record.kind === WAL_SEQUENCE_DROP ? null : [record.int64(), isCalled]]);
    this.pendingSequences.set(record.xid, changes);
  }

  isLost(xid: number): boolean {
    return xid < this.firstNewXid ? this.unfinished.has(xid) : !this.committed.has(xid);
  }

  /** Heaps whose creators never committed. */
  lostHeaps(): number[] {
    const lost: number[] = [];
    for (const [relId, xid] of this.createdHeaps) if (this.isLost(xid)) lost.push(relId);
    return lost;
  }
}

function integer(text: string): number | bigint {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}
