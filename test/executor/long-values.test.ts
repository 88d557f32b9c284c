/** Values in chunks come back as they were, whatever their length and kind and however small the pool. */
import { expect } from 'chai';
import type { RelationEntry } from '../../catalog/entries.ts';
import { ChainWriter } from '../../executor/row/chain-writer.ts';
import { CHUNK_SIZE, dataChunks, INDEX_FANOUT } from '../../executor/row/chunks.ts';
import { COMPRESSED, compressInRow, FRAME_SIZE, readLongHeader } from '../../executor/row/long-value.ts';
import { type Overflow, overflowOf } from '../../executor/row/overflow.ts';
import { StorageEngine, type Transaction } from '../../storage/api.ts';
import { Random, retry, untilDone } from '../storage/heap/support.ts';

const FRAMES = 32;

/** Bytes that no method makes shorter. */
function noise(random: Random, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = random.below(256);
  return bytes;
}

function words(random: Random, length: number): string {
  const pieces: string[] = [];
  for (let size = 0; size < length; ) {
    const word = random.pick(['mega', 'größe ', '日本', '😀', 'a', ' and so on ']);
    pieces.push(word);
    size += word.length;
  }
  return pieces.join('');
}

describe('long values', () => {
  let engine: StorageEngine;
  let overflow: Overflow;
  let txn: Transaction;
  let xid: number;

  before(async () => {
    engine = await StorageEngine.open({ dataDirectory: null, sharedBuffers: FRAMES * 8192 });
    await engine.startupSweep();
    txn = engine.transactions.begin(engine.locks.createOwner(1));
    xid = engine.transactions.statementXid(txn);
    const heap = engine.createHeap(txn);
    overflow = overflowOf(engine, { overflowRelId: heap.relId } as RelationEntry);
  });

  after(() => engine.close());

  async function store(chain: ChainWriter): Promise<Buffer> {
    while (!chain.isComplete) await retry(engine, () => chain.step(overflow.heap(), txn, xid));
    return chain.pointer();
  }

  async function fetch(pointer: Uint8Array): Promise<Buffer> {
    const bytes = await retry(engine, () => overflow.fetch(pointer, 0));
    return Buffer.from(bytes);
  }

  it('come back from chunks: text and bytes, compressed or not, around every boundary', async () => {
    const random = new Random(7);
    const edges = [0, 1, CHUNK_SIZE, FRAME_SIZE, 40 * CHUNK_SIZE, 5 * FRAME_SIZE];
    const lengths = edges.flatMap((edge) => [edge - 1, edge, edge + 1]).filter((length) => length > 0);
    for (let i = 0; i < 20; i++) lengths.push(1 + random.below(600_000));
    for (const length of lengths) {
      for (const value of [noise(random, length), words(random, length), Buffer.alloc(length, 'ab')]) {
        const chain = ChainWriter.of(value, true);
        const pointer = await store(chain);
        const wanted = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
        expect(readLongHeader(pointer, 0).length).to.equal(wanted.length);
        expect((await fetch(pointer)).equals(wanted), `${length} ${typeof value}`).to.equal(true);
        expect(new Set(chain.chunks).size).to.equal(chain.chunks.length);
      }
    }
  });

  it('of more chunks than one index chunk holds have two levels of them', async () => {
    const value = noise(new Random(9), (INDEX_FANOUT + 3) * CHUNK_SIZE + 17);
    const chain = ChainWriter.of(value, true);
    const pointer = await store(chain);
    const header = readLongHeader(pointer, 0);
    expect([header.levels, header.form & COMPRESSED]).to.deep.equal([2, 0]);
    expect((await fetch(pointer)).equals(value)).to.equal(true);
    const above: number[] = [];
    const data = await retry(engine, () => {
      above.length = 0;
      return dataChunks(engine, overflow.heap(), header, above);
    });
    expect([...data, ...above].sort()).to.deep.equal([...chain.chunks].sort());
  });

  it('give parts and their number of characters without being fetched', async () => {
    const random = new Random(23);
    for (let i = 0; i < 24; i++) {
      const length = 1 + random.below(i % 4 === 0 ? 3_000_000 : 300_000);
      const text = words(random, length);
      const isNoise = i % 3 === 0;
      const wanted = isNoise ? noise(random, length) : Buffer.from(text, 'utf8');
      const pointer = await store(ChainWriter.of(wanted, i % 3 === 1));
      const size = wanted.length;
      expect(overflow.parts.octetLength(pointer, 0)).to.equal(size);
      for (let k = 0; k < 20; k++) {
        const from = random.below(size + 1);
        const near = Math.min(size, from + random.below(k % 2 === 0 ? 200 : 100_000));
        const to = k % 5 === 0 ? from + random.below(size - from + 1) : near;
        const part = await retry(engine, () => overflow.parts.bytes(pointer, 0, from, to));
        expect(wanted.subarray(from, to).equals(part), `${from}..${to} of ${size}`).to.equal(true);
      }
      if (isNoise) continue;
      const points = Array.from(text);
      const asText = await store(ChainWriter.of(text, i % 3 === 1));
      for (let k = 0; k < 12; k++) {
        const from = random.below(points.length + 5);
        const to = from + random.below(k % 3 === 0 ? points.length : 50);
        const part = await retry(engine, () => overflow.parts.characters(asText, 0, from, to));
        expect(Buffer.from(part).toString() === points.slice(from, to).join(''), `${from}..${to}`).to.equal(true);
      }
      expect(await retry(engine, () => overflow.parts.characterCount(asText, 0))).to.equal(points.length);
    }
  });

  it('are compressed only where a quarter is saved, as their beginning tells', async () => {
    const random = new Random(11);
    const plain = ChainWriter.of(noise(random, 200_000), true);
    const packed = ChainWriter.of(Buffer.alloc(200_000), true);
    const refused = ChainWriter.of(Buffer.alloc(200_000), false);
    for (const chain of [plain, packed, refused]) await store(chain);
    expect([plain, packed, refused].map((chain) => chain.chunks.length)).to.deep.equal([26, 1, 26]);
    expect(compressInRow(noise(random, 3000))).to.equal(null);
    expect(compressInRow(Buffer.alloc(3000))?.length).to.be.lessThan(100);
  });

  it('leave what is in the pool of Buffer alone, however large somebody has made it', () => {
    const { poolSize } = Buffer;
    Buffer.poolSize = 1024 * 1024;
    try {
      const neighbours: Buffer[] = [];
      const text = Buffer.alloc(3000, 'text of others');
      // Until the old pool is used up.
      for (let i = 0; i < 200; i++) {
        neighbours.push(Buffer.from(`neighbour ${i}`));
        expect(compressInRow(text)?.length).to.be.lessThan(200);
      }
      expect(neighbours.map(String)).to.deep.equal(neighbours.map((_, i) => `neighbour ${i}`));
    } finally {
      Buffer.poolSize = poolSize;
    }
  });

  it('begin well and end in noise: frames that do not get shorter are kept as they are', async () => {
    const value = Buffer.concat([Buffer.alloc(FRAME_SIZE), noise(new Random(13), 3 * FRAME_SIZE)]);
    const pointer = await store(ChainWriter.of(value, true));
    expect(readLongHeader(pointer, 0).form & COMPRESSED).to.equal(COMPRESSED);
    expect((await fetch(pointer)).equals(value)).to.equal(true);
  });

  it('two in a row, each larger than the pool, are read by beginning again at every missing page', async () => {
    const random = new Random(17);
    const values = [noise(random, 4 * FRAMES * 8192), noise(random, 4 * FRAMES * 8192)];
    const pointers: Buffer[] = [];
    for (const value of values) pointers.push(await store(ChainWriter.of(value, true)));
    let tries = 0;
    const read = await retry(engine, () => {
      tries++;
      expect(tries, 'it comes to an end').to.be.lessThan(2000);
      return pointers.map((pointer) => Buffer.from(overflow.fetch(pointer, 0)));
    });
    expect(read.map((bytes, i) => bytes.equals(values[i]))).to.deep.equal([true, true]);
  });

  it('do not come back from a row id that another value has got', async () => {
    const random = new Random(19);
    const roots: number[] = [];
    for (let round = 0; round < 80; round++) {
      const mark = engine.transactions.savepoint(txn);
      const value = Buffer.alloc(300_000, noise(random, 1000));
      const chain = ChainWriter.of(value, false);
      const writer = engine.transactions.statementXid(txn);
      while (!chain.isComplete) await retry(engine, () => chain.step(overflow.heap(), txn, writer));
      roots.push(readLongHeader(chain.pointer(), 0).root);
      expect((await fetch(chain.pointer())).equals(value)).to.equal(true);
      await untilDone(
        engine,
        () => txn.undoNeedsPage,
        () => engine.transactions.rollbackTo(txn, mark),
      );
    }
    expect(new Set(roots).size, 'places are used again').to.be.lessThan(80);
  });

  it('of more than 1 GB less a byte are refused', () => {
    const huge = { length: 0x40000000 } as Uint8Array;
    expect(() => ChainWriter.of(huge, true)).to.throw('value is too long');
  });
});
