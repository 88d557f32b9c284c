/** Options of dictionaries, as templates take them. */
import { sqlError } from '../../../types/index.ts';
import type { SearchOption } from '../../entries.ts';
import type { Dictionary } from './dictionary.ts';
import type { FileSource } from './files.ts';

/** What a template needs to make a dictionary. */
export interface DictionarySources {
  readonly files: FileSource;
  /** The dictionary that the words of a thesaurus go through. `name`: as its option has it. */
  inner(name: string): Dictionary;
}

export type DictionaryMaker = (oid: number, options: readonly SearchOption[], sources: DictionarySources) => Dictionary;

export function missing(label: string): Error {
  return sqlError('22023', `missing ${label} parameter`);
}

/** The values of options by name; 22023 for others than `labels` (what messages call them), and for those that stand twice. */
export function optionsOf(
  options: readonly SearchOption[],
  labels: Readonly<Record<string, string>>,
  template: string,
): Readonly<Record<string, string | undefined>> {
  const found: Record<string, string> = {};
  for (const { name, value } of options) {
    if (!Object.hasOwn(labels, name)) throw sqlError('22023', `unrecognized ${template} parameter: "${name}"`);
    if (Object.hasOwn(found, name)) throw sqlError('22023', `multiple ${labels[name]} parameters`);
    found[name] = value;
  }
  return found;
}

/** After: PostgreSQL, defGetBoolean(). */
export function flagOf(name: string, value: string): boolean {
  const text = value.toLowerCase();
  if (text === 'true' || text === 'on' || text === '1') return true;
  if (text === 'false' || text === 'off' || text === '0') return false;
  throw sqlError('42601', `${name} requires a Boolean value`);
}
