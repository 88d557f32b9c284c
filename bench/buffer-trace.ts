/**
 * Which page should go? Hit ratios of the pool's clock sweep beside LRU, LFU, ARC, W-TinyLFU and the optimum that knows the future:
 *
 *     node --import tsx bench/buffer-trace.ts [--frames N] [--length N] [--trace FILE]
 *
 * The table is four times the cache. FILE is a trace recorded from the pool itself (bench/buffer-trace/record.ts). "+ scan ring"
 * serves the scan's accesses from a ring, as the pool does; the others get them like any access.
 */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { arc, lfu, lru, optimum, wTinyLfu } from './buffer-trace/policies.ts';
import type { Policy, PolicyMaker } from './buffer-trace/policy.ts';
import { clockSweep, sweepWithAdmission } from './buffer-trace/sweep.ts';
import {
  loopTrace,
  recordedTrace,
  scanAndZipfTrace,
  shiftingTrace,
  type Trace,
  zipfRowsTrace,
  zipfTrace,
} from './buffer-trace/traces.ts';

const MAKERS = [clockSweep, sweepWithAdmission, lru, lfu, arc, wTinyLfu];
const RING_FRAMES = 32;

export interface TraceResult {
  readonly trace: string;
  readonly policy: string;
  /** Of the second half of the trace; of accesses that are no scan's. */
  readonly hitRatio: number;
}

/** Hits of the second half, when the cache is warm. A scan's own accesses are played but not counted. */
function play(trace: Trace, policy: Policy): number {
  const { pages, scans } = trace;
  const warm = pages.length >>> 1;
  let hits = 0;
  let counted = 0;
  for (let i = 0; i < pages.length; i++) {
    const isHit = policy.access(pages[i]);
    if (i < warm || scans?.[i] === 1) continue;
    counted++;
    if (isHit) hits++;
  }
  return hits / counted;
}

/** The scan's pages turn in a ring of their own: the policy has the other frames, and does not hear of the scan. */
function withRing(trace: Trace, frames: number, make: PolicyMaker): TraceResult {
  const pages = trace.pages.filter((_, i) => trace.scans?.[i] !== 1);
  const policy = make(frames - RING_FRAMES, trace.pageCount);
  return {
    trace: trace.name,
    policy: `${policy.name} + scan ring`,
    hitRatio: play({ ...trace, pages, scans: undefined }, policy),
  };
}

export function run(size: { frames: number; length: number; traces?: readonly Trace[] }): TraceResult[] {
  const { frames, length } = size;
  const pageCount = frames * 4;
  const traces = size.traces ?? [
    zipfTrace(pageCount, length),
    zipfRowsTrace(pageCount, length),
    scanAndZipfTrace(pageCount, length),
    loopTrace(frames, length),
    shiftingTrace(pageCount, length),
  ];
  const results: TraceResult[] = [];
  for (const trace of traces) {
    for (const make of MAKERS) {
      const policy = make(frames, trace.pageCount);
      results.push({ trace: trace.name, policy: policy.name, hitRatio: play(trace, policy) });
    }
    if (trace.scans !== undefined)
      for (const make of [clockSweep, sweepWithAdmission]) results.push(withRing(trace, frames, make));
    const best = optimum(trace.pages, frames, trace.pageCount);
    results.push({ trace: trace.name, policy: best.name, hitRatio: play(trace, best) });
  }
  return results;
}

/** The same results give the same number. */
export function checksum(results: readonly TraceResult[]): number {
  return results.reduce((sum, result) => (Math.imul(sum, 31) + Math.round(result.hitRatio * 1e6)) | 0, 0) >>> 0;
}

function main(): void {
  const args = new Map<string, string>();
  for (let i = 2; i < process.argv.length; i += 2) args.set(process.argv[i].replace(/^--/, ''), process.argv[i + 1]);
  const frames = Number(args.get('frames') ?? 4096);
  const length = Number(args.get('length') ?? 1_000_000);
  const file = args.get('trace');
  const traces = file === undefined ? undefined : [recordedTrace(file, readFileSync(file))];
  const results = run({ frames, length, traces });
  const names = [...new Set(results.map((r) => r.trace))];
  const policies = [...new Set(results.map((r) => r.policy))];
  console.log(`hit ratio in %, ${frames} frames, second half of each trace`);
  console.log(`${''.padEnd(38)}${names.map((name) => name.padStart(21)).join('')}`);
  for (const policy of policies) {
    const cells = names.map((name) => {
      const result = results.find((r) => r.trace === name && r.policy === policy);
      return (result === undefined ? '-' : (result.hitRatio * 100).toFixed(1)).padStart(21);
    });
    console.log(`${policy.padEnd(38)}${cells.join('')}`);
  }
  console.log(`checksum ${checksum(results)}`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) main();
