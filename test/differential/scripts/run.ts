/**
 * npm run differential:scripts -- FILE...     psql scripts on PostgreSQL and on hotrow, compared statement by statement
 *
 *     --setup FILE       runs before each of the FILEs, in the same empty database; several times: in this order
 *     --together         the FILEs run one after the other in one database, as a schedule does
 *     --only VERDICT     shows these differences only (fails, passes, code, message, rows, order); `none` shows the table only
 *     --summary          the messages that only the target raises, by number
 *     --seconds N        a script's time on either server (120)
 *     --setting NAME=VALUE   of the target
 *     --supported        both run the scripts without the statements that only the target refuses as not supported (0A000)
 *     --slow             shows too what takes the target more than 50 ms and three times the reference's time
 *
 * Made for PostgreSQL's own regression suite (src/test/regress/sql; PG_ABS_SRCDIR names its folder): a script's statements
 * build on each other, so the first difference of a script may be the reason of many.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { type BenchServer, startHotrow, startPostgres } from '../../../bench/servers.ts';
import { failureOf, normalized, type Verdict, verdictOf } from './outcome.ts';
import { type Segment, segmentsOf } from './segments.ts';

const MARK = '\u0001';
/** As pg_regress sets them. */
const ENVIRONMENT = { PGTZ: 'PST8PDT', PGDATESTYLE: 'Postgres, MDY', PGOPTIONS: '-c intervalstyle=postgres_verbose' };

/** Without SQLSTATEs in the output nothing is known of an error; echoed, the marks stand there twice. */
const SETS_OUTPUT = /^\\(?:un)?set (?:VERBOSITY|ECHO)\b/m;
/** How often scripts are run again without what was refused. */
const PASSES = 4;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    setup: { type: 'string', multiple: true, default: [] },
    together: { type: 'boolean', default: false },
    only: { type: 'string' },
    summary: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '120' },
    setting: { type: 'string', multiple: true, default: [] },
    supported: { type: 'boolean', default: false },
    slow: { type: 'boolean', default: false },
  },
});

const DATABASE = 'regression';
const folder = mkdtempSync(join(tmpdir(), 'hotrow-scripts-'));

function readScript(file: string): Segment[] {
  return segmentsOf(readFileSync(file, 'utf8')).filter(({ text }) => !SETS_OUTPUT.test(text));
}

/** What psql printed for each segment; fewer than the segments if the connection broke or the time was up. */
async function runScript(port: number, database: string, segments: readonly Segment[]): Promise<string[]> {
  const file = join(folder, 'output');
  // One file for both streams: an error stands where it was raised.
  const output = openSync(file, 'w');
  const url = `postgres://postgres@127.0.0.1:${port}/${database}`;
  const psql = spawn('psql', ['-X', '-q', '-v', 'VERBOSITY=verbose', '-v', 'HIDE_TABLEAM=on', url], {
    env: { ...process.env, ...ENVIRONMENT },
    stdio: ['pipe', output, output],
  });
  closeSync(output);
  const timer = setTimeout(() => psql.kill('SIGKILL'), Number(values.seconds) * 1000);
  const { stdin } = psql as unknown as { stdin: Writable };
  stdin.on('error', () => {});
  const timing = values.slow ? '\\timing on\n' : '';
  stdin.end(timing + segments.map((segment) => `${segment.text}\n\\echo ${MARK}\n`).join(''));
  await new Promise((resolve) => psql.on('close', resolve));
  clearTimeout(timer);
  return readFileSync(file, 'utf8').split(`${MARK}\n`);
}

async function ask(port: number, sql: string, database = 'postgres'): Promise<Record<string, string>[]> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** An empty database on the reference, without what the scripts before left in the cluster. */
async function renewReference(port: number): Promise<void> {
  await ask(port, `DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`);
  const roles = await ask(port, "SELECT rolname FROM pg_roles WHERE rolname <> 'postgres' AND rolname !~ '^pg_'");
  for (const { rolname } of roles)
    await ask(port, `DROP OWNED BY "${rolname}"; DROP ROLE "${rolname}"`).catch(() => {});
  await ask(port, `CREATE DATABASE ${DATABASE} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'`);
  await ask(port, `ALTER DATABASE ${DATABASE} SET lc_messages = 'C'`);
}

const settings = Object.fromEntries(values.setting.map((each) => each.split(/=(.*)/s).slice(0, 2)));
const counts = new Map<string, Map<Verdict | 'lost', number>>();
const messages = new Map<string, number>();

function count(script: string, verdict: Verdict | 'lost'): void {
  const row = counts.get(script) ?? new Map<Verdict | 'lost', number>();
  counts.set(script, row);
  row.set(verdict, (row.get(verdict) ?? 0) + 1);
}

/** What `\\timing` printed for a segment, in milliseconds, summed over its statements. */
function timeOf(output: string): number {
  let sum = 0;
  for (const [, ms] of output.matchAll(/^Time: ([0-9.]+) ms.*$/gm)) sum += Number(ms);
  return sum;
}

function showSlow(script: string, { line, text }: Segment, reference: string, target: string): void {
  const [expected, got] = [timeOf(reference), timeOf(target)];
  if (got <= 50 || got <= 3 * expected) return;
  process.stdout.write(
    `==== ${script}:${line} slow: ${got.toFixed(0)} ms, reference ${expected.toFixed(0)} ms\n${text.trim()}\n`,
  );
}

function compare(script: string, segments: readonly Segment[], reference: string[], target: string[]): void {
  for (let n = 0; n < segments.length; n++) {
    const { line, text } = segments[n]!;
    const [expected, got] = [reference[n] ?? '', target[n] ?? ''];
    if (values.slow) showSlow(script, segments[n]!, expected, got);
    const verdict = n < target.length ? verdictOf(text, expected, got) : 'lost';
    count(script, verdict);
    const failed = failureOf(got);
    if (verdict === 'fails' && failed !== null) {
      const key = `${failed.code} ${failed.message.replace(/"[^"]*"/g, '"..."')}`;
      messages.set(key, (messages.get(key) ?? 0) + 1);
    }
    const isShown = values.only === undefined ? verdict !== 'same' && verdict !== 'plan' : verdict === values.only;
    if (isShown) {
      const show = (output: string): string => normalized(output).slice(0, 3000);
      process.stdout.write(
        `==== ${script}:${line} ${verdict}\n${text.trim()}\n---- reference\n${show(expected)}\n---- target\n${show(got)}\n`,
      );
    }
  }
}

function table(): void {
  const verdicts = ['same', 'plan', 'order', 'message', 'rows', 'code', 'fails', 'passes', 'lost'] as const;
  const line = (name: string, cells: readonly (string | number)[]): void => {
    process.stdout.write(`${name.padEnd(28)}${cells.map((cell) => String(cell).padStart(8)).join('')}\n`);
  };
  line('', verdicts);
  const total = verdicts.map(() => 0);
  for (const [script, row] of counts) {
    const cells = verdicts.map((verdict) => row.get(verdict) ?? 0);
    cells.forEach((cell, i) => {
      total[i]! += cell;
    });
    line(script, cells);
  }
  line('all', total);
  if (!values.summary) return;
  for (const [message, number] of [...messages].sort((a, b) => b[1] - a[1]).slice(0, 100))
    process.stdout.write(`${String(number).padStart(6)}  ${message}\n`);
}

interface Script {
  readonly name: string;
  segments: readonly Segment[];
}

let program: string | undefined;

/** Runs them on a new target and the empty reference, one after the other in one database; answers each script's outputs. */
async function runBoth(reference: BenchServer, scripts: readonly Script[]): Promise<[string[], string[]][]> {
  const target = await startHotrow({ shared_buffers: '64MB', wal_sync: 'everysec', ...settings }, program);
  program = 'dist/hotrow.js';
  try {
    await renewReference(reference.port);
    await ask(target.port, `CREATE DATABASE ${DATABASE}`);
    const setup = values.setup.flatMap(readScript);
    const outputs: [string[], string[]][] = [];
    for (const { segments } of scripts) {
      const before = outputs.length === 0 ? setup : [];
      const all = [...before, ...segments];
      const expected = await runScript(reference.port, DATABASE, all);
      const got = await runScript(target.port, DATABASE, all);
      outputs.push([expected.slice(before.length), got.slice(before.length)]);
    }
    return outputs;
  } finally {
    target.stop();
  }
}

/** Leaves out what only the target refuses as not supported; whether there was any. */
function leaveOutRefused(script: Script, [expected, got]: [string[], string[]]): boolean {
  const isRefused = (n: number): boolean =>
    failureOf(got[n] ?? '')?.code === '0A000' && failureOf(expected[n] ?? '')?.code !== '0A000';
  const kept = script.segments.filter((_, n) => !isRefused(n));
  const some = kept.length < script.segments.length;
  script.segments = kept;
  return some;
}

async function runTogether(reference: BenchServer, scripts: readonly Script[]): Promise<void> {
  let outputs = await runBoth(reference, scripts);
  const leaveOut = (): boolean => scripts.map((script, i) => leaveOutRefused(script, outputs[i]!)).includes(true);
  // What was refused may have hidden more that is.
  for (let pass = 0; values.supported && pass < PASSES && leaveOut(); pass++)
    outputs = await runBoth(reference, scripts);
  scripts.forEach(({ name, segments }, i) => {
    compare(name, segments, ...outputs[i]!);
  });
}

async function main(reference: BenchServer): Promise<void> {
  const scripts = positionals.map((file) => ({
    name: basename(file, '.sql'),
    segments: readScript(file),
  }));
  for (const group of values.together ? [scripts] : scripts.map((script) => [script]))
    await runTogether(reference, group);
  table();
}

const reference = await startPostgres({ shared_buffers: '64MB', fsync: 'off' });
if (reference === null) {
  process.stderr.write('no PostgreSQL 15 to compare with: install it\n');
  process.exit(2);
}
try {
  await main(reference);
} finally {
  reference.stop();
  rmSync(folder, { recursive: true, force: true });
}
