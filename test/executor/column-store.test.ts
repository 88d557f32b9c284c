/** A column store holds what an array of rows would, whatever comes into its columns of numbers. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { Value } from '../../catalog/function-entry.ts';
import { Batch } from '../../executor/batch.ts';
import { ColumnStore } from '../../executor/operators/column-store.ts';
import { OID } from '../../types/index.ts';

const TYPES = [{ typeOid: OID.INT4 }, { typeOid: OID.TEXT }, { typeOid: OID.INT8 }];
const number = fc.oneof(
  { weight: 20, arbitrary: fc.integer() },
  { weight: 1, arbitrary: fc.constantFrom(-0, 0.5, NaN) },
);
const row = fc.tuple(
  fc.oneof({ weight: 200, arbitrary: number }, { weight: 1, arbitrary: fc.constant(null) }),
  fc.option(fc.string()),
  fc.oneof({ weight: 200, arbitrary: number }, { weight: 1, arbitrary: fc.constant(9007199254740993n) }),
);

function batchOf(rows: readonly (readonly Value[])[]): Batch {
  const batch = new Batch(TYPES.length);
  batch.columns.forEach((column, c) => {
    column.push(...rows.map((values) => values[c]));
  });
  batch.count = rows.length;
  return batch;
}

function rowsOf(store: ColumnStore): Value[][] {
  return Array.from({ length: store.count }, (_, i) => store.columns.map((column) => column[i]));
}

describe('column store', () => {
  it('has the rows that were put in, by batches and one by one, in order and kept by number', () => {
    const store = new ColumnStore(TYPES);
    const parts = fc.array(fc.array(row, { maxLength: 200 }), { maxLength: 6 });
    fc.assert(
      fc.property(parts, fc.boolean(), fc.infiniteStream(fc.nat()), (batches, keeps, random) => {
        let model: Value[][] = [];
        batches.forEach((rows, i) => {
          const batch = batchOf(rows);
          if (i % 2 === 0) store.append(batch);
          else for (let r = 0; r < rows.length; r++) store.appendFrom(batch.columns, r);
          model.push(...rows);
        });
        expect(rowsOf(store)).to.deep.equal(model);
        if (keeps && model.length > 0) {
          const numbers = Uint32Array.from({ length: model.length >> 1 }, () => random.next().value % model.length);
          store.keep(numbers);
          model = Array.from(numbers, (i) => model[i]);
          expect(rowsOf(store)).to.deep.equal(model);
        }
        const reversed = Uint32Array.from(model, (_, i) => model.length - 1 - i);
        const out = new Batch(TYPES.length);
        expect(store.copyTo(out, 0, model.length, reversed)).to.equal(model.length);
        expect(out.columns.map((column) => column.slice(0, out.count))).to.deep.equal(
          TYPES.map((_, c) => model.map((values) => values[c]).reverse()),
        );
        // The next run begins with columns as this one has left them.
        store.clear();
        expect(store.count).to.equal(0);
      }),
    );
  });

  it('takes further columns behind those of the batch', () => {
    const store = new ColumnStore([...TYPES, { typeOid: OID.FLOAT8 }]);
    store.append(batchOf([[1, 'a', 2]]), [[0.5]]);
    expect(rowsOf(store)).to.deep.equal([[1, 'a', 2, 0.5]]);
  });
});
