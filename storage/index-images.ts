/**
 * Which indexes have images, what has changed since, and when new ones are written. The file itself: index/dictionary-image.ts.
 *
 * An image is good as of the redo LSN S of the checkpoint that it was made for, together with a set D of pages of its heap:
 *
 *      an entry of a row whose home page is not in D     is true as it stands in the image, and nothing is missing
 *      an entry of a row whose home page is in D         means nothing: it is dropped, and the page's rows are indexed again
 *
 * D is the pages that the log has named since S, and those where the dictionary was not, at S, what a start would make of the
 * heap: pages with rows of unfinished transactions (undone since, or committed), and with rows that the sweep was yet to visit
 * (deleted, or with keys of old versions). Whatever changes an entry of a row afterwards changes the row too, and the log
 * names its home page for that (a moved row's by a note, wal.pageNote). Therefore
 *
 *  1. no index change is ever logged: the log of the rows says which entries to make again;
 *  2. an image may be written in slices while its dictionary changes: what differs is on pages of D;
 *  3. a rebuild is the same work with D = all pages.
 *
 * All images of a heap share S and D. D is kept for the disk (in the checkpoint's heap state, as of its redo LSN) and in memory:
 * `since` as of the last capture, RelationPages.changed since then, which costs a bit at a page's first change after a
 * checkpoint (where its whole image is logged anyway).
 *
 * When a heap's images are renewed: at the last checkpoint always; at others as soon as the pages of D weigh more than half
 * of what would be written, so that images never cost more than twice the pages that had to be written anyway, and a start after a
 * crash indexes a bounded share again. An index that has not changed since its image keeps its file, whatever else happened
 * to the heap: updates of other columns cost nothing here. Heaps of a few pages have none: reading them is faster.
 */
import { SqlError } from '../types/errors.ts';
import { PageSet } from './buffer/index.ts';
import type { Heap } from './heap/index.ts';
import { encodeHeapStates, type HeapState, type ImageRecord } from './heap-state.ts';
import { type Dictionary, ImageBuffer, ImageWriter, type IndexKey } from './index/index.ts';
import type { File, FileSystem } from './io/index.ts';
import { PAGE_SIZE } from './limits.ts';
import type { TransactionManager } from './mvcc/index.ts';
import type { CheckpointFiles } from './recovery/index.ts';
import type { Store } from './store.ts';

/** An index as the executor knows it. */
export interface IndexSource {
  readonly oid: number;
  readonly name: string;
  /** Everything that its keys depend on: an image of another definition is not used. */
  readonly definition: string;
  readonly dictionary: Dictionary;
}

/** A heap with indexes, of a committed catalog. */
export interface IndexedHeap {
  readonly relId: number;
  readonly name: string;
  readonly indexes: readonly IndexSource[];
  /** At the start only: makes the entry of the row version at rowBase in indexes[index]. Throws PAGE_MISS for long values. */
  add(index: number, rowId: number, rowBase: number): void;
  /** At the start only: what makes keys of row versions, false: the row has none; null where rows have several keys. Throws PAGE_MISS. */
  keys(index: number): ((rowBase: number, key: IndexKey) => boolean) | null;
}

export type IndexedHeaps = () => Iterable<IndexedHeap>;

/** Heaps of fewer pages are read at the start. */
export const IMAGE_PAGES_MIN = 8;
/** An image is written when pages of D, times this, weigh as much as it. */
const IMAGE_WEIGHT = 2;
/** Files that are open, and synced together. */
const FILES_AT_ONCE = 16;
/** Bytes after which the file is synced, so that the disk never has much to do at once while commits wait for it. */
const SYNC_EVERY = 8 * 1024 * 1024;
/** Between two slices of half a megabyte, when nobody waits for the checkpoint. */
const SLICE_PAUSE_MS = 5;

/** An image, and how its dictionary stood when it was made. */
interface Image extends ImageRecord {
  readonly definition: string;
  readonly dictionary: Dictionary;
  /** -1: not as it stands in the file. */
  readonly version: number;
  readonly isLossy: boolean;
  readonly hasStaleKeys: boolean;
}

interface HeapImages {
  since: PageSet;
  images: readonly Image[];
}

/** One image to be written. */
interface Job {
  readonly image: Image;
  readonly relId: number;
}

interface Captured {
  readonly relId: number;
  /** As it is if nothing is renewed. */
  readonly state: HeapState;
  /** null: the images stay as they are. */
  readonly renewed: readonly Image[] | null;
  readonly kept: readonly Image[];
}

export function imageDirectory(directory: string): string {
  return `${directory}/index`;
}

export function imagePath(directory: string, image: ImageRecord): string {
  return `${imageDirectory(directory)}/${image.oid}.${image.number}`;
}

export class IndexImages {
  /** Set by the engine's startup sweep. */
  source: IndexedHeaps = () => [];
  /** Images written since the start, and their bytes: statistics. */
  written = 0;
  writtenBytes = 0;
  readonly fileSystem: FileSystem;
  readonly directory: string;
  /** Bytes of an image written in one go. */
  readonly sliceSize: number | undefined;
  private readonly store: Store;
  private readonly onLog: (message: string) => void;
  private heaps = new Map<number, HeapImages>();
  /** How a file that nothing names goes: not while somebody copies it. */
  remove: (path: string) => void;

  constructor(
    store: Store,
    fileSystem: FileSystem,
    directory: string,
    onLog: (message: string) => void,
    sliceSize?: number,
  ) {
    this.store = store;
    this.fileSystem = fileSystem;
    this.directory = directory;
    this.onLog = onLog;
    this.sliceSize = sliceSize;
    this.remove = (path) => fileSystem.unlink(path);
  }

  /** At the start: an image was loaded, all but `dropped` entries. Before the rows of `changed` are indexed again. */
  adopt(relId: number, record: ImageRecord, index: IndexSource, dropped: number, changed: PageSet): void {
    const { dictionary, definition } = index;
    const { isLossy, hasStaleKeys } = dictionary;
    const version = dropped === 0 ? dictionary.version : -1;
    const images = this.heaps.get(relId)?.images ?? [];
    const image = { ...record, definition, dictionary, version, isLossy, hasStaleKeys };
    this.heaps.set(relId, { since: changed, images: [...images, image] });
  }

  /** For a checkpoint, in the turn that sets its redo LSN. */
  capture(isFinal: boolean, lsn: number): CheckpointFiles {
    const pending = pendingPages(this.store);
    const indexed = new Map<number, IndexedHeap>();
    for (const heap of this.source()) indexed.set(heap.relId, heap);
    const captured: Captured[] = [];
    const heaps = new Map<number, HeapImages>();
    for (const heap of this.store.heaps.values()) {
      const known = this.heaps.get(heap.relId) ?? { since: new PageSet(), images: [] };
      heaps.set(heap.relId, known);
      if (known.images.length > 0) known.since.addAll(heap.pages.changed);
      heap.pages.changed.clear();
      captured.push(this.captureHeap(heap, known, pending.get(heap.relId), indexed.get(heap.relId), isFinal, lsn));
    }
    this.heaps = heaps;
    return new CheckpointImages(this, captured, this.onLog);
  }

  private captureHeap(
    heap: Heap,
    known: HeapImages,
    pending: PageSet | undefined,
    indexed: IndexedHeap | undefined,
    isFinal: boolean,
    lsn: number,
  ): Captured {
    const kept = known.images.filter((image) => indexed?.indexes.some((index) => index.oid === image.oid));
    const renewed =
      indexed !== undefined && isWorthwhile(heap, known, indexed, isFinal)
        ? indexed.indexes.map((index) => imageOf(index, known, lsn))
        : null;
    const freePages: number[] = [];
    const freeSpaces: number[] = [];
    heap.freeSpace.forEach((pageNo, space) => {
      freePages.push(pageNo);
      freeSpaces.push(space);
    });
    const insertSpace = heap.insertPage < 0 ? 0 : Math.min(255, Math.max(0, heap.spaceOf(heap.insertPage)) >>> 5);
    if (insertSpace > 0) {
      freePages.push(heap.insertPage);
      freeSpaces.push(insertSpace);
    }
    const state: HeapState = {
      relId: heap.relId,
      rowCount: heap.rowCount,
      changed: kept.length === 0 ? new PageSet() : known.since.copy(),
      pending: pending ?? new PageSet(),
      leftPlaces: new Set(heap.leftPlaces),
      freePages,
      freeSpaces,
      visible: heap.visibility.copyPages(),
      images: kept,
    };
    return { relId: heap.relId, state, renewed, kept };
  }

  /** The control file names the checkpoint. */
  completed(captured: readonly Captured[], isRenewed: (heap: Captured) => boolean): void {
    const names = new Set<string>();
    for (const heap of captured) {
      const known = this.heaps.get(heap.relId);
      const images = heap.renewed !== null && isRenewed(heap) ? heap.renewed : heap.kept;
      for (const { oid, number } of images) names.add(`${oid}.${number}`);
      if (known === undefined) continue;
      known.images = images;
      if (images === heap.renewed) known.since = heap.state.pending.copy();
    }
    this.removeOthers(names);
  }

  /** Files that nothing refers to go. */
  removeOthers(names: ReadonlySet<string>): void {
    const folder = imageDirectory(this.directory);
    for (const name of this.fileSystem.list(folder)) {
      if (!names.has(name)) this.remove(`${folder}/${name}`);
    }
  }
}

/** The image that the index has at this LSN: its file, if nothing changed since, or one to be written (number -1). */
function imageOf(index: IndexSource, known: HeapImages, lsn: number): Image {
  const old = known.images.find((image) => isAsWritten(image, index));
  if (old !== undefined) return old;
  const { oid, definition, dictionary } = index;
  const { version, isLossy, hasStaleKeys } = dictionary;
  return { oid, number: -1, lsn, definition, dictionary, version, isLossy, hasStaleKeys };
}

function isAsWritten(image: Image, index: IndexSource): boolean {
  const { dictionary } = index;
  return (
    image.oid === index.oid &&
    image.definition === index.definition &&
    image.dictionary === dictionary &&
    image.version === dictionary.version &&
    image.isLossy === dictionary.isLossy &&
    image.hasStaleKeys === dictionary.hasStaleKeys
  );
}

function isWorthwhile(heap: Heap, known: HeapImages, indexed: IndexedHeap, isFinal: boolean): boolean {
  if (heap.creator !== null || heap.pages.pageCount < IMAGE_PAGES_MIN) return false;
  const toWrite = indexed.indexes.filter((index) => !known.images.some((image) => isAsWritten(image, index)));
  const hasAll = indexed.indexes.every((index) => known.images.some((image) => image.oid === index.oid));
  const changed = hasAll ? known.since.count : heap.pages.pageCount;
  if (changed === 0) return false;
  if (isFinal || toWrite.length === 0) return true;
  let bytes = 0;
  for (const { dictionary } of toWrite) bytes += dictionary.imageBytes;
  return changed * PAGE_SIZE * IMAGE_WEIGHT >= bytes;
}

/** By relation: pages whose rows are not yet what they would be after a start. */
function pendingPages(store: Store): Map<number, PageSet> {
  const pending = unfinishedPages(store.transactions);
  store.sweep.forEachPending(adder(pending));
  return pending;
}

/** By relation: home pages of rows that unfinished transactions have written. */
export function unfinishedPages(transactions: TransactionManager): Map<number, PageSet> {
  const pages = new Map<number, PageSet>();
  const add = adder(pages);
  for (const { writes } of transactions.registry.all()) {
    // Bulk pages are among them: they have a row from the first. Entries that are no rows name sequences and heaps, which
    // does no harm.
    for (let i = 0; i < writes.count; i++) add(writes.relIds[i], writes.rowIds[i]);
  }
  return pages;
}

function adder(pages: Map<number, PageSet>): (relId: number, rowId: number) => void {
  let lastRelId = -1;
  let last = new PageSet();
  return (relId, rowId) => {
    if (relId !== lastRelId) {
      lastRelId = relId;
      last = pages.get(relId) ?? new PageSet();
      pages.set(relId, last);
    }
    last.add(rowId >>> 9);
  };
}

/** The files of one checkpoint. */
class CheckpointImages implements CheckpointFiles {
  private readonly images: IndexImages;
  private readonly captured: readonly Captured[];
  private readonly jobs: Job[] = [];
  private readonly onLog: (message: string) => void;
  /** Heaps whose images could not be written. */
  private readonly failed = new Set<number>();
  private readonly buffer: ImageBuffer;
  private isEnded = false;

  constructor(images: IndexImages, captured: readonly Captured[], onLog: (message: string) => void) {
    this.images = images;
    this.captured = captured;
    this.onLog = onLog;
    this.buffer = new ImageBuffer(images.sliceSize);
    for (const heap of captured) {
      for (const image of heap.renewed ?? []) if (image.number < 0) this.jobs.push({ image, relId: heap.relId });
    }
  }

  write(checkpointNumber: number, isHurried: () => boolean, done: () => void): void {
    for (const heap of this.captured) {
      for (const image of heap.renewed ?? []) {
        if (image.number < 0) (image as { number: number }).number = checkpointNumber;
      }
    }
    if (this.jobs.length === 0) {
      done();
      return;
    }
    const { fileSystem, directory } = this.images;
    try {
      fileSystem.mkdir(imageDirectory(directory));
    } catch (error) {
      for (const job of this.jobs.splice(0)) this.fail(job, error);
    }
    this.writeBatch(isHurried, done);
  }

  private writeBatch(isHurried: () => boolean, done: () => void): void {
    const batch = this.jobs.splice(0, FILES_AT_ONCE);
    if (batch.length === 0 || this.isEnded) {
      this.syncFolder();
      done();
      return;
    }
    const files: [Job, File][] = [];
    const nextFile = (): void => {
      const job = batch.shift();
      if (job !== undefined) {
        this.writeOne(job, isHurried, (file) => {
          if (file !== null) files.push([job, file]);
          nextFile();
        });
      } else this.syncAll(files, () => this.writeBatch(isHurried, done));
    };
    nextFile();
  }

  private writeOne(job: Job, isHurried: () => boolean, done: (file: File | null) => void): void {
    const { fileSystem, directory } = this.images;
    const path = imagePath(directory, job.image);
    let file: File;
    try {
      fileSystem.unlink(path);
      file = fileSystem.open(path, 'create');
    } catch (error) {
      this.fail(job, error);
      setImmediate(done, null);
      return;
    }
    const { oid, lsn, definition, dictionary } = job.image;
    const writer = new ImageWriter(dictionary, { oid, lsn, relId: job.relId, definition }, this.buffer);
    let at = 0;
    let synced = 0;
    const goOn = (error: SqlError | null): void => {
      if (error !== null) {
        file.close();
        this.fail(job, error);
        done(null);
      } else if (isHurried()) setImmediate(step);
      else if (at - synced >= SYNC_EVERY) {
        synced = at;
        file.fdatasync(goOn);
      } else setTimeout(step, SLICE_PAUSE_MS).unref();
    };
    const step = (): void => {
      const piece = this.isEnded ? null : writer.next();
      if (piece === null) {
        done(file);
        return;
      }
      file.write(piece, 0, piece.length, at, (error) => {
        at += piece.length;
        this.images.writtenBytes += piece.length;
        goOn(error);
      });
    };
    setImmediate(step);
  }

  private syncAll(files: readonly [Job, File][], done: () => void): void {
    let left = files.length;
    if (left === 0) setImmediate(done);
    for (const [job, file] of files) {
      file.fdatasync((error) => {
        file.close();
        this.images.written++;
        if (error !== null) this.fail(job, error);
        if (--left === 0) done();
      });
    }
  }

  private syncFolder(): void {
    const { fileSystem, directory } = this.images;
    try {
      fileSystem.fsyncDir(imageDirectory(directory));
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      for (const heap of this.captured) if (heap.renewed !== null) this.failed.add(heap.relId);
      this.onLog(`index images could not be written: ${error.message}`);
    }
  }

  /** The heap keeps the images that it had. */
  private fail(job: Job, error: unknown): void {
    if (!(error instanceof SqlError)) throw error;
    this.failed.add(job.relId);
    this.onLog(`the image of index ${job.image.oid} could not be written: ${error.message}`);
    const { fileSystem, directory } = this.images;
    try {
      fileSystem.unlink(imagePath(directory, job.image));
    } catch (unlinkError) {
      if (!(unlinkError instanceof SqlError)) throw unlinkError;
    }
  }

  private readonly isRenewed = (heap: Captured): boolean => heap.renewed !== null && !this.failed.has(heap.relId);

  heapState(): Uint8Array {
    return encodeHeapStates(
      this.captured.map((heap) =>
        this.isRenewed(heap) ? { ...heap.state, changed: heap.state.pending, images: heap.renewed! } : heap.state,
      ),
    );
  }

  end(isComplete: boolean): void {
    this.isEnded = true;
    if (isComplete) this.images.completed(this.captured, this.isRenewed);
  }
}
