/** Small helpers over SqlArray that several modules need. */
import { baseTypeOid, OID, SqlArray, sqlError, typeByOid } from '../../types/index.ts';

export { SqlArray };

/** A one-dimensional text[]. */
export function textArray(elements: readonly (string | null)[]): SqlArray {
  return new SqlArray(OID.TEXT, elements);
}

/** The element type of an array type (or of a domain over one), 0 when it is none. */
export function elementTypeOf(arrayOid: number): number {
  return typeByOid(baseTypeOid(arrayOid))?.elementOid ?? 0;
}

export function enumLabels(enumOid: number): readonly string[] {
  const labels = typeByOid(baseTypeOid(enumOid))?.enumLabels;
  if (labels === undefined) throw sqlError('0A000', 'could not determine actual enum type');
  return labels;
}
