/** Scalar types. Texts and what PostgreSQL 15 answers: the value's text, or its error. */
export type Case = readonly [input: string, expected: string];

export const NUMERICS: readonly Case[] = [
  ['0', '0'],
  ['-0', '0'],
  ['1.50', '1.50'],
  ['.5', '0.5'],
  ['5.', '5'],
  ['-0.0001', '-0.0001'],
  [' 12 ', '12'],
  ['1e5', '100000'],
  ['1.5e-3', '0.0015'],
  ['1E+2', '100'],
  ['NaN', 'NaN'],
  ['infinity', 'Infinity'],
  ['-Inf', '-Infinity'],
  ['+inf', 'Infinity'],
  ['abc', 'ERROR 22P02: invalid input syntax for type numeric: "abc"'],
  ['', 'ERROR 22P02: invalid input syntax for type numeric: ""'],
  ['1e', 'ERROR 22P02: invalid input syntax for type numeric: "1e"'],
  ['1.2.3', 'ERROR 22P02: invalid input syntax for type numeric: "1.2.3"'],
  ['--1', 'ERROR 22P02: invalid input syntax for type numeric: "--1"'],
  ['12345678901234567890.123', '12345678901234567890.123'],
  ['0.000000000000000000001', '0.000000000000000000001'],
  ['1e131072', 'ERROR 22003: value overflows numeric format'],
  ['1e131071x', 'ERROR 22P02: invalid input syntax for type numeric: "1e131071x"'],
  ['9007199254740993', '9007199254740993'],
];

export const INT4S: readonly Case[] = [
  ['0', '0'],
  ['-2147483648', '-2147483648'],
  ['2147483647', '2147483647'],
  ['2147483648', 'ERROR 22003: value "2147483648" is out of range for type integer'],
  [' 42 ', '42'],
  ['+7', '7'],
  ['4.0', 'ERROR 22P02: invalid input syntax for type integer: "4.0"'],
  ['abc', 'ERROR 22P02: invalid input syntax for type integer: "abc"'],
  ['', 'ERROR 22P02: invalid input syntax for type integer: ""'],
  ['99999999999999999999x', 'ERROR 22003: value "99999999999999999999x" is out of range for type integer'],
  ['12x', 'ERROR 22P02: invalid input syntax for type integer: "12x"'],
  ['- 1', 'ERROR 22P02: invalid input syntax for type integer: "- 1"'],
];

export const INT8S: readonly Case[] = [
  ['9223372036854775807', '9223372036854775807'],
  ['-9223372036854775808', '-9223372036854775808'],
  ['9223372036854775808', 'ERROR 22003: value "9223372036854775808" is out of range for type bigint'],
  ['9007199254740993', '9007199254740993'],
  ['-9007199254740993', '-9007199254740993'],
  ['12x', 'ERROR 22P02: invalid input syntax for type bigint: "12x"'],
  ['99999999999999999999x', 'ERROR 22003: value "99999999999999999999x" is out of range for type bigint'],
  ['', 'ERROR 22P02: invalid input syntax for type bigint: ""'],
];

export const FLOAT8S: readonly Case[] = [
  ['0', '0'],
  ['-0', '-0'],
  ['1.5', '1.5'],
  ['1e15', '1e+15'],
  ['123456789012345678', '1.2345678901234568e+17'],
  ['1e-5', '1e-05'],
  ['0.0001', '0.0001'],
  ['1e300', '1e+300'],
  ['1e400', 'ERROR 22003: "1e400" is out of range for type double precision'],
  ['1e-400', 'ERROR 22003: "1e-400" is out of range for type double precision'],
  ['5e-324', '5e-324'],
  ['NaN', 'NaN'],
  ['-Infinity', '-Infinity'],
  ['inf', 'Infinity'],
  ['abc', 'ERROR 22P02: invalid input syntax for type double precision: "abc"'],
  ['.5', '0.5'],
  ['5.', '5'],
  ['0.1', '0.1'],
  ['1e14', '100000000000000'],
  ['100000000000000000000', '1e+20'],
  ['0x1p3', '8'],
  ['-30712243632521470', '-3.0712243632521472e+16'],
  ['9007199254740993', '9.007199254740992e+15'],
  ['36028797018963970', '3.602879701896397e+16'],
  ['2251799813685248.5', '2.2517998136852485e+15'],
  ['4503599627370496.5', '4.503599627370496e+15'],
];

export const FLOAT4S: readonly Case[] = [
  ['0.1', '0.1'],
  ['1e6', '1e+06'],
  ['123456', '123456'],
  ['1234567', '1.234567e+06'],
  ['1e-45', '1e-45'],
  ['3.4028235e38', '3.4028235e+38'],
  ['1e39', 'ERROR 22003: "1e39" is out of range for type real'],
  ['1e-46', 'ERROR 22003: "1e-46" is out of range for type real'],
  ['16777217', '1.6777216e+07'],
  ['341775.625', '341775.62'],
  ['42340528', '4.2340528e+07'],
  ['-747944832', '-7.4794483e+08'],
  ['3876216.25', '3.8762162e+06'],
  ['-0', '-0'],
  ['NaN', 'NaN'],
  ['1e5', '100000'],
  ['0.0001', '0.0001'],
  ['0.00001', '1e-05'],
];

export const FLOAT8S_ROUNDED: readonly Case[] = [
  ['0.1', '0.1'],
  ['1e15', '1e+15'],
  ['123456789012345678', '1.23456789012346e+17'],
  ['0.30000000000000004', '0.3'],
  ['1e-5', '1e-05'],
  ['100', '100'],
  ['3.14159265358979', '3.14159265358979'],
  ['277869251448078.5', '277869251448078'],
  ['10021032022343.25', '10021032022343.2'],
  ['10021032022343.75', '10021032022343.8'],
];

export const UUIDS: readonly Case[] = [
  ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  ['A0EEBC999C0B4EF8BB6D6BB9BD380A11', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  ['{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  ['a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  [
    '{a0eebc999c0b4ef8bb6d6bb9bd380a11',
    'ERROR 22P02: invalid input syntax for type uuid: "{a0eebc999c0b4ef8bb6d6bb9bd380a11"',
  ],
  ['a', 'ERROR 22P02: invalid input syntax for type uuid: "a"'],
  [
    'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g',
    'ERROR 22P02: invalid input syntax for type uuid: "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g"',
  ],
];

export const BYTEAS: readonly Case[] = [
  ['\\x00ff', '\\x00ff'],
  ['\\xDE AD', '\\xdead'],
  ['\\xzz', 'ERROR 22023: invalid hexadecimal digit: "z"'],
  ['\\x123', 'ERROR 22023: invalid hexadecimal data: odd number of digits'],
  ['abc', '\\x616263'],
  ['a\\\\b', '\\x615c62'],
  ['\\000\\377', '\\x00ff'],
  ['\\12', 'ERROR 22P02: invalid input syntax for type bytea'],
  ['\\x', '\\x'],
  ['é', '\\xc3a9'],
];

export const BYTEAS_ESCAPE: readonly Case[] = [
  ['\\x00ff', '\\000\\377'],
  ['\\xDE AD', '\\336\\255'],
  ['\\xzz', 'ERROR 22023: invalid hexadecimal digit: "z"'],
  ['\\x123', 'ERROR 22023: invalid hexadecimal data: odd number of digits'],
  ['abc', 'abc'],
  ['a\\\\b', 'a\\\\b'],
  ['\\000\\377', '\\000\\377'],
  ['\\12', 'ERROR 22P02: invalid input syntax for type bytea'],
  ['\\x', ''],
  ['é', '\\303\\251'],
];

export const LSNS: readonly Case[] = [
  ['0/0', '0/0'],
  ['16/B374D848', '16/B374D848'],
  ['ffffffff/ffffffff', 'FFFFFFFF/FFFFFFFF'],
  ['1', 'ERROR 22P02: invalid input syntax for type pg_lsn: "1"'],
  ['1/', 'ERROR 22P02: invalid input syntax for type pg_lsn: "1/"'],
  ['G/0', 'ERROR 22P02: invalid input syntax for type pg_lsn: "G/0"'],
];
