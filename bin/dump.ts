/**
 * `hotrow dump control|wal|page DIR ...`: files of a data directory for human eyes. Reads, and changes nothing; of a running
 * server's directory it shows what is on disk.
 */
import { type FileSystem, NodeFileSystem, PAGE_SIZE } from '../storage/api.ts';
import { dumpPage } from '../storage/page/index.ts';
import { dumpControl, readControl, walDirectory } from '../storage/recovery/index.ts';
import { dumpWal } from '../storage/wal/index.ts';
import { SqlError } from '../types/errors.ts';

const USAGE = `usage: hotrow dump control DIR
       hotrow dump wal DIR [LSN]             from an LSN (hexadecimal), or the redo point
       hotrow dump page DIR RELATION BLOCK
`;

/** Answers the exit status. */
export function dump(words: readonly string[], write: (text: string) => void, warn: (text: string) => void): number {
  const [what, directory, ...rest] = words;
  const fileSystem = new NodeFileSystem();
  try {
    if (what === 'control' && directory !== undefined && rest.length === 0) {
      write(`${dumpControl(controlOf(fileSystem, directory))}\n`);
      return 0;
    }
    if (what === 'wal' && directory !== undefined && rest.length <= 1)
      return dumpLog(fileSystem, directory, rest[0], write);
    if (what === 'page' && directory !== undefined && rest.length === 2 && rest.every((word) => /^\d+$/.test(word)))
      return dumpOnePage(fileSystem, directory, Number(rest[0]), Number(rest[1]), write, warn);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    warn(`hotrow: ${error.message}\n`);
    return 2;
  }
  warn(USAGE);
  return 2;
}

function controlOf(fileSystem: FileSystem, directory: string) {
  const control = readControl(fileSystem, directory);
  if (control === null) throw new SqlError('58P01', `"${directory}" is not a data directory`);
  return control;
}

function dumpLog(
  fileSystem: FileSystem,
  directory: string,
  from: string | undefined,
  write: (text: string) => void,
): number {
  const fromLsn = from === undefined ? controlOf(fileSystem, directory).redoLsn : Number.parseInt(from, 16);
  if (!(fromLsn >= 0)) throw new SqlError('22P02', `invalid LSN: "${from}"`);
  const chain = from === undefined ? controlOf(fileSystem, directory).redoChain : null;
  dumpWal({ fileSystem, directory: walDirectory(directory), fromLsn, chain }, (line) => write(`${line}\n`));
  return 0;
}

function dumpOnePage(
  fileSystem: FileSystem,
  directory: string,
  relation: number,
  block: number,
  write: (text: string) => void,
  warn: (text: string) => void,
): number {
  const memory = new ArrayBuffer(PAGE_SIZE);
  const views = {
    u8: new Uint8Array(memory),
    u16: new Uint16Array(memory),
    i32: new Int32Array(memory),
    u32: new Uint32Array(memory),
    f64: new Float64Array(memory),
  };
  const path = `${directory}/base/${relation}`;
  const file = fileSystem.open(path, 'read');
  const count = file.readSync(views.u8, 0, PAGE_SIZE, block * PAGE_SIZE);
  file.close();
  if (count < PAGE_SIZE) {
    warn(`hotrow: file "${path}" has no block ${block}\n`);
    return 2;
  }
  write(`${dumpPage(views, 0)}\n`);
  return 0;
}
