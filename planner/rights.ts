/**
 * What a statement needs to be allowed, noted while its names are resolved (after PostgreSQL's range table entries and
 * parse_relation.c). The plan carries it; whether the user has it is asked each time the statement starts (executor/rights.ts).
 */
import type { RelationEntry, SequenceEntry } from '../catalog/entries.ts';
import { LazyMap, LazySet } from '../types/lazy-map.ts';
import { logical, type Query } from './logical.ts';

/** In `selected`: the row as a whole, so all of its columns. */
export const WHOLE_ROW = 0;

/** One place where a statement names a table, a view or a sequence. */
export interface RelationNeed {
  readonly relation: RelationEntry | SequenceEntry;
  /** The role that must have the rights: 0 the user, else the owner of the view in whose query it stands. */
  readonly checkAs: number;
  /** Letters as in catalog/acl.ts. */
  rights: string;
  /** Numbers of columns that are read, given values by INSERT, and by UPDATE: where the table's rights are missing, theirs do. */
  readonly selected: Set<number>;
  readonly inserted: LazySet<number>;
  readonly updated: LazySet<number>;
}

export interface StatementRights {
  readonly relations: readonly RelationNeed[];
  /** Functions that not everybody may call by nature. */
  readonly functions: readonly number[];
  /** Functions that somebody else must be allowed to call: what an aggregate is made of, its owner. */
  readonly functionsOfOthers: readonly { readonly oid: number; readonly roleOid: number }[];
}

/** A column of a need: who refers to it reads it. */
export interface ColumnUse {
  readonly need: RelationNeed;
  readonly number: number;
}

/** A view that rows are changed through: what is done to it is done to what its query reads, by its owner. */
interface ThroughView {
  readonly view: RelationNeed;
  readonly base: RelationNeed;
  /** Number of the base's column under each of the view's, 0: computed. */
  readonly columns: readonly number[];
}

/** A WITH query: one that nothing refers to is not run. */
interface Referred {
  references: number;
}

export class RightsRecorder {
  readonly #relations: RelationNeed[] = [];
  /** The WITH queries around each need. */
  readonly #ctes = new LazyMap<RelationNeed, readonly Referred[]>();
  #openCtes: readonly Referred[] = [];
  readonly #byRel = new Map<number, RelationNeed>();
  readonly #functions = new LazySet<number>();
  readonly #functionsOfOthers: { readonly oid: number; readonly roleOid: number }[] = [];
  readonly #through: ThroughView[] = [];
  /** In whose name names are resolved: 0, or the owner of the view whose query it is. */
  checkAs = 0;

  /** A relation under its number in the statement. */
  need(rel: number, relation: RelationEntry | SequenceEntry, rights: string): RelationNeed {
    const need = {
      relation,
      checkAs: this.checkAs,
      rights,
      selected: new Set<number>(),
      inserted: new LazySet<number>(),
      updated: new LazySet<number>(),
    };
    this.#relations.push(need);
    if (this.#openCtes.length > 0) this.#ctes.set(need, this.#openCtes);
    this.#byRel.set(rel, need);
    return need;
  }

  of(rel: number): RelationNeed | undefined {
    return this.#byRel.get(rel);
  }

  call(functionOid: number): void {
    this.#functions.add(functionOid);
  }

  callAs(functionOid: number, roleOid: number): void {
    this.#functionsOfOthers.push({ oid: functionOid, roleOid });
  }

  /** Runs with names resolved in somebody else's name. */
  as<T>(roleOid: number, run: () => T): T {
    const around = this.checkAs;
    this.checkAs = roleOid;
    try {
      return run();
    } finally {
      this.checkAs = around;
    }
  }

  /** Runs for what is in a WITH query. */
  within<T>(cte: Referred, run: () => T): T {
    const around = this.#openCtes;
    this.#openCtes = [...around, cte];
    try {
      return run();
    } finally {
      this.#openCtes = around;
    }
  }

  /** The view's rows are changed through its query, which reads one relation (and so on, when that is a view). */
  through(view: RelationNeed, query: Query): void {
    const [item] = query.from;
    if (query.from.length !== 1 || item.kind !== 'rel') return;
    const base = this.#byRel.get(item.rel);
    if (base === undefined) return;
    const columns = query.targets.map(({ expr }) => {
      const node = logical(expr);
      return node.kind === 'var' && node.rel === item.rel && node.column >= 0 ? node.column + 1 : 0;
    });
    // What the view reads counts only as far as something is read through it.
    base.rights = '';
    this.#through.push({ view, base, columns });
    const relation = query.relations.get(item.rel);
    if (relation?.kind === 'subquery' && relation.view !== null) this.through(base, relation.query);
  }

  /** FOR UPDATE and its kin. */
  lock(rel: number): void {
    const need = this.#byRel.get(rel);
    if (need !== undefined) addRights(need, 'w');
  }

  finish(): StatementRights {
    for (const { view, base, columns } of this.#through) {
      addRights(base, view.rights);
      const own = (number: number): readonly number[] =>
        number === WHOLE_ROW ? columns : number > 0 ? [columns[number - 1]] : [];
      for (const [from, to] of [
        [view.selected, base.selected],
        [view.inserted, base.inserted],
        [view.updated, base.updated],
      ]) {
        for (const number of from) for (const column of own(number)) if (column > 0) to.add(column);
      }
    }
    const isRun = (need: RelationNeed): boolean => this.#ctes.get(need)?.every((cte) => cte.references > 0) ?? true;
    const relations = this.#relations.filter((need) => need.rights !== '' && isRun(need));
    return { relations, functions: [...this.#functions], functionsOfOthers: this.#functionsOfOthers };
  }
}

export function addRights(need: RelationNeed, rights: string): void {
  for (const right of rights) if (!need.rights.includes(right)) need.rights += right;
}

/** Something refers to the column, or (WHOLE_ROW) to all of the row. */
export function readsColumn(use: ColumnUse | undefined): void {
  if (use === undefined) return;
  addRights(use.need, 'r');
  use.need.selected.add(use.number);
}
