/** What `hotrow verify` found: problems by file and place, and how much was looked at. */

export interface Problem {
  /** Path below the data directory. */
  readonly file: string;
  /** Page of a relation's file. */
  readonly block?: number;
  /** Byte in the file. */
  readonly offset?: number;
  readonly message: string;
}

export interface VerifyCounts {
  relations: number;
  pages: number;
  rows: number;
  movedRows: number;
  oldVersions: number;
  longValues: number;
  logRecords: number;
  logSegments: number;
  sequences: number;
  catalogEntries: number;
  indexImages: number;
}

export class VerifyReport {
  readonly problems: Problem[] = [];
  /** What is unusual but right: left by a crash, cleared away at the next start. */
  readonly notes: Problem[] = [];
  readonly counts: VerifyCounts = {
    relations: 0,
    pages: 0,
    rows: 0,
    movedRows: 0,
    oldVersions: 0,
    longValues: 0,
    logRecords: 0,
    logSegments: 0,
    sequences: 0,
    catalogEntries: 0,
    indexImages: 0,
  };
  /** Problems that were found beyond those kept. */
  problemsNotKept = 0;

  problem(problem: Problem): void {
    if (this.problems.length < PROBLEMS_KEPT_MAX) this.problems.push(problem);
    else this.problemsNotKept++;
  }

  note(note: Problem): void {
    if (this.notes.length < PROBLEMS_KEPT_MAX) this.notes.push(note);
  }
}

/** A directory that is damaged all over is not told of page by page for ever. */
const PROBLEMS_KEPT_MAX = 10_000;

export function describeProblem({ file, block, offset, message }: Problem): string {
  const place = block !== undefined ? ` block ${block}` : offset !== undefined ? ` offset ${offset}` : '';
  return `${file}${place}: ${message}`;
}
