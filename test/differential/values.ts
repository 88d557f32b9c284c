/**
 * Literals of every type that generated statements use: ordinary ones, edges, and forms that input functions must read.
 *
 * Values of one type that are equal have one form (no 1.0 beside 1.00, no '1 mon' beside '30 days'): where a query keeps one
 * of several equal values, which one is the plan's choice. The exceptions are in LITERALS_ALSO, for scalar statements.
 */
import type { Choice } from './choice.ts';

const LITERALS: Readonly<Record<string, readonly string[]>> = {
  bool: ['t', 'f'],
  int2: ['0', '1', '-1', '2', '7', '100', '32767', '-32768'],
  int4: ['0', '1', '-1', '2', '3', '5', '10', '42', '1000', '-7', '2147483647', '-2147483648'],
  int8: ['0', '1', '-1', '2', '12', '9007199254740993', '-4294967296', '9223372036854775807', '-9223372036854775808'],
  numeric: [
    '0',
    '1',
    '-1',
    '0.5',
    '2.25',
    '-3.14159',
    '100',
    '1234567.891',
    '1e-10',
    '99999999999999999999.9',
    'NaN',
    'Infinity',
    '-Infinity',
  ],
  float4: ['0', '1', '-1', '0.5', '3.25', '1e10', '-2.5e-8', 'NaN', 'Infinity', '-Infinity', '3.4028235e38', '1.1'],
  float8: [
    '0',
    '1',
    '-1',
    '0.5',
    '2.25',
    '-3.75',
    '1e15',
    '1e16',
    '123456.789',
    '1e-5',
    '-1e-300',
    'NaN',
    'Infinity',
    '-Infinity',
    '1.7976931348623157e308',
  ],
  money: ['0', '12.34', '-5', '1000000.01'],
  text: [
    '',
    'a',
    'b',
    'ab',
    'ABC',
    'Hello World',
    ' pad ',
    'x y z',
    'a,b,c',
    'äöü',
    '日本',
    '😀a',
    '12',
    '-3.5',
    '%a_',
    "it''s",
    'zz',
    'aaa',
    'the quick brown fox',
  ],
  varchar: ['', 'a', 'ab', 'Abc', 'x y', 'ß', 'foo.bar', 'trailing  '],
  bpchar: ['', 'a', 'ab', 'ABC', 'é', 'q r'],
  // Without '': PostgreSQL makes a text with a zero byte of it.
  char: ['a', 'Z', '1'],
  name: ['', 'abcd', 'pg_class', 'Mixed Case'],
  bytea: ['', '\\x00', '\\x616263', '\\xff00ff', '\\xdeadbeef0102'],
  date: [
    '2000-01-01',
    '2024-02-29',
    '1970-01-01',
    '1999-12-31',
    '0001-01-01',
    '2022-11-06',
    'infinity',
    '-infinity',
    '0044-03-15 BC',
    '2021-01-03',
  ],
  time: ['00:00:00', '12:34:56.789', '23:59:59.999999', '24:00:00', '04:05:06'],
  timetz: ['00:00:00+00', '12:34:56.789+02', '23:59:59-08', '04:05:06+05:30'],
  timestamp: [
    '2000-01-01 00:00:00',
    '2024-02-29 12:34:56.789',
    '1969-12-31 23:59:59.999999',
    '2022-11-06 01:30:00',
    'infinity',
    '-infinity',
    '0044-03-15 10:00:00 BC',
    '2010-10-31 08:09:10',
  ],
  timestamptz: [
    '2000-01-01 00:00:00+00',
    '2024-02-29 12:34:56.789+02',
    '1969-12-31 23:59:59.999999+00',
    '2022-11-06 01:30:00-05',
    'infinity',
    '-infinity',
    '2015-03-29 01:30:00+01',
  ],
  interval: [
    '00:00:00',
    '1 day',
    '-1 day',
    '1 mon',
    '1 year 2 mons 3 days 04:05:06.789',
    '-00:00:01.5',
    '36:00:00',
    '100 years',
    '-1 mons +15 days',
    '1 week 3 hours',
  ],
  uuid: [
    '00000000-0000-0000-0000-000000000000',
    'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
  ],
  json: [
    'null',
    '1',
    '"a"',
    'true',
    '[]',
    '{}',
    '[1, 2, {"a": null}]',
    '{"a": 1, "b": [1, "x"], "a": 2}',
    '{"k": {"z": "v"}}',
    ' [1,"b" ] ',
  ],
  jsonb: [
    'null',
    '1',
    '-2.5',
    '"a"',
    'true',
    'false',
    '[]',
    '{}',
    '[1, 2, 3]',
    '["a", "b", null]',
    '{"a": 1, "b": [1, "x"]}',
    '{"a": {"b": {"c": 5}}}',
    '[{"a": 1}, {"a": 2}]',
    '{"a": "b", "c": null}',
  ],
  jsonpath: [
    '$',
    '$.a',
    '$[*]',
    '$.a.b',
    '$.* ? (@ > 1)',
    '$[0 to 1]',
    'strict $.x',
    '$.**',
    '$.size()',
    '$[last]',
    '$.a + 1',
    '$[*].a ? (@ == 2)',
  ],
  bit: ['1', '0', '101', '11110000', ''],
  varbit: ['', '1', '0', '1010', '111100001111'],
  inet: ['127.0.0.1', '10.1.2.3/8', '192.168.0.0/24', '::1', '2001:db8::ff/32', '0.0.0.0/0'],
  cidr: ['10.0.0.0/8', '192.168.1.0/24', '127.0.0.1/32', '2001:db8::/32', '0.0.0.0/0'],
  macaddr: ['08:00:2b:01:02:03', '00:00:00:00:00:00', 'ff:ff:ff:ff:ff:ff'],
  macaddr8: ['08:00:2b:01:02:03:04:05', '00:00:00:00:00:00:00:00'],
  point: ['(0,0)', '(1,2)', '(-1.5,2.5)', '(3,4)'],
  lseg: ['[(0,0),(1,1)]', '[(0,1),(2,1)]', '[(1,0),(1,5)]'],
  box: ['(1,1),(0,0)', '(3,4),(1,2)', '(0,0),(-2,-2)'],
  path: ['[(0,0),(1,1),(2,0)]', '((0,0),(1,0),(1,1))', '[(0,0),(3,4)]'],
  polygon: ['((0,0),(1,0),(1,1))', '((0,0),(2,0),(2,2),(0,2))', '((1,1),(3,1),(2,4))'],
  line: ['{1,-1,0}', '{0,1,-2}', '{1,0,3}'],
  circle: ['<(0,0),1>', '<(1,2),3>', '<(5,5),0>'],
  int4range: ['empty', '[1,5)', '[3,)', '(,10)', '(,)', '[2,3]'],
  int8range: ['empty', '[1,5)', '[3,)', '(,10000000000)'],
  numrange: ['empty', '[1.5,2.5)', '(0,10]', '[1,1]', '(,)'],
  daterange: ['empty', '[2000-01-01,2000-02-01)', '[2020-01-01,)', '(,2024-02-29]'],
  tsrange: ['empty', '[2000-01-01 00:00:00,2000-01-02 12:00:00)', '(,2010-01-01 00:00:00]'],
  tstzrange: ['empty', '[2000-01-01 00:00:00+00,2000-01-02 12:00:00+02)', '[2015-01-01 00:00:00+00,)'],
  int4multirange: ['{}', '{[1,5),[7,9)}', '{(,3),[10,)}'],
  int8multirange: ['{}', '{[1,5),[7,9)}'],
  nummultirange: ['{}', '{[1.5,2.5),(3,4]}'],
  datemultirange: ['{}', '{[2000-01-01,2000-02-01)}'],
  tsmultirange: ['{}', '{[2000-01-01 00:00:00,2000-01-02 12:00:00)}'],
  tstzmultirange: ['{}', '{[2000-01-01 00:00:00+00,2000-01-02 12:00:00+02)}'],
  tsvector: ['', "'a':1 'b':2", "'fat':2A 'rat':3,5B", 'cat dog'],
  tsquery: ['a', 'a & b', '!a | b', 'fat <-> rat', 'ca:*'],
  oid: ['0', '1', '26', '4294967295'],
};

/** Other forms of values that are there, and inputs that are read in a special way or refused. */
const LITERALS_ALSO: Readonly<Record<string, readonly string[]>> = {
  bool: ['yes', 'off', 'maybe'],
  int4: ['  5 ', '1x', '2147483648', ''],
  int8: ['9223372036854775808'],
  numeric: ['1.00', '00012', '1e400', '.5', '1_0', '1e-400', '123456789012345678901234567890.123456789'],
  float8: ['-0', '1e400', 'nan', ' 1 ', '0.1', '5e-324'],
  date: ['20240229', 'Jan 5 2020', '2023-02-29', '1/2/2003', 'epoch', '5874897-12-31'],
  timestamp: ['2024-02-30 00:00:00', '20200101T101112', 'epoch', '2020-01-01 24:00', '294276-12-31 23:59:59'],
  timestamptz: ['2020-06-01 12:00 America/New_York', '2020-01-01 Z', 'epoch'],
  interval: ['P1Y2M3DT4H5M6S', '1-2', '30 days', '1.5 months', '@ 1 minute ago', '1 fortnight', '-178000000 years'],
  text: ['\\', 'a\\b', '(a|b)+', '^a.*', '[', '{1,2}', '2020-01-02', '0x1F', 'null'],
  uuid: ['A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '{a0eebc999c0b4ef8bb6d6bb9bd380a11}', 'x'],
  jsonb: ['1.0', '{"a":1,"a":2}', '1e3', '{"b":1,"aa":2}', '{a:1}', '"\\u00e9"', '[1,]'],
  bytea: ['abc', 'a\\000b', '\\x1', '\\\\'],
  int4range: ['[5,1)', '[1,3]', '(1,2)', '[ 1 , 2 )'],
  inet: ['10.1.2.3/33', '1.2.3', '::ffff:1.2.3.4'],
};

const ELEMENTS = [
  'bool',
  'int2',
  'int4',
  'int8',
  'numeric',
  'float8',
  'text',
  'varchar',
  'date',
  'timestamp',
  'timestamptz',
  'interval',
  'uuid',
  'jsonb',
  'bytea',
];

export const TYPE_NAMES: readonly string[] = [...Object.keys(LITERALS), ...ELEMENTS.map((element) => `_${element}`)];

/** Types of columns, the usual ones more often. */
export const COLUMN_TYPES: readonly string[] = [
  ...[
    'int4',
    'int4',
    'int4',
    'int8',
    'int2',
    'numeric',
    'numeric',
    'float8',
    'text',
    'text',
    'text',
    'varchar',
    'date',
    'timestamp',
  ],
  ...[
    'timestamptz',
    'interval',
    'bool',
    'bool',
    'uuid',
    'jsonb',
    'jsonb',
    '_int4',
    '_text',
    'int4range',
    'daterange',
    'bytea',
    'bpchar',
    'float4',
    'time',
  ],
];

/** Types whose values can be sorted. */
const UNORDERED = new Set(['record', 'json', 'jsonpath', 'point', 'lseg', 'box', 'path', 'polygon', 'line', 'circle']);

export function isOrdered(type: string): boolean {
  return !UNORDERED.has(type);
}

/** As a cast writes it. `bit` without a length is one bit, "bit" any number of them. */
export function typeSql(type: string): string {
  if (type.startsWith('_')) return `${typeSql(type.slice(1))}[]`;
  return type === 'char' || type === 'bit' ? `"${type}"` : type;
}

export function quoted(value: string): string {
  return `'${value.replaceAll("''", "'").replaceAll("'", "''")}'`;
}

/** The value as input text; null for NULL. */
export function randomValue(type: string, choice: Choice, isScalar: boolean, nulls = 0.12): string | null {
  if (choice.chance(nulls)) return null;
  if (type.startsWith('_')) return randomArray(type.slice(1), choice);
  if (isScalar && choice.chance(0.1) && LITERALS_ALSO[type] !== undefined) return choice.pick(LITERALS_ALSO[type]);
  if (choice.chance(0.3)) {
    if (type === 'int4' || type === 'int8' || type === 'int2') return String(choice.below(20) - 5);
    if (type === 'numeric') return String((choice.below(4000) - 1000) / 16);
    if (type === 'float8' || type === 'float4') return String((choice.below(400) - 100) / 8);
  }
  return choice.pick(LITERALS[type]!);
}

function randomArray(element: string, choice: Choice): string {
  const values = Array.from({ length: choice.below(4) }, () => {
    const value = randomValue(element, choice, false, 0.15);
    if (value === null) return 'NULL';
    return `"${value.replaceAll("''", "'").replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  });
  return `{${values.join(',')}}`;
}

export function literalSql(type: string, value: string | null): string {
  if (value === null) return `NULL::${typeSql(type)}`;
  if (type === 'bool' && (value === 't' || value === 'f')) return value === 't' ? 'true' : 'false';
  if (type === 'int4' && /^\d+$/.test(value) && Number(value) < 2147483648) return value;
  return `${quoted(value)}::${typeSql(type)}`;
}

/** The shortest literals of a type, for making statements smaller. */
export function simplestLiterals(type: string): string[] {
  const element = type.startsWith('_');
  const values = element ? ['{}'] : LITERALS[type]!.slice(0, 3);
  return [...values.map((value) => literalSql(type, value)), literalSql(type, null)];
}
