/** Window functions over a partition of rows, with the frame PostgreSQL uses by default and with others. */
import { expect } from 'chai';
import type { Value, WindowAccess, WindowFunction } from '../../../catalog/function-entry.ts';
import { functionsByName } from '../../../catalog/functions/index.ts';
import { OID, SqlError } from '../../../types/index.ts';

interface Options {
  /** Frame of each row; the default is from the start to the last peer. */
  frame?: (row: number) => [start: number, end: number];
  excluded?: (row: number, current: number) => boolean;
  /** Arguments after the first: values for every row. */
  more?: Value[];
}

/** Runs a window function over a sorted partition whose rows are their own sort keys. */
function run(name: string, keys: Value[], options: Options = {}): Value[] {
  const count = 1 + (options.more?.length ?? 0);
  const found = functionsByName(name).find(
    (f): f is WindowFunction =>
      f.kind === 'window' &&
      (f.argumentTypes.length === 0 || f.argumentTypes.length === (name === 'ntile' ? 1 : count)),
  );
  if (found === undefined) throw new Error(`no window function ${name}`);
  const evaluate = found.create([OID.INT4, OID.INT4, OID.INT4], found.returnType);
  let state: Value;
  return keys.map((key, row) => {
    const peerStart = keys.indexOf(key);
    const peerEnd = keys.lastIndexOf(key) + 1;
    const [frameStart, frameEnd] = options.frame?.(row) ?? [0, peerEnd];
    const access: WindowAccess = {
      partitionSize: keys.length,
      currentRow: row,
      frameStart,
      frameEnd,
      peerStart,
      peerEnd,
      peerGroup: new Set(keys.slice(0, peerStart)).size,
      argument: (index, at) =>
        index === 0 && name !== 'ntile' ? keys[at] : options.more?.[name === 'ntile' ? 0 : index - 1],
      isExcluded: (at) => options.excluded?.(at, row) ?? false,
      get state() {
        return state;
      },
      set state(value) {
        state = value;
      },
    };
    return evaluate(access);
  });
}

describe('window functions', () => {
  const keys = [10, 20, 20, 30, 40];

  it('number and rank the rows', () => {
    expect(run('row_number', keys)).to.deep.equal([1, 2, 3, 4, 5]);
    expect(run('rank', keys)).to.deep.equal([1, 2, 2, 4, 5]);
    expect(run('dense_rank', keys)).to.deep.equal([1, 2, 2, 3, 4]);
    expect(run('percent_rank', keys)).to.deep.equal([0, 0.25, 0.25, 0.75, 1]);
    expect(run('percent_rank', [1])).to.deep.equal([0]);
    expect(run('cume_dist', keys)).to.deep.equal([0.2, 0.6, 0.6, 0.8, 1]);
  });

  it('ntile gives the first buckets one row more', () => {
    expect(run('ntile', keys, { more: [2] })).to.deep.equal([1, 1, 1, 2, 2]);
    expect(run('ntile', keys, { more: [3] })).to.deep.equal([1, 1, 2, 2, 3]);
    expect(run('ntile', keys, { more: [7] })).to.deep.equal([1, 2, 3, 4, 5]);
    expect(run('ntile', keys, { more: [null] })).to.deep.equal([null, null, null, null, null]);
    expect(() => run('ntile', keys, { more: [0] })).to.throw(SqlError, 'argument of ntile must be greater than zero');
  });

  it('lag and lead look at neighbours, whatever the frame', () => {
    expect(run('lag', keys)).to.deep.equal([null, 10, 20, 20, 30]);
    expect(run('lead', keys, { more: [2] })).to.deep.equal([20, 30, 40, null, null]);
    expect(run('lag', keys, { more: [-1] })).to.deep.equal([20, 20, 30, 40, null]);
    expect(run('lag', keys, { more: [2, -1] })).to.deep.equal([-1, -1, 10, 20, 20]);
    expect(run('lead', keys, { more: [null] })).to.deep.equal([null, null, null, null, null]);
  });

  it('first, last and nth value are of the frame, without excluded rows', () => {
    expect(run('first_value', keys)).to.deep.equal([10, 10, 10, 10, 10]);
    expect(run('last_value', keys)).to.deep.equal([10, 20, 20, 30, 40]);
    expect(run('nth_value', keys, { more: [2] })).to.deep.equal([null, 20, 20, 20, 20]);
    const around = (row: number): [number, number] => [Math.max(0, row - 1), Math.min(keys.length, row + 2)];
    expect(run('first_value', keys, { frame: around })).to.deep.equal([10, 10, 20, 20, 30]);
    const excluded = (row: number, current: number): boolean => row === current;
    expect(run('last_value', keys, { frame: around, excluded })).to.deep.equal([20, 20, 30, 40, 30]);
    expect(run('first_value', keys, { frame: (row) => [row, row] })).to.deep.equal([null, null, null, null, null]);
    expect(() => run('nth_value', keys, { more: [0] })).to.throw('argument of nth_value must be greater than zero');
  });
});
