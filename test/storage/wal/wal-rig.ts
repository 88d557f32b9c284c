/** A log over memory files, with a few pages to log changes of. */
import { MemoryFileSystem } from '../../../storage/io/index.ts';
import { PAGE_SIZE } from '../../../storage/limits.ts';
import { formatPage } from '../../../storage/page/index.ts';
import {
  type LoggedPages,
  readWal,
  Wal,
  type WalEnd,
  type WalOptions,
  WalSegments,
} from '../../../storage/wal/index.ts';

export const FIRST = 16 * 1024 * 1024;

export class FakePages implements LoggedPages {
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly f64: Float64Array;
  readonly dirty = new Set<number>();

  constructor(count: number) {
    const memory = new ArrayBuffer(count * PAGE_SIZE);
    this.u8 = new Uint8Array(memory);
    this.u16 = new Uint16Array(memory);
    this.i32 = new Int32Array(memory);
    this.u32 = new Uint32Array(memory);
    this.f64 = new Float64Array(memory);
    for (let i = 0; i < count; i++) formatPage(this, i * PAGE_SIZE, 5, i, 1);
  }

  markDirty(base: number): void {
    this.dirty.add(base);
  }

  readonly noted: number[] = [];

  noteTouched(): void {}
  noteNamed(): void {}

  noteChanged(_rel: unknown, pageNo: number): void {
    this.noted.push(pageNo);
  }
}

export interface WalRig {
  readonly fileSystem: MemoryFileSystem;
  readonly pages: FakePages;
  readonly wal: Wal;
}

export function openWal(
  options: Partial<WalOptions> & { fileSystem?: MemoryFileSystem; lsn?: number; chain?: number } = {},
): WalRig {
  const fileSystem = options.fileSystem ?? new MemoryFileSystem();
  const segments = new WalSegments(fileSystem, '/d/wal');
  const wal = new Wal({ ...options, segments });
  const pages = new FakePages(4);
  wal.attachPages(pages);
  wal.open(options.lsn ?? FIRST, options.chain ?? 0);
  return { fileSystem, pages, wal };
}

/** Records of a kind of our own that carry their text. */
export function logText(wal: Wal, text: string): number {
  wal.begin(40, 7);
  wal.text(text);
  return wal.end();
}

export function readTexts(
  fileSystem: MemoryFileSystem,
  fromLsn = FIRST,
  chain: number | null = 0,
): { texts: string[]; end: WalEnd } {
  const texts: string[] = [];
  const end = readWal({ fileSystem, directory: '/d/wal', fromLsn, chain }, (record) => {
    texts.push(record.kind === 40 ? record.text() : `kind ${record.kind}`);
  });
  return { texts, end };
}
