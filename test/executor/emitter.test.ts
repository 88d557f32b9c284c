/** Generated functions: which of them plans share. */
import { expect } from 'chai';
import { Emitter, sharingCode } from '../../executor/compile/emitter.ts';

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

  it('that share their code have what is bound for themselves', () => {
    const [one, two, three] = [1, 2, 3].map((more) => sharingCode(() => plus({ more })));
    expect([one(1), two(1), three(1), one(1)]).to.deep.equal([2, 3, 4, 2]);
    expect(sharingCode(() => plus(5))(1)).to.equal(6);
    // Other names for what is bound, or other parameters, are other functions of the same text.
    const of = (parameters: string): ((a: number, b: number) => number) => {
      const emitter = new Emitter();
      emitter.emit(`return a * 10 + b + ${emitter.bind(100)};`);
      return emitter.build(parameters);
    };
    expect(sharingCode(() => [of('a, b')(1, 2), of('b, a')(1, 2)])).to.deep.equal([112, 121]);
  });

  it('share only while it is said, whatever happens meanwhile', () => {
    const broken = (): Twice => {
      const emitter = new Emitter();
      emitter.emit(`return ${emitter.bind({})} +;`);
      return emitter.build<Twice>('n');
    };
    expect(() => sharingCode(broken)).to.throw(SyntaxError);
    expect(sharingCode(() => sharingCode(() => plus(1))(1))).to.equal(2);
    expect(plus(7)(1)).to.equal(8);
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
