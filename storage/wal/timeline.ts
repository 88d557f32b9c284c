/**
 * Timelines. A restore that ends in the middle of a log goes on from there, and what was logged behind that place in another
 * life is not its own past. Each such restore begins a timeline: a number, the largest that its archive knows and one more.
 *
 *      timeline 1   --a---b---c---d---e-->
 *                         |
 *      timeline 2         +--x---y---z-->          history of 2: "1 up to b"
 *                                |
 *      timeline 3                +--p---q-->       history of 3: "1 up to b, 2 up to y"
 *
 * Names of segments in an archive begin with the timeline, so that two lives never write the same file. The log itself says
 * where a timeline begins (a TIMELINE record, with a random number in it: from there on the CRC chains of two restores differ,
 * even if both call themselves 2).
 *
 * Names and history files have PostgreSQL's form: 8 hexadecimal digits of timeline, 16 of the segment; `0000000N.history`,
 * a line for each timeline before: number, tab, LSN where it was left, tab, why.
 */
import { SqlError } from '../../types/errors.ts';
import { WAL_SEGMENT_SIZE } from '../limits.ts';

export const FIRST_TIMELINE = 1;

/** A timeline before, and where it was left. */
export interface TimelineStep {
  readonly timeline: number;
  readonly endLsn: number;
  readonly reason: string;
}

/** Oldest first. */
export type TimelineHistory = readonly TimelineStep[];

/** `0/1000028`, as pg_lsn has it. */
export function formatLsn(lsn: number): string {
  return `${Math.floor(lsn / 2 ** 32)
    .toString(16)
    .toUpperCase()}/${(lsn % 2 ** 32).toString(16).toUpperCase()}`;
}

/** Null: it is no LSN. */
export function parseLsn(text: string): number | null {
  const parts = /^([0-9a-f]{1,8})\/([0-9a-f]{1,8})$/i.exec(text);
  if (parts === null) return null;
  return Number.parseInt(parts[1], 16) * 2 ** 32 + Number.parseInt(parts[2], 16);
}

/** Of the segment that begins at this LSN. */
export function archiveSegmentName(timeline: number, startLsn: number): string {
  const high = Math.floor(startLsn / 2 ** 32);
  const low = (startLsn % 2 ** 32) / WAL_SEGMENT_SIZE;
  return [timeline, high, low].map((part) => part.toString(16).toUpperCase().padStart(8, '0')).join('');
}

/** Where the segment begins that holds the byte before the LSN: at a border the segment that ends there. */
export function segmentBefore(lsn: number): number {
  return Math.max(0, Math.ceil(lsn / WAL_SEGMENT_SIZE) - 1) * WAL_SEGMENT_SIZE;
}

export function historyName(timeline: number): string {
  return `${timeline.toString(16).toUpperCase().padStart(8, '0')}.history`;
}

export function encodeHistory(history: TimelineHistory): string {
  return history.map(({ timeline, endLsn, reason }) => `${timeline}\t${formatLsn(endLsn)}\t${reason}\n`).join('');
}

export function decodeHistory(text: string, name: string): TimelineHistory {
  const steps: TimelineStep[] = [];
  for (const line of text.split('\n')) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [number, lsn, reason] = line.split('\t');
    const timeline = Number(number);
    const endLsn = parseLsn(lsn ?? '');
    const last = steps.at(-1);
    if (!Number.isInteger(timeline) || endLsn === null || (last !== undefined && timeline <= last.timeline))
      throw new SqlError('XX001', `syntax error in history file "${name}": ${line}`);
    steps.push({ timeline, endLsn, reason: reason ?? '' });
  }
  return steps;
}

/** Which timeline's file holds the log's segment that begins here: where one is left in the middle, the later one's does. */
export function timelineOfSegment(history: TimelineHistory, timeline: number, startLsn: number): number {
  for (const step of history) if (step.endLsn >= startLsn + WAL_SEGMENT_SIZE) return step.timeline;
  return timeline;
}
