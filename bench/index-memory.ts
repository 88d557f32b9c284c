/**
 * What an index takes and answers in: bytes an entry, bits a row and value, lookups, and set operations on posting lists. Without
 * SQL: row ids as a table of ROWS_PER_PAGE rows a page gives them. Times are of the processor, so that they mean something on a
 * machine that others use as well. The checksum is of what was read.
 *
 *     node --import tsx bench/index-memory.ts [rows]
 */
import {
  andSet,
  type Dictionary,
  DictionaryBuilder,
  HashDictionary,
  IndexKey,
  IndexMemory,
  keySet,
  OrderedDictionary,
  PostingCounter,
  PostingReader,
  type PostingSet,
} from '../storage/api.ts';

export interface IndexMemoryResult {
  /** Bytes or bits, nanoseconds, milliseconds: the unit is in the name. */
  readonly figures: Record<string, number>;
  readonly checksum: number;
}

const ROWS_PER_PAGE = 90;
const STATUSES = 5;
const CITIES = 1000;
const LOOKUPS = 1_000_000;
const KEYS_AT_ONCE = 4096;
const EMAIL_KEY_MAX = 32;
/** Times that each set is read and counted. */
const ROUNDS = 20;

function rowIdOf(row: number): number {
  return Math.floor(row / ROWS_PER_PAGE) * 512 + (row % ROWS_PER_PAGE);
}

/** Milliseconds of processor time that the process has used. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** mulberry32. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Values 0..count-1, value i about 1 / (i + 1) as often as the first. */
function zipf(count: number, next: () => number): () => number {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let i = 0; i < count; i++) sums[i] = sum += 1 / (i + 1);
  return () => {
    const wanted = next() * sum;
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sums[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

function fillText(key: IndexKey, text: string): void {
  key.length = 0;
  key.uint8(1);
  for (let i = 0; i < text.length; i++) key.uint8(text.charCodeAt(i));
  key.uint8(0);
}

/** A number from 0 to size - 1 for each n, each once. */
function scattered(n: number, size: number): number {
  return (n * 2_654_435_761) % size;
}

function run(size: number): IndexMemoryResult {
  const bench = new Bench(size);
  bench.uniqueNumbers('unique int, ascending', new OrderedDictionary(false), (i) => i);
  bench.uniqueNumbers('unique int, scattered', new OrderedDictionary(false), (i) => scattered(i, size));
  bench.uniqueNumbers('unique int, hash', new HashDictionary(false), (i) => i);
  bench.emails('unique email', new OrderedDictionary(true));
  bench.emails('unique email, hash', new HashDictionary(true));
  bench.emails('unique email, built', new OrderedDictionary(true), true);
  bench.emails('unique email, hash, built', new HashDictionary(true), true);
  bench.lists();
  return { figures: bench.figures, checksum: bench.checksum };
}

class Bench {
  readonly figures: Record<string, number> = {};
  checksum = 0;
  private readonly size: number;
  private readonly key = new IndexKey();

  constructor(size: number) {
    this.size = size;
  }

  private note(name: string, value: number): void {
    this.figures[name] = Math.round(value * 100) / 100;
  }

  /** Nanoseconds of one of `count` actions. */
  private time(name: string, count: number, action: () => void): void {
    const start = processorTime();
    action();
    this.note(`${name}, ns`, ((processorTime() - start) * 1e6) / count);
  }

  private bytesPerEntry(name: string, dictionary: Dictionary): void {
    this.note(`${name}, bytes an entry`, dictionary.sizeBytes / dictionary.count);
    dictionary.release();
  }

  uniqueNumbers(name: string, dictionary: Dictionary, keyOf: (i: number) => number): void {
    const { size, key } = this;
    this.insertAll(name, dictionary, (i) => {
      key.number = keyOf(i);
    });
    const next = random(1);
    for (let round = 0; round < 2; round++) {
      this.time(`${name}: lookup`, LOOKUPS, () => {
        for (let i = 0; i < LOOKUPS; i++) {
          key.number = Math.floor(next() * size);
          if (dictionary.find(key))
            this.checksum += dictionary.postingAt(dictionary.foundLeaf, dictionary.foundPosition);
        }
      });
    }
    this.bytesPerEntry(name, dictionary);
  }

  private insertAll(name: string, dictionary: Dictionary, fill: (i: number) => void): void {
    const { size, key } = this;
    this.time(`${name}: insert`, size, () => {
      for (let i = 0; i < size; i++) {
        fill(i);
        dictionary.insert(key, rowIdOf(i));
      }
    });
  }

  /** Keys are made beforehand, some at a time: only the dictionary's work is measured. */
  emails(name: string, dictionary: Dictionary, isBuilt = false): void {
    const { size, key } = this;
    const email = (i: number): string => `user${String(scattered(i, size)).padStart(7, '0')}@example.com`;
    const builder = isBuilt ? new DictionaryBuilder(dictionary) : null;
    const keys = Array.from({ length: KEYS_AT_ONCE }, () => new IndexKey());
    let spent = 0;
    for (let from = 0; from < size; from += KEYS_AT_ONCE) {
      const end = Math.min(size, from + KEYS_AT_ONCE);
      for (let i = from; i < end; i++) fillText(keys[i - from], email(i));
      const start = processorTime();
      if (builder === null) for (let i = from; i < end; i++) dictionary.insert(keys[i - from], rowIdOf(i));
      else for (let i = from; i < end; i++) builder.add(keys[i - from], rowIdOf(i), false);
      spent += processorTime() - start;
    }
    const start = processorTime();
    if (builder !== null) while (!builder.step());
    spent += processorTime() - start;
    this.note(`${name}: insert, ns`, (spent * 1e6) / size);
    const next = random(2);
    const made = new Uint8Array(LOOKUPS * EMAIL_KEY_MAX);
    for (let i = 0; i < LOOKUPS; i++) {
      fillText(key, email(Math.floor(next() * size)));
      made.set(key.bytes.subarray(0, key.length), i * EMAIL_KEY_MAX);
    }
    const { length } = key;
    for (let round = 0; round < 2; round++) {
      this.time(`${name}: lookup`, LOOKUPS, () => {
        for (let i = 0; i < LOOKUPS; i++) {
          for (let j = 0; j < length; j++) key.bytes[j] = made[i * EMAIL_KEY_MAX + j];
          if (dictionary.find(key))
            this.checksum += dictionary.postingAt(dictionary.foundLeaf, dictionary.foundPosition);
        }
      });
    }
    this.bytesPerEntry(name, dictionary);
  }

  lists(): void {
    const { size, key } = this;
    const statuses = new OrderedDictionary(false, new IndexMemory());
    const cities = new OrderedDictionary(false, new IndexMemory());
    const classes = new OrderedDictionary(false, new IndexMemory());
    const next = random(3);
    const city = zipf(CITIES, next);
    const cityOf = new Uint16Array(size);
    const statusOf = new Uint8Array(size);
    for (let i = 0; i < size; i++) {
      cityOf[i] = city();
      statusOf[i] = Math.floor(next() * STATUSES);
    }
    const insert = (name: string, dictionary: OrderedDictionary, valueIn: (row: number) => number): void => {
      this.time(`${name}: insert`, size, () => {
        for (let i = 0; i < size; i++) {
          key.number = valueIn(i);
          dictionary.insert(key, rowIdOf(i));
        }
      });
    };
    insert('status', statuses, (i) => statusOf[i]);
    insert('city', cities, (i) => cityOf[i]);
    insert('class', classes, (i) => i % 7);
    this.note('status, bits a row and value', (statuses.sizeBytes * 8) / size / STATUSES);
    this.note('status, bits a row', (statuses.sizeBytes * 8) / size);
    this.note('city, bytes an entry', cities.sizeBytes / size);
    const of = (dictionary: OrderedDictionary, value: number): PostingSet => {
      key.number = value;
      return keySet(dictionary, key);
    };
    const cases: Record<string, () => PostingSet> = {
      'status & class': () => andSet([of(statuses, 1), of(classes, 2)]),
      'city 0 & status': () => andSet([of(cities, 0), of(statuses, 1)]),
      'city 0 & status & class': () => andSet([of(cities, 0), of(statuses, 1), of(classes, 2)]),
      'city 500 & status': () => andSet([of(cities, 500), of(statuses, 1)]),
      'city 500 & status & class': () => andSet([of(cities, 500), of(statuses, 1), of(classes, 2)]),
      'city 0 & city 500': () => andSet([of(cities, 0), of(cities, 500)]),
      'city 0 & status & class & city 0': () => andSet([of(cities, 0), of(statuses, 1), of(classes, 2), of(cities, 0)]),
    };
    for (const [name, make] of Object.entries(cases)) this.set(name, make);
  }

  private set(name: string, make: () => PostingSet): void {
    const count = (): number => {
      const counter = new PostingCounter(make());
      while (!counter.step());
      return counter.count;
    };
    const read = (): void => {
      const reader = new PostingReader(make());
      while (!reader.isAtEnd) {
        reader.fill(1024);
        for (; reader.next < reader.end; reader.next++)
          this.checksum = (this.checksum + reader.rows[reader.next]) >>> 0;
      }
    };
    this.note(`${name}: rows`, count());
    for (const [what, action] of Object.entries({ count, read })) {
      for (let i = 0; i < ROUNDS; i++) action();
      const start = processorTime();
      for (let i = 0; i < ROUNDS; i++) action();
      this.note(`${name}: ${what}, us`, ((processorTime() - start) * 1000) / ROUNDS);
    }
  }
}

if (process.argv[1] === import.meta.filename) {
  const { figures, checksum } = run(Number(process.argv[2] ?? 5_000_000));
  for (const [name, value] of Object.entries(figures)) console.log(`${name.padEnd(48)} ${value}`);
  console.log(`checksum ${checksum}`);
}
