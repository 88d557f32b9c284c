/**
 * Functions in FROM whose rows are of a composite type, in queries that are kept: type and number of columns are those of the day,
 * so that columns that the type gets later do not shift those behind them. In a text they stand where a column definition list
 * would, under a name that starts with a mark: ROWS FROM (f() AS ("oid,count" record)). After: PostgreSQL, RangeTblFunction.funccolcount.
 */
import type { FromCall, KeptRow } from './ast.ts';

const MARK = '\u0006';

/** A call of ROWS FROM as it was read. */
export function withKeptRow(item: FromCall): FromCall {
  const [first] = item.columnDefs;
  if (first === undefined || !first.name.startsWith(MARK)) return item;
  const [typeOid, columnCount] = first.name.slice(MARK.length).split(',').map(Number);
  return { call: item.call, columnDefs: [], row: { typeOid, columnCount } };
}

/** What stands for it in a text. */
export function keptRowDefinition({ typeOid, columnCount }: KeptRow): string {
  return `("${MARK}${typeOid},${columnCount}" record)`;
}

/** Does a kept text have functions that give rows of the type? */
export function mentionsKeptRow(text: string, typeOid: number): boolean {
  return text.includes(`"${MARK}${typeOid},`);
}
