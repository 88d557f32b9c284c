import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  type FileSystem,
  MemoryFileSystem,
  makeFolder,
  NodeFileSystem,
  replaceFile,
} from '../../../storage/io/index.ts';
import type { SqlError } from '../../../types/errors.ts';
import { seededRandom } from './seeded.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

function readAll(fileSystem: FileSystem, path: string): string {
  const file = fileSystem.open(path, 'read');
  const bytes = new Uint8Array(file.size());
  file.readSync(bytes, 0, bytes.length, 0);
  file.close();
  return text(bytes);
}

function codeOf(action: () => void): string {
  try {
    action();
  } catch (error) {
    return (error as SqlError).code;
  }
  return 'no error';
}

for (const kind of ['node', 'memory'] as const) {
  describe(`A file system (${kind})`, () => {
    let root: string;
    let fileSystem: FileSystem;

    beforeEach(() => {
      root = kind === 'node' ? mkdtempSync(join(tmpdir(), 'hotrow-io-')) : '/m';
      fileSystem = kind === 'node' ? new NodeFileSystem() : new MemoryFileSystem();
      fileSystem.mkdir(`${root}/a/b`);
    });
    afterEach(() => {
      if (kind === 'node') rmSync(root, { recursive: true });
    });

    it('reads what was written, at any offset, and less at the end', () => {
      const file = fileSystem.open(`${root}/a/f`, 'create');
      file.writeSync(Buffer.from('xhellox'), 1, 5, 3);
      expect(file.size()).to.equal(8);
      const bytes = new Uint8Array(10);
      expect(file.readSync(bytes, 2, 8, 1)).to.equal(7);
      expect(text(bytes)).to.equal('\0\0\0\0hello\0');
      file.truncateSync(4);
      expect(readAll(fileSystem, `${root}/a/f`)).to.equal('\0\0\0h');
      file.close();
      file.close();
    });

    it('does the same asynchronously, with callbacks after the call', (done) => {
      const file = fileSystem.open(`${root}/a/f`, 'create');
      let returned = false;
      file.writev([Buffer.from('abc'), Buffer.from('defg')], 1, (writeError) => {
        expect(returned).to.equal(true);
        expect(writeError).to.equal(null);
        const parts = [new Uint8Array(2), new Uint8Array(10)];
        file.readv(parts, 2, (readError, count) => {
          expect(readError).to.equal(null);
          expect(count).to.equal(6);
          expect(parts.map(text)).to.deep.equal(['bc', 'defg\0\0\0\0\0\0']);
          file.fdatasync((syncError) => {
            expect(syncError).to.equal(null);
            file.close();
            done();
          });
        });
      });
      returned = true;
    });

    it('tells missing and existing files apart, by SQLSTATE', () => {
      expect(codeOf(() => fileSystem.open(`${root}/none`, 'read'))).to.equal('58P01');
      expect(codeOf(() => fileSystem.open(`${root}/no/folder`, 'create'))).to.equal('58P01');
      fileSystem.open(`${root}/f`, 'exclusive').close();
      expect(codeOf(() => fileSystem.open(`${root}/f`, 'exclusive'))).to.equal('58P02');
      fileSystem.unlink(`${root}/none`);
      expect(fileSystem.exists(`${root}/f`)).to.equal(true);
    });

    it('lists a folder in order, with folders, and renames over what is there', () => {
      for (const name of ['2', '10', '1']) fileSystem.open(`${root}/${name}`, 'create').close();
      expect(fileSystem.list(root)).to.deep.equal(['1', '10', '2', 'a']);
      expect(fileSystem.list(`${root}/none`)).to.deep.equal([]);
      const file = fileSystem.open(`${root}/1`, 'readwrite');
      file.writeSync(Buffer.from('one'), 0, 3, 0);
      fileSystem.rename(`${root}/1`, `${root}/2`);
      expect(fileSystem.list(root)).to.deep.equal(['10', '2', 'a']);
      expect(readAll(fileSystem, `${root}/2`)).to.equal('one');
      file.close();
    });

    it('replaces a file whole', () => {
      replaceFile(fileSystem, `${root}/a`, 'c', Buffer.from('first, longer'));
      replaceFile(fileSystem, `${root}/a`, 'c', Buffer.from('second'));
      expect(readAll(fileSystem, `${root}/a/c`)).to.equal('second');
      expect(fileSystem.list(`${root}/a`)).to.deep.equal(['b', 'c']);
    });
  });
}

describe('A crash of the memory file system', () => {
  it('keeps what was synced and loses the rest', () => {
    const fileSystem = new MemoryFileSystem();
    makeFolder(fileSystem, '/d');
    const file = fileSystem.open('/d/f', 'create');
    file.writeSync(Buffer.from('kept'), 0, 4, 0);
    file.fdatasyncSync();
    fileSystem.fsyncDir('/d');
    file.writeSync(Buffer.from('lost'), 0, 4, 2);
    fileSystem.open('/d/new', 'create').close();
    fileSystem.crash();
    expect(fileSystem.list('/d')).to.deep.equal(['f']);
    expect(readAll(fileSystem, '/d/f')).to.equal('kept');
    expect(() => file.size()).to.throw('before the crash');
  });

  it('may keep any part of what was not synced', () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 100; seed++) {
      const fileSystem = new MemoryFileSystem();
      makeFolder(fileSystem, '/d');
      const file = fileSystem.open('/d/f', 'create');
      file.writeSync(Buffer.alloc(1024, 'a'), 0, 1024, 0);
      file.fdatasyncSync();
      fileSystem.fsyncDir('/d');
      file.writeSync(Buffer.alloc(1024, 'b'), 0, 1024, 0);
      fileSystem.crash({ random: seededRandom(seed), tear: true });
      const content = readAll(fileSystem, '/d/f');
      seen.add(content[0] + content[512]);
      expect(content).to.match(/^[ab]{1024}$/);
      const cuts = [...content.matchAll(/ab|ba/g)].map((found) => found.index + 1);
      if (cuts.some((cut) => cut % 512 !== 0)) seen.add('cut at any byte');
    }
    expect([...seen].sort()).to.deep.equal(['aa', 'ab', 'ba', 'bb', 'cut at any byte']);
  });

  it('forgets a rename that was not made durable, or keeps it', () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 30; seed++) {
      const fileSystem = new MemoryFileSystem();
      makeFolder(fileSystem, '/d');
      replaceFile(fileSystem, '/d', 'f', Buffer.from('old'));
      const file = fileSystem.open('/d/g', 'create');
      file.writeSync(Buffer.from('new'), 0, 3, 0);
      file.fdatasyncSync();
      fileSystem.rename('/d/g', '/d/f');
      fileSystem.crash({ random: seededRandom(seed) });
      seen.add(readAll(fileSystem, '/d/f'));
    }
    expect([...seen].sort()).to.deep.equal(['new', 'old']);
  });

  it('calls back no operation that was under way', (done) => {
    const fileSystem = new MemoryFileSystem();
    makeFolder(fileSystem, '/d');
    const file = fileSystem.open('/d/f', 'create');
    file.write(Buffer.from('x'), 0, 1, 0, () => done(new Error('called back')));
    fileSystem.crash();
    setTimeout(done, 5);
  });

  it('fails where a test asks for it, and when it is full', () => {
    const fileSystem = new MemoryFileSystem();
    makeFolder(fileSystem, '/d');
    const file = fileSystem.open('/d/f', 'create');
    fileSystem.failNext('write', 'EIO', 1);
    file.writeSync(Buffer.from('x'), 0, 1, 0);
    expect(codeOf(() => file.writeSync(Buffer.from('x'), 0, 1, 0))).to.equal('58030');
    fileSystem.capacity = 10;
    expect(codeOf(() => file.writeSync(Buffer.alloc(20), 0, 20, 0))).to.equal('53100');
    file.writeSync(Buffer.alloc(10), 0, 10, 0);
    expect(fileSystem.freeSpace('/d')).to.equal(0);
  });

  it('takes folders whose names were not made durable', () => {
    const fileSystem = new MemoryFileSystem();
    fileSystem.mkdir('/a/b');
    fileSystem.open('/a/b/f', 'create').close();
    fileSystem.fsyncDir('/a/b');
    fileSystem.fsyncDir('/');
    fileSystem.crash();
    expect([fileSystem.exists('/a'), fileSystem.exists('/a/b'), fileSystem.exists('/a/b/f')]).to.deep.equal([
      true,
      false,
      false,
    ]);
  });

  it('is no death of the process, which leaves everything', () => {
    const fileSystem = new MemoryFileSystem();
    fileSystem.mkdir('/d');
    const file = fileSystem.open('/d/f', 'create');
    file.writeSync(Buffer.from('x'), 0, 1, 0);
    fileSystem.kill();
    expect(readAll(fileSystem, '/d/f')).to.equal('x');
    expect(() => file.size()).to.throw('before the crash');
    fileSystem.crash();
    expect(fileSystem.exists('/d/f')).to.equal(false);
  });

  it('loses what a failed sync was to write, though the next sync succeeds', () => {
    const fileSystem = new MemoryFileSystem();
    makeFolder(fileSystem, '/d');
    const file = fileSystem.open('/d/f', 'create');
    fileSystem.fsyncDir('/d');
    file.writeSync(Buffer.from('lost'), 0, 4, 0);
    fileSystem.failNext('sync', 'EIO');
    expect(codeOf(() => file.fdatasyncSync())).to.equal('58030');
    file.fdatasyncSync();
    expect(readAll(fileSystem, '/d/f')).to.equal('lost');
    fileSystem.crash();
    expect(readAll(fileSystem, '/d/f')).to.equal('');
  });

  it('does not touch a fork, nor the fork what it was made from', () => {
    const fileSystem = new MemoryFileSystem();
    makeFolder(fileSystem, '/d');
    replaceFile(fileSystem, '/d', 'f', Buffer.from('base'));
    const file = fileSystem.open('/d/f', 'readwrite');
    file.writeSync(Buffer.from('X'), 0, 1, 0);
    const fork = fileSystem.fork();
    file.writeSync(Buffer.from('Y'), 0, 1, 1);
    file.fdatasyncSync();
    const other = fork.open('/d/f', 'readwrite');
    other.writeSync(Buffer.from('Z'), 0, 1, 2);
    other.truncateSync(3);
    expect([readAll(fileSystem, '/d/f'), readAll(fork, '/d/f')]).to.deep.equal(['XYse', 'XaZ']);
    fork.crash();
    fileSystem.crash();
    expect([readAll(fileSystem, '/d/f'), readAll(fork, '/d/f')]).to.deep.equal(['XYse', 'base']);
  });
});
