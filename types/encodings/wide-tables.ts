/**
 * Encodings of several bytes a character: which code is which character of Unicode.
 *
 * The tables are the platform's: each code is given to its decoder when an encoding is first used (some 10 ms). Where that differs from
 * PostgreSQL's tables, which are what clients know, it is said here:
 *  - characters for private use are left out, but for those of GB18030 and two rows of UHC,
 *  - UHC is EUC_KR and, in its gaps, those syllables that EUC_KR has not, in their order,
 *  - EUC_CN is a part of GBK; EUC_JP and BIG5 have their vendors' additions elsewhere, or not.
 *
 * Of JIS X 0213 the platform has nothing: what it adds to JIS X 0208 is in jis-2004.ts. Of EUC_TW there is no table.
 */
import { COMBINED, FIRST_PLANE, type Rows, SECOND_PLANE } from './jis-2004.ts';

export interface WideTable {
  /** Characters by their codes of one and two bytes; 0: there is none. */
  readonly characters: Uint16Array;
  /** By the last two bytes of codes of three, behind 0x8f (EUC_JP). */
  readonly characters3: Uint16Array | null;
  /** By the place of a code of four bytes (GB18030), see gbPlace(). */
  readonly characters4: Uint16Array | null;
  /** Codes by characters of the basic plane; 0: there is none. */
  readonly codes: Uint32Array;
  /** What is no character of the basic plane (JIS X 0213); null: nothing. */
  readonly extras: Extras | null;
}

/** Characters beyond the basic plane, and pairs of characters: they have numbers, from FIRST_EXTRA on, that no character has. */
export interface Extras {
  readonly texts: readonly string[];
  /** Numbers of characters. */
  readonly numbers: ReadonlyMap<number, number>;
  /** Numbers of pairs, by the first and then the second character. */
  readonly pairs: ReadonlyMap<number, ReadonlyMap<number, number>>;
}

export const FIRST_EXTRA = 0xd800;

/** Told every code with its character, the lowest first. */
type Told = (code: number, character: number) => void;

const isPrivate = (character: number): boolean => character >= 0xe000 && character < 0xf900;

function withoutPrivate(tell: Told): Told {
  return (code, character) => {
    if (!isPrivate(character)) tell(code, character);
  };
}

const ONE_BYTE_KANA = [0xa1, 0xdf] as const;

function* range(from: number, to: number): Generator<number> {
  for (let i = from; i <= to; i++) yield i;
}

/** Of codes of two bytes, whatever the decoder makes one character of. */
function tellDecoded(label: string, tell: Told, leads: Iterable<number>, tails: readonly number[], prefix = 0): void {
  const decoder = new TextDecoder(label);
  const bytes = prefix === 0 ? new Uint8Array(2) : Uint8Array.of(prefix, 0, 0);
  for (const lead of leads) {
    for (const tail of tails) {
      bytes[bytes.length - 2] = lead;
      bytes[bytes.length - 1] = tail;
      const text = decoder.decode(bytes);
      if (text.length === 1 && text !== '\ufffd') tell((prefix << 16) | (lead << 8) | tail, text.charCodeAt(0));
    }
  }
}

const EUC_TAILS = [...range(0xa1, 0xfe)];
const ALL_TAILS = [...range(0x40, 0x7e), ...range(0x80, 0xfe)];

// ---------------------------------------------------------------------------------------------------------------- Japanese

/** 0x8ff3f3 to 0x8ff4fe: IBM's characters. */
const EUC_JP_IBM = [
  ...range(0x2170, 0x2179),
  ...range(0x2160, 0x2169),
  ...chars(
    '＇＂㈱№℡' +
      '炻仼僴凬匇匤﨎咊坙﨏塚增寬峵嵓﨑德悅愠敎昻晥晴朗栁﨓﨔橫櫢淸淲瀨凞猪甁皂皞益礰礼' +
      '神祥福竧靖精綠緖羽荢﨟薰蘒﨡蠇諸譿賴赶﨣﨤逸郞都鄕﨧﨨閒隆﨩霻靍靑飯飼館馞髙魲鶴黑',
  ),
];
/** Characters that have a code in one direction alone. */
const SJIS_ONLY_TO: Readonly<Record<string, number>> = {
  '¢': 0x8191,
  '£': 0x8192,
  '¥': 0x5c,
  '¬': 0x81ca,
  '‖': 0x8161,
  '‾': 0x7e,
  '−': 0x817c,
  '〜': 0x8160,
};

function chars(text: string): number[] {
  return Array.from(text, (character) => character.charCodeAt(0));
}

function tellKana(tell: Told, prefix: number): void {
  const [first, last] = ONE_BYTE_KANA;
  for (let byte = first; byte <= last; byte++) tell(prefix | byte, 0xff61 + byte - first);
}

function tellEucJp(tell: Told): void {
  tellKana(tell, 0x8e00);
  const known = [...range(0xa1, 0xa8), 0xad, ...range(0xb0, 0xf4)];
  tellDecoded('euc-jp', tell, known, EUC_TAILS);
  const told: Told = (code, character) => {
    if (!isPrivate(character) && code !== 0x8fa2b7) tell(code, code === 0x8fa2c3 ? 0xffe4 : character);
  };
  tellDecoded('euc-jp', told, range(0xa1, 0xf2), EUC_TAILS, SS3);
  let code = 0x8ff3f3;
  for (const character of EUC_JP_IBM) {
    tell(code, character);
    code += (code & 0xff) === 0xfe ? 0x100 - 0x5d : 1;
  }
}

function tellSjis(tell: Told): void {
  tellKana(tell, 0);
  tellDecoded('shift_jis', withoutPrivate(tell), [...range(0x81, 0x9f), ...range(0xe0, 0xfc)], ALL_TAILS);
}

/** Codes that JIS X 0208 and its vendors have, and JIS X 0213 has not. */
const isGone2004 = (code: number): boolean =>
  code >= 0xadf0 && ![0xadf3, 0xadf8, 0xadf9].includes(code) && code <= 0xadfc;

function makeExtras(): Extras {
  const texts = COMBINED.map(([, text]) => text);
  const pairs = new Map<number, Map<number, number>>();
  texts.forEach((text, i) => {
    const first = text.charCodeAt(0);
    const seconds = pairs.get(first) ?? new Map<number, number>();
    pairs.set(first, seconds.set(text.charCodeAt(1), FIRST_EXTRA + i));
  });
  const numbers = new Map<number, number>();
  for (const [, row] of [...FIRST_PLANE, ...SECOND_PLANE]) {
    for (const character of row) {
      if (character.length === 1) continue;
      numbers.set(character.codePointAt(0)!, FIRST_EXTRA + texts.length);
      texts.push(character);
    }
  }
  return { texts, numbers, pairs };
}

function tellRows(rows: Rows, { numbers }: Extras, tell: Told): void {
  for (const [lead, row] of rows) {
    let code = (lead << 8) | 0xa1;
    for (const character of row) {
      const point = character.codePointAt(0)!;
      if (character !== ' ') tell(code, numbers.get(point) ?? point);
      code++;
    }
  }
}

/** Kana of one byte apart. */
function tellJis2004(extras: Extras, tell: Told): void {
  const told = new Map<number, number>();
  tellEucJp((code, character) => {
    if (code <= 0xffff && code >= 0xa1a1 && !isGone2004(code)) told.set(code, character);
  });
  tellRows(FIRST_PLANE, extras, (code, character) => told.set(code, character));
  COMBINED.forEach(([code], i) => {
    told.set(code, FIRST_EXTRA + i);
  });
  for (const [code, character] of told) tell(code, character);
  tellRows(SECOND_PLANE, extras, (code, character) => tell(0x8f0000 | code, character));
}

function tellEucJis2004(tell: Told, extras: Extras): void {
  tellKana(tell, 0x8e00);
  tellJis2004(extras, tell);
}

/** Two rows of 94 share a first byte; of the second plane's rows only some are used. */
function shiftedCode(code: number): number {
  const row = ((code >> 8) & 0xff) - 0xa0;
  const cell = (code & 0xff) - 0xa0;
  const tail = (row & 1) === 0 ? cell + 0x9e : cell + (cell <= 63 ? 0x3f : 0x40);
  let lead: number;
  if (code <= 0xffff) lead = row <= 62 ? (row + 0x101) >> 1 : (row + 0x181) >> 1;
  else lead = row >= 78 ? (row + 0x19b) >> 1 : ((row + 0x1df) >> 1) - (row >> 3) * 3;
  return (lead << 8) | tail;
}

/** Signs that are other ones in EUC_JIS_2004. */
const SHIFT_JIS_2004_SIGNS: ReadonlyMap<number, number> = new Map([
  [0x8150, 0xffe3],
  [0x815f, 0x5c],
  [0x818f, 0xffe5],
  [0x81b0, 0x7e],
]);

function tellShiftJis2004(tell: Told, extras: Extras): void {
  tellKana(tell, 0);
  tellJis2004(extras, (code, character) => {
    const shifted = shiftedCode(code);
    tell(shifted, SHIFT_JIS_2004_SIGNS.get(shifted) ?? character);
  });
}

// ------------------------------------------------------------------------------------------------------------------ Korean

function tellEucKr(tell: Told): void {
  tellDecoded('euc-kr', withoutPrivate(tell), EUC_TAILS, EUC_TAILS);
  tell(0xa2e6, 0x20ac);
  tell(0xa2e7, 0xae);
  tell(0xa2e8, 0x327e);
}

const SYLLABLES = [0xac00, 0xd7a3] as const;
/** Rows for the user's own characters, which are Unicode's for private use. */
const UHC_PRIVATE = [0xc9, 0xfe];

function tellUhc(tell: Told): void {
  const isInEucKr = new Uint8Array(0x10000);
  tellEucKr((code, character) => {
    isInEucKr[character] = 1;
    tell(code, character);
  });
  UHC_PRIVATE.forEach((lead, row) => {
    EUC_TAILS.forEach((tail, i) => {
      tell((lead << 8) | tail, 0xe000 + row * EUC_TAILS.length + i);
    });
  });
  const letters = [...range(0x41, 0x5a), ...range(0x61, 0x7a)];
  let [lead, at] = [0x81, 0];
  let tails = [...letters, ...range(0x81, 0xfe)];
  for (const syllable of range(...SYLLABLES)) {
    if (isInEucKr[syllable] === 1) continue;
    tell((lead << 8) | tails[at++], syllable);
    if (at < tails.length) continue;
    at = 0;
    if (++lead > 0xa0) tails = [...letters, ...range(0x81, 0xa0)];
  }
}

/** The vowels' numbers in JOHAB, in the order of Unicode. */
const JOHAB_VOWELS = [...range(3, 7), ...range(10, 15), ...range(18, 23), ...range(26, 29)];
const FIRST_LETTERS = 19;
const LAST_LETTERS = 28;
/** What stands for no first letter, no vowel, no last letter. */
const [NO_FIRST, NO_VOWEL, NO_LAST] = [1, 2, 1];

/** Five bits each: first letter, vowel, last letter. */
function johabCode(first: number, vowel: number, last: number): number {
  return 0x8000 | (first << 10) | (vowel << 5) | last;
}

const johabLast = (last: number): number => last + (last <= 16 ? 1 : 2);

/** Letters by themselves, from U+3131 on: those that may be first, and those that are only last (a double consonant). */
const LONE_FIRST = [0, 1, 3, 6, 7, 8, 16, 17, 18, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29];
const LONE_LAST = [
  [2, 3],
  [4, 5],
  [5, 6],
  [9, 9],
  [10, 10],
  [11, 11],
  [12, 12],
  [13, 13],
  [14, 14],
  [15, 15],
  [19, 18],
] as const;
const LONE_VOWEL = 0x314f;

/** Syllables and letters are computed; signs and Chinese characters are EUC_KR's, two of its rows in one. */
function tellJohab(tell: Told): void {
  let syllable: number = SYLLABLES[0];
  for (let first = 0; first < FIRST_LETTERS; first++) {
    for (const vowel of JOHAB_VOWELS) {
      for (let last = 0; last < LAST_LETTERS; last++) tell(johabCode(first + 2, vowel, johabLast(last)), syllable++);
    }
  }
  LONE_FIRST.forEach((letter, first) => {
    tell(johabCode(first + 2, NO_VOWEL, NO_LAST), 0x3131 + letter);
  });
  for (const [letter, last] of LONE_LAST) tell(johabCode(NO_FIRST, NO_VOWEL, johabLast(last)), 0x3131 + letter);
  JOHAB_VOWELS.forEach((vowel, i) => {
    tell(johabCode(NO_FIRST, vowel, NO_LAST), LONE_VOWEL + i);
  });
  tellEucKr((code, character) => {
    const row = (code >> 8) - 0xa1;
    const cell = (code & 0xff) - 0xa1;
    const isSign = row < 12;
    const isLetter = character >= 0x3131 && character < 0x3164;
    if (isLetter || (!isSign && row < 41)) return;
    const lead = isSign ? 0xd9 + (row >> 1) : 0xe0 + ((row - 41) >> 1);
    const isSecond = isSign ? (row & 1) === 1 : (row & 1) === 0;
    tell((lead << 8) | (isSecond ? 0xa1 + cell : cell < 78 ? 0x31 + cell : 0x91 + cell - 78), character);
  });
}

// ----------------------------------------------------------------------------------------------------------------- Chinese

function tellGbk(tell: Told): void {
  tellDecoded('gbk', withoutPrivate(tell), range(0x81, 0xfe), ALL_TAILS);
}

/** What GBK adds within the codes of EUC_CN. */
function isGbkOnly(code: number): boolean {
  const tail = code & 0xff;
  if (code >> 8 === 0xa2) return tail < 0xb1;
  if (code >> 8 === 0xa6) return tail >= 0xe0;
  return code >> 8 === 0xa8 && tail >= 0xbb && tail <= 0xc0;
}

function tellEucCn(tell: Told): void {
  const known = [...range(0xa1, 0xa9), ...range(0xb0, 0xf7)];
  const told: Told = (code, character) => {
    if (isPrivate(character)) return;
    if (code === 0xa1a4) tell(code, 0x30fb);
    else if (code === 0xa1aa) tell(code, 0x2015);
    else if (!isGbkOnly(code) && (code >> 8 < 0xaa || code >> 8 >= 0xb0)) tell(code, character);
  };
  tellDecoded('gbk', told, known, EUC_TAILS);
}

/** Characters that Unicode did not have yet when PostgreSQL's table was made. */
const GB18030_PRIVATE = new Map<number, number>([
  [0xa3a0, 0xe5e5],
  ...[...range(0xa6d9, 0xa6df)].map((code, i) => [code, 0xe78d + i] as const),
  [0xa6ec, 0xe794],
  [0xa6ed, 0xe795],
  [0xa6f3, 0xe796],
  [0xa8bc, 0xe7c7],
  [0xfe59, 0xe81e],
  [0xfe61, 0xe826],
  [0xfe66, 0xe82b],
  [0xfe67, 0xe82c],
  [0xfe6d, 0xe832],
  [0xfe7e, 0xe843],
  [0xfe90, 0xe854],
  [0xfea0, 0xe864],
]);
/** Codes of four bytes below 0x84_31_a4_39 are those of the basic plane. */
export const GB_BASIC_PLACES = 39420;
/** Place of the first character beyond it, 0x90308130. */
export const GB_ASTRAL_PLACE = 189000;

export function gbPlace(a: number, b: number, c: number, d: number): number {
  return ((a - 0x81) * 10 + (b - 0x30)) * 1260 + (c - 0x81) * 10 + (d - 0x30);
}

export function gbCode(place: number): number {
  const d = place % 10;
  const c = Math.floor(place / 10) % 126;
  const b = Math.floor(place / 1260) % 10;
  const a = Math.floor(place / 12600);
  return (((a + 0x81) << 24) | ((b + 0x30) << 16) | ((c + 0x81) << 8) | (d + 0x30)) >>> 0;
}

function tellGb18030(tell: Told): void {
  tellDecoded(
    'gb18030',
    (code, character) => tell(code, GB18030_PRIVATE.get(code) ?? character),
    range(0x81, 0xfe),
    ALL_TAILS,
  );
  const decoder = new TextDecoder('gb18030');
  const bytes = Buffer.alloc(4);
  for (let place = 0; place < GB_BASIC_PLACES; place++) {
    const code = gbCode(place);
    bytes.writeUint32BE(code);
    const text = decoder.decode(bytes);
    if (text.length !== 1 || text === '\ufffd') continue;
    tell(code, code === 0x8135f437 ? 0x1e3f : text.charCodeAt(0));
  }
  tell(0x8431a437, 0xfffd);
}

/** The signs that are not the decoder's; some PostgreSQL has no character for, and says so by U+FFFD. */
const BIG5_SIGNS: ReadonlyMap<number, number> = new Map([
  [0xa145, 0x2022],
  [0xa14e, 0xff64],
  [0xa15a, 0xfffd],
  [0xa1c2, 0x203e],
  [0xa1c3, 0xfffd],
  [0xa1c5, 0xfffd],
  [0xa1e3, 0x223c],
  [0xa1f2, 0x2641],
  [0xa1f3, 0x2609],
  [0xa1fe, 0xfffd],
  [0xa240, 0xfffd],
  [0xa241, 0xff0f],
  [0xa242, 0xff3c],
  [0xa244, 0xa5],
  [0xa246, 0xa2],
  [0xa247, 0xa3],
  [0xa2cc, 0xfffd],
  [0xa2ce, 0xfffd],
]);
/** 0xc6a1 to 0xc7fc: kana, Cyrillic, and numbers in circles and brackets. */
const BIG5_ETEN = [
  ...chars('ヾゝゞ々'),
  ...range(0x3041, 0x3093),
  ...range(0x30a1, 0x30f6),
  ...chars('ДЕЁЖЗИЙКЛМУФХЦЧШЩЪЫЬЭЮЯ'),
  ...chars('абвгдеёжзийклмнопрстуфхцчшщъыьэюя'),
  ...range(0x2460, 0x2469),
  ...range(0x2474, 0x247d),
];
const BIG5_TAILS = [...range(0x40, 0x7e), ...range(0xa1, 0xfe)];

function tellBig5(tell: Told): void {
  const told: Told = (code, character) => {
    if (isPrivate(character) || code === 0xa3e1 || code >= 0xf9dd) return;
    if ((code < 0xc6a1 || code > 0xc7fc) && !BIG5_SIGNS.has(code)) tell(code, character);
  };
  tellDecoded('big5', told, range(0xa1, 0xf9), BIG5_TAILS);
  for (const [code, character] of BIG5_SIGNS) tell(code, character);
  let [lead, at] = [0xc6, BIG5_TAILS.indexOf(0xa1)];
  for (const character of BIG5_ETEN) {
    tell((lead << 8) | BIG5_TAILS[at++], character);
    if (at < BIG5_TAILS.length) continue;
    at = 0;
    lead++;
  }
}

// ------------------------------------------------------------------------------------------------------------------ tables

const SS3 = 0x8f;

const TELLERS: Readonly<Record<string, (tell: Told, extras: Extras) => void>> = {
  EUC_JP: tellEucJp,
  SJIS: tellSjis,
  EUC_JIS_2004: tellEucJis2004,
  SHIFT_JIS_2004: tellShiftJis2004,
  EUC_KR: tellEucKr,
  UHC: tellUhc,
  JOHAB: tellJohab,
  GBK: tellGbk,
  EUC_CN: tellEucCn,
  GB18030: tellGb18030,
  BIG5: tellBig5,
};

const NO_EXTRAS: Extras = { texts: [], numbers: new Map(), pairs: new Map() };

export function hasWideTable(encoding: string): boolean {
  return TELLERS[encoding] !== undefined;
}

/** By PostgreSQL's name of an encoding, of which there is one (hasWideTable). */
export function makeWideTable(encoding: string): WideTable {
  const characters = new Uint16Array(0x10000);
  const extras = encoding.endsWith('_2004') ? makeExtras() : NO_EXTRAS;
  const characters3 = encoding === 'EUC_JP' || encoding === 'EUC_JIS_2004' ? new Uint16Array(0x10000) : null;
  const characters4 = encoding === 'GB18030' ? new Uint16Array(GB_BASIC_PLACES) : null;
  const codes = new Uint32Array(0x10000);
  TELLERS[encoding]((code, character) => {
    if (code <= 0xffff) characters[code] = character;
    else if (characters3 !== null) characters3[code & 0xffff] = character;
    else if (characters4 !== null)
      characters4[gbPlace(code >>> 24, (code >>> 16) & 0xff, (code >>> 8) & 0xff, code & 0xff)] = character;
    // Of several codes the first is the character's; in SJIS the last, IBM's, but for the signs of JIS X 0208.
    const known = codes[character];
    if (known === 0 || (encoding === 'SJIS' && known >> 8 !== 0x81)) codes[character] = code;
  }, extras);
  if (encoding === 'SJIS')
    for (const [character, code] of Object.entries(SJIS_ONLY_TO)) codes[character.charCodeAt(0)] = code;
  if (encoding === 'EUC_JIS_2004') for (const control of range(0x80, 0x9f)) codes[control] = control;
  if (encoding === 'SHIFT_JIS_2004') [codes[0xa5], codes[0x203e]] = [0x5c, 0x7e];
  if (encoding === 'EUC_JP') codes[0xa6] = 0x8fa2c3;
  if (encoding === 'GBK') codes[0x20ac] = 0x80;
  return { characters, characters3, characters4, codes, extras: extras === NO_EXTRAS ? null : extras };
}
