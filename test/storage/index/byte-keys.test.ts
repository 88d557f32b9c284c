/** Byte keys of every form, in an ordered dictionary that skips what the keys of a node have in common, against a sorted array. */
import { expect } from 'chai';
import { CURSOR_END, IndexCursor, IndexKey, KEY_SIZE_MAX, OrderedDictionary } from '../../../storage/index/index.ts';
import { Random, SEED } from '../heap/support.ts';

type MakeKey = (random: Random) => Buffer;

function bytesOf(random: Random, alphabet: readonly number[], length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => alphabet[random.below(alphabet.length)]));
}

const letters = Array.from({ length: 10 }, (_, i) => 48 + i);
const kinds: Record<string, MakeKey> = {
  'short keys, the empty one among them': (random) => bytesOf(random, [0, 1, 255], random.below(9)),
  'keys that differ at their ends': (random) =>
    Buffer.concat([Buffer.from('the same start of all of them/'), bytesOf(random, letters, 4)]),
  'keys that begin as others end': (random) => Buffer.from('abcabcabc'.repeat(20).slice(0, random.below(180))),
  'keys with few starts, long and short': (random) =>
    Buffer.concat([
      Buffer.alloc(random.below(4) * 5, 120),
      Buffer.from(`/${random.below(3)}/`),
      bytesOf(random, [0, 97, 98, 255], random.below(12)),
    ]),
  'keys as long as they may be': (random) =>
    Buffer.concat([
      Buffer.alloc(random.below(40), 1),
      bytesOf(random, letters, 3),
      Buffer.alloc(random.below(2) * (KEY_SIZE_MAX - 50), 255),
    ]),
  'pairs of numbers': (random) => {
    const key = Buffer.alloc(18, 1);
    key.writeDoubleBE(random.below(4), 1);
    key.writeDoubleBE(random.below(400), 10);
    return key;
  },
};

function fill(key: IndexKey, bytes: Buffer): IndexKey {
  key.length = 0;
  key.write(bytes);
  return key;
}

/** Sorted by key; each with its row ids, ascending. */
class Model {
  readonly rows = new Map<string, Set<number>>();

  change(isInsert: boolean, bytes: Buffer, row: number): boolean {
    const name = bytes.toString('hex');
    const rows = this.rows.get(name) ?? new Set();
    this.rows.set(name, rows);
    const isChanged = isInsert ? !rows.has(row) : rows.has(row);
    if (isInsert) rows.add(row);
    else rows.delete(row);
    if (rows.size === 0) this.rows.delete(name);
    return isChanged;
  }

  /** Names of keys, in order. */
  names(): string[] {
    return [...this.rows.keys()].sort();
  }

  rowsOf(names: readonly string[]): number[] {
    return names.flatMap((name) => [...(this.rows.get(name) as Set<number>)].sort((a, b) => a - b));
  }
}

function readAll(cursor: IndexCursor): number[] {
  const rows: number[] = [];
  cursor.reset();
  for (let row = cursor.next(); row !== CURSOR_END; row = cursor.next()) rows.push(row);
  return rows;
}

function expectRanges(dictionary: OrderedDictionary, model: Model, random: Random, make: MakeKey): void {
  const names = model.names();
  for (let i = 0; i < 60; i++) {
    const cursor = new IndexCursor(dictionary);
    const [lower, upper] = [make(random), make(random)];
    const isOne = random.below(3) === 0;
    cursor.isPrefix = random.below(3) === 0;
    cursor.hasLower = isOne || random.below(4) > 0;
    cursor.hasUpper = isOne || random.below(4) > 0;
    cursor.lowerInclusive = random.below(2) === 0;
    cursor.upperInclusive = random.below(2) === 0;
    fill(cursor.lower, lower);
    fill(cursor.upper, isOne ? lower : upper);
    const low = lower.toString('hex');
    const high = (isOne ? lower : upper).toString('hex');
    const isWithin = (name: string): boolean => {
      const begins = (bound: string): boolean => cursor.isPrefix && name.startsWith(bound);
      if (cursor.hasLower && (cursor.lowerInclusive ? name < low : name <= low || begins(low))) return false;
      return !cursor.hasUpper || name < high || (cursor.upperInclusive && (name === high || begins(high)));
    };
    const expected = model.rowsOf(names.filter(isWithin));
    expect(readAll(cursor)).to.deep.equal(expected);
    cursor.descending = true;
    expect(readAll(cursor)).to.deep.equal(expected.reverse());
  }
}

for (const [kind, make] of Object.entries(kinds)) {
  it(`an ordered dictionary of ${kind} is as a sorted array while keys come and go (SEED=${SEED})`, () => {
    const random = new Random(SEED);
    const dictionary = new OrderedDictionary(true);
    const model = new Model();
    const key = new IndexKey();
    for (const inserts of [100, 75, 40, 90, 5]) {
      for (let i = 0; i < 1500; i++) {
        const isInsert = random.below(100) < inserts;
        const names = isInsert ? [] : [...model.rows.keys()];
        const bytes = names.length === 0 ? make(random) : Buffer.from(names[random.below(names.length)], 'hex');
        const row = random.below(3);
        fill(key, bytes);
        const isChanged = isInsert ? dictionary.insert(key, row) : dictionary.remove(key, row);
        expect(isChanged).to.equal(model.change(isInsert, bytes, row));
      }
      dictionary.checkInvariants();
      expect(dictionary.keyCount).to.equal(model.rows.size);
      for (const [name, rows] of model.rows)
        expect(dictionary.rowCountOf(fill(key, Buffer.from(name, 'hex')))).to.equal(rows.size);
      for (let i = 0; i < 300; i++) {
        const bytes = make(random);
        const rows = model.rows.get(bytes.toString('hex'));
        expect(dictionary.rowCountOf(fill(key, bytes))).to.equal(rows?.size ?? 0);
      }
      expectRanges(dictionary, model, random, make);
    }
  });

  it(`... and while it grows at its ends and in its middle, and empties, over many nodes (SEED=${SEED})`, () => {
    const random = new Random(SEED);
    const dictionary = new OrderedDictionary(true);
    const key = new IndexKey();
    const starts = ['', 'a', 'middle/', 'middle/of/all/of/them/', 'z'];
    const all: Buffer[] = [];
    for (const start of [2, 3, 0, 4, 1, 3, 2]) {
      const order = random.below(3);
      for (let i = 0; i < 3000; i++) {
        const number = order === 0 ? i : order === 1 ? 3000 - i : random.below(100_000);
        const bytes = Buffer.concat([
          Buffer.from(starts[start]),
          make(random).subarray(0, random.below(2) * 3),
          Buffer.from(String(number).padStart(6, '0')),
        ]);
        if (dictionary.insert(fill(key, bytes), all.length)) all.push(bytes);
      }
      dictionary.checkInvariants();
    }
    // In key order from one end, so that whole subtrees go, then anyhow.
    const order = all.map((_, i) => i).sort((a, b) => Buffer.compare(all[a], all[b]));
    const half = order.splice(0, order.length >>> 1);
    for (const i of half) if (!dictionary.remove(fill(key, all[i]), i)) expect.fail(`entry ${i} was lost`);
    dictionary.checkInvariants();
    for (const i of order.sort((a, b) => ((a * 7919) % 10007) - ((b * 7919) % 10007))) {
      if (!dictionary.remove(fill(key, all[i]), i)) expect.fail(`entry ${i} was lost`);
      if (i % 1000 === 0) dictionary.checkInvariants();
    }
    expect(dictionary.count).to.equal(0);
  });
}
