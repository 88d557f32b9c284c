/**
 * npm test: lint, types, house rules, unit tests, wire, clients, fixtures, oracle, crashes; ends with `N passed, N failed`.
 *
 *     npm test -- wire fixtures      only the tests of these folders of test/
 *
 * Two lanes run beside each other: checks and unit tests, and what talks to a running server. What passes is one line,
 * what fails is shown whole.
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
/** Folders of tests that start servers; the others only compute. */
const WITH_SERVER = [
  'differential',
  'fixtures',
  'sqllogictest',
  'oracle',
  'crash',
  'faults',
  'clients',
  'examples',
  'wire',
  'bin',
];
const STEP_MS_MAX = 10 * 60_000;

let passed = 0;
let failed = 0;

/** Runs a command to its end; answers its output and status. */
function run(command, words) {
  return new Promise((resolve) => {
    const child = spawn(command, words, { cwd: ROOT, timeout: STEP_MS_MAX, killSignal: 'SIGKILL' });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    child.on('error', (error) => resolve({ output: String(error), status: -1 }));
    child.on('close', (status, signal) => {
      const ending = signal === null ? '' : `\nended by ${signal} after ${STEP_MS_MAX / 1000} s\n`;
      resolve({ output: output + ending, status: status ?? -1 });
    });
  });
}

function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

/** A step that is no mocha run: counts only when it fails. */
async function check(name, command, words) {
  const begun = performance.now();
  const { output, status } = await run(command, words);
  if (status === 0) {
    process.stdout.write(`${name}: ok, ${seconds(begun)}\n`);
    return;
  }
  failed++;
  process.stdout.write(`${name}: FAILED\n${output}\n`);
}

function bin(path) {
  return [join(ROOT, 'node_modules', path)];
}

async function mocha(folder) {
  const files = readdirSync(join(ROOT, 'test', folder), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.test.ts') && !name.includes('node_modules'))
    .map((name) => join('test', folder, name))
    .sort();
  if (files.length === 0) return;
  const begun = performance.now();
  const reporter = join(ROOT, 'test/support/quiet-reporter.cjs');
  const words = ['--import', 'tsx', ...bin('mocha/bin/mocha.js'), '--exit', '--reporter', reporter, ...files];
  const { output, status } = await run(process.execPath, words);
  const totals = /^@totals (\d+) (\d+)$/m.exec(output);
  const failures = totals === null ? 1 : Number(totals[2]);
  passed += totals === null ? 0 : Number(totals[1]);
  // A run that ends badly after its last test has failed too.
  const broken = failures === 0 && status !== 0 ? 1 : 0;
  failed += failures + broken;
  if (failures + broken === 0) {
    process.stdout.write(`test/${folder}: ${totals[1]} passed, ${seconds(begun)}\n`);
    return;
  }
  const told = totals === null ? 'no result' : `${totals[1]} passed, ${totals[2]} failed`;
  process.stdout.write(`test/${folder}: ${told}, exit status ${status}\n${output.replace(/^@totals.*\n/m, '')}\n`);
}

async function inOrder(steps) {
  for (const step of steps) await step();
}

const asked = process.argv.slice(2);
const folders = readdirSync(join(ROOT, 'test'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'support')
  .map((entry) => entry.name)
  .filter((name) => asked.length === 0 || asked.includes(name))
  .sort();
const unit = folders.filter((name) => !WITH_SERVER.includes(name)).map((name) => () => mocha(name));
const server = WITH_SERVER.filter((name) => folders.includes(name)).map((name) => () => mocha(name));
const checks = [
  () => check('lint', process.execPath, [...bin('@biomejs/biome/bin/biome'), 'check', '.']),
  () => check('types', process.execPath, [...bin('typescript/bin/tsc'), '-p', 'tsconfig.json']),
];
const oracle = () => check('oracle: better-sqlite3', process.execPath, [join(ROOT, 'test/oracle/install.mjs')]);

await Promise.all([
  inOrder([...(asked.length === 0 ? checks : []), ...unit]),
  inOrder([...(folders.includes('oracle') ? [oracle] : []), ...server]),
]);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
