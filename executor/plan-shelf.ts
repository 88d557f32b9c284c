/**
 * Plans that forks of one beginning share. A fork begins with its parent's definitions, so what one fork has planned is right for another as
 * long as neither has changed any: the code for it is made anew, for its own tables, the plan is not.
 *
 * What is kept knows no database: expressions that check domains are bound to one, and stay with it.
 */
import type { PlannedStatement } from '../planner/plan.ts';

const PLANS_MAX = 500;

export interface ShelvedPlan {
  readonly planned: PlannedStatement;
  /** Rows of the tables that it was made for, in the order of its locks. */
  readonly rows: readonly number[];
}

export class PlanShelf {
  /** Of the catalog that the forks began with. */
  readonly catalogVersion: number;
  readonly #plans = new Map<string, ShelvedPlan>();

  constructor(catalogVersion: number) {
    this.catalogVersion = catalogVersion;
  }

  find(key: string): ShelvedPlan | undefined {
    return this.#plans.get(key);
  }

  add(key: string, plan: ShelvedPlan): void {
    if (this.#plans.size >= PLANS_MAX) this.#plans.delete(this.#plans.keys().next().value as string);
    this.#plans.set(key, plan);
  }
}
