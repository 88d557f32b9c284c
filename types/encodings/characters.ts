/**
 * How long the characters of an encoding are, and which bytes may be one: all that is known of an encoding without its table. Valid is not
 * the same as there: EUC_KR's 0xa2f0 is a valid character that nobody has given a meaning.
 *
 * After: PostgreSQL, src/common/wchar.c (the mblen and verifychar functions).
 */

export interface CharacterRules {
  /** Bytes that the longest character has. */
  readonly sizeMax: number;
  /** Bytes of the character at `at`, by its first byte (and in GB18030 its second); there may be fewer. */
  readonly size: (bytes: Uint8Array, at: number, end: number) => number;
  /** Of a character that is whole: not with a first byte below 0x80. */
  readonly isValid: (bytes: Uint8Array, at: number, size: number) => boolean;
}

/** What `size` answers when the bytes that would say so have not come. */
export const SIZE_UNKNOWN = 8;

const SS2 = 0x8e;
const SS3 = 0x8f;

const isEuc = (byte: number): boolean => byte >= 0xa1 && byte <= 0xfe;

function areEuc(bytes: Uint8Array, from: number, end: number): boolean {
  for (let i = from; i < end; i++) if (!isEuc(bytes[i])) return false;
  return true;
}

/** Two bytes; other sizes behind the shift bytes SS2 and SS3. */
function euc(sizeOfSs2: number, sizeOfSs3: number, isValid: CharacterRules['isValid']): CharacterRules {
  return {
    sizeMax: Math.max(sizeOfSs2, sizeOfSs3),
    size: (bytes, at) => {
      const byte = bytes[at];
      return byte < 0x80 ? 1 : byte === SS2 ? sizeOfSs2 : byte === SS3 ? sizeOfSs3 : 2;
    },
    isValid,
  };
}

const twoEuc: CharacterRules['isValid'] = (bytes, at) => areEuc(bytes, at, at + 2);

const EUC_JP = euc(2, 3, (bytes, at, size) => {
  if (bytes[at] === SS2) return bytes[at + 1] >= 0xa1 && bytes[at + 1] <= 0xdf;
  return areEuc(bytes, bytes[at] === SS3 ? at + 1 : at, at + size);
});

const EUC_TW = euc(4, 3, (bytes, at, size) => {
  if (bytes[at] === SS3) return false;
  const isPlane = bytes[at] !== SS2 || (bytes[at + 1] >= 0xa1 && bytes[at + 1] <= 0xa7);
  return isPlane && areEuc(bytes, at + 1, at + size);
});

const SJIS: CharacterRules = {
  sizeMax: 2,
  size: (bytes, at) => (bytes[at] < 0x80 || (bytes[at] >= 0xa1 && bytes[at] <= 0xdf) ? 1 : 2),
  isValid: (bytes, at, size) => {
    if (size === 1) return true;
    const [head, tail] = [bytes[at], bytes[at + 1]];
    const isHead = (head >= 0x81 && head <= 0x9f) || (head >= 0xe0 && head <= 0xfc);
    return isHead && ((tail >= 0x40 && tail <= 0x7e) || (tail >= 0x80 && tail <= 0xfc));
  },
};

/** BIG5, GBK, UHC. One pair is never a character: PostgreSQL marks what must not be taken for one by it. */
const TWO_BYTES: CharacterRules = {
  sizeMax: 2,
  size: (bytes, at) => (bytes[at] < 0x80 ? 1 : 2),
  isValid: (bytes, at) => bytes[at + 1] !== 0 && !(bytes[at] === 0x8d && bytes[at + 1] === 0x20),
};

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;
const isGbLead = (byte: number): boolean => byte >= 0x81 && byte <= 0xfe;

const GB18030: CharacterRules = {
  sizeMax: 4,
  size: (bytes, at, end) => {
    if (bytes[at] < 0x80) return 1;
    if (at + 1 >= end) return SIZE_UNKNOWN;
    return isDigit(bytes[at + 1]) ? 4 : 2;
  },
  isValid: (bytes, at, size) => {
    if (!isGbLead(bytes[at])) return false;
    if (size === 4) return isGbLead(bytes[at + 2]) && isDigit(bytes[at + 3]);
    const tail = bytes[at + 1];
    return (tail >= 0x40 && tail <= 0x7e) || (tail >= 0x80 && tail <= 0xfe);
  },
};

const UTF8: CharacterRules = {
  sizeMax: 4,
  size: (bytes, at) => {
    const byte = bytes[at];
    return byte < 0xc0 || byte >= 0xf8 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
  },
  isValid: (bytes, at, size) => {
    const lead = bytes[at];
    if (size === 1 || lead < 0xc2 || lead > 0xf4) return false;
    for (let i = 1; i < size; i++) if ((bytes[at + i] & 0xc0) !== 0x80) return false;
    const second = bytes[at + 1];
    // Longer than need be, a surrogate, beyond Unicode.
    if (lead === 0xe0) return second >= 0xa0;
    if (lead === 0xed) return second < 0xa0;
    if (lead === 0xf0) return second >= 0x90;
    return lead !== 0xf4 || second < 0x90;
  },
};

/** The lead byte says which character set, of one byte or two, official or private. */
const MULE_INTERNAL: CharacterRules = {
  sizeMax: 4,
  size: (bytes, at) => {
    const byte = bytes[at];
    if (byte >= 0x81 && byte <= 0x8d) return 2;
    if ((byte >= 0x90 && byte <= 0x99) || byte === 0x9a || byte === 0x9b) return 3;
    return byte === 0x9c || byte === 0x9d ? 4 : 1;
  },
  isValid: (bytes, at, size) => {
    for (let i = 1; i < size; i++) if (bytes[at + i] < 0x80) return false;
    return true;
  },
};

const ONE_BYTE: CharacterRules = { sizeMax: 1, size: () => 1, isValid: () => true };

const RULES: Readonly<Record<string, CharacterRules>> = {
  EUC_JP,
  EUC_JIS_2004: EUC_JP,
  EUC_KR: euc(2, 3, twoEuc),
  EUC_CN: euc(3, 3, twoEuc),
  EUC_TW,
  JOHAB: euc(2, 3, (bytes, at, size) => areEuc(bytes, at + 1, at + size)),
  SJIS,
  SHIFT_JIS_2004: SJIS,
  BIG5: TWO_BYTES,
  GBK: TWO_BYTES,
  UHC: TWO_BYTES,
  GB18030,
  UTF8,
  MULE_INTERNAL,
};

/** By PostgreSQL's name of an encoding. */
export function characterRules(encoding: string): CharacterRules {
  return RULES[encoding] ?? ONE_BYTE;
}

/** Bytes of the character at `at`; -1: there is none. */
export function characterSize(rules: CharacterRules, bytes: Uint8Array, at: number, end: number): number {
  const byte = bytes[at];
  if (byte < 0x80) return byte === 0 ? -1 : 1;
  const size = rules.size(bytes, at, end);
  return at + size <= end && rules.isValid(bytes, at, size) ? size : -1;
}
