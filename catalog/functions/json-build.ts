/**
 * SQL values as JSON: the rules of to_json and to_jsonb, which row_to_json, json_agg and json_build_object share. A
 * converter is made once for a type.
 */
import {
  baseTypeOid,
  hstoreJson,
  isArrayType,
  isJsonNumber,
  Numeric,
  OID,
  outputText,
  type SqlArray,
  type SqlRecord,
  sqlError,
  typeByOid,
  type Value,
} from '../../types/index.ts';
import { quoteJson as quoteShortJson } from '../../types/json.ts';
import { formatJsonb, type Jsonb, JsonbObject, parseJsonb, readJsonb } from '../../types/jsonb.ts';
import type { FunctionContext } from '../function-entry.ts';
import { unquote } from './json-scan.ts';

export type JsonWriter = (value: Value, context: FunctionContext) => string;

/** Longer texts are quoted by the engine; it is slow to call. */
const SHORT_TEXT_MAX = 64;

export function quoteJson(text: string): string {
  return text.length <= SHORT_TEXT_MAX ? quoteShortJson(text) : JSON.stringify(text);
}

const [PLUS, MINUS, NINE] = [0x2b, 0x2d, 0x39];

/** "2020-01-02 03:04:05.5+05:30" as XSD writes it: a T, and minutes always in the zone. */
export function isoTimestamp(text: string): string {
  const blank = text.indexOf(' ');
  // " BC" stands behind a date as well.
  if (blank < 0 || text.charCodeAt(blank + 1) > NINE) return text;
  const end = text.endsWith(' BC') ? text.length - ' BC'.length : text.length;
  // A zone of hours alone is +hh; years may have more than four digits.
  const sign = text.charCodeAt(end - '+hh'.length);
  const minutes = sign === PLUS || sign === MINUS ? ':00' : '';
  return `${text.slice(0, blank)}T${text.slice(blank + 1, end)}${minutes}${text.slice(end)}`;
}

/** What distinguishes a type for JSON. */
export type JsonCategory =
  | 'boolean'
  | 'number'
  | 'datetime'
  | 'json'
  | 'jsonb'
  | 'array'
  | 'composite'
  | 'pairs'
  | 'other';

export function jsonCategory(typeOid: number): JsonCategory {
  const base = baseTypeOid(typeOid);
  switch (base) {
    case OID.BOOL:
      return 'boolean';
    case OID.INT2:
    case OID.INT4:
    case OID.INT8:
    case OID.FLOAT4:
    case OID.FLOAT8:
    case OID.NUMERIC:
      return 'number';
    case OID.DATE:
    case OID.TIMESTAMP:
    case OID.TIMESTAMPTZ:
      return 'datetime';
    case OID.JSON:
      return 'json';
    case OID.JSONB:
      return 'jsonb';
    case OID.RECORD:
      return 'composite';
    case OID.INT2VECTOR:
    case OID.OIDVECTOR:
      return 'array';
  }
  const type = typeByOid(base);
  if (type === undefined) return 'other';
  if (type.kind === 'c') return 'composite';
  // It has a cast to json.
  if (type.form === 'hstore') return 'pairs';
  return isArrayType(type) ? 'array' : 'other';
}

/** Names of a record's fields: its type's attributes, or those it carries (a row of a query), or f1, f2 ... */
export function fieldNames(typeOid: number, record: SqlRecord): readonly string[] {
  const attributes = typeByOid(baseTypeOid(typeOid))?.attributes;
  if (attributes !== undefined) return attributes.map(({ name }) => name);
  const carried = (record as { names?: readonly string[] | null }).names;
  return carried ?? record.values.map((_, i) => `f${i + 1}`);
}

export function isoFormat(context: FunctionContext): FunctionContext['format'] {
  const { format } = context;
  return format.dateStyle === 'ISO' ? format : { ...format, dateStyle: 'ISO' };
}

/** Nested arrays as [[..],[..]]: `element` writes one. */
function writeArray(array: SqlArray, element: (value: Value) => string, separator: string): string {
  if (array.length === 0) return '[]';
  const write = (dimension: number, base: number): string => {
    const parts: string[] = [];
    for (let i = 0; i < array.dimensions[dimension]; i++) {
      const index = base * array.dimensions[dimension] + i;
      parts.push(dimension === array.dimensionCount - 1 ? element(array.elements[index]) : write(dimension + 1, index));
    }
    return `[${parts.join(dimension === 0 ? separator : ',')}]`;
  };
  return write(0, 0);
}

/** Composite to {"a":1,...}; `separator` has the line feed of the pretty form. */
export function recordWriter(typeOid: number, separator = ','): JsonWriter {
  const writers = new Map<number, JsonWriter>();
  const writerOf = (oid: number): JsonWriter => {
    let writer = writers.get(oid);
    if (writer === undefined) {
      writer = jsonWriter(oid);
      writers.set(oid, writer);
    }
    return writer;
  };
  // The names of the last record, which the next one has as well.
  let names: readonly string[] = [];
  let literals: readonly string[] = [];
  return (record: SqlRecord, context) => {
    const own = fieldNames(typeOid, record);
    if (own.length !== names.length || own.some((name, i) => name !== names[i])) {
      names = own;
      literals = own.map((name) => `${quoteJson(name)}:`);
    }
    const { values, typeOids } = record;
    let members = '';
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      const text = value === null ? 'null' : writerOf(typeOids[i])(value, context);
      members += `${i > 0 ? separator : ''}${literals[i]}${text}`;
    }
    return `{${members}}`;
  };
}

/** Writes non-null values of a type as json text. */
export function jsonWriter(typeOid: number, arraySeparator = ','): JsonWriter {
  switch (jsonCategory(typeOid)) {
    case 'boolean':
      return (value: boolean) => (value ? 'true' : 'false');
    case 'number':
      return (value, context) => {
        const text = outputText(typeOid, value, context.format);
        return isJsonNumber(text) ? text : `"${text}"`;
      };
    case 'datetime':
      return (value, context) => `"${isoTimestamp(outputText(typeOid, value, isoFormat(context)))}"`;
    case 'json':
    case 'jsonb':
      return (value: string) => value;
    case 'array': {
      const writer = jsonWriter(typeByOid(baseTypeOid(typeOid))?.elementOid ?? OID.TEXT);
      return (array: SqlArray, context) =>
        writeArray(array, (value) => (value === null ? 'null' : writer(value, context)), arraySeparator);
    }
    case 'composite':
      return recordWriter(typeOid);
    case 'pairs':
      return (value: string) => hstoreJson(value);
    case 'other':
      return (value, context) => quoteJson(outputText(typeOid, value, context.format));
  }
}

function numberMaker(typeOid: number): (value: Value, context: FunctionContext) => Jsonb {
  switch (baseTypeOid(typeOid)) {
    case OID.INT2:
    case OID.INT4:
    case OID.INT8:
      return (value: number | bigint) => Numeric.fromBigint(value);
    case OID.NUMERIC:
      return (value: Numeric) => (value.isFinite ? value : value.toString());
    default:
      return (value, context) => {
        const text = outputText(typeOid, value, context.format);
        return isJsonNumber(text) ? Numeric.parse(text) : text;
      };
  }
}

/** Makes jsonb trees of non-null values of a type. */
export function jsonbMaker(typeOid: number): (value: Value, context: FunctionContext) => Jsonb {
  switch (jsonCategory(typeOid)) {
    case 'boolean':
      return (value: boolean) => value;
    case 'number':
      return numberMaker(typeOid);
    case 'json':
      return (value: string) => parseJsonb(value);
    case 'jsonb':
      return (value: string) => readJsonb(value);
    case 'datetime':
      return (value, context) => unquote(jsonWriter(typeOid)(value, context));
    case 'other':
      return (value, context) => outputText(typeOid, value, context.format);
    case 'array':
    case 'pairs':
      return (value, context) => parseJsonb(jsonWriter(typeOid)(value, context));
    case 'composite': {
      const makers = new Map<number, ReturnType<typeof jsonbMaker>>();
      return (record: SqlRecord, context) => {
        const values = record.values.map((value, i) => {
          if (value === null) return null;
          const oid = record.typeOids[i];
          let maker = makers.get(oid);
          if (maker === undefined) makers.set(oid, (maker = jsonbMaker(oid)));
          return maker(value, context);
        });
        return JsonbObject.from(fieldNames(typeOid, record), values);
      };
    }
  }
}

/** A key of json_build_object: text of the value, not quoted. */
export function keyText(typeOid: number): (value: Value, context: FunctionContext) => string {
  const category = jsonCategory(typeOid);
  if (category === 'array' || category === 'composite' || category === 'json' || category === 'jsonb') {
    return () => {
      throw sqlError('22023', 'key value must be scalar, not array, composite, or json');
    };
  }
  if (category === 'boolean') return (value: boolean) => (value ? 'true' : 'false');
  if (category === 'datetime') return (value, context) => unquote(jsonWriter(typeOid)(value, context));
  return (value, context) => outputText(typeOid, value, context.format);
}

export { formatJsonb };
