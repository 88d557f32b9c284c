/**
 * EXPLAIN: a plan as PostgreSQL prints it. One walk makes a tree of described nodes; explain-write.ts writes it.
 *
 * Projections without a condition are not shown, as PostgreSQL has none; hash joins show their Hash node, posting scans the
 * bitmap nodes that they stand for.
 */
import { quoteIdentifier } from './bind/type-info.ts';
import { type DeparseScope, deparse, deparseAggregate, deparseSortKey, keyText, type Named } from './explain-expr.ts';
import type { ExplainDocument } from './explain-format.ts';
import { documentOf, type ExplainOptions, type PlanInstrumentation, type Shown, textOf } from './explain-write.ts';
import type { Expr, SubplanExpr } from './expr.ts';
import { logical, visitExpr } from './logical.ts';
import type { IndexBound, JoinType, Plan, PostingExpr } from './plan.ts';

/** EXPLAIN's TEXT form, one string a line. */
export function explainPlan(plan: Plan, options: ExplainOptions, instrumentation?: PlanInstrumentation): string[] {
  return textOf(new Describer(plan, options).describe(plan), options, instrumentation ?? (() => null));
}

/** What stands under "Plan" of EXPLAIN (FORMAT JSON), and of the other structured formats. */
export function explainPlanDocument(
  plan: Plan,
  options: ExplainOptions,
  instrumentation?: PlanInstrumentation,
): ExplainDocument {
  return documentOf(new Describer(plan, options).describe(plan), options, instrumentation ?? (() => null));
}

/* ---- description --------------------------------------------------------------------------------------------------- */

const JOIN_WORDS: Readonly<Record<JoinType, string>> = {
  inner: '',
  left: ' Left',
  right: ' Right',
  full: ' Full',
  semi: ' Semi',
  anti: ' Anti',
};

const SCANS = new Set<Plan['kind']>([
  'seqScan',
  'indexScan',
  'postingScan',
  'rowIdScan',
  'virtualScan',
  'functionScan',
  'cteScan',
  'workTableScan',
]);

/** The nodes that a node reads, in the order of its inputs. */
function inputsOf(plan: Plan): readonly Plan[] {
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

class Describer {
  private readonly options: ExplainOptions;
  private readonly hasSeveralScans: boolean;
  private readonly qualify: boolean;
  /** Exec params: how to print what they carry. */
  private readonly params = new Map<number, () => string>();
  private subplanCount = 0;
  private initCount = 0;
  private readonly subplanNames = new Map<SubplanExpr, Subplan & { readonly text: string }>();

  constructor(root: Plan, options: ExplainOptions) {
    this.options = options;
    this.hasSeveralScans = countScans(root) > 1;
    this.qualify = options.verbose || this.hasSeveralScans;
  }

  describe(plan: Plan): Shown {
    if (plan.kind === 'project' && plan.filter === null && subplansIn(plan.targets).length === 0) {
      if (plan.input.kind === 'values') return this.valuesScan(plan.input, plan.alias ?? '*VALUES*', plan);
      return this.describe(plan.input);
    }
    if (plan.kind === 'project' && plan.input.kind === 'values' && plan.filter !== null) {
      const shown = this.valuesScan(plan.input, plan.alias ?? '*VALUES*', plan);
      const scope = this.scopeOf(plan, undefined, false);
      return { ...shown, plan, details: [['Filter', deparse(plan.filter, scope)]] };
    }
    if (plan.kind === 'with') return this.describeWith(plan);
    const before = this.subplanNames.size;
    const children: { relationship: string; title: string | null; node: Shown }[] = [];
    // A nested loop's params are named before its inner side is printed.
    if (plan.kind === 'nestedLoop') {
      const scope = this.scopeOf(plan, undefined, true);
      for (const param of plan.params) this.params.set(param.index, () => deparse(param.value, scope));
    }
    const shown = this.own(plan);
    const own = [...this.subplanNames.values()].slice(before);
    for (const subplan of own) {
      const isInit = subplan.label.startsWith('InitPlan');
      children.push({
        relationship: isInit ? 'InitPlan' : 'SubPlan',
        title: subplan.label,
        node: this.describe(subplan.plan),
      });
    }
    const inputs = this.shownInputs(plan);
    return {
      ...shown,
      plan,
      children: [
        ...children.filter((c) => c.relationship === 'InitPlan'),
        ...inputs,
        ...children.filter((c) => c.relationship !== 'InitPlan'),
      ],
    };
  }

  private describeWith(plan: Plan & { kind: 'with' }): Shown {
    const ctes = plan.ctes.map((cte) => ({
      relationship: 'InitPlan',
      title: `CTE ${cte.name}`,
      node: this.describe(cte.plan),
    }));
    const body = this.describe(plan.input);
    return { ...body, children: [...ctes, ...body.children] };
  }

  private shownInputs(plan: Plan): Shown['children'] {
    const child = (relationship: string, node: Shown) => ({ relationship, title: null, node });
    switch (plan.kind) {
      case 'hashJoin': {
        const inner = this.describe(plan.inner);
        const hash: Shown = {
          label: 'Hash',
          fields: { 'Node Type': 'Hash' },
          details: [],
          plan: { ...plan.inner },
          hashOf: plan,
          children: [child('Outer', inner)],
        };
        return [child('Outer', this.describe(plan.outer)), child('Inner', hash)];
      }
      case 'postingScan':
        return [child('Outer', this.postings(plan.postings, plan))];
      case 'append':
        return plan.inputs.map((input) => child('Member', this.describe(input)));
      default: {
        const inputs = inputsOf(plan);
        return inputs.map((input, i) => child(i === 0 ? 'Outer' : 'Inner', this.describe(input)));
      }
    }
  }

  private node(
    label: string,
    nodeType: string,
    details: Shown['details'],
    fields: Record<string, unknown> = {},
  ): Shown {
    return { label, fields: { 'Node Type': nodeType, ...fields }, details, plan: null, children: [] };
  }

  private scanLabel(what: string, name: string, alias: string): string {
    const shownAlias = alias !== '' && alias !== name ? ` ${quoteIdentifier(alias)}` : '';
    return `${what} on ${quoteIdentifier(name)}${shownAlias}`;
  }

  private own(plan: Plan): Shown {
    const isScan = SCANS.has(plan.kind);
    const onConflict = plan.kind === 'insert' && plan.onConflict !== null;
    const scope = this.scopeOf(plan, undefined, isScan ? this.options.verbose : this.qualify || onConflict);
    const details: [string, string | readonly string[]][] = [];
    const add = (name: string, expr: Expr | null | undefined): void => {
      if (expr !== null && expr !== undefined) details.push([name, deparse(expr, scope)]);
    };
    if ('targets' in plan) subplansNamed(plan.targets, scope);
    if (this.options.verbose && 'targets' in plan && plan.targets.length > 0) {
      // One relation's columns need no name before them here, unlike in conditions.
      const outputScope = this.scopeOf(plan, undefined, this.hasSeveralScans);
      details.push(['Output', plan.targets.map((target) => deparse(target, outputScope))]);
    }
    switch (plan.kind) {
      case 'seqScan':
        add('Filter', plan.filter);
        return this.node(
          this.scanLabel('Seq Scan', plan.table.name, plan.alias),
          'Seq Scan',
          details,
          tableFields(plan.table.name, plan.alias),
        );
      case 'indexScan': {
        if (plan.recheck !== null) add('Index Cond', plan.recheck);
        add('Filter', plan.filter);
        const kind = plan.indexOnly ? 'Index Only Scan' : 'Index Scan';
        const word = `${kind}${plan.descending ? ' Backward' : ''} using ${quoteIdentifier(plan.index.name)}`;
        return this.node(this.scanLabel(word, plan.table.name, plan.alias), kind, details, {
          'Scan Direction': plan.descending ? 'Backward' : 'Forward',
          'Index Name': plan.index.name,
          ...tableFields(plan.table.name, plan.alias),
        });
      }
      case 'postingScan':
        add('Recheck Cond', plan.recheck);
        add('Filter', plan.filter);
        return this.node(
          this.scanLabel('Bitmap Heap Scan', plan.table.name, plan.alias),
          'Bitmap Heap Scan',
          details,
          tableFields(plan.table.name, plan.alias),
        );
      case 'rowIdScan':
        details.push(['TID Cond', `(ctid = ${plan.rowIds.map((expr) => deparse(expr, scope)).join(', ')})`]);
        add('Filter', plan.filter);
        return this.node(
          this.scanLabel('Tid Scan', plan.table.name, plan.alias),
          'Tid Scan',
          details,
          tableFields(plan.table.name, plan.alias),
        );
      case 'virtualScan': {
        add('Filter', plan.filter);
        const name = plan.tableName.split('.')[1];
        return this.node(
          this.scanLabel('Seq Scan', name, plan.alias),
          'Seq Scan',
          details,
          tableFields(name, plan.alias),
        );
      }
      case 'functionScan': {
        add('Filter', plan.filter);
        const name = plan.functions[0].function.name;
        return this.node(this.scanLabel('Function Scan', name, plan.alias), 'Function Scan', details, {
          'Function Name': name,
          Alias: plan.alias,
        });
      }
      case 'values':
        return this.valuesScan(plan, '*VALUES*', plan);
      case 'result':
        add('One-Time Filter', plan.filter);
        return this.node('Result', 'Result', details);
      case 'empty':
        details.push(['One-Time Filter', 'false']);
        return this.node('Result', 'Result', details);
      case 'project':
        add('Filter', plan.filter);
        return this.node('Result', 'Result', details);
      case 'projectSet':
        return this.node('ProjectSet', 'ProjectSet', details);
      case 'nestedLoop':
        add('Join Filter', plan.condition);
        add('Filter', plan.filter);
        return this.node(
          `Nested Loop${JOIN_WORDS[plan.joinType]}${plan.joinType === 'inner' ? '' : ' Join'}`,
          'Nested Loop',
          details,
          joinFields(plan.joinType),
        );
      case 'hashJoin': {
        const conditions = plan.outerKeys.map(
          (key, i) => `(${deparse(key, scope)} = ${deparse(plan.innerKeys[i], this.scopeOf(plan, 1))})`,
        );
        details.push(['Hash Cond', conditions.length === 1 ? conditions[0] : `(${conditions.join(' AND ')})`]);
        add('Join Filter', plan.condition);
        add('Filter', plan.filter);
        return this.node(`Hash${JOIN_WORDS[plan.joinType]} Join`, 'Hash Join', details, joinFields(plan.joinType));
      }
      case 'sort':
        details.push(['Sort Key', plan.keys.map((key) => deparseSortKey(key, scope))]);
        return this.node('Sort', 'Sort', details);
      case 'limit':
        return this.node('Limit', 'Limit', details);
      case 'aggregate':
        return this.aggregate(plan, details);
      case 'window':
        return this.node('WindowAgg', 'WindowAgg', details);
      case 'distinct':
        details.push(['Group Key', plan.output.map((_, i) => scope.column(0, i).text)]);
        return this.node('HashAggregate', 'Aggregate', details, { Strategy: 'Hashed' });
      case 'unique':
        return this.node('Unique', 'Unique', details);
      case 'append':
        return this.node('Append', 'Append', details);
      case 'setOperation': {
        const word = `${plan.operation === 'intersect' ? 'Intersect' : 'Except'}${plan.all ? ' All' : ''}`;
        return this.node(`HashSetOp ${word}`, 'SetOp', details, { Strategy: 'Hashed', Command: word });
      }
      case 'cteScan':
        add('Filter', plan.filter);
        return this.node(this.scanLabel('CTE Scan', plan.name, plan.alias), 'CTE Scan', details, {
          'CTE Name': plan.name,
          Alias: plan.alias,
        });
      case 'recursiveUnion':
        return this.node('Recursive Union', 'Recursive Union', details);
      case 'workTableScan':
        add('Filter', plan.filter);
        return this.node(this.scanLabel('WorkTable Scan', plan.alias, plan.alias), 'WorkTable Scan', details, {
          Alias: plan.alias,
        });
      case 'lockRows':
        return this.node('LockRows', 'LockRows', details);
      case 'subqueryScan':
        add('Filter', plan.filter);
        return this.node(`Subquery Scan on ${quoteIdentifier(plan.alias)}`, 'Subquery Scan', details, {
          Alias: plan.alias,
        });
      case 'insert':
        return this.insert(plan, details);
      case 'update':
      case 'delete':
      case 'merge': {
        const word = plan.kind === 'update' ? 'Update' : plan.kind === 'delete' ? 'Delete' : 'Merge';
        return this.node(`${word} on ${quoteIdentifier(plan.table.name)}`, 'ModifyTable', details, {
          Operation: word,
          ...tableFields(plan.table.name, plan.table.name),
        });
      }
      case 'with':
        return this.describeWith(plan);
    }
  }

  private aggregate(plan: Plan & { kind: 'aggregate' }, details: [string, string | readonly string[]][]): Shown {
    const inputScope = this.inputScope(plan.input);
    const keys = plan.groupKeys.map((key) => keyText(key, inputScope));
    if (plan.groupingSets !== null) {
      for (const set of plan.groupingSets) {
        if (set.length === 0) details.push(['Group Key', '()']);
        else details.push(['Hash Key', set.map((key) => keys[key])]);
      }
    } else if (keys.length > 0) details.push(['Group Key', keys]);
    if (plan.having !== null) details.push(['Filter', deparse(plan.having, this.scopeOf(plan))]);
    const label =
      plan.groupingSets?.some((set) => set.length === 0) && plan.groupKeys.length > 0
        ? 'MixedAggregate'
        : plan.strategy === 'plain'
          ? 'Aggregate'
          : plan.strategy === 'hash'
            ? 'HashAggregate'
            : 'GroupAggregate';
    const strategy = plan.strategy === 'plain' ? 'Plain' : plan.strategy === 'hash' ? 'Hashed' : 'Sorted';
    return this.node(label, 'Aggregate', details, { Strategy: strategy });
  }

  private insert(plan: Plan & { kind: 'insert' }, details: [string, string | readonly string[]][]): Shown {
    const conflict = plan.onConflict;
    if (conflict !== null) {
      details.push(['Conflict Resolution', conflict.action.toUpperCase()]);
      if (conflict.arbiters.length > 0) {
        details.push(['Conflict Arbiter Indexes', conflict.arbiters.map((index) => quoteIdentifier(index.name))]);
      }
      if (conflict.where !== null)
        details.push(['Conflict Filter', deparse(conflict.where, this.scopeOf(plan, undefined, true))]);
    }
    return this.node(`Insert on ${quoteIdentifier(plan.table.name)}`, 'ModifyTable', details, {
      Operation: 'Insert',
      ...tableFields(plan.table.name, plan.table.name),
    });
  }

  private valuesScan(_values: Plan, alias: string, _shown: Plan): Shown {
    return this.node(`Values Scan on ${quoteIdentifier(alias)}`, 'Values Scan', [], { Alias: alias });
  }

  private postings(postings: PostingExpr, plan: Plan & { kind: 'postingScan' }): Shown {
    if (postings.kind === 'search') {
      const scope = this.scopeOf(plan, undefined, this.options.verbose);
      const { index, conditions } = postings.search;
      const shownConditions = conditions.map(({ shown }) => deparse(shown, scope));
      return { ...this.bitmapIndexScan(index.name, shownConditions), postings: { scan: plan, expr: postings } };
    }
    if (postings.kind !== 'term') {
      const word = postings.kind === 'and' ? 'BitmapAnd' : 'BitmapOr';
      return {
        ...this.node(word, word, []),
        postings: { scan: plan, expr: postings },
        children: postings.args.map((arg) => ({ relationship: 'Member', title: null, node: this.postings(arg, plan) })),
      };
    }
    const { term } = postings;
    const scope = this.scopeOf(plan);
    const keyNames = term.index.columns.map((column) =>
      column.columnNumber > 0
        ? quoteIdentifier(plan.table.columns[column.columnNumber - 1].name)
        : `(${column.expressionText})`,
    );
    const parts = term.equal.map((value, i) => `(${keyNames[i]} = ${deparse(value, scope)})`);
    const bound = (item: IndexBound | null, sign: string): void => {
      if (item === null) return;
      parts.push(`(${keyNames[term.equal.length]} ${sign}${item.inclusive ? '=' : ''} ${deparse(item.value, scope)})`);
    };
    bound(term.lower, '>');
    bound(term.upper, '<');
    return { ...this.bitmapIndexScan(term.index.name, parts), postings: { scan: plan, expr: postings } };
  }

  private bitmapIndexScan(indexName: string, conditions: readonly string[]): Shown {
    const condition = conditions.length === 1 ? conditions[0] : `(${conditions.join(' AND ')})`;
    return this.node(
      `Bitmap Index Scan on ${quoteIdentifier(indexName)}`,
      'Bitmap Index Scan',
      [['Index Cond', condition]],
      { 'Index Name': indexName },
    );
  }

  /* ---- names --------------------------------------------------------------------------------------------------------- */

  /** Names for expressions of a node itself. `only`: all columns mean that input. */
  private scopeOf(plan: Plan, only?: number, qualify = this.qualify): DeparseScope {
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
  private inputScope(input: Plan): DeparseScope {
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
    for (const param of node.params) this.params.set(param.index, () => deparse(param.value, scope));
    this.subplanCount++;
    const isInit =
      node.params.length === 0 && (node.mode === 'scalar' || node.mode === 'exists' || node.mode === 'array');
    let text: string;
    let label: string;
    if (isInit) {
      text = `$${this.initCount}`;
      label = `InitPlan ${this.subplanCount} (returns $${this.initCount})`;
      this.initCount++;
    } else {
      label = `SubPlan ${this.subplanCount}`;
      text = `(${node.hashKeys !== null ? 'hashed ' : ''}SubPlan ${this.subplanCount})`;
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

function tableFields(name: string, alias: string): Record<string, unknown> {
  return { 'Relation Name': name, Alias: alias === '' ? name : alias };
}

function joinFields(type: JoinType): Record<string, unknown> {
  return { 'Join Type': type[0].toUpperCase() + type.slice(1) };
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
  if ('condition' in plan && plan.condition !== null) result.push(plan.condition);
  if ('targets' in plan) result.push(...plan.targets);
  if (plan.kind === 'aggregate' && plan.having !== null) result.push(plan.having);
  return result;
}

function subplansIn(exprs: readonly Expr[]): SubplanExpr[] {
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

/** Does evaluating the expression run other plans? */
export function runsSubplans(expr: Expr): boolean {
  return subplansIn([expr]).length > 0;
}

/** Subplans of targets are shown although the targets are not. */
function subplansNamed(targets: readonly Expr[], scope: DeparseScope): void {
  for (const subplan of subplansIn(targets)) scope.subplan(subplan);
}
