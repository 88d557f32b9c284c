/**
 * Gives the memory of an ArrayBuffer back at once. Left to the collector of garbage it would wait, thousands of values' worth of it, and what malloc
 * took for them meanwhile stays the process's.
 */
import type { MessagePort } from 'node:worker_threads';

let nowhere: MessagePort | null = null;

/**
 * The buffer has no bytes from here on, nor has any view of it. Must be its caller's alone: not a part of Buffer's pool, not WebAssembly's, and no
 * read or write is under way with it.
 *
 * It is sent to a port that is closed, which drops the message with all that was transferred (worker_threads, "port.postMessage").
 * 3 us.
 */
export function releaseBuffer(buffer: ArrayBufferLike): void {
  if (nowhere === null) {
    const { port1, port2 } = new (process.getBuiltinModule('node:worker_threads').MessageChannel)();
    port1.close();
    port2.close();
    nowhere = port1;
  }
  nowhere.postMessage(null, [buffer as ArrayBuffer]);
}
