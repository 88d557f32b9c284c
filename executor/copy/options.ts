/** COPY's options, checked as PostgreSQL does. */

import { encodingName } from '../../catalog/settings.ts';
import type { CopyStatement } from '../../parser/ast.ts';
import { type Encoding, encodingNamed, isConvertible } from '../../types/encodings/index.ts';
import { sqlError } from '../../types/errors.ts';

export interface CopyOptions {
  readonly format: 'text' | 'csv' | 'binary';
  /** One character each; '' = none. */
  readonly delimiter: string;
  readonly nullText: string;
  readonly header: 'none' | 'line' | 'match';
  readonly quote: string;
  readonly escape: string;
  /** Column names, or '*'. */
  readonly forceQuote: readonly string[] | '*';
  readonly forceNotNull: readonly string[];
  readonly forceNull: readonly string[];
  /** Of text and CSV, and of the texts in binary; null: UTF-8. */
  readonly encoding: Encoding | null;
}

type OptionValue = CopyStatement['options'][number]['value'];

function textOf(value: OptionValue): string {
  if (value === null || value === undefined) return 'true';
  if (typeof value === 'object' && 'value' in value) return String((value as { value: unknown }).value);
  return String(value);
}

function listOf(value: OptionValue): readonly string[] | '*' {
  if (Array.isArray(value))
    return value.map((v) =>
      typeof v === 'object' && v !== null && 'value' in v ? String((v as { value: unknown }).value) : String(v),
    );
  const text = textOf(value);
  return text === '*' ? '*' : [text];
}

/** `clientEncoding`: null: UTF-8. */
export function copyOptions(node: CopyStatement, clientEncoding: Encoding | null): CopyOptions {
  const given = new Map<string, OptionValue>();
  for (const option of node.options) {
    if (!OPTION_NAMES.has(option.name))
      throw sqlError('42601', `option "${option.name}" not recognized`, { position: option.position + 1 });
    if (given.has(option.name))
      throw sqlError('42601', 'conflicting or redundant options', { position: option.position + 1 });
    given.set(option.name, option.value);
  }
  const format = given.has('format') ? textOf(given.get('format') as OptionValue).toLowerCase() : 'text';
  if (format !== 'text' && format !== 'csv' && format !== 'binary')
    throw sqlError('22023', `COPY format "${format}" not recognized`);
  if (format === 'binary') checkBinary(given);
  const encoding = encodingOf(node, clientEncoding);
  const isCsv = format === 'csv';
  const text = (name: string, fallback: string): string =>
    given.has(name) ? textOf(given.get(name) as OptionValue) : fallback;
  const onlyCsv = (name: string, words: string): void => {
    if (given.has(name) && !isCsv) throw sqlError('0A000', `COPY ${words} available only in CSV mode`);
  };
  onlyCsv('quote', 'quote');
  onlyCsv('escape', 'escape');
  for (const [name, words, direction] of FORCES) {
    onlyCsv(name, words);
    if (!given.has(name) || node.direction === direction) continue;
    throw sqlError('0A000', `COPY ${words} only available using COPY ${direction.toUpperCase()}`);
  }
  const delimiter = text('delimiter', isCsv ? ',' : '\t');
  checkCharacter('delimiter', delimiter);
  if (!isCsv && /[\\.a-z0-9]/.test(delimiter)) throw sqlError('22023', `COPY delimiter cannot be "${delimiter}"`);
  const quote = text('quote', '"');
  const escapeCharacter = text('escape', quote);
  if (isCsv) {
    checkCharacter('quote', quote);
    checkCharacter('escape', escapeCharacter);
    if (delimiter === quote) throw sqlError('22023', 'COPY delimiter and quote must be different');
  }
  const nullText = text('null', isCsv ? '' : '\\N');
  if (/[\r\n]/.test(nullText))
    throw sqlError('22023', 'COPY null representation cannot use newline or carriage return');
  if (nullText.includes(delimiter)) throw sqlError('0A000', 'COPY delimiter must not appear in the NULL specification');
  return {
    format,
    delimiter,
    nullText,
    header: headerOf(node, given.get('header')),
    quote,
    escape: escapeCharacter,
    forceQuote: given.has('force_quote') ? listOf(given.get('force_quote') as OptionValue) : [],
    forceNotNull: listOfNames(given.get('force_not_null')),
    forceNull: listOfNames(given.get('force_null')),
    encoding: format === 'binary' ? clientEncoding : encoding,
  };
}

const FORCES = [
  ['force_quote', 'force quote', 'to'],
  ['force_not_null', 'force not null', 'from'],
  ['force_null', 'force null', 'from'],
] as const;

const OPTION_NAMES: ReadonlySet<string> = new Set([
  'format',
  'freeze',
  'delimiter',
  'null',
  'header',
  'quote',
  'escape',
  'force_quote',
  'force_not_null',
  'force_null',
  'encoding',
]);

function checkBinary(given: ReadonlyMap<string, OptionValue>): void {
  if (given.has('delimiter')) throw sqlError('42601', 'cannot specify DELIMITER in BINARY mode');
  if (given.has('null')) throw sqlError('42601', 'cannot specify NULL in BINARY mode');
  if (given.has('header') && headerWord(given.get('header')) !== 'off')
    throw sqlError('0A000', 'cannot specify HEADER in BINARY mode');
}

/** SQL_ASCII takes bytes as they are, so that they must be UTF-8. Texts of binary rows go by the client's encoding. */
function encodingOf({ options }: CopyStatement, clientEncoding: Encoding | null): Encoding | null {
  const option = options.find(({ name }) => name === 'encoding');
  if (option === undefined) return clientEncoding;
  const position = option.position + 1;
  const name = encodingName(textOf(option.value));
  if (name === null) {
    throw sqlError('22023', 'argument to option "encoding" must be a valid encoding name', { position });
  }
  if (!isConvertible(name)) throw sqlError('0A000', `COPY in encoding "${name}" is not supported`, { position });
  return encodingNamed(name);
}

function headerWord(value: OptionValue | undefined): 'on' | 'off' | 'match' {
  if (value === undefined) return 'off';
  const text = textOf(value).toLowerCase();
  if (text === 'match') return 'match';
  if (['true', 'on', '1'].includes(text)) return 'on';
  if (['false', 'off', '0'].includes(text)) return 'off';
  throw sqlError('42601', 'header requires a Boolean value or "match"');
}

function listOfNames(value: OptionValue | undefined): readonly string[] {
  if (value === undefined) return [];
  const list = listOf(value);
  return list === '*' ? [] : list;
}

function headerOf(node: CopyStatement, value: OptionValue | undefined): CopyOptions['header'] {
  const word = headerWord(value);
  if (word === 'match' && node.direction === 'to') throw sqlError('0A000', 'cannot use "match" with HEADER in COPY TO');
  return word === 'match' ? 'match' : word === 'on' ? 'line' : 'none';
}

function checkCharacter(name: string, text: string): void {
  if (Buffer.byteLength(text, 'utf8') !== 1)
    throw sqlError('0A000', `COPY ${name} must be a single one-byte character`);
  if (text === '\n' || text === '\r') throw sqlError('22023', `COPY ${name} cannot be newline or carriage return`);
}
