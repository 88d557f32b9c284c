#!/usr/bin/env node
/**
 * Starts the bundle, hotrow.cjs beside this file, with V8's compiled code from the run before.
 *
 * Compiling 1.6 MB takes 60-100 ms, taking it from the cache 15 ms (Node 20, two slow cores). The cache is written once, a
 * moment after the first start, beside the bundle and nowhere else: where that is not allowed there is none, and where the
 * file does not fit this Node or this bundle, V8 says so and it is made anew.
 */
import { closeSync, fstatSync, openSync, readSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cachedDataVersionTag, setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

const SAVE_AFTER_MS = 1000;
/**
 * A full collection when the old generation has grown by so many percent (heap-limits.ts says what for). Beside 60 it costs a sort that spills 3 %
 * of its time and a join 5 %; point queries and TPC-B show nothing of it. Set here, before anything is compiled: V8 takes
 * compiled code from the cache only under the flags that it was compiled with.
 */
const HEAP_GROWING_PERCENT = 30;
/**
 * The young generation does not grow while the server starts: what a start makes lives on, so that V8 would take more and more for it, and a server
 * with nothing to do would keep that (9 MB; a start takes no longer). heap-limits.ts lets it grow.
 */
const YOUNG_GROWTH_FACTOR = 1;
/**
 * How much a function runs, in bytes of its bytecode, before V8 optimizes it (V8's own: 67,584), and how much is inlined into it then (920).
 * Statements that come once spend most of their time in parser, binder and planner, which are large and flat: with V8's values they are still
 * interpreted after thousands of statements, as its compiler threads are busy with copies of the same functions. Of the sqllogictest corpus,
 * against half of V8's budget and all of its inlining, which had been 12 % better than its own: 6 % less time of the main thread, 22 % less of
 * V8's threads, and 9 % less in all. Loops over many rows are 4 % slower with less inlining: executor/compile/inlining.ts ends it.
 */
const INTERRUPT_BUDGET = 20_000;
const INLINED_BYTES = 500;
/** Put in by the build, from what is in the bundle: V8 itself compares no more than the length. */
const BUILD = 'unbuilt';

const bundle = join(dirname(fileURLToPath(import.meta.url)), 'hotrow.cjs');

/**
 * Nothing large is taken from malloc and given back: glibc would then keep all that is smaller than that in its own heap, where the holes between
 * what lives stay the process's for ever (mallopt(3), M_MMAP_THRESHOLD; 20 to 30 MB of them in bench/memory.ts).
 */
function withFile(path, read) {
  const file = openSync(path);
  try {
    return read(file, fstatSync(file).size);
  } finally {
    closeSync(file);
  }
}

/** What it holds is given back at once: a buffer that can be resized is mapped by V8 itself. */
function free(bytes) {
  bytes.buffer.resize(0);
}

function readBytes(path) {
  return withFile(path, (file, maxByteLength) => {
    const bytes = Buffer.from(new ArrayBuffer(maxByteLength, { maxByteLength }));
    if (readSync(file, bytes) !== maxByteLength) throw new Error(`could not read "${path}"`);
    return bytes;
  });
}

/** The bundle is ASCII, as esbuild writes it: such a text of a megabyte and more lies outside of the heap, once. */
function readSource() {
  const bytes = readBytes(bundle);
  const text = bytes.latin1Slice();
  free(bytes);
  return text;
}

function readCache() {
  try {
    return readBytes(cache);
  } catch {
    return undefined;
  }
}

/** The bundle, which is a function, and whether its compiled code came from the cache. */
function compile() {
  const cachedData = readCache();
  const script = new Script(readSource(), { filename: bundle, cachedData });
  if (cachedData !== undefined) free(cachedData);
  return { script, isFromCache: cachedData !== undefined && !script.cachedDataRejected };
}

function save(script) {
  // Those under which the next start compiles: meanwhile heap-limits.ts and inlining.ts may have set others, and will again.
  setFlagsFromString(`--semi-space-growth-factor=${YOUNG_GROWTH_FACTOR}`);
  setFlagsFromString(`--max-inlined-bytecode-size-cumulative=${INLINED_BYTES}`);
  // Under another name first: a process that starts meanwhile must not read half of it.
  const unfinished = `${cache}.${process.pid}`;
  try {
    writeFileSync(unfinished, script.createCachedData());
    renameSync(unfinished, cache);
  } catch {
    // A folder that is not ours to write to: the next start compiles again.
  }
}

setFlagsFromString(`--semi-space-growth-factor=${YOUNG_GROWTH_FACTOR}`);
setFlagsFromString(`--heap-growing-percent=${HEAP_GROWING_PERCENT}`);
setFlagsFromString(`--interrupt-budget=${INTERRUPT_BUDGET}`);
setFlagsFromString(`--max-inlined-bytecode-size-cumulative=${INLINED_BYTES}`);
// V8 takes nothing that was compiled under other flags, of Node's command line too: a start with such has a file of its own, and does not put it
// in the place of the build's, which has more in it.
const cache = `${bundle}.${BUILD}-${process.version}-${process.arch}-${cachedDataVersionTag().toString(16)}.cache`;
const { script, isFromCache } = compile();
if (!isFromCache) {
  setTimeout(save, SAVE_AFTER_MS, script).unref();
  // The build says when all has run that is to be in it.
  process.on('message', (message) => {
    if (message !== 'keep compiled code') return;
    save(script);
    process.disconnect();
  });
}
const module = { exports: {} };
script.runInThisContext()(createRequire(bundle), module, module.exports, bundle);
