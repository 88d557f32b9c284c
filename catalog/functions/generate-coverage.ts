/**
 * Writes docs/functions.md: which functions of PostgreSQL 15's pg_proc are there, by the manual's areas, and why the others are
 * not. Asks a running PostgreSQL 15 for its pg_proc; what is there, the table of builtin-procs.ts says. Run it after that
 * table has changed:
 *
 *     PGHOST=127.0.0.1 PGPORT=5600 PGUSER=postgres node --import tsx catalog/functions/generate-coverage.ts
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { BUILTIN_PROCS } from './builtin-procs.ts';

interface Proc {
  readonly oid: string;
  readonly name: string;
  readonly args: string;
  /** What PostgreSQL itself uses it for: `io`, `operator`, `cast`, `index`, `aggregate`, `planner`, or nothing. */
  readonly use: string;
  readonly kind: string;
  readonly isThere: boolean;
}

const QUERY = `
  SELECT p.oid, p.proname, oidvectortypes(p.proargtypes), p.prokind,
    CASE
      WHEN EXISTS (SELECT FROM pg_type t WHERE p.oid IN (t.typinput, t.typoutput, t.typreceive, t.typsend, t.typmodin,
        t.typmodout, t.typanalyze, t.typsubscript)) THEN 'io'
      WHEN EXISTS (SELECT FROM pg_operator o WHERE p.oid = o.oprcode) THEN 'operator'
      WHEN EXISTS (SELECT FROM pg_cast c WHERE p.oid = c.castfunc) THEN 'cast'
      WHEN EXISTS (SELECT FROM pg_operator o WHERE p.oid IN (o.oprrest, o.oprjoin))
        OR EXISTS (SELECT FROM pg_proc q WHERE p.oid = q.prosupport) THEN 'planner'
      WHEN EXISTS (SELECT FROM pg_amproc a WHERE p.oid = a.amproc) OR p.prorettype = 'index_am_handler'::regtype
        OR p.prorettype = 'table_am_handler'::regtype THEN 'index'
      WHEN EXISTS (SELECT FROM pg_aggregate a WHERE p.oid IN (a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn,
        a.aggdeserialfn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn)) THEN 'aggregate'
      ELSE '' END
  FROM pg_proc p WHERE p.pronamespace = 11 ORDER BY p.proname, 3`;

/** Areas in the manual's order; the first that fits takes the function. */
const AREAS: readonly { readonly title: string; readonly fits: (proc: Proc) => boolean }[] = [
  { title: 'Aggregate functions (9.21)', fits: (proc) => proc.kind === 'a' },
  { title: 'Window functions (9.22)', fits: (proc) => proc.kind === 'w' },
  {
    title: 'Types: input, output, modifiers',
    fits: (proc) =>
      proc.use === 'io' ||
      named(proc, 'enum_(in|out|recv|send)') ||
      /^(any|trigger|event_trigger|.*_handler|void|internal|language|fdw|shell|cstring|unknown)\w*_(in|out)$/.test(
        proc.name,
      ),
  },
  {
    title: 'Languages and upgrades',
    fits: (proc) =>
      named(proc, 'binary_upgrade.*|plpgsql_.*|.*_validator|dsnowball_.*|pg_.*_pinned_objects|pg_nextoid'),
  },
  { title: 'Behind operators (9.1 to 9.20)', fits: (proc) => proc.use === 'operator' },
  { title: 'Behind casts', fits: (proc) => proc.use === 'cast' },
  { title: 'Behind aggregates', fits: (proc) => proc.use === 'aggregate' },
  {
    title: 'Index and table methods',
    fits: (proc) =>
      proc.use === 'index' ||
      named(
        proc,
        'brin_.*|gin_.*|gist_.*|spg_.*|ginarray.*|bt.*|hash.*|.*_hash|.*_hash_extended|in_range|.*_sortsupport|gtsvector_.*|.*_subdiff|.*_canonical|amvalidate|tsm_.*|bernoulli|system',
      ),
  },
  {
    title: 'Planner support',
    fits: (proc) => proc.use === 'planner' || named(proc, '.*sel|.*joinsel|.*_support|.*_typanalyze'),
  },
  {
    title: 'XML functions (9.15)',
    fits: (proc) =>
      named(proc, 'xml.*|xpath.*|.*_to_xml.*|query_to_xml.*|cursor_to_xml.*|table_to_xml.*|text') &&
      /xml|text, text$/.test(`${proc.name} ${proc.args}`),
  },
  {
    title: 'Text search functions (9.13)',
    fits: (proc) =>
      named(
        proc,
        '.*ts(vector|query).*|ts_.*|setweight|strip|numnode|querytree|prsd_.*|dsimple_.*|dsynonym_.*|dispell_.*|thesaurus_.*|snowball_.*|length',
      ) && /ts|internal|query|dict|prsd|weight|strip|numnode/.test(`${proc.name} ${proc.args}`),
  },
  { title: 'JSON functions (9.16)', fits: (proc) => named(proc, 'json.*|to_json.*|row_to_json|array_to_json|.*_json') },
  {
    title: 'Range functions (9.20)',
    fits: (proc) =>
      named(proc, '.*range.*|isempty|(lower|upper)(_inc|_inf)?') && /range/.test(`${proc.name} ${proc.args}`),
  },
  {
    title: 'Array functions (9.19)',
    fits: (proc) =>
      named(proc, 'array_.*|cardinality|trim_array|unnest|string_to_.*') &&
      !named(proc, 'array_to_json|.*_subscript_handler'),
  },
  {
    title: 'Geometric functions (9.11)',
    fits: (proc) => /\b(point|lseg|path|box|polygon|line|circle)\b/.test(proc.args),
  },
  { title: 'Network address functions (9.12)', fits: (proc) => /\b(inet|cidr|macaddr8?)\b/.test(proc.args) },
  { title: 'Enum support functions (9.10)', fits: (proc) => named(proc, 'enum_.*') },
  { title: 'UUID functions (9.14)', fits: (proc) => named(proc, 'gen_random_uuid|uuid_.*') },
  {
    title: 'Date/time functions (9.9)',
    fits: (proc) =>
      /\b(time|timestamp|date|interval)\b/.test(proc.args) ||
      named(
        proc,
        'now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday|make_(date|time|timestamp|timestamptz|interval)|pg_sleep.*|to_timestamp|to_date|.*timezone.*',
      ),
  },
  {
    title: 'Sequence functions (9.17)',
    fits: (proc) => named(proc, 'nextval|currval|lastval|setval|pg_sequence_.*|pg_get_serial_sequence'),
  },
  { title: 'Statistics views (28.2)', fits: (proc) => named(proc, 'pg_stat_(?!file).*') },
  {
    title: 'Large objects (35)',
    fits: (proc) => named(proc, 'lo_.*|lo.*|be_lo.*') && !named(proc, 'log.*|lower|localtime.*|loread_.*'),
  },
  {
    title: 'Replication, backup, WAL (9.27)',
    fits: (proc) =>
      named(
        proc,
        '.*replication.*|pg_logical_.*|.*wal.*|pg_.*lsn.*|pg_backup.*|.*snapshot.*|binary_upgrade.*|pg_.*recovery.*|pg_promote|pg_.*_prepared.*|pg_.*checkpoint.*|pg_export.*|pg_create_.*|pg_drop_.*|pg_(start|stop)_backup|pg_ls_.*|pg_read_.*|pg_stat_file|pg_control_.*|pg_switch.*|pg_.*tablespace.*|pg_last_.*|txid_.*|pg_xact.*',
      ),
  },
  {
    title: 'System information (9.26)',
    fits: (proc) =>
      named(
        proc,
        'pg_.*|has_.*|current_.*|session_.*|col_description|obj_description|shobj_description|format_type|to_reg.*|version|inet_.*|row_security.*|acl.*|make.*acl.*|getdatabaseencoding|getpgusername|currtid.*|mxid_age|age|set_config|show_.*|parse_ident|unique_key_recheck|database_.*|suppress_.*|RI_.*|satisfies_.*|tsvector_update.*|.*_validator|any_value',
      ),
  },
  {
    title: 'Trigger functions (9.28)',
    fits: (proc) => named(proc, 'RI_.*|suppress_.*|tsvector_update_.*|unique_key_recheck|.*_trigger'),
  },
  { title: 'Binary string functions (9.5)', fits: (proc) => /\bbytea\b/.test(proc.args) },
  { title: 'Bit string functions (9.6)', fits: (proc) => /\bbit\b/.test(proc.args) },
  {
    title: 'String functions (9.4, 9.7, 9.8)',
    fits: (proc) =>
      /\b(text|character|name|"char"|cstring)\b/.test(proc.args) ||
      named(
        proc,
        'to_char|quote_.*|chr|to_hex|concat.*|format|.*_to_(iso|win|koi|utf8|mic|euc|sjis|big5|latin|uhc|gbk|gb18030|johab|shift).*|(iso|win|koi|utf8|mic|euc|sjis|big5|latin|uhc|gbk|gb18030|johab|shift).*_to_.*',
      ),
  },
  { title: 'Mathematical functions (9.3)', fits: () => true },
];

/** Why a function is not there, in the order in which they are tried. */
const REASONS: readonly { readonly why: string; readonly fits: (proc: Proc, area: string) => boolean }[] = [
  {
    why: 'not called in SQL: values are written and read by `types/`, and the wire',
    fits: (_proc, area) => area.startsWith('Types:'),
  },
  {
    why: 'hotrow has methods of its own for indexes and tables, without functions in pg_proc',
    fits: (_proc, area) => area.startsWith('Index and'),
  },
  {
    why: 'the planner estimates by itself, without functions in pg_proc',
    fits: (_proc, area) => area.startsWith('Planner'),
  },
  {
    why: 'aggregates are compiled as a whole: their steps are no functions',
    fits: (_proc, area) => area.startsWith('Behind aggregates'),
  },
  {
    why: 'no replication, base backup or access to files by functions',
    fits: (_proc, area) => area.startsWith('Replication'),
  },
  { why: 'told by the views themselves, or not counted', fits: (_proc, area) => area.startsWith('Statistics views') },
  {
    why: 'triggers are refused',
    fits: (proc, area) => area.startsWith('Trigger') || /^(RI_|suppress_|tsvector_update_|unique_key)/.test(proc.name),
  },
  {
    why: 'parsers and dictionaries are built in, and no functions',
    fits: (proc, area) =>
      area.startsWith('Text search') &&
      /^(prsd|dsimple|dsynonym|dispell|thesaurus|snowball|ts_(debug|parse|token|lexize|stat|rewrite)|ts_|ts)/.test(
        proc.name,
      ),
  },
  {
    why: 'takes the bytes of UTF-8 for those of another encoding: of use where the database is not in UTF-8',
    fits: (proc) => proc.name === 'to_ascii',
  },
  { why: 'what conversions are made of; convert() and its kin are there', fits: (proc) => /_to_/.test(proc.name) },
  {
    why: 'aclitems: PostgreSQL itself refuses these two, or has them for its indexes',
    fits: (proc) => /acl/.test(`${proc.name} ${proc.args}`),
  },
  { why: 'no languages but SQL, and no pg_upgrade', fits: (_proc, area) => area.startsWith('Languages') },
  { why: 'not written yet', fits: () => true },
];

function named(proc: Proc, pattern: string): boolean {
  return new RegExp(`^(?:${pattern})$`).test(proc.name);
}

function readProcs(): Proc[] {
  const there = new Set(BUILTIN_PROCS.split('\n').map((line) => line.slice(0, line.indexOf('|'))));
  const text = execFileSync('psql', ['-X', '-At', '-F', '\t', '-d', 'postgres', '-c', QUERY], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [oid, name, args, kind, use] = line.split('\t') as [string, string, string, string, string];
      return { oid, name, args, kind, use, isThere: there.has(oid) };
    });
}

function page(procs: readonly Proc[]): string {
  const byArea = new Map(AREAS.map(({ title }) => [title, [] as Proc[]]));
  for (const proc of procs) byArea.get(AREAS.find(({ fits }) => fits(proc))!.title)!.push(proc);
  const areas = [...byArea].filter(([, all]) => all.length > 0);
  const count = (all: readonly Proc[]): number => all.filter((proc) => proc.isThere).length;
  const lines = [
    "# PostgreSQL 15's functions",
    '',
    '<!-- Generated by catalog/functions/generate-coverage.ts from the pg_proc of PostgreSQL 15: do not edit. -->',
    '',
    `Of the ${procs.length} functions in \`pg_catalog\` ${count(procs)} are there. That is every function of the manual's chapter 9`,
    'but those named below; most of the others are never called in SQL. Areas are the chapters of the manual.',
    '',
    '| area | functions | there |',
    '| --- | ---: | ---: |',
    ...areas.map(([title, all]) => `| ${title} | ${all.length} | ${count(all)} |`),
    '',
    '## Not there',
    '',
    'A number tells how many of that name are missing, when there are several.',
  ];
  for (const [title, all] of areas) {
    const missing = all.filter((proc) => !proc.isThere);
    if (missing.length === 0) continue;
    lines.push('', `### ${title}`, '');
    for (const { why } of REASONS) {
      const names = new Map<string, number>();
      for (const proc of missing) {
        if (REASONS.find((reason) => reason.fits(proc, title))!.why !== why) continue;
        names.set(proc.name, (names.get(proc.name) ?? 0) + 1);
      }
      if (names.size === 0) continue;
      if (INTERNAL.some((begin) => title.startsWith(begin)) && !/not written/.test(why)) {
        lines.push(`- ${why} (${[...names.values()].reduce((sum, n) => sum + n, 0)})`);
        continue;
      }
      lines.push(`- ${why}:`);
      const words = [...names].map(([name, n]) => `\`${name}\`${n > 1 ? ` (${n})` : ''}`);
      lines.push(...wrapped(words, '  '));
    }
  }
  return `${lines.join('\n')}\n`;
}

/** Areas that nobody calls by name: their functions are only counted. */
const INTERNAL = ['Types:', 'Behind aggregates', 'Index and', 'Planner', 'Languages'];
const LINE_MAX = 138;

function wrapped(words: readonly string[], indent: string): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const [i, word] of words.entries()) {
    const next = `${word}${i < words.length - 1 ? ',' : ''}`;
    if (line !== indent && line.length + next.length + 1 > LINE_MAX) {
      lines.push(line);
      line = indent;
    }
    line += line === indent ? next : ` ${next}`;
  }
  return [...lines, line];
}

const procs = readProcs();
writeFileSync(new URL('../../docs/functions.md', import.meta.url), page(procs));
