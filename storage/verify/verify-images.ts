/**
 * Index images: of the right index and time, whole, in order; and each entry that the next start would believe (not of a page that
 * changed since) is of a row that is there. Whether it has the row's key only the executor could say.
 *
 * A damaged image loses nothing: the next start rebuilds the index from its table, and says so.
 */

import { SqlError } from '../../types/errors.ts';
import { type BufferPool, holderOf } from '../buffer/index.ts';
import type { HeapState } from '../heap-state.ts';
import { checkImage } from '../index/image-reader.ts';
import { imageDirectory, imagePath } from '../index-images.ts';
import type { FileSystem } from '../io/index.ts';
import { ROW_ID_SLOT_BITS, SLOTS_PER_PAGE_MAX } from '../limits.ts';
import { pageSlotCount, slotOffset } from '../page/index.ts';
import type { VerifyReport } from './report.ts';

export interface ImagesOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly pool: BufferPool;
  readonly heaps: ReadonlyMap<number, HeapState>;
  readonly report: VerifyReport;
}

export function verifyImages(options: ImagesOptions): void {
  const { directory, fileSystem, report } = options;
  const known = new Set<string>();
  for (const heap of options.heaps.values()) {
    if (heap.images.length === 0 || options.pool.relation(heap.relId) === undefined) continue;
    const used = usedSlots(options.pool, heap.relId);
    for (const image of heap.images) {
      const path = imagePath(directory, image);
      const file = path.slice(directory.length + 1);
      known.add(file);
      const fault = imageFault(options, heap, path, { ...image, relId: heap.relId }, used);
      if (fault === null) report.counts.indexImages++;
      else report.problem({ file, message: `${fault}; the next start rebuilds the index` });
    }
  }
  const folder = imageDirectory(directory).slice(directory.length + 1);
  for (const name of fileSystem.list(imageDirectory(directory))) {
    if (known.has(`${folder}/${name}`)) continue;
    report.note({ file: `${folder}/${name}`, message: 'an image that is not in use; the next start removes it' });
  }
}

function imageFault(
  { fileSystem, pool }: ImagesOptions,
  heap: HeapState,
  path: string,
  identity: { oid: number; relId: number; lsn: number },
  used: Uint32Array,
): string | null {
  const changedSince = pool.relation(heap.relId)!.changed;
  let lost = -1;
  const visit = (rows: Uint32Array): void => {
    for (const rowId of rows) {
      const pageNo = rowId >>> ROW_ID_SLOT_BITS;
      if (heap.changed.has(pageNo) || heap.pending.has(pageNo) || changedSince.has(pageNo)) continue;
      if (rowId >>> 5 >= used.length || (used[rowId >>> 5] & (1 << (rowId & 31))) === 0) lost = rowId;
    }
  };
  try {
    const file = fileSystem.open(path, 'read');
    try {
      const fault = checkImage(file, identity, visit);
      if (fault !== null) return fault;
    } finally {
      file.close();
    }
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    return error.message;
  }
  if (lost < 0) return null;
  return `it has a key for block ${lost >>> ROW_ID_SLOT_BITS} slot ${lost & (SLOTS_PER_PAGE_MAX - 1)}, where no row is`;
}

/** By row id, a bit for each slot that is in use. Pages that cannot be read have been told of, and count as full. */
function usedSlots(pool: BufferPool, relId: number): Uint32Array {
  const relation = pool.relation(relId)!;
  const used = new Uint32Array((relation.pageCount * SLOTS_PER_PAGE_MAX) >>> 5);
  for (let pageNo = 0; pageNo < relation.pageCount; pageNo++) {
    const first = pageNo << ROW_ID_SLOT_BITS;
    try {
      const base = pool.frameBaseSync(holderOf(relation, pageNo), pageNo);
      if (base < 0) throw new SqlError('XX001', 'a page that is not there');
      const count = pageSlotCount(pool.u16, base);
      for (let slot = 0; slot < count; slot++) {
        if (slotOffset(pool.u16, base, slot) !== 0) used[(first + slot) >>> 5] |= 1 << (slot & 31);
      }
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      used.fill(0xffffffff, first >>> 5, (first + SLOTS_PER_PAGE_MAX) >>> 5);
    }
  }
  return used;
}
