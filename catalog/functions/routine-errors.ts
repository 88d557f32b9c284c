/** Errors inside user-made functions. */
import { SqlError } from '../../types/errors.ts';
import type { RoutineEntry } from '../entries.ts';

/** An error inside a function, with its CONTEXT. `when`: which statement, or before the first. */
export function withFunction(error: SqlError, { name, bodyText }: RoutineEntry, when: string): SqlError {
  const { position, where: around, ...fields } = error.fields;
  // One without a name is a query that a function was given.
  const where = name === '' ? undefined : `SQL function "${name}" ${when}`;
  const placed = new SqlError(
    error.code,
    error.message,
    {
      ...fields,
      ...(position === undefined ? {} : { internalPosition: position, internalQuery: bodyText }),
      where: around === undefined || where === undefined ? (around ?? where) : `${around}\n${where}`,
    },
    error.severity,
  );
  if (error.stack !== undefined) placed.stack = error.stack;
  return placed;
}

/** Runs what is inside a function. */
export function inFunction<T>(routine: RoutineEntry, when: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw error instanceof SqlError ? withFunction(error, routine, when) : error;
  }
}
