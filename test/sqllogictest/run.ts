/**
 * npm run sqllogictest -- PATH ...      runs all .test files of the folders (or the files) given, each in an empty database,
 *                                       and prints what passed and failed, with the first failures of each file.
 *
 * HOTROW_TEST_TARGET=postgres://... runs them against PostgreSQL; FAILURES=20 shows more of them. TIMES=FILE writes what each record
 * took, for slower.ts, which compares two such files.
 */
import { appendFileSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { runUpstream } from './run-file.ts';

function filesOf(path: string): string[] {
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { recursive: true })
    .map((name) => join(path, String(name)))
    .filter((name) => name.endsWith('.test'))
    .sort();
}

const paths = process.argv.slice(2);
if (paths.length === 0) {
  process.stderr.write('usage: npm run sqllogictest -- PATH ...\n');
  process.exit(2);
}
const failuresShown = Number(process.env['FAILURES'] ?? 3);
const timesFile = process.env['TIMES'];
let passed = 0;
let failed = 0;
for (const file of paths.flatMap(filesOf)) {
  const begun = performance.now();
  try {
    const times: string[] = [];
    const run = await runUpstream(readFileSync(file, 'utf8'), failuresShown, ({ line, sql }, ms) => {
      if (timesFile !== undefined) times.push(`${JSON.stringify({ at: `${file}:${line}`, ms, sql })}\n`);
    });
    if (timesFile !== undefined) appendFileSync(timesFile, times.join(''));
    passed += run.passed;
    failed += run.failed;
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    process.stdout.write(`${file}: ${run.passed} passed, ${run.failed} failed, ${seconds} s\n`);
    for (const failure of run.failures) process.stdout.write(`    ${failure}\n`);
  } catch (error) {
    failed++;
    process.stdout.write(`${file}: ended early: ${error instanceof Error ? error.message : String(error)}\n`);
  }
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
