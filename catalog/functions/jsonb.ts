/**
 * Functions of jsonb. A value is its normalised text; what only looks inside scans its bytes (jsonb-bytes.ts) or its text (json-scan.ts), what compares
 * or changes parses it to a tree (types/jsonb.ts) and writes the tree again.
 */

import { type SqlError, sqlError } from '../../types/errors.ts';
import { comparator, decodeText, equality, Numeric, OID, type SqlArray, type Value } from '../../types/index.ts';
import { CLOSE_ARRAY, CLOSE_OBJECT, COMMA, OPEN_ARRAY, OPEN_OBJECT, QUOTE, skipString } from '../../types/json-text.ts';
import { compareJsonbKeys, formatJsonb, type Jsonb, JsonbObject, readJsonb } from '../../types/jsonb.ts';
import type { FunctionContext } from '../function-entry.ts';
import { oddArguments, pairsOf, pairsOfTwo, sharedFunctions, variadicArguments } from './json.ts';
import { jsonbMaker, keyText } from './json-build.ts';
import { kindOf } from './json-scan.ts';
import {
  countJsonbElements,
  elementAt,
  type JsonbPath,
  jsonbBytes,
  jsonbEnd,
  jsonbKey,
  jsonbKindAt,
  jsonbPath,
  jsonbTextAt,
  memberAt,
  pathAt,
  skipJsonb,
} from './jsonb-bytes.ts';
import { jsonbContains, jsonbExists } from './jsonb-contains.ts';
import type { FunctionModule, Specialiser } from './module.ts';

/** The value at a place of a text whose bytes these are; null where there is none. */
function valueAt(buffer: Buffer, at: number, end: number): string | null {
  return at < 0 ? null : decodeText(buffer, at, skipJsonb(buffer, at, end));
}

function textAt(buffer: Buffer, at: number, end: number): string | null {
  return at < 0 ? null : jsonbTextAt(buffer, at, end);
}

/** Finds a place by `find`, and answers what is there. */
function lookUp<Wanted>(
  text: string,
  find: (buffer: Buffer, start: number, end: number, wanted: Wanted) => number,
  wanted: Wanted,
  answer: (buffer: Buffer, at: number, end: number) => string | null,
): string | null {
  const buffer = jsonbBytes(text);
  const end = jsonbEnd();
  return answer(buffer, find(buffer, 0, end, wanted), end);
}

const field = (text: string, name: string) => lookUp(text, memberAt, jsonbKey(name), valueAt);
const fieldText = (text: string, name: string) => lookUp(text, memberAt, jsonbKey(name), textAt);
const element = (text: string, index: number) => lookUp(text, elementAt, index, valueAt);
const elementText = (text: string, index: number) => lookUp(text, elementAt, index, textAt);
const extractPath = (text: string, path: SqlArray) => lookUp(text, pathAt, stepsOf(path), valueAt);
const extractPathText = (text: string, path: SqlArray) => lookUp(text, pathAt, stepsOf(path), textAt);

/** Of the document at a place. */
export function jsonbLengthAt(buffer: Buffer, start: number, end: number): number {
  const kind = jsonbKindAt(buffer, start);
  if (kind === 'object') throw sqlError('22023', 'cannot get array length of a non-array');
  if (kind !== 'array') throw sqlError('22023', 'cannot get array length of a scalar');
  return countJsonbElements(buffer, start, end);
}

const compare = (a: string, b: string): number => (a === b ? 0 : comparator(OID.JSONB)(a, b));
const equal = (a: string, b: string): boolean => a === b || equality(OID.JSONB)(a, b);

const isContainer = (value: Jsonb): value is Jsonb[] | JsonbObject =>
  Array.isArray(value) || value instanceof JsonbObject;

function asArray(value: Jsonb): Jsonb[] {
  return Array.isArray(value) ? value : [value];
}

/** Both have their keys in order. */
function merged(left: JsonbObject, right: JsonbObject): JsonbObject {
  const { keys: leftKeys, values: leftValues } = left;
  const { keys: rightKeys, values: rightValues } = right;
  const keys: string[] = [];
  const values: Jsonb[] = [];
  let l = 0;
  for (let r = 0; r < rightKeys.length; r++) {
    let order = 1;
    for (; l < leftKeys.length; l++) {
      order = compareJsonbKeys(leftKeys[l], rightKeys[r]);
      if (order >= 0) break;
      keys.push(leftKeys[l]);
      values.push(leftValues[l]);
    }
    if (order === 0) l++;
    keys.push(rightKeys[r]);
    values.push(rightValues[r]);
  }
  for (; l < leftKeys.length; l++) {
    keys.push(leftKeys[l]);
    values.push(leftValues[l]);
  }
  return new JsonbObject(keys, values);
}

/** Two objects are merged, the right one wins; anything else becomes one array. */
function concatenate(a: string, b: string): string {
  const left = readJsonb(a);
  const right = readJsonb(b);
  if (left instanceof JsonbObject && right instanceof JsonbObject) {
    return formatJsonb(merged(left, right));
  }
  return formatJsonb([...asArray(left), ...asArray(right)]);
}

function invalidTarget(action: string, kind: string): SqlError {
  return sqlError('22023', `cannot ${action} ${kind}`);
}

function deleteKeys(text: string, names: readonly (string | null)[]): string {
  const value = readJsonb(text);
  if (!isContainer(value)) throw invalidTarget('delete from', 'scalar');
  const doomed = new Set(names);
  if (Array.isArray(value)) return formatJsonb(value.filter((item) => typeof item !== 'string' || !doomed.has(item)));
  const { keys, values } = value;
  const isKept = (_item: unknown, i: number): boolean => !doomed.has(keys[i]);
  const keptKeys = keys.filter(isKept);
  return keptKeys.length === keys.length ? text : formatJsonb(new JsonbObject(keptKeys, values.filter(isKept)));
}

/** Of an object one member is cut out of the text, with the comma beside it. */
function deleteKey(text: string, name: string): string {
  const buffer = jsonbBytes(text);
  if (jsonbKindAt(buffer, 0) !== 'object') return deleteKeys(text, [name]);
  const end = jsonbEnd();
  const key = jsonbKey(name);
  const at = memberAt(buffer, 0, end, key);
  if (at < 0) return text;
  let from = at - 2 - key.literal.length;
  let behind = skipJsonb(buffer, at, end);
  if (buffer[behind] === COMMA) behind += 2;
  else if (from > 1) from -= 2;
  return textOf(text, buffer, 0, from) + textOf(text, buffer, behind, end);
}

/** A part of the text whose bytes these are. In ASCII, bytes and characters have the same places. */
function textOf(text: string, buffer: Buffer, from: number, to: number): string {
  return jsonbEnd() === text.length ? text.slice(from, to) : decodeText(buffer, from, to);
}

function deleteElement(text: string, index: number): string {
  const value = readJsonb(text);
  if (value instanceof JsonbObject) throw invalidTarget('delete from', 'object using integer index');
  if (!Array.isArray(value)) throw invalidTarget('delete from', 'scalar');
  const at = index < 0 ? value.length + index : index;
  return formatJsonb(value.filter((_, i) => i !== at));
}

type PathAction = 'delete' | 'set' | 'create' | 'insertBefore' | 'insertAfter';

interface PathChange {
  readonly path: readonly (string | null)[];
  readonly action: PathAction;
  readonly value: Jsonb;
}

function pathStep(change: PathChange, level: number): string {
  const step = change.path[level];
  if (step === null) throw sqlError('22004', `path element at position ${level + 1} is null`);
  return step;
}

function pathIndex(step: string, level: number): number {
  if (!/^\s*[+-]?\d+$/.test(step)) {
    throw sqlError('22P02', `path element at position ${level + 1} is not an integer: "${step}"`);
  }
  return Number(step);
}

/** setPath: goes down the path and changes what is at its end. */
function changeAt(target: Jsonb, change: PathChange, level: number): Jsonb {
  if (target instanceof JsonbObject) return changeMember(target, change, level);
  if (Array.isArray(target)) return changeElement(target, change, level);
  // Nothing is changed in a scalar, but the step is looked at.
  pathStep(change, level);
  return target;
}

function changeMember(target: JsonbObject, change: PathChange, level: number): Jsonb {
  const key = pathStep(change, level);
  const index = target.keys.indexOf(key);
  const isLast = level === change.path.length - 1;
  const values = target.values.slice();
  if (index < 0) {
    if (!isLast || change.action === 'delete' || change.action === 'set') return target;
    return JsonbObject.from([...target.keys, key], [...values, change.value]);
  }
  if (!isLast) {
    values[index] = changeAt(values[index], change, level + 1);
    return new JsonbObject(target.keys, values);
  }
  if (change.action === 'insertBefore' || change.action === 'insertAfter') {
    throw sqlError('22023', 'cannot replace existing key', {
      hint: 'Try using the function jsonb_set to replace key value.',
    });
  }
  if (change.action === 'delete') {
    values.splice(index, 1);
    return new JsonbObject(
      target.keys.filter((_, i) => i !== index),
      values,
    );
  }
  values[index] = change.value;
  return new JsonbObject(target.keys, values);
}

function changeElement(target: Jsonb[], change: PathChange, level: number): Jsonb {
  const wanted = pathIndex(pathStep(change, level), level);
  const isLast = level === change.path.length - 1;
  const index = wanted < 0 ? target.length + wanted : wanted;
  const values = target.slice();
  if (index < 0 || index >= target.length) {
    if (!isLast || change.action === 'delete' || change.action === 'set') return target;
    // Beyond either end the value is added there.
    if (index < 0) values.unshift(change.value);
    else values.push(change.value);
    return values;
  }
  if (!isLast) values[index] = changeAt(values[index], change, level + 1);
  else if (change.action === 'delete') values.splice(index, 1);
  else if (change.action === 'insertBefore') values.splice(index, 0, change.value);
  else if (change.action === 'insertAfter') values.splice(index + 1, 0, change.value);
  else values[index] = change.value;
  return values;
}

function checkPath(path: SqlArray): readonly (string | null)[] {
  if (path.dimensionCount > 1) throw sqlError('2202E', 'wrong number of array subscripts');
  return path.elements as readonly (string | null)[];
}

function deletePath(text: string, pathArray: SqlArray): string {
  const path = checkPath(pathArray);
  const value = readJsonb(text);
  if (!isContainer(value)) throw invalidTarget('delete path in', 'scalar');
  if (path.length === 0 || kindEmpty(value)) return text;
  return formatJsonb(changeAt(value, { path, action: 'delete', value: null }, 0));
}

let keptPathArray: SqlArray | null = null;
let keptPath: JsonbPath = null;

/** The steps of a path; those of the last call's array are kept. */
function stepsOf(path: SqlArray): JsonbPath {
  if (path !== keptPathArray) {
    keptPath = jsonbPath(path.elements as (string | null)[]);
    keptPathArray = path;
  }
  return keptPath;
}

/** With another value at a place that there is: what stands around it is copied as it is. Null: there is no such place. */
function replaceAt(text: string, path: SqlArray, replacement: string): string | null {
  const buffer = jsonbBytes(text);
  const end = jsonbEnd();
  const at = pathAt(buffer, 0, end, stepsOf(path));
  if (at < 0) return null;
  const behind = skipJsonb(buffer, at, end);
  return textOf(text, buffer, 0, at) + replacement + textOf(text, buffer, behind, end);
}

function setPath(text: string, pathArray: SqlArray, replacement: string, create: boolean): string {
  const path = checkPath(pathArray);
  if (path.length > 0) {
    const replaced = replaceAt(text, pathArray, replacement);
    if (replaced !== null) return replaced;
  }
  const value = readJsonb(text);
  if (!isContainer(value)) throw invalidTarget('set path in', 'scalar');
  if (path.length === 0 || (!create && kindEmpty(value))) return text;
  const action = create ? 'create' : 'set';
  return formatJsonb(changeAt(value, { path, action, value: readJsonb(replacement) }, 0));
}

function kindEmpty(value: Jsonb[] | JsonbObject): boolean {
  return Array.isArray(value) ? value.length === 0 : value.keys.length === 0;
}

function insertAtPath(text: string, pathArray: SqlArray, added: string, after: boolean): string {
  const path = checkPath(pathArray);
  const value = readJsonb(text);
  if (!isContainer(value)) throw invalidTarget('set path in', 'scalar');
  if (path.length === 0) return text;
  const action = after ? 'insertAfter' : 'insertBefore';
  return formatJsonb(changeAt(value, { path, action, value: readJsonb(added) }, 0));
}

function setPathLax(
  text: string | null,
  path: SqlArray | null,
  replacement: string | null,
  create: boolean | null,
  treatment: string | null,
): string | null {
  if (text === null || path === null || create === null) return null;
  if (treatment === null)
    throw sqlError(
      '22023',
      'null_value_treatment must be "delete_key", "return_target", "use_json_null", or "raise_exception"',
    );
  if (replacement !== null) return setPath(text, path, replacement, create);
  switch (treatment) {
    case 'raise_exception':
      throw sqlError('22004', 'JSON value must not be null', {
        detail: 'Exception was raised because null_value_treatment is "raise_exception".',
        hint: 'To avoid, either change the null_value_treatment argument or ensure that an SQL NULL is not passed.',
      });
    case 'use_json_null':
      return setPath(text, path, 'null', create);
    case 'delete_key':
      return deletePath(text, path);
    case 'return_target':
      return text;
    default:
      throw sqlError(
        '22023',
        'null_value_treatment must be "delete_key", "return_target", "use_json_null", or "raise_exception"',
      );
  }
}

function stripNulls(value: Jsonb): Jsonb {
  if (Array.isArray(value)) return value.map(stripNulls);
  if (!(value instanceof JsonbObject)) return value;
  const kept = value.keys.map((key, i) => [key, value.values[i]] as const).filter(([, item]) => item !== null);
  return new JsonbObject(
    kept.map(([key]) => key),
    kept.map(([, item]) => stripNulls(item)),
  );
}

function lineBreak(depth: number): string {
  return `\n${'    '.repeat(depth)}`;
}

/** Normal form with a line for each element and member, four blanks a level. */
function pretty(text: string): string {
  let result = '';
  let copied = 0;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) i = skipString(text, i) - 1;
    else if (c === OPEN_OBJECT || c === OPEN_ARRAY) {
      const next = text.charCodeAt(i + 1);
      const isEmpty = next === CLOSE_OBJECT || next === CLOSE_ARRAY;
      if (!isEmpty) depth++;
      result += text.slice(copied, i + 1) + lineBreak(depth);
      copied = i + 1;
      if (isEmpty) i++;
    } else if (c === CLOSE_OBJECT || c === CLOSE_ARRAY) {
      depth--;
      result += text.slice(copied, i) + lineBreak(depth);
      copied = i;
    } else if (c === COMMA) {
      result += text.slice(copied, i + 1) + lineBreak(depth);
      copied = i + ', '.length;
    }
  }
  return result + text.slice(copied);
}

/** Casts: a number (or boolean) inside, else an error that says what was there. */
function castError(text: string, target: string): SqlError {
  const kind = kindOf(text);
  const what = kind === 'null' ? 'null' : kind === 'number' ? 'numeric' : kind;
  const article = kind === 'array' || kind === 'object' ? `jsonb ${what}` : `jsonb ${what}`;
  return sqlError('22023', `cannot cast ${article} to type ${target}`);
}

function numberIn(text: string, target: string): Numeric {
  if (kindOf(text) !== 'number') throw castError(text, target);
  return Numeric.parse(text);
}

/** Makers of each argument; of a VARIADIC array's elements they are made with each call. */
function makersOf<T>(argTypes: readonly number[], make: (typeOid: number, index: number) => T): T[] | null {
  return argTypes.some((typeOid) => typeOid < 0) ? null : argTypes.map(make);
}

const buildObject: Specialiser = (argTypes) => {
  const make = (typeOid: number, i: number) => (i % 2 === 0 ? keyText(typeOid) : jsonbMaker(typeOid));
  const fixed = makersOf(argTypes, make);
  return (context: FunctionContext, ...args: Value[]) => {
    const [types, values] = fixed === null ? variadicArguments(argTypes, args) : [argTypes, args];
    if (values.length % 2 !== 0) throw oddArguments('jsonb_build_object');
    const makers = fixed ?? types.map(make);
    const keys: string[] = [];
    const items: Jsonb[] = [];
    for (let i = 0; i < values.length; i += 2) {
      if (values[i] === null) throw sqlError('22023', `argument ${i + 1}: key must not be null`);
      keys.push(makers[i](values[i], context) as string);
      items.push(values[i + 1] === null ? null : makers[i + 1](values[i + 1], context));
    }
    return formatJsonb(JsonbObject.from(keys, items));
  };
};

const buildArray: Specialiser = (argTypes) => {
  const fixed = makersOf(argTypes, jsonbMaker);
  return (context: FunctionContext, ...args: Value[]) => {
    const [types, values] = fixed === null ? variadicArguments(argTypes, args) : [argTypes, args];
    const makers = fixed ?? types.map((typeOid) => jsonbMaker(typeOid));
    return formatJsonb(values.map((value, i) => (value === null ? null : makers[i](value, context))));
  };
};

function objectOfPairs(pairs: [string | null, string | null][]): string {
  return formatJsonb(
    JsonbObject.from(
      pairs.map(([key]) => key as string),
      pairs.map(([, value]) => value),
    ),
  );
}

export const jsonbFunctions: FunctionModule = {
  plain: {
    ...sharedFunctions('jsonb'),
    jsonb_object_field: field,
    jsonb_object_field_text: fieldText,
    jsonb_array_element: element,
    jsonb_array_element_text: elementText,
    jsonb_extract_path: extractPath,
    jsonb_extract_path_text: extractPathText,
    jsonb_array_length: (text: string) => jsonbLengthAt(jsonbBytes(text), 0, jsonbEnd()),
    jsonb_typeof: (text: string) => jsonbKindAt(jsonbBytes(text), 0),
    jsonb_eq: equal,
    jsonb_ne: (a: string, b: string) => !equal(a, b),
    jsonb_lt: (a: string, b: string) => compare(a, b) < 0,
    jsonb_le: (a: string, b: string) => compare(a, b) <= 0,
    jsonb_gt: (a: string, b: string) => compare(a, b) > 0,
    jsonb_ge: (a: string, b: string) => compare(a, b) >= 0,
    jsonb_cmp: compare,
    jsonb_contains: jsonbContains,
    jsonb_contained: (a: string, b: string) => jsonbContains(b, a),
    jsonb_exists: jsonbExists,
    jsonb_exists_any: (text: string, names: SqlArray) =>
      names.elements.some((name) => name !== null && jsonbExists(text, name)),
    jsonb_exists_all: (text: string, names: SqlArray) =>
      names.elements.every((name) => name === null || jsonbExists(text, name)),
    jsonb_concat: concatenate,
    jsonb_delete: deleteKey,
    jsonb_delete_array: (text: string, names: SqlArray) => deleteKeys(text, names.elements),
    jsonb_delete_idx: deleteElement,
    jsonb_delete_path: deletePath,
    jsonb_set: setPath,
    jsonb_set_lax: setPathLax,
    jsonb_insert: insertAtPath,
    // As normal form writes a member that is null; within a string it means nothing, and then nothing goes.
    jsonb_strip_nulls: (text: string) => (text.includes('": null') ? formatJsonb(stripNulls(readJsonb(text))) : text),
    jsonb_pretty: pretty,
    jsonb_object: (array: SqlArray) => objectOfPairs(pairsOf(array)),
    jsonb_object_two_arg: (keys: SqlArray, values: SqlArray) => objectOfPairs(pairsOfTwo(keys, values)),
    jsonb_build_object_noargs: () => '{}',
    jsonb_build_array_noargs: () => '[]',
    jsonb_bool(text: string) {
      if (kindOf(text) !== 'boolean') throw castError(text, 'boolean');
      return text === 'true';
    },
    jsonb_numeric: (text: string) => numberIn(text, 'numeric'),
    jsonb_int2: (text: string) => numberIn(text, 'smallint').toInt2(),
    jsonb_int4: (text: string) => numberIn(text, 'integer').toInt4(),
    jsonb_int8: (text: string) => numberIn(text, 'bigint').toInt8(),
    jsonb_float4: (text: string) => numberIn(text, 'real').toFloat4(),
    jsonb_float8: (text: string) => numberIn(text, 'double precision').toFloat8(),
  },
  contextual: {},
  specialisedContextual: {
    to_jsonb: (argTypes) => {
      const maker = jsonbMaker(argTypes[0]);
      return (context: FunctionContext, value: Value) => formatJsonb(maker(value, context));
    },
    jsonb_build_object: buildObject,
    jsonb_build_array: buildArray,
  },
};
