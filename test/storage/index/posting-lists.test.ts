/** Posting lists and sets answer what sets of numbers would, in whichever kind of list and container they are. */
import { expect } from 'chai';
import {
  andNotSet,
  andSet,
  IndexCursor,
  IndexKey,
  IndexMemory,
  keySet,
  OrderedDictionary,
  orSet,
  PostingCounter,
  PostingLists,
  PostingReader,
  type PostingSet,
  rangeSet,
} from '../../../storage/index/index.ts';
import { Random, SEED } from '../heap/support.ts';

/** How rows lie: pages, slots in use on each, share of rows, and how many neighbours go together. */
interface Shape {
  readonly name: string;
  readonly pages: number;
  readonly slots: number;
  readonly share: number;
  readonly together: number;
  readonly firstPage: number;
}

const SHAPES: readonly Shape[] = [
  { name: 'few', pages: 40, slots: 100, share: 0.005, together: 1, firstPage: 0 },
  { name: 'sparse', pages: 3000, slots: 90, share: 0.01, together: 1, firstPage: 0 },
  { name: 'arrays', pages: 1000, slots: 90, share: 0.05, together: 1, firstPage: 0 },
  { name: 'bitmaps', pages: 1000, slots: 90, share: 0.3, together: 1, firstPage: 0 },
  { name: 'wide bitmaps', pages: 300, slots: 512, share: 0.5, together: 1, firstPage: 0 },
  { name: 'runs', pages: 1000, slots: 90, share: 0.5, together: 70, firstPage: 0 },
  { name: 'all', pages: 700, slots: 90, share: 1, together: 1, firstPage: 0 },
  { name: 'far out', pages: 900, slots: 70, share: 0.2, together: 1, firstPage: 2 ** 23 - 900 },
];

function rowsOf(shape: Shape, random: Random): number[] {
  const rows: number[] = [];
  let isIn = false;
  for (let page = 0; page < shape.pages; page++) {
    for (let slot = 0; slot < shape.slots; slot++) {
      if ((page * shape.slots + slot) % shape.together === 0) isIn = random.next() < shape.share;
      if (isIn) rows.push((shape.firstPage + page) * 512 + slot);
    }
  }
  while (rows.length < 2) rows.push(rows.length * 512 + 511);
  return [...new Set(rows)].sort((a, b) => a - b);
}

function shuffled<T>(values: readonly T[], random: Random): T[] {
  const copy = [...values];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [copy[i], copy[j]] = [copy[j], copy[i]];
  }
  return copy;
}

function readAll(lists: PostingLists, list: number): number[] {
  const rows = new Uint32Array(lists.count(list) + 10);
  return [...rows.subarray(0, lists.read(list, 0, rows, 0, rows.length))];
}

function same(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  if (actual.length !== expected.length) expect.fail(`${what}: ${actual.length} rows, not ${expected.length}`);
  for (let i = 0; i < actual.length; i++) {
    if (actual[i] !== expected[i]) expect.fail(`${what}: row ${i} is ${actual[i]}, not ${expected[i]}`);
  }
}

for (const shape of SHAPES) {
  describe(`a posting list of ${shape.name}`, () => {
    for (const order of ['ascending', 'scattered'] as const) {
      it(`grows and shrinks, ${order}, and always has what was put in (SEED=${SEED})`, () => {
        const random = new Random(SEED);
        const lists = new PostingLists(new IndexMemory());
        const ascending = rowsOf(shape, random);
        const rows = order === 'ascending' ? ascending : shuffled(ascending, random);
        let list = lists.createPair(rows[0], rows[1]);
        for (let i = 2; i < rows.length; i++) {
          list = lists.add(list, rows[i]);
          if (!lists.changed) expect.fail(`row ${rows[i]} was not taken`);
          if (i % 977 === 0) {
            list = lists.add(list, rows[random.below(i)]);
            expect(lists.changed).to.equal(false);
            expect(lists.count(list)).to.equal(i + 1);
          }
        }
        lists.checkInvariants(list);
        same(readAll(lists, list), ascending, 'all');
        expect(lists.slab.usedWords).to.equal(lists.describe(list).words);
        // Half goes, and comes again; then all but two.
        const gone = shuffled(rows, random);
        const half = gone.length >>> 1;
        const drop = (row: number): void => {
          list = lists.remove(list, row);
          if (!lists.changed) expect.fail(`row ${row} was not there`);
        };
        for (let i = 0; i < half; i++) drop(gone[i]);
        lists.checkInvariants(list);
        same(readAll(lists, list), Uint32Array.from(gone.slice(half)).sort(), 'the other half');
        list = lists.remove(list, gone[0]);
        expect(lists.changed).to.equal(false);
        for (let i = 0; i < half; i++) list = lists.add(list, gone[i]);
        lists.checkInvariants(list);
        same(readAll(lists, list), ascending, 'all again');
        for (let i = 0; i < gone.length - 2; i++) {
          drop(gone[i]);
          if (i % 5003 === 0) lists.checkInvariants(list);
        }
        same(readAll(lists, list), Uint32Array.from(gone.slice(-2)).sort(), 'two');
        lists.release(list);
        expect(lists.slab.usedWords).to.equal(0);
      }).timeout(60_000);
    }

    it('is read from any row, forwards and backwards', () => {
      const random = new Random(SEED);
      const lists = new PostingLists(new IndexMemory());
      const rows = rowsOf(shape, random);
      const list = lists.create(Uint32Array.from(rows), 0, rows.length);
      lists.checkInvariants(list);
      const target = new Uint32Array(300);
      for (let i = 0; i < 300; i++) {
        const from =
          random.below(4) === 0
            ? rows[random.below(rows.length)]
            : shape.firstPage * 512 + random.below(shape.pages * 512);
        const max = 1 + random.below(300);
        const at = rows.findIndex((row) => row >= from);
        const forward = at < 0 ? [] : rows.slice(at, at + max);
        same(target.slice(0, lists.read(list, from, target, 0, max)), forward, `${max} from ${from}`);
        const until = at < 0 ? rows.length : rows[at] === from ? at + 1 : at;
        const backward = rows.slice(Math.max(0, until - max), until).reverse();
        same(target.slice(0, lists.readBackward(list, from, target, 0, max)), backward, `${max} back from ${from}`);
        expect(lists.has(list, from)).to.equal(at >= 0 && rows[at] === from);
      }
    });

    it('is the same, appended in pieces', () => {
      const random = new Random(SEED);
      const lists = new PostingLists(new IndexMemory());
      const rows = Uint32Array.from(rowsOf(shape, random));
      let at = Math.min(rows.length, 2 + random.below(50));
      let list = lists.create(rows, 0, at);
      while (at < rows.length) {
        const end = Math.min(rows.length, at + 1 + random.below(4000));
        list = lists.append(list, rows, at, end);
        at = end;
      }
      lists.checkInvariants(list);
      same(readAll(lists, list), rows, 'all');
    });
  });
}

/** A set, and the numbers that should be in it. */
interface Case {
  readonly set: PostingSet;
  readonly rows: ReadonlySet<number>;
  readonly text: string;
}

class SetMaker {
  readonly dictionary = new OrderedDictionary(false);
  readonly rows: number[][] = [];
  private readonly random: Random;

  constructor(random: Random) {
    this.random = random;
    const key = new IndexKey();
    // Pages of 5 groups at most: what is tested is how they combine.
    const shapes = SHAPES.filter(({ firstPage }) => firstPage === 0).map((s) => ({
      ...s,
      pages: Math.min(s.pages, 600),
    }));
    shapes.forEach((shape, i) => {
      key.number = i;
      const rows = rowsOf(shape, random);
      this.rows.push(rows);
      for (const row of rows) this.dictionary.insert(key, row);
    });
    key.number = shapes.length;
    this.dictionary.insert(key, 5 * 512 + 3);
    this.rows.push([5 * 512 + 3], []);
    this.dictionary.checkInvariants();
  }

  make(depth: number): Case {
    const { random } = this;
    const kind = depth === 0 ? random.below(3) : 2 + random.below(4);
    if (kind < 2) {
      const i = random.below(this.rows.length);
      const key = new IndexKey();
      key.number = i;
      return { set: keySet(this.dictionary, key), rows: new Set(this.rows[i]), text: `${i}` };
    }
    if (kind === 2) {
      const from = random.below(this.rows.length);
      const to = from + random.below(4);
      const cursor = new IndexCursor(this.dictionary);
      cursor.hasLower = true;
      cursor.hasUpper = true;
      cursor.lower.number = from;
      cursor.upper.number = to;
      const rows = new Set(this.rows.slice(from, to + 1).flat());
      return { set: rangeSet(this.dictionary, cursor), rows, text: `${from}..${to}` };
    }
    const cases = Array.from({ length: 1 + random.below(3) }, () => this.make(depth - 1));
    const text = cases.map((c) => c.text).join(kind === 3 ? ' & ' : kind === 4 ? ' | ' : ' \\ ');
    const sets = cases.map((c) => c.set);
    const [first, ...others] = cases;
    if (kind === 3) {
      const rows = [...first.rows].filter((row) => others.every((c) => c.rows.has(row)));
      return { set: andSet(sets), rows: new Set(rows), text: `(${text})` };
    }
    if (kind === 4) return { set: orSet(sets), rows: new Set(cases.flatMap((c) => [...c.rows])), text: `(${text})` };
    const rows = [...first.rows].filter((row) => others.every((c) => !c.rows.has(row)));
    return { set: andNotSet(sets[0], sets.slice(1)), rows: new Set(rows), text: `(${text})` };
  }
}

function readSet(set: PostingSet, between = (): void => {}): Uint32Array {
  const reader = new PostingReader(set);
  const all: number[] = [];
  while (!reader.isAtEnd) {
    reader.fill(500);
    for (; reader.next < reader.end; reader.next++) all.push(reader.rows[reader.next]);
    between();
  }
  return Uint32Array.from(all);
}

describe('posting sets', () => {
  it(`AND, OR and AND NOT of lists and ranges, nested, are read in page order and counted (SEED=${SEED})`, () => {
    const random = new Random(SEED);
    const maker = new SetMaker(random);
    for (let i = 0; i < 80; i++) {
      const { set, rows, text } = maker.make(random.below(4));
      same(readSet(set), Uint32Array.from(rows).sort(), text);
      expect(set.rowsMax, text).to.be.at.least(rows.size);
      const counter = new PostingCounter(set);
      while (!counter.step());
      expect(counter.count, text).to.equal(rows.size);
    }
  }).timeout(60_000);

  it('read while rows come and go, have each that is there all the time, once', () => {
    const random = new Random(SEED);
    for (let run = 0; run < 10; run++) {
      const maker = new SetMaker(random);
      const key = new IndexKey();
      const { set, rows, text } = maker.make(2);
      // Rows of slot 40 and more come and go, the others stay.
      const steady = [...rows].filter((row) => (row & 511) < 40);
      const isNegated = text.includes('\\');
      const read = readSet(set, () => {
        for (let i = 0; i < 300; i++) {
          const list = random.below(maker.rows.length);
          key.number = list;
          const row = random.below(600) * 512 + 40 + random.below(60);
          if (random.below(2) === 0) maker.dictionary.insert(key, row);
          else maker.dictionary.remove(key, row);
        }
      });
      for (let i = 1; i < read.length; i++) expect(read[i]).to.be.above(read[i - 1]);
      const found = read.filter((row) => (row & 511) < 40);
      if (!isNegated) same(found, Uint32Array.from(steady).sort(), text);
      maker.dictionary.checkInvariants();
    }
  }).timeout(60_000);
});
