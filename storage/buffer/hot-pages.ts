/**
 * Keeps memory warm over restarts: samples page heat, keeps the list of hot pages (at a clean end and at intervals), and reads
 * it in again at the start. Nothing here can fail the server: what goes wrong is a line in its log.
 */
import { SqlError } from '../../types/errors.ts';
import { type File, type FileSystem, replaceFile } from '../io/index.ts';
import { decodeHotList, HOT_LIST_FILE, type HotList, HotListBuilder } from './hot-list.ts';
import type { BufferPool } from './pool.ts';
import { noProgress, Preload, type PreloadProgress } from './preload.ts';

export interface HotPagesOptions {
  readonly pool: BufferPool;
  readonly fileSystem: FileSystem;
  /** The data directory; null: nothing is kept, and nothing read. */
  readonly directory: string | null;
  /** Between two lists; 0: only at the end. */
  readonly intervalMs: number;
  /** Of the preload; 0: none. */
  readonly bytesPerSecond: number;
  readonly now: () => number;
  readonly onLog: (message: string) => void;
}

const SAMPLE_MS = 250;
const SLICES_PER_PASS = 4;

export class HotPages {
  private readonly options: HotPagesOptions;
  private preload: Preload | null = null;
  private sampleTimer: NodeJS.Timeout | null = null;
  private saveTimer: NodeJS.Timeout | null = null;
  private sampleSlice = 0;
  private isSaving = false;
  private isStopped = false;

  constructor(options: HotPagesOptions) {
    this.options = options;
  }

  /** Before the first query, after recovery. */
  start(): void {
    const { directory, intervalMs, bytesPerSecond } = this.options;
    this.sampleTimer = setInterval(this.sample, SAMPLE_MS);
    this.sampleTimer.unref();
    if (directory === null) return;
    if (intervalMs > 0) {
      this.saveTimer = setInterval(this.saveSoon, intervalMs);
      this.saveTimer.unref();
    }
    const list = bytesPerSecond > 0 ? this.readList(directory) : null;
    if (list !== null) this.startPreload(list);
  }

  /** Timers end, reads under way are nobody's. */
  stop(): void {
    this.isStopped = true;
    for (const timer of [this.sampleTimer, this.saveTimer]) if (timer !== null) clearInterval(timer);
    this.sampleTimer = null;
    this.saveTimer = null;
    this.preload?.stop();
  }

  /** The list as of now, at once: at a clean end. */
  saveNow(): void {
    const { directory, pool, fileSystem, now } = this.options;
    // A preload that is not finished: its list still knows more than the pool.
    if (directory === null || this.isLoading) return;
    const builder = new HotListBuilder(pool);
    while (!builder.step());
    try {
      replaceFile(fileSystem, directory, HOT_LIST_FILE, builder.encode(now()));
    } catch (error) {
      this.saveFailed(error);
    }
  }

  get progress(): PreloadProgress {
    return this.preload?.progress ?? noProgress();
  }

  /** Seconds that the preload will go on at its rate. */
  get secondsLeft(): number {
    return this.preload?.secondsLeft ?? 0;
  }

  private get isLoading(): boolean {
    return this.preload?.progress.state === 'loading';
  }

  private readonly sample = (): void => {
    const { pageHeat, usedFrameEnd } = this.options.pool;
    const slice = this.sampleSlice;
    const start = Math.floor((usedFrameEnd * slice) / SLICES_PER_PASS);
    pageHeat.sample(start, Math.floor((usedFrameEnd * (slice + 1)) / SLICES_PER_PASS));
    this.sampleSlice = (slice + 1) % SLICES_PER_PASS;
    if (this.sampleSlice === 0) pageHeat.endPass();
  };

  private readList(directory: string): HotList | null {
    const { fileSystem, onLog } = this.options;
    const path = `${directory}/${HOT_LIST_FILE}`;
    try {
      if (!fileSystem.exists(path)) return null;
      const file = fileSystem.open(path, 'read');
      let bytes: Uint8Array;
      try {
        bytes = new Uint8Array(file.size());
        bytes = bytes.subarray(0, file.readSync(bytes, 0, bytes.length, 0));
      } finally {
        file.close();
      }
      const list = decodeHotList(bytes);
      if (typeof list !== 'string') return list.count > 0 ? list : null;
      onLog(`list of hot pages "${path}" is not used: ${list}`);
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      onLog(`list of hot pages "${path}" is not used: ${error.message}`);
    }
    return null;
  }

  private startPreload(list: HotList): void {
    const { pool, bytesPerSecond, now, onLog } = this.options;
    this.preload = new Preload({ pool, list, bytesPerSecond, now, onDone: (progress) => onLog(describe(progress)) });
    this.preload.begin();
    const megabytes = Math.round(bytesPerSecond / 1024 / 1024);
    onLog(`preloading ${list.count} hot pages at up to ${megabytes} MB/s`);
  }

  /** The list in slices, and its file without making anybody wait. */
  private readonly saveSoon = (): void => {
    const { pool, now } = this.options;
    if (this.isSaving || this.isLoading || pool.isClosed) return;
    this.isSaving = true;
    const builder = new HotListBuilder(pool);
    const step = (): void => {
      if (this.isStopped) return;
      if (builder.step()) this.write(builder.encode(now()));
      else setImmediate(step);
    };
    step();
  };

  private write(bytes: Uint8Array): void {
    const { fileSystem, directory } = this.options;
    const path = `${directory}/${HOT_LIST_FILE}`;
    const temporary = `${path}.tmp`;
    let file: File | null = null;
    const guard = (step: () => void): void => {
      try {
        step();
      } catch (error) {
        end(error);
      }
    };
    const end = (error: unknown): void => {
      file?.close();
      file = null;
      this.isSaving = false;
      if (error !== null) this.saveFailed(error);
    };
    guard(() => {
      fileSystem.unlink(temporary);
      const opened = fileSystem.open(temporary, 'create');
      file = opened;
      opened.write(bytes, 0, bytes.length, 0, (writeError) => {
        if (writeError !== null) end(writeError);
        else
          opened.fdatasync((syncError) => {
            if (syncError !== null || this.isStopped) end(syncError);
            else
              guard(() => {
                fileSystem.rename(temporary, path);
                fileSystem.fsyncDir(directory as string);
                end(null);
              });
          });
      });
    });
  }

  private saveFailed(error: unknown): void {
    if (!(error instanceof SqlError)) throw error;
    this.options.onLog(`list of hot pages could not be kept: ${error.message}`);
  }
}

function describe(progress: PreloadProgress): string {
  const { total, loaded, resident, gone, damaged, withoutRoom, startedMs, endedMs } = progress;
  const seconds = ((endedMs - startedMs) / 1000).toFixed(1);
  const skipped: string[] = [];
  if (resident > 0) skipped.push(`${resident} were in memory`);
  if (gone > 0) skipped.push(`${gone} are gone`);
  if (damaged > 0) skipped.push(`${damaged} could not be read`);
  if (withoutRoom > 0) skipped.push(`${withoutRoom} had no room`);
  const rest = skipped.length === 0 ? '' : ` (${skipped.join(', ')})`;
  return `preloaded ${loaded} of ${total} hot pages in ${seconds} s${rest}`;
}
