/** What a result column is called when no alias says so (PostgreSQL's FigureColname). */
import type { Expression, FunctionCall } from '../../parser/ast.ts';

interface Guess {
  readonly name: string;
  /** 1: only if nothing better (a type's name, "case"); 2: good. */
  readonly strength: 1 | 2;
}

export function columnNameOf(expr: Expression): string {
  return guess(expr)?.name ?? '?column?';
}

function guess(expr: Expression): Guess | null {
  switch (expr.kind) {
    case 'columnRef':
      return expr.name.length === 0 ? null : { name: expr.name[expr.name.length - 1], strength: 2 };
    case 'field':
      return { name: expr.field, strength: 2 };
    case 'subscript':
      return guess(expr.base);
    case 'function':
      return { name: (expr as FunctionCall).name[expr.name.length - 1], strength: 2 };
    case 'nullIf':
      return { name: 'nullif', strength: 2 };
    case 'coalesce':
    case 'greatest':
    case 'least':
    case 'grouping':
    case 'array':
    case 'row':
    case 'exists':
      return { name: expr.kind, strength: 2 };
    case 'arraySubquery':
      return { name: 'array', strength: 2 };
    case 'sqlValue':
      return { name: expr.function, strength: 2 };
    case 'isNormalized':
      return { name: 'is_normalized', strength: 2 };
    case 'xml':
      return { name: `xml${expr.form}`, strength: 2 };
    case 'collate':
      return guess(expr.arg);
    case 'cast': {
      const inner = guess(expr.arg);
      if (inner !== null && inner.strength === 2) return inner;
      return { name: expr.type.name[expr.type.name.length - 1], strength: 1 };
    }
    case 'case': {
      const inner = expr.otherwise === null ? null : guess(expr.otherwise);
      if (inner !== null && inner.strength === 2) return inner;
      return { name: 'case', strength: 1 };
    }
    case 'scalarSubquery': {
      let { body } = expr.query;
      while (body.kind === 'setOperation') body = body.left.body;
      if (body.kind !== 'select' || body.targets.length === 0)
        return body.kind === 'values' ? { name: 'column1', strength: 2 } : null;
      // The name that its column has, though that is none.
      const target = body.targets[0];
      return { name: target.alias ?? columnNameOf(target.expr), strength: 2 };
    }
    default:
      return null;
  }
}
