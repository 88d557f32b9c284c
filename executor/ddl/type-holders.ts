/** Types inside of types: which columns keep values of a type somewhere inside, and which types may not. */
import { FIRST_NORMAL_OID, type RelationEntry } from '../../catalog/index.ts';
import { sqlError } from '../../types/errors.ts';
import { baseTypeOid, formatType, isArrayType, typeByOid } from '../../types/index.ts';
import type { DdlContext } from './context.ts';
import { describe } from './describe.ts';
import { textsWithType } from './routine-dependents.ts';

export function isDomainOver(oid: number, domain: number): boolean {
  for (let each = oid; ; each = typeByOid(each)?.baseOid ?? 0) {
    if (each === domain) return true;
    if (typeByOid(each)?.kind !== 'd') return false;
  }
}

/** The type is the other, or has it as element, bounds, base type or attribute. */
export function holdsType(oid: number, inner: number): boolean {
  if (isDomainOver(oid, inner)) return true;
  if (oid < FIRST_NORMAL_OID && inner >= FIRST_NORMAL_OID) return false;
  const type = typeByOid(baseTypeOid(oid));
  if (type === undefined) return false;
  const inside = [isArrayType(type) ? type.elementOid : 0, type.subtypeOid ?? 0, type.rangeOid ?? 0]
    .concat((type.attributes ?? []).map(({ typeOid }) => typeOid))
    .filter((each) => each !== 0);
  return inside.some((each) => holdsType(each, inner));
}

/** A column or attribute of the type would be inside of itself. */
export function refuseMembership(typeOid: number, rowTypeOid: number | undefined): void {
  if (rowTypeOid === undefined || !holdsType(typeOid, rowTypeOid)) return;
  throw sqlError('42P16', `composite type ${formatType(rowTypeOid)} cannot be made a member of itself`);
}

/** What names a type whose values look otherwise from now on, in the words of find_composite_type_dependencies: the first by oid. */
export function namerOfType(x: DdlContext, typeOid: number): string | null {
  const [first] = textsWithType(x, typeOid).sort((a, b) => a.oid - b.oid);
  if (first === undefined) return null;
  const text = describe(x, first);
  if (first.class === 'column') return `default value for ${text}`;
  return first.class === 'relation' ? `rule _RETURN on ${text}` : text;
}

/**
 * What keeps values of a type in its rows, in the words of find_composite_type_dependencies; null: nothing. That goes depth first: the
 * array type, then tables and the types that have it inside, by oid.
 */
export function holderOfType(x: DdlContext, typeOid: number): string | null {
  const arrayOid = typeByOid(typeOid)?.arrayOid ?? 0;
  const inArrays = arrayOid === 0 ? null : holderOfType(x, arrayOid);
  if (inArrays !== null) return inArrays;
  const tables = [...x.catalog.relations()].filter(({ columns }) => columns.some(isOfType));
  const types = [...x.catalog.types()].filter(
    ({ kind, baseTypeOid: base, range, rangeOid, attributes = [] }) =>
      (kind === 'domain' && base === typeOid) ||
      range?.subtypeOid === typeOid ||
      rangeOid === typeOid ||
      attributes.some((attribute) => attribute.typeOid === typeOid),
  );
  for (const holder of [...tables, ...types].sort((a, b) => a.oid - b.oid)) {
    if (holder.class === 'type' || (holder.kind !== 'table' && holder.kind !== 'materializedView')) {
      const inner = holder.class === 'type' ? holder.oid : holder.rowTypeOid;
      const found = inner === undefined ? null : holderOfType(x, inner);
      if (found !== null) return found;
    } else return `column "${holder.name}.${holder.columns.find(isOfType)?.name}"`;
  }
  return null;
  function isOfType(column: RelationEntry['columns'][number]): boolean {
    return !column.dropped && column.typeOid === typeOid;
  }
}

/** Rows that are kept in columns of other tables are not rewritten with their own. */
export function refuseKeptRows(x: DdlContext, table: RelationEntry): void {
  const { rowTypeOid } = table;
  if (rowTypeOid === undefined) return;
  const where = holderOfType(x, rowTypeOid) ?? namerOfType(x, rowTypeOid);
  if (where !== null) throw sqlError('0A000', `cannot alter table "${table.name}" because ${where} uses its row type`);
}
