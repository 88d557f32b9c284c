/**
 * Buffers of extents that are not in use: what one writer or reader has done with is the next one's.
 *
 * A sort of 150 MB writes a thousand extents. Were each a new buffer, they would wait for the collector of garbage in their hundreds,
 * and what it then frees lies scattered among what is in use, so that the process keeps it (bench/memory.ts).
 */
import { BlockBuffer } from './block.ts';

/** All of them together. */
const IDLE_BYTES_MAX = 4 * 1024 * 1024;
/** A larger one held a few very long values. */
const BUFFER_BYTES_MAX = 512 * 1024;
/** A buffer may be so many times larger than what was asked for. */
const WASTE_MAX = 8;

const idle: BlockBuffer[] = [];
let idleBytes = 0;

/** An empty buffer of at least so many bytes. */
export function takeBuffer(capacity: number): BlockBuffer {
  for (let i = idle.length - 1; i >= 0; i--) {
    const size = idle[i].u8.length;
    if (size < capacity || size > capacity * WASTE_MAX) continue;
    const [buffer] = idle.splice(i, 1);
    idleBytes -= size;
    buffer.length = 0;
    return buffer;
  }
  return new BlockBuffer(capacity);
}

/** The buffer is not used any more: neither by its owner nor by a read or write that is under way. */
export function giveBuffer(buffer: BlockBuffer): void {
  const size = buffer.u8.length;
  if (size > BUFFER_BYTES_MAX) return;
  // Those that nobody has asked for make room: sizes go out of fashion.
  while (idleBytes + size > IDLE_BYTES_MAX) idleBytes -= idle.shift()!.u8.length;
  idle.push(buffer);
  idleBytes += size;
}

/** Bytes of idle buffers, for statistics. */
export function idleBufferBytes(): number {
  return idleBytes;
}
