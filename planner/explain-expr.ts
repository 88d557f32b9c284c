/**
 * Expressions as EXPLAIN prints them (PostgreSQL's ruleutils.c): operators in parentheses, constants with their type where it
 * is not evident, casts as `(x)::type`. Columns are named by following them down the plan to the scan that they come from.
 */

import type { OperatorEntry, ScalarFunction } from '../catalog/function-entry.ts';
import {
  collationOfClass,
  collationOfKey,
  collationOfText,
  markedCollation,
  uncollated,
} from '../catalog/functions/collated.ts';
import { lookupCast } from '../catalog/functions/index.ts';
import { baseTypeOid, DEFAULT_FORMAT, type FormatSettings, formatType, outputText, typeByOid } from '../types/index.ts';
import { isOidBits } from './bind/oid-bits.ts';
import { quoteIdentifier } from './bind/type-info.ts';
import { xmlFormText } from './explain-xml.ts';
import type { AggregateCall, Expr, SortKey, SubplanExpr } from './expr.ts';
import { operatorOf } from './operators.ts';

/** Names columns, params and subplans for one node. */
export interface DeparseScope {
  column(input: number, index: number): Named;
  execParam(index: number): string;
  subplan(node: SubplanExpr): string;
  readonly format?: FormatSettings;
  literal?(index: number, typeOid: number, typeModifier: number): unknown;
  /** format_type, where types have other names. */
  typeName?(oid: number, typeModifier: number): string;
  /** Functions that are not called by their bare name; undefined: this one is. */
  functionName?(fn: ScalarFunction): string | undefined;
  /** Where expressions are printed as they were written, with COLLATE. */
  collationName?(oid: number): string;
}

/** A name, and the declared type of what it names (a cast is shown when the expression has another). */
export interface Named {
  readonly text: string;
  readonly typeOid: number;
  /** Not a plain name: wants parentheses under a cast. */
  readonly isComplex: boolean;
}

export function deparse(expr: Expr, scope: DeparseScope): string {
  return new Deparser(scope).print(expr);
}

export function deparseSortKey(key: SortKey, scope: DeparseScope): string {
  let text = keyText(key.expr, scope);
  if (key.descending) {
    text += ' DESC';
    if (!key.nullsFirst) text += ' NULLS LAST';
  } else if (key.nullsFirst) text += ' NULLS FIRST';
  return text;
}

/** A sort or group key: expressions that are not plain columns stand in parentheses. */
export function keyText(expr: Expr, scope: DeparseScope): string {
  if (expr.kind === 'call' && collationOfKey(expr.function) !== undefined) return keyText(expr.args[0], scope);
  const text = deparse(expr, scope);
  const isName = expr.kind === 'column' && !scope.column(expr.input, expr.index).isComplex;
  return isName || isEnclosed(text) ? text : `(${text})`;
}

export function deparseAggregate(call: AggregateCall, scope: DeparseScope): string {
  const printer = new Deparser(scope);
  const args = call.args.map((arg) => printer.print(arg));
  let inside = args.length === 0 && !call.function.orderedSet ? '*' : args.join(', ');
  if (call.distinct) inside = `DISTINCT ${inside}`;
  let text: string;
  if (call.function.orderedSet) {
    const direct = call.directArgs.map((arg) => printer.print(arg)).join(', ');
    const order = call.orderBy.map((key) => deparseSortKey(key, scope)).join(', ');
    text = `${call.function.name}(${direct}) WITHIN GROUP (ORDER BY ${order})`;
  } else {
    if (call.orderBy.length > 0)
      inside += ` ORDER BY ${call.orderBy.map((key) => deparseSortKey(key, scope)).join(', ')}`;
    text = `${call.function.name}(${inside})`;
  }
  if (call.filter !== null) text += ` FILTER (WHERE ${printer.print(call.filter)})`;
  return text;
}

/** Whether one pair of parentheses holds it all. */
function isEnclosed(text: string): boolean {
  if (!text.startsWith('(')) return false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')' && --depth === 0) return i === text.length - 1;
  }
  return false;
}

const [BOOL, INT4, NUMERIC, BIT, TEXT, UNKNOWN, NAME, VARCHAR] = [16, 23, 1700, 1560, 25, 705, 19, 1043];

class Deparser {
  private readonly scope: DeparseScope;

  constructor(scope: DeparseScope) {
    this.scope = scope;
  }

  private typeName(oid: number, typeModifier: number): string {
    return this.scope.typeName?.(oid, typeModifier) ?? formatType(oid, typeModifier);
  }

  print(expr: Expr): string {
    switch (expr.kind) {
      case 'const':
        return this.constant(this.withValue(expr));
      case 'param':
        return `$${expr.index + 1}`;
      case 'execParam':
        return this.scope.execParam(expr.index);
      case 'column': {
        const named = this.scope.column(expr.input, expr.index);
        if (needsRelabel(named.typeOid, expr.typeOid))
          return `${paren(named.text)}::${this.typeName(expr.typeOid, -1)}`;
        return named.text;
      }
      case 'systemColumn':
        return expr.name;
      case 'caseSubject':
        return 'CASE_TEST_EXPR';
      case 'call':
        return this.call(expr.function, expr.args, expr.typeOid, expr.typeModifier);
      case 'and':
      case 'or':
        return `(${expr.args.map((arg) => this.print(arg)).join(expr.kind === 'and' ? ' AND ' : ' OR ')})`;
      case 'not':
        return `(NOT ${this.print(expr.arg)})`;
      case 'isNull':
        return `(${this.print(expr.arg)} IS ${expr.negated ? 'NOT ' : ''}NULL)`;
      case 'booleanTest':
        return `(${this.print(expr.arg)} IS ${expr.negated ? 'NOT ' : ''}${expr.test.toUpperCase()})`;
      case 'case':
        return this.caseExpr(expr);
      case 'coalesce':
        if (expr.args.length === 1) return this.relabelled(expr.args[0], expr.typeOid, expr.typeModifier);
        return `COALESCE(${this.list(expr.args)})`;
      case 'greatest':
      case 'least':
        return `${expr.kind.toUpperCase()}(${this.list(expr.args)})`;
      case 'nullIf':
        return `NULLIF(${this.print(expr.left)}, ${this.print(expr.right)})`;
      case 'distinct': {
        const text = `(${this.print(expr.left)} IS DISTINCT FROM ${this.print(expr.right)})`;
        return expr.negated ? `(NOT ${text})` : text;
      }
      case 'array':
        return `ARRAY[${this.list(expr.elements)}]`;
      case 'row':
        return `ROW(${this.list(expr.fields)})`;
      case 'rowCompare':
        return `(ROW(${this.list(expr.left)}) ${expr.operator} ROW(${this.list(expr.right)}))`;
      case 'arrayCompare': {
        const operator = operatorOf(uncollated(expr.operator))?.name ?? '=';
        return `(${this.print(expr.left)} ${operator} ${expr.all ? 'ALL' : 'ANY'} (${this.print(expr.array)}))`;
      }
      case 'inList':
        return this.inList(expr);
      case 'subscript':
        return `${this.print(expr.base)}${expr.subscripts.map((item) => this.subscript(item)).join('')}`;
      case 'field':
        return `(${this.print(expr.base)}).f${expr.index + 1}`;
      case 'typmodCast':
        return this.relabelled(this.withoutConversion(expr.arg, expr.typeOid), expr.typeOid, expr.typeModifier);
      case 'ioCast':
        return this.relabelled(expr.arg, expr.typeOid, expr.typeModifier);
      case 'arrayCast':
        return this.relabelled(expr.arg, expr.typeOid, expr.typeModifier);
      case 'subplan':
        return this.scope.subplan(expr);
    }
  }

  private list(exprs: readonly Expr[]): string {
    return exprs.map((expr) => this.print(expr)).join(', ');
  }

  private relabelled(arg: Expr | string, typeOid: number, typeModifier: number): string {
    return `${paren(typeof arg === 'string' ? arg : this.print(arg))}::${this.typeName(typeOid, typeModifier)}`;
  }

  /** A cast to a type with a length is one cast, though the conversion and the length are two steps: what the first is of. */
  private withoutConversion(arg: Expr, typeOid: number): Expr | string {
    if (arg.typeOid !== typeOid) return arg;
    if (arg.kind === 'ioCast') return arg.arg;
    if (arg.kind === 'coalesce' && arg.args.length === 1) return arg.args[0];
    if (arg.kind === 'column') return this.scope.column(arg.input, arg.index).text;
    if (arg.kind === 'call' && arg.args.length >= 1 && isCastFunction(arg.function, arg.args[0].typeOid))
      return arg.args[0];
    return arg;
  }

  private subscript(item: { isSlice: boolean; lower: Expr | null; upper: Expr | null }): string {
    const part = (expr: Expr | null): string => (expr === null ? '' : this.print(expr));
    return item.isSlice ? `[${part(item.lower)}:${part(item.upper)}]` : `[${part(item.upper)}]`;
  }

  /** A value that has been read as one of a domain, and its checks. */
  private domainCast(arg: Expr, domain: number): string {
    const value = arg.kind === 'coalesce' && arg.args.length === 1 ? arg.args[0] : arg;
    if (value.kind !== 'const') return `${paren(this.print(value))}::${this.typeName(domain, -1)}`;
    if (typeof value.value === 'number') return `(${value.value})::${this.typeName(domain, -1)}`;
    return this.print({ ...value, typeOid: domain });
  }

  private call(fn: ScalarFunction, args: readonly Expr[], typeOid: number, typeModifier: number): string {
    const xml = fn.oid === 0 ? xmlFormText(fn, args, (arg) => this.print(arg)) : null;
    if (xml !== null) return xml;
    if (fn.internalName === 'domain_check') return this.domainCast(args[0], fn.returnType);
    const collation = markedCollation(fn);
    if (collation !== undefined) {
      const name = this.scope.collationName?.(collation);
      return name === undefined ? this.print(args[0]) : `(${this.print(args[0])} COLLATE ${name})`;
    }
    const isOfCollation = [collationOfKey, collationOfText, collationOfClass].some((of) => of(fn) !== undefined);
    if (isOfCollation) return this.print(args[0]);
    const operator = operatorOf(uncollated(fn));
    if (operator !== null && operatorArity(operator) === args.length) {
      if (args.length === 1) {
        if (operator.name === '-' && args[0].kind === 'const') {
          const text = this.constantText(args[0]);
          return `'-${text}'::${this.typeName(typeOid, -1)}`;
        }
        return `(${operator.name} ${this.print(args[0])})`;
      }
      const text = `(${this.print(args[0])} ${operator.name} ${this.print(args[1])})`;
      return typeOid !== operator.resultType &&
        !isPolymorphicType(operator.resultType) &&
        needsRelabel(operator.resultType, typeOid)
        ? `${text}::${this.typeName(typeOid, -1)}`
        : text;
    }
    if (args.length >= 1 && isCastFunction(fn, args[0].typeOid))
      return this.relabelled(args[0], fn.returnType, typeModifier);
    if (args.length === 0 && (fn.name === 'current_user' || fn.name === 'session_user')) return fn.name.toUpperCase();
    if (fn.name === 'timezone' && args.length === 2)
      return `(${this.print(args[1])} AT TIME ZONE ${this.print(args[0])})`;
    if (fn.name === 'extract' && args.length === 2 && args[0].kind === 'const') {
      return `EXTRACT(${String(args[0].value)} FROM ${this.print(args[1])})`;
    }
    return `${this.scope.functionName?.(fn) ?? quoteIdentifier(fn.name)}(${this.list(args)})`;
  }

  private caseExpr(expr: Expr & { kind: 'case' }): string {
    if (expr.isGuard === true) return this.print(expr.branches[0].then);
    let text = 'CASE';
    if (expr.subject !== null) text += ` ${this.print(expr.subject)}`;
    for (const { when, then } of expr.branches) {
      let condition = when;
      if (expr.subject !== null && when.kind === 'call' && when.args[0]?.kind === 'caseSubject')
        condition = when.args[1];
      text += ` WHEN ${this.print(condition)} THEN ${this.print(then)}`;
    }
    text +=
      expr.otherwise === null
        ? ` ELSE NULL::${this.typeName(expr.typeOid, -1)}`
        : ` ELSE ${this.print(expr.otherwise)}`;
    return `${text} END`;
  }

  private inList(expr: Expr & { kind: 'inList' }): string {
    const operator = expr.negated ? '<> ALL' : '= ANY';
    const element = expr.list[0].typeOid;
    const arrayOid = typeByOid(element)?.arrayOid ?? 0;
    if (expr.list.every((item) => item.kind === 'const')) {
      const items = expr.list.map((item) =>
        arrayItem((item as { value: unknown }).value === null ? null : this.constantText(item)),
      );
      return `(${this.print(expr.arg)} ${operator} ('{${items.join(',')}}'::${this.typeName(arrayOid, -1)}))`;
    }
    return `(${this.print(expr.arg)} ${operator} (ARRAY[${this.list(expr.list)}]))`;
  }

  private constantText(expr: Expr): string {
    const { value, typeOid } = expr as Expr & { kind: 'const' };
    const base = baseTypeOid(typeOid);
    if (typeof value === 'string' && (base === TEXT || base === UNKNOWN || base === VARCHAR || base === NAME))
      return value;
    return outputText(base, value, this.scope.format ?? DEFAULT_FORMAT);
  }

  private withValue(expr: Expr & { kind: 'const' }): Expr & { kind: 'const' } {
    if (expr.literalIndex < 0 || this.scope.literal === undefined) return expr;
    const value = this.scope.literal(expr.literalIndex, expr.typeOid, expr.typeModifier);
    return value === undefined ? expr : { ...expr, value };
  }

  private constant(expr: Expr & { kind: 'const' }): string {
    const { value, typeOid, typeModifier } = expr;
    if (value === null) return `NULL::${this.typeName(typeOid, typeModifier)}`;
    const text = this.constantText(expr);
    if (typeOid === BOOL) return text === 't' || text === 'true' ? 'true' : 'false';
    if (typeOid === INT4) return text.startsWith('-') ? `'${text}'::integer` : text;
    if (typeOid === NUMERIC && /^\d+\.\d+$/.test(text)) return text;
    if (typeOid === BIT) return `B'${text}'`;
    return `'${text.replaceAll("'", "''")}'::${this.typeName(typeOid, typeModifier)}`;
  }
}

/** What a cast is of: in parentheses, whether it has some or not. */
function paren(text: string): string {
  return `(${text})`;
}

function operatorArity(operator: OperatorEntry): number {
  return operator.leftType === 0 ? 1 : 2;
}

function isPolymorphicType(oid: number): boolean {
  return typeByOid(oid)?.kind === 'p';
}

/** varchar read as text shows a cast; a record or a domain read as its base does not matter. */
function needsRelabel(from: number, to: number): boolean {
  return from !== 0 && from !== to && !isPolymorphicType(to) && !isPolymorphicType(from);
}

function isCastFunction(fn: ScalarFunction, argType: number): boolean {
  const cast = lookupCast(baseTypeOid(argType), fn.returnType);
  return cast !== null && (cast.function === null ? isOidBits(fn) : cast.function.oid === fn.oid);
}

function arrayItem(text: string | null): string {
  if (text === null) return 'NULL';
  if (text === '' || /[\s{},"\\]/.test(text) || text.toUpperCase() === 'NULL') {
    return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  }
  return text.replaceAll("'", "''");
}
