/**
 * json_populate_record, json_to_record, their sets and jsonb's: JSON values as values of SQL types. After PostgreSQL's
 * populate_record_field (src/backend/utils/adt/jsonfuncs.c): objects become composites, arrays arrays, all else goes through
 * the type's input function; so do strings, for every type.
 */
import type { Buffer } from 'node:buffer';
import { sqlError } from '../../types/errors.ts';
import {
  decodeText,
  formatType,
  inputText,
  isArrayType,
  OID,
  SqlArray,
  SqlRecord,
  type TextInput,
  textInput,
  typeByOid,
  type Value,
} from '../../types/index.ts';
import { OPEN_OBJECT } from '../../types/json-text.ts';
import type { ColumnDefinition, FunctionContext } from '../function-entry.ts';
import { quoteJson } from './json-build.ts';
import { elementsOf, kindOf, membersOf, unquote, valueAsText } from './json-scan.ts';
import { JsonbKeys, jsonbBytes, jsonbEnd, jsonbKindAt, jsonbTextAt, skipJsonb } from './jsonb-bytes.ts';
import type { Specialiser } from './module.ts';
import { lookupCast } from './registry.ts';

type RowColumns = readonly { readonly name: string; readonly typeOid: number; readonly typmod: number }[];

/** A value that a record's field, an array's element or a domain is to have. */
interface Field {
  readonly typeOid: number;
  readonly typmod: number;
  /** The member's name, for messages; null inside of an array. */
  readonly key: string | null;
  /** What the field has already: of composites, fields that the JSON does not name stay. */
  readonly base: Value;
}

function populateValue(field: Field, json: string | null, context: FunctionContext): Value {
  const { typeOid, typmod, base } = field;
  const type = typeByOid(typeOid);
  if (type?.kind === 'd') {
    const below = { ...field, typeOid: type.baseOid ?? OID.TEXT, typmod: type.baseTypmod ?? -1 };
    const value = populateValue(below, json, context);
    context.checkDomain?.(typeOid, value);
    return value;
  }
  if (json === null || json === 'null') return null;
  if (kindOf(json) === 'string') {
    // A text inside of JSON stays a JSON string.
    const isJson = typeOid === OID.JSON || typeOid === OID.JSONB;
    const text = unquote(json);
    return inputText(typeOid, typmod, isJson ? quoteJson(text) : text, context.format);
  }
  if (type?.attributes !== undefined) return populateRecord(type.attributes, base as SqlRecord | null, json, context);
  if (type !== undefined && isArrayType(type)) return new ArrayBuilder(type.elementOid, field, context).build(json);
  const isJson = typeOid === OID.JSON || typeOid === OID.JSONB;
  return inputText(typeOid, typmod, isJson ? json : (valueAsText(json) as string), context.format);
}

/** The depth of the first element says how many dimensions there are; all others must agree. */
class ArrayBuilder {
  readonly #element: Field;
  readonly #elementOid: number;
  readonly #key: string | null;
  readonly #context: FunctionContext;
  readonly #elements: Value[] = [];
  /** Number of dimensions; 0: not known yet. */
  #depth = 0;
  /** Length of each dimension, -1: not known yet; and how far the current one has come. */
  #lengths: number[] = [];
  #counts: number[] = [];

  constructor(elementOid: number, { key, typmod }: Field, context: FunctionContext) {
    this.#elementOid = elementOid;
    this.#element = { typeOid: elementOid, typmod, key: null, base: null };
    this.#key = key;
    this.#context = context;
  }

  build(json: string): SqlArray {
    this.#level(json, 1);
    return new SqlArray(this.#elementOid, this.#elements, [this.#counts[0], ...this.#lengths.slice(1)]);
  }

  #level(json: string, level: number): void {
    if (kindOf(json) !== 'array') throw this.#arrayExpected(level - 1);
    const elements = elementsOf(json);
    if (this.#depth === 0 && (elements.length === 0 || kindOf(elements[0]) !== 'array')) {
      this.#depth = level;
      this.#lengths = new Array<number>(level).fill(-1);
      this.#counts = new Array<number>(level).fill(0);
    }
    for (const element of elements) {
      if (this.#depth > 0 && level >= this.#depth) {
        this.#elements.push(populateValue(this.#element, element, this.#context));
        this.#counts[level - 1]++;
      } else {
        this.#level(element, level + 1);
        this.#endOfInner(level);
      }
    }
  }

  #endOfInner(dimension: number): void {
    const length = this.#counts[dimension];
    if (this.#lengths[dimension] === -1) this.#lengths[dimension] = length;
    else if (this.#lengths[dimension] !== length) {
      throw sqlError('22P02', 'malformed JSON array', {
        detail: 'Multidimensional arrays must have sub-arrays with matching dimensions.',
      });
    }
    this.#counts[dimension] = 0;
    this.#counts[dimension - 1]++;
  }

  #arrayExpected(dimensions: number): Error {
    const place = this.#counts
      .slice(0, dimensions)
      .map((index) => `[${index}]`)
      .join('');
    const what = [place === '' ? '' : `array element ${place}`, this.#key === null ? '' : `key "${this.#key}"`];
    const words = what.filter((each) => each !== '');
    if (words.length === 0) return sqlError('22P02', 'expected JSON array');
    const hint = place === '' ? `See the value of ${words[0]}.` : `See the ${words.join(' of ')}.`;
    return sqlError('22P02', 'expected JSON array', { hint });
  }
}

function populateRecord(
  columns: RowColumns,
  base: SqlRecord | null,
  json: string,
  context: FunctionContext,
  readers: ColumnReaders | null = null,
): SqlRecord {
  const record = base === null ? (readers?.record(json, context) ?? null) : null;
  if (record !== null) return record;
  const kind = kindOf(json);
  if (kind !== 'object') {
    throw sqlError('22023', `cannot call populate_composite on ${kind === 'array' ? 'an array' : 'a scalar'}`);
  }
  const members = readers?.members(json) ?? writtenMembers(columns, json);
  const values = columns.map(({ name, typeOid, typmod }, i) => {
    const member = members[i];
    const own = base === null ? null : base.values[i];
    // What is missing becomes null, which a domain may refuse.
    if (member === undefined && base !== null) return own;
    return populateValue({ typeOid, typmod, key: name, base: own }, member ?? null, context);
  });
  return new SqlRecord(
    columns.map((column) => column.typeOid),
    values,
    columns.map((column) => column.name),
  );
}

/** The columns' members, as they are written; of equal keys the last. */
function writtenMembers(columns: RowColumns, json: string): (string | undefined)[] {
  const members = new Map(membersOf(json));
  return columns.map(({ name }) => members.get(name));
}

/** What is known of a row's columns before any document is. */
class ColumnReaders {
  readonly #keys: JsonbKeys;
  readonly #typeOids: readonly number[];
  readonly #names: readonly string[];
  readonly #columns: RowColumns;
  readonly #places: number[] = [];
  /** Input functions; null: one of the types is made of others, or has checks. */
  readonly #inputs: readonly TextInput[] | null;

  constructor(columns: RowColumns) {
    this.#columns = columns;
    this.#typeOids = columns.map(({ typeOid }) => typeOid);
    this.#names = columns.map(({ name }) => name);
    this.#keys = new JsonbKeys(this.#names);
    this.#inputs = this.#typeOids.every(isPlain) ? this.#typeOids.map(textInput) : null;
  }

  /** The columns' members of a jsonb object, as they are written; others are passed over. */
  members(json: string): (string | undefined)[] {
    const buffer = jsonbBytes(json);
    const end = jsonbEnd();
    const places: number[] = [];
    this.#keys.placesIn(buffer, 0, end, places);
    return places.map((at) => (at < 0 ? undefined : decodeText(buffer, at, skipJsonb(buffer, at, end))));
  }

  /** The record of a jsonb object; null: it is made of members, as others are. */
  record(json: string, { format }: FunctionContext): SqlRecord | null {
    const inputs = this.#inputs;
    if (inputs === null || json.charCodeAt(0) !== OPEN_OBJECT) return null;
    const buffer = jsonbBytes(json);
    const end = jsonbEnd();
    const places = this.#places;
    this.#keys.placesIn(buffer, 0, end, places);
    const values: Value[] = [];
    for (let i = 0; i < inputs.length; i++) {
      const at = places[i];
      const text = at < 0 ? null : this.#isJson(i) ? jsonAt(buffer, at, end) : jsonbTextAt(buffer, at, end);
      values.push(text === null ? null : inputs[i](text, this.#columns[i].typmod, format));
    }
    return new SqlRecord(this.#typeOids, values, this.#names);
  }

  #isJson(column: number): boolean {
    const typeOid = this.#typeOids[column];
    return typeOid === OID.JSON || typeOid === OID.JSONB;
  }
}

/** Its input function takes the text of a JSON value, and nothing has to be asked besides. */
function isPlain(typeOid: number): boolean {
  const type = typeByOid(typeOid);
  return type !== undefined && type.kind !== 'd' && type.attributes === undefined && !isArrayType(type);
}

/** A value as it is written; null for JSON's null. */
function jsonAt(buffer: Buffer, at: number, end: number): string | null {
  return jsonbKindAt(buffer, at) === 'null' ? null : decodeText(buffer, at, skipJsonb(buffer, at, end));
}

/* ---- the functions ------------------------------------------------------------------------------------------------- */

/** The columns of a named row type or a domain over one; null for RECORD. */
function columnsOfType(typeOid: number): RowColumns | null {
  const type = typeByOid(typeOid);
  if (type?.kind === 'd') return columnsOfType(type.baseOid ?? OID.RECORD);
  return type?.attributes ?? null;
}

function columnsOfBase({ typeOids, names }: SqlRecord): RowColumns {
  return typeOids.map((typeOid, i) => ({ name: names?.[i] ?? `f${i + 1}`, typeOid, typmod: -1 }));
}

/** A record that is given has columns of its own, which must be those that the query's column definition list says. */
function checkRow(columns: RowColumns, expected: RowColumns): void {
  const mismatch = (detail: string): Error =>
    sqlError('42804', 'function return row and query-specified return row do not match', { detail });
  if (columns.length !== expected.length) {
    const attributes = columns.length === 1 ? '1 attribute' : `${columns.length} attributes`;
    throw mismatch(`Returned row contains ${attributes}, but query expects ${expected.length}.`);
  }
  columns.forEach(({ typeOid }, i) => {
    const wanted = expected[i].typeOid;
    if (typeOid === wanted || lookupCast(typeOid, wanted)?.function === null) return;
    throw mismatch(
      `Returned type ${formatType(typeOid)} at ordinal position ${i + 1}, but query expects ${formatType(wanted)}.`,
    );
  });
}

function rowsOf(name: string, json: string): string[] {
  const kind = kindOf(json);
  if (kind !== 'array') {
    const what = name.startsWith('jsonb') ? 'a non-array' : kind === 'object' ? 'an object' : 'a scalar';
    throw sqlError('22023', `cannot call ${name} on ${what}`);
  }
  const rows = elementsOf(json);
  if (rows.some((row) => kindOf(row) !== 'object')) {
    throw sqlError('22023', `argument of ${name} must be an array of objects`);
  }
  return rows;
}

interface Shape {
  readonly isSet: boolean;
  /** The first argument is a row whose type is the answer's, and whose fields stay where the JSON has none. */
  readonly hasBase: boolean;
}

function populate(name: string, { isSet, hasBase }: Shape): Specialiser {
  return (argTypes, returnType, definitions: readonly ColumnDefinition[] | undefined) => {
    const isNormal = name.startsWith('jsonb');
    const rowType = hasBase ? argTypes[0] : returnType;
    const named = columnsOfType(rowType);
    const listed: RowColumns | null =
      definitions?.map(({ name: column, typeOid, typeModifier }) => ({
        name: column,
        typeOid,
        typmod: typeModifier,
      })) ?? null;
    const columnsFor = (base: SqlRecord | null): RowColumns => {
      if (named !== null) return named;
      if (base === null) {
        if (listed !== null) return listed;
        throw sqlError('0A000', `could not determine row type for result of ${name}`, {
          hint: 'Provide a non-null record argument, or call the function in the FROM clause using a column definition list.',
        });
      }
      const own = columnsOfBase(base);
      if (listed !== null) checkRow(own, listed);
      return own;
    };
    let known: RowColumns | null = null;
    let readers: ColumnReaders | null = null;
    const row = (columns: RowColumns, base: SqlRecord | null, json: string, context: FunctionContext): SqlRecord => {
      if (isNormal && columns !== known) {
        readers = new ColumnReaders(columns);
        known = columns;
      }
      const record = populateRecord(columns, base, json, context, readers);
      if (named !== null) context.checkDomain?.(rowType, record);
      return record;
    };
    return (context: FunctionContext, ...args: Value[]) => {
      const base = hasBase ? (args[0] as SqlRecord | null) : null;
      const json = (hasBase ? args[1] : args[0]) as string | null;
      const columns = columnsFor(base);
      if (json === null) return isSet ? [] : base;
      if (!isSet) return row(columns, base, json, context);
      return rowsOf(name, json).map((each) => row(columns, base, each, context));
    };
  };
}

/** All of them, under json's and jsonb's names. */
export function recordFunctions(): Record<string, Specialiser> {
  const functions: Record<string, Specialiser> = {};
  for (const prefix of ['json', 'jsonb']) {
    for (const isSet of [false, true]) {
      const what = isSet ? 'recordset' : 'record';
      functions[`${prefix}_populate_${what}`] = populate(`${prefix}_populate_${what}`, { isSet, hasBase: true });
      functions[`${prefix}_to_${what}`] = populate(`${prefix}_to_${what}`, { isSet, hasBase: false });
    }
  }
  return functions;
}
