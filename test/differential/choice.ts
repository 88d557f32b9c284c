/** Choices out of a seeded source of random numbers. */
import { randomOf } from '../support/random.ts';

export class Choice {
  private readonly random: () => number;

  constructor(seed: number) {
    this.random = randomOf(seed);
  }

  chance(share: number): boolean {
    return this.random() < share;
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }

  /** `count` different ones, or as many as there are. */
  some<T>(choices: readonly T[], count: number): T[] {
    const left = [...choices];
    const taken: T[] = [];
    while (taken.length < count && left.length > 0) taken.push(...left.splice(this.below(left.length), 1));
    return taken;
  }

  seed(): number {
    return this.below(0x7fffffff);
  }
}
