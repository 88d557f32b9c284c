/**
 * The simulations at length:
 *
 *     npm run simulate -- --seeds 10000                from a seed of the moment on; ends at the first failure
 *     npm run simulate -- --seed 4711                  one seed, again
 *     npm run simulate -- --seeds 500 --from 1000      seeds 1000 to 1499
 *     npm run simulate -- --seeds 500 --keep-going     tells all failures
 *     npm run simulate -- --seeds 500 --sql            over SQL
 *     npm run simulate -- --seeds 500 --backup         of backups and an archive
 *     npm run simulate -- --seeds 500 --forks          of forks, and of databases that are made of others
 */
import { newBackupTally, simulateBackups } from './backup-simulation.ts';
import { simulateForks } from './fork-simulation.ts';
import { newForkTally } from './forks/world.ts';
import { newTally, simulate } from './simulation.ts';
import { simulateSql } from './sql-simulation.ts';

const { options } = readWords(process.argv.slice(2));
const first = options.seed ?? options.from ?? Date.now() % 1_000_000_000;
const count = options.seed === null ? options.seeds : 1;
const tally = newTally();
const backupTally = newBackupTally();
const forkTally = newForkTally();
const kind = options.backup ? '--backup ' : options.forks ? '--forks ' : options.sql ? '--sql ' : '';
const SEED_MS_MAX = options.sql || options.forks ? 60_000 : 20_000;
const begun = performance.now();
const realTimeout = setTimeout;
const realClear = clearTimeout;
let done = 0;
let toldAt = begun;
const failures: number[] = [];
let current = first;
process.on('uncaughtException', (error) => fail(current, error, true));
process.on('unhandledRejection', (error) => fail(current, error, true));

for (let seed = first; seed < first + count; seed++) {
  current = seed;
  const watchdog = realTimeout(() => fail(seed, new Error(`no end within ${SEED_MS_MAX / 1000} s`), true), SEED_MS_MAX);
  try {
    if (options.backup) await simulateBackups(seed, backupTally);
    else if (options.forks) await simulateForks(seed, forkTally);
    else await (options.sql ? simulateSql : simulate)(seed, tally);
  } catch (error) {
    fail(seed, error, !options.keepGoing);
  }
  realClear(watchdog);
  done++;
  if (performance.now() - toldAt > 10_000) {
    toldAt = performance.now();
    process.stdout.write(`${done} of ${count} seeds, ${failures.length} failed, ${seconds()}\n`);
  }
}
summary();
process.exit(failures.length === 0 ? 0 : 1);

function fail(seed: number, error: unknown, isLast: boolean): void {
  failures.push(seed);
  process.stdout.write(
    `seed ${seed} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.stdout.write(`again: npm run simulate -- ${kind}--seed ${seed}\n`);
  if (!isLast) return;
  summary();
  process.exit(1);
}

function summary(): void {
  const sums = Object.entries(options.backup ? backupTally : options.forks ? forkTally : tally).map(
    ([name, value]) => `${name.replace(/[A-Z]/g, (c) => ` ${c.toLowerCase()}`)} ${value}`,
  );
  process.stdout.write(`${done} seeds from ${first}, ${failures.length} failed, ${seconds()}: ${sums.join(', ')}\n`);
}

function seconds(): string {
  return `${((performance.now() - begun) / 1000).toFixed(1)} s`;
}

function readWords(words: readonly string[]) {
  const options = {
    seeds: 1000,
    seed: null as number | null,
    from: null as number | null,
    keepGoing: false,
    sql: false,
    backup: false,
    forks: false,
  };
  for (let i = 0; i < words.length; i++) {
    if (words[i] === '--seeds') options.seeds = Number(words[++i]);
    else if (words[i] === '--seed') options.seed = Number(words[++i]);
    else if (words[i] === '--from') options.from = Number(words[++i]);
    else if (words[i] === '--sql') options.sql = true;
    else if (words[i] === '--backup') options.backup = true;
    else if (words[i] === '--forks') options.forks = true;
    else if (words[i] === '--keep-going') options.keepGoing = true;
    else {
      process.stderr.write(`unknown word: ${words[i]}\n`);
      process.exit(2);
    }
  }
  return { options };
}
