/** Traces: which pages are wanted, one after the other. Seeded, so that a checksum tells whether anything has changed. */
export interface Trace {
  readonly name: string;
  readonly pages: Uint32Array;
  readonly pageCount: number;
  /** A sequential scan's accesses, which the pool serves from a ring: 1 in the array; absent when there are none. */
  readonly scans?: Uint8Array;
}

export function xorshift(seed: number): () => number {
  let s = seed | 0 || 1;
  return () => {
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    return (s >>> 0) / 4294967296;
  };
}

/** Numbers 0 .. count - 1 with probability ~ 1 / (n + 1) ** skew, spread over the pages by a fixed shuffle. */
export function zipfian(count: number, skew: number, random: () => number): () => number {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    sum += 1 / (i + 1) ** skew;
    sums[i] = sum;
  }
  const shuffled = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const other = shuffled[i];
    shuffled[i] = shuffled[j];
    shuffled[j] = other;
  }
  return () => {
    const wanted = random() * sum;
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    return shuffled[low];
  };
}

export function zipfTrace(pageCount: number, length: number): Trace {
  const next = zipfian(pageCount, 0.99, xorshift(1));
  return { name: 'zipf 0.99', pages: Uint32Array.from({ length }, next), pageCount };
}

/** Rows by zipf, twenty a page: the head of the distribution is shared by the pages it happens to lie on. */
export function zipfRowsTrace(pageCount: number, length: number): Trace {
  const next = zipfian(pageCount * 20, 0.99, xorshift(2));
  return { name: 'zipf 0.99 over rows', pages: Uint32Array.from({ length }, () => (next() / 20) | 0), pageCount };
}

/** Every fourth access is the next page of a scan that goes round. */
export function scanAndZipfTrace(pageCount: number, length: number): Trace {
  const next = zipfian(pageCount, 0.99, xorshift(3));
  const scans = new Uint8Array(length);
  const pages = new Uint32Array(length);
  let scanned = 0;
  for (let i = 0; i < length; i++) {
    if (i % 4 === 3) {
      scans[i] = 1;
      pages[i] = scanned++ % pageCount;
    } else pages[i] = next();
  }
  return { name: 'scan + zipf', pages, pageCount, scans };
}

/** Round and round over a third more than fits. */
export function loopTrace(frames: number, length: number): Trace {
  const pageCount = Math.ceil((frames * 4) / 3);
  return { name: 'loop', pages: Uint32Array.from({ length }, (_, i) => i % pageCount), pageCount };
}

/** A hot tenth of the pages gets nine accesses in ten, and moves on every eighth of the trace. */
export function shiftingTrace(pageCount: number, length: number): Trace {
  const random = xorshift(5);
  const hot = Math.floor(pageCount / 10);
  const pages = Uint32Array.from({ length }, (_, i) => {
    const start = Math.floor((i * 8) / length) * hot;
    return random() < 0.9 ? (start + Math.floor(random() * hot)) % pageCount : Math.floor(random() * pageCount);
  });
  return { name: 'shifting hot set', pages, pageCount };
}

/** A recorded trace (record.ts): u32 page numbers, little endian. */
export function recordedTrace(name: string, bytes: Uint8Array): Trace {
  const pages = new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + (bytes.length & ~3)));
  let pageCount = 0;
  for (const page of pages) pageCount = Math.max(pageCount, page + 1);
  return { name, pages, pageCount };
}
