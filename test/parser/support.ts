/** Helpers of the parser's tests. */

import type { Expression, StatementNode } from '../../parser/index.ts';
import { parse, parseExpression } from '../../parser/index.ts';
import { SqlError } from '../../types/errors.ts';

/** The only statement of a text. */
export function only(text: string): StatementNode {
  const statements = parse(text);
  if (statements.length !== 1) throw new Error(`${statements.length} statements in: ${text}`);
  return statements[0].node;
}

/** The only statement, as its kind. */
type NodeOf<N, K> = N extends { kind: infer Kind } ? (K extends Kind ? N : never) : never;
export function as<K extends StatementNode['kind']>(kind: K, text: string): NodeOf<StatementNode, K> {
  const node = only(text);
  if (node.kind !== kind) throw new Error(`${node.kind}, not ${kind}: ${text}`);
  return node as NodeOf<StatementNode, K>;
}

/** What a call throws; fails when it throws nothing, or no SqlError. */
export function errorOf(body: () => unknown): SqlError {
  try {
    body();
  } catch (error) {
    if (error instanceof SqlError) return error;
    throw error;
  }
  throw new Error('no error');
}

const NOISE = new Set(['position', 'collationPosition', 'tablePosition', 'literalIndex', 'form']);

/** A tree without positions and other things that printing does not keep, keys in order. */
export function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value === 'bigint') return `${value}n`;
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).filter(([key]) => !NOISE.has(key));
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, bare(inner)]));
}

/** All nodes of a tree that have a kind. */
export function* nodesOf(value: unknown): Generator<Record<string, unknown>> {
  if (value === null || typeof value !== 'object') return;
  if ('kind' in value) yield value as Record<string, unknown>;
  for (const inner of Object.values(value)) yield* nodesOf(inner);
}

/** An expression with every operator in its own parentheses, or the error's message. */
export function grouped(text: string): string {
  return show(parseExpression(text));
}

function show(node: Expression): string {
  switch (node.kind) {
    case 'operator':
      return node.left === null
        ? `(${node.operator} ${show(node.right)})`
        : `(${show(node.left)} ${node.operator} ${show(node.right)})`;
    case 'and':
    case 'or':
      return `(${node.args.map(show).join(` ${node.kind} `)})`;
    case 'not':
      return `(not ${show(node.arg)})`;
    case 'columnRef':
      return node.name.join('.') + (node.star ? '*' : '');
    case 'integer':
    case 'numeric':
    case 'string':
      return String(node.value);
    case 'isNull':
      return `(${show(node.arg)} is ${node.negated ? 'not ' : ''}null)`;
    case 'isDistinct':
      return `(${show(node.left)} distinct ${show(node.right)})`;
    case 'like': {
      const rest = node.escape === null ? '' : ` escape ${show(node.escape)}`;
      return `(${show(node.left)} ${node.negated ? 'not ' : ''}${node.operator} ${show(node.pattern)}${rest})`;
    }
    case 'between':
      return `(${show(node.arg)} between ${show(node.lower)} and ${show(node.upper)})`;
    case 'inList':
      return `(${show(node.arg)} in [${node.list.map(show).join(' ')}])`;
    case 'cast':
      return `${show(node.arg)}::${node.type.name[node.type.name.length - 1]}`;
    case 'collate':
      return `(${show(node.arg)} collate ${node.collation.join('.')})`;
    case 'function':
      return `${node.name[node.name.length - 1]}(${node.args.map(show).join(', ')})`;
    case 'subscript':
      return `${show(node.base)}[${node.subscripts.length}]`;
    case 'field':
      return `${show(node.base)}.${node.field}`;
    case 'row':
      return `row(${node.fields.map(show).join(', ')})`;
    case 'boolean':
      return String(node.value);
    case 'null':
      return 'null';
    default:
      return node.kind;
  }
}
