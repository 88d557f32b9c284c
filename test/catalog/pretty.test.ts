/** Parentheses go where PostgreSQL's pretty form has none. Pairs are pg_get_constraintdef(oid) and (oid, true) of PostgreSQL 15. */
import { expect } from 'chai';
import { prettyExpression } from '../../catalog/pg-catalog/pretty.ts';

const CASES: readonly (readonly [full: string, pretty: string])[] = [
  ['((u <> 5) OR (c IS NOT NULL))', 'u <> 5 OR c IS NOT NULL'],
  ['(n > (0)::numeric)', 'n > 0::numeric'],
  ['((a > 1) AND ((b > 2) OR (c > 3)))', 'a > 1 AND (b > 2 OR c > 3)'],
  ['(((a > 1) AND (b > 2)) OR (NOT (c > 3)))', 'a > 1 AND b > 2 OR NOT c > 3'],
  ['(NOT ((a > 1) AND (b > 2)))', 'NOT (a > 1 AND b > 2)'],
  ['((a + (b * c)) > 5)', '(a + b * c) > 5'],
  ['((a - (b - c)) + 1)', 'a - (b - c) + 1'],
  ['(((a + b) * c) / 2)', '(a + b) * c / 2'],
  ['lower((b)::text)', 'lower(b::text)'],
  ['((a)::text || (b)::text)', 'a::text || b::text'],
  ['((a + 1))::text', '(a + 1)::text'],
  [
    `((status)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))`,
    `status::text = ANY (ARRAY['a'::character varying, 'b'::character varying]::text[])`,
  ],
  ['COALESCE((a + 1), 2)', 'COALESCE(a + 1, 2)'],
  ['CASE WHEN (a > 1) THEN (b + 1) ELSE 0 END', 'CASE WHEN a > 1 THEN b + 1 ELSE 0 END'],
  [`(b ~~ '(x) AND y%'::text)`, `b ~~ '(x) AND y%'::text`],
  ['(a)::numeric(10,2)', 'a::numeric(10,2)'],
  ['("A b" > 1)', '"A b" > 1'],
  ['((d)::timestamp without time zone > now())', 'd::timestamp without time zone > now()'],
  ['((a + b) IS NULL)', '(a + b) IS NULL'],
  ['f((a > 1), ((b)))', 'f(a > 1, b)'],
  ['(a + 1', '(a + 1'],
];

describe('prettyExpression', () => {
  for (const [full, pretty] of CASES) {
    it(`${full} is ${pretty}`, () => {
      expect(prettyExpression(full)).to.equal(pretty);
    });
  }
});
