/**
 * Prepared statements and their plans. A plan is made for a catalog version (ANALYZE makes a new one), a search path and sizes of
 * tables; when any of them differs at its next use it is made again. Where the best plan depends on the values that a statement
 * runs with, it has a variant for each class of values (planner/cost/value-probes.ts).
 */
import type { FunctionContext } from '../catalog/function-entry.ts';
import type { Catalog } from '../catalog/index.ts';
import type { ExpiryMode } from '../catalog/row-expiry.ts';
import type { Statement, StatementNode } from '../parser/ast.ts';
import {
  type PlannedStatement,
  type PlannerEnvironment,
  planStatement,
  type RoutineBody,
  type StatementValues,
} from '../planner/index.ts';
import type { Encoding } from '../types/encodings/index.ts';
import { sqlError } from '../types/errors.ts';
import { baseTypeOid, OID, typeByOid } from '../types/index.ts';
import { LazyMap } from '../types/lazy-map.ts';
import type { DatabaseRuntime } from './database-runtime.ts';
import { Program } from './program.ts';
import type { ResultEncoder } from './result-encoder.ts';
import { intoClause } from './select-into.ts';
import type { FieldDescription } from './session-api.ts';

/** By it, not by the message, drivers know that a statement need only be prepared anew (JDBC, asyncpg, ActiveRecord). */
const REVALIDATION = 'RevalidateCachedQuery';

/** Statements that the planner plans; all others are utilities. */
export function isPlanned(node: StatementNode): boolean {
  switch (node.kind) {
    case 'query':
      return intoClause(node.body) === null;
    case 'call':
    case 'insert':
    case 'update':
    case 'delete':
    case 'merge':
      return true;
    default:
      return false;
  }
}

/** The query within a utility that takes the utility's parameters: of EXPLAIN and DECLARE CURSOR; null: there is none. */
export function queryWithin(node: StatementNode): StatementNode | null {
  switch (node.kind) {
    case 'declareCursor':
      return node.query;
    case 'explain': {
      const { statement } = node;
      if (isPlanned(statement)) return statement;
      if (statement.kind === 'createTableAs') return statement.source.kind === 'query' ? statement.source : null;
      return queryWithin(statement);
    }
    default:
      return null;
  }
}

/** Uses after each of which the sizes of tables are looked at; later at every so many only. */
const SIZE_CHECKS = 16;
/** Growth below this is none. */
const ROWS_SMALL = 1000;
const VARIANTS_MAX = 16;

/** The setting plan_cache_mode. */
export type PlanCacheMode = 'auto' | 'force_generic_plan' | 'force_custom_plan';

/** What a plan depends on beside the statement. */
export interface PlanningSession {
  readonly database: DatabaseRuntime;
  readonly catalog: Catalog;
  /** Search path and settings that binding reads; changes when they do. */
  readonly bindingVersion: string;
  readonly functions: FunctionContext;
  environment(catalog: Catalog, parameterTypes: readonly number[]): PlannerEnvironment;
}

export class PreparedStatement {
  readonly text: string;
  /** null: an empty statement. */
  readonly statement: Statement | null;
  /** As declared by the client; 0 = to be inferred. */
  readonly declaredTypes: readonly number[];
  parameterTypes: readonly number[];
  #program: Program | null = null;
  #bindingVersion = '';
  /** Rows of the tables when the plan was made, in the order of its locks. */
  #plannedRows: readonly number[] = [];
  #uses = 0;
  /** What it was planned for; null: the literals of its text, and parameters that may be anything. */
  #values: StatementValues | null = null;
  /** The class of those values; null until it is asked for. */
  #valueClass: string | null = null;
  readonly #variants = new LazyMap<string, PreparedStatement>();
  fields: readonly FieldDescription[] | null = null;
  /** Types of what it answers, domains as such. */
  outputTypes: readonly number[] = [];

  /** `$n` beyond the declared types is an error: there is no Bind that could give it a value. */
  readonly hasFixedParameters: boolean;

  /** A statement of a function's body. */
  readonly #routine: RoutineBody | null;

  /** The same, as it was read. */
  twin(): PreparedStatement {
    return new PreparedStatement(this.text, this.statement, this.declaredTypes, this.hasFixedParameters);
  }

  constructor(
    text: string,
    statement: Statement | null,
    declaredTypes: readonly number[],
    hasFixedParameters = false,
    routine: RoutineBody | null = null,
  ) {
    this.#routine = routine;
    this.hasFixedParameters = hasFixedParameters;
    this.text = text;
    this.statement = statement;
    this.declaredTypes = declaredTypes;
    this.parameterTypes = declaredTypes;
  }

  /** Result encoders by formats: made once, used by all portals of the statement. */
  memoEncoder(formats: readonly number[], encoding: Encoding | null, make: () => ResultEncoder): ResultEncoder {
    const key = encoding === null ? formats.join(',') : `${formats.join(',')} ${encoding.name}`;
    let encoder = this.#encoders.get(key);
    if (encoder === undefined) {
      encoder = make();
      this.#encoders.set(key, encoder);
    }
    return encoder;
  }

  readonly #encoders = new LazyMap<string, ResultEncoder>();

  /** Its names were resolved by somebody else before: nobody is asked whether the user may look into their schemas. */
  isResolved = false;

  /** A check or an action of the system's own: all rows are there, whatever policies say. */
  isOfSystem = false;

  /** A cursor's query: its rows carry what WHERE CURRENT OF asks for. */
  isCursor = false;

  /** Which rows of tables that expire it sees: a client's statement, those that have not. */
  expiry: ExpiryMode = 'live';

  get node(): StatementNode | null {
    return this.statement?.node ?? null;
  }

  /** The plan serves all texts of the same shape. */
  get isShareable(): boolean {
    return this.#program?.statement.shareable === true;
  }

  get isPlanned(): boolean {
    return this.statement !== null && isPlanned(this.statement.node);
  }

  /** Finds the types of a utility's parameters, where it has some. Throws what PostgreSQL's Parse finds wrong with its query. */
  inferParameters(session: PlanningSession): void {
    const { statement } = this;
    const query = statement === null || statement.parameterCount === 0 ? null : queryWithin(statement.node);
    if (query === null) return;
    const inner = new PreparedStatement(this.text, { ...(statement as Statement), node: query }, this.declaredTypes);
    inner.program(session);
    this.parameterTypes = inner.parameterTypes;
  }

  /** The program for the session's catalog. A result that changed its shape is refused, as PostgreSQL does (0A000). */
  program(session: PlanningSession): Program {
    const { catalog } = session;
    const known = this.#program;
    if (
      known !== null &&
      known.catalog.version === catalog.version &&
      this.#bindingVersion === session.bindingVersion &&
      !this.#hasOutgrown(known)
    )
      return known;
    const planned = this.#plan(session, catalog);
    const fields = fieldsOf(planned);
    this.outputTypes = planned.plan.output.map((column) => column.typeOid);
    if (known !== null && this.#routine === null && !sameFields(this.fields, fields))
      throw sqlError('0A000', 'cached plan must not change result type', { routine: REVALIDATION });
    this.fields = fields;
    this.parameterTypes = planned.parameterTypes;
    this.#program = new Program(planned, session.database, catalog);
    this.#bindingVersion = session.bindingVersion;
    this.#plannedRows = rowsOf(planned, session.database);
    this.#uses = 0;
    this.#valueClass = null;
    this.#variants.clear();
    return this.#program;
  }

  /** A plan for the session's catalog: one that forks share, or a new one. */
  #plan(session: PlanningSession, catalog: Catalog): PlannedStatement {
    const shelf = this.#values === null && this.#routine === null ? session.database.planShelf(catalog) : null;
    const key = shelf === null ? '' : this.#shelfKey(session.bindingVersion);
    const shared = shelf?.find(key);
    if (shared !== undefined && !isOutgrown(shared.planned, shared.rows, session.database)) return shared.planned;
    const environment = session.environment(catalog, this.parameterTypes);
    let isBound = false;
    // Of types that have nothing to check there is nothing to be bound to.
    const noteBound = <T>(check: ((oid: number) => T) | undefined): ((oid: number) => T) | undefined =>
      check &&
      ((oid) => {
        const found = check(oid);
        if (found !== null) isBound = true;
        return found;
      });
    const planned = planStatement(this.statement as Statement, {
      ...environment,
      checkSchema: this.isResolved ? undefined : environment.checkSchema,
      domainCheck: shelf === null ? environment.domainCheck : noteBound(environment.domainCheck),
      inputCheck: shelf === null ? environment.inputCheck : noteBound(environment.inputCheck),
      text: this.text,
      fixedParameters: this.hasFixedParameters,
      values: this.#values ?? undefined,
      rowIdentities: this.isCursor,
      inlinesRoutines: true,
      expiry: this.expiry,
      rowSecurity: this.isOfSystem ? undefined : environment.rowSecurity,
      routine: this.#routine ?? undefined,
    });
    if (shelf !== null && !isBound) shelf.add(key, { planned, rows: rowsOf(planned, session.database) });
    return planned;
  }

  /** What the plan depends on, beside the catalog. A text may have many statements: where this one stands in it counts. */
  #shelfKey(bindingVersion: string): string {
    const { text, declaredTypes, hasFixedParameters, isCursor, isResolved, isOfSystem, expiry } = this;
    const { node, start, end, parameterCount } = this.statement as Statement;
    const place = [node.kind, start, end, parameterCount];
    return [
      bindingVersion,
      declaredTypes,
      hasFixedParameters,
      isCursor,
      isResolved,
      isOfSystem,
      expiry,
      place,
      text,
    ].join('\u0000');
  }

  /** A table has twice the rows that the plan was made for, or half of them. Seldom asked once the plan has been used often. */
  #hasOutgrown({ statement, database }: Program): boolean {
    const uses = ++this.#uses;
    if (uses > SIZE_CHECKS && uses % SIZE_CHECKS !== 0) return false;
    return isOutgrown(statement, this.#plannedRows, database);
  }

  /** Whether another plan may be better for other values. */
  dependsOnValues(session: PlanningSession): boolean {
    return this.program(session).statement.probes !== null;
  }

  /** The statement as it is planned for values like these: itself when they make no difference. */
  forValues(session: PlanningSession, values: StatementValues, mode: PlanCacheMode = 'auto'): PreparedStatement {
    const { probes } = this.program(session).statement;
    if (probes === null || mode === 'force_generic_plan') return this;
    if (mode === 'force_custom_plan') return this.#variant(session, values);
    this.#valueClass ??= probes.key(this.#values, session.functions);
    const key = probes.key(values, session.functions);
    if (key === this.#valueClass) return this;
    let variant = this.#variants.get(key);
    if (variant === undefined) {
      variant = this.#variant(session, values);
      // The oldest goes: planning it again costs a millisecond.
      if (this.#variants.size >= VARIANTS_MAX) this.#variants.delete(this.#variants.keys().next().value as string);
      this.#variants.set(key, variant);
    }
    return variant;
  }

  #variant(session: PlanningSession, values: StatementValues): PreparedStatement {
    const { text, statement, declaredTypes, hasFixedParameters } = this;
    const variant = new PreparedStatement(text, statement, declaredTypes, hasFixedParameters, this.#routine);
    variant.parameterTypes = this.parameterTypes;
    variant.#values = values;
    variant.expiry = this.expiry;
    variant.program(session);
    return variant;
  }
}

/** Rows of the statement's tables, in the order of its locks. */
function rowsOf({ tableLocks }: PlannedStatement, { statistics }: DatabaseRuntime): number[] {
  return tableLocks.map(({ tableOid }) => statistics.rowCount(tableOid));
}

/** A table has twice the rows that the plan was made for, or half of them. */
function isOutgrown(
  { tableLocks }: PlannedStatement,
  rows: readonly number[],
  { statistics }: DatabaseRuntime,
): boolean {
  return tableLocks.some(({ tableOid }, i) => {
    const before = rows[i] + ROWS_SMALL;
    const now = statistics.rowCount(tableOid) + ROWS_SMALL;
    return now > before * 2 || now * 2 < before;
  });
}

function fieldsOf(planned: PlannedStatement): FieldDescription[] | null {
  const { plan, ownColumns } = planned;
  if (planned.command !== 'select' && plan.output.length === 0) return null;
  // A procedure without OUT parameters.
  if (planned.command === 'call' && plan.output[0].typeOid === OID.VOID) return null;
  return plan.output.slice(0, ownColumns).map((column) => {
    // Clients are told of the type under a domain, as PostgreSQL does.
    const type = typeByOid(column.typeOid);
    const isDomain = type?.kind === 'd';
    const typeOid = isDomain ? baseTypeOid(column.typeOid) : column.typeOid;
    return {
      name: column.name,
      tableOid: column.tableOid,
      columnNumber: column.columnNumber,
      typeOid,
      typeLength: typeByOid(typeOid)?.length ?? -1,
      typeModifier: isDomain ? (type.baseTypmod ?? -1) : column.typeModifier,
    };
  });
}

function sameFields(a: readonly FieldDescription[] | null, b: readonly FieldDescription[] | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    a.length === b.length &&
    a.every((f, i) => f.typeOid === b[i].typeOid && f.typeModifier === b[i].typeModifier && f.name === b[i].name)
  );
}
