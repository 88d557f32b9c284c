/** What pg_stat_activity keeps of a statement: 1023 bytes, and no part of a character. */
import { expect } from 'chai';
import { activityText } from '../../executor/activity-text.ts';

describe('the text of a statement for pg_stat_activity', () => {
  it('is all of it up to 1023 bytes', () => {
    for (const text of ['', 'SELECT 1', 'x'.repeat(1023), 'é'.repeat(511)]) expect(activityText(text)).to.equal(text);
  });

  it('ends before the character that would not fit', () => {
    expect(activityText('x'.repeat(5000))).to.equal('x'.repeat(1023));
    expect(activityText('é'.repeat(5000))).to.equal('é'.repeat(511));
    expect(activityText('\u20ac'.repeat(341))).to.equal('\u20ac'.repeat(341));
    expect(activityText(`x${'\u{1f600}'.repeat(300)}`)).to.equal(`x${'\u{1f600}'.repeat(255)}`);
  });
});
