/** Windows: OVER name and OVER (...), refinement of named windows, frames. */
import type { ScalarFunction } from '../../catalog/function-entry.ts';
import type * as ast from '../../parser/ast.ts';
import type { Expr, FrameBound, SortKey, WindowFrame } from '../expr.ts';
import { equalExpr, logical, someExpr, type WindowDefinition } from '../logical.ts';
import { coerceType } from './coerce.ts';
import type { Position } from './context.ts';
import { bindCount, bindExpr } from './expression.ts';
import { findBinaryOperator } from './overload.ts';
import { positionOf } from './position.ts';
import type { Level } from './scope.ts';
import { bindOrderItem } from './sort.ts';
import { bindSortExpr } from './targets.ts';
import { INT8, INTERVAL, UNKNOWN } from './type-info.ts';

const DEFAULT_FRAME: WindowFrame = {
  mode: 'range',
  start: { kind: 'unboundedPreceding' },
  end: { kind: 'currentRow' },
  exclude: 'no others',
  rangeSubtract: null,
  rangeAdd: null,
};

/** Index into the level's windows. */
export function bindWindowReference(level: Level, over: string | ast.WindowSpec, position: Position): number {
  const { context } = level;
  if (typeof over === 'string') {
    const index = level.namedWindows.get(over);
    if (index === undefined) throw context.error('42704', `window "${over}" does not exist`, position);
    return index;
  }
  const definition = bindWindowSpec(level, over);
  return internWindow(level, definition);
}

/** WINDOW name AS (...): bound before the target list. */
export function bindNamedWindow(level: Level, name: string, spec: ast.WindowSpec): void {
  const { context } = level;
  if (level.namedWindows.has(name)) {
    throw context.error('42P20', `window "${name}" is already defined`, positionOf(context, spec.position));
  }
  const definition = bindWindowSpec(level, spec);
  level.windows.push(definition);
  level.namedWindows.set(name, level.windows.length - 1);
}

function internWindow(level: Level, definition: WindowDefinition): number {
  const known = level.windows.findIndex((window) => sameWindow(window, definition));
  if (known >= 0) return known;
  level.windows.push(definition);
  return level.windows.length - 1;
}

function sameWindow(a: WindowDefinition, b: WindowDefinition): boolean {
  const sameBound = (x: FrameBound, y: FrameBound): boolean =>
    x.kind === y.kind && (!('offset' in x) || equalExpr(x.offset, (y as typeof x).offset));
  return (
    sameExprs(a.partitionBy, b.partitionBy) &&
    sameKeys(a.orderBy, b.orderBy) &&
    a.frame.mode === b.frame.mode &&
    a.frame.exclude === b.frame.exclude &&
    sameBound(a.frame.start, b.frame.start) &&
    sameBound(a.frame.end, b.frame.end)
  );
}

function sameExprs(a: readonly Expr[], b: readonly Expr[]): boolean {
  return a.length === b.length && a.every((expr, i) => equalExpr(expr, b[i]));
}

function sameKeys(a: readonly SortKey[], b: readonly SortKey[]): boolean {
  return (
    a.length === b.length &&
    a.every(
      (key, i) =>
        equalExpr(key.expr, b[i].expr) && key.descending === b[i].descending && key.nullsFirst === b[i].nullsFirst,
    )
  );
}

function bindWindowSpec(level: Level, spec: ast.WindowSpec): WindowDefinition {
  const { context } = level;
  const position = positionOf(context, spec.position);
  let partitionBy = level.withClause('window partition', () =>
    spec.partitionBy.map((expr) => bindSortExpr(level, expr)),
  );
  let orderBy: readonly SortKey[] = level.withClause('window order', () =>
    spec.orderBy.map((item) => bindOrderItem(context, item, bindSortExpr(level, item.expr))),
  );
  if (spec.base !== null) {
    const index = level.namedWindows.get(spec.base);
    if (index === undefined) throw context.error('42704', `window "${spec.base}" does not exist`, position);
    const base = level.windows[index];
    if (partitionBy.length > 0) {
      throw context.error('42P20', `cannot override PARTITION BY clause of window "${spec.base}"`, position);
    }
    if (orderBy.length > 0 && base.orderBy.length > 0) {
      throw context.error('42P20', `cannot override ORDER BY clause of window "${spec.base}"`, position);
    }
    if (base.frame !== DEFAULT_FRAME) {
      const bare = orderBy.length === 0 && spec.frame === null;
      throw context.error(
        '42P20',
        `cannot copy window "${spec.base}" because it has a frame clause`,
        position,
        bare ? { hint: 'Omit the parentheses in this OVER clause.' } : undefined,
      );
    }
    partitionBy = [...base.partitionBy];
    if (orderBy.length === 0) orderBy = base.orderBy;
  }
  const frame = spec.frame === null ? DEFAULT_FRAME : bindFrame(level, spec.frame, orderBy);
  return { partitionBy, orderBy, frame };
}

function bindFrame(level: Level, frame: ast.WindowFrame, orderBy: readonly SortKey[]): WindowFrame {
  const { context } = level;
  const position = positionOf(context, frame.position);
  checkFrameBounds(level, frame, position);
  const hasOffset = frame.start.offset !== null || frame.end.offset !== null;
  if (frame.mode === 'groups' && orderBy.length === 0) {
    throw context.error('42P20', 'GROUPS mode requires an ORDER BY clause', position);
  }
  if (frame.mode === 'range' && hasOffset && orderBy.length !== 1) {
    throw context.error(
      '42P20',
      'RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column',
      position,
    );
  }
  const word = frame.mode.toUpperCase();
  const clause = `window frame ${frame.mode}` as const;
  const bound = (item: ast.FrameBound): FrameBound => {
    if (item.kind !== 'preceding' && item.kind !== 'following') return { kind: item.kind };
    const offset = level.withClause(clause, () =>
      frame.mode === 'range'
        ? bindRangeOffset(level, item.offset!, orderBy[0].expr.typeOid)
        : bindCount(level, item.offset!, INT8, word),
    );
    if (
      someExpr(
        offset,
        (child) => logical(child).kind === 'var' && level.relations.has((child as unknown as { rel: number }).rel),
      )
    ) {
      throw context.error('42P10', `argument of ${word} must not contain variables`, context.locationOf(offset));
    }
    return { kind: item.kind, offset };
  };
  const start = bound(frame.start);
  const end = bound(frame.end);
  let rangeSubtract: ScalarFunction | null = null;
  let rangeAdd: ScalarFunction | null = null;
  if (frame.mode === 'range' && hasOffset) {
    const offset = ('offset' in start ? start.offset : null) ?? ('offset' in end ? end.offset : null);
    const keyType = orderBy[0].expr.typeOid;
    rangeSubtract = rangeFunction(level, '-', keyType, offset!.typeOid);
    rangeAdd = rangeFunction(level, '+', keyType, offset!.typeOid);
  }
  return { mode: frame.mode, start, end, exclude: frame.exclude, rangeSubtract, rangeAdd };
}

function rangeFunction(level: Level, name: string, keyType: number, offsetType: number): ScalarFunction | null {
  const operator = findBinaryOperator(level.context, name, keyType, offsetType);
  return operator === null || operator === 'ambiguous' ? null : operator.function;
}

/** The offset's type is the key's own, or an interval for date and time keys. */
function bindRangeOffset(level: Level, node: ast.Expression, keyType: number): Expr {
  const { context } = level;
  const offset = bindExpr(level, node);
  const isTime = context.types.category(keyType) === 'D';
  const category = context.types.category(keyType);
  if (!isTime && category !== 'N' && category !== 'T') {
    throw context.error(
      '0A000',
      `RANGE with offset PRECEDING/FOLLOWING is not supported for column type ${context.types.name(keyType)}`,
      context.locationOf(offset),
    );
  }
  if (!isTime && offset.typeOid !== keyType && offset.typeOid !== UNKNOWN) {
    // The offset takes the type that key + offset wants.
    const operator = findBinaryOperator(context, '+', keyType, offset.typeOid);
    if (operator !== null && operator !== 'ambiguous' && operator.leftType === keyType) {
      return coerceType(context, offset, operator.rightType, -1, 'implicit');
    }
  }
  if (offset.typeOid === UNKNOWN) return coerceType(context, offset, isTime ? INTERVAL : keyType, -1, 'implicit');
  if (isTime && offset.typeOid !== INTERVAL) {
    throw context.error(
      '0A000',
      `RANGE with offset PRECEDING/FOLLOWING is not supported for column type ${context.types.name(keyType)} and offset type ${context.types.name(offset.typeOid)}`,
      context.locationOf(offset),
      { hint: 'Cast the offset value to an appropriate type.' },
    );
  }
  return offset;
}

function checkFrameBounds(level: Level, frame: ast.WindowFrame, position: Position): void {
  const refuse = (message: string) => level.context.error('42P20', message, position);
  if (frame.start.kind === 'unboundedFollowing') throw refuse('frame start cannot be UNBOUNDED FOLLOWING');
  if (frame.end.kind === 'unboundedPreceding') throw refuse('frame end cannot be UNBOUNDED PRECEDING');
  if (frame.start.kind === 'currentRow' && frame.end.kind === 'preceding') {
    throw refuse('frame starting from current row cannot have preceding rows');
  }
  if (frame.start.kind === 'following' && frame.end.kind === 'preceding') {
    throw refuse('frame starting from following row cannot have preceding rows');
  }
  if (frame.start.kind === 'following' && frame.end.kind === 'currentRow') {
    throw refuse('frame starting from following row cannot have preceding rows');
  }
}
