/** EXCLUDE constraints: their elements, operators and index. After: PostgreSQL, DefineIndex. How they are kept: modify/exclusion.ts. */
import type { OperatorEntry } from '../../catalog/function-entry.ts';
import { uncollated } from '../../catalog/functions/collated.ts';
import { allOperators } from '../../catalog/functions/index.ts';
import { operatorEntry } from '../../catalog/functions/user-operators.ts';
import type { RelationEntry } from '../../catalog/index.ts';
import type { ExcludeConstraint, Expression } from '../../parser/ast.ts';
import { sqlError } from '../../types/errors.ts';
import { baseTypeOid, formatType, isArrayType, OID, typeByOid } from '../../types/index.ts';
import { checkConstraintName, putIndexConstraint } from './constraints.ts';
import type { DdlContext, DdlSteps } from './context.ts';
import { addIndex, checkIndexable, indexOptions, keyPart, requireImmutable } from './indexes.ts';
import { distinctColumnNames } from './names.ts';
import { at, findColumn } from './resolve.ts';
import { storedText } from './stored-text.ts';

type Method = 'gist' | 'btree' | 'hash';

function methodOf(x: DdlContext, constraint: ExcludeConstraint): Method {
  const { method } = constraint;
  switch (method) {
    case 'btree':
    case 'gist':
      return method;
    case 'hash':
      if (constraint.elements.length > 1) {
        throw sqlError('0A000', 'access method "hash" does not support multicolumn indexes');
      }
      if (constraint.include.length > 0) {
        throw sqlError('0A000', 'access method "hash" does not support included columns');
      }
      return method;
    case 'gin':
    case 'inverted':
    case 'brin':
      throw sqlError('0A000', `access method "${method}" does not support exclusion constraints`);
    case 'spgist':
      throw sqlError('0A000', 'access method "spgist" is not supported', at(x, constraint.position));
    default:
      throw sqlError('42704', `access method "${method}" does not exist`);
  }
}

/** An operator family of GiST: PostgreSQL's own, inet_ops where it is named, btree_gist's for scalars. */
interface Family {
  readonly name: string;
  readonly operators: readonly string[];
}

const RANGE_OPERATORS = ['&&', '=', '-|-'];
const SCALARS: Readonly<Record<number, string>> = {
  [OID.BOOL]: 'bool',
  [OID.INT2]: 'int2',
  [OID.INT4]: 'int4',
  [OID.INT8]: 'int8',
  [OID.FLOAT4]: 'float4',
  [OID.FLOAT8]: 'float8',
  [OID.NUMERIC]: 'numeric',
  [OID.OID]: 'oid',
  [OID.TEXT]: 'text',
  [OID.VARCHAR]: 'text',
  [OID.BPCHAR]: 'bpchar',
  [OID.BYTEA]: 'bytea',
  [OID.DATE]: 'date',
  [OID.TIME]: 'time',
  [OID.TIMETZ]: 'timetz',
  [OID.TIMESTAMP]: 'timestamp',
  [OID.TIMESTAMPTZ]: 'timestamptz',
  [OID.INTERVAL]: 'interval',
  [OID.MONEY]: 'cash',
  [OID.UUID]: 'uuid',
  [OID.MACADDR]: 'macad',
  [OID.MACADDR8]: 'macad8',
  [OID.INET]: 'inet',
  [OID.CIDR]: 'inet',
  [OID.BIT]: 'bit',
  [OID.VARBIT]: 'vbit',
};
const GEOMETRIC: Readonly<Record<number, Family>> = {
  [OID.BOX]: { name: 'box_ops', operators: ['&&', '~='] },
  [OID.CIRCLE]: { name: 'circle_ops', operators: ['&&', '~='] },
  [OID.POLYGON]: { name: 'poly_ops', operators: ['&&', '~='] },
  [OID.POINT]: { name: 'point_ops', operators: ['~='] },
};

function gistFamily(typeOid: number, operatorClass: string | undefined): Family | null {
  const base = baseTypeOid(typeOid);
  const type = typeByOid(base);
  if (type?.kind === 'r') return { name: 'range_ops', operators: RANGE_OPERATORS };
  if (type?.kind === 'm') return { name: 'multirange_ops', operators: RANGE_OPERATORS };
  if ((base === OID.INET || base === OID.CIDR) && operatorClass === 'inet_ops') {
    return { name: 'network_ops', operators: ['&&', '=', '<>'] };
  }
  if (type?.kind === 'e') return { name: 'gist_enum_ops', operators: ['=', '<>'] };
  if (type === undefined || isArrayType(type)) return null;
  // By way of text, whose operators are others.
  if (type.form === 'citext') return { name: 'gist_text_ops', operators: [] };
  if (base in SCALARS) return { name: `gist_${SCALARS[base]}_ops`, operators: ['=', '<>'] };
  return GEOMETRIC[base] ?? null;
}

/** Families that btree and hash have for several types. */
const SHARED_FAMILIES: Readonly<Record<number, string>> = {
  [OID.INT2]: 'integer_ops',
  [OID.INT4]: 'integer_ops',
  [OID.INT8]: 'integer_ops',
  [OID.FLOAT4]: 'float_ops',
  [OID.FLOAT8]: 'float_ops',
  [OID.TEXT]: 'text_ops',
  [OID.VARCHAR]: 'text_ops',
  [OID.DATE]: 'datetime_ops',
  [OID.TIMESTAMP]: 'datetime_ops',
  [OID.TIMESTAMPTZ]: 'datetime_ops',
  [OID.INET]: 'network_ops',
  [OID.CIDR]: 'network_ops',
};

function familyOf(typeOid: number, method: Method, operatorClass: string | undefined): Family {
  if (method === 'gist') {
    const family = gistFamily(typeOid, operatorClass);
    if (family !== null) return family;
    throw sqlError('42704', `data type ${formatType(typeOid)} has no default operator class for access method "gist"`, {
      hint: 'You must specify an operator class for the index or define a default operator class for the data type.',
    });
  }
  checkIndexable(typeOid, method);
  const base = baseTypeOid(typeOid);
  const kind = typeByOid(base)?.kind;
  const own = kind === 'r' ? 'range_ops' : kind === 'e' ? 'enum_ops' : `${typeByOid(base)?.name}_ops`;
  return { name: SHARED_FAMILIES[base] ?? own, operators: ['='] };
}

/** The operator of an element, over its type on both sides. */
function operatorOf(x: DdlContext, table: RelationEntry, expression: Expression, name: string): OperatorEntry {
  const node: Expression = {
    kind: 'operator',
    operator: name,
    schema: null,
    left: expression,
    right: expression,
    position: -1,
  };
  const bound = x.bind(node, table, 'index expression');
  const oid = bound.kind === 'call' ? uncollated(bound.function).oid : 0;
  const found =
    allOperators().find((operator) => operator.function.oid === oid) ??
    x.catalog
      .operatorsNamed(name)
      .map((made) => operatorEntry(x.catalog, made))
      .find((operator) => operator.function.oid === oid);
  if (found === undefined) throw sqlError('0A000', `operator ${name} is not supported in exclusion constraints`);
  return found;
}

function operatorText({ name, leftType, rightType }: OperatorEntry): string {
  return `${name}(${formatType(leftType)},${formatType(rightType)})`;
}

/** One element: what the index has as its key, and the operator by which two keys may not be alike. */
function keyElement(
  x: DdlContext,
  table: RelationEntry,
  { element, operator: operatorName }: ExcludeConstraint['elements'][number],
  method: Method,
) {
  if (element.column !== null && findColumn(table, element.column) === undefined) {
    throw sqlError('42703', `column "${element.column}" named in key does not exist`);
  }
  // Which operators there are goes by the type; a btree's own classes do not matter.
  const operatorClass = element.operatorClass?.[element.operatorClass.length - 1];
  const part = keyPart(x, table, { ...element, operatorClass: null }, method === 'gist' ? 'any' : method);
  const expression: Expression = element.expr ?? {
    kind: 'columnRef',
    name: [element.column as string],
    star: false,
    position: -1,
  };
  const { typeOid } = x.bind(expression, table, 'index expression');
  const family = familyOf(typeOid, method, operatorClass);
  const operator = operatorOf(x, table, expression, operatorName[operatorName.length - 1]);
  const isCommutative = operator.commutator === operator.name || operator.definition?.commutatorOid === operator.oid;
  if (!isCommutative) {
    throw sqlError('42809', `operator ${operatorText(operator)} is not commutative`, {
      detail: 'Only commutative operators can be used in exclusion constraints.',
    });
  }
  if (!family.operators.includes(operator.name)) {
    const shown = `operator ${operatorText(operator)} is not a member of operator family "${family.name}"`;
    throw sqlError('42809', shown, {
      detail: 'The exclusion operator must be related to the index operator class for the constraint.',
    });
  }
  const shownClass = operatorClass === 'inet_ops' && method === 'gist' ? { operatorClass } : {};
  return { name: part.name, column: { ...part.column, ...shownClass }, operatorOid: operator.oid };
}

export function* addExclusion(
  x: DdlContext,
  table: RelationEntry,
  constraint: ExcludeConstraint,
  isNewTable: boolean,
): DdlSteps<void> {
  if (constraint.name !== null && x.catalog.relationByName(table.schemaOid, constraint.name) === undefined) {
    checkConstraintName(x, table, constraint.name);
  }
  const method = methodOf(x, constraint);
  const parts = constraint.elements.map((element) => keyElement(x, table, element, method));
  let predicateText: string | null = null;
  if (constraint.where !== null) {
    const target = { typeOid: OID.BOOL, typeModifier: -1 };
    const predicate = x.bind(constraint.where, table, 'index predicate', target);
    requireImmutable(predicate, 'predicate');
    predicateText = storedText(x, constraint.where, predicate, table, 'index predicate', target);
  }
  const included = constraint.include.map((name) => {
    const column = findColumn(table, name);
    if (column === undefined) throw sqlError('42703', `column "${name}" named in key does not exist`);
    return column.number;
  });
  yield* addIndex(x, {
    name: constraint.name,
    table: x.catalog.relation(table.oid) ?? table,
    method: 'btree',
    unique: false,
    primary: false,
    columns: parts.map((part) => part.column),
    columnNames: distinctColumnNames([...parts.map((part) => part.name), ...constraint.include]),
    included,
    predicateText,
    nullsNotDistinct: false,
    options: method === 'gist' ? [] : indexOptions(constraint.options, method),
    exclusion: { method, operators: parts.map((part) => part.operatorOid) },
    putConstraint: (index) => putIndexConstraint(x, index, 'exclude', constraint),
    isEmpty: isNewTable || x.isEmpty(table),
  });
}
