/** Row-level security: pg_policy, pg_policies. */
import { OID, SqlArray } from '../../types/index.ts';
import type { PolicyCommand, PolicyEntry } from '../entries.ts';
import { type Row, type RowMaker, sorted, type ViewContext } from './view-context.ts';

const COMMAND_WORDS: Readonly<Record<PolicyCommand, string>> = {
  '*': 'ALL',
  r: 'SELECT',
  a: 'INSERT',
  w: 'UPDATE',
  d: 'DELETE',
};

/** USING and WITH CHECK as they are shown. */
function conditions(
  { functions }: ViewContext,
  { oid, hasUsing, hasCheck }: PolicyEntry,
): [string | null, string | null] {
  const text = (part: 'using' | 'check'): string | null => functions.policyCondition?.(oid, part) ?? null;
  return [hasUsing ? text('using') : null, hasCheck ? text('check') : null];
}

function* pgPolicy(context: ViewContext): Iterable<Row> {
  for (const policy of sorted(context.catalog.policies())) {
    const [polqual, polwithcheck] = conditions(context, policy);
    yield {
      oid: policy.oid,
      polname: policy.name,
      polrelid: policy.tableOid,
      polcmd: policy.command,
      polpermissive: policy.permissive,
      polroles: new SqlArray(OID.OID, [...policy.roles]),
      polqual,
      polwithcheck,
    };
  }
}

function* pgPolicies(context: ViewContext): Iterable<Row> {
  for (const policy of sorted(context.catalog.policies())) {
    const table = context.catalog.relation(policy.tableOid);
    if (table === undefined) continue;
    const [qual, withCheck] = conditions(context, policy);
    const roles = policy.roles.map((oid) => (oid === 0 ? 'public' : context.roleName(oid))).sort();
    yield {
      schemaname: context.schemaName(table.schemaOid),
      tablename: table.name,
      policyname: policy.name,
      permissive: policy.permissive ? 'PERMISSIVE' : 'RESTRICTIVE',
      roles: new SqlArray(OID.NAME, roles),
      cmd: COMMAND_WORDS[policy.command],
      qual,
      with_check: withCheck,
    };
  }
}

export const policyMakers: Readonly<Record<string, RowMaker>> = { pg_policy: pgPolicy, pg_policies: pgPolicies };
