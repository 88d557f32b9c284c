/**
 * `hotrow verify DIR [--json]`: is a stopped data directory whole? Reads it, changes nothing.
 *
 * Exit status: 0 whole, 1 problems were found, 2 it could not be done.
 */
import { rowChecks } from '../executor/verify-rows.ts';
import { NodeFileSystem } from '../storage/api.ts';
import { describeProblem, type VerifyReport, verifyDirectory } from '../storage/verify/index.ts';
import { SqlError } from '../types/errors.ts';

export function verify(words: readonly string[], write: (text: string) => void, warn: (text: string) => void): number {
  const json = words.includes('--json');
  const [directory, ...rest] = words.filter((word) => word !== '--json');
  if (directory === undefined || directory.startsWith('-') || rest.length > 0) {
    warn('usage: hotrow verify DIR [--json]\n');
    return 2;
  }
  const begunMs = performance.now();
  let report: VerifyReport;
  try {
    report = verifyDirectory({ fileSystem: new NodeFileSystem(), directory, rowChecks });
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    const { detail, hint } = error.fields;
    warn(`hotrow: ${[error.message, detail, hint].filter(Boolean).join('. ')}\n`);
    return 2;
  }
  const { problems, problemsNotKept, notes, counts } = report;
  const isWhole = problems.length === 0;
  if (json) {
    write(`${JSON.stringify({ directory, isWhole, problems, problemsNotKept, notes, counts })}\n`);
    return isWhole ? 0 : 1;
  }
  for (const note of notes) write(`note: ${describeProblem(note)}\n`);
  for (const problem of problems) write(`problem: ${describeProblem(problem)}\n`);
  if (problemsNotKept > 0) write(`problem: and ${problemsNotKept} more\n`);
  const looked =
    `${counts.relations} relations, ${counts.pages} pages, ${counts.rows} rows (${counts.movedRows} moved), ` +
    `${counts.longValues} long values, ${counts.oldVersions} old versions, ${counts.logRecords} log records in ` +
    `${counts.logSegments} segments, ${counts.indexImages} index images, ${counts.catalogEntries} catalog entries, ${counts.sequences} sequences`;
  const seconds = ((performance.now() - begunMs) / 1000).toFixed(1);
  write(
    `${directory}: ${isWhole ? 'whole' : `${problems.length + problemsNotKept} problems`}; ${looked}; ${seconds} s\n`,
  );
  return isWhole ? 0 : 1;
}
