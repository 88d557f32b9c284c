/** Reads cases/*.cases: lines `expression => expected`, `# comment`, and `# timezone: name` for the lines below it. */
import { readdirSync, readFileSync } from 'node:fs';

export interface Case {
  readonly expression: string;
  /** null: not recorded yet. */
  readonly expected: string | null;
  readonly timeZone: string;
  readonly line: number;
}

const FOLDER = new URL('./cases/', import.meta.url);

export function caseFiles(): string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.cases'))
    .sort();
}

export function caseFileUrl(name: string): URL {
  return new URL(name, FOLDER);
}

export function readCases(name: string): Case[] {
  const cases: Case[] = [];
  let timeZone = 'UTC';
  readFileSync(caseFileUrl(name), 'utf8')
    .split('\n')
    .forEach((line, i) => {
      const zone = /^# timezone: (\S+)/.exec(line);
      if (zone !== null) timeZone = zone[1];
      if (line.trim() === '' || line.startsWith('#')) return;
      const arrow = line.lastIndexOf(' => ');
      const expression = arrow < 0 ? line.replace(/ =>$/, '') : line.slice(0, arrow);
      const expected = arrow < 0 ? (line.endsWith(' =>') ? '' : null) : line.slice(arrow + 4);
      cases.push({ expression, expected, timeZone, line: i + 1 });
    });
  return cases;
}
