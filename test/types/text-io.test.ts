/** Every type's text is read and written as PostgreSQL does it, errors included, under every setting that matters. */
import { expect } from 'chai';
import { DEFAULT_FORMAT, type FormatSettings, inputText, OID, outputText } from '../../types/index.ts';
import { answer } from './answers.ts';
import * as arrays from './expected/arrays.ts';
import * as datetime from './expected/datetime.ts';
import * as interval from './expected/interval.ts';
import * as json from './expected/json.ts';
import * as scalars from './expected/scalars.ts';

type Case = readonly [input: string, expected: string];

function cases(title: string, typeOid: number, table: readonly Case[], changes: Partial<FormatSettings> = {}): void {
  const settings: FormatSettings = { ...DEFAULT_FORMAT, ...changes };
  describe(title, () => {
    for (const [text, expected] of table) {
      it(`${JSON.stringify(text)} is ${expected}`, () => {
        expect(answer(() => outputText(typeOid, inputText(typeOid, -1, text, settings), settings))).to.equal(expected);
      });
    }
  });
}

describe('text in and out', () => {
  cases('numeric', OID.NUMERIC, scalars.NUMERICS);
  cases('integer', OID.INT4, scalars.INT4S);
  cases('bigint', OID.INT8, scalars.INT8S);
  cases('double precision', OID.FLOAT8, scalars.FLOAT8S);
  cases('real', OID.FLOAT4, scalars.FLOAT4S);
  cases('double precision, extra_float_digits 0', OID.FLOAT8, scalars.FLOAT8S_ROUNDED, { extraFloatDigits: 0 });
  cases('uuid', OID.UUID, scalars.UUIDS);
  cases('bytea', OID.BYTEA, scalars.BYTEAS);
  cases('bytea, escape', OID.BYTEA, scalars.BYTEAS_ESCAPE, { byteaOutput: 'escape' });
  cases('pg_lsn', OID.PG_LSN, scalars.LSNS);
  cases('integer[]', OID.INT4_ARRAY, arrays.INT4_ARRAYS);
  cases('text[]', OID.TEXT_ARRAY, arrays.TEXT_ARRAYS);
  cases('json', OID.JSON, json.JSONS);
  cases('jsonb', OID.JSONB, json.JSONBS);
  cases('date', OID.DATE, datetime.DATES);
  cases('date, SQL DMY', OID.DATE, datetime.DATES_DMY, { dateStyle: 'SQL', dateOrder: 'DMY' });
  cases('date, ISO YMD', OID.DATE, datetime.DATES_YMD, { dateOrder: 'YMD' });
  cases('timestamp', OID.TIMESTAMP, datetime.TIMESTAMPS);
  const timeZone = 'America/New_York';
  cases('timestamptz in New York', OID.TIMESTAMPTZ, datetime.TIMESTAMPTZ_NEW_YORK, { timeZone });
  cases('timestamptz, Postgres MDY', OID.TIMESTAMPTZ, datetime.TIMESTAMPTZ_POSTGRES, {
    timeZone,
    dateStyle: 'Postgres',
  });
  cases('timestamptz, German', OID.TIMESTAMPTZ, datetime.TIMESTAMPTZ_GERMAN, { dateStyle: 'German', dateOrder: 'DMY' });
  cases('time', OID.TIME, datetime.TIMES);
  cases('timetz', OID.TIMETZ, datetime.TIMETZ);
  cases('interval, postgres', OID.INTERVAL, interval.INTERVALS_POSTGRES);
  cases('interval, postgres_verbose', OID.INTERVAL, interval.INTERVALS_POSTGRES_VERBOSE, {
    intervalStyle: 'postgres_verbose',
  });
  cases('interval, sql_standard', OID.INTERVAL, interval.INTERVALS_SQL_STANDARD, { intervalStyle: 'sql_standard' });
  cases('interval, iso_8601', OID.INTERVAL, interval.INTERVALS_ISO_8601, { intervalStyle: 'iso_8601' });
});

describe('words for the present', () => {
  // 2024-03-10 06:30 UTC, half an hour before clocks go forward in New York, where it is still 01:30.
  const settings: FormatSettings = { ...DEFAULT_FORMAT, timeZone: 'America/New_York', now: 763_367_400_000_000 };
  const read = (oid: number, text: string): string => outputText(oid, inputText(oid, -1, text, settings), settings);

  it('now is the start of the transaction, on the session clock', () => {
    expect(read(OID.TIMESTAMPTZ, 'now')).to.equal('2024-03-10 01:30:00-05');
    expect(read(OID.TIMESTAMP, 'now')).to.equal('2024-03-10 01:30:00');
    expect(read(OID.TIME, 'now')).to.equal('01:30:00');
  });

  it('today, tomorrow and yesterday begin at midnight there', () => {
    expect(read(OID.DATE, 'today')).to.equal('2024-03-10');
    expect(read(OID.TIMESTAMPTZ, 'tomorrow')).to.equal('2024-03-11 00:00:00-04');
    expect(read(OID.TIMESTAMP, 'yesterday 04:05')).to.equal('2024-03-09 04:05:00');
  });

  it('a time without a zone means the session zone, with the offset of today', () => {
    expect(read(OID.TIMETZ, '04:05:06')).to.equal('04:05:06-04');
  });
});

describe('settings of types', () => {
  const F = DEFAULT_FORMAT;
  const read = (oid: number, typmod: number, text: string): string =>
    answer(() => outputText(oid, inputText(oid, typmod, text, F), F));

  it('numeric(5,2) rounds, and refuses what has more digits', () => {
    const typmod = ((5 << 16) | 2) + 4;
    expect(read(OID.NUMERIC, typmod, '123.455')).to.equal('123.46');
    expect(read(OID.NUMERIC, typmod, '999.995')).to.equal(
      'ERROR 22003: numeric field overflow / A field with precision 5, scale 2 must round to an absolute value less than 10^3.',
    );
    expect(read(OID.NUMERIC, typmod, 'Infinity')).to.equal(
      'ERROR 22003: numeric field overflow / A field with precision 5, scale 2 cannot hold an infinite value.',
    );
    expect(read(OID.NUMERIC, typmod, 'NaN')).to.equal('NaN');
  });

  it('varchar(3) and char(3) count characters, and cut only blanks', () => {
    expect(read(OID.VARCHAR, 7, 'äöü  ')).to.equal('äöü');
    expect(read(OID.VARCHAR, 7, 'abcd')).to.equal('ERROR 22001: value too long for type character varying(3)');
    expect(read(OID.BPCHAR, 7, 'a')).to.equal('a  ');
    expect(read(OID.BPCHAR, 7, '😀b')).to.equal('😀b ');
    expect(read(OID.BPCHAR, 7, 'abcd')).to.equal('ERROR 22001: value too long for type character(3)');
  });

  it('timestamp(0) rounds half away from its zero, the year 2000', () => {
    expect(read(OID.TIMESTAMP, 0, '2001-01-08 04:05:06.5')).to.equal('2001-01-08 04:05:07');
    expect(read(OID.TIMESTAMP, 0, '1999-01-08 04:05:06.5')).to.equal('1999-01-08 04:05:06');
    expect(read(OID.TIME, 3, '23:59:59.9999')).to.equal('24:00:00');
  });

  it('interval year to month keeps no days', () => {
    expect(read(OID.INTERVAL, (6 << 16) | 0xffff, '1 year 2 mons 3 days')).to.equal('1 year 2 mons');
    expect(read(OID.INTERVAL, (4 << 16) | 0xffff, '10')).to.equal('10 years');
  });

  it('bit(3) wants three bits', () => {
    expect(read(OID.BIT, 3, '101')).to.equal('101');
    expect(read(OID.BIT, 3, '10')).to.equal('ERROR 22026: bit string length 2 does not match type bit(3)');
    expect(read(OID.VARBIT, 3, 'x1')).to.equal('ERROR 22001: bit string too long for type bit varying(3)');
  });
});
