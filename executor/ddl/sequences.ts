/** CREATE, ALTER SEQUENCE, and the sequences behind SERIAL and IDENTITY. After: PostgreSQL, commands/sequence.c. */
import type { RelationEntry, SequenceEntry } from '../../catalog/index.ts';
import type {
  AlterSequenceStatement,
  CreateSequenceStatement,
  Persistence,
  QualifiedName,
  SequenceOptions,
} from '../../parser/ast.ts';
import { SHARE_ROW_EXCLUSIVE } from '../../storage/api.ts';
import { sqlError } from '../../types/errors.ts';
import { formatType, OID } from '../../types/index.ts';
import type { DdlContext, DdlResult, DdlSteps } from './context.ts';
import { initialRights } from './grant.ts';
import {
  checkRelationName,
  checkRelationOwner,
  findAndLock,
  findColumn,
  findRelation,
  isRelationName,
  lockNewName,
  newRelationName,
  relationMissing,
} from './resolve.ts';
import { resolveType } from './type-names.ts';

const LIMITS: Readonly<Record<number, readonly [bigint, bigint]>> = {
  [OID.INT2]: [-32768n, 32767n],
  [OID.INT4]: [-2147483648n, 2147483647n],
  [OID.INT8]: [-9223372036854775808n, 9223372036854775807n],
};

type Definition = Pick<SequenceEntry, 'typeOid' | 'start' | 'increment' | 'minimum' | 'maximum' | 'cache' | 'cycle'>;

function sequenceTypeOid(x: DdlContext, options: SequenceOptions): number | null {
  if (options.dataType === undefined) return null;
  const { typeOid } = resolveType(x, options.dataType);
  if (!(typeOid in LIMITS)) throw sqlError('22023', 'sequence type must be smallint, integer, or bigint');
  return typeOid;
}

function invalid(message: string): Error {
  return sqlError('22023', message);
}

/**
 * The definition that options make of an older one (null: CREATE). Changing the type moves the limits that were the
 * old type's own.
 */
function defineSequence(typeOid: number, options: SequenceOptions, old: SequenceEntry | null): Definition {
  const [lowest, highest] = LIMITS[typeOid];
  const increment = options.increment !== undefined ? BigInt(options.increment) : BigInt(old?.increment ?? 1);
  if (increment === 0n) throw invalid('INCREMENT must not be zero');
  const isAscending = increment > 0n;
  const [oldLowest, oldHighest] = LIMITS[old?.typeOid ?? typeOid];
  const resetMaximum = old !== null && old.typeOid !== typeOid && BigInt(old.maximum) === oldHighest;
  const resetMinimum = old !== null && old.typeOid !== typeOid && BigInt(old.minimum) === oldLowest;

  let maximum: bigint;
  if (typeof options.maxValue === 'number' || typeof options.maxValue === 'bigint') maximum = BigInt(options.maxValue);
  else if (old === null || options.maxValue === null || resetMaximum)
    maximum = isAscending || resetMaximum ? highest : -1n;
  else maximum = BigInt(old.maximum);
  if (maximum < lowest || maximum > highest) {
    throw invalid(`MAXVALUE (${maximum}) is out of range for sequence data type ${formatType(typeOid)}`);
  }

  let minimum: bigint;
  if (typeof options.minValue === 'number' || typeof options.minValue === 'bigint') minimum = BigInt(options.minValue);
  else if (old === null || options.minValue === null || resetMinimum)
    minimum = isAscending && !resetMinimum ? 1n : lowest;
  else minimum = BigInt(old.minimum);
  if (minimum < lowest || minimum > highest) {
    throw invalid(`MINVALUE (${minimum}) is out of range for sequence data type ${formatType(typeOid)}`);
  }
  if (minimum >= maximum) throw invalid(`MINVALUE (${minimum}) must be less than MAXVALUE (${maximum})`);

  let start: bigint;
  if (options.start !== undefined) start = BigInt(options.start);
  else if (old !== null) start = BigInt(old.start);
  else start = isAscending ? minimum : maximum;
  if (start < minimum) throw invalid(`START value (${start}) cannot be less than MINVALUE (${minimum})`);
  if (start > maximum) throw invalid(`START value (${start}) cannot be greater than MAXVALUE (${maximum})`);

  const cache = options.cache !== undefined ? BigInt(options.cache) : BigInt(old?.cache ?? 1);
  if (cache <= 0n) throw invalid(`CACHE (${cache}) must be greater than zero`);
  return {
    typeOid,
    start: String(start),
    increment: String(increment),
    minimum: String(minimum),
    maximum: String(maximum),
    cache: String(cache),
    cycle: options.cycle ?? old?.cycle ?? false,
  };
}

interface NewSequence {
  readonly name: string;
  readonly schemaOid: number;
  readonly persistence: Persistence;
  readonly options: SequenceOptions;
  /** Used when the options do not say. */
  readonly typeOid: number;
  readonly ownedByTable: number;
  readonly ownedByColumn: number;
  readonly owner: number;
}

export function createSequence(x: DdlContext, spec: NewSequence): SequenceEntry {
  const typeOid = sequenceTypeOid(x, spec.options) ?? spec.typeOid;
  const entry: SequenceEntry = {
    class: 'sequence',
    oid: x.allocateOid(),
    name: spec.name,
    schemaOid: spec.schemaOid,
    owner: spec.owner,
    ...initialRights(x, 'sequence', spec.owner, spec.schemaOid),
    ...defineSequence(typeOid, spec.options, null),
    ownedByTable: spec.ownedByTable,
    ownedByColumn: spec.ownedByColumn,
    persistence: spec.persistence,
  };
  x.putEntry(entry);
  x.createSequence(entry.oid, BigInt(entry.start), false);
  return entry;
}

interface OwnedBy {
  readonly table: RelationEntry | null;
  readonly columnNumber: number;
}

function resolveOwnedBy(x: DdlContext, names: QualifiedName, sequence: SequenceEntry): OwnedBy {
  if (names.length === 1) {
    if (names[0].toLowerCase() === 'none') return { table: null, columnNumber: 0 };
    throw sqlError('42601', 'invalid OWNED BY option', {
      hint: 'Specify OWNED BY table.column or OWNED BY NONE.',
    });
  }
  const tableName = names.slice(0, -1);
  const columnName = names[names.length - 1];
  const table = findRelation(x, tableName);
  if (table === undefined) throw relationMissing(x, tableName);
  if (table.class !== 'relation' || table.kind === 'materializedView') {
    const kinds = { index: 'indexes', sequence: 'sequences', relation: 'materialized views' };
    throw sqlError('42809', `sequence cannot be owned by relation "${table.name}"`, {
      detail: `This operation is not supported for ${kinds[table.class]}.`,
    });
  }
  if (table.owner !== sequence.owner) {
    throw sqlError('55000', 'sequence must have same owner as table it is linked to');
  }
  if (table.schemaOid !== sequence.schemaOid) {
    throw sqlError('55000', 'sequence must be in same schema as table it is linked to');
  }
  const column = findColumn(table, columnName);
  if (column === undefined) {
    throw sqlError('42703', `column "${columnName}" of relation "${table.name}" does not exist`);
  }
  return { table, columnNumber: column.number };
}

export function* createSequenceStatement(x: DdlContext, statement: CreateSequenceStatement): DdlSteps<DdlResult> {
  const target = newRelationName(x, statement.name, statement.persistence);
  yield* lockNewName(x, target);
  if (statement.ifNotExists && isRelationName(x, target.schema.oid, target.name)) {
    x.notice('NOTICE', '42P07', `relation "${target.name}" already exists, skipping`);
    return { tag: 'CREATE SEQUENCE' };
  }
  checkRelationName(x, target.schema.oid, target.name);
  const entry = createSequence(x, {
    name: target.name,
    schemaOid: target.schema.oid,
    persistence: target.persistence,
    options: statement.options,
    typeOid: OID.INT8,
    ownedByTable: 0,
    ownedByColumn: 0,
    owner: x.currentRoleOid,
  });
  applyOwnedBy(x, entry, statement.options);
  return { tag: 'CREATE SEQUENCE' };
}

function applyOwnedBy(x: DdlContext, entry: SequenceEntry, options: SequenceOptions): void {
  if (options.ownedBy === undefined) return;
  const owned = resolveOwnedBy(x, options.ownedBy, entry);
  x.putEntry({ ...entry, ownedByTable: owned.table?.oid ?? 0, ownedByColumn: owned.columnNumber });
}

/** Is it the sequence of an IDENTITY column? */
export function identityColumnOf(
  x: DdlContext,
  sequence: SequenceEntry,
): { table: RelationEntry; name: string } | null {
  if (sequence.ownedByTable === 0) return null;
  const table = x.catalog.relation(sequence.ownedByTable);
  const column = table?.columns[sequence.ownedByColumn - 1];
  if (table === undefined || column === undefined || column.identity === null) return null;
  return column.sequenceOid === sequence.oid ? { table, name: column.name } : null;
}

/** ALTER SEQUENCE's options, and those of ALTER COLUMN ... SET (identity). */
export function alterSequence(x: DdlContext, entry: SequenceEntry, options: SequenceOptions): void {
  const typeOid = sequenceTypeOid(x, options) ?? entry.typeOid;
  const changed: SequenceEntry = { ...entry, ...defineSequence(typeOid, options, entry) };
  if (options.ownedBy !== undefined && identityColumnOf(x, entry) !== null) {
    throw sqlError('0A000', 'cannot change ownership of identity sequence', {
      detail: `Sequence "${entry.name}" is linked to table "${identityColumnOf(x, entry)?.table.name}".`,
    });
  }
  const state = x.sequenceState(entry.oid);
  let lastValue = BigInt(state?.lastValue ?? entry.start);
  let isCalled = state?.isCalled ?? false;
  const minimum = BigInt(changed.minimum);
  const maximum = BigInt(changed.maximum);
  if (options.restart !== undefined) {
    lastValue = options.restart === null ? BigInt(changed.start) : BigInt(options.restart);
    isCalled = false;
  }
  if (lastValue < minimum) throw invalid(`RESTART value (${lastValue}) cannot be less than MINVALUE (${minimum})`);
  if (lastValue > maximum) throw invalid(`RESTART value (${lastValue}) cannot be greater than MAXVALUE (${maximum})`);
  x.putEntry(changed);
  if (options.restart !== undefined) x.restartSequence(entry.oid, lastValue, isCalled);
  applyOwnedBy(x, changed, options);
}

export function* alterSequenceStatement(x: DdlContext, statement: AlterSequenceStatement): DdlSteps<DdlResult> {
  const entry = yield* findAndLock(x, statement.name, SHARE_ROW_EXCLUSIVE, (each) => checkRelationOwner(x, each));
  if (entry === undefined) {
    const missing = relationMissing(x, statement.name, 'sequence');
    if (!statement.ifExists || missing.code === '42809') throw missing;
    x.notice('NOTICE', '00000', `relation "${statement.name.join('.')}" does not exist, skipping`);
    return { tag: 'ALTER SEQUENCE' };
  }
  if (entry.class !== 'sequence') throw sqlError('42809', `"${entry.name}" is not a sequence`);
  alterSequence(x, entry, statement.options);
  return { tag: 'ALTER SEQUENCE' };
}

/** nextval('s.t_id_seq'::regclass), as the default of a serial column. */
export function nextvalText(schemaName: string, name: string): string {
  const quoted = `${quote(schemaName)}.${quote(name)}`.replaceAll("'", "''");
  return `nextval('${quoted}'::regclass)`;
}

function quote(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
