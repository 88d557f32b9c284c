/**
 * Fills in what cases/*.cases expect, from a running PostgreSQL 15 (locale C): lines without `=>`, or all with ALL=1. Read the
 * difference before keeping it.
 *
 *     PGHOST=127.0.0.1 PGPORT=5600 PGUSER=postgres node --import tsx test/catalog/functions/record-cases.ts [file]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import pg from 'pg';
import { caseFiles, caseFileUrl, readCases } from './case-files.ts';
import { escapeLine, parseAggregateCase } from './evaluate.ts';

const client = new pg.Client({
  database: 'postgres',
  types: { getTypeParser: () => (value: unknown) => value } as never,
});

/** The SQL of a case: aggregates over a VALUES list; sets in FROM, so that their columns are seen. */
function sqlOf(expression: string): string {
  if (!/^@[a-z]/.test(expression)) {
    const isCall = /^[a-z_0-9]+\(/.test(expression) && expression.endsWith(')');
    // Names that SQL has a syntax of its own for (position, normalize) need quotes.
    return isCall ? `select * from ${expression.replace(/^[a-z_0-9]+/, 'pg_catalog."$&"')}` : `select ${expression}`;
  }
  const { name, direct, types, rows } = parseAggregateCase(expression);
  const columns = types[0] === '' ? [] : types.map((_, i) => `c${i}`);
  const cells = (row: string[]): string =>
    columns.length === 0
      ? '(1)'
      : `(${types.map((type, i) => (row[i] === 'NULL' ? `NULL::${type}` : `'${row[i]}'::${type}`)).join()})`;
  const from =
    rows.length === 0
      ? `(select ${types.map((type, i) => `NULL::${type === '' ? 'int' : type} c${i}`).join()} where false) t`
      : `(values ${rows.map(cells).join()}) t(${columns.length === 0 ? 'c' : columns.join()})`;
  if (direct !== '') return `select ${name}(${direct}) within group (order by c0) from ${from}`;
  return `select ${name}(${columns.join() || (name === 'mode' ? '' : '*')}) from ${from}`.replace(
    'mode(c0)',
    'mode() within group (order by c0)',
  );
}

async function answer(expression: string): Promise<string> {
  try {
    const result = await client.query({ text: sqlOf(expression), rowMode: 'array' });
    return escapeLine(
      (result.rows as (string | null)[][]).map((row) => row.map((cell) => cell ?? 'NULL').join(' | ')).join(' ; '),
    );
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    if (code === undefined || ['42883', '42601', '42704', '42725'].includes(code)) {
      console.error(`${expression}: ${message}`);
    }
    return `!${code} ${escapeLine(message)}`;
  }
}

await client.connect();
for (const name of process.argv[2] === undefined ? caseFiles() : [process.argv[2]]) {
  const lines = readFileSync(caseFileUrl(name), 'utf8').split('\n');
  for (const { expression, expected, timeZone, line } of readCases(name)) {
    if (expected !== null && process.env.ALL !== '1') continue;
    await client.query(`set timezone = '${timeZone}'`);
    lines[line - 1] = `${expression} => ${await answer(expression)}`;
  }
  writeFileSync(caseFileUrl(name), lines.join('\n'));
}
await client.end();
