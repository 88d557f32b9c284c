/** Deep nesting ends in 54001, at any depth, in every construct; long flat lists are no nesting. */
import { expect } from 'chai';
import { parse } from '../../parser/index.ts';
import { SqlError } from '../../types/errors.ts';

const nested: Readonly<Record<string, (n: number) => string>> = {
  parentheses: (n) => `select ${'('.repeat(n)}1${')'.repeat(n)}`,
  calls: (n) => `select ${'f('.repeat(n)}1${')'.repeat(n)}`,
  subqueries: (n) => `select ${'(select '.repeat(n)}1${')'.repeat(n)}`,
  'subqueries in FROM': (n) => `select * from ${'(select * from '.repeat(n)}t${') x'.repeat(n)}`,
  'parenthesised queries': (n) => `${'('.repeat(n)}select 1${')'.repeat(n)}`,
  CASE: (n) => `select ${'case when '.repeat(n)}a${' then 1 end'.repeat(n)}`,
  arrays: (n) => `select array${'['.repeat(n)}1${']'.repeat(n)}`,
  subscripts: (n) => `select a${'[a'.repeat(n)}${']'.repeat(n)}`,
  rows: (n) => `select ${'(1,'.repeat(n)}1${')'.repeat(n)}`,
  joins: (n) => `select * from ${'('.repeat(n)}a join b on true${')'.repeat(n)}`,
  'joins without ON between': (n) => `select * from a ${'join b '.repeat(n)}${'on true '.repeat(n)}`,
  WITH: (n) => `${'with a as ('.repeat(n)}select 1${') select 1'.repeat(n)}`,
  EXISTS: (n) => `select 1 where ${'exists (select 1 where '.repeat(n)}true${')'.repeat(n)}`,
  'type modifiers': (n) => `select a::x${'(a::x'.repeat(n)}${')'.repeat(n)}`,
  'grouping sets': (n) => `select 1 group by ${'grouping sets ('.repeat(n)}a${')'.repeat(n)}`,
  schemas: (n) => `create schema s ${'create schema s '.repeat(n)}`,
  NOT: (n) => `select ${'not '.repeat(n)}a`,
  signs: (n) => `select ${'- '.repeat(n)}a`,
  'operator chains': (n) => `select ${'a + '.repeat(n)}a`,
  unions: (n) => `select 1 ${'union select 1 '.repeat(n)}`,
};

describe('nesting', () => {
  for (const [name, text] of Object.entries(nested)) {
    it(`${name}: a hundred are fine, a hundred thousand are 54001`, () => {
      if (name !== 'schemas') expect(() => parse(text(100))).not.to.throw();
      for (const n of [500, 5000, 100000]) {
        try {
          parse(text(n));
        } catch (error) {
          expect(error, `${n}`).to.be.instanceOf(SqlError);
          const { code } = error as SqlError;
          expect(name === 'schemas' ? ['54001', '42601'] : ['54001'], `${n}`).to.include(code);
          continue;
        }
        expect(n, 'not refused').to.be.lessThan(100000);
      }
    });
  }

  it('also when the caller has used up most of the stack', () => {
    const dive = (text: string): number => {
      try {
        return dive(text) + 1;
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        parse(text);
        return 0;
      }
    };
    expect(() => dive('select ((((((((((((((((((((1))))))))))))))))))))')).to.not.throw(RangeError);
  });

  it('does not count long lists', () => {
    const many = Array.from({ length: 20000 }, (_, i) => i);
    expect(() => parse(`select ${many.join(', ')}`)).not.to.throw();
    expect(() => parse(`select 1 where ${many.map((i) => `a = ${i}`).join(' or ')}`)).not.to.throw();
    expect(() => parse(`select 1 where a in (${many.join(', ')})`)).not.to.throw();
    expect(() => parse(`insert into t values ${many.map((i) => `(${i})`).join(', ')}`)).not.to.throw();
  });
});
