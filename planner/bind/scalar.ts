import type { RelationEntry } from '../../catalog/entries.ts';
import type { Expression } from '../../parser/ast.ts';
import type { PlannerEnvironment } from '../environment.ts';
import type { Expr } from '../expr.ts';

/** Where a stored expression stands; PostgreSQL's words for what is refused there depend on it. */
export type ScalarSource = 'default' | 'check' | 'generated' | 'index expression' | 'index predicate' | 'alter using' | 'value';

export interface BindScalarOptions {
  readonly source: ScalarSource;
  /** The result is assigned to this type (42804 when it cannot be); absent: the expression's own type. */
  readonly targetType?: { readonly typeOid: number; readonly typeModifier: number; readonly columnName?: string };
}

/**
 * A scalar expression over one table's columns (input 0, index = column number - 1), or over nothing (table null): defaults,
 * CHECKs, generated columns, index expressions and predicates, SET and EXECUTE arguments. Also constant-folds.
 */
export function bindScalar(
  _expression: Expression,
  _table: RelationEntry | null,
  _environment: PlannerEnvironment,
  _options: BindScalarOptions,
): Expr {
  throw new Error('not yet');
}
