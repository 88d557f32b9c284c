/** boolean as text: any unambiguous beginning of true, false, yes, no, on, off; 1 and 0. */
import { sqlError } from './errors.ts';

const TRUE_WORDS: ReadonlySet<string> = new Set(['t', 'tr', 'tru', 'true', 'y', 'ye', 'yes', 'on', '1']);
const FALSE_WORDS: ReadonlySet<string> = new Set(['f', 'fa', 'fal', 'fals', 'false', 'n', 'no', 'of', 'off', '0']);

export function inputBool(text: string): boolean {
  if (text === 't' || text === 'true') return true;
  if (text === 'f' || text === 'false') return false;
  const word = text.replace(/^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g, '').toLowerCase();
  if (TRUE_WORDS.has(word)) return true;
  if (FALSE_WORDS.has(word)) return false;
  throw sqlError('22P02', `invalid input syntax for type boolean: "${text}"`);
}

export function outputBool(value: boolean): string {
  return value ? 't' : 'f';
}
