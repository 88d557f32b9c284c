/** Upper and lower case, character by character as towupper and towlower map them: no character changes its number. */

const NOT_ASCII = /[^\x00-\x7f]/;

/** Maps each character by itself: 'ß' and a final sigma keep their place and number. */
function mapCase(text: string, convert: (character: string) => string): string {
  let result = '';
  for (const character of text) {
    const mapped = convert(character);
    result += mapped.length === character.length ? mapped : character;
  }
  return result;
}

const upperOne = (character: string): string => character.toUpperCase();
const lowerOne = (character: string): string => character.toLowerCase();

/** No character becomes shorter: a text that keeps its length was mapped character by character. Only the sigma looks at what is around it. */
export function toUpper(text: string): string {
  const upper = text.toUpperCase();
  return upper.length === text.length ? upper : mapCase(text, upperOne);
}

export function toLower(text: string): string {
  const lower = text.toLowerCase();
  return lower.length === text.length && !text.includes('\u03a3') ? lower : mapCase(text, lowerOne);
}

/** Of ASCII's letters alone, as under the collation C. */
export function asciiToUpper(text: string): string {
  return NOT_ASCII.test(text) ? text.replace(/[a-z]+/g, (word) => word.toUpperCase()) : text.toUpperCase();
}

export function asciiToLower(text: string): string {
  return NOT_ASCII.test(text) ? text.replace(/[A-Z]+/g, (word) => word.toLowerCase()) : text.toLowerCase();
}
