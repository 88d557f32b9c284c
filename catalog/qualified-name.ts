/** Names of objects in texts: of regclass and its kin, of settings. */
import { sqlError } from '../types/errors.ts';
import { inputName } from '../types/text.ts';

const NAME_PART = /\s*(?:"((?:[^"]|"")+)"|([^\s".][^\s.]*))\s*(\.|$)/y;

/** a.b."C.d" to its parts, folded to lower case (ASCII) unless quoted, each cut to 63 bytes; 42602 when it is none. */
export function splitQualifiedName(text: string): string[] {
  const names: string[] = [];
  NAME_PART.lastIndex = 0;
  for (;;) {
    const match = NAME_PART.exec(text);
    if (match === null) throw sqlError('42602', 'invalid name syntax');
    names.push(match[1] !== undefined ? quotedName(match[1]) : plainName(match[2]));
    if (match[3] === '') return names;
  }
}

/** What stands between double quotes. */
export function quotedName(text: string): string {
  return inputName(text.replaceAll('""', '"'));
}

/** A word as an identifier: ASCII letters in lower case, 63 bytes of it. */
export function plainName(text: string): string {
  return inputName(text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()));
}
