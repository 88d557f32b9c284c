import { expect } from 'chai';
import { Batch } from '../../executor/batch.ts';
import { ColumnStore } from '../../executor/operators/column-store.ts';
import { GroupTable } from '../../executor/operators/group-table.ts';
import { keyPrefix } from '../../executor/operators/key-prefix.ts';
import { RowChains } from '../../executor/operators/row-chains.ts';
import { RowSorter } from '../../executor/operators/row-sorter.ts';
import { giveScratch, idleScratchBytes, takeScratch, takeSlots } from '../../executor/scratch-memory.ts';
import { OID } from '../../types/index.ts';
import { randomOf } from '../support/random.ts';
import { seedFrom } from '../support/seed.ts';

const IDLE_BYTES_MAX = 4 * 1024 * 1024;
const ROWS = 50_000;

/** Takes all that waits, so that what is given next is the only one. */
function takeAll(): void {
  while (idleScratchBytes() > 0) for (let size = 16 * 1024; size <= 4 * 1024 * 1024; size *= 2) takeScratch(size);
}

/** What clears gives memory, the first time. */
function expectGivenOnce(clear: () => void): void {
  const outgrown = idleScratchBytes();
  clear();
  const given = idleScratchBytes();
  expect(given).to.be.above(outgrown);
  clear();
  expect(idleScratchBytes()).to.equal(given);
}

describe('scratch memory', () => {
  it('has one owner at a time, as many bytes as were asked for, and a bound on what waits', () => {
    const random = randomOf(seedFrom());
    const owned: ArrayBuffer[] = [];
    for (let step = 0; step < 3000; step++) {
      if (owned.length < 12 && random() < 0.55) {
        const bytes = Math.floor(2 ** (random() * 24));
        const buffer = takeScratch(bytes);
        expect(buffer.byteLength).to.be.at.least(bytes);
        expect(owned).not.to.include(buffer);
        owned.push(buffer);
      } else if (owned.length > 0) giveScratch(owned.splice(Math.floor(random() * owned.length), 1)[0]);
      expect(idleScratchBytes()).to.be.at.most(IDLE_BYTES_MAX);
    }
  });

  it('is what was given before, and slots of it are empty', () => {
    takeAll();
    const slots = takeSlots(16 * 1024).fill(7);
    giveScratch(slots.buffer);
    const again = takeSlots(16 * 1024);
    expect(again.buffer).to.equal(slots.buffer);
    expect(again.every((slot) => slot === -1)).to.equal(true);
  });

  for (const [name, types, row] of [
    ['numbers', [OID.INT4], (i: number) => [i]],
    ['texts', [OID.TEXT], (i: number) => [`text ${i}`]],
    ['pairs', [OID.INT4, OID.INT4], (i: number) => [i % 8, i]],
  ] as const) {
    it(`is given back by a table of ${name} that is cleared, once`, () => {
      takeAll();
      const table = new GroupTable(types);
      const columns = types.map((_, c) => Array.from({ length: ROWS }, (_value, i) => row(i)[c]));
      for (let i = 0; i < ROWS; i++) table.groupOf(columns, i);
      expectGivenOnce(() => table.clear());
      for (let i = 0; i < 100; i++) expect(table.groupOf(columns, i)).to.equal(i);
    });
  }

  it('is given back by chains of rows that are cleared, once', () => {
    takeAll();
    const chains = new RowChains();
    chains.reserve(ROWS);
    for (let i = 0; i < ROWS; i++) chains.add(i, i % 1000);
    expectGivenOnce(() => chains.clear());
  });

  it('is given back by columns of rows that are cleared, once', () => {
    takeAll();
    const types = [{ typeOid: OID.INT4 }, { typeOid: OID.TEXT }, { typeOid: OID.INT8 }];
    const store = new ColumnStore(types);
    const batch = new Batch(types.length);
    batch.columns.forEach((column, c) => {
      for (let i = 0; i < ROWS; i++) column.push(c === 1 ? '' : i);
    });
    batch.count = ROWS;
    store.append(batch);
    expectGivenOnce(() => store.clear());
    expect(store.count).to.equal(0);
  });

  /** Buffers of all sizes wait, so that arrays of one length are made of some that are larger. */
  function giveMany(random: () => number): void {
    for (let i = 0; i < 40; i++) giveScratch(new ArrayBuffer(16 * 1024 * 2 ** Math.floor(random() * 6)));
  }

  it('of another size does not make arrays of a join longer than others: no row is lost', () => {
    const random = randomOf(seedFrom());
    for (let round = 0; round < 60; round++) {
      giveMany(random);
      const chains = new RowChains();
      let rows = 0;
      for (let step = 0; step < 8; step++) {
        const more = Math.floor(2 ** (random() * 14));
        chains.reserve(rows + more);
        for (let i = 0; i < more; i++) chains.add(rows, rows++);
      }
      let lost = 0;
      for (let row = 0; row < rows; row++) if (chains.heads[row] !== row || chains.next[row] !== -1) lost++;
      expect(lost).to.equal(0);
      chains.clear();
    }
  });

  it('of another size does not make arrays of a sort longer than others: it sorts', () => {
    const random = randomOf(seedFrom());
    const sorter = new RowSorter([{ column: 0, prefix: keyPrefix(OID.INT4), descending: false, nullsFirst: false }]);
    for (let round = 0; round < 60; round++) {
      giveMany(random);
      const values = Array.from({ length: Math.floor(2 ** (random() * 15)) }, () => Math.floor(random() * 1e6));
      for (const _rows of sorter.sort([values], values.length, (a, b) => values[a] - values[b]));
      const sorted = [...sorter.order.subarray(0, values.length)].map((row) => values[row]);
      expect(sorted).to.deep.equal(values.toSorted((a, b) => a - b));
      if (random() < 0.2) sorter.clear();
    }
  });

  it('may be larger than what is asked for, but not by far', () => {
    takeAll();
    const large = new Uint8Array(takeScratch(4 * 1024 * 1024)).buffer;
    giveScratch(large);
    expect(takeScratch(256 * 1024)).not.to.equal(large);
    expect(takeScratch(512 * 1024)).to.equal(large);
  });
});
