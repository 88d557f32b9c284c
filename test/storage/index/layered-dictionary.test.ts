/**
 * The layers that a fork reads an index by answer every entry that the parent had when the fork was made, and every one that the fork made,
 * each once and in order, whatever the parent does meanwhile, also in the middle of a scan.
 */
import { expect } from 'chai';
import {
  CURSOR_END,
  cursorOf,
  HashDictionary,
  type IndexCursor,
  type IndexDictionary,
  IndexKey,
  IndexMemory,
  keySet,
  LayeredDictionary,
  OrderedDictionary,
  PostingReader,
  rangeSet,
} from '../../../storage/index/index.ts';
import { Random, SEED } from '../heap/support.ts';

const KEYS = 60;
const ROWS = 500;

function fill(key: IndexKey, value: number, asBytes: boolean): IndexKey {
  if (!asBytes) {
    key.number = value;
    return key;
  }
  const bytes = Buffer.from(`common/${String(value).padStart(4, '0')}${'x'.repeat(value % 5 === 0 ? 40 : 0)}`);
  key.length = 0;
  key.reserve(bytes.length);
  key.bytes.set(bytes);
  key.length = bytes.length;
  return key;
}

/** An entry as a number, so that entries are in the order of an index. */
const entryOf = (key: number, row: number): number => key * ROWS + row;
const keyOf = (entry: number): number => Math.floor(entry / ROWS);
const rowOf = (entry: number): number => entry % ROWS;

interface Level {
  readonly dictionary: IndexDictionary;
  /** Entries that must be found. */
  readonly entries: Set<number>;
  /** Entries that it has itself: only these it takes out. */
  readonly own: Set<number>;
  forks: number;
}

class Tower {
  readonly random: Random;
  readonly asBytes: boolean;
  readonly isHashed: boolean;
  readonly levels: Level[] = [];
  readonly #key = new IndexKey();

  constructor(seed: number, asBytes: boolean, isHashed: boolean) {
    this.random = new Random(seed);
    this.asBytes = asBytes;
    this.isHashed = isHashed;
    this.levels.push({ dictionary: this.#make(), entries: new Set(), own: new Set(), forks: 0 });
    for (let i = 0; i < 300; i++) this.change(this.levels[0]);
  }

  #make(): HashDictionary | OrderedDictionary {
    return new (this.isHashed ? HashDictionary : OrderedDictionary)(this.asBytes, new IndexMemory());
  }

  fork(): void {
    const parent = this.random.pick(this.levels);
    parent.forks++;
    const dictionary = new LayeredDictionary(parent.dictionary, () => this.#make());
    this.levels.push({ dictionary, entries: new Set(parent.entries), own: new Set(), forks: 0 });
  }

  key(value: number): IndexKey {
    return fill(this.#key, value, this.asBytes);
  }

  /** An entry comes or goes: in a level that has forks, what goes is retained first. */
  change({ dictionary, entries, own, forks }: Level): void {
    const { random } = this;
    if (own.size > 0 && random.below(5) < 2) {
      const entry = random.pick([...own]);
      if (forks > 0) dictionary.retain(this.key(keyOf(entry)), rowOf(entry));
      expect(dictionary.remove(this.key(keyOf(entry)), rowOf(entry))).to.equal(true);
      own.delete(entry);
      entries.delete(entry);
      return;
    }
    const entry = entryOf(random.below(random.below(3) === 0 ? 3 : KEYS), random.below(ROWS));
    // A row that has the entry from below keeps it.
    if (entries.has(entry)) return;
    expect(dictionary.insert(this.key(keyOf(entry)), rowOf(entry))).to.equal(true);
    own.add(entry);
    entries.add(entry);
  }
}

function bound(tower: Tower, cursor: IndexCursor, from: number, to: number): void {
  cursor.hasLower = true;
  cursor.hasUpper = true;
  fill(cursor.lower, from, tower.asBytes);
  fill(cursor.upper, to, tower.asBytes);
  cursor.descending = tower.random.below(2) === 0;
  cursor.reset();
}

/** Reads to the end while all levels change now and then. What was there all the time must come, nothing twice, all in order. */
function scan(tower: Tower, level: Level, from: number, to: number): void {
  const { random } = tower;
  const cursor = cursorOf(level.dictionary);
  bound(tower, cursor, from, to);
  const stays = new Set([...level.entries].filter((entry) => keyOf(entry) >= from && keyOf(entry) <= to));
  const seen: number[] = [];
  const found = new IndexKey();
  const expected = new IndexKey();
  for (let row = cursor.next(); row !== CURSOR_END; row = cursor.next()) {
    cursor.copyKey(found);
    let value = from;
    while (!fill(expected, value, tower.asBytes).equals(found))
      expect(++value, 'a key between the bounds').to.be.at.most(to);
    seen.push(entryOf(value, row));
    if (random.below(4) > 0) continue;
    cursor.suspend();
    for (let i = random.below(8); i > 0; i--) {
      const other = random.pick(tower.levels);
      tower.change(other);
      // The level's own reader may miss what its own writers take out.
      if (other === level) for (const entry of stays) if (!level.entries.has(entry)) stays.delete(entry);
    }
    expect(cursor.isAtKey(expected)).to.equal(true);
  }
  const inOrder = [...seen].sort((a, b) => (cursor.descending ? b - a : a - b));
  expect(seen).to.deep.equal(inOrder);
  expect(new Set(seen).size, 'each once').to.equal(seen.length);
  const missed = [...stays].filter((entry) => !seen.includes(entry));
  expect(missed, `missed of ${level.entries.size}`).to.deep.equal([]);
}

/** The same as sets of rows, which are prepared and read in slices. */
function readSet(tower: Tower, level: Level, from: number, to: number): void {
  const { random } = tower;
  const cursor = cursorOf(level.dictionary);
  bound(tower, cursor, from, to);
  cursor.descending = false;
  const set =
    from === to
      ? keySet(level.dictionary, fill(new IndexKey(), from, tower.asBytes))
      : rangeSet(level.dictionary, cursor);
  const stays = new Set([...level.entries].filter((entry) => keyOf(entry) >= from && keyOf(entry) <= to));
  const seen = new Set<number>();
  const reader = new PostingReader(set);
  while (!reader.isAtEnd) {
    reader.fill(1 + random.below(50));
    for (; reader.next < reader.end; reader.next++) seen.add(reader.rows[reader.next]);
    set.suspend();
    for (let i = random.below(8); i > 0; i--) {
      const other = random.pick(tower.levels);
      tower.change(other);
      if (other === level) for (const entry of stays) if (!level.entries.has(entry)) stays.delete(entry);
    }
  }
  expect([...stays].filter((entry) => !seen.has(rowOf(entry)))).to.deep.equal([]);
}

describe('layers of dictionaries', () => {
  for (const [name, asBytes, isHashed] of [
    ['numbers', false, false],
    ['bytes', true, false],
    ['hashed numbers', false, true],
    ['hashed bytes', true, true],
  ] as const) {
    it(`have what the parent had, and what the fork made: ${name} (seed ${SEED})`, () => {
      for (let life = 0; life < 12; life++) {
        const tower = new Tower(SEED + life, asBytes, isHashed);
        const { random } = tower;
        for (let step = 0; step < 60; step++) {
          const choice = random.below(10);
          const level = random.pick(tower.levels);
          const from = random.below(KEYS);
          const to = isHashed || random.below(3) === 0 ? from : from + random.below(KEYS - from);
          if (choice < 1 && tower.levels.length < 7) tower.fork();
          else if (choice < 6) for (let i = 0; i < 20; i++) tower.change(random.pick(tower.levels));
          else if (choice < 8) readSet(tower, level, from, to);
          else scan(tower, level, from, to);
        }
      }
    });
  }

  it('count at least the row ids of a key, and forget what is their own', () => {
    const parent = new OrderedDictionary(false, new IndexMemory());
    const key = fill(new IndexKey(), 1, false);
    for (const row of [1, 2, 3]) parent.insert(key, row);
    const layered = new LayeredDictionary(parent, () => new OrderedDictionary(false, new IndexMemory()));
    expect(layered.sizeBytes).to.equal(0);
    layered.insert(key, 9);
    parent.retain(key, 2);
    parent.remove(key, 2);
    expect(layered.rowCountOf(key)).to.equal(4);
    expect(layered.count).to.equal(4);
    expect(layered.hasStaleKeys).to.equal(true);
    expect(layered.remove(key, 1), 'what is below stays').to.equal(false);
    const rows = (): number[] => {
      const cursor = cursorOf(layered);
      cursor.setKey(key);
      const found: number[] = [];
      for (let row = cursor.next(); row !== CURSOR_END; row = cursor.next()) found.push(row);
      return found;
    };
    expect(rows()).to.deep.equal([1, 2, 3, 9]);
    layered.forgetOwn();
    expect(rows()).to.deep.equal([1, 2, 3]);
  });

  it('are looked up anew by a cursor that is used again', () => {
    const parent = new OrderedDictionary(false, new IndexMemory());
    const layered = new LayeredDictionary(parent, () => new OrderedDictionary(false, new IndexMemory()));
    const key = fill(new IndexKey(), 1, false);
    const cursor = cursorOf(layered);
    layered.insert(key, 5);
    cursor.setKey(key);
    expect(cursor.next()).to.equal(5);
    layered.forgetOwn();
    layered.insert(key, 7);
    cursor.setKey(key);
    expect(cursor.next()).to.equal(7);
    expect(cursor.next()).to.equal(CURSOR_END);
  });
});
