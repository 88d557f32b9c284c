export class Numeric {
  readonly coefficient: number | bigint;
  readonly scale: number;
  readonly isFinite: boolean;
  readonly isNaN: boolean;
  static readonly NaN: Numeric = new Numeric(Number.NaN, 0);
  static readonly ZERO: Numeric = new Numeric(0, 0);
  private constructor(coefficient: number | bigint, scale: number) {
    this.coefficient = coefficient;
    this.scale = scale;
    this.isFinite = true;
    this.isNaN = false;
  }
  static fromScaled(coefficient: number | bigint, scale: number): Numeric {
    return new Numeric(coefficient, scale);
  }
  declare sign: () => number;
  declare round: (scale: number) => Numeric;
}
