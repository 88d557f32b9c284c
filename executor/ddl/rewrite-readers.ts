/** Views, policies and bodies of functions that read a relation, where it or a column of it gets another name. */
import type { DdlContext } from './context.ts';
import { rewritePolicies } from './policies.ts';
import { rewriteBodies } from './routine-bodies.ts';
import type { ViewRename } from './view-query.ts';
import { rewriteViews } from './views.ts';

export function rewriteReaders(x: DdlContext, change: ViewRename): void {
  rewriteViews(x, change);
  rewritePolicies(x, change);
  rewriteBodies(x, change);
}
