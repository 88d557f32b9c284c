/**
 * node --import tsx test/sqllogictest/slower.ts OURS THEIRS [--ratio 2] [--least 2]
 *
 * Compares the times of records that two runs of run.ts wrote (TIMES=FILE; of several runs in one file the best counts): sums, medians and
 * ratios of the files, sums of all, and the records of OURS that took more than `ratio` times theirs, and `least` milliseconds longer.
 */
import { readFileSync } from 'node:fs';

interface Timed {
  readonly at: string;
  readonly ms: number;
  readonly sql: string;
}

function bestOf(path: string): Map<string, Timed> {
  const best = new Map<string, Timed>();
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line === '') continue;
    const timed = JSON.parse(line) as Timed;
    if (timed.ms < (best.get(timed.at)?.ms ?? Infinity)) best.set(timed.at, timed);
  }
  return best;
}

const args = process.argv.slice(2);
const option = (name: string, otherwise: number): number =>
  args.includes(`--${name}`) ? Number(args[args.indexOf(`--${name}`) + 1]) : otherwise;
const [ours, theirs] = [bestOf(args[0]), bestOf(args[1])];
const ratio = option('ratio', 2);
const least = option('least', 2);
const slower: [Timed, Timed][] = [];
let [oursMs, theirsMs, count] = [0, 0, 0];
const files = new Map<string, { mine: number[]; other: number[] }>();
for (const [at, mine] of ours) {
  const other = theirs.get(at);
  if (other === undefined) continue;
  count++;
  oursMs += mine.ms;
  theirsMs += other.ms;
  const file = at.slice(0, at.lastIndexOf(':'));
  const times = files.get(file) ?? { mine: [], other: [] };
  files.set(file, times);
  times.mine.push(mine.ms);
  times.other.push(other.ms);
  if (mine.ms > ratio * other.ms && mine.ms - other.ms > least) slower.push([mine, other]);
}
const sum = (times: readonly number[]): number => times.reduce((total, ms) => total + ms, 0);
const median = (times: readonly number[]): string => times.toSorted((a, b) => a - b)[times.length >> 1].toFixed(3);
const timed = [...files].map(([file, { mine, other }]) => ({ file, mine, other, times: sum(mine) / sum(other) }));
for (const { file, mine, other, times } of timed.sort((a, b) => b.times - a.times)) {
  const sums = `${sum(mine).toFixed(0)} and ${sum(other).toFixed(0)} ms`;
  console.log(`${times.toFixed(2).padStart(6)} x  ${sums}, medians ${median(mine)} and ${median(other)}  ${file}`);
}
slower.sort(([a, x], [b, y]) => b.ms / y.ms - a.ms / x.ms);
console.log(
  `${count} records: ${(oursMs / 1000).toFixed(1)} s and ${(theirsMs / 1000).toFixed(1)} s; ${slower.length} slower than ${ratio} x`,
);
for (const [mine, other] of slower.slice(0, 40)) {
  console.log(`${mine.ms.toFixed(1)} ms, ${other.ms.toFixed(1)} ms  ${mine.at}\n    ${mine.sql.slice(0, 300)}`);
}
