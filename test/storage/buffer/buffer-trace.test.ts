/** The simulator of policies (bench/buffer-trace.ts) in small: what must hold of its figures, so that they can be believed. */
import { expect } from 'chai';
import { recordLookups } from '../../../bench/buffer-trace/record.ts';
import { type Trace, zipfTrace } from '../../../bench/buffer-trace/traces.ts';
import { checksum, run, type TraceResult } from '../../../bench/buffer-trace.ts';
import { run as runPool } from '../../../bench/larger-than-memory.ts';
import { addPage, fetchPage, makePool, writeAll } from './pool-rig.ts';

describe('The simulator of policies', () => {
  const results = run({ frames: 512, length: 60_000 });
  const ratio = (trace: string, policy: string): number => {
    const found = results.find((r: TraceResult) => r.trace === trace && r.policy.startsWith(policy));
    if (found === undefined) throw new Error(`no ${policy} on ${trace}`);
    return found.hitRatio;
  };

  it('gives the same figures every time', () => {
    expect(checksum(run({ frames: 512, length: 60_000 }))).to.equal(checksum(results));
  });

  it('has no policy above the optimum', () => {
    for (const { trace, hitRatio } of results) expect(hitRatio).to.be.at.most(ratio(trace, 'Belady') + 1e-9);
  });

  it('knows what the literature says of loops: LRU finds nothing, who keeps a part of it finds that', () => {
    expect(ratio('loop', 'LRU')).to.equal(0);
    expect(ratio('loop', 'W-TinyLFU')).to.be.above(0.5);
    expect(ratio('loop', 'Belady')).to.be.above(0.7);
  });

  it('shows admission within 2 points of W-TinyLFU on skewed loads, and the ring as good as no scan', () => {
    expect(ratio('zipf 0.99', 'sweep + admission')).to.be.above(ratio('zipf 0.99', 'W-TinyLFU') - 0.02);
    expect(ratio('scan + zipf', 'clock sweep (hotrow) + scan ring')).to.be.above(
      ratio('scan + zipf', 'clock sweep (hotrow)'),
    );
  });

  it('shows admission no worse than the sweep where the hot set moves: it finds that who is sent away comes back', () => {
    expect(ratio('shifting hot set', 'sweep + admission')).to.be.above(
      ratio('shifting hot set', 'clock sweep (hotrow)') - 0.02,
    );
  });

  it('plays a trace that was recorded from a pool', async () => {
    const rig = makePool(32);
    const rel = rig.pool.createRelation(9);
    for (let i = 0; i < 100; i++) addPage(rig, rel, i);
    await writeAll(rig.pool);
    rig.pool.releaseClean();
    const pages: number[] = [];
    const stop = recordLookups(rig.pool, (page) => pages.push(page));
    const wanted = [...zipfTrace(100, 500).pages];
    let misses = 0;
    for (const pageNo of wanted) {
      if (rig.pool.tryFrame(rel, pageNo) < 0) misses++;
      await fetchPage(rig.pool, rel, pageNo);
    }
    stop();
    await fetchPage(rig.pool, rel, 0);
    expect(pages).to.have.length(500);
    const order = [...new Set(wanted)];
    expect(pages).to.deep.equal(wanted.map((pageNo) => order.indexOf(pageNo)));
    const trace: Trace = { name: 'recorded', pages: Uint32Array.from(pages), pageCount: order.length };
    const sweep = run({ frames: 32, length: 0, traces: [trace] }).find((r) => r.policy === 'clock sweep (hotrow)');
    // The simulator counts the second half; the pool of the test missed as often in all as a warm and a cold half can.
    expect(sweep?.hitRatio).to.be.within(1 - misses / 250, 1);
  });

  it('foretells the pool: over files, with 8 readers, with and without a scan beside them', async () => {
    const [off, offWithScan, admitted, admittedWithScan] = await runPool({ frames: 1024, reads: 40_000 });
    expect(off.hitRatio).to.be.within(0.7, 0.85);
    expect(offWithScan.hitRatio).to.be.above(off.hitRatio - 0.02);
    expect(admitted.hitRatio).to.be.above(off.hitRatio + 0.02);
    expect(admittedWithScan.hitRatio).to.be.above(admitted.hitRatio - 0.02);
  }).timeout(60_000);
});
