/** aclitem's text, `name=rights/grantor`, read and brought into its usual form. After: PostgreSQL, acl.c (aclparse). */
import { sqlError } from './errors.ts';
import { OID } from './oid.ts';
import type { FormatSettings } from './settings.ts';

const LETTERS = 'arwdDxtXUCTcsA';
const NAME = /\s*((?:"(?:[^"]|"")*"|[\p{L}\p{N}_]|[^\u0000-\u007f])*)\s*/uy;
const IDENTIFIER_BYTES_MAX = 63;

function invalid(message: string, hint?: string): Error {
  return sqlError('22P02', message, hint === undefined ? {} : { hint });
}

/** The name at a place of the text, without quotes, and where it ends. */
function nameAt(text: string, at: number): { readonly name: string; readonly end: number } {
  NAME.lastIndex = at;
  const [whole, raw] = NAME.exec(text) ?? ['', ''];
  const name = raw.replace(/"((?:[^"]|"")*)"/g, (_, quoted: string) => quoted.replaceAll('""', '"'));
  if (Buffer.byteLength(name) > IDENTIFIER_BYTES_MAX) {
    throw sqlError('42622', 'identifier too long', {
      detail: `Identifier must be less than ${IDENTIFIER_BYTES_MAX + 1} characters.`,
    });
  }
  return { name, end: at + whole.length };
}

/** A role's name as an aclitem has it. */
function quoteRole(name: string): string {
  return /^[A-Za-z0-9_]+$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** Names of roles must be those of some; without somebody who knows roles they are taken as they are. */
function checkedRole(name: string, settings: FormatSettings): string {
  settings.names?.regInput(OID.REGROLE, `"${name.replaceAll('"', '""')}"`);
  return quoteRole(name);
}

export function inputAclItem(text: string, settings: FormatSettings): string {
  let { name, end } = nameAt(text, 0);
  if (text[end] !== '=') {
    if (name !== 'group' && name !== 'user') {
      throw invalid(`unrecognized key word: "${name}"`, 'ACL key word must be "group" or "user".');
    }
    ({ name, end } = nameAt(text, end));
    if (name === '') throw invalid('missing name', 'A name must follow the "group" or "user" key word.');
  }
  if (text[end] !== '=') throw invalid('missing "=" sign');
  const rights = new Map<string, boolean>();
  let last = '';
  for (end++; end < text.length && /[A-Za-z*]/.test(text[end]); end++) {
    const letter = text[end];
    if (letter === '*') {
      if (last !== '') rights.set(last, true);
      continue;
    }
    if (!LETTERS.includes(letter)) throw invalid(`invalid mode character: must be one of "${LETTERS}"`);
    if (!rights.has(letter)) rights.set(letter, false);
    last = letter;
  }
  let grantor: string;
  if (text[end] === '/') {
    const given = nameAt(text, end + 1);
    if (given.name === '') throw invalid('a name must follow the "/" sign');
    grantor = checkedRole(given.name, settings);
    end = given.end;
  } else grantor = settings.names?.regOutput(OID.REGROLE, BOOTSTRAP_OID) ?? 'postgres';
  if (text.slice(end).trim() !== '') throw invalid('extra garbage at the end of the ACL specification');
  const shown = [...LETTERS]
    .filter((letter) => rights.has(letter))
    .map((letter) => (rights.get(letter) ? `${letter}*` : letter));
  return `${name === '' ? '' : checkedRole(name, settings)}=${shown.join('')}/${grantor}`;
}

/** Whose the rights are that say nothing of it. */
const BOOTSTRAP_OID = 10;
