/**
 * Statements by text or shape, with their plans: shared by all sessions, least recently used ones go first.
 *
 * Most statements of programs that build them come once. A plan that waits in vain for its statement is some 10 KB that collections move and
 * keep, so one is kept when its statement comes for the second time; of the first its key's hash is noted (2Q's ghost list: Johnson and
 * Shasha, 1994; here in a table where one hash displaces another).
 *
 * A plan that is not shareable serves the very same text only. An entry made for another catalog version is dropped when met.
 */
import type { Catalog } from '../catalog/index.ts';
import type { PreparedStatement } from './prepared-statement.ts';

const ENTRIES_MAX = 2000;
/** Hashes of keys that came once. A hash has its place by its upper bits. */
const NOTED_MAX = 4096;
const NOTED_SHIFT = 32 - Math.log2(NOTED_MAX);
/** Characters of a key that are hashed: of longer ones these, at equal distances. */
const HASHED_MAX = 512;

/** Of equal keys equal. Two that share it are taken for one, which then is kept when it comes first. */
function hashOf(key: string): number {
  const step = 1 + Math.floor(key.length / HASHED_MAX);
  let hash = key.length;
  for (let i = 0; i < key.length; i += step) hash = (Math.imul(hash, 31) + key.charCodeAt(i)) | 0;
  return Math.imul(hash, 0x9e3779b1);
}

interface CacheEntry {
  readonly prepared: PreparedStatement;
  readonly catalogVersion: number;
  readonly isShareable: boolean;
}

export class StatementCache {
  readonly #entries = new Map<string, CacheEntry>();
  readonly #noted = new Int32Array(NOTED_MAX);
  #sinceTouch = 0;

  find(key: string, catalog: Catalog, text: string): PreparedStatement | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.catalogVersion !== catalog.version) {
      this.#entries.delete(key);
      return undefined;
    }
    if (!entry.isShareable && entry.prepared.text !== text) return undefined;
    // Moving an entry to the young end costs more than finding it: now and then is enough.
    if (++this.#sinceTouch > 64) {
      this.#sinceTouch = 0;
      this.#entries.delete(key);
      this.#entries.set(key, entry);
    }
    return entry.prepared;
  }

  /** What has been planned for a statement that may not come again: kept if it came before. */
  offer(key: string, prepared: PreparedStatement, catalog: Catalog): void {
    const hash = hashOf(key);
    const place = hash >>> NOTED_SHIFT;
    if (this.#noted[place] === hash) this.add(key, prepared, catalog);
    else this.#noted[place] = hash;
  }

  add(key: string, prepared: PreparedStatement, catalog: Catalog): void {
    if (this.#entries.size >= ENTRIES_MAX) {
      const oldest = this.#entries.keys().next();
      if (oldest.done !== true) this.#entries.delete(oldest.value);
    }
    this.#entries.delete(key);
    this.#entries.set(key, { prepared, catalogVersion: catalog.version, isShareable: prepared.isShareable });
  }

  /** Bytes of the keys and statement texts. */
  get textBytes(): number {
    let bytes = 0;
    for (const [key, { prepared }] of this.#entries) bytes += key.length + prepared.text.length;
    return bytes;
  }

  clear(): void {
    this.#entries.clear();
  }
}
