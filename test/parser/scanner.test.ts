/** Tokens: strings of all kinds, numbers, names, comments, and the errors of PostgreSQL's scanner. */
import { expect } from 'chai';
import { parse, parseExpression } from '../../parser/index.ts';
import { scan } from '../../parser/scanner.ts';
import * as T from '../../parser/token-types.ts';
import { errorOf } from './support.ts';

const text = (source: string): unknown => (parseExpression(source) as { value?: unknown }).value;

describe('strings', () => {
  const table: readonly (readonly [string, string])[] = [
    ["'a''b'", "a'b"],
    ["'a\\n'", 'a\\n'],
    ["'a'\n 'b'", 'ab'],
    ["'a' -- note\n 'b'", 'ab'],
    ["E'a\\n\\t\\\\\\'\\x41\\101\\u0042\\U00000043'", "a\n\t\\'AABC"],
    ["e'\\xC3\\xA4\\303\\244'", 'ää'],
    ["E'\\uD83D\\uDE00'", '😀'],
    ["E'a'\n'\\n'", 'a\n'],
    ["U&'\\0041\\+01F600!'", 'A😀!'],
    ["U&'!0041' uescape '!'", 'A'],
    ["$$a'b$$", "a'b"],
    ['$x$a$$b$x$', 'a$$b'],
    ['$ä$x$ä$', 'x'],
  ];
  for (const [source, value] of table) it(JSON.stringify(source), () => expect(text(source)).to.equal(value));

  it('on one line do not join', () => {
    expect(errorOf(() => parse("select 'a' 'b'")).message).to.equal('syntax error at or near "\'b\'"');
  });
});

describe('names', () => {
  it('are cut to 63 bytes between characters', () => {
    const image = (source: string): string => scan(source)[0].image;
    expect(image('a'.repeat(70))).to.equal('a'.repeat(63));
    expect(image(`"${'ä'.repeat(40)}"`)).to.equal('ä'.repeat(31));
    expect(image(`"${'😀'.repeat(20)}"`)).to.equal('😀'.repeat(15));
  });
  it('in quotes keep everything', () => {
    expect(scan('"a ""b"" C"')[0].image).to.equal('a "b" C');
    expect(scan('U&"d\\0061t!+000061" UESCAPE \'!\'')[0].image).to.equal('d\\0061ta');
  });
  it('may hold digits, dollars and letters beyond ASCII', () => {
    expect(
      scan('a1$ß x')
        .slice(0, 2)
        .map((token) => token.image),
    ).to.deep.equal(['a1$ß', 'x']);
  });
});

describe('tokens', () => {
  it('are renamed by the word after them', () => {
    const types = (source: string): number[] =>
      scan(source)
        .map((token) => token.tokenTypeIdx)
        .filter((type) => type !== T.EOF);
    expect(types('not in')).to.deep.equal([T.NOT_LA, T.IN]);
    expect(types('not /* x */ between')).to.deep.equal([T.NOT_LA, T.BETWEEN]);
    expect(types('nulls first nulls')).to.deep.equal([T.NULLS_LA, T.FIRST, T.NULLS]);
    expect(types('with time with')).to.deep.equal([T.WITH_LA, T.TIME, T.WITH]);
  });

  it('know where they stand', () => {
    const [a, b] = scan("  ab  'c''d' ");
    expect([a.startOffset, a.end, b.startOffset, b.end]).to.deep.equal([2, 4, 6, 12]);
  });
});

describe('errors of the scanner', () => {
  const table: readonly (readonly [string, string, string, number])[] = [
    ["select 'abc", '42601', 'unterminated quoted string at or near "\'abc"', 8],
    ["select E'a\\'", '42601', 'unterminated quoted string at or near "E\'a\\\'"', 8],
    ['select "abc', '42601', 'unterminated quoted identifier at or near ""abc"', 8],
    ['select $$abc', '42601', 'unterminated dollar-quoted string at or near "$$abc"', 8],
    ['select 1 /* a /* b */', '42601', 'unterminated /* comment at or near "/* a /* b */"', 10],
    ['select ""', '42601', 'zero-length delimited identifier at or near """"', 8],
    ['select 123abc', '42601', 'trailing junk after numeric literal at or near "123abc"', 8],
    ['select 1e', '42601', 'trailing junk after numeric literal at or near "1e"', 8],
    ['select 1.5e+x', '42601', 'trailing junk after numeric literal at or near "1.5e+"', 8],
    ['select 0x1f', '42601', 'trailing junk after numeric literal at or near "0x1f"', 8],
    ['select $1a', '42601', 'trailing junk after parameter at or near "$1a"', 8],
    ['select 1..2', '42601', 'syntax error at or near ".."', 9],
    ["select E'\\x00'", '22021', 'invalid byte sequence for encoding "UTF8": 0x00', 0],
    ["select E'\\xff'", '22021', 'invalid byte sequence for encoding "UTF8": 0xff', 0],
    ["select E'\\u00'", '22025', 'invalid Unicode escape', 10],
    ["select U&'\\00zz'", '42601', 'invalid Unicode escape', 11],
    ['select a \\ b', '42601', 'syntax error at or near "\\"', 10],
    ['select $0', '42P02', 'there is no parameter $0', 8],
  ];
  for (const [source, code, message, position] of table) {
    it(source, () => {
      const error = errorOf(() => parse(source));
      expect([error.code, error.message, error.fields.position ?? 0]).to.deep.equal([code, message, position]);
    });
  }

  it('come after a syntax error that stands before them', () => {
    expect(errorOf(() => parse("foo bar 'abc")).message).to.equal('syntax error at or near "foo"');
  });
});
