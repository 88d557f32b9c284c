import type { RelationEntry } from '../../catalog/entries.ts';
import { type SqlError, sqlError } from '../../types/errors.ts';

/** What ExecWithCheckOptions() says of a row that row-level security does not let through. `name`: of a restrictive policy, or ''. */
export function policyViolation(row: string, name: string, part: string, { name: table }: RelationEntry): SqlError {
  const policy = name === '' ? '' : ` "${name}"`;
  return sqlError('42501', `${row} violates row-level security policy${policy}${part} for table "${table}"`);
}
