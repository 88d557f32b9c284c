/**
 * Indexes over user-made functions. An index keeps the keys that it was made with: should the function be replaced, its entries
 * stay what they are, and it serves whoever asks for what the function was. So the functions' bodies are put in place of the calls
 * once, when the index is made; keys are then computed without a session too (by recovery, by the sweep of old versions).
 */
import type { IndexEntry, RelationEntry } from '../../catalog/index.ts';
import { keptRoutines } from '../../catalog/kept-routines.ts';
import { sqlError } from '../../types/errors.ts';
import { OID } from '../../types/index.ts';
import type { DdlContext } from './context.ts';
import { walkExpr } from './expressions.ts';
import { storedText } from './print-expression.ts';

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
  if (text === null || keptRoutines(text).length === 0) return text;
  const target = use === 'index predicate' ? { typeOid: OID.BOOL, typeModifier: -1 } : undefined;
  const expression = x.parseExpression(text);
  const expr = x.bindInlined(expression, table, use, target);
  let isCalled = false;
  walkExpr(expr, (node) => {
    if (node.kind === 'call' && node.function.routine !== undefined) isCalled = true;
  });
  const result = isCalled ? text : storedText(x, expression, expr, table, use, target);
  if (keptRoutines(result).length === 0) return result;
  throw sqlError('0A000', `functions in an ${use} must be simple enough to be inlined`, {
    detail:
      'The body must be one SELECT of one expression, without FROM, and the function not be strict unless all in it is.',
  });
}
