/** Memory that the system has back when it is not used any more, and plain memory where there is no room for its addresses. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { mappedBuffer } from '../../../storage/memory/index.ts';

const MODULE = fileURLToPath(new URL('../../../storage/memory/index.ts', import.meta.url));
const MB = 1024 * 1024;

/** What a process of its own says that runs the code, where `mappedBuffer` and `MB` are known. */
function said(code: string): string {
  const script = `import { mappedBuffer } from ${JSON.stringify(MODULE)}; const MB = ${MB}; ${code}`;
  const options = ['--import', 'tsx', '--expose-gc', '--input-type=module', '-e', script];
  return execFileSync(process.execPath, options, { encoding: 'utf8' }).trim();
}

describe('mapped memory', () => {
  it('is as many zeros as were asked for, of any size', () => {
    for (const bytes of [0, 8, 64 * 1024, 128 * 1024, 128 * 1024 + 8, MB, 9 * MB]) {
      const words = new Uint8Array(mappedBuffer(bytes));
      expect(words.length).to.equal(bytes);
      expect(words.every((byte) => byte === 0)).to.equal(true);
      words.fill(7);
    }
  });

  it('goes back to the system whole', () => {
    const megabytes = said(
      `const before = process.memoryUsage.rss();
       let all = Array.from({ length: 300 }, () => new Uint8Array(mappedBuffer(MB)).fill(1));
       const held = process.memoryUsage.rss() - before;
       all = [];
       gc();
       await new Promise((resolve) => setTimeout(resolve, 100));
       gc();
       console.log(Math.round(held / MB), Math.round((process.memoryUsage.rss() - before) / MB));`,
    );
    const [held, after] = megabytes.split(' ').map(Number);
    expect(held).to.be.at.least(290);
    expect(after).to.be.at.most(60);
  });

  it('takes addresses for some hundreds at a time, and again for others when they are gone', () => {
    const gigabytes = said(
      `const { readFileSync } = await import('node:fs');
       const addresses = () => Number(/VmSize:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / MB;
       const take = () => Array.from({ length: 400 }, () => new Uint8Array(mappedBuffer(MB)));
       const before = addresses();
       let all = take();
       const first = addresses() - before;
       all = [];
       for (let i = 0; i < 3; i++) {
         gc();
         await new Promise((resolve) => setTimeout(resolve, 100));
       }
       const gone = addresses() - before;
       all = take();
       console.log(Math.round(first), Math.round(gone), Math.round(addresses() - before));`,
    );
    const [first, gone, second] = gigabytes.split(' ').map(Number);
    expect(first).to.be.within(1000, 3000);
    expect(gone).to.be.below(500);
    expect(second).to.be.within(1000, 3000);
  });

  it('is plain memory where a process may have few addresses', () => {
    // Set when all is loaded: the loader of these sources takes addresses itself.
    const size = said(
      `const { execFileSync } = await import('node:child_process');
       const { readFileSync } = await import('node:fs');
       const kilobytes = Number(/VmSize:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
       execFileSync('prlimit', ['--pid', String(process.pid), '--as=' + (kilobytes * 1024 + 2048 * MB)]);
       console.log(new Uint8Array(mappedBuffer(MB)).fill(1).length);`,
    );
    expect(Number(size)).to.equal(MB);
  });
});
