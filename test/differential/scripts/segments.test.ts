/** Where a psql script may be cut: what psql prints between two cuts belongs to one statement. */
import { expect } from 'chai';
import { verdictOf } from './outcome.ts';
import { segmentsOf } from './segments.ts';

function texts(script: string): string[] {
  return segmentsOf(script).map((segment) => segment.text);
}

describe('Scripts cut into segments', () => {
  it('ends a segment where psql sends a statement, at the end of a line', () => {
    expect(texts('SELECT 1;\nSELECT\n  2; SELECT 3;\n\\d t\nSELECT 4\\gset\n')).to.deep.equal([
      'SELECT 1;',
      'SELECT\n  2; SELECT 3;',
      '\\d t',
      'SELECT 4\\gset',
    ]);
  });

  it('does not end one within quotes, comments, parentheses and the body of a routine', () => {
    for (const statement of [
      "SELECT 'a;\nb', E'\\';\n';",
      'SELECT $x$;\n$$;\n$x$;',
      'SELECT 1 /* ; /* ;\n */ ;\n */ ;',
      'SELECT 1 -- ;\n;',
      'CREATE RULE r AS ON INSERT TO t DO (SELECT 1;\nSELECT 2);',
      'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC\n SELECT CASE WHEN true THEN 1 END;\n SELECT 2;\nEND;',
    ])
      expect(texts(`${statement}\nSELECT 1;`)).to.deep.equal([statement, 'SELECT 1;']);
  });

  it('keeps the data of COPY with its statement', () => {
    expect(texts('COPY t FROM stdin;\n1;\n\\.\nSELECT 1;')).to.deep.equal(['COPY t FROM stdin;\n1;\n\\.', 'SELECT 1;']);
  });
});

describe('What two servers printed', () => {
  it('is the same, the same in another order, or differs', () => {
    expect(verdictOf('SELECT', ' a \n---\n 1\n 2\n', ' a \n---\n 1\n 2\n')).to.equal('same');
    expect(verdictOf('SELECT', ' a \n---\n 1\n 2\n', ' a \n---\n 2\n 1\n')).to.equal('order');
    expect(verdictOf('SELECT', ' a \n---\n 1\n', ' a \n---\n 3\n')).to.equal('rows');
    expect(verdictOf('SELECT', ' a \n---\n 1\nTime: 0.5 ms\n', ' a \n---\n 1\nTime: 1234.5 ms (00:01.235)\n')).to.equal(
      'same',
    );
    expect(verdictOf('explain SELECT', ' a \n---\n 1\n', ' a \n---\n 3\n')).to.equal('plan');
  });

  it('is an error of one of them, or of both with one code or two', () => {
    const error = (code: string, text = 'x'): string => `ERROR:  ${code}: ${text}\nLOCATION:  f, f.c:1\n`;
    expect(verdictOf('SELECT', error('42601'), `ERROR:  42601: x\n`)).to.equal('same');
    expect(verdictOf('SELECT', error('42601'), error('42601', 'y'))).to.equal('message');
    expect(verdictOf('SELECT', error('42601'), error('42P01'))).to.equal('code');
    expect(verdictOf('SELECT', error('42601'), ' a \n')).to.equal('passes');
    expect(verdictOf('SELECT', ' a \n', error('42601'))).to.equal('fails');
  });
});
