/** Types, tables, schemas and databases as XML Schema (SQL/XML 2008, 9.4 to 9.16). */
import { baseTypeOid, OID, typeByOid } from '../../../types/index.ts';
import { xmlNameOfIdentifier } from '../../../types/xml/index.ts';
import type { Catalog } from '../../catalog.ts';
import type { RelationEntry } from '../../entries.ts';
import type { ColumnDefinition, FunctionContext } from '../../function-entry.ts';
import { catalogOf } from '../system-catalog.ts';

const XSD = 'http://www.w3.org/2001/XMLSchema';

/** How tables are mapped. */
export interface MappingOptions {
  /** Null values are elements that say so, rather than none. */
  readonly nulls: boolean;
  /** Rows are elements of the table's name, without one around them. */
  readonly isForest: boolean;
  readonly targetNamespace: string;
}

export const elementName = (identifier: string): string => xmlNameOfIdentifier(identifier, { isFullyEscaped: true });

function qualifiedXmlName(...parts: readonly string[]): string {
  return parts.map((part) => xmlNameOfIdentifier(part, { isFullyEscaped: true, escapesPeriods: true })).join('.');
}

const TYPE_NAMES = new Map<number, string>([
  [OID.BPCHAR, 'CHAR'],
  [OID.VARCHAR, 'VARCHAR'],
  [OID.NUMERIC, 'NUMERIC'],
  [OID.INT4, 'INTEGER'],
  [OID.INT2, 'SMALLINT'],
  [OID.INT8, 'BIGINT'],
  [OID.FLOAT4, 'REAL'],
  [OID.FLOAT8, 'DOUBLE'],
  [OID.BOOL, 'BOOLEAN'],
  [OID.TIME, 'TIME'],
  [OID.TIMETZ, 'TIME_WTZ'],
  [OID.TIMESTAMP, 'TIMESTAMP'],
  [OID.TIMESTAMPTZ, 'TIMESTAMP_WTZ'],
  [OID.DATE, 'DATE'],
  [OID.XML, 'XML'],
]);

/** What the modifier adds to a type's name: its lengths. Columns are mapped without: only domains have it. */
function modifierName(typeOid: number, typmod: number): string {
  if (typmod < 0) return '';
  switch (typeOid) {
    case OID.BPCHAR:
    case OID.VARCHAR:
      return `_${typmod - 4}`;
    case OID.NUMERIC:
      return `_${((typmod - 4) >> 16) & 0xffff}_${(typmod - 4) & 0xffff}`;
    case OID.TIME:
    case OID.TIMETZ:
    case OID.TIMESTAMP:
    case OID.TIMESTAMPTZ:
      return `_${typmod}`;
    default:
      return '';
  }
}

function schemaNameOf(catalog: Catalog, typeOid: number): string {
  const entry = catalog.type(typeOid);
  if (entry !== undefined) return catalog.schemaName(entry.schemaOid);
  // The type of an array of a user's type is no entry of its own.
  const element = typeByOid(typeOid)?.elementOid ?? 0;
  const ofElement = element === 0 ? undefined : catalog.type(element);
  return ofElement === undefined ? 'pg_catalog' : catalog.schemaName(ofElement.schemaOid);
}

function typeName(context: FunctionContext, typeOid: number, typmod = -1): string {
  const known = TYPE_NAMES.get(typeOid);
  if (known !== undefined) return known + modifierName(typeOid, typmod);
  const type = typeByOid(typeOid);
  const schema = schemaNameOf(catalogOf(context), typeOid);
  return qualifiedXmlName(type?.kind === 'd' ? 'Domain' : 'UDT', context.currentDatabase, schema, type?.name ?? '');
}

const DIGITS = '\\p{Nd}{2}';
const TIME = `${DIGITS}:${DIGITS}:${DIGITS}(.\\p{Nd}+)?`;
const DAY = `\\p{Nd}{4}-${DIGITS}-${DIGITS}`;
const ZONE = `(\\+|-)${DIGITS}:${DIGITS}`;

function restriction(base: string, ...lines: readonly string[]): string {
  return `  <xsd:restriction base="xsd:${base}">\n${lines.map((line) => `    ${line}\n`).join('')}  </xsd:restriction>\n`;
}

function bounds(base: string, most: string, least: string): string {
  return restriction(base, `<xsd:maxInclusive value="${most}"/>`, `<xsd:minInclusive value="${least}"/>`);
}

const pattern = (text: string): string => `<xsd:pattern value="${text}"/>`;
const plain = (base: string): string => `  <xsd:restriction base="xsd:${base}"></xsd:restriction>\n`;

/** What a simple type is a restriction of; '': nothing is said of it. */
function simpleContent(context: FunctionContext, typeOid: number): string {
  switch (typeOid) {
    case OID.BPCHAR:
    case OID.VARCHAR:
    case OID.TEXT:
      return restriction('string');
    case OID.BYTEA:
      return restriction(context.format.xmlBinary === 'base64' ? 'base64Binary' : 'hexBinary');
    case OID.INT2:
      return bounds('short', '32767', '-32768');
    case OID.INT4:
      return bounds('int', '2147483647', '-2147483648');
    case OID.INT8:
      return bounds('long', '9223372036854775807', '-9223372036854775808');
    case OID.FLOAT4:
      return plain('float');
    case OID.FLOAT8:
      return plain('double');
    case OID.BOOL:
      return plain('boolean');
    case OID.TIME:
      return restriction('time', pattern(TIME));
    case OID.TIMETZ:
      return restriction('time', pattern(TIME + ZONE));
    case OID.TIMESTAMP:
      return restriction('dateTime', pattern(`${DAY}T${TIME}`));
    case OID.TIMESTAMPTZ:
      return restriction('dateTime', pattern(`${DAY}T${TIME}${ZONE}`));
    case OID.DATE:
      return restriction('date', pattern(DAY));
    default: {
      const type = typeByOid(typeOid);
      if (type?.kind !== 'd') return '';
      const typmod = type.baseTypmod ?? -1;
      return `  <xsd:restriction base="${typeName(context, baseTypeOid(typeOid), typmod)}"/>\n`;
    }
  }
}

function typeDefinition(context: FunctionContext, typeOid: number): string {
  if (typeOid === OID.XML) {
    const any = '<xsd:any name="element" minOccurs="0" maxOccurs="unbounded" processContents="skip"/>';
    return `<xsd:complexType mixed="true">\n  <xsd:sequence>\n    ${any}\n  </xsd:sequence>\n</xsd:complexType>\n`;
  }
  const name = typeName(context, typeOid);
  return `<xsd:simpleType name="${name}">\n${simpleContent(context, typeOid)}</xsd:simpleType>\n`;
}

/** Each type once, those of domains behind them. */
function typeDefinitions(context: FunctionContext, columns: readonly ColumnDefinition[]): string {
  const types = new Set(columns.map((column) => column.typeOid));
  for (const type of [...types]) types.add(baseTypeOid(type));
  return [...types].map((type) => `${typeDefinition(context, type)}\n`).join('');
}

function schemaStart(targetNamespace: string): string {
  const target =
    targetNamespace === '' ? '' : `\n    targetNamespace="${targetNamespace}"\n    elementFormDefault="qualified"`;
  return `<xsd:schema\n    xmlns:xsd="${XSD}"${target}>\n\n`;
}

const SCHEMA_END = '</xsd:schema>';

function complexType(name: string, group: 'sequence' | 'all', lines: readonly string[]): string {
  const inside = lines.map((line) => `    ${line}\n`).join('');
  return `<xsd:complexType name="${name}">\n  <xsd:${group}>\n${inside}  </xsd:${group}>\n</xsd:complexType>\n\n`;
}

const element = (name: string, type: string): string => `<xsd:element name="${name}" type="${type}"/>\n\n`;

export function columnsOfRelation(relation: RelationEntry): ColumnDefinition[] {
  return relation.columns
    .filter((column) => !column.dropped)
    .map(({ name, typeOid }) => ({ name, typeOid, typeModifier: -1 }));
}

/** A schema document for rows with these columns; `relation`: whose they are, null: a query's. */
export function tableSchema(
  context: FunctionContext,
  columns: readonly ColumnDefinition[],
  relation: RelationEntry | null,
  { nulls, isForest, targetNamespace }: MappingOptions,
): string {
  const names =
    relation === null
      ? []
      : [context.currentDatabase, catalogOf(context).schemaName(relation.schemaOid), relation.name];
  const rowType = qualifiedXmlName('RowType', ...names);
  const tableType = qualifiedXmlName('TableType', ...names);
  const name = relation === null ? (isForest ? 'row' : 'table') : elementName(relation.name);
  const occurs = nulls ? 'nillable="true"' : 'minOccurs="0"';
  const members = columns.map((column) => {
    const type = typeName(context, column.typeOid);
    return `<xsd:element name="${elementName(column.name)}" type="${type}" ${occurs}></xsd:element>`;
  });
  const rows = `<xsd:element name="row" type="${rowType}" minOccurs="0" maxOccurs="unbounded"/>`;
  return (
    schemaStart(targetNamespace) +
    typeDefinitions(context, columns) +
    complexType(rowType, 'sequence', members) +
    (isForest ? '' : complexType(tableType, 'sequence', [rows])) +
    element(name, isForest ? rowType : tableType) +
    SCHEMA_END
  );
}

/** A schema document for all the tables of a schema. */
export function schemaSchema(
  context: FunctionContext,
  schemaName: string,
  relations: readonly RelationEntry[],
  { isForest, targetNamespace }: MappingOptions,
): string {
  const database = context.currentDatabase;
  const members = relations.map(({ name }) => {
    const type = qualifiedXmlName(isForest ? 'RowType' : 'TableType', database, schemaName, name);
    const occurs = isForest ? ' minOccurs="0" maxOccurs="unbounded"' : '';
    return `<xsd:element name="${elementName(name)}" type="${type}"${occurs}/>`;
  });
  const type = qualifiedXmlName('SchemaType', database, schemaName);
  return (
    schemaStart(targetNamespace) +
    typeDefinitions(context, relations.flatMap(columnsOfRelation)) +
    complexType(type, isForest ? 'sequence' : 'all', members) +
    element(elementName(schemaName), type) +
    SCHEMA_END
  );
}

/** A schema document for the database. */
export function databaseSchema(
  context: FunctionContext,
  schemaNames: readonly string[],
  relations: readonly RelationEntry[],
  { targetNamespace }: MappingOptions,
): string {
  const database = context.currentDatabase;
  const members = schemaNames.map(
    (name) => `<xsd:element name="${elementName(name)}" type="${qualifiedXmlName('SchemaType', database, name)}"/>`,
  );
  const type = qualifiedXmlName('CatalogType', database);
  return (
    schemaStart(targetNamespace) +
    typeDefinitions(context, relations.flatMap(columnsOfRelation)) +
    complexType(type, 'all', members) +
    element(elementName(database), type) +
    SCHEMA_END
  );
}
