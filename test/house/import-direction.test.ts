/** Imports point down the house and never back up; a wrong arrow is named. */
import { expect } from 'chai';
import { wrongArrow } from './import-direction.ts';
import { importsOf, projectFiles, textOf } from './source-files.ts';

describe('import direction', () => {
  it('no file of the house imports what stands above it', () => {
    const wrong = projectFiles(/^(bin|wire|executor|planner|parser|catalog|storage|types)\/.*\.ts$/)
      .flatMap((file) => importsOf(file, textOf(file)))
      .map(wrongArrow)
      .filter((arrow) => arrow !== null);
    expect(wrong, 'wrong arrows').to.deep.equal([]);
  });

  it('tests and benches leave chevrotain to the parser too', () => {
    const wrong = projectFiles(/^(test|bench)\/.*\.ts$/)
      .filter((file) => !file.startsWith('test/parser/'))
      .flatMap((file) => importsOf(file, textOf(file)))
      .filter((found) => found.target === 'chevrotain')
      .map((found) => `${found.file}:${found.line}`);
    expect(wrong).to.deep.equal([]);
  });

  const arrow = (file: string, name: string): string | null => {
    const [found] = importsOf(file, `import { x } from '${name}';\n`);
    return wrongArrow(found!);
  };

  it('names the arrow that points up', () => {
    expect(arrow('storage/heap/heap.ts', '../../executor/index.ts')).to.equal(
      'storage/heap/heap.ts:1: storage -> executor (executor/index.ts)',
    );
    expect(arrow('types/numeric.ts', '../catalog/index.ts')).to.equal(
      'types/numeric.ts:1: types -> catalog (catalog/index.ts)',
    );
    expect(arrow('executor/session.ts', '../wire/index.ts')).to.contain('executor -> wire');
    expect(arrow('planner/plan.ts', '../storage/api.ts')).to.contain('planner -> storage');
    expect(arrow('planner/bind/x.ts', 'chevrotain')).to.contain('only parser may');
    expect(arrow('storage/wal/log.ts', '../buffer/index.ts')).to.contain('storage/wal -> storage/buffer');
    expect(arrow('storage/heap/heap.ts', '../engine.ts')).to.contain('storage/heap -> storage/engine');
  });

  it('lets the arrows that point down pass', () => {
    expect(arrow('executor/session.ts', '../parser/index.ts')).to.equal(null);
    expect(arrow('wire/connection.ts', '../executor/session-api.ts')).to.equal(null);
    expect(arrow('storage/engine.ts', './recovery/index.ts')).to.equal(null);
    expect(arrow('storage/heap/heap.ts', '../limits.ts')).to.equal(null);
    expect(arrow('parser/scanner.ts', 'chevrotain')).to.equal(null);
    expect(arrow('bin/hotrow.ts', '../wire/index.ts')).to.equal(null);
  });

  it('sees imports over several lines, of types, for effect, and when they are needed', () => {
    const text = [
      "import {\n  a,\n  b,\n} from '../one.ts';",
      "import type { C } from '../two.ts';",
      "export { d } from './three.ts';",
      "import './four.ts';",
      "const e = await import('./five.ts');",
    ].join('\n');
    expect(importsOf('x/y.ts', text).map((found) => `${found.target}:${found.line}`)).to.deep.equal([
      'one.ts:4',
      'two.ts:5',
      'x/three.ts:6',
      'x/four.ts:7',
      'x/five.ts:8',
    ]);
  });
});
