/**
 * An index at run time: its dictionary, and generated functions that compute its keys from rows in the pool or from column
 * values.
 *
 * Number keys serve single columns of integer-like types; everything else has order-preserving byte keys (types/key.ts).
 */
import type { ConstraintEntry, IndexColumn, IndexEntry, RelationEntry } from '../catalog/entries.ts';
import type { Value } from '../catalog/function-entry.ts';
import type { Catalog } from '../catalog/index.ts';
import { classFunction, looseEquality, looseKeyCollation } from '../catalog/loose-keys.ts';
import type { ColumnExpr, Expr } from '../planner/expr.ts';
import { type IndexDictionary, IndexKey, KEY_SIZE_MAX, ROW_LAYOUT_OFFSET } from '../storage/api.ts';
import { sqlError } from '../types/errors.ts';
import {
  baseTypeOid,
  comparator,
  encodeKeyPart,
  encodeTextPart,
  equality,
  hasFixedKeys,
  hasTextKeys,
  keyEncoder,
  NUMBER_KEY_TYPES,
  OID,
} from '../types/index.ts';
import type { LongText } from '../types/long-text.ts';
import { type RowsCondition, type RowsFunction, rowsCondition, rowsFunction } from './compile/batch-program.ts';
import { type Code, Emitter } from './compile/emitter.ts';
import { ExpressionCompiler } from './compile/expression.ts';
import { type Operand, repOfType } from './compile/operand.ts';
import { emitViews, loadPageColumn, loadTableColumn, usedColumns } from './compile/page-columns.ts';
import { SlotAllocator } from './compile/slots.ts';
import type { ExecContext } from './context.ts';
import { hasNumberTerms, RowTerms } from './inverted/row-terms.ts';
import type { Exclusion } from './modify/exclusion.ts';
import type { TableRuntime } from './table-runtime.ts';

/** What a key function answers. */
export const KEY_NOT_INDEXED = 0;
export const KEY_COMPLETE = 1;
/** Complete, and at least one column is null (unique indexes let such rows pass). */
export const KEY_HAS_NULL = 2;
export type KeyAnswer = 0 | 1 | 2;

/** Those whose values may be bigints. */
const WIDE_KEY_TYPES = new Set<number>([OID.INT8, OID.TIMESTAMP, OID.TIMESTAMPTZ]);

/** Finite stand-ins for infinite dates; NULLs take the infinities. */
function numberKey(value: Value, descending: boolean, nullsFirst: boolean): number {
  if (value === null) return nullsFirst ? -Infinity : Infinity;
  let number = Number(value);
  if (number === Infinity) number = Number.MAX_VALUE;
  else if (number === -Infinity) number = -Number.MAX_VALUE;
  return descending ? -number : number;
}

/** The value that numberKey made this number of. Not of rounded keys. */
export function valueOfNumberKey(number: number, descending: boolean): Value {
  if (number === Infinity || number === -Infinity) return null;
  const value = descending ? -number : number;
  if (value === Number.MAX_VALUE) return Infinity;
  if (value === -Number.MAX_VALUE) return -Infinity;
  // Adding 0 makes -0 into 0.
  return value + 0;
}

/** What was done with an index since the start, for pg_stat_all_indexes. */
export class IndexCounters {
  /** Ranges looked up. */
  scans = 0;
  /** Entries that came out of the index, and rows that were visible behind them (those of bitmaps count at the table). */
  entriesRead = 0;
  rowsFetched = 0;
}

/** A key that holds the class of its values, which need not be equal where the classes are (catalog/loose-keys.ts). */
export interface LooseKey {
  readonly source: Expr;
  readonly key: Expr;
  readonly classOf: (value: Value) => Value;
  readonly isEqual: (a: Value, b: Value) => boolean;
}

export class IndexRuntime {
  readonly counters: IndexCounters;
  readonly entry: IndexEntry;
  /** Replaced once where it is layers of which one is left (a heap that was copied). */
  dictionary: IndexDictionary;
  /** Key expressions over the table's columns, in key order, and the partial index's predicate. */
  readonly expressions: readonly Expr[];
  readonly predicate: Expr | null;
  /** The DEFERRABLE constraint that a unique index serves. */
  readonly deferrableConstraint: ConstraintEntry | null;
  readonly hasNumberKeys: boolean;
  /** Of an inverted index: its rows have terms, not a key. The functions below are for the others. */
  readonly terms: RowTerms | null;
  /** The exclusion constraint that the index serves: its key finds candidates only. */
  readonly exclusion: Exclusion | null;
  /** By place: keys that hold classes; null for all others. Empty: there are none. */
  readonly loose: readonly (LooseKey | null)[];
  /** The key's columns and expressions, where `expressions` has what is kept of them. */
  readonly shown: readonly Expr[];
  /** Places of expressions in the index's own columns. */
  readonly computed: readonly number[];
  /** How each part of the key is ordered. */
  readonly parts: readonly IndexColumn[];
  #covers: RowsCondition | null = null;
  /** Column indexes (zero-based) that key, exclusion or predicate depend on. */
  readonly dependsOn: readonly number[];
  /** Plain column indexes of the key, -1 for expressions. */
  readonly keyColumns: readonly number[];
  readonly #table: TableRuntime;
  readonly #fromRow: ((x: ExecContext, r: number, key: IndexKey) => KeyAnswer)[] = [];
  #valuesOfKey: RowsFunction | null = null;
  #fromValues: ((x: ExecContext, values: readonly Value[], key: IndexKey) => KeyAnswer) | null = null;

  constructor(
    table: TableRuntime,
    entry: IndexEntry,
    dictionary: IndexDictionary,
    expressions: readonly Expr[],
    predicate: Expr | null,
    deferrableConstraint: ConstraintEntry | null = null,
    counters = new IndexCounters(),
    exclusion: Exclusion | null = null,
    parts: readonly IndexColumn[] = entry.columns,
    loose: readonly (LooseKey | null)[] = [],
  ) {
    this.loose = loose;
    this.shown = expressions.map((expr, i) => loose[i]?.source ?? expr);
    const places = exclusion === null ? entry.columns.keys() : [];
    this.computed = [...places].filter((place) => entry.columns[place].columnNumber === 0);
    this.exclusion = exclusion;
    this.parts = parts;
    this.counters = counters;
    this.deferrableConstraint = deferrableConstraint;
    this.#table = table;
    this.entry = entry;
    this.dictionary = dictionary;
    this.expressions = expressions;
    this.predicate = predicate;
    this.hasNumberKeys = !dictionary.hasByteKeys;
    this.dependsOn = usedColumns([...expressions, ...(exclusion?.elements ?? []), predicate], 0);
    this.keyColumns = expressions.map((e) => (e.kind === 'column' ? (e as ColumnExpr).index : -1));
    this.terms =
      entry.method === 'gin' ? new RowTerms(table, entry, expressions, predicate, dictionary.hasByteKeys) : null;
  }

  /** Computes the key of the row version at `r` in the pool. */
  keyFromRow(x: ExecContext, r: number, key: IndexKey): KeyAnswer {
    const layout = this.#table.pool.u8[r + ROW_LAYOUT_OFFSET];
    let compiled = this.#fromRow[layout];
    if (compiled === undefined) compiled = this.#fromRow[layout] = this.#compileFromRow(layout);
    return compiled(x, r, key);
  }

  /** Computes the key of a row given by all its column values. */
  keyFromValues(x: ExecContext, values: readonly Value[], key: IndexKey): KeyAnswer {
    this.#fromValues ??= this.#compileFromValues();
    return this.#fromValues(x, values, key);
  }

  /** Whether a row given by all its column values is one of a partial index's. */
  isCovered(x: ExecContext, values: readonly Value[]): boolean {
    if (this.predicate === null) return true;
    this.#covers ??= rowsCondition(new SlotAllocator(true), [this.#table.entry.columns], this.predicate);
    return this.#covers(x, [values]);
  }

  /** Values of the key's columns and expressions for a row given by all its column values. */
  keyValues(x: ExecContext, values: readonly Value[]): Value[] {
    this.#valuesOfKey ??= rowsFunction(new SlotAllocator(true), [this.#table.entry.columns], this.shown);
    const target: Value[] = [];
    this.#valuesOfKey(x, [values], target);
    return target;
  }

  /** Whether rows of one key, by their column values, are equal in it. */
  isSame(x: ExecContext, a: readonly Value[], b: readonly Value[]): boolean {
    if (this.loose.length === 0) return true;
    const own = this.keyValues(x, a);
    return this.keyValues(x, b).every((value, i) => own[i] === value || this.#areEqual(i, own[i], value));
  }

  #areEqual(place: number, a: Value, b: Value): boolean {
    return a !== null && b !== null && this.loose[place]?.isEqual(a, b) !== false;
  }

  /** A search key from values of the key's columns. */
  columnsKey(values: readonly Value[], key: IndexKey): void {
    const kept = values.map((value, i) => (value === null ? null : (this.loose[i]?.classOf(value) ?? value)));
    this.searchKey(kept, key);
  }

  /** Whether a value of a key's column is the one that another row has there. */
  isEqualAt(place: number, a: Value, b: Value): boolean {
    const typeOid = this.expressions[place].typeOid;
    if (a === b) return true;
    if (a === null || b === null) return false;
    return (this.loose[place]?.isEqual ?? equality(typeOid))(a, b);
  }

  /** A search key from values of the first key columns, each already of the column's type. */
  searchKey(values: readonly Value[], key: IndexKey): void {
    if (this.hasNumberKeys) {
      const { descending, nullsFirst } = this.parts[0];
      key.number = numberKey(values[0], descending, nullsFirst);
      return;
    }
    key.number = 0;
    key.length = 0;
    for (let i = 0; i < values.length; i++) {
      const { descending, nullsFirst } = this.parts[i];
      encodeKeyPart(this.expressions[i].typeOid, values[i], key, descending, nullsFirst);
    }
  }

  /** Order of a key column's values, without DESC and NULLS. */
  readonly comparatorOf = (column: number): ((a: Value, b: Value) => number) =>
    comparator(this.expressions[column].typeOid);

  /** `slices`: key columns of texts, by column, that are read where they lie. */
  #emitKey(emitter: Emitter, compiler: ExpressionCompiler, slices: ReadonlyMap<number, Operand> | null): void {
    if (this.predicate !== null) compiler.compileFilter(this.predicate, 'return 0;');
    const columns = this.parts;
    if (this.hasNumberKeys) {
      const value = compiler.compileToAny(this.expressions[0]);
      const make = emitter.bind(numberKey, 'numberKey');
      emitter.emit(`key.number = ${make}(${value}, ${columns[0].descending}, ${columns[0].nullsFirst});`);
      if (WIDE_KEY_TYPES.has(this.expressions[0].typeOid)) {
        emitter.emit(
          `if (typeof ${value} === 'bigint') ${emitter.bind(this.dictionary, 'dictionary')}.isLossy = true;`,
        );
      }
      emitter.emit(`return ${value} === null ? 2 : 1;`);
      return;
    }
    emitter.emit('let answer = 1;');
    // A key may have been one of another index before.
    emitter.emit('key.number = 0;');
    emitter.emit('key.length = 0;');
    this.expressions.forEach((expr, i) => {
      const slice = slices?.get(this.keyColumns[i]);
      if (slice === undefined) this.#emitPart(emitter, i, compiler.compileToAny(expr));
      else this.#emitTextPart(emitter, i, slice);
    });
    emitter.emit(
      `if (key.length > ${KEY_SIZE_MAX}) ${emitter.bind(keyTooLong, 'keyTooLong')}(${emitter.bind(this.entry)}.name, key.length);`,
    );
    emitter.emit('return answer;');
  }

  #emitPart(emitter: Emitter, i: number, value: Code): void {
    const { descending, nullsFirst } = this.parts[i];
    const { typeOid } = this.expressions[i];
    emitter.emit(`if (${value} === null) answer = 2;`);
    if (hasFixedKeys(typeOid)) {
      emitter.emit(`${emitter.bind(keyEncoder(typeOid, descending, nullsFirst), 'encode')}(${value}, key);`);
      return;
    }
    const encode = emitter.bind(encodeKeyPart, 'encodeKeyPart');
    emitter.emit(`${encode}(${typeOid}, ${value}, key, ${descending}, ${nullsFirst});`);
  }

  /** A text that is not made a string on the way. */
  #emitTextPart(emitter: Emitter, i: number, slice: Operand): void {
    const { descending, nullsFirst } = this.parts[i];
    const encode = emitter.bind(encodeTextPart, 'encodeTextPart');
    const encodeLong = emitter.bind((text: LongText, key: IndexKey): void => {
      encodeTextPart(text.bytes, 0, text.bytes.length, key, descending);
    }, 'encodeLong');
    const encodeNull = emitter.bind(keyEncoder(OID.TEXT, descending, nullsFirst), 'encodeNull');
    if (slice.isNull !== 'false') emitter.emit(`if (${slice.isNull}) { answer = 2; ${encodeNull}(null, key); } else`);
    emitter.emit(`if (${slice.long} !== null) ${encodeLong}(${slice.long}, key);`);
    emitter.emit(`else ${encode}(u8, ${slice.start}, ${slice.end}, key, ${descending});`);
  }

  /** Whether the column is a key of text, and nothing else is computed from it. */
  #isPlainText(index: number): boolean {
    const others = this.expressions.filter((_, i) => this.keyColumns[i] < 0);
    if (
      !hasTextKeys(this.#table.entry.columns[index].typeOid) ||
      usedColumns([...others, this.predicate], 0).includes(index)
    )
      return false;
    return this.keyColumns.includes(index);
  }

  #compileFromRow(layoutNumber: number): (x: ExecContext, r: number, key: IndexKey) => KeyAnswer {
    const emitter = new Emitter();
    const table = this.#table;
    emitViews(emitter, table.pool);
    const layout = table.layout(layoutNumber);
    const loaded = new Map<number, Operand>();
    const slices = new Map<number, Operand>();
    for (const index of this.dependsOn) {
      const column = layout.columns[index];
      const entry = table.entry.columns[index];
      if (column !== null && column.storage === 'text' && !this.hasNumberKeys && this.#isPlainText(index)) {
        const options = { emitter, row: 'r', bail: null, overflow: table.fetchOverflow, sends: 'bytes' as const };
        slices.set(index, loadPageColumn(options, column, entry));
        continue;
      }
      loaded.set(index, loadTableColumn(emitter, table, layout, index, null));
    }
    const compiler = new ExpressionCompiler({
      emitter,
      slots: new SlotAllocator(true),
      bail: null,
      column: (_input, index) => loaded.get(index) as Operand,
    });
    this.#emitKey(emitter, compiler, slices);
    return emitter.build('x, r, key');
  }

  #compileFromValues(): (x: ExecContext, values: readonly Value[], key: IndexKey) => KeyAnswer {
    const emitter = new Emitter();
    const compiler = new ExpressionCompiler({
      emitter,
      slots: new SlotAllocator(true),
      bail: null,
      column: (_input, index) => {
        const typeOid = this.#table.entry.columns[index].typeOid;
        const value = `values[${index}]`;
        return { rep: repOfType(typeOid), typeOid, value, isNull: `(${value} === null)` };
      },
    });
    this.#emitKey(emitter, compiler, null);
    return emitter.build('x, values, key');
  }
}

function keyTooLong(name: string, length: number): never {
  throw sqlError(
    '54000',
    `index row size ${length} exceeds btree version 4 maximum ${KEY_SIZE_MAX} for index "${name}"`,
    {
      hint: 'Values larger than a buffer page cannot be indexed.\nConsider a function index of an MD5 hash of the value, or use full text indexing.',
    },
  );
}

/** By place, those of an index's keys that hold classes; empty: none does. */
export function looseKeys(
  catalog: Catalog,
  table: RelationEntry,
  index: IndexEntry,
  elements: readonly Expr[],
): (LooseKey | null)[] {
  const loose = elements.map((source, i): LooseKey | null => {
    const collation = looseKeyCollation(catalog, table, index, i);
    if (collation === 0) return null;
    const typeOid = baseTypeOid(source.typeOid);
    const fn = classFunction(collation, typeOid);
    const key: Expr = { kind: 'call', function: fn, args: [source], typeOid: fn.returnType, typeModifier: -1 };
    const classOf = fn.implementation as (value: Value) => Value;
    return { source, key, classOf, isEqual: looseEquality(collation, typeOid) };
  });
  return loose.every((key) => key === null) ? [] : loose;
}

/** Whether an index over these expressions keeps number keys. */
export function usesNumberKeys(entry: IndexEntry, expressions: readonly Expr[]): boolean {
  if (entry.method === 'gin') return hasNumberTerms(entry, expressions);
  return expressions.length === 1 && expressions[0].kind === 'column' && NUMBER_KEY_TYPES.has(expressions[0].typeOid);
}

export { IndexKey };
