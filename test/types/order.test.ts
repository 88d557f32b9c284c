/**
 * One order: comparator, equality, hash keys and the bytes of index keys agree for every type, descending and with nulls too.
 */
import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  comparator,
  compareText,
  DEFAULT_FORMAT,
  decodeDatum,
  encodeDatum,
  encodeKeyPart,
  equality,
  hashKey,
  hstoreOf,
  Interval,
  inputText,
  KeyWriter,
  makeAddress,
  makeMultirange,
  makeRange,
  Numeric,
  OID,
  type RangeType,
  rangeType,
  registerType,
  SqlArray,
  SqlRecord,
  TimeTz,
  typeByOid,
  type Value,
} from '../../types/index.ts';

const ENUM_OID = 99001;
registerType({
  ...(typeByOid(OID.TEXT) as NonNullable<ReturnType<typeof typeByOid>>),
  oid: ENUM_OID,
  name: 'mood',
  displayName: 'mood',
  kind: 'e',
  category: 'E',
  arrayOid: 0,
  enumLabels: ['sad', 'ok', 'happy'],
  enumLabelOids: [90001, 4000000003, 90002],
  enumSortOrders: [1, 1.5, 2],
});

function isNoInfinity(micros: number | bigint): boolean {
  return micros !== -(1n << 63n) && micros !== (1n << 63n) - 1n;
}

const int8 = fc
  .bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n })
  .map((n) => (Number.isSafeInteger(Number(n)) ? Number(n) : n));
const small = fc.integer({ min: -3, max: 3 });
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'b', 'ab', 'é', '\ud7ff', '\uffff', '😀', ' ', '\u0001'), maxLength: 5 }),
  fc.string({ unit: 'grapheme' }).map((s) => s.replaceAll('\u0000', '')),
);
const cased = fc.string({ unit: fc.constantFrom('a', 'A', 'B', 'é', 'É', 'ß', 'İ', ' '), maxLength: 5 });
const numeric = fc.oneof(
  fc.tuple(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.integer({ min: 0, max: 10 })),
  fc.tuple(small.map(BigInt), fc.integer({ min: 0, max: 4 })),
  fc.tuple(fc.constantFrom(10n, -10n, 100n, 12n, 120n), fc.integer({ min: 0, max: 4 })),
);
const numerics = fc.oneof(
  numeric.map(([c, s]) => Numeric.fromBigint(c, s)),
  fc.constantFrom(Numeric.NaN, Numeric.INFINITY, Numeric.NEGATIVE_INFINITY),
);
const bytes = fc.uint8Array({ maxLength: 4 }).map((b) => b.map((x) => (x < 200 ? x % 3 : 255)));
const array = fc
  .tuple(fc.array(fc.option(small), { maxLength: 4 }), fc.constantFrom(0, 1))
  .map(([elements, bound]) =>
    elements.length === 4 && bound === 0
      ? new SqlArray(OID.INT4, elements, [2, 2], [1, 1])
      : new SqlArray(OID.INT4, elements, [elements.length], [bound]),
  );
const json = fc
  .jsonValue({ maxDepth: 2 })
  .map((value) => inputText(OID.JSONB, -1, JSON.stringify(value).replaceAll('\\u0000', ''), DEFAULT_FORMAT));

function range(type: RangeType, bounds: fc.Arbitrary<Value>): fc.Arbitrary<Value> {
  return fc.tuple(fc.option(bounds), fc.option(bounds), fc.nat(7)).map(([a, b, flags]) => {
    const isReversed = a !== null && b !== null && type.compare(a, b) > 0;
    const [lower, upper] = isReversed ? [b, a] : [a, b];
    // 1 empty, rarely; 2 and 4 inclusive; 8 and 16 infinite.
    const isEmpty = flags === 7 ? 1 : 0;
    return makeRange(type, lower, upper, isEmpty | (flags & 6) | (lower === null ? 8 : 0) | (upper === null ? 16 : 0));
  });
}

const address = fc
  .tuple(
    fc.oneof(
      fc.array(fc.constantFrom(0, 1, 127, 128, 255), { minLength: 4, maxLength: 4 }),
      fc.array(fc.constantFrom(0, 255), { minLength: 16, maxLength: 16 }),
    ),
    fc.nat(128),
  )
  .map(([parts, bits]) => makeAddress(parts, Math.min(bits, parts.length * 8)));
const uint8 = fc
  .oneof(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), fc.constantFrom(0n, (1n << 63n) - 1n, 1n << 63n))
  .map((n) => (Number.isSafeInteger(Number(n)) ? Number(n) : n));
const vectors = fc
  .array(fc.tuple(fc.constantFrom('a', 'b', 'ab', 'é'), fc.constantFrom('', ':1', ':2', ':1A', ':1,2B', ':3C,7')), {
    maxLength: 4,
  })
  .map((words) => inputText(OID.TSVECTOR, -1, words.map((word) => word.join('')).join(' '), DEFAULT_FORMAT));
const queries = fc
  .letrec<{ query: string }>((tie) => ({
    query: fc.oneof(
      { maxDepth: 2 },
      fc.constantFrom('a', 'b', 'ab', 'é', 'a:A', 'b:*'),
      fc
        .tuple(tie('query'), fc.constantFrom('&', '|', '<->', '<3>'), tie('query'))
        .map((parts) => `(${parts.join(' ')})`),
      tie('query').map((query) => `!${query}`),
    ),
  }))
  .query.map((text) => inputText(OID.TSQUERY, -1, text, DEFAULT_FORMAT));

const TYPES: readonly (readonly [name: string, oid: number, values: fc.Arbitrary<Value>])[] = [
  ['boolean', OID.BOOL, fc.boolean()],
  ['integer', OID.INT4, fc.oneof(small, fc.integer())],
  ['oid', OID.OID, fc.integer({ min: 0, max: 4294967295 })],
  ['bigint', OID.INT8, fc.oneof(small, int8)],
  ['date', OID.DATE, fc.oneof(fc.integer({ min: -2451545, max: 2145031947 }), fc.constantFrom(Infinity, -Infinity))],
  // The ends of int64 are how infinities are stored; no timestamp in range comes near them.
  ['timestamp', OID.TIMESTAMP, fc.oneof(int8.filter(isNoInfinity), fc.constantFrom(Infinity, -Infinity))],
  ['double precision', OID.FLOAT8, fc.oneof(small, fc.double(), fc.constantFrom(-0, 0, Number.NaN))],
  ['numeric', OID.NUMERIC, numerics],
  ['text', OID.TEXT, text],
  ['character', OID.BPCHAR, text],
  ['citext', OID.ANYCITEXT, cased],
  ['hstore', OID.ANYHSTORE, fc.array(fc.tuple(text, fc.option(text)), { maxLength: 3 }).map(hstoreOf)],
  ['bytea', OID.BYTEA, bytes],
  ['tsvector', OID.TSVECTOR, vectors],
  ['tsquery', OID.TSQUERY, queries],
  ['uuid', OID.UUID, fc.uuid()],
  [
    'interval',
    OID.INTERVAL,
    fc
      .tuple(
        small,
        fc.integer({ min: -60, max: 60 }),
        fc.oneof(
          int8,
          small.map((n) => n * 43_200_000_000),
        ),
      )
      .map(([m, d, u]) => new Interval(m, d, u)),
  ],
  [
    'timetz',
    OID.TIMETZ,
    fc
      .tuple(fc.integer({ min: 0, max: 24 }), fc.integer({ min: -12, max: 12 }))
      .map(([h, o]) => new TimeTz(h * 3_600_000_000, o * 3600)),
  ],
  ['jsonb', OID.JSONB, json],
  ['enum', ENUM_OID, fc.constantFrom('sad', 'ok', 'happy')],
  ['integer[]', OID.INT4_ARRAY, array],
  [
    'record',
    OID.RECORD,
    fc.tuple(fc.option(small), fc.option(text)).map((values) => new SqlRecord([OID.INT4, OID.TEXT], values)),
  ],
  ['money', OID.MONEY, fc.oneof(small, int8)],
  ['xid8', OID.XID8, uint8],
  ['macaddr', OID.MACADDR, fc.nat(2 ** 48 - 1)],
  ['macaddr8', OID.MACADDR8, uint8],
  ['inet', OID.INET, address],
  ['int4range', OID.INT4RANGE, range(rangeType(OID.INT4RANGE), small)],
  ['numrange', OID.NUMRANGE, range(rangeType(OID.NUMRANGE), numerics)],
  [
    'int4multirange',
    OID.INT4MULTIRANGE,
    fc
      .array(range(rangeType(OID.INT4RANGE), fc.integer({ min: -9, max: 9 })), { maxLength: 4 })
      .map((ranges) => makeMultirange(rangeType(OID.INT4RANGE), ranges)),
  ],
  ['tid', OID.TID, fc.tuple(fc.nat(3), fc.nat(3)).map(([block, offset]) => block * 65536 + offset)],
];

function key(oid: number, value: Value, descending = false, nullsFirst = descending): Buffer {
  const writer = new KeyWriter();
  encodeKeyPart(oid, value, writer, descending, nullsFirst);
  return Buffer.from(writer.toBytes());
}

const sign = (n: number): number => Math.sign(n) + 0;

for (const [name, oid, values] of TYPES) {
  describe(`order of ${name}`, () => {
    const compare = comparator(oid);
    const equals = equality(oid);
    const hash = hashKey(oid);

    it('is the order of the bytes of index keys, either way', () => {
      fc.assert(
        fc.property(values, values, (a, b) => {
          const order = sign(compare(a, b));
          expect(sign(Buffer.compare(key(oid, a), key(oid, b)))).to.equal(order);
          expect(sign(Buffer.compare(key(oid, a, true), key(oid, b, true)))).to.equal(0 - order + 0);
        }),
        { numRuns: 300 },
      );
    });

    it('is antisymmetric and transitive', () => {
      fc.assert(
        fc.property(values, values, values, (a, b, c) => {
          expect(sign(compare(a, b))).to.equal(0 - sign(compare(b, a)) + 0);
          if (compare(a, b) <= 0 && compare(b, c) <= 0) expect(compare(a, c)).to.be.at.most(0);
        }),
      );
    });

    it('agrees with equality and hash keys', () => {
      fc.assert(
        fc.property(values, values, (a, b) => {
          const same = compare(a, b) === 0;
          expect(equals(a, b)).to.equal(same || (typeof a === 'number' && Number.isNaN(a) && Number.isNaN(b)));
          // As a Map compares: NaN is itself, and 0 is -0.
          expect(new Set([hash(a), hash(b)]).size).to.equal(same ? 1 : 2);
        }),
        { numRuns: 300 },
      );
    });

    it('puts nulls last, and first in a descending key', () => {
      fc.assert(
        fc.property(values, (a) => {
          expect(Buffer.compare(key(oid, a), key(oid, null))).to.equal(-1);
          expect(Buffer.compare(key(oid, a, true), key(oid, null, true))).to.equal(1);
          expect(Buffer.compare(key(oid, a, false, true), key(oid, null, false, true))).to.equal(1);
          expect(Buffer.compare(key(oid, a, true, false), key(oid, null, true, false))).to.equal(-1);
        }),
      );
    });

    it('holds in composite keys: the second part decides only between equal first parts', () => {
      fc.assert(
        fc.property(values, small, values, small, (a, x, b, y) => {
          const left = Buffer.concat([key(oid, a), key(OID.INT4, x)]);
          const right = Buffer.concat([key(oid, b), key(OID.INT4, y)]);
          expect(sign(Buffer.compare(left, right))).to.equal(sign(compare(a, b)) || sign(x - y));
        }),
      );
    });

    it('survives storage', () => {
      fc.assert(
        fc.property(values, (a) => {
          const stored = encodeDatum(oid, a);
          const padded = new Uint8Array(stored.length + 7).fill(170);
          padded.set(stored, 3);
          const back = decodeDatum(oid, padded, 3, 3 + stored.length);
          expect(compare(a, back)).to.equal(0);
          // Equal is not enough: 1.0 and 1.00 are.
          if (!(a instanceof Uint8Array)) expect(back).to.deep.equal(a);
        }),
      );
    });
  });
}

describe('compareText', () => {
  it('is the order of UTF-8 bytes', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(sign(compareText(a, b))).to.equal(sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
      }),
      { numRuns: 500 },
    );
  });
});

describe('hash keys', () => {
  it('are one for the integers of all widths', () => {
    for (const oid of [OID.INT2, OID.INT4, OID.INT8, OID.OID]) expect(hashKey(oid)(5)).to.equal(5);
    expect(hashKey(OID.NUMERIC)(Numeric.parse('5.00'))).to.equal(5);
  });

  it('know that 24 hours are a day, and 30 days a month', () => {
    const keyOf = hashKey(OID.INTERVAL);
    expect(keyOf(new Interval(0, 1, 0))).to.equal(keyOf(new Interval(0, 0, 86_400_000_000)));
    expect(keyOf(new Interval(1, 0, 0))).to.equal(keyOf(new Interval(0, 30, 0)));
  });
});
