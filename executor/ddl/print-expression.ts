/**
 * How an expression is kept: as PostgreSQL prints what it made of it, with the casts that were implied ('a'::text). The text is
 * bound again to be sure of it; when something cannot be printed so, the AST's own text is kept, which means the same.
 */
import type { ScalarFunction } from '../../catalog/function-entry.ts';
import { operatorsByName } from '../../catalog/functions/index.ts';
import { quoteIdentifier } from '../../catalog/functions/quote.ts';
import type { RelationEntry } from '../../catalog/index.ts';
import { keptCollationName } from '../../catalog/kept-collations.ts';
import { keptRoutineName } from '../../catalog/kept-routines.ts';
import type { Expression, Query } from '../../parser/ast.ts';
import { deparse } from '../../planner/explain-expr.ts';
import { asWritten, type Expr } from '../../planner/index.ts';
import { FIRST_OID } from '../../storage/api.ts';
import { OID, SqlError, typeByOid } from '../../types/index.ts';
import { collationName } from './collations.ts';
import type { DdlContext, ExpressionUse } from './context.ts';
import { keptFormat, withKeptTypes } from './kept-types.ts';

type Target = Parameters<DdlContext['bind']>[3];

/** x IN (1, 2) is x = ANY (ARRAY[1, 2]), and NOT IN is <> ALL. */
function withoutInLists(expr: Expr): Expr {
  const change = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(change);
    if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
    const node = value as Record<string, unknown>;
    // Functions are entries of the registry, not parts of the expression.
    const parts = Object.entries(node).map(([key, part]) => [
      key,
      key === 'function' || key === 'operator' || key === 'equality' || key === 'value' ? part : change(part),
    ]);
    const copy = Object.fromEntries(parts) as unknown as Expr;
    if (copy.kind !== 'inList') return copy;
    const operator = copy.negated ? negatorOf(copy.equality) : copy.equality;
    if (operator === undefined) return copy;
    const elementType = copy.arg.typeOid;
    const arrayType = typeByOid(elementType)?.arrayOid ?? 0;
    if (arrayType === 0) return copy;
    const array: Expr = {
      kind: 'array',
      elementType,
      elements: copy.list,
      multidimensional: false,
      typeOid: arrayType,
      typeModifier: -1,
    };
    return {
      kind: 'arrayCompare',
      operator,
      left: copy.arg,
      array,
      all: copy.negated,
      typeOid: OID.BOOL,
      typeModifier: -1,
    };
  };
  return change(expr) as Expr;
}

/** The function of `<>` on the types of this `=`. */
function negatorOf(equality: ScalarFunction): ScalarFunction | undefined {
  const [left, right] = equality.argumentTypes;
  return operatorsByName('<>').find((operator) => operator.leftType === left && operator.rightType === right)?.function;
}

/** A number that took another type was written as a number: (0)::numeric, not '0'::numeric. */
function bareNumbers(text: string): string {
  return text.replace(/'(\d+(?:\.\d+)?)'::(numeric|double precision|real|bigint|smallint)(?![\w(])/g, '($1)::$2');
}

function unprintable(): never {
  throw new Error('not to be printed');
}

function print(x: DdlContext, expr: Expr, table: RelationEntry | null, isLiteral: boolean): string {
  const text = deparse(withoutInLists(asWritten(expr)), {
    column(_input, index) {
      const column = table?.columns[index];
      if (column === undefined) return unprintable();
      return { text: quoteIdentifier(column.name), typeOid: column.typeOid, isComplex: false };
    },
    execParam: unprintable,
    subplan: unprintable,
    collationName: (oid) => (oid < FIRST_OID ? quoteIdentifier(collationName(x, oid)) : `"${keptCollationName(oid)}"`),
    functionName: ({ routine }) => (routine === undefined ? undefined : `"${keptRoutineName(routine.oid)}"`),
    typeName: (oid, typeModifier) => keptFormat(x, oid, typeModifier),
  });
  // A text that became a number stays one: '0'::numeric.
  return isLiteral ? text : bareNumbers(text);
}

/** The AST's own text, where a field of EXTRACT is a bare word. */
export function plainText(x: DdlContext, node: Expression | Query): string {
  return x.deparse(withKeptTypes(x, node)).replace(/EXTRACT\('([a-z]+)' FROM /g, 'EXTRACT($1 FROM ');
}

/** Special syntax that the binder turns into calls whose names say less than what was written. */
function hasOwnSyntax(node: unknown): boolean {
  if (Array.isArray(node)) return node.some(hasOwnSyntax);
  if (typeof node !== 'object' || node === null) return false;
  const { kind, sqlSyntax } = node as { kind?: unknown; sqlSyntax?: unknown };
  // NOT is turned around while binding.
  if (kind === 'sqlValue' || kind === 'not' || sqlSyntax === true) return true;
  return Object.values(node).some(hasOwnSyntax);
}

/** Computed while it was bound: 1 + 2 is kept as it was written. */
function isFolded(expression: Expression, bound: Expr): boolean {
  if (bound.kind !== 'const') return false;
  let written = expression;
  while (written.kind === 'cast') written = written.arg;
  return !['string', 'integer', 'numeric', 'boolean', 'null', 'bitString'].includes(written.kind);
}

/** The text under which a bound expression is kept. */
export function storedText(
  x: DdlContext,
  expression: Expression,
  bound: Expr,
  table: RelationEntry | null,
  use: ExpressionUse,
  target?: Target,
): string {
  const plain = plainText(x, expression);
  if (hasOwnSyntax(expression) || isFolded(expression, bound)) return plain;
  try {
    const text = print(x, bound, table, expression.kind === 'string');
    const again = x.bind(x.parseExpression(text), table, use, target);
    return again.typeOid === bound.typeOid || target !== undefined ? text : plain;
  } catch (error) {
    if (error instanceof SqlError || (error instanceof Error && !(error instanceof RangeError))) return plain;
    throw error;
  }
}

function integerType(value: number | bigint): string {
  return value >= -2147483648 && value <= 2147483648 ? 'integer' : 'bigint';
}

/** A default, without the cast to its column's type that assignment adds at the top: DEFAULT 0 stays 0 for a bigint. */
export function defaultStoredText(x: DdlContext, expression: Expression, target: NonNullable<Target>): string {
  switch (expression.kind) {
    case 'integer':
      return expression.value < 0
        ? `'${expression.value}'::${integerType(expression.value)}`
        : String(expression.value);
    case 'numeric':
      return expression.value.startsWith('-') ? `'${expression.value}'::numeric` : expression.value;
    case 'operator':
      if (expression.operator === '-' && expression.left === null) {
        const { right } = expression;
        if (right.kind === 'integer') return `'-${right.value}'::${integerType(right.value)}`;
        if (right.kind === 'numeric') return `'-${right.value}'::numeric`;
      }
      break;
    default:
      break;
  }
  if (expression.kind === 'string') {
    // The type without its length: that is applied when the value is assigned.
    const whole = { ...target, typeModifier: -1 };
    return storedText(x, expression, x.bind(expression, null, 'default', whole), null, 'default', whole);
  }
  let own: Expr;
  try {
    own = x.bind(expression, null, 'default');
  } catch {
    return plainText(x, expression);
  }
  return storedText(x, expression, own, null, 'default');
}
