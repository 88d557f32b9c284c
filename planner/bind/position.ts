import type { BindContext, Position } from './context.ts';

/** An AST position (-1: made up) as the binder passes it on; none in stored text, whose positions mean nothing to the client. */
export function positionOf(context: BindContext, offset: number): Position {
  return offset < 0 || context.storedText > 0 ? undefined : offset;
}
