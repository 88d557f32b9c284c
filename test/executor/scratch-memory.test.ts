import { expect } from 'chai';
import { GroupTable } from '../../executor/operators/group-table.ts';
import { RowChains } from '../../executor/operators/row-chains.ts';
import { giveScratch, idleScratchBytes, takeScratch, takeSlots } from '../../executor/scratch-memory.ts';
import { OID } from '../../types/index.ts';
import { randomOf } from '../support/random.ts';
import { seedFrom } from '../support/seed.ts';

const IDLE_BYTES_MAX = 8 * 1024 * 1024;
const ROWS = 50_000;

/** Takes all that waits, so that what is given next is the only one. */
function takeAll(): void {
  while (idleScratchBytes() > 0) for (let size = 16 * 1024; size <= 4 * 1024 * 1024; size *= 2) takeScratch(size);
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
      const outgrown = idleScratchBytes();
      table.clear();
      const given = idleScratchBytes();
      expect(given).to.be.above(outgrown);
      table.clear();
      expect(idleScratchBytes()).to.equal(given);
      for (let i = 0; i < 100; i++) expect(table.groupOf(columns, i)).to.equal(i);
    });
  }

  it('is given back by chains of rows that are cleared, once', () => {
    takeAll();
    const chains = new RowChains();
    chains.reserve(ROWS);
    for (let i = 0; i < ROWS; i++) chains.add(i, i % 1000);
    const outgrown = idleScratchBytes();
    chains.clear();
    const given = idleScratchBytes();
    expect(given).to.be.above(outgrown);
    chains.clear();
    expect(idleScratchBytes()).to.equal(given);
  });
});
