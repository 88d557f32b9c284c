/** Checks of string settings that have a syntax of their own: DateStyle, TimeZone, client_encoding and others. */
import { parsePosixZone } from '../../types/datetime/rule-zone.ts';
import { isConvertible } from '../../types/encodings/index.ts';
import { type SqlErrorFields, sqlError } from '../../types/errors.ts';
import type { DateOrder, DateStyle } from '../../types/settings.ts';
import { plainName, quotedName, splitQualifiedName } from '../qualified-name.ts';
import { isBuiltInConfiguration } from '../text-search.ts';

function invalid(name: string, text: string, fields: SqlErrorFields = {}, code = '22023'): Error {
  return sqlError(code, `invalid value for parameter "${name}": "${text}"`, fields);
}

// -------------------------------------------------------------------------------------------------------- DateStyle

export interface DateStyleValue {
  readonly style: DateStyle;
  readonly order: DateOrder;
}

export function parseDateStyle(text: string): DateStyleValue {
  const [style, order] = text.split(', ');
  return { style: style as DateStyle, order: order as DateOrder };
}

const STYLES: readonly (readonly [prefix: string, style: DateStyle])[] = [
  ['iso', 'ISO'],
  ['sql', 'SQL'],
  ['postgres', 'Postgres'],
  ['german', 'German'],
];
const ORDERS: Readonly<Record<string, DateOrder>> = {
  ymd: 'YMD',
  dmy: 'DMY',
  mdy: 'MDY',
  us: 'MDY',
};

/** `current` and `initial` fill in what the text does not say. Answers `ISO, MDY`. */
function checkDateStyle(text: string, current: string, initial: string): string {
  let { style, order } = parseDateStyle(current);
  let hasStyle = false;
  let hasOrder = false;
  let isConsistent = true;
  for (const part of text.split(',')) {
    const word = part.trim().toLowerCase();
    const styleFound = STYLES.find(([prefix]) => word === prefix || (prefix === 'postgres' && word.startsWith(prefix)));
    if (styleFound !== undefined) {
      if (hasStyle && style !== styleFound[1]) isConsistent = false;
      style = styleFound[1];
      hasStyle = true;
      if (style === 'German' && !hasOrder) order = 'DMY';
    } else if (word in ORDERS || word.startsWith('euro') || word.startsWith('noneuro')) {
      const orderFound = ORDERS[word] ?? (word.startsWith('euro') ? 'DMY' : 'MDY');
      if (hasOrder && order !== orderFound) isConsistent = false;
      order = orderFound;
      hasOrder = true;
    } else if (word === 'default') {
      const fallback = parseDateStyle(initial);
      if (!hasStyle) style = fallback.style;
      if (!hasOrder) order = fallback.order;
    } else {
      throw invalid('DateStyle', text, { detail: `Unrecognized key word: "${word}".` });
    }
  }
  if (!isConsistent) throw invalid('DateStyle', text, { detail: 'Conflicting "datestyle" specifications.' });
  return `${style}, ${order}`;
}

// --------------------------------------------------------------------------------------------------------- TimeZone

/** Hours east of Greenwich as the POSIX form that PostgreSQL shows: 2 is <+02>-02. */
function offsetZoneName(offsetSeconds: number): string {
  const size = Math.abs(offsetSeconds);
  const pad = (part: number): string => String(Math.trunc(part)).padStart(2, '0');
  let digits = pad(size / 3600);
  if (size % 3600 !== 0) digits += `:${pad((size % 3600) / 60)}`;
  if (size % 60 !== 0) digits += `:${pad(size % 60)}`;
  // A zone at or west of Greenwich is written with minus first: -00 never occurs.
  return offsetSeconds >= 0 ? `<+${digits}>-${digits}` : `<-${digits}>+${digits}`;
}

let canonicalNames: Map<string, string> | null = null;

/** The IANA name in its usual spelling, or null. */
function ianaName(text: string): string | null {
  canonicalNames ??= new Map(Intl.supportedValuesOf('timeZone').map((name) => [name.toLowerCase(), name]));
  const canonical = canonicalNames.get(text.toLowerCase());
  if (canonical !== undefined) return canonical;
  if (!/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(text)) return null;
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
  } catch {
    return null;
  }
  // An alias (US/Eastern, Asia/Calcutta, utc): spelled as the database does, with capitals at the start of each word.
  if (/^(?:utc|gmt|uct|est|mst|hst|cet|eet|met|wet|prc|roc|rok|gb|nz|zulu|universal|greenwich)$/i.test(text)) {
    return /^(?:zulu|universal|greenwich)$/i.test(text) ? capitalise(text) : text.toUpperCase();
  }
  if (/^etc\/(?:utc|gmt|uct)/i.test(text)) return `Etc/${text.slice(4).toUpperCase()}`;
  if (/^(?:us|gb|nz)[/-]/i.test(text)) return text.slice(0, 2).toUpperCase() + text[2] + capitalise(text.slice(3));
  if (/^(?:est5edt|cst6cdt|mst7mdt|pst8pdt)$/i.test(text)) return text.toUpperCase();
  return capitalise(text);
}

function capitalise(text: string): string {
  return text
    .toLowerCase()
    .replace(/(^|[/_-])([a-z])/g, (_, before: string, letter: string) => before + letter.toUpperCase());
}

const INTERVAL_ZONE = /^([+-]?)(\d{1,3}):(\d{2})(?::(\d{2}))?$/;

/** Answers the name that SHOW prints. Also takes `interval '+02:00'`'s text, and hours as a number. */
export function checkTimeZone(text: string, isInterval = false, settingName = 'TimeZone'): string {
  if (isInterval) {
    const match = INTERVAL_ZONE.exec(text.trim());
    if (match === null) {
      const hours = Number(text);
      if (text.trim() === '' || !Number.isFinite(hours)) throw invalid(settingName, text);
      return offsetZoneName(Math.round(hours * 3600));
    }
    const size = Number(match[2]) * 3600 + Number(match[3]) * 60 + Number(match[4] ?? 0);
    return offsetZoneName(match[1] === '-' ? -size : size);
  }
  const intervalText = /^interval\s+'([^']*)'/i.exec(text);
  if (intervalText !== null) return checkTimeZone(intervalText[1], true, settingName);
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)$/.test(text)) {
    const seconds = Math.round(Number(text) * 3600);
    if (Math.abs(seconds) > 168 * 3600) {
      throw invalid(settingName, text, { detail: 'UTC timezone offset is out of range.' });
    }
    return offsetZoneName(seconds);
  }
  const iana = ianaName(text);
  if (iana !== null) return iana;
  const posix = parsePosixZone(text);
  if (posix !== undefined) return posix.name;
  throw invalid(settingName, text);
}

// --------------------------------------------------------------------------------------------------------- encodings

/** PostgreSQL's encodings by number (pg_encoding_to_char). */
export const ENCODING_NAMES = (
  'SQL_ASCII EUC_JP EUC_CN EUC_KR EUC_TW EUC_JIS_2004 UTF8 MULE_INTERNAL LATIN1 LATIN2 LATIN3 LATIN4 LATIN5 LATIN6 LATIN7 ' +
  'LATIN8 LATIN9 LATIN10 WIN1256 WIN1258 WIN866 WIN874 KOI8R WIN1251 WIN1252 ISO_8859_5 ISO_8859_6 ISO_8859_7 ISO_8859_8 ' +
  'WIN1250 WIN1253 WIN1254 WIN1255 WIN1257 KOI8U SJIS BIG5 GBK UHC GB18030 JOHAB SHIFT_JIS_2004'
).split(' ');
/** What is not the proper name without its underscores: `windows1252` is `win1252`. */
const ENCODING_ALIASES: Readonly<Record<string, string>> = {
  unicode: 'UTF8',
  abc: 'WIN1258',
  alt: 'WIN866',
  koi8: 'KOI8R',
  mskanji: 'SJIS',
  shiftjis: 'SJIS',
  tcvn: 'WIN1258',
  tcvn5712: 'WIN1258',
  vscii: 'WIN1258',
  win: 'WIN1251',
  win932: 'SJIS',
  win936: 'GBK',
  win949: 'UHC',
  win950: 'BIG5',
  iso88591: 'LATIN1',
  iso88592: 'LATIN2',
  iso88593: 'LATIN3',
  iso88594: 'LATIN4',
  iso88599: 'LATIN5',
  iso885910: 'LATIN6',
  iso885913: 'LATIN7',
  iso885914: 'LATIN8',
  iso885915: 'LATIN9',
  iso885916: 'LATIN10',
};

/** The encoding's proper name, or null. Letters and digits count, nothing else. */
export function encodingName(text: string): string | null {
  const key = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '')
    .replace(/^windows(?=\d)/, 'win');
  if (key === '') return null;
  return ENCODING_ALIASES[key] ?? ENCODING_NAMES.find((name) => name.toLowerCase().replaceAll('_', '') === key) ?? null;
}

/**
 * The client's encoding, by its proper name. `UNICODE` stays: what was older than 9.1 of JDBC's driver wants to read what it wrote.
 */
function checkClientEncoding(text: string): string {
  const name = encodingName(text);
  if (name === null) throw invalid('client_encoding', text);
  if (!isConvertible(name)) {
    const detail = `Conversion between ${name} and UTF8 is not supported.`;
    throw invalid('client_encoding', text, { detail }, '0A000');
  }
  return text === 'UNICODE' ? text : name;
}

// ------------------------------------------------------------------------------------------------------------ others

/** Names between commas, each plain or in double quotes, as search_path has them; null: bad syntax. */
export function splitNameList(text: string): string[] | null {
  const names: string[] = [];
  let rest = text.trim();
  if (rest === '') return names;
  for (;;) {
    const match = /^(?:"((?:[^"]|"")*)"|([^\s",]+))\s*/.exec(rest);
    if (match === null) return null;
    names.push(match[1] !== undefined ? quotedName(match[1]) : plainName(match[2]));
    rest = rest.slice(match[0].length);
    if (rest === '') return names;
    if (rest[0] !== ',') return null;
    rest = rest.slice(1).trimStart();
  }
}

/** Messages must be printable by whatever reads them: anything outside ASCII becomes `?`, byte by byte. */
function toPrintableAscii(text: string): string {
  return [...Buffer.from(text, 'utf8')]
    .map((byte) => (byte < 32 || byte > 126 ? '?' : String.fromCharCode(byte)))
    .join('');
}

const LOCALES = new Set([
  '',
  'C',
  'POSIX',
  'C.UTF-8',
  'C.utf8',
  'en_US.UTF-8',
  'en_US.utf8',
  'English_United States.1252',
]);

function checkLocale(name: string, text: string): string {
  if (!LOCALES.has(text)) throw invalid(name, text);
  return text;
}

/** What a string setting's text becomes, by name; throws when it is not valid. `current`/`initial`: its value now and at RESET. */
export function checkString(name: string, text: string, current: string, initial: string): string {
  switch (name) {
    case 'DateStyle':
      return checkDateStyle(text, current, initial);
    case 'TimeZone':
    case 'log_timezone':
      return checkTimeZone(text, false, name);
    case 'client_encoding':
      return checkClientEncoding(text);
    case 'application_name':
    case 'cluster_name':
      return toPrintableAscii(text).slice(0, 63);
    case 'search_path':
      if (splitNameList(text) === null) throw invalid(name, text, { detail: 'List syntax is invalid.' });
      return text;
    case 'lc_messages':
    case 'lc_monetary':
    case 'lc_numeric':
    case 'lc_time':
      return checkLocale(name, text);
    case 'default_text_search_config':
      // Whether there is such a configuration, the session knows.
      splitQualifiedName(text);
      return isBuiltInConfiguration(text) ? `pg_catalog.${text}` : text;
    case 'default_table_access_method':
      if (text !== 'heap') throw invalid(name, text, { detail: `Table access method "${text}" does not exist.` });
      return text;
    case 'default_tablespace':
      if (text !== '' && text !== 'pg_default' && text !== 'pg_global') {
        throw invalid(name, text, { detail: `Tablespace "${text}" does not exist.` });
      }
      return text;
    default:
      return text;
  }
}
