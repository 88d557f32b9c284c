/** What is kept of a branch's pages is what its forks must see, and no more: against copies of all pages. */
import { expect } from 'chai';
import { Branch, PageHistory } from '../../../storage/buffer/branch.ts';
import { PageArchive } from '../../../storage/buffer/page-archive.ts';
import { MemoryFileSystem } from '../../../storage/io/index.ts';
import { PAGE_SIZE } from '../../../storage/limits.ts';
import { SqlError } from '../../../types/errors.ts';
import { Random, SEED } from '../heap/support.ts';

interface Fork {
  readonly epoch: number;
  readonly pages: readonly number[];
}

/** A relation whose pages are a number each, and the forks of its branch. */
class Run {
  readonly random: Random;
  readonly fileSystem = new MemoryFileSystem();
  readonly archive: PageArchive;
  readonly branch: Branch;
  readonly pages: number[] = [];
  readonly forks: Fork[] = [];
  #history: PageHistory | null = null;
  #nextValue = 1;
  readonly #bytes = Buffer.alloc(PAGE_SIZE);

  constructor(seed: number) {
    this.random = new Random(seed);
    // Some in memory, the rest in the file.
    this.archive = new PageArchive(this.fileSystem, '/temp', 32);
    this.branch = new Branch(this.archive);
    for (let i = 0; i < 60; i++) this.pages.push(this.#nextValue++);
  }

  get #kept(): PageHistory {
    this.#history ??= new PageHistory(this.branch, () => {
      this.#history = null;
    });
    return this.#history;
  }

  write(pageNo: number): void {
    if (this.branch.forkCount > 0 && !this.#kept.isClaimed(pageNo)) {
      this.#bytes.writeDoubleLE(this.pages[pageNo], 0);
      if (this.#kept.isWanted(pageNo, this.pages.length)) this.#kept.keep(pageNo, this.archive.save(this.#bytes, 0));
      this.#kept.claim(pageNo);
    }
    this.pages[pageNo] = this.#nextValue++;
  }

  grow(): void {
    if (this.branch.forkCount > 0) this.#kept.grows(this.pages.length);
    this.pages.push(this.#nextValue++);
  }

  step(): void {
    const { random } = this;
    const choice = random.below(20);
    if (choice < 12) for (let i = random.below(6); i >= 0; i--) this.write(random.below(this.pages.length));
    else if (choice < 14) this.grow();
    else if (choice < 17 && this.forks.length < 12)
      this.forks.push({ epoch: this.branch.fork(1), pages: [...this.pages] });
    else if (this.forks.length > 0) {
      const [fork] = this.forks.splice(random.below(this.forks.length), 1);
      this.branch.release(fork.epoch);
    }
  }

  #seenBy({ epoch }: Fork, images: Set<number>): number[] {
    const count = this.#history?.sizeAt(epoch) ?? this.pages.length;
    return this.pages.slice(0, count).map((value, pageNo) => {
      const slot = this.#history?.imageAt(pageNo, epoch) ?? -1;
      if (slot < 0) return value;
      images.add(slot);
      this.archive.load(slot, this.#bytes, 0);
      return this.#bytes.readDoubleLE(0);
    });
  }

  check(): void {
    const images = new Set<number>();
    for (const fork of this.forks) expect(this.#seenBy(fork, images)).to.deep.equal(fork.pages);
    expect(this.archive.count, 'images that somebody sees (invariant 2)').to.equal(images.size);
  }
}

describe('branches of pages', () => {
  it(`keep for each fork what it saw, as long as it lives (seed ${SEED})`, () => {
    for (let life = 0; life < 60; life++) {
      const run = new Run(SEED + life);
      for (let step = 0; step < 150; step++) {
        run.step();
        run.check();
      }
      for (const { epoch } of run.forks.splice(0)) run.branch.release(epoch);
      run.check();
      expect(run.branch.forkCount).to.equal(0);
      expect(run.branch.isShared).to.equal(false);
      expect(run.fileSystem.list('/temp'), 'the file goes with its last image').to.deep.equal([]);
    }
  }).timeout(20_000);

  it('keep a page once, however often it changes and however many forks there are', () => {
    const run = new Run(1);
    for (let i = 0; i < 5; i++) run.forks.push({ epoch: run.branch.fork(1), pages: [...run.pages] });
    for (let i = 0; i < 50; i++) run.write(7);
    expect(run.archive.count).to.equal(1);
    run.check();
  });

  it('do at once what waits for forks when there are none, and otherwise when the last that lives now has ended', () => {
    const branch = new Branch(new PageArchive(new MemoryFileSystem(), '/temp', 32));
    const done: string[] = [];
    branch.afterForks(() => done.push('first'));
    const [a, b] = [branch.fork(1), branch.fork(1)];
    branch.afterForks(() => done.push('second'));
    const c = branch.fork(1);
    branch.release(b);
    expect(done).to.deep.equal(['first']);
    branch.release(a);
    expect(done, 'the newest came later').to.deep.equal(['first', 'second']);
    branch.release(c);
  });

  it('give back the slot that a full disk refused', () => {
    const fileSystem = new MemoryFileSystem();
    const archive = new PageArchive(fileSystem, '/temp', 32);
    const page = Buffer.alloc(PAGE_SIZE, 1);
    const slots = Array.from({ length: 40 }, () => archive.save(page, 0));
    archive.release(slots[35]);
    fileSystem.failNext('write', 'ENOSPC');
    expect(() => archive.save(page, 0)).to.throw();
    expect(archive.count).to.equal(39);
    expect(archive.save(page, 0)).to.equal(slots[35]);
    archive.close();
  });

  it('keep a quarter of their memory, up to 16 MB, when the last has gone', () => {
    const page = Buffer.alloc(PAGE_SIZE, 1);
    for (const [pages, saved, kept] of [
      [0, 5, 0],
      [32, 32, 32],
      [1024, 100, 128],
      [1024, 1024, 256],
      [16_384, 3000, 2048],
    ]) {
      const archive = new PageArchive(new MemoryFileSystem(), '/temp', pages);
      const slots = Array.from({ length: saved }, () => archive.save(page, 0));
      for (const slot of slots) {
        expect(archive.count).to.be.above(0);
        archive.release(slot);
      }
      expect(archive.memoryBytes / PAGE_SIZE, `${pages} pages in memory, ${saved} images`).to.equal(kept);
    }
  });

  it('say what an image was lost by, and forget it with the fork', () => {
    const archive = new PageArchive(new MemoryFileSystem(), '/temp', 32);
    const page = Buffer.alloc(PAGE_SIZE, 1);
    const kept = archive.save(page, 0);
    const lost = [archive.lose(new SqlError('53100', 'no space')), archive.lose(new SqlError('58030', 'broken'))];
    expect(archive.count).to.equal(1);
    expect(() => archive.load(lost[0], page, 0))
      .to.throw('could not keep a page')
      .with.property('code', '53100');
    expect(() => archive.u16At(lost[1], 0))
      .to.throw('could not keep a page')
      .with.property('code', '58030');
    archive.release(lost[0]);
    archive.release(kept);
    expect(archive.count).to.equal(0);
    expect(() => archive.load(lost[1], page, 0)).to.throw('could not keep a page');
    archive.release(lost[1]);
  });

  it('end without an error when their file cannot be removed, and write over it', () => {
    const fileSystem = new MemoryFileSystem();
    const archive = new PageArchive(fileSystem, '/temp', 0);
    for (let round = 0; round < 3; round++) {
      const slot = archive.save(Buffer.alloc(PAGE_SIZE, round), 0);
      const back = Buffer.alloc(PAGE_SIZE);
      archive.load(slot, back, 0);
      expect(back[100]).to.equal(round);
      fileSystem.failNext('unlink', 'EIO');
      archive.release(slot);
    }
  });
});
