/** numeric computes exactly, and gives results the scale that PostgreSQL gives them. */
import { expect } from 'chai';
import fc from 'fast-check';
import { Numeric } from '../../types/index.ts';
import { answer } from './answers.ts';
import { ARITHMETIC } from './expected/arithmetic.ts';

/** "a + b", "sqrt a", "round a 2", "log base a". */
function evaluate(expression: string): Numeric {
  const words = expression.split(' ');
  const [first, second, third] = words;
  switch (first) {
    case 'sqrt':
    case 'exp':
    case 'ln':
    case 'ceil':
    case 'floor':
      return Numeric.parse(second)[first]();
    case 'round':
    case 'trunc':
      return Numeric.parse(second)[first](Number(third));
    case 'log':
      return Numeric.parse(third).log(Numeric.parse(second));
    default: {
      const a = Numeric.parse(first);
      const b = Numeric.parse(third);
      if (second === '+') return a.add(b);
      if (second === '-') return a.sub(b);
      if (second === '*') return a.mul(b);
      if (second === '/') return a.div(b);
      return second === '%' ? a.mod(b) : a.power(b);
    }
  }
}

describe('numeric', () => {
  for (const [expression, expected] of ARITHMETIC) {
    it(`${expression} = ${expected}`, () => {
      expect(answer(() => evaluate(expression).toString())).to.equal(expected);
    });
  }

  describe('in general', () => {
    const digits = fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n });
    const scale = fc.integer({ min: 0, max: 20 });
    const numeric = fc.tuple(digits, scale).map(([c, s]) => Numeric.fromBigint(c, s));

    it('keeps the coefficient a number exactly while it is safe', () => {
      fc.assert(
        fc.property(numeric, numeric, (a, b) => {
          for (const value of [a, b, a.add(b), a.mul(b), a.sub(b), a.round(3), a.neg()]) {
            const isSafe = Number.isSafeInteger(Number(value.coefficient));
            expect(typeof value.coefficient).to.equal(isSafe ? 'number' : 'bigint');
            expect(Object.is(value.coefficient, -0)).to.equal(false);
          }
        }),
      );
    });

    it('adds, subtracts and multiplies like integers', () => {
      fc.assert(
        fc.property(digits, digits, scale, (x, y, s) => {
          const a = Numeric.fromBigint(x, s);
          const b = Numeric.fromBigint(y, s);
          expect(a.add(b).toString()).to.equal(Numeric.fromBigint(x + y, s).toString());
          expect(a.sub(b).toString()).to.equal(Numeric.fromBigint(x - y, s).toString());
          expect(a.mul(b).toString()).to.equal(Numeric.fromBigint(x * y, 2 * s).toString());
        }),
      );
    });

    it('reads what it writes', () => {
      fc.assert(
        fc.property(numeric, (a) => {
          expect(Numeric.parse(a.toString())).to.deep.equal(a);
        }),
      );
    });

    it('orders as the difference has its sign, whatever the scales', () => {
      fc.assert(
        fc.property(numeric, numeric, (a, b) => {
          expect(a.compare(b)).to.equal(a.sub(b).sign());
        }),
      );
    });

    it('divides with remainder', () => {
      fc.assert(
        fc.property(numeric, numeric, (a, b) => {
          fc.pre(!b.isZero);
          expect(a.divTrunc(b).mul(b).add(a.mod(b)).compare(a)).to.equal(0);
        }),
      );
    });
  });

  it('puts NaN above infinity, and both above all numbers', () => {
    const order = [Numeric.NEGATIVE_INFINITY, Numeric.fromScaled(-1, 0), Numeric.ZERO, Numeric.INFINITY, Numeric.NaN];
    order.forEach((a, i) => {
      order.forEach((b, j) => {
        expect(a.compare(b)).to.equal(Math.sign(i - j));
      });
    });
  });

  it('computes with infinities as PostgreSQL does', () => {
    const { INFINITY, NEGATIVE_INFINITY, ZERO, ONE } = Numeric;
    expect(INFINITY.sub(INFINITY).isNaN).to.equal(true);
    expect(INFINITY.mul(ZERO).isNaN).to.equal(true);
    expect(INFINITY.mul(NEGATIVE_INFINITY).toString()).to.equal('-Infinity');
    expect(ONE.div(INFINITY).toString()).to.equal('0');
    expect(ONE.mod(INFINITY).toString()).to.equal('1');
    expect(answer(() => INFINITY.div(ZERO).toString())).to.equal('ERROR 22012: division by zero');
    expect(INFINITY.power(ZERO).toString()).to.equal('1');
  });

  it('converts to integers by rounding, and refuses what does not fit', () => {
    expect(Numeric.parse('2.5').toInt4()).to.equal(3);
    expect(Numeric.parse('-2.5').toInt4()).to.equal(-3);
    expect(answer(() => `${Numeric.parse('32767.5').toInt2()}`)).to.equal('ERROR 22003: smallint out of range');
    expect(answer(() => `${Numeric.parse('2147483648').toInt4()}`)).to.equal('ERROR 22003: integer out of range');
    expect(Numeric.parse('9223372036854775807').toInt8()).to.equal(9223372036854775807n);
    expect(answer(() => `${Numeric.parse('9223372036854775808').toInt8()}`)).to.equal(
      'ERROR 22003: bigint out of range',
    );
    expect(answer(() => `${Numeric.NaN.toInt4()}`)).to.equal('ERROR 0A000: cannot convert NaN to integer');
  });

  it('takes 15 digits of a double and 6 of a float', () => {
    expect(Numeric.fromNumber(0.1).toString()).to.equal('0.1');
    expect(Numeric.fromNumber(1 / 3).toString()).to.equal('0.333333333333333');
    expect(Numeric.fromNumber(123456789.1234567).toString()).to.equal('123456789.123457');
    expect(Numeric.fromNumber(1e20).toString()).to.equal('100000000000000000000');
    expect(Numeric.fromNumber(1e-7).toString()).to.equal('0.0000001');
    expect(Numeric.fromNumber(Math.fround(0.1), 6).toString()).to.equal('0.1');
    expect(Numeric.fromNumber(1234567, 6).toString()).to.equal('1234570');
    // Ties go to the even digit.
    expect(Numeric.fromNumber(277869251448078.5).toString()).to.equal('277869251448078');
    expect(Numeric.fromNumber(-328746.5, 6).toString()).to.equal('-328746');
  });

  it('has no double beyond their range', () => {
    expect(answer(() => `${Numeric.parse('1e400').toFloat8()}`)).to.match(
      /^ERROR 22003: "10+" is out of range for type double/,
    );
    expect(answer(() => `${Numeric.parse('1e-400').toFloat8()}`)).to.match(/^ERROR 22003: "0.0+1" is out of range/);
  });

  it('gives the nearest double', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e30, max: 1e30 }), (x) => {
        const text = Number(x.toPrecision(17)).toFixed(30);
        expect(Numeric.parse(text).toFloat8() + 0).to.equal(Number(text) + 0);
      }),
    );
  });
});
