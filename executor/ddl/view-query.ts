/**
 * A view's query, made independent of the search path and of later changes: relations are qualified, `*` is written out, targets have
 * names. The same walk finds out what the query depends on, and renames tables and columns in a kept query.
 *
 * Names are resolved as the binder does, but only as far as is needed here: which columns a FROM item has, and to which table's
 * column a reference leads. The binder has checked the query before.
 */
import type { RelationEntry, TypeEntry } from '../../catalog/index.ts';
import { attributeNumber } from '../../catalog/kept-fields.ts';
import type {
  Alias,
  ColumnRef,
  Expression,
  FromItem,
  FunctionRef,
  OrderItem,
  Query,
  QueryStatement,
  SelectBody,
  SelectTarget,
  TableRef,
  WithClause,
} from '../../parser/ast.ts';
import { parse } from '../../parser/index.ts';
import { columnNameOf } from '../../planner/index.ts';
import { sqlError } from '../../types/errors.ts';
import type { DdlContext } from './context.ts';
import { itemNames, withXmlNames } from './query-names.ts';
import { findRelation } from './resolve.ts';
import {
  aliased,
  ambiguousSides,
  itemsNamed,
  joinColumns,
  qualified,
  renamed,
  type Scope,
  type ScopeColumn,
  type ScopeItem,
  scopesOfFrom,
  visibleItems,
  withItems,
} from './view-scope.ts';

const SYSTEM_COLUMNS = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid']);

export interface ViewRename {
  readonly relationOid: number;
  /** Null: the relation itself is renamed, or moved. */
  readonly columnNumber: number | null;
  /** The relation's schema as kept queries name it. */
  readonly oldSchema: string;
  readonly oldName: string;
  readonly newName: string;
}

/** A table or composite type is about to lose the column, or has got it. */
export interface ColumnChange {
  readonly kind: 'dropped' | 'added';
  readonly relationOid: number;
  readonly columnNumber: number;
}

export interface NormalizedQuery {
  readonly query: Query;
  /** The change of a column has made a difference. */
  readonly isChanged: boolean;
  readonly relations: readonly number[];
  readonly columns: readonly { readonly relationOid: number; readonly columnNumber: number }[];
}

/** A kept query's text to its AST. */
export function parseQuery(text: string): Query {
  return parse(text)[0].node as Query;
}

export function normalizeQuery(
  x: DdlContext,
  query: Query,
  change: ViewRename | ColumnChange | null = null,
): NormalizedQuery {
  const rename = change !== null && 'newName' in change ? change : null;
  const columnChange = change !== null && 'kind' in change ? change : null;
  const walker = new Normalizer(x, rename, columnChange, rename === null ? new Set() : itemNames(query));
  const result = walker.query(query, { parent: null, items: [], ctes: new Map() }).query;
  return {
    query: result,
    isChanged: walker.isChanged,
    relations: [...walker.relations].sort((a, b) => a - b),
    columns: [...walker.columns.values()],
  };
}

function columnsOf(table: RelationEntry): ScopeColumn[] {
  return table.columns
    .filter((column) => !column.dropped)
    .map((column) => ({ name: column.name, origin: { relationOid: table.oid, columnNumber: column.number } }));
}

interface Walked {
  readonly query: Query;
  readonly columns: readonly ScopeColumn[];
}

class Normalizer {
  readonly relations = new Set<number>();
  readonly columns = new Map<string, { readonly relationOid: number; readonly columnNumber: number }>();
  readonly #x: DdlContext;
  readonly #rename: ViewRename | null;
  /** Columns that the joins around name in USING (null: NATURAL, all): tables inside keep these names. */
  #joinNames: readonly (readonly string[] | null)[] = [];

  /** What items of FROM are called, before a rename. */
  readonly #takenNames: ReadonlySet<string>;

  readonly #columnChange: ColumnChange | null;
  isChanged = false;
  #watched: { readonly scopes: ReadonlySet<Scope>; isUsed: boolean } | null = null;

  constructor(
    x: DdlContext,
    rename: ViewRename | null,
    columnChange: ColumnChange | null,
    takenNames: ReadonlySet<string>,
  ) {
    this.#takenNames = takenNames;
    this.#x = x;
    this.#rename = rename;
    this.#columnChange = columnChange;
  }

  query(query: Query, outer: Scope): Walked {
    let scope = outer;
    let withClause: WithClause | null = null;
    if (query.with !== null) {
      const walked = this.#with(query.with, outer);
      withClause = walked.clause;
      scope = { parent: outer, items: [], ctes: walked.ctes };
    }
    const { body } = query;
    switch (body.kind) {
      case 'values': {
        const width = body.rows[0]?.length ?? 0;
        const columns = Array.from({ length: width }, (_, i) => ({ name: `column${i + 1}`, origin: null }));
        const rows = body.rows.map((row) => row.map((value) => this.#expression(value, scope)));
        return { query: this.#tail({ ...query, with: withClause, body: { ...body, rows } }, scope), columns };
      }
      case 'setOperation': {
        const left = this.query(body.left, scope);
        const right = this.query(body.right, scope);
        const columns = left.columns.map(({ name }) => ({ name, origin: null }));
        const operation = { ...body, left: left.query, right: right.query };
        return { query: this.#tail({ ...query, with: withClause, body: operation }, scope), columns };
      }
      case 'select': {
        const walked = this.#select(body, scope);
        return {
          query: this.#tail({ ...query, with: withClause, body: walked.body }, walked.scope),
          columns: walked.columns,
        };
      }
    }
  }

  /** ORDER BY, LIMIT and the like. A plain name in ORDER BY means a target of that name first. */
  #tail(query: Query, scope: Scope): Query {
    const { body } = query;
    const targets = body.kind === 'select' ? body.targets : [];
    const isTarget = ({ expr }: OrderItem): boolean =>
      expr.kind === 'columnRef' &&
      expr.name.length === 1 &&
      (body.kind !== 'select' || targets.some((target) => target.alias === expr.name[0]));
    return {
      ...query,
      orderBy: query.orderBy.map((item) => (isTarget(item) ? item : this.#map(item, scope))),
      limit: this.#map(query.limit, scope),
      offset: this.#map(query.offset, scope),
    };
  }

  #with(clause: WithClause, outer: Scope): { clause: WithClause; ctes: Map<string, readonly ScopeColumn[]> } {
    const ctes = new Map<string, readonly ScopeColumn[]>();
    const results = clause.ctes.map((cte) => {
      const scope: Scope = { parent: outer, items: [], ctes };
      if (cte.query.kind !== 'query') {
        throw sqlError('0A000', 'views must not contain data-modifying statements in WITH');
      }
      if (clause.recursive)
        ctes.set(
          cte.name,
          cte.columns.map((name) => ({ name, origin: null })),
        );
      if (clause.recursive && cte.columns.length === 0) {
        // The columns of the part that does not recurse.
        const { body } = cte.query;
        const first = body.kind === 'setOperation' ? body.left : cte.query;
        ctes.set(cte.name, this.query(first, { parent: outer, items: [], ctes: new Map(ctes) }).columns);
      }
      const walked = this.query(cte.query, scope);
      const names = walked.columns.map(({ name }) => ({ name, origin: null }));
      ctes.set(cte.name, renamed(names, cte.columns));
      return { ...cte, query: walked.query as QueryStatement };
    });
    return { clause: { ...clause, ctes: results }, ctes };
  }

  #select(body: SelectBody, outer: Scope): { body: SelectBody; scope: Scope; columns: readonly ScopeColumn[] } {
    const items: ScopeItem[] = [];
    const from = body.from.map((item) => this.#from(item, items, outer));
    const scope: Scope = { parent: outer, items, ctes: new Map() };
    const targets: SelectTarget[] = [];
    for (const target of body.targets) targets.push(...this.#target(target, scope));
    const columns = targets.map((target) => ({ name: target.alias ?? columnNameOf(target.expr), origin: null }));
    return {
      body: {
        ...body,
        from,
        targets,
        distinct: this.#map(body.distinct, scope),
        where: this.#map(body.where, scope),
        groupBy: this.#map(body.groupBy, scope),
        having: this.#map(body.having, scope),
        windows: this.#map(body.windows, scope),
      },
      scope,
      columns,
    };
  }

  #target(target: SelectTarget, scope: Scope): SelectTarget[] {
    const { expr } = target;
    if (expr.kind === 'columnRef' && expr.star) return this.#expandStar(expr, scope);
    // A name keeps its target's name when a column of the table is renamed.
    const alias = target.alias ?? columnNameOf(expr);
    const result = this.#expression(expr, scope);
    return [{ ...target, expr: result, alias: columnNameOf(result) === alias ? target.alias : alias }];
  }

  #expandStar(star: ColumnRef, scope: Scope): SelectTarget[] {
    const qualifier = star.name[star.name.length - 1];
    const chosen = qualifier === undefined ? visibleItems(scope.items) : itemsNamed(qualifier, scope);
    const result: SelectTarget[] = [];
    for (const item of chosen) {
      for (const column of item.columns) {
        const source = column.source ?? item.name;
        const name = source === '' ? [column.name] : [source, column.name];
        const reference: ColumnRef = { kind: 'columnRef', name, star: false, position: -1 };
        const sides = source === '' ? ambiguousSides(column.name, item, scope.items) : [];
        const expr: Expression =
          sides.length > 0
            ? {
                kind: 'coalesce',
                args: sides.map((side) => this.#columnRef({ ...reference, name: [side, column.name] }, scope)),
                position: -1,
              }
            : this.#expression(reference, scope);
        const alias = columnNameOf(expr) === column.name ? null : column.name;
        result.push({ expr, alias, position: star.position });
      }
    }
    return result;
  }

  #from(item: FromItem, items: ScopeItem[], outer: Scope): FromItem {
    const lateral: Scope = { parent: outer, items: [...items], ctes: new Map() };
    switch (item.kind) {
      case 'table':
        return this.#table(item, items, outer);
      case 'subqueryRef': {
        const walked = this.query(item.query, item.lateral ? lateral : outer);
        items.push(aliased(item.alias, '', walked.columns));
        return { ...item, query: walked.query };
      }
      case 'functionRef': {
        const walked = this.#functions(item, items);
        const { found, isUsed } = this.#watching(lateral, () => this.#children(walked, lateral));
        // Functions that look at items before them are LATERAL, whether it was written or not.
        return isUsed ? { ...found, lateral: true } : found;
      }
      case 'xmlTable': {
        const columns = item.columns.map(({ name }): ScopeColumn => ({ name, origin: null }));
        items.push(aliased(item.alias, 'xmltable', columns));
        return this.#children(item, lateral);
      }
      case 'join': {
        const inner: ScopeItem[] = [];
        const outerNames = this.#joinNames;
        if (item.natural) this.#joinNames = [...outerNames, null];
        else if (item.using !== null) this.#joinNames = [...outerNames, item.using];
        const left = this.#from(item.left, inner, withItems(outer, items));
        const leftItems = inner.length;
        const right = this.#from(item.right, inner, withItems(outer, [...items, ...inner]));
        this.#joinNames = outerNames;
        const joined: Scope = { parent: outer, items: inner, ctes: new Map() };
        const on = this.#map(item.on, joined);
        const shared = this.#mergedNames(item, inner.slice(0, leftItems), inner.slice(leftItems));
        const fromRight = this.#x.mergedFromRight(item);
        const using = item.using === null ? null : this.#renameUsing(item.using, inner);
        let { alias } = item;
        if (alias !== null) {
          const columns = joinColumns(inner, shared, item.joinType, leftItems, fromRight).map(({ name, origin }) => ({
            name,
            origin,
          }));
          items.push(aliased(alias, '', columns));
          alias = this.#changedAlias(alias, columns);
        } else if (shared.length > 0) {
          items.push({
            name: '',
            columns: joinColumns(inner, shared, item.joinType, leftItems, fromRight),
            isMerged: true,
          });
          for (const part of inner) if (part.name !== '') items.push({ ...part, isMerged: true });
          if (item.usingAlias !== null) {
            const columns = joinColumns(inner, shared, item.joinType, leftItems, fromRight).slice(0, shared.length);
            items.push({ name: item.usingAlias, columns, isMerged: true, isOfUsing: true });
          }
        } else {
          items.push(...inner);
        }
        // What NATURAL joins by is settled here; columns that are added later do not change it.
        if (item.natural) {
          const isCross = shared.length === 0 && item.joinType === 'inner';
          const condition: Expression = { kind: 'boolean', value: true, position: -1 };
          return {
            ...item,
            left,
            right,
            alias,
            natural: false,
            joinType: isCross ? 'cross' : item.joinType,
            using: shared.length > 0 ? shared : null,
            on: shared.length === 0 && !isCross ? condition : null,
          };
        }
        return { ...item, left, right, alias, on, using };
      }
    }
  }

  /** Whether something of the scope's own items is referred to. */
  #watching<T>(scope: Scope, walk: () => T): { found: T; isUsed: boolean } {
    const outer = this.#watched;
    const watched = { scopes: scopesOfFrom(scope), isUsed: false };
    this.#watched = watched;
    const found = walk();
    this.#watched = outer;
    return { found, isUsed: watched.isUsed };
  }

  #functions(item: FunctionRef, items: ScopeItem[]): FunctionRef {
    const isAlone = item.functions.length === 1 && !item.ordinality;
    const parts = item.functions.map(({ call, columnDefs, row }): readonly ScopeColumn[] => {
      const defs = columnDefs.length > 0 ? columnDefs : item.columnDefs;
      if (defs.length > 0) return defs.map(({ name }) => ({ name, origin: null }));
      if (row === undefined) return [{ name: item.alias?.name ?? columnNameOf(call), origin: null }];
      const attributes = this.#attributes(row.typeOid);
      return isAlone ? attributes : attributes.slice(0, row.columnCount);
    });
    const columns = parts.flat();
    if (item.ordinality) columns.push({ name: 'ordinality', origin: null });
    // A query that is to be kept has them all written out (kept-types.ts).
    for (const name of item.alias?.columns.slice(columns.length) ?? []) columns.push({ name, origin: null });
    items.push(aliased(item.alias, columnNameOf(item.functions[0].call), columns));
    return this.#columnChange?.kind === 'dropped' ? this.#withoutDropped(item, parts) : item;
  }

  /** `parts`: the columns of each function, of which several may have the one that is dropped. */
  #withoutDropped(item: FunctionRef, parts: readonly (readonly ScopeColumn[])[]): FunctionRef {
    const names: string[] = [];
    let start = 0;
    const functions = item.functions.map((each, i) => {
      const { row } = each;
      const own = item.alias?.columns.slice(start, start + parts[i].length) ?? [];
      start += parts[i].length;
      const index = this.#changedIndex(parts[i]);
      const isDropped = row !== undefined && index >= 0 && index < row.columnCount;
      if (isDropped) own.splice(index, 1);
      names.push(...own);
      if (!isDropped) return each;
      this.isChanged = true;
      return { ...each, row: { ...row, columnCount: row.columnCount - 1 } };
    });
    const { alias } = item;
    return { ...item, functions, alias: alias && { ...alias, columns: [...names, ...alias.columns.slice(start)] } };
  }

  /** Columns of rows of a composite type. */
  #attributes(typeOid: number): readonly ScopeColumn[] {
    const type = this.#x.catalog.type(typeOid);
    const relationOid = type?.relationOid ?? typeOid;
    return (type?.attributes ?? []).map(({ name }, i) => ({
      name,
      origin: { relationOid, columnNumber: attributeNumber(type as TypeEntry, i) },
      isPinned: true,
    }));
  }

  /** Where the column is that is dropped or added; -1: nowhere. */
  #changedIndex(columns: readonly ScopeColumn[]): number {
    const change = this.#columnChange;
    if (change === null) return -1;
    return columns.findIndex(
      ({ origin }) => origin?.relationOid === change.relationOid && origin.columnNumber === change.columnNumber,
    );
  }

  /** A list of column names without that of the dropped column, or with one for an added column that stands before others. */
  #changedAlias(alias: Alias, columns: readonly ScopeColumn[]): Alias {
    const index = this.#changedIndex(columns);
    const names = alias.columns;
    if (index < 0 || index >= names.length) return alias;
    this.isChanged = true;
    if (this.#columnChange?.kind === 'dropped') return { ...alias, columns: names.filter((_, i) => i !== index) };
    let { name } = columns[index];
    for (let i = 1; names.includes(name); i++) name = `${columns[index].name}_${i}`;
    return { ...alias, columns: [...names.slice(0, index), name, ...names.slice(index)] };
  }

  #mergedNames(
    item: Extract<FromItem, { kind: 'join' }>,
    left: readonly ScopeItem[],
    right: readonly ScopeItem[],
  ): readonly string[] {
    if (item.using !== null) return item.using;
    if (!item.natural) return [];
    const columnsOf = (items: readonly ScopeItem[]): string[] =>
      visibleItems(items).flatMap(({ columns }) => columns.map(({ name }) => name));
    const names = new Set(columnsOf(right));
    return columnsOf(left).filter((name) => names.has(name));
  }

  #renameUsing(using: readonly string[], items: readonly ScopeItem[]): readonly string[] {
    for (const name of using) {
      for (const item of items) for (const column of item.columns) if (column.name === name) this.#note(column);
    }
    return using;
  }

  #table(item: TableRef, items: ScopeItem[], outer: Scope): FromItem {
    const name = item.name[item.name.length - 1];
    if (item.name.length === 1) {
      for (let scope: Scope | null = outer; scope !== null; scope = scope.parent) {
        const cte = scope.ctes.get(name);
        if (cte === undefined) continue;
        items.push(aliased(item.alias, name, cte));
        return item;
      }
    }
    const found = this.#renamedRelation(item.name) ?? findRelation(this.#x, item.name);
    if (found === undefined) throw sqlError('42P01', `relation "${item.name.join('.')}" does not exist`);
    this.relations.add(found.oid);
    const columns =
      found.class === 'relation'
        ? columnsOf(found)
        : ['last_value', 'log_cnt', 'is_called'].map((column) => ({ name: column, origin: null }));
    const before = this.#beforeRename(columns);
    const schema = this.#x.catalog.schemaName(found.schemaOid);
    const alias = item.alias === null ? null : this.#changedAlias(item.alias, before);
    if (this.#isPinned(found.oid) && item.alias?.columns.length !== before.length) {
      const alias = { name: item.alias?.name ?? name, columns: before.map((column) => column.name) };
      items.push({ name: alias.name, columns: before.map((column) => ({ ...column, isPinned: true })) });
      return { ...item, name: [schema, found.name], alias };
    }
    const scopeItem = aliased(item.alias, name, before);
    if (item.alias === null && found.name !== name && this.#takenNames.has(found.name)) {
      // References by the new name would lead to another item.
      items.push(scopeItem);
      return { ...item, name: [schema, found.name], alias: { name, columns: [] } };
    }
    items.push(item.alias === null && found.name !== name ? { ...scopeItem, printName: found.name } : scopeItem);
    return { ...item, name: [schema, found.name], alias };
  }

  /** Is the column that is renamed one that a join around finds by its name? */
  #isPinned(relationOid: number): boolean {
    const rename = this.#rename;
    if (rename === null || rename.columnNumber === null || rename.relationOid !== relationOid) return false;
    return this.#joinNames.some((names) => names === null || names.includes(rename.oldName));
  }

  /** A kept query names the relation as it was called before. */
  #renamedRelation(names: readonly string[]): ReturnType<typeof findRelation> {
    const rename = this.#rename;
    if (rename === null || rename.columnNumber !== null || names[names.length - 1] !== rename.oldName) return undefined;
    // Kept queries are qualified, so that the schema of before tells the relation from others of its name.
    if (names.length > 1 && names[names.length - 2] !== rename.oldSchema) return undefined;
    return this.#x.catalog.namedRelation(rename.relationOid);
  }

  /** A kept query names the column as it was called before. */
  #beforeRename(columns: readonly ScopeColumn[]): readonly ScopeColumn[] {
    const rename = this.#rename;
    if (rename === null || rename.columnNumber === null) return columns;
    return columns.map((column) =>
      column.origin?.relationOid === rename.relationOid && column.origin.columnNumber === rename.columnNumber
        ? { ...column, name: rename.oldName }
        : column,
    );
  }

  #note(column: ScopeColumn): void {
    if (column.origin === null) return;
    this.columns.set(`${column.origin.relationOid}/${column.origin.columnNumber}`, column.origin);
  }

  #columnRef(reference: ColumnRef, scope: Scope): ColumnRef {
    if (reference.star) return this.#rowRef(reference, scope);
    const name = reference.name[reference.name.length - 1];
    const qualifier = reference.name.length > 1 ? reference.name[reference.name.length - 2] : null;
    for (let at: Scope | null = scope; at !== null; at = at.parent) {
      for (const item of at.items) {
        if (qualifier !== null && item.name !== qualifier) continue;
        const column = item.columns.find((candidate) => candidate.name === name);
        if (column === undefined) continue;
        this.#note(column);
        if (this.#watched?.scopes.has(at) === true) this.#watched.isUsed = true;
        if (item.isOfUsing === true) return this.#ofUsing(reference, column, at, scope);
        // A merged column is one side's, but for FULL JOIN.
        const source = item.name === '' && reference.name.length === 1 ? column.source : undefined;
        const holder = source === undefined || source === '' ? item : at.items.find((each) => each.name === source);
        return this.#renameReference(qualified(reference, holder ?? item, scope, holder !== item), column);
      }
      // ctid and the like are of the one table that there is.
      if (qualifier === null && SYSTEM_COLUMNS.has(name) && at.items.length === 1) {
        return qualified(reference, at.items[0], scope);
      }
    }
    return qualifier === null ? this.#rowRef(reference, scope) : reference;
  }

  /** t.* and t, where it is no column: a row of the item, whatever columns that has. */
  #rowRef(reference: ColumnRef, scope: Scope): ColumnRef {
    const name = reference.name[reference.name.length - 1];
    for (let at: Scope | null = scope; at !== null; at = at.parent) {
      const item = at.items.find((each) => each.name === name);
      if (item === undefined) continue;
      if (this.#watched?.scopes.has(at) === true) this.#watched.isUsed = true;
      return item.printName === undefined ? reference : { ...reference, name: [item.printName] };
    }
    return reference;
  }

  /** By the side that the column is of; that of a FULL JOIN stands without qualifier, where its name is the only one. */
  #ofUsing(reference: ColumnRef, column: ScopeColumn, scope: Scope, inner: Scope): ColumnRef {
    const bare = { ...reference, name: [column.name] };
    const holder = scope.items.find((each) => each.name !== '' && each.name === column.source);
    if (holder !== undefined) return this.#renameReference(qualified(bare, holder, inner, true), column);
    const has = ({ columns }: ScopeItem): boolean => columns.some(({ name }) => name === column.name);
    for (let at: Scope | null = inner; at !== null && at !== scope; at = at.parent)
      if (at.items.some(has)) return reference;
    const join = scope.items.find((each) => each.name === '' && has(each));
    return join !== undefined && ambiguousSides(column.name, join, scope.items).length === 0 ? bare : reference;
  }

  #renameReference(reference: ColumnRef, column: ScopeColumn): ColumnRef {
    const rename = this.#rename;
    const { origin } = column;
    if (rename === null || rename.columnNumber === null || origin === null) return reference;
    if (origin.relationOid !== rename.relationOid || origin.columnNumber !== rename.columnNumber) return reference;
    if (column.name !== rename.oldName || column.isPinned === true) return reference;
    return { ...reference, name: [...reference.name.slice(0, -1), rename.newName] };
  }

  #expression(expression: Expression, scope: Scope): Expression {
    if (expression.kind === 'columnRef') return this.#columnRef(expression, scope);
    if (expression.kind === 'row') {
      const fields = expression.fields.flatMap((field) =>
        field.kind === 'columnRef' && field.star
          ? this.#expandStar(field, scope).map(({ expr }) => expr)
          : [this.#expression(field, scope)],
      );
      return { ...expression, fields };
    }
    if (expression.kind === 'xml') return this.#children(withXmlNames(expression), scope);
    return this.#children(expression, scope);
  }

  /** Any part of the AST: expressions and queries inside are walked, the rest is copied. */
  #map<T>(value: T, scope: Scope): T {
    if (Array.isArray(value)) return value.map((element) => this.#map(element, scope)) as T;
    if (typeof value !== 'object' || value === null) return value;
    if ('kind' in value) {
      if (value.kind === 'query') return this.query(value as unknown as Query, scope).query as T;
      return this.#expression(value as unknown as Expression, scope) as T;
    }
    return this.#children(value, scope);
  }

  #children<T extends object>(node: T, scope: Scope): T {
    const result: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(node)) result[key] = this.#map(value, scope);
    return result as T;
  }
}
