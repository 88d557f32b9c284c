/** Rows that go through temporary files come back as they were; sorted ones as Array.prototype.sort would have them. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { Value } from '../../catalog/function-entry.ts';
import { BATCH_SIZE, type Columns } from '../../executor/batch.ts';
import type { ExecContext } from '../../executor/context.ts';
import { BlockBuffer, decodeBlock, encodeBlock } from '../../executor/spill/block.ts';
import { ExternalSort } from '../../executor/spill/external-sort.ts';
import { divide, KeyHasher, PartitionWriter } from '../../executor/spill/partitions.ts';
import { SPILL_WAITS, SpillReader } from '../../executor/spill/stream.ts';
import { MemoryFileSystem, type TemporaryFile, TemporaryFiles } from '../../storage/api.ts';
import { DEFAULT_FORMAT, Interval, inputText, Numeric, OID, SqlRecord, TimeTz } from '../../types/index.ts';

const value = fc.oneof(
  fc.constant(null),
  fc.integer(),
  fc.double(),
  fc.constantFrom(-0, Infinity, 2 ** 31, -(2 ** 31), 2 ** 53 - 1),
  fc.boolean(),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).filter((n) => n > 2n ** 53n || n < -(2n ** 53n)),
  fc.tuple(fc.integer(), fc.nat(20)).map(([n, scale]) => Numeric.fromScaled(n, scale)),
  fc.constantFrom(Numeric.NaN, Numeric.INFINITY, Numeric.fromBigint(10n ** 40n, 3)),
  fc.constant(new Interval(3, -2, 1_000_001)),
  fc.constant(new TimeTz(5_000_000, -3600)),
  fc.uint8Array({ maxLength: 30 }),
  fc.constantFrom('{1,NULL,3}', '{}', '[0:1]={7,8}').map((text) => inputText(OID.INT4_ARRAY, -1, text, DEFAULT_FORMAT)),
  fc.constant(new SqlRecord([OID.INT4, OID.TEXT], [1, null])),
);
/** Columns of one kind, and of all kinds. */
const column = fc.oneof(
  fc.array(value, { minLength: 1, maxLength: 60 }),
  fc.array(fc.option(fc.integer()), { minLength: 1, maxLength: 60 }),
  fc.array(fc.option(fc.string({ maxLength: 30 })), { minLength: 1, maxLength: 60 }),
  fc.array(fc.option(fc.tuple(fc.integer(), fc.nat(9)).map(([n, s]) => Numeric.fromScaled(n, s))), { minLength: 1 }),
  fc.array(fc.option(fc.boolean()), { minLength: 1, maxLength: 60 }),
);

/** As much of a context as files need: each wait is noted, for the test to sit out. */
function contextOf(files: TemporaryFiles): ExecContext & { waitsFor: TemporaryFile | null } {
  const usage = { bytes: 0, limitKb: -1, counters: { fileCount: 0, byteCount: 0 } };
  let slice = 0;
  const x = {
    waitsFor: null as TemporaryFile | null,
    createTemporaryFile: () => files.create(usage, false),
    waitForFile: (file: TemporaryFile) => {
      x.waitsFor = file;
    },
    canWrite: (file: TemporaryFile) => {
      file.check();
      if (file.isBusy) x.waitsFor = file;
      return !file.isBusy;
    },
    shouldYield: () => ++slice % 3 === 0,
  };
  return x as unknown as ExecContext & { waitsFor: TemporaryFile | null };
}

async function sitOut(x: { waitsFor: TemporaryFile | null }): Promise<void> {
  const file = x.waitsFor;
  x.waitsFor = null;
  if (file !== null) await new Promise<void>((resolve) => file.onProgress(resolve));
}

describe('temporary rows', () => {
  it('come back from a block as they were, in the order that is asked for', () => {
    fc.assert(
      fc.property(column, column, fc.boolean(), (a, b, reversed) => {
        const count = Math.min(a.length, b.length);
        const order = reversed ? Uint32Array.from({ length: count }, (_, i) => count - 1 - i) : null;
        const buffer = new BlockBuffer(64);
        encodeBlock(buffer, [a], [0], null, 0, 1);
        const at = buffer.length;
        encodeBlock(buffer, [a, [], b], [0, 2], order, 0, count);
        const back: Value[][] = [['kept'], [], ['kept']];
        expect(decodeBlock(buffer, at, back, [0, 2], 1)).to.equal(count);
        const expected = (source: Value[]): Value[] =>
          reversed ? source.slice(0, count).reverse() : source.slice(0, count);
        expect(back[0]).to.deep.equal(['kept', ...expected(a)]);
        expect(back[2]).to.deep.equal(['kept', ...expected(b)]);
        for (const [i, v] of expected(a).entries()) if (v === 0) expect(Object.is(back[0][i + 1], v)).to.equal(true);
        // Bytes are copies: the buffer is used again.
        buffer.u8.fill(0);
        expect(back[0]).to.deep.equal(['kept', ...expected(a)]);
      }),
    );
  });

  it('are sorted as a stable sort of all of them does it, in whatever runs they come', async () => {
    const rows = fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.string({ maxLength: 300 })), { maxLength: 900 });
    const property = fc.asyncProperty(rows, fc.integer({ min: 1, max: 400 }), async (input, runLength) => {
      const files = new TemporaryFiles(new MemoryFileSystem(), 'temp');
      const x = contextOf(files);
      const makeOrder = (columns: Columns) => (i: number, j: number) => columns[0][i] - columns[0][j];
      const sort = new ExternalSort(64 * 1024, 2, makeOrder);
      for (let from = 0; from < input.length; from += runLength) {
        const run = input.slice(from, from + runLength);
        const columns = [run.map(([key]) => key), run.map(([, text]) => text)];
        const order = Uint32Array.from(run, (_, i) => i).sort(makeOrder(columns));
        while (!sort.writeRun(x, columns, order, run.length, 20_000)) await sitOut(x);
      }
      const back: [Value, Value][] = [];
      if (sort.runCount > 0) {
        while (!sort.reduce(x)) await sitOut(x);
        const target: Value[][] = [[], []];
        for (;;) {
          const count = sort.next(x, target, BATCH_SIZE);
          if (count === SPILL_WAITS) await sitOut(x);
          else if (count === 0) break;
          else for (let i = 0; i < count; i++) back.push([target[0][i], target[1][i]]);
        }
      }
      expect(back).to.deep.equal([...input].sort(([a], [b]) => a - b));
      sort.close();
      while (files.openCount > 0) await new Promise((resolve) => setImmediate(resolve));
    });
    await fc.assert(property, { numRuns: 60 });
  });

  it('are divided so that equal keys meet, at every level, and none is lost', async () => {
    const key = fc.tuple(
      fc.option(fc.integer({ min: -5, max: 40 })),
      fc.option(fc.constantFrom('a', 'b', 'é', 'long text')),
    );
    const property = fc.asyncProperty(fc.array(key, { maxLength: 600 }), fc.nat(7), async (keys, level) => {
      const files = new TemporaryFiles(new MemoryFileSystem(), 'temp');
      const x = contextOf(files);
      const hasher = new KeyHasher([OID.INT4, OID.TEXT]);
      const file = x.createTemporaryFile();
      const writer = new PartitionWriter(file, divide(64 * 1024, 1e6, level), [0, 1, 2], 100);
      const columns = [keys.map(([a]) => a), keys.map(([, b]) => b)];
      keys.forEach((row, i) => {
        writer.add(writer.partitionOf(hasher.hashOf(row)), columns, i, [i]);
      });
      const homes = new Map<string, number>();
      const found: number[] = [];
      for (const [p, stream] of writer.finish().entries()) {
        const reader = new SpillReader(stream, [0, 1, 2]);
        const target: Value[][] = [[], [], []];
        for (;;) {
          const count = reader.next(target, 0);
          if (count === SPILL_WAITS) await new Promise<void>((resolve) => file.onProgress(resolve));
          else if (count === 0) break;
          for (let i = 0; i < count; i++) {
            const text = JSON.stringify([target[0][i], target[1][i]]);
            expect(homes.get(text) ?? p).to.equal(p);
            homes.set(text, p);
            expect(text).to.equal(JSON.stringify(keys[target[2][i]]));
            found.push(target[2][i]);
          }
        }
      }
      expect(found.sort((a, b) => a - b)).to.deep.equal(keys.map((_, i) => i));
      file.close();
    });
    await fc.assert(property, { numRuns: 40 });
  });
});
