/** A released buffer is empty, and its memory is there for the next at once. */
import { expect } from 'chai';
import { releaseBuffer } from '../../../storage/memory/index.ts';

const MB = 1024 * 1024;

describe('released memory', () => {
  it('has no bytes, nor has any view of it', () => {
    const words = new Int32Array(1024).fill(7);
    const bytes = Buffer.from(words.buffer);
    releaseBuffer(words.buffer);
    expect([words.length, bytes.length, words.buffer.byteLength]).to.deep.equal([0, 0, 0]);
  });

  it('is not held until garbage is collected', () => {
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 200; i++) releaseBuffer(new Uint8Array(MB).fill(1).buffer);
    expect(process.memoryUsage().arrayBuffers - before).to.be.below(20 * MB);
  });
});
