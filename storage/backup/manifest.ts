/**
 * The manifest of a backup, `TARGET/backup.json`: what the backup is, what it rests on, and every file with its size and
 * SHA-256. It is there, marked as unfinished, before anything is copied, and is replaced when everything is durable.
 *
 *      TARGET/backup.json         this
 *             state               DIR/checkpoint.<n>
 *             relations/<id>      DIR/base/<id>, whole
 *             changes/<id>        of an incremental backup: pages that changed since the one before (page-changes.ts)
 *             images/<oid>.<n>    DIR/index/<oid>.<n>
 *             log/<LSN>           DIR/wal/<LSN>: from the start LSN to the end LSN
 *             hotrow.conf, hot-pages
 *
 * The names differ from a data directory's on purpose: no server can take the one for the other, and recover a backup to death.
 */
import { createHash } from 'node:crypto';
import { SqlError } from '../../types/errors.ts';
import { type FileSystem, replaceFile } from '../io/index.ts';
import { BACKUP_MANIFEST, type ControlData, decodeControl, encodeControl, readWholeFile } from '../recovery/index.ts';
import { formatLsn, parseLsn, type TimelineHistory } from '../wal/index.ts';

const FORMAT = 1;

export const STATE_FILE = 'state';
export const RELATIONS_FOLDER = 'relations';
export const CHANGES_FOLDER = 'changes';
export const IMAGES_FOLDER = 'images';
export const LOG_FOLDER = 'log';
/** Files beside, copied if they are there. */
export const OTHER_FILES: readonly string[] = ['hotrow.conf', 'hot-pages'];

export interface BackupFile {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

export interface BackupRelation {
  readonly relId: number;
  /** Pages that the file had. */
  readonly pageCount: number;
  /** Only what changed since the backup before. */
  readonly isChanges: boolean;
}

/** A page that was damaged in the data directory, and is in the backup as it was. */
export interface DamagedPage {
  readonly relId: number;
  readonly pageNo: number;
}

export interface Manifest {
  readonly isComplete: boolean;
  readonly id: string;
  readonly clusterId: bigint;
  readonly timeline: number;
  readonly history: TimelineHistory;
  /** Id of the backup that this one is incremental to. */
  readonly parent: string | null;
  /** Of the checkpoint that the backup begins with; replay begins at its redo LSN. */
  readonly control: ControlData;
  /** Replay must go up to here. */
  readonly endLsn: number;
  readonly startedMs: number;
  readonly endedMs: number;
  readonly relations: readonly BackupRelation[];
  readonly damagedPages: readonly DamagedPage[];
  readonly files: readonly BackupFile[];
}

/** Writes it durably. */
export function writeManifest(fileSystem: FileSystem, target: string, manifest: Manifest): void {
  const { control, clusterId, endLsn, startedMs, endedMs, history, ...rest } = manifest;
  const body = JSON.stringify({
    format: FORMAT,
    ...rest,
    clusterId: clusterId.toString(16),
    startLsn: formatLsn(control.redoLsn),
    endLsn: formatLsn(endLsn),
    started: new Date(startedMs).toISOString(),
    ended: new Date(endedMs).toISOString(),
    history: history.map((step) => ({ ...step, endLsn: formatLsn(step.endLsn) })),
    control: Buffer.from(encodeControl(control)).toString('base64'),
  });
  const text = `{"backup":${body},\n"sha256":"${sha256(body)}"}\n`;
  replaceFile(fileSystem, target, BACKUP_MANIFEST, Buffer.from(text, 'utf8'));
}

/** Throws when there is none, or when it is damaged, unfinished, or a later server's. */
export function readManifest(fileSystem: FileSystem, target: string): Manifest {
  const path = `${target}/${BACKUP_MANIFEST}`;
  if (!fileSystem.exists(path)) throw new SqlError('58P01', `"${target}" is not a backup: file "${path}" is missing`);
  const text = Buffer.from(readWholeFile(fileSystem, path)).toString('utf8');
  const parts = /^\{"backup":(.*),\n"sha256":"([0-9a-f]{64})"\}\n$/s.exec(text);
  if (parts === null || sha256(parts[1]) !== parts[2])
    throw new SqlError('XX001', `backup manifest "${path}" is damaged: its checksum is wrong`);
  const found = JSON.parse(parts[1]) as StoredManifest;
  if (found.format !== FORMAT)
    throw new SqlError('22023', `backup "${target}" has format ${found.format}, this program reads format ${FORMAT}`);
  if (!found.isComplete) {
    throw new SqlError('55000', `backup "${target}" is not complete`, {
      hint: 'It is being made, or was not finished: then remove it, and make another.',
    });
  }
  return {
    isComplete: true,
    id: found.id,
    clusterId: BigInt(`0x${found.clusterId}`),
    timeline: found.timeline,
    history: found.history.map((step) => ({ ...step, endLsn: parseLsn(step.endLsn)! })),
    parent: found.parent,
    control: decodeControl(Buffer.from(found.control, 'base64'), path),
    endLsn: parseLsn(found.endLsn)!,
    startedMs: Date.parse(found.started),
    endedMs: Date.parse(found.ended),
    relations: found.relations,
    damagedPages: found.damagedPages,
    files: found.files,
  };
}

interface StoredManifest {
  readonly format: number;
  readonly isComplete: boolean;
  readonly id: string;
  readonly clusterId: string;
  readonly timeline: number;
  readonly history: readonly { readonly timeline: number; readonly endLsn: string; readonly reason: string }[];
  readonly parent: string | null;
  readonly control: string;
  readonly endLsn: string;
  readonly started: string;
  readonly ended: string;
  readonly relations: readonly BackupRelation[];
  readonly damagedPages: readonly DamagedPage[];
  readonly files: readonly BackupFile[];
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
