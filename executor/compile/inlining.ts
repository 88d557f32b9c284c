/**
 * How much V8 inlines into functions that it optimizes. The launcher has it do little of that, which suits statements of few rows; loops over many
 * rows are faster with more.
 */
import { setFlagsFromString } from 'node:v8';

/** From here on as much as V8 does by itself: a statement comes that is to run long. 1 us. */
export function inlineMore(): void {
  setFlagsFromString('--max-inlined-bytecode-size-cumulative=920');
}
