/** pg_init_privs and pg_default_acl: what initdb has granted, and what new objects begin with. */
import { type Acl, schemaAcl } from '../acl.ts';
import { allFunctions } from '../functions/registry.ts';
import { INITIAL_SCHEMAS, initialRelationAcl, privateFunctionAcl } from '../rights.ts';
import { systemRelations } from '../system-tables.ts';
import { type Row, type RowMaker, sorted, type ViewContext } from './view-context.ts';

const RELATION_CLASS = 1259;
const PROC_CLASS = 1255;
const NAMESPACE_CLASS = 2615;

/** What a dump need not repeat. */
function* pgInitPrivs(context: ViewContext): Iterable<Row> {
  const row = (classoid: number, objoid: number, acl: Acl | null): Row => {
    return { objoid, classoid, objsubid: 0, privtype: 'i', initprivs: context.aclArray(acl) };
  };
  for (const schema of sorted(context.catalog.schemas())) {
    if (!INITIAL_SCHEMAS.includes(schema.oid)) continue;
    const { acl: _, ...initial } = schema;
    yield row(NAMESPACE_CLASS, schema.oid, schemaAcl(initial));
  }
  for (const { oid, name } of allFunctions()) {
    const acl = privateFunctionAcl(name);
    if (acl !== null) yield row(PROC_CLASS, oid, acl);
  }
  for (const entry of systemRelations()) {
    const acl = initialRelationAcl(entry);
    if (acl !== null) yield row(RELATION_CLASS, entry.oid, acl);
  }
}

function* pgDefaultAcl(context: ViewContext): Iterable<Row> {
  const letters = { table: 'r', sequence: 'S', function: 'f', type: 'T', schema: 'n' } as const;
  for (const entry of sorted(context.catalog.defaultRights())) {
    yield {
      oid: entry.oid,
      defaclrole: entry.roleOid,
      defaclnamespace: entry.schemaOid,
      defaclobjtype: letters[entry.objectType],
      defaclacl: context.aclArray(entry.acl),
    };
  }
}

export const initialRightsMakers: Readonly<Record<string, RowMaker>> = {
  pg_init_privs: pgInitPrivs,
  pg_default_acl: pgDefaultAcl,
};
