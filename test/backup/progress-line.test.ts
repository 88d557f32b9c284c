/** The line that is shown on a terminal while a backup is taken. */
import { expect } from 'chai';
import { ProgressLine } from '../../bin/backup/progress-line.ts';

describe('the progress line', () => {
  function lineWithClock(isShown: boolean): { line: ProgressLine; written: string[]; clock: { ms: number } } {
    const written: string[] = [];
    const clock = { ms: 1000 };
    const line = new ProgressLine(
      isShown,
      (text) => written.push(text),
      () => clock.ms,
    );
    return { line, written, clock };
  }

  it('shows bytes, percent and speed, a few times a second, and takes itself away', () => {
    const { line, written, clock } = lineWithClock(true);
    line.tell('waiting for a checkpoint', 0, 0);
    clock.ms += 1000;
    line.tell('copying', 50 * 2 ** 20, 200 * 2 ** 20);
    clock.ms += 50;
    line.tell('copying', 60 * 2 ** 20, 200 * 2 ** 20);
    clock.ms += 950;
    line.tell('log', 0, 0);
    line.end();
    line.end();
    expect(written).to.deep.equal([
      '\rwaiting for a checkpoint',
      '\rcopying: 50/200 MB, 25 %, 50 MB/s',
      `\r${'log'.padEnd(33)}`,
      '\r   \r',
    ]);
  });

  it('writes nothing where there is no terminal', () => {
    const { line, written } = lineWithClock(false);
    line.tell('copying', 1, 2);
    line.end();
    expect(written).to.deep.equal([]);
  });
});
