/**
 * Seeds of random tests. A run of the tests says whether a change is good, so it is the same in each run; who wants to search further takes
 * others: `SEED=random npm test`, or one that is named to be repeated (`CRASH_SEED=7`). Each test prints its seed when it fails.
 */
import fc from 'fast-check';

const USUAL = 20_261_129;

/** The seed that the environment names in `variable`, or in SEED; `random`: one by the clock. */
export function seedFrom(variable = 'SEED'): number {
  const named = process.env[variable] ?? process.env['SEED'];
  if (named === undefined) return USUAL;
  return named === 'random' ? Date.now() % 1_000_000_000 : Number(named);
}

/** Loaded by mocha before any test (.mocharc.json). fast-check prints what to repeat. */
fc.configureGlobal({ seed: seedFrom('FC_SEED') });
