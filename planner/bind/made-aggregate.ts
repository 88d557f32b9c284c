/**
 * Calls of user-made aggregates: their transition and final functions as expressions over the state and the arguments, for this
 * call's types (after PostgreSQL's parse_agg.c, build_aggregate_transfn_expr and its kin, and nodeAgg.c).
 */
import type { AggregateSteps } from '../../catalog/entries.ts';
import type { AggregateFunction, ScalarFunction } from '../../catalog/function-entry.ts';
import { collatedFunction } from '../../catalog/functions/collated.ts';
import type { Expr, MadeAggregate } from '../expr.ts';
import { makeConst } from '../logical.ts';
import { hasSublink, mapChildren } from '../traverse.ts';
import { coerceType, findCoercion } from './coerce.ts';
import type { BindContext, Position } from './context.ts';
import { inputLiteral } from './input-value.ts';
import { callScalar, scalarByOid } from './made-call.ts';
import { isPolymorphic, resolveTypes } from './polymorphic.ts';
import { volatilityOf } from './routine.ts';
import { ANY } from './type-info.ts';

function column(index: number, typeOid: number): Expr {
  return { kind: 'column', input: 0, index, typeOid, typeModifier: -1 };
}

/** A function of the aggregate over these arguments; its owner must be allowed to call it. */
function callPart(
  context: BindContext,
  entry: AggregateFunction,
  fn: ScalarFunction,
  args: readonly Expr[],
  position: Position,
): Expr {
  const { types, resolve } = resolveTypes(
    context,
    declaredOf(fn, args.length),
    args.map(({ typeOid }) => typeOid),
    position,
  );
  const converted = args.map((arg, i) => (types[i] === ANY ? arg : coerceType(context, arg, types[i], -1, 'implicit')));
  return callScalar(context, fn, converted, resolve(fn.returnType), resolve, position, entry.routine!.owner);
}

/** Argument types of a call with so many arguments: of VARIADIC "any" as many as there are. */
function declaredOf(fn: ScalarFunction, count: number): readonly number[] {
  const { argumentTypes } = fn;
  if (argumentTypes.length >= count) return argumentTypes.slice(0, count);
  const last = argumentTypes[argumentTypes.length - 1];
  return [...argumentTypes, ...new Array<number>(count - argumentTypes.length).fill(last)];
}

function mustHave(context: BindContext, oid: number): ScalarFunction {
  const fn = scalarByOid(context, oid);
  if (fn === null) throw context.error('XX000', `cache lookup failed for function ${oid}`);
  return fn;
}

/** The state's type in this call: a polymorphic one follows from the arguments. */
function stateTypeOf(
  context: BindContext,
  entry: AggregateFunction,
  definition: AggregateSteps,
  argTypes: readonly number[],
  position: Position,
): number {
  if (!isPolymorphic(definition.stateTypeOid)) return definition.stateTypeOid;
  return resolveTypes(context, entry.argumentTypes, argTypes, position).resolve(definition.stateTypeOid);
}

/** How the call is computed; undefined: as a built-in one. `args` are those that are aggregated, `directArgs` come before them. */
export function madeAggregate(
  context: BindContext,
  entry: AggregateFunction,
  directArgs: readonly Expr[],
  args: readonly Expr[],
  typeOid: number,
  position: Position,
): MadeAggregate | undefined {
  const definition = entry.routine?.aggregate;
  if (definition === undefined || entry.isBuiltin === true) return undefined;
  return madeOf(context, { entry, steps: definition, directArgs, args, typeOid, position });
}

/** The same over a window: frames may move. */
export function madeWindowAggregate(
  context: BindContext,
  entry: AggregateFunction,
  args: readonly Expr[],
  typeOid: number,
  position: Position,
): MadeAggregate | undefined {
  const made = madeAggregate(context, entry, [], args, typeOid, position);
  const steps = entry.routine?.aggregate?.moving ?? null;
  // What is left out of the state again must be what was put into it.
  if (made === undefined || steps === null || args.some((arg) => volatilityOf(arg) === 'volatile' || hasSublink(arg))) {
    return made;
  }
  const call = { entry, steps, directArgs: [], args, typeOid, position };
  const { stateType, ...moving } = madeOf(context, call);
  const inverse = transitionCall(context, call, mustHave(context, steps.inverseOid), stateType);
  return { ...made, moving: { ...moving, stateType, inverse } };
}

interface Call {
  readonly entry: AggregateFunction;
  readonly steps: AggregateSteps;
  readonly directArgs: readonly Expr[];
  readonly args: readonly Expr[];
  readonly typeOid: number;
  readonly position: Position;
}

/** The transition function, or its inverse, over the state and the arguments. */
function transitionCall(context: BindContext, call: Call, fn: ScalarFunction, stateType: number): Expr {
  const columns = call.args.map((arg, i) => column(i + 1, arg.typeOid));
  const stepped = callPart(context, call.entry, fn, [column(0, stateType), ...columns], call.position);
  return retyped(context, stepped, stateType);
}

function madeOf(context: BindContext, call: Call): MadeAggregate {
  const { entry, steps, directArgs, args, typeOid, position } = call;
  const argTypes = [...directArgs, ...args].map((arg) => arg.typeOid);
  const stateType = stateTypeOf(context, entry, steps, argTypes, position);
  const transition = mustHave(context, steps.transitionOid);
  if (transition.strict && steps.initialText === null) checkFirstState(context, entry, stateType, args);
  const finalFunction = steps.finalOid === 0 ? null : mustHave(context, steps.finalOid);
  const finalArgs = directArgs.map((arg, i) => column(i + 1, arg.typeOid));
  if (steps.finalExtra) finalArgs.push(...args.map((arg) => makeConst(null, arg.typeOid)));
  const state = column(0, stateType);
  return {
    stateType,
    initial:
      steps.initialText === null
        ? null
        : inputLiteral(context, steps.initialText, context.types.base(stateType), -1, undefined),
    strict: transition.strict,
    argumentTypes: args.map((arg) => arg.typeOid),
    directTypes: directArgs.map((arg) => arg.typeOid),
    step: transitionCall(context, call, transition, stateType),
    final:
      finalFunction === null
        ? null
        : retyped(context, callPart(context, entry, finalFunction, [state, ...finalArgs], position), typeOid),
    finalStrict: finalFunction?.strict === true,
  };
}

function retyped(context: BindContext, expr: Expr, typeOid: number): Expr {
  return expr.typeOid === typeOid ? expr : coerceType(context, expr, typeOid, -1, 'implicit');
}

/** The first argument is to be the state: they must be of one type. The function may have become strict after all. */
function checkFirstState(
  context: BindContext,
  entry: AggregateFunction,
  stateType: number,
  args: readonly Expr[],
): void {
  const [first] = args;
  if (first !== undefined && findCoercion(context, first.typeOid, stateType, 'implicit').kind === 'relabel') return;
  throw context.error('42P13', `aggregate ${entry.oid} needs to have compatible input type and transition type`);
}

/** The same where the arguments are compared under a collation. */
export function collatedMade(made: MadeAggregate | undefined, collationOid: number): MadeAggregate | undefined {
  if (made === undefined) return undefined;
  const under = (expr: Expr): Expr => {
    const mapped = mapChildren(expr, under);
    return mapped.kind === 'call' ? { ...mapped, function: collatedFunction(mapped.function, collationOid) } : mapped;
  };
  const all = <T extends MadeAggregate>(steps: T): T => ({
    ...steps,
    step: under(steps.step),
    final: steps.final === null ? null : under(steps.final),
  });
  const { moving } = made;
  return {
    ...all(made),
    ...(moving === undefined ? {} : { moving: { ...all(moving), inverse: under(moving.inverse) } }),
  };
}
