/** What definitions ask of names: which function or operator is meant, and what it would answer. */
import type { FunctionEntry, OperatorEntry } from '../../catalog/function-entry.ts';
import type { TypeName } from '../../parser/ast.ts';
import type { PlannerEnvironment } from '../environment.ts';
import { findCoercion } from './coerce.ts';
import { BindContext } from './context.ts';
import { findFunction, namedOperators, visibleFunctions } from './overload.ts';
import { isPolymorphic, resolveTypes } from './polymorphic.ts';
import {
  ANY,
  ANYARRAY,
  ANYCOMPATIBLE,
  ANYCOMPATIBLEARRAY,
  ANYELEMENT,
  ANYENUM,
  ANYMULTIRANGE,
  ANYNONARRAY,
  ANYRANGE,
  RECORD,
} from './type-info.ts';
import { resolveTypeName } from './type-name.ts';

export interface FoundFunction {
  readonly entry: FunctionEntry;
  /** Declared type of each argument of the call. */
  readonly declared: readonly number[];
  /** Its result for these arguments; polymorphic ones say as much as is known. */
  readonly resultType: number;
}

function split(names: readonly string[]): { schema: string | null; name: string } {
  return { schema: names.length > 1 ? names[names.length - 2] : null, name: names[names.length - 1] };
}

/** The function that a call with arguments of these types means; null: none, or several. The types may be polymorphic. */
export function lookUpFunction(
  environment: PlannerEnvironment,
  names: readonly string[],
  types: readonly number[],
): FoundFunction | null {
  const context = new BindContext(environment);
  const { schema, name } = split(names);
  const found = findFunction(context, name, { types, names: null, variadic: false, isDefinition: true }, schema);
  if (found.kind !== 'found') return null;
  const { entry } = found.match;
  const declared = found.match.declared.slice(0, types.length);
  const resolve = resolver(context, declared, types);
  return { entry, declared: declared.map(resolve), resultType: resolve(entry.returnType) };
}

/** Where argument and parameter are of one polymorphic type, nothing is learned of it, and it stays. */
function resolver(
  context: BindContext,
  declared: readonly number[],
  actual: readonly number[],
): (oid: number) => number {
  const known = declared.flatMap((oid, i) => (isPolymorphic(oid) && !isPolymorphic(actual[i]) ? [i] : []));
  if (known.length === 0) return (oid) => oid;
  const { resolve } = resolveTypes(
    context,
    known.map((i) => declared[i]),
    known.map((i) => actual[i]),
    undefined,
  );
  return (oid) => (isPolymorphic(oid) ? resolve(oid) || oid : oid);
}

/** The function of exactly this signature; null: there is none. */
export function lookUpExactFunction(
  environment: PlannerEnvironment,
  names: readonly string[],
  types: readonly number[],
): FunctionEntry | null {
  const { schema, name } = split(names);
  const named = visibleFunctions(new BindContext(environment), name, schema);
  const isSame = ({ argumentTypes }: FunctionEntry): boolean =>
    argumentTypes.length === types.length && argumentTypes.every((oid, i) => oid === types[i]);
  return named.find(isSame) ?? null;
}

/** The operator of exactly these types (0 on the left: a prefix one); null: there is none. */
export function lookUpExactOperator(
  environment: PlannerEnvironment,
  names: readonly string[],
  left: number,
  right: number,
): OperatorEntry | null {
  const { schema, name } = split(names);
  const named = namedOperators(new BindContext(environment), name, schema);
  return named.find(({ leftType, rightType }) => leftType === left && rightType === right) ?? null;
}

/** The type of this name; 42704: there is none. */
export function lookUpType(environment: PlannerEnvironment, type: TypeName): number {
  return resolveTypeName(new BindContext(environment), type).typeOid;
}

/** IsBinaryCoercible: values of the one type are values of the other. */
export function isBinaryCoercible(environment: PlannerEnvironment, source: number, target: number): boolean {
  if (source === target) return true;
  const context = new BindContext(environment);
  const { types } = context;
  const base = types.base(source);
  if (base === target) return true;
  switch (target) {
    case ANY:
    case ANYELEMENT:
    case ANYCOMPATIBLE:
      return true;
    case ANYARRAY:
    case ANYCOMPATIBLEARRAY:
      return types.isArray(base);
    case ANYNONARRAY:
      return !types.isArray(base);
    case ANYENUM:
      return types.isEnum(base);
    case ANYRANGE:
      return types.subtypeOf(base) !== 0;
    case ANYMULTIRANGE:
      return types.rangeOf(base) !== 0;
    case RECORD:
      if (types.isComposite(base)) return true;
      break;
    default:
      break;
  }
  return !types.isDomain(target) && findCoercion(context, base, target, 'implicit').kind === 'relabel';
}
