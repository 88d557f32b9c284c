/** The group table numbers rows as a Map on their values would, in order of first appearance. */
import { expect } from 'chai';
import fc from 'fast-check';
import { GroupTable } from '../../executor/operators/group-table.ts';
import { TextInterner } from '../../executor/operators/text-interner.ts';
import { Numeric, OID } from '../../types/index.ts';

const TYPES = [OID.INT4, OID.TEXT, OID.INT8];
const row = fc.tuple(
  fc.option(fc.integer({ min: -20, max: 20 })),
  fc.option(fc.constantFrom('', 'a', 'b', 'longer than the others', 'é', '😀')),
  fc.option(fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constant(9007199254740993n))),
);

describe('group table', () => {
  it('gives equal rows one group, NULL being equal to NULL', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 400 }), fc.integer({ min: 1, max: 3 }), (rows, width) => {
        const table = new GroupTable(TYPES.slice(0, width));
        const model = new Map<string, number>();
        const columns = TYPES.slice(0, width).map((_t, c) => rows.map((r) => r[c]));
        rows.forEach((r, i) => {
          const key = r.slice(0, width).map(String).join('|');
          if (!model.has(key)) model.set(key, model.size);
          const values: unknown[] = [];
          const group = table.groupOf(columns, i);
          expect(group).to.equal(model.get(key));
          table.keyValues(group, values);
          expect(values).to.deep.equal(r.slice(0, width));
          expect(table.findValues(r.slice(0, width))).to.equal(group);
        });
        expect(table.count).to.equal(model.size);
      }),
    );
  });

  it('keeps many apart, and their values, and begins again when it is cleared', () => {
    const table = new GroupTable(TYPES);
    const count = 12_000;
    const columns = [
      Array.from({ length: count }, (_, i) => (i % 1000 === 0 ? null : i % 997)),
      Array.from({ length: count }, (_, i) => (i % 5000 === 0 ? null : `text ${i % 6007}`)),
      Array.from({ length: count }, (_, i) => (i % 7000 === 0 ? 9007199254740993n + BigInt(i) : i * 3)),
    ];
    for (let run = 0; run < 2; run++) {
      for (let i = 0; i < count; i++) expect(table.groupOf(columns, i)).to.equal(i);
      const values: unknown[] = [];
      for (let i = 0; i < count; i++) {
        expect(table.findRow(columns, i)).to.equal(i);
        table.keyValues(i, values);
        expect(values).to.deep.equal(columns.map((column) => column[i]));
      }
      table.clear();
      expect(table.count).to.equal(0);
    }
  });

  it('finds text by bytes and by string alike', () => {
    const interner = new TextInterner();
    const bytes = Buffer.from('xxpostgresyy');
    const id = interner.idOfBytes(bytes, 2, 10);
    expect(interner.idOf('postgres')).to.equal(id);
    expect(interner.valueOf(id)).to.equal('postgres');
    expect(interner.find('hotrow')).to.equal(-1);
  });

  it('tells 0 and -0, and all NaN, as one value each', () => {
    const table = new GroupTable([OID.FLOAT8]);
    const column = [[0, -0, Number.NaN, 1, Number.NaN]];
    expect([0, 1, 2, 3, 4].map((i) => table.groupOf(column, i))).to.deep.equal([0, 0, 1, 2, 1]);
  });

  it('tells decimals by their value, whatever zeros stand behind the point', () => {
    const decimal = fc.oneof(
      fc
        .tuple(fc.integer({ min: -300, max: 300 }), fc.integer({ min: 0, max: 4 }))
        .map(([c, s]) => Numeric.fromScaled(c, s)),
      fc
        .constantFrom('NaN', 'Infinity', '-Infinity', '0.000', '12345678901234567890.10', '12345678901234567890.1')
        .map(Numeric.parse),
      fc.constant(null),
    );
    fc.assert(
      fc.property(fc.array(decimal, { maxLength: 600 }), (values) => {
        const table = new GroupTable([OID.NUMERIC]);
        const met: (Numeric | null)[] = [];
        values.forEach((value, row) => {
          let expected = met.findIndex((other) => other === value || (other !== null && value?.equals(other)));
          if (expected < 0) expected = met.push(value) - 1;
          expect(table.groupOf([values], row)).to.equal(expected);
          expect(table.findValues([value])).to.equal(expected);
        });
        expect(table.count).to.equal(met.length);
      }),
    );
  });

  it('keeps many decimals apart, in scratch memory that others used before', () => {
    const table = new GroupTable([OID.NUMERIC]);
    const values = Array.from({ length: 40_000 }, (_, i) => Numeric.fromScaled(i * 10, 1 + (i % 3)));
    const other = new GroupTable([OID.INT4, OID.TEXT]);
    for (let round = 0; round < 3; round++) {
      const met = new Map<string | number, number>();
      values.forEach((value, row) => {
        const key = value.hashKey();
        if (!met.has(key)) met.set(key, met.size);
        if (table.groupOf([values], row) !== met.get(key)) throw new Error(`${value}`);
        other.groupOf([[row], [`${row}`]], 0);
      });
      expect(table.count).to.equal(met.size);
      table.clear();
      other.clear();
    }
  });
});
