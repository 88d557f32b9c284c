/** Printed SQL parses to the tree that was printed. */
import { expect } from 'chai';
import fc from 'fast-check';
import { deparse, parse, parseExpression, quoteIdentifier, quoteLiteral } from '../../parser/index.ts';
import { ACCEPTED } from './corpus.ts';
import { bare } from './support.ts';

const SEED = Number(process.env['SEED'] ?? 7);
const printed = (text: string): string => deparse(parseExpression(text));

describe('deparse', () => {
  it('prints in the style of PostgreSQL', () => {
    expect(printed('a+b*2 > -1 and not c')).to.equal('(((a + (b * 2)) > (-1)) AND (NOT c))');
    expect(printed("x::varchar(5) || 'it''s' || E'a\\\\b'")).to.equal(
      "((x::character varying(5) || 'it''s') || E'a\\\\b')",
    );
    expect(printed("nextval('s'::regclass)")).to.equal("nextval('s'::regclass)");
    expect(printed('"Weird name"."select"')).to.equal('"Weird name"."select"');
    expect(printed('now() at time zone x')).to.equal('(now() AT TIME ZONE x)');
    expect(printed("a::timestamp(3) with time zone + interval '1' day")).to.equal(
      "(a::timestamp(3) with time zone + '1'::interval day)",
    );
    expect(printed('sum(a) filter (where b) over (partition by c order by d desc)')).to.equal(
      'sum(a) FILTER (WHERE b) OVER (PARTITION BY c ORDER BY d DESC)',
    );
  });

  it('of every query of the corpus comes back', () => {
    let count = 0;
    for (const text of ACCEPTED) {
      for (const { node } of parse(text)) {
        if (node.kind !== 'query' || /insert into t values \(1\) returning/.test(text)) continue;
        const again = deparse(node);
        const [statement] = parse(again);
        expect(bare(statement.node), `${text}\n${again}`).to.deep.equal(bare(node));
        count++;
      }
    }
    expect(count).to.be.greaterThan(60);
  });

  it('of the expressions in definitions comes back', () => {
    for (const text of [
      'a > 1',
      'f(x, y => 2, variadic z)',
      'case a when 1 then 2 else 3 end',
      '(a).b[1:2]',
      'row(1, 2)',
      'array[[1], [2]]',
      "a like b escape 'c'",
    ]) {
      expect(bare(parseExpression(printed(text))), text).to.deep.equal(bare(parseExpression(text)));
    }
  });

  it(`of random operators comes back (seed ${SEED})`, () => {
    const atom = fc.constantFrom('a', '1', '-2', "'x'", 'null', 'f(b)', '(c, d)', '$1', '(e)', 'g.h', 'true');
    const prefix = fc.constantFrom('', '', '', 'not ', '- ', '@ ', '~ ');
    const postfix = fc.constantFrom(
      '',
      '',
      '',
      ' is null',
      ' is not true',
      '::int',
      '[1]',
      ' in (1, 2)',
      ' collate "C"',
      ' between 1 and 2',
    );
    const infix = fc.constantFrom(
      '+',
      '*',
      '^',
      '||',
      '<',
      '=',
      'and',
      'or',
      'like',
      'is distinct from',
      'at time zone',
      '->',
    );
    const operand = fc.tuple(prefix, atom, postfix).map(([before, middle, after]) => {
      const takesSubscript = middle === 'a' || middle === '$1' || middle.startsWith('(');
      return before + middle + (after === '[1]' && !takesSubscript ? '' : after);
    });
    const expression = fc
      .tuple(operand, fc.array(fc.tuple(infix, operand), { maxLength: 4 }))
      .map(([first, rest]) => first + rest.map(([operator, right]) => ` ${operator} ${right}`).join(''));
    let compared = 0;
    fc.assert(
      fc.property(expression, (text) => {
        let tree: ReturnType<typeof parseExpression>;
        try {
          tree = parseExpression(text);
        } catch {
          return; // non-associative operators in a row
        }
        compared++;
        expect(bare(parseExpression(deparse(tree))), text).to.deep.equal(bare(tree));
      }),
      { seed: SEED, numRuns: 2000 },
    );
    expect(compared).to.be.greaterThan(500);
  });

  it('quotes names and texts', () => {
    expect(['a', 'A', 'select', 'value', 'int', 'a b', 'a"b', '1a', 'left'].map(quoteIdentifier)).to.deep.equal([
      'a',
      '"A"',
      '"select"',
      'value',
      '"int"',
      '"a b"',
      '"a""b"',
      '"1a"',
      '"left"',
    ]);
    expect(["it's", 'a\\b'].map(quoteLiteral)).to.deep.equal(["'it''s'", "E'a\\\\b'"]);
  });
});
