/** The bench runs, small, and what it parses has not changed. */
import { expect } from 'chai';
import { run } from '../../bench/parse.ts';

describe('bench/parse', () => {
  it('runs', () => {
    const figures = run(3);
    expect(figures.constructMs).to.be.greaterThan(0);
    expect(Object.keys(figures.microseconds)).to.have.length(9);
    expect(figures.checksum).to.equal(run(2).checksum);
  });
});
