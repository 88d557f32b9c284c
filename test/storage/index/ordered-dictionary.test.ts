/** The ordered dictionary and its cursor answer what a sorted array would, whatever the order of changes. */
import { expect } from 'chai';
import fc from 'fast-check';
import { CURSOR_END, IndexCursor, IndexKey, OrderedDictionary } from '../../../storage/index/index.ts';

interface Entry {
  readonly key: number;
  readonly row: number;
}

/** Keys under test are numbers; as byte keys they become text with a long common prefix, so that comparisons reach the arena. */
function fill(key: IndexKey, value: number, asBytes: boolean): void {
  if (!asBytes) {
    key.number = value;
    return;
  }
  const text = `common/${String(value + 1000).padStart(6, '0')}${'x'.repeat(value % 5 === 0 ? 40 : 0)}`;
  const bytes = new TextEncoder().encode(text);
  key.reserve(bytes.length);
  key.bytes.set(bytes);
  key.length = bytes.length;
}

class Model {
  entries: Entry[] = [];
  find(entry: Entry): number {
    return this.entries.findIndex((e) => e.key === entry.key && e.row === entry.row);
  }
  insert(entry: Entry): boolean {
    if (this.find(entry) >= 0) return false;
    this.entries.push(entry);
    this.entries.sort((a, b) => a.key - b.key || a.row - b.row);
    return true;
  }
  remove(entry: Entry): boolean {
    const at = this.find(entry);
    if (at < 0) return false;
    this.entries.splice(at, 1);
    return true;
  }
}

function readAll(cursor: IndexCursor): number[] {
  const rows: number[] = [];
  for (let row = cursor.next(); row !== CURSOR_END; row = cursor.next()) rows.push(row);
  return rows;
}

/** Passing by what may be passed by; rows of the other pages are read one by one. */
function countAll(cursor: IndexCursor, pages: { has(page: number): boolean } | null): number {
  let count = 0;
  for (;;) {
    const passed = cursor.passLeaf(pages);
    count += passed;
    cursor.suspend();
    if (passed > 0) continue;
    if (cursor.next() === CURSOR_END) return count;
    count++;
  }
}

const operation = fc.record({
  isInsert: fc.integer({ min: 0, max: 9 }).map((n) => n < 6),
  key: fc.integer({ min: 0, max: 60 }),
  /** Of ten pages. */
  row: fc.integer({ min: 0, max: 40 }).map((n) => n * 128),
});
const range = fc.record({
  lower: fc.option(fc.integer({ min: -2, max: 62 })),
  upper: fc.option(fc.integer({ min: -2, max: 62 })),
  lowerInclusive: fc.boolean(),
  upperInclusive: fc.boolean(),
  descending: fc.boolean(),
});

for (const asBytes of [false, true]) {
  describe(`ordered dictionary with ${asBytes ? 'byte' : 'number'} keys`, () => {
    it('gives every range like a sorted array, in both directions', () => {
      fc.assert(
        fc.property(
          fc.array(operation, { minLength: 1, maxLength: 1500 }),
          fc.array(range, { maxLength: 10 }),
          (operations, ranges) => {
            const dictionary = new OrderedDictionary(asBytes);
            const model = new Model();
            const key = new IndexKey();
            for (const { isInsert, key: value, row } of operations) {
              fill(key, value, asBytes);
              const entry = { key: value, row };
              if (isInsert) expect(dictionary.insert(key, row)).to.equal(model.insert(entry));
              else expect(dictionary.remove(key, row)).to.equal(model.remove(entry));
            }
            dictionary.checkInvariants();
            for (const r of ranges) {
              const cursor = new IndexCursor(dictionary);
              cursor.descending = r.descending;
              cursor.hasLower = r.lower !== null;
              cursor.hasUpper = r.upper !== null;
              if (r.lower !== null) fill(cursor.lower, r.lower, asBytes);
              if (r.upper !== null) fill(cursor.upper, r.upper, asBytes);
              cursor.lowerInclusive = r.lowerInclusive;
              cursor.upperInclusive = r.upperInclusive;
              const expected = model.entries
                .filter((e) => r.lower === null || e.key > r.lower || (r.lowerInclusive && e.key === r.lower))
                .filter((e) => r.upper === null || e.key < r.upper || (r.upperInclusive && e.key === r.upper))
                .map((e) => e.row);
              cursor.descending = false;
              for (const pages of [null, { has: (page: number) => page % 3 !== 0 }]) {
                cursor.reset();
                expect(countAll(cursor, pages)).to.equal(expected.length);
              }
              cursor.descending = r.descending;
              cursor.reset();
              expect(readAll(cursor)).to.deep.equal(r.descending ? expected.reverse() : expected);
            }
          },
        ),
        { numRuns: 60 },
      );
    });

    it('grows and empties through many levels (invariants 1-4)', () => {
      const dictionary = new OrderedDictionary(asBytes);
      const key = new IndexKey();
      const total = 40_000;
      for (let i = 0; i < total; i++) {
        fill(key, (i * 7919) % total, asBytes);
        expect(dictionary.insert(key, i)).to.equal(true);
      }
      dictionary.checkInvariants();
      for (let i = 0; i < total; i++) {
        fill(key, (i * 7919) % total, asBytes);
        if (!dictionary.remove(key, i)) expect.fail(`entry ${i} was lost`);
      }
      dictionary.checkInvariants();
      expect(dictionary.count).to.equal(0);
    });

    it('keeps a suspended cursor in place while entries come and go', () => {
      fc.assert(
        fc.property(
          fc.array(operation, { maxLength: 800 }),
          fc.array(operation, { maxLength: 400 }),
          fc.boolean(),
          (first, later, descending) => {
            const dictionary = new OrderedDictionary(asBytes);
            const model = new Model();
            const key = new IndexKey();
            const change = (op: { isInsert: boolean; key: number; row: number }) => {
              fill(key, op.key, asBytes);
              if (op.isInsert && dictionary.insert(key, op.row)) model.insert(op);
              else if (!op.isInsert && dictionary.remove(key, op.row)) model.remove(op);
            };
            for (const op of first) change(op);
            const id = (e: Entry) => `${e.key}/${e.row}`;
            const stayed = new Set(model.entries.map(id));
            const cursor = new IndexCursor(dictionary);
            cursor.descending = descending;
            const given: number[] = [];
            let steps = 0;
            for (let row = cursor.next(); row !== CURSOR_END; row = cursor.next()) {
              given.push(row);
              if (steps < later.length) {
                cursor.suspend();
                change(later[steps]);
                if (!later[steps].isInsert) stayed.delete(id(later[steps]));
                steps++;
              }
            }
            const present = new Set(model.entries.map(id));
            const survivors = [...stayed].filter((e) => present.has(e)).map((e) => Number(e.split('/')[1]));
            const counts = new Map<number, number>();
            for (const row of given) counts.set(row, (counts.get(row) ?? 0) + 1);
            for (const row of survivors) counts.set(row, (counts.get(row) ?? 0) - 1);
            for (const count of counts.values()) expect(count).to.be.at.least(0);
          },
        ),
        { numRuns: 60 },
      );
    });
  });
}

describe('ordered dictionary, composite byte keys', () => {
  it('finds all keys that begin with a prefix, forwards and backwards', () => {
    const dictionary = new OrderedDictionary(true);
    const key = new IndexKey();
    const put = (bytes: number[], target: IndexKey) => {
      target.reserve(bytes.length);
      target.bytes.set(bytes);
      target.length = bytes.length;
    };
    for (let a = 0; a < 20; a++) {
      for (let b = 0; b < 50; b++) {
        put([1, a, 1, b], key);
        dictionary.insert(key, a * 100 + b);
      }
    }
    const cursor = new IndexCursor(dictionary);
    cursor.isPrefix = true;
    cursor.hasLower = true;
    cursor.hasUpper = true;
    put([1, 7], cursor.lower);
    put([1, 7], cursor.upper);
    const expected = Array.from({ length: 50 }, (_, b) => 700 + b);
    expect(readAll(cursor)).to.deep.equal(expected);
    cursor.descending = true;
    cursor.reset();
    expect(readAll(cursor)).to.deep.equal(expected.reverse());
    cursor.descending = false;
    cursor.lowerInclusive = false;
    put([1, 9], cursor.upper);
    cursor.reset();
    expect(readAll(cursor)).to.deep.equal([8, 9].flatMap((a) => Array.from({ length: 50 }, (_, b) => a * 100 + b)));
  });
});
