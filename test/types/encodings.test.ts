/** Encodings: every character and every code as PostgreSQL has it; what is cut, or is no character, is found where it stands. */
import { createHash } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { type Encoding, encodingNamed, UTF8_GROWTH } from '../../types/encodings/index.ts';

/**
 * Recorded from PostgreSQL 15 with convert_to() and convert_from(): the beginning of the SHA-256 of what tablesOf() lists.
 */
const RECORDED: Readonly<Record<string, string>> = {
  BIG5: '11a65cc925f08a4d',
  EUC_CN: 'bfafdc4d987394ed',
  EUC_JIS_2004: '4dd12e6011f572bb',
  EUC_JP: '441d0e08b5bc90d4',
  EUC_KR: '72dc89988fa06ca5',
  GB18030: 'f8fc0e107faaaba3',
  GBK: 'd41e5cd2cd426615',
  ISO_8859_5: '97118f828b2adc79',
  ISO_8859_6: '7dc3b0400afcd422',
  ISO_8859_7: 'e17c138028c71fe1',
  ISO_8859_8: '9be0f977c30c5e97',
  JOHAB: 'ee43f4a0af196582',
  KOI8R: 'e1693833712c741b',
  KOI8U: 'e89be0633698cc80',
  LATIN1: '97f825eb2d441166',
  LATIN10: '5e97af592e6fe032',
  LATIN2: '9638474f51c1707d',
  LATIN3: 'b1ac597f0ac015ac',
  LATIN4: 'a473f2881fc894ce',
  LATIN5: 'cd8208ac4cf55ea2',
  LATIN6: '23d70ae282c1b32c',
  LATIN7: 'ac1a7f6361628768',
  LATIN8: 'f56845be32075672',
  LATIN9: 'f05d4f3191899328',
  SHIFT_JIS_2004: '283ce740213a3c96',
  SJIS: '8e8e0eee8aa0a8d3',
  UHC: 'e1299cea3a137ba4',
  WIN1250: 'a792612521204ae9',
  WIN1251: '9ee76e7215dbe5fc',
  WIN1252: '89833be83e724740',
  WIN1253: '9a5c2ce6c014873c',
  WIN1254: '45369afaaa90cce8',
  WIN1255: '74a4ddc6afefaf5a',
  WIN1256: '6e70cfd265908bf9',
  WIN1257: '12126a019944333c',
  WIN1258: 'e132c8d0c0a6d78d',
  WIN866: '97d79fd44e7f2468',
  WIN874: 'daa31e3cad51b655',
};

function orNothing(make: () => Uint8Array): string {
  try {
    return Buffer.from(make()).toString('hex');
  } catch {
    return '';
  }
}

/**
 * Texts of all codes of one and two bytes (and EUC_JP's and EUC_JIS_2004's of three), and codes of all characters of the basic plane beyond ASCII (with one byte
 * a character, of those that there are).
 */
function tablesOf(encoding: Encoding): string {
  const isWide = encoding.rules.sizeMax > 1;
  const texts: string[] = [];
  const target = Buffer.alloc(3 * UTF8_GROWTH);
  const add = (...bytes: number[]): void => {
    const size = encoding.toUtf8(Uint8Array.from(bytes), 0, bytes.length, target, 0);
    texts.push(encoding.stop === bytes.length ? target.toString('utf8', 0, size) : '');
  };
  for (let byte = 0x80; byte < 0x100; byte++) add(byte);
  if (isWide) for (let code = 0x8000; code < 0x10000; code++) add(code >> 8, code & 0xff);
  if (encoding.name.startsWith('EUC_J'))
    for (let code = 0x8000; code < 0x10000; code++) add(0x8f, code >> 8, code & 0xff);
  const codes: string[] = [];
  const characters = isWide ? new Set(basicPlane()) : new Set(texts.filter((text) => text !== ''));
  for (const character of characters) codes.push(orNothing(() => encoding.encode(character)));
  return `${codes.join('\n')}\n\n${texts.join('\n')}`;
}

function* basicPlane(): Generator<string> {
  for (let character = 0x80; character < 0x10000; character++) {
    if (character < 0xd800 || character >= 0xe000) yield String.fromCharCode(character);
  }
}

const WIDE = ['EUC_JP', 'SJIS', 'EUC_JIS_2004', 'SHIFT_JIS_2004', 'EUC_KR', 'UHC', 'GBK', 'EUC_CN', 'GB18030', 'BIG5'];

/** Characters that go there and come back. */
function alphabetOf(encoding: Encoding): string[] {
  const alphabet: string[] = [];
  for (let character = 1; character < 0x10000; character++) {
    const text = String.fromCharCode(character);
    if (orNothing(() => encoding.encode(text)) === '') continue;
    const code = encoding.encode(text);
    const back = orNothing(() => Buffer.from(encoding.decode(code, 0, code.length), 'utf16le'));
    if (back === Buffer.from(text, 'utf16le').toString('hex')) alphabet.push(text);
  }
  return alphabet;
}

describe('encodings', () => {
  // Most of what is tried there is not: stacks of errors take nearly all of the time.
  const { stackTraceLimit } = Error;
  before(() => {
    Error.stackTraceLimit = 0;
  });
  after(() => {
    Error.stackTraceLimit = stackTraceLimit;
  });

  for (const [name, digest] of Object.entries(RECORDED)) {
    it(`${name}: characters and codes are PostgreSQL's`, () => {
      const tables = tablesOf(encodingNamed(name) as Encoding);
      expect(createHash('sha256').update(tables).digest('hex').slice(0, 16)).to.equal(digest);
    });
  }

  it('have no tables of what nobody converts', () => {
    for (const name of ['UTF8', 'SQL_ASCII', 'MULE_INTERNAL', 'EUC_TW']) expect(encodingNamed(name)).to.equal(null);
  });

  for (const name of ['LATIN2', ...WIDE]) {
    const encoding = encodingNamed(name) as Encoding;
    const texts = fc.array(fc.constantFrom(...alphabetOf(encoding))).map((characters) => characters.join(''));

    it(`${name}: texts come back as they went`, () => {
      fc.assert(
        fc.property(texts, (text) => {
          const bytes = encoding.encode(text);
          expect(encoding.decode(bytes, 0, bytes.length)).to.equal(text);
        }),
      );
    });

    it(`${name}: in pieces, cut anywhere, as in one`, () => {
      fc.assert(
        fc.property(texts, fc.nat(), (text, at) => {
          const bytes = encoding.encode(text);
          const cut = bytes.length === 0 ? 0 : at % bytes.length;
          const target = Buffer.alloc(bytes.length * UTF8_GROWTH);
          let size = encoding.toUtf8(bytes, 0, cut, target, 0);
          const { stop } = encoding;
          if (stop < cut) expect(encoding.isPartial(bytes, stop, cut)).to.equal(true);
          size = encoding.toUtf8(bytes, stop, bytes.length, target, size);
          expect(target.toString('utf8', 0, size)).to.equal(text);
        }),
      );
    });
  }

  it('write what never grows in its own place', () => {
    const encoding = encodingNamed('WIN1251') as Encoding;
    const bytes = Buffer.from('Жук ползёт', 'utf8');
    const size = encoding.fromUtf8(bytes, 0, bytes.length, bytes, 0);
    expect(encoding.decode(bytes, 0, size)).to.equal('Жук ползёт');
  });

  it('have characters beyond the basic plane, and codes that are two characters, in JIS X 0213', () => {
    for (const name of ['EUC_JIS_2004', 'SHIFT_JIS_2004']) {
      const encoding = encodingNamed(name) as Encoding;
      // A letter and its mark; a letter that is one of another pair, too; a pair of which nothing is known.
      for (const text of ['か\u309a', 'æ\u0300\u0254\u0301', '\u02e9\u02e5\u02e9', '𠂉𪚲', 'か゜', 'か']) {
        const bytes = encoding.encode(text);
        expect(encoding.decode(bytes, 0, bytes.length)).to.equal(text);
      }
      expect(encoding.encode('か\u309a').length).to.equal(2);
      expect(() => encoding.encode('\u309a\u0300\u0316')).to.throw('has no equivalent');
    }
  });

  it('go beyond the basic plane in GB18030 wholly', () => {
    const gb18030 = encodingNamed('GB18030') as Encoding;
    fc.assert(
      fc.property(fc.integer({ min: 0x10000, max: 0x10ffff }), (character) => {
        const text = String.fromCodePoint(character);
        const bytes = gb18030.encode(text);
        expect(bytes.length).to.equal(4);
        expect(gb18030.decode(bytes, 0, 4)).to.equal(text);
      }),
    );
    for (const name of ['LATIN1', 'EUC_JP', 'GBK']) {
      expect(() => encodingNamed(name)?.encode('😀')).to.throw('0xf0 0x9f 0x98 0x80 in encoding "UTF8"');
    }
  });
});
