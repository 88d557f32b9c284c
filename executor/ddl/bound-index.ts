/**
 * Indexes over user-made functions. An index keeps the keys that it was made with: should the function be replaced, its entries
 * stay what they are, and it serves whoever asks for what the function was. So the functions' bodies are put in place of the calls
 * once, when the index is made; keys are then computed without a session too (by recovery, by the sweep of old versions).
 */

import { quoteIdentifier } from '../../catalog/functions/quote.ts';
import type { IndexEntry, RelationEntry } from '../../catalog/index.ts';
import { keptCollationName } from '../../catalog/kept-collations.ts';
import { keptRoutineName, keptRoutines } from '../../catalog/kept-routines.ts';
import { deparse } from '../../planner/explain-expr.ts';
import type { Expr } from '../../planner/index.ts';
import { FIRST_OID } from '../../storage/api.ts';
import { SqlError, sqlError } from '../../types/errors.ts';
import { OID } from '../../types/index.ts';
import { collationName } from './collations.ts';
import type { DdlContext } from './context.ts';
import { walkExpr } from './expressions.ts';
import { keptFormat } from './kept-types.ts';

type Texts = Pick<IndexEntry, 'columns' | 'predicateText'>;

/** The texts with bodies in place of calls; undefined: nothing is called. */
export function boundTexts(x: DdlContext, table: RelationEntry, texts: Texts): IndexEntry['bound'] {
  const all = [...texts.columns.map(({ expressionText }) => expressionText), texts.predicateText];
  if (all.every((text) => keptRoutines(text).length === 0)) return undefined;
  return {
    columns: texts.columns.map(({ expressionText }) => inlined(x, table, expressionText, 'index expression')),
    predicate: inlined(x, table, texts.predicateText, 'index predicate'),
  };
}

function inlined(
  x: DdlContext,
  table: RelationEntry,
  text: string | null,
  use: 'index expression' | 'index predicate',
): string | null {
  const mustBeInlined = (kept: string): boolean =>
    keptRoutines(kept).some((oid) => x.catalog.routine(oid)?.language !== 'internal');
  if (text === null || !mustBeInlined(text)) return text;
  const target = use === 'index predicate' ? { typeOid: OID.BOOL, typeModifier: -1 } : undefined;
  const expression = x.parseExpression(text);
  const expr = x.bindInlined(expression, table, use, target);
  let isCalled = false;
  walkExpr(expr, (node) => {
    if (node.kind === 'call' && node.function.routine !== undefined) isCalled = true;
  });
  const result = isCalled ? text : (boundText(x, expr, table, use, target) ?? text);
  if (!mustBeInlined(result)) return result;
  throw sqlError('0A000', `functions in an ${use} must be simple enough to be inlined`, {
    detail:
      'The body must be one SELECT of one expression, without FROM, and the function not be strict unless all in it is.',
  });
}

/** A bound expression as text that binds to the same, for nobody's eyes; null: it cannot be written so. */
function boundText(
  x: DdlContext,
  expr: Expr,
  table: RelationEntry,
  use: 'index expression' | 'index predicate',
  target: { readonly typeOid: number; readonly typeModifier: number } | undefined,
): string | null {
  const unprintable = (): never => {
    throw new Error('not to be printed');
  };
  try {
    const text = deparse(expr, {
      column(_input, index) {
        const column = table.columns[index];
        return { text: quoteIdentifier(column.name), typeOid: column.typeOid, isComplex: false };
      },
      execParam: unprintable,
      subplan: unprintable,
      collationName: (oid) =>
        oid < FIRST_OID ? quoteIdentifier(collationName(x, oid)) : `"${keptCollationName(oid)}"`,
      functionName: ({ routine }) => (routine === undefined ? undefined : `"${keptRoutineName(routine.oid)}"`),
      typeName: (oid, typeModifier) => keptFormat(x, oid, typeModifier),
    });
    return x.bind(x.parseExpression(text), table, use, target).typeOid === expr.typeOid ? text : null;
  } catch (error) {
    if (error instanceof SqlError || (error instanceof Error && !(error instanceof RangeError))) return null;
    throw error;
  }
}
