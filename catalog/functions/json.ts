/** Functions of json, and those that json and jsonb share because they only look at the text. */

import { sqlError } from '../../types/errors.ts';
import { OID, type SqlArray, typeByOid, type Value } from '../../types/index.ts';
import { checkJsonEscapes } from '../../types/json.ts';
import { skipValue } from '../../types/json-text.ts';
import type { FunctionContext } from '../function-entry.ts';
import { jsonWriter, keyText, quoteJson, recordWriter } from './json-build.ts';
import { recordFunctions } from './json-populate.ts';
import {
  elementOf,
  elementsOf,
  fieldOf,
  type JsonKind,
  kindOf,
  membersOf,
  skipSpace,
  unquote,
  valueAsText,
  valueAtPath,
} from './json-scan.ts';
import type { AnyFunction, FunctionModule, Specialiser } from './module.ts';

const asText = (value: string | null): string | null => (value === null ? null : valueAsText(value));

function pathOf(path: SqlArray): readonly (string | null)[] {
  return path.elements as readonly (string | null)[];
}

/** #> with an empty path is the value itself, without blanks around it. */
function extractPath(text: string, path: SqlArray): string | null {
  if (path.hasNull) return null;
  if (path.length > 0) return valueAtPath(text, pathOf(path));
  const start = skipSpace(text, 0);
  return text.slice(start, skipValue(text, start));
}

function checkArray(text: string, onObject: string, onScalar: string): void {
  const kind = kindOf(text);
  if (kind === 'object') throw sqlError('22023', onObject);
  if (kind !== 'array') throw sqlError('22023', onScalar);
}

function arrayLength(text: string): number {
  checkArray(text, 'cannot get array length of a non-array', 'cannot get array length of a scalar');
  return elementsOf(text).length;
}

/** json says "a non-array", jsonb "an object": each with its function's name. */
function elementFunctions(prefix: string): Record<string, AnyFunction> {
  const objectMessage = (name: string): string =>
    prefix === 'json' ? `cannot call ${name} on a non-array` : 'cannot extract elements from an object';
  const scalarMessage = (name: string): string =>
    prefix === 'json' ? `cannot call ${name} on a scalar` : 'cannot extract elements from a scalar';
  const elements = (name: string) => (text: string) => {
    checkArray(text, objectMessage(name), scalarMessage(name));
    return elementsOf(text);
  };
  const plain = elements(`${prefix}_array_elements`);
  const texts = elements(`${prefix}_array_elements_text`);
  return {
    [`${prefix}_array_elements`]: plain,
    [`${prefix}_array_elements_text`]: (text: string) => texts(text).map(valueAsText),
  };
}

/** Members as written: json keeps equal keys in json_each and json_object_keys. */
function checkedMembers(text: string, name: string, isJsonb: boolean): [string, string][] {
  const kind = kindOf(text);
  if (kind !== 'object') {
    if (isJsonb && name !== 'jsonb_object_keys') throw sqlError('22023', `cannot call ${name} on a non-object`);
    if (kind === 'array') {
      const what = name.endsWith('object_keys') ? 'an array' : isJsonb ? 'a non-object' : 'an array';
      const message = !isJsonb && !name.endsWith('object_keys') ? 'cannot deconstruct an array as an object' : '';
      throw sqlError('22023', message || `cannot call ${name} on ${what}`);
    }
    const scalar = name.endsWith('object_keys') ? `cannot call ${name} on a scalar` : 'cannot deconstruct a scalar';
    throw sqlError('22023', scalar);
  }
  return membersOf(text);
}

/** Functions over json text that jsonb has too, under both prefixes. */
export function sharedFunctions(prefix: 'json' | 'jsonb'): Record<string, AnyFunction> {
  const isJsonb = prefix === 'jsonb';
  return {
    [`${prefix}_object_field`]: fieldOf,
    [`${prefix}_object_field_text`]: (text: string, name: string) => asText(fieldOf(text, name)),
    [`${prefix}_array_element`]: elementOf,
    [`${prefix}_array_element_text`]: (text: string, index: number) => asText(elementOf(text, index)),
    [`${prefix}_extract_path`]: extractPath,
    [`${prefix}_extract_path_text`]: (text: string, path: SqlArray) => asText(extractPath(text, path)),
    [`${prefix}_array_length`]: arrayLength,
    ...elementFunctions(prefix),
    [`${prefix}_each`]: (text: string) => checkedMembers(text, `${prefix}_each`, isJsonb),
    [`${prefix}_each_text`]: (text: string) =>
      checkedMembers(text, `${prefix}_each_text`, isJsonb).map(([key, value]) => [key, valueAsText(value)]),
    [`${prefix}_object_keys`]: (text: string) =>
      checkedMembers(text, `${prefix}_object_keys`, isJsonb).map(([key]) => key),
    [`${prefix}_typeof`]: (text: string): JsonKind => kindOf(text),
  };
}

/** Those of json's functions that read all strings of a text: what is escaped in any of them must be text. */
const READING =
  'object_field object_field_text array_element array_element_text extract_path extract_path_text array_elements_text each each_text object_keys'
    .split(' ')
    .map((name) => `json_${name}`);

function withCheckedEscapes(functions: Record<string, AnyFunction>): Record<string, AnyFunction> {
  const checked = { ...functions };
  for (const name of READING) {
    const run = functions[name];
    checked[name] = (text: string, ...args: Value[]) => {
      checkJsonEscapes(text);
      return run(text, ...args);
    };
  }
  return checked;
}

/** Members with null go, at all depths; the text comes out without blanks. */
function stripNulls(text: string): string {
  checkJsonEscapes(text);
  return withoutNulls(text);
}

function withoutNulls(text: string): string {
  const kind = kindOf(text);
  if (kind === 'array') return `[${elementsOf(text).map(withoutNulls).join(',')}]`;
  if (kind === 'object') {
    const members = membersOf(text).filter(([, value]) => value !== 'null');
    return `{${members.map(([key, value]) => `${quoteJson(key)}:${withoutNulls(value)}`).join(',')}}`;
  }
  const start = skipSpace(text, 0);
  const value = text.slice(start, skipValue(text, start));
  return kind === 'string' ? quoteJson(unquote(value)) : value;
}

/** The arguments of a VARIADIC "any" function; a last type given as -oid means VARIADIC array. */
export function variadicArguments(
  argTypes: readonly number[],
  args: readonly Value[],
): [types: number[], values: Value[]] {
  const last = argTypes.length - 1;
  if (last < 0 || argTypes[last] >= 0) return [argTypes as number[], args as Value[]];
  const elementOid = typeByOid(-argTypes[last])?.elementOid ?? OID.TEXT;
  const array = args[last] as SqlArray | null;
  const elements = array === null ? [] : array.elements;
  return [
    [...argTypes.slice(0, last), ...elements.map(() => elementOid)],
    [...args.slice(0, last), ...elements],
  ];
}

export function oddArguments(name: string): Error {
  return sqlError('22023', 'argument list must have even number of elements', {
    hint: `The arguments of ${name}() must consist of alternating keys and values.`,
  });
}

const buildObject: Specialiser = (argTypes) => {
  return (context: FunctionContext, ...args: Value[]) => {
    const [types, values] = variadicArguments(argTypes, args);
    if (values.length % 2 !== 0) throw oddArguments('json_build_object');
    const members: string[] = [];
    for (let i = 0; i < values.length; i += 2) {
      if (values[i] === null) {
        throw sqlError('22023', `argument ${i + 1} cannot be null`, { hint: 'Object keys should be text.' });
      }
      const key = quoteJson(keyText(types[i])(values[i], context));
      const value = values[i + 1] === null ? 'null' : jsonWriter(types[i + 1])(values[i + 1], context);
      members.push(`${key} : ${value}`);
    }
    return `{${members.join(', ')}}`;
  };
};

const buildArray: Specialiser = (argTypes) => {
  return (context: FunctionContext, ...args: Value[]) => {
    const [types, values] = variadicArguments(argTypes, args);
    const elements = values.map((value, i) => (value === null ? 'null' : jsonWriter(types[i])(value, context)));
    return `[${elements.join(', ')}]`;
  };
};

/** json_object(text[]): pairs in a row, or an array of pairs. */
export function pairsOf(array: SqlArray): [string | null, string | null][] {
  const elements = array.elements as readonly (string | null)[];
  if (array.dimensionCount === 0) return [];
  if (array.dimensionCount === 1 && elements.length % 2 !== 0) {
    throw sqlError('2202E', 'array must have even number of elements');
  }
  if (array.dimensionCount === 2 && array.dimensions[1] !== 2) {
    throw sqlError('2202E', 'array must have two columns');
  }
  if (array.dimensionCount > 2) throw sqlError('2202E', 'wrong number of array subscripts');
  const pairs: [string | null, string | null][] = [];
  for (let i = 0; i < elements.length; i += 2) pairs.push([elements[i], elements[i + 1]]);
  return checkKeys(pairs);
}

export function pairsOfTwo(keys: SqlArray, values: SqlArray): [string | null, string | null][] {
  if (keys.dimensionCount > 1 || keys.dimensionCount !== values.dimensionCount) {
    throw sqlError('2202E', 'wrong number of array subscripts');
  }
  if (keys.length !== values.length) throw sqlError('2202E', 'mismatched array dimensions');
  return checkKeys(keys.elements.map((key, i) => [key, values.elements[i]]));
}

function checkKeys(pairs: [string | null, string | null][]): [string | null, string | null][] {
  if (pairs.some(([key]) => key === null)) throw sqlError('22004', 'null value not allowed for object key');
  return pairs;
}

function objectOfPairs(pairs: [string | null, string | null][]): string {
  const members = pairs.map(
    ([key, value]) => `${quoteJson(key as string)} : ${value === null ? 'null' : quoteJson(value)}`,
  );
  return `{${members.join(', ')}}`;
}

/** A writer of the first argument; `pretty` as second argument puts line feeds between the outermost parts. */
function writerOfFirst(make: (typeOid: number, separator: string) => ReturnType<typeof jsonWriter>): Specialiser {
  return (argTypes) => {
    const compact = make(argTypes[0], ',');
    const pretty = make(argTypes[0], ',\n ');
    return (context: FunctionContext, value: Value, isPretty?: boolean) =>
      isPretty === true ? pretty(value, context) : compact(value, context);
  };
}

export const jsonFunctions: FunctionModule = {
  plain: {
    ...withCheckedEscapes(sharedFunctions('json')),
    json_strip_nulls: stripNulls,
    json_object: (array: SqlArray) => objectOfPairs(pairsOf(array)),
    json_object_two_arg: (keys: SqlArray, values: SqlArray) => objectOfPairs(pairsOfTwo(keys, values)),
    json_build_object_noargs: () => '{}',
    json_build_array_noargs: () => '[]',
  },
  specialisedContextual: {
    to_json: (argTypes) => {
      const writer = jsonWriter(argTypes[0]);
      return (context: FunctionContext, value: Value) => writer(value, context);
    },
    array_to_json: writerOfFirst(jsonWriter),
    array_to_json_pretty: writerOfFirst(jsonWriter),
    row_to_json: writerOfFirst(recordWriter),
    row_to_json_pretty: writerOfFirst(recordWriter),
    json_build_object: buildObject,
    json_build_array: buildArray,
    ...recordFunctions(),
  },
};
