/** Expressions: precedence and associativity as PostgreSQL's, and the nodes of each construct. */
import { expect } from 'chai';
import type { Expression, FunctionCall } from '../../parser/index.ts';
import { parseExpression } from '../../parser/index.ts';
import { bare, errorOf, grouped } from './support.ts';

const call = (text: string): FunctionCall => {
  const node = parseExpression(text);
  if (node.kind !== 'function') throw new Error(`${node.kind}: ${text}`);
  return node;
};
const kindOf = (text: string): string => parseExpression(text).kind;

describe('operator precedence', () => {
  // Each of these was compared with the reference server, by value, in thousands of random expressions too.
  const table: readonly (readonly [string, string])[] = [
    ['a + b * c', '(a + (b * c))'],
    ['a - b - c', '((a - b) - c)'],
    ['2 ^ 3 ^ 4', '((2 ^ 3) ^ 4)'],
    ['- 2 ^ 2', '(-2 ^ 2)'],
    ['- a ^ 2', '((- a) ^ 2)'],
    ['- a :: int', '(- a::int4)'],
    ['@ -5 + 3', '(@ (-5 + 3))'],
    ['a || b + c', '(a || (b + c))'],
    ['a || b < c', '((a || b) < c)'],
    ['a = b or c and not d', '((a = b) or (c and (not d)))'],
    ['not a = b', '(not (a = b))'],
    ['a = not b and c', '((a = (not b)) and c)'],
    ['a = not b = c', '(a = (not (b = c)))'],
    ['a and b and c or d or e', '((a and b and c) or d or e)'],
    ['a is null = b', '((a is null) = b)'],
    ['a = b is null', '((a = b) is null)'],
    ['a + b isnull', '((a + b) is null)'],
    ['a < b is distinct from c > d', '((a < b) distinct (c > d))'],
    ['a between b and c and d', '((a between b and c) and d)'],
    ['a between b + 1 and c + 1', '(a between (b + 1) and (c + 1))'],
    ['a between b and c is null', '((a between b and c) is null)'],
    ['a in (1, 2) in (3)', '((a in [1 2]) in [3])'],
    ['a + 1 in (1)', '((a + 1) in [1])'],
    ["a || b like c || d escape 'x'", '((a || b) like (c || d) escape x)'],
    ['a not like b and c not similar to d', '((a not like b) and (c not similar d))'],
    ['a collate x || b', '((a collate x) || b)'],
    ["a + b at time zone 'c'", '(a + timezone(c, b))'],
    ["a at time zone 'b' at time zone 'c'", 'timezone(c, timezone(b, a))'],
    ['a operator(pg_catalog.*) b + c', '(a * (b + c))'],
    ['a::int::text', 'a::int4::text'],
    ['a[1]::int', 'a[1]::int4'],
    ['(a).b.c[1]', '(a).b.c[1]'.replace('(a)', 'a')],
    ['a -> b ->> c', '((a -> b) ->> c)'],
    ['a <> b != c', ''],
    ['a < b < c', ''],
    ['a = b = c', ''],
    ['a like b like c', ''],
    ['a like b in (c)', ''],
    ['a between 1 and 2 between 3 and 4', ''],
  ];
  for (const [text, expected] of table) {
    if (expected === '')
      it(`${text} is an error`, () => expect(errorOf(() => parseExpression(text)).code).to.equal('42601'));
    else it(`${text} is ${expected}`, () => expect(grouped(text)).to.equal(expected));
  }

  it('splits operators as PostgreSQL does', () => {
    expect(grouped('a=-1')).to.equal('(a = -1)');
    expect(grouped('a<-b')).to.equal('(a < (- b))');
    expect(grouped('a@-b')).to.equal('(a @- b)');
    expect(grouped('a*-b')).to.equal('(a * (- b))');
    expect(grouped('a+/*x*/b')).to.equal('(a + b)');
    expect(grouped('a+--x\nb')).to.equal('(a + b)');
    expect(grouped('a!=b')).to.equal('(a <> b)');
  });
});

describe('constants', () => {
  it('keep integers exact: number, bigint, then numeric', () => {
    const value = (text: string): unknown => {
      const node = parseExpression(text) as Extract<Expression, { kind: 'integer' }>;
      return [node.kind, node.value];
    };
    expect(value('2147483647')).to.deep.equal(['integer', 2147483647]);
    expect(value('9007199254740991')).to.deep.equal(['integer', 9007199254740991]);
    expect(value('9007199254740993')).to.deep.equal(['integer', 9007199254740993n]);
    expect(value('9223372036854775807')).to.deep.equal(['integer', 9223372036854775807n]);
    expect(value('9223372036854775808')).to.deep.equal(['numeric', '9223372036854775808']);
    expect(value('-9223372036854775808')).to.deep.equal(['integer', -9223372036854775808n]);
    expect(value('- 9223372036854775809')).to.deep.equal(['numeric', '-9223372036854775809']);
    expect(value('1.50')).to.deep.equal(['numeric', '1.50']);
    expect(value('-1e5')).to.deep.equal(['numeric', '-1e5']);
    expect(value('- -5')).to.deep.equal(['integer', 5]);
    expect(value('-0')).to.deep.equal(['integer', 0]);
  });

  it('tell that a lifted literal has to be negated', () => {
    expect(parseExpression('a = -5')).to.have.nested.property('right.negative', true);
    expect(parseExpression('a = 5')).to.have.nested.property('right.negative', false);
  });

  it('in typed form are casts', () => {
    expect(bare(parseExpression("date '2020-01-01'"))).to.deep.equal(bare(parseExpression("'2020-01-01'::date")));
    expect(parseExpression("interval '1' day to second(3)")).to.have.nested.property(
      'type.intervalFields',
      'day to second',
    );
    expect(parseExpression("timestamp(3) with time zone 'x'")).to.have.deep.nested.property('type.name', [
      'pg_catalog',
      'timestamptz',
    ]);
    expect(parseExpression("s.mytype(1,2) 'x'")).to.have.nested.property('type.modifiers.length', 2);
    expect(parseExpression("x'1F'")).to.have.property('value', 'x1F');
  });
});

describe('names and calls', () => {
  it('are columns, whole rows, fields and subscripts', () => {
    expect(bare(parseExpression('a.b.c'))).to.deep.equal({ kind: 'columnRef', name: ['a', 'b', 'c'], star: false });
    expect(parseExpression('a.*')).to.include({ kind: 'columnRef', star: true });
    expect(kindOf('(a).*')).to.equal('fieldStar');
    expect(kindOf('(f(x)).y')).to.equal('field');
    expect(bare(parseExpression('a[1][2:3][:]'))).to.have.nested.property('subscripts.length', 3);
    expect(kindOf('$1.x')).to.equal('field');
  });

  it('may be column name keywords where nothing else is meant', () => {
    for (const word of ['int', 'time', 'values', 'coalesce', 'row', 'interval', 'exists', 'position']) {
      expect(bare(parseExpression(word)), word).to.deep.equal({ kind: 'columnRef', name: [word], star: false });
    }
  });

  it('fold case and keep what is quoted', () => {
    expect(bare(parseExpression('Foo."Bar".ÄÖ'))).to.deep.equal({
      kind: 'columnRef',
      name: ['foo', 'Bar', 'ÄÖ'],
      star: false,
    });
  });

  it('have named, variadic, distinct and ordered arguments', () => {
    expect(call('f(1, b => 2, c := 3)').argNames).to.deep.equal([null, 'b', 'c']);
    expect(call('f(a, variadic b)').variadic).to.equal(true);
    expect(call('count(distinct a)').distinct).to.equal(true);
    expect(call('count(*)').star).to.equal(true);
    expect(call("string_agg(a, ',' order by b desc nulls last, c)").orderBy).to.have.length(2);
    expect(call('percentile_cont(0.5) within group (order by x)')).to.include({ withinGroup: true });
    expect(call('sum(a) filter (where b > 1)').filter).to.have.property('kind', 'operator');
  });

  it('have windows', () => {
    expect(call('sum(a) over w').over).to.include({ kind: 'windowName', name: 'w' });
    const text =
      'sum(a) over (w partition by b, c order by d groups between 1 preceding and unbounded following exclude ties)';
    expect(call(text).over).to.deep.include({ base: 'w' });
    expect(bare((call(text).over as { frame: unknown }).frame)).to.deep.equal({
      mode: 'groups',
      start: { kind: 'preceding', offset: { kind: 'integer', value: 1, negative: false } },
      end: { kind: 'unboundedFollowing', offset: null },
      exclude: 'ties',
    });
    expect((call('sum(a) over (rows 2 preceding)').over as { frame: { end: unknown } }).frame.end).to.deep.equal({
      kind: 'currentRow',
      offset: null,
    });
  });

  it('in special syntax are calls of pg_catalog', () => {
    const shape = (text: string): unknown => [call(text).name[1], call(text).args.length, grouped(text)];
    expect(shape('extract(year from a)')).to.deep.equal(['extract', 2, 'extract(year, a)']);
    expect(shape('position(a in b)')).to.deep.equal(['position', 2, 'position(b, a)']);
    expect(shape('substring(a from b for c)')).to.deep.equal(['substring', 3, 'substring(a, b, c)']);
    expect(shape('substring(a for b)')).to.deep.equal(['substring', 3, 'substring(a, 1, b::int4)']);
    expect(shape('trim(leading a from b)')).to.deep.equal(['ltrim', 2, 'ltrim(b, a)']);
    expect(shape('trim(a)')).to.deep.equal(['btrim', 1, 'btrim(a)']);
    expect(shape('overlay(a placing b from c)')).to.deep.equal(['overlay', 3, 'overlay(a, b, c)']);
    expect(shape('(a, b) overlaps (c, d)')).to.deep.equal(['overlaps', 4, 'overlaps(a, b, c, d)']);
    expect(call('substring(a, 1, 2)')).to.deep.include({ name: ['substring'], sqlSyntax: false });
  });

  it('in parentheses may be rows, queries, or expressions that begin with a query', () => {
    expect(kindOf('(a, b)')).to.equal('row');
    expect(kindOf('row(a)')).to.equal('row');
    expect(kindOf('(a)')).to.equal('columnRef');
    expect(kindOf('(select 1)')).to.equal('scalarSubquery');
    expect(kindOf('((select 1) union select 2)')).to.equal('scalarSubquery');
    expect(kindOf('((select 1) + 1)')).to.equal('operator');
    expect(kindOf('((select 1), 2)')).to.equal('row');
    expect(kindOf('a in ((select 1))')).to.equal('inSubquery');
    expect(kindOf('a in ((select 1), 2)')).to.equal('inList');
    expect(kindOf('(values)')).to.equal('columnRef');
  });

  it('compare with ANY and ALL', () => {
    expect(parseExpression('a = any (b)')).to.include({ kind: 'quantifiedArray', operator: '=', all: false });
    expect(parseExpression('a <> all (select 1)')).to.include({
      kind: 'quantifiedSubquery',
      operator: '<>',
      all: true,
    });
    expect(parseExpression('a not ilike some (b)')).to.include({ kind: 'quantifiedArray', operator: '!~~*' });
  });
});

describe('types', () => {
  const typeOf = (text: string): unknown => {
    const node = parseExpression(`a::${text}`) as Extract<Expression, { kind: 'cast' }>;
    const { name, modifiers, arrayDimensions } = node.type;
    return [name.join('.'), modifiers.map((one) => (one as { value?: unknown }).value), arrayDimensions];
  };
  const table: readonly (readonly [string, unknown])[] = [
    ['int', ['pg_catalog.int4', [], []]],
    ['double precision', ['pg_catalog.float8', [], []]],
    ['float(24)', ['pg_catalog.float4', [], []]],
    ['float(25)', ['pg_catalog.float8', [], []]],
    ['dec(3,1)', ['pg_catalog.numeric', [3, 1], []]],
    ['char', ['pg_catalog.bpchar', [1], []]],
    ['national character varying(3)', ['pg_catalog.varchar', [3], []]],
    ['varchar', ['pg_catalog.varchar', [], []]],
    ['bit', ['pg_catalog.bit', [1], []]],
    ['bit varying(3)', ['pg_catalog.varbit', [3], []]],
    ['time with time zone', ['pg_catalog.timetz', [], []]],
    ['timestamp(3) without time zone', ['pg_catalog.timestamp', [3], []]],
    ['int[][3]', ['pg_catalog.int4', [], [-1, 3]]],
    ['text array[4]', ['text', [], [4]]],
    ['text array', ['text', [], [-1]]],
    ['s.mytype(1,2)', ['s.mytype', [1, 2], []]],
    ['"char"', ['char', [], []]],
  ];
  for (const [text, expected] of table) it(`${text}`, () => expect(typeOf(text)).to.deep.equal(expected));
});
