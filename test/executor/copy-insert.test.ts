/** COPY FROM stores what INSERT stores, and refuses what INSERT refuses, whatever the table and the form of the fields. */
import { expect } from 'chai';
import fc from 'fast-check';
import { createScratchDatabase, type ScratchDatabase } from '../support/database-target.ts';
import { type Message, serialize, WireClient } from '../support/wire-client.ts';

type Field = string | null;

const TABLES = {
  'of many types':
    '(a int2, b int4, c int8, d float8, e numeric(8,2), f date, g timestamp, h timestamptz(0), i text, j varchar(5), k char(4), l bool, m json, n int[])',
  'with keys': `(a int2, b int4, c int8 UNIQUE, d float8, e numeric(8,2), f date, g timestamp, h timestamptz(0), i text, j varchar(5), k char(4), l bool, m json, n int[],
     UNIQUE (j, k), EXCLUDE USING btree (b WITH =) WHERE (b > 5))`,
  'with checks, defaults and generated columns': `(a int2 NOT NULL, b int4 CHECK (b <> 7), c int8, d float8, e numeric(8,2), f date, g timestamp, h timestamptz(0), i text NOT NULL,
     j varchar(5), k char(4), l bool, m json, n int[], o text DEFAULT 'new', p int GENERATED ALWAYS AS (b + 1) STORED, q serial, CHECK (length(j) < 5))`,
} as const;

const integer = fc.oneof(
  fc.integer({ min: -9, max: 9 }).map(String),
  fc.constantFrom('32768', '-32768', '2147483648', '9007199254740993', '+1', ' 2', '1e1', ''),
);
const decimal = fc.oneof(
  fc.stringMatching(/^-?[0-9]{1,7}(\.[0-9]{1,3})?$/),
  fc.constantFrom('NaN', 'Infinity', '1e2', '-0', '.5'),
);
const moment = fc.constantFrom(
  '2024-02-29',
  '2024-02-30',
  '2024-01-01 10:11:12',
  '2024-01-01 10:11:12.5+02',
  '1999-12-31T23:59:59Z',
  'infinity',
  '0044-03-15 BC',
  '5000-01-01 00:00:00',
);
const text = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      '',
      'x',
      'a b',
      'tab\tand\nline',
      'back\\slash',
      'größe',
      '€uro',
      '"quoted"',
      "'",
      ',',
      'NULL',
      '\\N',
      '\\.',
      '  ',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('y'.repeat(1999), 'z'.repeat(2500), 'ö'.repeat(1500), '0123456789'.repeat(1000)),
  },
);
const short = fc.constantFrom('', 'a', 'ab', 'abc', 'abcd', 'abcde', 'abcdef', 'öäü', 'öäüöä', 'ab   ', 'abcde  ');
const bool = fc.constantFrom('t', 'f', 'true', 'no', '1', 'maybe');
const json = fc.constantFrom('{}', '[1, 2]', '{"a": "b"}', 'x');
const list = fc.constantFrom('{}', '{1,2}', '{NULL}', '{x}');
const orNull = (field: fc.Arbitrary<string>): fc.Arbitrary<Field> => fc.option(field, { nil: null, freq: 12 });
/** Mostly rows that are taken. */
const row = fc.tuple(
  ...[integer, integer, integer, decimal, decimal, moment, moment, moment, text, short, short, bool, json, list].map(
    orNull,
  ),
);

function inText(fields: readonly Field[]): string {
  const escaped = (field: string): string =>
    field.replace(/[\\\t\n\r]/g, (c) => ({ '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' })[c] as string);
  return fields.map((field) => (field === null ? '\\N' : escaped(field))).join('\t');
}

function inCsv(fields: readonly Field[]): string {
  const quoted = (field: string): string =>
    field === '' || field === '\\.' || /[",\n\r]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
  return fields.map((field) => (field === null ? '' : quoted(field))).join(',');
}

describe('COPY FROM stores what INSERT stores', () => {
  let scratch: ScratchDatabase;
  let client: WireClient;

  before(async () => {
    scratch = await createScratchDatabase();
    client = await WireClient.ready(scratch.connection.port as number, { user: 'postgres', database: 'postgres' });
  });
  after(async () => {
    client.close();
    await scratch.drop();
  });

  const answerOf = (messages: readonly Message[]): string => {
    const error = messages.find((m) => m.name === 'error');
    return error === undefined ? 'taken' : [error.code, error.message, error.detail ?? ''].join(' ');
  };
  const copy = async (statement: string, lines: readonly string[]): Promise<string> => {
    const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
    client.send(serialize.query(statement));
    for (let i = 0; i < bytes.length; i += 3000) client.send(serialize.copyData(bytes.subarray(i, i + 3000)));
    client.send(serialize.copyDone());
    return answerOf(await client.untilReady());
  };
  const insert = async (table: string, fields: readonly Field[]): Promise<string> => {
    const values = fields.map((field) => (field === null ? 'NULL' : `'${field.replaceAll("'", "''")}'`)).join(', ');
    return answerOf(await client.query(`INSERT INTO ${table} VALUES (${values})`));
  };
  const stored = async (table: string): Promise<string> => {
    const messages = await client.query(`SELECT * FROM ${table}`);
    return JSON.stringify(messages.filter((m) => m.name === 'dataRow').map((m) => m.fields));
  };

  for (const [name, columns] of Object.entries(TABLES)) {
    it(`in a table ${name}`, async () => {
      const names = 'abcdefghijklmn'.split('').join(', ');
      await fc.assert(
        fc.asyncProperty(fc.array(row, { maxLength: 12 }), async (rows) => {
          await client.query(
            `DROP TABLE IF EXISTS inserted, one, inlines, incsv; ${['inserted', 'one', 'inlines', 'incsv'].map((t) => `CREATE TABLE ${t} ${columns}`).join('; ')}`,
          );
          const taken: (readonly Field[])[] = [];
          for (const fields of rows) {
            const answer = (await insert('inserted', fields)).replaceAll('inserted', 'one');
            const copied = await copy(`COPY one (${names}) FROM STDIN`, [inText(fields)]);
            // One line at a time: the same rows are refused. Which of several bad values is told is not the same.
            if (answer.startsWith('22')) expect(copied).to.match(/^22/);
            else expect(copied).to.equal(answer);
            if (answer === 'taken') taken.push(fields);
          }
          // Refused rows have used up values of sequences in both.
          const wanted = await stored('inserted');
          expect(await stored('one')).to.equal(wanted);
          expect(await copy(`COPY inlines (${names}) FROM STDIN`, taken.map(inText))).to.equal('taken');
          expect(await copy(`COPY incsv (${names}) FROM STDIN (FORMAT csv)`, taken.map(inCsv))).to.equal('taken');
          const inOrder = await client.query(`SELECT ${names} FROM inserted`);
          const values = JSON.stringify(inOrder.filter((m) => m.name === 'dataRow').map((m) => m.fields));
          for (const table of ['inlines', 'incsv']) {
            const found = await client.query(`SELECT ${names} FROM ${table}`);
            expect(JSON.stringify(found.filter((m) => m.name === 'dataRow').map((m) => m.fields)), table).to.equal(
              values,
            );
          }
        }),
        { numRuns: 60 },
      );
    });
  }

  it('refuses what is not UTF-8', async () => {
    await client.query('DROP TABLE IF EXISTS t; CREATE TABLE t (a text, b varchar(9), c char(3))');
    const sends = async (bytes: Buffer): Promise<string> => {
      client.send(serialize.query('COPY t FROM STDIN'), serialize.copyData(bytes), serialize.copyDone());
      return answerOf(await client.untilReady());
    };
    expect(await sends(Buffer.from('a\tb\tc\n\xff\tb\tc\n', 'latin1'))).to.match(/^22021 .*0xff/);
    expect(await sends(Buffer.from('a\tb\xc3\tc\n', 'latin1'))).to.match(/^22021 .*0xc3/);
    expect(await sends(Buffer.from('a\tb\tc\0\n', 'latin1'))).to.match(/^22021 .*0x00/);
    expect(await sends(Buffer.from('a\0\tb\tc\n', 'latin1'))).to.match(/^22021 .*0x00/);
    expect(await stored('t')).to.equal('[]');
  });
});
