import { expect } from 'chai';
import fc from 'fast-check';
import { MemoryFileSystem } from '../../../storage/io/index.ts';
import { PAGE_SIZE, WAL_SEGMENT_SIZE } from '../../../storage/limits.ts';
import { pageLsn } from '../../../storage/page/index.ts';
import {
  listWalSegments,
  logAbort,
  logCatalog,
  logCommit,
  logRelationCreate,
  logRelationTruncate,
  logSequence,
  PAGE_ITEM_IMAGE,
  PAGE_ITEM_INIT,
  PAGE_ITEM_RANGE,
  pageItemHigh,
  pageItemLow,
  pageItemType,
  readAbort,
  readCatalog,
  readCommit,
  readRelation,
  readSequence,
  readWal,
  WAL_ABORT,
  WAL_CATALOG,
  WAL_COMMIT,
  WAL_PAGES,
  WAL_RELATION_CREATE,
  WAL_RELATION_TRUNCATE,
  WAL_SEQUENCE,
  Wal,
  WalSegments,
} from '../../../storage/wal/index.ts';
import { randomInt, withSeeds } from '../io/seeded.ts';
import { FakePages, FIRST, logText, openWal, readTexts } from './wal-rig.ts';

const REL = { relId: 5 };

describe('The log', () => {
  it('gives back every kind of record as it was written, in order', () => {
    const { fileSystem, wal } = openWal();
    logCommit(wal, [10, 2 ** 50], 99, 123_456_789_012, [6, 4_000_000_000], [17, 5, 18, 0, 19, -3]);
    logAbort(wal, [11, 12]);
    logCatalog(wal, 13, 'relation/16384/ä', new Uint8Array([1, 2, 3]));
    logCatalog(wal, 13, 'gone', null);
    logSequence(wal, 16390, -5, false);
    logSequence(wal, 16391, 2n ** 63n - 1n, true);
    logRelationCreate(wal, 14, 77);
    logRelationTruncate(wal, 77, 3);
    logText(wal, 'own');
    wal.flushSync(wal.insertLsn);
    const seen: unknown[] = [];
    const end = readWal({ fileSystem, directory: '/d/wal', fromLsn: FIRST, chain: 0 }, (record) => {
      if (record.kind === WAL_COMMIT) seen.push(readCommit(record));
      else if (record.kind === WAL_ABORT) seen.push(readAbort(record));
      else if (record.kind === WAL_CATALOG) seen.push({ xid: record.xid, ...readCatalog(record) });
      else if (record.kind === WAL_SEQUENCE) seen.push(readSequence(record));
      else if (record.kind === WAL_RELATION_CREATE) seen.push({ xid: record.xid, ...readRelation(record) });
      else if (record.kind === WAL_RELATION_TRUNCATE) seen.push(readRelation(record));
      else seen.push(record.text());
    });
    expect(seen).to.deep.equal([
      {
        xids: [10, 2 ** 50],
        csn: 99,
        timestamp: 123_456_789_012,
        droppedRelations: [6, 4_000_000_000],
        rowChanges: [
          [17, 5],
          [19, -3],
        ],
      },
      [11, 12],
      { xid: 13, key: 'relation/16384/ä', bytes: new Uint8Array([1, 2, 3]) },
      { xid: 13, key: 'gone', bytes: null },
      { id: 16390, lastValue: -5, isCalled: false },
      { id: 16391, lastValue: 2n ** 63n - 1n, isCalled: true },
      { xid: 14, relationId: 77, pageCount: 0 },
      { relationId: 77, pageCount: 3 },
      'own',
    ]);
    expect(end).to.deep.include({ lsn: wal.insertLsn, chain: wal.chain, reason: 'end of log', recordCount: 9 });
  });

  it('names a page by its bytes once, by an image after the redo point, and stamps it with the record end', () => {
    const { fileSystem, pages, wal } = openWal();
    const base = 2 * PAGE_SIZE;
    const items: string[] = [];
    const log = (action: () => void): void => {
      wal.begin(WAL_PAGES, 3);
      action();
      const end = wal.end();
      expect(pageLsn(pages.f64, base)).to.equal(end);
      expect(pages.dirty.has(base)).to.equal(true);
    };
    log(() => wal.pageInit(REL, 2, base));
    log(() => wal.pageRange(REL, 2, base, 33, 39));
    wal.redoLsn = wal.insertLsn;
    log(() => {
      wal.pageRange(REL, 2, base, 8000, 8100);
      wal.pageHeader(REL, 2, base);
    });
    log(() => wal.pageRange(REL, 2, base, 8000, 8100));
    wal.flushSync(wal.insertLsn);
    readWal({ fileSystem, directory: '/d/wal', fromLsn: FIRST, chain: 0 }, (record) => {
      let line = '';
      while (record.end - record.position >= 12) {
        expect([record.u32(), record.u32()]).to.deep.equal([5, 2]);
        const packed = record.u32();
        const [low, high] = [pageItemLow(packed), pageItemHigh(packed)];
        const type = pageItemType(packed);
        if (type === PAGE_ITEM_RANGE) record.position += high;
        if (type === PAGE_ITEM_IMAGE) record.position += low + PAGE_SIZE - high;
        line += ` ${['', 'range', 'image', 'init'][type]} ${low} ${high}`;
      }
      items.push(line.trim());
    });
    expect(PAGE_ITEM_INIT).to.equal(3);
    expect(items).to.deep.equal(['init 0 1', 'range 32 8', 'image 32 8192 range 12 20', 'range 8000 100']);
  });

  it('grows over segments, with records that lie across their border', () => {
    const { fileSystem, wal } = openWal();
    const texts: string[] = [];
    for (let i = 0; i < 40; i++) {
      texts.push(String.fromCharCode(97 + (i % 26)).repeat(1_000_000 + i));
      logText(wal, texts[i]);
      if (i % 7 === 0) wal.flushSync(wal.insertLsn);
    }
    wal.flushSync(wal.insertLsn);
    expect(listWalSegments(fileSystem, '/d/wal')).to.deep.equal([1, 2, 3].map((n) => n * WAL_SEGMENT_SIZE));
    const { texts: read, end } = readTexts(fileSystem);
    expect(read.length).to.equal(texts.length);
    expect(read.every((text, i) => text === texts[i])).to.equal(true);
    expect(end.lsn).to.equal(wal.insertLsn);
  });

  it('recycles segments that are not needed, and is not confused by what they held', () => {
    const { fileSystem, wal } = openWal();
    const chunk = 'x'.repeat(3_000_000);
    for (let i = 0; i < 12; i++) logText(wal, chunk);
    wal.flushSync(wal.insertLsn);
    const redo = wal.insertLsn;
    const redoChain = wal.chain;
    wal.removeBefore(redo);
    expect(fileSystem.list('/d/wal').filter((name) => name.startsWith('spare-')).length).to.equal(2);
    for (let i = 0; i < 12; i++) {
      logText(wal, `${chunk}${i}`);
      wal.flushSync(wal.insertLsn);
      const { texts, end } = readTexts(fileSystem, redo, redoChain);
      expect(texts.length).to.equal(i + 1);
      expect(end.lsn).to.equal(wal.insertLsn);
    }
  });
});

describe('Segments', () => {
  it('are never two names of one file, though a power cut kept a name that had gone', async () => {
    const { fileSystem, wal } = openWal();
    const chunk = 'x'.repeat(3_000_000);
    for (let i = 0; i < 12; i++) logText(wal, chunk);
    wal.flushSync(wal.insertLsn);
    const redo = wal.insertLsn;
    const redoChain = wal.chain;
    // Segments become spares; their old names are gone, but not for good.
    wal.removeBefore(redo);
    const names = fileSystem.list('/d/wal').length;
    let doubles = 0;
    const lives = withSeeds(10, (random) => {
      const fork = fileSystem.fork();
      fork.crash({ random });
      if (fork.list('/d/wal').length > names) doubles++;
      const segments = new WalSegments(fork, '/d/wal');
      const next = new Wal({ segments });
      next.open(redo, redoChain);
      for (let i = 0; i < 5; i++) logText(next, `${chunk}${i}`);
      next.flushSync(next.insertLsn);
      // Once more: what was a segment under two names would now be written under the other.
      next.removeBefore(redo);
      for (let i = 5; i < 15; i++) logText(next, `${chunk}${i}`);
      next.flushSync(next.insertLsn);
      expect(readTexts(fork, redo, redoChain).end.lsn).to.equal(next.insertLsn);
      next.close();
    });
    await lives();
    // About every fourth power cut leaves a file under two names.
    if (process.env['HOTROW_SEED'] === undefined) expect(doubles).to.be.greaterThan(0);
  });

  it('end early when they are to be archived: the log goes on with the next', () => {
    const { fileSystem, wal } = openWal();
    logText(wal, 'one');
    const end = wal.switchSegment();
    expect(wal.insertLsn).to.equal(2 * WAL_SEGMENT_SIZE);
    expect(wal.flushedLsn).to.equal(wal.insertLsn);
    expect(wal.switchSegment(), 'nothing in it').to.equal(2 * WAL_SEGMENT_SIZE);
    expect(readTexts(fileSystem).end).to.include({ lsn: 2 * WAL_SEGMENT_SIZE, reason: 'missing segment' });
    const fork = fileSystem.fork();
    fork.crash({});
    const file = fork.open('/d/wal/0000000001000000', 'read');
    expect(file.size(), 'no more than was written').to.equal(end - WAL_SEGMENT_SIZE);
    logText(wal, 'two');
    wal.flushSync(wal.insertLsn);
    const { texts, end: at } = readTexts(fileSystem);
    expect(texts).to.deep.equal(['one', 'kind 10', 'two']);
    expect(at.lsn).to.equal(wal.insertLsn);
  });

  it('are as long after a crash as when they were copied, when the disk did not let them be cut', () => {
    for (const op of ['truncate', 'sync'] as const) {
      const { fileSystem, wal } = openWal();
      logText(wal, 'one');
      wal.flushSync(wal.insertLsn);
      // Of syncs the switch record's comes first.
      fileSystem.failNext(op, 'EIO', op === 'sync' ? 1 : 0);
      const size = wal.switchSegment() - WAL_SEGMENT_SIZE;
      fileSystem.failNext('sync', 'EIO');
      expect(() => wal.sealSegment(WAL_SEGMENT_SIZE)).to.throw('could not fsync');
      wal.sealSegment(WAL_SEGMENT_SIZE);
      const fork = fileSystem.fork();
      fork.crash({});
      expect(fork.open('/d/wal/0000000001000000', 'read').size(), op).to.equal(size);
    }
  });

  it('end early while a flush is under way', async () => {
    const { fileSystem, wal } = openWal({ flushMode: 'async' });
    const texts: string[] = [];
    const flushed: Promise<void>[] = [];
    for (let i = 0; i < 30; i++) {
      texts.push(`${i}`.repeat(1 + i * 900));
      logText(wal, texts[i]);
      const lsn = wal.insertLsn;
      flushed.push(
        new Promise((resolve, reject) => {
          wal.requestFlush(lsn, (error) => (error === null ? resolve() : reject(error)));
        }),
      );
      if (i % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
      if (i % 4 === 1) wal.switchSegment();
    }
    await Promise.all(flushed);
    const { texts: read, end } = readTexts(fileSystem);
    expect(read.filter((text) => text !== 'kind 10').every((text, i) => text === texts[i])).to.equal(true);
    expect(read.length).to.equal(texts.length + 8);
    expect(end.lsn).to.equal(wal.insertLsn);
  });
});

describe('The end of the log', () => {
  function threeRecords(): { fileSystem: MemoryFileSystem; ends: number[]; path: string } {
    const { fileSystem, wal } = openWal();
    const ends = [FIRST];
    for (const text of ['one', 'the second record', 'three, the last of them all']) ends.push(logText(wal, text));
    wal.flushSync(wal.insertLsn);
    return { fileSystem, ends, path: `/d/wal/${FIRST.toString(16).padStart(16, '0')}` };
  }
  const TEXTS = ['one', 'the second record', 'three, the last of them all'];

  it('is the last whole record, wherever the file is cut off', () => {
    const { fileSystem, ends, path } = threeRecords();
    const file = fileSystem.open(path, 'readwrite');
    for (let size = ends[3] - FIRST; size >= 0; size--) {
      file.truncateSync(size);
      const { texts, end } = readTexts(fileSystem);
      const whole = ends.filter((lsn) => lsn > FIRST && lsn - FIRST <= size).length;
      expect(texts).to.deep.equal(TEXTS.slice(0, whole));
      expect(end.lsn).to.equal(ends[whole]);
      expect(end.reason).to.equal('segment ends early');
    }
  });

  it('is before a record of which any bit has changed', () => {
    const { fileSystem, ends, path } = threeRecords();
    for (let offset = 0; offset < ends[3] - FIRST; offset++) {
      const mask = 1 << (offset % 8);
      fileSystem.corrupt(path, offset, mask);
      const { texts } = readTexts(fileSystem);
      fileSystem.corrupt(path, offset, mask);
      const hit = ends.findIndex((lsn) => lsn - FIRST > offset) - 1;
      expect(texts, `byte ${offset}`).to.deep.equal(TEXTS.slice(0, hit));
    }
    expect(readTexts(fileSystem).texts).to.deep.equal(TEXTS);
  });

  it('is not continued by what an earlier life wrote behind it', () => {
    const { fileSystem, ends } = threeRecords();
    const first = readTexts(fileSystem);
    expect(first.texts.length).to.equal(3);
    let chain = 0;
    readWal({ fileSystem, directory: '/d/wal', fromLsn: FIRST, chain: 0 }, (record) => {
      if (record.lsn === FIRST) chain = record.view.getUint32(record.position - 32 + 4, true);
    });
    // The second record is written again, of the same size: the old third one stands right behind it, whole.
    const second = openWal({ fileSystem, lsn: ends[1], chain });
    expect(logText(second.wal, 'another, as long!')).to.equal(ends[2]);
    second.wal.flushSync(ends[2]);
    const { texts, end } = readTexts(fileSystem);
    expect(texts).to.deep.equal(['one', 'another, as long!']);
    expect(end.reason).to.equal('wrong checksum');
  });

  it(
    'after a crash is at or behind what was flushed',
    withSeeds(40, (random) => {
      const { fileSystem, wal } = openWal();
      const texts: string[] = [];
      let flushed = 0;
      const count = 1 + randomInt(random, 30);
      for (let i = 0; i < count; i++) {
        texts.push(`${i}`.repeat(1 + randomInt(random, 3000)));
        const end = logText(wal, texts[i]);
        if (random() < 0.3) {
          wal.flushSync(end);
          flushed = texts.length;
        }
      }
      fileSystem.crash({ random, tear: true });
      const read = readTexts(fileSystem).texts;
      expect(read).to.deep.equal(texts.slice(0, read.length));
      expect(read.length).to.be.at.least(flushed);
    }),
  );
});

describe('Group commit', () => {
  it('flushes once for all requests of a turn', (done) => {
    const { fileSystem, wal } = openWal();
    const before = fileSystem.counts.sync;
    let answered = 0;
    for (let i = 0; i < 8; i++) {
      const lsn = logText(wal, `commit ${i}`);
      wal.requestFlush(lsn, (error) => {
        expect(error).to.equal(null);
        expect(wal.flushedLsn).to.be.at.least(lsn);
        if (++answered < 8) return;
        expect(fileSystem.counts.sync - before).to.equal(1);
        done();
      });
    }
    expect(answered).to.equal(0);
  });

  it('lets those who come during a flush share the next one', (done) => {
    const { fileSystem, wal } = openWal({ flushMode: 'async' });
    const before = fileSystem.counts.sync;
    let answered = 0;
    const answer = (): void => {
      if (++answered < 11) return;
      expect(fileSystem.counts.sync - before).to.equal(2);
      expect(readTexts(fileSystem).texts.length).to.equal(11);
      done();
    };
    wal.requestFlush(logText(wal, 'first'), answer);
    fileSystem.onOperation = (op) => {
      if (op !== 'write') return;
      fileSystem.onOperation = null;
      for (let i = 0; i < 10; i++) wal.requestFlush(logText(wal, `later ${i}`), answer);
    };
  });

  it('is synchronous when nobody else could use the time, and asynchronous otherwise', async () => {
    const answeredInOneTurn = async (waiters: number, writersInProgress: number): Promise<boolean> => {
      const { wal } = openWal();
      wal.writersInProgress = writersInProgress;
      let answered = 0;
      for (let i = 0; i < waiters; i++) wal.requestFlush(logText(wal, 'x'), () => answered++);
      await new Promise((resolve) => setImmediate(resolve));
      return answered === waiters;
    };
    expect(await answeredInOneTurn(1, -1)).to.equal(true);
    expect(await answeredInOneTurn(2, -1)).to.equal(false);
    expect(await answeredInOneTurn(8, 0)).to.equal(true);
    expect(await answeredInOneTurn(1, 1)).to.equal(true);
    expect(await answeredInOneTurn(1, 2)).to.equal(false);
    expect(await answeredInOneTurn(2, 1)).to.equal(false);
  });

  it('answers at once for what is durable', () => {
    const { wal } = openWal();
    const lsn = logText(wal, 'x');
    wal.flushSync(lsn);
    let answered = false;
    wal.requestFlush(lsn, () => {
      answered = true;
    });
    expect(answered).to.equal(true);
  });

  it('gives back the memory of a bulk load when commits are small again', async () => {
    const { fileSystem, wal } = openWal({ flushMode: 'async' });
    const commit = (text: string): Promise<void> =>
      new Promise((resolve, reject) =>
        wal.requestFlush(logText(wal, text), (error) => (error === null ? resolve() : reject(error))),
      );
    const small = wal.memoryBytes;
    const texts = ['x'.repeat(3_000_000), 'y'.repeat(3_000_000)];
    for (const text of texts) await commit(text);
    expect(wal.memoryBytes).to.be.above(6_000_000);
    for (let i = 0; i < 70; i++) {
      texts.push(`small ${i}`);
      await commit(texts.at(-1)!);
    }
    expect(wal.memoryBytes).to.be.at.most(2 * small);
    expect(readTexts(fileSystem).texts).to.deep.equal(texts);
  });

  it('a synchronous flush does not count on a sync that is still under way', () => {
    const underWay: (() => void)[] = [];
    const fileSystem = new MemoryFileSystem({ schedule: (run) => underWay.push(run) });
    const { wal } = openWal({ flushMode: 'async', fileSystem });
    const lsn = logText(wal, 'a');
    return new Promise<void>((resolve, reject) => {
      const before = fileSystem.counts.sync;
      wal.requestFlush(lsn, () => reject(new Error('nothing may be acknowledged')));
      setImmediate(() => {
        // Written in place; the sync has begun.
        expect([fileSystem.counts.sync - before, underWay.length]).to.deep.equal([0, 1]);
        wal.flushSync(lsn);
        const survivor = fileSystem.fork();
        survivor.crash();
        expect(readTexts(survivor).texts).to.deep.equal(['a']);
        resolve();
      });
    });
  });

  it('a synchronous flush during an asynchronous one loses and doubles nothing', (done) => {
    const { fileSystem, wal } = openWal({ flushMode: 'async' });
    wal.requestFlush(logText(wal, 'a'), () => {
      fileSystem.onOperation = null;
      expect(readTexts(fileSystem).texts).to.deep.equal(['a', 'b']);
      const lsn = logText(wal, 'c');
      wal.requestFlush(lsn, () => {
        expect(readTexts(fileSystem).texts).to.deep.equal(['a', 'b', 'c']);
        done();
      });
    });
    setImmediate(() => {
      // The asynchronous write is under way, its bytes are not in the file yet.
      const lsn = logText(wal, 'b');
      wal.flushSync(lsn);
      expect(wal.flushedLsn).to.equal(lsn);
      expect(readTexts(fileSystem).texts).to.deep.equal(['a', 'b']);
    });
  });

  it('with everysec acknowledges what the operating system has, and syncs later; a durable request still waits', (done) => {
    const { fileSystem, wal } = openWal({ sync: 'everysec' });
    const before = fileSystem.counts.sync;
    const lsn = logText(wal, 'quick');
    wal.requestFlush(lsn, () => {
      expect(fileSystem.counts.sync).to.equal(before);
      expect(readTexts(fileSystem).texts).to.deep.equal(['quick']);
      expect(wal.flushedLsn).to.be.below(lsn);
      wal.requestDurable(lsn, () => {
        expect(wal.flushedLsn).to.equal(lsn);
        wal.close();
        done();
      });
    });
  });

  it('flushSoon flushes without anybody waiting', (done) => {
    const { wal } = openWal();
    const lsn = logText(wal, 'x');
    wal.flushSoon();
    wal.flushSoon();
    const look = (): void => {
      if (wal.flushedLsn >= lsn) done();
      else setTimeout(look, 5);
    };
    look();
  });
});

describe('A log that cannot be written', () => {
  it('on a full disk refuses new work before it changes anything, lets commits through, and recovers by itself', (done) => {
    const { fileSystem, wal } = openWal();
    logText(wal, 'before');
    fileSystem.capacity = fileSystem.usedSpace();
    let refused = 0;
    for (let i = 0; i < 1000 && refused === 0; i++) {
      try {
        logText(wal, 'y'.repeat(1000));
      } catch (error) {
        expect(error).to.include({ code: '53100' });
        refused++;
      }
    }
    expect(refused).to.equal(1);
    const lsn = logCommit(wal, [1], 2, 3, []);
    wal.flushSync(lsn);
    for (let i = 0; i < 300; i++)
      logCommit(
        wal,
        Array.from({ length: 200 }, (_, n) => n),
        i,
        3,
        [],
      );
    const last = wal.insertLsn;
    expect(() => wal.flushSync(last)).to.throw('No space left on device');
    wal.requestFlush(last, (error) => {
      expect(error).to.equal(null);
      logText(wal, 'again');
      wal.flushSync(wal.insertLsn);
      expect(readTexts(fileSystem).texts.at(-1)).to.equal('again');
      done();
    });
    fileSystem.capacity = Number.POSITIVE_INFINITY;
  });

  it('after a failed sync is broken for good, and says so once', (done) => {
    let broken = 0;
    const { fileSystem, wal } = openWal({ onBroken: () => broken++ });
    const lsn = logText(wal, 'x');
    fileSystem.failNext('sync', 'EIO');
    wal.requestFlush(lsn, (error) => {
      expect(error).to.include({ code: '58030', severity: 'PANIC' });
      expect(() => logText(wal, 'y')).to.throw('cannot be written');
      wal.requestFlush(lsn, (again) => {
        expect(again).to.equal(error);
        expect(broken).to.equal(1);
        done();
      });
    });
  });

  it('after a failed sync does not believe one that was under way', async () => {
    const { fileSystem, wal } = openWal({ flushMode: 'async', onBroken: () => {} });
    const lsn = logText(wal, 'x');
    const flushed = wal.flushedLsn;
    const answer = new Promise((resolve) => wal.requestFlush(lsn, resolve));
    await new Promise((resolve) => setImmediate(resolve));
    logText(wal, 'y');
    fileSystem.failNext('sync', 'EIO');
    expect(() => wal.flushSync(wal.insertLsn)).to.throw('cannot be written');
    expect(await answer).to.include({ code: '58030', severity: 'PANIC' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(wal.flushedLsn).to.equal(flushed);
  });

  it('an error between begin and end leaves no record', () => {
    const { fileSystem, wal } = openWal();
    logText(wal, 'a');
    wal.begin(40, 1);
    wal.text('half');
    wal.cancel();
    logText(wal, 'b');
    wal.flushSync(wal.insertLsn);
    expect(readTexts(fileSystem).texts).to.deep.equal(['a', 'b']);
  });
});

describe('A log that keeps nothing', () => {
  it('moves on, stamps pages, and finds everything durable', () => {
    const wal = new Wal({ segments: null });
    const pages = new FakePages(2);
    wal.attachPages(pages);
    wal.open(FIRST, 0);
    let answered = 0;
    let last = FIRST;
    for (let i = 0; i < 100; i++) {
      wal.begin(WAL_PAGES, i);
      wal.pageRange(REL, 1, PAGE_SIZE, 100, 200);
      const lsn = wal.end();
      expect(lsn).to.be.above(last);
      expect(pageLsn(pages.f64, PAGE_SIZE)).to.equal(lsn);
      last = lsn;
      wal.requestFlush(lsn, () => answered++);
      wal.flushSync(lsn);
    }
    logCatalog(wal, 1, 'key', new Uint8Array(100));
    wal.flushSoon();
    wal.close();
    expect(answered).to.equal(100);
  });
});

describe('Record bodies', () => {
  it('give back any values', () => {
    const value = fc.oneof(
      fc.record({ kind: fc.constant('u32' as const), value: fc.nat(2 ** 31 - 1) }),
      fc.record({ kind: fc.constant('f64' as const), value: fc.double({ noNaN: true }) }),
      fc.record({ kind: fc.constant('bytes' as const), value: fc.uint8Array({ maxLength: 50 }) }),
      fc.record({ kind: fc.constant('int64' as const), value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) }),
    );
    fc.assert(
      fc.property(fc.array(fc.array(value, { maxLength: 6 }), { maxLength: 6 }), (bodies) => {
        const { fileSystem, wal } = openWal({ fileSystem: new MemoryFileSystem() });
        for (const body of bodies) {
          wal.begin(50, 0);
          for (const field of body) {
            if (field.kind === 'u32') wal.u32(field.value);
            else if (field.kind === 'f64') wal.f64(field.value);
            else if (field.kind === 'bytes') wal.bytes(field.value, 0, field.value.length);
            else wal.int64(field.value);
          }
          wal.end();
        }
        wal.flushSync(wal.insertLsn);
        let n = 0;
        readWal({ fileSystem, directory: '/d/wal', fromLsn: FIRST, chain: 0 }, (record) => {
          for (const field of bodies[n]) {
            if (field.kind === 'bytes') expect(record.bytes()).to.deep.equal(field.value);
            else if (field.kind === 'int64') expect(BigInt(record.int64())).to.equal(field.value);
            else expect(record[field.kind]()).to.equal(field.value);
          }
          n++;
        });
        expect(n).to.equal(bodies.length);
        wal.close();
      }),
      { numRuns: 30 },
    );
  });
});
