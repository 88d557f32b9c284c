/**
 * Row-level security: what a statement's tables are given of their policies, once all of it is bound and it is known what it does with
 * them. A table that is read gets conditions of its own, rows that are written checks. After: PostgreSQL, rewrite/rowsecurity.c.
 */
import type { Authority } from '../../catalog/authority.ts';
import type { PolicyCommand, PolicyEntry, RelationEntry } from '../../catalog/entries.ts';
import { restrictedRole } from '../../catalog/row-security.ts';
import type * as ast from '../../parser/ast.ts';
import type { PlannerEnvironment } from '../environment.ts';
import type { Expr } from '../expr.ts';
import {
  type CteDefinition,
  FALSE_CONST,
  logical,
  type ModifyQuery,
  makeOr,
  type Query,
  type Relation,
  type RowCheck,
  type TableRelation,
  toExpr,
} from '../logical.ts';
import type { RelationNeed } from '../rights.ts';
import { mapChildren, mapModify, mapQuery } from '../traverse.ts';
import { coerceToBoolean } from './coerce.ts';
import { collateExpr } from './collation.ts';
import { BindContext } from './context.ts';
import { bindExpr } from './expression.ts';
import { tableLevel } from './stored.ts';
import { BOOL } from './type-info.ts';

/** Binds what a policy is to ask of rows, for its errors. */
export function checkPolicyExpression(
  expression: ast.Expression,
  table: RelationEntry,
  environment: PlannerEnvironment,
): void {
  const context = new BindContext(environment);
  // PostgreSQL gives no positions.
  context.storedText++;
  const level = tableLevel(context, table, context.nextRel());
  level.withClause('policy', () => coerceToBoolean(context, bindExpr(level, expression), 'POLICY'));
}

export function securedQuery(context: BindContext, query: Query): Query {
  return context.readsSecured ? new RowSecurity(context).query(query) : query;
}

export function securedModify(context: BindContext, modify: ModifyQuery): ModifyQuery {
  return context.readsSecured ? new RowSecurity(context).modify(modify) : modify;
}

/** What the policies of a table say to a role, for one command. */
interface Policies {
  readonly permissive: readonly PolicyEntry[];
  readonly restrictive: readonly PolicyEntry[];
}

/** A table as somebody uses it: conditions are bound over `rel`. */
interface Use extends Readonly<Pick<RelationNeed, 'checkAs' | 'rights'>> {
  readonly table: RelationEntry;
  readonly rel: number;
  readonly role: Authority;
}

/** Of a relation that nobody has noted. */
const READ_BY_USER: Pick<RelationNeed, 'checkAs' | 'rights'> = { checkAs: 0, rights: 'r' };

class RowSecurity {
  readonly #context: BindContext;
  /** Tables whose policies are being bound. */
  readonly #open: RelationEntry[] = [];
  /** They are met again where they are mapped with what is around them. */
  readonly #done = new WeakSet<Query>();

  constructor(context: BindContext) {
    this.#context = context;
    // What is done through views is known then.
    context.rights.finish();
  }

  query(query: Query, target = -1): Query {
    if (this.#done.has(query)) return query;
    const mapped = mapQuery(query, this.#expr);
    const relations = new Map<number, Relation>();
    for (const [rel, relation] of mapped.relations) {
      relations.set(rel, rel === target ? relation : this.#relation(relation));
    }
    const { setOperation, ctes } = mapped;
    const result: Query = {
      ...mapped,
      relations,
      setOperation:
        setOperation === null
          ? null
          : { ...setOperation, left: this.query(setOperation.left), right: this.query(setOperation.right) },
      ctes: ctes.map((cte) => this.#cte(cte)),
    };
    this.#done.add(result);
    return result;
  }

  modify(modify: ModifyQuery): ModifyQuery {
    const mapped = mapModify(modify, this.#expr);
    const { target, command, table } = mapped;
    const use = this.#use(table, target);
    const source = this.query(mapped.source, target);
    const ctes = mapped.ctes.map((cte) => this.#cte(cte));
    if (use === null) return { ...mapped, source, ctes };
    const secured = { ...mapped, ctes, checks: [...this.#checks(use, mapped), ...mapped.checks] };
    if (command === 'insert') {
      const { onConflict } = mapped;
      if (onConflict?.action !== 'update') return { ...secured, source };
      const visible = [...this.#visible(use), ...onConflict.visible];
      return { ...secured, source, onConflict: { ...onConflict, visible } };
    }
    const relations = new Map(source.relations);
    const relation = relations.get(target) as TableRelation;
    const letter = command === 'update' ? 'w' : command === 'delete' ? 'd' : null;
    const security = [
      ...(reads(use) ? this.#quals(use, 'r') : []),
      ...(letter === null ? [] : this.#quals(use, letter)),
      // Of a view on the way to the table.
      ...(relation.security ?? []),
    ];
    relations.set(target, { ...relation, security });
    const merge = mapped.merge && { ...mapped.merge, guards: this.#guards(use) };
    return { ...secured, source: { ...source, relations }, merge };
  }

  readonly #expr = (expr: Expr): Expr => {
    const node = logical(expr);
    if (node.kind !== 'sublink') return mapChildren(expr, this.#expr);
    const test = node.test === null ? null : this.#expr(node.test);
    return toExpr({ ...node, test, query: this.query(node.query) });
  };

  #cte(cte: CteDefinition): CteDefinition {
    const { query, recursive, modify } = cte;
    return {
      ...cte,
      query: query && this.query(query),
      recursive: recursive && { ...recursive, start: this.query(recursive.start), step: this.query(recursive.step) },
      modify: modify && this.modify(modify),
    };
  }

  #relation(relation: Relation): Relation {
    if (relation.kind === 'subquery') return { ...relation, query: this.query(relation.query) };
    if (relation.kind !== 'table') return relation;
    const use = this.#use(relation.table, relation.rel);
    if (use === null) return relation;
    // To lock a row is to be about to change it.
    const locks = use.rights.includes('w');
    return { ...relation, security: [...this.#quals(use, 'r'), ...(locks ? this.#quals(use, 'w') : [])] };
  }

  /** Null: all of its rows are there for who uses it. */
  #use(table: RelationEntry, rel: number): Use | null {
    const { checkAs, rights } = this.#context.rights.of(rel) ?? READ_BY_USER;
    const role = roleUnder(this.#context, table, checkAs);
    return role === null ? null : { table, rel, checkAs, rights, role };
  }

  #policies({ table, role }: Use, command: PolicyCommand): Policies {
    const own = this.#context.catalog
      .policiesOf(table.oid)
      .filter(
        (policy) =>
          (policy.command === '*' || policy.command === command) &&
          policy.roles.some((oid) => oid === 0 || role.hasPrivilegesOf(oid)),
      );
    return {
      permissive: own.filter(({ permissive }) => permissive),
      restrictive: own.filter(({ permissive }) => !permissive),
    };
  }

  /** What rows must fulfil to be there for a command: something of the permissive policies, and all of the restrictive ones. */
  #quals(use: Use, command: PolicyCommand): Expr[] {
    const { permissive, restrictive } = this.#policies(use, command);
    const some = permissive.filter(({ hasUsing }) => hasUsing);
    if (some.length === 0) return [FALSE_CONST];
    const all = restrictive.filter(({ hasUsing }) => hasUsing).map((policy) => this.#bind(use, policy, 'using'));
    return [...all, makeOr(some.map((policy) => this.#bind(use, policy, 'using')))];
  }

  /** The same of rows that would else be left out, or written, in silence. `isUsing`: USING counts, whatever CHECK there is. */
  #asked(use: Use, command: PolicyCommand, event: RowCheck['event'], isUsing: boolean): RowCheck[] {
    const partOf = (policy: PolicyEntry): 'using' | 'check' | null =>
      !isUsing && policy.hasCheck ? 'check' : policy.hasUsing ? 'using' : null;
    const bind = (policy: PolicyEntry): Expr[] => {
      const part = partOf(policy);
      return part === null ? [] : [this.#bind(use, policy, part)];
    };
    const check = (name: string, expr: Expr): RowCheck => ({ name, kind: 'policy', event, expr: isTrue(expr) });
    const { permissive, restrictive } = this.#policies(use, command);
    const some = permissive.flatMap(bind);
    if (some.length === 0) return [check('', FALSE_CONST)];
    return [
      check('', makeOr(some)),
      ...restrictive.flatMap((policy) => bind(policy).map((expr) => check(policy.name, expr))),
    ];
  }

  #checks(use: Use, { command, onConflict }: ModifyQuery): RowCheck[] {
    const result: RowCheck[] = [];
    const add = (own: PolicyCommand, event: RowCheck['event']): void => {
      result.push(...this.#asked(use, own, event, false));
      // Who gives a row out, or asks for it, must be able to see it.
      if (reads(use) && (command !== 'merge' || event === 'update')) result.push(...this.#asked(use, 'r', event, true));
    };
    if (command === 'insert' || command === 'merge') add('a', 'insert');
    if (command === 'update' || command === 'merge' || onConflict?.action === 'update') add('w', 'update');
    return result;
  }

  #visible(use: Use): RowCheck[] {
    return [...this.#asked(use, 'w', 'update', true), ...(reads(use) ? this.#asked(use, 'r', 'update', true) : [])];
  }

  #guards(use: Use): RowCheck[] {
    return [...this.#asked(use, 'w', 'update', true), ...this.#asked(use, 'd', 'delete', true)];
  }

  #bind({ table, rel, checkAs }: Use, policy: PolicyEntry, part: 'using' | 'check'): Expr {
    const context = this.#context;
    if (this.#open.includes(table)) {
      throw context.error('42P17', `infinite recursion detected in policy for relation "${table.name}"`);
    }
    const { routine } = context;
    context.routine = null;
    context.storedText++;
    this.#open.push(table);
    try {
      const level = tableLevel(context, table, rel);
      const node = policyExpression(context, policy, part);
      const bound = context.resolved(true, () =>
        context.rights.as(checkAs, () =>
          coerceToBoolean(
            context,
            collateExpr(
              level,
              level.withClause('policy', () => bindExpr(level, node)),
            ),
            'POLICY',
          ),
        ),
      );
      return this.#expr(bound);
    } finally {
      this.#open.pop();
      context.storedText--;
      context.routine = routine;
    }
  }
}

/** Null: nobody need keep to policies. 42501 where row_security says that nothing may be left out. */
function roleUnder(context: BindContext, table: RelationEntry, checkAs: number): Authority | null {
  const { rowSecurity } = context.environment;
  const role = rowSecurity === undefined ? null : restrictedRole(rowSecurity, table, checkAs);
  if (rowSecurity === undefined || role === null || rowSecurity.isOn) return role;
  const hint = "To disable the policy for the table's owner, use ALTER TABLE NO FORCE ROW LEVEL SECURITY.";
  throw context.error(
    '42501',
    `query would be affected by row-level security policy for table "${table.name}"`,
    undefined,
    role.hasPrivilegesOf(table.owner) ? { hint } : {},
  );
}

/** Whether the statement looks at rows of the table, and does not only write them. */
function reads({ rights }: Use): boolean {
  return rights.includes('r');
}

function policyExpression({ environment }: BindContext, policy: PolicyEntry, part: 'using' | 'check'): ast.Expression {
  const { body } = environment.parse.statement(policy.queryText).node as ast.Query;
  if (body.kind !== 'select') throw new Error('a policy is kept as a SELECT');
  return body.targets[part === 'using' ? 0 : 1].expr;
}

/** A row of which nothing is known does not pass. */
function isTrue(arg: Expr): Expr {
  return toExpr({ kind: 'booleanTest', arg, test: 'true', negated: false, typeOid: BOOL, typeModifier: -1 });
}
