/** Options of VACUUM and ANALYZE, checked as PostgreSQL does (ExecVacuum). Most ask for what is always done here, or never. */
import type { Option, VacuumStatement } from '../parser/ast.ts';
import { type SqlError, sqlError } from '../types/errors.ts';

export interface VacuumOptions {
  readonly full: boolean;
  readonly analyze: boolean;
}

const PARALLEL_MAX = 1024;
const BOOLEANS = ['analyze', 'freeze', 'full', 'disable_page_skipping', 'process_toast', 'truncate'];

export function vacuumOptions({ kind, options, relations }: VacuumStatement): VacuumOptions {
  const given = new Map<string, boolean>();
  let isParallel = false;
  for (const option of options) {
    const { name } = option;
    if (name === 'verbose' || name === 'skip_locked') booleanOf(option);
    else if (kind === 'analyze') throw refused(option, `unrecognized ANALYZE option "${name}"`);
    else if (BOOLEANS.includes(name)) given.set(name, booleanOf(option));
    else if (name === 'index_cleanup') {
      if (option.value !== null && String(option.value).toLowerCase() !== 'auto') booleanOf(option);
    } else if (name === 'parallel') isParallel = workersOf(option) > 0;
    else throw refused(option, `unrecognized VACUUM option "${name}"`);
  }
  const full = given.get('full') === true;
  if (full && isParallel) throw sqlError('0A000', 'VACUUM FULL cannot be performed in parallel');
  const analyze = kind === 'analyze' || given.get('analyze') === true;
  if (!analyze && relations.some(({ columns }) => columns.length > 0)) {
    throw sqlError('0A000', 'ANALYZE option must be specified when a column list is provided');
  }
  if (full && given.get('disable_page_skipping') === true) {
    throw sqlError('0A000', 'VACUUM option DISABLE_PAGE_SKIPPING cannot be used with FULL');
  }
  if (full && given.get('process_toast') === false) {
    throw sqlError('0A000', 'PROCESS_TOAST required with VACUUM FULL');
  }
  return { full, analyze };
}

export function refused({ position }: Option, message: string): SqlError {
  return sqlError('42601', message, { position: position + 1 });
}

export function booleanOf({ name, value }: Option): boolean {
  const text = value === null ? 'true' : String(value).toLowerCase();
  if (['true', 'on', '1'].includes(text)) return true;
  if (['false', 'off', '0'].includes(text)) return false;
  throw sqlError('42601', `${name} requires a Boolean value`);
}

function workersOf(option: Option): number {
  const { value } = option;
  if (value === null) throw refused(option, `parallel option requires a value between 0 and ${PARALLEL_MAX}`);
  if (typeof value !== 'number') throw sqlError('42601', 'parallel requires an integer value');
  if (value >= 0 && value <= PARALLEL_MAX) return value;
  throw refused(option, `parallel workers for vacuum must be between 0 and ${PARALLEL_MAX}`);
}
