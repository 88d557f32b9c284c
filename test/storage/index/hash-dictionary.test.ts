/** The hash dictionary has the keys and rows that a Map would, whatever the order of changes, and readers keep their place in it. */
import { expect } from 'chai';
import fc from 'fast-check';
import { CURSOR_END, HashDictionary, IndexCursor, IndexKey, IndexMemory } from '../../../storage/index/index.ts';
import { hashOfNumber } from '../../../storage/index/key-hash.ts';

/** Number keys of one hash: `high` of 32 bits cancels out. */
function sameHash(n: number): number {
  return n * 2 ** 32 + (Math.imul(n, 0x9e3779b1) >>> 0);
}

type KeyOf = (key: IndexKey, value: number) => void;

const kinds: Record<string, { hasByteKeys: boolean; keyOf: KeyOf }> = {
  number: {
    hasByteKeys: false,
    keyOf: (key, value) => {
      key.number = value;
    },
  },
  'number keys of few hashes,': {
    hasByteKeys: false,
    keyOf: (key, value) => {
      key.number = sameHash(value >>> 1) + (value & 1);
    },
  },
  byte: {
    hasByteKeys: true,
    keyOf: (key, value) => {
      const bytes = Buffer.from(`common/${value}${'x'.repeat(value % 5 === 0 ? 40 : 0)}`);
      key.length = 0;
      key.reserve(bytes.length);
      key.bytes.set(bytes);
      key.length = bytes.length;
    },
  },
};

class Model {
  readonly rows = new Map<number, Set<number>>();

  insert(key: number, row: number): boolean {
    let rows = this.rows.get(key);
    if (rows === undefined) {
      rows = new Set();
      this.rows.set(key, rows);
    }
    const { size } = rows;
    return rows.add(row).size > size;
  }

  remove(key: number, row: number): boolean {
    const rows = this.rows.get(key);
    if (rows?.delete(row) !== true) return false;
    if (rows.size === 0) this.rows.delete(key);
    return true;
  }
}

function rowsOf(dictionary: HashDictionary, key: IndexKey): number[] {
  const cursor = new IndexCursor(dictionary);
  cursor.setKey(key);
  const rows: number[] = [];
  for (let row = cursor.next(); row !== CURSOR_END; row = cursor.next()) rows.push(row);
  return rows;
}

function expectSame(dictionary: HashDictionary, model: Model, keyOf: KeyOf, keys: Iterable<number>): void {
  const key = new IndexKey();
  dictionary.checkInvariants();
  expect(dictionary.keyCount).to.equal(model.rows.size);
  for (const value of keys) {
    keyOf(key, value);
    const rows = [...(model.rows.get(value) ?? [])].sort((a, b) => a - b);
    expect(dictionary.rowCountOf(key), `rows of ${value}`).to.equal(rows.length);
    expect(rowsOf(dictionary, key)).to.deep.equal(rows);
  }
}

const change = fc.record({
  isInsert: fc.integer({ min: 0, max: 9 }).map((n) => n < 6),
  key: fc.integer({ min: 0, max: 400 }),
  row: fc.integer({ min: 0, max: 12 }),
});

it('the keys of few hashes have few', () => {
  for (let n = 1; n < 1000; n++) expect(hashOfNumber(sameHash(n))).to.equal(hashOfNumber(0));
});

for (const [kind, { hasByteKeys, keyOf }] of Object.entries(kinds)) {
  describe(`hash dictionary, ${kind} keys`, () => {
    it('has the rows of each key, and none of others', () => {
      fc.assert(
        fc.property(fc.array(change, { maxLength: 2500 }), (changes) => {
          const dictionary = new HashDictionary(hasByteKeys);
          const model = new Model();
          const key = new IndexKey();
          for (const { isInsert, key: value, row } of changes) {
            keyOf(key, value);
            if (isInsert) expect(dictionary.insert(key, row)).to.equal(model.insert(value, row));
            else expect(dictionary.remove(key, row)).to.equal(model.remove(value, row));
          }
          expectSame(
            dictionary,
            model,
            keyOf,
            Array.from({ length: 402 }, (_, i) => i),
          );
        }),
        { numRuns: 40 },
      );
    });

    it('grows, empties and grows again', () => {
      const dictionary = new HashDictionary(hasByteKeys);
      const model = new Model();
      const key = new IndexKey();
      const total = kind.includes('few') ? 4000 : 40_000;
      for (let round = 0; round < 2; round++) {
        for (let i = 0; i < total; i++) {
          keyOf(key, (i * 7919) % total);
          expect(dictionary.insert(key, i)).to.equal(model.insert((i * 7919) % total, i));
        }
        expectSame(dictionary, model, keyOf, [0, 1, 17, total - 1, total]);
        for (let i = round === 0 ? 0 : 1; i < total; i += round + 1) {
          keyOf(key, (i * 7919) % total);
          if (!dictionary.remove(key, i)) expect.fail(`entry ${i} was lost`);
          model.remove((i * 7919) % total, i);
        }
        dictionary.checkInvariants();
      }
      expect(dictionary.count).to.equal(total / 2);
      dictionary.clear();
      keyOf(key, 5);
      expect(dictionary.find(key)).to.equal(false);
      expect(dictionary.insert(key, 5)).to.equal(true);
      dictionary.checkInvariants();
    });

    it('gives a reader of all, while it grows and shrinks, each row that stays exactly once', () => {
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 3000 }), fc.array(change, { maxLength: 300 }), (filled, changes) => {
          const dictionary = new HashDictionary(hasByteKeys);
          const key = new IndexKey();
          const insert = (n: number): void => {
            keyOf(key, n % 1000);
            dictionary.insert(key, n);
          };
          for (let n = 0; n < filled; n++) insert(n);
          const stays = new Set(Array.from({ length: filled }, (_, n) => n));
          const given = new Map<number, number>();
          const cursor = new IndexCursor(dictionary);
          let at = 0;
          for (let row = cursor.next(); row !== CURSOR_END; row = cursor.next()) {
            given.set(row, (given.get(row) ?? 0) + 1);
            if (at === changes.length) continue;
            cursor.suspend();
            // A burst, so that leaves split and the directory doubles under the reader.
            const { isInsert, key: value } = changes[at++];
            for (let i = 0; i < 40; i++) {
              const n = value * 7 + i;
              if (isInsert) insert(10_000 + at * 100 + i);
              else if (stays.delete(n)) {
                keyOf(key, n % 1000);
                dictionary.remove(key, n);
              }
            }
          }
          for (const [row, times] of given) expect(times, `row ${row}`).to.equal(1);
          for (const row of stays) expect(given.has(row), `row ${row}`).to.equal(true);
          dictionary.checkInvariants();
        }),
        { numRuns: 40 },
      );
    });

    it('finds a key again that a reader left in the middle of its rows', () => {
      const dictionary = new HashDictionary(hasByteKeys);
      const key = new IndexKey();
      for (let n = 0; n < 500; n++) {
        keyOf(key, 7);
        dictionary.insert(key, n);
      }
      const cursor = new IndexCursor(dictionary);
      cursor.setKey(key);
      const rows: number[] = [];
      for (let row = cursor.next(); row !== CURSOR_END; row = cursor.next()) {
        rows.push(row);
        cursor.suspend();
        keyOf(key, 1000 + rows.length);
        dictionary.insert(key, row);
      }
      expect(rows).to.deep.equal(Array.from({ length: 500 }, (_, n) => n));
    });

    // Keys of one hash are searched one leaf after the other: too slow for a million.
    if (kind.includes('few')) return;
    it('counts what its arrays take, and at the cap refuses a key before anything has changed', () => {
      const memory = new IndexMemory();
      const dictionary = new HashDictionary(hasByteKeys, memory);
      memory.limit = 6 * 1024 * 1024;
      const key = new IndexKey();
      const insert = (n: number): boolean => {
        keyOf(key, n);
        return dictionary.insert(key, n);
      };
      let count = 0;
      try {
        for (; count < 1_000_000; count++) insert(count);
      } catch (error) {
        expect((error as { code?: string }).code).to.equal('53200');
      }
      expect(count).to.be.within(100_000, 999_999);
      expect(dictionary.count).to.equal(count);
      expect(memory.usedBytes).to.equal(dictionary.sizeBytes);
      dictionary.checkInvariants();
      for (let n = 0; n < 1000; n++) {
        keyOf(key, n);
        expect(dictionary.remove(key, n)).to.equal(true);
      }
      // Freed places are used again; so are freed slots of byte keys, but not while any longer key could need more.
      if (!hasByteKeys) for (let n = 0; n < 1000; n++) expect(insert(n)).to.equal(true);
      dictionary.checkInvariants();
      dictionary.release();
      expect(memory.usedBytes).to.equal(0);
    }).timeout(20_000);
  });
}
