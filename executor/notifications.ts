/**
 * LISTEN, UNLISTEN and NOTIFY (after PostgreSQL's async.c).
 *
 * What a transaction asks for is a list in its order (SessionTransaction keeps it, savepoints cut it), and happens when the
 * transaction is durably committed: so listeners never hear of what a crash would undo, and hear in the order of commits. A
 * session is told between two transactions, never within one. Nothing of this is on disk.
 */
import { sqlError } from '../types/errors.ts';
import { LazySet } from '../types/lazy-map.ts';

const CHANNEL_BYTES_MAX = 63;
const PAYLOAD_BYTES_MAX = 7999;

export type NotificationAction =
  | { readonly kind: 'listen'; readonly channel: string }
  /** channel null: all. */
  | { readonly kind: 'unlisten'; readonly channel: string | null }
  | { readonly kind: 'notify'; readonly channel: string; readonly payload: string };

export interface Notification {
  readonly processId: number;
  readonly channel: string;
  readonly payload: string;
}

export interface Listener {
  /** Takes a notification, to be told as soon as no transaction is under way. */
  notify(notification: Notification): void;
}

function checkChannel(channel: string): void {
  if (channel === '') throw sqlError('22023', 'channel name cannot be empty');
  if (Buffer.byteLength(channel) > CHANNEL_BYTES_MAX) throw sqlError('22023', 'channel name too long');
}

/** What a transaction has asked for so far. */
export class PendingNotifications {
  #actions: NotificationAction[] = [];
  /** Of the NOTIFYs: the same one twice is one. */
  readonly #sent = new LazySet<string>();

  get length(): number {
    return this.#actions.length;
  }

  listen(channel: string): void {
    checkChannel(channel);
    this.#actions.push({ kind: 'listen', channel });
  }

  unlisten(channel: string | null): void {
    this.#actions.push({ kind: 'unlisten', channel });
  }

  notify(channel: string, payload: string): void {
    checkChannel(channel);
    if (Buffer.byteLength(payload) > PAYLOAD_BYTES_MAX) throw sqlError('22023', 'payload string too long');
    const key = `${channel}\0${payload}`;
    if (this.#sent.has(key)) return;
    this.#sent.add(key);
    this.#actions.push({ kind: 'notify', channel, payload });
  }

  /** Forgets what came after the first `length`. */
  truncate(length: number): void {
    if (this.#actions.length === length) return;
    for (const action of this.#actions.slice(length))
      if (action.kind === 'notify') this.#sent.delete(`${action.channel}\0${action.payload}`);
    this.#actions.length = length;
  }

  /** All of it; then there is none. */
  take(): readonly NotificationAction[] {
    const actions = this.#actions;
    this.#actions = [];
    this.#sent.clear();
    return actions;
  }
}

/** Who listens to what, in one server. */
export class NotificationHub {
  /** By database oid and channel, in the order of LISTEN. */
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #channels = new Map<Listener, Set<string>>();

  /** Does what a committed transaction asked for. */
  apply(listener: Listener, databaseOid: number, processId: number, actions: readonly NotificationAction[]): void {
    for (const action of actions) {
      if (action.kind === 'listen') this.#listen(listener, databaseOid, action.channel);
      else if (action.kind === 'unlisten') this.unlisten(listener, databaseOid, action.channel);
    }
    for (const action of actions) {
      if (action.kind !== 'notify') continue;
      const { channel, payload } = action;
      for (const other of this.#listeners.get(keyOf(databaseOid, channel)) ?? [])
        other.notify({ processId, channel, payload });
    }
  }

  #listen(listener: Listener, databaseOid: number, channel: string): void {
    const key = keyOf(databaseOid, channel);
    const listeners = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, listeners.add(listener));
    const channels = this.#channels.get(listener) ?? new Set();
    this.#channels.set(listener, channels.add(channel));
  }

  /** channel null: all of them. */
  unlisten(listener: Listener, databaseOid: number, channel: string | null): void {
    const channels = this.#channels.get(listener);
    if (channels === undefined) return;
    for (const name of channel === null ? [...channels] : [channel]) {
      channels.delete(name);
      const key = keyOf(databaseOid, name);
      const listeners = this.#listeners.get(key);
      listeners?.delete(listener);
      if (listeners?.size === 0) this.#listeners.delete(key);
    }
    if (channels.size === 0) this.#channels.delete(listener);
  }

  channelsOf(listener: Listener): string[] {
    return [...(this.#channels.get(listener) ?? [])];
  }
}

function keyOf(databaseOid: number, channel: string): string {
  return `${databaseOid} ${channel}`;
}
