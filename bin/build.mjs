/**
 * Makes dist/ (or the folder that is named): hotrow.cjs, the whole server in one file without dependencies, and hotrow.js, which starts it (launcher.mjs).
 * Whitespace and syntax are made small, names are kept, so that a stack trace from a user still says something. The licences
 * of what is bundled come along.
 */
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = resolve(process.argv[2] ?? join(root, 'dist'));
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
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  metafile: true,
  write: false,
  logLevel: 'warning',
  absWorkingDir: root,
  define: { HOTROW_VERSION: JSON.stringify(version), 'import.meta.url': '__bundleUrl' },
  banner: { js: "const __bundleUrl=require('node:url').pathToFileURL(__filename).href;" },
});
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
writeFileSync(output, outputFiles[0].contents);
// The compiled code that the launcher keeps belongs to this content.
const fingerprint = createHash('sha256').update(outputFiles[0].contents).digest('hex').slice(0, 12);
const launcherText = readFileSync(join(root, 'bin', 'launcher.mjs'), 'utf8');
writeFileSync(launcher, launcherText.replace("'unbuilt'", `'${fingerprint}'`));
chmodSync(launcher, 0o755);
writeFileSync(join(folder, 'LICENSES.txt'), bundledLicences(metafile));

const size = Object.values(metafile.outputs).reduce((sum, file) => sum + file.bytes, 0);
process.stdout.write(`${relative(process.cwd(), output)} ${(size / 1024).toFixed(0)} kB\n`);

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
