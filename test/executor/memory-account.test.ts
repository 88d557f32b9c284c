/** Work memory: accounts of statements, and the cap on their sum. */
import { expect } from 'chai';
import { Batch } from '../../executor/batch.ts';
import { batchBytes, columnBytes, MemoryAccount, rowBytes, WorkMemory } from '../../executor/memory-account.ts';
import { SqlError } from '../../types/errors.ts';

function errorOf(action: () => void): SqlError {
  try {
    action();
  } catch (error) {
    if (error instanceof SqlError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('memory accounts', () => {
  it('add up to the work memory of the server, and remember its peak', () => {
    const work = new WorkMemory(1000);
    const a = new MemoryAccount(work);
    const b = new MemoryAccount(work);
    a.grow(300);
    b.grow(400);
    a.shrink(100);
    expect([a.used, b.used, work.used, work.peak]).to.deep.equal([200, 400, 600, 700]);
  });

  it('beyond the cap: 53200 that names what, and nothing is counted', () => {
    const work = new WorkMemory(4096);
    const a = new MemoryAccount(work);
    const b = new MemoryAccount(work);
    a.grow(3000);
    const error = errorOf(() => b.grow(2000, 'a CTE'));
    expect(error.code).to.equal('53200');
    expect(error.message).to.equal('out of memory');
    expect(error.fields.detail).to.contain('for a CTE').and.contain('the 4 kB that work_memory_limit allows');
    expect([b.used, work.used]).to.deep.equal([0, 3000]);
    a.release();
    b.grow(2000, 'a CTE');
    expect(work.used).to.equal(2000);
  });

  it('give back no more than they hold', () => {
    const work = new WorkMemory();
    const a = new MemoryAccount(work);
    const b = new MemoryAccount(work);
    a.grow(100);
    b.grow(100);
    a.release();
    a.shrink(100);
    expect([a.used, work.used]).to.deep.equal([0, 100]);
  });

  it('count a place for numbers, and what strings, bytes and arrays hold besides', () => {
    expect(columnBytes([1, 2, 3], 3)).to.equal(24);
    expect(columnBytes([null, true, null], 3)).to.equal(24);
    expect(columnBytes(['x'.repeat(1000), null], 2)).to.be.within(1016, 1100);
    expect(columnBytes([new Uint8Array(5000)], 1)).to.be.within(5008, 5200);
    const batch = new Batch(2);
    batch.columns[0].push(1, 2);
    batch.columns[1].push('a', 'b'.repeat(500));
    batch.count = 2;
    expect(rowBytes(batch, 0) + rowBytes(batch, 1)).to.equal(batchBytes(batch));
  });
});
