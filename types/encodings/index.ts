export { characterRules, characterSize } from './characters.ts';
export { type Encoding, encodingNamed, isConvertible, UTF8_GROWTH } from './encoding.ts';
export { invalidBytes, withoutEquivalent } from './errors.ts';
