/**
 * The start of the heaps, after recovery and before the first transaction: undo what was lost, free what was deleted, fill the
 * indexes. As little as possible is read:
 *
 *      heap known from the checkpoint, images good      pages of D (index-images.ts): none after a clean end
 *      ... no indexes                                   pages that the log named, and those of unfinished transactions
 *      an image missing or damaged                      all pages, for that index; the others are loaded
 *      heap not known                                   all pages
 *
 * Pages that need undo or freeing are among those of D, so all of it is one pass (heap/startup-sweep.ts).
 */
import { SqlError } from '../types/errors.ts';
import { PageSet } from './buffer/index.ts';
import { type Heap, type HeapCopy, type RowVisitor, startupSweep } from './heap/index.ts';
import type { HeapState } from './heap-state.ts';
import { DictionaryBuilder, ImageReader, IndexKey } from './index/index.ts';
import { IMAGE_PAGES_MIN, type IndexedHeap, type IndexImages, imagePath } from './index-images.ts';
import { PAGE_SIZE } from './limits.ts';
import type { RecoveredState } from './state.ts';
import type { Store } from './store.ts';

/** A rebuild of fewer pages is not worth a line in the log. */
const TOLD_PAGES_MIN = 1000;
const PROGRESS_EVERY_MS = 2000;
/** What the indexes of a heap that are built collect before it is loaded. */
const BUILD_BYTES_MAX = 256 * 1024 * 1024;
/** Steps of a millisecond between two turns of the event loop. */
const BUILD_STEPS_PER_TURN = 16;

export interface StartupOptions {
  readonly store: Store;
  readonly recovered: RecoveredState;
  /** null: without a data directory. */
  readonly images: IndexImages | null;
  readonly visitorOf: (relId: number) => RowVisitor | null;
  readonly onLog: (message: string) => void;
  readonly now: () => number;
}

/** Answers the largest xid that was met. */
export async function startHeaps(options: StartupOptions): Promise<number> {
  const { store, images } = options;
  const indexed = new Map<number, IndexedHeap>();
  if (images !== null) for (const heap of images.source()) indexed.set(heap.relId, heap);
  const reader = images === null ? null : new ImageReader(images.fileSystem);
  let xidMax = 0;
  if (options.recovered.isLogGivenUp) findLostVersions(store);
  for (const heap of store.heaps.values()) {
    const start = new HeapStart(options, heap, indexed.get(heap.relId));
    if (reader !== null) await start.loadImages(reader);
    xidMax = Math.max(xidMax, await start.sweep());
  }
  if (images !== null) {
    const names = new Set<string>();
    for (const { images: records } of options.recovered.heaps.values()) {
      for (const { oid, number } of records) names.add(`${oid}.${number}`);
    }
    images.removeOthers(names);
  }
  options.recovered.heaps.clear();
  return xidMax;
}

/** The log that was given up may have made pages of old versions: what is on disk of them serves to undo. */
function findLostVersions(store: Store): void {
  const { pages } = store.versions;
  try {
    const pageCount = Math.floor(store.pool.files.open(pages, false).size() / PAGE_SIZE);
    if (pageCount <= pages.pageCount) return;
    pages.reservePages(pageCount);
    pages.pageCount = pageCount;
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
  }
}

class HeapStart {
  private readonly options: StartupOptions;
  private readonly heap: Heap;
  private readonly indexed: IndexedHeap | undefined;
  private readonly state: HeapState | undefined;
  /** Pages whose rows are indexed again (D). */
  private readonly changed: PageSet;
  /** Pages that may need undo or freeing. */
  private readonly unclean: PageSet;
  /** Positions in indexed.indexes. */
  private readonly loaded: number[] = [];
  private readonly missing: number[] = [];
  private readonly builders: DictionaryBuilder[] = [];
  /** Where the heap is being copied. */
  private readonly copy: HeapCopy | undefined;

  constructor(options: StartupOptions, heap: Heap, indexed: IndexedHeap | undefined) {
    this.options = options;
    this.heap = heap;
    this.indexed = indexed;
    this.state = options.recovered.heaps.get(heap.relId);
    this.unclean = heap.pages.changed.copy();
    if (this.state !== undefined) this.unclean.addAll(this.state.pending);
    this.changed = this.unclean.copy();
    if (this.state !== undefined) this.changed.addAll(this.state.changed);
    this.copy = options.store.copies.get(heap.relId);
    // Nothing is known of them, and they are visited.
    if (this.copy !== undefined && this.copiesAll) this.changed.addAll(this.copy.relation.missing);
  }

  /** All pages are looked at, and copied for it. */
  private get copiesAll(): boolean {
    return this.state === undefined || this.copy?.needsAll === true;
  }

  async loadImages(reader: ImageReader): Promise<void> {
    const { indexed, heap, changed } = this;
    const images = this.options.images!;
    for (const [i, index] of (indexed?.indexes ?? []).entries()) {
      const record = this.state?.images.find(({ oid }) => oid === index.oid);
      if (record === undefined) {
        this.missing.push(i);
        continue;
      }
      const path = imagePath(images.directory, record);
      const { oid, dictionary, definition } = index;
      const identity = { oid, relId: heap.relId, lsn: record.lsn, definition };
      const why = await reader.load(path, dictionary, identity, changed);
      if (why === null) {
        this.loaded.push(i);
        images.adopt(heap.relId, record, index, reader.dropped, changed);
        continue;
      }
      this.missing.push(i);
      this.options.onLog(`the image "${path}" of index "${index.name}" cannot be used: ${why}`);
    }
  }

  async sweep(): Promise<number> {
    const { options, heap, state, indexed } = this;
    const visitor = options.visitorOf(heap.relId);
    const { copy } = this;
    if (copy !== undefined) {
      copy.relation.isGuarding = true;
      // From here on, entries of what comes are its own matter: but where all is visited.
      copy.isIndexed = !this.copiesAll;
    }
    const readsAll = this.copiesAll || visitor !== null || this.missing.length > 0;
    const pages = readsAll ? this.allPages() : this.loaded.length > 0 ? this.changed : this.unclean;
    const result = await startupSweep(options.store.context, heap, {
      isLost: (xid) => options.recovered.isLost(xid),
      pages,
      isKnown: state !== undefined,
      mayLackVersions: options.recovered.isLogGivenUp,
      visit: this.visitorOf(visitor),
      onProgress: this.missing.length > 0 ? this.progress() : null,
    });
    for (const builder of this.builders) await inTurns(() => builder.step());
    if (copy !== undefined) copy.isIndexed = true;
    if (this.missing.length > 0 && heap.pages.pageCount >= IMAGE_PAGES_MIN && this.isTold) {
      options.onLog(`rebuilt ${this.missingNames()} of table "${indexed!.name}": ${heap.rowCount} rows`);
    }
    return result.xidMax;
  }

  /** Of a heap that is being copied, those that are there: the rows of others have their entries below, in the source's indexes. */
  private allPages(): PageSet | null {
    const { copy } = this;
    if (copy === undefined || this.copiesAll) return null;
    const pages = new PageSet();
    const { pageCount } = this.heap.pages;
    for (let pageNo = 0; pageNo < pageCount; pageNo++) if (!copy.relation.isMissing(pageNo)) pages.add(pageNo);
    return pages;
  }

  private visitorOf(visitor: RowVisitor | null): RowVisitor | null {
    const { indexed, loaded, missing, changed } = this;
    if (indexed === undefined || loaded.length + missing.length === 0) return visitor;
    const builds = missing.map((i) => this.visitorOfMissing(indexed, i));
    return (rowId, rowBase) => {
      for (let i = 0; i < builds.length; i++) builds[i](rowId, rowBase);
      if (changed.has(rowId >>> 9)) for (let i = 0; i < loaded.length; i++) indexed.add(loaded[i], rowId, rowBase);
      visitor?.(rowId, rowBase);
    };
  }

  private visitorOfMissing(indexed: IndexedHeap, index: number): RowVisitor {
    const keyOf = indexed.keys(index);
    if (keyOf === null) return (rowId, rowBase) => indexed.add(index, rowId, rowBase);
    const builder = new DictionaryBuilder(indexed.indexes[index].dictionary);
    this.builders.push(builder);
    const key = new IndexKey();
    return (rowId, rowBase) => {
      if (keyOf(rowBase, key)) builder.add(key, rowId, false);
    };
  }

  private get isTold(): boolean {
    return this.heap.pages.pageCount >= TOLD_PAGES_MIN || (this.state?.images.length ?? 0) > 0;
  }

  private missingNames(): string {
    const names = this.missing.map((i) => `"${this.indexed!.indexes[i].name}"`);
    return `${names.length === 1 ? 'index' : 'indexes'} ${names.join(', ')}`;
  }

  private progress(): (done: number) => Promise<void> {
    const { options, heap, indexed } = this;
    const total = heap.pages.pageCount;
    let toldAt = options.now();
    if (this.isTold)
      options.onLog(`rebuilding ${this.missingNames()} of table "${indexed!.name}": ${total} pages to read`);
    return async (done) => {
      for (const builder of this.builders)
        if (builder.sizeBytes > BUILD_BYTES_MAX / this.builders.length) await inTurns(() => builder.putAside());
      const now = options.now();
      if (now - toldAt < PROGRESS_EVERY_MS) return;
      toldAt = now;
      const percent = Math.floor((done / total) * 100);
      options.onLog(`rebuilding ${this.missingNames()} of table "${indexed!.name}": ${percent} %`);
    };
  }
}

/** Steps until one answers true. */
async function inTurns(step: () => boolean): Promise<void> {
  for (let steps = 1; !step(); steps++) {
    if (steps % BUILD_STEPS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}
