/** What is read straight from bytes is what the types' input functions make of the text, or nothing. */
import { expect } from 'chai';
import fc from 'fast-check';
import {
  encodeNumericTypmod,
  OID,
  plainDate,
  plainFloat8,
  plainInteger,
  plainNumeric,
  plainTimestamp,
  textInput,
} from '../../types/index.ts';
import { DEFAULT_FORMAT } from '../../types/settings.ts';

/** The field stands among others. */
function inLine<T>(text: string, read: (data: Uint8Array, from: number, to: number) => T): T {
  return read(Buffer.from(`7${text}8`), 1, 1 + text.length);
}

function byInput(typeOid: number, text: string, typmod: number): string {
  try {
    return String(textInput(typeOid)(text, typmod, DEFAULT_FORMAT));
  } catch (error) {
    return `error ${(error as { code?: string }).code}`;
  }
}

/** Mostly numbers, and what is nearly one. */
const numberText = fc.oneof(
  fc
    .tuple(fc.constantFrom('', '-', '+', ' '), fc.stringMatching(/^[0-9]{0,17}(\.[0-9]{0,6})?$/))
    .map((p) => p.join('')),
  fc.stringMatching(/^[-+.0-9e ]{0,6}$/),
  fc.constantFrom(
    'NaN',
    'Infinity',
    '-0',
    '-0.00',
    '00012.50',
    '1.',
    '.5',
    '',
    '999.995',
    '99999.999',
    '-32768',
    '2147483648',
  ),
);

describe('fields in plain form', () => {
  it('integers', () => {
    fc.assert(
      fc.property(numberText, (text) => {
        const value = inLine(text, plainInteger);
        if (!Number.isNaN(value)) expect(String(value)).to.equal(byInput(OID.INT8, text, -1));
      }),
      { numRuns: 2000 },
    );
    expect(inLine('-120', plainInteger)).to.equal(-120);
    expect(Object.is(inLine('-0', plainInteger), 0)).to.equal(true);
  });

  it('numerics, to the scale of their column', () => {
    const typmods = [
      [5, 2],
      [12, 2],
      [15, 0],
      [20, 4],
      [3, 3],
      [3, -2],
    ].map(([p, s]) => encodeNumericTypmod(p, s));
    fc.assert(
      fc.property(numberText, fc.constantFrom(-1, ...typmods), (text, typmod) => {
        const value = inLine(text, (data, from, to) => plainNumeric(data, from, to, typmod));
        if (value !== null) expect(String(value)).to.equal(byInput(OID.NUMERIC, text, typmod));
      }),
      { numRuns: 4000 },
    );
    const read = (text: string): string =>
      String(inLine(text, (data, from, to) => plainNumeric(data, from, to, encodeNumericTypmod(12, 2))));
    expect(['1', '-2.5', '100.25', '-0.00', '0.125', '12345678901.00'].map(read)).to.deep.equal([
      '1.00',
      '-2.50',
      '100.25',
      '0.00',
      'null',
      'null',
    ]);
  });

  it('dates', () => {
    const dateText = fc.oneof(
      fc
        .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
        .map((d) => d.toISOString().slice(0, 10)),
      fc.stringMatching(/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/),
      fc.constantFrom('2023-02-29', '2024-02-29', '0000-01-01', '2024-1-01x', 'infinity  ', '24-01-2024', '2024/01/02'),
    );
    fc.assert(
      fc.property(dateText, (text) => {
        const days = inLine(text, plainDate);
        if (!Number.isNaN(days)) expect(String(days)).to.equal(byInput(OID.DATE, text, -1));
      }),
      { numRuns: 2000 },
    );
    expect([inLine('2024-02-29', plainDate), inLine('2023-02-29', plainDate)]).to.deep.equal([8825, Number.NaN]);
  });

  it('doubles', () => {
    fc.assert(
      fc.property(numberText, (text) => {
        const value = inLine(text, plainFloat8);
        if (!Number.isNaN(value)) expect(Object.is(value, Number(text)), text).to.equal(true);
      }),
      { numRuns: 4000 },
    );
    expect(
      ['0.1', '-2.50', '123456789012345', '-0', '1e3', '1234567890123456', '.5', '5.'].map((t) =>
        inLine(t, plainFloat8),
      ),
    ).to.deep.equal([0.1, -2.5, 123456789012345, -0, Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
  });

  it('timestamps, with and without an offset', () => {
    const day = fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
    const timestampText = fc
      .tuple(
        day,
        fc.constantFrom(' ', 'T', 't', '  '),
        fc.stringMatching(/^[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{0,7})?$/),
        fc.constantFrom('', '', 'Z', '+00', '+05:30', '-08', '-8', '+0530', ' +01', '+16', ' BC'),
      )
      .map(([date, separator, time, offset]) => date.toISOString().slice(0, 10) + separator + time + offset);
    for (const [typeOid, hasOffset] of [
      [OID.TIMESTAMP, false],
      [OID.TIMESTAMPTZ, true],
    ] as const) {
      fc.assert(
        fc.property(timestampText, (text) => {
          const value = inLine(text, (data, from, to) => plainTimestamp(data, from, to, hasOffset));
          if (!Number.isNaN(value)) expect(String(value), text).to.equal(byInput(typeOid, text, -1));
        }),
        { numRuns: 4000 },
      );
    }
    const read = (text: string, hasOffset: boolean): number =>
      inLine(text, (data, from, to) => plainTimestamp(data, from, to, hasOffset));
    expect(read('2000-01-01 00:00:01.5', false)).to.equal(1_500_000);
    expect(read('2000-01-01T02:00:00+02', true)).to.equal(0);
    expect(read('2000-01-01 00:00:00', true)).to.be.NaN;
    expect(read('2000-01-01 00:00:00Z', false)).to.be.NaN;
  });
});
