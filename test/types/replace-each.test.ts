import { expect } from 'chai';
import { collapseSpace, replaceEach } from '../../types/replace-each.ts';

describe('replacing single characters of long values', () => {
  it('answers as String.prototype.replace does, wherever the text is cut', () => {
    for (const length of [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, (1 << 21) + 5]) {
      const text = 'a"\r\n\u{1f600}b\\'.repeat(length / 8 + 1).slice(0, length);
      expect(replaceEach(text, /["\\]/g, '\\$&') === text.replace(/["\\]/g, '\\$&'), `${length} quoted`).to.equal(true);
      expect(replaceEach(text, /\r\n?/g, '\n') === text.replace(/\r\n?/g, '\n'), `${length} line ends`).to.equal(true);
      const wide = (c: string): string => `<${c.codePointAt(0)}>`;
      expect(replaceEach(text, /[^a-z]/gu, wide) === text.replace(/[^a-z]/gu, wide), `${length} wide`).to.equal(true);
    }
  });

  it('makes runs of blanks one, also where they are cut', () => {
    for (const run of [1, 2, 3, 7]) {
      const text = `ab${' \t'.repeat(run)}`.repeat((1 << 20) / run);
      expect(collapseSpace(text, /[ \t]+/g) === text.replace(/[ \t]+/g, ' '), `runs of ${run}`).to.equal(true);
    }
    expect(collapseSpace(' '.repeat((1 << 22) + 1), / +/g)).to.equal(' ');
  });

  it('takes as many matches as a value has characters, which end the process otherwise', () => {
    expect(replaceEach('"'.repeat(70_000_000), /["\\]/g, '$&$&')).to.have.length(140_000_000);
  });
});
