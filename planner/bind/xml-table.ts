/**
 * XMLTABLE in FROM: a subquery over the function that finds the texts (catalog/functions/xml/table.ts), in which they are read as the columns'
 * types, and defaults are computed for those that are null, row by row:
 *
 *      SELECT not_null(COALESCE(texts.a::int, default), 'a'), ... FROM LATERAL xmltable(...) texts
 *
 * After: PostgreSQL, parse_relation.c and parse_clause.c, transformRangeTableFunc().
 */
import { XML_NOT_NULL, XML_ROW } from '../../catalog/functions/xml/expressions.ts';
import { tableFormText, XML_TABLE, type XmlColumnKind } from '../../catalog/functions/xml/table.ts';
import type * as ast from '../../parser/ast.ts';
import type { Expr } from '../expr.ts';
import {
  type FunctionRelation,
  makeConst,
  makeQuery,
  makeVar,
  type Query,
  type Relation,
  type RelationColumn,
  type Target,
} from '../logical.ts';
import { coerceToSpecific, coerceToTarget } from './coerce.ts';
import { castExplicit } from './conversion.ts';
import { bindExpr } from './expression.ts';
import { addRelation, type BoundFrom, plainColumn, renameColumns } from './from.ts';
import { positionOf } from './position.ts';
import type { Level } from './scope.ts';
import { BOOL, INT4, INT8, RECORD, TEXT, VARCHAR, XML } from './type-info.ts';
import { resolveTypeName } from './type-name.ts';
import { bindXmlArgument } from './xml.ts';

interface BoundColumn {
  readonly name: string;
  readonly kind: XmlColumnKind;
  readonly typeOid: number;
  readonly typeModifier: number;
  readonly path: Expr;
  readonly default: Expr | null;
  readonly isNotNull: boolean;
}

export function bindXmlTable(level: Level, node: ast.XmlTableRef): BoundFrom {
  const { context } = level;
  const savedLateral = level.lateralActive;
  level.lateralActive = true;
  const [call, columns] = level.withClause('from function', () => bindParts(level, node));
  level.lateralActive = savedLateral;
  const texts: FunctionRelation = {
    kind: 'function',
    rel: context.nextRel(),
    alias: 'xmltable',
    columns: columns.map(({ name, kind }) => plainColumn(name, kind === 'ordinality' ? INT4 : TEXT)),
    functions: [call],
    withOrdinality: false,
  };
  const targets = columns.map((column, i): Target => {
    return { expr: columnValue(level, column, texts, i), name: column.name, tableOid: 0, columnNumber: 0 };
  });
  const query = selectFrom(level, texts, targets);
  const name = node.alias?.name ?? 'xmltable';
  const specified = node.alias?.columns.length ?? 0;
  if (specified > columns.length) {
    const message = `XMLTABLE function has ${columns.length} columns available but ${specified} columns specified`;
    throw context.error('42P10', message);
  }
  const shown = columns.map((column) => plainColumn(column.name, column.typeOid, column.typeModifier));
  const relation: Relation = {
    kind: 'subquery',
    rel: context.nextRel(),
    alias: name,
    columns: renameColumns(level, shown, node.alias),
    query: columns.some(mayFail) ? computedWhole(level, query, shown) : query,
    lateral: true,
    view: null,
  };
  return addRelation(level, relation, { name, schemaName: null, table: null, hasAlias: node.alias !== null });
}

function selectFrom({ context }: Level, relation: Relation, targets: readonly Target[]): Query {
  const { rel } = relation;
  return makeQuery({
    id: context.nextQuery(),
    relations: new Map([[rel, relation]]),
    from: [{ kind: 'rel', rel }],
    targets,
  });
}

/** Whether computing the column is more than looking at it. */
function mayFail({ kind, typeOid, typeModifier, default: otherwise, isNotNull }: BoundColumn): boolean {
  if (kind === 'ordinality') return false;
  const isPlain = typeOid === TEXT || typeOid === XML || (typeOid === VARCHAR && typeModifier < 0);
  return !isPlain || isNotNull || (otherwise !== null && otherwise.kind !== 'const');
}

/** Rows whose columns have all been computed, whichever of them somebody reads: each is checked, and may have a default that counts. */
function computedWhole(level: Level, query: Query, columns: readonly RelationColumn[]): Query {
  const inner: Relation = {
    kind: 'subquery',
    rel: level.context.nextRel(),
    alias: 'xmltable',
    columns,
    // As it is: nobody merges it, and computes its columns where they are used.
    query: { ...query, offset: makeConst(0, INT8) },
    lateral: true,
    view: null,
  };
  const values = columns.map((column, i) => makeVar(inner.rel, i, column.typeOid, column.typeModifier));
  const where: Expr = { kind: 'call', function: XML_ROW, args: values, typeOid: BOOL, typeModifier: -1 };
  const targets = columns.map(({ name }, i) => ({ expr: values[i], name, tableOid: 0, columnNumber: 0 }));
  return { ...selectFrom(level, inner, targets), where };
}

function bindParts(
  level: Level,
  node: ast.XmlTableRef,
): [call: FunctionRelation['functions'][number], columns: BoundColumn[]] {
  const rowPath = bindXmlArgument(level, node.rowPath, TEXT, 'XMLTABLE');
  const document = bindXmlArgument(level, node.document, XML, 'XMLTABLE');
  const columns = bindColumns(level, node);
  const uris = node.namespaces.map(({ value }) => bindXmlArgument(level, value, TEXT, 'XMLTABLE'));
  checkNamespaces(level, node);
  const form = tableFormText({
    prefixes: node.namespaces.map(({ name }) => name),
    columns: columns.map(({ name, kind }) => ({ name, kind })),
  });
  const definitions = columns.map(({ name, kind }) => {
    return { name, typeOid: kind === 'ordinality' ? INT4 : TEXT, typeModifier: -1 };
  });
  const call = {
    function: XML_TABLE,
    args: [document, rowPath, makeConst(form, TEXT), ...uris, ...columns.map((column) => column.path)],
    columnTypes: definitions.map((column) => column.typeOid),
    rowType: RECORD,
    isComposite: true,
    columnDefinitions: definitions,
  };
  return [call, columns];
}

function checkNamespaces({ context }: Level, { namespaces }: ast.XmlTableRef): void {
  const names = new Set<string | null>();
  for (const { name, position } of namespaces) {
    if (names.has(name)) {
      const message =
        name === null ? 'only one default namespace is allowed' : `namespace name "${name}" is not unique`;
      throw context.error('42601', message, positionOf(context, position));
    }
    names.add(name);
  }
}

function bindColumns(level: Level, node: ast.XmlTableRef): BoundColumn[] {
  const { context } = level;
  const seen = new Set<string>();
  let hasOrdinality = false;
  return node.columns.map((column): BoundColumn => {
    const { name } = column;
    const position = positionOf(context, column.position);
    const refuse = (code: string, message: string): Error => context.error(code, message, position);
    if (column.type === null) {
      if (hasOrdinality) throw refuse('42601', 'only one FOR ORDINALITY column is allowed');
      hasOrdinality = true;
    } else if (column.type.setOf) throw refuse('42P16', `column "${name}" cannot be declared SETOF`);
    const bound = column.type === null ? ordinality(name) : bindColumn(level, column, column.type);
    if (seen.has(name)) throw refuse('42601', `column name "${name}" is not unique`);
    seen.add(name);
    return bound;
  });
}

function ordinality(name: string): BoundColumn {
  const path = makeConst(null, TEXT);
  return { name, kind: 'ordinality', typeOid: INT4, typeModifier: -1, path, default: null, isNotNull: false };
}

function bindColumn(level: Level, column: ast.XmlTableColumn, type: ast.TypeName): BoundColumn {
  const { context } = level;
  const { name, isNotNull } = column;
  const { typeOid, typeModifier } = resolveTypeName(context, type);
  const path =
    column.path === null
      ? makeConst(name, TEXT)
      : coerceToSpecific(context, bindExpr(level, column.path), TEXT, 'XMLTABLE');
  const kind = typeOid === XML ? 'xml' : context.types.category(typeOid) === 'N' ? 'number' : 'other';
  const otherwise = column.default === null ? null : bindDefault(level, column.default, typeOid, typeModifier);
  return { name, kind, typeOid, typeModifier, path, default: otherwise, isNotNull };
}

function bindDefault(level: Level, node: ast.Expression, typeOid: number, typeModifier: number): Expr {
  const { context } = level;
  const value = bindExpr(level, node);
  const converted = coerceToTarget(context, value, typeOid, typeModifier, 'assignment');
  if (converted !== null) return converted;
  return coerceToSpecific(context, value, typeOid, 'XMLTABLE');
}

/** The column as the query shows it. */
function columnValue(level: Level, column: BoundColumn, texts: FunctionRelation, index: number): Expr {
  const { context } = level;
  const { typeOid, typeModifier } = column;
  const text = makeVar(texts.rel, index, texts.columns[index].typeOid, -1);
  if (column.kind === 'ordinality') return text;
  // By the type's input function, as a literal would be read: a text that is too long is an error.
  const isText = context.types.category(typeOid) === 'S';
  const assigned = isText ? coerceToTarget(context, text, typeOid, typeModifier, 'assignment') : null;
  let value = assigned ?? castExplicit(context, text, typeOid, typeModifier, undefined);
  if (column.default !== null) {
    value = { kind: 'coalesce', args: [value, column.default], typeOid, typeModifier };
  }
  if (!column.isNotNull) return value;
  const args = [value, makeConst(column.name, TEXT)];
  return { kind: 'call', function: XML_NOT_NULL, args, typeOid, typeModifier };
}
