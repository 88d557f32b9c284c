/** Random texts of small languages that functions read: regular expressions, LIKE, formats of to_char, jsonpath, numbers, dates. */
import type { Choice } from './choice.ts';

function many(choice: Choice, most: number, make: () => string, separator = ''): string {
  return Array.from({ length: 1 + choice.below(most) }, make).join(separator);
}

const ATOMS = [
  ...[
    'a',
    'b',
    'c',
    'ab',
    '.',
    '\\d',
    '\\w',
    '\\s',
    '\\W',
    '\\D',
    '[abc]',
    '[^a]',
    '[a-c]',
    '[[:alpha:]]',
    '[[:digit:]x]',
    '[[:space:]]',
  ],
  ...[
    '\\m',
    '\\M',
    '\\y',
    '\\A',
    '\\Z',
    '^',
    '$',
    '\\.',
    '\\\\',
    'x',
    '1',
    ' ',
    'ä',
    '[]a]',
    '[a-]',
    '\\n',
    '\\x61',
    '\\u0062',
    '[[:<:]]',
    '[[=a=]]',
    '[[.hyphen.]]',
  ],
];
const QUANTIFIERS = ['*', '+', '?', '*?', '+?', '??', '{2}', '{1,2}', '{0,1}?', '{2,}', '{,2}', '{3,1}', '{0}'];

export function randomRegex(choice: Choice, depth = 2): string {
  const piece = (): string => {
    const atom =
      depth > 0 && choice.chance(0.25)
        ? `${choice.pick(['(', '(', '(?:', '(?=', '(?!', '(?<=', '(?<!'])}${randomRegex(choice, depth - 1)})`
        : choice.chance(0.04)
          ? `\\${1 + choice.below(2)}`
          : choice.pick(ATOMS);
    return choice.chance(0.3) ? atom + choice.pick(QUANTIFIERS) : atom;
  };
  const branch = (): string => many(choice, 3, piece);
  const body = choice.chance(0.25) ? many(choice, 3, branch, '|') : branch();
  if (depth < 2 || !choice.chance(0.08)) return body;
  return choice.pick(['(?i)', '***=', '***:', '(?x)', '(?n)', '(?q)', '(?s)', '(?w)', '(?z)']) + body;
}

const TEXT_PIECES = [
  'a',
  'b',
  'c',
  'ab',
  'x',
  '1',
  '23',
  ' ',
  'ä',
  'A',
  'B',
  '.',
  '-',
  '_',
  '%',
  '\n',
  '\\',
  'ß',
  '日',
  ',',
  '(',
  ')',
];

export function randomText(choice: Choice): string {
  if (choice.chance(0.06)) return '';
  return many(choice, 7, () => choice.pick(TEXT_PIECES));
}

export function randomLike(choice: Choice): string {
  return many(choice, 5, () =>
    choice.pick(['%', '_', 'a', 'b', 'ab', '\\%', '\\_', '\\\\', '%%', '_%', '!', 'ä', '1']),
  );
}

export function randomSimilar(choice: Choice): string {
  return many(choice, 4, () =>
    choice.pick([
      '%',
      '_',
      'a',
      'b',
      '(a|b)',
      '[ab]',
      'a*',
      'b+',
      'a?',
      '(ab){2}',
      '|',
      '\\%',
      '[^a]%',
      '#%',
      '[[:digit:]]',
      '.',
      '^',
      '$',
    ]),
  );
}

const TIME_TOKENS = [
  ...[
    'YYYY',
    'YYY',
    'YY',
    'Y',
    'Y,YYY',
    'IYYY',
    'IYY',
    'IY',
    'I',
    'MM',
    'MON',
    'Mon',
    'mon',
    'MONTH',
    'Month',
    'month',
    'RM',
    'rm',
  ],
  ...['DD', 'DDD', 'IDDD', 'D', 'ID', 'DY', 'Dy', 'dy', 'DAY', 'Day', 'day', 'WW', 'W', 'IW', 'CC', 'J', 'Q'],
  ...[
    'HH',
    'HH12',
    'HH24',
    'MI',
    'SS',
    'SSSS',
    'SSSSS',
    'MS',
    'US',
    'FF1',
    'FF2',
    'FF3',
    'FF4',
    'FF5',
    'FF6',
    'AM',
    'am',
    'P.M.',
    'p.m.',
    'BC',
    'ad',
    'A.D.',
  ],
  ...['TZ', 'tz', 'TZH', 'TZM', 'OF'],
];

export function randomTimeFormat(choice: Choice): string {
  const token = (): string => {
    const prefix = choice.chance(0.15) ? choice.pick(['FM', 'TM', 'FX']) : '';
    const suffix = choice.chance(0.1) ? choice.pick(['th', 'TH', 'SP']) : '';
    return prefix + choice.pick(TIME_TOKENS) + suffix;
  };
  return many(choice, 5, token, choice.pick([' ', '-', ':', '', '/', '.', ' "x" ', 'T', '\\"', ',']));
}

export function randomNumberFormat(choice: Choice): string {
  const token = (): string =>
    choice.pick([
      '9',
      '99',
      '0',
      '00',
      '9',
      '9',
      '0',
      '.',
      'D',
      ',',
      'G',
      'S',
      'MI',
      'PL',
      'SG',
      'PR',
      'L',
      'V9',
      'TH',
      'th',
      'FM',
      'RN',
      'rn',
      'B',
      'EEEE',
      '"a"',
      ' ',
      '$',
      'x',
    ]);
  return choice.chance(0.5)
    ? `${choice.pick(['', 'FM', 'S', 'MI', 'L', 'SG', 'PL'])}${many(choice, 4, () => choice.pick(['9', '0', '99', ',9']))}${choice.chance(0.6) ? `${choice.pick(['.', 'D'])}${many(choice, 3, () => choice.pick(['9', '0']))}` : ''}${choice.pick(['', '', '', 'S', 'MI', 'PR', 'th', 'EEEE', 'PL', 'SG'])}`
    : many(choice, 6, token);
}

export function randomNumber(choice: Choice): string {
  const digits = (most: number): string => many(choice, most, () => String(choice.below(10)));
  const form = choice.below(12);
  const sign = choice.chance(0.3) ? '-' : '';
  if (form === 0)
    return choice.pick(['NaN', 'Infinity', '-Infinity', '0', '0.0', '-0.000', '1', '1e-1000', '1e1000', '9e131071']);
  if (form < 4) return `${sign}${digits(5)}`;
  if (form < 8) return `${sign}${digits(4)}.${digits(6)}`;
  if (form < 10) return `${sign}0.${'0'.repeat(choice.below(12))}${digits(9)}`;
  return `${sign}${digits(30)}${choice.chance(0.5) ? `.${digits(20)}` : ''}${choice.chance(0.2) ? `e${choice.below(60) - 30}` : ''}`;
}

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'EST',
  'CEST',
  '+03',
  '-04:30',
  'EST5EDT',
  'Africa/Casablanca',
  'America/St_Johns',
  'Zulu',
  'UTC+2',
  '<+05>-5',
  'Europe/London',
];

export function randomZone(choice: Choice): string {
  return choice.pick(ZONES);
}

export function randomDate(choice: Choice): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const form = choice.below(14);
  if (form === 0)
    return choice.pick([
      'infinity',
      '-infinity',
      'epoch',
      '4713-01-01 BC',
      '5874897-12-31',
      '294276-12-31',
      '0001-01-01 BC',
      '2000-02-30',
      '1900-02-29',
    ]);
  const year = choice.pick([
    1582, 1893, 1900, 1916, 1945, 1969, 1970, 1980, 1999, 2000, 2004, 2011, 2016, 2020, 2023, 2024, 2037, 2038, 2100,
    9999,
  ]);
  const [month, day] = [1 + choice.below(12), 1 + choice.below(choice.chance(0.1) ? 33 : 28)];
  if (form === 1) return `${year}${two(month)}${two(day)}`;
  if (form === 2) return `${choice.pick(['Jan', 'feb', 'March', 'SEPT', 'Dec'])} ${day}, ${year}`;
  if (form === 3) return `${month}/${day}/${year}`;
  if (form === 4) return `${day}-${choice.pick(['Jan', 'Jun', 'Nov'])}-${two(year % 100)}`;
  if (form === 5) return `${year}.${two(1 + choice.below(366))}`;
  return `${year}-${two(month)}-${two(day)}`;
}

export function randomTime(choice: Choice): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const clock = `${two(choice.below(24))}:${two(choice.below(60))}:${two(choice.below(60))}`;
  const form = choice.below(10);
  if (form === 0)
    return choice.pick([
      '24:00:00',
      '23:59:60',
      'allballs',
      '12:00 AM',
      '00:30 PM',
      '1:2',
      '040506',
      '25:00',
      '04:05:06.1234567',
      'noon',
    ]);
  if (form < 3) return `${clock}.${choice.below(1000000)}`;
  if (form === 3) return `${two(1 + choice.below(12))}:${two(choice.below(60))} ${choice.pick(['am', 'PM'])}`;
  return clock;
}

export function randomTimestamp(choice: Choice): string {
  const zone = choice.chance(0.35)
    ? ` ${choice.pick([randomZone(choice), 'Z', '+02', '-0330', '+14:00', 'PST', 'EST'])}`
    : '';
  return `${randomDate(choice)}${choice.chance(0.85) ? ` ${randomTime(choice)}` : ''}${zone}${choice.chance(0.04) ? ' BC' : ''}`;
}

export function randomInterval(choice: Choice): string {
  const n = (): string =>
    choice.pick(['1', '2', '-3', '0.5', '-1.25', '12', '100', '1.0000005', '40', '-0', '1e2', '999999999']);
  const form = choice.below(9);
  if (form === 0)
    return `P${choice.pick(['1Y', '-2M', '3D', '1Y2M3D', '2W', '0001-02-03', ''])}${choice.chance(0.6) ? `T${choice.pick(['4H', '-5M', '6.5S', '4H5M6S', '04:05:06', ''])}` : ''}`;
  if (form === 1)
    return `${choice.pick(['1-2', '-1-2', '+0-11', '1-13'])} ${choice.pick(['', '3', '-3'])} ${choice.pick(['', '4:05:06', '-4:05', '+00:00:01.5'])}`;
  const unit = (): string =>
    choice.pick([
      'year',
      'mons',
      'day',
      'days',
      'h',
      'hour',
      'min',
      'm',
      'sec',
      's',
      'ms',
      'us',
      'week',
      'decade',
      'century',
      'mil',
      'millisecond',
      'y',
      'd',
      'quarter',
      'fortnight',
      'usec',
    ]);
  const clock = choice.chance(0.3) ? ` ${choice.pick(['04:05:06', '-00:00:01', '100:00:00', '1:2', '-1:02.5'])}` : '';
  return `${choice.chance(0.1) ? '@ ' : ''}${many(choice, 3, () => `${n()} ${unit()}`, ' ')}${clock}${choice.chance(0.15) ? ' ago' : ''}`;
}

export function randomJsonpath(choice: Choice): string {
  const step = (): string =>
    choice.pick([
      '.a',
      '.b',
      '."c"',
      '.*',
      '[*]',
      '[0]',
      '[last]',
      '[0 to 1]',
      '[1, 0]',
      '[last - 1]',
      '.**',
      '.**{1}',
      '.**{1 to last}',
      '.size()',
      '.type()',
      '.keyvalue()',
      '.double()',
      '.abs()',
      '.floor()',
      '.ceiling()',
      '.datetime()',
      '[$.a]',
      '[-1]',
    ]);
  const value = (): string =>
    choice.pick(['1', '2', '"b"', 'null', 'true', '@.a', '@', '$.a', '"2020-01-01"', '1.5', '@.size()', '$x']);
  const predicate = (depth: number): string => {
    const form = choice.below(depth > 0 ? 9 : 5);
    if (form === 0) return `exists(@${step()})`;
    if (form === 1)
      return `@ like_regex "${choice.pick(['^a', 'b$', '.', '[ab]'])}"${choice.pick(['', ' flag "i"', ' flag "q"'])}`;
    if (form === 2) return `@${choice.chance(0.5) ? step() : ''} starts with "a"`;
    if (form < 5)
      return `@${choice.chance(0.6) ? step() : ''} ${choice.pick(['==', '!=', '<', '<=', '>', '>=', '<>'])} ${value()}`;
    if (form === 5) return `!(${predicate(depth - 1)})`;
    if (form === 6) return `(${predicate(depth - 1)}) is unknown`;
    return `${predicate(depth - 1)} ${choice.pick(['&&', '||'])} ${predicate(depth - 1)}`;
  };
  const filter = (): string => (choice.chance(0.35) ? ` ? (${predicate(1)})` : '');
  const path = (): string =>
    `$${choice.chance(0.9) ? many(choice, 3, step) : ''}${filter()}${choice.chance(0.15) ? step() : ''}`;
  const mode = choice.pick(['', '', '', 'strict ', 'lax ']);
  const form = choice.below(8);
  if (form === 0)
    return `${mode}${path()} ${choice.pick(['+', '-', '*', '/', '%'])} ${choice.pick(['1', path(), '0'])}`;
  if (form === 1) return `${mode}${choice.pick(['-', '+'])}${path()}`;
  if (form === 2)
    return `${mode}${path()} ${choice.pick(['==', '>', '<='])} ${choice.pick(['1', '"a"', 'null', path()])}`;
  return mode + path();
}

export function randomJson(choice: Choice, depth = 2): string {
  if (depth === 0 || choice.chance(0.3))
    return choice.pick([
      'null',
      'true',
      'false',
      '0',
      '1',
      '2',
      '-1.50',
      '1e2',
      '"a"',
      '"b"',
      '"abc"',
      '"2020-01-01"',
      '""',
      '"ä\\n"',
      '100000000000000000000',
      '"1"',
    ]);
  const inner = (): string => randomJson(choice, depth - 1);
  if (choice.chance(0.5)) return `[${choice.chance(0.15) ? '' : many(choice, 3, inner, choice.pick([', ', ',']))}]`;
  return `{${choice.chance(0.1) ? '' : many(choice, 3, () => `"${choice.pick(['a', 'b', 'c', 'aa', ''])}": ${inner()}`, ', ')}}`;
}
