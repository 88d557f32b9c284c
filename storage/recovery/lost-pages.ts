/**
 * Pages that the part of the log that was given up (accept_damaged_log) took away: a table dropped, emptied or shortened there
 * is back with its definition, but its file is not. What is missing of it is empty from now on.
 *
 *      file     [ 0 | 1 | 2 ]                       pages 0..2 are there
 *      replay                       [ 6 ]           the log that is left has made page 6 anew
 *      then     [ 0 | 1 | 2 | empty | ... | 6 ]     page count 7, whatever the checkpoint said
 */
import type { BufferPool, RelationPages } from '../buffer/index.ts';
import { PAGE_SIZE, VERSIONS_REL_ID } from '../limits.ts';
import { formatPage, PAGE_KIND_HEAP, PAGE_KIND_VERSIONS } from '../page/index.ts';

export interface LostPages {
  readonly relId: number;
  /** Of how many that the checkpoint and the log know of. */
  readonly lost: number;
  readonly pageCount: number;
}

/** After replay; answers what was found missing. */
export function emptyLostPages(pool: BufferPool): LostPages[] {
  const found: LostPages[] = [];
  for (const relation of pool.allRelations()) {
    const { relId, pageCount } = relation;
    const kind = relId === VERSIONS_REL_ID ? PAGE_KIND_VERSIONS : PAGE_KIND_HEAP;
    forgetLostSources(relation);
    const { copyOf } = relation;
    const isThere = (pageNo: number): boolean => relation.frames[pageNo] >= 0 || copyOf?.isMissing(pageNo) === true;
    const filePages = pagesInFile(pool, relation);
    let end = Math.min(filePages, pageCount);
    for (let pageNo = filePages; pageNo < pageCount; pageNo++) if (isThere(pageNo)) end = pageNo + 1;
    relation.pageCount = end;
    let lost = pageCount - end;
    for (let pageNo = filePages; pageNo < end; pageNo++) {
      if (isThere(pageNo)) continue;
      formatPage(pool, pool.frameForReplay(relation, pageNo), relId, pageNo, kind);
      relation.changed.add(pageNo);
      lost++;
    }
    // Old versions are not missed: what they are wanted for is looked at one by one.
    if (lost > 0 && relId !== VERSIONS_REL_ID) found.push({ relId, lost, pageCount });
  }
  return found;
}

/** What a copy misses and its source has lost is lost. Sources come first: their ids are lower. */
function forgetLostSources({ copyOf, pageCount }: RelationPages): void {
  for (let pageNo = copyOf?.source.pageCount ?? pageCount; pageNo < pageCount; pageNo++) copyOf?.arrived(pageNo);
}

function pagesInFile(pool: BufferPool, relation: RelationPages): number {
  const { files } = pool;
  if (!files.list().includes(relation.relId)) return 0;
  return Math.floor(files.open(relation, false).size() / PAGE_SIZE);
}
