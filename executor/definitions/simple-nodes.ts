/**
 * Which expressions need no parentheses inside which, in the pretty form. After: PostgreSQL, ruleutils.c, isSimpleNode(): a rule
 * of thumb of its own, not the grammar's precedence.
 */
import type { Expression } from '../../parser/ast.ts';

const LOW_OPERATORS = new Set(['+', '-']);
const HIGH_OPERATORS = new Set(['*', '/', '%']);

/** A literal under a cast is a constant of that type, nothing else. */
function isConstant(node: Expression): boolean {
  switch (node.kind) {
    case 'integer':
    case 'numeric':
    case 'string':
    case 'bitString':
    case 'boolean':
    case 'null':
      return true;
    case 'cast':
      return node.arg.kind === 'string' || node.arg.kind === 'null';
    default:
      return false;
  }
}

export function isSimple(node: Expression, parent: Expression): boolean {
  if (isConstant(node)) return true;
  switch (node.kind) {
    case 'columnRef':
    case 'param':
    case 'default':
    case 'currentOf':
    case 'subscript':
    case 'array':
    case 'row':
    case 'coalesce':
    case 'greatest':
    case 'least':
    case 'sqlValue':
    case 'nullIf':
    case 'grouping':
    case 'function':
    case 'isNormalized':
    case 'isDocument':
    case 'xml':
    case 'case':
      return true;
    case 'field':
    case 'fieldStar':
      return parent.kind !== 'field' && parent.kind !== 'fieldStar';
    case 'cast':
      return node.form === 'cast' || isSimple(node.arg, node);
    case 'operator':
      return parent.kind === 'operator' ? isSimpleOperand(node, parent) : isEnclosing(parent);
    case 'exists':
    case 'scalarSubquery':
    case 'arraySubquery':
    case 'inSubquery':
    case 'quantifiedSubquery':
    case 'isNull':
    case 'booleanTest':
    case 'isDistinct':
      return isEnclosing(parent);
    case 'and':
    case 'or':
    case 'not':
      return isSimpleLogic(node.kind, parent);
    default:
      return false;
  }
}

/** a * b within a + b, and (a - b) - c. */
function isSimpleOperand(
  node: Extract<Expression, { kind: 'operator' }>,
  parent: Extract<Expression, { kind: 'operator' }>,
): boolean {
  if (node.left === null || parent.left === null) return false;
  const [isLow, isHigh] = [LOW_OPERATORS.has(node.operator), HIGH_OPERATORS.has(node.operator)];
  const [inLow, inHigh] = [LOW_OPERATORS.has(parent.operator), HIGH_OPERATORS.has(parent.operator)];
  if ((!isLow && !isHigh) || (!inLow && !inHigh)) return false;
  if (isHigh && inLow) return true;
  if (isLow && inHigh) return false;
  return node === parent.left;
}

function isSimpleLogic(kind: 'and' | 'or' | 'not', parent: Expression): boolean {
  switch (parent.kind) {
    case 'and':
      return kind !== 'or';
    case 'or':
      return true;
    case 'not':
      return false;
    default:
      return isEnclosing(parent);
  }
}

/** Parents whose own syntax encloses their parts. */
function isEnclosing(parent: Expression): boolean {
  switch (parent.kind) {
    case 'function':
      return !parent.sqlSyntax;
    case 'and':
    case 'or':
    case 'not':
    case 'subscript':
    case 'array':
    case 'row':
    case 'coalesce':
    case 'greatest':
    case 'least':
    case 'nullIf':
    case 'grouping':
    case 'case':
      return true;
    default:
      return false;
  }
}
