/** Properties of functions against simpler models: integers against BigInt, LIKE against its definition, dates against Date. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { ScalarFunction } from '../../../catalog/function-entry.ts';
import { civilFromDays, daysFromCivil, isoWeek, isoYear } from '../../../catalog/functions/datetime-core.ts';
import { operatorsByName } from '../../../catalog/functions/index.ts';
import { int8FromBigInt } from '../../../catalog/functions/integer.ts';
import { compileLike } from '../../../catalog/functions/like.ts';
import { OID, SqlError } from '../../../types/index.ts';
import { seedFrom } from '../../support/seed.ts';

const SEED = seedFrom();

function check(property: fc.IProperty<never> | fc.IProperty<unknown>): void {
  fc.assert(property as fc.IProperty<unknown>, { seed: SEED, numRuns: 2000 });
}

function operator(name: string, type: number): ScalarFunction {
  const found = operatorsByName(name).find((o) => o.leftType === type && o.rightType === type);
  if (found === undefined) throw new Error(`no operator ${name}`);
  return found.function;
}

/** Integers near the borders that matter, and anywhere. */
function integers(bits: bigint): fc.Arbitrary<bigint> {
  const limit = 1n << (bits - 1n);
  const near = (center: bigint): fc.Arbitrary<bigint> =>
    fc.bigInt({ min: center - 3n, max: center + 3n }).filter((n) => n >= -limit && n < limit);
  return fc.oneof(
    fc.bigInt({ min: -limit, max: limit - 1n }),
    fc.bigInt({ min: -1000n, max: 1000n }),
    near(limit),
    near(-limit),
    ...(bits === 64n ? [near(1n << 53n), near(-(1n << 53n)), near(1n << 32n), near(3037000500n)] : []),
  );
}

/** The result as a bigint, or the SQLSTATE. */
function outcome(compute: () => unknown): bigint | string {
  try {
    return BigInt(compute() as number);
  } catch (error) {
    if (error instanceof SqlError) return error.code;
    throw error;
  }
}

const MODELS: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
};

describe(`function properties (SEED=${SEED})`, () => {
  for (const [bits, type] of [
    [16n, OID.INT2],
    [32n, OID.INT4],
    [64n, OID.INT8],
  ] as const) {
    for (const [name, model] of Object.entries(MODELS)) {
      it(`int${bits / 8n} ${name} is exact, or 22003, or 22012; never -0, never an unneeded bigint`, () => {
        const f = operator(name, type).implementation;
        check(
          fc.property(integers(bits), integers(bits), (a, b) => {
            let expected: bigint | string;
            if (b === 0n && '/%'.includes(name)) expected = '22012';
            else {
              expected = model(a, b);
              if (BigInt.asIntN(Number(bits), expected) !== expected) expected = '22003';
            }
            let value: unknown;
            const actual = outcome(() => (value = f(int8FromBigInt(a), int8FromBigInt(b))));
            expect(actual).to.equal(expected);
            expect(Object.is(value, -0)).to.equal(false);
            if (typeof value === 'bigint') expect(Number.isSafeInteger(Number(value))).to.equal(false);
          }) as fc.IProperty<unknown>,
        );
      });
    }
  }

  it('LIKE means what its definition says', () => {
    const letters = fc.array(fc.constantFrom('a', 'b', '😀'), { maxLength: 8 }).map((parts) => parts.join(''));
    const patterns = fc
      .array(fc.constantFrom('a', 'b', '😀', '%', '_', '\\%', '\\a'), { maxLength: 7 })
      .map((p) => p.join(''));
    const matches = (text: string[], pattern: string[]): boolean => {
      if (pattern.length === 0) return text.length === 0;
      const [first, ...rest] = pattern;
      if (first === '%') return matches(text, rest) || (text.length > 0 && matches(text.slice(1), pattern));
      if (text.length === 0) return false;
      if (first === '\\') return text[0] === rest[0] && matches(text.slice(1), rest.slice(1));
      return (first === '_' || first === text[0]) && matches(text.slice(1), rest);
    };
    check(
      fc.property(letters, patterns, (text, pattern) => {
        expect(compileLike(pattern)(text)).to.equal(matches(Array.from(text), Array.from(pattern)));
      }) as fc.IProperty<unknown>,
    );
  });

  it('calendar days go to dates and back, as Date counts them', () => {
    check(
      fc.property(fc.integer({ min: -3_000_000, max: 3_000_000 }), (days) => {
        const { year, month, day } = civilFromDays(days);
        expect(daysFromCivil(year, month, day)).to.equal(days);
        const date = new Date((days + 10957) * 86_400_000);
        expect([year, month, day]).to.deep.equal([date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()]);
      }) as fc.IProperty<unknown>,
    );
  });

  it('ISO weeks begin on Monday and each year has its 52 or 53 of them', () => {
    check(
      fc.property(fc.integer({ min: -700_000, max: 700_000 }), (days) => {
        const week = isoWeek(days);
        expect(week).to.be.within(1, 53);
        const next = isoWeek(days + 7);
        expect(isoYear(days + 7) === isoYear(days) ? next === week + 1 : next === 1 && week >= 52).to.equal(true);
      }) as fc.IProperty<unknown>,
    );
  });
});
