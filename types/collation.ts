/**
 * Collations at run time: how text is ordered, what counts as equal, and how case changes.
 *
 * `default`, `C`, `POSIX`, `ucs_basic` and `C.utf8` order by the bytes of UTF-8, as everything does that has no collation. ICU's
 * collations order by Intl.Collator; where that finds no difference, the bytes decide, unless the collation is not deterministic.
 *
 * Intl has no sort keys, so no bytes of an index can have this order. What is ordered by a collation is given a type of its own
 * instead (collatedType): its values are those of the type under it, its comparator is the collation's. Such types exist in
 * expressions that nobody sees: sort keys, operands of row comparisons.
 */
import { sqlError } from './errors.ts';
import { OID } from './oid.ts';
import { registerType, type SqlType, typeByOid } from './type.ts';
import { compareText } from './unicode.ts';

export const DEFAULT_COLLATION = 100;
export const C_COLLATION = 950;
export const POSIX_COLLATION = 951;
/** What an expression has whose operands disagree: it may be passed on, but not compared. */
export const NO_COLLATION = -1;

export interface CollationDefinition {
  readonly oid: number;
  /** ICU locale; null: byte order. */
  readonly locale: string | null;
  readonly deterministic: boolean;
  /** ASCII's letters alone have another case and a class, as under C. Absent: all of Unicode's. */
  readonly asciiLetters?: boolean;
}

export interface Collation extends CollationDefinition {
  /** Language tag for upper and lower case; null: the default's rules, character by character. */
  readonly caseTag: string | null;
  readonly compare: (a: string, b: string) => number;
}

const definitions = new Map<number, CollationDefinition>();
const collations = new Map<number, Collation>();

/** Of oids that have had another definition. */
const versions = new Map<number, number>();

/** Makes a collation known. Within a server a definition never changes under its oid; the process may have had another server. */
export function registerCollation(definition: CollationDefinition): void {
  const { oid, locale, deterministic, asciiLetters } = definition;
  const known = definitions.get(oid);
  if (known?.locale === locale && known.deterministic === deterministic && known.asciiLetters === asciiLetters) return;
  definitions.set(oid, definition);
  if (known === undefined) return;
  collations.delete(oid);
  versions.set(oid, (versions.get(oid) ?? 0) + 1);
}

/** What is kept for a collation has this in its key. */
export function collationVersion(oid: number): string {
  const version = versions.get(oid);
  return version === undefined ? String(oid) : `${oid}.${version}`;
}

let lookUp: (oid: number) => CollationDefinition | undefined = () => undefined;

/** Who knows the built-in collations: they are asked for when they are used. */
export function onUnknownCollation(source: (oid: number) => CollationDefinition | undefined): void {
  lookUp = source;
}

function definitionOf(oid: number): CollationDefinition | undefined {
  let definition = definitions.get(oid);
  if (definition === undefined) {
    definition = lookUp(oid);
    if (definition !== undefined) definitions.set(oid, definition);
  }
  return definition;
}

/** Whether text is ordered by bytes. Only what was registered is not. */
export function isByteOrder(oid: number): boolean {
  if (oid === NO_COLLATION) return false;
  const definition = definitionOf(oid);
  return definition === undefined || definition.locale === null;
}

export function hasAsciiLetters(oid: number): boolean {
  return definitionOf(oid)?.asciiLetters ?? false;
}

export function isDeterministic(oid: number): boolean {
  return definitionOf(oid)?.deterministic ?? true;
}

export function indeterminate(what: string): Error {
  return sqlError('42P22', `could not determine which collation to use for ${what}`, {
    hint: 'Use the COLLATE clause to set the collation explicitly.',
  });
}

export function collation(oid: number): Collation {
  let known = collations.get(oid);
  if (known === undefined) {
    known = makeCollation(oid);
    collations.set(oid, known);
  }
  return known;
}

function makeCollation(oid: number): Collation {
  if (oid === NO_COLLATION) {
    const compare = (): number => {
      throw indeterminate('string comparison');
    };
    return { oid, locale: null, deterministic: true, caseTag: null, compare };
  }
  const definition = definitionOf(oid);
  if (definition === undefined || definition.locale === null) {
    const asciiLetters = definition?.asciiLetters ?? false;
    return { oid, locale: null, deterministic: true, asciiLetters, caseTag: null, compare: compareText };
  }
  const { tag, options } = parseIcuLocale(definition.locale);
  const collator = new Intl.Collator(tag, options);
  const byCollator = collator.compare;
  const compare = definition.deterministic
    ? (a: string, b: string): number => (a === b ? 0 : byCollator(a, b) || compareText(a, b))
    : (a: string, b: string): number => (a === b ? 0 : byCollator(a, b));
  return { ...definition, caseTag: tag, compare };
}

/** Attributes of ICU's old form of locale names, and the keys that they have in language tags. */
const OLD_KEYS: Readonly<Record<string, string>> = {
  collation: 'co',
  colstrength: 'ks',
  colnumeric: 'kn',
  colcasefirst: 'kf',
  colcaselevel: 'kc',
  colalternate: 'ka',
  colbackwards: 'kb',
  colnormalization: 'kk',
  colreorder: 'kr',
};
const OLD_VALUES: Readonly<Record<string, string>> = {
  primary: 'level1',
  secondary: 'level2',
  tertiary: 'level3',
  quaternary: 'level4',
  identical: 'identic',
  phonebook: 'phonebk',
  dictionary: 'dict',
  traditional: 'trad',
  yes: 'true',
  no: 'false',
  'non-ignorable': 'noignore',
};

/** Splits a language tag, or ICU's older form of one, into the language and its collation attributes. */
function splitLocale(locale: string): { language: string; keys: Map<string, string> } {
  const keys = new Map<string, string>();
  const at = locale.indexOf('@');
  if (at >= 0) {
    for (const pair of locale.slice(at + 1).split(';')) {
      const [name, value = 'true'] = pair.split('=').map((part) => part.trim().toLowerCase());
      if (name === '') continue;
      keys.set(OLD_KEYS[name] ?? name, OLD_VALUES[value] ?? value);
    }
    return { language: locale.slice(0, at).replaceAll('_', '-'), keys };
  }
  const parts = locale.replaceAll('_', '-').split('-');
  const extension = parts.findIndex((part, i) => i > 0 && part.toLowerCase() === 'u');
  if (extension < 0) return { language: parts.join('-'), keys };
  let key = '';
  for (const part of parts.slice(extension + 1).map((each) => each.toLowerCase())) {
    if (part.length === 1) break;
    if (part.length === 2) {
      key = part;
      keys.set(key, 'true');
    } else if (key !== '') keys.set(key, keys.get(key) === 'true' ? part : `${keys.get(key)}-${part}`);
  }
  return { language: parts.slice(0, extension).join('-'), keys };
}

const SENSITIVITY: Readonly<Record<string, Intl.CollatorOptions['sensitivity']>> = {
  level1: 'base',
  level2: 'accent',
  level3: 'variant',
};

/** Attributes that Intl has no option for, and the value of each that changes nothing. */
const NEUTRAL: Readonly<Record<string, readonly string[]>> = {
  kb: ['false'],
  kk: ['true', 'false'],
  kc: ['false'],
  kv: ['punct'],
};

/** An ICU locale as Intl.Collator takes it. Throws 0A000 for attributes that it cannot have. */
export function parseIcuLocale(locale: string): { tag: string; options: Intl.CollatorOptions } {
  const { language, keys } = splitLocale(locale);
  const options: { -readonly [K in keyof Intl.CollatorOptions]: Intl.CollatorOptions[K] } = { usage: 'sort' };
  let extension = '';
  const refuse = (key: string, value: string): never => {
    throw sqlError('0A000', `collation attribute "${key}" with value "${value}" is not supported`);
  };
  for (const [key, value] of keys) {
    if (key === 'co') extension += value === 'standard' ? '' : `-co-${value}`;
    else if (key === 'kn') options.numeric = value === 'true';
    else if (key === 'kf') options.caseFirst = value as 'upper' | 'lower' | 'false';
    else if (key === 'ks') options.sensitivity = SENSITIVITY[value] ?? refuse(key, value);
    else if (key === 'ka') options.ignorePunctuation = value === 'shifted';
    else if (key === 'kc' && value === 'true' && (keys.get('ks') ?? 'level3') === 'level1')
      options.sensitivity = 'case';
    else if (key.length === 2 && key.startsWith('k') && NEUTRAL[key]?.includes(value) !== true) refuse(key, value);
  }
  if (keys.get('kc') === 'true' && keys.get('ks') === 'level1') options.sensitivity = 'case';
  const base = usableLanguage(language);
  return { tag: extension === '' ? base : `${base}-u${extension}`, options };
}

/** ICU falls back to the root's order, which is English's, for languages that it does not know; Intl to the process's. */
function usableLanguage(language: string): string {
  try {
    return Intl.Collator.supportedLocalesOf(language).length > 0 ? language : 'en';
  } catch {
    return 'en';
  }
}

/** Whether Intl has the order of this language tag. */
export function knowsLocale(tag: string): boolean {
  return tag === 'und' || Intl.Collator.supportedLocalesOf(tag).length > 0;
}

/* ---- types that are ordered by a collation --------------------------------------------------------------------------- */

/** Above every oid that is given out. */
let nextTypeOid = 0xf0000000;
const collatedTypes = new Map<string, number>();
const collationOfType = new Map<number, Collation>();

/** The type of a value of `typeOid` (text, or an array of it) where it is a sort key under the collation. */
export function collatedType(collationOid: number, typeOid: number): number {
  const type = typeByOid(typeOid);
  const isArray = type !== undefined && type.category === 'A' && type.elementOid !== 0;
  const key = `${collationVersion(collationOid)}/${isArray ? type.elementOid : 'text'}`;
  let oid = collatedTypes.get(key);
  if (oid === undefined) {
    const elementOid = isArray ? collatedType(collationOid, type.elementOid) : 0;
    oid = nextTypeOid++;
    collatedTypes.set(key, oid);
    const base = typeByOid(isArray ? OID.TEXT_ARRAY : OID.TEXT) as SqlType;
    registerType({ ...base, oid, elementOid, arrayOid: 0, preferred: false });
    if (!isArray) collationOfType.set(oid, collation(collationOid));
  }
  return oid;
}

/** Whether a type is one of them: its values look like text, but no bytes of theirs have its order. */
export function isCollatedType(typeOid: number): boolean {
  return collationOfCollatedType(typeOid) !== undefined;
}

/** The collation of such a type if it calls different texts equal; undefined for all others. */
export function looseCollationOf(typeOid: number): Collation | undefined {
  const found = collationOfCollatedType(typeOid);
  return found === undefined || found.deterministic ? undefined : found;
}

/** The collation of such a type; undefined for all others. */
export function collationOfCollatedType(typeOid: number): Collation | undefined {
  return collationOfType.size === 0 ? undefined : collationOfType.get(typeOid);
}
