/** Types by oid and name, their printed names, modifiers, and what a cast to them cuts. */
import { expect } from 'chai';
import {
  BUILTIN_TYPES,
  baseTypeOid,
  coerceTypmod,
  DEFAULT_FORMAT,
  encodeCharTypmod,
  encodeIntervalTypmod,
  encodeNumericTypmod,
  formatType,
  INTERVAL_DAY,
  INTERVAL_HOUR,
  INTERVAL_MINUTE,
  INTERVAL_SECOND,
  inputText,
  intervalFieldsByName,
  numericPrecision,
  numericScale,
  OID,
  outputText,
  registerType,
  typeByName,
  typeByOid,
} from '../../types/index.ts';
import { answer } from './answers.ts';

describe('types', () => {
  it('are what pg_type has', () => {
    expect(typeByOid(OID.INT4)).to.deep.include({
      name: 'int4',
      displayName: 'integer',
      length: 4,
      byValue: true,
      align: 'i',
      category: 'N',
      preferred: false,
      arrayOid: OID.INT4_ARRAY,
      kind: 'b',
    });
    expect(typeByName('_text')).to.deep.include({ oid: 1009, elementOid: OID.TEXT, category: 'A' });
    expect(typeByName('timestamptz')?.preferred).to.equal(true);
    expect(new Set(BUILTIN_TYPES.map((type) => type.oid)).size).to.equal(BUILTIN_TYPES.length);
    for (const type of BUILTIN_TYPES) {
      if (type.arrayOid !== 0) expect(typeByOid(type.arrayOid)?.elementOid, type.name).to.equal(type.oid);
    }
  });

  it('are printed as format_type prints them', () => {
    const printed: readonly (readonly [number, number | null, string])[] = [
      [OID.INT4, null, 'integer'],
      [OID.VARCHAR, 19, 'character varying(15)'],
      [OID.VARCHAR, -1, 'character varying'],
      [OID.BPCHAR, 9, 'character(5)'],
      [OID.BPCHAR, null, 'character'],
      [OID.BPCHAR, -1, 'bpchar'],
      [OID.BIT, 3, 'bit(3)'],
      [OID.BIT, -1, '"bit"'],
      [OID.CHAR, null, '"char"'],
      [OID.NUMERIC, ((10 << 16) | 2) + 4, 'numeric(10,2)'],
      [OID.NUMERIC, ((10 << 16) | (-6 & 0x7ff)) + 4, 'numeric(10,-6)'],
      [OID.NUMERIC_ARRAY, ((10 << 16) | 2) + 4, 'numeric(10,2)[]'],
      [OID.TIMESTAMP, 3, 'timestamp(3) without time zone'],
      [OID.TIMESTAMPTZ, null, 'timestamp with time zone'],
      [OID.INTERVAL, (4 << 16) | 65535, 'interval year'],
      [OID.INTERVAL, (7176 << 16) | 3, 'interval day to second(3)'],
      [OID.INTERVAL, (32767 << 16) | 3, 'interval(3)'],
      [OID.INT4_ARRAY, -1, 'integer[]'],
      [OID.NAME, null, 'name'],
      [OID.ANY, null, '"any"'],
      [OID.INT8, 5, 'bigint'],
      [0, null, '-'],
      [999999, null, '???'],
    ];
    for (const [oid, typmod, name] of printed) expect(formatType(oid, typmod)).to.equal(name);
  });

  it('encode their modifiers', () => {
    expect(encodeNumericTypmod(10, 2)).to.equal(655366);
    const negative = encodeNumericTypmod(3, -2);
    expect([numericPrecision(negative), numericScale(negative)]).to.deep.equal([3, -2]);
    expect(answer(() => `${encodeNumericTypmod(0, 0)}`)).to.equal(
      'ERROR 22023: NUMERIC precision 0 must be between 1 and 1000',
    );
    expect(answer(() => `${encodeCharTypmod(OID.VARCHAR, 0)}`)).to.equal(
      'ERROR 22023: length for type varchar must be at least 1',
    );
    const fields = INTERVAL_DAY | INTERVAL_HOUR | INTERVAL_MINUTE | INTERVAL_SECOND;
    expect(intervalFieldsByName('day to second')).to.equal(fields);
    expect(encodeIntervalTypmod(fields, 3)).to.equal((7176 << 16) | 3);
    expect(encodeIntervalTypmod(0x7fff, null)).to.equal(-1);
  });
});

describe('a cast with a length', () => {
  it('cuts when it is explicit, and fails on an assignment', () => {
    expect(coerceTypmod(OID.VARCHAR, 7, 'abcdef', true)).to.equal('abc');
    expect(coerceTypmod(OID.VARCHAR, 7, '😀😀😀😀', true)).to.equal('😀😀😀');
    expect(coerceTypmod(OID.BPCHAR, 7, 'abcdef', true)).to.equal('abc');
    expect(coerceTypmod(OID.BIT, 3, '10', true)).to.equal('100');
    expect(answer(() => coerceTypmod(OID.VARCHAR, 7, 'abcdef', false))).to.equal(
      'ERROR 22001: value too long for type character varying(3)',
    );
  });

  it('goes into arrays', () => {
    const array = inputText(OID.NUMERIC_ARRAY, -1, '{1.234,NULL}', DEFAULT_FORMAT);
    const rounded = coerceTypmod(OID.NUMERIC_ARRAY, encodeNumericTypmod(5, 1), array, false);
    expect(outputText(OID.NUMERIC_ARRAY, rounded, DEFAULT_FORMAT)).to.equal('{1.2,NULL}');
  });
});

describe('a domain', () => {
  it('is read as its base type, with its modifier', () => {
    registerType({
      ...(typeByOid(OID.VARCHAR) as NonNullable<ReturnType<typeof typeByOid>>),
      oid: 99003,
      name: 'short',
      displayName: 'short',
      kind: 'd',
      baseOid: OID.VARCHAR,
      baseTypmod: 7,
    });
    expect(baseTypeOid(99003)).to.equal(OID.VARCHAR);
    expect(inputText(99003, -1, 'abc', DEFAULT_FORMAT)).to.equal('abc');
    expect(answer(() => inputText(99003, -1, 'abcd', DEFAULT_FORMAT))).to.equal(
      'ERROR 22001: value too long for type character varying(3)',
    );
  });
});

describe('a type that is not there', () => {
  it('says so', () => {
    expect(answer(() => inputText(OID.PG_MCV_LIST, -1, 'x', DEFAULT_FORMAT))).to.equal(
      'ERROR 0A000: cannot accept a value of type pg_mcv_list',
    );
    expect(answer(() => inputText(OID.ANYELEMENT, -1, 'x', DEFAULT_FORMAT))).to.equal(
      'ERROR 0A000: cannot accept a value of type anyelement',
    );
  });
});
