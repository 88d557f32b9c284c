/** What the extension hstore is made of. Values are texts in the type's normal form (types/hstore.ts). */

import { sqlError } from '../../types/errors.ts';
import {
  baseTypeOid,
  type HstorePair,
  hstoreConcat,
  hstoreContains,
  hstoreEntries,
  hstoreGet,
  hstoreHas,
  hstoreJson,
  hstoreKeys,
  hstoreLooseJson,
  hstoreOf,
  hstoreValues,
  hstoreWithout,
  hstoreWithoutPairs,
  inputText,
  OID,
  outputText,
  readHstore,
  SqlArray,
  SqlRecord,
  typeByOid,
} from '../../types/index.ts';
import type { FunctionContext, Value } from '../function-entry.ts';
import { textArray } from './array-values.ts';
import { compareFirst, comparisons } from './arrays.ts';
import { hashOf, hashWithSeedOf } from './hash.ts';
import { fieldNames } from './json-build.ts';
import type { FunctionModule, Specialiser } from './module.ts';

/** Its texts but NULL. */
function textsOf(array: SqlArray): string[] {
  return array.elements.filter((element): element is string => element !== null);
}

function slice(value: string, keys: readonly string[]): string {
  const pairs: HstorePair[] = [];
  for (const key of keys) {
    const text = hstoreGet(value, key);
    if (text !== null || hstoreHas(value, key)) pairs.push([key, text]);
  }
  return hstoreOf(pairs);
}

/** Keys and values by turns. */
function itemsOf(pairs: readonly HstorePair[]): (string | null)[] {
  const items: (string | null)[] = [];
  for (const [key, value] of pairs) items.push(key, value);
  return items;
}

function subscriptError(message: string): Error {
  return sqlError('2202E', message);
}

function nullKey(): Error {
  return sqlError('22004', 'null value not allowed for hstore key');
}

function fromArrays(keys: SqlArray | null, values: SqlArray | null): string | null {
  if (keys === null) return null;
  if (keys.dimensionCount > 1 || (values !== null && values.dimensionCount > 1)) {
    throw subscriptError('wrong number of array subscripts');
  }
  const isAlike = values === null || (values.length === keys.length && values.lowerBounds[0] === keys.lowerBounds[0]);
  if (!isAlike && (keys.length > 0 || values.length > 0)) throw subscriptError('arrays must have same bounds');
  return hstoreOf(
    keys.elements.map((key, i): HstorePair => {
      if (key === null) throw nullKey();
      return [key, values === null ? null : values.elements[i]];
    }),
  );
}

/** Keys and values by turns, or in two columns. */
function fromArray(array: SqlArray): string {
  const { dimensions, elements } = array;
  if (dimensions.length > 2) throw subscriptError('wrong number of array subscripts');
  if (dimensions.length === 2 && dimensions[1] !== 2) throw subscriptError('array must have two columns');
  if (dimensions.length === 1 && elements.length % 2 === 1) {
    throw subscriptError('array must have even number of elements');
  }
  const pairs: HstorePair[] = [];
  for (let i = 0; i < elements.length; i += 2) {
    if (elements[i] === null) throw nullKey();
    pairs.push([elements[i], elements[i + 1]]);
  }
  return hstoreOf(pairs);
}

/** The row's fields by their names; of NULL, which has a named type, all NULL. */
const fromRecord: Specialiser = ([typeOid]) => {
  const attributes = typeByOid(baseTypeOid(typeOid))?.attributes;
  return (context: FunctionContext, record: SqlRecord | null) => {
    if (record !== null) {
      const names = fieldNames(typeOid, record);
      return hstoreOf(
        record.values.map((value, i): HstorePair => {
          return [names[i], value === null ? null : outputText(record.typeOids[i], value, context.format)];
        }),
      );
    }
    if (attributes === undefined) throw sqlError('42809', 'record type has not been registered');
    return hstoreOf(attributes.map(({ name }): HstorePair => [name, null]));
  };
};

/** A row with those fields that the pairs have; the others stay. */
const populateRecord: Specialiser = ([typeOid]) => {
  const columns = typeByOid(baseTypeOid(typeOid))?.attributes;
  return (context: FunctionContext, base: SqlRecord | null, value: string | null) => {
    if (columns === undefined && typeOid !== OID.RECORD) throw sqlError('42804', 'first argument must be a rowtype');
    if (value === null) return base;
    if (columns === undefined && base === null) {
      throw sqlError('0A000', 'could not determine row type for result of populate_record');
    }
    const pairs = readHstore(value);
    const names = columns?.map(({ name }) => name) ?? fieldNames(typeOid, base as SqlRecord);
    const typeOids = columns?.map((column) => column.typeOid) ?? (base as SqlRecord).typeOids;
    const values = names.map((name, i): Value => {
      const text = pairs.get(name);
      if (text === undefined && base !== null) return base.values[i];
      const field =
        text === undefined || text === null
          ? null
          : inputText(typeOids[i], columns?.[i].typmod ?? -1, text, context.format);
      context.checkDomain?.(typeOids[i], field);
      return field;
    });
    return new SqlRecord(typeOids, values, names);
  };
};

/** Longer texts may hold one that is too long for jsonb. */
const JSONB_TEXT_MAX = 0x0fff_ffff;

function toJsonb(context: FunctionContext, value: string): Value {
  const json = hstoreJson(value);
  return json.length <= JSONB_TEXT_MAX / 3 ? json : inputText(OID.JSONB, -1, json, context.format);
}

const hash = hashOf(OID.TEXT);
const hashWithSeed = hashWithSeedOf(OID.TEXT);

export const hstoreFunctions: FunctionModule = {
  plain: {
    hstore_fetchval: hstoreGet,
    hstore_slice_to_array: (value: string, keys: SqlArray) => {
      const values = keys.elements.map((key) => (key === null ? null : hstoreGet(value, key as string)));
      return new SqlArray(OID.TEXT, values, keys.dimensions, keys.lowerBounds);
    },
    hstore_slice_to_hstore: (value: string, keys: SqlArray) => slice(value, textsOf(keys)),
    hstore_exists: hstoreHas,
    hstore_exists_any: (value: string, keys: SqlArray) => textsOf(keys).some((key) => hstoreHas(value, key)),
    hstore_exists_all: (value: string, keys: SqlArray) => textsOf(keys).every((key) => hstoreHas(value, key)),
    hstore_defined: (value: string, key: string) => hstoreGet(value, key) !== null,
    hstore_delete: hstoreWithout,
    hstore_delete_array: (value: string, keys: SqlArray) => textsOf(keys).reduce(hstoreWithout, value),
    hstore_delete_hstore: hstoreWithoutPairs,
    hstore_concat: hstoreConcat,
    hstore_contains: hstoreContains,
    hstore_contained: (part: string, whole: string) => hstoreContains(whole, part),
    hstore_from_text: (key: string | null, value: string | null) => (key === null ? null : hstoreOf([[key, value]])),
    hstore_from_arrays: fromArrays,
    hstore_from_array: fromArray,
    hstore_to_json: hstoreJson,
    hstore_to_json_loose: hstoreLooseJson,
    hstore_to_array: (value: string) => textArray(itemsOf(hstoreEntries(value))),
    hstore_to_matrix: (value: string) => {
      const pairs = hstoreEntries(value);
      return pairs.length === 0 ? textArray([]) : new SqlArray(OID.TEXT, itemsOf(pairs), [pairs.length, 2]);
    },
    hstore_akeys: (value: string) => textArray(hstoreKeys(value)),
    hstore_avals: (value: string) => textArray(hstoreValues(value)),
    hstore_skeys: hstoreKeys,
    hstore_svals: hstoreValues,
    hstore_each: hstoreEntries,
    hstore_hash: hash,
    hstore_hash_extended: hashWithSeed,
  },
  contextual: {
    hstore_to_jsonb: toJsonb,
    hstore_to_jsonb_loose: (context: FunctionContext, value: string) =>
      inputText(OID.JSONB, -1, hstoreLooseJson(value), context.format),
  },
  specialised: { ...comparisons('hstore', () => OID.ANYHSTORE), hstore_cmp: compareFirst },
  specialisedContextual: { hstore_from_record: fromRecord, hstore_populate_record: populateRecord },
};
