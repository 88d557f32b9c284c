/**
 * VACUUM, ANALYZE and CLUSTER. Old versions go by themselves; what is left to do:
 *
 *      VACUUM         sweeps what can be swept now, gives back the empty pages at a table's end if nobody uses the table, and
 *                     brings the visibility map up to date
 *      VACUUM FULL    copies the rows into new files, which are as small as can be; the old ones go at commit
 *      CLUSTER        the same: rows keep their order, because indexes are in memory and a heap has no order to keep; the index
 *                     that it takes is marked
 *      ANALYZE        gathers statistics
 */
import { resolveCompositeClass } from '../catalog/composite-classes.ts';
import type { RelationEntry, TypeEntry } from '../catalog/entries.ts';
import type { NamedRelation } from '../catalog/index.ts';
import { relationWord } from '../catalog/rights.ts';
import type { ClusterStatement, VacuumStatement } from '../parser/ast.ts';
import { ACCESS_EXCLUSIVE, type Heap, LOCK_GRANTED, PAGE_MISS } from '../storage/api.ts';
import { sqlError } from '../types/errors.ts';
import { analyzeTable } from './analyze/analyze.ts';
import { clusterIndex } from './ddl/indexes.ts';
import { rewriteTables } from './ddl-runner.ts';
import { hasPendingChecks } from './deferred-checks.ts';
import type { Session, Task } from './session.ts';
import { booleanOf, refused, vacuumOptions } from './vacuum-options.ts';

const SWEEP_SLICE = 512;
/** Pages asked for at once, backwards. */
const READ_AHEAD = 32;
const SLICE_MS = 2;

export function* vacuum(session: Session, node: VacuumStatement): Task<string> {
  const isVacuum = node.kind === 'vacuum';
  const options = vacuumOptions(node);
  if (isVacuum) session.checkAlone('VACUUM');
  const tables: RelationEntry[] = [];
  const columns = new Map<number, readonly number[]>();
  for (const { table, columns: names } of node.relations) {
    const found = relationOf(session, table.name);
    if (found.class === 'relation' && !mayMaintain(session, found)) {
      warnOfSkipped(session, found, node.kind);
    } else if (found.class === 'relation' && (isStored(found) || found.kind === 'virtual')) {
      tables.push(found);
      if (names.length > 0) columns.set(found.oid, columnNumbers(found, names));
    } else {
      const message = `skipping "${found.name}" --- cannot ${node.kind} non-tables or special system tables`;
      session.notice({ severity: 'WARNING', code: '01000', message });
    }
  }
  const every = node.relations.length > 0 ? [] : [...session.catalog.relations()].filter(isStored);
  for (const table of every) {
    if (mayMaintain(session, table)) tables.push(table);
    else warnOfSkipped(session, table, node.kind);
  }
  const all = tables.filter(isStored);
  const { activity } = session.database;
  if (isVacuum) {
    yield* sweepAll(session);
    if (options.full)
      yield* rewriteTables(
        session,
        all.map((t) => t.oid),
      );
    else for (const table of all) yield* trimTable(session, table);
    for (const table of all) yield* settleTable(session, table);
    for (const { oid } of all) activity.noteVacuum(oid, session.server.now());
  }
  if (options.analyze) {
    for (const { oid } of all) {
      if (session.catalog.relation(oid) === undefined) continue;
      yield* analyzeTable(session, oid, columns.get(oid) ?? null);
      // Meanwhile it may have been truncated, or dropped.
      const relId = session.catalog.relation(oid)?.relId;
      if (relId !== undefined) activity.noteAnalyze(oid, session.engine.heap(relId), session.server.now(), false);
    }
  }
  return isVacuum ? 'VACUUM' : 'ANALYZE';
}

function warnOfSkipped(session: Session, table: RelationEntry, verb: string): void {
  const who = table.kind === 'virtual' ? 'superuser or database owner' : 'table or database owner';
  const message = `skipping "${table.name}" --- only ${who} can ${verb} it`;
  session.notice({ severity: 'WARNING', code: '01000', message });
}

/** The owner of the table, or of the database. */
function mayMaintain({ authority, sharedCatalog, database }: Session, { owner }: RelationEntry): boolean {
  const databaseOwner = sharedCatalog.database(database.oid)?.owner ?? 0;
  return authority.hasPrivilegesOf(owner) || authority.hasPrivilegesOf(databaseOwner);
}

export function* cluster(session: Session, node: ClusterStatement): Task<string> {
  for (const option of node.options) {
    if (option.name !== 'verbose') throw refused(option, `unrecognized CLUSTER option "${option.name}"`);
    booleanOf(option);
  }
  if (node.table === null) {
    session.checkAlone('CLUSTER');
    const tables = [...session.catalog.indexes()].filter((index) => index.clustered).map((index) => index.tableOid);
    yield* rewriteTables(
      session,
      tables.filter((oid) => mayCluster(session, session.catalog.relation(oid))),
    );
    return 'CLUSTER';
  }
  const table = relationOf(session, node.table);
  if (table.class !== 'relation' || !isStored(table)) {
    throw sqlError('42809', `"${table.name}" is not a table or materialized view`);
  }
  if (hasPendingChecks(session, table.oid)) {
    throw sqlError('55006', `cannot CLUSTER "${table.name}" because it has pending trigger events`);
  }
  if (!mayCluster(session, table)) throw sqlError('42501', `must be owner of ${relationWord(table)} ${table.name}`);
  const index =
    node.index === null
      ? session.catalog.indexesOf(table.oid).find((each) => each.clustered)
      : clusterIndex(session.catalog, table, node.index);
  if (index === undefined) {
    throw sqlError('42704', `there is no previously clustered index for table "${table.name}"`);
  }
  yield* rewriteTables(session, [table.oid], index);
  return 'CLUSTER';
}

function mayCluster(session: Session, table: RelationEntry | undefined): boolean {
  return table !== undefined && session.authority.hasPrivilegesOf(table.owner);
}

/** A composite type is none to work on, but found. */
function relationOf(session: Session, name: readonly string[]): NamedRelation | TypeEntry {
  if (name.length > 1) session.checkSchema(name[name.length - 2]);
  const path = session.searchPath(true);
  const relation = session.catalog.resolveRelation(name, path) ?? resolveCompositeClass(session.catalog, name, path);
  if (relation === undefined) throw sqlError('42P01', `relation "${name.join('.')}" does not exist`);
  return relation;
}

function columnNumbers(table: RelationEntry, names: readonly string[]): number[] {
  const numbers = names.map((name) => {
    const column = table.columns.find((candidate) => !candidate.dropped && candidate.name === name);
    if (column === undefined) {
      throw sqlError('42703', `column "${name}" of relation "${table.name}" does not exist`);
    }
    return column.number;
  });
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw sqlError('42701', `column "${twice}" of relation "${table.name}" appears more than once`);
  }
  return numbers;
}

function isStored(table: RelationEntry): boolean {
  return table.relId !== 0;
}

/** Until what is left must wait for somebody's snapshot. */
function* sweepAll(session: Session): Task<void> {
  const { engine } = session;
  while (engine.sweepSome(SWEEP_SLICE) >= SWEEP_SLICE || engine.isSweepWaiting) {
    session.wakeAfter(engine.isSweepWaiting ? 2 : 0);
    yield* session.wait();
  }
}

/** Looks at all pages that are not in the table's visibility map. */
function* settleTable(session: Session, { oid }: RelationEntry): Task<void> {
  const { engine } = session;
  const heapOf = (): Heap | null => {
    const relId = session.catalog.relation(oid)?.relId ?? 0;
    return relId > 0 && engine.hasHeap(relId) ? engine.heap(relId) : null;
  };
  const end = heapOf()?.pages.pageCount ?? 0;
  let pageNo = 0;
  for (let sliceEnd = performance.now() + SLICE_MS; ; ) {
    // Meanwhile it may have been truncated, or dropped.
    const heap = heapOf();
    if (heap === null) return;
    pageNo = heap.visibility.nextMissing(pageNo, Math.min(end, heap.pages.pageCount));
    if (pageNo >= Math.min(end, heap.pages.pageCount)) return;
    try {
      engine.settlePage(heap, pageNo);
      pageNo++;
      if (performance.now() < sliceEnd) continue;
      session.wakeAfter(0);
    } catch (error) {
      if (error !== PAGE_MISS) throw error;
      session.wakeOnLoad();
      const ahead: number[] = [];
      const last = Math.min(end, heap.pages.pageCount);
      for (let next = pageNo + 1; next < last && ahead.length < READ_AHEAD; ) {
        next = heap.visibility.nextMissing(next, last);
        if (next < last) ahead.push(next++);
      }
      engine.pool.prefetch(heap.pages, ahead, ahead.length);
    }
    yield* session.wait();
    sliceEnd = performance.now() + SLICE_MS;
  }
}

/** Empty pages at the end go, if nobody uses the table: PostgreSQL, too, does not wait for the lock. */
function* trimTable(session: Session, { oid }: RelationEntry): Task<void> {
  const { engine } = session;
  const heapsOf = (): Heap[] => {
    const table = session.catalog.relation(oid);
    if (table === undefined) return [];
    return [table.relId, table.overflowRelId].filter((relId) => relId > 0).map((relId) => engine.heap(relId));
  };
  let isLocked = false;
  for (const { relId } of heapsOf()) {
    if ((yield* endOf(session, oid, relId, true)) === null) continue;
    if (!isLocked) {
      const tag = engine.locks.relationTag(session.database.oid, oid);
      if (engine.locks.acquire(session.ensureTransaction(), tag, ACCESS_EXCLUSIVE, false) !== LOCK_GRANTED) return;
      isLocked = true;
    }
    const end = yield* endOf(session, oid, relId, false);
    if (end !== null) engine.heap(relId).truncate(end);
  }
}

/** Page count without the empty pages at the end; null: there are none, or no such heap. `isGlance`: the last page only. */
function* endOf(session: Session, oid: number, relId: number, isGlance: boolean): Task<number | null> {
  const { engine } = session;
  const heapOf = (): Heap | null => {
    const table = session.catalog.relation(oid);
    return table?.relId === relId || table?.overflowRelId === relId ? engine.heap(relId) : null;
  };
  let end = heapOf()?.pages.pageCount ?? 0;
  const count = end;
  for (let sliceEnd = performance.now() + SLICE_MS; end > 0; ) {
    const heap = heapOf();
    if (heap === null || heap.pages.pageCount < end) return null;
    try {
      if (!heap.isPageEmpty(end - 1)) break;
      end--;
      if (isGlance) break;
      if (performance.now() < sliceEnd) continue;
      session.wakeAfter(0);
    } catch (error) {
      if (error !== PAGE_MISS) throw error;
      session.wakeOnLoad();
      const before = Array.from({ length: Math.min(READ_AHEAD, end - 1) }, (_, i) => end - 2 - i);
      if (!isGlance) engine.pool.prefetch(heap.pages, before.reverse(), before.length);
    }
    yield* session.wait();
    sliceEnd = performance.now() + SLICE_MS;
  }
  return end === count ? null : end;
}
