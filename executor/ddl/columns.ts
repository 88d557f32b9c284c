/** Columns of CREATE TABLE and ADD COLUMN: type, default, identity, generation; their constraints are handed on. */
import type { ColumnEntry, Identity, RelationEntry } from '../../catalog/index.ts';
import type {
  CheckConstraint,
  ColumnConstraint,
  ColumnDefinition,
  Expression,
  ForeignKeyConstraint,
  KeyConstraint,
  SequenceOptions,
  TypeName,
} from '../../parser/ast.ts';
import { sqlError } from '../../types/errors.ts';
import { baseTypeOid, formatType, OID, typeByOid } from '../../types/index.ts';
import { columnCollation } from './collations.ts';
import { compressionOf } from './column-storage.ts';
import type { DdlContext } from './context.ts';
import { namedRelations, volatilityOf } from './expressions.ts';
import { withKeptTypes } from './kept-types.ts';
import { chooseRelationName } from './names.ts';
import { at, isSystemColumn } from './resolve.ts';
import { createSequence, nextvalText } from './sequences.ts';
import { defaultStoredText, storedText } from './stored-text.ts';
import { checkStorable, resolveType, type SerialType, serialType } from './type-names.ts';
import type { TypedColumn } from './typed-tables.ts';

const SERIAL_OIDS: Readonly<Record<SerialType, number>> = { int2: OID.INT2, int4: OID.INT4, int8: OID.INT8 };

/** 42701 for the first name that comes again. */
export function checkColumnNames(names: readonly string[]): void {
  const again = names.find((name, i) => names.includes(name, i + 1));
  if (again !== undefined) throw sqlError('42701', `column "${again}" specified more than once`);
}

/** A column as its definition says, before there is a table. */
export interface ColumnSpec {
  readonly name: string;
  readonly typeOid: number;
  readonly typeModifier: number;
  readonly notNull: boolean;
  readonly defaultExpression: Expression | null;
  readonly generated: boolean;
  readonly identity: Identity;
  /** Set for SERIAL and IDENTITY: the sequence that is to be made. */
  readonly sequence: { readonly options: SequenceOptions; readonly typeOid: number } | null;
  readonly checks: readonly CheckConstraint[];
  readonly keys: readonly KeyConstraint[];
  readonly foreignKeys: readonly ForeignKeyConstraint[];
  readonly position: number;
  /** From LIKE: text that is already checked. */
  readonly defaultText?: string;
  readonly defaultDependsOn?: readonly number[];
  readonly compression?: ColumnEntry['compression'];
  readonly storage?: ColumnEntry['storage'];
  readonly collationOid?: number;
}

/** Attributes that follow a constraint (DEFERRABLE ...) are only for those that can have them. */
function checkAttributes(x: DdlContext, constraint: ColumnConstraint): void {
  if (constraint.kind === 'foreignKey' || constraint.kind === 'primaryKey' || constraint.kind === 'unique') return;
  if (constraint.deferrable !== null || constraint.initiallyDeferred !== null) {
    throw sqlError('42601', 'misplaced DEFERRABLE clause', at(x, constraint.position));
  }
}

interface Gathered {
  notNull: boolean;
  /** NULL or NOT NULL was written. */
  sawNullability: boolean;
  defaultExpression: Expression | null;
  generated: boolean;
  identity: Identity;
  identityOptions: SequenceOptions;
  readonly checks: CheckConstraint[];
  readonly keys: KeyConstraint[];
  readonly foreignKeys: ForeignKeyConstraint[];
}

/** Reads a column's definition. `tableName` is for messages; `typed`: the type, where it is not the definition's to say. */
export function columnSpec(
  x: DdlContext,
  tableName: string,
  column: ColumnDefinition,
  typed: TypedColumn['type'] | null = null,
): ColumnSpec {
  if (isSystemColumn(column.name)) {
    throw sqlError('42701', `column name "${column.name}" conflicts with a system column name`);
  }
  const serial = column.type === null ? null : serialType(column.type);
  const { typeOid, typeModifier } =
    serial === null
      ? (typed ?? resolveType(x, column.type as TypeName))
      : { typeOid: SERIAL_OIDS[serial], typeModifier: -1 };
  checkStorable(x, column.name, typeOid);
  const collationOid =
    typed === null ? columnCollation(x, typeOid, column.collation, column.collationPosition) : typed.collationOid;
  const gathered: Gathered = {
    notNull: serial !== null,
    sawNullability: serial !== null,
    defaultExpression: null,
    generated: false,
    identity: null,
    identityOptions: {},
    checks: [],
    keys: [],
    foreignKeys: [],
  };
  const where = `for column "${column.name}" of table "${tableName}"`;
  for (const constraint of column.constraints) gather(x, gathered, constraint, serial, where);
  if (gathered.defaultExpression !== null && gathered.identity !== null) {
    const other = gathered.generated ? 'identity and generation expression' : 'default and identity';
    const last = column.constraints.findLast(({ kind }) => ['default', 'generated', 'identity'].includes(kind));
    throw sqlError('42601', `both ${other} specified ${where}`, at(x, last?.position ?? column.position));
  }
  if (gathered.identity !== null && typeOid !== OID.INT2 && typeOid !== OID.INT4 && typeOid !== OID.INT8) {
    throw sqlError('22023', 'identity column type must be smallint, integer, or bigint');
  }
  return {
    name: column.name,
    typeOid,
    typeModifier,
    notNull: gathered.notNull,
    defaultExpression: gathered.defaultExpression,
    generated: gathered.generated,
    identity: gathered.identity,
    sequence: serial !== null || gathered.identity !== null ? { options: gathered.identityOptions, typeOid } : null,
    checks: gathered.checks,
    keys: gathered.keys,
    foreignKeys: gathered.foreignKeys,
    position: column.position,
    compression: column.compression === null ? undefined : compressionOf(typeOid, column.compression),
    collationOid,
  };
}

function gather(
  x: DdlContext,
  gathered: Gathered,
  constraint: ColumnConstraint,
  serial: SerialType | null,
  where: string,
): void {
  checkAttributes(x, constraint);
  const position = at(x, constraint.position);
  const conflict = (): Error => sqlError('42601', `conflicting NULL/NOT NULL declarations ${where}`, position);
  switch (constraint.kind) {
    case 'notNull':
      if (gathered.sawNullability && !gathered.notNull) throw conflict();
      gathered.notNull = true;
      gathered.sawNullability = true;
      return;
    case 'nullable':
      if (gathered.sawNullability && gathered.notNull) throw conflict();
      gathered.sawNullability = true;
      return;
    case 'default':
      if (gathered.generated) {
        throw sqlError('42601', `both default and generation expression specified ${where}`, position);
      }
      if (gathered.defaultExpression !== null || serial !== null) {
        throw sqlError('42601', `multiple default values specified ${where}`, serial === null ? position : {});
      }
      gathered.defaultExpression = constraint.expr;
      return;
    case 'generated':
      if (gathered.generated) throw sqlError('42601', `multiple generation clauses specified ${where}`, position);
      if (gathered.defaultExpression !== null || serial !== null) {
        const at = serial === null ? position : {};
        throw sqlError('42601', `both default and generation expression specified ${where}`, at);
      }
      gathered.defaultExpression = constraint.expr;
      gathered.generated = true;
      return;
    case 'identity':
      if (serial !== null) throw sqlError('42601', `both default and identity specified ${where}`);
      if (gathered.identity !== null) {
        throw sqlError('42601', `multiple identity specifications ${where}`, position);
      }
      if (gathered.sawNullability && !gathered.notNull) throw conflict();
      gathered.identity = constraint.always ? 'always' : 'default';
      gathered.identityOptions = constraint.options;
      gathered.notNull = true;
      gathered.sawNullability = true;
      return;
    case 'check':
      gathered.checks.push(constraint);
      return;
    case 'primaryKey':
    case 'unique':
      gathered.keys.push(constraint);
      return;
    case 'foreignKey':
      gathered.foreignKeys.push(constraint);
      return;
  }
}

/** The entry without default: it is bound when all columns are known. */
export function bareColumn(spec: ColumnSpec, number: number, sinceLayout: number): ColumnEntry {
  return {
    number,
    name: spec.name,
    typeOid: spec.typeOid,
    typeModifier: spec.typeModifier,
    notNull: spec.notNull,
    defaultText: null,
    generated: spec.generated,
    identity: spec.identity,
    sequenceOid: 0,
    dropped: false,
    missingText: null,
    sinceLayout,
    ...(spec.compression === undefined ? {} : { compression: spec.compression }),
    ...(spec.storage === undefined ? {} : { storage: spec.storage }),
    ...(spec.collationOid === undefined ? {} : { collationOid: spec.collationOid }),
  };
}

export interface BoundDefault {
  readonly text: string;
  readonly dependsOn: readonly number[];
}

/** Checks and prints a DEFAULT. A plain NULL is no default, unless it stands instead of the domain's. */
export function bindDefault(
  x: DdlContext,
  expression: Expression,
  column: Pick<ColumnEntry, 'name' | 'typeOid' | 'typeModifier'>,
): BoundDefault | null {
  if (expression.kind === 'null' || isNullOf(x, expression, column.typeOid)) return nullDefault(column);
  const target = { typeOid: column.typeOid, typeModifier: column.typeModifier, columnName: column.name };
  x.takeUses();
  const expr = x.bind(expression, null, 'default', target);
  const uses = x.takeUses();
  const relations = namedRelations(expr);
  const text = nextvalOf(x, expression, relations) ?? defaultStoredText(x, expression, target);
  return { text, dependsOn: [...relations, ...uses] };
}

/**
 * DEFAULT NULL says nothing, and is not kept, but where PostgreSQL converts it: to a domain, and to a length, which it does with all that have one but
 * intervals (whose input takes care of it).
 */
function nullDefault({ typeOid, typeModifier }: Pick<ColumnEntry, 'typeOid' | 'typeModifier'>): BoundDefault | null {
  const isDomain = typeByOid(typeOid)?.kind === 'd';
  if (!isDomain && (typeModifier < 0 || typeOid === OID.INTERVAL)) return null;
  return { text: `NULL::${formatType(baseTypeOid(typeOid), -1)}`, dependsOn: [] };
}

/** NULL::type, without a length. */
function isNullOf(x: DdlContext, expression: Expression, typeOid: number): boolean {
  if (expression.kind !== 'cast' || expression.arg.kind !== 'null') return false;
  const own = x.bind(expression, null, 'default');
  return own.typeOid === typeOid && own.typeModifier < 0 && typeByOid(typeOid)?.kind !== 'd';
}

/** nextval('s') names a sequence by the search path of now: it is kept with its schema. Undefined: the expression is something else. */
function nextvalOf(x: DdlContext, expression: Expression, oids: readonly number[]): string | undefined {
  if (oids.length !== 1) return undefined;
  const sequence = x.catalog.sequence(oids[0]);
  if (sequence === undefined) return undefined;
  const text = x.deparse(withKeptTypes(x, expression));
  const isNextval = /^(pg_catalog\.)?nextval\('(?:[^']|'')*'(?:::(?:pg_catalog\.)?regclass)?\)$/.test(text);
  return isNextval ? nextvalText(x.catalog.schemaName(sequence.schemaOid), sequence.name) : undefined;
}

/** Checks and prints GENERATED ALWAYS AS (...) STORED. */
export function bindGenerated(
  x: DdlContext,
  expression: Expression,
  table: RelationEntry,
  column: Pick<ColumnEntry, 'name' | 'typeOid' | 'typeModifier'>,
): BoundDefault {
  const target = { typeOid: column.typeOid, typeModifier: column.typeModifier, columnName: column.name };
  const expr = x.bind(expression, table, 'generated', target);
  if (volatilityOf(expr, true) !== 'immutable') throw sqlError('42P17', 'generation expression is not immutable');
  return { text: storedText(x, expression, expr, table, 'generated', target), dependsOn: [] };
}

/** Makes the sequence of a SERIAL or IDENTITY column. */
export function addColumnSequence(
  x: DdlContext,
  table: RelationEntry,
  column: ColumnEntry,
  spec: NonNullable<ColumnSpec['sequence']>,
): ColumnEntry {
  const given = spec.options.sequenceName;
  const name =
    given === undefined
      ? chooseRelationName(x, table.name, column.name, 'seq', table.schemaOid, false)
      : given[given.length - 1];
  const sequence = createSequence(x, {
    name,
    schemaOid: table.schemaOid,
    persistence: table.persistence,
    options: spec.options,
    typeOid: spec.typeOid,
    ownedByTable: table.oid,
    ownedByColumn: column.number,
    owner: table.owner,
  });
  const isSerial = column.identity === null;
  return {
    ...column,
    sequenceOid: sequence.oid,
    defaultText: isSerial ? nextvalText(x.catalog.schemaName(table.schemaOid), sequence.name) : null,
    ...(isSerial ? { defaultDependsOn: [sequence.oid] } : {}),
  };
}

/** What the table as a whole depends on: user-made types of columns, sequences that defaults name. */
export function tableDependencies(x: DdlContext, columns: readonly ColumnEntry[]): number[] {
  const oids = new Set<number>();
  for (const column of columns) {
    if (column.dropped) continue;
    const type = x.catalog.type(column.typeOid);
    if (type !== undefined) oids.add(type.oid);
    for (const oid of column.defaultDependsOn ?? []) oids.add(oid);
  }
  return [...oids].sort((a, b) => a - b);
}
