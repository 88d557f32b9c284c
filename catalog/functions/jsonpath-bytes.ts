/**
 * jsonpath over the bytes of a document. Of most paths it is known which members of the document's object they look at: these alone are
 * read, and the path is evaluated over an object that has no others.
 */
import { decodeText, formatJsonb, type Jsonb, JsonbObject, readJsonb } from '../../types/index.ts';
import { OPEN_ARRAY, OPEN_OBJECT } from '../../types/json-text.ts';
import { jsonpathOf } from '../../types/jsonpath/parse.ts';
import type { Jsonpath } from '../../types/jsonpath/path.ts';
import { type JsonbKey, jsonbKey, memberAt, skipJsonb } from './jsonb-bytes.ts';
import { JsonpathEvaluation } from './jsonpath.ts';
import { onlyTruth, variablesOf } from './jsonpath-functions.ts';

const EMPTY = new JsonbObject([], []);

/** What is the same for all documents. */
export interface PreparedJsonpath {
  readonly path: Jsonpath;
  /** Members of the document that the path may look at; null: it may look at any part. */
  readonly members: readonly { readonly name: string; readonly key: JsonbKey }[] | null;
  /** Of a path that is nothing but keys, one below the other, in lax mode. */
  readonly chain: readonly JsonbKey[] | null;
  readonly variables: JsonbObject | null;
  readonly isSilent: boolean;
}

/** Operators have a path alone: no variables, and errors are silent. */
export function prepareJsonpath(text: string, variables: string | null = null, isSilent = true): PreparedJsonpath {
  const path = jsonpathOf(text);
  const names = new Set<string>();
  const isKnown = looksAtMembers(path.root, true, names);
  const members = isKnown ? [...names].map((name) => ({ name, key: jsonbKey(name) })) : null;
  return { path, members, chain: chainOf(path), variables: variablesOf(variables), isSilent };
}

function chainOf({ isLax, root }: Jsonpath): JsonbKey[] | null {
  if (!isLax || root.kind !== 'root') return null;
  const chain: JsonbKey[] = [];
  for (let item = root.next; item !== null; item = item.next) {
    if (item.kind !== 'key') return null;
    chain.push(jsonbKey(item.value));
  }
  return chain;
}

const NOWHERE = -1;
/** An array is on the way, whose elements are all to be looked at. */
const UNKNOWN = -2;

/** Where a chain of keys leads. */
function endOfChain(buffer: Buffer, start: number, end: number, chain: readonly JsonbKey[] | null): number {
  if (chain === null) return UNKNOWN;
  let at = start;
  for (const key of chain) {
    if (buffer[at] === OPEN_ARRAY) return UNKNOWN;
    at = memberAt(buffer, at, end, key);
    if (at < 0) return NOWHERE;
  }
  return at;
}

/** Whether all that a path looks at are members of the document, by name. `isTop`: @ is the document, as outside of filters. */
function looksAtMembers(node: unknown, isTop: boolean, names: Set<string>): boolean {
  if (Array.isArray(node)) return node.every((item) => looksAtMembers(item, isTop, names));
  if (node === null || typeof node !== 'object') return true;
  const item = node as {
    readonly kind?: string;
    readonly name?: string;
    readonly next?: { kind: string; value?: string };
  };
  if (item.kind === 'root' || (item.kind === 'current' && isTop)) {
    if (item.next?.kind !== 'key') return false;
    names.add(item.next.value as string);
  }
  // Its ids are places in the document.
  if (item.kind === 'method' && item.name === 'keyvalue') return false;
  for (const [part, value] of Object.entries(item)) {
    if (!looksAtMembers(value, isTop && part !== 'predicate', names)) return false;
  }
  return true;
}

function rootAt(buffer: Buffer, start: number, end: number, { members }: PreparedJsonpath): Jsonb {
  if (members === null || buffer[start] !== OPEN_OBJECT) {
    return valueAt(buffer, start, end);
  }
  if (members.length === 1) {
    const [{ name, key }] = members;
    const at = memberAt(buffer, start, end, key);
    return at < 0 ? EMPTY : new JsonbObject([name], [valueAt(buffer, at, end)]);
  }
  const keys: string[] = [];
  const values: Jsonb[] = [];
  for (const { name, key } of members) {
    const at = memberAt(buffer, start, end, key);
    if (at < 0) continue;
    keys.push(name);
    values.push(valueAt(buffer, at, end));
  }
  return new JsonbObject(keys, values);
}

function valueAt(buffer: Buffer, at: number, end: number): Jsonb {
  return readJsonb(decodeText(buffer, at, skipJsonb(buffer, at, end)));
}

function evaluationAt(buffer: Buffer, start: number, end: number, wanted: PreparedJsonpath): JsonpathEvaluation {
  return new JsonpathEvaluation(wanted.path, rootAt(buffer, start, end, wanted), wanted.variables, wanted.isSilent);
}

export function pathExistsAt(buffer: Buffer, start: number, end: number, wanted: PreparedJsonpath): boolean | null {
  const at = endOfChain(buffer, start, end, wanted.chain);
  return at === UNKNOWN ? evaluationAt(buffer, start, end, wanted).exists() : at !== NOWHERE;
}

export function pathMatchesAt(buffer: Buffer, start: number, end: number, wanted: PreparedJsonpath): boolean | null {
  return onlyTruth(evaluationAt(buffer, start, end, wanted).query(), wanted.isSilent);
}

export function firstByPathAt(buffer: Buffer, start: number, end: number, wanted: PreparedJsonpath): string | null {
  const at = endOfChain(buffer, start, end, wanted.chain);
  if (at === NOWHERE) return null;
  if (at !== UNKNOWN) return decodeText(buffer, at, skipJsonb(buffer, at, end));
  const found = evaluationAt(buffer, start, end, wanted).query();
  return found.length === 0 ? null : formatJsonb(found[0]);
}

export function allByPathAt(buffer: Buffer, start: number, end: number, wanted: PreparedJsonpath): string {
  return formatJsonb(evaluationAt(buffer, start, end, wanted).query());
}
