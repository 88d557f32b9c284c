/** Whatever the text, the parser answers statements or throws a SqlError; a syntax error points into the text. */
import { expect } from 'chai';
import fc from 'fast-check';
import { deparse, parse, statementShape } from '../../parser/index.ts';
import { SqlError } from '../../types/errors.ts';
import { ACCEPTED } from './corpus.ts';

const SEED = Number(process.env['SEED'] ?? 42);
const TOKEN = /'(?:[^']|'')*'|"[^"]*"|[A-Za-z_][A-Za-z_0-9]*|\d+(?:\.\d+)?|[<>=!~@#&|+*/%^-]+|\S/g;
const lines = ACCEPTED.map((text) => text.match(TOKEN) ?? []);
const words = [...new Set(lines.flat())];

function check(text: string): void {
  statementShape(text);
  try {
    for (const { node, start, end } of parse(text)) {
      expect(start).to.be.lessThan(end);
      if (node.kind === 'query' && !/insert|update|delete|merge/i.test(text))
        expect(parse(deparse(node))).to.have.length(1);
    }
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    expect(error.code, text).to.match(/^(42|0A|22|54)/);
    const position = error.fields.position ?? 1;
    expect(position, text).to.be.within(1, text.length + 1);
  }
}

describe(`random texts (seed ${SEED}; SEED=n repeats another)`, () => {
  it('of tokens', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words), { maxLength: 20 }), (tokens) => check(tokens.join(' '))),
      {
        seed: SEED,
        numRuns: 3000,
      },
    );
  });

  it('made from statements by dropping, doubling, exchanging and cutting', () => {
    const change = fc.tuple(fc.nat(), fc.constantFrom('drop', 'insert', 'replace', 'cut'), fc.constantFrom(...words));
    fc.assert(
      fc.property(fc.constantFrom(...lines), fc.array(change, { minLength: 1, maxLength: 3 }), (line, changes) => {
        const tokens = [...line];
        for (const [where, what, word] of changes) {
          const at = where % (tokens.length + 1);
          if (what === 'drop') tokens.splice(at, 1);
          else if (what === 'insert') tokens.splice(at, 0, word);
          else if (what === 'replace') tokens.splice(at, 1, word);
          else tokens.length = at;
        }
        check(tokens.join(' '));
      }),
      { seed: SEED, numRuns: 4000 },
    );
  });

  it('of characters', () => {
    const character = fc.constantFrom(...'abeEUxn\'"$&\\/*-+.1209 \n(),;:[]=<>!@#%^|?~`é😀\u0000'.split(''));
    fc.assert(
      fc.property(fc.array(character, { maxLength: 40 }), (characters) => check(characters.join(''))),
      {
        seed: SEED,
        numRuns: 4000,
      },
    );
  });
});
