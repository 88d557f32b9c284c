/** The parameters of a function whose body is being bound. */
import type { RoutineBody } from '../environment.ts';
import type { Expr } from '../expr.ts';

/** What $n and the parameters' names stand for while a body is bound. */
export interface RoutineScope {
  readonly name: string;
  /** '' for those without. */
  readonly names: readonly string[];
  readonly args: readonly Expr[];
}

/** The scope of a body that is planned by itself: its parameters are the statement's. */
export function scopeOfBody(body: RoutineBody): RoutineScope {
  return {
    name: body.name,
    names: body.parameterNames,
    args: body.parameterTypes.map((typeOid, index): Expr => ({ kind: 'param', index, typeOid, typeModifier: -1 })),
  };
}
