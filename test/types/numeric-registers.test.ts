/** Decimals in registers compute what integers of any length do, up to where they say that they cannot. */
import { expect } from 'chai';
import fc from 'fast-check';
import * as registers from '../../types/numeric-registers.ts';

const A = registers.SCRATCH;
const B = A + registers.REGISTER_SIZE;
const RESULT = B + registers.REGISTER_SIZE;
const LONGEST = 2n ** 103n;

interface Decimal {
  readonly coefficient: bigint;
  readonly scale: number;
}

/** Around the borders of doubles and of registers, powers of ten and of two, and small. */
const coefficient = fc
  .tuple(
    fc.oneof(
      fc.bigInt({ min: 0n, max: 1000n }),
      fc.bigInt({ min: 0n, max: 2n ** 53n }),
      fc.bigInt({ min: 0n, max: LONGEST }),
      fc.tuple(fc.integer({ min: 0, max: 30 }), fc.bigInt({ min: -3n, max: 3n })).map(([e, d]) => 10n ** BigInt(e) + d),
      fc.tuple(fc.integer({ min: 2, max: 103 }), fc.bigInt({ min: -3n, max: 3n })).map(([e, d]) => 2n ** BigInt(e) + d),
      fc
        .tuple(fc.integer({ min: 0, max: 28 }), fc.bigInt({ min: 1n, max: 20000n }))
        .map(([e, d]) => 10n ** BigInt(e) * d),
    ),
    fc.boolean(),
  )
  .map(([c, isNegative]) => (isNegative ? -c : c))
  .filter((c) => c <= LONGEST && c >= -LONGEST);
const decimal: fc.Arbitrary<Decimal> = fc.record({
  coefficient,
  scale: fc.oneof(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 26 })),
});

function short(c: bigint): number | bigint {
  return Number.isSafeInteger(Number(c)) ? Number(c) : c;
}

function fileOf(...operands: readonly Decimal[]): Float64Array {
  const file = new Float64Array(RESULT + registers.REGISTER_SIZE);
  operands.forEach(({ coefficient: c, scale }, i) => {
    expect(registers.setRegister(file, A + i * registers.REGISTER_SIZE, short(c), scale)).to.equal(true);
  });
  return file;
}

function read(file: Float64Array, at: number): string {
  expect(Object.is(file[at], -0)).to.equal(false);
  expect(file[at] + file[at + 1], 'high is the nearest double').to.equal(file[at]);
  return `${registers.coefficientOf(file, at)} ${file[at + 2]}`;
}

const magnitude = (c: bigint): bigint => (c < 0n ? -c : c);

function aligned(a: Decimal, b: Decimal): [bigint, bigint, number] {
  const scale = Math.max(a.scale, b.scale);
  return [a.coefficient * 10n ** BigInt(scale - a.scale), b.coefficient * 10n ** BigInt(scale - b.scale), scale];
}

function halfUp(dividend: bigint, divisor: bigint): bigint {
  const quotient = (magnitude(dividend) * 2n + magnitude(divisor)) / (2n * magnitude(divisor));
  return dividend < 0n !== divisor < 0n ? -quotient : quotient;
}

/** Weight and first digit in base 10000. */
function firstOf({ coefficient: c, scale }: Decimal): [number, number] {
  if (c === 0n) return [0, 0];
  const padded = String(magnitude(c)) + '0'.repeat((4 - (scale % 4)) % 4);
  const groups = Math.ceil(padded.length / 4);
  return [groups - Math.ceil(scale / 4) - 1, Number(padded.slice(0, padded.length - (groups - 1) * 4))];
}

/** As select_div_scale does. */
function quotientScale(a: Decimal, b: Decimal): number {
  const [weightA, digitA] = firstOf(a);
  const [weightB, digitB] = firstOf(b);
  const weight = weightA - weightB - (digitA <= digitB ? 1 : 0);
  return Math.max(16 - weight * 4, a.scale, b.scale, 0);
}

type Binary = (file: Float64Array, a: number, b: number, to: number) => boolean;

/** The operation's result is the model's, wherever it answers true. */
function agrees(operation: Binary, model: (a: Decimal, b: Decimal) => Decimal, alwaysBelow = 0n): void {
  let computed = 0;
  fc.assert(
    fc.property(decimal, decimal, fc.constantFrom(A, B, RESULT), (a, b, to) => {
      const file = fileOf(a, b);
      const isComputed = operation(file, A, B, to);
      if (magnitude(a.coefficient) < alwaysBelow && magnitude(b.coefficient) < alwaysBelow && b.coefficient !== 0n)
        expect(isComputed).to.equal(true);
      if (!isComputed) return;
      computed++;
      const { coefficient: c, scale } = model(a, b);
      expect(read(file, to)).to.equal(`${short(c)} ${scale}`);
    }),
    { numRuns: 5000, seed: 7 },
  );
  expect(computed).to.be.greaterThan(1000);
}

describe('numeric registers', () => {
  it('add and subtract', () => {
    agrees(registers.add, (a, b) => {
      const [x, y, scale] = aligned(a, b);
      return { coefficient: x + y, scale };
    });
    agrees(registers.subtract, (a, b) => {
      const [x, y, scale] = aligned(a, b);
      return { coefficient: x - y, scale };
    });
  });

  it('multiply', () => {
    const model = (a: Decimal, b: Decimal): Decimal => ({
      coefficient: a.coefficient * b.coefficient,
      scale: a.scale + b.scale,
    });
    agrees(registers.multiply, model, 2n ** 51n);
  });

  it('divide at the scale that PostgreSQL chooses, rounding half away from zero', () => {
    agrees(registers.divide, (a, b) => {
      const scale = quotientScale(a, b);
      const shift = scale + b.scale - a.scale;
      const up = 10n ** BigInt(Math.max(shift, 0));
      const down = 10n ** BigInt(Math.max(-shift, 0));
      return { coefficient: halfUp(a.coefficient * up, b.coefficient * down), scale };
    });
  });

  it('give the quotient cut to an integer, and the remainder', () => {
    agrees(registers.divideTruncated, (a, b) => {
      const [x, y] = aligned(a, b);
      return { coefficient: x / y, scale: 0 };
    });
    agrees(registers.remainder, (a, b) => {
      const [x, y, scale] = aligned(a, b);
      return { coefficient: x % y, scale };
    });
  });

  it('round, cut, and go to the next integer', () => {
    for (const scale of [0, 2, 12]) {
      const model =
        (divided: (c: bigint, divisor: bigint) => bigint) =>
        (a: Decimal): Decimal => {
          const dropped = a.scale - scale;
          if (dropped <= 0) return { coefficient: a.coefficient * 10n ** BigInt(-dropped), scale };
          return { coefficient: divided(a.coefficient, 10n ** BigInt(dropped)), scale };
        };
      agrees((file, a, _b, to) => registers.round(file, a, scale, to), model(halfUp));
      agrees(
        (file, a, _b, to) => registers.truncate(file, a, scale, to),
        model((c, d) => c / d),
      );
    }
    const next = (direction: bigint) => (a: Decimal) => {
      const divisor = 10n ** BigInt(a.scale);
      const isBetween = a.coefficient % divisor !== 0n && a.coefficient > 0n === direction > 0n;
      return { coefficient: a.coefficient / divisor + (isBetween ? direction : 0n), scale: 0 };
    };
    agrees((file, a, _b, to) => registers.ceiling(file, a, to), next(1n));
    agrees((file, a, _b, to) => registers.floor(file, a, to), next(-1n));
  });

  it('square, and extract roots at the scale that PostgreSQL chooses', () => {
    agrees(
      (file, a, _b, to) => registers.square(file, a, to),
      ({ coefficient: c, scale }) => {
        const shown = Math.max(16, scale);
        const shift = shown - 2 * scale;
        const squared = c * c * 10n ** BigInt(Math.max(shift, 0));
        return { coefficient: halfUp(squared, 10n ** BigInt(Math.max(-shift, 0))), scale: shown };
      },
    );
    agrees(
      (file, a, _b, to) => registers.squareRoot(file, a, to),
      (a) => {
        const scale = Math.max(16 - (2 * firstOf(a)[0] + 1), a.scale);
        const radicand = a.coefficient * 10n ** BigInt(2 * scale - a.scale);
        let root = BigInt(Math.floor(Math.sqrt(Number(radicand))));
        while (root * root > radicand) root -= (root * root - radicand) / (2n * root) + 1n;
        while ((root + 1n) * (root + 1n) <= radicand) root += (radicand - root * root) / (2n * root + 2n) + 1n;
        while (root * root > radicand) root--;
        return { coefficient: radicand - root * root > root ? root + 1n : root, scale };
      },
    );
  });

  it('compare', () => {
    fc.assert(
      fc.property(decimal, decimal, (a, b) => {
        const order = registers.compare(fileOf(a, b), A, B);
        const [x, y] = aligned(a, b);
        if (order !== 2) expect(order).to.equal(x < y ? -1 : x > y ? 1 : 0);
      }),
      { numRuns: 20_000, seed: 8 },
    );
  });

  it('refuse what is longer, and a divisor of zero', () => {
    const longest = { coefficient: LONGEST, scale: 0 };
    const file = fileOf(longest, longest);
    expect(registers.add(file, A, B, RESULT)).to.equal(false);
    expect(registers.multiply(file, A, B, RESULT)).to.equal(false);
    expect(registers.setRegister(file, A, LONGEST + 1n, 0)).to.equal(false);
    const zero = fileOf(longest, { coefficient: 0n, scale: 3 });
    for (const divide of [registers.divide, registers.divideTruncated, registers.remainder])
      expect(divide(zero, A, B, RESULT)).to.equal(false);
  });
});
