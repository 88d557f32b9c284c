/** CREATE TYPE ... AS RANGE: a range type, the multirange type over it, and the functions that construct their values. */
import { functionsByName } from '../../catalog/functions/index.ts';
import type { TypeEntry } from '../../catalog/index.ts';
import { operatorClassByName, operatorClassOf } from '../../catalog/pg-catalog/static-tables.ts';
import type { CreateRangeTypeStatement, QualifiedName, TypeName } from '../../parser/ast.ts';
import { sqlError } from '../../types/errors.ts';
import { baseTypeOid, formatType, isArrayType, isByteOrder, OID, typeByOid } from '../../types/index.ts';
import { mustFindCollation } from './collations.ts';
import type { DdlContext, DdlResult, DdlSteps } from './context.ts';
import { nameOf, typeOf } from './definition-items.ts';
import { at, lockNewName, type NewName, newObjectName } from './resolve.ts';
import { resolveType } from './type-names.ts';
import { checkTypeNameIsFree, newType } from './types.ts';

const NAME_SIZE_MAX = 63;
const DEFAULT_COLLATION = 100;
const C_COLLATION = 950;

type NameOption = 'subtype_opclass' | 'collation' | 'subtype_diff' | 'multirange_type_name';
interface Options {
  readonly subtype: TypeName | undefined;
  readonly names: ReadonlyMap<NameOption, QualifiedName>;
}

function gatherOptions(x: DdlContext, statement: CreateRangeTypeStatement): Options {
  let subtype: TypeName | undefined;
  const names = new Map<NameOption, QualifiedName>();
  const seen = new Set<string>();
  for (const item of statement.options) {
    const { name, position } = item;
    if (seen.has(name)) throw sqlError('42601', 'conflicting or redundant options', at(x, position));
    seen.add(name);
    switch (name) {
      case 'subtype':
        subtype = typeOf(item);
        break;
      case 'subtype_opclass':
      case 'collation':
      case 'subtype_diff':
      case 'multirange_type_name':
        names.set(name, nameOf(item));
        break;
      case 'canonical':
        nameOf(item);
        // Shell types cannot be made, so there is none: PostgreSQL's answer in that case.
        throw sqlError('42P17', 'cannot specify a canonical function without a pre-created shell type', {
          hint: 'Create the type as a shell type, then create its canonicalization function, then do a full CREATE TYPE.',
        });
      default:
        throw sqlError('42601', `type attribute "${name}" not recognized`);
    }
  }
  return { subtype, names };
}

function subtypeOf(x: DdlContext, given: TypeName | undefined): number {
  if (given === undefined) throw sqlError('42601', 'type attribute "subtype" is required');
  const { typeOid } = resolveType(x, { ...given, position: -1 });
  if (typeByOid(typeOid)?.kind === 'p') throw sqlError('42804', `range subtype cannot be ${formatType(typeOid)}`);
  return typeOid;
}

/** The type that the operator class of a type is for: anyenum of an enum, text of varchar. */
function comparedType(oid: number): number {
  const base = baseTypeOid(oid);
  const type = typeByOid(base);
  if (base === OID.VARCHAR) return OID.TEXT;
  if (base === OID.CIDR) return OID.INET;
  if (type === undefined) return base;
  if (isArrayType(type)) return OID.ANYARRAY;
  switch (type.kind) {
    case 'e':
      return OID.ANYENUM;
    case 'c':
      return OID.RECORD;
    case 'r':
      return OID.ANYRANGE;
    case 'm':
      return OID.ANYMULTIRANGE;
    default:
      return base;
  }
}

/** Oid of the operator class that orders the subtype. */
function operatorClass(subtypeOid: number, given: QualifiedName | undefined): number {
  const base = comparedType(subtypeOid);
  if (given === undefined) {
    const found = operatorClassOf(base, 'btree', undefined);
    if (found !== 0) return found;
    throw sqlError(
      '42704',
      `data type ${formatType(subtypeOid)} has no default operator class for access method "btree"`,
      {
        hint: 'You must specify an operator class for the range type or define a default operator class for the subtype.',
      },
    );
  }
  const shown = given.join('.');
  const found = operatorClassByName('btree', given[given.length - 1]);
  if (found === null) throw sqlError('42704', `operator class "${shown}" does not exist for access method "btree"`);
  if (found.typeOid !== base) {
    throw sqlError('42804', `operator class "${shown}" does not accept data type ${formatType(subtypeOid)}`);
  }
  return found.oid;
}

function collationOf(x: DdlContext, subtypeOid: number, given: QualifiedName | undefined): number {
  const isCollatable = [OID.TEXT, OID.VARCHAR, OID.BPCHAR, OID.NAME].includes(baseTypeOid(subtypeOid) as 25);
  if (given === undefined)
    return !isCollatable ? 0 : baseTypeOid(subtypeOid) === OID.NAME ? C_COLLATION : DEFAULT_COLLATION;
  if (!isCollatable) throw sqlError('42809', 'range collation specified but subtype does not support collation');
  const found = mustFindCollation(x, given);
  if (!isByteOrder(found.oid)) {
    throw sqlError('0A000', `ranges are ordered by bytes: collation "${found.name}" is not supported`);
  }
  return found.oid;
}

function differenceFunction(subtypeOid: number, name: QualifiedName): number {
  const shown = `${name.join('.')}(${formatType(subtypeOid)}, ${formatType(subtypeOid)})`;
  const found = functionsByName(name[name.length - 1]).find(
    (entry) => entry.argumentTypes.length === 2 && entry.argumentTypes.every((oid) => oid === subtypeOid),
  );
  if (found === undefined || found.kind !== 'scalar') throw sqlError('42883', `function ${shown} does not exist`);
  if (found.returnType !== OID.FLOAT8) {
    throw sqlError('42P17', `range subtype diff function ${shown} must return type double precision`);
  }
  if (found.volatility !== 'immutable') {
    throw sqlError('42P17', `range subtype diff function ${shown} must be immutable`);
  }
  return found.oid;
}

/** makeMultirangeTypeName: "range" in the name becomes "multirange", or _multirange is added. */
function multirangeName(name: string): string {
  const place = name.indexOf('range');
  if (place >= 0) return cut(`${name.slice(0, place)}multirange${name.slice(place + 5)}`, NAME_SIZE_MAX);
  return `${cut(name, NAME_SIZE_MAX - '_multirange'.length)}_multirange`;
}

function cut(text: string, bytes: number): string {
  let result = text;
  while (Buffer.byteLength(result) > bytes) result = [...result].slice(0, -1).join('');
  return result;
}

function multirangeTarget(x: DdlContext, range: NewName, given: QualifiedName | undefined): NewName {
  if (given !== undefined) {
    const target = newObjectName(x, given);
    checkTypeNameIsFree(x, target);
    return target;
  }
  const target = { ...range, name: multirangeName(range.name) };
  if (x.catalog.typeByName(target.schema.name, target.name, x.searchPath) !== undefined) {
    throw sqlError('42710', `type "${target.name}" already exists`, {
      detail: `Failed while creating a multirange type for type "${range.name}".`,
      hint: 'You can manually specify a multirange type name using the "multirange_type_name" attribute.',
    });
  }
  return target;
}

export function* createRangeType(x: DdlContext, statement: CreateRangeTypeStatement): DdlSteps<DdlResult> {
  const target = newObjectName(x, statement.name);
  yield* lockNewName(x, target);
  checkTypeNameIsFree(x, target);
  const { subtype, names } = gatherOptions(x, statement);
  const subtypeOid = subtypeOf(x, subtype);
  const collationOid = collationOf(x, subtypeOid, names.get('collation'));
  const operatorClassOid = operatorClass(subtypeOid, names.get('subtype_opclass'));
  const difference = names.get('subtype_diff');
  const differenceOid = difference === undefined ? 0 : differenceFunction(subtypeOid, difference);
  const multirange = multirangeTarget(x, target, names.get('multirange_type_name'));
  const range = newType(x, target, 'range');
  const over = newType(x, multirange, 'multirange');
  const constructors = (entry: TypeEntry, count: number): TypeEntry['constructors'] => ({
    name: entry.name,
    schemaOid: entry.schemaOid,
    oids: Array.from({ length: count }, () => x.allocateOid()),
  });
  x.putEntry({
    ...range,
    range: { subtypeOid, multirangeOid: over.oid, collationOid, operatorClassOid, differenceOid },
    constructors: constructors(range, 2),
  });
  x.putEntry({ ...over, rangeOid: range.oid, constructors: constructors(over, 3) });
  return { tag: 'CREATE TYPE' };
}
