/**
 * Who may import whom (docs/architecture.md): imports point down, never back up.
 *
 *     bin -> all      wire -> executor -> planner -> parser      everyone -> types, which imports nothing
 *                     executor -> storage, planner                planner, executor, wire -> catalog -> types
 */
import type { Import } from './source-files.ts';

/** Of each folder, the folders it may import. A folder that is not here (bin, bench, test) may import all. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  types: [],
  parser: ['types'],
  catalog: ['types'],
  storage: ['types'],
  planner: ['parser', 'catalog', 'types'],
  executor: ['planner', 'parser', 'storage', 'catalog', 'types'],
  wire: ['executor', 'catalog', 'types'],
};

/** Inside storage each imports only what stands to its left; the engine is the files beside the folders. */
const STORAGE_ORDER = [
  'memory',
  'io',
  'page',
  'wal',
  'buffer',
  'mvcc',
  'heap',
  'index',
  'recovery',
  'archive',
  'engine',
  'verify',
  'backup',
];

/** What every part of storage may use: the file has constants only. */
const STORAGE_COMMON = 'storage/limits.ts';

/** The wrong arrow as text, or null. */
export function wrongArrow(found: Import): string | null {
  const where = `${found.file}:${found.line}`;
  const from = folderOf(found.file);
  if (!found.own) {
    if (found.target === 'chevrotain' && from !== 'parser') return `${where}: ${from} -> chevrotain (only parser may)`;
    return null;
  }
  const to = folderOf(found.target);
  const allowed = MAY_IMPORT[from];
  if (allowed !== undefined && from !== to && !allowed.includes(to)) {
    return `${where}: ${from} -> ${to} (${found.target})`;
  }
  if (from === 'storage' && to === 'storage') return wrongStorageArrow(found, where);
  return null;
}

function wrongStorageArrow(found: Import, where: string): string | null {
  if (found.target === STORAGE_COMMON) return null;
  const source = storagePartOf(found.file);
  const target = storagePartOf(found.target);
  const sourceRank = STORAGE_ORDER.indexOf(source);
  const targetRank = STORAGE_ORDER.indexOf(target);
  if (sourceRank < 0) return `${where}: storage/${source} has no place in the order of storage's parts`;
  if (targetRank < 0) return `${where}: storage/${target} has no place in the order of storage's parts`;
  return targetRank > sourceRank ? `${where}: storage/${source} -> storage/${target} (${found.target})` : null;
}

function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : '.';
}

function storagePartOf(path: string): string {
  const parts = path.split('/');
  return parts.length > 2 ? parts[1]! : 'engine';
}
