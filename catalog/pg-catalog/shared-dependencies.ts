/** pg_shdepend: which roles the objects of this database, and the shared ones, need. What belongs to the system needs no row. */
import type { Acl } from '../acl.ts';
import { type CatalogEntry, FIRST_NORMAL_OID } from '../entries.ts';
import { columnAcl, relationAcl } from '../rights.ts';
import { CLASS_OIDS } from './class-oids.ts';
import type { Row, RowMaker, ViewContext } from './view-context.ts';

const AUTHID_CLASS = 1260;

interface Dependent {
  readonly databaseOid: number;
  readonly classOid: number;
  readonly oid: number;
  readonly columnNumber: number;
  readonly owner: number;
  readonly acl: Acl | undefined;
  /** The object around it says whose it is. */
  readonly isPart?: true;
}

function* dependents(context: ViewContext): Iterable<Dependent> {
  const { catalog, shared } = context;
  const { databaseOid } = catalog;
  const of = (entry: CatalogEntry & { readonly owner: number }, acl: Acl | undefined): Dependent => ({
    databaseOid: entry.class === 'database' ? 0 : databaseOid,
    classOid: CLASS_OIDS[entry.class] ?? 0,
    oid: entry.oid,
    columnNumber: 0,
    owner: entry.owner,
    acl,
  });
  for (const entry of catalog.relations()) {
    yield of(entry, relationAcl(catalog, entry));
    for (const column of entry.columns) {
      const acl = columnAcl(catalog, entry, column);
      if (acl.length > 0) yield { ...of(entry, acl), isPart: true, columnNumber: column.number };
    }
  }
  for (const entry of catalog.sequences()) yield of(entry, entry.acl);
  for (const entry of catalog.schemas()) yield of(entry, entry.acl);
  for (const entry of catalog.types()) yield of(entry, entry.acl);
  for (const entry of catalog.routines()) yield of(entry, entry.acl);
  for (const entry of catalog.operators()) yield of(entry, undefined);
  for (const entry of catalog.collations()) yield of(entry, undefined);
  for (const entry of catalog.statisticsObjects()) yield of(entry, undefined);
  for (const entry of catalog.searchEntries()) if ('owner' in entry) yield of(entry, undefined);
  for (const entry of shared.databases()) yield of(entry, entry.acl);
  for (const { oid, roleOid, acl } of catalog.defaultRights()) {
    yield { databaseOid, classOid: CLASS_OIDS.defaultRights ?? 0, oid, columnNumber: 0, owner: roleOid, acl };
  }
}

function* pgShdepend(context: ViewContext): Iterable<Row> {
  for (const { databaseOid, classOid, oid, columnNumber, owner, acl, isPart } of dependents(context)) {
    const row = (refobjid: number, deptype: 'o' | 'a'): Row => ({
      dbid: databaseOid,
      classid: classOid,
      objid: oid,
      objsubid: columnNumber,
      refclassid: AUTHID_CLASS,
      refobjid,
      deptype,
    });
    if (owner >= FIRST_NORMAL_OID && isPart !== true) yield row(owner, 'o');
    const roles = new Set((acl ?? []).flatMap(({ grantee, grantor }) => [grantee, grantor]));
    // Nobody needs a role for rights on what it owns: that row is there already.
    for (const role of roles) if (role >= FIRST_NORMAL_OID && role !== owner) yield row(role, 'a');
  }
  yield* policyRoles(context);
}

/** Roles that policies are for. */
function* policyRoles({ catalog }: ViewContext): Iterable<Row> {
  for (const { oid, roles } of catalog.policies()) {
    for (const refobjid of roles) {
      if (refobjid < FIRST_NORMAL_OID) continue;
      const classid = CLASS_OIDS.policy ?? 0;
      yield {
        dbid: catalog.databaseOid,
        classid,
        objid: oid,
        objsubid: 0,
        refclassid: AUTHID_CLASS,
        refobjid,
        deptype: 'r',
      };
    }
  }
}

export const sharedDependencyMakers: Readonly<Record<string, RowMaker>> = { pg_shdepend: pgShdepend };
