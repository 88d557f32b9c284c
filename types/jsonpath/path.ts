/**
 * jsonpath as a tree. A value of the type is the path's text in PostgreSQL's normal form (`printJsonpath`); what evaluates it asks
 * for the tree (`jsonpathOf`).
 */
import type { Numeric } from '../numeric.ts';

export type ComparisonOperator = '==' | '!=' | '<' | '<=' | '>' | '>=';
export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%';
export type MethodName = 'abs' | 'size' | 'type' | 'floor' | 'double' | 'ceiling' | 'keyvalue';

/** The deepest level of `**`. */
export const LAST_LEVEL = 0xffffffff;

/** Each item may be followed by another, which takes what it answers. */
interface Item {
  next: PathItem | null;
}

export type PathItem = Item &
  (
    | { readonly kind: 'null' | 'root' | 'current' | 'last' | 'anyKey' | 'anyArray' }
    | { readonly kind: 'bool'; readonly value: boolean }
    | { readonly kind: 'number'; readonly value: Numeric }
    | { readonly kind: 'string' | 'variable' | 'key'; readonly value: string }
    | { readonly kind: 'method'; readonly name: MethodName }
    | { readonly kind: 'datetime'; readonly template: string | null }
    | { readonly kind: 'subscripts'; readonly subscripts: readonly Subscript[] }
    /** Levels below, 0 the item itself. */
    | { readonly kind: 'anyLevel'; readonly first: number; readonly last: number }
    | { readonly kind: 'filter'; readonly predicate: PathItem }
    | {
        readonly kind: 'arithmetic';
        readonly operator: ArithmeticOperator;
        readonly left: PathItem;
        readonly right: PathItem;
      }
    | { readonly kind: 'sign'; readonly operator: '+' | '-'; readonly argument: PathItem }
    | {
        readonly kind: 'compare';
        readonly operator: ComparisonOperator;
        readonly left: PathItem;
        readonly right: PathItem;
      }
    | { readonly kind: 'and' | 'or' | 'startsWith'; readonly left: PathItem; readonly right: PathItem }
    | { readonly kind: 'not' | 'isUnknown' | 'exists'; readonly argument: PathItem }
    | { readonly kind: 'likeRegex'; readonly argument: PathItem; readonly pattern: string; readonly flags: RegexFlags }
  );

export interface Subscript {
  readonly from: PathItem;
  readonly to: PathItem | null;
}

export interface RegexFlags {
  readonly ignoreCase: boolean;
  /** The dot matches newlines. */
  readonly dotAll: boolean;
  readonly multiLine: boolean;
  /** White space in the pattern is ignored. */
  readonly expanded: boolean;
  readonly literal: boolean;
}

export interface Jsonpath {
  readonly isLax: boolean;
  readonly root: PathItem;
}
