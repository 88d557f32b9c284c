/** The project's files as git knows them (tracked, or new and not ignored), for the house rules. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Paths from the root, with forward slashes. */
export function projectFiles(pattern: RegExp): string[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: ROOT });
  const paths = new Set(listed.toString().split('\n'));
  return [...paths].filter((path) => pattern.test(path) && existsSync(ROOT + path)).sort();
}

export function textOf(path: string): string {
  return readFileSync(ROOT + path, 'utf8');
}

export interface Import {
  readonly file: string;
  readonly line: number;
  /** A path from the root for our own files, the package's name for others. */
  readonly target: string;
  readonly own: boolean;
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s*'([^']+)'|(?:^|\n)import\s*'([^']+)'|\bimport\('([^']+)'\)/g;

/** What a file imports, types included: an arrow is an arrow. */
export function importsOf(file: string, text: string): Import[] {
  return [...text.matchAll(IMPORT)].map((match) => {
    const name = (match[1] ?? match[2] ?? match[3])!;
    const line = text.slice(0, match.index + match[0].length).split('\n').length;
    const own = name.startsWith('.');
    return { file, line, own, target: own ? posix.join(posix.dirname(file), name) : name };
  });
}
