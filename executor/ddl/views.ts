/** CREATE VIEW, CREATE TABLE AS, materialized views. */
import { PLAIN_COLUMN } from '../../catalog/entries.ts';
import { quoteIdentifier } from '../../catalog/functions/quote.ts';
import type { ColumnEntry, RelationEntry } from '../../catalog/index.ts';
import { namesObjects } from '../../catalog/kept-constants.ts';
import { keptFields } from '../../catalog/kept-fields.ts';
import { storageOption } from '../../catalog/row-expiry.ts';
import type {
  CreateTableAsStatement,
  CreateViewStatement,
  IntoClause,
  Option,
  Query,
  QueryStatement,
} from '../../parser/ast.ts';
import { mentionsKeptRow } from '../../parser/index.ts';
import { columnNameOf, type Expr, type OutputColumn } from '../../planner/index.ts';
import { ACCESS_EXCLUSIVE } from '../../storage/api.ts';
import { sqlError } from '../../types/errors.ts';
import { formatType, NO_COLLATION, OID } from '../../types/index.ts';
import { intoClause } from '../select-into.ts';
import { collationName, collationOfType } from './collations.ts';
import { checkColumnNames } from './columns.ts';
import { type DdlContext, type DdlResult, type DdlSteps, type Parameters, wait } from './context.ts';
import { checkAccessMethod, checkTablespace, newTable } from './create-table.ts';
import { initialRights } from './grant.ts';
import { withKeptTypes } from './kept-types.ts';
import { changedOptions, OWN_TABLE_OPTIONS, storageOptions, TABLE_OPTIONS } from './options.ts';
import { at, checkRelationName, checkRelationOwner, isRelationName, lockNewName, newRelationName } from './resolve.ts';
import { checkExpiry } from './row-expiry.ts';
import { checkStorable } from './type-names.ts';
import { understoodQuery } from './understood-query.ts';
import { type ColumnChange, type NormalizedQuery, normalizeQuery, parseQuery, type ViewRename } from './view-query.ts';

interface NamedColumn {
  readonly name: string;
  readonly typeOid: number;
  readonly typeModifier: number;
  readonly collationOid?: number;
}

/** Raised where a table or view would have a column whose collation nobody knows. */
type NoCollation = (column: string, typeOid: number) => Error;
const COLLATION_HINT = { hint: 'Use the COLLATE clause to set the collation explicitly.' };
const noViewCollation: NoCollation = (column) =>
  sqlError('42P22', `could not determine which collation to use for view column "${column}"`, COLLATION_HINT);
const noTableCollation: NoCollation = (column, typeOid) =>
  sqlError(
    '42P22',
    `no collation was derived for column "${column}" with collatable type ${formatType(typeOid)}`,
    COLLATION_HINT,
  );

/** The query's columns under the names that were given for them; repeated names are an error. */
function namedColumns(
  x: DdlContext,
  output: readonly OutputColumn[],
  names: readonly string[],
  tooMany: string,
  noCollation: NoCollation,
): NamedColumn[] {
  if (names.length > output.length) throw sqlError('42601', tooMany);
  const columns = output.map((column, i) => ({
    name: names[i] ?? column.name,
    typeOid: column.typeOid === OID.UNKNOWN ? OID.TEXT : column.typeOid,
    typeModifier: column.typeModifier,
    ...(column.collation === undefined ? {} : { collationOid: column.collation }),
  }));
  for (const { name, typeOid, collationOid } of columns) {
    if (collationOid === NO_COLLATION) throw noCollation(name, typeOid);
  }
  checkColumnNames(columns.map(({ name }) => name));
  for (const { name, typeOid } of columns) checkStorable(x, name, typeOid);
  return columns;
}

function columnEntries(columns: readonly NamedColumn[]): ColumnEntry[] {
  return columns.map((column, i) => ({ ...PLAIN_COLUMN, number: i + 1, ...column }));
}

/** CREATE VIEW v (a, b): the names are given to the query's own targets. */
function withTargetNames(query: Query, names: readonly string[]): Query {
  if (names.length === 0 || query.body.kind !== 'select') return query;
  const targets = query.body.targets.map((target, i) => {
    if (i >= names.length) return target;
    return { ...target, alias: columnNameOf(target.expr) === names[i] ? null : names[i] };
  });
  return { ...query, body: { ...query.body, targets } };
}

/** A view's query as it is bound, and as it is shown. */
export function viewTexts(x: DdlContext, query: Query): { readonly queryText: string; readonly viewText: string } {
  const kept = withKeptTypes(x, query);
  const viewText = x.deparse(understoodQuery(x, kept));
  return { queryText: namesObjects(viewText) ? viewText : x.deparse(kept), viewText };
}

/** Texts of a query that is kept, and what it depends on: `uses` has been met while binding. */
export function queryFields(
  x: DdlContext,
  query: Query,
  { relations, columns }: NormalizedQuery,
  uses: ReadonlySet<number>,
): {
  readonly queryText: string;
  readonly viewText: string;
  readonly dependsOn: readonly number[];
  readonly dependsOnColumns: NormalizedQuery['columns'];
} {
  const texts = viewTexts(x, query);
  const all = new Map(columns.map((column) => [`${column.relationOid}/${column.columnNumber}`, column]));
  for (const { typeOid, number } of keptFields(texts.queryText)) {
    const relationOid = x.catalog.type(typeOid)?.relationOid ?? typeOid;
    all.set(`${relationOid}/${number}`, { relationOid, columnNumber: number });
  }
  // Columns may be of relations that the query does not read: of rows that functions give, and values have.
  const ofColumns = [...all.values()].map(({ relationOid }) => relationOid);
  return {
    ...texts,
    dependsOn: [...new Set([...relations, ...uses, ...ofColumns])],
    dependsOnColumns: [...all.values()],
  };
}

/** Views that a change of a column makes a difference to, with their queries after it; asked while the column is there. */
export function changedViews(x: DdlContext, change: ColumnChange): ReadonlyMap<number, Query> {
  const { relationOid } = change;
  const rowTypeOid = x.catalog.relation(relationOid)?.rowTypeOid ?? relationOid;
  const result = new Map<number, Query>();
  const reading = new Set(x.catalog.dependentsOf(relationOid));
  for (const view of x.catalog.relations()) {
    if (view.queryText === null) continue;
    if (!reading.has(view.oid) && !mentionsKeptRow(view.queryText, rowTypeOid)) continue;
    const { query, isChanged } = normalizeQuery(x, parseQuery(view.queryText), change);
    if (isChanged) result.set(view.oid, query);
  }
  return result;
}

export function putViews(x: DdlContext, queries: ReadonlyMap<number, Query>): void {
  for (const [oid, query] of queries) {
    const view = x.catalog.relation(oid);
    if (view !== undefined) x.putEntry({ ...view, ...viewTexts(x, query) });
  }
}

/** Views that read a relation name it, or its column, anew. */
export function rewriteViews(x: DdlContext, change: ViewRename): void {
  for (const oid of x.catalog.dependentsOf(change.relationOid)) {
    const view = x.catalog.relation(oid);
    if (view === undefined || view.queryText === null) continue;
    const { query } = normalizeQuery(x, parseQuery(view.queryText), change);
    x.putEntry({ ...view, ...viewTexts(x, query) });
  }
}

function usesTemporary(x: DdlContext, relations: readonly number[]): boolean {
  return relations.some((oid) => {
    const entry = x.catalog.namedRelation(oid);
    return entry !== undefined && entry.class !== 'index' && entry.persistence === 'temporary';
  });
}

export const VIEW_OPTIONS: ReadonlySet<string> = new Set(['check_option', 'security_barrier', 'security_invoker']);

/** WITH (check_option = local | cascaded) */
function checkOptionOf(options: readonly string[]): 'local' | 'cascaded' | null {
  const value = storageOption(options, 'check_option');
  if (value === undefined) return null;
  if (value === 'local' || value === 'cascaded') return value;
  throw sqlError('22023', `invalid value for enum option "check_option": ${value}`, {
    detail: 'Valid values are "local" and "cascaded".',
  });
}

/** Lengths and precisions are those of the query as it is written: none for a CASE of two, of which only one is ever met. */
function viewColumns(x: DdlContext, query: Query): readonly OutputColumn[] {
  let written: readonly Expr[] = [];
  const { columns } = x.describeQuery(query, { columns: (exprs) => (written = exprs) });
  return columns.map((column, i) => ({ ...column, typeModifier: written[i].typeModifier }));
}

function refuseCheckOption(x: DdlContext, checkOption: 'local' | 'cascaded' | null, query: Query): void {
  const refusal = checkOption === null ? null : x.viewRefusal(query);
  if (refusal === null) return;
  throw sqlError('0A000', 'WITH CHECK OPTION is supported only on automatically updatable views', { hint: refusal });
}

/** ALTER VIEW ... SET (...) and RESET (...). */
export function changeViewOptions(
  x: DdlContext,
  view: RelationEntry,
  command: { readonly kind: 'setOptions' | 'resetOptions'; readonly options: readonly Option[] },
): void {
  const options = changedOptions(view.options, command, VIEW_OPTIONS);
  const checkOption = checkOptionOf(options);
  refuseCheckOption(x, checkOption, parseQuery(view.queryText as string));
  x.putEntry({ ...view, options, checkOption });
}

/** CREATE RECURSIVE VIEW v (a) AS query is WITH RECURSIVE v (a) AS (query) SELECT a FROM v. */
function plainView(statement: CreateViewStatement): CreateViewStatement {
  if (!statement.recursive) return statement;
  const name = statement.name[statement.name.length - 1];
  const query = recursiveViewQuery(name, statement.columns, statement.query);
  return { ...statement, recursive: false, query };
}

function recursiveViewQuery(name: string, columns: readonly string[], query: Query): Query {
  const names = columns.map(quoteIdentifier).join(', ');
  const outer = parseQuery(
    `WITH RECURSIVE ${quoteIdentifier(name)} (${names}) AS (SELECT) SELECT ${names} FROM ${quoteIdentifier(name)}`,
  );
  const [cte] = outer.with?.ctes ?? [];
  return { ...outer, with: { ...(outer.with as NonNullable<Query['with']>), ctes: [{ ...cte, query, position: -1 }] } };
}

export function* createView(x: DdlContext, created: CreateViewStatement): DdlSteps<DdlResult> {
  const statement = plainView(created);
  const tag = 'CREATE VIEW';
  if (statement.persistence === 'unlogged') {
    throw sqlError('42601', 'views cannot be unlogged because they do not have storage');
  }
  refuseParameters(x, statement.query);
  if (intoClause(statement.query.body) !== null) {
    x.describeQuery({ ...statement.query, body: withoutInto(statement.query.body) });
    throw sqlError('0A000', 'views must not contain SELECT INTO');
  }
  x.takeUses();
  const output = viewColumns(x, statement.query);
  const uses = x.takeUses();
  const columns = namedColumns(
    x,
    output,
    statement.columns,
    'CREATE VIEW specifies more column names than columns',
    noViewCollation,
  );
  const normalized = normalizeQuery(x, withKeptTypes(x, statement.query));
  const query = withTargetNames(
    normalized.query,
    columns.map((column) => column.name),
  );
  const options = storageOptions(statement.options, VIEW_OPTIONS);
  if (statement.checkOption !== null) {
    if (storageOption(options, 'check_option') !== undefined) {
      throw sqlError('22023', 'parameter "check_option" specified more than once');
    }
    options.push(`check_option=${statement.checkOption}`);
  }
  const checkOption = checkOptionOf(options);
  refuseCheckOption(x, checkOption, query);
  let { persistence } = statement;
  if (persistence === 'permanent' && usesTemporary(x, normalized.relations)) {
    x.notice('NOTICE', '00000', `view "${statement.name[statement.name.length - 1]}" will be a temporary view`);
    persistence = 'temporary';
  }
  const target = newRelationName(x, statement.name, persistence);
  yield* lockNewName(x, target);
  const existing = x.catalog.relationByName(target.schema.oid, target.name);
  const fields = {
    ...queryFields(x, query, normalized, uses),
    options,
    checkOption,
  };
  if (existing !== undefined && statement.orReplace) {
    while (!x.lockRelation(existing.oid, ACCESS_EXCLUSIVE)) yield;
    if (existing.class !== 'relation' || existing.kind !== 'view') {
      throw sqlError('42809', `"${existing.name}" is not a view`);
    }
    checkRelationOwner(x, existing);
    checkReplacement(x, existing, columns);
    const kept = existing.columns.map((column) => ({ ...column }));
    x.putEntry({ ...existing, ...fields, columns: [...kept, ...columnEntries(columns).slice(kept.length)] });
    return { tag };
  }
  if (statement.orReplace && isRelationName(x, target.schema.oid, target.name)) {
    throw sqlError('42809', `"${target.name}" is not a view`);
  }
  checkRelationName(x, target.schema.oid, target.name);
  x.putEntry({
    class: 'relation',
    oid: x.allocateOid(),
    kind: 'view',
    schemaOid: target.schema.oid,
    name: target.name,
    owner: x.currentRoleOid,
    ...initialRights(x, 'table', x.currentRoleOid, target.schema.oid),
    persistence: target.persistence,
    relId: 0,
    overflowRelId: 0,
    columns: columnEntries(columns),
    layout: 0,
    rowTypeOid: x.allocateOid(),
    rowArrayTypeOid: x.allocateOid(),
    ...fields,
  });
  return { tag };
}

/** A kept query has no $1. */
function refuseParameters(x: DdlContext, node: unknown): void {
  if (Array.isArray(node)) {
    for (const part of node) refuseParameters(x, part);
    return;
  }
  if (typeof node !== 'object' || node === null) return;
  const { kind, number, position } = node as { kind?: unknown; number?: unknown; position?: unknown };
  if (kind === 'param') throw sqlError('42P02', `there is no parameter $${number}`, at(x, Number(position)));
  for (const part of Object.values(node)) refuseParameters(x, part);
}

/** OR REPLACE may add columns at the end, and nothing else. */
function checkReplacement(x: DdlContext, view: RelationEntry, columns: readonly NamedColumn[]): void {
  if (columns.length < view.columns.length) throw sqlError('42P16', 'cannot drop columns from view');
  view.columns.forEach((old, i) => {
    const column = columns[i];
    if (column.name !== old.name) {
      throw sqlError('42P16', `cannot change name of view column "${old.name}" to "${column.name}"`, {
        hint: 'Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.',
      });
    }
    if (column.typeOid !== old.typeOid || column.typeModifier !== old.typeModifier) {
      throw sqlError(
        '42P16',
        `cannot change data type of view column "${old.name}" from ${formatType(old.typeOid, old.typeModifier)} to ${formatType(column.typeOid, column.typeModifier)}`,
      );
    }
    const own = collationOfType(x, old.typeOid);
    const before = old.collationOid ?? own;
    const after = column.collationOid ?? own;
    if (before !== after) {
      throw sqlError(
        '42P16',
        `cannot change collation of view column "${old.name}" from "${collationName(x, before)}" to "${collationName(x, after)}"`,
      );
    }
  });
}

// ------------------------------------------------------------------------------------------------- CREATE TABLE AS

function* sourceQuery(
  x: DdlContext,
  statement: CreateTableAsStatement,
): DdlSteps<{ query: Query; parameters?: Parameters }> {
  if (statement.source.kind === 'query') return { query: statement.source };
  if (statement.materializedView) throw sqlError('0A000', 'materialized views must be made from a query');
  const prepared = x.preparedQuery(statement.source.name);
  if (prepared.kind !== 'query') throw sqlError('42809', 'prepared statement is not a SELECT');
  return {
    query: prepared,
    parameters: yield* wait(x.executeParameters(statement.source.name, statement.source.args)),
  };
}

function withoutInto(body: Query['body']): Query['body'] {
  if (body.kind === 'select') return { ...body, into: null };
  if (body.kind === 'values') return body;
  return { ...body, left: { ...body.left, body: withoutInto(body.left.body) } };
}

/** SELECT ... INTO t is CREATE TABLE t AS SELECT ...; of a set operation, its first SELECT says so. */
export function selectInto(x: DdlContext, query: Query, into: IntoClause): DdlSteps<DdlResult> {
  const body = withoutInto(query.body);
  return createTableAs(x, {
    kind: 'createTableAs',
    table: into.name,
    columns: [],
    persistence: into.persistence,
    ifNotExists: false,
    materializedView: false,
    accessMethod: null,
    options: [],
    onCommit: null,
    tablespace: null,
    source: { ...query, body },
    withData: true,
    position: query.position,
  });
}

/** What CREATE TABLE AS would say of its name: it is an error, without IF NOT EXISTS, that there is such a relation. */
export function mayNotCreate(x: DdlContext, statement: CreateTableAsStatement): boolean {
  return isNameTaken(x, statement, newRelationName(x, statement.table, statement.persistence));
}

function isNameTaken(
  x: DdlContext,
  statement: CreateTableAsStatement,
  target: ReturnType<typeof newRelationName>,
): boolean {
  if (!statement.ifNotExists || !isRelationName(x, target.schema.oid, target.name)) {
    checkRelationName(x, target.schema.oid, target.name);
    return false;
  }
  x.notice('NOTICE', '42P07', `relation "${target.name}" already exists, skipping`);
  return true;
}

export function* createTableAs(x: DdlContext, statement: CreateTableAsStatement): DdlSteps<DdlResult> {
  const isView = statement.materializedView;
  checkAccessMethod(statement.accessMethod);
  checkTablespace(statement.tablespace);
  const { query, parameters } = yield* sourceQuery(x, statement);
  // What is wrong with the query is told first; it is described again when its tables have been waited for.
  x.describeQuery(query, undefined, parameters);
  const target = newRelationName(x, statement.table, statement.persistence);
  yield* lockNewName(x, target);
  if (isNameTaken(x, statement, target)) return { tag: isView ? 'CREATE MATERIALIZED VIEW' : 'CREATE TABLE AS' };
  if (statement.onCommit !== null && target.persistence !== 'temporary') {
    throw sqlError('42P16', 'ON COMMIT can only be used on temporary tables');
  }
  x.takeUses();
  const { columns: output, checkConstants } = x.describeQuery(query, undefined, parameters);
  const uses = x.takeUses();
  if (statement.withData) checkConstants();
  const tooMany = isView ? 'too many column names were specified' : 'too many column names were specified';
  const columns = namedColumns(x, output, statement.columns, tooMany, noTableCollation);
  const normalized: NormalizedQuery | null = isView ? normalizeQuery(x, withKeptTypes(x, query)) : null;
  if (normalized !== null && usesTemporary(x, normalized.relations)) {
    throw sqlError('0A000', 'materialized views must not use temporary tables or views');
  }
  const table = newTable(x, {
    schemaOid: target.schema.oid,
    name: target.name,
    persistence: target.persistence,
    columns: columns.map((column) => ({
      ...column,
      notNull: false,
      defaultExpression: null,
      generated: false,
      identity: null,
      sequence: null,
      checks: [],
      keys: [],
      foreignKeys: [],
      position: -1,
    })),
    options: storageOptions(statement.options, isView ? TABLE_OPTIONS : OWN_TABLE_OPTIONS),
    onCommit: statement.onCommit,
  });
  checkExpiry(table);
  const count = statement.withData ? yield* wait(x.insertFrom(table, query as QueryStatement, parameters)) : 0;
  if (normalized !== null) {
    // Rows are inserted while it is a table still: nobody may insert into a materialized view.
    const names = columns.map((column) => column.name);
    x.putEntry({
      ...(x.catalog.relation(table.oid) as RelationEntry),
      kind: 'materializedView',
      ...queryFields(x, withTargetNames(normalized.query, names), normalized, uses),
      populated: statement.withData,
    });
  }
  if (!statement.withData) {
    if (statement.source.kind === 'execute') return { tag: 'SELECT 0' };
    return { tag: isView ? 'CREATE MATERIALIZED VIEW' : 'CREATE TABLE AS' };
  }
  return { tag: `SELECT ${count}` };
}
