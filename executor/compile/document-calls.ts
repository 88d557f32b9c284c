/**
 * Operators that look into jsonb and hstore, over the bytes of the page. What -> and #> find is a slice again: a chain of them makes no string
 * but the last one's, and none if that is only compared or asked for.
 */
import { jsonbLengthAt } from '../../catalog/functions/jsonb.ts';
import {
  elementAt,
  existsAt,
  jsonbKey,
  jsonbKindAt,
  jsonbPath,
  jsonbTextAt,
  memberAt,
  pathAt,
  skipJsonb,
} from '../../catalog/functions/jsonb-bytes.ts';
import { containsPattern, jsonbPattern } from '../../catalog/functions/jsonb-contains.ts';
import {
  allByPathAt,
  firstByPathAt,
  pathExistsAt,
  pathMatchesAt,
  prepareJsonpath,
} from '../../catalog/functions/jsonpath-bytes.ts';
import type { CallExpr } from '../../planner/expr.ts';
import {
  decodeText,
  hstoreContainsAt,
  hstoreDefinedAt,
  hstoreHasAllAt,
  hstoreHasAnyAt,
  hstoreHasAt,
  hstoreKey,
  hstorePattern,
  hstoreTextAt,
  OID,
  type SqlArray,
} from '../../types/index.ts';
import type { Code } from './emitter.ts';
import type { ExpressionCompiler } from './expression.ts';
import { isInvariant } from './invariant.ts';
import { anyOf, type Operand } from './operand.ts';

/** `run(buffer, start, end, wanted)`; `prepare` makes what is wanted of the other arguments, once an execution. */
interface DocumentCall {
  /** What `run` answers: a place, which stands for the value there or for its text, or the result. */
  readonly answers: 'value' | 'text' | 'result';
  readonly run: (buffer: Buffer, start: number, end: number, wanted: never) => number | boolean | string | null;
  readonly prepare: ((...rest: never[]) => unknown) | null;
}

const pathOf = (path: SqlArray): unknown => jsonbPath(path.elements as (string | null)[]);
const itself = (index: number): number => index;
const keysBy =
  (keyOf: (name: string) => unknown) =>
  (names: SqlArray): unknown =>
    (names.elements as (string | null)[]).filter((name) => name !== null).map((name) => keyOf(name));

function existsAny(buffer: Buffer, start: number, end: number, keys: readonly ReturnType<typeof jsonbKey>[]): boolean {
  for (const key of keys) if (existsAt(buffer, start, end, key)) return true;
  return false;
}

function existsAll(buffer: Buffer, start: number, end: number, keys: readonly ReturnType<typeof jsonbKey>[]): boolean {
  for (const key of keys) if (!existsAt(buffer, start, end, key)) return false;
  return true;
}

const DOCUMENT_CALLS: ReadonlyMap<string, DocumentCall> = new Map<string, DocumentCall>([
  ['jsonb_object_field', { answers: 'value', run: memberAt, prepare: jsonbKey }],
  ['jsonb_array_element', { answers: 'value', run: elementAt, prepare: itself }],
  ['jsonb_extract_path', { answers: 'value', run: pathAt, prepare: pathOf }],
  ['jsonb_object_field_text', { answers: 'text', run: memberAt, prepare: jsonbKey }],
  ['jsonb_array_element_text', { answers: 'text', run: elementAt, prepare: itself }],
  ['jsonb_extract_path_text', { answers: 'text', run: pathAt, prepare: pathOf }],
  ['jsonb_exists', { answers: 'result', run: existsAt, prepare: jsonbKey }],
  ['jsonb_exists_any', { answers: 'result', run: existsAny, prepare: keysBy(jsonbKey) }],
  ['jsonb_exists_all', { answers: 'result', run: existsAll, prepare: keysBy(jsonbKey) }],
  ['jsonb_contains', { answers: 'result', run: containsPattern, prepare: jsonbPattern }],
  ['jsonb_path_exists_opr', { answers: 'result', run: pathExistsAt, prepare: prepareJsonpath }],
  ['jsonb_path_match_opr', { answers: 'result', run: pathMatchesAt, prepare: prepareJsonpath }],
  ['jsonb_path_exists', { answers: 'result', run: pathExistsAt, prepare: prepareJsonpath }],
  ['jsonb_path_match', { answers: 'result', run: pathMatchesAt, prepare: prepareJsonpath }],
  ['jsonb_path_query_first', { answers: 'result', run: firstByPathAt, prepare: prepareJsonpath }],
  ['jsonb_path_query_array', { answers: 'result', run: allByPathAt, prepare: prepareJsonpath }],
  ['jsonb_typeof', { answers: 'result', run: jsonbKindAt, prepare: null }],
  ['jsonb_array_length', { answers: 'result', run: jsonbLengthAt, prepare: null }],
  ['hstore_fetchval', { answers: 'result', run: hstoreTextAt, prepare: hstoreKey }],
  ['hstore_defined', { answers: 'result', run: hstoreDefinedAt, prepare: hstoreKey }],
  ['hstore_exists', { answers: 'result', run: hstoreHasAt, prepare: hstoreKey }],
  ['hstore_exists_any', { answers: 'result', run: hstoreHasAnyAt, prepare: keysBy(hstoreKey) }],
  ['hstore_exists_all', { answers: 'result', run: hstoreHasAllAt, prepare: keysBy(hstoreKey) }],
  ['hstore_contains', { answers: 'result', run: hstoreContainsAt, prepare: hstorePattern }],
]);

export function isDocumentCall(expr: CallExpr): boolean {
  return DOCUMENT_CALLS.has(expr.function.internalName) && expr.args.slice(1).every(isInvariant);
}

/** The call over the bytes of its first operand; null where it is no slice. */
export function documentCall(c: ExpressionCompiler, expr: CallExpr, operands: readonly Operand[]): Operand | null {
  const call = DOCUMENT_CALLS.get(expr.function.internalName) as DocumentCall;
  const [document] = operands;
  const isNull = anyOf(operands.map((operand) => operand.isNull));
  if (document.rep !== 'slice' || isNull === 'true') return null;
  const { emitter } = c;
  const limit = document.limit ?? (document.end as Code);
  const args = ['buf', document.start, limit];
  if (call.prepare !== null) {
    args.push(prepared(c, call.prepare as (...rest: unknown[]) => unknown, operands.slice(1)));
  }
  const code = `${emitter.bind(call.run, 'document')}(${args.join(', ')})`;
  if (call.answers === 'result') {
    return c.anyResult(isNull === 'false' ? code : `${isNull} ? null : ${code}`, expr.typeOid);
  }
  const at = emitter.name('s');
  emitter.emit(`const ${at} = ${isNull === 'false' ? code : `${isNull} ? -1 : ${code}`};`);
  if (call.answers === 'text') {
    const text = emitter.bind(jsonbTextAt, 'jsonbText');
    return c.anyResult(`${at} < 0 ? null : ${text}(buf, ${at}, ${limit})`, expr.typeOid);
  }
  const end = `${emitter.bind(skipJsonb, 'skipJsonb')}(buf, ${at}, ${limit})`;
  const value = `${emitter.bind(decodeText, 'decodeText')}(buf, ${at}, ${end})`;
  return { rep: 'slice', typeOid: OID.JSONB, value, isNull: `(${at} < 0)`, start: at, end, limit };
}

/** What is made of arguments that stay the same; of nulls whatever, as nobody asks for it. */
function prepared(c: ExpressionCompiler, prepare: (...rest: unknown[]) => unknown, rest: readonly Operand[]): Code {
  const slot = c.onceSlot();
  const name = c.emitter.name('w');
  const make = c.emitter.bind((...all: unknown[]) => (all.includes(null) ? null : prepare(...all)), 'prepare');
  c.emitter.prelude(`let ${name} = ${slot};`);
  c.emitter.emit(
    `if (${name} === undefined) ${name} = ${slot} = ${make}(${rest.map((operand) => c.toAny(operand)).join(', ')});`,
  );
  return name;
}
