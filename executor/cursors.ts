/**
 * SQL cursors: DECLARE, FETCH, MOVE, CLOSE. Rows that were fetched are kept, so that a cursor can go back; WITH HOLD cursors are run
 * to their end when their transaction commits. Portals of Bind are cursors, too, and cursors are portals to Describe, Execute and Close.
 */
import type { Value } from '../catalog/function-entry.ts';
import type { CloseStatement, DeclareCursorStatement, FetchStatement, Statement } from '../parser/ast.ts';
import type { PlannedStatement } from '../planner/plan.ts';
import { sqlError } from '../types/errors.ts';
import { LazyMap } from '../types/lazy-map.ts';
import { Batch } from './batch.ts';
import { MemoryAccount, rowBytes } from './memory-account.ts';
import { RowStore } from './operators/operator.ts';
import { PORTAL_DONE, PORTAL_PENDING, Portal } from './portal.ts';
import { PreparedStatement } from './prepared-statement.ts';
import { ResultEncoder } from './result-encoder.ts';
import type { Session, Task } from './session.ts';
import type { FieldDescription } from './session-api.ts';

export interface Cursor {
  readonly name: string;
  /** Null: a portal that has not begun. */
  readonly planned: PlannedStatement | null;
  readonly portal: Portal;
  readonly rows: RowStore;
  /** Rows before those kept, which went to the client as they came: a portal of Bind keeps none. */
  readonly passed: number;
  /** Of the rows kept: they may outlive the statement. */
  readonly memory: MemoryAccount;
  readonly isHeld: boolean;
  readonly isBinary: boolean;
  readonly canScroll: boolean;
  readonly text: string;
  readonly createdAt: number;
  /** Rows before the cursor: 0 = before the first. */
  position: number;
  isComplete: boolean;
  /** WITH HOLD, and its transaction is over. */
  isFromBefore: boolean;
  /** Savepoints that it is behind: it goes with the first of them that is rolled back to. */
  depth: number;
}

export class Cursors {
  readonly #session: Session;
  readonly #cursors = new LazyMap<string, Cursor>();

  constructor(session: Session) {
    this.#session = session;
  }

  get isEmpty(): boolean {
    return this.#cursors.size === 0;
  }

  all(): Iterable<Cursor> {
    return this.#cursors.values();
  }

  find(name: string): Cursor | undefined {
    return this.#cursors.get(name);
  }

  get(name: string): Cursor {
    const cursor = this.find(name) ?? this.#ofPortal(name);
    if (cursor === null) throw sqlError('34000', `cursor "${name}" does not exist`);
    return cursor;
  }

  /** A portal of Bind as a cursor that goes forward, for one statement; null: there is none of this name that gives rows. */
  #ofPortal(name: string): Cursor | null {
    const portal = this.#session.portals.find(name);
    if (portal === undefined || !portal.isPlanned || portal.statement.fields === null) return null;
    const passed = portal.rowCount;
    return {
      name,
      planned: portal.planned,
      portal,
      rows: new RowStore(portal.statement.fields.length),
      passed,
      memory: new MemoryAccount(this.#session.server.workMemory),
      isHeld: false,
      isBinary: false,
      canScroll: false,
      text: portal.statement.text,
      createdAt: this.#session.functions.statementTimestamp,
      position: portal.isDone ? passed + 1 : passed,
      isComplete: portal.isDone,
      isFromBefore: false,
      depth: portal.depth,
    };
  }

  *declare(node: DeclareCursorStatement, declared: PreparedStatement, params: readonly Value[]): Task<void> {
    const { text } = declared;
    const session = this.#session;
    const statement: Statement = {
      node: node.query,
      start: 0,
      end: text.length,
      literalStart: 0,
      literalEnd: 0,
      parameterCount: params.length,
    };
    const prepared = new PreparedStatement(text, statement, declared.parameterTypes);
    prepared.isCursor = true;
    const program = prepared.program(session);
    if (!node.hold && !session.isInBlock) {
      throw sqlError('25P01', 'DECLARE CURSOR can only be used in transaction blocks');
    }
    if (node.hold && session.role.isRestricted) {
      throw sqlError('42501', 'cannot create a cursor WITH HOLD within security-restricted operation');
    }
    if (this.#cursors.has(node.name) || session.portals.find(node.name) !== undefined)
      throw sqlError('42P03', `cursor "${node.name}" already exists`);
    // A function that declares it has other arguments in its next call.
    const portal = new Portal(session, node.name, prepared, [...params], null, []);
    const rows = new RowStore(program.statement.plan.output.length);
    const memory = new MemoryAccount(session.server.workMemory);
    keepRows(portal, rows, memory);
    // What it shows is fixed now, not when it is first read.
    while (!portal.start()) yield* session.wait();
    this.#cursors.set(node.name, {
      name: node.name,
      planned: prepared.program(session).statement,
      portal,
      rows,
      passed: 0,
      memory,
      isHeld: node.hold,
      isBinary: node.binary,
      canScroll: node.scroll !== false,
      text,
      createdAt: session.functions.statementTimestamp,
      position: 0,
      isComplete: false,
      isFromBefore: false,
      depth: session.transaction.savepoints.length,
    });
  }

  close(node: CloseStatement): void {
    if (node.cursor === null) {
      for (const cursor of this.#cursors.values()) this.#drop(cursor);
      const { portals } = this.#session;
      for (const portal of portals.all()) if (portal.isPlanned) portals.drop(portal.name);
      return;
    }
    this.#drop(this.get(node.cursor));
  }

  /** A portal of this name is closed: it is a cursor, or nothing. */
  closeNamed(name: string): void {
    const cursor = this.find(name);
    if (cursor !== undefined) this.#drop(cursor);
  }

  #drop(cursor: Cursor): void {
    this.#cursors.delete(cursor.name);
    cursor.memory.release();
    cursor.portal.close();
    this.#session.portals.drop(cursor.name);
  }

  /** Savepoint i is rolled back to: what was declared behind it goes. */
  rollbackTo(i: number): void {
    for (const cursor of this.#cursors.values()) if (cursor.depth > i) this.#drop(cursor);
  }

  /** Savepoint i is released. */
  release(i: number): void {
    for (const cursor of this.#cursors.values()) cursor.depth = Math.min(cursor.depth, i);
  }

  /** The end of a transaction: all go, but held ones after a commit (holdAll has completed them). */
  closeAll(isCommit: boolean): void {
    for (const cursor of this.#cursors.values()) {
      if (!cursor.isHeld || !(isCommit || cursor.isComplete)) this.#drop(cursor);
    }
  }

  /** Before a commit: held cursors take all their rows. */
  *holdAll(): Task<void> {
    for (const cursor of this.#cursors.values()) {
      if (!cursor.isHeld || cursor.isComplete) continue;
      yield* this.#pull(cursor, Infinity);
      cursor.portal.close();
      cursor.isFromBefore = true;
      cursor.depth = 0;
    }
  }

  *#pull(cursor: Cursor, wanted: number): Task<void> {
    while (!cursor.isComplete && rowsKnown(cursor) < wanted) {
      const missing = wanted - rowsKnown(cursor);
      const answer = this.#session.pollPortal(cursor.portal, Number.isFinite(missing) ? missing : 0);
      if (answer === PORTAL_PENDING) yield* this.#session.wait();
      else if (answer === PORTAL_DONE) cursor.isComplete = true;
    }
  }

  /** Ctid of the table's row on which the cursor stands; null where an outer join has none. After: PostgreSQL, execCurrentOf. */
  currentOf(name: string, tableOid: number): number | null {
    const cursor = this.get(name);
    const refuse = (what: string) => sqlError('24000', `cursor "${name}" ${what}`);
    if (cursor.isFromBefore) throw refuse('is held from a previous transaction');
    const rowIdentities = cursor.planned?.rowIdentities ?? [];
    const scannedTable = cursor.planned?.scannedTable ?? 0;
    const table = this.#session.catalog.relation(tableOid)?.name ?? '';
    const ofTable = rowIdentities.filter((identity) => identity.tableOid === tableOid);
    let found = ofTable.filter((identity) => identity.isLocked);
    if (rowIdentities.some((identity) => identity.isLocked)) {
      if (found.length === 0) throw refuse(`does not have a FOR UPDATE/SHARE reference to table "${table}"`);
      if (found.length > 1) throw refuse(`has multiple FOR UPDATE/SHARE references to table "${table}"`);
    } else {
      found = ofTable;
      if (scannedTable !== tableOid || found.length !== 1) {
        throw refuse(`is not a simply updatable scan of table "${table}"`);
      }
    }
    if (cursor.position < 1 || cursor.position > cursor.rows.count) throw refuse('is not positioned on a row');
    return cursor.rows.columns[found[0].column][cursor.position - 1];
  }

  fields(node: FetchStatement): readonly FieldDescription[] {
    return this.get(node.cursor).portal.statement.fields ?? [];
  }

  /** FETCH and MOVE; answers the command tag. */
  *fetch(node: FetchStatement, isSimple: boolean, formats: readonly number[]): Task<string> {
    const cursor = this.get(node.cursor);
    const fields = this.fields(node);
    const numbers = yield* this.#travel(cursor, this.#rowNumbers(cursor, node));
    if (node.kind === 'fetch') {
      if (isSimple) this.#session.sink.rowDescription(fields, cursor.isBinary ? fields.map(() => 1) : []);
      this.#send(cursor, numbers, formats);
    }
    return `${node.kind.toUpperCase()} ${numbers.length}`;
  }

  /** Execute of a portal that is a cursor; answers its tag, null where it is suspended. */
  *execute(cursor: Cursor, maxRows: number): Task<string | null> {
    const numbers = yield* this.#travel(cursor, this.#forward(cursor, maxRows === 0 ? Infinity : maxRows));
    this.#send(cursor, numbers, []);
    return numbers.length === maxRows ? null : `SELECT ${numbers.length}`;
  }

  #send(cursor: Cursor, numbers: readonly number[], formats: readonly number[]): void {
    const { sink, settings } = this.#session;
    const types = (cursor.portal.statement.fields ?? []).map((field) => field.typeOid);
    const encoder = new ResultEncoder(types, cursor.isBinary ? [1] : formats, sink.encoding);
    const batch = new Batch(types.length);
    for (const number of numbers) {
      for (let c = 0; c < types.length; c++) batch.columns[c][0] = cursor.rows.columns[c][number - cursor.passed];
      batch.count = 1;
      encoder.encode(sink.out, batch, 0, 1, settings.format);
    }
  }

  /** One whose query fails, or that is asked to go back and cannot, goes nowhere any more. */
  *#travel(cursor: Cursor, way: Task<number[]>): Task<number[]> {
    const { portal } = cursor;
    portal.checkNotFailed();
    const isOfBind = portal.onBatch === null;
    if (isOfBind) keepRows(portal, cursor.rows, cursor.memory);
    try {
      return yield* way;
    } catch (error) {
      portal.fail();
      throw error;
    } finally {
      if (isOfBind) {
        portal.onBatch = null;
        cursor.memory.release();
      }
    }
  }

  /** Rows as FETCH would answer them, for a function. */
  *take(name: string, count: number): Task<Value[][]> {
    const cursor = this.get(name);
    const isBackward = count < 0;
    if (isBackward) this.#checkScroll(cursor);
    const numbers = isBackward
      ? this.#backward(cursor, -count)
      : yield* this.#travel(cursor, this.#forward(cursor, count));
    // Behind them are those that say which rows of tables it stands on.
    const columns = cursor.rows.columns.slice(0, cursor.portal.statement.fields?.length);
    return numbers.map((number) => columns.map((column) => column[number - cursor.passed]));
  }

  /** Moves the cursor; answers the rows passed over, as zero-based numbers in the order of travel. */
  *#rowNumbers(cursor: Cursor, node: FetchStatement): Task<number[]> {
    const { direction, count } = node;
    if (direction === 'forward' && (count === 'all' || count >= 0)) {
      return count === 0
        ? this.#current(cursor, node)
        : yield* this.#forward(cursor, count === 'all' ? Infinity : count);
    }
    const isBackward = direction === 'backward' || (direction === 'forward' && (count as number) < 0);
    if (isBackward) {
      const steps = count === 'all' ? Infinity : Math.abs(count);
      if (direction === 'backward' && count !== 'all' && count < 0) return yield* this.#forward(cursor, -count);
      if (steps === 0) return this.#current(cursor, node);
      this.#checkScroll(cursor);
      return this.#backward(cursor, steps);
    }
    if (direction === 'relative' && count === 0) return this.#current(cursor, node);
    const target = yield* this.#target(cursor, direction, count as number);
    if (target <= cursor.position && cursor.position > 0) this.#checkScroll(cursor);
    yield* this.#pull(cursor, target);
    cursor.position = Math.min(Math.max(target, 0), rowsKnown(cursor) + 1);
    return target >= 1 && target <= rowsKnown(cursor) ? [target - 1] : [];
  }

  *#target(cursor: Cursor, direction: FetchStatement['direction'], count: number): Task<number> {
    if (direction === 'relative') return cursor.position + count;
    if (count >= 0) return count;
    yield* this.#pull(cursor, Infinity);
    cursor.position = rowsKnown(cursor) + 1;
    return cursor.position + count;
  }

  *#forward(cursor: Cursor, steps: number): Task<number[]> {
    yield* this.#pull(cursor, cursor.position + steps);
    const numbers: number[] = [];
    while (numbers.length < steps && cursor.position < rowsKnown(cursor)) numbers.push(cursor.position++);
    // Past the end: the next step backwards gives the last row again.
    if (numbers.length < steps) cursor.position = rowsKnown(cursor) + 1;
    return numbers;
  }

  /** The row that the cursor is on. Fetching it again is a step back and one forward. */
  #current(cursor: Cursor, node: FetchStatement): number[] {
    if (cursor.position < 1 || cursor.position > rowsKnown(cursor)) return [];
    if (node.kind === 'fetch') this.#checkScroll(cursor);
    return [cursor.position - 1];
  }

  #backward(cursor: Cursor, steps: number): number[] {
    const numbers: number[] = [];
    while (numbers.length < steps && cursor.position > 1) {
      cursor.position--;
      numbers.push(cursor.position - 1);
    }
    if (numbers.length < steps) cursor.position = 0;
    return numbers;
  }

  #checkScroll(cursor: Cursor): void {
    if (cursor.canScroll) return;
    throw sqlError('55000', 'cursor can only scan forward', {
      hint: 'Declare it with SCROLL option to enable backward scan.',
    });
  }
}

/** Rows that it has given, whether they are kept or not. */
function rowsKnown(cursor: Cursor): number {
  return cursor.passed + cursor.rows.count;
}

/** The portal's rows go where a cursor has them. */
function keepRows(portal: Portal, rows: RowStore, memory: MemoryAccount): void {
  portal.onBatch = (batch, from, to) => {
    let bytes = 0;
    for (let i = from; i < to; i++) bytes += rowBytes(batch, i);
    memory.grow(bytes, 'rows of a cursor');
    for (let i = from; i < to; i++) rows.appendRow(batch, i);
  };
}
