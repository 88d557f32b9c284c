/**
 * EXPLAIN: a plan as PostgreSQL prints it. One walk makes a tree of described nodes; explain-write.ts writes it.
 *
 * Projections without a condition are not shown, as PostgreSQL has none; hash joins show their Hash node, posting scans the
 * bitmap nodes that they stand for.
 */
import { quoteIdentifier } from './bind/type-info.ts';
import { type DeparseScope, deparse, deparseSortKey, keyText } from './explain-expr.ts';
import type { ExplainDocument } from './explain-format.ts';
import { inputsOf, PlanNames, subplansIn } from './explain-names.ts';
import { documentOf, type ExplainOptions, type PlanInstrumentation, type Shown, textOf } from './explain-write.ts';
import type { Expr } from './expr.ts';
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

type ScanPlan = Extract<
  Plan,
  {
    kind:
      | 'seqScan'
      | 'indexScan'
      | 'postingScan'
      | 'rowIdScan'
      | 'virtualScan'
      | 'functionScan'
      | 'cteScan'
      | 'workTableScan'
      | 'subqueryScan';
  }
>;
type JoinPlan = Extract<Plan, { kind: 'nestedLoop' | 'hashJoin' }>;
/** Lines below a node's first. */
type Details = [string, string | readonly string[]][];

/** Adds an expression that is there. */
function adder(details: Details, scope: DeparseScope): (name: string, expr: Expr | null | undefined) => void {
  return (name, expr) => {
    if (expr !== null && expr !== undefined) details.push([name, deparse(expr, scope)]);
  };
}

class Describer {
  private readonly options: ExplainOptions;
  private readonly names: PlanNames;

  constructor(root: Plan, options: ExplainOptions) {
    this.options = options;
    this.names = new PlanNames(root, options);
  }

  describe(plan: Plan): Shown {
    if (plan.kind === 'project' && plan.filter === null && subplansIn(plan.targets).length === 0) {
      if (plan.input.kind === 'values') return this.valuesScan(plan.alias ?? '*VALUES*');
      return this.describe(plan.input);
    }
    if (plan.kind === 'project' && plan.input.kind === 'values' && plan.filter !== null) {
      const shown = this.valuesScan(plan.alias ?? '*VALUES*');
      const scope = this.names.scopeOf(plan, undefined, false);
      return { ...shown, plan, details: [['Filter', deparse(plan.filter, scope)]] };
    }
    if (plan.kind === 'with') return this.describeWith(plan);
    const before = this.names.subplanCount;
    const children: { relationship: string; title: string | null; node: Shown }[] = [];
    // A nested loop's params are named before its inner side is printed.
    if (plan.kind === 'nestedLoop') {
      const scope = this.names.scopeOf(plan, undefined, true);
      this.names.carry(plan.params, scope);
    }
    const shown = this.own(plan);
    const own = this.names.subplansSince(before);
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
    const scope = this.names.scopeOf(plan, undefined, isScan ? this.options.verbose : this.names.qualify || onConflict);
    const details: Details = [];
    const add = adder(details, scope);
    if ('targets' in plan) subplansNamed(plan.targets, scope);
    if (this.options.verbose && 'targets' in plan && plan.targets.length > 0) {
      // One relation's columns need no name before them here, unlike in conditions.
      const outputScope = this.names.scopeOf(plan, undefined, this.names.hasSeveralScans);
      details.push(['Output', plan.targets.map((target) => deparse(target, outputScope))]);
    }
    switch (plan.kind) {
      case 'seqScan':
      case 'indexScan':
      case 'postingScan':
      case 'rowIdScan':
      case 'virtualScan':
      case 'functionScan':
      case 'cteScan':
      case 'workTableScan':
      case 'subqueryScan':
        return this.scan(plan, scope, details);
      case 'nestedLoop':
      case 'hashJoin':
        return this.join(plan, scope, details);
      case 'values':
        return this.valuesScan('*VALUES*');
      case 'result':
        add('One-Time Filter', plan.filter);
        return this.node('Result', 'Result', details);
      case 'empty':
        details.push(['One-Time Filter', 'false']);
        return this.node('Result', 'Result', details);
      case 'gate':
        add('One-Time Filter', plan.filter);
        return this.node('Result', 'Result', details);
      case 'project':
        add('Filter', plan.filter);
        return this.node('Result', 'Result', details);
      case 'projectSet':
        return this.node('ProjectSet', 'ProjectSet', details);
      case 'sort':
        details.push(['Sort Key', plan.keys.map((key) => deparseSortKey(key, scope))]);
        if (plan.presorted !== undefined) {
          details.push(['Presorted Key', plan.keys.slice(0, plan.presorted).map(({ expr }) => deparse(expr, scope))]);
          return this.node('Incremental Sort', 'Incremental Sort', details);
        }
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
      case 'recursiveUnion':
        return this.node('Recursive Union', 'Recursive Union', details);
      case 'lockRows':
        return this.node('LockRows', 'LockRows', details);
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

  private scan(plan: ScanPlan, scope: DeparseScope, details: Details): Shown {
    const add = adder(details, scope);
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
      case 'cteScan':
        add('Filter', plan.filter);
        return this.node(this.scanLabel('CTE Scan', plan.name, plan.alias), 'CTE Scan', details, {
          'CTE Name': plan.name,
          Alias: plan.alias,
        });
      case 'workTableScan':
        add('Filter', plan.filter);
        return this.node(this.scanLabel('WorkTable Scan', plan.alias, plan.alias), 'WorkTable Scan', details, {
          Alias: plan.alias,
        });
      case 'subqueryScan':
        add('Filter', plan.filter);
        return this.node(`Subquery Scan on ${quoteIdentifier(plan.alias)}`, 'Subquery Scan', details, {
          Alias: plan.alias,
        });
    }
  }

  private join(plan: JoinPlan, scope: DeparseScope, details: Details): Shown {
    const add = adder(details, scope);
    if (plan.kind === 'nestedLoop') {
      add('Join Filter', plan.condition);
      add('Filter', plan.filter);
      return this.node(
        `Nested Loop${JOIN_WORDS[plan.joinType]}${plan.joinType === 'inner' ? '' : ' Join'}`,
        'Nested Loop',
        details,
        joinFields(plan.joinType),
      );
    }
    const conditions = plan.outerKeys.map(
      (key, i) => `(${deparse(key, scope)} = ${deparse(plan.innerKeys[i], this.names.scopeOf(plan, 1))})`,
    );
    details.push(['Hash Cond', conditions.length === 1 ? conditions[0] : `(${conditions.join(' AND ')})`]);
    add('Join Filter', plan.condition);
    add('Filter', plan.filter);
    return this.node(`Hash${JOIN_WORDS[plan.joinType]} Join`, 'Hash Join', details, joinFields(plan.joinType));
  }

  private aggregate(plan: Plan & { kind: 'aggregate' }, details: Details): Shown {
    const inputScope = this.names.inputScope(plan.input);
    const keys = plan.groupKeys.map((key) => keyText(key, inputScope));
    if (plan.groupingSets !== null) {
      for (const set of plan.groupingSets) {
        if (set.length === 0) details.push(['Group Key', '()']);
        else details.push(['Hash Key', set.map((key) => keys[key])]);
      }
    } else if (keys.length > 0) details.push(['Group Key', keys]);
    if (plan.having !== null) details.push(['Filter', deparse(plan.having, this.names.scopeOf(plan))]);
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

  private insert(plan: Plan & { kind: 'insert' }, details: Details): Shown {
    const conflict = plan.onConflict;
    if (conflict !== null) {
      details.push(['Conflict Resolution', conflict.action.toUpperCase()]);
      if (conflict.arbiters.length > 0) {
        details.push(['Conflict Arbiter Indexes', conflict.arbiters.map((index) => quoteIdentifier(index.name))]);
      }
      if (conflict.where !== null)
        details.push(['Conflict Filter', deparse(conflict.where, this.names.scopeOf(plan, undefined, true))]);
    }
    return this.node(`Insert on ${quoteIdentifier(plan.table.name)}`, 'ModifyTable', details, {
      Operation: 'Insert',
      ...tableFields(plan.table.name, plan.table.name),
    });
  }

  private valuesScan(alias: string): Shown {
    return this.node(`Values Scan on ${quoteIdentifier(alias)}`, 'Values Scan', [], { Alias: alias });
  }

  private postings(postings: PostingExpr, plan: Plan & { kind: 'postingScan' }): Shown {
    if (postings.kind === 'search') {
      const scope = this.names.scopeOf(plan, undefined, this.options.verbose);
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
    const scope = this.names.scopeOf(plan);
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
}

function tableFields(name: string, alias: string): Record<string, unknown> {
  return { 'Relation Name': name, Alias: alias === '' ? name : alias };
}

function joinFields(type: JoinType): Record<string, unknown> {
  return { 'Join Type': type[0].toUpperCase() + type.slice(1) };
}

/** Subplans of targets are shown although the targets are not. */
function subplansNamed(targets: readonly Expr[], scope: DeparseScope): void {
  for (const subplan of subplansIn(targets)) scope.subplan(subplan);
}

/** Does evaluating the expression run other plans? */
export function runsSubplans(expr: Expr): boolean {
  return subplansIn([expr]).length > 0;
}
