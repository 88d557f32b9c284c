/** SET of UPDATE, ON CONFLICT DO UPDATE and MERGE. */
import type { ColumnEntry } from '../../catalog/entries.ts';
import type * as ast from '../../parser/ast.ts';
import type { Expr } from '../expr.ts';
import { type LogicalAssignment, makeVar, type Query, toExpr } from '../logical.ts';
import { bindAssignedPart } from './assign-part.ts';
import { bindExpr } from './expression.ts';
import {
  assignedNumber,
  coerceAssigned,
  findTargetColumn,
  refuseDefault,
  type TargetTable,
  wholeColumn,
} from './modify-target.ts';
import { positionOf } from './position.ts';
import { Level } from './scope.ts';
import { bindQuery } from './select.ts';
import { bindDefault } from './stored.ts';
import { RECORD } from './type-info.ts';
import { updateDefault } from './view-defaults.ts';

export function bindAssignments(
  level: Level,
  nodes: readonly ast.Assignment[],
  target: TargetTable,
): LogicalAssignment[] {
  const { context } = level;
  const result: LogicalAssignment[] = [];
  /** Columns of which only parts are assigned. */
  const inParts = new Set<number>();
  const assign = (columnTarget: ast.AssignmentTarget, given: Expr | null): void => {
    const column = findTargetColumn(level, target, columnTarget);
    const columnIndex = column.number - 1;
    const isPart = columnTarget.indirection.length > 0;
    const before = result.findIndex((known) => known.columnIndex === columnIndex);
    if (before >= 0 && !(isPart && inParts.has(columnIndex))) {
      throw context.error('42601', `multiple assignments to same column "${column.name}"`);
    }
    const number = assignedNumber(target, columnTarget, column);
    target.need.updated.add(number);
    const value = given === null && !isPart ? updateDefault(context, target, number) : given;
    if (value !== null) checkUpdatable(level, column);
    else refuseDefault(level, columnTarget);
    if (value === null && column.generated) return;
    if (!isPart) {
      const converted =
        value === null ? bindDefault(context, column) : coerceAssigned(level, wholeColumn(level, column), value);
      result.push({ columnIndex, value: converted });
      return;
    }
    inParts.add(columnIndex);
    const part = level.withClause('update target', () => bindAssignedPart(level, columnTarget, column));
    const old = makeVar(target.rel, columnIndex, column.typeOid, column.typeModifier);
    const whole = part.assign(before < 0 ? old : result[before].value, coerceAssigned(level, part, value as Expr));
    if (before < 0) result.push({ columnIndex, value: whole });
    else result[before] = { columnIndex, value: whole };
  };
  const bind = (node: ast.Expression): Expr => level.withClause('update source', () => bindExpr(level, node));
  // All values are bound before the first is looked at as a column's.
  const values = nodes.map((node) => {
    if (node.kind === 'multiAssign') return bindMultiple(level, node, bind);
    return [node.value.kind === 'default' ? null : bind(node.value)];
  });
  for (const [n, node] of nodes.entries()) {
    const targets = node.kind === 'assign' ? [node.target] : node.targets;
    for (const [i, value] of values[n].entries()) assign(targets[i], value);
  }
  return result;
}

function bindMultiple(
  level: Level,
  node: ast.Assignment & { kind: 'multiAssign' },
  bind: (node: ast.Expression) => Expr,
): (Expr | null)[] {
  const { context } = level;
  const { value, targets } = node;
  const position = positionOf(context, value.position);
  const mismatch = () => context.error('42601', 'number of columns does not match number of values', position);
  if (value.kind === 'row') {
    if (value.fields.some((field) => field.kind === 'fieldStar' || (field.kind === 'columnRef' && field.star))) {
      const { fields } = bind(value) as Expr & { kind: 'row' };
      if (fields.length !== targets.length) throw mismatch();
      return [...fields];
    }
    if (value.fields.length !== targets.length) throw mismatch();
    return value.fields.map((field) => (field.kind === 'default' ? null : bind(field)));
  }
  if (value.kind !== 'scalarSubquery') {
    if (targets.length === 1) return [bind(value)];
    throw context.error(
      '0A000',
      'source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression',
      position,
    );
  }
  const query = bindQuery(new Level(context, level), value.query);
  if (query.targets.length !== targets.length) throw mismatch();
  // The subquery answers one row value; each column is a field of it.
  const fields = query.targets.map((item) => item.expr);
  const names = query.targets.map((item) => item.name);
  const row: Expr = { kind: 'row', fields, names, typeOid: RECORD, typeModifier: -1 };
  const one: Query = { ...query, targets: [{ expr: row, name: 'row', tableOid: 0, columnNumber: 0 }] };
  const sublink = toExpr({
    kind: 'sublink',
    mode: 'scalar',
    query: one,
    test: null,
    typeOid: RECORD,
    typeModifier: -1,
  });
  return fields.map((field, index) => ({
    kind: 'field',
    base: sublink,
    index,
    typeOid: field.typeOid,
    typeModifier: field.typeModifier,
  }));
}

function checkUpdatable(level: Level, column: ColumnEntry): void {
  const refuse = (detail: string) =>
    level.context.error('428C9', `column "${column.name}" can only be updated to DEFAULT`, undefined, { detail });
  if (column.generated) throw refuse(`Column "${column.name}" is a generated column.`);
  if (column.identity === 'always') {
    throw refuse(`Column "${column.name}" is an identity column defined as GENERATED ALWAYS.`);
  }
}

/** FROM / USING and WHERE of a modification, with the target in view. */
