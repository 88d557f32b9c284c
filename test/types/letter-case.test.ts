/** What upper() and lower() rely on: no character becomes shorter, and only the sigma looks at what is around it. */
import { expect } from 'chai';
import { toLower, toUpper } from '../../types/index.ts';

const LAST = 0x10ffff;

/** All that have another case, and a few that have none. */
function characters(): string[] {
  const found = ['1', '中', '𝄞'];
  for (let code = 0; code <= LAST; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    const character = String.fromCodePoint(code);
    if (character.toUpperCase() !== character || character.toLowerCase() !== character) found.push(character);
  }
  return found;
}

describe('upper and lower case', () => {
  it('of a character is never shorter', () => {
    const shorter = characters().filter(
      (each) => each.toUpperCase().length < each.length || each.toLowerCase().length < each.length,
    );
    expect(shorter).to.deep.equal([]);
  });

  it('maps each character by itself, whatever is around it', () => {
    const others = characters().filter((each) =>
      [toUpper, toLower].some((map) => {
        const own = map(each);
        return own.length !== each.length || map(`aB${each}${each} Ab`) !== map('aB') + own + own + map(' Ab');
      }),
    );
    expect(others).to.deep.equal([]);
  });
});
