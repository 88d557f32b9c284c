/**
 * The control file, `DIR/control`: where recovery begins. Replaced whole (written beside, synced, renamed, folder synced)
 * at the end of each checkpoint.
 *
 * | offset | size | field |
 * | 0  | 8 | "HOTROWCT" |
 * | 8  | 4 | format version of the data directory |
 * | 12 | 4 | CRC-32 of bytes 16..112 |
 * | 16 | 8 | cluster id (random, hexadecimal in messages) |
 * | 24 | 8 | LSN of the checkpoint record, 0 before the first |
 * | 32 | 8 | redo LSN: replay begins here |
 * | 40 | 4 | log chain at the redo LSN (CRC of the record before it) |
 * | 44 | 4 | 1 after a clean shutdown |
 * | 48 | 8 | next xid |
 * | 56 | 8 | next CSN |
 * | 64 | 8 | next relation id |
 * | 72 | 8 | time of the checkpoint, ms since 1970 |
 * | 80 | 8 | number of the checkpoint: its state is in `DIR/checkpoint.<number>` |
 * | 88 | 4 | timeline; 0 (older servers): 1 |
 * | 92 | 4 | zero |
 * | 96 | 8 | minimum LSN: how far the log must be there; 0 but in a directory that was restored and not yet started |
 * | 104 | 8 | zero |
 */
import { SqlError } from '../../types/errors.ts';
import { type FileSystem, replaceFile } from '../io/index.ts';
import { crc32 } from '../page/index.ts';
import { FIRST_TIMELINE } from '../wal/index.ts';

export const FORMAT_VERSION = 2;
export const CONTROL_FILE = 'control';
const MAGIC = 'HOTROWCT';
const SIZE = 112;

export interface ControlData {
  readonly clusterId: bigint;
  readonly checkpointLsn: number;
  readonly redoLsn: number;
  readonly redoChain: number;
  readonly clean: boolean;
  readonly nextXid: number;
  readonly nextCsn: number;
  readonly nextRelationId: number;
  readonly timeMs: number;
  readonly checkpointNumber: number;
  /** Counts restores that ended in the middle of the log (wal/timeline.ts); 0 in files of older servers: 1. */
  readonly timeline?: number;
  /** The log must be there up to here, or the pages are not consistent; 0 but in a directory that was restored and not started. */
  readonly minimumLsn?: number;
}

export function encodeControl(control: ControlData): Uint8Array {
  const bytes = Buffer.alloc(SIZE);
  bytes.write(MAGIC, 0, 'latin1');
  bytes.writeUInt32LE(FORMAT_VERSION, 8);
  bytes.writeBigUInt64LE(control.clusterId, 16);
  bytes.writeDoubleLE(control.checkpointLsn, 24);
  bytes.writeDoubleLE(control.redoLsn, 32);
  bytes.writeUInt32LE(control.redoChain, 40);
  bytes.writeUInt32LE(control.clean ? 1 : 0, 44);
  bytes.writeDoubleLE(control.nextXid, 48);
  bytes.writeDoubleLE(control.nextCsn, 56);
  bytes.writeDoubleLE(control.nextRelationId, 64);
  bytes.writeDoubleLE(control.timeMs, 72);
  bytes.writeDoubleLE(control.checkpointNumber, 80);
  bytes.writeUInt32LE(control.timeline ?? FIRST_TIMELINE, 88);
  bytes.writeDoubleLE(control.minimumLsn ?? 0, 96);
  bytes.writeUInt32LE(crc32(bytes, 16, SIZE, 0), 12);
  return bytes;
}

/** Throws a FATAL error that says what is wrong with the file. */
export function decodeControl(bytes: Uint8Array, path: string): ControlData {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.length < 16 || view.toString('latin1', 0, 8) !== MAGIC) throw damaged(path, 'it is not a control file');
  const version = view.readUInt32LE(8);
  if (version !== FORMAT_VERSION) {
    throw new SqlError(
      '22023',
      'database files are incompatible with server',
      {
        detail: `The data directory has format version ${version}, this server reads format version ${FORMAT_VERSION}.`,
        hint:
          version > FORMAT_VERSION
            ? 'Start the newer server that wrote it.'
            : 'Dump the data with the server that wrote it, and restore it here.',
      },
      'FATAL',
    );
  }
  if (view.length < SIZE) throw damaged(path, 'it is too short');
  if (view.readUInt32LE(12) !== crc32(view, 16, SIZE, 0)) throw damaged(path, 'its checksum is wrong');
  return {
    clusterId: view.readBigUInt64LE(16),
    checkpointLsn: view.readDoubleLE(24),
    redoLsn: view.readDoubleLE(32),
    redoChain: view.readUInt32LE(40),
    clean: view.readUInt32LE(44) === 1,
    nextXid: view.readDoubleLE(48),
    nextCsn: view.readDoubleLE(56),
    nextRelationId: view.readDoubleLE(64),
    timeMs: view.readDoubleLE(72),
    checkpointNumber: view.readDoubleLE(80),
    timeline: view.readUInt32LE(88) || FIRST_TIMELINE,
    minimumLsn: view.readDoubleLE(96),
  };
}

/**
 * Is there while pages may show what stood in a part of the log that was given up (accept_damaged_log): from before that part
 * is erased until the next checkpoint is complete.
 */
export function logGivenUpPath(directory: string): string {
  return `${directory}/log_given_up`;
}

/** The directory's control data, or null if it is no data directory yet. */
export function readControl(fileSystem: FileSystem, directory: string): ControlData | null {
  const path = `${directory}/${CONTROL_FILE}`;
  if (!fileSystem.exists(path)) return null;
  return decodeControl(readWholeFile(fileSystem, path), path);
}

export function writeControl(fileSystem: FileSystem, directory: string, control: ControlData): void {
  replaceFile(fileSystem, directory, CONTROL_FILE, encodeControl(control));
}

export function readWholeFile(fileSystem: FileSystem, path: string): Uint8Array {
  const file = fileSystem.open(path, 'read');
  try {
    const bytes = new Uint8Array(file.size());
    const count = file.readSync(bytes, 0, bytes.length, 0);
    return bytes.subarray(0, count);
  } finally {
    file.close();
  }
}

/** For people: one field a line. */
export function dumpControl(control: ControlData): string {
  return [
    `cluster id        ${control.clusterId.toString(16)}`,
    `format version    ${FORMAT_VERSION}`,
    `checkpoint        number ${control.checkpointNumber} at ${control.checkpointLsn.toString(16)}`,
    `redo from         ${control.redoLsn.toString(16)} (chain ${control.redoChain.toString(16)})`,
    `shut down cleanly ${control.clean ? 'yes' : 'no'}`,
    `timeline          ${control.timeline ?? FIRST_TIMELINE}`,
    `next xid          ${control.nextXid}`,
    `next csn          ${control.nextCsn}`,
    `next relation id  ${control.nextRelationId}`,
    `written           ${new Date(control.timeMs).toISOString()}`,
  ].join('\n');
}

function damaged(path: string, why: string): SqlError {
  return new SqlError('XX001', `control file "${path}" is damaged: ${why}`, {}, 'FATAL');
}
