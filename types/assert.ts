/** Assertions: what must hold unless hotrow has a bug. User input never asserts; it gets a SqlError. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** The end of a switch over `kind`: the compiler proves that nothing is left over. */
export function assertNever(value: never): never {
  throw new AssertionError(`unexpected value: ${JSON.stringify(value)}`);
}
