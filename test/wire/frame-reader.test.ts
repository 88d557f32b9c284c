/** Frames come out as they went in, wherever the network cut them; lengths that cannot be meant are refused at once. */
import { expect } from 'chai';
import fc from 'fast-check';
import { BAD_LENGTH, BAD_TYPE, FRAME, FrameReader, NEED_MORE } from '../../wire/frame-reader.ts';
import { frame } from '../support/wire-client.ts';

/** Feeds `input` in pieces that share one buffer, as the server does, and answers what came out. */
function framesOf(input: Buffer, cuts: readonly number[], takeEvery = 1): string[] {
  const reader = new FrameReader();
  const shared = Buffer.alloc(input.length);
  const frames: string[] = [];
  const bounds = [0, ...cuts, input.length];
  for (let i = 1; i < bounds.length; i++) {
    const size = bounds[i]! - bounds[i - 1]!;
    input.copy(shared, 0, bounds[i - 1]!, bounds[i]!);
    reader.push(shared, size);
    if (i % takeEvery === 0 || i === bounds.length - 1) {
      while (reader.next() === FRAME) {
        frames.push(
          String.fromCharCode(reader.type) + reader.bytes.toString('latin1', reader.bodyStart, reader.bodyEnd),
        );
      }
    }
    reader.retain();
    shared.fill(0x21);
  }
  expect(reader.buffered).to.equal(0);
  return frames;
}

describe('frame reader', () => {
  const input = Buffer.concat([frame('Q', 'select 1\0'), frame('S'), frame('d', 'x'.repeat(300)), frame('H')]);
  const expected = ['Qselect 1\0', 'S', `d${'x'.repeat(300)}`, 'H'];

  it('answers the same frames when the input is cut at any byte', () => {
    for (let cut = 1; cut < input.length; cut++) expect(framesOf(input, [cut])).to.deep.equal(expected);
  });

  it('answers the same frames when every byte comes alone', () => {
    const cuts = Array.from({ length: input.length - 1 }, (_, i) => i + 1);
    expect(framesOf(input, cuts)).to.deep.equal(expected);
  });

  it('answers the same frames for any cuts, sizes and times of taking them', () => {
    const bodies = fc.array(fc.nat(2000), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(
        bodies,
        fc.array(fc.nat(20_000), { maxLength: 12 }),
        fc.integer({ min: 1, max: 4 }),
        (sizes, at, every) => {
          const all = sizes.map((size, i) => Buffer.alloc(size, 97 + (i % 26)));
          const bytes = Buffer.concat(all.map((body) => frame('d', body)));
          const cuts = [...new Set(at.map((cut) => cut % bytes.length))].filter((cut) => cut > 0).sort((a, b) => a - b);
          expect(framesOf(bytes, cuts, every)).to.deep.equal(all.map((body) => `d${body.toString('latin1')}`));
        },
      ),
    );
  });

  it('does not copy frames that lie whole in the chunk', () => {
    const reader = new FrameReader();
    reader.push(input, input.length);
    expect(reader.next()).to.equal(FRAME);
    expect(reader.bytes).to.equal(input);
  });

  it('gives long frames away: their bytes stay as they are, whatever comes behind them', () => {
    const bodies = [3_000_000, 10, 9_000_000, 1_200_000].map((size, i) => Buffer.alloc(size, `${i} bytes`));
    const input = Buffer.concat(bodies.map((body) => frame('d', body)));
    const reader = new FrameReader();
    const shared = Buffer.alloc(65_536);
    const kept: Buffer[] = [];
    for (let at = 0; at < input.length; at += shared.length) {
      const size = input.copy(shared, 0, at, at + shared.length);
      reader.push(shared, size);
      while (reader.next() === FRAME) {
        const body = reader.bytes.subarray(reader.bodyStart, reader.bodyEnd);
        kept.push(body.length < 100 ? Buffer.from(body) : body);
      }
      reader.retain();
    }
    shared.fill(0);
    expect(kept.map((body, i) => body.equals(bodies[i]!))).to.deep.equal([true, true, true, true]);
    expect(reader.buffered).to.equal(0);
  });

  it('takes no more storage than what has come, whatever a length promises', () => {
    const reader = new FrameReader();
    const promise = Buffer.from([0x51, 0x3f, 0xff, 0xff, 0xf0, 1, 2, 3]);
    reader.push(promise, promise.length);
    expect(reader.next()).to.equal(NEED_MORE);
    reader.retain();
    expect(reader.bytes.length).to.be.below(100_000);
  });

  for (const [title, bytes] of [
    ['negative', [0x51, 0xff, 0xff, 0xff, 0xff]],
    ['smaller than itself', [0x51, 0, 0, 0, 3]],
    ['over 1 GB', [0x51, 0x40, 0, 0, 0]],
    ['over 10,000 for a message that is always short', [0x53, 0, 0, 0x27, 0x11]],
  ] as const) {
    it(`refuses a length that is ${title}`, () => {
      const reader = new FrameReader();
      reader.push(Buffer.from(bytes), bytes.length);
      expect(reader.next()).to.equal(BAD_LENGTH);
    });
  }

  it('refuses an unknown type at its first byte', () => {
    const reader = new FrameReader();
    reader.push(Buffer.from('z'), 1);
    expect(reader.next()).to.equal(BAD_TYPE);
    expect(reader.type).to.equal(0x7a);
  });

  it('refuses start-up packets over 10,000 bytes or without a version', () => {
    for (const length of [-1, 0, 7, 10_001]) {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32BE(length);
      const reader = new FrameReader();
      reader.push(bytes, 4);
      expect(reader.nextStartup()).to.equal(BAD_LENGTH);
    }
  });
});
