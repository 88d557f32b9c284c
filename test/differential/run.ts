/**
 * npm run differential -- --queries N --seed S     random statements on PostgreSQL and on hotrow, which answer alike or are told
 *
 *     --reference URL    a PostgreSQL 15; HOTROW_TEST_REFERENCE without it, or one that is started for the run where installed
 *     --target URL       a running hotrow; without it one in this process
 *     --show N           differences made smaller and shown (20); all are counted
 *     --missing          names the functions of the reference that the target lacks; they are not tried
 *     --schema           shows the statements that made the tables, too
 *     --explained        shows the differences that have a reason, too, with what has shown it
 *     --policies         statements are somebody's who sees some rows of most tables (row-level security)
 *     --without NAME     does not take this reason of explained.ts, to see what it covers
 */
import { parseArgs } from 'node:util';
import { createScratchDatabase } from '../support/database-target.ts';
import { type ExplainedDifference, type Found, runDifferential } from './differential.ts';
import { findReference } from './postgres.ts';

const { values } = parseArgs({
  options: {
    queries: { type: 'string', default: '10000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    reference: { type: 'string' },
    target: { type: 'string', default: '' },
    show: { type: 'string', default: '20' },
    missing: { type: 'boolean', default: false },
    explained: { type: 'boolean', default: false },
    policies: { type: 'boolean', default: false },
    without: { type: 'string' },
    schema: { type: 'boolean', default: false },
  },
});
const reference = await findReference(values.reference ?? process.env['HOTROW_TEST_REFERENCE'] ?? '');
if (reference === null) {
  process.stderr.write(
    'no PostgreSQL 15 to compare with: install it, or give --reference postgres://user@host:port/database\n',
  );
  process.exit(2);
}
const referenceUrl = reference.url;
process.exitCode = await main().finally(() => reference.stop());

async function main(): Promise<number> {
  const scratch = values.target === '' ? await createScratchDatabase() : null;
  const { host, port, user, database } = scratch?.connection ?? {};
  const begun = performance.now();
  const result = await runDifferential({
    queries: Number(values.queries),
    seed: Number(values.seed),
    referenceUrl,
    targetUrl: values.target || `postgres://${user}@${host}:${port}/${database}`,
    shownMax: Number(values.show),
    withPolicies: values.policies,
    without: values.without,
    onDifference: show,
    onExplained: values.explained ? showExplained : () => {},
  });
  await scratch?.drop().catch((error: Error) => process.stdout.write(`${error.message}\n`));
  const seconds = ((performance.now() - begun) / 1000).toFixed(0);
  process.stdout.write(
    `seed ${values.seed}: ${result.asked} statements (${result.answered} without an error), ${seconds} s; ${result.differences} differ\n`,
  );
  for (const [name, count] of result.explained) process.stdout.write(`  explained: ${name}: ${count}\n`);
  for (const sql of result.failedInside) process.stdout.write(`failed inside: ${sql}\n`);
  if (values.missing) process.stdout.write(`  not there, not tried: ${result.missing.join(', ')}\n`);
  return result.differences === 0 ? 0 : 1;
}

function show(found: Found): void {
  if (values.schema)
    process.stdout.write(`${[...found.schema.statements, ...found.schema.targetSettings].join(';\n')};\n`);
  process.stdout.write(
    `seed ${found.seed}: ${found.sql}\n  reference: ${found.difference.reference}\n  target:    ${found.difference.target}\n`,
  );
}

function showExplained(found: ExplainedDifference): void {
  process.stdout.write(`explained: ${found.reason.name}\n`);
  show(found);
  process.stdout.write(`  shown by: ${found.reason.proof}\n`);
}
