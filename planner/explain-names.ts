/** EXPLAIN: what columns, params and subplans are called in the conditions and targets that nodes print. */
import { quoteIdentifier } from './bind/type-info.ts';
import { type DeparseScope, deparse, deparseAggregate, type Named } from './explain-expr.ts';
import type { ExplainOptions } from './explain-write.ts';
import type { Expr, SubplanExpr } from './expr.ts';
import { logical } from './logical.ts';
import type { Plan } from './plan.ts';
import { visitExpr } from './traverse.ts';

/** The nodes that a node reads, in the order of its inputs. */
export function inputsOf(plan: Plan): readonly Plan[] {
  switch (plan.kind) {
    case 'nestedLoop':
    case 'hashJoin':
      return [plan.outer, plan.inner];
    case 'setOperation':
      return [plan.left, plan.right];
    case 'append':
      return plan.inputs;
    case 'recursiveUnion':
      return [plan.start, plan.step];
    case 'insert':
    case 'update':
    case 'delete':
    case 'merge':
      return [plan.source];
    case 'with':
      return [plan.input];
    default:
      return 'input' in plan ? [plan.input] : [];
  }
}

interface Subplan {
  readonly label: string;
  readonly plan: Plan;
}

/** Names of a plan's columns, params and subplans, as its nodes print them. */
export class PlanNames {
  private readonly options: ExplainOptions;
  readonly hasSeveralScans: boolean;
  /** Columns are printed with their table's alias. */
  readonly qualify: boolean;
  /** Exec params: how to print what they carry. */
  private readonly params = new Map<number, () => string>();
  private count = 0;
  private initCount = 0;
  private readonly subplanNames = new Map<SubplanExpr, Subplan & { readonly text: string }>();

  constructor(root: Plan, options: ExplainOptions) {
    this.options = options;
    this.hasSeveralScans = countScans(root) > 1;
    this.qualify = options.verbose || this.hasSeveralScans;
  }

  /** Subplans that have been met so far. */
  get subplanCount(): number {
    return this.subplanNames.size;
  }

  /** Those that were met after the first `before`. */
  subplansSince(before: number): Subplan[] {
    return [...this.subplanNames.values()].slice(before);
  }

  /** The params print as what they carry. */
  carry(params: readonly { readonly index: number; readonly value: Expr }[], scope: DeparseScope): void {
    for (const param of params) this.params.set(param.index, () => deparse(param.value, scope));
  }

  /** Names for expressions of a node itself. `only`: all columns mean that input. */
  scopeOf(plan: Plan, only?: number, qualify = this.qualify): DeparseScope {
    return {
      ...(this.options.format === undefined ? {} : { format: this.options.format }),
      ...(this.options.literal === undefined ? {} : { literal: this.options.literal }),
      column: (input, index) =>
        this.nameIn(plan, only === undefined ? input : input === 0 ? only : input, index, qualify),
      execParam: (index) => this.params.get(index)?.() ?? `$${index}`,
      subplan: (node) => this.nameSubplan(node, plan),
    };
  }

  /** Names for expressions over a plan's output. */
  inputScope(input: Plan): DeparseScope {
    return {
      ...(this.options.format === undefined ? {} : { format: this.options.format }),
      ...(this.options.literal === undefined ? {} : { literal: this.options.literal }),
      column: (_input, index) => this.outputName(input, index),
      execParam: (index) => this.params.get(index)?.() ?? `$${index}`,
      subplan: (node) => this.nameSubplan(node, input),
    };
  }

  /** What column `index` of input `input` of a node is called. */
  private nameIn(plan: Plan, input: number, index: number, qualify: boolean): Named {
    switch (plan.kind) {
      case 'seqScan':
      case 'indexScan':
      case 'postingScan':
      case 'rowIdScan': {
        const column = plan.table.columns[index];
        return this.scanColumn(plan.alias, column.name, column.typeOid, qualify);
      }
      case 'virtualScan':
      case 'functionScan':
      case 'cteScan':
      case 'workTableScan':
        return this.scanColumn(plan.alias, scanColumnName(plan, index), 0, qualify);
      case 'aggregate': {
        const keys = plan.groupKeys.length;
        if (index < keys) return this.exprName(plan.groupKeys[index], this.inputScope(plan.input));
        const call = plan.aggregates[index - keys];
        if (call === undefined) return { text: 'GROUPING()', typeOid: 0, isComplex: true };
        return { text: deparseAggregate(call, this.inputScope(plan.input)), typeOid: call.typeOid, isComplex: true };
      }
      case 'insert':
      case 'update':
      case 'delete':
      case 'merge': {
        if (input === 0 || plan.kind === 'insert') {
          const column = plan.table.columns[index];
          return this.scanColumn(input === 1 ? 'excluded' : plan.table.name, column.name, column.typeOid, qualify);
        }
        return this.outputName(plan.source, index);
      }
      case 'lockRows':
        return input < plan.marks.length
          ? this.scanColumn(plan.marks[input].table.name, plan.marks[input].table.columns[index].name, 0, qualify)
          : this.outputName(plan.input, index);
      case 'subqueryScan':
        return this.scanColumn(plan.alias, plan.input.output[index]?.name || '?column?', 0, qualify);
      default: {
        const inputs = inputsOf(plan);
        const source = inputs[input] ?? inputs[0];
        return source === undefined
          ? { text: '?column?', typeOid: 0, isComplex: false }
          : this.outputName(source, index);
      }
    }
  }

  private scanColumn(alias: string, name: string, typeOid: number, qualify: boolean): Named {
    const column = quoteIdentifier(name);
    return {
      text: qualify && alias !== '' ? `${quoteIdentifier(alias)}.${column}` : column,
      typeOid,
      isComplex: false,
    };
  }

  private exprName(expr: Expr, scope: DeparseScope): Named {
    const isComplex = expr.kind === 'column' ? scope.column(expr.input, expr.index).isComplex : true;
    return { text: deparse(expr, scope), typeOid: expr.typeOid, isComplex };
  }

  /** What a plan's output column is: its target, or what passes through. */
  private outputName(plan: Plan, index: number): Named {
    switch (plan.kind) {
      case 'sort':
      case 'limit':
      case 'unique':
      case 'distinct':
      case 'gate':
      case 'with':
        return this.outputName(plan.input, index);
      case 'window': {
        const own = index - plan.input.output.length;
        if (own < 0) return this.outputName(plan.input, index);
        const call = plan.calls[own];
        const args = call.args.map((arg) => deparse(arg, this.inputScope(plan.input))).join(', ');
        return {
          text: `(${call.function.name}(${args || (call.function.kind === 'aggregate' ? '*' : '')}) OVER (?))`,
          typeOid: call.typeOid,
          isComplex: true,
        };
      }
      case 'append':
        return this.outputName(plan.inputs[0], index);
      case 'setOperation':
        return this.outputName(plan.left, index);
      case 'recursiveUnion':
        return this.outputName(plan.start, index);
      case 'values':
        return this.scanColumn('*VALUES*', plan.output[index]?.name || `column${index + 1}`, 0, this.qualify);
      case 'insert':
      case 'update':
      case 'delete':
      case 'merge':
      case 'empty':
        return { text: quoteIdentifier(plan.output[index]?.name || '?column?'), typeOid: 0, isComplex: false };
      default: {
        const target = plan.targets[index];
        if (target === undefined) return { text: '?column?', typeOid: 0, isComplex: false };
        return this.exprName(target, this.scopeOf(plan));
      }
    }
  }

  private nameSubplan(node: SubplanExpr, plan: Plan): string {
    const known = this.subplanNames.get(node);
    if (known !== undefined) return known.text;
    const scope = this.scopeOf(plan, undefined, true);
    this.carry(node.params, scope);
    this.count++;
    const isInit =
      node.params.length === 0 && (node.mode === 'scalar' || node.mode === 'exists' || node.mode === 'array');
    let text: string;
    let label: string;
    if (isInit) {
      text = `$${this.initCount}`;
      label = `InitPlan ${this.count} (returns $${this.initCount})`;
      this.initCount++;
    } else {
      label = `SubPlan ${this.count}`;
      text = `(${node.hashKeys !== null ? 'hashed ' : ''}SubPlan ${this.count})`;
    }
    this.subplanNames.set(node, { label, plan: node.plan, text });
    return text;
  }
}

function scanColumnName(plan: Plan, index: number): string {
  return (
    ('columnNames' in plan ? (plan as { columnNames?: readonly string[] }).columnNames?.[index] : undefined) ??
    `column${index + 1}`
  );
}

function countScans(plan: Plan): number {
  let count = 0;
  const walk = (node: Plan): void => {
    switch (node.kind) {
      case 'seqScan':
      case 'indexScan':
      case 'postingScan':
      case 'rowIdScan':
      case 'virtualScan':
      case 'functionScan':
      case 'cteScan':
      case 'workTableScan':
      case 'values':
      case 'subqueryScan':
        count++;
        break;
      case 'with':
        for (const cte of node.ctes) walk(cte.plan);
        break;
    }
    for (const expr of expressionsOf(node)) for (const subplan of subplansIn([expr])) walk(subplan.plan);
    inputsOf(node).forEach(walk);
  };
  walk(plan);
  return count;
}

function expressionsOf(plan: Plan): Expr[] {
  const result: Expr[] = [];
  if ('filter' in plan && plan.filter !== null) result.push(plan.filter);
  if ('condition' in plan && plan.condition != null) result.push(plan.condition);
  if ('targets' in plan) result.push(...plan.targets);
  if (plan.kind === 'aggregate' && plan.having !== null) result.push(plan.having);
  return result;
}

/** Subplans that the expressions run. */
export function subplansIn(exprs: readonly Expr[]): SubplanExpr[] {
  const result: SubplanExpr[] = [];
  for (const expr of exprs) {
    visitExpr(expr, (child) => {
      const node = logical(child);
      if (node.kind === 'subplan') result.push(node);
      return true;
    });
  }
  return result;
}
