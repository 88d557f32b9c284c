/** A session's clocks: of the running statement, of idle times, and one that wakes it. */
import type { Settings } from '../catalog/settings.ts';
import { SqlError } from '../types/errors.ts';
import { queryCanceled } from './context.ts';

export class SessionTimers {
  readonly #settings: Settings;
  readonly #wake: () => void;
  #statement: NodeJS.Timeout | null = null;
  #idle: NodeJS.Timeout | null = null;
  #alarm: NodeJS.Timeout | null = null;

  constructor(settings: Settings, wake: () => void) {
    this.#settings = settings;
    this.#wake = wake;
  }

  /** statement_timeout. */
  startStatement(interrupt: (error: Error) => void): void {
    const timeout = this.#settings.number('statement_timeout');
    if (timeout > 0) this.#statement = setTimeout(() => interrupt(queryCanceled('statement timeout')), timeout);
  }

  /** The statement ended: nothing interrupts it, or wakes the session for it, any more. */
  endStatement(): void {
    if (this.#statement !== null) clearTimeout(this.#statement);
    this.#statement = null;
    if (this.#alarm !== null) clearTimeout(this.#alarm);
    this.#alarm = null;
  }

  /** idle_in_transaction_session_timeout and idle_session_timeout. */
  startIdle(isInBlock: boolean, end: (reason: SqlError) => void): void {
    const timeout = this.#settings.number(isInBlock ? 'idle_in_transaction_session_timeout' : 'idle_session_timeout');
    if (timeout === 0) return;
    const reason = isInBlock
      ? new SqlError('25P03', 'terminating connection due to idle-in-transaction timeout', {}, 'FATAL')
      : new SqlError('57P05', 'terminating connection due to idle-session timeout', {}, 'FATAL');
    this.#idle = setTimeout(() => end(reason), timeout);
  }

  endIdle(): void {
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = null;
  }

  /** Wakes the session after a while. */
  wakeAfter(milliseconds: number): void {
    if (this.#alarm !== null) clearTimeout(this.#alarm);
    this.#alarm = setTimeout(this.#wake, Math.max(0, Math.ceil(milliseconds)));
  }
}
