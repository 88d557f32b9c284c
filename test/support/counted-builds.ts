/** Counts the functions that are generated, for tests of what is generated when. */
import { Emitter } from '../../executor/compile/emitter.ts';

export class CountedBuilds {
  count = 0;
  readonly #build = Emitter.prototype.build;

  start(): void {
    const build = this.#build;
    const counted = this;
    Emitter.prototype.build = function <T>(this: Emitter, parameters: string): T {
      counted.count++;
      return build.call(this, parameters) as T;
    };
  }

  stop(): void {
    Emitter.prototype.build = this.#build;
  }
}
