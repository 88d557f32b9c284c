/** Random numbers from a seed, so that a failing run can be repeated: HOTROW_SEED=n. */
import { seedFrom } from '../../support/seed.ts';

export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Runs the body with `count` seeds; an error says which one, and how to repeat it. */
export function withSeeds(count: number, body: (random: () => number, seed: number) => void | Promise<void>) {
  return async (): Promise<void> => {
    const fixed = process.env['HOTROW_SEED'];
    const first = seedFrom('HOTROW_SEED');
    for (let i = 0; i < (fixed === undefined ? count : 1); i++) {
      const seed = first + i;
      try {
        await body(seededRandom(seed), seed);
      } catch (error) {
        if (error instanceof Error) error.message += ` (repeat with HOTROW_SEED=${seed})`;
        throw error;
      }
    }
  };
}

export function randomInt(random: () => number, below: number): number {
  return Math.floor(random() * below);
}
