/**
 * The proof that two answers differ because PostgreSQL 15 takes columns that a join says to be equal for equal behind GROUPING
 * SETS, too, where one of them is NULL, and so sorts groups, for ORDER BY or a window, by one of them alone.
 */
import { type Ask, type Asked, difference } from './compare.ts';
import { type Node, type Part, queriesIn, render, replace, text } from './tree.ts';

const COLUMN = /\bq\d+\.\w+/g;

/**
 * Grouped by coalesce(a, a) in the place of a, which is the same value but, for the planner, no column of the join, the reference
 * answers as the target has.
 */
export async function answerWithoutEqualColumns(asked: Asked, ask: Ask): Promise<string | null> {
  for (const node of [asked.root, ...queriesIn(asked.root)]) {
    const hidden = withHiddenKeys(node);
    if (hidden === null) continue;
    const again = await ask(asked.statement, replace(asked.root, node, hidden));
    if (difference({ ...asked, reference: again.reference }) === null) return again.sql;
  }
  return null;
}

/** But in FROM and WHERE, which stand before the groups. */
function withHiddenKeys(node: Node): Node | null {
  const at = (pattern: RegExp): number => node.parts.findIndex((part) => pattern.test(render(part)));
  const [from, group] = [at(/^ FROM /), at(/^ GROUP BY .*\b(GROUPING SETS|ROLLUP|CUBE) \(/)];
  if (from < 0 || group < from) return null;
  const keys = new Set(render(node.parts[group]!).match(COLUMN));
  const hide = (part: Part): string =>
    render(part).replace(COLUMN, (column) => (keys.has(column) ? `coalesce(${column}, ${column})` : column));
  return text(
    ...node.parts.slice(0, from).map(hide),
    ...node.parts.slice(from, group),
    ...node.parts.slice(group).map(hide),
  );
}
