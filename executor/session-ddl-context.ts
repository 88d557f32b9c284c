/** What executor/ddl asks of the session around it: catalog, locks, storage, binding, and tasks that take longer than a call. */
import type { Authority } from '../catalog/authority.ts';
import type {
  CatalogEntry,
  DatabaseEntry,
  IndexEntry,
  RelationEntry,
  RoutineEntry,
  SchemaEntry,
} from '../catalog/entries.ts';
import { FIRST_NORMAL_OID } from '../catalog/entries.ts';
import type { Value } from '../catalog/function-entry.ts';
import { quoteIdentifier } from '../catalog/functions/quote.ts';
import { inputsOf, routineFunction } from '../catalog/functions/user-routines.ts';
import { BOOTSTRAP_ROLE_OID, type Catalog, isSharedEntry } from '../catalog/index.ts';
import type { ExpiryMode } from '../catalog/row-expiry.ts';
import type { Expression, Query, QueryStatement, SetStatement, Statement, StatementNode } from '../parser/ast.ts';
import { deparse, parse, parseExpression } from '../parser/index.ts';
import {
  type BindRecorder,
  bindScalar,
  bindWithCollation,
  checkBodyStatement,
  checkPolicyExpression,
  type Expr,
  type FunctionColumns,
  type OutputColumn,
  type PlannerEnvironment,
  planStatement,
  type RowFields,
  type ScalarSource,
  viewRefusal,
} from '../planner/index.ts';
import { LOCK_GRANTED, type LockMode } from '../storage/api.ts';
import { sqlError } from '../types/errors.ts';
import { OID } from '../types/index.ts';
import { rowsFunction, scalarFunction } from './compile/batch-program.ts';
import { checkConstants } from './compile/runtime.ts';
import { SlotAllocator } from './compile/slots.ts';
import { ExecContext } from './context.ts';
import { DatabaseCopy } from './database-copy.ts';
import type { DatabaseRuntime } from './database-runtime.ts';
import {
  type DdlContext,
  type Task as DdlTask,
  type Parameters as QueryParameters,
  TASK_PENDING,
} from './ddl/context.ts';
import { NameLookup } from './ddl/lookup.ts';
import { requireDatabaseRight } from './ddl/resolve.ts';
import { SliceTask, StatementTask } from './ddl-tasks.ts';
import { hasPendingChecks } from './deferred-checks.ts';
import { executeArguments } from './execute-arguments.ts';
import { IndexBuilder } from './index-build.ts';
import type { IndexRuntime } from './index-runtime.ts';
import { LastingFork } from './lasting-fork.ts';
import { RowStoreWriter } from './modify/row-store.ts';
import { checkTemplate, momentOfTemplate } from './past.ts';
import { type CountedFill, countedExecution } from './plan-counters.ts';
import { PreparedStatement } from './prepared-statement.ts';
import { Program } from './program.ts';
import type { Session } from './session.ts';
import { TablePages } from './table-pages.ts';
import type { TableRuntime } from './table-runtime.ts';

/** How long sessions that use a database may take to end when it is dropped or renamed, and how often that is looked at. */
const SESSIONS_PATIENCE_MS = 5000;
const SESSIONS_LOOK_MS = 10;

/** DdlContext over a session, for one statement. */
export class SessionDdlContext implements DdlContext {
  fill: CountedFill | null = null;
  readonly #session: Session;
  readonly #prepared: PreparedStatement;
  readonly #contexts: ExecContext[] = [];

  constructor(session: Session, prepared: PreparedStatement) {
    this.#session = session;
    this.#prepared = prepared;
  }

  get catalog(): Catalog {
    return this.#session.catalog;
  }
  get shared() {
    return this.#session.sharedCatalog;
  }
  get settings() {
    return this.#session.settings;
  }
  lookFirstIn(schema: string | null): void {
    this.#session.lookFirstIn(schema);
  }

  get searchPath(): readonly string[] {
    return this.#session.searchPath(true);
  }
  get currentRoleOid(): number {
    return this.shared.roleByName(this.#session.currentUser)?.oid ?? 0;
  }
  get authority(): Authority {
    return this.#session.authority;
  }
  *otherCatalogs(): Iterable<Catalog> {
    for (const { oid, catalog } of this.#session.server.databases())
      if (oid !== this.catalog.databaseOid) yield catalog;
  }
  checkSchema(name: string): void {
    this.#session.checkSchema(name);
  }
  get isSuperuser(): boolean {
    return this.#session.isSuperuser;
  }
  checkAlone(what: string): void {
    this.#session.checkAlone(what);
  }
  get text(): string {
    return this.#prepared.text;
  }

  putEntry(entry: CatalogEntry): void {
    this.#session.transaction.putEntry(entry);
  }
  removeEntry(entry: CatalogEntry): void {
    this.#session.transaction.removeEntry(entry.class, entry.oid, isSharedEntry(entry));
  }
  allocateOid(): number {
    return this.#session.engine.allocateOid();
  }

  temporarySchema(): number {
    const session = this.#session;
    const name = session.temporarySchema;
    const known = this.catalog.schemaByName(name);
    if (known !== undefined) return known.oid;
    if (session.role.isRestricted) {
      throw sqlError('42501', 'cannot create temporary table within security-restricted operation');
    }
    requireDatabaseRight(this, 'T');
    // Its objects are the user's; it is not.
    const entry: SchemaEntry = { class: 'schema', oid: this.allocateOid(), name, owner: BOOTSTRAP_ROLE_OID };
    this.putEntry(entry);
    session.forgetSearchPath();
    return entry.oid;
  }

  lockRelation(relationOid: number, mode: LockMode): boolean {
    const { locks } = this.#session.engine;
    return this.#lock(locks.relationTag(this.#session.database.oid, relationOid), mode);
  }
  lockObject(classOid: number, objectOid: number, mode: LockMode): boolean {
    const { locks } = this.#session.engine;
    return this.#lock(locks.objectTag(this.#session.database.oid, classOid, objectOid), mode);
  }
  #lock(tag: ReturnType<Session['engine']['locks']['relationTag']>, mode: LockMode): boolean {
    const session = this.#session;
    if (session.engine.locks.acquire(session.ensureTransaction(), tag, mode, true) === LOCK_GRANTED) return true;
    session.isWaitingForLock = true;
    return false;
  }

  notice(severity: 'NOTICE' | 'WARNING' | 'INFO', code: string, message: string, detail?: string, hint?: string): void {
    this.#session.notice({
      severity,
      code,
      message,
      ...(detail === undefined ? {} : { detail }),
      ...(hint === undefined ? {} : { hint }),
    });
  }

  createHeap(): number {
    return this.#session.engine.createHeap(this.#session.ensureTransaction()).relId;
  }
  dropHeap(relId: number): void {
    this.#session.engine.dropHeap(this.#session.ensureTransaction(), relId);
  }
  createSequence(oid: number, lastValue: bigint, isCalled: boolean): void {
    this.#session.engine.createSequence(this.#session.ensureTransaction(), oid, plain(lastValue), isCalled);
  }
  dropSequence(oid: number): void {
    this.#session.engine.dropSequence(this.#session.ensureTransaction(), this.#session.sequenceId(oid));
  }
  restartSequence(oid: number, lastValue: bigint, isCalled: boolean): void {
    this.#session.engine.restartSequence(
      this.#session.ensureTransaction(),
      this.#session.sequenceId(oid),
      plain(lastValue),
      isCalled,
    );
  }
  sequenceState(oid: number) {
    return this.#session.engine.sequenceState(this.#session.sequenceId(oid));
  }

  /** Calls of user-made functions, by node of the AST. */
  readonly #routines = new WeakMap<object, number>();

  /** Of functions in FROM. */
  readonly #columns = new WeakMap<object, FunctionColumns>();

  /** Of joins. */
  readonly #merged = new WeakMap<object, readonly string[]>();

  /** Of (row).field and (row).*. */
  readonly #fields = new WeakMap<object, RowFields>();

  fieldsOf(node: object): RowFields | undefined {
    return this.#fields.get(node);
  }

  mergedFromRight(node: object): readonly string[] {
    return this.#merged.get(node) ?? [];
  }

  columnsOf(node: object): FunctionColumns | null {
    return this.#columns.get(node) ?? null;
  }

  /** Calls stay calls, and are noted. */
  #environment(): PlannerEnvironment {
    const noteRoutine = (node: object, oid: number): void => {
      this.#routines.set(node, oid);
    };
    const noteColumns = (node: object, columns: FunctionColumns): void => {
      this.#columns.set(node, columns);
    };
    const noteFields = (node: object, fields: RowFields): void => {
      this.#fields.set(node, fields);
    };
    const noteOperator = (node: object | null, oid: number, name: string): void => {
      if (node !== null) this.#operators.set(node, { ...this.#operators.get(node), [name]: oid });
      this.#uses.add(oid);
    };
    const noteCast = (oid: number, functionOid: number): void => {
      this.#uses.add(oid);
      if (functionOid !== 0) this.#uses.add(functionOid);
    };
    const noteMerged = (node: object, names: readonly string[]): void => {
      this.#merged.set(node, names);
    };
    const noteRelation = (oid: number): void => {
      if (this.catalog.namedRelation(oid) !== undefined && oid >= FIRST_NORMAL_OID) this.#uses.add(oid);
    };
    const noteConstraint = (oid: number): void => {
      this.#uses.add(oid);
    };
    const environment = this.#session.environment(this.catalog, []);
    return {
      ...environment,
      rowSecurity: undefined,
      noteRoutine,
      noteColumns,
      noteFields,
      noteOperator,
      noteCast,
      noteMerged,
      noteRelation,
      noteConstraint,
    };
  }

  readonly lookUp = new NameLookup(() => this.#session.environment(this.catalog, []));

  /** User-made operators, by node of the AST and name. */
  readonly #operators = new WeakMap<object, Readonly<Record<string, number>>>();
  /** What has been met of operators, casts and functions behind them. */
  #uses = new Set<number>();

  operatorOf(node: object, name: string): number {
    return this.#operators.get(node)?.[name] ?? 0;
  }

  takeUses(): ReadonlySet<number> {
    const uses = this.#uses;
    this.#uses = new Set();
    return uses;
  }

  routineOf(node: object): number {
    return this.#routines.get(node) ?? 0;
  }

  checkRoutineStatement(
    routine: RoutineEntry,
    node: StatementNode,
    isLast: boolean,
    text: string,
    recorder?: BindRecorder,
  ): void {
    const inputs = inputsOf(routine);
    const parameterTypes = inputs.map((parameter) => parameter.typeOid);
    const { outColumns } = routineFunction(routine);
    const columns =
      routine.returnTypeOid === OID.RECORD
        ? (outColumns?.map((column) => ({ ...column, typeModifier: -1 })) ?? null)
        : null;
    checkBodyStatement(node, {
      ...this.#environment(),
      ...(recorder === undefined ? {} : { recorder }),
      text,
      routine: {
        hasPositions: true,
        name: routine.name,
        parameterNames: inputs.map((parameter) => parameter.name),
        parameterTypes,
        result: isLast ? { typeOid: routine.returnTypeOid, columns, isProcedure: routine.kind === 'procedure' } : null,
      },
    });
  }

  settingText(statement: SetStatement): string | null {
    const { settings } = this.#session;
    const isSuperuser = this.#session.role.maySet(statement.name ?? '');
    if (statement.fromCurrent) return settings.show(statement.name);
    if (statement.values === null) return null;
    const mark = settings.mark();
    try {
      const isInterval = statement.interval !== null;
      settings.setValues(statement.name, statement.values, { isLocal: true, isSuperuser, isInterval });
      return settings.show(statement.name);
    } finally {
      settings.rollbackTo(mark);
    }
  }

  bind(
    expression: Parameters<DdlContext['bind']>[0],
    table: RelationEntry | null,
    use: Parameters<DdlContext['bind']>[2],
    target?: Parameters<DdlContext['bind']>[3],
    recorder?: BindRecorder,
  ): Expr {
    const environment = this.#environment();
    return bindScalar(expression, table, recorder === undefined ? environment : { ...environment, recorder }, {
      source: use as ScalarSource,
      ...(target === undefined ? {} : { targetType: target }),
    });
  }

  bindInlined(
    expression: Parameters<DdlContext['bind']>[0],
    table: RelationEntry | null,
    use: Parameters<DdlContext['bind']>[2],
    target?: Parameters<DdlContext['bind']>[3],
  ): Expr {
    return bindScalar(
      expression,
      table,
      { ...this.#environment(), inlinesRoutines: true },
      { source: use as ScalarSource, ...(target === undefined ? {} : { targetType: target }) },
    );
  }

  collationOf(
    expression: Parameters<DdlContext['bind']>[0],
    table: RelationEntry | null,
    use: Parameters<DdlContext['bind']>[2],
  ): number {
    const environment = this.#environment();
    return bindWithCollation(expression, table, environment, { source: use as ScalarSource }).collation;
  }

  checkPolicy(expression: Parameters<DdlContext['bind']>[0], table: RelationEntry): void {
    checkPolicyExpression(expression, table, { ...this.#environment(), text: this.text });
  }

  viewRefusal(query: Query): string | null {
    return viewRefusal(query, this.#session.environment(this.catalog, []));
  }
  describeQuery(
    query: Query,
    recorder?: BindRecorder,
    parameters?: QueryParameters,
  ): { readonly columns: readonly OutputColumn[]; readonly checkConstants: () => void } {
    const statement: Statement = { node: query, start: 0, end: 0, literalStart: 0, literalEnd: 0, parameterCount: 0 };
    const environment = { ...this.#environment(), refusesAsOf: true };
    const recording = {
      ...environment,
      ...(recorder === undefined ? {} : { recorder }),
      ...(parameters === undefined ? {} : { parameterTypes: parameters.types }),
    };
    const { plan, early } = planStatement(statement, recording);
    return {
      columns: plan.output,
      checkConstants: () => early !== undefined && checkConstants(early, null, this.#session.functions),
    };
  }
  parseExpression(text: string) {
    return parseExpression(text);
  }
  deparse(node: Parameters<DdlContext['deparse']>[0]): string {
    return deparse(node);
  }
  evaluate(expr: Expr): Value {
    return scalarFunction(new SlotAllocator(), expr)(this.#context());
  }

  #context(): ExecContext {
    const session = this.#session;
    const x = new ExecContext(session.engine, session.database.workMemory);
    x.functions = session.functions;
    x.services = session;
    this.#contexts.push(x);
    return x;
  }

  /** However the statement has ended: what it held in memory is given back. */
  close(): void {
    for (const x of this.#contexts) x.memory.release();
  }

  runInternal(
    text: string,
    parameters: readonly Value[] = [],
    expiry: ExpiryMode = 'live',
  ): DdlTask<readonly (readonly Value[])[]> {
    const rows: Value[][] = [];
    const prepared = new PreparedStatement(text, parse(text)[0], []);
    prepared.expiry = expiry;
    prepared.isResolved = true;
    prepared.isOfSystem = true;
    return new StatementTask(
      this.#session,
      prepared,
      parameters,
      (row) => rows.push(row),
      () => rows,
    );
  }

  insertFrom(
    table: RelationEntry,
    query: QueryStatement,
    parameters?: QueryParameters,
    asOwner = false,
  ): DdlTask<number> {
    // CREATE TABLE AS: the query's rows, as an INSERT would take them, into all columns.
    const session = this.#session;
    const name = `${quoteIdentifier(this.catalog.schemaName(table.schemaOid))}.${quoteIdentifier(table.name)}`;
    const [insert] = parse(`INSERT INTO ${name} SELECT NULL`);
    const node = { ...(insert.node as object), query, source: query } as unknown as Statement['node'];
    const prepared = new PreparedStatement(this.text, { ...insert, node }, parameters?.types ?? []);
    const task = new StatementTask(
      session,
      prepared,
      parameters?.values ?? [],
      () => {},
      (portal) => portal.processedCount,
      this.text,
    );
    // Whoever makes a table fills it, whatever rights new tables begin with.
    task.portal.ownTarget = table.oid;
    if (this.fill !== null) {
      const program = prepared.program(session);
      const { plan } = program.statement;
      this.fill.plan = plan.kind === 'insert' ? plan.source : plan;
      task.portal.execute(countedExecution(program, this.fill.counters), this.fill.counters);
    }
    if (asOwner) task.definer = this.shared.roleName(table.owner);
    return task;
  }

  #runtime(entry: RelationEntry): TableRuntime {
    return this.#session.database.table(this.catalog, entry);
  }

  buildIndex(entry: IndexEntry, isConcurrent = false): DdlTask<void> {
    const session = this.#session;
    const table = this.#runtime(this.catalog.relation(entry.tableOid) as RelationEntry);
    const index = table.indexes.find((i) => i.entry.oid === entry.oid) as IndexRuntime;
    const builder = new IndexBuilder(this.#context(), session, table, index, isConcurrent);
    this.#session.indexProgress = builder.progress;
    return new SliceTask(session, () => builder.step());
  }

  rewriteTable(from: RelationEntry, to: RelationEntry, values: readonly (Expr | null)[]): DdlTask<void> {
    const session = this.#session;
    const source = this.#runtime(from);
    const target = this.#runtime(to);
    const environment = session.environment(this.catalog, []);
    const program = new Program(planStatement(parse('SELECT 1')[0], environment), session.database, this.catalog);
    const writer = new RowStoreWriter(program, target, [], []);
    const exprs = to.columns.map(
      (c, i): Expr =>
        values[i] ?? { kind: 'column', input: 0, index: i, typeOid: c.typeOid, typeModifier: c.typeModifier },
    );
    const compute = rowsFunction(new SlotAllocator(), [from.columns], exprs);
    const x = this.#context();
    const txn = session.ensureTransaction();
    const snapshot = session.engine.transactions.takeSnapshot(txn);
    x.begin(txn, snapshot, [], null);
    const pages = new TablePages(source, snapshot);
    let page = 0;
    let slot = 0;
    const old: Value[] = [];
    /** Computed, and its long values are being stored. */
    let begun: Value[] | null = null;
    const next = (): Value[] | null => {
      const r = pages.visible(pages.base(page), slot);
      if (r < 0) return null;
      source.readValues(r, old);
      const row: Value[] = new Array(to.columns.length);
      // A row that had to wait is computed again, and meets the calls that it made.
      const { evaluation } = session.functions;
      evaluation.seen = 0;
      evaluation.called = 0;
      compute(x, [old], row);
      writer.complete(x, row, 'insert');
      if (writer.checkUnique(x, row, null) !== 0) throw writer.uniqueViolation(x, row);
      return row;
    };
    return new SliceTask(session, () => {
      if (page >= source.heap.pages.pageCount) {
        session.transaction.releaseSnapshot(snapshot);
        return true;
      }
      begun ??= next();
      if (begun !== null) {
        x.startSlice();
        if (writer.insert(x, begun, false) < 0) return false;
        begun = null;
      }
      if (++slot >= pages.slotCount(pages.base(page))) {
        slot = 0;
        page++;
      }
      return false;
    });
  }

  isEmpty(table: RelationEntry): boolean {
    return table.relId === 0 || this.#session.engine.heap(table.relId).pages.pageCount === 0;
  }

  forkByName(name: string): DatabaseEntry | undefined {
    const fork = this.#session.server.forks.find(name);
    return fork?.shared.catalog.database(fork.oid);
  }

  get isPassing(): boolean {
    const { server, database } = this.#session;
    return database.shared !== server.shared;
  }

  createDatabase(databaseOid: number, templateOid: number, asOf: Expression | null): DdlTask<void> & { close(): void } {
    const session = this.#session;
    const template = session.server.database(templateOid) as DatabaseRuntime;
    const name = this.shared.database(databaseOid)?.name ?? '';
    const moment = asOf === null ? null : momentOfTemplate(session, template.engine, asOf);
    if (moment !== null) checkTemplate(template, moment, session.functions.format);
    if (session.server.engine.isDurable || template.catalog.isBare) {
      const isFork = template.parent === null && session.server.engine.isDurable;
      const copy = isFork
        ? new LastingFork(session, template, databaseOid, name, moment)
        : new DatabaseCopy(session, template, databaseOid, name, moment);
      const task = new SliceTask(session, () => copy.step());
      return { poll: () => task.poll(), close: () => copy.close() };
    }
    session.server.addFork(template, databaseOid, name, moment);
    return { poll: () => undefined, close: () => {} };
  }

  dropDatabase(databaseOid: number): void {
    const session = this.#session;
    const database = session.server.database(databaseOid);
    // A fork goes with all that is its own when the drop is committed.
    if (database === undefined || database.parent !== null) return;
    const txn = session.ensureTransaction();
    const { catalog } = database;
    for (const relation of catalog.relations()) {
      if (relation.relId !== 0) session.engine.dropHeap(txn, relation.relId);
      if (relation.overflowRelId > 0) session.engine.dropHeap(txn, relation.overflowRelId);
    }
    for (const { storageId, oid } of catalog.sequences()) session.engine.dropSequence(txn, storageId ?? oid);
    const prefix = `${databaseOid}/`;
    for (const key of [...session.engine.catalog.keys()])
      if (key.startsWith(prefix)) session.engine.putCatalog(txn, key, null);
  }

  sessionsLeft(databaseOid: number): DdlTask<number> {
    const untilMs = performance.now() + SESSIONS_PATIENCE_MS;
    return {
      poll: () => {
        const count = this.#session.server.database(databaseOid)?.sessionCount ?? 0;
        if (count === 0 || performance.now() >= untilMs) return count;
        this.#session.wakeAfter(SESSIONS_LOOK_MS);
        return TASK_PENDING;
      },
    };
  }
  terminateSessions(databaseOid: number): void {
    for (const session of [...this.#session.server.sessions()]) {
      if (session.database.oid === databaseOid && session !== this.#session) session.terminate();
    }
  }
  forgetStatistics(tableOid: number): void {
    const analysis = this.catalog.analysis(tableOid);
    if (analysis !== undefined) this.removeEntry(analysis);
  }
  isReadByCursor(tableOid: number): boolean {
    const { cursors, portals } = this.#session;
    const open = [...cursors.all()]
      .filter((cursor) => !cursor.isFromBefore)
      .map(({ planned }) => planned?.tableLocks ?? []);
    const suspended = [...portals.all()].map((portal) => portal.heldTables);
    return [...open, ...suspended].some((tables) => tables.some((each) => each.tableOid === tableOid));
  }

  hasPendingChecks(tableOid: number): boolean {
    return hasPendingChecks(this.#session, tableOid);
  }

  executeParameters(name: string, args: readonly Expression[]): DdlTask<QueryParameters> {
    const prepared = this.#session.statements.named(name);
    const computed = executeArguments(this.#session, { name, args }, prepared);
    return {
      poll: () => {
        const step = computed.next();
        return step.done === true ? { types: prepared.parameterTypes, values: step.value } : TASK_PENDING;
      },
    };
  }

  preparedQuery(name: string): QueryStatement {
    return this.#session.statements.named(name).node as QueryStatement;
  }
}

function plain(value: bigint): number | bigint {
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
}
