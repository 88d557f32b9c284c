/** More tables than files may be open: they are closed and opened again as they are needed. */
import { expect } from 'chai';
import { type FileSystem, MemoryFileSystem, StorageEngine } from '../../../storage/api.ts';
import { makeRow, readRow, retry } from '../heap/support.ts';

const TABLES = 1000;
const OPEN_FILES_MAX = 24;

/** Counts the files below `base/` that are open. */
function counting(files: MemoryFileSystem): {
  readonly fileSystem: FileSystem;
  open: number;
  mostOpen: number;
  opened: number;
} {
  const count = { open: 0, mostOpen: 0, opened: 0, fileSystem: files as FileSystem };
  count.fileSystem = new Proxy(files, {
    get: (target, name, receiver) => {
      if (name !== 'open') {
        const member = Reflect.get(target, name, target);
        return typeof member === 'function' ? member.bind(target) : member;
      }
      void receiver;
      return (path: string, mode: Parameters<FileSystem['open']>[1]) => {
        const file = target.open(path, mode);
        if (!path.includes('/base/')) return file;
        count.opened++;
        count.mostOpen = Math.max(count.mostOpen, ++count.open);
        const close = file.close.bind(file);
        let isOpen = true;
        file.close = () => {
          if (isOpen) count.open--;
          isOpen = false;
          close();
        };
        return file;
      };
    },
  });
  return count;
}

describe(`${TABLES} tables and ${OPEN_FILES_MAX} open files`, () => {
  it('are written, found again after a restart, and dropped', async function () {
    this.timeout(60_000);
    const files = new MemoryFileSystem();
    const count = counting(files);
    const open = async (): Promise<StorageEngine> => {
      const engine = await StorageEngine.open({
        dataDirectory: '/data',
        fileSystem: count.fileSystem,
        sharedBuffers: 128 * 8192,
        openFilesMax: OPEN_FILES_MAX,
        onLog: () => {},
      });
      await engine.startupSweep();
      return engine;
    };
    const commit = (engine: StorageEngine, txn: ReturnType<StorageEngine['transactions']['begin']>): Promise<void> =>
      new Promise((resolve, reject) => {
        engine.transactions.commit(txn, (error) => (error === null ? resolve() : reject(error)));
      });
    let engine = await open();
    const rows: { relId: number; rowId: number }[] = [];
    for (let table = 0; table < TABLES; table++) {
      const txn = engine.transactions.begin();
      const heap = engine.createHeap(txn);
      const xid = engine.transactions.statementXid(txn);
      const rowId = await retry(engine, () => heap.insert(txn, xid, makeRow(table, 500), 500));
      rows.push({ relId: heap.relId, rowId });
      if (table % 50 === 49) await new Promise((resolve) => setImmediate(resolve));
      await commit(engine, txn);
    }
    const check = async (): Promise<void> => {
      for (const [table, { relId, rowId }] of rows.entries()) {
        const row = await retry(engine, () => readRow(engine, engine.heap(relId).newest(rowId)));
        expect(row).to.equal(table);
      }
    };
    await check();
    await engine.close();
    expect(count.open).to.equal(0);
    engine = await open();
    await check();
    const txn = engine.transactions.begin();
    for (const { relId } of rows.slice(0, 990)) engine.dropHeap(txn, relId);
    await commit(engine, txn);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(files.list('/data/base').length).to.be.lessThan(15);
    await engine.close();
    expect(count.opened).to.be.greaterThan(2 * TABLES);
    // Some more while reads and writes are under way on all that are open.
    expect(count.mostOpen).to.be.at.most(OPEN_FILES_MAX * 3);
  });
});
