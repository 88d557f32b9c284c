/**
 * Page images that are kept for forks (branch.ts): so many in memory, the rest in a file of its own. Nothing of it outlives the
 * process, and its file is found empty by the next.
 *
 * Saving takes no frame of the pool, so it may be done in the middle of a change, when page bases must stay as they are.
 */

import { SqlError } from '../../types/errors.ts';
import type { File, FileSystem } from '../io/index.ts';
import { PAGE_SIZE } from '../limits.ts';
import { crc32 } from '../page/index.ts';

const CHUNK_PAGES = 32;
/**
 * Memory that stays when no image is left: a quarter of what it may take, up to 16 MB. Where databases are forked again and again, half of
 * what an image costs is memory that is touched for the first time.
 */
const CHUNKS_KEPT_SHARE = 4;
const CHUNKS_KEPT_MAX = 64;
/** Slots from here on stand for images that could not be kept. */
const FIRST_LOST = 2 ** 40;

export class PageArchive {
  readonly #fileSystem: FileSystem;
  readonly #folder: string;
  /** Slots from here on are in the file. */
  readonly #memorySlots: number;
  readonly #chunks: Buffer[] = [];
  #file: File | null = null;
  #slotCount = 0;
  readonly #free: number[] = [];
  /** Of images in the file, by their place in it: what comes back is believed only when it is what was written. */
  readonly #checksums: number[] = [];
  /** What there is to say of images that are lost, by slot. */
  readonly #lost = new Map<number, SqlError>();
  #nextLost = FIRST_LOST;
  readonly #scratch = Buffer.allocUnsafeSlow(PAGE_SIZE);

  constructor(fileSystem: FileSystem, folder: string, memoryPages: number) {
    this.#fileSystem = fileSystem;
    this.#folder = folder;
    this.#memorySlots = Math.floor(memoryPages / CHUNK_PAGES) * CHUNK_PAGES;
  }

  /** Images that are kept. */
  get count(): number {
    return this.#slotCount - this.#free.length;
  }

  get memoryBytes(): number {
    return this.#chunks.length * CHUNK_PAGES * PAGE_SIZE;
  }

  get #chunksKept(): number {
    return Math.max(1, Math.min(CHUNKS_KEPT_MAX, Math.floor(this.#memorySlots / CHUNK_PAGES / CHUNKS_KEPT_SHARE)));
  }

  /** Keeps a copy of the page at `base`; answers its slot. Throws 53100: nothing is kept then. */
  save(bytes: Buffer, base: number): number {
    const free = this.#free.pop();
    const slot = free ?? this.#slotCount;
    try {
      if (slot < this.#memorySlots) bytes.copy(this.#chunkOf(slot), placeOf(slot), base, base + PAGE_SIZE);
      else {
        this.#openFile().writeSync(bytes, base, PAGE_SIZE, this.#offsetOf(slot));
        this.#checksums[slot - this.#memorySlots] = crc32(bytes, base, base + PAGE_SIZE, 0);
      }
    } catch (error) {
      if (free !== undefined) this.#free.push(free);
      throw error;
    }
    if (free === undefined) this.#slotCount++;
    return slot;
  }

  /** In place of an image that could not be saved: who looks for it gets the error. */
  lose(error: SqlError): number {
    this.#lost.set(this.#nextLost, imageLost(error));
    return this.#nextLost++;
  }

  /** Copies the image to `base`. Throws XX001 for damage, 58030; of a lost one what it was lost by. */
  load(slot: number, bytes: Buffer, base: number): void {
    const lost = this.#lost.get(slot);
    if (lost !== undefined) throw lost;
    if (slot < this.#memorySlots) {
      this.#chunkOf(slot).copy(bytes, base, placeOf(slot), placeOf(slot) + PAGE_SIZE);
      return;
    }
    const file = this.#openFile();
    const count = file.readSync(bytes, base, PAGE_SIZE, this.#offsetOf(slot));
    if (count === PAGE_SIZE && crc32(bytes, base, base + PAGE_SIZE, 0) === this.#checksums[slot - this.#memorySlots])
      return;
    throw new SqlError('XX001', `invalid page in file "${file.path}"`, {
      detail: 'It is not what was kept there for forks of a database.',
    });
  }

  /** Two bytes of an image. Throws as `load`. */
  u16At(slot: number, offset: number): number {
    if (slot < this.#memorySlots) return this.#chunkOf(slot).readUInt16LE(placeOf(slot) + offset);
    this.load(slot, this.#scratch, 0);
    return this.#scratch.readUInt16LE(offset);
  }

  release(slot: number): void {
    if (this.#lost.delete(slot)) return;
    this.#free.push(slot);
    if (this.count > 0) return;
    // Nobody sees anything of it any more.
    this.#free.length = 0;
    this.#slotCount = 0;
    this.#checksums.length = 0;
    this.#chunks.length = Math.min(this.#chunks.length, this.#chunksKept);
    this.close();
  }

  /** Never throws: a file that cannot be removed now is written over, or removed by the next start. */
  close(): void {
    const file = this.#file;
    if (file === null) return;
    this.#file = null;
    try {
      file.close();
      this.#fileSystem.unlink(file.path);
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
    }
  }

  #chunkOf(slot: number): Buffer {
    const chunk = Math.floor(slot / CHUNK_PAGES);
    this.#chunks[chunk] ??= Buffer.allocUnsafeSlow(CHUNK_PAGES * PAGE_SIZE);
    return this.#chunks[chunk];
  }

  #offsetOf(slot: number): number {
    return (slot - this.#memorySlots) * PAGE_SIZE;
  }

  #openFile(): File {
    if (this.#file === null) {
      this.#fileSystem.mkdir(this.#folder);
      this.#file = this.#fileSystem.open(`${this.#folder}/kept-pages`, 'create');
    }
    return this.#file;
  }
}

function imageLost({ code, message }: SqlError): SqlError {
  return new SqlError(code, 'could not keep a page for forks of the database', {
    detail: `When it was changed in the database that they are forks of: ${message}.`,
    hint: 'A fork that is made anew has it again.',
  });
}

function placeOf(slot: number): number {
  return (slot % CHUNK_PAGES) * PAGE_SIZE;
}
