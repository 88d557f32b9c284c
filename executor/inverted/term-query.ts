/**
 * Queries over terms: trees of AND, OR and NOT over posting lists.
 *
 * `isExact`: rows that the lists give satisfy the condition, if their terms are those of the version seen. Otherwise the lists
 * give a superset, and each row is checked.
 */
import type { IndexKey } from '../../storage/api.ts';

export type TermNode =
  | { readonly kind: 'term'; readonly key: IndexKey }
  /** All terms that begin so (byte keys). */
  | { readonly kind: 'prefix'; readonly key: IndexKey }
  | { readonly kind: 'and' | 'or'; readonly args: readonly TermNode[] }
  /** At least so many of the terms (similarity). */
  | { readonly kind: 'atLeast'; readonly count: number; readonly args: readonly TermNode[] }
  /** Rows that do not satisfy the argument, which is exact. */
  | { readonly kind: 'not'; readonly arg: TermNode }
  /** All rows whose column has a value; or none. */
  | { readonly kind: 'all' }
  | { readonly kind: 'none' };

export interface TermQuery {
  readonly node: TermNode;
  readonly isExact: boolean;
}

export const ALL: TermNode = { kind: 'all' };
export const NONE: TermNode = { kind: 'none' };

export function allOf(args: readonly TermNode[]): TermNode {
  const parts = args.filter((arg) => arg.kind !== 'all');
  if (parts.some((arg) => arg.kind === 'none')) return NONE;
  return parts.length === 0 ? ALL : parts.length === 1 ? parts[0] : { kind: 'and', args: parts };
}

export function anyOf(args: readonly TermNode[]): TermNode {
  const parts = args.filter((arg) => arg.kind !== 'none');
  if (parts.some((arg) => arg.kind === 'all')) return ALL;
  return parts.length === 0 ? NONE : parts.length === 1 ? parts[0] : { kind: 'or', args: parts };
}

export function noneOf(arg: TermNode): TermNode {
  if (arg.kind === 'all') return NONE;
  if (arg.kind === 'none') return ALL;
  return arg.kind === 'not' ? arg.arg : { kind: 'not', arg };
}
