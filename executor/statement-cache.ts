/**
 * Statements by text or shape, with their plans: shared by all sessions, least recently used ones go first.
 *
 * A plan that is not shareable serves the very same text only. An entry made for another catalog version is dropped when met.
 */
import type { Catalog } from '../catalog/index.ts';
import type { PreparedStatement } from './prepared-statement.ts';

const ENTRIES_MAX = 2000;

interface CacheEntry {
  readonly prepared: PreparedStatement;
  readonly catalogVersion: number;
  readonly isShareable: boolean;
}

export class StatementCache {
  readonly #entries = new Map<string, CacheEntry>();
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
