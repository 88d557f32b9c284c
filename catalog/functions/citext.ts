/** What the extension citext is made of: text in which upper and lower case are the same, ordered by its bytes in lower case. */
import { OID, toLower } from '../../types/index.ts';
import { chooser, compareFirst, comparisons } from './arrays.ts';
import { hashOf, hashWithSeedOf } from './hash.ts';
import type { FunctionModule } from './module.ts';

const ofCitext = (): number => OID.ANYCITEXT;
const hash = hashOf(OID.TEXT);
const hashWithSeed = hashWithSeedOf(OID.TEXT);
const { citext_pattern_lt, citext_pattern_le, citext_pattern_gt, citext_pattern_ge } = comparisons(
  'citext_pattern',
  ofCitext,
);

export const citextFunctions: FunctionModule = {
  plain: {
    citext_hash: (value: string) => hash(toLower(value)),
    citext_hash_extended: (value: string, seed: number | bigint) => hashWithSeed(toLower(value), seed),
  },
  specialised: {
    ...comparisons('citext', ofCitext),
    ...{ citext_pattern_lt, citext_pattern_le, citext_pattern_gt, citext_pattern_ge },
    citext_cmp: compareFirst,
    citext_pattern_cmp: compareFirst,
    citext_smaller: chooser(false),
    citext_larger: chooser(true),
  },
};
