/**
 * What expressions are made of: functions, operators, aggregates and casts as the reference's catalog reports them, cut to the
 * types that there are literals for (values.ts) and to what the target has too.
 *
 * Left out are volatile functions, and stable ones about the server, the session or the clock: they answer differently
 * by right.
 */
import type { PipelinedClient } from './client.ts';
import { TYPE_NAMES } from './values.ts';

export interface Callable {
  readonly kind: 'function' | 'operator';
  readonly name: string;
  /** Names of pg_type; polymorphic ones too. A prefix operator has one. */
  readonly args: readonly string[];
  readonly result: string;
  readonly isVariadic: boolean;
}

export interface Catalog {
  readonly scalars: readonly Callable[];
  readonly byResult: ReadonlyMap<string, readonly Callable[]>;
  readonly sets: readonly Callable[];
  readonly aggregates: readonly Callable[];
  /** Ordered-set and hypothetical-set aggregates; the arguments before WITHIN GROUP are `direct` many. */
  readonly orderedSets: readonly (Callable & { readonly direct: number; readonly isHypothetical: boolean })[];
  readonly windows: readonly Callable[];
  /** Target types of explicit casts by source. */
  readonly casts: ReadonlyMap<string, readonly string[]>;
  /** Functions of the reference that the target lacks. */
  readonly missing: readonly string[];
}

const POLYMORPHIC = `any anyelement anyarray anynonarray anyrange anymultirange anycompatible anycompatiblearray
 anycompatiblenonarray anycompatiblerange anycompatiblemultirange`.split(/\s+/);

/** About the server, the session, the clock or files; hashes and others whose result is nobody's promise. */
const LEFT_OUT = new RegExp(
  `^(${[
    'pg_.*|has_.*|row_security_active|txid_.*|inet_(client|server).*|current_.*|session_user|lo_.*|ts_debug|ts_parse|ts_token_type',
    'query_to_.*|cursor_to_.*|table_to_.*|database_to_.*|schema_to_.*|xml.*|xpath.*|set_config|getdatabaseencoding|version',
    'col_description|obj_description|shobj_description|format_type|to_reg.*|now|statement_timestamp|transaction_timestamp',
    'currtid.*|lastval|nextval|currval|acl.*|hash.*|.*hash_extended|.*_hash|in_range|.*_accum.*|.*_combine|int[248]_(sum|avg)|interval_avg|numeric_(sum|avg)|.*_transfn|.*_finalfn|.*_(de)?serialize|.*_support|.*_sortsupport',
    'satisfies_hash_partition|binary_upgrade.*|brin_.*|gin_.*|gist_.*|spg_.*|bt.*|.*(in|out|recv|send)|array_typanalyze',
    'bitcmp|varbitcmp|network_cmp|uuid_cmp|byteacmp|bpcharcmp|.*range_subdiff|similarity|word_similarity|strict_word_similarity|show_.*|set_limit|.*sel|.*joinsel|json_populate.*|jsonb_populate.*',
    'json_to_record.*|jsonb_to_record.*|current_setting|amvalidate|unique_key_recheck|fmgr_.*|getpgusername|user',
  ].join('|')})$`,
);
/** Names that the pattern above would take with it. */
const KEPT = /^(min|asin|sin|trim_array|left_join|begin|date_bin|join|bool_in)$/;

const PROCS = `
  SELECT p.proname, coalesce((SELECT string_agg(t.typname, ' ' ORDER BY n) FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY a(o, n)
    JOIN pg_type t ON t.oid = a.o), '') AS args, r.typname, p.prokind, p.proretset, p.provariadic <> 0, p.provolatile,
    coalesce(a.aggkind::text, ''), coalesce(a.aggnumdirectargs, 0)
  FROM pg_proc p JOIN pg_type r ON r.oid = p.prorettype LEFT JOIN pg_aggregate a ON a.aggfnoid = p.oid
  WHERE p.pronamespace = 11 AND p.prokind IN ('f', 'a', 'w') ORDER BY 1, 2`;
const OPERATORS = `
  SELECT o.oprname, coalesce(l.typname, ''), r.typname, t.typname
  FROM pg_operator o LEFT JOIN pg_type l ON l.oid = o.oprleft JOIN pg_type r ON r.oid = o.oprright JOIN pg_type t ON t.oid = o.oprresult
  WHERE o.oprnamespace = 11 ORDER BY 1, 2, 3`;
const CASTS = `
  SELECT s.typname, t.typname FROM pg_cast c JOIN pg_type s ON s.oid = c.castsource JOIN pg_type t ON t.oid = c.casttarget
  WHERE c.castsource <> c.casttarget ORDER BY 1, 2`;

async function rowsOf(client: PipelinedClient, sql: string): Promise<string[][]> {
  const { error, rows } = await client.ask(sql);
  if (error !== null) throw new Error(`${error.code} ${error.message}: ${sql}`);
  return rows as string[][];
}

export async function readCatalog(reference: PipelinedClient, target: PipelinedClient): Promise<Catalog> {
  const known = new Set(TYPE_NAMES);
  const usable = (type: string): boolean => known.has(type) || POLYMORPHIC.includes(type);
  const there = new Set((await rowsOf(target, PROCS)).map((row) => `${row[0]}(${row[1]})`));
  const scalars: Callable[] = [];
  const sets: Callable[] = [];
  const aggregates: Callable[] = [];
  const orderedSets: (Callable & { direct: number; isHypothetical: boolean })[] = [];
  const windows: Callable[] = [];
  const missing: string[] = [];
  for (const [name, words, result, kind, isSet, variadic, volatility, aggregateKind, direct] of await rowsOf(
    reference,
    PROCS,
  )) {
    const args = words === '' ? [] : words!.split(' ');
    if (volatility === 'v' || (LEFT_OUT.test(name!) && !KEPT.test(name!))) continue;
    // What a cast to a type with a length calls: the parser checks the length before.
    if (args.length > 1 && name === result && args[0] === result && args[1] === 'int4') continue;
    if (!args.every(usable) || !(usable(result!) || (isSet === 't' && result === 'record'))) continue;
    // Without arguments a stable function tells of the session; age(x) and timetz(x) of the clock.
    if (volatility === 's' && (args.length === 0 || (name === 'age' && args.length === 1))) continue;
    if (!there.has(`${name}(${words})`)) {
      missing.push(`${name}(${args.join(', ')})`);
      continue;
    }
    const callable = { kind: 'function' as const, name: name!, args, result: result!, isVariadic: variadic === 't' };
    if (kind === 'w') windows.push(callable);
    else if (kind === 'a' && aggregateKind === 'n') aggregates.push(callable);
    else if (kind === 'a')
      orderedSets.push({ ...callable, direct: Number(direct), isHypothetical: aggregateKind === 'h' });
    else if (isSet === 't') sets.push(callable);
    else scalars.push(callable);
  }
  const theirs = new Set((await rowsOf(target, OPERATORS)).map((row) => row.slice(0, 3).join(' ')));
  for (const [name, left, right, result] of await rowsOf(reference, OPERATORS)) {
    const args = left === '' ? [right!] : [left!, right!];
    // What a cast to a type with a length calls: the parser checks the length before.
    if (args.length > 1 && name === result && args[0] === result && args[1] === 'int4') continue;
    if (!args.every(usable) || !usable(result!)) continue;
    // pg_trgm's operators are built into the target, and may not be installed at the reference.
    if (!theirs.has([name, left, right].join(' '))) missing.push(`operator ${left} ${name} ${right}`);
    else scalars.push({ kind: 'operator', name: name!, args, result: result!, isVariadic: false });
  }
  const casts = new Map<string, string[]>();
  for (const [source, to] of await rowsOf(reference, CASTS)) {
    if (!known.has(source!) || !known.has(to!)) continue;
    casts.set(source!, [...(casts.get(source!) ?? []), to!]);
  }
  return { scalars, byResult: groupByResult(scalars), sets, aggregates, orderedSets, windows, casts, missing };
}

function groupByResult(scalars: readonly Callable[]): Map<string, Callable[]> {
  const groups = new Map<string, Callable[]>();
  for (const callable of scalars) {
    const group = groups.get(callable.result);
    if (group === undefined) groups.set(callable.result, [callable]);
    else group.push(callable);
  }
  return groups;
}

/** The types that a call's polymorphic parameters stand for. */
export interface Binding {
  readonly element: string;
  readonly range: string;
}

export function isPolymorphic(type: string): boolean {
  return POLYMORPHIC.includes(type);
}

const MULTIRANGES: Readonly<Record<string, string>> = {
  int4range: 'int4multirange',
  int8range: 'int8multirange',
  numrange: 'nummultirange',
  daterange: 'datemultirange',
  tsrange: 'tsmultirange',
  tstzrange: 'tstzmultirange',
};
/** Range types and their subtypes. */
export const RANGES: Readonly<Record<string, string>> = {
  int4range: 'int4',
  int8range: 'int8',
  numrange: 'numeric',
  daterange: 'date',
  tsrange: 'timestamp',
  tstzrange: 'timestamptz',
};

/** The type of a parameter or result under a binding. `any` is the element too: the caller may choose another. */
export function bound(type: string, binding: Binding): string {
  switch (type) {
    case 'any':
    case 'anyelement':
    case 'anynonarray':
    case 'anycompatible':
    case 'anycompatiblenonarray':
      return binding.element;
    case 'anyarray':
    case 'anycompatiblearray':
      return `_${binding.element}`;
    case 'anyrange':
    case 'anycompatiblerange':
      return binding.range;
    case 'anymultirange':
    case 'anycompatiblemultirange':
      return MULTIRANGES[binding.range]!;
    default:
      return type;
  }
}
