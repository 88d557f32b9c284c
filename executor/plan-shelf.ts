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

/** A statement that has been read, and makes others of itself, which are not planned. */
export interface ReadStatement<Statement> {
  readonly text: string;
  /** Literals of its text are lifted out: it serves all texts of its shape. */
  readonly isShareable: boolean;
  twin(): Statement;
}

export class PlanShelf<Statement extends ReadStatement<Statement>> {
  /** Of the catalog that the forks began with. */
  readonly catalogVersion: number;
  readonly #plans = new Map<string, ShelvedPlan>();
  /** Statements by the keys of statement caches, as they were read: without a program. */
  readonly #statements = new Map<string, { readonly statement: Statement; readonly text: string | null }>();

  constructor(catalogVersion: number) {
    this.catalogVersion = catalogVersion;
  }

  find(key: string): ShelvedPlan | undefined {
    return this.#plans.get(key);
  }

  add(key: string, plan: ShelvedPlan): void {
    put(this.#plans, key, plan);
  }

  /** A statement that another database has read, for this one; it is not planned yet. */
  statement(key: string, text: string): Statement | undefined {
    const found = this.#statements.get(key);
    return found !== undefined && (found.text === null || found.text === text) ? found.statement.twin() : undefined;
  }

  /** Kept is a twin: the statement itself has its plan, and with it its database. */
  addStatement(key: string, statement: Statement): void {
    put(this.#statements, key, { statement: statement.twin(), text: statement.isShareable ? null : statement.text });
  }
}

function put<T>(entries: Map<string, T>, key: string, value: T): void {
  if (entries.size >= PLANS_MAX) entries.delete(entries.keys().next().value as string);
  entries.set(key, value);
}
