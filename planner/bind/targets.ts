/** Target lists, and how ORDER BY, GROUP BY and DISTINCT ON refer to them (after PostgreSQL's parse_target.c, parse_clause.c). */
import type * as ast from '../../parser/ast.ts';
import type { Expr } from '../expr.ts';
import { logical, SYSTEM_COLUMNS, type Target } from '../logical.ts';
import { readsColumn } from '../rights.ts';
import { resolveUnknown } from './coerce.ts';
import { columnNameOf } from './column-name.ts';
import { starItems } from './column-ref.ts';
import { bindExpr } from './expression.ts';
import { positionOf } from './position.ts';
import { expandRow } from './row-fields.ts';
import { findColumn, type Level } from './scope.ts';
import { ROW_FIELDS_MAX, UNKNOWN } from './type-info.ts';

/** As pg_attribute has them. */
const SYSTEM_COLUMN_NUMBERS: Readonly<Record<(typeof SYSTEM_COLUMNS)[number], number>> = {
  ctid: -1,
  xmin: -2,
  cmin: -3,
  xmax: -4,
  cmax: -5,
  tableoid: -6,
};

/** Where a column of the result comes from, for RowDescription. */
function originOf(level: Level, expr: Expr): { tableOid: number; columnNumber: number } {
  const node = logical(expr);
  if (node.kind !== 'var') return { tableOid: 0, columnNumber: 0 };
  const relation = level.context.relationOf(level, node.rel);
  if (node.column < 0 && relation?.kind === 'table') {
    return { tableOid: relation.table.oid, columnNumber: SYSTEM_COLUMN_NUMBERS[SYSTEM_COLUMNS[-1 - node.column]] };
  }
  const column = relation?.columns[node.column];
  return column === undefined
    ? { tableOid: 0, columnNumber: 0 }
    : { tableOid: column.tableOid, columnNumber: column.columnNumber };
}

export function bindTargets(level: Level, nodes: readonly ast.SelectTarget[]): Target[] {
  const targets: Target[] = [];
  for (const node of nodes) {
    const { expr } = node;
    if (expr.kind === 'columnRef' && expr.star) {
      for (const item of starItems(level, expr)) {
        for (const column of item.columns) {
          readsColumn(column.use);
          const copy = level.context.at({ ...column.expr }, positionOf(level.context, expr.position));
          targets.push({ expr: copy, name: column.name, ...originOf(level, copy) });
        }
      }
      continue;
    }
    if (expr.kind === 'fieldStar') {
      for (const field of expandRow(level, expr)) targets.push({ ...field, ...originOf(level, field.expr) });
      continue;
    }
    const bound = bindExpr(level, expr);
    targets.push({ expr: bound, name: node.alias ?? columnNameOf(expr), ...originOf(level, bound) });
  }
  if (targets.length > ROW_FIELDS_MAX)
    throw level.context.error('54011', `target lists can have at most ${ROW_FIELDS_MAX} entries`);
  return targets;
}

/** Unknown literals that nothing has typed become text. `isTypedLater`: only those under COLLATE, which goes with their query. */
export function resolveTargets(level: Level, targets: readonly Target[], isTypedLater = false): Target[] {
  return targets.map((target) => {
    if (isTypedLater && target.expr.kind !== 'call') return target;
    const expr = resolveUnknown(level.context, target.expr);
    return expr === target.expr ? target : { ...target, expr };
  });
}

/** An expression of a window definition: no names of targets, no positions. */
export function bindSortExpr(level: Level, node: ast.Expression): Expr {
  return resolveUnknown(level.context, bindExpr(level, node));
}

/** The select list, whose untyped literals become text where another clause refers to them. */
export interface TargetList {
  targets: readonly Target[];
}

/**
 * ORDER BY, GROUP BY and DISTINCT ON items: an output name, a position, or an expression (findTargetlistEntrySQL92). GROUP BY
 * prefers a FROM column to an output name.
 */
export function bindTargetReference(
  level: Level,
  node: ast.Expression,
  list: TargetList,
  what: 'ORDER BY' | 'GROUP BY' | 'DISTINCT ON',
): Expr {
  const { context } = level;
  const found = findTarget(level, node, list.targets, what);
  if (found.typeOid !== UNKNOWN) return found;
  const expr = resolveUnknown(context, found);
  list.targets = list.targets.map((target) => (target.expr === found ? { ...target, expr } : target));
  return expr;
}

/** Constants that name no column of the list by its position. */
const NOT_POSITIONS: ReadonlySet<ast.Expression['kind']> = new Set([
  'numeric',
  'string',
  'bitString',
  'boolean',
  'null',
]);

function findTarget(
  level: Level,
  node: ast.Expression,
  targets: readonly Target[],
  what: 'ORDER BY' | 'GROUP BY' | 'DISTINCT ON',
): Expr {
  const { context } = level;
  const position = positionOf(context, node.position);
  if (node.kind === 'columnRef' && node.name.length === 1 && !node.star) {
    const [name] = node.name;
    const hidden = what === 'GROUP BY' && findColumn(level, name, position, true) !== null;
    if (!hidden) {
      let found: Target | null = null;
      for (const target of targets) {
        if (target.name !== name) continue;
        if (found !== null && !context.sameExpr(found.expr, target.expr)) {
          throw context.error('42702', `${what} "${name}" is ambiguous`, position);
        }
        found ??= target;
      }
      if (found !== null) return found.expr;
    }
  }
  if (node.kind === 'integer') {
    if (node.literalIndex >= 0) context.shareable = false;
    const index = Number(node.value);
    if (index < 1 || index > targets.length) {
      throw context.error('42P10', `${what} position ${index} is not in select list`, position);
    }
    return targets[index - 1].expr;
  }
  if (NOT_POSITIONS.has(node.kind)) {
    throw context.error('42601', `non-integer constant in ${what}`, position);
  }
  const expr = resolveUnknown(context, bindExpr(level, node));
  return targets.find((target) => context.sameExpr(target.expr, expr))?.expr ?? expr;
}
