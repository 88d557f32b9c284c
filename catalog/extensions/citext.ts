/**
 * The extension citext: text in which upper and lower case are the same. Names and types are PostgreSQL's ("citext" in its manual, F.8),
 * version 1.6; the functions that PostgreSQL writes in C are those of functions/citext.ts and of pg_catalog.
 */
import type { AvailableExtension, ExtensionCast } from './available.ts';
import { type ComparisonMember, comparisonOperator, estimators, internal, operator } from './members.ts';

const STABLE_TEXT = 'IMMUTABLE STRICT PARALLEL SAFE';

const COMPARISONS = ['eq', 'ne', 'lt', 'le', 'gt', 'ge'].map((name) => `citext_${name}`);
const BY_PATTERN = ['lt', 'le', 'gt', 'ge'].map((name) => `citext_pattern_${name}`);
const PATTERN_TESTS = ['texticlike', 'texticnlike', 'texticregexeq', 'texticregexne'];

const INTERNAL: readonly string[] = [
  internal('citext(character)', '{s}.citext', 'rtrim1'),
  internal('citext(boolean)', '{s}.citext', 'booltext'),
  internal('citext(inet)', '{s}.citext', 'network_show'),
  ...[...COMPARISONS, ...BY_PATTERN].map((name) => internal(`${name}({s}.citext, {s}.citext)`, 'boolean', name)),
  ...['citext_cmp', 'citext_pattern_cmp'].map((name) => internal(`${name}({s}.citext, {s}.citext)`, 'integer', name)),
  internal('citext_hash({s}.citext)', 'integer', 'citext_hash'),
  internal('citext_hash_extended({s}.citext, bigint)', 'bigint', 'citext_hash_extended'),
  ...['citext_smaller', 'citext_larger'].map((name) => internal(`${name}({s}.citext, {s}.citext)`, '{s}.citext', name)),
  ...['{s}.citext', 'text'].flatMap((pattern) =>
    PATTERN_TESTS.map((name) => internal(`${name}({s}.citext, ${pattern})`, 'boolean', name)),
  ),
];

/** A function in SQL over texts; flags without c get i. */
function overTexts(signature: string, result: string, body: string, more = ''): string {
  return `${signature} RETURNS ${result} LANGUAGE sql ${STABLE_TEXT}${more} AS $$SELECT ${body}$$`;
}

const TEXTS = '$1::pg_catalog.text, $2::pg_catalog.text';
const WITHOUT_CASE = (flags: string): string =>
  `CASE WHEN pg_catalog.strpos(${flags}, 'c') = 0 THEN ${flags} || 'i' ELSE ${flags} END`;
/** The second argument as a pattern that matches just it. */
const LITERALLY = `pg_catalog.regexp_replace($2::pg_catalog.text, '([^a-zA-Z_0-9])', '\\\\\\1', 'g')`;

/** With flags and without. */
function byPattern(name: string, result: string, [plain, flagged]: readonly [string, string] = ['', '']): string[] {
  return [
    overTexts(`${name}({s}.citext, {s}.citext)`, result, `pg_catalog.${name}(${TEXTS}, 'i')`, plain),
    overTexts(
      `${name}({s}.citext, {s}.citext, text)`,
      result,
      `pg_catalog.${name}(${TEXTS}, ${WITHOUT_CASE('$3')})`,
      flagged,
    ),
  ];
}

const OVER_TEXTS: readonly string[] = [
  ...byPattern('regexp_match', 'text[]'),
  ...byPattern('regexp_matches', 'SETOF text[]', [' ROWS 1', ' ROWS 10']),
  ...byPattern('regexp_split_to_array', 'text[]'),
  ...byPattern('regexp_split_to_table', 'SETOF text'),
  overTexts('regexp_replace({s}.citext, {s}.citext, text)', 'text', `pg_catalog.regexp_replace(${TEXTS}, $3, 'i')`),
  overTexts(
    'regexp_replace({s}.citext, {s}.citext, text, text)',
    'text',
    `pg_catalog.regexp_replace(${TEXTS}, $3, ${WITHOUT_CASE('$4')})`,
  ),
  overTexts(
    'strpos({s}.citext, {s}.citext)',
    'integer',
    'pg_catalog.strpos(pg_catalog.lower($1::pg_catalog.text), pg_catalog.lower($2::pg_catalog.text))',
  ),
  overTexts(
    'replace({s}.citext, {s}.citext, {s}.citext)',
    'text',
    `pg_catalog.regexp_replace($1::pg_catalog.text, ${LITERALLY}, $3::pg_catalog.text, 'gi')`,
  ),
  overTexts(
    'split_part({s}.citext, {s}.citext, integer)',
    'text',
    `(pg_catalog.regexp_split_to_array($1::pg_catalog.text, ${LITERALLY}, 'i'))[$3]`,
  ),
  overTexts(
    'translate({s}.citext, {s}.citext, text)',
    'text',
    'pg_catalog.translate(pg_catalog.translate($1::pg_catalog.text, pg_catalog.lower($2::pg_catalog.text), $3), pg_catalog.upper($2::pg_catalog.text), $3)',
  ),
];

const ORDER_OPERATORS: readonly ComparisonMember[] = [
  ['=', 'citext_eq', '=', '<>', 'eq'],
  ['<>', 'citext_ne', '<>', '=', 'neq'],
  ['<', 'citext_lt', '>', '>=', 'scalarlt'],
  ['<=', 'citext_le', '>=', '>', 'scalarle'],
  ['>=', 'citext_ge', '<=', '<', 'scalarge'],
  ['>', 'citext_gt', '<', '<=', 'scalargt'],
  ['~<~', 'citext_pattern_lt', '~>~', '~>=~', 'scalarlt'],
  ['~<=~', 'citext_pattern_le', '~>=~', '~>~', 'scalarlt'],
  ['~>=~', 'citext_pattern_ge', '~<=~', '~<~', 'scalargt'],
  ['~>~', 'citext_pattern_gt', '~<~', '~<=~', 'scalargt'],
];

/** Name, function, negator, estimator: what is without case for texts is so twice for these. */
const PATTERN_OPERATORS: readonly (readonly [string, string, string, string])[] = [
  ['~', 'texticregexeq', '!~', 'icregexeq'],
  ['~*', 'texticregexeq', '!~*', 'icregexeq'],
  ['!~', 'texticregexne', '~', 'icregexne'],
  ['!~*', 'texticregexne', '~*', 'icregexne'],
  ['~~', 'texticlike', '!~~', 'iclike'],
  ['~~*', 'texticlike', '!~~*', 'iclike'],
  ['!~~', 'texticnlike', '~~', 'icnlike'],
  ['!~~*', 'texticnlike', '~~*', 'icnlike'],
];

const C = '{s}.citext';

const FURTHER: readonly string[] = [
  ...ORDER_OPERATORS.map((member) => operator(comparisonOperator(C, member))),
  ...[C, 'text'].flatMap((right) =>
    PATTERN_OPERATORS.map(([name, fn, negator, estimator]) =>
      operator({ name, left: C, right, function: fn, negator, estimators: estimators(estimator) }),
    ),
  ),
  'aggregate {s}.min({s}.citext) (SFUNC = {s}.citext_smaller, STYPE = {s}.citext, SORTOP = OPERATOR({s}.<), COMBINEFUNC = {s}.citext_smaller, PARALLEL = SAFE)',
  'aggregate {s}.max({s}.citext) (SFUNC = {s}.citext_larger, STYPE = {s}.citext, SORTOP = OPERATOR({s}.>), COMBINEFUNC = {s}.citext_larger, PARALLEL = SAFE)',
];

const CASTS: readonly ExtensionCast[] = [
  { source: 'citext', target: 'text', context: 'implicit', function: null },
  { source: 'citext', target: 'varchar', context: 'implicit', function: null },
  { source: 'citext', target: 'bpchar', context: 'assignment', function: null },
  { source: 'text', target: 'citext', context: 'assignment', function: null },
  { source: 'varchar', target: 'citext', context: 'assignment', function: null },
  { source: 'bpchar', target: 'citext', context: 'assignment', function: 'citext' },
  { source: 'bool', target: 'citext', context: 'assignment', function: 'citext' },
  { source: 'inet', target: 'citext', context: 'assignment', function: 'citext' },
];

export const CITEXT: AvailableExtension = {
  name: 'citext',
  version: '1.6',
  comment: 'data type for case-insensitive character strings',
  isTrusted: true,
  type: 'citext',
  functions: [...INTERNAL, ...OVER_TEXTS],
  further: FURTHER,
  casts: CASTS,
};
