/** Statement shapes: same shape, same tokens but for the literals; and the literals are those that the AST numbers. */
import { expect } from 'chai';
import fc from 'fast-check';
import { parse, statementShape } from '../../parser/index.ts';
import { scan } from '../../parser/scanner.ts';
import { SCAN_ERROR } from '../../parser/token-types.ts';
import { ACCEPTED } from './corpus.ts';
import { nodesOf } from './support.ts';

const SEED = Number(process.env['SEED'] ?? 20240817);

const shapeOf = (text: string): string => {
  const shape = statementShape(text);
  if (shape === null) throw new Error(`no shape: ${text}`);
  return shape.shape;
};
const literalsOf = (text: string): unknown => statementShape(text)?.literals.map(({ kind, value }) => [kind, value]);

describe('statement shape', () => {
  it('is the same for the same statement with other literals of the same class', () => {
    expect(shapeOf("select * from t where a = 1 and b = 'x'")).to.equal(
      shapeOf("select * from t where a = 99 and b = 'it''s'"),
    );
    expect(shapeOf("select e'a\\n', $$x$$")).to.equal(shapeOf("select 'a', 'b'"));
    expect(shapeOf('select 1.5, 2e3, .5')).to.equal(shapeOf('select 9.9, 9.9, 9.9'));
    expect(shapeOf('select /* a */ 1 -- b')).to.equal(shapeOf('select /* c */ 2 -- d'));
  });

  it('tells the classes of literals apart', () => {
    const shapes = ['1', '3000000000', '1.0', '99999999999999999999', "'1'"].map((literal) =>
      shapeOf(`select ${literal}`),
    );
    expect(new Set(shapes).size).to.equal(4);
    expect(shapes[2]).to.equal(shapes[3]);
  });

  it('lifts values', () => {
    expect(
      literalsOf("select 1, 3000000000, 9007199254740993, 1.50, 'a''b', E'\\x41', $x$ ' $x$, 00012"),
    ).to.deep.equal([
      ['int4', 1],
      ['int8', 3000000000],
      ['int8', 9007199254740993n],
      ['numeric', '1.50'],
      ['string', "a'b"],
      ['string', 'A'],
      ['string', " ' "],
      ['int4', 12],
    ]);
  });

  it('leaves names, parameters, comments and special strings alone', () => {
    for (const text of [
      'select t1.c2',
      'select $1',
      'select "a 1 \'x\'"',
      "select b'101', x'1f', n'abc'",
      'select 2147483648',
    ]) {
      expect(literalsOf(text), text).to.deep.equal([]);
      expect(shapeOf(text)).to.equal(text);
    }
    expect(literalsOf("select 1 -- 2 'x\n, /* 3 /* '4 */ */ 5")).to.deep.equal([
      ['int4', 1],
      ['int4', 5],
    ]);
  });

  it('has positions of ORDER BY and GROUP BY in it', () => {
    const text = 'select a, sum(b) from t where c = 7 group by 1, a order by t.a desc, 2 ASC,1 limit 5';
    expect(literalsOf(text)).to.deep.equal([
      ['int4', 7],
      ['int4', 5],
    ]);
    expect(shapeOf(text)).to.equal(shapeOf(text.replace('7', '8')));
    expect(shapeOf(text)).not.to.equal(shapeOf(text.replace(', 2 ASC', ', 1 ASC')));
    expect(literalsOf('select a from t order by a + 1, 2')).to.deep.equal([
      ['int4', 1],
      ['int4', 2],
    ]);
  });

  it('is refused when in doubt', () => {
    for (const text of [
      "select 'a",
      'select "a',
      "select 'a'\n'b'",
      'select 1a',
      'select $$a',
      'select \u0001',
      'select /* a',
      "select u&'a'",
    ]) {
      expect(statementShape(text), text).to.equal(null);
    }
  });

  it('numbers literals as the AST does', () => {
    for (const text of ACCEPTED) {
      const shape = statementShape(text);
      if (shape === null) continue;
      const numbered = scan(text).filter((token) => token.literalIndex >= 0);
      expect(
        numbered.map((token) => token.literalIndex),
        text,
      ).to.deep.equal(shape.literals.map((_, i) => i));
      for (const statement of parse(text)) {
        for (const node of nodesOf(statement.node)) {
          const index = node['literalIndex'];
          if (typeof index !== 'number' || index < 0) continue;
          const { value } = shape.literals[index];
          const sign = node['negative'] === true ? '-' : '';
          expect(String(node['value']), text).to.equal(sign + String(value));
        }
      }
    }
  });

  it(`equal shapes mean equal tokens but for literals (seed ${SEED}; SEED=n repeats another)`, () => {
    const part = fc.constantFrom(
      'select',
      'a',
      'b1',
      'from',
      'by',
      '1',
      '22',
      '3.5',
      "'x'",
      "'y''z'",
      "E'\\n'",
      '$$q$$',
      '$1',
      '"N 1"',
      '+',
      '-',
      '--c\n',
      '/*d*/',
      '(',
      ')',
      ',',
      '.',
      '5000000000',
      "b'1'",
      '1e5',
      '=',
      '::',
      'e',
      'x',
      ';',
    );
    const soup = fc
      .array(fc.tuple(part, fc.constantFrom('', ' ', '\n')), { maxLength: 12 })
      .map((parts) => parts.flat().join(''));
    const bySkeleton = new Map<string, string>();
    const skeleton = (text: string): string =>
      scan(text)
        .map((token) => (token.literalIndex >= 0 ? `<${token.tokenTypeIdx}>` : `${token.tokenTypeIdx}:${token.image}`))
        .join(' ');
    fc.assert(
      fc.property(soup, (text) => {
        const shape = statementShape(text);
        if (shape === null || scan(text).some((token) => token.tokenTypeIdx === SCAN_ERROR)) return;
        const tokens = skeleton(text);
        const known = bySkeleton.get(shape.shape);
        if (known === undefined) bySkeleton.set(shape.shape, tokens);
        else expect(tokens, JSON.stringify(text)).to.equal(known);
        expect(scan(text).filter((token) => token.literalIndex >= 0)).to.have.length(shape.literals.length);
      }),
      { seed: SEED, numRuns: 3000 },
    );
  });
});
