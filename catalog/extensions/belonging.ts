/** What may belong to an extension: it is made, shown, moved and dropped with it. */
import type { Catalog } from '../catalog.ts';
import type {
  CastDefinition,
  OperatorDefinition,
  RoutineEntry,
  SearchDictionaryEntry,
  SearchEntry,
  SearchTemplateEntry,
  TypeEntry,
} from '../entries.ts';

export type Member =
  | RoutineEntry
  | TypeEntry
  | OperatorDefinition
  | CastDefinition
  | SearchTemplateEntry
  | SearchDictionaryEntry;

const CLASSES: readonly string[] = [
  'routine',
  'type',
  'operator',
  'cast',
  'searchTemplate',
  'searchDictionary',
] satisfies Member['class'][];

export function mayBelong(entryClass: string): entryClass is Member['class'] {
  return CLASSES.includes(entryClass);
}

/** All objects of the classes that extensions have. */
export function allThatMayBelong(catalog: Catalog): Member[] {
  const isMember = (entry: SearchEntry): entry is SearchTemplateEntry | SearchDictionaryEntry => mayBelong(entry.class);
  return [
    ...catalog.routines(),
    ...catalog.types(),
    ...catalog.operators(),
    ...catalog.casts(),
    ...[...catalog.searchEntries()].filter(isMember),
  ];
}
