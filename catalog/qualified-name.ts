/** Names of objects in texts: of regclass and its kin, of settings. */
import { sqlError } from '../types/errors.ts';

const NAME_PART = /\s*(?:"((?:[^"]|"")+)"|([^\s".][^\s.]*))\s*(\.|$)/y;

/** a.b."C.d" to its parts, folded to lower case unless quoted; 42602 when it is none. */
export function splitQualifiedName(text: string): string[] {
  const names: string[] = [];
  NAME_PART.lastIndex = 0;
  for (;;) {
    const match = NAME_PART.exec(text);
    if (match === null) throw sqlError('42602', 'invalid name syntax');
    names.push(match[1] !== undefined ? match[1].replaceAll('""', '"') : match[2].toLowerCase());
    if (match[3] === '') return names;
  }
}
