/** Terms collected for a row, and for an index that is built, against maps and sorted arrays. */
import { expect } from 'chai';
import { TermLists } from '../../../executor/inverted/term-lists.ts';
import { TermSet } from '../../../executor/inverted/terms.ts';
import { IndexKey } from '../../../storage/api.ts';
import { randomOf } from '../../support/random.ts';
import { seedFrom } from '../../support/seed.ts';

const SEED = seedFrom();

/** Few of them, with long common beginnings, and some that are the beginning of others. */
function keyOf(random: () => number, hasByteKeys: boolean, key: IndexKey): string {
  const value = Math.floor(random() ** 3 * 3000);
  key.length = 0;
  if (!hasByteKeys) {
    key.number = value * 2 ** 31;
    return String(value).padStart(5, '0');
  }
  const text = `${'term '.repeat(value % 30)}${value % 7 === 0 ? '' : value}`;
  for (const byte of Buffer.from(text)) key.uint8(byte);
  return text;
}

function textOf(key: IndexKey, hasByteKeys: boolean): string {
  return hasByteKeys
    ? Buffer.from(key.bytes.subarray(0, key.length)).toString()
    : String(key.number / 2 ** 31).padStart(5, '0');
}

for (const hasByteKeys of [false, true]) {
  describe(`terms with ${hasByteKeys ? 'byte' : 'number'} keys (SEED=${SEED})`, () => {
    it('are a set, in the order in which they came', () => {
      const random = randomOf(SEED);
      const set = new TermSet();
      const key = new IndexKey();
      for (let round = 0; round < 5; round++) {
        set.clear();
        const model = new Set<string>();
        for (let i = 0; i < 2000; i++) {
          const text = keyOf(random, hasByteKeys, key);
          expect(set.has(key)).to.equal(model.has(text));
          if (random() < 0.5) continue;
          set.add(key);
          model.add(text);
        }
        const texts: string[] = [];
        for (let term = 0; term < set.count; term++) {
          set.read(term, key);
          texts.push(textOf(key, hasByteKeys));
        }
        expect(texts).to.deep.equal([...model]);
      }
    });

    it('come out of lists in the order of the dictionary, with their rows', () => {
      const random = randomOf(SEED + 1);
      const lists = new TermLists();
      const model = new Map<string, number[]>();
      const key = new IndexKey();
      let row = 0;
      for (let i = 0; i < 20000; i++) {
        // Neighbours, other pages, and places far away.
        row += random() < 0.9 ? 1 : Math.floor(random() ** 8 * 100_000_000);
        if (row > 0xffffffff) break;
        lists.row = row;
        for (let terms = 1 + Math.floor(random() * 4); terms > 0; terms--) {
          const text = keyOf(random, hasByteKeys, key);
          lists.add(key);
          const rows = model.get(text) ?? [];
          if (rows[rows.length - 1] !== row) rows.push(row);
          model.set(text, rows);
        }
      }
      const order = lists.startSort();
      while (!order.sortRun());
      const found: [string, number[]][] = [];
      for (let term = order.next(); term >= 0; term = order.next()) {
        const rows = new Uint32Array(lists.countOf(term) + 3);
        lists.readRows(term, rows, 3);
        lists.readKey(term, key);
        found.push([textOf(key, hasByteKeys), [...rows.subarray(3)]]);
      }
      const expected = [...model].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(found).to.deep.equal(expected);
      expect(lists.rowCount).to.equal(expected.reduce((sum, [, rows]) => sum + rows.length, 0));
    });
  });
}
