import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { NodeFileSystem } from '../../../storage/io/index.ts';
import {
  LOCK_FILE,
  lockDirectory,
  type ProcessTable,
  startFromStat,
  systemProcesses,
} from '../../../storage/recovery/index.ts';

describe('The lock of a data directory', () => {
  let directory: string;
  const fileSystem = new NodeFileSystem();
  const path = (): string => join(directory, LOCK_FILE);

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'hotrow-lock-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** Processes by number, with their start. */
  function processes(ownPid: number, living: Record<number, string>): ProcessTable {
    return { ownPid, startOf: (pid) => living[pid] ?? null };
  }

  it('is not held by a process that has ended but was never reaped', () => {
    const fields = (state: string): string => `42 (node (x) y) ${state} ${'0 '.repeat(18)}777 0`;
    expect(startFromStat(fields('S'))).to.equal('777');
    expect(startFromStat(fields('Z'))).to.equal(null);
  });

  it('is held by one server, and names it to the next', () => {
    const lock = lockDirectory(fileSystem, directory, processes(100, { 100: 'a', 200: 'b' }));
    expect(readFileSync(path(), 'utf8')).to.equal(`100\na\n${directory}\n`);
    expect(() => lockDirectory(fileSystem, directory, processes(200, { 100: 'a', 200: 'b' })))
      .to.throw('lock file "hotrow.pid" already exists')
      .that.includes({ code: 'F0001', severity: 'FATAL' })
      .and.has.nested.property(
        'fields.hint',
        `Is another hotrow server (PID 100) running in data directory "${directory}"?`,
      );
    lock.release();
    lock.release();
    expect(existsSync(path())).to.equal(false);
  });

  it('is not taken twice by one process', () => {
    const lock = lockDirectory(fileSystem, directory);
    expect(() => lockDirectory(fileSystem, directory)).to.throw('already exists');
    lock.release();
    lockDirectory(fileSystem, directory).release();
  });

  it('of a dead process, of a number in use again, of our own number before us, and of no process at all, is stale', () => {
    for (const content of ['300\nx\n', '200\nearlier\n', '100\nearlier\n', 'nonsense', '']) {
      writeFileSync(path(), content);
      const lock = lockDirectory(fileSystem, directory, processes(100, { 100: 'a', 200: 'b' }));
      expect(readFileSync(path(), 'utf8')).to.match(/^100\n/);
      lock.release();
    }
  });

  it('of a living process whose start cannot be known is respected', () => {
    writeFileSync(path(), '200\n\n');
    expect(() => lockDirectory(fileSystem, directory, processes(100, { 100: 'a', 200: '' }))).to.throw(
      'already exists',
    );
  });

  it('is not removed by a server that no longer holds it', () => {
    const lock = lockDirectory(fileSystem, directory, processes(100, { 100: 'a' }));
    writeFileSync(path(), '200\nb\n');
    lock.release();
    expect(readFileSync(path(), 'utf8')).to.equal('200\nb\n');
  });

  it('knows the living from the dead in this system', () => {
    const dead = spawnSync('true').pid;
    expect(systemProcesses.startOf(process.pid)).to.be.a('string');
    expect(systemProcesses.startOf(dead)).to.equal(null);
  });
});
