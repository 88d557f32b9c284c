/**
 * Fields of composite types in kept texts: (x).f stands there by the type's oid and the number of the attribute, as in PostgreSQL's
 * FieldSelect, so that another name makes no difference. Fields of records without a type keep their names.
 */
import type { TypeEntry } from './entries.ts';

const MARK = '\u0007';
const QUOTED = new RegExp(`"${MARK}([0-9]+),([0-9]+)"`, 'g');

export interface KeptField {
  readonly typeOid: number;
  /** Of the attribute (attributeNumber). */
  readonly number: number;
}

/** The number of a composite type's attribute, by its place. Dropped ones leave gaps. */
export function attributeNumber(type: TypeEntry, index: number): number {
  return type.attributes?.[index]?.number ?? index + 1;
}

/** How many numbers its attributes have had: as many as pg_class.relnatts says. */
export function attributeNumbers(type: TypeEntry): number {
  const { attributes = [], attributeNumbers: given = 0 } = type;
  return attributes.reduce((most, _, i) => Math.max(most, attributeNumber(type, i)), given);
}

/** Where the attribute of the number is; -1: nowhere. */
export function attributeIndex(type: TypeEntry, number: number): number {
  return (type.attributes ?? []).findIndex((_, i) => attributeNumber(type, i) === number);
}

/** The identifier (unquoted) that a field is kept under. */
export function keptFieldName({ typeOid, number }: KeptField): string {
  return `${MARK}${typeOid},${number}`;
}

/** What keptFieldName made an identifier of; null: of nothing. */
export function keptField(name: string): KeptField | null {
  if (!name.startsWith(MARK)) return null;
  const [typeOid, number] = name.slice(MARK.length).split(',').map(Number);
  return { typeOid, number };
}

/** The text with each of them as `shown` writes it. */
export function replaceKeptFields(text: string, shown: (field: KeptField) => string): string {
  if (!text.includes(MARK)) return text;
  return text.replace(QUOTED, (_, typeOid: string, number: string) =>
    shown({ typeOid: Number(typeOid), number: Number(number) }),
  );
}

/** The fields that a kept text names. */
export function keptFields(text: string): KeptField[] {
  if (!text.includes(MARK)) return [];
  return [...text.matchAll(QUOTED)].map((match) => ({ typeOid: Number(match[1]), number: Number(match[2]) }));
}
