/** Statements that change definitions, and what they make of the model. */
import type { Random } from '../../storage/heap/support.ts';
import type { Branch } from './branch.ts';
import { hasDuplicates, type IndexKind, OWNERS, type State, type Table } from './model.ts';

const TABLES_MAX = 5;
const NONE: ReadonlySet<string> = new Set();

const INDEXES: { readonly [kind in IndexKind]: string } = {
  btree: '(code, id)',
  unique: '(code)',
  hash: 'USING hash (code)',
  gin: 'USING gin (tags)',
  partial: '(code) WHERE code % 2 = 0',
  text: '(left(body, 20), id DESC)',
};

/** Columns of a table with its key; what its owner column says of the owners. */
export function createTable(name: string, reference: Table['reference']): string {
  const references = {
    none: '',
    'no action': ` REFERENCES ${OWNERS}`,
    cascade: ` REFERENCES ${OWNERS} ON DELETE CASCADE`,
  }[reference];
  return `CREATE TABLE ${name} (id int PRIMARY KEY, code int, owner int${references}, body text, tags int[], kind mood)`;
}

export function emptyTable(reference: Table['reference']): Table {
  return { rows: new Map(), indexes: new Map(), extras: [], reference, views: new Set() };
}

export class Definitions {
  readonly #random: Random;
  #number = 1;

  constructor(random: Random) {
    this.#random = random;
  }

  /** May be in a transaction, and undone. */
  async some(branch: Branch): Promise<void> {
    const random = this.#random;
    const next = branch.state.copy();
    const name = random.pick([...next.tables.keys()]);
    if (branch.pending !== null) branch.hasDefinitions = true;
    const choice = random.below(100);
    if (choice < 15) await this.#addColumn(branch, next, name);
    else if (choice < 25) await this.#dropColumn(branch, next, name);
    else if (choice < 45) await this.#createIndex(branch, next, name, false);
    else if (choice < 55) await this.#dropIndex(branch, next, name);
    else if (choice < 65) await this.#truncate(branch, next, name);
    else if (choice < 75) await this.#createTable(branch, next);
    else if (choice < 82) await this.#dropTable(branch, next, name);
    else if (choice < 90) await this.#view(branch, next, name);
    else await this.#rewrite(branch, next, name);
  }

  /** Outside transactions. */
  async upkeep(branch: Branch): Promise<void> {
    const random = this.#random;
    const next = branch.state.copy();
    const name = random.pick([...next.tables.keys()]);
    const choice = random.below(8);
    if (choice === 0) await branch.run(`VACUUM ${name}`);
    else if (choice === 1) await branch.run(`VACUUM FULL ${name}`);
    else if (choice === 2) await branch.run('ANALYZE');
    else if (choice === 3) await branch.run(`REINDEX TABLE ${name}`);
    else if (choice === 4) await this.#createIndex(branch, next, name, true);
    else if (choice === 5) await branch.run(`CLUSTER ${name} USING ${name}_pkey`);
    else {
      const label = `mood${this.#number++}`;
      next.labels = [...next.labels, label];
      await branch.change(`ALTER TYPE mood ADD VALUE '${label}'`, next, NONE);
    }
  }

  async #addColumn(branch: Branch, next: State, name: string): Promise<void> {
    const table = next.table(name);
    if (table.extras.length > 4) return;
    const missing = this.#random.below(3) === 0 ? null : this.#random.below(100);
    const column = `extra${this.#number++}`;
    table.extras = [...table.extras, { name: column, missing }];
    const words = missing === null ? '' : ` DEFAULT ${missing}`;
    await branch.change(`ALTER TABLE ${name} ADD COLUMN ${column} int${words}`, next, NONE);
  }

  async #dropColumn(branch: Branch, next: State, name: string): Promise<void> {
    const table = next.table(name);
    if (table.extras.length === 0) return;
    const column = this.#random.pick(table.extras).name;
    table.extras = table.extras.filter((extra) => extra.name !== column);
    await branch.change(`ALTER TABLE ${name} DROP COLUMN ${column}`, next, NONE);
  }

  async #createIndex(branch: Branch, next: State, name: string, isConcurrent: boolean): Promise<void> {
    const table = next.table(name);
    if (table.indexes.size > 4) return;
    const kind = this.#random.pick(Object.keys(INDEXES) as IndexKind[]);
    // A concurrent build that fails leaves its index.
    if (kind === 'unique' && isConcurrent) return;
    const codes = kind === 'unique' && hasDuplicates([...table.rows.values()]) ? new Set(['23505']) : NONE;
    const index = `index${this.#number++}`;
    table.indexes.set(index, kind);
    const words = `${kind === 'unique' ? 'UNIQUE ' : ''}INDEX${isConcurrent ? ' CONCURRENTLY' : ''}`;
    await branch.change(`CREATE ${words} ${index} ON ${name} ${INDEXES[kind]}`, next, codes);
  }

  async #dropIndex(branch: Branch, next: State, name: string): Promise<void> {
    const table = next.table(name);
    if (table.indexes.size === 0) return;
    const index = this.#random.pick([...table.indexes.keys()]);
    table.indexes.delete(index);
    await branch.change(`DROP INDEX ${index}`, next, NONE);
  }

  async #truncate(branch: Branch, next: State, name: string): Promise<void> {
    if (name === OWNERS) {
      if (this.#random.below(3) > 0) return;
      for (const [other, { rows, reference }] of next.tables)
        if (other === OWNERS || reference !== 'none') rows.clear();
      await branch.change(`TRUNCATE ${OWNERS} CASCADE`, next, NONE);
      return;
    }
    next.table(name).rows.clear();
    await branch.change(`TRUNCATE ${name}`, next, NONE);
  }

  async #createTable(branch: Branch, next: State): Promise<void> {
    if (next.tables.size >= TABLES_MAX) return;
    const name = `table${this.#number++}`;
    const reference = this.#random.pick(['none', 'no action', 'cascade'] as const);
    next.tables.set(name, emptyTable(reference));
    await branch.change(createTable(name, reference), next, NONE);
  }

  async #dropTable(branch: Branch, next: State, name: string): Promise<void> {
    if (name === OWNERS) return;
    next.tables.delete(name);
    await branch.change(`DROP TABLE ${name} CASCADE`, next, NONE);
  }

  async #view(branch: Branch, next: State, name: string): Promise<void> {
    const { views } = next.table(name);
    if (views.size > 0 && this.#random.below(2) === 0) {
      const view = this.#random.pick([...views]);
      views.delete(view);
      await branch.change(`DROP VIEW ${view}`, next, NONE);
      return;
    }
    const view = `view${this.#number++}`;
    views.add(view);
    await branch.change(`CREATE VIEW ${view} AS SELECT id, code FROM ${name} WHERE code > 40`, next, NONE);
  }

  /** All rows are written anew. */
  async #rewrite(branch: Branch, next: State, name: string): Promise<void> {
    const table = next.table(name);
    if (table.extras.length === 0) return;
    const column = this.#random.pick(table.extras).name;
    await branch.change(`ALTER TABLE ${name} ALTER COLUMN ${column} TYPE bigint`, next, NONE);
  }
}
