/** The sorter of rows against plain sorts with the types' own comparison: quicksort, as far as it goes, and a stable one. */
import { expect } from 'chai';
import type { Value } from '../../catalog/function-entry.ts';
import { keyPrefix } from '../../executor/operators/key-prefix.ts';
import { QUICKSORT_MAX, quicksort } from '../../executor/operators/quicksort.ts';
import { RowHeap } from '../../executor/operators/row-heap.ts';
import { RowSorter } from '../../executor/operators/row-sorter.ts';
import { collatedType, comparator, Interval, Numeric, OID, registerCollation } from '../../types/index.ts';
import { randomOf } from '../support/random.ts';

/** A whole number from low to high. */
type Int = (low: number, high: number) => number;
type Make = (int: Int) => Value;

function intsOf(seed: number): Int {
  const random = randomOf(seed);
  return (low, high) => low + Math.floor(random() * (high - low + 1));
}

const CHARACTERS = [
  'a',
  'b',
  'z',
  'A',
  '0',
  ' ',
  '~',
  'ß',
  'é',
  '\u07ff',
  '\u0800',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '😀',
  '\u{10ffff}',
];

function text(int: Int, lengthMax: number, prefix = ''): string {
  let result = prefix;
  for (let i = int(0, lengthMax); i > 0; i--) result += CHARACTERS[int(0, CHARACTERS.length - 1)];
  return result;
}

/** Its order is not that of the bytes: a, A, b. */
const GERMAN = 900_011;
registerCollation({ oid: GERMAN, locale: 'de', deterministic: true });

const KINDS: readonly [string, number, Make][] = [
  ['small integers', OID.INT4, (int) => int(-5, 5)],
  ['integers', OID.INT4, (int) => int(-2147483648, 2147483647)],
  [
    'int8, some beyond doubles',
    OID.INT8,
    (int) => (int(0, 3) > 0 ? int(-1000, 1000) : 9007199254740993n + BigInt(int(-2, 2) * 2)),
  ],
  [
    'doubles',
    OID.FLOAT8,
    (int) => [0, -0, Number.NaN, Infinity, -Infinity, 5e-324, -5e-324, 1.5, -1.5, int(-1000, 1000) / 7][int(0, 9)],
  ],
  ['booleans', OID.BOOL, (int) => int(0, 1) === 1],
  ['dates', OID.DATE, (int) => [Infinity, -Infinity, int(-100, 100)][Math.min(int(0, 20), 2)]],
  ['short texts', OID.TEXT, (int) => text(int, 3)],
  ['texts with a common beginning', OID.TEXT, (int) => text(int, 12, 'https://example.org/é')],
  ['texts of one letter', OID.TEXT, (int) => 'x'.repeat(int(0, 40))],
  ['texts that differ late', OID.TEXT, (int) => `${['0123456789abcdef', '0123456789abcdefgh'][int(0, 1)]}${int(0, 9)}`],
  ['texts under a collation', collatedType(GERMAN, OID.TEXT), (int) => text(int, 3)],
  ['numeric', OID.NUMERIC, (int) => Numeric.fromScaled(int(-1000, 1000), int(0, 3))],
  [
    'numeric of all sizes',
    OID.NUMERIC,
    (int) =>
      [
        Numeric.NaN,
        Numeric.INFINITY,
        Numeric.NEGATIVE_INFINITY,
        Numeric.parse(`${int(-3, 3)}e30`),
        Numeric.parse('1e-30'),
      ][int(0, 4)],
  ],
  [
    'numeric that doubles do not tell apart',
    OID.NUMERIC,
    (int) => Numeric.fromScaled(9007199254740000 + int(0, 900), 17),
  ],
  ['bytea', OID.BYTEA, (int) => Uint8Array.from({ length: int(0, 11) }, () => [0, 1, 255][int(0, 2)])],
  ['intervals', OID.INTERVAL, (int) => new Interval(int(-2, 2), int(-40, 40), int(-5, 5) * 1e6)],
  ['arrays, which have no prefix', OID.JSONB, (int) => `[${int(0, 30)}, ${int(0, 3)}]`],
];

function sorted(
  sorter: RowSorter,
  columns: Value[][],
  count: number,
  compare: (a: number, b: number) => number,
): number[] {
  const steps = sorter.sort(columns, count, compare);
  for (let step = steps.next(); step.done !== true; step = steps.next()) expect(step.value).to.be.above(0);
  return [...sorter.order.subarray(0, count)];
}

/** Ties as quicksort leaves them, as many rows as it sorts; as they come, of more. */
function expectOrder(rows: number[], compare: (a: number, b: number) => number): void {
  const expected = Array.from(rows, (_, i) => i);
  if (rows.length <= QUICKSORT_MAX) quicksort(expected, 0, rows.length, compare);
  else expected.sort(compare);
  expect(rows).to.deep.equal(expected);
}

describe('Sorting rows', () => {
  for (const [what, typeOid, make] of KINDS) {
    it(`orders ${what} as their comparison does`, () => {
      for (const count of [0, 1, 2, 10, 100, 129, 1000, 5000]) {
        const int = intsOf(count + what.length);
        for (const descending of [false, true]) {
          for (const nullsFirst of [false, true]) {
            const nullsIn = int(0, 1) === 1 ? 4 : Infinity;
            const make1 = (): Value => (int(0, 10) > nullsIn ? null : make(int));
            const columns = [Array.from({ length: count }, make1), Array.from({ length: count }, () => int(0, 3))];
            const value = comparator(typeOid);
            const compare = (a: number, b: number): number => {
              const x = columns[0][a] as Value;
              const y = columns[0][b] as Value;
              if (x === null || y === null) {
                if (x !== null || y !== null) return (x === null) === nullsFirst ? -1 : 1;
              } else {
                const order = value(x, y);
                if (order !== 0) return descending ? -order : order;
              }
              return (columns[1][b] as number) - (columns[1][a] as number);
            };
            const sorter = new RowSorter([
              { column: 0, prefix: keyPrefix(typeOid), descending, nullsFirst },
              { column: 1, prefix: keyPrefix(OID.INT4), descending: true, nullsFirst: true },
            ]);
            expectOrder(sorted(sorter, columns, count, compare), compare);
          }
        }
      }
    });
  }

  it('sorts fewer rows with the arrays of more', () => {
    const sorter = new RowSorter([{ column: 0, prefix: keyPrefix(OID.INT4), descending: false, nullsFirst: false }]);
    const int = intsOf(1);
    for (const count of [3000, 2000, 150, 3, 3000]) {
      const column = Array.from({ length: count }, () => int(0, 1e6));
      const compare = (a: number, b: number): number => column[a] - column[b];
      expectOrder(sorted(sorter, [column], count, compare), compare);
    }
  });

  it('keeps the first rows in a heap as they come', () => {
    for (const [count, limit] of [
      [1, 1],
      [50, 1],
      [200, 100],
      [2000, 30],
    ]) {
      const int = intsOf(count);
      const column = Array.from({ length: count }, () => int(0, 40));
      const compare = (a: number, b: number): number => column[a] - column[b];
      const heap = new RowHeap(limit, compare);
      for (let row = 0; row < count; row++) {
        if (!heap.isFull) heap.add(row);
        else if (compare(row, heap.root) < 0) heap.replaceRoot(row);
      }
      const rows = [...heap.drain()];
      expect(new Set(rows)).to.have.lengthOf(limit);
      expect(rows.map((row) => column[row])).to.deep.equal([...column].sort((a, b) => a - b).slice(0, limit));
    }
  });
});
