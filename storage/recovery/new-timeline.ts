/** A timeline that begins in the middle of a log: after a restore, or where a damaged log was given up (wal/timeline.ts). */
import { randomBytes } from 'node:crypto';
import { type FileSystem, replaceFile } from '../io/index.ts';
import {
  decodeHistory,
  encodeHistory,
  FIRST_TIMELINE,
  historyName,
  logTimeline,
  type TimelineHistory,
  type Wal,
} from '../wal/index.ts';
import { readWholeFile } from './control.ts';

export interface NewTimeline {
  readonly timeline: number;
  /** With the one that is left here as the last. */
  readonly history: TimelineHistory;
}

/** The log stands where the timeline is to begin. Answers the LSN behind its first record; it is not durable yet. */
export function beginTimeline(
  fileSystem: FileSystem,
  walFolder: string,
  wal: Wal,
  { timeline, history }: NewTimeline,
): number {
  replaceFile(fileSystem, walFolder, historyName(timeline), Buffer.from(encodeHistory(history), 'utf8'));
  const parent = history[history.length - 1].timeline;
  return logTimeline(wal, { timeline, parent }, randomBytes(6).readUIntLE(0, 6));
}

/** The history of the timeline, as its file has it. */
export function readHistory(fileSystem: FileSystem, walFolder: string, timeline: number): TimelineHistory {
  if (timeline === FIRST_TIMELINE) return [];
  const path = `${walFolder}/${historyName(timeline)}`;
  return decodeHistory(Buffer.from(readWholeFile(fileSystem, path)).toString('utf8'), path);
}
