/** Arguments that a function understands, where random values of the type would hardly ever be any. */
import type { Choice } from './choice.ts';

const UNITS = [
  'year',
  'month',
  'day',
  'hour',
  'minute',
  'second',
  'week',
  'quarter',
  'dow',
  'doy',
  'epoch',
  'isodow',
  'isoyear',
  'century',
  'decade',
  'millennium',
  'milliseconds',
  'microseconds',
  'julian',
  'timezone',
  'timezone_hour',
  'fortnight',
];
const TIME_FORMATS = [
  'YYYY-MM-DD HH24:MI:SS',
  'DD Mon YYYY',
  'Day, DDth Month Y,YYY',
  'HH12:MI:SS.MS AM',
  'IYYY-IW-ID',
  'J',
  'Q "quarter" WW',
  'FMMonth FMDD',
  'TZ OF',
  'CC RM',
  'SSSS US',
  'YYYYMMDD',
  'MON-DY',
  'BC',
  'FF3',
  'TH',
  'ddTHSP',
];
const NUMBER_FORMATS = [
  '999',
  '000.00',
  'S999',
  '9,999.99',
  'FM999.00',
  'L9999',
  'RN',
  'FMRN',
  '9.99EEEE',
  'PR999',
  '999PR',
  '99V99',
  'MI9999',
  'SG99',
  '99th',
  'FM0.0999',
  '',
  '9D9G9',
];
const PATTERNS = ['a', 'b+', '^a', 'c$', '[a-c]', '(a)(b)?', '.', '\\d+', 'x*', '[[:alpha:]]+', 'a|b', '(', '\\w', ''];
const ENCODINGS = ['hex', 'base64', 'escape', 'rot13'];
const CHARSETS = ['UTF8', 'LATIN1', 'SQL_ASCII', 'nothing'];
const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'EST', '+05:30', 'Asia/Kolkata', 'Nowhere/Land'];
const FLAGS = ['g', 'i', 'gi', 'n', 'x', 'q', ''];
const FORMATS = ['%s', '%s and %I', '%L', '%2$s %1$s', '%-5s|', '%%', '%5s', '%x', '%*s'];
const LIKES = ['%', '_', 'a%', '%b', '%_%', 'A_C', 'a\\%', '', '%o W%'];
const JSON_KEYS = ['a', 'b', 'c', '0', '1', '-1', 'x'];
const NORMAL_FORMS = ['NFC', 'NFD', 'NFKC', 'NFKD', 'nfc', 'no'];
const SMALL = ['0', '1', '2', '3', '5', '-1', '-2', '10', '20'];
const CONFIGURATIONS = ['simple', 'english'];

type Hint = {
  readonly of: RegExp;
  readonly at: number;
  readonly types: readonly string[];
  readonly values: readonly string[];
};

const TEXTS = ['text', 'varchar', 'bpchar', 'name'];
const INTEGERS = ['int2', 'int4', 'int8', 'numeric', 'float8'];

const HINTS: readonly Hint[] = [
  { of: /^(date_part|extract|date_trunc)$/, at: 0, types: ['text'], values: UNITS },
  { of: /^date_trunc$/, at: 2, types: ['text'], values: ZONES },
  { of: /^(to_char|to_number)$/, at: 1, types: ['text'], values: [...TIME_FORMATS, ...NUMBER_FORMATS] },
  { of: /^(to_date|to_timestamp)$/, at: 1, types: ['text'], values: TIME_FORMATS },
  {
    of: /^(to_date|to_timestamp)$/,
    at: 0,
    types: ['text'],
    values: ['2024-02-29 12:13:14', '05 Jan 2001', '20200101', '12:34:56.5 PM', '2021-53-1', 'x', ''],
  },
  { of: /^to_number$/, at: 0, types: ['text'], values: ['12', '-3.5', '1,234.50', '<12>', 'XIV', '$12', ''] },
  { of: /^(encode|decode)$/, at: 1, types: ['text'], values: ENCODINGS },
  { of: /^decode$/, at: 0, types: ['text'], values: ['6162', 'YWJj', 'a\\000', 'zz', '616', ''] },
  { of: /^(convert_from|convert_to)$/, at: 1, types: ['name'], values: CHARSETS },
  { of: /^convert$/, at: 1, types: ['name'], values: CHARSETS },
  { of: /^convert$/, at: 2, types: ['name'], values: CHARSETS },
  { of: /^timezone$/, at: 0, types: ['text'], values: ZONES },
  {
    of: /^(regexp_.*|~.*|!~.*|substring|similar_to_escape|similar_escape|textregex.*)$/,
    at: 1,
    types: ['text'],
    values: PATTERNS,
  },
  {
    of: /^(regexp_replace|regexp_instr|regexp_substr|regexp_count|regexp_like|regexp_match.*|regexp_split.*)$/,
    at: 2,
    types: ['text'],
    values: FLAGS,
  },
  { of: /^regexp_.*$/, at: 3, types: ['text'], values: FLAGS },
  { of: /^regexp_.*$/, at: 5, types: ['text'], values: FLAGS },
  { of: /^(~~.*|!~~.*|like|notlike|.*likesel|like_escape)$/, at: 1, types: TEXTS, values: LIKES },
  { of: /^format$/, at: 0, types: ['text'], values: FORMATS },
  { of: /^(->|->>|\?|-|jsonb_exists|json.*extract.*)$/, at: 1, types: ['text'], values: JSON_KEYS },
  { of: /^(normalize|is_normalized)$/, at: 1, types: ['text'], values: NORMAL_FORMS },
  {
    of: /^(repeat|lpad|rpad|\^|power|pow|factorial|exp|dexp|dpow|numeric_pow.*|numeric_exp|<<|>>|array_fill|int8mul|generate_.*|trim_array|left|right|split_part|substr|substring|overlay|get_.*|set_.*|log|gcd|lcm|width_bucket|round|trunc|make_.*|.*shl|.*shr)$/,
    at: -1,
    types: INTEGERS,
    values: SMALL,
  },
  {
    of: /^(to_tsvector|to_tsquery|plainto_tsquery|phraseto_tsquery|websearch_to_tsquery|ts_headline)$/,
    at: 0,
    types: ['regconfig'],
    values: CONFIGURATIONS,
  },
];

/** An argument that suits the function at this position, most of the time; null leaves it to the caller. */
export function hintedValue(name: string, position: number, type: string, choice: Choice): string | null {
  for (const hint of HINTS) {
    if (!hint.types.includes(type) || !hint.of.test(name) || (hint.at >= 0 && hint.at !== position)) continue;
    // A large number here means a large answer, so that always a small one is taken.
    if (hint.at >= 0 && choice.chance(0.15)) return null;
    return choice.pick(hint.values);
  }
  return null;
}
