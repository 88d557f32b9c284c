/** Errors of definitions that PostgreSQL looks at when it no longer has the statement's text. */
import { SqlError } from '../../types/errors.ts';
import type { DdlSteps } from './context.ts';

/** The steps; their errors do not say where in the statement. */
export function* withoutPlace<T>(steps: DdlSteps<T>): DdlSteps<T> {
  try {
    return yield* steps;
  } catch (error) {
    throw placeless(error);
  }
}

/** What is done at once; the same. */
export function nowWithoutPlace<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw placeless(error);
  }
}

function placeless(error: unknown): unknown {
  return error instanceof SqlError ? error.withoutPosition() : error;
}
