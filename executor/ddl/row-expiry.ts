/** WITH (ttl = '1 hour', ttl_column = created): what is checked when a table gets them, and what the column may then become. */
import { quoteIdentifier } from '../../catalog/functions/quote.ts';
import type { ColumnEntry, RelationEntry } from '../../catalog/index.ts';
import { expiringType, expiryOf, storageOption, TTL, TTL_COLUMN } from '../../catalog/row-expiry.ts';
import type { AlterTableCommand } from '../../parser/ast.ts';
import { SqlError, sqlError } from '../../types/errors.ts';
import { DEFAULT_FORMAT, formatType, type Interval, inputText, OID } from '../../types/index.ts';
import { type DdlContext, type DdlSteps, wait } from './context.ts';
import { mergeOptions } from './options.ts';

/** 22023, 42703 or 42804 for a table whose storage parameters do not say how its rows expire. */
export function checkExpiry(table: RelationEntry): void {
  const ttl = storageOption(table.options, TTL);
  const name = storageOption(table.options, TTL_COLUMN);
  if (ttl === undefined && name === undefined) return;
  if (ttl !== undefined) checkTtl(ttl);
  if (ttl === undefined || name === undefined) {
    const [given, missing] = ttl === undefined ? [TTL_COLUMN, TTL] : [TTL, TTL_COLUMN];
    throw sqlError('22023', `option "${given}" requires option "${missing}"`, {
      hint: "Rows expire by both, as in WITH (ttl = '1 hour', ttl_column = created).",
    });
  }
  const column = table.columns.find((each) => !each.dropped && each.name === name);
  if (column === undefined) {
    throw sqlError('42703', `column "${name}" of relation "${table.name}" does not exist`);
  }
  checkColumnType(column, column.typeOid);
}

function checkTtl(text: string): void {
  let ttl: Interval;
  try {
    ttl = inputText(OID.INTERVAL, -1, text, DEFAULT_FORMAT) as Interval;
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    throw sqlError('22023', `invalid value for interval option "${TTL}": ${text}`);
  }
  const parts = [ttl.months, ttl.days, ttl.micros];
  // Of '1 month -30 days' nobody could say which way it goes.
  if (parts.every((part) => part >= 0) && parts.some((part) => part > 0)) return;
  throw sqlError('22023', `value ${text} out of bounds for option "${TTL}"`, {
    detail: 'Valid values are intervals greater than zero.',
  });
}

function checkColumnType(column: ColumnEntry, typeOid: number): void {
  if (expiringType(typeOid) !== null) return;
  throw sqlError('42804', `rows cannot expire by column "${column.name}" of type ${formatType(typeOid)}`, {
    hint: 'The column of option "ttl_column" must be of type timestamp with time zone, timestamp without time zone or date.',
  });
}

/** ALTER COLUMN ... TYPE of the column by which rows expire. */
export function checkExpiringType(table: RelationEntry, column: ColumnEntry, typeOid: number): void {
  if (isExpiryColumn(table, column.number)) checkColumnType(column, typeOid);
}

export function isExpiryColumn(table: RelationEntry, columnNumber: number): boolean {
  return expiryOf(table)?.column === columnNumber - 1;
}

/** Options after the column got another name. */
export function renamedExpiry({ options }: RelationEntry, oldName: string, newName: string): readonly string[] {
  if (storageOption(options, TTL_COLUMN) !== oldName) return options;
  return options.map((option) => (option === `${TTL_COLUMN}=${oldName}` ? `${TTL_COLUMN}=${newName}` : option));
}

/** The column has been dropped with CASCADE: rows do not expire any more. */
export function withoutExpiry(table: RelationEntry): RelationEntry {
  return { ...table, options: mergeOptions(table.options, [], [TTL, TTL_COLUMN]) };
}

/** Commands that look at all rows, or make new ones of them. */
const LOOKS_AT_ROWS: ReadonlySet<AlterTableCommand['kind']> = new Set([
  'addColumn',
  'addConstraint',
  'alterColumnType',
  'setNotNull',
  'validateConstraint',
]);

export function looksAtRows(commands: readonly AlterTableCommand[]): boolean {
  return commands.some(({ kind }) => LOOKS_AT_ROWS.has(kind));
}

/**
 * Deletes what has expired, before a constraint is checked on what is stored: a row that nobody sees must not break it, nor come
 * back one day and do so.
 */
export function* removeExpired(x: DdlContext, table: RelationEntry): DdlSteps<void> {
  if (expiryOf(table) === null) return;
  const name = `${quoteIdentifier(x.catalog.schemaName(table.schemaOid))}.${quoteIdentifier(table.name)}`;
  yield* wait(x.runInternal(`DELETE FROM ONLY ${name}`, [], 'expired'));
}
