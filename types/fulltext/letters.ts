/** What counts as a letter or digit in words: as iswalpha in C.UTF-8, where digits beyond ASCII are letters. */

const LETTER = /[\p{Alphabetic}\p{Nd}]/u;

const UNKNOWN = 0;
const YES = 1;
const NO = 2;
/** Answers for the basic plane, found when first asked for. */
const known = new Uint8Array(65536);

/** Letters, and digits that are not ASCII. */
export function isLetter(codePoint: number): boolean {
  if (codePoint < 128) return (codePoint | 32) >= 97 && (codePoint | 32) <= 122;
  if (codePoint > 65535) return LETTER.test(String.fromCodePoint(codePoint));
  let answer = known[codePoint];
  if (answer === UNKNOWN) {
    answer = LETTER.test(String.fromCharCode(codePoint)) ? YES : NO;
    known[codePoint] = answer;
  }
  return answer === YES;
}

export function isDigit(codePoint: number): boolean {
  return codePoint >= 48 && codePoint <= 57;
}

export function isWordCharacter(codePoint: number): boolean {
  return isDigit(codePoint) || isLetter(codePoint);
}
