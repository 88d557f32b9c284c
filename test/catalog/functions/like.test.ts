/** The patterns that LIKE remembers. What it matches is in sql-fixtures. */
import { expect } from 'chai';
import type { likeFunctions } from '../../../catalog/functions/like.ts';

describe('LIKE', () => {
  it('finds a zero byte as the first pattern of a process', async () => {
    const fresh: string = '../../../catalog/functions/like.ts?fresh';
    const module = (await import(fresh)) as { likeFunctions: typeof likeFunctions };
    const { bytealike } = module.likeFunctions.plain as Record<
      string,
      (value: Uint8Array, pattern: Uint8Array) => boolean
    >;
    expect(bytealike(Uint8Array.of(0), Uint8Array.of(0))).to.equal(true);
  });
});
