/** Definitions as SQL: what pg_get_indexdef, pg_get_constraintdef and their kin print. After: PostgreSQL, ruleutils.c. */
import { OID, typeByOid } from '../../types/index.ts';
import type { Catalog } from '../catalog.ts';
import { collationByOid, findCollation } from '../collations.ts';
import { compositeClass, resolveCompositeClass } from '../composite-classes.ts';
import type { ColumnEntry, ConstraintEntry, IndexColumn, IndexEntry, RelationEntry, TypeEntry } from '../entries.ts';
import type { FunctionContext } from '../function-entry.ts';
import { quoteIdentifier } from '../functions/quote.ts';
import { operatorLabel } from '../functions/user-operators.ts';
import { prettyExpression } from './pretty.ts';

/** A relation's name, qualified unless the search path leads to it. */
export function relationName(catalog: Catalog, oid: number, searchPath: readonly string[]): string {
  const entry = catalog.namedRelation(oid);
  if (entry === undefined) {
    const composite = compositeClass(catalog, oid);
    if (composite === undefined) return String(oid);
    const isFound = resolveCompositeClass(catalog, [composite.name], searchPath) === composite;
    return isFound ? quoteIdentifier(composite.name) : qualifiedName(catalog, composite);
  }
  if (catalog.resolveRelation([entry.name], searchPath)?.oid === oid) return quoteIdentifier(entry.name);
  return qualifiedName(catalog, entry);
}

export function qualifiedName(catalog: Catalog, entry: { readonly schemaOid: number; readonly name: string }): string {
  return `${quoteIdentifier(catalog.schemaName(entry.schemaOid))}.${quoteIdentifier(entry.name)}`;
}

/** name(...), where a part of the name may be quoted. */
const CALL = /^(?:[a-z_][a-z0-9_]*|"(?:[^"]|"")+")(?:\.(?:[a-z_][a-z0-9_]*|"(?:[^"]|"")+"))*\(.*\)$/is;

/** An expression as an index's key shows it: function calls bare, everything else in parentheses. */
export function indexExpression(text: string, isPretty: boolean): string {
  const shown = isPretty ? prettyExpression(text) : text;
  return CALL.test(shown) && isOneCall(shown) ? shown : `(${shown})`;
}

function isOneCall(text: string): boolean {
  return closingParenthesis(text, text.indexOf('(')) === text.length - 1;
}

function closingParenthesis(text: string, open: number): number {
  let depth = 0;
  let quote = '';
  for (let i = open; i < text.length; i++) {
    const character = text[i];
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (character === "'" || character === '"') quote = character;
    else if (character === '(') depth++;
    else if (character === ')' && --depth === 0) return i;
  }
  return -1;
}

/** The default value of an expression column: what pg_get_expr prints. */
export function expressionText(text: string, isPretty: boolean): string {
  return isPretty ? prettyExpression(text) : text;
}

/** A default as it is shown: sequences without their schema when they are visible. */
export function defaultText(catalog: Catalog, column: ColumnEntry, searchPath: readonly string[]): string | null {
  if (column.defaultText === null) return null;
  const [oid] = column.defaultDependsOn ?? [];
  const sequence = oid === undefined ? undefined : catalog.sequence(oid);
  if (sequence === undefined) return column.defaultText;
  const full = `'${qualifiedName(catalog, sequence).replaceAll("'", "''")}'`;
  const shown = `'${relationName(catalog, sequence.oid, searchPath).replaceAll("'", "''")}'`;
  return column.defaultText.replace(full, () => shown);
}

function keyColumnText(table: RelationEntry, index: IndexEntry, position: number, isPretty: boolean): string {
  const column = index.columns[position];
  if (column.expressionText !== null) return indexExpression(column.expressionText, isPretty);
  return quoteIdentifier(table.columns[column.columnNumber - 1].name);
}

/** COLLATE, where the key's collation is not its column's. */
function keyCollationText(
  catalog: Catalog,
  index: IndexEntry,
  position: number,
  searchPath: readonly string[],
): string {
  const { collationOid } = index.columns[position];
  return collationOid === undefined ? '' : ` COLLATE ${collationName(catalog, collationOid, searchPath)}`;
}

function keyOrderText(catalog: Catalog, index: IndexEntry, position: number, searchPath: readonly string[]): string {
  const { descending, nullsFirst, operatorClass } = index.columns[position];
  const collation = keyCollationText(catalog, index, position, searchPath);
  return collation + keyClassText(operatorClass, descending, nullsFirst, searchPath);
}

function keyClassText(
  operatorClass: string | undefined,
  descending: boolean,
  nullsFirst: boolean,
  searchPath: readonly string[],
): string {
  let text = operatorClass === undefined || isDefaultClass(operatorClass) ? '' : ` ${operatorClass}`;
  // Where CREATE EXTENSION puts them, so that a dump finds them in PostgreSQL too.
  if (isOfExtension(operatorClass) && !searchPath.includes('public')) text = ` public.${operatorClass}`;
  if (descending) text += nullsFirst ? ' DESC' : ' DESC NULLS LAST';
  else if (nullsFirst) text += ' NULLS FIRST';
  return text;
}

function isOfExtension(name: string | undefined): boolean {
  return name === 'gin_trgm_ops' || name === 'citext_pattern_ops';
}

const OTHER_CLASSES = new Set(['jsonb_path_ops', 'gin_trgm_ops', 'inet_ops', 'varchar_ops']);

function isDefaultClass(name: string): boolean {
  return !name.endsWith('_pattern_ops') && !OTHER_CLASSES.has(name);
}

/** One column of pg_get_indexdef(index, n): n counts from 1, INCLUDE columns come last. */
export function indexColumnText(catalog: Catalog, index: IndexEntry, number: number, isPretty: boolean): string {
  const table = catalog.relation(index.tableOid) as RelationEntry;
  if (number <= index.columns.length) return keyColumnText(table, index, number - 1, isPretty);
  const included = index.includedColumns[number - 1 - index.columns.length];
  return included === undefined ? '' : quoteIdentifier(table.columns[included - 1].name);
}

/** The key, INCLUDE and what follows: shared by indexes and the constraints over them. */
function includeText(table: RelationEntry, index: IndexEntry): string {
  if (index.includedColumns.length === 0) return '';
  return ` INCLUDE (${index.includedColumns.map((n) => quoteIdentifier(table.columns[n - 1].name)).join(', ')})`;
}

function optionsText(options: readonly string[] | undefined): string {
  if (options === undefined || options.length === 0) return '';
  const shown = options.map((option) => {
    const at = option.indexOf('=');
    const value = option.slice(at + 1);
    return `${quoteIdentifier(option.slice(0, at))}=${quoteIdentifier(value) === value ? value : `'${value}'`}`;
  });
  return ` WITH (${shown.join(', ')})`;
}

export function indexDefinition(
  catalog: Catalog,
  index: IndexEntry,
  isPretty: boolean,
  searchPath: readonly string[],
): string {
  const table = catalog.relation(index.tableOid) as RelationEntry;
  const name = isPretty ? relationName(catalog, table.oid, searchPath) : qualifiedName(catalog, table);
  const keys = index.columns
    .map((_, i) => keyColumnText(table, index, i, isPretty) + keyOrderText(catalog, index, i, searchPath))
    .join(', ');
  let text = `CREATE ${index.unique ? 'UNIQUE ' : ''}INDEX ${quoteIdentifier(index.name)} ON ${name}`;
  text += ` USING ${index.exclusion?.method ?? index.method} (${keys})${includeText(table, index)}`;
  if (index.nullsNotDistinct) text += ' NULLS NOT DISTINCT';
  text += optionsText(index.options);
  if (index.predicateText !== null) text += ` WHERE ${expressionText(index.predicateText, isPretty)}`;
  return text;
}

const ACTION_WORDS = {
  'no action': '',
  restrict: 'RESTRICT',
  cascade: 'CASCADE',
  'set null': 'SET NULL',
  'set default': 'SET DEFAULT',
} as const;

/** EXCLUDE USING gist (room WITH =, during WITH &&) WHERE (...) */
function exclusionDefinition(
  catalog: Catalog,
  constraint: ConstraintEntry,
  isPretty: boolean,
  searchPath: readonly string[],
): string {
  const table = catalog.relation(constraint.tableOid) as RelationEntry;
  const index = catalog.index(constraint.indexOid);
  if (index?.exclusion === undefined) return '';
  const { method, operators } = index.exclusion;
  const elements = index.columns.map((_, i) => {
    const key = keyColumnText(table, index, i, isPretty) + keyOrderText(catalog, index, i, searchPath);
    return `${key} WITH ${operatorLabel(catalog, operators[i], searchPath)}`;
  });
  let text = `EXCLUDE USING ${method} (${elements.join(', ')})${includeText(table, index)}${optionsText(index.options)}`;
  if (index.predicateText !== null) text += ` WHERE (${expressionText(index.predicateText, isPretty)})`;
  return text;
}

export function constraintDefinition(
  catalog: Catalog,
  constraint: ConstraintEntry,
  isPretty: boolean,
  searchPath: readonly string[],
): string {
  const table = catalog.relation(constraint.tableOid) as RelationEntry;
  const list = (owner: RelationEntry, numbers: readonly number[]): string =>
    numbers.map((number) => quoteIdentifier(owner.columns[number - 1].name)).join(', ');
  let text: string;
  switch (constraint.type) {
    case 'primary key':
    case 'unique': {
      const index = catalog.index(constraint.indexOid);
      text = constraint.type === 'primary key' ? 'PRIMARY KEY ' : 'UNIQUE ';
      if (index?.nullsNotDistinct === true) text += 'NULLS NOT DISTINCT ';
      text += `(${list(table, constraint.columns)})`;
      if (index !== undefined) text += includeText(table, index) + optionsText(index.options);
      break;
    }
    case 'exclude':
      text = exclusionDefinition(catalog, constraint, isPretty, searchPath);
      break;
    case 'check':
      text = `CHECK (${expressionText(constraint.checkText as string, isPretty)})`;
      if (constraint.noInherit === true) text += ' NO INHERIT';
      break;
    case 'foreign key': {
      const referenced = catalog.relation(constraint.referencedTableOid) as RelationEntry;
      text = `FOREIGN KEY (${list(table, constraint.columns)}) REFERENCES `;
      text += `${relationName(catalog, referenced.oid, searchPath)}(${list(referenced, constraint.referencedColumns)})`;
      if (constraint.matchFull) text += ' MATCH FULL';
      const { onUpdate, onDelete } = constraint;
      if (onUpdate !== 'no action') text += ` ON UPDATE ${ACTION_WORDS[onUpdate]}`;
      if (onDelete !== 'no action') text += ` ON DELETE ${ACTION_WORDS[onDelete]}`;
      const some = constraint.onDeleteColumns ?? [];
      if (some.length > 0) text += ` (${list(table, some)})`;
      break;
    }
  }
  if (constraint.deferrable) text += ' DEFERRABLE';
  if (constraint.initiallyDeferred) text += ' INITIALLY DEFERRED';
  if (!constraint.validated) text += ' NOT VALID';
  return text;
}

export function domainCheckDefinition(check: NonNullable<TypeEntry['checks']>[number], isPretty: boolean): string {
  const named = check.text.replace(/'(?:[^']|'')*'|\bvalue\b/g, (part) => (part === 'value' ? 'VALUE' : part));
  const printed = expressionText(named, isPretty);
  const text = printed.replace(/'(?:[^']|'')*'|\bVALUE\[/g, (part) => (part === 'VALUE[' ? '(VALUE)[' : part));
  return `CHECK (${text})${check.validated ? '' : ' NOT VALID'}`;
}

/** A view's query as the session prints it. */
export function viewDefinition(
  functions: FunctionContext,
  view: RelationEntry,
  isPretty = false,
  wrapColumn = 0,
): string {
  return `${functions.viewDefinition?.(view.oid, isPretty, wrapColumn) ?? ` ${view.queryText}`};`;
}

/** format_type for any type: user-made ones are qualified when they cannot be seen. */
export function typeDisplayName(
  catalog: Catalog,
  oid: number,
  searchPath: readonly string[],
  format: (oid: number) => string,
): string {
  const type = catalog.type(oid);
  if (type === undefined) return format(oid);
  if (catalog.typeByName(null, type.name, searchPath)?.oid === type.oid) return format(oid);
  const isArray = type.oid !== oid;
  return `${qualifiedName(catalog, type)}${isArray ? '[]' : ''}`;
}

/** A collation's name, qualified unless the search path leads to it. */
export function collationName(catalog: Catalog, oid: number, searchPath: readonly string[]): string {
  const entry = collationByOid(catalog, oid);
  if (entry === undefined) return String(oid);
  const isSeen = findCollation(catalog, [entry.name], searchPath)?.oid === oid;
  return isSeen ? quoteIdentifier(entry.name) : qualifiedName(catalog, entry);
}

/** Is a text of this type compared by a collation? */
export function collationOf(typeOid: number, catalog: Catalog): number {
  const type = typeByOid(typeOid);
  if (type === undefined) return 0;
  if (type.name === 'name') return 950;
  if (type.category === 'S' && type.kind !== 'd') return 100;
  if (type.category === 'A' && type.elementOid !== 0) return collationOf(type.elementOid, catalog);
  if (type.kind !== 'd' || type.baseOid === undefined) return 0;
  return catalog.type(typeOid)?.collationOid ?? collationOf(type.baseOid, catalog);
}

/** The collation of an index's key. */
export function collationOfKey(catalog: Catalog, table: RelationEntry | undefined, key: IndexColumn): number {
  const column = table?.columns[key.columnNumber - 1];
  const named = key.collationOid ?? key.ownCollationOid ?? column?.collationOid;
  return named ?? collationOf(column?.typeOid ?? key.result?.typeOid ?? OID.TEXT, catalog);
}
