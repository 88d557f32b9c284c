/** SET STORAGE and COMPRESSION of columns. After: PostgreSQL, commands/tablecmds.c. */
import type { ColumnEntry, ColumnStorage } from '../../catalog/index.ts';
import { sqlError } from '../../types/errors.ts';
import { formatType, typeByOid } from '../../types/index.ts';

/** Values of its type may leave their row. */
function isToastable(typeOid: number): boolean {
  return typeByOid(typeOid)?.storage !== 'p';
}

export function withStorage(column: ColumnEntry, value: string): ColumnEntry {
  const storage = value.toLowerCase();
  if (storage !== 'plain' && storage !== 'external' && storage !== 'extended' && storage !== 'main') {
    throw sqlError('22023', `invalid storage type "${value}"`);
  }
  if (storage !== 'plain' && !isToastable(column.typeOid)) {
    throw sqlError('0A000', `column data type ${formatType(column.typeOid)} can only have storage PLAIN`);
  }
  return { ...column, storage: storage satisfies ColumnStorage };
}

/** What COMPRESSION names: kept for the definition; there is one method, whatever it says. */
export function compressionOf(typeOid: number, value: string): ColumnEntry['compression'] {
  if (!isToastable(typeOid)) {
    throw sqlError('0A000', `column data type ${formatType(typeOid)} does not support compression`);
  }
  if (value === 'default') return undefined;
  if (value !== 'pglz' && value !== 'lz4') throw sqlError('22023', `invalid compression method "${value}"`);
  return value;
}

export function withCompression(column: ColumnEntry, value: string): ColumnEntry {
  const { compression: _, ...rest } = column;
  const compression = compressionOf(column.typeOid, value);
  return compression === undefined ? rest : { ...rest, compression };
}
