/** Images of dictionaries: what is written while it changes, what is loaded, and what is refused. */
import { expect } from 'chai';
import { PageSet } from '../../../storage/buffer/index.ts';
import {
  type Dictionary,
  HashDictionary,
  ImageBuffer,
  type ImageIdentity,
  ImageReader,
  ImageWriter,
  IndexKey,
  KEY_SIZE_MAX,
  OrderedDictionary,
} from '../../../storage/index/index.ts';
import { MemoryFileSystem } from '../../../storage/io/index.ts';
import { Random, SEED } from '../heap/support.ts';

const IDENTITY: ImageIdentity = { oid: 16400, relId: 17, lsn: 4096, definition: 'btree (a)' };
const PATH = '/d/image';

function keyOf(value: number, hasByteKeys: boolean, key = new IndexKey()): IndexKey {
  key.number = value;
  if (!hasByteKeys) return key;
  key.length = 0;
  // Long common prefixes, lengths from 1 to some hundreds.
  const text = `${'key '.repeat(value % 80)}${String(value).padStart(7, '0')}`;
  for (const byte of Buffer.from(text)) key.uint8(byte);
  return key;
}

interface Kind {
  readonly hasByteKeys: boolean;
  readonly isHashed: boolean;
}

function empty({ hasByteKeys, isHashed }: Kind): Dictionary {
  return isHashed ? new HashDictionary(hasByteKeys) : new OrderedDictionary(hasByteKeys);
}

function entriesOf(dictionary: Dictionary): string[] {
  const entries: string[] = [];
  const key = new IndexKey();
  const rows = new Uint32Array(dictionary.count);
  for (let leaf = dictionary.firstLeaf; leaf !== 0; leaf = dictionary.nextLeaf(leaf)) {
    for (let i = 0; i < dictionary.leafCount(leaf); i++) {
      dictionary.keyAt(leaf, i, key);
      const text = dictionary.arena === null ? '' : Buffer.from(key.bytes.subarray(0, key.length)).toString();
      const posting = dictionary.postingAt(leaf, i);
      if (dictionary.isListAt(leaf, i)) {
        const count = dictionary.lists.read(posting, 0, rows, 0, rows.length);
        for (const row of rows.subarray(0, count)) entries.push(`${key.number} ${text} ${row}`);
      } else entries.push(`${key.number} ${text} ${posting}`);
    }
  }
  return entries;
}

function writeImage(fileSystem: MemoryFileSystem, dictionary: Dictionary, between = (): void => {}): number {
  fileSystem.mkdir('/d');
  const file = fileSystem.open(PATH, 'create');
  const writer = new ImageWriter(dictionary, IDENTITY, new ImageBuffer());
  let size = 0;
  for (let piece = writer.next(); piece !== null; piece = writer.next()) {
    file.writeSync(piece, 0, piece.length, size);
    size += piece.length;
    between();
  }
  file.close();
  return size;
}

async function load(
  fileSystem: MemoryFileSystem,
  kind: Kind,
  without = new PageSet(),
  identity = IDENTITY,
): Promise<{ why: string | null; dictionary: Dictionary }> {
  const dictionary = empty(kind);
  const why = await new ImageReader(fileSystem).load(PATH, dictionary, identity, without);
  dictionary.checkInvariants();
  return { why, dictionary };
}

function filled(kind: Kind, count: number, random: Random): Dictionary {
  const dictionary = empty(kind);
  const { hasByteKeys } = kind;
  for (let i = 0; i < count; i++) dictionary.insert(keyOf(random.below(count / 2), hasByteKeys), i * 7);
  return dictionary;
}

const kinds: readonly Kind[] = [
  { hasByteKeys: false, isHashed: false },
  { hasByteKeys: true, isHashed: false },
  { hasByteKeys: false, isHashed: true },
  { hasByteKeys: true, isHashed: true },
];

for (const kind of kinds) {
  const { hasByteKeys } = kind;
  describe(`an image of ${hasByteKeys ? 'byte' : 'number'} keys, ${kind.isHashed ? 'hashed' : 'ordered'}`, () => {
    it('of an index that goes while its image is being written is written to its end', () => {
      const dictionary = empty({ ...kind, hasByteKeys: false });
      for (let row = 0; row < 400_000; row++) dictionary.insert(keyOf(row % 40, false), row);
      const before = entriesOf(dictionary);
      const fileSystem = new MemoryFileSystem();
      let pieces = 0;
      writeImage(fileSystem, dictionary, () => {
        if (pieces++ === 0) dictionary.release();
      });
      expect(pieces).to.be.greaterThan(2);
      expect(entriesOf(dictionary)).to.deep.equal(before);
    });

    it('gives back all entries, and a dictionary that goes on', async () => {
      const random = new Random(SEED);
      for (const count of [0, 1, 127, 128, 129, 2000, hasByteKeys ? 12_000 : 40_000]) {
        const fileSystem = new MemoryFileSystem();
        const before = filled(kind, count, random);
        before.isLossy = count === 129;
        before.hasStaleKeys = count === 128;
        writeImage(fileSystem, before);
        const { why, dictionary } = await load(fileSystem, kind);
        expect(why).to.equal(null);
        expect(entriesOf(dictionary)).to.deep.equal(entriesOf(before));
        expect([dictionary.isLossy, dictionary.hasStaleKeys]).to.deep.equal([count === 129, count === 128]);
        for (let i = 0; i < 3000; i++) {
          const key = keyOf(random.below(count + 10), hasByteKeys);
          const row = random.below(count + 10) * 7;
          if (random.below(2) === 0) expect(dictionary.insert(key, row)).to.equal(before.insert(key, row));
          else expect(dictionary.remove(key, row)).to.equal(before.remove(key, row));
        }
        dictionary.checkInvariants();
        expect(entriesOf(dictionary)).to.deep.equal(entriesOf(before));
      }
    }).timeout(20000);

    if (hasByteKeys)
      it('of keys as long as they may be gives them back', async () => {
        const fileSystem = new MemoryFileSystem();
        const before = empty(kind);
        const key = new IndexKey();
        for (let i = 0; i < 300; i++) {
          key.length = 0;
          key.write(Buffer.alloc(KEY_SIZE_MAX - 4 + (i % 2), 97 + (i % 3)));
          key.write(Buffer.from(`${100 + i}`));
          before.insert(key, i);
        }
        writeImage(fileSystem, before);
        const { why, dictionary } = await load(fileSystem, kind);
        expect(why).to.equal(null);
        expect(entriesOf(dictionary)).to.deep.equal(entriesOf(before));
      });

    it('written while the dictionary changes, has each entry that is there all the time, once', async () => {
      const random = new Random(SEED);
      const fileSystem = new MemoryFileSystem();
      // Rows of pages below 100 stay; those of the others come and go.
      const dictionary = empty(kind);
      const steady: string[] = [];
      const keys = hasByteKeys ? 20_000 : 60_000;
      for (let i = 0; i < keys; i++) dictionary.insert(keyOf(i, hasByteKeys), (random.below(200) << 9) + (i % 500));
      const changing = new PageSet();
      for (let page = 100; page < 200; page++) changing.add(page);
      for (const entry of entriesOf(dictionary)) {
        if (!changing.has(Number(entry.slice(entry.lastIndexOf(' ') + 1)) >>> 9)) steady.push(entry);
      }
      let slices = 0;
      writeImage(fileSystem, dictionary, () => {
        slices++;
        for (let i = 0; i < 4000; i++) {
          const row = ((100 + random.below(100)) << 9) + random.below(500);
          const key = keyOf(random.below(keys), hasByteKeys);
          if (random.below(3) === 0) dictionary.insert(key, row);
          else dictionary.remove(key, row);
        }
      });
      expect(slices).to.be.greaterThan(3);
      const loaded = await load(fileSystem, kind, changing);
      expect(loaded.why).to.equal(null);
      expect(entriesOf(loaded.dictionary)).to.deep.equal(steady);
    }).timeout(20000);

    it('is finished when the index is dropped meanwhile', async () => {
      const fileSystem = new MemoryFileSystem();
      const dictionary = filled(kind, hasByteKeys ? 12_000 : 120_000, new Random(SEED));
      const entries = entriesOf(dictionary);
      let slices = 0;
      writeImage(fileSystem, dictionary, () => {
        if (slices++ === 0) dictionary.release();
      });
      expect(slices).to.be.above(1);
      const loaded = await load(fileSystem, kind);
      expect(loaded.why).to.equal(null);
      expect(entriesOf(loaded.dictionary)).to.deep.equal(entries);
    }).timeout(20_000);

    it('is not closed while the next part of it is being read, though it is refused', async () => {
      const fileSystem = new MemoryFileSystem();
      writeImage(fileSystem, filled(kind, 3000, new Random(SEED)));
      let reads = 0;
      let readsAtClose = -1;
      const open = fileSystem.open.bind(fileSystem);
      fileSystem.open = (...args) => {
        const file = open(...args);
        const readInto = file.readInto.bind(file);
        const close = file.close.bind(file);
        file.readInto = (buffer, bufferOffset, length, fileOffset, callback) => {
          reads++;
          setTimeout(() => {
            readInto(buffer, bufferOffset, length, fileOffset, (error, count) => {
              reads--;
              callback(error, count);
            });
          }, 5);
        };
        file.close = () => {
          readsAtClose = reads;
          close();
        };
        return file;
      };
      // What is loaded must follow what is there.
      const dictionary = empty(kind);
      for (let value = 1e9; dictionary.count < 500; value++) dictionary.insert(keyOf(value, hasByteKeys), value % 1e6);
      const why = await new ImageReader(fileSystem).load(PATH, dictionary, IDENTITY, new PageSet());
      expect(why).to.match(/not in order/);
      expect(readsAtClose).to.equal(0);
    });

    it('is refused when a byte is wrong, the end is missing, or it is of something else; nothing of it is left', async () => {
      const random = new Random(SEED);
      const fileSystem = new MemoryFileSystem();
      const size = writeImage(fileSystem, filled(kind, 3000, random));
      const refused = async (words: RegExp, identity = IDENTITY): Promise<void> => {
        const { why, dictionary } = await load(fileSystem, kind, new PageSet(), identity);
        expect(why, `SEED=${SEED}`).to.match(words);
        expect(dictionary.count).to.equal(0);
        expect(dictionary.insert(keyOf(5, hasByteKeys), 9)).to.equal(true);
        dictionary.checkInvariants();
      };
      const file = fileSystem.open(PATH, 'readwrite');
      const flip = (at: number, bit: number): void => {
        const byte = new Uint8Array(1);
        file.readSync(byte, 0, 1, at);
        byte[0] ^= 1 << bit;
        file.writeSync(byte, 0, 1, at);
      };
      const places = Array.from({ length: 100 }, () => random.below(size));
      for (const at of [...Array.from({ length: 80 }, (_, i) => i), ...places, size - 1]) {
        const bit = random.below(8);
        flip(at, bit);
        await refused(/./);
        flip(at, bit);
      }
      await refused(/another index or time/, { ...IDENTITY, lsn: 4104 });
      await refused(/another index or time/, { ...IDENTITY, oid: 16401 });
      await refused(/another definition/, { ...IDENTITY, definition: 'btree (b)' });
      expect((await load(fileSystem, kind)).why).to.equal(null);
      for (const other of kinds)
        if (other !== kind) expect((await load(fileSystem, other)).why).to.equal('it is of another kind of dictionary');
      for (const length of [size - 1, size - 16, size - 40, 1000, 47, 3, 0]) {
        file.truncateSync(length);
        await refused(/./);
      }
      file.close();
      fileSystem.unlink(PATH);
      await refused(/No such file/);
    });
  });
}
