/** Statements that write rows, and what they make of the model. */
import type { Random } from '../../storage/heap/support.ts';
import type { Branch } from './branch.ts';
import { hasDuplicates, OWNERS, type Row, rowOf, type State, type Table } from './model.ts';

const IDS = 120;
/** Codes from here on are given once, to updates of many rows. */
const FRESH_CODES = 100_000;

export class Writes {
  readonly #random: Random;
  #fresh = 1;

  constructor(random: Random) {
    this.#random = random;
  }

  async some(branch: Branch): Promise<void> {
    const next = branch.state.copy();
    const name = this.#random.pick([...next.tables.keys()]);
    const choice = this.#random.below(100);
    if (choice < 30) await this.#insert(branch, next, name);
    else if (choice < 45) await this.#upsert(branch, next, name);
    else if (choice < 65) await this.#updateMany(branch, next, name);
    else if (choice < 75) await this.#updateKey(branch, next, name);
    else if (choice < 85) await this.#updateCode(branch, next, name);
    else await this.#delete(branch, next, name);
  }

  #row(state: State, table: Table, id: number): Row {
    const random = this.#random;
    const size = random.below(8) === 0 ? 2100 + random.below(7000) : random.below(120);
    const owners = [...state.table(OWNERS).rows.keys()];
    const isKnown = owners.length > 0 && random.below(25) > 0;
    return rowOf({
      id,
      code: random.below(12) === 0 ? null : random.below(150),
      owner:
        table.reference === 'none' || random.below(6) === 0 ? null : isKnown ? random.pick(owners) : random.below(IDS),
      body: this.#text(size),
      tags: Array.from({ length: random.below(4) }, () => random.below(9)),
      kind: random.pick(state.labels),
      extras: Object.fromEntries(
        table.extras.map(({ name }) => [name, random.below(3) === 0 ? null : random.below(50)]),
      ),
    });
  }

  /** Letters that do not compress to nothing, so that long ones are in chunks of their own. */
  #text(size: number): string {
    let text = '';
    while (text.length < size) text += this.#random.below(2 ** 30).toString(36);
    return text.slice(0, size);
  }

  #values(table: Table, rows: readonly Row[]): string {
    const number = (value: number | null | undefined): string => (value == null ? 'NULL' : String(value));
    return rows
      .map((row) => {
        const extras = table.extras.map(({ name }) => `, ${number(row.extras[name])}`).join('');
        const tags = `'{${row.tags.join(',')}}'`;
        return `(${row.id}, ${number(row.code)}, ${number(row.owner)}, '${row.body}', ${tags}, '${row.kind}'${extras})`;
      })
      .join(', ');
  }

  #target(name: string, table: Table): string {
    return `${name} (id, code, owner, body, tags, kind${table.extras.map((extra) => `, ${extra.name}`).join('')})`;
  }

  async #insert(branch: Branch, next: State, name: string): Promise<void> {
    const random = this.#random;
    const table = next.table(name);
    const codes = new Set<string>();
    const rows: Row[] = [];
    for (let count = 1 + random.below(random.below(5) === 0 ? 25 : 3); count > 0; count--) {
      // Seldom one that is there.
      let id = random.below(IDS);
      if (random.below(15) > 0) while (table.rows.has(id) || rows.some((row) => row.id === id)) id += IDS;
      if (table.rows.has(id) || rows.some((row) => row.id === id)) codes.add('23505');
      rows.push(this.#row(next, table, id));
    }
    const isUnique = [...table.indexes.values()].includes('unique');
    if (isUnique && hasDuplicates([...table.rows.values(), ...rows])) codes.add('23505');
    if (codes.size === 0) for (const row of rows) table.rows.set(row.id, row);
    for (const code of this.#unreferenced(next, table, rows)) codes.add(code);
    await branch.change(`INSERT INTO ${this.#target(name, table)} VALUES ${this.#values(table, rows)}`, next, codes);
  }

  #unreferenced(state: State, table: Table, rows: readonly Row[]): string[] {
    if (table.reference === 'none') return [];
    const owners = state.table(OWNERS).rows;
    return rows.some(({ owner }) => owner !== null && !owners.has(owner)) ? ['23503'] : [];
  }

  async #upsert(branch: Branch, next: State, name: string): Promise<void> {
    const random = this.#random;
    const table = next.table(name);
    const ids = new Set(Array.from({ length: 1 + random.below(4) }, () => random.below(IDS)));
    const rows = [...ids].map((id) => this.#row(next, table, id));
    const doesNothing = random.below(3) === 0;
    // An index on code may refuse a row before its id is found, or be what it conflicts with: without it the answer is plain.
    const isUnique = [...table.indexes.values()].includes('unique');
    if (isUnique) for (const [i, row] of rows.entries()) rows[i] = { ...row, code: null };
    const written: Row[] = [];
    for (const row of rows) {
      const before = table.rows.get(row.id);
      if (before !== undefined && doesNothing) continue;
      const after = before === undefined ? row : rowOf({ ...before, body: row.body, tags: row.tags, owner: row.owner });
      table.rows.set(row.id, after);
      written.push(after);
    }
    const codes = new Set(this.#unreferenced(next, table, written));
    const action = doesNothing
      ? 'NOTHING'
      : 'UPDATE SET body = excluded.body, tags = excluded.tags, owner = excluded.owner';
    const values = this.#values(table, rows);
    await branch.change(
      `INSERT INTO ${this.#target(name, table)} VALUES ${values} ON CONFLICT (id) DO ${action}`,
      next,
      codes,
    );
  }

  #range(): { from: number; to: number } {
    const from = this.#random.below(IDS);
    return { from, to: from + this.#random.below(this.#random.below(4) === 0 ? IDS : 12) };
  }

  /** Columns without constraints, or codes that nobody has. */
  async #updateMany(branch: Branch, next: State, name: string): Promise<void> {
    const random = this.#random;
    const table = next.table(name);
    const { from, to } = this.#range();
    const affected = [...table.rows.values()].filter(({ id }) => id >= from && id <= to);
    const choice = random.below(4);
    let set = '';
    let change: (row: Row) => Row = (row) => row;
    if (choice === 0) {
      const start = FRESH_CODES + this.#fresh++ * 10_000;
      set = `code = ${start} + id`;
      change = (row) => ({ ...row, code: start + row.id });
    } else if (choice === 1) {
      const body = this.#text(random.below(3) === 0 ? 2500 + random.below(3000) : random.below(60));
      set = `body = '${body}'`;
      change = (row) => rowOf({ ...row, body });
    } else if (choice === 2) {
      const tag = random.below(9);
      set = `tags = tags || ${tag}`;
      change = (row) => ({ ...row, tags: [...row.tags, tag] });
    } else {
      const kind = random.pick(next.labels);
      set = `kind = '${kind}'`;
      change = (row) => ({ ...row, kind });
    }
    for (const row of affected) table.rows.set(row.id, change(row));
    await branch.change(`UPDATE ${name} SET ${set} WHERE id BETWEEN ${from} AND ${to}`, next, new Set());
  }

  async #updateKey(branch: Branch, next: State, name: string): Promise<void> {
    const table = next.table(name);
    if (table.rows.size === 0) return;
    const row = this.#random.pick([...table.rows.values()]);
    const id = this.#random.below(IDS * 2);
    const codes = new Set<string>();
    if (id !== row.id && table.rows.has(id)) codes.add('23505');
    else {
      table.rows.delete(row.id);
      table.rows.set(id, { ...row, id });
      for (const code of next.violations()) codes.add(code);
    }
    await branch.change(`UPDATE ${name} SET id = ${id} WHERE id = ${row.id}`, next, codes);
  }

  async #updateCode(branch: Branch, next: State, name: string): Promise<void> {
    const table = next.table(name);
    if (table.rows.size === 0) return;
    const row = this.#random.pick([...table.rows.values()]);
    const code = this.#random.below(150);
    table.rows.set(row.id, { ...row, code });
    await branch.change(`UPDATE ${name} SET code = ${code} WHERE id = ${row.id}`, next, next.violations());
  }

  async #delete(branch: Branch, next: State, name: string): Promise<void> {
    const table = next.table(name);
    const { from, to } = this.#range();
    for (const id of [...table.rows.keys()]) if (id >= from && id <= to) table.rows.delete(id);
    if (name === OWNERS) {
      for (const other of next.tables.values()) {
        if (other.reference !== 'cascade') continue;
        for (const row of [...other.rows.values()])
          if (row.owner !== null && row.owner >= from && row.owner <= to) other.rows.delete(row.id);
      }
    }
    await branch.change(`DELETE FROM ${name} WHERE id BETWEEN ${from} AND ${to}`, next, next.violations());
  }
}
