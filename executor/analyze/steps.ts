/** Work in slices: generators that yield whenever a slice of time is over, and are asked on at the next turn. */
export type Steps<T> = Generator<undefined, T, undefined>;

const SLICE_MS = 1.5;
/** Items between two looks at the clock. */
const CHECK_EVERY = 256;

/** When the current slice ends; `due` says that it has, and begins the next. */
export class Slices {
  #end = performance.now() + SLICE_MS;
  #countdown = CHECK_EVERY;

  due(): boolean {
    if (--this.#countdown > 0) return false;
    this.#countdown = CHECK_EVERY;
    return this.isOver();
  }

  isOver(): boolean {
    if (performance.now() < this.#end) return false;
    this.#end = Number.POSITIVE_INFINITY;
    return true;
  }

  begin(): void {
    this.#end = performance.now() + SLICE_MS;
  }
}

/** A stable merge sort of `order` (indexes of something) that does not hold up the event loop. */
export function* sortSliced(
  order: Uint32Array,
  compare: (a: number, b: number) => number,
  slices: Slices,
): Steps<Uint32Array> {
  let from: Uint32Array = order;
  let to: Uint32Array = new Uint32Array(order.length);
  for (let width = 1; width < order.length; width *= 2) {
    for (let start = 0; start < order.length; start += 2 * width) {
      const middle = Math.min(start + width, order.length);
      const end = Math.min(start + 2 * width, order.length);
      let [i, j] = [start, middle];
      for (let k = start; k < end; k++) {
        to[k] = i < middle && (j >= end || compare(from[i], from[j]) <= 0) ? from[i++] : from[j++];
        if (slices.due()) yield;
      }
    }
    [from, to] = [to, from];
  }
  return from;
}
