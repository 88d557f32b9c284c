/** The reservoir has the rows that were put in last, whole and in the order of the table, in memory that replaced rows do not make grow. */
import { expect } from 'chai';
import { RowReservoir } from '../../executor/analyze/row-reservoir.ts';
import { randomOf } from '../support/random.ts';
import { seedFrom } from '../support/seed.ts';

const PLACES = 200;

describe('row reservoir', () => {
  for (const sizeMax of [60, 8000]) {
    it(`keeps what was put in last, of up to ${sizeMax} bytes`, () => {
      const random = randomOf(seedFrom());
      const reservoir = new RowReservoir();
      const source = Buffer.from(Array.from({ length: 20_000 }, () => Math.floor(random() * 256)));
      for (let run = 0; run < 2; run++) {
        const model = new Map<number, { rowId: number; layout: number; bytes: Buffer }>();
        for (let step = 0; step < 8000; step++) {
          const place = Math.floor(random() * Math.min(PLACES, reservoir.count + 1));
          const size = Math.floor(random() * sizeMax);
          const from = Math.floor(random() * (source.length - size));
          const row = { rowId: step * 2 ** 20, layout: step % 200, bytes: source.subarray(from, from + size) };
          reservoir.put(place, row.rowId, row.layout, source, from, size);
          model.set(place, row);
        }
        const expected = [...model.values()].sort((a, b) => a.rowId - b.rowId);
        const buffers = new Set<Buffer>();
        let i = 0;
        for (const { rowId, layout, bytes, start } of reservoir.rows()) {
          const row = expected[i++];
          buffers.add(bytes);
          expect([rowId, layout]).to.deep.equal([row.rowId, row.layout]);
          expect(bytes.subarray(start, start + row.bytes.length).equals(row.bytes)).to.equal(true);
        }
        expect(i).to.equal(expected.length);
        const bytes = [...buffers].reduce((sum, { length }) => sum + length, 0);
        expect(bytes).to.be.at.most(1024 * 1024 + 3 * PLACES * sizeMax);
        reservoir.release();
        expect(reservoir.count).to.equal(0);
      }
    });
  }
});
