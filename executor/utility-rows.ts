/** Rows that a utility answers by itself (SHOW, EXPLAIN, FETCH): their columns, and how they are sent. */
import type { Value } from '../catalog/function-entry.ts';
import { OID, typeByOid } from '../types/index.ts';
import { Batch } from './batch.ts';
import { ResultEncoder } from './result-encoder.ts';
import type { Session } from './session.ts';
import type { FieldDescription } from './session-api.ts';

/** A column of a utility's result. */
export function textField(name: string, typeOid: number = OID.TEXT): FieldDescription {
  return {
    name,
    tableOid: 0,
    columnNumber: 0,
    typeOid,
    typeLength: typeByOid(typeOid)?.length ?? -1,
    typeModifier: -1,
  };
}

/** Sends rows of text (or other) values; the description too, in a simple query. */
export function sendRows(
  session: Session,
  fields: readonly FieldDescription[],
  rows: readonly (readonly Value[])[],
  isSimple: boolean,
  formats: readonly number[],
): void {
  if (isSimple) session.sink.rowDescription(fields, []);
  const encoder = new ResultEncoder(
    fields.map((f) => f.typeOid),
    formats,
    session.sink.encoding,
  );
  const batch = new Batch(fields.length);
  for (const row of rows) {
    row.forEach((value, c) => {
      batch.columns[c][0] = value;
    });
    batch.count = 1;
    encoder.encode(session.sink.out, batch, 0, 1, session.settings.format);
  }
}
