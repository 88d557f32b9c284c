/** What details of errors show of rows: only what the user may read, or has given himself. After: PostgreSQL, execMain.c and genam.c. */
import type { RelationEntry } from '../../catalog/entries.ts';
import type { Value } from '../../catalog/function-entry.ts';
import type { FormatSettings } from '../../types/index.ts';
import { outputText } from '../../types/index.ts';
import type { ExecContext } from '../context.ts';
import { KeptLong } from '../row/kept-long.ts';

/** A column's value in an error's detail is cut after this many characters, as PostgreSQL does. */
const DETAIL_VALUE_LENGTH = 64;

function shownValue(value: Value, typeOid: number, format: FormatSettings): string {
  if (value === null) return 'null';
  const text = outputText(typeOid, value instanceof KeptLong ? value.read() : value, format);
  return text.length > DETAIL_VALUE_LENGTH ? `${text.slice(0, DETAIL_VALUE_LENGTH)}...` : text;
}

/** The detail "Failing row contains (1, null, abc)."; nothing where nothing of it may be shown. */
export function failingRow(
  x: ExecContext,
  table: RelationEntry,
  values: readonly Value[],
): { readonly detail?: string } {
  if (x.services?.hasHiddenRows(table) === true) return {};
  const readable = x.services?.readableColumns(table) ?? null;
  const given = new Set<number>();
  if (readable !== null) {
    for (const need of x.rights?.relations ?? []) {
      if (need.relation.oid !== table.oid) continue;
      for (const number of [...need.inserted, ...need.updated]) given.add(number);
    }
  }
  const columns = table.columns.filter(
    ({ dropped, number }) => !dropped && (readable === null || readable.has(number) || given.has(number)),
  );
  if (columns.length === 0 && readable !== null) return {};
  const texts = columns.map(({ number, typeOid }) => shownValue(values[number - 1], typeOid, x.functions.format));
  const names = readable === null ? '' : `(${columns.map(({ name }) => name).join(', ')}) = `;
  return { detail: `Failing row contains ${names}(${texts.join(', ')}).` };
}

/** May all of the columns be shown? 0 among them stands for an expression, which only who may read the whole table sees. */
export function mayShow(x: ExecContext, table: RelationEntry, columns: readonly number[]): boolean {
  if (x.services?.hasHiddenRows(table) === true) return false;
  const readable = x.services?.readableColumns(table) ?? null;
  return readable === null || columns.every((number) => readable.has(number));
}
