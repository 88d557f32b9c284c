/**
 * The portals that Bind has made, by name. A transaction that fails, as a whole or behind a savepoint, fails those in it: they are there,
 * and cannot be run, until it, or that part of it, is rolled back. After: PostgreSQL, src/backend/utils/mmgr/portalmem.c.
 */
import type { Portal } from './portal.ts';

export class Portals {
  readonly #portals = new Map<string, Portal>();

  get isEmpty(): boolean {
    return this.#portals.size === 0;
  }

  all(): Iterable<Portal> {
    return this.#portals.values();
  }

  find(name: string): Portal | undefined {
    return this.#portals.get(name);
  }

  /** Binds a name to a portal, made behind so many savepoints. */
  add(portal: Portal, depth: number): void {
    portal.depth = depth;
    this.#portals.set(portal.name, portal);
  }

  drop(name: string): void {
    const portal = this.#portals.get(name);
    if (portal === undefined) return;
    portal.close();
    this.#portals.delete(name);
  }

  closeAll(): void {
    for (const portal of this.#portals.values()) portal.close();
    this.#portals.clear();
  }

  /** What was made behind more than so many savepoints fails. */
  fail(depth: number): void {
    for (const portal of this.#portals.values()) if (portal.depth > depth) portal.fail();
  }

  /** Savepoint i is rolled back to: what was made behind it goes. */
  rollbackTo(i: number): void {
    for (const portal of this.#portals.values()) if (portal.depth > i) this.drop(portal.name);
  }

  /** Savepoint i is released. */
  release(i: number): void {
    for (const portal of this.#portals.values()) portal.depth = Math.min(portal.depth, i);
  }
}
