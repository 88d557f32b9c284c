/**
 * The state beside the control file, `DIR/checkpoint.<number>`: what is not in pages, as it was at the redo LSN. The control
 * file names the number, so both change in one rename.
 *
 * | offset | size | field |
 * | 0  | 8 | "HOTROWCP" |
 * | 8  | 4 | format version; 1 is read too: it has no heap state |
 * | 12 | 4 | CRC-32 of all bytes from 16 on |
 * | 16 | 8 | checkpoint number |
 * | 24 | 4 | relations: count n |
 * | 28 | 4 | size of the heap state |
 * | 32 | 4 | size of the transaction state |
 * | 36 | 4 | size of the catalog image |
 * | 40 | 8 n | relation id, page count (u32 each), ascending |
 * | ... |  | transaction state, catalog image, heap state: opaque bytes of the engine |
 */
import { SqlError } from '../../types/errors.ts';
import { crc32 } from '../page/index.ts';

const MAGIC = 'HOTROWCP';
const VERSION = 2;
const HEADER_SIZE = 40;

export interface RelationSize {
  readonly relId: number;
  readonly pageCount: number;
}

export interface CheckpointState {
  readonly number: number;
  readonly relations: readonly RelationSize[];
  readonly transactionState: Uint8Array;
  readonly catalogImage: Uint8Array;
  readonly heapState: Uint8Array;
}

export function checkpointStateName(number: number): string {
  return `checkpoint.${number}`;
}

export function encodeCheckpointState(state: CheckpointState): Uint8Array {
  const { relations, transactionState, catalogImage, heapState } = state;
  const fixedSize = HEADER_SIZE + relations.length * 8;
  const bytes = Buffer.alloc(fixedSize + transactionState.length + catalogImage.length + heapState.length);
  bytes.write(MAGIC, 0, 'latin1');
  bytes.writeUInt32LE(VERSION, 8);
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
  bytes.set(transactionState, at);
  bytes.set(catalogImage, at + transactionState.length);
  bytes.set(heapState, at + transactionState.length + catalogImage.length);
  bytes.writeUInt32LE(crc32(bytes, 16, bytes.length, 0), 12);
  return bytes;
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
  const catalogStart = at + view.readUInt32LE(32);
  const heapStart = catalogStart + view.readUInt32LE(36);
  const end = heapStart + view.readUInt32LE(28);
  if (end !== view.length) throw damaged(path, 'it has another size than it says');
  return {
    number,
    relations,
    transactionState: bytes.slice(at, catalogStart),
    catalogImage: bytes.slice(catalogStart, heapStart),
    heapState: bytes.slice(heapStart, end),
  };
}

function isReadable(version: number): boolean {
  return version === 1 || version === VERSION;
}

function damaged(path: string, why: string): SqlError {
  return new SqlError('XX001', `checkpoint file "${path}" is damaged: ${why}`, {}, 'FATAL');
}
