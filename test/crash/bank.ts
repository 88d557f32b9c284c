/**
 * A small bank in TPC-B's form, whose books can be checked: each transaction adds one amount to an account, to its teller and
 * to its branch, and writes a line of history. So the three sums and the history agree at every moment, and a transaction
 * that was acknowledged can be looked for by its number.
 */
import pg from 'pg';

const ACCOUNTS = 200;
const TELLERS = 10;
const BRANCHES = 2;

export async function createBank(client: pg.Client): Promise<void> {
  await client.query(`
    CREATE TABLE branches (id int PRIMARY KEY, balance bigint NOT NULL);
    CREATE TABLE tellers (id int PRIMARY KEY, branch int NOT NULL REFERENCES branches, balance bigint NOT NULL);
    CREATE TABLE accounts (id int PRIMARY KEY, balance bigint NOT NULL, filler text);
    CREATE TABLE history (number bigint PRIMARY KEY, account int NOT NULL, teller int NOT NULL, amount int NOT NULL);
    CREATE INDEX history_account ON history (account);
    INSERT INTO branches SELECT g, 0 FROM generate_series(1, ${BRANCHES}) g;
    INSERT INTO tellers SELECT g, g % ${BRANCHES} + 1, 0 FROM generate_series(1, ${TELLERS}) g;
    INSERT INTO accounts SELECT g, 0, repeat('x', 80) FROM generate_series(1, ${ACCOUNTS}) g`);
}

/** What the customers of one life of the server were told. */
export interface Ledger {
  readonly acknowledged: Set<number>;
  /** The answer to COMMIT did not come: either is right, but wholly. */
  readonly inDoubt: Set<number>;
  /** Answers that are neither success nor the end of the server. */
  readonly failures: Error[];
}

export type Random = () => number;

/** One customer after the other on a connection of its own, until the server is gone. `nextNumber` numbers transactions. */
export async function trade(port: number, random: Random, nextNumber: () => number, ledger: Ledger): Promise<void> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
  let gone = false;
  client.on('error', () => {
    gone = true;
  });
  try {
    await client.connect();
    while (!gone) {
      const number = nextNumber();
      ledger.inDoubt.add(number);
      const rolledBack = await tradeOnce(client, random, number);
      ledger.inDoubt.delete(number);
      if (!rolledBack) ledger.acknowledged.add(number);
    }
  } catch (error) {
    if ((error as { code?: string }).code?.length === 5) ledger.failures.push(error as Error);
  } finally {
    await client.end().catch(() => {});
  }
}

/** True when it was rolled back on purpose. */
async function tradeOnce(client: pg.Client, random: Random, number: number): Promise<boolean> {
  const account = Math.floor(random() * ACCOUNTS) + 1;
  const teller = Math.floor(random() * TELLERS) + 1;
  const amount = Math.floor(random() * 2001) - 1000;
  await client.query('BEGIN');
  await client.query({
    name: 'account',
    text: 'UPDATE accounts SET balance = balance + $1 WHERE id = $2',
    values: [amount, account],
  });
  await client.query('SELECT balance FROM accounts WHERE id = $1', [account]);
  await client.query(`UPDATE tellers SET balance = balance + ${amount} WHERE id = ${teller}`);
  await client.query(
    'UPDATE branches SET balance = balance + $1 WHERE id = (SELECT branch FROM tellers WHERE id = $2)',
    [amount, teller],
  );
  await client.query('INSERT INTO history VALUES ($1, $2, $3, $4)', [number, account, teller, amount]);
  const rollsBack = random() < 0.1;
  await client.query(rollsBack ? 'ROLLBACK' : 'COMMIT');
  return rollsBack;
}

/**
 * What is wrong with the books after a restart; empty when all is well. `kept`: the numbers that were there after the restart
 * before, all of which must be there still; takes those that are there now.
 */
export async function checkBank(client: pg.Client, ledger: Ledger, kept: Set<number>): Promise<string[]> {
  const wrong: string[] = [];
  const sums = await client.query<{ accounts: string; tellers: string; branches: string; history: string }>(`
    SELECT (SELECT sum(balance) FROM accounts) AS accounts, (SELECT sum(balance) FROM tellers) AS tellers,
      (SELECT sum(balance) FROM branches) AS branches, (SELECT coalesce(sum(amount), 0) FROM history) AS history`);
  const { accounts, tellers, branches, history } = sums.rows[0]!;
  if (new Set([accounts, tellers, branches, history]).size !== 1) {
    wrong.push(`sums differ: accounts ${accounts}, tellers ${tellers}, branches ${branches}, history ${history}`);
  }
  const single = await client.query(`
    SELECT a.id FROM accounts a LEFT JOIN (SELECT account, sum(amount) AS total FROM history GROUP BY account) h
      ON h.account = a.id WHERE a.balance <> coalesce(h.total, 0)`);
  for (const { id } of single.rows) wrong.push(`account ${id} disagrees with its history`);
  const found = new Set((await client.query('SELECT number FROM history')).rows.map((row) => Number(row.number)));
  const missing = [...ledger.acknowledged, ...kept].filter((number) => !found.has(number));
  if (missing.length > 0) wrong.push(`${missing.length} acknowledged commits are missing, the first is ${missing[0]}`);
  const foreign = [...found].filter((n) => !ledger.acknowledged.has(n) && !ledger.inDoubt.has(n) && !kept.has(n));
  if (foreign.length > 0) wrong.push(`${foreign.length} rows were never committed, the first is ${foreign[0]}`);
  // The index answers as the table does.
  const byIndex = await client.query('SELECT count(*) AS n FROM history WHERE account BETWEEN 1 AND 1000000');
  if (Number(byIndex.rows[0].n) !== found.size) wrong.push(`index has ${byIndex.rows[0].n} rows of ${found.size}`);
  for (const number of found) kept.add(number);
  return wrong;
}
