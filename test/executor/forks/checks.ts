/** What a branch answers, beside what the model says: by the table, and by each index. */
import { expect } from 'chai';
import type { SqlError } from '../../../types/errors.ts';
import type { Random } from '../../storage/heap/support.ts';
import type { Branch } from './branch.ts';
import { columnsOf, type Row, type State, type Table, textOf } from './model.ts';

const ALL_ON =
  'SET enable_seqscan = on; SET enable_indexscan = on; SET enable_bitmapscan = on; SET enable_indexonlyscan = on; SET enable_sort = on';

/** Ways to read an index, by what is switched off. */
const WAYS: readonly (readonly string[])[] = [
  ['seqscan'],
  ['seqscan', 'bitmapscan'],
  ['seqscan', 'bitmapscan', 'indexonlyscan'],
  ['seqscan', 'indexscan', 'indexonlyscan'],
];

/** A question that was not answered. */
export class AskError extends Error {
  readonly code: string;
  readonly severity: SqlError['severity'];

  constructor(where: string, error: SqlError, question: string) {
    super(`${where}: ${error.code} ${error.message}: ${question}`);
    this.code = error.code;
    this.severity = error.severity;
  }
}

/** NULLs last, as in an ascending index. */
function byCode(a: Row, b: Row): number {
  return (a.code ?? Infinity) === (b.code ?? Infinity) ? a.id - b.id : (a.code ?? Infinity) - (b.code ?? Infinity);
}

const byId = (a: Row, b: Row): number => a.id - b.id;

export class Checks {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  async all(branch: Branch): Promise<void> {
    // Both see the same, but for what is not committed. Definitions under way hold locks that the reader would wait for.
    const isOwn = branch.hasDefinitions || branch.cursor !== null || this.#random.below(3) === 0;
    const client = isOwn ? branch.writer : branch.reader;
    const state = isOwn ? branch.state : branch.committed;
    const ask = async (off: readonly string[], question: string): Promise<(string | null)[][]> => {
      const settings = off.map((name) => `SET enable_${name} = off`);
      const { rows, error } = await client.query([ALL_ON, ...settings, question].join(';'));
      if (error !== null) throw new AskError(branch.name, error, question);
      return rows;
    };
    for (const [name, table] of state.tables) await this.#table(`${branch.name}.${name}`, ask, name, table);
    await this.#rest(branch, ask, state);
  }

  async #table(where: string, ask: Ask, name: string, table: Table): Promise<void> {
    const rows = [...table.rows.values()].sort(byId);
    const texts = rows.map((row) => textOf(row, table));
    const scan = await ask(
      ['indexscan', 'bitmapscan', 'indexonlyscan'],
      `SELECT ${columnsOf(table)} FROM ${name} WHERE id % 1 = 0`,
    );
    expect(sorted(scan), `${where} by a scan`).to.deep.equal(sorted(texts));
    expect(await ask([], `SELECT count(*) FROM ${name}`), `${where} counted`).to.deep.equal([[String(rows.length)]]);
    const way = this.#random.pick(WAYS);
    const about = `${where} without ${way.join(', ')}`;
    const byKey = `SELECT ${columnsOf(table)} FROM ${name} WHERE id >= 0 ORDER BY id`;
    expect(await ask(way, byKey), about).to.deep.equal(texts);
    const backward = await ask(way, `SELECT id FROM ${name} WHERE id >= 0 ORDER BY id DESC`);
    expect(backward, about).to.deep.equal(rows.map(({ id }) => [String(id)]).reverse());
    for (const kind of new Set(table.indexes.values())) await this.#index(where, ask, name, rows, kind);
    for (const view of table.views) {
      const seen = await ask([], `SELECT id FROM ${view} ORDER BY id`);
      const wanted = rows.filter(({ code }) => code !== null && code > 40);
      expect(seen, `${where}, ${view}`).to.deep.equal(wanted.map(({ id }) => [String(id)]));
    }
  }

  async #index(where: string, ask: Ask, name: string, rows: readonly Row[], kind: string): Promise<void> {
    const random = this.#random;
    const way = random.pick(WAYS);
    const about = `${where} by ${kind} without ${way.join(', ')}`;
    const idsOf = (some: readonly Row[]): string[][] => some.map(({ id }) => [String(id)]);
    if (kind === 'gin') {
      const tag = random.below(9);
      const wanted = rows.filter(({ tags }) => tags.includes(tag));
      expect(await ask(way, `SELECT id FROM ${name} WHERE tags @> '{${tag}}' ORDER BY id`), about).to.deep.equal(
        idsOf(wanted),
      );
      const without = rows.filter(({ tags }) => !tags.includes(tag));
      const other = `SELECT count(*) FROM ${name} WHERE NOT tags @> '{${tag}}'`;
      expect(await ask(way, other), about).to.deep.equal([[String(without.length)]]);
      return;
    }
    if (kind === 'text') {
      const prefix = `SELECT id FROM ${name} WHERE left(body, 20) >= '5' ORDER BY id`;
      expect(await ask(way, prefix), about).to.deep.equal(idsOf(rows.filter(({ body }) => body.slice(0, 20) >= '5')));
      return;
    }
    const condition = kind === 'partial' ? ' AND code % 2 = 0' : '';
    const coded = rows.filter(({ code }) => code !== null && (kind !== 'partial' || code % 2 === 0)).sort(byCode);
    if (coded.length > 0) {
      const { code } = random.pick(coded);
      const wanted = coded.filter((row) => row.code === code).sort(byId);
      expect(
        await ask(way, `SELECT id FROM ${name} WHERE code = ${code}${condition} ORDER BY id`),
        about,
      ).to.deep.equal(idsOf(wanted));
      const count = await ask(way, `SELECT count(*) FROM ${name} WHERE code = ${code}${condition}`);
      expect(count, about).to.deep.equal([[String(wanted.length)]]);
    }
    if (kind === 'hash') return;
    const ordered = `SELECT code, id FROM ${name} WHERE code >= 0${condition} ORDER BY code`;
    const pairs = coded.map(({ code, id }) => [String(code), String(id)]);
    expect(await ask(way, `${ordered}, id`), about).to.deep.equal(pairs);
    expect(await ask(way, `${ordered} DESC, id DESC`), about).to.deep.equal([...pairs].reverse());
    const limit = 1 + random.below(10);
    expect(
      (await ask(way, `${ordered} DESC LIMIT ${limit}`)).map(([code]) => code),
      about,
    ).to.deep.equal(
      pairs
        .map(([code]) => code)
        .reverse()
        .slice(0, limit),
    );
  }

  /** Sequences, types, and what the catalog lists. */
  async #rest(branch: Branch, ask: Ask, state: State): Promise<void> {
    const names = await ask(
      [],
      "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v') ORDER BY 1",
    );
    const wanted = [...state.tables].flatMap(([name, { views }]) => [name, ...views]);
    expect(
      names.map(([name]) => name),
      branch.name,
    ).to.deep.equal(wanted.sort());
    const indexes = await ask(
      [],
      `SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
       WHERE c.relnamespace = 'public'::regnamespace AND i.indisvalid AND NOT i.indisprimary ORDER BY 1`,
    );
    expect(
      indexes.map(([name]) => name),
      `${branch.name}: indexes`,
    ).to.deep.equal([...state.tables.values()].flatMap((table) => [...table.indexes.keys()]).sort());
    expect(await ask([], 'SELECT last_value FROM numbers'), `${branch.name}: sequence`).to.deep.equal([
      [String(branch.sequence)],
    ]);
    expect(await ask([], 'SELECT enum_range(NULL::mood)::text'), branch.name).to.deep.equal([
      [`{${state.labels.join(',')}}`],
    ]);
    expect(await ask([], 'SELECT current_database()')).to.deep.equal([[branch.name]]);
  }
}

type Ask = (off: readonly string[], question: string) => Promise<(string | null)[][]>;

function sorted(rows: readonly (string | null)[][]): (string | null)[][] {
  return [...rows].sort((a, b) => Number(a[0]) - Number(b[0]));
}
