/** The grammar takes what PostgreSQL 15 takes, and refuses the rest in its words, at its position. */
import { expect } from 'chai';
import { SqlParser } from '../../parser/grammar.ts';
import { parse } from '../../parser/index.ts';
import { KEYWORD_NAMES, KEYWORDS } from '../../parser/keywords.ts';
import * as types from '../../parser/token-types.ts';
import { ACCEPTED, REJECTED } from './corpus.ts';
import { errorOf } from './support.ts';

describe('grammar', () => {
  it('is free of ambiguities, checked over the whole record', () => {
    expect(() => new SqlParser(true)).not.to.throw();
  });

  it('names each keyword constant after its word', () => {
    for (const [i, word] of KEYWORD_NAMES.entries()) {
      expect((types as Record<string, number>)[word.toUpperCase()], word).to.equal(types.FIRST_KEYWORD + i);
    }
    expect(KEYWORDS.size).to.equal(460);
    expect(types.TOKEN_TYPE_COUNT).to.equal(types.FIRST_KEYWORD + 460);
  });

  it(`takes ${ACCEPTED.length} statements that PostgreSQL takes`, () => {
    for (const text of ACCEPTED) expect(() => parse(text), text).not.to.throw();
  });

  it(`refuses ${REJECTED.length} statements in PostgreSQL's words`, () => {
    for (const [text, message, position] of REJECTED) {
      const error = errorOf(() => parse(text));
      expect([error.message, error.fields.position ?? 0], text).to.deep.equal([message, position]);
    }
  });

  it('goes on unharmed after an error', () => {
    for (const [text] of REJECTED) {
      errorOf(() => parse(text));
      expect(parse('select 1 + 2 where a like b')).to.have.length(1);
    }
  });

  it('finds the statements of a text, and where each begins and ends', () => {
    const text = " ; select 1;;\n-- note\ninsert into t values ($2, 'x', 2.5) ; /* end */ ";
    const statements = parse(text);
    expect(statements.map(({ start, end }) => text.slice(start, end))).to.deep.equal([
      'select 1',
      "insert into t values ($2, 'x', 2.5)",
    ]);
    expect(statements.map((one) => [one.literalStart, one.literalEnd])).to.deep.equal([
      [0, 1],
      [1, 3],
    ]);
    expect(statements.map((one) => one.parameterCount)).to.deep.equal([0, 2]);
  });

  it('answers no statement for an empty text', () => {
    for (const text of ['', '  ', ';', '-- x', '/* x /* y */ */;;']) expect(parse(text), text).to.deep.equal([]);
  });

  it('counts positions in characters, not in UTF-16 units', () => {
    expect(errorOf(() => parse("select '😀😀' x y")).fields.position).to.equal(15);
  });
});
