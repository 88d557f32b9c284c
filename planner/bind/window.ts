/** Windows: OVER name and OVER (...), refinement of named windows, frames. */
import type { ScalarFunction } from '../../catalog/function-entry.ts';
import type * as ast from '../../parser/ast.ts';
import { equalExpr } from '../equal-expr.ts';
import type { Expr, FrameBound, SortKey, WindowFrame } from '../expr.ts';
import { logical, type WindowDefinition } from '../logical.ts';
import { someExpr } from '../traverse.ts';
import { canCoerce, coerceType } from './coerce.ts';
import { mustHaveEquality } from './comparable.ts';
import type { Position } from './context.ts';
import { bindCount, bindExpr } from './expression.ts';
import { findBinaryOperator } from './overload.ts';
import { positionOf } from './position.ts';
import type { Level } from './scope.ts';
import { bindOrderItem } from './sort.ts';
import { bindSortExpr } from './targets.ts';
import {
  DATE,
  FLOAT4,
  FLOAT8,
  INT2,
  INT4,
  INT8,
  INTERVAL,
  NUMERIC,
  TIME,
  TIMESTAMP,
  TIMESTAMPTZ,
  TIMETZ,
  UNKNOWN,
} from './type-info.ts';

const DEFAULT_FRAME: WindowFrame = {
  mode: 'range',
  start: { kind: 'unboundedPreceding' },
  end: { kind: 'currentRow' },
  exclude: 'no others',
  rangeSubtract: null,
  rangeAdd: null,
};

/**
 * Index into the level's windows. What stands in OVER is bound behind the rest of the query (bindWindows); until then windows are the same
 * that are written alike.
 */
export function bindWindowReference(level: Level, over: ast.WindowName | ast.WindowSpec): number {
  const { context } = level;
  if (over.kind !== 'windowName') return addWindow(level, null, over);
  const index = level.windowSpecs.findIndex(({ name }) => name === over.name);
  if (index >= 0) return index;
  throw context.error('42704', `window "${over.name}" does not exist`, positionOf(context, over.position));
}

export function addWindow(level: Level, name: string | null, spec: ast.WindowSpec): number {
  const { windowSpecs, windowsByText } = level;
  const { text, hasLiterals } = textOf(spec);
  const known = windowsByText.get(text);
  if (known !== undefined && name === null) {
    // Another statement of the same shape may have other literals here and there.
    if (hasLiterals) level.context.shareable = false;
    return known;
  }
  const index = windowSpecs.push({ name, spec }) - 1;
  if (known === undefined) windowsByText.set(text, index);
  return index;
}

/** Alike for windows that are written alike, wherever they stand. */
function textOf(spec: ast.WindowSpec): { readonly text: string; readonly hasLiterals: boolean } {
  let hasLiterals = false;
  const text = JSON.stringify(spec, (key, value: unknown) => {
    if (key === 'position') return undefined;
    if (key !== 'literalIndex') return typeof value === 'bigint' ? `${value}n` : value;
    hasLiterals ||= (value as number) >= 0;
    return undefined;
  });
  return { text, hasLiterals };
}

/**
 * Binds all windows, in the order in which they were met: those of the WINDOW clause first. Of those that are the same one is kept; the answer says which
 * stands for which, if that is another.
 */
export function bindWindows(level: Level): readonly number[] | null {
  const { context, windowSpecs, windows } = level;
  const named = new Map<string, WindowDefinition>();
  const indexes = windowSpecs.map(({ name, spec }) => {
    if (name !== null && named.has(name)) {
      throw context.error('42P20', `window "${name}" is already defined`, positionOf(context, spec.position));
    }
    const definition = bindWindowSpec(level, spec, named);
    if (name !== null) named.set(name, definition);
    const known = windows.findIndex((window) => sameWindow(window, definition));
    return known >= 0 ? known : windows.push(definition) - 1;
  });
  return indexes.every((index, i) => index === i) ? null : indexes;
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
        equalExpr(key.expr, b[i].expr) &&
        key.descending === b[i].descending &&
        key.nullsFirst === b[i].nullsFirst &&
        key.isBytewise === b[i].isBytewise,
    )
  );
}

/** `named`: those that stand before it in the WINDOW clause. */
function bindWindowSpec(
  level: Level,
  spec: ast.WindowSpec,
  named: ReadonlyMap<string, WindowDefinition>,
): WindowDefinition {
  const { context } = level;
  const position = positionOf(context, spec.position);
  const base = spec.base === null ? null : named.get(spec.base);
  if (base === undefined) throw context.error('42704', `window "${spec.base}" does not exist`, position);
  let orderBy: readonly SortKey[] = level.withClause('window order', () =>
    spec.orderBy.map((item) => bindOrderItem(context, item, bindSortExpr(level, item.expr))),
  );
  let partitionBy: readonly Expr[] = level.withClause('window partition', () =>
    spec.partitionBy.map((expr) => {
      const key = bindSortExpr(level, expr);
      mustHaveEquality(context, key.typeOid, positionOf(context, expr.position));
      return key;
    }),
  );
  if (base !== null) {
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
    partitionBy = base.partitionBy;
    if (orderBy.length === 0) orderBy = base.orderBy;
  }
  const frame = spec.frame === null ? DEFAULT_FRAME : bindFrame(level, spec.frame, orderBy, position);
  return { partitionBy, orderBy, frame };
}

function bindFrame(
  level: Level,
  frame: ast.WindowFrame,
  orderBy: readonly SortKey[],
  windowPosition: Position,
): WindowFrame {
  const { context } = level;
  const position = positionOf(context, frame.position);
  checkFrameBounds(level, frame, position);
  const hasOffset = frame.start.offset !== null || frame.end.offset !== null;
  if (frame.mode === 'groups' && orderBy.length === 0) {
    throw context.error('42P20', 'GROUPS mode requires an ORDER BY clause', windowPosition);
  }
  if (frame.mode === 'range' && hasOffset && orderBy.length !== 1) {
    throw context.error(
      '42P20',
      'RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column',
      windowPosition,
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

/** Types of offsets by type of the order key (btree's in_range support functions). */
const RANGE_OFFSETS: ReadonlyMap<number, readonly number[]> = new Map([
  [INT2, [INT8, INT4, INT2]],
  [INT4, [INT8, INT4, INT2]],
  [INT8, [INT8]],
  [FLOAT4, [FLOAT8]],
  [FLOAT8, [FLOAT8]],
  [NUMERIC, [NUMERIC]],
  ...[DATE, TIME, TIMETZ, TIMESTAMP, TIMESTAMPTZ, INTERVAL].map((oid): [number, number[]] => [oid, [INTERVAL]]),
]);

/** transformFrameOffset: the one type of offset that suits the key and what was given. */
function bindRangeOffset(level: Level, node: ast.Expression, keyType: number): Expr {
  const { context } = level;
  const { types } = context;
  const offset = bindExpr(level, node);
  const given = offset.typeOid;
  const position = context.locationOf(offset);
  const refuse = (rest: string, hint?: string) =>
    context.error('0A000', `RANGE with offset PRECEDING/FOLLOWING ${rest}`, position, { hint });
  const offered = RANGE_OFFSETS.get(types.base(keyType));
  if (offered === undefined) throw refuse(`is not supported for column type ${types.name(keyType)}`);
  const pair = `column type ${types.name(keyType)} and offset type ${types.name(given)}`;
  const fitting = offered.filter((oid) => given === UNKNOWN || canCoerce(context, given, oid, 'implicit'));
  if (fitting.length === 0) {
    throw refuse(`is not supported for ${pair}`, 'Cast the offset value to an appropriate type.');
  }
  const preferred = given === UNKNOWN ? types.base(keyType) : given;
  const chosen = fitting.length === 1 ? fitting[0] : fitting.find((oid) => oid === preferred);
  if (chosen === undefined) {
    throw refuse(`has multiple interpretations for ${pair}`, 'Cast the offset value to the exact intended type.');
  }
  return coerceType(context, offset, chosen, -1, 'implicit');
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
