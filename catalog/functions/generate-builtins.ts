/**
 * Writes builtin-procs.ts and builtin-operators.ts from a running PostgreSQL 15: oids, types, strictness and volatility are
 * taken from there, for what the modules of modules.ts implement, and nothing else. Run it after adding an implementation:
 *
 *     PGHOST=127.0.0.1 PGPORT=5600 PGUSER=postgres node --import tsx catalog/functions/generate-builtins.ts
 *
 * Names of implementations: prosrc; for functions in SQL (no usable prosrc) and aggregates (all 'aggregate_dummy') the SQL
 * name and the argument types, joined by _ (age_timestamptz, sum_int4; count_star).
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { FUNCTION_MODULES } from './modules.ts';

/** Casts without a function are listed when both types are among these. */
const TYPES =
  `bool bytea char name int8 int2 int2vector int4 regproc text oid tid xid xid8 cid oidvector json jsonb float4 float8
 xml unknown bpchar varchar date time timestamp timestamptz interval timetz numeric regprocedure regoper regoperator regclass
 regtype regrole regnamespace regcollation regconfig regdictionary uuid bit varbit tsvector tsquery jsonpath
 inet cidr macaddr macaddr8 money point lseg box path polygon line circle int4range int8range numrange daterange tsrange
 tstzrange int4multirange int8multirange nummultirange datemultirange tsmultirange tstzmultirange`.split(/\s+/);

function query(sql: string): string[][] {
  const text = execFileSync('psql', ['-X', '-At', '-F', '\t', '-d', 'postgres', '-c', sql], { encoding: 'utf8' });
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
}

function implementedNames(): Set<string> {
  const names = new Set<string>();
  for (const module of FUNCTION_MODULES) {
    for (const implementations of Object.values(module)) {
      for (const name of Object.keys(implementations)) {
        if (names.has(name)) throw new Error(`${name} is implemented twice`);
        names.add(name);
      }
    }
  }
  return names;
}

const PROC_QUERY = `
  select p.oid, proname, proargtypes, prorettype, prokind, provolatile, proisstrict, proretset, provariadic <> 0,
    case when prokind = 'a' or prolang = 14 then
      proname || coalesce((select string_agg('_' || typname, '' order by n)
        from unnest(proargtypes::oid[]) with ordinality a(t, n) join pg_type on pg_type.oid = t),
        case when prokind = 'a' then '_star' else '' end)
    else prosrc end,
    coalesce((select string_agg(coalesce(nullif(proargnames[n], ''), ''), ',' order by n)
      from generate_series(1, coalesce(cardinality(proargnames), 0)) n
      where proargmodes is null or proargmodes[n] in ('i', 'b', 'v')), ''),
    coalesce((select string_agg(coalesce(proargnames[n], '') || ' ' || proallargtypes[n], ',' order by n)
      from generate_series(1, coalesce(cardinality(proargmodes), 0)) n where proargmodes[n] in ('o', 'b', 't')), ''),
    coalesce(pg_get_expr(proargdefaults, 0), ''),
    coalesce((select aggkind <> 'n' from pg_aggregate where aggfnoid = p.oid), false), prorows
  from pg_proc p where pronamespace = 11 and prolang in (12, 14) order by p.oid`;

/** The text of proargdefaults as JSON values. */
function defaultsAsJson(text: string): string {
  if (text === '') return '';
  const values = text.split(', ').map((item) => {
    const literal = item.replace(/::[a-z ]+(\[\])?$/, '');
    if (literal === 'true' || literal === 'false') return literal === 'true';
    if (/^-?[\d.]+$/.test(literal)) return Number(literal);
    if (literal.startsWith("'")) return literal.slice(1, -1);
    throw new Error(`default value ${item}`);
  });
  return JSON.stringify(values);
}

function procLines(implemented: Set<string>): string[] {
  const lines: string[] = [];
  for (const row of query(PROC_QUERY)) {
    const [oid, name, args, ret, kind, volatile, strict, retset, variadic, internal, names, outs, defaults] = row;
    const [ordered, rows] = row.slice(13);
    if (!implemented.has(internal)) continue;
    const flags =
      volatile +
      (kind === 'a' ? 'G' : kind === 'w' ? 'W' : '') +
      (ordered === 't' ? 'O' : '') +
      (strict === 't' ? 'S' : '') +
      (retset === 't' ? `R${rows === '1000' ? '' : rows}` : '') +
      (variadic === 't' ? 'A' : '');
    const outColumns = outs.includes(',') || (outs !== '' && ret === '2249') ? outs : '';
    const argNames = names.replaceAll(',', '') === '' ? '' : names;
    const fields = [oid, name, args, ret, flags, internal, argNames, outColumns, defaultsAsJson(defaults)];
    lines.push(fields.join('|').replace(/\|+$/, ''));
  }
  return lines;
}

function operatorLines(procOids: Set<string>): string[] {
  const rows = query(`
    select o.oid, o.oprname, o.oprleft, o.oprright, o.oprresult, o.oprcode::oid, coalesce(c.oprname, ''), coalesce(n.oprname, ''),
      coalesce((select amopstrategy from pg_amop join pg_opfamily f on f.oid = amopfamily
        where amopopr = o.oid and opfmethod = 403 and o.oprname in ('<', '<=', '=', '>=', '>') limit 1), 0)
    from pg_operator o left join pg_operator c on c.oid = o.oprcom left join pg_operator n on n.oid = o.oprnegate
    where o.oprnamespace = 11 order by o.oid`);
  return rows.filter((row) => procOids.has(row[5])).map((row) => row.join(' '));
}

/** json to jsonb goes through text in PostgreSQL (pg_cast method i); here jsonb's input function is that cast. */
function castLines(procOids: Set<string>): string[] {
  const rows = query(`
    select castsource, casttarget, castfunc, castcontext, castmethod, s.typname, t.typname
    from pg_cast join pg_type s on s.oid = castsource join pg_type t on t.oid = casttarget order by 1, 2`);
  const lines: string[] = [];
  for (const [source, target, func, context, method, sourceName, targetName] of rows) {
    if (method === 'f' && !procOids.has(func)) continue;
    if (!TYPES.includes(sourceName) || !TYPES.includes(targetName)) continue;
    const jsonToJsonb = source === '114' && target === '3802';
    if (jsonToJsonb && !procOids.has('3806')) continue;
    lines.push(`${source} ${target} ${jsonToJsonb ? '3806' : func} ${context}`);
  }
  return lines;
}

function write(file: string, header: string, tables: Record<string, string[]>): void {
  const constants = Object.entries(tables).map(([name, lines]) => {
    if (/[`\\]|\$\{/.test(lines.join())) throw new Error(`${name} needs quoting`);
    return `export const ${name} = \`${lines.join('\n')}\`;\n`;
  });
  writeFileSync(new URL(file, import.meta.url), `/**\n${header}\n */\n\n${constants.join('\n')}`);
}

const implemented = implementedNames();
const procs = procLines(implemented);
const found = new Set(procs.map((line) => line.split('|')[5]));
const missing = [...implemented].filter((name) => !found.has(name));
if (missing.length > 0) console.error(`no such function in PostgreSQL: ${missing.join(' ')}`);
const procOids = new Set(procs.map((line) => line.split('|')[0]));
write(
  'builtin-procs.ts',
  ` * Generated by generate-builtins.ts: oid|name|argument types|result type|flags|internal name|argument names|OUT columns|defaults.
 * Flags: i s v volatility, G aggregate, O ordered-set, W window, S strict, R returns a set (of so many rows where it is not 1000), A
 * variadic.`,
  { BUILTIN_PROCS: procs },
);
const operators = operatorLines(procOids);
const casts = castLines(procOids);
write(
  'builtin-operators.ts',
  ` * Generated by generate-builtins.ts. Operators: oid name left right result function commutator negator btree-strategy.
 * Casts: source target function context (function 0: same value).`,
  { BUILTIN_OPERATORS: operators, BUILTIN_CASTS: casts },
);
console.log(`${procs.length} functions, ${operators.length} operators, ${casts.length} casts`);
