/** A DdlContext without storage: the real catalog, parser and binder, tables that are empty unless a test says otherwise. */
import type { CatalogEntry, RelationEntry } from '../../catalog/index.ts';
import { Catalog, entryKey, isSharedEntry, SharedCatalog } from '../../catalog/index.ts';
import { ServerSettings, Settings } from '../../catalog/settings.ts';
import { NO_STATISTICS } from '../../catalog/statistics.ts';
import { type DdlContext, TASK_PENDING, type Task } from '../../executor/ddl/context.ts';
import { executeDdl } from '../../executor/ddl/index.ts';
import type { Query, Statement } from '../../parser/ast.ts';
import { deparse, parse, parseExpression } from '../../parser/index.ts';
import { bindScalar, type PlannerEnvironment, planStatement } from '../../planner/index.ts';
import { SqlError, sqlError } from '../../types/errors.ts';

function done<T>(value: T): Task<T> {
  return { poll: () => value };
}

export class FakeDatabase {
  catalog = Catalog.bootstrap(5, 'postgres');
  shared = SharedCatalog.bootstrap();
  readonly settings = new Settings(new ServerSettings());
  readonly notices: string[] = [];
  readonly sequences = new Map<number, { lastValue: bigint; isCalled: boolean }>();
  readonly heaps = new Set<number>();
  /** Tables (by name) that have rows. */
  readonly filled = new Set<string>();
  /** Texts of internal queries, and the rows that the next one answers. */
  readonly internal: string[] = [];
  internalRows: unknown[][] = [];
  readonly rewritten: string[] = [];
  /** Locks that are refused this many times before they are granted. */
  refusals = 0;
  waits = 0;
  isInTransactionBlock = false;
  currentUser = 'postgres';
  #nextOid = 16384;
  #nextHeap = 100;

  constructor() {
    this.settings.override('session_authorization', 'postgres');
    this.settings.format.names = {
      regInput: (_type, text) => this.catalog.resolveRelation(text.split('.'), this.searchPath)?.oid ?? 0,
      regOutput: (_type, oid) => this.catalog.namedRelation(oid)?.name ?? String(oid),
    };
  }

  get searchPath(): string[] {
    const path = this.settings.names('search_path').map((name) => (name === '$user' ? this.currentUser : name));
    const real = path.filter((name) => this.catalog.schemaByName(name) !== undefined);
    const temporary = this.catalog.schemaByName('pg_temp_1') === undefined ? [] : ['pg_temp_1'];
    return [...temporary, 'pg_catalog', ...real];
  }

  /** Runs each statement; answers the last one's tag. */
  run(sql: string): string {
    let tag = '';
    for (const statement of parse(sql)) {
      const before = [this.catalog, this.shared] as const;
      try {
        const steps = executeDdl(statement.node, this.context(sql));
        for (;;) {
          const step = steps.next();
          if (step.done === true) {
            tag = step.value.tag;
            break;
          }
          this.waits++;
        }
      } catch (error) {
        // What a rollback of the transaction's delta does.
        [this.catalog, this.shared] = before;
        throw error;
      }
    }
    return tag;
  }

  /** The error as `code message`, with detail and hint on lines of their own. */
  error(sql: string): string {
    try {
      this.run(sql);
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      const { detail, hint } = error.fields;
      return [`${error.code} ${error.message}`, detail, hint].filter((part) => part !== undefined).join('\n');
    }
    return 'no error';
  }

  takeNotices(): string[] {
    return this.notices.splice(0);
  }

  relation(name: string): RelationEntry {
    const found = this.catalog.resolveRelation(name.split('.'), this.searchPath);
    if (found?.class !== 'relation') throw new Error(`no table ${name}`);
    return found;
  }

  /** All names of the schema's relations, with their class. */
  names(schema = 'public'): string[] {
    const oid = this.catalog.schemaByName(schema)?.oid;
    return [...this.catalog.relations(), ...this.catalog.indexes(), ...this.catalog.sequences()]
      .filter((entry) => entry.schemaOid === oid)
      .map((entry) => entry.name)
      .sort();
  }

  #environment(): PlannerEnvironment {
    return {
      catalog: this.catalog,
      searchPath: this.searchPath,
      parameterTypes: [],
      parse: { statement: (text) => parse(text)[0], statements: parse, expression: parseExpression },
      settings: { format: this.settings.format },
      statistics: NO_STATISTICS,
    };
  }

  #change(entry: CatalogEntry, isRemoval: boolean): void {
    const shared = isSharedEntry(entry);
    const key = entryKey(shared ? 0 : 5, entry.class, entry.oid);
    const change = { key, entry: isRemoval ? null : entry };
    if (shared) this.shared = this.shared.apply([change]);
    else this.catalog = this.catalog.apply([change]);
  }

  context(text: string): DdlContext {
    const database = this;
    return {
      get catalog() {
        return database.catalog;
      },
      get shared() {
        return database.shared;
      },
      settings: database.settings,
      get searchPath() {
        return database.searchPath;
      },
      lookFirstIn() {},
      get authority() {
        return database.shared.authority(this.currentRoleOid, 5);
      },
      checkSchema: () => {},
      otherCatalogs: () => [],
      get currentRoleOid() {
        return database.shared.roleByName(database.currentUser)?.oid ?? 0;
      },
      get isSuperuser() {
        return database.shared.roleByName(database.currentUser)?.superuser === true;
      },
      checkAlone: (what) => {
        if (database.isInTransactionBlock) throw sqlError('25001', `${what} cannot run inside a transaction block`);
      },
      text,
      putEntry: (entry) => database.#change(entry, false),
      removeEntry: (entry) => database.#change(entry, true),
      allocateOid: () => database.#nextOid++,
      temporarySchema() {
        const known = database.catalog.schemaByName('pg_temp_1');
        if (known !== undefined) return known.oid;
        const oid = database.#nextOid++;
        database.#change({ class: 'schema', oid, name: 'pg_temp_1', owner: 10 }, false);
        return oid;
      },
      lockRelation: () => database.refusals-- <= 0,
      lockObject: () => true,
      notice(severity, code, message, detail) {
        database.notices.push(
          [`${severity} ${code} ${message}`, detail].filter((part) => part !== undefined).join('\n'),
        );
      },
      createHeap() {
        database.heaps.add(database.#nextHeap);
        return database.#nextHeap++;
      },
      dropHeap: (relId) => void database.heaps.delete(relId),
      createSequence: (oid, lastValue, isCalled) => void database.sequences.set(oid, { lastValue, isCalled }),
      dropSequence: (oid) => void database.sequences.delete(oid),
      restartSequence: (oid, lastValue, isCalled) => void database.sequences.set(oid, { lastValue, isCalled }),
      sequenceState: (oid) => database.sequences.get(oid) ?? null,
      bind: (expression, table, use, target, recorder) =>
        bindScalar(
          expression,
          table,
          recorder === undefined ? database.#environment() : { ...database.#environment(), recorder },
          {
            source: use,
            ...(target === undefined ? {} : { targetType: target }),
          },
        ),
      viewRefusal: () => null,
      checkPolicy: () => {},
      hasPendingChecks: () => false,
      isReadByCursor: () => false,
      executeParameters: () => ({ poll: () => ({ types: [], values: [] }) }),
      describeQuery(query, recorder) {
        const statement: Statement = {
          node: query,
          start: 0,
          end: 0,
          literalStart: 0,
          literalEnd: 0,
          parameterCount: 0,
        };
        const environment = { ...database.#environment(), ...(recorder === undefined ? {} : { recorder }) };
        return { columns: planStatement(statement, environment).plan.output, checkConstants: () => {} };
      },
      parseExpression,
      deparse,
      evaluate: (expr) => (expr.kind === 'const' ? expr.value : 0),
      runInternal(query) {
        database.internal.push(query);
        return done(database.internalRows);
      },
      insertFrom: () => done(3),
      buildIndex(index) {
        database.internal.push(`build ${index.name}`);
        return done(undefined);
      },
      rewriteTable(from, to) {
        database.rewritten.push(`${from.name}: ${from.relId} -> ${to.relId}`);
        let polls = 0;
        return { poll: () => (polls++ === 0 ? TASK_PENDING : undefined) };
      },
      isEmpty: (table) => !database.filled.has(table.name),
      createDatabase: () => ({ poll: () => undefined, close: () => {} }),
      dropDatabase: () => {},
      forkByName: () => undefined,
      isPassing: false,
      sessionsLeft: () => ({ poll: () => 0 }),
      terminateSessions: () => {},
      forgetStatistics: () => {},
      collationOf: () => 0,
      bindInlined: (expression, table, use, target) => database.context(text).bind(expression, table, use, target),
      routineOf: () => 0,
      operatorOf: () => 0,
      takeUses: () => new Set(),
      lookUp: null as never,
      columnsOf: () => null,
      fieldsOf: () => undefined,
      mergedFromRight: () => [],
      checkRoutineStatement: () => {},
      settingText: () => null,
      preparedQuery: () => parse('SELECT 1')[0].node as Query,
    };
  }
}
