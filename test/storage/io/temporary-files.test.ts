/** Temporary files: written behind, read when written, counted, limited, and gone when closed, whatever is under way. */
import { expect } from 'chai';
import {
  MemoryFileSystem,
  TemporaryFiles,
  type TemporaryRead,
  type TemporaryUsage,
} from '../../../storage/io/index.ts';

const NO_LIMIT = -1;

function bytes(length: number, first: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (first + i) & 255);
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

describe('temporary files', () => {
  const usageOf = (limitKb: number): TemporaryUsage => ({
    bytes: 0,
    limitKb,
    counters: { fileCount: 0, byteCount: 0 },
  });

  for (const isBlocking of [false, true]) {
    it(`give back what was appended, ${isBlocking ? 'at once' : 'when it is there'}`, async () => {
      const files = new TemporaryFiles(new MemoryFileSystem(), 'temp');
      const usage = usageOf(NO_LIMIT);
      const file = files.create(usage, isBlocking);
      const places = [100, 3, 5000].map((length, i) => ({ length, offset: file.append(bytes(length, i)) }));
      const reads: TemporaryRead[] = places.map(({ length, offset }) =>
        file.read(new Uint8Array(length), length, offset),
      );
      expect(reads.every((read) => read.isDone)).to.equal(isBlocking);
      await until(() => reads.every((read) => read.isDone));
      file.check();
      reads.forEach((read, i) => {
        expect(read.buffer).to.deep.equal(bytes(places[i].length, i));
      });
      expect([files.fileCount, files.byteCount, usage.bytes]).to.deep.equal([1, 5103, 5103]);
      expect(usage.counters).to.deep.equal({ fileCount: 1, byteCount: 5103 });
      file.close();
      expect(usage.bytes).to.equal(0);
    });
  }

  it('say when the writer is too far ahead, and when to ask again', async () => {
    const files = new TemporaryFiles(new MemoryFileSystem(), 'temp');
    const file = files.create(usageOf(NO_LIMIT), false);
    file.append(bytes(1024, 0));
    expect(file.isBusy).to.equal(false);
    file.append(new Uint8Array(1024 * 1024));
    expect(file.isBusy).to.equal(true);
    while (file.isBusy) await new Promise<void>((resolve) => file.onProgress(resolve));
  });

  it('hold one session to its limit over all its files', () => {
    const files = new TemporaryFiles(new MemoryFileSystem(), 'temp');
    const usage = usageOf(2);
    const first = files.create(usage, true);
    const second = files.create(usage, true);
    first.append(new Uint8Array(1500));
    const tooMuch = (): unknown => second.append(new Uint8Array(549));
    expect(tooMuch).to.throw('temporary file size exceeds temp_file_limit (2kB)');
    first.close();
    tooMuch();
  });

  it('go away when closed in the middle of a write, and large ones step by step', async () => {
    const fileSystem = new MemoryFileSystem();
    const files = new TemporaryFiles(fileSystem, 'temp');
    const small = files.create(usageOf(NO_LIMIT), false);
    small.append(new Uint8Array(1000));
    small.close();
    small.close();
    expect(fileSystem.list('temp')).to.have.length(1);
    await until(() => fileSystem.list('temp').length === 0);
    const large = files.create(usageOf(NO_LIMIT), true);
    for (let i = 0; i < 5; i++) large.append(new Uint8Array(16 * 1024 * 1024));
    large.close();
    expect(fileSystem.list('temp')).to.have.length(1);
    await until(() => fileSystem.list('temp').length === 0);
    expect(files.openCount).to.equal(0);
  });

  it('keep an error for whoever asks next: a failed write, a failed read', async () => {
    const fileSystem = new MemoryFileSystem();
    const files = new TemporaryFiles(fileSystem, 'temp');
    for (const [operation, code] of [
      ['write', '53100'],
      ['read', '58030'],
    ] as const) {
      const file = files.create(usageOf(NO_LIMIT), false);
      fileSystem.failNext(operation, operation === 'write' ? 'ENOSPC' : 'EIO');
      const offset = file.append(bytes(10, 0));
      const read = file.read(new Uint8Array(10), 10, offset);
      await until(() => read.isDone);
      let seen = '';
      try {
        file.check();
      } catch (error) {
        seen = (error as { code: string }).code;
      }
      expect(seen).to.equal(code);
      file.close();
    }
    await until(() => files.openCount === 0);
  });

  it('of an earlier process are removed', () => {
    const fileSystem = new MemoryFileSystem();
    new TemporaryFiles(fileSystem, 'temp').create(usageOf(NO_LIMIT), true).append(bytes(10, 0));
    expect(fileSystem.list('temp')).to.have.length(1);
    new TemporaryFiles(fileSystem, 'temp').clear();
    expect(fileSystem.list('temp')).to.deep.equal([]);
  });
});
