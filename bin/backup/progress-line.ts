/** One line on a terminal that is written over again: how far, how fast. On anything else nothing is written. */

const EVERY_MS = 200;
const MB = 1024 * 1024;

export class ProgressLine {
  private readonly isShown: boolean;
  private readonly write: (text: string) => void;
  private readonly now: () => number;
  private readonly begunMs: number;
  private toldMs = 0;
  private width = 0;

  constructor(isShown: boolean, write: (text: string) => void, now: () => number = () => performance.now()) {
    this.isShown = isShown;
    this.write = write;
    this.now = now;
    this.begunMs = now();
    this.toldMs = this.begunMs - EVERY_MS;
  }

  /** `doneBytes` of `totalBytes`; 0 of 0: nothing to count. */
  tell(what: string, doneBytes: number, totalBytes: number): void {
    if (!this.isShown) return;
    const nowMs = this.now();
    if (nowMs - this.toldMs < EVERY_MS) return;
    this.toldMs = nowMs;
    const text = totalBytes === 0 ? what : `${what}: ${this.figures(doneBytes, totalBytes, nowMs)}`;
    this.write(`\r${text.padEnd(this.width)}`);
    this.width = text.length;
  }

  /** Takes the line away, before anything else is written. */
  end(): void {
    if (this.width > 0) this.write(`\r${' '.repeat(this.width)}\r`);
    this.width = 0;
  }

  private figures(done: number, total: number, nowMs: number): string {
    const percent = Math.min(100, Math.floor((done / total) * 100));
    const rate = done / MB / Math.max(0.001, (nowMs - this.begunMs) / 1000);
    return `${(done / MB).toFixed(0)}/${(total / MB).toFixed(0)} MB, ${percent} %, ${rate.toFixed(0)} MB/s`;
  }
}
