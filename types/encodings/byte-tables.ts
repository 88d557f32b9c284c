/**
 * Encodings of one byte a character, whose lower half is ASCII.
 *
 * The upper half of an encoding is what the platform's decoder makes of it, but for
 *  - bytes that Windows code pages leave out: the decoder makes control characters and characters for private use of them,
 *  - LATIN1, LATIN5 and WIN1252, which the decoder takes for one another, and LATIN10, which it does not know.
 */
/** Latin script: bytes 0xa0 to 0xff of ISO 8859-16. */
const LATIN10 =
  '\u00a0ĄąŁ€„Š§š©Ș«Ź\u00adźŻ°±ČłŽ”¶·žčș»ŒœŸżÀÁÂĂÄĆÆÇÈÉÊËÌÍÎÏĐŃÒÓÔŐÖŚŰÙÚÛÜĘȚßàáâăäćæçèéêëìíîïđńòóôőöśűùúûüęțÿ';
/** Bytes 0x80 to 0x9f; blanks are left out. */
const WIN1252 = '€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ';
/** What is not as in LATIN1. */
const LATIN5: Readonly<Record<number, string>> = { 208: 'Ğ', 221: 'İ', 222: 'Ş', 240: 'ğ', 253: 'ı', 254: 'ş' };

/** Names of the platform's decoders. */
const DECODERS: Readonly<Record<string, string>> = {
  LATIN2: 'iso-8859-2',
  LATIN3: 'iso-8859-3',
  LATIN4: 'iso-8859-4',
  LATIN6: 'iso-8859-10',
  LATIN7: 'iso-8859-13',
  LATIN8: 'iso-8859-14',
  LATIN9: 'iso-8859-15',
  ISO_8859_5: 'iso-8859-5',
  ISO_8859_6: 'iso-8859-6',
  ISO_8859_7: 'iso-8859-7',
  ISO_8859_8: 'iso-8859-8',
  WIN1250: 'windows-1250',
  WIN1251: 'windows-1251',
  WIN1253: 'windows-1253',
  WIN1254: 'windows-1254',
  WIN1255: 'windows-1255',
  WIN1256: 'windows-1256',
  WIN1257: 'windows-1257',
  WIN1258: 'windows-1258',
  WIN866: 'ibm866',
  WIN874: 'windows-874',
  KOI8R: 'koi8-r',
  KOI8U: 'koi8-u',
};

/** Characters of Unicode by the bytes of an encoding (PostgreSQL's name); 0: there is none. Null: it is none of one byte a character. */
export function byteTableOf(encoding: string): Uint16Array | null {
  const upper = upperHalf(encoding);
  if (upper === null) return null;
  const characters = new Uint16Array(256);
  for (let byte = 1; byte < 256; byte++) characters[byte] = byte < 0x80 ? byte : (upper(byte)?.charCodeAt(0) ?? 0);
  return characters;
}

function upperHalf(encoding: string): ((byte: number) => string | null) | null {
  const asLatin1 = (byte: number): string => String.fromCharCode(byte);
  switch (encoding) {
    case 'LATIN1':
      return asLatin1;
    case 'LATIN5':
      return (byte) => LATIN5[byte] ?? asLatin1(byte);
    case 'LATIN10':
      return (byte) => (byte < 0xa0 ? asLatin1(byte) : LATIN10[byte - 0xa0]);
    case 'WIN1252':
      return (byte) => {
        const character = byte < 0xa0 ? WIN1252[byte - 0x80] : asLatin1(byte);
        return character === ' ' ? null : character;
      };
  }
  const label = DECODERS[encoding];
  if (label === undefined) return null;
  const decoder = new TextDecoder(label);
  const isCodePage = label.startsWith('windows') && encoding !== 'WIN1256';
  return (byte) => {
    const character = decoder.decode(Uint8Array.of(byte));
    const isMadeUp = isCodePage && /[\x80-\x9f\uf8c0-\uf8ff]/.test(character);
    const isLeftOut = isMadeUp || character === '\ufffd' || (encoding === 'WIN1253' && byte === 0xaa);
    return isLeftOut ? null : character;
  };
}
