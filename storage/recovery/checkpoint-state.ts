/**
 * The state beside the control file, `DIR/checkpoint.<number>`: what is not in pages, as it was at the redo LSN. The control
 * file names the number, so both change in one rename.
 *
 * | offset | size | field |
 * | 0  | 8 | "HOTROWCP" |
 * | 8  | 4 | format version: 3 if relations are being copied, else 2; 1 is read too: it has no heap state |
 * | 12 | 4 | CRC-32 of all bytes from 16 on |
 * | 16 | 8 | checkpoint number |
 * | 24 | 4 | relations: count n |
 * | 28 | 4 | size of the heap state |
 * | 32 | 4 | size of the transaction state |
 * | 36 | 4 | size of the catalog image |
 * | 40 | 8 n | relation id, page count (u32 each), ascending |
 * | ... |  | in version 3: copies, below |
 * | ... |  | transaction state, catalog image, heap state: opaque bytes of the engine |
 *
 * Copies (buffer/relation-copy.ts), u32 each: how many; of each the copy, its source, words n, n words: a bit for each page that is missing. Then how
 * many relations are dropped and stay for copies of them, and their ids. (A server that knows nothing of them must not start on it.)
 */
import { SqlError } from '../../types/errors.ts';
import { crc32 } from '../page/index.ts';

const MAGIC = 'HOTROWCP';
const VERSION = 2;
const VERSION_WITH_COPIES = 3;
const HEADER_SIZE = 40;

export interface RelationSize {
  readonly relId: number;
  readonly pageCount: number;
}

/** A relation that is being copied, and the pages that it still has to get. */
export interface CopyState {
  readonly relId: number;
  readonly sourceId: number;
  readonly missing: Uint32Array<ArrayBuffer>;
}

export interface CheckpointState {
  readonly number: number;
  readonly relations: readonly RelationSize[];
  readonly copies: readonly CopyState[];
  /** Relations that are dropped, and that copies still need. */
  readonly retired: readonly number[];
  readonly transactionState: Uint8Array;
  readonly catalogImage: Uint8Array;
  readonly heapState: Uint8Array;
}

export function checkpointStateName(number: number): string {
  return `checkpoint.${number}`;
}

export function encodeCheckpointState(state: CheckpointState): Uint8Array {
  const { relations, transactionState, catalogImage, heapState } = state;
  const hasCopies = state.copies.length + state.retired.length > 0;
  const fixedSize = HEADER_SIZE + relations.length * 8 + (hasCopies ? sizeOfCopies(state) : 0);
  const bytes = Buffer.alloc(fixedSize + transactionState.length + catalogImage.length + heapState.length);
  bytes.write(MAGIC, 0, 'latin1');
  bytes.writeUInt32LE(hasCopies ? VERSION_WITH_COPIES : VERSION, 8);
  bytes.writeDoubleLE(state.number, 16);
  bytes.writeUInt32LE(relations.length, 24);
  bytes.writeUInt32LE(heapState.length, 28);
  bytes.writeUInt32LE(transactionState.length, 32);
  bytes.writeUInt32LE(catalogImage.length, 36);
  let at = HEADER_SIZE;
  for (const relation of relations) {
    bytes.writeUInt32LE(relation.relId, at);
    bytes.writeUInt32LE(relation.pageCount, at + 4);
    at += 8;
  }
  if (hasCopies) at = writeCopies(state, bytes, at);
  bytes.set(transactionState, at);
  bytes.set(catalogImage, at + transactionState.length);
  bytes.set(heapState, at + transactionState.length + catalogImage.length);
  bytes.writeUInt32LE(crc32(bytes, 16, bytes.length, 0), 12);
  return bytes;
}

function sizeOfCopies({ copies, retired }: CheckpointState): number {
  return copies.reduce((size, { missing }) => size + 12 + missing.length * 4, 8 + retired.length * 4);
}

function writeCopies({ copies, retired }: CheckpointState, bytes: Buffer, start: number): number {
  let at = bytes.writeUInt32LE(copies.length, start);
  for (const { relId, sourceId, missing } of copies) {
    for (const word of [relId, sourceId, missing.length]) at = bytes.writeUInt32LE(word, at);
    for (const word of missing) at = bytes.writeUInt32LE(word, at);
  }
  at = bytes.writeUInt32LE(retired.length, at);
  for (const relId of retired) at = bytes.writeUInt32LE(relId, at);
  return at;
}

function readCopies(bytes: Buffer, start: number): Pick<CheckpointState, 'copies' | 'retired'> & { end: number } {
  let at = start;
  const next = (): number => {
    at += 4;
    return bytes.readUInt32LE(at - 4);
  };
  const words = (): Uint32Array<ArrayBuffer> => {
    const list = new Uint32Array(next());
    for (let i = 0; i < list.length; i++) list[i] = next();
    return list;
  };
  const copies: CopyState[] = [];
  for (let left = next(); left > 0; left--) copies.push({ relId: next(), sourceId: next(), missing: words() });
  return { copies, retired: Array.from(words()), end: at };
}

export function decodeCheckpointState(bytes: Uint8Array, path: string, number: number): CheckpointState {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.length < HEADER_SIZE || view.toString('latin1', 0, 8) !== MAGIC || !isReadable(view.readUInt32LE(8))) {
    throw damaged(path, 'it is not a checkpoint state file of this version');
  }
  if (view.readUInt32LE(12) !== crc32(view, 16, view.length, 0)) throw damaged(path, 'its checksum is wrong');
  if (view.readDoubleLE(16) !== number) throw damaged(path, 'it belongs to another checkpoint');
  const count = view.readUInt32LE(24);
  const relations: RelationSize[] = [];
  let at = HEADER_SIZE;
  for (let i = 0; i < count; i++, at += 8) {
    relations.push({ relId: view.readUInt32LE(at), pageCount: view.readUInt32LE(at + 4) });
  }
  const {
    copies,
    retired,
    end: start,
  } = view.readUInt32LE(8) === VERSION_WITH_COPIES ? readCopies(view, at) : { copies: [], retired: [], end: at };
  at = start;
  const catalogStart = at + view.readUInt32LE(32);
  const heapStart = catalogStart + view.readUInt32LE(36);
  const end = heapStart + view.readUInt32LE(28);
  if (end !== view.length) throw damaged(path, 'it has another size than it says');
  return {
    number,
    relations,
    copies,
    retired,
    transactionState: bytes.slice(at, catalogStart),
    catalogImage: bytes.slice(catalogStart, heapStart),
    heapState: bytes.slice(heapStart, end),
  };
}

function isReadable(version: number): boolean {
  return version >= 1 && version <= VERSION_WITH_COPIES;
}

function damaged(path: string, why: string): SqlError {
  return new SqlError('XX001', `checkpoint file "${path}" is damaged: ${why}`, {}, 'FATAL');
}
