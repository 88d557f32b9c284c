/**
 * TABLESAMPLE: a condition over a row's place that keeps a share of the rows (BERNOULLI) or of the pages (SYSTEM), the same ones
 * for the same seed as long as the table stays as it is (after PostgreSQL's bernoulli.c and system.c).
 */
import type { FunctionContext, ScalarFunction } from '../../catalog/function-entry.ts';
import type * as ast from '../../parser/ast.ts';
import { sqlError } from '../../types/errors.ts';
import type { Expr } from '../expr.ts';
import { isFixedConst, makeConst, makeVar, type TableSample } from '../logical.ts';
import { coerceToSpecific } from './coerce.ts';
import { bindExpr } from './expression.ts';
import { positionOf } from './position.ts';
import type { Level } from './scope.ts';
import { BOOL, FLOAT4, FLOAT8, TID } from './type-info.ts';

/** Places of rows in a tid's number: a page's take so many. */
const PAGE_PLACES = 65536;

export function bindTableSample(level: Level, node: ast.TableSample, rel: number): TableSample {
  const { context } = level;
  const position = positionOf(context, node.position);
  const name = node.method.at(-1) as string;
  if (name !== 'bernoulli' && name !== 'system')
    throw context.error('42704', `tablesample method ${node.method.join('.')} does not exist`, position);
  if (node.args.length !== 1) {
    throw context.error('2202H', `tablesample method ${name} requires 1 argument, not ${node.args.length}`, position);
  }
  const percentage = bindArgument(level, node.args[0], FLOAT4, 'TABLESAMPLE');
  const repeatable = node.repeatable === null ? null : bindArgument(level, node.repeatable, FLOAT8, 'REPEATABLE');
  const share = percentage.kind === 'const' && percentage.literalIndex < 0 ? checkedShare(percentage.value) : 0.1;
  if (isFixedConst(repeatable, null)) checkedSeed(null);
  const args = [makeVar(rel, -1, TID, -1), percentage, repeatable ?? makeConst(0, FLOAT8)];
  return {
    share,
    filter: {
      kind: 'call',
      function: sampler(name, repeatable !== null),
      args,
      typeOid: BOOL,
      typeModifier: -1,
    },
  };
}

function bindArgument(level: Level, node: ast.Expression, typeOid: number, what: string): Expr {
  const saved = level.namespace;
  level.namespace = [];
  try {
    return coerceToSpecific(
      level.context,
      level.withClause('from function', () => bindExpr(level, node)),
      typeOid,
      what,
    );
  } finally {
    level.namespace = saved;
  }
}

function checkedShare(percentage: unknown): number {
  if (percentage === null) throw sqlError('2202H', 'TABLESAMPLE parameter cannot be null');
  const value = Number(percentage);
  if (!(value >= 0 && value <= 100)) throw sqlError('2202H', 'sample percentage must be between 0 and 100');
  return value / 100;
}

function checkedSeed(seed: unknown): number {
  if (seed === null) throw sqlError('2202G', 'TABLESAMPLE REPEATABLE parameter cannot be null');
  return Number(seed);
}

/** The finaliser of MurmurHash3 (Appleby), over place and seed. */
function hashPlace(place: number, seed: number): number {
  let h = (place ^ Math.imul(seed, 0x9e3779b1)) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

const seedBytes = new DataView(new ArrayBuffer(8));

function seedOf(value: number): number {
  seedBytes.setFloat64(0, value);
  return hashPlace(seedBytes.getInt32(0), seedBytes.getInt32(4));
}

/** An internal function of (context, ctid, percentage, seed); without REPEATABLE each statement has a seed of its own. */
function sampler(method: 'bernoulli' | 'system', isRepeatable: boolean): ScalarFunction {
  const places = method === 'system' ? PAGE_PLACES : 1;
  return {
    kind: 'scalar',
    oid: 0,
    internalName: `tablesample_${method}`,
    name: method,
    argumentTypes: [TID, FLOAT4, FLOAT8],
    variadic: false,
    returnType: BOOL,
    returnsSet: false,
    strict: false,
    volatility: 'stable',
    needsContext: true,
    specialise: false,
    implementation: (context: FunctionContext, tid: number, percentage: number | null, repeatable: number | null) => {
      const share = checkedShare(percentage);
      const seed = seedOf(isRepeatable ? checkedSeed(repeatable) : Number(context.statementTimestamp));
      // Pages and slots beyond 32 bits fold onto each other, which does no harm to a sample.
      return hashPlace(Math.floor(tid / places) | 0, seed) < share * 4294967296;
    },
  };
}
