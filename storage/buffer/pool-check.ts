/** The pool's invariants as far as they can be looked at, for tests and HOTROW_CHECK. */
import { PAGE_SIZE } from '../limits.ts';
import { pageNumber, pageRelationId } from '../page/index.ts';
import { FRAME_LOADING, FRAME_WRITING } from './clock-sweep.ts';
import type { BufferPool } from './pool.ts';

/** What is wrong, or null. */
export function checkPool(pool: BufferPool, freeFrames: readonly number[]): string | null {
  const seen = new Set<number>();
  for (const rel of pool.allRelations()) {
    for (let pageNo = 0; pageNo < rel.frames.length; pageNo++) {
      const frame = rel.frames[pageNo];
      if (frame < 0) continue;
      if (pageNo >= rel.pageCount) return `relation ${rel.relId} has page ${pageNo} beyond its end`;
      if (seen.has(frame)) return `frame ${frame} holds two pages`;
      seen.add(frame);
      if (pool.frameRelation[frame] !== rel || pool.framePage[frame] !== pageNo) return `frame ${frame} is another's`;
      if ((pool.flags[frame] & FRAME_LOADING) !== 0) return `frame ${frame} is shown while it is read`;
      const base = frame * PAGE_SIZE;
      if (pageRelationId(pool.u32, base) !== rel.relId || pageNumber(pool.u32, base) !== pageNo) {
        return `frame ${frame} holds other bytes than page ${pageNo} of relation ${rel.relId}`;
      }
    }
  }
  for (const frame of freeFrames) {
    if (seen.has(frame) || pool.flags[frame] !== 0 || pool.pins[frame] !== 0) return `free frame ${frame} is in use`;
  }
  let writing = 0;
  for (let frame = 0; frame < pool.frameCount; frame++) if ((pool.flags[frame] & FRAME_WRITING) !== 0) writing++;
  if (writing > pool.writer.batchPages) return `${writing} frames are being written`;
  return null;
}
