/**
 * `hotrow verify`: is a stopped data directory whole?
 *
 *      control, checkpoint state --> log, from the oldest record kept --> recovery, over an overlay --> pages, files
 *
 * Pages are judged as the next start would see them: after a crash some on disk are torn or old, and the log makes them good. So
 * recovery itself is run, on a file system that keeps what it writes in memory: the directory is only read. What is held in
 * memory is a pool of POOL_SIZE, and the pages that the log changes.
 */
import { SqlError } from '../../types/errors.ts';
import { BufferPool } from '../buffer/index.ts';
import { type FileSystem, OverlayFileSystem } from '../io/index.ts';
import { VERSIONS_REL_ID } from '../limits.ts';
import {
  CONTROL_FILE,
  type ControlData,
  checkpointStateName,
  decodeCheckpointState,
  directoryHolder,
  readControl,
  readWholeFile,
  recover,
  walDirectory,
} from '../recovery/index.ts';
import { RecoveredState } from '../state.ts';
import { Wal, WalSegments } from '../wal/index.ts';
import { VerifyReport } from './report.ts';
import { verifyImages } from './verify-images.ts';
import { verifyLog } from './verify-log.ts';
import { type RowCheck, verifyPages, verifyRawPages } from './verify-pages.ts';

const POOL_SIZE = 32 * 1024 * 1024;

export interface VerifyOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  /** From the catalog's entries to what is known of the rows of a relation. */
  readonly rowChecks?: (
    catalog: ReadonlyMap<string, Uint8Array>,
    report: VerifyReport,
  ) => (relId: number) => RowCheck | null;
}

/** Throws SqlError when it cannot be done at all: no data directory, a server runs on it, another format. */
export function verifyDirectory(options: VerifyOptions): VerifyReport {
  const { fileSystem, directory } = options;
  const pid = directoryHolder(fileSystem, directory);
  if (pid !== null) {
    throw new SqlError('55006', `a server (PID ${pid}) is running on data directory "${directory}"`, {
      hint: 'Stop it first.',
    });
  }
  const report = new VerifyReport();
  const control = controlOf(options, report);
  if (control === null || !isStateWhole(options, control, report)) {
    verifyRawPages(fileSystem, directory, report);
    return report;
  }
  const isLogWhole = verifyLog(fileSystem, directory, control, report);
  verifyRecovered(options, isLogWhole, report);
  return report;
}

/** The next start drops them; their sources may have gone on without regard to them. */
function dropLostCopies(pool: BufferPool, recovered: RecoveredState): void {
  for (const relId of recovered.lostHeaps()) {
    const relation = pool.relation(relId);
    if (relation !== undefined && relation.copyOf !== null && !relation.isRetired) pool.dropRelation(relation);
  }
}

function controlOf({ fileSystem, directory }: VerifyOptions, report: VerifyReport): ControlData | null {
  try {
    const control = readControl(fileSystem, directory);
    if (control !== null) return control;
  } catch (error) {
    if (!(error instanceof SqlError) || error.code !== 'XX001') throw error;
    report.problem({ file: CONTROL_FILE, message: error.message });
    return null;
  }
  if (fileSystem.list(walDirectory(directory)).length === 0)
    throw new SqlError('58P01', `"${directory}" is not a data directory`);
  report.problem({ file: CONTROL_FILE, message: 'it is missing, though the directory holds data' });
  return null;
}

function isStateWhole({ fileSystem, directory }: VerifyOptions, control: ControlData, report: VerifyReport): boolean {
  const name = checkpointStateName(control.checkpointNumber);
  try {
    const path = `${directory}/${name}`;
    decodeCheckpointState(readWholeFile(fileSystem, path), path, control.checkpointNumber);
    return true;
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    report.problem({ file: name, message: error.message });
    return false;
  }
}

function verifyRecovered(options: VerifyOptions, isLogWhole: boolean, report: VerifyReport): void {
  const { directory } = options;
  const overlay = new OverlayFileSystem(options.fileSystem);
  const wal = new Wal({ segments: new WalSegments(overlay, walDirectory(directory)) });
  const pool = new BufferPool({ fileSystem: overlay, directory, size: POOL_SIZE, wal });
  const recovered = new RecoveredState();
  let isClean = false;
  const filesBefore = new Set(pool.files.list());
  try {
    const result = recover({
      fileSystem: overlay,
      directory,
      pool,
      wal,
      handler: recovered,
      // Damage of the log is told already: what does not hang on it is looked at none the less.
      acceptDamagedLog: true,
    });
    isClean = result.clean;
    recovered.nextXid = Math.max(recovered.nextXid, result.xidMax + 1);
    for (const relId of filesBefore) {
      if (pool.relation(relId) !== undefined) continue;
      const message = 'a file of no relation; the next start removes it';
      report.note({ file: `base/${relId}`, message });
    }
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    // A log that ends too early has been reported, and is why.
    if (isLogWhole) report.problem({ file: 'base', message: `recovery fails: ${error.message}` });
    pool.close();
    verifyRawPages(options.fileSystem, directory, report);
    return;
  }
  dropLostCopies(pool, recovered);
  report.counts.sequences = recovered.sequences.size;
  report.counts.catalogEntries = recovered.catalog.size;
  verifyPages({
    pool,
    fileSystem: options.fileSystem,
    versionsRelId: VERSIONS_REL_ID,
    // Pages that were written before their log, of transactions that never committed, may hold xids that nobody knows.
    nextXid: isClean ? recovered.nextXid : Number.POSITIVE_INFINITY,
    isLost: (xid) => recovered.isLost(xid),
    rowCheckOf: options.rowChecks?.(recovered.catalog, report) ?? (() => null),
    report,
  });
  verifyImages({ fileSystem: options.fileSystem, directory, pool, heaps: recovered.heaps, report });
  pool.close();
  wal.close();
}
