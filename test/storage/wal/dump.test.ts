import { expect } from 'chai';
import { PAGE_SIZE } from '../../../storage/limits.ts';
import {
  dumpWal,
  logAbort,
  logCatalog,
  logCommit,
  logRelationCreate,
  logRelationTruncate,
  logSequence,
  WAL_PAGES,
} from '../../../storage/wal/index.ts';
import { FIRST, logText, openWal } from './wal-rig.ts';

describe('The log for people', () => {
  it('has one line a record, and says where it ends and why', () => {
    const { fileSystem, wal } = openWal();
    const rel = { relId: 5 };
    wal.begin(WAL_PAGES, 9);
    wal.pageInit(rel, 1, PAGE_SIZE);
    wal.pageRange(rel, 1, PAGE_SIZE, 8000, 8016);
    wal.pageRange(rel, 2, 2 * PAGE_SIZE, 8000, 8016);
    wal.end();
    logCommit(wal, [9, 10], 3, 0, [77]);
    logAbort(wal, [11]);
    logCatalog(wal, 9, 'relation/1', new Uint8Array(4));
    logCatalog(wal, 9, 'relation/2', null);
    logSequence(wal, 16400, 33, false);
    logRelationCreate(wal, 9, 78);
    logRelationTruncate(wal, 78, 2);
    logText(wal, 'own');
    wal.flushSync(wal.insertLsn);
    const lines: string[] = [];
    dumpWal({ fileSystem, directory: '/d/wal', fromLsn: FIRST, chain: null }, (line) => lines.push(line));
    expect(lines).to.deep.equal([
      '000001000000 PAGES 120 bytes xid 9: 5/1 init kind 1, 5/1 8000+16, 5/2 image 0..32 8192..8192',
      '000001000078 COMMIT 80 bytes xid 9: csn 3, xids 9 10, drops relations 77',
      '0000010000c8 ABORT 48 bytes xid 11: xids 11',
      '0000010000f8 CATALOG 64 bytes xid 9: "relation/1" 4 bytes',
      '000001000138 CATALOG 56 bytes xid 9: "relation/2" removed',
      '000001000170 SEQUENCE 48 bytes: 16400 at 33, not called',
      '0000010001a0 RELATION_CREATE 40 bytes xid 9: 78',
      '0000010001c8 RELATION_TRUNCATE 40 bytes: 78 to 2 pages',
      '0000010001f0 KIND_40 40 bytes xid 7: 8 bytes of body',
      '000001000218 end of log, after 9 records',
    ]);
  });
});
