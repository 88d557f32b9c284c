/** What indexes reserve is what is counted, and the cap refuses an entry before anything has changed. */
import { expect } from 'chai';
import { IndexKey, IndexMemory, OrderedDictionary } from '../../../storage/index/index.ts';
import { SqlError } from '../../../types/errors.ts';

function numberKey(value: number): IndexKey {
  const key = new IndexKey();
  key.number = value;
  return key;
}

function textKey(text: string): IndexKey {
  const bytes = new TextEncoder().encode(text);
  const key = new IndexKey();
  key.reserve(bytes.length);
  key.bytes.set(bytes);
  key.length = bytes.length;
  return key;
}

/** Inserts until it is refused; answers how many went in. */
function insertUntilRefused(dictionary: OrderedDictionary, keyOf: (n: number) => IndexKey, most: number): number {
  for (let n = 0; n < most; n++) {
    try {
      dictionary.insert(keyOf(n), n);
    } catch (error) {
      expect(error).to.be.instanceOf(SqlError).and.include({ code: '53200' });
      return n;
    }
  }
  throw new Error('nothing was refused');
}

describe('index memory', () => {
  it('is the bytes of the arrays, counted as they grow, and nothing after the release', () => {
    const memory = new IndexMemory();
    const numbers = new OrderedDictionary(false, memory);
    const texts = new OrderedDictionary(true, memory);
    for (let n = 0; n < 200_000; n++) {
      numbers.insert(numberKey((n * 7919) % 200_003), n);
      if (n < 50_000) texts.insert(textKey(`key ${(n * 7919) % 50_021}`), n);
    }
    expect(memory.usedBytes).to.equal(numbers.sizeBytes + texts.sizeBytes);
    const entries = [...numbers.keySegments, ...numbers.postingSegments].reduce(
      (sum, array) => sum + array.byteLength,
      0,
    );
    // Besides entries: three numbers and, for inner nodes, the children; a small part.
    expect(numbers.sizeBytes).to.be.within(entries, entries * 1.05);
    numbers.release();
    texts.release();
    expect([memory.nodeBytes, memory.arenaBytes, memory.postingBytes]).to.deep.equal([0, 0, 0]);
  });

  for (const order of ['ascending', 'scattered'] as const) {
    for (const kind of ['numbers', 'texts'] as const) {
      it(`at the cap ${order} ${kind} are refused, and the dictionary stays whole`, () => {
        const memory = new IndexMemory();
        const dictionary = new OrderedDictionary(kind === 'texts', memory);
        memory.limit = 4 * 1024 * 1024;
        const place = (n: number): number => (order === 'ascending' ? n : (n * 104_729) % 1_000_003);
        const keyOf = (n: number): IndexKey =>
          kind === 'numbers' ? numberKey(place(n)) : textKey(`key ${String(place(n)).padStart(9, '0')}`);
        const count = insertUntilRefused(dictionary, keyOf, 1_000_000);
        expect(count).to.be.above(50_000);
        expect(dictionary.count).to.equal(count);
        dictionary.checkInvariants();
        // One segment of nodes, and one of keys, may go beyond it.
        expect(dictionary.sizeBytes).to.be.within(memory.limit, memory.limit + 3 * 1024 * 1024);
        for (let n = 0; n < 1000; n++) dictionary.remove(keyOf(n), n);
        dictionary.checkInvariants();
        memory.limit = Number.POSITIVE_INFINITY;
        for (let n = 0; n < 1000; n++) expect(dictionary.insert(keyOf(n), n)).to.equal(true);
        expect(dictionary.count).to.equal(count);
        dictionary.checkInvariants();
      }).timeout(20_000);
    }
  }
});
