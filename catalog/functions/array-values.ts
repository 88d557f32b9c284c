/** Small helpers over SqlArray that several modules need. */
import { OID, SqlArray } from '../../types/index.ts';

export { SqlArray };

/** A one-dimensional text[]. */
export function textArray(elements: readonly (string | null)[]): SqlArray {
  return new SqlArray(OID.TEXT, elements);
}
