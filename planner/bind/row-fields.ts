/** Names and types of a row value's fields: of its type, or, for a record, of the expression that it comes from (expandRecordVariable). */
import type { Expr } from '../expr.ts';
import { logical, type Query, type Relation } from '../logical.ts';
import type { Level } from './scope.ts';
import { RECORD } from './type-info.ts';

export interface RowField {
  readonly name: string;
  readonly typeOid: number;
}

/** Null: they are not known. */
export function fieldsOf(level: Level, base: Expr): readonly RowField[] | null {
  const node = logical(base);
  switch (node.kind) {
    case 'row':
      return node.names.map((name, i) => ({ name, typeOid: node.fields[i].typeOid }));
    case 'call':
      if (node.function.outColumns !== undefined && base.typeOid === RECORD) return node.function.outColumns;
      break;
    case 'sublink':
      if (node.mode === 'scalar') return fieldsOfColumn(level, node.query, 0);
      break;
    case 'var':
      if (base.typeOid === RECORD) return fieldsOfVar(level, node.rel, node.column);
      break;
    default:
      break;
  }
  const type = level.context.types.get(level.context.types.base(base.typeOid));
  return type?.attributes?.map(({ name, typeOid }) => ({ name, typeOid })) ?? null;
}

function fieldsOfVar(level: Level, rel: number, column: number): readonly RowField[] | null {
  const { context } = level;
  const relation: Relation | undefined = context.relationOf(level, rel) ?? context.anyRelation(rel);
  if (relation?.kind === 'subquery') return fieldsOfColumn(level, relation.query, column);
  if (relation?.kind !== 'cte') return null;
  const definition = context.cteDefinition(relation.cte);
  const query = definition?.query ?? definition?.recursive?.start;
  if (query !== undefined) return fieldsOfColumn(level, query, column);
  const returned = definition?.modify?.returning?.[column];
  return returned === undefined ? null : fieldsOf(level, returned.expr);
}

/** Of a set operation the leftmost query says it. */
function fieldsOfColumn(level: Level, query: Query, column: number): readonly RowField[] | null {
  const { setOperation, targets } = query;
  if (setOperation !== null) return fieldsOfColumn(level, setOperation.left, column);
  return fieldsOf(level, targets[column].expr);
}
