/**
 * Is what ends the log its end, or damage in its middle? A torn tail is what every power cut leaves: records that nobody was
 * told of. Damage before records that were durable would take acknowledged commits away in silence.
 *
 *      whole records | damage | whole records, one of which says: "durable up to here" ---+
 *                    ^ end of reading      ^ behind the end: something is lost <----------+
 *
 * Each record says up to where the log was durable when it was made. Remains of a flush that a power cut tore say less than
 * where reading ends, whatever else of them survived; so do those of earlier lives. Of records behind the end one counts whose
 * CRC continues that of a record before it: the LSN of the first and the chain leave nothing to chance.
 */
import type { FileSystem } from '../io/index.ts';
import { WAL_RECORD_HEADER_SIZE, WAL_RECORD_SIZE_MAX, WAL_SEGMENT_SIZE } from '../limits.ts';
import { readWal } from './reader.ts';
import { listWalSegments, walSegmentName } from './segments.ts';

export interface LostLog {
  /** Where whole records begin again. */
  readonly lsn: number;
  /** The log was durable up to here, at least. */
  readonly durableLsn: number;
}

/** What proves that the log went on behind `endLsn`, where reading it ended; null if nothing does. */
export function findLostLog(fileSystem: FileSystem, directory: string, endLsn: number): LostLog | null {
  let from = endLsn;
  for (const start of listWalSegments(fileSystem, directory)) {
    if (start + WAL_SEGMENT_SIZE <= endLsn) continue;
    const bytes = readSegment(fileSystem, `${directory}/${walSegmentName(start)}`);
    for (;;) {
      const lsn = nextCandidate(bytes, start, from);
      if (lsn < 0) break;
      let durableLsn = 0;
      let count = 0;
      const end = readWal({ fileSystem, directory, fromLsn: lsn, chain: null }, (record) => {
        if (count++ > 0) durableLsn = Math.max(durableLsn, record.durableLsn);
      });
      if (durableLsn > endLsn) return { lsn, durableLsn };
      from = count > 1 ? end.lsn : lsn + 8;
    }
  }
  return null;
}

/** Where, from `fromLsn` on, a record may begin: its own position stands in it; -1 if nowhere. */
export function nextRecord(fileSystem: FileSystem, directory: string, fromLsn: number): number {
  for (const start of listWalSegments(fileSystem, directory)) {
    if (start + WAL_SEGMENT_SIZE <= fromLsn) continue;
    const lsn = nextCandidate(readSegment(fileSystem, `${directory}/${walSegmentName(start)}`), start, fromLsn);
    if (lsn >= 0) return lsn;
  }
  return -1;
}

/** What lies behind the log's end is not to be taken for anything again. */
export function eraseLogBehind(fileSystem: FileSystem, directory: string, endLsn: number): void {
  for (const start of listWalSegments(fileSystem, directory)) {
    if (start + WAL_SEGMENT_SIZE <= endLsn) continue;
    const path = `${directory}/${walSegmentName(start)}`;
    if (start >= endLsn) {
      fileSystem.unlink(path);
      continue;
    }
    const file = fileSystem.open(path, 'readwrite');
    try {
      const offset = endLsn - start;
      const count = Math.max(0, file.size() - offset);
      file.writeSync(new Uint8Array(count), 0, count, offset);
      file.fdatasyncSync();
    } finally {
      file.close();
    }
  }
  fileSystem.fsyncDir(directory);
}

function readSegment(fileSystem: FileSystem, path: string): Float64Array {
  const file = fileSystem.open(path, 'read');
  try {
    const bytes = new Uint8Array(Math.min(WAL_SEGMENT_SIZE, file.size() & -8));
    file.readSync(bytes, 0, bytes.length, 0);
    return new Float64Array(bytes.buffer);
  } finally {
    file.close();
  }
}

/** The first position from `from` on, in the segment, where a record's own LSN and a possible length stand; -1 for none. */
function nextCandidate(segment: Float64Array, start: number, from: number): number {
  const words = new Uint32Array(segment.buffer);
  for (let at = Math.max(0, from - start) / 8; at + 1 < segment.length; at++) {
    if (segment[at + 1] !== start + at * 8) continue;
    const length = words[at * 2];
    if (length >= WAL_RECORD_HEADER_SIZE && length % 8 === 0 && length <= WAL_RECORD_SIZE_MAX) return start + at * 8;
  }
  return -1;
}
