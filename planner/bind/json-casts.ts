/**
 * to_json and its kin take a value of a user-made type by its cast to json, where CREATE CAST has made one with a function: the argument is
 * cast here, so that what the function is computes it like any other expression. Definitions keep the call as it is, and look each time.
 */
import type { FunctionEntry, ScalarFunction } from '../../catalog/function-entry.ts';
import { castEntry } from '../../catalog/functions/user-operators.ts';
import { FIRST_NORMAL_OID } from '../../catalog/index.ts';
import type { Expr } from '../expr.ts';
import { applyMadeCast } from './coerce.ts';
import type { BindContext } from './context.ts';
import { JSON_ARRAY, JSON_TYPE } from './type-info.ts';

const JSON_MAKERS = new Set(
  ['to_json', 'json_agg', 'json_build_array', 'json_build_object', 'json_object_agg'].flatMap((name) => [
    name,
    name.replace('json', 'jsonb'),
  ]),
);
JSON_MAKERS.add('array_to_json').add('row_to_json');

/** The arguments as the function takes them. Not for DISTINCT, which compares the values themselves. */
export function withJsonCasts(context: BindContext, entry: FunctionEntry, args: readonly Expr[]): readonly Expr[] {
  if (context.environment.inlinesRoutines !== true || entry.oid >= FIRST_NORMAL_OID) return args;
  return JSON_MAKERS.has(entry.name) ? args.map((arg) => asJson(context, arg)) : args;
}

function asJson(context: BindContext, arg: Expr): Expr {
  if (arg.kind === 'row') return { ...arg, fields: arg.fields.map((field) => asJson(context, field)) };
  const { types } = context;
  const base = types.base(arg.typeOid);
  const elementOid = types.elementOf(base);
  const cast = castToJson(context, elementOid === 0 ? base : types.base(elementOid));
  if (cast === null) return arg;
  const converted = (value: Expr): Expr => applyMadeCast(context, value, cast, JSON_TYPE, -1, 'explicit');
  if (elementOid === 0) return converted(arg);
  const element = converted({ kind: 'caseSubject', typeOid: elementOid, typeModifier: -1 });
  return context.copyLocation(arg, { kind: 'arrayCast', arg, element, typeOid: JSON_ARRAY, typeModifier: -1 });
}

/** The cast's function; it is not called for NULL. */
function castToJson({ types, catalog }: BindContext, typeOid: number): ScalarFunction | null {
  if (typeOid < FIRST_NORMAL_OID || types.isComposite(typeOid)) return null;
  const definition = catalog.castBetween(typeOid, JSON_TYPE);
  const fn = definition === undefined ? null : castEntry(catalog, definition).function;
  if (fn === null) return null;
  return fn.routine === undefined ? fn : { ...fn, strict: true, routine: { ...fn.routine, strict: true } };
}
