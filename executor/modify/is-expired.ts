/** Whether a stored row has expired, asked of its bytes. */
import { isExpiredBy, type RowExpiry } from '../../catalog/row-expiry.ts';
import type { ExecContext } from '../context.ts';
import { NO_COLUMNS } from '../row/row-reader.ts';
import type { TableRuntime } from '../table-runtime.ts';

/** Whether the row version at `base` has expired for the running statement. */
export function isExpired(x: ExecContext, table: TableRuntime, expiry: RowExpiry, base: number): boolean {
  const value = table.readValues(base, [], NO_COLUMNS)[expiry.column];
  return isExpiredBy(value, x.functions.expiryCutoff(expiry.typeOid, expiry.ttl));
}
