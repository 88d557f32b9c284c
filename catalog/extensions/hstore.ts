/**
 * The extension hstore: pairs of texts. Names and types are PostgreSQL's ("hstore" in its manual, F.18), version 1.8; the functions are those of
 * functions/hstore.ts.
 */
import type { AvailableExtension } from './available.ts';
import { type ComparisonMember, comparisonOperator, internal, type OperatorMember, operator } from './members.ts';

const H = '{s}.hstore';

const FUNCTIONS: readonly string[] = [
  internal(`fetchval(${H}, text)`, 'text', 'hstore_fetchval'),
  internal(`slice_array(${H}, text[])`, 'text[]', 'hstore_slice_to_array'),
  internal(`slice(${H}, text[])`, H, 'hstore_slice_to_hstore'),
  internal(`isexists(${H}, text)`, 'boolean', 'hstore_exists'),
  internal(`exist(${H}, text)`, 'boolean', 'hstore_exists'),
  internal(`exists_any(${H}, text[])`, 'boolean', 'hstore_exists_any'),
  internal(`exists_all(${H}, text[])`, 'boolean', 'hstore_exists_all'),
  internal(`isdefined(${H}, text)`, 'boolean', 'hstore_defined'),
  internal(`defined(${H}, text)`, 'boolean', 'hstore_defined'),
  internal(`delete(${H}, text)`, H, 'hstore_delete'),
  internal(`delete(${H}, text[])`, H, 'hstore_delete_array'),
  internal(`delete(${H}, ${H})`, H, 'hstore_delete_hstore'),
  internal(`hs_concat(${H}, ${H})`, H, 'hstore_concat'),
  internal(`hs_contains(${H}, ${H})`, 'boolean', 'hstore_contains'),
  internal(`hs_contained(${H}, ${H})`, 'boolean', 'hstore_contained'),
  internal('tconvert(text, text)', H, 'hstore_from_text', ''),
  internal('hstore(text, text)', H, 'hstore_from_text', ''),
  internal('hstore(text[], text[])', H, 'hstore_from_arrays', ''),
  internal('hstore(text[])', H, 'hstore_from_array'),
  internal(`hstore_to_json(${H})`, 'json', 'hstore_to_json'),
  internal(`hstore_to_json_loose(${H})`, 'json', 'hstore_to_json_loose'),
  internal(`hstore_to_jsonb(${H})`, 'jsonb', 'hstore_to_jsonb'),
  internal(`hstore_to_jsonb_loose(${H})`, 'jsonb', 'hstore_to_jsonb_loose'),
  internal('hstore(record)', H, 'hstore_from_record', ''),
  internal(`hstore_to_array(${H})`, 'text[]', 'hstore_to_array'),
  internal(`hstore_to_matrix(${H})`, 'text[]', 'hstore_to_matrix'),
  internal(`akeys(${H})`, 'text[]', 'hstore_akeys'),
  internal(`avals(${H})`, 'text[]', 'hstore_avals'),
  internal(`skeys(${H})`, 'SETOF text', 'hstore_skeys'),
  internal(`svals(${H})`, 'SETOF text', 'hstore_svals'),
  internal(`each(hs ${H}, OUT key text, OUT value text)`, 'SETOF record', 'hstore_each'),
  internal(`populate_record(anyelement, ${H})`, 'anyelement', 'hstore_populate_record', ''),
  ...['eq', 'ne', 'gt', 'ge', 'lt', 'le'].map((name) =>
    internal(`hstore_${name}(${H}, ${H})`, 'boolean', `hstore_${name}`),
  ),
  internal(`hstore_cmp(${H}, ${H})`, 'integer', 'hstore_cmp'),
  internal(`hstore_hash(${H})`, 'integer', 'hstore_hash'),
  internal(`hstore_hash_extended(${H}, bigint)`, 'bigint', 'hstore_hash_extended'),
];

const MATCHING = ['matchingsel', 'matchingjoinsel'] as const;

const COMPARISONS: readonly ComparisonMember[] = [
  ['=', 'hstore_eq', '=', '<>', 'eq'],
  ['<>', 'hstore_ne', '<>', '=', 'neq'],
  ['#<#', 'hstore_lt', '#>#', '#>=#', 'scalarlt'],
  ['#<=#', 'hstore_le', '#>=#', '#>#', 'scalarle'],
  ['#>#', 'hstore_gt', '#<#', '#<=#', 'scalargt'],
  ['#>=#', 'hstore_ge', '#<=#', '#<#', 'scalarge'],
];

const OPERATORS: readonly OperatorMember[] = [
  { name: '->', left: H, right: 'text', function: 'fetchval' },
  { name: '->', left: H, right: 'text[]', function: 'slice_array' },
  { name: '?', left: H, right: 'text', function: 'exist', estimators: MATCHING },
  { name: '?|', left: H, right: 'text[]', function: 'exists_any', estimators: MATCHING },
  { name: '?&', left: H, right: 'text[]', function: 'exists_all', estimators: MATCHING },
  { name: '-', left: H, right: 'text', function: 'delete' },
  { name: '-', left: H, right: 'text[]', function: 'delete' },
  { name: '-', left: H, right: H, function: 'delete' },
  { name: '||', left: H, right: H, function: 'hs_concat' },
  { name: '@>', left: H, right: H, function: 'hs_contains', commutator: '<@', estimators: MATCHING },
  { name: '<@', left: H, right: H, function: 'hs_contained', commutator: '@>', estimators: MATCHING },
  { name: '%%', left: null, right: H, function: 'hstore_to_array' },
  { name: '%#', left: null, right: H, function: 'hstore_to_matrix' },
  { name: '#=', left: 'anyelement', right: H, function: 'populate_record' },
  ...COMPARISONS.map((member) => comparisonOperator(H, member)),
];

export const HSTORE: AvailableExtension = {
  name: 'hstore',
  version: '1.8',
  comment: 'data type for storing sets of (key, value) pairs',
  isTrusted: true,
  type: 'hstore',
  functions: FUNCTIONS,
  further: OPERATORS.map(operator),
  casts: [
    { source: '_text', target: 'hstore', context: 'explicit', function: 'hstore' },
    { source: 'hstore', target: 'json', context: 'explicit', function: 'hstore_to_json' },
    { source: 'hstore', target: 'jsonb', context: 'explicit', function: 'hstore_to_jsonb' },
  ],
};
