/**
 * Constant folding: immutable calls over constants, and what three-valued logic says of constant conditions. Lifted literals are
 * not constants here, since other executions of the plan have other values; the executor evaluates what stays constant once.
 *
 * A call that fails (1/0) is left as it is: it must fail only if it is evaluated.
 */
import { coerceTypmod, DEFAULT_FORMAT, inputText, outputText } from '../../types/index.ts';
import { bodyInPlace, spansBesideStarts } from '../builtin-bodies.ts';
import { equalExpr } from '../equal-expr.ts';
import type { CallExpr, Expr } from '../expr.ts';
import { FALSE_CONST, logical, makeAnd, makeConst, TRUE_CONST } from '../logical.ts';
import { negatorOf } from '../operators.ts';
import { type Mapper, mapChildren } from '../traverse.ts';

const BOOL = 16;

export function foldConstants(expr: Expr): Expr {
  const { kind } = logical(expr);
  if (kind === 'const' || kind === 'var' || kind === 'sublink') return expr;
  return simplify(mapChildren(expr, foldConstants));
}

/** What folding has met: later passes have nothing to do where there is none. */
export interface FoldingFacts {
  /** Subqueries, which are left as they are. */
  hasSublinks: boolean;
  hasOrs: boolean;
}

/** The same over all expressions of a query. */
export function foldingInto(facts: FoldingFacts, kept: ReadonlySet<Expr>): Mapper {
  const fold: Mapper = (expr) => {
    const { kind } = logical(expr);
    if (kind === 'const' || kind === 'var' || isKept(expr, kept)) return expr;
    if (kind === 'sublink') {
      facts.hasSublinks = true;
      return expr;
    }
    const folded = simplify(mapChildren(expr, fold));
    // NOT of AND is OR, wherever in it.
    if (folded.kind === 'or' || expr.kind === 'not') facts.hasOrs = true;
    return folded;
  };
  return fold;
}

/** Copies of one key stand in the list and among the keys: all stay, or none. */
function isKept(expr: Expr, kept: ReadonlySet<Expr>): boolean {
  if (kept.size === 0) return false;
  if (kept.has(expr)) return true;
  for (const key of kept) if (equalExpr(key, expr)) return true;
  return false;
}

function isConst(expr: Expr): boolean {
  return expr.kind === 'const' && expr.literalIndex < 0;
}

function isNull(expr: Expr): boolean {
  return expr.kind === 'const' && expr.value === null;
}

function simplify(expr: Expr): Expr {
  const node = logical(expr);
  switch (node.kind) {
    case 'call':
      return foldCall(expr as Expr & { kind: 'call' });
    case 'and':
    case 'or':
      return foldLogic(expr as Expr & { kind: 'and' | 'or' });
    case 'not': {
      const { arg } = node;
      if (isConst(arg) && arg.kind === 'const') return arg.value === null ? arg : arg.value ? FALSE_CONST : TRUE_CONST;
      if (arg.kind === 'not') return arg.arg;
      return negated(arg) ?? expr;
    }
    case 'isNull': {
      const { arg, negated, isRow } = node;
      if (isRow && arg.kind === 'row' && arg.presence === undefined) {
        // By fields, of which one that decides keeps the others from being computed.
        const tests = arg.fields.map((field) => simplify({ ...node, arg: field, negated, isRow: false }));
        return tests.length === 0 ? TRUE_CONST : simplify(makeAnd(tests)!);
      }
      if (isConst(node.arg) && node.arg.kind === 'const' && !node.isRow) {
        return (node.arg.value === null) !== node.negated ? TRUE_CONST : FALSE_CONST;
      }
      return expr;
    }
    case 'coalesce': {
      if (node.args.length === 1) {
        const [arg] = node.args;
        if (isConst(arg)) return { ...arg, typeOid: node.typeOid, typeModifier: node.typeModifier } as Expr;
        return expr;
      }
      const args = node.args.filter((arg) => !isNull(arg));
      if (args.length === 0) return makeConst(null, node.typeOid);
      if (isConst(args[0])) return args[0];
      if (args.length === 1 && args[0].typeOid === node.typeOid) return args[0];
      return args.length === node.args.length ? expr : ({ ...node, args } as Expr);
    }
    case 'typmodCast': {
      if (isConst(node.arg) && node.arg.kind === 'const') {
        return attempt(expr, () =>
          coerceTypmod(node.typeOid, node.typeModifier, (node.arg as { value?: unknown }).value, node.explicit),
        );
      }
      return expr;
    }
    case 'ioCast': {
      const { arg } = node;
      if (!isConst(arg) || arg.kind !== 'const' || !IO_SAFE.has(arg.typeOid) || !IO_SAFE.has(node.typeOid)) return expr;
      return attempt(expr, () =>
        arg.value === null
          ? null
          : inputText(node.typeOid, -1, outputText(arg.typeOid, arg.value, DEFAULT_FORMAT), DEFAULT_FORMAT),
      );
    }
    case 'case':
      return foldCase(expr as Expr & { kind: 'case' });
    case 'field':
      return node.base.kind === 'row' && node.base.presence === undefined ? node.base.fields[node.index] : expr;
    default:
      return expr;
  }
}

/** Types whose text form depends on no setting. */
const IO_SAFE = new Set([16, 20, 21, 23, 25, 26, 705, 1042, 1043, 1700, 2950, 19]);

function foldCall(given: Expr & { kind: 'call' }): Expr {
  const body = bodyInPlace(given);
  if (body !== null) return foldCall({ ...body, args: body.args.map(simplify) });
  const call = withoutLostSpans(given);
  const { function: fn, args } = call;
  if (fn.returnsSet || call.spreadsArray === true) return call;
  if (fn.strict && args.some(isNull)) return makeConst(null, call.typeOid);
  if (fn.volatility !== 'immutable' || fn.needsContext || !args.every(isConst)) return call;
  return attempt(call, () => {
    const values = args.map((arg) => (arg as { value?: unknown }).value);
    const implementation = fn.specialise
      ? fn.implementation(
          args.map((arg) => arg.typeOid),
          call.typeOid,
        )
      : fn.implementation;
    return (implementation as (...list: unknown[]) => unknown)(...values);
  });
}

function withoutLostSpans(call: CallExpr): CallExpr {
  let { args } = call;
  for (const [start, span] of spansBesideStarts(call.function)) {
    if (isNull(args[start]) && !isNull(args[span])) args = args.with(span, makeConst(null, args[span].typeOid));
  }
  return args === call.args ? call : { ...call, args };
}

function attempt(expr: Expr, run: () => unknown): Expr {
  try {
    return makeConst(run(), expr.typeOid, expr.typeModifier);
  } catch {
    return expr;
  }
}

function foldLogic(expr: Expr & { kind: 'and' | 'or' }): Expr {
  const decisive = expr.kind === 'or';
  const args: Expr[] = [];
  for (const arg of expr.args) {
    if (arg.kind === expr.kind) for (const each of arg.args) args.push(each);
    else if (isConst(arg) && arg.kind === 'const' && arg.value !== null) {
      if (arg.value === decisive) return decisive ? TRUE_CONST : FALSE_CONST;
    } else args.push(arg);
  }
  if (args.length === 0) return decisive ? FALSE_CONST : TRUE_CONST;
  if (args.length === 1) return args[0];
  if (args.every(isNull)) return args[0];
  const same = args.length === expr.args.length && args.every((arg, i) => arg === expr.args[i]);
  return same ? expr : { kind: expr.kind, args, typeOid: BOOL, typeModifier: -1 };
}

/** NOT pushed into what has a negated form (not into AND and OR of many terms: it would not gain anything). */
function negated(arg: Expr): Expr | null {
  switch (arg.kind) {
    case 'isNull':
      return arg.isRow ? null : { ...arg, negated: !arg.negated };
    case 'booleanTest':
    case 'distinct':
    case 'inList':
      return { ...arg, negated: !arg.negated };
    case 'and':
    case 'or': {
      const args = arg.args.map((child) => simplify({ kind: 'not', arg: child, typeOid: BOOL, typeModifier: -1 }));
      return simplify({ kind: arg.kind === 'and' ? 'or' : 'and', args, typeOid: BOOL, typeModifier: -1 });
    }
    case 'call': {
      const operator = negatorOf(arg.function.oid);
      return operator === null ? null : { ...arg, function: operator };
    }
    default:
      return null;
  }
}

function foldCase(expr: Expr & { kind: 'case' }): Expr {
  if (expr.subject !== null) return expr;
  const branches: { when: Expr; then: Expr }[] = [];
  let { otherwise } = expr;
  for (const branch of expr.branches) {
    if (isConst(branch.when) && branch.when.kind === 'const') {
      if (branch.when.value === true) {
        otherwise = branch.then;
        break;
      }
      continue;
    }
    branches.push(branch);
  }
  if (branches.length === 0) return otherwise ?? makeConst(null, expr.typeOid);
  return branches.length === expr.branches.length ? expr : { ...expr, branches, otherwise };
}
