/** CREATE OPERATOR, ALTER OPERATOR and which operator a statement means. After: PostgreSQL, operatorcmds.c and pg_operator.c. */
import type { OperatorEntry, ScalarFunction } from '../../catalog/function-entry.ts';
import { isOperatorVisible } from '../../catalog/functions/user-operators.ts';
import { BOOTSTRAP_ROLE_OID, type OperatorDefinition, type SchemaEntry } from '../../catalog/index.ts';
import type {
  AlterOperatorStatement,
  DefineStatement,
  DefinitionItem,
  ObjectAddress,
  QualifiedName,
} from '../../parser/ast.ts';
import { sqlError } from '../../types/errors.ts';
import { formatType, OID } from '../../types/index.ts';
import type { DdlContext, DdlResult } from './context.ts';
import { flagOf, nameOf, typeOf } from './definition-items.ts';
import { qualifiedName } from './describe.ts';
import { checkExecute, exactFunction, signatureText } from './named-functions.ts';
import { checkOwner, newObjectName } from './resolve.ts';
import { checkTypeUsage, resolveType, shownType } from './type-names.ts';

const INTERNAL = 2281;
const KNOWN = new Set(
  'leftarg rightarg function procedure commutator negator restrict join hashes merges sort1 sort2 ltcmp gtcmp'.split(
    ' ',
  ),
);
/** Of old: they say that it can be merged by. */
const SORT_ITEMS = ['sort1', 'sort2', 'ltcmp', 'gtcmp'];

function invalid(message: string, fields: { detail?: string } = {}): Error {
  return sqlError('42P13', message, fields);
}

/** Types of an operand: 0 none. */
function operandType(x: DdlContext, item: DefinitionItem | undefined): number {
  if (item === undefined) return 0;
  const type = typeOf(item);
  if (type.setOf) throw invalid('SETOF type not allowed for operator argument');
  return resolveType(x, { ...type, position: -1 }).typeOid;
}

interface Definition {
  readonly leftTypeOid: number;
  readonly rightTypeOid: number;
  readonly function: ScalarFunction;
  readonly commutator: QualifiedName | null;
  readonly negator: QualifiedName | null;
  readonly restrictOid: number;
  readonly joinOid: number;
  readonly hashes: boolean;
  readonly merges: boolean;
}

type Items = ReadonlyMap<string, DefinitionItem>;

function gather(x: DdlContext, statement: DefineStatement): Items {
  const items = new Map<string, DefinitionItem>();
  for (const item of statement.items) {
    if (KNOWN.has(item.name)) items.set(item.name === 'procedure' ? 'function' : item.name, item);
    else x.notice('WARNING', '42601', `operator attribute "${item.name}" not recognized`);
  }
  return items;
}

function definitionOf(x: DdlContext, items: Items): Definition {
  const leftTypeOid = operandType(x, items.get('leftarg'));
  const rightTypeOid = operandType(x, items.get('rightarg'));
  const functionItem = items.get('function');
  if (functionItem === undefined) throw invalid('operator function must be specified');
  if (leftTypeOid === 0 && rightTypeOid === 0) throw invalid('operator argument types must be specified');
  if (rightTypeOid === 0) {
    throw invalid('operator right argument type must be specified', { detail: 'Postfix operators are not supported.' });
  }
  const types = leftTypeOid === 0 ? [rightTypeOid] : [leftTypeOid, rightTypeOid];
  for (const oid of types) checkTypeUsage(x, oid);
  const fn = exactFunction(x, nameOf(functionItem), types);
  checkExecute(x, fn);
  checkTypeUsage(x, fn.returnType);
  const other = (name: string): QualifiedName | null => {
    const item = items.get(name);
    return item === undefined ? null : nameOf(item);
  };
  const flag = (name: string): boolean => {
    const item = items.get(name);
    return item !== undefined && flagOf(item);
  };
  return {
    leftTypeOid,
    rightTypeOid,
    function: fn,
    commutator: other('commutator'),
    negator: other('negator'),
    restrictOid: restrictionOf(x, other('restrict')),
    joinOid: joinOf(x, other('join')),
    hashes: flag('hashes'),
    merges: flag('merges') || SORT_ITEMS.some((name) => items.has(name)),
  };
}

/** What estimates how many rows a condition lets through. */
function restrictionOf(x: DdlContext, names: QualifiedName | null): number {
  if (names === null) return 0;
  const fn = exactFunction(x, names, [INTERNAL, OID.OID, INTERNAL, OID.INT4]);
  return estimator(x, names, fn, 'restriction');
}

function joinOf(x: DdlContext, names: QualifiedName | null): number {
  if (names === null) return 0;
  const types = [INTERNAL, OID.OID, INTERNAL, OID.INT2, INTERNAL];
  const found = x.lookUp.exactFunction(names, types);
  const old = found === null ? x.lookUp.exactFunction(names, types.slice(0, 4)) : found;
  const fn = old?.kind === 'scalar' ? old : exactFunction(x, names, types);
  return estimator(x, names, fn, 'join');
}

function estimator(x: DdlContext, names: QualifiedName, fn: ScalarFunction, word: 'restriction' | 'join'): number {
  if (fn.returnType !== OID.FLOAT8) {
    throw sqlError('42P17', `${word} estimator function ${names.join('.')} must return type ${formatType(OID.FLOAT8)}`);
  }
  checkExecute(x, fn);
  return fn.oid;
}

type Properties = Pick<OperatorDefinition, 'restrictOid' | 'joinOid' | 'hashes' | 'merges'>;

function checkProperties(
  { restrictOid, joinOid, hashes, merges }: Properties,
  isBinary: boolean,
  isBoolean: boolean,
  others: { readonly hasCommutator: boolean; readonly hasNegator: boolean },
): void {
  if (!isBinary) {
    if (others.hasCommutator) throw invalid('only binary operators can have commutators');
    if (joinOid !== 0) throw invalid('only binary operators can have join selectivity');
    if (merges) throw invalid('only binary operators can merge join');
    if (hashes) throw invalid('only binary operators can hash');
  }
  if (isBoolean) return;
  if (others.hasNegator) throw invalid('only boolean operators can have negators');
  if (restrictOid !== 0) throw invalid('only boolean operators can have restriction selectivity');
  if (joinOid !== 0) throw invalid('only boolean operators can have join selectivity');
  if (merges) throw invalid('only boolean operators can merge join');
  if (hashes) throw invalid('only boolean operators can hash');
}

/** An operator of this schema with exactly this signature, a shell too. */
function ownOperator(x: DdlContext, schemaOid: number, name: string, left: number, right: number) {
  const isIt = (entry: OperatorDefinition): boolean =>
    entry.schemaOid === schemaOid && entry.leftTypeOid === left && entry.rightTypeOid === right;
  return x.catalog.operatorsNamed(name).find(isIt);
}

interface Subject {
  readonly schema: SchemaEntry;
  readonly name: string;
  readonly leftTypeOid: number;
  readonly rightTypeOid: number;
}

/** The operator that is named as commutator or negator: one that is not there yet becomes a shell. 0: it is the operator itself. */
function otherOperator(
  x: DdlContext,
  names: QualifiedName,
  left: number,
  right: number,
  subject: Subject,
  isCommutator: boolean,
): number {
  const found = x.lookUp.exactOperator(names, left, right);
  const isItself = found?.definition !== undefined && isSubject(found.definition, subject);
  if (found !== null && !isItself) {
    if (found.definition === undefined) {
      if (!x.isSuperuser) throw sqlError('42501', `must be owner of operator ${found.name}`);
    } else checkOwner(x, found.definition.owner, `operator ${names[names.length - 1]}`);
    refuseSecondPartner(x, found, subject, isCommutator);
    return found.oid;
  }
  const { schema, name } = newObjectName(x, names);
  if (
    schema.oid === subject.schema.oid &&
    name === subject.name &&
    left === subject.leftTypeOid &&
    right === subject.rightTypeOid
  ) {
    if (!isCommutator) throw invalid('operator cannot be its own negator');
    return 0;
  }
  const oid = x.allocateOid();
  x.putEntry({
    class: 'operator',
    oid,
    name,
    schemaOid: schema.oid,
    owner: x.currentRoleOid,
    leftTypeOid: left,
    rightTypeOid: right,
    resultTypeOid: 0,
    functionOid: 0,
    commutatorOid: 0,
    negatorOid: 0,
    restrictOid: 0,
    joinOid: 0,
    hashes: false,
    merges: false,
  });
  return oid;
}

/** An operator that commutes with another, or negates it, does so with no second one. */
function refuseSecondPartner(x: DdlContext, found: OperatorEntry, subject: Subject, isCommutator: boolean): void {
  const { definition } = found;
  let partner = isCommutator ? found.commutator : found.negator;
  if (definition !== undefined) {
    const other = x.catalog.operator(isCommutator ? definition.commutatorOid : definition.negatorOid);
    if (other === undefined || isSubject(other, subject)) return;
    partner = other.name;
  }
  if (partner !== '') throw alreadyPartner(isCommutator, found.name, partner);
}

/** What has been said of a shell stays. */
function refuseOtherPartner(
  x: DdlContext,
  shell: OperatorDefinition,
  given: number | null,
  isCommutator: boolean,
): void {
  const known = isCommutator ? shell.commutatorOid : shell.negatorOid;
  if (given === null || known === 0 || known === given) return;
  throw alreadyPartner(isCommutator, x.catalog.operator(known)?.name ?? String(known), shell.name);
}

function alreadyPartner(isCommutator: boolean, name: string, partner: string): Error {
  const role = isCommutator ? 'commutator' : 'negator';
  return invalid(`${role} operator ${name} is already the ${role} of operator ${partner}`);
}

function isSubject(entry: OperatorDefinition, { schema, name, leftTypeOid, rightTypeOid }: Subject): boolean {
  return (
    entry.schemaOid === schema.oid &&
    entry.name === name &&
    entry.leftTypeOid === leftTypeOid &&
    entry.rightTypeOid === rightTypeOid
  );
}

/** The links back to an operator: set where there are none, taken away where it goes. */
export function linkOthers(
  x: DdlContext,
  { oid, commutatorOid, negatorOid }: OperatorDefinition,
  isGone: boolean,
): void {
  const next = (known: number): number => (isGone ? (known === oid ? 0 : known) : known === 0 ? oid : known);
  for (const [otherOid, key] of [
    [commutatorOid, 'commutatorOid'],
    [negatorOid, 'negatorOid'],
  ] as const) {
    const other = x.catalog.operator(otherOid);
    if (other !== undefined && other[key] !== next(other[key])) x.putEntry({ ...other, [key]: next(other[key]) });
  }
}

export function createOperator(x: DdlContext, statement: DefineStatement): DdlResult {
  const { schema, name } = newObjectName(x, statement.name);
  const made = definitionOf(x, gather(x, statement));
  const { leftTypeOid, rightTypeOid } = made;
  const resultTypeOid = made.function.returnType;
  checkProperties(made, leftTypeOid !== 0, resultTypeOid === OID.BOOL, {
    hasCommutator: made.commutator !== null,
    hasNegator: made.negator !== null,
  });
  const existing = ownOperator(x, schema.oid, name, leftTypeOid, rightTypeOid);
  if (existing !== undefined) {
    if (existing.functionOid !== 0) throw sqlError('42723', `operator ${name} already exists`);
    checkOwner(x, existing.owner, `operator ${name}`);
  }
  const subject = { schema, name, leftTypeOid, rightTypeOid };
  const other = (names: QualifiedName | null, left: number, right: number, isCommutator: boolean): number | null =>
    names === null ? null : otherOperator(x, names, left, right, subject, isCommutator);
  const commutatorOid = other(made.commutator, rightTypeOid, leftTypeOid, true);
  const negatorOid = other(made.negator, leftTypeOid, rightTypeOid, false);
  if (existing !== undefined) {
    refuseOtherPartner(x, existing, commutatorOid, true);
    refuseOtherPartner(x, existing, negatorOid, false);
  }
  // Shells are older than who names them.
  const oid = existing?.oid ?? x.allocateOid();
  const entry: OperatorDefinition = {
    class: 'operator',
    oid,
    name,
    schemaOid: schema.oid,
    owner: existing?.owner ?? x.currentRoleOid,
    leftTypeOid,
    rightTypeOid,
    resultTypeOid,
    functionOid: made.function.oid,
    // A shell has been made by who named it.
    commutatorOid: commutatorOid === 0 ? oid : (commutatorOid ?? existing?.commutatorOid ?? 0),
    negatorOid: negatorOid ?? existing?.negatorOid ?? 0,
    restrictOid: made.restrictOid,
    joinOid: made.joinOid,
    hashes: made.hashes,
    merges: made.merges,
  };
  x.putEntry(entry);
  linkOthers(x, entry, false);
  return { tag: 'CREATE OPERATOR' };
}

// --------------------------------------------------------------------------------------------------------------- names

/** `===(integer,integer)`, with the schema where the search path does not lead to it. */
export function operatorText(x: DdlContext, entry: OperatorDefinition): string {
  const name = isOperatorVisible(x.catalog, entry, x.searchPath)
    ? entry.name
    : `${qualifiedName(x.catalog.schemaName(entry.schemaOid), '').slice(0, -2)}${entry.name}`;
  const left = entry.leftTypeOid === 0 ? 'NONE' : shownType(x, entry.leftTypeOid);
  return `${name}(${left},${shownType(x, entry.rightTypeOid)})`;
}

function typesOf(x: DdlContext, object: ObjectAddress): readonly [number, number] {
  const [left, right] = object.types.map((type) =>
    type === null ? 0 : resolveType(x, { ...type, position: -1 }).typeOid,
  );
  return [left, right];
}

/** The operator that a statement means: built-in ones too. */
export function mustFindOperator(x: DdlContext, object: ObjectAddress): OperatorEntry {
  const [left, right] = typesOf(x, object);
  const { name } = object;
  const schema = name.length > 1 ? name[name.length - 2] : null;
  if (schema !== null && x.catalog.schemaOfPath(schema, x.searchPath) !== undefined) x.checkSchema(schema);
  const found = x.lookUp.exactOperator(name, left, right);
  if (found !== null) return found;
  if (right === 0) throw sqlError('42601', 'postfix operators are not supported');
  const shown = `${left === 0 ? '' : `${formatType(left)} `}${name.join('.')} ${formatType(right)}`;
  throw sqlError('42883', `operator does not exist: ${shown}`);
}

/** 42501 for who does not own it; the built-in ones are the bootstrap superuser's. */
export function checkOperatorOwner(x: DdlContext, object: ObjectAddress, found: OperatorEntry): void {
  checkOwner(x, found.definition?.owner ?? BOOTSTRAP_ROLE_OID, `operator ${object.name.join('.')}`);
}

/** One that the user may change. */
export function ownOperatorOf(x: DdlContext, object: ObjectAddress): OperatorDefinition {
  const found = mustFindOperator(x, object);
  checkOperatorOwner(x, object, found);
  return madeOperator(object, found);
}

export function madeOperator({ name }: ObjectAddress, { definition }: OperatorEntry): OperatorDefinition {
  if (definition !== undefined) return definition;
  throw sqlError('42501', `permission denied: "${name.join('.')}" is a system operator`);
}

/** 42723 when the schema has an operator of that name and signature. */
export function checkOperatorMove(x: DdlContext, entry: OperatorDefinition, target: SchemaEntry): void {
  if (ownOperator(x, target.oid, entry.name, entry.leftTypeOid, entry.rightTypeOid) === undefined) return;
  const shown = signatureText(
    [entry.name],
    [entry.leftTypeOid, entry.rightTypeOid].filter((oid) => oid !== 0),
  );
  throw sqlError('42723', `operator ${shown} already exists in schema "${target.name}"`);
}

// --------------------------------------------------------------------------------------------------------------- ALTER

const UNCHANGED = new Set([
  'leftarg',
  'rightarg',
  'function',
  'procedure',
  'commutator',
  'negator',
  'hashes',
  'merges',
]);

export function alterOperator(x: DdlContext, statement: AlterOperatorStatement): DdlResult {
  const found = mustFindOperator(x, statement.object);
  let restrict: QualifiedName | null | undefined;
  let join: QualifiedName | null | undefined;
  for (const item of statement.items) {
    const isNone = item.value === null || (item.value.kind === 'word' && item.value.text === 'none');
    const names = isNone ? null : nameOf(item);
    if (item.name === 'restrict') restrict = names;
    else if (item.name === 'join') join = names;
    else if (UNCHANGED.has(item.name)) {
      throw sqlError('42601', `operator attribute "${item.name}" cannot be changed`);
    } else throw sqlError('42601', `operator attribute "${item.name}" not recognized`);
  }
  const entry = ownOperatorOf(x, statement.object);
  const next = {
    ...entry,
    restrictOid: restrict === undefined ? entry.restrictOid : restrictionOf(x, restrict),
    joinOid: join === undefined ? entry.joinOid : joinOf(x, join),
  };
  checkProperties(next, found.leftType !== 0, found.resultType === OID.BOOL, {
    hasCommutator: false,
    hasNegator: false,
  });
  x.putEntry(next);
  return { tag: 'ALTER OPERATOR' };
}
