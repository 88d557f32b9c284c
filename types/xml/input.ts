/** A text that is read, the place in it, and what there is to say of it. */
import { isSpace, matchAt } from './characters.ts';
import { Reports } from './reports.ts';

export class XmlInput {
  readonly text: string;
  readonly reports: Reports;
  at = 0;
  /** Nobody can say more of the document. */
  isOver = false;

  constructor(text: string, reports: Reports = new Reports()) {
    this.text = text;
    this.reports = reports;
  }

  error(message: string): void {
    this.reports.add('errors', message, this.text, this.at);
    if (this.reports.areMany) this.halt();
  }

  /** Of the place; 0 at the end. */
  get code(): number {
    return this.at < this.text.length ? this.text.charCodeAt(this.at) : 0;
  }

  get isAtEnd(): boolean {
    return this.at >= this.text.length;
  }

  starts(text: string): boolean {
    return this.text.startsWith(text, this.at);
  }

  take(text: string): boolean {
    if (!this.starts(text)) return false;
    this.at += text.length;
    return true;
  }

  /** Whether there were any. */
  spaces(): boolean {
    const start = this.at;
    while (isSpace(this.code)) this.at++;
    return this.at > start;
  }

  /** What a sticky expression matches here; '': nothing. */
  match(pattern: RegExp): string {
    const found = matchAt(pattern, this.text, this.at);
    this.at += found.length;
    return found;
  }

  /** Nothing more is read. */
  halt(): void {
    this.at = this.text.length;
    this.isOver = true;
  }
}
