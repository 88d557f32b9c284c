/** CREATE, ALTER and DROP POLICY. After: PostgreSQL, commands/policy.c. */
import type { PolicyCommand, PolicyEntry, RelationEntry } from '../../catalog/entries.ts';
import { quoteIdentifier } from '../../catalog/functions/quote.ts';
import type { CreatePolicyStatement, Expression, ObjectAddress, Query, RoleSpec } from '../../parser/ast.ts';
import { ACCESS_EXCLUSIVE } from '../../storage/api.ts';
import { sqlError } from '../../types/errors.ts';
import type { DdlContext, DdlResult, DdlSteps } from './context.ts';
import { type ObjectReference, qualifiedName, reference } from './describe.ts';
import { withKeptTypes } from './kept-types.ts';
import {
  asTable,
  checkOwner,
  checkRelationOwner,
  findAndLock,
  findRelation,
  refuseSystem,
  relationMissing,
  roleOfSpec,
} from './resolve.ts';
import { isUnknownLiteral } from './understood-literal.ts';
import { type NormalizedQuery, normalizeQuery, parseQuery, type ViewRename } from './view-query.ts';
import { queryFields, viewTexts } from './views.ts';

const COMMANDS: Readonly<Record<CreatePolicyStatement['command'], PolicyCommand>> = {
  all: '*',
  select: 'r',
  insert: 'a',
  update: 'w',
  delete: 'd',
};
const EVERYBODY = 0;

export function* createPolicy(x: DdlContext, statement: CreatePolicyStatement): DdlSteps<DdlResult> {
  const command = COMMANDS[statement.command];
  const { using, withCheck } = statement;
  if ((command === 'r' || command === 'd') && withCheck !== null) {
    throw sqlError('42601', 'WITH CHECK cannot be applied to SELECT or DELETE');
  }
  if (command === 'a' && using !== null) throw sqlError('42601', 'only WITH CHECK expression allowed for INSERT');
  const roles = rolesOf(x, statement.roles);
  const table = yield* ownTable(x, statement.table);
  const parts = boundParts(x, table, using, withCheck);
  if (findPolicy(x, table, statement.name) !== undefined) {
    throw sqlError('42710', `policy "${statement.name}" for table "${table.name}" already exists`);
  }
  x.putEntry({
    class: 'policy',
    oid: x.allocateOid(),
    name: statement.name,
    tableOid: table.oid,
    command,
    permissive: statement.permissive,
    roles,
    hasUsing: using !== null,
    hasCheck: withCheck !== null,
    ...parts,
  });
  return { tag: 'CREATE POLICY' };
}

export function* alterPolicy(x: DdlContext, statement: CreatePolicyStatement): DdlSteps<DdlResult> {
  const roles = statement.roles.length === 0 ? null : rolesOf(x, statement.roles);
  const table = yield* ownTable(x, statement.table);
  const { using, withCheck } = statement;
  const given = boundParts(x, table, using, withCheck);
  const policy = mustFindPolicy(x, table, statement.name);
  if ((policy.command === 'r' || policy.command === 'd') && withCheck !== null) {
    throw sqlError('42601', 'only USING expression allowed for SELECT, DELETE');
  }
  if (policy.command === 'a' && using !== null) {
    throw sqlError('42601', 'only WITH CHECK expression allowed for INSERT');
  }
  const isChanged = using !== null || withCheck !== null;
  const merged = isChanged ? mergedParts(x, table, policy, statement, given) : {};
  x.putEntry({
    ...policy,
    ...merged,
    roles: roles ?? policy.roles,
    hasUsing: policy.hasUsing || using !== null,
    hasCheck: policy.hasCheck || withCheck !== null,
  });
  return { tag: 'ALTER POLICY' };
}

export function* renamePolicy(x: DdlContext, object: ObjectAddress, newName: string): DdlSteps<void> {
  const table = yield* ownTable(x, object.on as readonly string[]);
  if (findPolicy(x, table, newName) !== undefined) {
    throw sqlError('42710', `policy "${newName}" for table "${table.name}" already exists`);
  }
  x.putEntry({ ...mustFindPolicy(x, table, object.name[0]), name: newName });
}

/** What DROP POLICY names; undefined: there is no such policy. */
export function* findDroppedPolicy(x: DdlContext, object: ObjectAddress): DdlSteps<ObjectReference | undefined> {
  const found = yield* findAndLock(x, object.on as readonly string[], ACCESS_EXCLUSIVE, (each) => {
    checkOwner(x, asTable(each).owner, `relation ${each.name}`);
  });
  if (found === undefined) return undefined;
  const table = asTable(found);
  const policy = findPolicy(x, table, object.name[0]);
  return policy === undefined ? undefined : reference('policy', policy.oid);
}

/** Of a table that the user owns. 42704 where it has none of the name. */
export function ownPolicy(x: DdlContext, object: ObjectAddress): PolicyEntry {
  const on = object.on as readonly string[];
  const found = findRelation(x, on);
  if (found === undefined) throw relationMissing(x, on);
  const table = asTable(found);
  const policy = mustFindPolicy(x, table, object.name[0]);
  checkOwner(x, table.owner, `relation ${table.name}`);
  return policy;
}

function findPolicy(x: DdlContext, table: RelationEntry, name: string): PolicyEntry | undefined {
  return x.catalog.policiesOf(table.oid).find((policy) => policy.name === name);
}

function mustFindPolicy(x: DdlContext, table: RelationEntry, name: string): PolicyEntry {
  const found = findPolicy(x, table, name);
  if (found !== undefined) return found;
  throw sqlError('42704', `policy "${name}" for table "${table.name}" does not exist`);
}

function* ownTable(x: DdlContext, names: readonly string[]): DdlSteps<RelationEntry> {
  const found = yield* findAndLock(x, names, ACCESS_EXCLUSIVE, (each) => {
    checkRelationOwner(x, each);
    refuseSystem(each);
  });
  if (found === undefined) throw relationMissing(x, names);
  return asTable(found);
}

function rolesOf(x: DdlContext, specs: readonly RoleSpec[]): number[] {
  if (specs.length === 0) return [EVERYBODY];
  if (!specs.some(({ kind }) => kind === 'public')) return specs.map((spec) => roleOfSpec(x, spec).oid);
  if (specs.length > 1) {
    x.notice(
      'WARNING',
      '22023',
      'ignoring specified roles other than PUBLIC',
      undefined,
      'All roles are members of the PUBLIC role.',
    );
  }
  return [EVERYBODY];
}

type Parts = Pick<PolicyEntry, 'queryText' | 'viewText' | 'dependsOn' | 'dependsOnColumns'>;

/** Both conditions, bound and made independent of the search path. */
function boundParts(
  x: DdlContext,
  table: RelationEntry,
  using: Expression | null,
  withCheck: Expression | null,
): Parts {
  const asCondition = (part: Expression | null): Expression | null => {
    if (part === null) return null;
    x.checkPolicy(part, table);
    // 'yes' is true.
    return isUnknownLiteral(part) ? x.parseExpression(String(x.evaluate(x.bind(part, null, 'check')))) : part;
  };
  return keptParts(x, policyQuery(x, table, asCondition(using), asCondition(withCheck)));
}

function keptParts(x: DdlContext, query: Query): Parts {
  x.takeUses();
  x.describeQuery(query);
  const uses = x.takeUses();
  const normalized = normalizeQuery(x, withKeptTypes(x, query));
  return queryFields(x, normalized.query, normalized, uses);
}

/** SELECT using, check FROM table */
function policyQuery(
  x: DdlContext,
  table: RelationEntry,
  using: Expression | null,
  withCheck: Expression | null,
): Query {
  const from = qualifiedName(x.catalog.schemaName(table.schemaOid), table.name);
  return withTargets(
    parseQuery(`SELECT NULL AS ${quoteIdentifier('using')}, NULL AS ${quoteIdentifier('check')} FROM ${from}`),
    [using, withCheck],
  );
}

/** Null: NULL stays. */
function withTargets(query: Query, exprs: readonly (Expression | null)[]): Query {
  const { body } = query;
  if (body.kind !== 'select') throw new Error('a policy is kept as a SELECT');
  const targets = body.targets.map((target, i) => ({ ...target, expr: exprs[i] ?? target.expr }));
  return { ...query, body: { ...body, targets } };
}

function targetsOf({ body }: Query): readonly Expression[] {
  if (body.kind !== 'select') throw new Error('a policy is kept as a SELECT');
  return body.targets.map(({ expr }) => expr);
}

/** ALTER POLICY gives one condition: the other stays as it is. */
function mergedParts(
  x: DdlContext,
  table: RelationEntry,
  policy: PolicyEntry,
  { using, withCheck }: CreatePolicyStatement,
  given: Parts,
): Parts {
  if (using !== null && withCheck !== null) return given;
  const [oldUsing, oldCheck] = targetsOf(parseQuery(policy.queryText));
  const [newUsing, newCheck] = targetsOf(parseQuery(given.queryText));
  return keptParts(
    x,
    policyQuery(x, table, using === null ? oldUsing : newUsing, withCheck === null ? oldCheck : newCheck),
  );
}

/** Policies that read a relation name it, or its column, anew. */
export function rewritePolicies(x: DdlContext, change: ViewRename): void {
  for (const policy of [...x.catalog.policies()]) {
    if (policy.tableOid !== change.relationOid && !policy.dependsOn.includes(change.relationOid)) continue;
    const { query }: NormalizedQuery = normalizeQuery(x, parseQuery(policy.queryText), change);
    x.putEntry({ ...policy, ...viewTexts(x, query) });
  }
}

/** Policies that name the column of a table, the oldest first. */
export function policiesOfColumn(x: DdlContext, tableOid: number, columnNumber: number): PolicyEntry[] {
  const names = ({ dependsOnColumns }: PolicyEntry): boolean =>
    dependsOnColumns.some((use) => use.relationOid === tableOid && use.columnNumber === columnNumber);
  return [...x.catalog.policies()].filter(names).sort((a, b) => a.oid - b.oid);
}
