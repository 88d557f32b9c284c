/** Makes enums, domains and composite types of the catalog known to types/, which converts and compares their values. */
import { type BaseForm, registerType, type SqlType, setFurtherTypes, typeByOid } from '../types/index.ts';
import type { RelationEntry, TypeEntry } from './entries.ts';
import { quoteIdentifier } from './functions/quote.ts';
import { attributeNumber } from './kept-fields.ts';
import { systemRelationByType } from './system-tables.ts';
import { systemDomain } from './system-types.ts';

export const NAME_BYTES_MAX = 63;
const KIND_LETTERS = { enum: 'e', domain: 'd', composite: 'c', range: 'r', multirange: 'm', base: 'b' } as const;
const CATEGORIES = { enum: 'E', composite: 'C', range: 'R', multirange: 'R', base: 'U' } as const;
const FORM_CATEGORIES: Readonly<Record<BaseForm, string>> = { citext: 'S', hstore: 'U' };

/** Registers the type and its array type. Again, with the older entry, when a change of it was rolled back. */
export function registerTypeEntry(entry: TypeEntry): void {
  registerType(ownType(entry));
  if (entry.arrayOid !== 0) registerType(arrayTypeOver(entry));
}

function ownType(entry: TypeEntry): SqlType {
  const base = entry.kind === 'domain' ? typeByOid(entry.baseTypeOid) : undefined;
  const isEnum = entry.kind === 'enum';
  return {
    oid: entry.oid,
    name: entry.name,
    displayName: quoteIdentifier(entry.name),
    length: isEnum ? 4 : (base?.length ?? -1),
    byValue: isEnum || (base?.byValue ?? false),
    align: alignOf(entry),
    category: categoryOf(entry, base),
    preferred: false,
    elementOid: 0,
    arrayOid: entry.arrayOid,
    kind: KIND_LETTERS[entry.kind],
    delimiter: base?.delimiter ?? ',',
    storage: isEnum ? 'p' : (base?.storage ?? 'x'),
    ...(entry.kind === 'domain' ? { baseOid: entry.baseTypeOid, baseTypmod: entry.baseTypeModifier } : {}),
    ...(isEnum ? { enumLabels: entry.labels, enumLabelOids: entry.labelOids ?? [] } : {}),
    ...(entry.labelOrders === undefined ? {} : { enumSortOrders: entry.labelOrders }),
    ...(entry.range === undefined
      ? {}
      : { subtypeOid: entry.range.subtypeOid, multirangeOid: entry.range.multirangeOid }),
    ...(entry.rangeOid === undefined ? {} : { rangeOid: entry.rangeOid }),
    ...(entry.form === undefined ? {} : { form: entry.form }),
    ...(entry.kind === 'composite'
      ? {
          attributes: (entry.attributes ?? []).map(({ name, typeOid, typeModifier }) => ({
            name,
            typeOid,
            typmod: typeModifier,
          })),
          ...placesOf(entry),
        }
      : {}),
  };
}

/** Values are stored by the attributes' numbers. */
function placesOf(entry: TypeEntry): Pick<SqlType, 'places'> {
  const places = (entry.attributes ?? []).map((_, i) => attributeNumber(entry, i) - 1);
  return places.every((place, i) => place === i) ? {} : { places };
}

function categoryOf({ kind, form }: TypeEntry, base: SqlType | undefined): string {
  if (kind === 'domain') return base?.category ?? 'U';
  return form === undefined ? CATEGORIES[kind] : FORM_CATEGORIES[form];
}

function arrayTypeOver(entry: TypeEntry): SqlType {
  return {
    oid: entry.arrayOid,
    name: arrayTypeName(entry.name),
    displayName: `${quoteIdentifier(entry.name)}[]`,
    length: -1,
    byValue: false,
    align: alignOf(entry) === 'd' ? 'd' : 'i',
    category: 'A',
    preferred: false,
    elementOid: entry.oid,
    arrayOid: 0,
    kind: 'b',
    delimiter: ',',
    storage: 'x',
  };
}

function alignOf(entry: TypeEntry): SqlType['align'] {
  if (entry.kind === 'enum' || entry.kind === 'base') return 'i';
  const base = entry.kind === 'domain' ? typeByOid(entry.baseTypeOid) : undefined;
  return base?.align ?? rangeAlign(entry) ?? 'd';
}

// Row types of system tables, which are many and seldom asked for, and the domains of information_schema.
setFurtherTypes((oid) => {
  const relation = systemRelationByType(oid);
  const entry = relation === undefined ? systemDomain(oid) : rowTypeOf(relation);
  if (entry === undefined) return undefined;
  return entry.oid === oid ? ownType(entry) : arrayTypeOver(entry);
});

/** Ranges are aligned as their subtype is, but to four bytes at least; multiranges as their range. */
function rangeAlign(entry: TypeEntry): 'i' | 'd' | undefined {
  if (entry.range !== undefined) return typeByOid(entry.range.subtypeOid)?.align === 'd' ? 'd' : 'i';
  return entry.rangeOid === undefined ? undefined : typeByOid(entry.rangeOid)?.align === 'd' ? 'd' : 'i';
}

const rowTypes = new WeakMap<RelationEntry, TypeEntry>();

/** The composite type that every table and view has: its columns as attributes. */
export function rowTypeOf(relation: RelationEntry): TypeEntry | undefined {
  if (relation.rowTypeOid === undefined) return undefined;
  let type = rowTypes.get(relation);
  if (type === undefined) {
    type = {
      class: 'type',
      oid: relation.rowTypeOid,
      name: relation.name,
      schemaOid: relation.schemaOid,
      owner: relation.owner,
      arrayOid: relation.rowArrayTypeOid ?? 0,
      kind: 'composite',
      labels: [],
      baseTypeOid: 0,
      baseTypeModifier: -1,
      relationOid: relation.oid,
      attributes: relation.columns
        .filter((column) => !column.dropped)
        .map(({ name, typeOid, typeModifier, collationOid, number }) => ({
          name,
          typeOid,
          typeModifier,
          number,
          ...(collationOid === undefined ? {} : { collationOid }),
        })),
    };
    rowTypes.set(relation, type);
  }
  return type;
}

/** `_name`: what an array type is called that nothing is in the way of (array-types.ts). */
function arrayTypeName(name: string): string {
  return clippedName(`_${name}`);
}

/** Cut to the bytes of a name, at a character. */
export function clippedName(name: string): string {
  let result = name;
  while (Buffer.byteLength(result) > NAME_BYTES_MAX) result = result.slice(0, -1);
  return result;
}
