/** bool: comparison and casts. AND, OR and NOT are expressions of their own, not functions. */
import type { FunctionModule } from './module.ts';

export const boolFunctions: FunctionModule = {
  plain: {
    booleq: (a: boolean, b: boolean) => a === b,
    boolne: (a: boolean, b: boolean) => a !== b,
    boollt: (a: boolean, b: boolean) => a < b,
    boolle: (a: boolean, b: boolean) => a <= b,
    boolgt: (a: boolean, b: boolean) => a > b,
    boolge: (a: boolean, b: boolean) => a >= b,
    int4_bool: (value: number) => value !== 0,
    bool_int4: (value: boolean) => (value ? 1 : 0),
    booltext: (value: boolean) => (value ? 'true' : 'false'),
    booland_statefunc: (a: boolean, b: boolean) => a && b,
    boolor_statefunc: (a: boolean, b: boolean) => a || b,
  },
};
