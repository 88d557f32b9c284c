/** Time zones: the tz database's names, abbreviations, POSIX forms, and the hours that clocks skip or show twice. */
import { expect } from 'chai';
import { DEFAULT_FORMAT, inputText, OID, zoneByArgument, zoneByName } from '../../types/index.ts';
import { answer } from './answers.ts';

const moment = (text: string): number => inputText(OID.TIMESTAMP, -1, text, DEFAULT_FORMAT);

describe('a time zone', () => {
  it('is found whatever the case of its name', () => {
    expect(zoneByName('america/new_york')?.name).to.equal('America/New_York');
    expect(zoneByName('UTC')?.fixedOffset).to.equal(0);
    expect(zoneByName('Nowhere/City')).to.equal(undefined);
    expect(zoneByName('PST')).to.equal(undefined);
  });

  it('may be a POSIX form, whose sign counts westwards', () => {
    expect(zoneByName('UTC+3')?.fixedOffset).to.equal(-10800);
    expect(zoneByName('<+05>-05')?.fixedOffset).to.equal(18000);
    expect(zoneByName('Etc/GMT+5')?.fixedOffset).to.equal(-18000);
  });

  it('knows its offset at any moment', () => {
    const berlin = zoneByName('Europe/Berlin');
    expect(berlin?.offsetAt(moment('2024-01-01'))).to.equal(3600);
    expect(berlin?.offsetAt(moment('2024-07-01'))).to.equal(7200);
    expect(berlin?.offsetAt(moment('2024-03-31 00:59:59.999999'))).to.equal(3600);
    expect(berlin?.offsetAt(moment('2024-03-31 01:00:00'))).to.equal(7200);
    expect(berlin?.offsetAt(moment('9999-07-01'))).to.equal(7200);
    expect(berlin?.offsetAt(moment('1500-01-01'))).to.equal(3208);
    expect(berlin?.offsetAt(moment('0100-01-01 BC'))).to.equal(3208);
  });

  it('reads an hour that is skipped with the offset before, one that comes twice with the offset after', () => {
    const newYork = zoneByName('America/New_York');
    expect(newYork?.offsetOfLocal(moment('2024-03-10 01:59:59'))).to.equal(-18000);
    expect(newYork?.offsetOfLocal(moment('2024-03-10 02:30'))).to.equal(-18000);
    expect(newYork?.offsetOfLocal(moment('2024-03-10 03:00'))).to.equal(-14400);
    expect(newYork?.offsetOfLocal(moment('2024-11-03 00:59:59'))).to.equal(-14400);
    expect(newYork?.offsetOfLocal(moment('2024-11-03 01:30'))).to.equal(-18000);
  });

  it('has a name for its time', () => {
    const newYork = zoneByName('America/New_York');
    expect(newYork?.abbreviationAt(moment('2024-01-01'))).to.equal('EST');
    expect(newYork?.abbreviationAt(moment('2024-07-01'))).to.equal('EDT');
    expect(newYork?.abbreviationAt(moment('1800-01-01'))).to.equal('LMT');
    expect(zoneByName('Europe/Berlin')?.abbreviationAt(moment('2024-07-01'))).to.equal('CEST');
    expect(zoneByName('Asia/Tokyo')?.abbreviationAt(moment('2024-07-01'))).to.equal('JST');
    expect(zoneByName('America/Sao_Paulo')?.abbreviationAt(moment('2024-07-01'))).to.equal('-03');
  });

  it('as an argument of AT TIME ZONE may be an abbreviation, which goes before a name', () => {
    expect(zoneByArgument('PST').offsetAt(0)).to.equal(-28800);
    expect(zoneByArgument('CET').offsetAt(moment('2024-07-01'))).to.equal(3600);
    expect(zoneByName('CET')?.offsetAt(moment('2024-07-01'))).to.equal(7200);
    expect(zoneByArgument('msk').offsetAt(moment('2024-07-01'))).to.equal(10800);
    expect(answer(() => zoneByArgument('foo').name)).to.equal('ERROR 22023: time zone "foo" not recognized');
  });
});
