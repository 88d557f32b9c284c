/** How strongly a collation is asked for, and what several operands come to together (PostgreSQL's parse_collate.c). */
import { collationByOid } from '../../catalog/collations.ts';
import type { BindContext, Position } from './context.ts';

export const NONE = 0;
export const IMPLICIT = 1;
export const CONFLICT = 2;
export const EXPLICIT = 3;
const DEFAULT = 100;

export interface State {
  strength: number;
  /** 0: none. */
  collation: number;
  location: Position;
  /** In a conflict: the other one. */
  other: number;
  otherLocation: Position;
}

export function empty(): State {
  return { strength: NONE, collation: 0, location: undefined, other: 0, otherLocation: undefined };
}

/** A collation's name, for messages. */
export function nameOf(context: BindContext, oid: number): string {
  return collationByOid(context.catalog, oid)?.name ?? String(oid);
}

/** What operands of both are together; 42P21 for two explicit ones. */
export function merge(context: BindContext, into: State, from: Readonly<State>): void {
  if (from.strength > into.strength) {
    into.strength = from.strength;
    into.collation = from.collation;
    into.location = from.location;
    if (from.strength === CONFLICT) {
      into.other = from.other;
      into.otherLocation = from.otherLocation;
    }
    return;
  }
  if (from.strength < into.strength || from.collation === into.collation) return;
  if (from.strength === IMPLICIT) {
    if (into.collation === DEFAULT) {
      into.collation = from.collation;
      into.location = from.location;
    } else if (from.collation !== DEFAULT) {
      into.strength = CONFLICT;
      into.other = from.collation;
      into.otherLocation = from.location;
    }
  } else if (from.strength === EXPLICIT) {
    throw context.error(
      '42P21',
      `collation mismatch between explicit collations "${nameOf(context, into.collation)}" and "${nameOf(context, from.collation)}"`,
      from.location,
    );
  }
}
