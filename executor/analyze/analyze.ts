/**
 * ANALYZE: samples a table's rows and keeps statistics for the planner, as an entry of the catalog. All of it goes in slices of a
 * millisecond or two.
 */
import type { AnalysisEntry, AnalyzedColumn, StatisticsEntry, StatisticsExpression } from '../../catalog/entries.ts';
import type { Value } from '../../catalog/function-entry.ts';
import type { ColumnGroupStatistics, ColumnStatistics, ElementStatistics } from '../../catalog/statistics.ts';
import { LOCK_GRANTED, SHARE_UPDATE_EXCLUSIVE } from '../../storage/api.ts';
import { DEFAULT_FORMAT, outputText } from '../../types/index.ts';
import type { Session, Task } from '../session.ts';
import type { TableRuntime } from '../table-runtime.ts';
import { analyzeColumn } from './column-analysis.ts';
import { addValue, expressionColumns } from './expression-values.ts';
import { analyzeGroup, type GroupMember } from './group-analysis.ts';
import { type Sample, type SampledColumn, type SampleOptions, sampledColumn, sampleRows } from './sample.ts';
import { Slices, type Steps } from './steps.ts';

/** Rows looked at for each value of the statistics target: enough for a histogram (Chaudhuri et al., 1998; analyze.c). */
const ROWS_PER_TARGET = 300;

/**
 * Analyzes a table, or some of its columns. False: somebody holds a lock on it that it would have to wait for (`mayWait` false), or
 * it is gone.
 */
export function* analyzeTable(
  session: Session,
  oid: number,
  columnNumbers: readonly number[] | null = null,
  mayWait = true,
): Task<boolean> {
  if (!(yield* lockTable(session, oid, mayWait))) return false;
  const entry = session.catalog.relation(oid);
  if (entry === undefined || entry.relId === 0) return false;
  const table = session.database.table(session.catalog, entry);
  const standard = session.settings.number('default_statistics_target');
  const targetOf = (number: number): number => entry.columns[number - 1].statisticsTarget ?? standard;
  const numbers = entry.columns
    .filter((column) => !column.dropped && (columnNumbers === null || columnNumbers.includes(column.number)))
    .map((column) => column.number);
  const indexes = columnNumbers === null ? table.indexes.filter((index) => index.computed.length > 0) : [];
  const objects = session.catalog
    .statisticsOf(oid)
    .filter((object) => object.target !== 0 && object.columns.every((number) => numbers.includes(number)));
  const targets = [...numbers.map(targetOf), ...objects.map((object) => object.target)];
  const hasExpressions = indexes.length > 0 || objects.some((object) => object.expressions !== undefined);
  const rows = ROWS_PER_TARGET * Math.max(0, ...targets, hasExpressions ? standard : 0);
  const sample = yield* takeSample(session, table, {
    rows,
    wantsWhole: hasExpressions,
    targetOf: (number) => (numbers.includes(number) ? targetOf(number) : 0),
    random: randomOf(session),
  });
  const steps = makeEntry(session, table, sample, { numbers, targetOf, standard, objects });
  const analysis = yield* inSlices(session, steps);
  if (session.catalog.relation(oid) === undefined) return false;
  session.engine.transactions.statementXid(session.ensureTransaction());
  session.transaction.putEntry(merged(session.catalog.analysis(oid), analysis, columnNumbers));
  return true;
}

function* lockTable(session: Session, oid: number, mayWait: boolean): Task<boolean> {
  const { locks } = session.engine;
  const tag = locks.relationTag(session.database.oid, oid);
  while (locks.acquire(session.ensureTransaction(), tag, SHARE_UPDATE_EXCLUSIVE, mayWait) !== LOCK_GRANTED) {
    if (!mayWait) return false;
    session.isWaitingForLock = true;
    yield* session.wait();
  }
  return true;
}

function* takeSample(session: Session, table: TableRuntime, options: SampleOptions): Task<Sample> {
  const { transactions } = session.engine;
  const snapshot = transactions.takeSnapshot(session.ensureTransaction());
  try {
    return yield* sampleRows(session, table, snapshot, options);
  } finally {
    session.transaction.releaseSnapshot(snapshot);
  }
}

/** Of its own: setseed() of the session must not notice. */
function randomOf(session: Session): () => number {
  const seed = session.functions.randomBytes(4);
  let state = (seed[0] | (seed[1] << 8) | (seed[2] << 16) | (seed[3] << 24)) >>> 0 || 1;
  return () => {
    // xorshift32 (Marsaglia, 2003).
    state ^= state << 13;
    state ^= state >>> 17;
    state = (state ^ (state << 5)) >>> 0;
    return state / 4294967296;
  };
}

/** Slices of pure work, with a turn of the event loop between them. */
function* inSlices<T>(session: Session, steps: (slices: Slices) => Steps<T>): Task<T> {
  const slices = new Slices();
  const running = steps(slices);
  for (;;) {
    const step = running.next();
    if (step.done === true) return step.value;
    setImmediate(session.wake);
    yield* session.wait();
    slices.begin();
  }
}

interface Wanted {
  readonly numbers: readonly number[];
  readonly targetOf: (columnNumber: number) => number;
  readonly standard: number;
  /** Statistics objects over these columns. */
  readonly objects: readonly StatisticsEntry[];
}

function makeEntry(
  session: Session,
  table: TableRuntime,
  sample: Sample,
  { numbers, targetOf, standard, objects }: Wanted,
): (slices: Slices) => Steps<AnalysisEntry> {
  const { entry } = table;
  const { rowCount: sampleRows, totalRows } = sample;
  return function* (slices) {
    const columns: AnalyzedColumn[] = [];
    const analyzed = function* (
      number: number,
      typeOid: number,
      target: number,
      column: SampledColumn,
    ): Steps<AnalyzedColumn | null> {
      const found = yield* analyzeColumn({ ...column, typeOid, sampleRows, totalRows, target }, slices);
      return found === null ? null : encodeColumn(number, typeOid, found);
    };
    for (const number of numbers) {
      const { typeOid } = entry.columns[number - 1];
      const found = yield* analyzed(number, typeOid, targetOf(number), sample.columns[number - 1]);
      if (found !== null) columns.push(found);
    }
    const indexes: { indexOid: number; keys: AnalyzedColumn[] }[] = [];
    for (const index of sample.rows === null ? [] : table.indexes) {
      const keys: AnalyzedColumn[] = [];
      const rows = sample.rows as readonly (readonly Value[])[];
      for (const key of index.computed) {
        const { typeOid } = index.shown[key];
        const target = index.entry.columns[key].statisticsTarget ?? standard;
        const values = sampledColumn(typeOid, target);
        for (const row of rows) yield* addValue(values, table.expressionValue(index, key, row), slices);
        const found = yield* analyzed(key, typeOid, target, values);
        if (found !== null) keys.push(found);
      }
      if (keys.length > 0) indexes.push({ indexOid: index.entry.oid, keys });
    }
    const groups: AnalysisEntry['groups'][number][] = [];
    const expressions: { statisticsOid: number; keys: AnalyzedColumn[] }[] = [];
    for (const object of objects) {
      const ownTarget = object.target > 0 ? object.target : standard;
      const ofColumns = object.columns.map((number) => sample.columns[number - 1]);
      const ofExpressions =
        object.expressions === undefined
          ? []
          : yield* expressionColumns(session, table, object, sample.rows ?? [], ownTarget, slices);
      const keys: AnalyzedColumn[] = [];
      for (const [i, column] of ofExpressions.entries()) {
        const { typeOid } = (object.expressions as readonly StatisticsExpression[])[i];
        const found = yield* analyzed(i, typeOid, ownTarget, column);
        if (found !== null) keys.push(found);
      }
      if (keys.length > 0) expressions.push({ statisticsOid: object.oid, keys });
      const members: GroupMember[] = [
        ...object.columns.map((number, i) => member(number, entry.columns[number - 1].typeOid, ofColumns[i])),
        ...ofExpressions.map((column, i) => member(-1 - i, object.expressions?.[i].typeOid ?? 0, column)),
      ];
      if (members.length < 2) continue;
      const target = object.target > 0 ? object.target : Math.max(standard, ...object.columns.map(targetOf));
      const found = yield* analyzeGroup(object, members, sample, target, slices);
      if (found !== null) {
        groups.push(
          encodeGroup(
            found,
            members.map(({ typeOid }) => typeOid),
          ),
        );
      }
    }
    return { class: 'analysis', oid: entry.oid, columns, indexes, groups, expressions };
  };
}

function member(number: number, typeOid: number, { values }: SampledColumn): GroupMember {
  return { number, typeOid, values };
}

function encodeColumn(number: number, typeOid: number, found: ColumnStatistics): AnalyzedColumn {
  const text = (value: Value): string => outputText(typeOid, value, DEFAULT_FORMAT);
  return {
    number,
    typeOid,
    nullFraction: found.nullFraction,
    averageWidth: found.averageWidth,
    distinct: found.distinct,
    common: found.mostCommonValues.map(text),
    frequencies: found.mostCommonFrequencies,
    histogram: found.histogram.map(text),
    correlation: found.correlation,
    ...(found.elements === undefined ? {} : { elements: encodeElements(found.elements) }),
  };
}

function encodeElements(found: ElementStatistics): NonNullable<AnalyzedColumn['elements']> {
  return { ...found, values: found.values.map((value) => outputText(found.typeOid, value, DEFAULT_FORMAT)) };
}

function encodeGroup(found: ColumnGroupStatistics, types: readonly number[]): AnalysisEntry['groups'][number] {
  const common = found.common?.map((item) => ({
    ...item,
    values: item.values.map((value, i) => (value === null ? null : outputText(types[i], value, DEFAULT_FORMAT))),
  }));
  return { ...found, common: common ?? null };
}

/** What ANALYZE of some columns does not speak of stays. */
function merged(
  before: AnalysisEntry | undefined,
  now: AnalysisEntry,
  columnNumbers: readonly number[] | null,
): AnalysisEntry {
  if (before === undefined || columnNumbers === null) return now;
  const kept = before.columns.filter((column) => !columnNumbers.includes(column.number));
  const columns = [...kept, ...now.columns].sort((a, b) => a.number - b.number);
  const groups = before.groups.filter((group) => !now.groups.some((own) => own.statisticsOid === group.statisticsOid));
  const expressions = (before.expressions ?? []).filter(
    (item) => !(now.expressions ?? []).some((own) => own.statisticsOid === item.statisticsOid),
  );
  return {
    ...now,
    columns,
    indexes: before.indexes,
    groups: [...groups, ...now.groups],
    expressions: [...expressions, ...(now.expressions ?? [])],
  };
}
