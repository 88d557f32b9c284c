/** Of an expression that is nested deeply (planner/deep.ts): what is bound before its parents are. */
import type * as ast from '../../parser/ast.ts';

/**
 * What the binder binds as it is, in the same clause of the same query; null: the node is no such part itself. Errors and aggregates
 * of what is bound first may come in another order than elsewhere.
 */
export function partsOf(node: ast.Expression): readonly ast.Expression[] | null {
  switch (node.kind) {
    case 'operator':
      return node.left === null ? [node.right] : [node.left, node.right];
    case 'not':
    case 'cast':
    case 'isNull':
    case 'booleanTest':
    case 'collate':
      return [node.arg];
    case 'and':
    case 'or':
    case 'function':
    case 'coalesce':
    case 'greatest':
    case 'least':
      return node.args;
    case 'case': {
      const parts = node.branches.flatMap((branch) => [branch.when, branch.result]);
      if (node.subject !== null) parts.unshift(node.subject);
      if (node.otherwise !== null) parts.push(node.otherwise);
      return parts;
    }
    default:
      return null;
  }
}
