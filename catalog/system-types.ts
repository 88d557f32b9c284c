/** The domains of information_schema (information_schema.sql), with PostgreSQL's oids: clients cast to them what they read of pg_catalog. */
import { OID } from '../types/oid.ts';
import { BOOTSTRAP_ROLE_OID, INFORMATION_SCHEMA_OID, type TypeEntry } from './entries.ts';

const C_COLLATION = 950;

function domain(oid: number, name: string, baseTypeOid: number, more: Partial<TypeEntry> = {}): TypeEntry {
  return {
    class: 'type',
    oid,
    name,
    schemaOid: INFORMATION_SCHEMA_OID,
    owner: BOOTSTRAP_ROLE_OID,
    arrayOid: oid - 1,
    kind: 'domain',
    labels: [],
    baseTypeOid,
    baseTypeModifier: -1,
    ...more,
  };
}

function check(oid: number, name: string, text: string): Partial<TypeEntry> {
  return { checks: [{ oid, name, text, validated: true }] };
}

const YES_OR_NO = "((VALUE)::text = ANY ((ARRAY['YES'::character varying, 'NO'::character varying])::text[]))";

export const SYSTEM_DOMAINS: readonly TypeEntry[] = [
  domain(13221, 'cardinal_number', OID.INT4, check(13222, 'cardinal_number_domain_check', '(VALUE >= 0)')),
  domain(13224, 'character_data', OID.VARCHAR, { collationOid: C_COLLATION }),
  domain(13226, 'sql_identifier', OID.NAME),
  domain(13232, 'time_stamp', OID.TIMESTAMPTZ, { baseTypeModifier: 2, defaultText: 'CURRENT_TIMESTAMP(2)' }),
  domain(13234, 'yes_or_no', OID.VARCHAR, {
    baseTypeModifier: 7,
    collationOid: C_COLLATION,
    ...check(13235, 'yes_or_no_check', YES_OR_NO),
  }),
];

/** By its oid, or that of arrays of it. */
export function systemDomain(oid: number): TypeEntry | undefined {
  return SYSTEM_DOMAINS.find((type) => type.oid === oid || type.arrayOid === oid);
}
