/**
 * Names: what FROM has brought into view, and how column and table names are found in it (after PostgreSQL's
 * parse_relation.c).
 *
 * Each query level has namespace items: one for a relation or a join. A join without an alias hides its tables' columns from
 * bare names (its own, merged columns stand for them), but their qualified names stay visible.
 */
import type { RelationEntry } from '../../catalog/entries.ts';
import type * as ast from '../../parser/ast.ts';
import type { SqlError } from '../../types/errors.ts';
import { LazyMap } from '../../types/lazy-map.ts';
import type { Expr } from '../expr.ts';
import {
  type CteDefinition,
  makeConst,
  makeVar,
  type Relation,
  SYSTEM_COLUMNS,
  type WindowDefinition,
} from '../logical.ts';
import { type ColumnUse, type RelationNeed, readsColumn } from '../rights.ts';
import type { BindContext, Position } from './context.ts';
import { CID, OID, TID, XID } from './type-info.ts';

export interface NamespaceColumn {
  readonly name: string;
  readonly expr: Expr;
  readonly tableOid: number;
  readonly columnNumber: number;
  /** Who refers to it reads this column; absent: of something that nobody needs rights on. */
  readonly use?: ColumnUse;
  /** What SEARCH and CYCLE add, in the step: there by its name alone, not in `*`. */
  readonly isHidden?: boolean;
}

export interface NamespaceItem {
  /** The name it goes by; null for a join without alias. */
  readonly name: string | null;
  /** For a table without alias: its schema's name, for s.t.c. */
  readonly schemaName: string | null;
  /** -1 for joins. */
  readonly rel: number;
  readonly table: RelationEntry | null;
  /** What has to be allowed for it; absent: nothing. */
  readonly need?: RelationNeed;
  readonly hasAlias: boolean;
  readonly columns: readonly NamespaceColumn[];
  /** As `name.column` / `name` / `name.*`. */
  relationVisible: boolean;
  /** By bare column names and `*`. */
  columnsVisible: boolean;
  /** Only for LATERAL items, while FROM is being read. */
  lateralOnly: boolean;
  /** False under the nullable side of an outer join: referring to it laterally is an error. */
  lateralOk: boolean;
  /** The alias of what USING merges, JOIN ... USING (a) AS j. */
  readonly isOfUsing?: boolean;
  /** The table that the statement changes, for what reads beside it. */
  isTarget?: boolean;
  /** On the nullable side of an outer join. */
  nullable: boolean;
}

/** What an expression is part of; the words are those of PostgreSQL's messages. */
export type Clause =
  | 'select'
  | 'where'
  | 'having'
  | 'filter'
  | 'join on'
  | 'merge when'
  | 'from function'
  | 'group by'
  | 'order by'
  | 'distinct on'
  | 'limit'
  | 'offset'
  | 'window partition'
  | 'window order'
  | 'window frame rows'
  | 'window frame range'
  | 'window frame groups'
  | 'values'
  /** One row: set-returning functions are allowed. */
  | 'insert values'
  | 'insert target'
  | 'update source'
  | 'update target'
  | 'returning'
  | 'default'
  | 'check'
  | 'generated'
  | 'index expression'
  | 'index predicate'
  | 'statistics expression'
  | 'alter using'
  | 'policy'
  | 'copy where'
  | 'execute'
  | 'as of'
  | 'call'
  | 'on conflict'
  | 'aggregate argument'
  | 'other';

export interface BoundCte {
  readonly name: string;
  /** Null while the CTE's own query is being bound, and it is not the recursive one. */
  definition: CteDefinition | null;
  /** In a recursive term: the work table's columns. */
  workTable: CteDefinition | null;
  /** Columns at the work table's end that `*` does not stand for in the recursive term. */
  hiddenColumns: number;
  references: number;
}

/** One query level while it is bound. */
export class Level {
  readonly context: BindContext;
  readonly parent: Level | null;
  readonly queryId: number;
  readonly relations = new Map<number, Relation>();
  /** Every item ever made at this level, for messages about what cannot be seen. */
  readonly allItems: NamespaceItem[] = [];
  namespace: NamespaceItem[] = [];
  readonly ctes = new LazyMap<string, BoundCte>();
  /** Names of WITH items that are still to come: for a hint. */
  laterCtes: readonly string[] = [];
  clause: Clause = 'other';
  lateralActive = false;
  hasAggregates = false;
  hasWindows = false;
  hasSets = false;
  /** Windows as they are written, those of the WINDOW clause first; bound behind the rest of the query (bindWindows). */
  readonly windowSpecs: { readonly name: string | null; readonly spec: ast.WindowSpec }[] = [];
  readonly windowsByText = new LazyMap<string, number>();
  readonly windows: WindowDefinition[] = [];
  /** Set when the level's FROM items may not use aggregates of the outer level (LATERAL subselect). */
  fromSubselect = false;

  constructor(context: BindContext, parent: Level | null) {
    this.context = context;
    this.parent = parent;
    this.queryId = context.nextQuery();
    context.addLevel(this);
  }

  withClause<T>(clause: Clause, run: () => T): T {
    const saved = this.clause;
    this.clause = clause;
    try {
      return run();
    } finally {
      this.clause = saved;
    }
  }

  findCte(name: string): BoundCte | null {
    for (let level: Level | null = this; level !== null; level = level.parent) {
      const cte = level.ctes.get(name);
      if (cte !== undefined) return cte;
    }
    return null;
  }
}

const SYSTEM_COLUMN_TYPES: Readonly<Record<string, number>> = {
  ctid: TID,
  tableoid: OID,
  xmin: XID,
  xmax: XID,
  cmin: CID,
  cmax: CID,
};

function makeReference(level: Level, column: NamespaceColumn, position: Position): Expr {
  readsColumn(column.use);
  // A node of its own, so that it can carry this reference's position.
  return level.context.at({ ...column.expr }, position);
}

/** The column of an item, user columns first, then system columns. Undefined: none. Throws when ambiguous. */
export function columnOfItem(
  level: Level,
  item: NamespaceItem,
  name: string,
  position: Position,
): { expr: Expr; column: NamespaceColumn | null } | undefined {
  let found: NamespaceColumn | undefined;
  for (const column of item.columns) {
    if (column.name !== name) continue;
    if (found !== undefined) throw ambiguousColumn(level, name, position);
    found = column;
  }
  if (found !== undefined) {
    if (level.clause === 'generated') refuseGenerated(level, item, found, position);
    return { expr: makeReference(level, found, position), column: found };
  }
  if (item.table === null || item.table.kind === 'view') return undefined;
  const system = SYSTEM_COLUMNS.indexOf(name as (typeof SYSTEM_COLUMNS)[number]);
  if (system < 0) return undefined;
  refuseSystemColumn(level, name, position);
  if (item.need !== undefined) readsColumn({ need: item.need, number: -1 - system });
  const typeOid = SYSTEM_COLUMN_TYPES[name];
  // Rows of catalog views are made up: all that they have of these is the oid of their table.
  const expr =
    item.table.kind === 'virtual'
      ? makeConst(name === 'tableoid' ? item.table.oid : null, typeOid)
      : makeVar(item.rel, -1 - system, typeOid, -1);
  return { expr: level.context.at(expr, position), column: null };
}

/** Of what a generated column is computed. */
function refuseGenerated(
  { context }: Level,
  { table }: NamespaceItem,
  column: NamespaceColumn,
  position: Position,
): void {
  if (table?.columns[(column.columnNumber ?? 0) - 1]?.generated !== true) return;
  throw context.error(
    '42P17',
    `cannot use generated column "${column.name}" in column generation expression`,
    position,
    { detail: 'A generated column cannot reference another generated column.' },
  );
}

/** What is kept with a row, or decides what becomes of it, may not depend on where and when the row is stored; tableoid is its table's. */
function refuseSystemColumn({ clause, context }: Level, name: string, position: Position): void {
  if (clause === 'index expression' || clause === 'index predicate') {
    throw context.error('0A000', 'index creation on system columns is not supported');
  }
  if (name === 'tableoid') return;
  const refuse = (message: string): SqlError => context.error('42P10', message, position);
  if (clause === 'check') throw refuse(`system column "${name}" reference in check constraint is invalid`);
  if (clause === 'generated') throw refuse(`cannot use system column "${name}" in column generation expression`);
  if (clause === 'merge when') throw refuse(`cannot use system column "${name}" in MERGE WHEN condition`);
}

function ambiguousColumn(level: Level, name: string, position: Position): SqlError {
  return level.context.error('42702', `column reference "${name}" is ambiguous`, position);
}

export interface ColumnHit {
  readonly expr: Expr;
  readonly column: NamespaceColumn | null;
}

/** A bare column name, looked for from the innermost level outwards. */
export function findColumn(level: Level, name: string, position: Position, localOnly = false): ColumnHit | null {
  for (let current: Level | null = level; current !== null; current = current.parent) {
    let hit: ColumnHit | null = null;
    for (const item of current.namespace) {
      if (!item.columnsVisible || (item.lateralOnly && !current.lateralActive)) continue;
      const found = columnOfItem(level, item, name, position);
      if (found === undefined) continue;
      if (hit !== null) throw ambiguousColumn(level, name, position);
      checkLateral(level, item, position);
      hit = found;
    }
    if (hit !== null) return hit;
    if (localOnly) return null;
  }
  return null;
}

function checkLateral(level: Level, item: NamespaceItem, position: Position): void {
  if (!item.lateralOnly || item.lateralOk) return;
  // The table that a statement changes is in no join.
  const why =
    item.isTarget === true
      ? { hint: `There is an entry for table "${item.name}", but it cannot be referenced from this part of the query.` }
      : { detail: 'The combining JOIN type must be INNER or LEFT for a LATERAL reference.' };
  throw level.context.error('42P10', `invalid reference to FROM-clause entry for table "${item.name}"`, position, why);
}

/** A table name (or alias) as a qualifier. */
export function findItem(level: Level, schema: string | null, name: string, position: Position): NamespaceItem | null {
  for (let current: Level | null = level; current !== null; current = current.parent) {
    let hit: NamespaceItem | null = null;
    for (const item of current.namespace) {
      if (!item.relationVisible || item.name !== name) continue;
      if (schema !== null && item.schemaName !== schema) continue;
      if (item.lateralOnly && !current.lateralActive) continue;
      if (hit !== null) throw level.context.error('42P09', `table reference "${name}" is ambiguous`, position);
      checkLateral(level, item, position);
      hit = item;
    }
    if (hit !== null) return hit;
  }
  return null;
}

/** missing FROM-clause entry, with PostgreSQL's hints about aliases. */
export function missingItem(level: Level, name: string, position: Position): SqlError {
  for (let current: Level | null = level; current !== null; current = current.parent) {
    for (const item of current.allItems) {
      if (item.name === null || item.isOfUsing === true) continue;
      const sameTable = item.hasAlias && item.table !== null && item.table.name === name;
      if (item.name !== name && !sameTable) continue;
      const isInView = current.namespace.some((other) => other === item || other.rel === item.rel);
      const visible = item.name !== name && isInView && item.relationVisible && !item.lateralOnly;
      return level.context.error('42P01', `invalid reference to FROM-clause entry for table "${name}"`, position, {
        hint: visible
          ? `Perhaps you meant to reference the table alias "${item.name}".`
          : `There is an entry for table "${name}", but it cannot be referenced from this part of the query.`,
      });
    }
  }
  return level.context.error('42P01', `missing FROM-clause entry for table "${name}"`, position);
}

const FUZZY_DISTANCE_MAX = 3;

/** column does not exist, with a hint when a near name exists. */
export function missingColumn(level: Level, qualifier: string | null, name: string, position: Position): SqlError {
  const message = qualifier === null ? `column "${name}" does not exist` : `column ${qualifier}.${name} does not exist`;
  let best = FUZZY_DISTANCE_MAX + 1;
  let near: string[] = [];
  for (let current: Level | null = level; current !== null; current = current.parent) {
    for (const item of current.allItems) {
      if (item.rel < 0 || item.name === null) continue;
      const penalty = qualifier === null ? 0 : levenshtein(item.name, qualifier);
      if (penalty > FUZZY_DISTANCE_MAX) continue;
      for (const column of item.columns) {
        if (penalty === 0 && column.name === name) {
          return level.context.error('42703', message, position, {
            hint: `There is a column named "${name}" in table "${item.name}", but it cannot be referenced from this part of the query.`,
          });
        }
        const distance = levenshtein(column.name, name);
        if (distance > name.length / 2) continue;
        const total = distance + penalty;
        const shown = `"${item.name}.${column.name}"`;
        if (total < best) {
          best = total;
          near = [shown];
        } else if (total === best && near.length > 0) {
          near = near.length === 1 ? [near[0], shown] : [];
        }
      }
    }
  }
  if (near.length === 0) return level.context.error('42703', message, position);
  const hint =
    near.length === 1
      ? `Perhaps you meant to reference the column ${near[0]}.`
      : `Perhaps you meant to reference the column ${near[0]} or the column ${near[1]}.`;
  return level.context.error('42703', message, position, { hint });
}

function levenshtein(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      row.push(Math.min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    previous = row;
  }
  return previous[b.length];
}

/** The namespace item of a relation with all its columns. */
export function itemOfRelation(
  relation: Relation,
  options: {
    name: string;
    schemaName: string | null;
    table: RelationEntry | null;
    hasAlias: boolean;
    need?: RelationNeed;
  },
): NamespaceItem {
  const { name, schemaName, table, hasAlias, need } = options;
  const columns: NamespaceColumn[] = [];
  for (let index = 0; index < relation.columns.length; index++) {
    const column = relation.columns[index];
    if (column.dropped) continue;
    columns.push({
      name: column.name,
      expr: makeVar(relation.rel, index, column.typeOid, column.typeModifier),
      tableOid: column.tableOid,
      columnNumber: column.columnNumber,
      use: need === undefined ? undefined : { need, number: index + 1 },
    });
  }
  return {
    name,
    schemaName,
    rel: relation.rel,
    table,
    need,
    hasAlias,
    columns,
    relationVisible: true,
    columnsVisible: true,
    lateralOnly: false,
    lateralOk: true,
    nullable: false,
  };
}

/** The query level whose FROM has the relation; null when it is of no enclosing level (a modification's target of another). */
export function levelOfRel(level: Level, rel: number): Level | null {
  for (let current: Level | null = level; current !== null; current = current.parent) {
    if (current.relations.has(rel)) return current;
  }
  return null;
}
