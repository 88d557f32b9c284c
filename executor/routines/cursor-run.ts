/** Rows that a built-in function takes from an open cursor (cursor_to_xml): a call like one of a user-made function, which may wait. */
import type { Value } from '../../catalog/function-entry.ts';
import { WAIT_SIGNAL } from '../operators/operator.ts';
import type { Session, Task } from '../session.ts';

export class CursorRun {
  readonly call: string;
  readonly args: readonly Value[];
  readonly #task: Task<Value[][]>;
  isDone = false;
  rows: readonly (readonly Value[])[] = [];

  constructor(session: Session, name: string, count: number) {
    this.call = `cursor ${name}`;
    this.args = [count];
    this.#task = session.cursors.take(name, count);
  }

  proceed(): void {
    const step = this.#task.next();
    if (step.done !== true) throw WAIT_SIGNAL;
    this.rows = step.value;
    this.isDone = true;
  }

  release(): void {}

  close(): void {
    this.#task.return([]);
  }
}
