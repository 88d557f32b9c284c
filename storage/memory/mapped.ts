/**
 * Memory in mappings of its own, which the system has back as soon as nothing refers to it any more: WebAssembly's.
 *
 * A plain ArrayBuffer of this size comes from malloc. Once glibc has seen one given back, it keeps all up to that size in its own heap from then
 * on (mallopt(3), M_MMAP_THRESHOLD), where what is free between what is in use stays the process's: 15 to 20 MB of bench/memory.ts.
 */

const WASM_PAGE_SIZE = 64 * 1024;
/** Below it malloc is as good, as long as nothing larger is given back to it. */
const MAPPED_MIN = 128 * 1024;
/** Each takes 10 GB of addresses (not of memory), which whoever looks at the size of the process should not take for a leak. */
const LIVE_MAX = 256;

let live = 0;
const ended = new FinalizationRegistry<null>(() => {
  live--;
});

/** A memory of so many bytes, rounded up to WebAssembly's pages; null where there is none, or not as much. */
export function mappedMemory(bytes: number): WebAssembly.Memory | null {
  if (typeof WebAssembly === 'undefined') return null;
  const pages = Math.ceil(bytes / WASM_PAGE_SIZE);
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages });
  } catch {
    // It reserves some GB of addresses, which a limit may forbid.
    return null;
  }
}

/** So many bytes, all zero: mapped where that is worth it and can be had. Such a buffer cannot be transferred. */
export function mappedBuffer(bytes: number): ArrayBuffer {
  if (bytes < MAPPED_MIN || bytes % WASM_PAGE_SIZE !== 0 || live >= LIVE_MAX) return new ArrayBuffer(bytes);
  const memory = mappedMemory(bytes);
  if (memory === null) return new ArrayBuffer(bytes);
  live++;
  ended.register(memory.buffer, null);
  return memory.buffer;
}
