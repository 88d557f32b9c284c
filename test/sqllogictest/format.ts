/**
 * The upstream form of sqllogictest (about.wiki of sqlite.org/sqllogictest), as PostgreSQL runs it: results are values, one
 * to a line, or how many there are and their MD5.
 */
import { createHash } from 'node:crypto';
import type { ResultSet } from '../support/text-client.ts';

/** The name that skipif and onlyif know us by. */
const ENGINE = 'postgresql';
const BOOL_OID = 16;

export type Sort = 'nosort' | 'rowsort' | 'valuesort';

export type UpstreamRecord =
  | { readonly kind: 'statement'; readonly line: number; readonly sql: string; readonly succeeds: boolean }
  | {
      readonly kind: 'query';
      readonly line: number;
      readonly sql: string;
      /** A letter for each column: I, R or T. */
      readonly types: string;
      readonly sort: Sort;
      readonly expected: readonly string[];
    };

/** The records for our engine, up to `halt`. */
export function parseUpstream(text: string): UpstreamRecord[] {
  const lines = text.split(/\r?\n/);
  const records: UpstreamRecord[] = [];
  let at = 0;
  while (at < lines.length) {
    if (lines[at]!.trim() === '' || lines[at]!.startsWith('#')) {
      at++;
      continue;
    }
    let end = at;
    while (end < lines.length && lines[end] !== '') end++;
    const block = lines.slice(at, end);
    const line = at + 1;
    at = end;
    const conditions = block.findIndex((each) => !/^(skipif|onlyif|#)/.test(each));
    if (conditions < 0) continue;
    const applies = block.slice(0, conditions).every(conditionHolds);
    if (!applies) continue;
    const [heading, ...rest] = block.slice(conditions) as [string, ...string[]];
    const words = heading.split(/\s+/);
    if (words[0] === 'halt') break;
    if (words[0] === 'hash-threshold') continue;
    records.push(parseRecord(words, rest, line));
  }
  return records;
}

function conditionHolds(line: string): boolean {
  const [word, engine] = line.split(/\s+/);
  if (word === 'skipif') return engine !== ENGINE;
  return word !== 'onlyif' || engine === ENGINE;
}

function parseRecord(words: readonly string[], rest: readonly string[], line: number): UpstreamRecord {
  if (words[0] === 'statement') {
    return { kind: 'statement', line, sql: rest.join('\n'), succeeds: words[1] === 'ok' };
  }
  if (words[0] !== 'query') throw new Error(`line ${line}: unknown record "${words.join(' ')}"`);
  const results = rest.indexOf('----');
  return {
    kind: 'query',
    line,
    sql: rest.slice(0, results < 0 ? rest.length : results).join('\n'),
    types: words[1] ?? '',
    sort: (words[2] ?? 'nosort') as Sort,
    expected: results < 0 ? [] : rest.slice(results + 1),
  };
}

/** The values of a result in the order and form of the record. */
export function renderValues(result: ResultSet, types: string, sort: Sort): string[] {
  const rows = result.rows.map((row) =>
    row.map((value, i) => renderValue(value, types[i] ?? 'T', result.columns[i]!.typeOid)),
  );
  if (sort === 'rowsort') rows.sort(compareRows);
  const values = rows.flat();
  return sort === 'valuesort' ? values.sort(compareText) : values;
}

function renderValue(value: string | null, type: string, typeOid: number): string {
  if (value === null) return 'NULL';
  if (typeOid === BOOL_OID) return value === 't' ? '1' : '0';
  if (type === 'R') return threeDigits(Number(value));
  if (type === 'I') return /^-?\d+$/.test(value) ? value : String(Math.trunc(Number(value)));
  return value === '' ? '(empty)' : value.replace(/[^ -~]/g, '@');
}

/** C's %.3f: what lies exactly between two goes to the even one. JavaScript's toFixed goes up. */
function threeDigits(value: number): string {
  const isTie = Number.isInteger(value * 16) && Math.abs((value * 1000) % 1) === 0.5;
  if (!isTie) return value.toFixed(3);
  const lower = Math.floor(value * 1000);
  return ((lower % 2 === 0 ? lower : lower + 1) / 1000).toFixed(3);
}

function compareRows(left: readonly string[], right: readonly string[]): number {
  for (let i = 0; i < left.length; i++) {
    const order = compareText(left[i]!, right[i]!);
    if (order !== 0) return order;
  }
  return 0;
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** True when the values are those expected, or have the hash expected. */
export function valuesMatch(values: readonly string[], expected: readonly string[]): boolean {
  const hashed = /^(\d+) values hashing to ([0-9a-f]{32})$/.exec(expected[0] ?? '');
  if (hashed === null) return values.length === expected.length && values.every((value, i) => value === expected[i]);
  return values.length === Number(hashed[1]) && hashOf(values) === hashed[2];
}

export function hashOf(values: readonly string[]): string {
  return createHash('md5')
    .update(values.map((value) => `${value}\n`).join(''))
    .digest('hex');
}
