/** A row's bytes give back the values that were written, whatever the columns, and in rows of older layouts too. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { ColumnEntry, RelationEntry } from '../../catalog/entries.ts';
import { IN_CHUNKS, longHeader, readLongHeader } from '../../executor/row/long-value.ts';
import { rowLayout, storageOf } from '../../executor/row/row-layout.ts';
import { readRow } from '../../executor/row/row-reader.ts';
import { RowWriter } from '../../executor/row/row-writer.ts';
import { Interval, Numeric, OID, outputText } from '../../types/index.ts';

const DECIMAL_12_2 = ((12 << 16) | 2) + 4;

function column(number: number, typeOid: number, typeModifier = -1, sinceLayout = 0): ColumnEntry {
  return {
    number,
    name: `c${number}`,
    typeOid,
    typeModifier,
    notNull: false,
    defaultText: null,
    generated: false,
    identity: null,
    sequenceOid: 0,
    dropped: false,
    missingText: null,
    sinceLayout,
  };
}

function table(columns: readonly ColumnEntry[], layout = 0): RelationEntry {
  return { oid: 1, name: 't', columns, layout } as unknown as RelationEntry;
}

const noOverflow = (): never => {
  throw new Error('no long values here');
};

/** A type and values of it, null among them. */
const typed = fc.oneof(
  fc.record({ typeOid: fc.constant(OID.BOOL), modifier: fc.constant(-1), value: fc.option(fc.boolean()) }),
  fc.record({
    typeOid: fc.constant(OID.INT2),
    modifier: fc.constant(-1),
    value: fc.option(fc.integer({ min: -32768, max: 32767 })),
  }),
  fc.record({ typeOid: fc.constant(OID.INT4), modifier: fc.constant(-1), value: fc.option(fc.integer()) }),
  fc.record({
    typeOid: fc.constantFrom(OID.INT8, OID.TIMESTAMP, OID.TIMESTAMPTZ),
    modifier: fc.constant(-1),
    value: fc.option(
      fc.oneof(
        fc.maxSafeInteger(),
        fc.bigInt({ min: 9007199254740992n, max: 9223372036854775806n }),
        fc.bigInt({ min: -9223372036854775807n, max: -9007199254740992n }),
      ),
    ),
  }),
  fc.record({
    typeOid: fc.constant(OID.DATE),
    modifier: fc.constant(-1),
    value: fc.option(fc.constantFrom(0, -5000, 9131, Infinity, -Infinity)),
  }),
  fc.record({ typeOid: fc.constant(OID.FLOAT8), modifier: fc.constant(-1), value: fc.option(fc.double()) }),
  fc.record({ typeOid: fc.constant(OID.FLOAT4), modifier: fc.constant(-1), value: fc.option(fc.float()) }),
  fc.record({
    typeOid: fc.constantFrom(OID.TEXT, OID.VARCHAR),
    modifier: fc.constant(-1),
    value: fc.option(fc.string({ unit: 'grapheme', maxLength: 60 })),
  }),
  fc.record({
    typeOid: fc.constant(OID.NUMERIC),
    modifier: fc.constantFrom(-1, DECIMAL_12_2),
    value: fc.option(fc.integer({ min: -1e9, max: 1e9 }).map((n) => Numeric.fromScaled(n, 2))),
  }),
  fc.record({
    typeOid: fc.constant(OID.INTERVAL),
    modifier: fc.constant(-1),
    value: fc.option(
      fc
        .tuple(fc.integer({ min: -99, max: 99 }), fc.integer({ min: -99, max: 99 }), fc.integer())
        .map((p) => new Interval(...p)),
    ),
  }),
);

const format = {
  dateStyle: 'ISO',
  dateOrder: 'MDY',
  intervalStyle: 'postgres',
  timeZone: 'UTC',
  extraFloatDigits: 1,
  byteaOutput: 'hex',
  xmlOption: 'content',
  xmlBinary: 'base64',
  now: 0,
} as const;

function shown(typeOid: number, value: unknown): string | null {
  return value === null || value === undefined ? null : outputText(typeOid, value, format);
}

describe('rows', () => {
  it('give back what was written', () => {
    fc.assert(
      fc.property(fc.array(typed, { minLength: 1, maxLength: 30 }), (fields) => {
        const entry = table(fields.map((f, i) => column(i + 1, f.typeOid, f.modifier)));
        const layout = rowLayout(entry, 0);
        const writer = new RowWriter(layout);
        writer.begin();
        fields.forEach((f, i) => {
          if (f.value !== null) writer.set(i, f.value);
        });
        writer.finish();
        const read = readRow({ u8: writer.bytes, buffer: writer.bytes }, 0, layout, [], noOverflow, []);
        fields.forEach((f, i) => {
          expect(shown(f.typeOid, read[i])).to.equal(shown(f.typeOid, f.value));
        });
      }),
      { numRuns: 300 },
    );
  });

  it('of an older layout give the missing value for columns added later', () => {
    const first = table([column(1, OID.INT4), column(2, OID.TEXT)]);
    const writer = new RowWriter(rowLayout(first, 0));
    writer.begin();
    writer.set(0, 7);
    writer.set(1, 'old');
    writer.finish();
    const later = table([column(1, OID.INT4), column(2, OID.TEXT), column(3, OID.INT8, -1, 1)], 1);
    const bytes = { u8: writer.bytes, buffer: writer.bytes };
    expect(readRow(bytes, 0, rowLayout(later, 0), [null, null, 42], noOverflow, [])).to.deep.equal([7, 'old', 42]);
  });

  it('put fixed-width columns at aligned, constant places, widest first', () => {
    const layout = rowLayout(
      table([column(1, OID.BOOL), column(2, OID.INT8), column(3, OID.TEXT), column(4, OID.INT4)]),
      0,
    );
    expect(layout.columns.map((c) => [c?.storage, c?.offset])).to.deep.equal([
      ['bool', 36],
      ['int8', 24],
      ['text', 38],
      ['int4', 32],
    ]);
    expect(layout.fixedSize).to.equal(40);
  });

  it('keep numeric(p, s) of up to 15 digits as a scaled double, longer ones as bytes', () => {
    expect(storageOf(OID.NUMERIC, DECIMAL_12_2)).to.equal('decimal');
    expect(storageOf(OID.NUMERIC, ((16 << 16) | 2) + 4)).to.equal('datum');
    expect(storageOf(OID.NUMERIC, -1)).to.equal('datum');
  });

  it('hold a long form in place of a value, and hand it to whoever fetches', () => {
    const layout = rowLayout(table([column(1, OID.TEXT), column(2, OID.TEXT)]), 0);
    const writer = new RowWriter(layout);
    writer.begin();
    writer.set(0, 'short');
    writer.set(1, 'x'.repeat(20_000));
    expect(writer.measure()).to.equal(layout.fixedSize + 5 + 20_000);
    expect(() => writer.finish()).to.throw('row is too big');
    expect(writer.longest(() => true)).to.equal(1);
    writer.setLong(
      1,
      longHeader({ form: IN_CHUNKS, levels: 0, length: 20_000, storedLength: 20_000, root: 4_000_000_000 }),
    );
    expect(writer.finish()).to.equal(layout.fixedSize + 5 + 16);
    const roots: number[] = [];
    const read = readRow(
      { u8: writer.bytes, buffer: writer.bytes },
      0,
      layout,
      [],
      (u8, start) => {
        roots.push(readLongHeader(u8, start).root);
        return Buffer.from('the long value');
      },
      [],
    );
    expect(read).to.deep.equal(['short', 'the long value']);
    expect(roots).to.deep.equal([4_000_000_000]);
  });
});
