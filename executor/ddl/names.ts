/** Names that PostgreSQL makes up: t_pkey, t_a_key, t_a_b_idx, t_a_seq, with numbers when taken, in at most 63 bytes. */
import type { DdlContext } from './context.ts';
import { isRelationName } from './resolve.ts';

const NAME_SIZE_MAX = 63;

function byteLength(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/** The longest prefix of whole characters that fits. */
function clipBytes(text: string, size: number): string {
  if (byteLength(text) <= size) return text;
  let result = '';
  let used = 0;
  for (const character of text) {
    used += byteLength(character);
    if (used > size) break;
    result += character;
  }
  return result;
}

/** name1_name2_label, where the longer of the two names is cut first. */
export function makeObjectName(name1: string, name2: string | null, label: string | null): string {
  const overhead = (name2 === null ? 0 : 1) + (label === null ? 0 : label.length + 1);
  let size1 = byteLength(name1);
  let size2 = name2 === null ? 0 : byteLength(name2);
  while (size1 + size2 > NAME_SIZE_MAX - overhead) {
    if (size1 > size2) size1--;
    else size2--;
  }
  let name = clipBytes(name1, size1);
  if (name2 !== null) name += `_${clipBytes(name2, size2)}`;
  return label === null ? name : `${name}_${label}`;
}

/** A name that no relation of the schema has (nor, for indexes of constraints, any constraint). */
export function chooseRelationName(
  x: DdlContext,
  name1: string,
  name2: string | null,
  label: string,
  schemaOid: number,
  isConstraint: boolean,
): string {
  for (let pass = 0; ; pass++) {
    const name = makeObjectName(name1, name2, pass === 0 ? label : `${label}${pass}`);
    if (isRelationName(x, schemaOid, name)) continue;
    if (isConstraint && x.catalog.constraintsByName(schemaOid, name).length > 0) continue;
    return name;
  }
}

/** A name that no constraint of the schema has, nor one of `taken`. */
export function chooseConstraintName(
  x: DdlContext,
  name1: string,
  name2: string | null,
  label: string,
  schemaOid: number,
  taken: ReadonlySet<string>,
): string {
  for (let pass = 0; ; pass++) {
    const name = makeObjectName(name1, name2, pass === 0 ? label : `${label}${pass}`);
    if (!taken.has(name) && x.catalog.constraintsByName(schemaOid, name).length === 0) return name;
  }
}

/** Column names joined by `_`, as the middle of an index's or foreign key's name: stops when it is long enough. */
export function joinColumnNames(names: readonly string[]): string {
  let result = '';
  for (const name of names) {
    if (result !== '') result += '_';
    result += name;
    if (byteLength(result) >= NAME_SIZE_MAX) break;
  }
  return clipBytes(result, NAME_SIZE_MAX);
}

/** Names of an index's columns: repeated ones get a number. */
export function distinctColumnNames(names: readonly string[]): string[] {
  const result: string[] = [];
  for (const name of names) {
    let candidate = name;
    for (let i = 1; result.includes(candidate); i++) {
      const number = String(i);
      candidate = clipBytes(name, NAME_SIZE_MAX - number.length) + number;
    }
    result.push(candidate);
  }
  return result;
}
