/** What names mean in a view's query: items of FROM, their columns, and whose columns those are. */
import type { Alias, ColumnRef } from '../../parser/ast.ts';

/** A column that a FROM item shows; `origin` when it is a table's own column. */
export interface ScopeColumn {
  readonly name: string;
  readonly origin: { readonly relationOid: number; readonly columnNumber: number } | null;
  /** In a join's merged list: the item under whose name it can be referred to; '' for none. */
  readonly source?: string;
  /** Its name is kept by a column alias, whatever becomes of the table's column. */
  readonly isPinned?: boolean;
}

export interface ScopeItem {
  /** Alias or table name; '' when it cannot be named. */
  readonly name: string;
  readonly columns: readonly ScopeColumn[];
  /** What references say instead of `name`: the table has been renamed. */
  readonly printName?: string;
  /** Joined with USING or NATURAL: columns that are merged, and so are shown once and without qualifier. */
  readonly isMerged?: boolean;
  /** The alias of what USING merges: its columns are those of the join, or of its sides. */
  readonly isOfUsing?: boolean;
}

export interface Scope {
  readonly parent: Scope | null;
  readonly items: readonly ScopeItem[];
  readonly ctes: ReadonlyMap<string, readonly ScopeColumn[]>;
  /** What stands before a join in the same FROM. */
  readonly isBeside?: boolean;
}

export function renamed(columns: readonly ScopeColumn[], names: readonly string[]): ScopeColumn[] {
  return columns.map((column, i) => (i < names.length ? { ...column, name: names[i], isPinned: true } : column));
}

/** A FULL JOIN's merged column has no qualifier: when others have its name too, it is said by its two sides. */
export function ambiguousSides(name: string, join: ScopeItem, items: readonly ScopeItem[]): readonly string[] {
  const has = (item: ScopeItem): boolean => item.columns.some((column) => column.name === name);
  const isOther = (item: ScopeItem): boolean =>
    item !== join && (item.isMerged !== true || item.name === '') && has(item);
  if (!items.some(isOther)) return [];
  const at = items.indexOf(join);
  const sides: string[] = [];
  for (let i = at + 1; i < items.length && items[i].isMerged === true && items[i].name !== ''; i++) {
    if (items[i].isOfUsing !== true && has(items[i])) sides.push(items[i].name);
  }
  return sides;
}

/** With the item's name before it, unless that name means another item closer by. */
export function qualified(reference: ColumnRef, item: ScopeItem, scope: Scope, isSource = false): ColumnRef {
  const name = reference.name[reference.name.length - 1];
  if (reference.name.length > 1) {
    return item.printName === undefined ? reference : { ...reference, name: [item.printName, name] };
  }
  if (item.name === '' || (item.isMerged === true && !isSource)) return reference;
  for (let at: Scope | null = scope; at !== null; at = at.parent) {
    const named = at.items.find((candidate) => candidate.name === item.name);
    if (named !== undefined) {
      return named === item ? { ...reference, name: [item.printName ?? item.name, name] } : reference;
    }
  }
  return reference;
}

/** Of the query itself, or of one around it. */
export function itemsNamed(name: string, scope: Scope): readonly ScopeItem[] {
  for (let at: Scope | null = scope; at !== null; at = at.parent) {
    const found = at.items.filter((item) => item.name === name);
    if (found.length > 0) return found;
  }
  return [];
}

export function withItems(outer: Scope, items: readonly ScopeItem[]): Scope {
  return { parent: outer, items: [...items], ctes: new Map(), isBeside: true };
}

/** The scopes of one FROM that an item of it sees, from the innermost on. */
export function scopesOfFrom(innermost: Scope): ReadonlySet<Scope> {
  const scopes = new Set([innermost]);
  for (let at = innermost.parent; at?.isBeside === true; at = at.parent) scopes.add(at);
  return scopes;
}

export function aliased(alias: Alias | null, name: string, columns: readonly ScopeColumn[]): ScopeItem {
  if (alias === null) return { name, columns };
  return { name: alias.name, columns: renamed(columns, alias.columns) };
}

/** Of a USING join, `*` shows the joined columns once; its parts under their own names are only for qualified references. */
export function visibleItems(items: readonly ScopeItem[]): readonly ScopeItem[] {
  return items.filter((item) => item.isMerged !== true || item.name === '');
}

/** The columns of a join with merged ones, in their order: the merged ones first. */
export function joinColumns(
  items: readonly ScopeItem[],
  shared: readonly string[],
  joinType: string,
  leftCount: number,
  fromRight: readonly string[],
): ScopeColumn[] {
  const result: ScopeColumn[] = [];
  for (const name of shared) {
    const holders = joinType === 'right' || fromRight.includes(name) ? items.slice(leftCount) : items;
    const holder = holders.find((item) => item.name !== '' && item.columns.some((column) => column.name === name));
    const first = (holder ?? items[0])?.columns.find((column) => column.name === name);
    // In a FULL JOIN the merged column is neither side's.
    if (first !== undefined) result.push({ ...first, source: joinType === 'full' ? '' : (holder?.name ?? '') });
  }
  for (const item of items) {
    if (item.isMerged === true && item.name !== '') continue;
    for (const column of item.columns) {
      if (!shared.includes(column.name)) result.push({ ...column, source: column.source ?? item.name });
    }
  }
  return result;
}
