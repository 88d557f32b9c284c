import * as zlib from 'node:zlib';
import { expect } from 'chai';
import fc from 'fast-check';
import { PAGE_SIZE, SLOTS_PER_PAGE_MAX } from '../../../storage/limits.ts';
import { crc32ByTable } from '../../../storage/page/checksum.ts';
import { CRC_BLOCK_SIZE, crc32Block } from '../../../storage/page/crc32-simd.ts';
import {
  addSlot,
  addSlotAt,
  checkPage,
  compactPage,
  contiguousSpace,
  crc32,
  dumpPage,
  formatPage,
  freeSlot,
  growSlot,
  PAGE_KIND_HEAP,
  PageMemory,
  type PageViews,
  pageFlags,
  pageLsn,
  pageNumber,
  pageRelationId,
  pageSlotCount,
  setPageLsn,
  shrinkSlot,
  slotCapacity,
  slotOffset,
  stampPageChecksum,
  totalSpace,
  verifyPageChecksum,
} from '../../../storage/page/index.ts';

function makeViews(pages: number): PageViews {
  const memory = new ArrayBuffer(pages * PAGE_SIZE);
  return {
    u8: new Uint8Array(memory),
    u16: new Uint16Array(memory),
    i32: new Int32Array(memory),
    u32: new Uint32Array(memory),
    f64: new Float64Array(memory),
  };
}

/** The second page of two: an offset that forgot the base shows. */
const BASE = PAGE_SIZE;

describe('A page', () => {
  it('is empty after formatting, and says whose it is', () => {
    const views = makeViews(2);
    views.u8.fill(255);
    formatPage(views, BASE, 4_000_000_000, 8_000_000, PAGE_KIND_HEAP);
    expect(pageRelationId(views.u32, BASE)).to.equal(4_000_000_000);
    expect(pageNumber(views.u32, BASE)).to.equal(8_000_000);
    expect(pageFlags(views.u16, BASE)).to.equal(PAGE_KIND_HEAP);
    expect(pageLsn(views.f64, BASE)).to.equal(0);
    expect(contiguousSpace(views.u16, BASE)).to.equal(PAGE_SIZE - 32 - 8);
    expect(checkPage(views, BASE)).to.equal(null);
    expect(views.u8.subarray(0, BASE).every((byte) => byte === 255)).to.equal(true);
  });

  it('takes as many rows as there are slot numbers in a row id', () => {
    const views = makeViews(2);
    formatPage(views, BASE, 1, 0, 1);
    let count = 0;
    while (addSlot(views, BASE, 8) >= 0) count++;
    expect(count).to.equal(SLOTS_PER_PAGE_MAX);
    freeSlot(views, BASE, 100);
    expect(addSlot(views, BASE, 8)).to.equal(100);
  });

  it('keeps rows in their slots whatever is added, freed, grown, shrunk and compacted', () => {
    const operation = fc.record({
      kind: fc.constantFrom('add', 'add', 'addAt', 'free', 'grow', 'shrink', 'compact'),
      size: fc.integer({ min: 1, max: 900 }),
      slot: fc.nat(40),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 150 }), (operations) => {
        const views = makeViews(3);
        formatPage(views, BASE, 7, 3, 1);
        const model = new Map<number, Uint8Array>();
        let stamp = 0;
        const put = (slot: number, size: number): void => {
          const bytes = new Uint8Array(size).fill(++stamp);
          const offset = BASE + slotOffset(views.u16, BASE, slot);
          views.u8.fill(0, offset, offset + slotCapacity(views.u16, BASE, slot));
          views.u8.set(bytes, offset);
          model.set(slot, bytes);
        };
        for (const { kind, size, slot } of operations) {
          if (kind === 'add') {
            const space = totalSpace(views.u16, BASE);
            let added = addSlot(views, BASE, size);
            if (added < 0 && size <= space) {
              compactPage(views, BASE);
              added = addSlot(views, BASE, size);
              expect(added).to.be.at.least(0);
            }
            expect(added >= 0).to.equal(size <= space);
            if (added < 0) continue;
            expect(model.has(added)).to.equal(false);
            put(added, size);
          } else if (kind === 'addAt' && !model.has(slot)) {
            if (addSlotAt(views, BASE, slot, size)) put(slot, size);
          } else if (kind === 'free' && model.has(slot)) {
            freeSlot(views, BASE, slot);
            model.delete(slot);
          } else if (kind === 'grow' && model.has(slot)) {
            const grown = growSlot(views, BASE, slot, size);
            if (grown) expect(slotCapacity(views.u16, BASE, slot)).to.be.at.least(size);
          } else if (kind === 'shrink' && model.has(slot)) {
            shrinkSlot(views, BASE, slot, model.get(slot)!.length);
          } else if (kind === 'compact') compactPage(views, BASE);
          expect(checkPage(views, BASE)).to.equal(null);
        }
        let last = -1;
        for (const [slot, bytes] of model) {
          const offset = BASE + slotOffset(views.u16, BASE, slot);
          expect(views.u8.subarray(offset, offset + bytes.length)).to.deep.equal(bytes);
          last = Math.max(last, slot);
        }
        expect(pageSlotCount(views.u16, BASE)).to.equal(last + 1);
        expect(views.u8.subarray(0, BASE).every((byte) => byte === 0)).to.equal(true);
        expect(views.u8.subarray(2 * PAGE_SIZE).every((byte) => byte === 0)).to.equal(true);
      }),
      { numRuns: 120 },
    );
  });

  it('shows by its checksum that any bit has changed', () => {
    const views = makeViews(2);
    formatPage(views, BASE, 7, 3, 1);
    setPageLsn(views.f64, BASE, 123456);
    stampPageChecksum(views.u8, BASE);
    expect(verifyPageChecksum(views.u8, BASE)).to.equal(true);
    fc.assert(
      fc.property(fc.nat(PAGE_SIZE - 1), fc.nat(7), (offset, bit) => {
        views.u8[BASE + offset] ^= 1 << bit;
        const right = verifyPageChecksum(views.u8, BASE);
        views.u8[BASE + offset] ^= 1 << bit;
        return !right;
      }),
    );
  });

  it('can be read by people, damage included', () => {
    const views = makeViews(2);
    formatPage(views, BASE, 7, 3, 1);
    addSlot(views, BASE, 10);
    addSlot(views, BASE, 30);
    freeSlot(views, BASE, 0);
    stampPageChecksum(views.u8, BASE);
    const lines = dumpPage(views, BASE).split('\n');
    expect(lines[0]).to.match(/^page 3 of relation 7: kind 1, lsn 0, crc [0-9a-f]+ \(right\)$/);
    expect(lines[1]).to.equal('slots 2 (1 free), lower 40, upper 8144, holes 16');
    expect(lines[2]).to.equal('  0: free');
    expect(lines[3]).to.match(/^ {2}1: 8144\+32 0+\.\.\.$/);
    views.u16[(BASE + 24) >>> 1] = 17;
    expect(dumpPage(views, BASE)).to.contain('damaged: upper 17');
  });
});

function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

describe('CRC-32', () => {
  it('is the same by table and native, in one piece and continued', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.nat(600), (bytes, cut) => {
        const at = Math.min(cut, bytes.length);
        const whole = crc32ByTable(bytes, 0, bytes.length, 0);
        expect(crc32(bytes, at, bytes.length, crc32(bytes, 0, at, 0))).to.equal(whole);
        if (typeof zlib.crc32 === 'function') expect(zlib.crc32(bytes)).to.equal(whole);
      }),
    );
    expect(crc32(Buffer.from('123456789'), 0, 9, 0)).to.equal(0xcbf43926);
  });

  const random = xorshift(5);
  const longBytes = Uint8Array.from({ length: 40_000 }, () => random() * 256);

  it('of a page where it lies is that of its bytes, and leaves them as they were', () => {
    const pages = 1024;
    const memory = new PageMemory(pages * PAGE_SIZE);
    const { u8 } = memory;
    const words = new Uint32Array(u8.buffer, u8.byteOffset, u8.length / 4);
    let state = 1;
    for (let i = 0; i < words.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      words[i] = state;
    }
    const before = Buffer.from(u8);
    // More than once: the first checksums are computed by tables.
    for (let round = 0; round < 2; round++)
      for (let page = 0; page < pages; page++) {
        const base = page * PAGE_SIZE;
        if (memory.checksum(base) !== crc32ByTable(u8, base + 4, base + PAGE_SIZE, 0)) throw new Error(`page ${page}`);
      }
    expect(before.equals(u8)).to.equal(true);
    // One bit, anywhere in a page, and in the pages beside it.
    const single = new PageMemory(pages * PAGE_SIZE);
    for (let i = 0; i < 600; i++) single.checksum(0);
    for (let bit = 0; bit < PAGE_SIZE * 8; bit += 61) {
      const at = PAGE_SIZE + (bit >>> 3);
      single.u8[at] ^= 1 << (bit & 7);
      const expected = crc32ByTable(single.u8, PAGE_SIZE + 4, 2 * PAGE_SIZE, 0);
      if (single.checksum(PAGE_SIZE) !== expected) throw new Error(`bit ${bit}`);
      if (single.checksum(0) !== single.checksum(2 * PAGE_SIZE)) throw new Error(`bit ${bit}, pages beside`);
      single.u8[at] ^= 1 << (bit & 7);
    }
  });

  it('is the same by vectors, for every length and place', () => {
    const byVectors = crc32Block();
    expect(byVectors, 'this machine has WebAssembly').not.to.equal(null);
    // A single bit at every place of a block: none is moved to a wrong one.
    const block = new Uint8Array(CRC_BLOCK_SIZE);
    for (let bit = 0; bit < CRC_BLOCK_SIZE * 8; bit += 1) {
      block[bit >>> 3] = 1 << (bit & 7);
      const end = (bit >>> 3) + 1;
      if (byVectors!(block, 0, block.length, 0) !== zlib.crc32(block)) throw new Error(`bit ${bit}`);
      block.fill(0, end - 1, end);
    }
    for (let size = 4; size <= CRC_BLOCK_SIZE; size += size < 300 ? 1 : 97) {
      const start = size % 13;
      const seed = (size * 0x9e3779b1) >>> 0;
      const expected = crc32ByTable(longBytes, start, start + size, seed);
      if (byVectors!(longBytes, start, start + size, seed) !== expected) throw new Error(`size ${size}`);
    }
  });

  it('is the same for long ranges, before and after vectors take over', () => {
    const expected = [6143, 6144, 8188, 8192, 8193, 8200, 14_335, 14_336, 40_000].map((size) => ({
      size,
      crc: crc32ByTable(longBytes, 0, size, 77),
    }));
    for (let round = 0; round < 100; round++)
      for (const { size, crc } of expected) expect(crc32(longBytes, 0, size, 77)).to.equal(crc);
  });
});
