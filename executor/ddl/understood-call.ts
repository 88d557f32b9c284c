/** What became of a call's arguments. */
import type { Expr } from '../../planner/index.ts';

/** How many of a call's arguments have become one array. */
export function collectedBy(bound: Expr | undefined, parts: readonly Expr[] | undefined): number {
  const last = bound?.kind === 'call' ? bound.args[bound.args.length - 1] : undefined;
  if (last?.kind !== 'array' || parts === undefined) return 0;
  return last.elements[last.elements.length - 1] === parts[parts.length - 1] ? last.elements.length : 0;
}

/** Of a call, or the call's negation, the first argument. */
export function argumentOf(bound: Expr | undefined): Expr | undefined {
  const call = bound?.kind === 'not' ? bound.arg : bound;
  return call?.kind === 'call' ? call.args[0] : undefined;
}
