/**
 * The language beside PostgreSQL: window functions, recursion, jsonb, patterns, decimals, texts, times, arrays and aggregates, each over a
 * million rows.
 *
 *     node --import tsx bench/language.ts [rows] [--rounds N] [--only AREA|NAME,...] [--base FILE] [--work-mem 512MB]
 *
 * The servers take turns; figures are medians in milliseconds: of the wall, and of the server's processor time. A ratio is PostgreSQL's
 * processor time by hotrow's (above 1: hotrow is faster); areas have a goal for it, and statements that miss theirs are marked and
 * listed. `--base FILE`: a hotrow.js that was built before takes PostgreSQL's place. Answers must be equal.
 */
import pg from 'pg';
import { AREAS, type BenchStatement, tables } from './language/statements.ts';
import { type BenchServer, startHotrow, startPostgres } from './servers.ts';

const args = process.argv.slice(2);
const ROWS = Number(/^\d+$/.test(args[0] ?? '') ? args[0] : 1_000_000);
const option = (name: string, otherwise: string): string =>
  args.includes(`--${name}`) ? args[args.indexOf(`--${name}`) + 1] : otherwise;
const ROUNDS = Number(option('rounds', '3'));
const WORK_MEM = option('work-mem', '512MB');
const ONLY = option('only', '')
  .split(',')
  .filter((part) => part !== '');
const BASE = option('base', '');

interface Contender {
  readonly server: BenchServer;
  readonly client: pg.Client;
}

interface Measured {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly answer: string;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

async function contender(server: BenchServer): Promise<Contender> {
  const client = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres' });
  await client.connect();
  for (const statement of tables(ROWS)) await client.query(statement);
  await client.query(`SET work_mem = '${WORK_MEM}'; SET TimeZone = 'UTC'`);
  return { server, client };
}

async function once({ server, client }: Contender, query: string): Promise<Measured> {
  const cpu = server.cpuMs();
  const start = performance.now();
  try {
    const { rows } = await client.query({ text: query, rowMode: 'array' });
    return { wallMs: performance.now() - start, cpuMs: server.cpuMs() - cpu, answer: JSON.stringify(rows) };
  } catch (error) {
    return { wallMs: Number.NaN, cpuMs: Number.NaN, answer: `error: ${(error as Error).message}` };
  }
}

async function compare(contenders: readonly Contender[], { query }: BenchStatement): Promise<Measured[]> {
  const runs: Measured[][] = contenders.map(() => []);
  // The first round warms up, and decides alone where there is no other.
  for (let round = 0; round <= ROUNDS; round++)
    for (const [i, each] of contenders.entries()) {
      const run = await once(each, query);
      if (round > 0 || ROUNDS === 0) runs[i].push(run);
    }
  return runs.map((all) => ({
    wallMs: median(all.map((run) => run.wallMs)),
    cpuMs: median(all.map((run) => run.cpuMs)),
    answer: all[0].answer,
  }));
}

function wanted(area: string, name: string): boolean {
  return ONLY.length === 0 || ONLY.includes(area) || ONLY.includes(name);
}

const ms = (value: number): string => value.toFixed(0).padStart(6);

const servers: BenchServer[] = [await startHotrow()];
try {
  const other = BASE === '' ? await startPostgres() : await startHotrow({}, BASE);
  if (other !== null) servers.push(other);
  const contenders = await Promise.all(servers.map(contender));
  console.log(
    `${ROWS} rows, work_mem ${WORK_MEM}, medians of ${ROUNDS} rounds; hotrow and ${BASE === '' ? 'PostgreSQL' : BASE}`,
  );
  console.log(`${''.padEnd(46)}    wall, ms          cpu, ms       ratio`);
  const missed: string[] = [];
  for (const area of AREAS)
    for (const statement of area.statements) {
      if (!wanted(area.name, statement.name)) continue;
      const [ours, theirs] = await compare(contenders, statement);
      const name = `${area.name}: ${statement.name}`;
      if (theirs === undefined) {
        console.log(`${name.padEnd(46)} ${ms(ours.wallMs)}         ${ms(ours.cpuMs)}`);
        continue;
      }
      const ratio = theirs.cpuMs / ours.cpuMs;
      const same = ours.answer === theirs.answer;
      const mark = same ? (ratio < area.goal ? `  goal ${area.goal}` : '') : '  ANSWERS DIFFER';
      if (mark !== '') missed.push(`${name}: ${ratio.toFixed(2)}`);
      console.log(
        `${name.padEnd(46)} ${ms(ours.wallMs)} ${ms(theirs.wallMs)}   ${ms(ours.cpuMs)} ${ms(theirs.cpuMs)}   ${ratio.toFixed(2).padStart(6)}${mark}`,
      );
      if (!same) console.log(`  ${ours.answer.slice(0, 300)}\n  ${theirs.answer.slice(0, 300)}`);
    }
  console.log(missed.length === 0 ? 'all goals are met' : `beyond their goal:\n  ${missed.join('\n  ')}`);
  for (const { client } of contenders) await client.end();
} finally {
  for (const server of servers) server.stop();
}
