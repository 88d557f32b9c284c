/** CREATE TYPE of enums, domains, and their ALTERs. */

import { quoteIdentifier } from '../../catalog/functions/quote.ts';
import type { ColumnEntry, TypeEntry } from '../../catalog/index.ts';
import { systemDomain } from '../../catalog/system-types.ts';
import type {
  AlterDomainStatement,
  AlterEnumStatement,
  CheckConstraint,
  CreateDomainStatement,
  CreateEnumStatement,
  Expression,
  QualifiedName,
} from '../../parser/ast.ts';
import { sqlError } from '../../types/errors.ts';
import { baseTypeOid, OID, typeByOid } from '../../types/index.ts';
import { domainEntry, tableOfValue } from '../domains.ts';
import { collationFor } from './collations.ts';
import { tableText } from './constraints.ts';
import { type DdlContext, type DdlResult, type DdlSteps, wait } from './context.ts';
import { initialRights } from './grant.ts';
import { makeObjectName } from './names.ts';
import { removeComments } from './removal.ts';
import { renameLabelInTexts } from './rename-label.ts';
import { checkOwner, lockNewName, type NewName, newObjectName } from './resolve.ts';
import { defaultStoredText, storedText } from './stored-text.ts';
import { holdsType, isDomainOver } from './type-holders.ts';
import { checkTypeUsage, findTypeOid, resolveType } from './type-names.ts';
import { nowWithoutPlace } from './without-place.ts';

const LABEL_SIZE_MAX = 63;

export function checkTypeNameIsFree(x: DdlContext, target: NewName): void {
  if (x.catalog.typeByName(target.schema.name, target.name, x.searchPath) !== undefined) {
    throw sqlError('42710', `type "${target.name}" already exists`);
  }
}

export function newType(x: DdlContext, target: NewName, kind: TypeEntry['kind']): TypeEntry {
  return {
    class: 'type',
    oid: x.allocateOid(),
    name: target.name,
    schemaOid: target.schema.oid,
    owner: x.currentRoleOid,
    ...initialRights(x, 'type', x.currentRoleOid, target.schema.oid),
    arrayOid: x.allocateOid(),
    kind,
    labels: [],
    baseTypeOid: 0,
    baseTypeModifier: -1,
  };
}

function userType(x: DdlContext, names: QualifiedName): TypeEntry {
  const oid = findTypeOid(x, names);
  const type = x.catalog.type(oid);
  if (oid === 0) throw sqlError('42704', `type "${names.join('.')}" does not exist`);
  if (type === undefined || systemDomain(oid) !== undefined) {
    throw sqlError('42501', `must be owner of type ${names.join('.')}`);
  }
  checkOwner(x, type.owner, `type ${type.name}`);
  return type;
}

// --------------------------------------------------------------------------------------------------------------- enums

function checkLabel(label: string): void {
  if (Buffer.byteLength(label) <= LABEL_SIZE_MAX) return;
  throw sqlError('42602', `invalid enum label "${label}"`, {
    detail: `Labels must be ${LABEL_SIZE_MAX} bytes or less.`,
  });
}

export function* createEnum(x: DdlContext, statement: CreateEnumStatement): DdlSteps<DdlResult> {
  const target = newObjectName(x, statement.name);
  yield* lockNewName(x, target);
  checkTypeNameIsFree(x, target);
  const type = newType(x, target, 'enum');
  const seen = new Set<string>();
  for (const label of statement.labels) {
    checkLabel(label);
    if (seen.has(label)) {
      throw sqlError('23505', 'duplicate key value violates unique constraint "pg_enum_typid_label_index"', {
        detail: `Key (enumtypid, enumlabel)=(${type.oid}, ${label}) already exists.`,
        schema: 'pg_catalog',
        table: 'pg_enum',
        constraint: 'pg_enum_typid_label_index',
      });
    }
    seen.add(label);
  }
  x.putEntry({ ...type, labels: statement.labels, labelOids: statement.labels.map(() => x.allocateOid()) });
  return { tag: 'CREATE TYPE' };
}

/** A place between two others, which keep theirs: indexes hold them. */
function orderAt(orders: readonly number[], at: number): number {
  if (at === orders.length) return orders.length === 0 ? 1 : Math.floor(orders[at - 1]) + 1;
  if (at === 0) return Math.ceil(orders[0]) - 1;
  const order = (orders[at - 1] + orders[at]) / 2;
  if (order > orders[at - 1] && order < orders[at]) return order;
  throw sqlError('54000', 'too many enum labels were added at one place', {
    hint: 'Create a new type with the labels in their order, and change the columns to it.',
  });
}

/** What rows without the column have, ADD COLUMN's default, is kept as text. */
function renameMissingValues(x: DdlContext, oid: number, label: string, newLabel: string): void {
  for (const dependent of x.catalog.dependentsOf(oid)) {
    const relation = x.catalog.relation(dependent);
    if (relation === undefined || !relation.columns.some(hasMissing)) continue;
    const columns = relation.columns.map((column) =>
      hasMissing(column) ? { ...column, missingText: newLabel } : column,
    );
    x.putEntry({ ...relation, columns });
  }
  function hasMissing(column: ColumnEntry): boolean {
    return column.missingText === label && baseTypeOid(column.typeOid) === oid;
  }
}

export function alterEnum(x: DdlContext, statement: AlterEnumStatement): DdlResult {
  const type = userType(x, statement.name);
  if (type.kind !== 'enum') throw sqlError('42809', `${type.name} is not an enum`);
  const { action } = statement;
  const labels = [...type.labels];
  const oids = [...(type.labelOids ?? [])];
  const orders = [...(type.labelOrders ?? labels.map((_, i) => i + 1))];
  const tag = 'ALTER TYPE';
  if (action.kind === 'rename') {
    const at = labels.indexOf(action.label);
    if (at < 0) throw sqlError('22023', `"${action.label}" is not an existing enum label`);
    if (labels.includes(action.newLabel)) throw sqlError('42710', `enum label "${action.newLabel}" already exists`);
    checkLabel(action.newLabel);
    renameMissingValues(x, type.oid, action.label, action.newLabel);
    labels[at] = action.newLabel;
    const renamed = { ...type, labels, labelOids: oids, labelOrders: orders };
    x.putEntry(renamed);
    renameLabelInTexts(x, renamed, action.label, action.newLabel);
    return { tag };
  } else {
    checkLabel(action.label);
    if (labels.includes(action.label)) {
      const message = `enum label "${action.label}" already exists`;
      if (!action.ifNotExists) throw sqlError('42710', message);
      x.notice('NOTICE', '42710', `${message}, skipping`);
      return { tag };
    }
    const neighbour = action.before ?? action.after;
    let at = labels.length;
    if (neighbour !== null) {
      at = labels.indexOf(neighbour);
      if (at < 0) throw sqlError('22023', `"${neighbour}" is not an existing enum label`);
      if (action.after !== null) at++;
    }
    const order = orderAt(orders, at);
    labels.splice(at, 0, action.label);
    oids.splice(at, 0, x.allocateOid());
    orders.splice(at, 0, order);
  }
  x.putEntry({ ...type, labels, labelOids: oids, labelOrders: orders });
  return { tag };
}

// ------------------------------------------------------------------------------------------------------------- domains

interface DomainParts {
  notNull: boolean;
  defaultExpression: Expression | null;
  readonly checks: CheckConstraint[];
}

const KEY_WORDS = {
  primaryKey: 'primary key',
  unique: 'unique',
  foreignKey: 'foreign key',
  exclude: 'exclusion',
} as const;

function gatherDomain(statement: CreateDomainStatement): DomainParts {
  const parts: DomainParts = { notNull: false, defaultExpression: null, checks: [] };
  let sawNull = false;
  for (const constraint of statement.constraints) {
    switch (constraint.kind) {
      case 'notNull':
      case 'nullable': {
        const isNotNull = constraint.kind === 'notNull';
        if (sawNull && parts.notNull !== isNotNull) throw sqlError('42601', 'conflicting NULL/NOT NULL constraints');
        parts.notNull = isNotNull;
        sawNull = true;
        break;
      }
      case 'default':
        if (parts.defaultExpression !== null) throw sqlError('42601', 'multiple default expressions');
        parts.defaultExpression = constraint.expr;
        break;
      case 'check':
        if (constraint.noInherit) {
          throw sqlError('42P17', 'check constraints for domains cannot be marked NO INHERIT');
        }
        parts.checks.push(constraint);
        break;
      case 'unique':
        throw sqlError('42601', 'unique constraints not possible for domains');
      case 'primaryKey':
        throw sqlError('42601', 'primary key constraints not possible for domains');
      case 'foreignKey':
        throw sqlError('42601', 'foreign key constraints not possible for domains');
      default:
        throw sqlError('42601', 'specifying GENERATED is not possible for domains');
    }
  }
  return parts;
}

/** Makes sure that a domain's CHECK can be bound; answers its text. */
function bindDomainCheck(x: DdlContext, type: TypeEntry, expression: Expression): string {
  const target = { typeOid: OID.BOOL, typeModifier: -1 };
  const table = tableOfValue(type);
  const bound = nowWithoutPlace(() => x.bind(expression, table, 'check', target));
  return storedText(x, expression, bound, table, 'check', target);
}

type DomainCheck = NonNullable<TypeEntry['checks']>[number];

function domainCheck(
  x: DdlContext,
  type: TypeEntry,
  constraint: CheckConstraint,
  taken: readonly DomainCheck[],
): DomainCheck {
  let { name } = constraint;
  if (name === null) {
    for (let pass = 0; name === null; pass++) {
      const candidate = makeObjectName(type.name, null, pass === 0 ? 'check' : `check${pass}`);
      if (!taken.some((check) => check.name === candidate)) name = candidate;
    }
  } else if (taken.some((check) => check.name === constraint.name)) {
    throw sqlError('42710', `constraint "${name}" for domain "${type.name}" already exists`);
  }
  const text = bindDomainCheck(x, type, constraint.expr);
  return { oid: x.allocateOid(), name, text, validated: !constraint.notValid };
}

export function* createDomain(x: DdlContext, statement: CreateDomainStatement): DdlSteps<DdlResult> {
  const target = newObjectName(x, statement.name);
  yield* lockNewName(x, target);
  checkTypeNameIsFree(x, target);
  const base = nowWithoutPlace(() => resolveType(x, statement.type));
  checkTypeUsage(x, base.typeOid);
  const kind = typeByOid(base.typeOid)?.kind;
  if (kind === 'p') throw sqlError('42804', `"${statement.type.name.join('.')}" is not a valid base type for a domain`);
  const collationOid = collationFor(x, base.typeOid, statement.collation);
  const parts = gatherDomain(statement);
  let type: TypeEntry = {
    ...newType(x, target, 'domain'),
    baseTypeOid: base.typeOid,
    baseTypeModifier: base.typeModifier,
    ...(collationOid === undefined ? {} : { collationOid }),
    notNull: parts.notNull,
    defaultText: domainEntry(x.catalog, base.typeOid)?.defaultText ?? null,
    checks: [],
  };
  if (parts.defaultExpression?.kind === 'null') type = { ...type, defaultText: null };
  else if (parts.defaultExpression !== null) {
    const { defaultExpression } = parts;
    nowWithoutPlace(() => x.bind(defaultExpression, null, 'default', base));
    type = { ...type, defaultText: defaultStoredText(x, parts.defaultExpression, base) };
  }
  const checks: DomainCheck[] = [];
  for (const constraint of parts.checks) checks.push(domainCheck(x, type, constraint, checks));
  x.putEntry({ ...type, checks });
  return { tag: 'CREATE DOMAIN' };
}

export function* alterDomain(x: DdlContext, statement: AlterDomainStatement): DdlSteps<DdlResult> {
  const type = userType(x, statement.name);
  if (type.kind !== 'domain') throw sqlError('42809', `${type.name} is not a domain`);
  const { action } = statement;
  const tag = 'ALTER DOMAIN';
  switch (action.kind) {
    case 'setDefault': {
      let defaultText: string | null = null;
      if (action.expr !== null && action.expr.kind !== 'null') {
        const base = { typeOid: type.baseTypeOid, typeModifier: type.baseTypeModifier };
        const { expr } = action;
        nowWithoutPlace(() => x.bind(expr, null, 'default', base));
        defaultText = defaultStoredText(x, action.expr, base);
      }
      x.putEntry({ ...type, defaultText });
      return { tag };
    }
    case 'setNotNull':
      yield* checkStored(
        x,
        type,
        (column) => `${column} IS NULL`,
        (names) => sqlError('23502', `column "${names.column}" of table "${names.table}" contains null values`, names),
      );
      x.putEntry({ ...type, notNull: true });
      return { tag };
    case 'dropNotNull':
      x.putEntry({ ...type, notNull: false });
      return { tag };
    case 'addConstraint': {
      if (action.constraint.kind !== 'check') {
        const word = KEY_WORDS[action.constraint.kind];
        throw sqlError('42601', `${word} constraints not possible for domains`);
      }
      const check = domainCheck(x, type, action.constraint, type.checks ?? []);
      if (check.validated) yield* checkAgainstStored(x, type, check);
      x.putEntry({ ...type, checks: [...(type.checks ?? []), check] });
      return { tag };
    }
    case 'dropConstraint': {
      const dropped = type.checks?.find((check) => check.name === action.name);
      if (dropped === undefined) {
        const message = `constraint "${action.name}" of domain "${type.name}" does not exist`;
        if (!action.ifExists) throw sqlError('42704', message);
        x.notice('NOTICE', '00000', `${message}, skipping`);
        return { tag };
      }
      x.putEntry({ ...type, checks: type.checks?.filter((check) => check !== dropped) });
      removeComments(x, 'constraint', dropped.oid);
      return { tag };
    }
    case 'validateConstraint': {
      const check = type.checks?.find((candidate) => candidate.name === action.name);
      if (check === undefined) {
        throw sqlError('42704', `constraint "${action.name}" of domain "${type.name}" does not exist`);
      }
      yield* checkAgainstStored(x, type, check);
      const checks = (type.checks ?? []).map((each) => (each === check ? { ...each, validated: true } : each));
      x.putEntry({ ...type, checks });
      return { tag };
    }
  }
}

function checkAgainstStored(x: DdlContext, type: TypeEntry, check: DomainCheck): DdlSteps<void> {
  // VALUE is made a column by a subquery around the table's column.
  return checkStored(
    x,
    type,
    () => `NOT (${check.text})`,
    (names) => {
      const message = `column "${names.column}" of table "${names.table}" contains values that violate the new constraint`;
      return sqlError('23514', message, names);
    },
  );
}

interface ColumnNames {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
}

/** Looks at every column of the domain's type, or of a domain over it, for a value that meets the condition over `value`. */
function* checkStored(
  x: DdlContext,
  type: TypeEntry,
  condition: (column: string) => string,
  violated: (names: ColumnNames) => Error,
): DdlSteps<void> {
  for (const table of [...x.catalog.relations()].sort((a, b) => a.oid - b.oid)) {
    if (table.kind !== 'table' && table.kind !== 'materializedView') continue;
    for (const column of table.columns) {
      if (column.dropped) continue;
      if (!isDomainOver(column.typeOid, type.oid)) {
        if (!holdsType(column.typeOid, type.oid)) continue;
        throw sqlError(
          '0A000',
          `cannot alter type "${type.name}" because column "${table.name}.${column.name}" uses it`,
        );
      }
      const rows = yield* wait(
        x.runInternal(
          `SELECT 1 FROM (SELECT ${quoteIdentifier(column.name)} AS value FROM ${tableText(x, table)}) v WHERE ${condition('value')} LIMIT 1`,
        ),
      );
      if (rows.length === 0) continue;
      throw violated({ schema: x.catalog.schemaName(table.schemaOid), table: table.name, column: column.name });
    }
  }
}
