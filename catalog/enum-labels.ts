/** Labels of enums that cannot be used yet (Catalog.unsafeLabels). */
import { sqlError } from '../types/errors.ts';
import type { Value } from './function-entry.ts';

/** The value, or 55P04. */
export function safeLabel<T extends Value>(unsafe: readonly string[], typeName: string, value: T): T {
  if (typeof value !== 'string' || !unsafe.includes(value)) return value;
  throw sqlError('55P04', `unsafe use of new value "${value}" of enum type ${typeName}`, {
    hint: 'New enum values must be committed before they can be used.',
  });
}
