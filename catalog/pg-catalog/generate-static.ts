/**
 * Writes static-rows.ts: rows of catalogs that never change, from a running PostgreSQL 15:
 * `node --import tsx catalog/pg-catalog/generate-static.ts <psql connection arguments>`.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const METHODS = '(403, 405, 2742)';
const QUERIES: Readonly<Record<string, string>> = {
  pg_am: `select * from pg_am where amname in ('heap', 'btree', 'hash', 'gist', 'gin') order by oid`,
  pg_opclass: `select * from pg_opclass where opcmethod in ${METHODS} order by oid`,
  pg_opfamily: `select * from pg_opfamily where opfmethod in ${METHODS} order by oid`,
  pg_amop: `select * from pg_amop where amopmethod in ${METHODS} order by oid`,
  pg_amproc: `select p.oid, amprocfamily, amproclefttype, amprocrighttype, amprocnum, amproc::oid
    from pg_amproc p join pg_opfamily f on f.oid = amprocfamily where opfmethod in ${METHODS} order by p.oid`,
  pg_language: "select * from pg_language where lanname <> 'plpgsql' order by oid",
  pg_range: `select rngtypid, rngsubtype, rngmultitypid, rngcollation, rngsubopc, rngcanonical::oid, rngsubdiff::oid
    from pg_range order by 1`,
  pg_tablespace: 'select * from pg_tablespace order by oid',
  /** Not catalogs: functions of each type, and names and arguments of those functions. */
  type_functions: `select t.oid, typinput::oid, typoutput::oid, typreceive::oid, typsend::oid, typmodin::oid, typmodout::oid, typanalyze::oid
    from pg_type t where typrelid = 0 and t.oid < 16384 and typnamespace = 11 order by t.oid`,
  function_names: `select distinct p.oid, proname, proargtypes from pg_proc p join pg_type t
    on p.oid in (typinput, typoutput, typreceive, typsend, typmodin, typmodout, typanalyze)
    or proname in ('enum_in', 'enum_out', 'enum_recv', 'enum_send') where p.oid < 16384 order by 1`,
  pg_aggregate: `select aggfnoid::oid, aggkind, aggnumdirectargs, aggtransfn::oid, aggfinalfn::oid, aggcombinefn::oid, aggserialfn::oid,
    aggdeserialfn::oid, aggmtransfn::oid, aggminvtransfn::oid, aggmfinalfn::oid, aggfinalextra, aggmfinalextra, aggfinalmodify,
    aggmfinalmodify, aggsortop, aggtranstype, aggtransspace, aggmtranstype, aggmtransspace, agginitval, aggminitval
    from pg_aggregate order by 1`,
};

/**
 * pg_trgm's operator family and class have oids of the database that it was installed in, in its schema: here they are built in,
 * in pg_catalog, and pg_dump leaves them out. Its other rows are only referred to from these.
 */
const FAMILY = execFileSync(
  'psql',
  [...process.argv.slice(2), '-AtXqc', "select oid from pg_opfamily where opfname = 'gin_trgm_ops'"],
  { encoding: 'utf8' },
).trim();
const CLASS = execFileSync(
  'psql',
  [...process.argv.slice(2), '-AtXqc', "select oid from pg_opclass where opcname = 'gin_trgm_ops'"],
  { encoding: 'utf8' },
).trim();
const BUILT_IN: ReadonlyMap<string, string> = new Map([
  [FAMILY, '9990'],
  [CLASS, '9991'],
]);

function renumbered(text: string): string {
  return text
    .replace(/(?<=^|\t)\d+(?=\t|$)/gm, (number) => BUILT_IN.get(number) ?? number)
    .replaceAll('gin_trgm_ops\t2200', 'gin_trgm_ops\t11');
}

const parts = Object.entries(QUERIES).map(([name, sql]) => {
  const text = renumbered(
    execFileSync('psql', [...process.argv.slice(2), '-AtXq', '-F', '\t', '-P', 'null=\\N', '-c', sql], {
      encoding: 'utf8',
    }).trimEnd(),
  );
  if (/[`]|\$\{/.test(text)) throw new Error(`${name} needs quoting`);
  return `  ${name}: \`\n${text.replaceAll('\\', '\\\\')}\n\`,\n`;
});
writeFileSync(
  new URL('static-rows.ts', import.meta.url),
  `/** Rows of catalogs that never change, fields between tabs, \\N for null; written by generate-static.ts. */
export const STATIC_ROWS: Readonly<Record<string, string>> = {
${parts.join('')}};
`,
);
