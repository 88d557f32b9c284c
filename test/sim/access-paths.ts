/**
 * One question, asked by table scan, index scan, index-only scan and posting lists, gets one answer: of whoever asks last, and of an
 * older snapshot, which goes on asking while others write.
 */
import { expect } from 'chai';
import type { SqlError } from '../../types/errors.ts';
import type { Random } from '../storage/heap/support.ts';
import type { DirectAnswer, DirectClient } from '../support/direct-client.ts';
import { turn } from './virtual-time.ts';

const QUESTIONS = [
  'SELECT id, owner FROM accounts WHERE id BETWEEN 0 AND 1000 ORDER BY id',
  'SELECT id FROM accounts WHERE id > 0 ORDER BY id',
  "SELECT id, owner FROM accounts WHERE owner >= '' AND owner < 'p' ORDER BY owner, id",
  'SELECT id, balance FROM accounts WHERE balance > 0 ORDER BY balance, id',
  'SELECT balance FROM accounts WHERE balance > 0 ORDER BY balance',
  "SELECT count(*) FROM accounts WHERE owner = 'owner 3'",
  "SELECT count(*) FROM accounts WHERE owner IN ('owner 3', 'owner 4')",
  "SELECT count(*) FROM accounts WHERE owner = 'owner 3' AND balance > 0",
  'SELECT count(*) FROM accounts',
  'SELECT number FROM ledger WHERE number > 0 ORDER BY number',
  'SELECT account, number FROM ledger WHERE account BETWEEN 0 AND 1000 ORDER BY account, number',
  'SELECT id FROM ledger WHERE id > 0 ORDER BY id',
  'SELECT count(*) FROM ledger WHERE account = 5',
  'SELECT count(*) FROM ledger WHERE account BETWEEN 5 AND 20',
  'SELECT count(*) FROM ledger',
  'SELECT number FROM scratch WHERE number > -2000000000 ORDER BY number',
  'SELECT count(*) FROM scratch WHERE number > -2000000000',
  'SELECT count(*), min(number), max(number) FROM scratch',
  'SELECT count(*) FROM scratch',
  'SELECT id, size FROM wide WHERE id > -2000000000 ORDER BY id',
  'SELECT size, id FROM wide WHERE size >= 0 ORDER BY size DESC, id',
  'SELECT size FROM wide WHERE size >= 0 ORDER BY size DESC',
  "SELECT left(body, 5), id FROM wide WHERE size > 3 AND left(body, 5) >= '' ORDER BY left(body, 5), id",
  "SELECT filler FROM wide WHERE filler >= '' ORDER BY filler",
  'SELECT count(*) FROM wide WHERE size = 3',
  'SELECT count(*) FROM wide WHERE size IN (1, 2, 5)',
  'SELECT count(*) FROM wide WHERE size < 40',
  "SELECT count(*) FROM wide WHERE tags @> '{3}'",
  "SELECT count(*) FROM wide WHERE tags && '{1,12}'",
  "SELECT id FROM wide WHERE tags @> '{1,12}' ORDER BY id",
  "SELECT count(*) FROM wide WHERE tags @> '{3}' AND size = 3",
  "SELECT count(*) FROM wide WHERE tags @> '{3}' OR size = 3",
  'SELECT count(*) FROM wide',
];

const ALL_ON =
  'SET enable_seqscan = on; SET enable_indexscan = on; SET enable_bitmapscan = on; SET enable_indexonlyscan = on';

/** How to ask, by what is switched off. */
const WAYS: { readonly [way: string]: readonly string[] } = {
  'what the planner likes': [],
  'any index': ['seqscan'],
  'index-only scan': ['seqscan', 'bitmapscan'],
  'index scan': ['seqscan', 'bitmapscan', 'indexonlyscan'],
  'posting lists': ['seqscan', 'indexscan'],
  'posting lists and rows': ['seqscan', 'indexscan', 'indexonlyscan'],
};

/** What tells a row from others, for a condition that no index knows. */
const KEYS: { readonly [table: string]: string } = { accounts: 'id', ledger: 'id', scratch: 'number', wide: 'id' };

/** The answer that is believed: rows are looked at, one by one, where the visibility map could say how many they are. */
function askRows(client: DirectClient, question: string): Promise<DirectAnswer> {
  const byRows = question.replace(/ FROM (\w+)$/, (_, table: string) => ` FROM ${table} WHERE ${KEYS[table]} % 1 = 0`);
  return ask(client, byRows, ['indexscan', 'bitmapscan', 'indexonlyscan']);
}

async function ask(client: DirectClient, question: string, off: readonly string[]): Promise<DirectAnswer> {
  const settings = off.map((name) => `SET enable_${name} = off`);
  return client.query([ALL_ON, ...settings, question].join(';'));
}

/** Each index answers as the table does. Of the ways two are tried each time, of the questions a third. */
export async function checkIndexes(client: DirectClient, random: Random): Promise<void> {
  for (const question of QUESTIONS) {
    if (random.below(3) > 0) continue;
    const { rows, error } = await askRows(client, question);
    if (error !== null) throw error;
    for (let tries = 0; tries < 2; tries++) {
      const way = random.pick(Object.keys(WAYS));
      expectSame(await ask(client, question, WAYS[way]), rows, question, way);
    }
  }
  await client.rows('RESET ALL');
}

/**
 * A snapshot of its own, kept for up to `rounds` rounds while others write. Answers an error that ended it before; what others may do
 * to a reader is for the caller to know.
 */
export async function askOldSnapshot(client: DirectClient, random: Random, rounds: number): Promise<SqlError | null> {
  const questions = QUESTIONS.filter(() => random.below(3) === 0);
  const first: DirectAnswer['rows'][] = [];
  const begun = await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  if (begun.error !== null) return begun.error;
  for (const question of questions) {
    const { rows, error } = await askRows(client, question);
    if (error !== null) return error;
    first.push(rows);
  }
  for (let round = 0; round < rounds; round++) {
    for (let turns = random.below(round === 0 ? 1 : 60); turns > 0; turns--) await turn();
    for (let i = 0; i < questions.length; i++) {
      const way = random.pick(Object.keys(WAYS));
      const answer = await ask(client, questions[i], WAYS[way]);
      if (answer.error !== null) return answer.error;
      expectSame(answer, first[i], questions[i], `${way}, in an older snapshot`);
    }
  }
  return (await client.query('COMMIT')).error;
}

function expectSame(
  { rows, error }: DirectAnswer,
  expected: DirectAnswer['rows'],
  question: string,
  way: string,
): void {
  if (error !== null) throw error;
  expect(rows, `${question} by ${way}`).to.deep.equal(expected);
}
