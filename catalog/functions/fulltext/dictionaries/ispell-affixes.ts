/**
 * Affix files of Ispell and of MySpell and Hunspell: rules that say which ending (beginning) a form has in place of its word's.
 * After: PostgreSQL, tsearch/spell.c, which takes of Hunspell's language what finds words.
 */
import { sqlError, toLower } from '../../../../types/index.ts';
import { compileRegex } from '../../regex/compile.ts';
import { plainOptions } from '../../regex/options.ts';
import { linesOf } from '../files.ts';

/** What a flag says of words in compounds, and of rules. */
export const COMPOUND_ONLY = 1;
export const COMPOUND_BEGIN = 2;
export const COMPOUND_MIDDLE = 4;
export const COMPOUND_LAST = 8;
export const COMPOUND_ANY = COMPOUND_BEGIN | COMPOUND_MIDDLE | COMPOUND_LAST;
export const COMPOUND_FORBIDDEN = 32;
export const CROSS_PRODUCT = 64;
const COMPOUND_PERMITTED = 16;

export interface AffixRule {
  readonly isSuffix: boolean;
  readonly flag: string;
  /** Of the constants above. */
  readonly meaning: number;
  /** What the form has, and the word in its place. */
  readonly added: string;
  readonly stripped: string;
  /** Must hold for the word; null: any word. */
  readonly condition: ((word: string) => boolean) | null;
}

/** How flags are written: a character each, two, or numbers between commas. */
type FlagMode = 'character' | 'long' | 'number';
const FLAG_NUMBER_MAX = 65000;

const badFile = (message: string): Error => sqlError('F0000', message);

export class Affixes {
  readonly rules: AffixRule[] = [];
  mode: FlagMode = 'character';
  /** AF: sets of flags by number; the first is empty. null: sets are written out. */
  aliases: string[] | null = null;
  /** How many of them there are to be. */
  aliasCount = 0;
  usesCompounds = false;
  readonly #conditions = new Map<string, AffixRule['condition']>();
  /** What flags say of compounds. */
  readonly #meanings = new Map<string, number>();

  addMeaning(text: string, meaning: number): void {
    const [flag] = text.trim().split(/\s/u);
    if (flag === '') throw badFile('syntax error');
    this.#meanings.set(flag, (this.#meanings.get(flag) ?? 0) | meaning);
    this.usesCompounds = true;
  }

  /** All that the flags of a set say. */
  meaningOf(flags: Iterable<string>): number {
    if (this.#meanings.size === 0) return 0;
    let meaning = 0;
    for (const flag of flags) meaning |= this.#meanings.get(flag) ?? 0;
    return meaning;
  }

  /** The flags of a set as it is written. */
  flagsOf(text: string): string[] {
    if (this.mode === 'number') return numberFlags(text);
    const characters = [...text];
    if (this.mode === 'character') return characters;
    const flags: string[] = [];
    for (let i = 0; i < characters.length; i += 2) {
      if (i + 1 === characters.length) {
        throw badFile(`invalid affix flag "${characters[i]}" with "long" flag value`);
      }
      flags.push(characters[i] + characters[i + 1]);
    }
    return flags;
  }

  /** A set that a rule names: by its number, where there are aliases. */
  aliased(text: string): string {
    if (this.aliases === null || text === '') return text;
    const digits = /^\s*[+-]?\d+/u.exec(text);
    const index = digits === null ? Number.NaN : Number(digits[0]);
    if (Number.isNaN(index) || index > this.aliases.length) throw badFile(`invalid affix alias "${text}"`);
    return this.aliases[index] ?? '';
  }

  /** The same of a word. */
  aliasedOfWord(text: string): string {
    if (this.aliases === null || text === '') return text;
    const digits = /^([0-9]+)(?:$|\s)/u.exec(text);
    const set = digits === null ? undefined : this.aliases[Number(digits[1])];
    if (set === undefined) throw badFile(`invalid affix alias "${text}"`);
    return set;
  }

  add(isSuffix: boolean, flag: string, meaning: number, condition: string, stripped: string, added: string): void {
    const isOfCompounds = (meaning & (COMPOUND_ONLY | COMPOUND_PERMITTED)) !== 0 && (meaning & COMPOUND_ANY) === 0;
    this.rules.push({
      isSuffix,
      flag,
      meaning: isOfCompounds ? meaning | COMPOUND_ANY : meaning,
      added,
      stripped,
      condition: this.#condition(isSuffix ? `${condition}$` : `^${condition}`, condition),
    });
  }

  #condition(pattern: string, written: string): AffixRule['condition'] {
    if (written === '.' || written === '') return null;
    let condition = this.#conditions.get(pattern);
    if (condition === undefined) {
      const { test } = compileRegex(pattern, plainOptions(false));
      condition = (word) => test.test(word);
      this.#conditions.set(pattern, condition);
    }
    return condition;
  }
}

function numberFlags(text: string): string[] {
  const flags: string[] = [];
  let rest = text;
  while (rest !== '') {
    const match = /^\s*([+-]?\d+)/u.exec(rest);
    if (match === null) throw badFile(`invalid affix flag "${rest}"`);
    const number = Number(match[1]);
    if (number < 0 || number > FLAG_NUMBER_MAX) throw badFile(`affix flag "${rest}" is out of range`);
    flags.push(String(number));
    rest = rest.slice(match[0].length);
    let hasComma = false;
    for (; rest !== ''; rest = rest.slice(1)) {
      if (/\p{Nd}/u.test(rest[0])) {
        if (!hasComma) throw badFile(`invalid affix flag "${rest}"`);
        break;
      }
      if (rest[0] === ',') {
        if (hasComma) throw badFile(`invalid affix flag "${rest}"`);
        hasComma = true;
      } else if (!/\s/u.test(rest[0])) throw badFile(`invalid character in affix flag "${rest}"`);
    }
  }
  return flags;
}

// --------------------------------------------------------------------------------------------------------------- Ispell

const NEW_COMMANDS = /^(?:COMPOUNDFLAG|COMPOUNDMIN|PFX|SFX)/;

/** A file of either kind: which one, its commands say. */
export function readAffixes(text: string): Affixes {
  const affixes = new Affixes();
  const lines = linesOf(text);
  let isSuffix: boolean | null = null;
  let isOld = false;
  let flag = '';
  let meaning = 0;
  for (const line of lines) {
    const lower = toLower(line);
    if (lower === '' || lower.startsWith('#')) continue;
    if (lower.startsWith('compoundwords')) {
      const found = /[lL]\S*\s+(\S.*)$/u.exec(line);
      if (/[lL]/.test(line)) {
        if (found !== null && found[1].charCodeAt(0) < 128) affixes.addMeaning(found[1], COMPOUND_ANY);
        isOld = true;
        continue;
      }
    }
    if (lower.startsWith('suffixes') || lower.startsWith('prefixes')) {
      isSuffix = lower.startsWith('suffixes');
      isOld = true;
      continue;
    }
    const isFlag = lower.startsWith('flag');
    const oldFlag = isFlag ? /^\s*([*~]?)\\?([\x21-\x7e])(?:$|[\s#:])/u.exec(line.slice('flag'.length)) : null;
    if (oldFlag !== null) {
      meaning = oldFlag[1] === '*' ? CROSS_PRODUCT : oldFlag[1] === '~' ? COMPOUND_ONLY : 0;
      flag = oldFlag[2];
      isOld = true;
      continue;
    }
    if (isFlag || NEW_COMMANDS.test(line)) {
      if (isOld) throw badFile('affix file contains both old-style and new-style commands');
      return readHunspell(lines);
    }
    const rule = isSuffix === null ? null : oldRule(lower);
    if (rule !== null) affixes.add(isSuffix === true, flag, meaning, rule.condition, rule.stripped, rule.added);
  }
  return affixes;
}

/** condition > [ -stripped, ] added; null: a comment, or no rule. */
function oldRule(line: string): { condition: string; stripped: string; added: string } | null {
  if (line.trimStart().startsWith('#')) return null;
  const arrow = line.indexOf('>');
  if (arrow < 0) return null;
  const condition = line.slice(0, arrow).replaceAll(/\s/gu, '');
  if (condition === '') return null;
  let rest = line.slice(arrow + 1).trim();
  let stripped = '';
  const letters = (part: string): string => {
    const text = part.replaceAll(/\s/gu, '');
    if (/[^\p{L}]/u.test(text)) throw badFile('syntax error');
    return text;
  };
  if (rest.startsWith('-')) {
    const comma = rest.indexOf(',');
    stripped = letters(rest.slice(1, comma < 0 ? rest.length : comma));
    rest = comma < 0 ? '' : rest.slice(comma + 1).trim();
    // A dash: nothing takes its place.
    if (rest.startsWith('-')) rest = '';
  }
  const comment = rest.indexOf('#');
  if (comment >= 0) rest = rest.slice(0, comment);
  const quote = rest.startsWith("'") ? "'" : '';
  const added = quote + letters(rest.slice(quote.length));
  return stripped === '' && added === '' ? null : { condition, stripped, added };
}

// ------------------------------------------------------------------------------------------------------------- Hunspell

const MEANINGS: readonly (readonly [command: string, meaning: number])[] = [
  ['COMPOUNDFLAG', COMPOUND_ANY],
  ['COMPOUNDBEGIN', COMPOUND_BEGIN],
  ['COMPOUNDLAST', COMPOUND_LAST],
  ['COMPOUNDEND', COMPOUND_LAST],
  ['COMPOUNDMIDDLE', COMPOUND_MIDDLE],
  ['ONLYINCOMPOUND', COMPOUND_ONLY],
  ['COMPOUNDPERMITFLAG', COMPOUND_PERMITTED],
  ['COMPOUNDFORBIDFLAG', COMPOUND_FORBIDDEN],
];

function readHunspell(lines: readonly string[]): Affixes {
  const affixes = new Affixes();
  const commands = lines.filter((line) => /^[^\s#]/u.test(line));
  for (const line of commands) {
    const known = MEANINGS.find(([command]) => line.startsWith(command));
    if (known !== undefined) affixes.addMeaning(line.slice(known[0].length), known[1]);
    else if (line.startsWith('FLAG')) affixes.mode = flagMode(line.slice('FLAG'.length).trim()) ?? affixes.mode;
  }
  let cross = 0;
  let isSuffix = false;
  for (const line of commands) {
    const fields = fieldsOf(line);
    const type = toLower(fields[0] ?? '');
    if (type.startsWith('af')) {
      addAlias(affixes, fields[1] ?? '');
      continue;
    }
    if (fields.length < 4 || !/^[sp]fx/.test(type)) continue;
    const [, flag, third, fourth, condition] = fields;
    const size = Buffer.byteLength(flag);
    if ((affixes.mode === 'character' && size > 1) || (affixes.mode === 'long' && size > 2)) continue;
    if (fields.length === 4) {
      isSuffix = type.startsWith('sfx');
      cross = /^[yY]/.test(third) ? CROSS_PRODUCT : 0;
      continue;
    }
    const slash = fourth.indexOf('/');
    const flags = slash < 0 ? [] : affixes.flagsOf(affixes.aliased(fourth.slice(slash + 1)));
    const added = toLower(slash < 0 ? fourth : fourth.slice(0, slash));
    affixes.add(
      isSuffix,
      flag,
      cross | affixes.meaningOf(flags),
      toLower(condition),
      third.startsWith('0') ? '' : toLower(third),
      fourth.startsWith('0') ? '' : added,
    );
  }
  return affixes;
}

/** Up to five, between blanks; # begins a comment. */
function fieldsOf(line: string): string[] {
  const fields = line.trim().split(/\s+/u);
  const comment = fields.findIndex((field) => field.startsWith('#'));
  return fields.slice(0, comment < 0 ? 5 : Math.min(5, comment));
}

function flagMode(text: string): FlagMode | null {
  if (text === '') return null;
  if (text.startsWith('long')) return 'long';
  if (text.startsWith('num')) return 'number';
  if (text.startsWith('default')) return null;
  throw badFile('Ispell dictionary supports only "default", "long", and "num" flag values');
}

/** The first line says how many sets follow. */
function addAlias(affixes: Affixes, text: string): void {
  if (affixes.aliases === null) {
    const count = Number.parseInt(text, 10);
    if (!(count > 0)) throw badFile('invalid number of flag vector aliases');
    affixes.aliases = [''];
    affixes.aliasCount = count;
    return;
  }
  if (affixes.aliases.length > affixes.aliasCount) {
    throw badFile(`number of aliases exceeds specified number ${affixes.aliasCount}`);
  }
  affixes.aliases.push(text);
}
