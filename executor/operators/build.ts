/** Plan nodes to operators. */
import type { Plan } from '../../planner/plan.ts';
import { assertNever } from '../../types/assert.ts';
import { copyInsert } from '../copy/copy-insert.ts';
import { DeleteOperator } from '../modify/delete.ts';
import { InsertOperator } from '../modify/insert.ts';
import { LockRowsOperator } from '../modify/lock-rows.ts';
import { MergeOperator } from '../modify/merge.ts';
import { UpdateOperator } from '../modify/update.ts';
import type { Execution } from '../program.ts';
import { AggregateOperator } from './aggregate.ts';
import { asksForEachRow, callsRoutine, computedApart, isPageScan } from './apart.ts';
import { CteScanOperator, RecursiveUnionOperator, WithOperator, WorkTableScanOperator } from './cte.ts';
import { FunctionScanOperator, ProjectSetOperator } from './function-scan.ts';
import { GateOperator } from './gate.ts';
import { HashJoinOperator } from './hash-join.ts';
import { IndexScanOperator } from './index-scan.ts';
import { NestedLoopOperator } from './join.ts';
import type { Operator } from './operator.ts';
import { PostingScanOperator } from './posting-scan.ts';
import { AppendOperator, LimitOperator, ProjectOperator, RowProjectOperator } from './project.ts';
import { RowIdScanOperator } from './row-id-scan.ts';
import { isRunningWindow, RunningWindowOperator } from './running-window.ts';
import { SeqScanOperator } from './seq-scan.ts';
import { DistinctOperator, SetOperationOperator, UniqueOperator } from './set.ts';
import { SortOperator } from './sort.ts';
import { EmptyOperator, ResultOperator, ValuesOperator } from './values.ts';
import { VirtualScanOperator } from './virtual-scan.ts';
import { WindowOperator } from './window.ts';

export function buildOperator(plan: Plan, execution: Execution): Operator {
  const { program } = execution;
  if (program.callsRoutines && isPageScan(plan) && callsRoutine([plan.filter, plan.targets])) {
    return new RowProjectOperator(
      program.memo(plan, 'apart', () => computedApart(plan)),
      execution,
    );
  }
  switch (plan.kind) {
    case 'seqScan':
      return new SeqScanOperator(plan, execution);
    case 'indexScan':
      return new IndexScanOperator(plan, execution);
    case 'postingScan':
      return new PostingScanOperator(plan, execution);
    case 'rowIdScan':
      return new RowIdScanOperator(plan, execution);
    case 'virtualScan':
      return new VirtualScanOperator(plan, execution);
    case 'functionScan':
      return new FunctionScanOperator(plan, execution);
    case 'values':
      return new ValuesOperator(plan, execution);
    case 'result':
      return new ResultOperator(plan, execution);
    case 'empty':
      return new EmptyOperator();
    case 'project':
    case 'subqueryScan':
      return (plan.kind === 'project' && plan.isVolatile === true) ||
        (program.callsRoutines && callsRoutine([plan.filter, plan.targets])) ||
        program.memo(plan, 'correlated', () => asksForEachRow([plan.filter, plan.targets]))
        ? new RowProjectOperator(plan, execution)
        : new ProjectOperator(plan, execution);
    case 'gate':
      return new GateOperator(plan, execution);
    case 'projectSet':
      return new ProjectSetOperator(plan, execution);
    case 'nestedLoop':
      return new NestedLoopOperator(plan, execution);
    case 'hashJoin':
      return new HashJoinOperator(plan, execution);
    case 'sort':
      return new SortOperator(plan, execution);
    case 'limit':
      return new LimitOperator(plan, execution);
    case 'aggregate':
      return new AggregateOperator(plan, execution);
    case 'window':
      return isRunningWindow(plan) ? new RunningWindowOperator(plan, execution) : new WindowOperator(plan, execution);
    case 'distinct':
      return new DistinctOperator(plan, execution);
    case 'unique':
      return new UniqueOperator(plan, execution);
    case 'append':
      return new AppendOperator(plan, execution);
    case 'setOperation':
      return new SetOperationOperator(plan, execution);
    case 'with':
      return new WithOperator(plan, execution);
    case 'cteScan':
      return new CteScanOperator(plan, execution);
    case 'recursiveUnion':
      return new RecursiveUnionOperator(plan, execution);
    case 'workTableScan':
      return new WorkTableScanOperator(plan, execution);
    case 'lockRows':
      return new LockRowsOperator(plan, execution);
    case 'insert':
      return copyInsert(plan, execution) ?? new InsertOperator(plan, execution);
    case 'update':
      return new UpdateOperator(plan, execution);
    case 'delete':
      return new DeleteOperator(plan, execution);
    case 'merge':
      return new MergeOperator(plan, execution);
    default:
      return assertNever(plan);
  }
}
