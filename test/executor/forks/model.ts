/**
 * What a branch holds, as values that are never changed in place but by their one owner: so a fork, a transaction and a savepoint
 * are copies. Uniqueness and foreign keys are worked out by looking at all rows.
 */
import { createHash } from 'node:crypto';

export interface Row {
  readonly id: number;
  readonly code: number | null;
  readonly owner: number | null;
  readonly body: string;
  /** md5 of the body. */
  readonly digest: string;
  readonly tags: readonly number[];
  readonly kind: string;
  /** By the name of a column that was added later. */
  readonly extras: Readonly<Record<string, number | null>>;
}

export type IndexKind = 'btree' | 'unique' | 'hash' | 'gin' | 'partial' | 'text';

export interface Table {
  readonly rows: Map<number, Row>;
  readonly indexes: Map<string, IndexKind>;
  /** Columns that were added, in order. */
  extras: { readonly name: string; readonly missing: number | null }[];
  /** Its owner column refers to the table of owners; what a delete there does. */
  readonly reference: 'none' | 'no action' | 'cascade';
  readonly views: Set<string>;
}

/** Whose rows the others refer to. */
export const OWNERS = 'owners';

export class State {
  readonly tables = new Map<string, Table>();
  labels: readonly string[] = [];

  copy(): State {
    const copy = new State();
    copy.labels = this.labels;
    for (const [name, table] of this.tables) {
      copy.tables.set(name, {
        ...table,
        rows: new Map(table.rows),
        indexes: new Map(table.indexes),
        extras: [...table.extras],
        views: new Set(table.views),
      });
    }
    return copy;
  }

  table(name: string): Table {
    const table = this.tables.get(name);
    if (table === undefined) throw new Error(`the model has no table ${name}`);
    return table;
  }

  /** Errors that the rows as they are now give: of a statement that must be undone then. */
  violations(): Set<string> {
    const found = new Set<string>();
    const owners = this.table(OWNERS).rows;
    for (const { rows, indexes, reference } of this.tables.values()) {
      if ([...indexes.values()].includes('unique') && hasDuplicates([...rows.values()])) found.add('23505');
      if (reference === 'none') continue;
      for (const { owner } of rows.values()) if (owner !== null && !owners.has(owner)) found.add('23503');
    }
    return found;
  }
}

export function hasDuplicates(rows: readonly Row[]): boolean {
  const codes = rows.map(({ code }) => code).filter((code) => code !== null);
  return new Set(codes).size < codes.length;
}

export function rowOf(values: Omit<Row, 'digest'>): Row {
  return { ...values, digest: createHash('md5').update(values.body).digest('hex') };
}

/** Columns of every table, in the order of `textOf`. */
export function columnsOf(table: Table): string {
  const extras = table.extras.map(({ name }) => `, ${name}`).join('');
  return `id, code, owner, md5(body), tags::text, kind${extras}`;
}

/** The row as a SELECT of `columnsOf` answers it. */
export function textOf(row: Row, table: Table): (string | null)[] {
  const text = (value: number | null): string | null => (value === null ? null : String(value));
  return [
    String(row.id),
    text(row.code),
    text(row.owner),
    row.digest,
    `{${row.tags.join(',')}}`,
    row.kind,
    ...table.extras.map(({ name, missing }) => text(name in row.extras ? row.extras[name] : missing)),
  ];
}
