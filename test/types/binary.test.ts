/** The wire's binary format, byte for byte, and what happens to bytes that are not it. */
import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import {
  DEFAULT_FORMAT,
  inputBinary,
  inputText,
  OID,
  outputBinary,
  outputText,
  SqlRecord,
  typeByName,
} from '../../types/index.ts';
import { answer } from './answers.ts';
import { BINARY } from './expected/binary.ts';

function oidOf(name: string): number {
  const element = name.endsWith('[]') ? `_${name.slice(0, -2)}` : name.replaceAll('"', '');
  return typeByName(element)?.oid ?? 0;
}

describe('binary in and out', () => {
  for (const [type, text, hex] of BINARY) {
    it(`${type} ${text}`, () => {
      const oid = oidOf(type);
      const value = inputText(oid, -1, text, DEFAULT_FORMAT);
      const bytes = outputBinary(oid, value);
      expect(Buffer.from(bytes).toString('hex')).to.equal(hex);
      const back = inputBinary(oid, -1, bytes);
      expect(outputText(oid, back, DEFAULT_FORMAT)).to.equal(outputText(oid, value, DEFAULT_FORMAT));
    });
  }

  it('a row carries the types of its fields', () => {
    const bytes = outputBinary(OID.RECORD, new SqlRecord([OID.INT4, OID.TEXT], [7, null]));
    expect(Buffer.from(bytes).toString('hex')).to.equal(
      '00000002' + '0000001700000004' + '00000007' + '00000019ffffffff',
    );
  });

  const receive = (oid: number, hex: string): string =>
    answer(() => outputText(oid, inputBinary(oid, -1, Buffer.from(hex, 'hex')), DEFAULT_FORMAT));

  it('too few bytes are a protocol error', () => {
    expect(receive(OID.INT4, '000001')).to.equal('ERROR 08P01: insufficient data left in message');
    expect(receive(OID.INT4_ARRAY, '00000001')).to.equal('ERROR 08P01: insufficient data left in message');
  });

  it('too many bytes are an incorrect format', () => {
    expect(receive(OID.INT4, '0000000100')).to.equal('ERROR 22P03: incorrect binary data format');
  });

  it('text must be UTF-8 without zeros', () => {
    expect(receive(OID.TEXT, '61ff')).to.equal('ERROR 22021: invalid byte sequence for encoding "UTF8": 0xff');
    expect(receive(OID.TEXT, '6100')).to.equal('ERROR 22021: invalid byte sequence for encoding "UTF8": 0x00');
    expect(receive(OID.TEXT, 'c328')).to.equal('ERROR 22021: invalid byte sequence for encoding "UTF8": 0xc3 0x28');
    expect(receive(OID.TEXT, 'eda080')).to.equal(
      'ERROR 22021: invalid byte sequence for encoding "UTF8": 0xed 0xa0 0x80',
    );
    expect(receive(OID.TEXT, '61e282')).to.equal('ERROR 22021: invalid byte sequence for encoding "UTF8": 0xe2 0x82');
  });

  it('numeric checks its digits', () => {
    expect(receive(OID.NUMERIC, '0001000000002710' + '2710')).to.equal(
      'ERROR 22P03: invalid digit in external "numeric" value',
    );
    expect(receive(OID.NUMERIC, '0000000012340000')).to.equal('ERROR 22P03: invalid sign in external "numeric" value');
  });

  it('an array must be of the right elements', () => {
    expect(receive(OID.INT4_ARRAY, '000000000000000000000019')).to.equal(
      'ERROR 42804: binary data has array element type 25 (text) instead of expected 23 (integer)',
    );
    expect(receive(OID.INT4_ARRAY, '00000007' + '0000000000000017')).to.equal(
      'ERROR 54000: number of array dimensions (7) exceeds the maximum allowed (6)',
    );
  });
});
