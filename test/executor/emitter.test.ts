/** Generated functions: which of them plans share. */
import { expect } from 'chai';
import { Emitter } from '../../executor/compile/emitter.ts';

type Twice = (n: number) => number;

function twice(): Twice {
  const emitter = new Emitter();
  emitter.emit('return n * 2;');
  return emitter.build<Twice>('n');
}

function plus(value: number | { readonly more: number }): Twice {
  const emitter = new Emitter();
  const name = emitter.bind(value);
  emitter.emit(typeof value === 'number' ? `return n + ${name};` : `return n + ${name}.more;`);
  return emitter.build<Twice>('n');
}

describe('generated functions', () => {
  it('are one for one text where nothing is bound', () => {
    expect(twice()).to.equal(twice());
    expect(twice()(21)).to.equal(42);
  });

  it('tell parameters apart', () => {
    const emitter = new Emitter();
    emitter.emit('return n * 2;');
    const other = emitter.build<(m: number, n: number) => number>('m, n');
    expect(other).not.to.equal(twice());
    expect(other(1, 4)).to.equal(8);
  });

  it('are made anew for what is bound', () => {
    const [one, two] = [plus({ more: 1 }), plus({ more: 2 })];
    expect([one(1), two(1), one(1)]).to.deep.equal([2, 3, 2]);
    expect(plus(5)).not.to.equal(plus(5));
  });

  it('stay the same by text when very many have been made', () => {
    for (let i = 0; i < 1200; i++) {
      const emitter = new Emitter();
      emitter.emit(`return n + ${i};`);
      expect(emitter.build<Twice>('n')(1)).to.equal(i + 1);
    }
    expect(twice()(4)).to.equal(8);
  });
});
