/** A dictionary that is built from a sort has what one has into which the same was inserted, and goes on as it does. */
import { expect } from 'chai';
import {
  type Dictionary,
  DictionaryBuilder,
  HashDictionary,
  IndexKey,
  IndexMemory,
  OrderedDictionary,
} from '../../../storage/index/index.ts';
import { keyEncoder, OID } from '../../../types/index.ts';
import { Random, SEED } from '../heap/support.ts';

type Fill = (key: IndexKey, random: Random) => void;

const encodeText = keyEncoder(OID.TEXT);
const encodeInt = keyEncoder(OID.INT4);
const encodeDescending = keyEncoder(OID.TEXT, true);

function textOf(random: Random): string | null {
  switch (random.below(8)) {
    case 0:
      return null;
    case 1:
      return '';
    case 2:
      return `a long one, ${'x'.repeat(random.below(3) * 4000)}${random.below(4)}`;
    case 3:
      return `user${random.below(3000)}@example.com`;
    default:
      return `user000${random.below(30)}@example.com/with/much/that/is/the/same/in/all/of/them/${random.below(2000)}`;
  }
}

function write(key: IndexKey, bytes: Uint8Array): void {
  key.length = 0;
  key.write(bytes);
}

const byteKeys: Record<string, Fill> = {
  'texts, and NULL': (key, random) => {
    key.length = 0;
    encodeText(textOf(random), key);
  },
  'texts, descending': (key, random) => {
    key.length = 0;
    encodeDescending(textOf(random), key);
  },
  'a number and a text': (key, random) => {
    key.length = 0;
    encodeInt(random.below(40) - 20, key);
    encodeText(textOf(random), key);
  },
  'few values': (key, random) => {
    key.length = 0;
    encodeText(['new', 'paid', 'sent', 'sent back'][random.below(4)], key);
  },
  'bytes that others begin with, and zeros': (key, random) =>
    write(key, Buffer.alloc(random.below(40), random.below(6) === 0 ? 1 : 0)),
  'many zeros and a little else': (key, random) => {
    const bytes = Buffer.alloc(24 + random.below(20));
    bytes[random.below(bytes.length)] = random.below(3);
    write(key, bytes);
  },
};
const numberKeys: Record<string, Fill> = {
  'integers, negative ones among them': (key, random) => {
    key.number = random.below(20_000) - 10_000;
  },
  'few integers, and NULL': (key, random) => {
    key.number = [1, 2, 3, Infinity, -Infinity][random.below(5)];
  },
  'large and broken numbers': (key, random) => {
    key.number = (random.next() - 0.5) * 10 ** random.below(18);
  },
  'numbers of few hashes': (key, random) => {
    const n = random.below(1000);
    key.number = n * 2 ** 32 + (Math.imul(n, 0x9e3779b1) >>> 0);
  },
};

function entriesOf(dictionary: Dictionary): string[] {
  const entries: string[] = [];
  const key = new IndexKey();
  const rows = new Uint32Array(Math.max(1, dictionary.count));
  for (let leaf = dictionary.firstLeaf; leaf !== 0; leaf = dictionary.nextLeaf(leaf)) {
    for (let i = 0; i < dictionary.leafCount(leaf); i++) {
      dictionary.keyAt(leaf, i, key);
      const name = dictionary.hasByteKeys ? key.bytes.toString('hex', 0, key.length) : String(key.number);
      const isList = dictionary.isListAt(leaf, i);
      if (isList) dictionary.lists.read(dictionary.postingAt(leaf, i), 0, rows, 0, rows.length);
      else rows[0] = dictionary.postingAt(leaf, i);
      entries.push(`${name}: ${rows.subarray(0, dictionary.rowCountAt(leaf, i)).join()}`);
    }
  }
  return entries;
}

function load(builder: DictionaryBuilder): void {
  while (!builder.step());
}

function putAside(builder: DictionaryBuilder): void {
  while (!builder.putAside());
}

interface Case {
  readonly name: string;
  readonly make: (memory?: IndexMemory) => Dictionary;
  readonly fill: Fill;
}

const cases: Case[] = [];
for (const [keys, fill] of Object.entries(byteKeys)) {
  cases.push({ name: `ordered, ${keys}`, make: (memory) => new OrderedDictionary(true, memory), fill });
  cases.push({ name: `hash, ${keys}`, make: (memory) => new HashDictionary(true, memory), fill });
}
for (const [keys, fill] of Object.entries(numberKeys)) {
  cases.push({ name: `ordered, ${keys}`, make: (memory) => new OrderedDictionary(false, memory), fill });
  cases.push({ name: `hash, ${keys}`, make: (memory) => new HashDictionary(false, memory), fill });
}

for (const { name, make, fill } of cases) {
  describe(`a dictionary that is built: ${name} (SEED=${SEED})`, () => {
    it('is as if its entries had been inserted, and stays so while rows come and go', () => {
      for (const [portions, size, isAside] of [
        [1, 0, 0],
        [1, 1, 0],
        [1, 5000, 0],
        [1, 40_000, 0],
        [4, 3000, 0],
        [4, 3000, 1],
        [1, 2000, 1],
        [7, 1, 1],
        [11, 2300, 1],
      ]) {
        const random = new Random(SEED + size);
        const key = new IndexKey();
        const built = make();
        const inserted = make();
        const builder = new DictionaryBuilder(built);
        let row = 0;
        for (let portion = 0; portion < portions; portion++) {
          for (let i = 0; i < size; i++) {
            fill(key, random);
            // A page that is read again, and a row that is shown twice.
            if (random.below(500) === 0) {
              const { count } = builder;
              for (let j = random.below(20); j > 0; j--) builder.add(key, 4_000_000_000, false);
              builder.truncate(count);
            }
            row += 1 + random.below(3);
            for (let times = random.below(30) === 0 ? 2 : 1; times > 0; times--) builder.add(key, row, false);
            inserted.insert(key, row);
          }
          if (isAside === 1) putAside(builder);
          else load(builder);
          built.checkInvariants();
          expect(builder.count).to.equal(0);
        }
        if (isAside === 1) expect(built.count).to.equal(0);
        load(builder);
        expect([builder.isEmpty, builder.asideBytes]).to.deep.equal([true, 0]);
        built.checkInvariants();
        expect(built.count).to.equal(inserted.count);
        expect(built.keyCount).to.equal(inserted.keyCount);
        expect(entriesOf(built)).to.deep.equal(entriesOf(inserted));
        for (let i = 0; i < 5000; i++) {
          fill(key, random);
          const changed = random.below(row + 100);
          if (random.below(2) === 0) expect(built.insert(key, changed)).to.equal(inserted.insert(key, changed));
          else {
            const some = built.find(key) ? rowOf(built, random) : changed;
            expect(built.remove(key, some)).to.equal(inserted.remove(key, some));
          }
        }
        built.checkInvariants();
        expect(entriesOf(built)).to.deep.equal(entriesOf(inserted));
      }
    });

    it('tells of each row whose key another one has, and of nulls', () => {
      const random = new Random(SEED);
      const key = new IndexKey();
      const firsts = new Map<string, number>();
      const expected = new Set<number>();
      const told = new Set<number>();
      const nulls = new Set<number>();
      const toldNulls = new Set<number>();
      const dictionary = make();
      const builder = new DictionaryBuilder(dictionary, (same, row, _isCertain, hasNull) => {
        const text = dictionary.hasByteKeys ? same.bytes.toString('hex', 0, same.length) : String(same.number);
        if (told.has(row) || !firsts.has(text)) expect.fail(`row ${row} has no other's key`);
        told.add(row);
        if (hasNull) toldNulls.add(row);
      });
      for (let row = 0; row < 6000; row++) {
        fill(key, random);
        const text = dictionary.hasByteKeys ? key.bytes.toString('hex', 0, key.length) : String(key.number);
        const hasNull = dictionary.hasByteKeys ? key.length % 3 === 0 : !Number.isFinite(key.number);
        if (firsts.has(text)) {
          expected.add(row);
          if (hasNull) nulls.add(row);
        } else firsts.set(text, row);
        builder.add(key, row, hasNull);
        // A portion that is loaded, some that are put aside, and the last one.
        if (row === 2500) load(builder);
        else if (row % 500 === 0) putAside(builder);
      }
      load(builder);
      expect([...told].sort((a, b) => a - b)).to.deep.equal([...expected]);
      expect([...toldNulls].sort((a, b) => a - b)).to.deep.equal([...nulls]);
    });
  });
}

/** A row id of the entry that was just found. */
function rowOf(dictionary: Dictionary, random: Random): number {
  const { foundLeaf: leaf, foundPosition: position } = dictionary;
  const posting = dictionary.postingAt(leaf, position);
  if (!dictionary.isListAt(leaf, position)) return posting;
  const rows = new Uint32Array(dictionary.rowCountAt(leaf, position));
  dictionary.lists.read(posting, 0, rows, 0, rows.length);
  return rows[random.below(rows.length)];
}

it('a dictionary that is built beyond the cap on index memory is refused, and gives its memory back', () => {
  for (const make of [
    (m: IndexMemory) => new OrderedDictionary(true, m),
    (m: IndexMemory) => new HashDictionary(true, m),
  ]) {
    const memory = new IndexMemory();
    memory.limit = 2_000_000;
    const dictionary = make(memory);
    const builder = new DictionaryBuilder(dictionary);
    const key = new IndexKey();
    for (let i = 0; i < 200_000; i++) {
      key.length = 0;
      encodeText(`user${i}@example.com`, key);
      builder.add(key, i, false);
    }
    expect(() => load(builder))
      .to.throw()
      .with.property('code', '53200');
    dictionary.release();
    expect(memory.usedBytes).to.equal(0);
  }
});
