/** Objects as PostgreSQL's messages call them: `table t`, `column a of table s.t`, `constraint c on table t`. */
import { findCollation } from '../../catalog/collations.ts';
import { quoteIdentifier } from '../../catalog/functions/quote.ts';
import type { NamedRelation, TypeEntry } from '../../catalog/index.ts';
import { attributeIndex } from '../../catalog/kept-fields.ts';
import { SEARCH_WORDS, type SearchClass, searchEntry, searchEntryName } from '../../catalog/text-search.ts';
import { formatType } from '../../types/index.ts';
import { castText } from './casts.ts';
import type { DdlContext } from './context.ts';
import { operatorText } from './operators.ts';
import { isVisible, kindWord } from './resolve.ts';
import { routineSignature } from './routine-names.ts';

/** What DROP looks at: an entry, or a column or default of one. */
export interface ObjectReference {
  readonly class:
    | 'relation'
    | 'index'
    | 'sequence'
    | 'constraint'
    | 'schema'
    | 'type'
    | 'column'
    | 'default'
    | 'expiry'
    | 'statistics'
    | 'policy'
    | 'collation'
    | 'routine'
    | 'extension'
    | 'operator'
    | 'cast'
    | SearchClass;
  readonly oid: number;
  /** For class column, default and expiry: oid is the table's. */
  readonly columnNumber: number;
}

export function reference(objectClass: ObjectReference['class'], oid: number, columnNumber = 0): ObjectReference {
  return { class: objectClass, oid, columnNumber };
}

export function referenceTo(entry: NamedRelation): ObjectReference {
  return reference(entry.class, entry.oid);
}

export function qualifiedName(schemaName: string, name: string): string {
  return `${quoteIdentifier(schemaName)}.${quoteIdentifier(name)}`;
}

/** Name, qualified when the search path does not lead to it. */
function relationLabel(x: DdlContext, entry: NamedRelation): string {
  if (isVisible(x, entry)) return quoteIdentifier(entry.name);
  return qualifiedName(x.catalog.schemaName(entry.schemaOid), entry.name);
}

function relationText(x: DdlContext, oid: number): string {
  const entry = x.catalog.namedRelation(oid);
  return entry === undefined ? `relation ${oid}` : `${kindWord(entry)} ${relationLabel(x, entry)}`;
}

function typeLabel(x: DdlContext, type: TypeEntry): string {
  const isSeen = x.catalog.typeByName(null, type.name, x.searchPath)?.oid === type.oid;
  return isSeen ? quoteIdentifier(type.name) : qualifiedName(x.catalog.schemaName(type.schemaOid), type.name);
}

function attributeText(x: DdlContext, typeOid: number, number: number): string {
  const type = x.catalog.type(typeOid);
  if (type === undefined) return `column ${number} of type ${typeOid}`;
  return `column ${type.attributes?.[attributeIndex(type, number)]?.name ?? ''} of composite type ${typeLabel(x, type)}`;
}

/** A CHECK of a domain, which is an entry of no class. */
export function domainCheck(
  x: DdlContext,
  oid: number,
): { domain: TypeEntry; check: { readonly name: string } } | undefined {
  for (const domain of x.catalog.types()) {
    const check = domain.checks?.find((each) => each.oid === oid);
    if (check !== undefined) return { domain, check };
  }
  return undefined;
}

export function describe(x: DdlContext, { class: objectClass, oid, columnNumber }: ObjectReference): string {
  switch (objectClass) {
    case 'relation':
    case 'index':
    case 'sequence':
      return relationText(x, oid);
    case 'column':
    case 'default': {
      const columns = x.catalog.relation(oid)?.columns;
      if (columns === undefined) return attributeText(x, oid, columnNumber);
      const column = `column ${columns[columnNumber - 1]?.name ?? ''} of ${relationText(x, oid)}`;
      return objectClass === 'default' ? `default value for ${column}` : column;
    }
    case 'expiry':
      return `row expiry of ${relationText(x, oid)}`;
    case 'constraint': {
      const constraint = x.catalog.constraint(oid);
      if (constraint === undefined) return `constraint ${domainCheck(x, oid)?.check.name ?? oid}`;
      return `constraint ${constraint.name} on ${relationText(x, constraint.tableOid)}`;
    }
    case 'policy': {
      const policy = x.catalog.policy(oid);
      if (policy === undefined) return `policy ${oid}`;
      return `policy ${policy.name} on ${relationText(x, policy.tableOid)}`;
    }
    case 'schema':
      return `schema ${x.catalog.schemaName(oid)}`;
    case 'type': {
      const type = x.catalog.type(oid);
      return type === undefined ? `type ${formatType(oid)}` : `type ${typeLabel(x, type)}`;
    }
    case 'collation': {
      const entry = x.catalog.collation(oid);
      if (entry === undefined) return `collation ${oid}`;
      const isSeen = findCollation(x.catalog, [entry.name], x.searchPath)?.oid === oid;
      const name = isSeen
        ? quoteIdentifier(entry.name)
        : qualifiedName(x.catalog.schemaName(entry.schemaOid), entry.name);
      return `collation ${name}`;
    }
    case 'routine': {
      const routine = x.catalog.routine(oid);
      // Procedures, too.
      return routine === undefined ? `function ${oid}` : `function ${routineSignature(x, routine)}`;
    }
    case 'extension':
      return `extension ${x.catalog.extension(oid)?.name ?? oid}`;
    case 'operator': {
      const entry = x.catalog.operator(oid);
      return entry === undefined ? `operator ${oid}` : `operator ${operatorText(x, entry)}`;
    }
    case 'cast': {
      const entry = x.catalog.cast(oid);
      return entry === undefined ? `cast ${oid}` : castText(x, entry.sourceTypeOid, entry.targetTypeOid);
    }
    case 'searchConfiguration':
    case 'searchDictionary':
    case 'searchParser':
    case 'searchTemplate': {
      const entry = searchEntry(x.catalog, objectClass, oid);
      const name = entry === undefined ? oid : searchEntryName(x.catalog, entry, x.searchPath);
      return `${SEARCH_WORDS[objectClass]} ${name}`;
    }
    case 'statistics': {
      const entry = x.catalog.entry('statistics', oid);
      if (entry?.class !== 'statistics') return `statistics object ${oid}`;
      const schema = x.catalog.schemaName(entry.schemaOid);
      const isSeen = x.searchPath.includes(schema);
      return `statistics object ${isSeen ? quoteIdentifier(entry.name) : qualifiedName(schema, entry.name)}`;
    }
  }
}
