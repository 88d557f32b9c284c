/**
 * Names of FROM's items that are clear in the whole query: an item whose name an item before it, or around it, has already is
 * called t_1, t_2 and so on. References follow. After: PostgreSQL, ruleutils.c, set_rtable_names().
 */
import type { Alias, ColumnRef, FromItem, Query } from '../../parser/ast.ts';

interface Item {
  /** What references in the kept query say. */
  readonly name: string;
  readonly schema: string | null;
  readonly printed: string;
}

interface Level {
  readonly parent: Level | null;
  readonly items: Item[];
  readonly used: Set<string>;
}

/** OLD and NEW stand in a view's rule. */
const RULE_NAMES = ['old', 'new'];

export function withUniqueNames(query: Query): Query {
  return nameQuery(query, { parent: null, items: [], used: new Set(RULE_NAMES) });
}

function nameQuery(query: Query, parent: Level): Query {
  const level: Level = { parent, items: [], used: new Set() };
  const { body } = query;
  if (body.kind === 'values') uniqueName('*VALUES*', null, level);
  if (body.kind !== 'select') return mapChildren(query, level);
  // Items are named before anything refers to them, in the order in which they were written.
  const from = body.from.map((item) => nameItem(item, level));
  const named = mapChildren({ ...query, body: { ...body, from: [] } }, level);
  return { ...named, body: { ...named.body, from: from.map((item) => mapItem(item, level)) } as Query['body'] };
}

function isUsed(name: string, level: Level): boolean {
  for (let at: Level | null = level; at !== null; at = at.parent) if (at.used.has(name)) return true;
  return false;
}

function uniqueName(name: string, schema: string | null, level: Level): string {
  let printed = name;
  for (let i = 1; isUsed(printed, level); i++) printed = `${name}_${i}`;
  level.used.add(printed);
  level.items.push({ name, schema, printed });
  return printed;
}

/** The item with its printed name as alias, where it has one. */
function nameItem(item: FromItem, level: Level): FromItem {
  switch (item.kind) {
    case 'table': {
      const own = item.name[item.name.length - 1];
      const schema = item.alias === null && item.name.length > 1 ? item.name[item.name.length - 2] : null;
      const name = item.alias?.name ?? own;
      const printed = uniqueName(name, schema, level);
      if (printed === own && item.alias === null) return item;
      return { ...item, alias: { name: printed, columns: item.alias?.columns ?? [] } };
    }
    case 'functionRef': {
      const call = item.functions[0].call;
      const own =
        call.kind === 'function' ? call.name[call.name.length - 1] : call.kind === 'sqlValue' ? call.function : 'f';
      const printed = uniqueName(item.alias?.name ?? own, null, level);
      let columns = item.alias?.columns ?? [];
      // A function's columns are always named: what it calls them may change.
      if (columns.length === 0 && item.columnDefs.length === 0 && !item.rowsFrom) {
        columns = item.ordinality ? [item.alias?.name ?? own, 'ordinality'] : [item.alias?.name ?? own];
      }
      return { ...item, alias: { name: printed, columns } };
    }
    case 'xmlTable': {
      const printed = uniqueName(item.alias?.name ?? 'xmltable', null, level);
      if (item.alias === null && printed === 'xmltable') return item;
      return { ...item, alias: { name: printed, columns: item.alias?.columns ?? [] } };
    }
    case 'subqueryRef':
      return { ...item, alias: aliased(item.alias, level) };
    case 'join': {
      if (item.alias === null) return { ...item, left: nameItem(item.left, level), right: nameItem(item.right, level) };
      // What a join with an alias is made of can be referred to inside of it only.
      const inside: Level = { parent: level, items: [], used: level.used };
      const join = { ...item, left: nameItem(item.left, inside), right: nameItem(item.right, inside) };
      const result = { ...mapChildren(join, inside), alias: aliased(item.alias, level) };
      NAMED.add(result);
      return result;
    }
  }
}

function aliased(alias: Alias | null, level: Level): Alias | null {
  return alias === null ? null : { ...alias, name: uniqueName(alias.name, null, level) };
}

/** Items whose references have been mapped. */
const NAMED = new WeakSet<object>();

function mapItem(item: FromItem, level: Level): FromItem {
  return NAMED.has(item) ? item : mapChildren(item, level);
}

function mapReference(reference: ColumnRef, level: Level): ColumnRef {
  const { name } = reference;
  const at = reference.star ? name.length - 1 : name.length - 2;
  if (at < 0) return reference;
  const [qualifier, schema] = [name[at], at > 0 ? name[at - 1] : null];
  for (let scope: Level | null = level; scope !== null; scope = scope.parent) {
    const item = scope.items.find((each) => each.name === qualifier && (schema === null || each.schema === schema));
    if (item !== undefined) return { ...reference, name: [item.printed, ...name.slice(at + 1)] };
  }
  return reference;
}

function mapChildren<T extends object>(node: T, level: Level): T {
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, mapNode(value, level)])) as T;
}

function mapNode(value: unknown, level: Level): unknown {
  if (Array.isArray(value)) return value.map((each) => mapNode(each, level));
  if (typeof value !== 'object' || value === null) return value;
  const { kind } = value as { kind?: unknown };
  if (NAMED.has(value)) return value;
  if (kind === 'query') return nameQuery(value as Query, level);
  if (kind === 'columnRef') return mapReference(value as ColumnRef, level);
  return mapChildren(value, level);
}
