/**
 * Makes dist/ (or the folder that is named): hotrow.cjs, the whole server in one file without dependencies, and hotrow.js, which starts it (launcher.mjs).
 * Whitespace and syntax are made small, names are kept, so that a stack trace from a user still says something. The licences
 * of what is bundled come along.
 *
 *      node bin/build.mjs [FOLDER] [--compiled]      --compiled: the server runs once, for the compiled code that the launcher keeps
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import pg from 'pg';

/** Without compiled code the server only starts later. */
const COMPILED_MS_MAX = 10_000;

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const args = process.argv.slice(2).filter((arg) => arg !== '--compiled');
const folder = resolve(args[0] ?? join(root, 'dist'));
const output = join(folder, 'hotrow.cjs');
const launcher = join(folder, 'hotrow.js');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const { metafile, outputFiles } = await build({
  entryPoints: [join(root, 'bin', 'hotrow.ts')],
  outfile: output,
  bundle: true,
  platform: 'node',
  // Not an ES module: only a script can be given V8's compiled code.
  format: 'cjs',
  target: 'node20',
  // The launcher reads it as such.
  charset: 'ascii',
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  metafile: true,
  write: false,
  logLevel: 'warning',
  absWorkingDir: root,
  define: { HOTROW_VERSION: JSON.stringify(version), 'import.meta.url': '__bundleUrl' },
  // A function, which the launcher calls.
  banner: {
    js: "(function(require,module,exports,__filename){const __bundleUrl=require('node:url').pathToFileURL(__filename).href;",
  },
  footer: { js: '})' },
});
// The compiled code that the launcher keeps belongs to this content.
const fingerprint = createHash('sha256').update(outputFiles[0].contents).digest('hex').slice(0, 12);
const launcherText = readFileSync(join(root, 'bin', 'launcher.mjs'), 'utf8').replace("'unbuilt'", `'${fingerprint}'`);
// What is there already stays, with its compiled code.
if (textOf(launcher) !== launcherText || !existsSync(output)) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  writeFileSync(output, outputFiles[0].contents);
  writeFileSync(join(folder, 'LICENSES.txt'), bundledLicences(metafile));
  writeFileSync(launcher, launcherText);
  chmodSync(launcher, 0o755);
}
if (process.argv.includes('--compiled')) await keepCompiled();

const size = Object.values(metafile.outputs).reduce((sum, file) => sum + file.bytes, 0);
process.stdout.write(`${relative(process.cwd(), output)} ${(size / 1024).toFixed(0)} kB\n`);

function textOf(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/**
 * Runs the server, with statements of many kinds, and has it keep its compiled code then. A server's first start would do it too, but starts later for it, and
 * the memory that compiling took stays with it (15 MB). With what these need first statements take two fifths less of a processor.
 */
async function keepCompiled() {
  if (readdirSync(folder).some((name) => name.endsWith('.cache'))) return;
  const child = spawn(process.execPath, [launcher, '-p', '0', '-h', '127.0.0.1'], {
    stdio: ['ignore', 'pipe', 'ignore', 'ipc'],
  });
  const hasEnded = new Promise((resolve) => {
    child.once('disconnect', resolve);
    child.once('exit', resolve);
  });
  child.stdout.once('data', async (told) => {
    await runFirstStatements(String(told).match(/postgres:\S+/)?.[0]);
    if (child.connected) child.send('keep compiled code');
  });
  await Promise.race([hasEnded, setTimeout(COMPILED_MS_MAX, undefined, { ref: false })]);
  child.kill('SIGTERM');
}

/** What is not run here is compiled later, when it is first called. */
async function runFirstStatements(address) {
  const client = new pg.Client(address);
  client.on('error', () => {});
  try {
    await client.connect();
    for (const paragraph of readFileSync(join(root, 'bin', 'first-statements.sql'), 'utf8').split('\n\n')) {
      if (paragraph.startsWith('--')) continue;
      await client.query(paragraph, paragraph.includes('$1') ? [5] : undefined).catch((error) => {
        if (!(error instanceof pg.DatabaseError)) throw error;
      });
    }
    await client.end();
  } catch (error) {
    process.stderr.write(`first-statements.sql: ${error.message}\n`);
  }
}

/** The licence text of every package that has code in the bundle. */
function bundledLicences(meta) {
  const packages = new Set();
  for (const input of Object.keys(meta.inputs)) {
    const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (found !== null) packages.add(found[1]);
  }
  /** Licence text to the packages under it: several of one author share it. */
  const byText = new Map();
  for (const path of [...packages].sort()) {
    const directory = join(root, path);
    const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
    const file = readdirSync(directory).find((each) => /^licen[cs]e/i.test(each));
    const text = file === undefined ? '' : readFileSync(join(directory, file), 'utf8').trim();
    const title = `${manifest.name} ${manifest.version} (${manifest.license})`;
    byText.set(text, [...(byText.get(text) ?? []), title]);
  }
  return [...byText].map(([text, titles]) => `${titles.join('\n')}\n\n${text}\n`).join(`\n${'-'.repeat(80)}\n\n`);
}
