/** The runner of upstream files: a sample of our own passes whole, and what is wrong is found. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parseUpstream, renderValues, valuesMatch } from './format.ts';
import { runUpstream } from './run-file.ts';

const SAMPLE = readFileSync(new URL('./sample/own.test', import.meta.url), 'utf8');

describe('sqllogictest', () => {
  it('reads the records for postgresql, up to halt', () => {
    const records = parseUpstream(SAMPLE);
    expect(records.map((record) => record.kind)).to.deep.equal([
      'statement',
      'statement',
      'statement',
      'statement',
      'query',
      'query',
      'query',
      'query',
      'query',
    ]);
  });

  it('renders integers cut, reals with three digits, booleans as 1 and 0, NULL and (empty)', () => {
    const columns = [23, 701, 25, 16].map((typeOid) => ({ name: '', typeOid }));
    const rows = [
      ['7', '0.12345', '', 't'],
      [null, '-2', 'ä', 'f'],
    ];
    expect(renderValues({ columns, rows }, 'IRTI', 'nosort')).to.deep.equal([
      '7',
      '0.123',
      '(empty)',
      '1',
      'NULL',
      '-2.000',
      '@',
      '0',
    ]);
    expect(renderValues({ columns: [{ name: '', typeOid: 1700 }], rows: [['-7.9']] }, 'I', 'nosort')).to.deep.equal([
      '-7',
    ]);
  });

  it('rounds reals as printf does', () => {
    const columns = [{ name: '', typeOid: 701 }];
    const rows = ['0.0625', '-0.0625', '0.1875', '1.0005', '1e20'].map((value) => [value]);
    expect(renderValues({ columns, rows }, 'R', 'nosort')).to.deep.equal([
      '0.062',
      '-0.062',
      '0.188',
      '1.000',
      '100000000000000000000.000',
    ]);
  });

  it('sorts rows as a whole, or all values', () => {
    const columns = [23, 23].map((typeOid) => ({ name: '', typeOid }));
    const rows = [
      ['2', '1'],
      ['1', '3'],
      ['1', '10'],
    ];
    expect(renderValues({ columns, rows }, 'II', 'rowsort')).to.deep.equal(['1', '10', '1', '3', '2', '1']);
    expect(renderValues({ columns, rows }, 'II', 'valuesort')).to.deep.equal(['1', '1', '1', '10', '2', '3']);
  });

  it('compares values or their hash', () => {
    expect(valuesMatch(['1', '2'], ['1', '2'])).to.equal(true);
    expect(valuesMatch(['1', '2'], ['1', '3'])).to.equal(false);
    expect(valuesMatch(['1', '2'], ['1'])).to.equal(false);
    expect(valuesMatch(['1', '2'], ['2 values hashing to 6ddb4095eb719e2a9f0a3f95677d24e0'])).to.equal(true);
    expect(valuesMatch(['1', '4'], ['2 values hashing to 6ddb4095eb719e2a9f0a3f95677d24e0'])).to.equal(false);
  });

  it('passes the sample', async () => {
    const { passed, failures } = await runUpstream(SAMPLE, 5);
    expect(failures).to.deep.equal([]);
    expect(passed).to.equal(9);
  });

  it('finds wrong values, statements that fail and those that must', async () => {
    const text = ['query I nosort\nSELECT 1\n----\n2', 'statement ok\nSELECT nosuch', 'statement error\nSELECT 1'];
    const { failed, failures } = await runUpstream(`${text.join('\n\n')}\n`, 2);
    expect(failed).to.equal(3);
    expect(failures[0]).to.contain('expected 2');
    expect(failures[1]).to.contain('42703');
  });
});
