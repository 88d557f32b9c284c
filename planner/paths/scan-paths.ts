/** Access paths of base relations, by kind of relation. */
import type { BaseRelation, JoinProblem } from './join-problem.ts';
import { planQuery } from './query.ts';
import { simplePaths, subqueryPaths } from './relation-paths.ts';
import { tablePaths } from './table-paths.ts';
import type { ScanOptions, ScanResult } from './table-scan.ts';

/** All paths of a base relation, its conditions included. */
export function scanPaths(problem: JoinProblem, base: BaseRelation, options: ScanOptions): ScanResult {
  const { planner } = problem;
  const restrictions = problem.restrictions(base.bit);
  const { relation } = base;
  switch (relation.kind) {
    case 'table':
      return tablePaths(problem, base, relation, restrictions, options);
    case 'subquery':
      return subqueryPaths(problem, base, planQuery(planner, relation.query), restrictions, relation.query);
    default:
      return simplePaths(problem, base, restrictions);
  }
}
