/** Small rules that keep the house readable and its tests honest. */
import { expect } from 'chai';
import { importsOf, projectFiles, ROOT, textOf } from './source-files.ts';

/** Lines of the files that match, as `file:line: text`. */
function linesThatMatch(files: readonly string[], pattern: RegExp): string[] {
  return files.flatMap((file) =>
    textOf(file)
      .split('\n')
      .map((line, index) => ({ line, where: `${file}:${index + 1}` }))
      .filter(({ line }) => pattern.test(line))
      .map(({ line, where }) => `${where}: ${line.trim()}`),
  );
}

describe('house rules', () => {
  it('what crosses a folder is exported by name: no `export *` in an index file', () => {
    expect(linesThatMatch(projectFiles(/(^|\/)index\.ts$/), /^\s*export\s*\*/)).to.deep.equal([]);
  });

  it('no test stands alone and none is left out', () => {
    const tests = projectFiles(/^test\/.*\.ts$/).filter((file) => file !== 'test/house/tidy.test.ts');
    const pattern = /\b(describe|context|it|specify)\.(only|skip)\b|\b(xit|xdescribe|xcontext)\(|\bthis\.skip\(/;
    expect(linesThatMatch(tests, pattern)).to.deep.equal([]);
  });

  it('no path of one machine stands in a file', () => {
    const files = projectFiles(/\.(ts|mjs|cjs|json|md|slt|test|script|sql|ya?ml)$|^\.ci\//);
    // The folder above the checkout, and homes of people; one that every machine has says nothing.
    const parent = ROOT.replace(/\/[^/]+\/$/, '/');
    const patterns = [/(^|[\s'"`(=])\/(home|Users)\/[a-z]/];
    const isCommon = ['/', '/tmp/', '/var/tmp/', '/opt/', '/srv/', '/root/', '/mnt/'].includes(parent);
    if (!isCommon) patterns.push(new RegExp(parent.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')));
    const found = patterns.flatMap((pattern) => linesThatMatch(files, pattern));
    expect(found).to.deep.equal([]);
  });

  it('imports of our own files end in .ts', () => {
    const wrong = projectFiles(/\.ts$/)
      .flatMap((file) => importsOf(file, textOf(file)))
      .filter((found) => found.own && !/\.(ts|mjs|cjs|json)$/.test(found.target))
      .map((found) => `${found.file}:${found.line}: ${found.target}`);
    expect(wrong).to.deep.equal([]);
  });

  it('nothing is tracked that is made by a run', () => {
    expect(projectFiles(/\.(log|tmp|orig)$|(^|\/)(dist|data|node_modules|coverage)\//)).to.deep.equal([]);
  });

  it('only what every project has lies beside the folders', () => {
    const known = /^(\.gitignore|\.mocharc\.json|LICENSE|README\.md|biome\.json|package(-lock)?\.json|tsconfig\.json)$/;
    expect(projectFiles(/^[^/]+$/).filter((file) => !known.test(file))).to.deep.equal([]);
  });
});
