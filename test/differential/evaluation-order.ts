/**
 * The proof that two answers differ because the order of evaluation is the plan's choice: the search for smaller statements
 * on which both servers agree, and which show that either answer is one that the statement may have.
 */
import type { Answer } from './client.ts';
import { type Ask, type Asked, describeAll, difference, isCutCharacter } from './compare.ts';
import { COLUMNS_MAX, tablesOf } from './schema.ts';
import type { Statement } from './statements.ts';
import { expressionsIn, type Node, type Part, queriesIn, render, replace, smallerSteps, text } from './tree.ts';

/** Statements that are tried at once. */
const TRIES = 16;
/** Rows that are tried alone. */
const ROWS_MAX = 60;
const PAIRS_MAX = 16;
const GROUPS_MAX = 16;
const GROUPS_ALONE_MAX = 150;

/**
 * Both servers have a reason for what they did, if for each of them there is a smaller case to which both answer that: the
 * same error; or, where one had an answer, this very answer to the statement with one part or row less (`isWhole`), which says that
 * this did not count for it. Smaller
 * are the statement with one part simpler, the statement over one row of a table alone or over the rows of one group, the
 * statement with one of its groups alone, each of its subqueries, expressions and constants by itself. A part of
 * a CASE or COALESCE is not looked at, only all of it: these say what is not evaluated.
 */
export async function smallerCasesOf(asked: Asked, ask: Ask): Promise<string | null> {
  const proofs: string[] = [];
  const shown = shownIn(asked);
  const wanted = new Set([shown(asked.reference), shown(asked.target)]);
  for (const candidates of [
    smallerStatements(asked),
    subqueriesOf(asked),
    expressionsOverTables(asked),
    fewerRows(asked),
    constantsOf(asked),
    rowsOfGroups(asked),
    singleGroups(asked),
    subqueriesOverRows(asked),
  ]) {
    for (;;) {
      const batch = take(candidates, TRIES);
      if (batch.length === 0) break;
      const answers = await Promise.all(batch.map((each) => ask(each.statement, each.root)));
      for (const [i, tried] of answers.entries()) {
        const isShown = batch[i]!.isWhole || tried.reference.some(({ error }) => error !== null);
        const isAlike = isShown && (difference(tried) === null || isCutCharacter(tried));
        if (isAlike && wanted.delete(shown(tried.reference)))
          proofs.push([...tried.statement.before, tried.sql].join('; '));
      }
      if (wanted.size === 0) return proofs.join('\n           ');
    }
  }
  return null;
}

/**
 * Which of several groups is computed first is the plan's choice, too, and so is the value that an error of a group shows: where that is not
 * what they differ in, errors are the same whatever they show.
 */
function shownIn({ sql, reference, target }: Asked): (answers: readonly Answer[]) => string {
  const withoutValue = (answers: readonly Answer[]): string => {
    const text = describeAll(answers);
    return text.startsWith('ERROR') ? text.replace(/".*"/s, '""') : text;
  };
  const isOfGroups = / GROUP BY /.test(sql) && withoutValue(reference) !== withoutValue(target);
  return isOfGroups ? withoutValue : describeAll;
}

interface Case {
  readonly statement: Statement;
  readonly root: Node;
  /** All of the statement but a little: that its rows are the same says something. */
  readonly isWhole: boolean;
}

function take<T>(source: Generator<T>, count: number): T[] {
  const taken: T[] = [];
  while (taken.length < count) {
    const { value, done } = source.next();
    if (done === true) break;
    taken.push(value);
  }
  return taken;
}

function* smallerStatements({ statement, root }: Asked): Generator<Case> {
  for (const step of smallerSteps(root, isDecided)) {
    yield { statement, root: step.root, isWhole: step.changed.role !== 'query' };
  }
}

/** In a transaction in which one of its tables has only one row, or two, or all but one: that one may be what fails. */
function* fewerRows({ statement, root, sql }: Asked): Generator<Case> {
  const tables = tablesOf(sql);
  const after = statement.after.length > 0 ? statement.after : ['ROLLBACK'];
  const without = (table: string, condition: string, isWhole: boolean): Case => ({
    statement: { ...statement, before: ['BEGIN', `DELETE FROM ${table} WHERE ${condition}`], after },
    root,
    isWhole,
  });
  const over = (table: string, ids: string): Case => without(table, `id NOT IN (${ids})`, false);
  for (const table of tables) for (let id = 1; id <= ROWS_MAX; id++) yield over(table, String(id));
  for (const table of tables) for (let id = 1; id <= ROWS_MAX; id++) yield without(table, `id = ${id}`, true);
  for (const table of tables) {
    for (let id = 2; id <= PAIRS_MAX; id++)
      for (let other = 1; other < id; other++) yield over(table, `${id}, ${other}`);
  }
}

/** Behind the CTEs of the whole. One that needs columns from outside is refused by both for another reason. */
function* subqueriesOf({ statement, root }: Asked): Generator<Case> {
  const ctes = root.parts[0] === 'WITH ' ? ['WITH ', root.parts[1]!, ' '] : [];
  for (const node of queriesIn(root)) {
    if (node === root) continue;
    yield {
      statement: { ...statement, kind: 'query', order: null, before: [], after: [] },
      root: text(...ctes, node),
      isWhole: false,
    };
  }
}

/** Each of its subqueries by itself, over one row of a table. */
function* subqueriesOverRows({ statement, root }: Asked): Generator<Case> {
  for (const node of queriesIn(root)) {
    if (node === root) continue;
    for (const table of tablesOf(render(node))) {
      for (let id = 1; id <= ROWS_MAX; id++) {
        const before = ['BEGIN', `DELETE FROM ${table} WHERE id <> ${id}`];
        yield {
          statement: { ...statement, kind: 'query', order: null, before, after: ['ROLLBACK'] },
          root: node,
          isWhole: false,
        };
      }
    }
  }
}

/** In a transaction in which one of its tables has only the rows that are equal in one column to one of them, or all but those. */
function* rowsOfGroups({ statement, root, sql }: Asked): Generator<Case> {
  if (!/ GROUP BY /.test(sql)) return;
  const after = statement.after.length > 0 ? statement.after : ['ROLLBACK'];
  for (const table of tablesOf(sql)) {
    for (const [id, column] of Array.from({ length: GROUPS_MAX * COLUMNS_MAX }, (_, i) => [
      Math.floor(i / COLUMNS_MAX) + 1,
      `c${i % COLUMNS_MAX}`,
    ])) {
      for (const comparison of ['IS DISTINCT FROM', 'IS NOT DISTINCT FROM']) {
        const rows = `${column} ${comparison} (SELECT ${column} FROM ${table} WHERE id = ${id})`;
        const before = ['BEGIN', `DELETE FROM ${table} WHERE ${rows}`];
        yield { statement: { ...statement, before, after }, root, isWhole: comparison === 'IS NOT DISTINCT FROM' };
      }
    }
  }
}

/**
 * Each of its grouped queries with one group alone, in the statement and by itself, in PostgreSQL's order of their keys: the coarse
 * sets before the fine ones. First the others are left out by HAVING, then their rows by WHERE, too.
 */
function* singleGroups({ statement, root }: Asked): Generator<Case> {
  const single = { ...statement, kind: 'query', order: null, before: [], after: [] } as const;
  for (const node of [root, ...queriesIn(root)]) {
    for (const alone of groupsOf(node)) {
      yield { statement, root: node === root ? alone : replace(root, node, alone), isWhole: false };
      if (node !== root) yield { statement: single, root: alone, isWhole: false };
    }
  }
}

/** The expressions of GROUP BY. */
function* keysIn(clause: Node): Generator<Node> {
  for (const part of clause.parts) {
    if (typeof part === 'string') continue;
    if (part.role === 'expression') yield part;
    else yield* keysIn(part);
  }
}

function* groupsOf(node: Node): Generator<Node> {
  const [from, where, group] = [' FROM ', ' WHERE ', ' GROUP BY '].map((word) =>
    node.parts.findIndex((part) => render(part).startsWith(word)),
  ) as [number, number, number];
  const clause = group < 0 ? undefined : node.parts[group];
  const keys = clause === undefined || typeof clause === 'string' ? [] : [...keysIn(clause)];
  const columns = [...new Set(keys.map(render))].filter((key) => /\bq\d+\.\w+/.test(key));
  if (from < 0 || columns.length === 0) return;
  const source = text(...node.parts.slice(from, group + 1));
  const names = columns.join(', ');
  const [head, tail] = [node.parts.slice(0, where < 0 ? group : where), node.parts.slice(group + 1)];
  const rows = where < 0 ? [] : node.parts.slice(where, group);
  for (let n = 0; n < GROUPS_ALONE_MAX * 2; n++) {
    const [isByRows, at] = [n >= GROUPS_ALONE_MAX, n % GROUPS_ALONE_MAX];
    const key = `SELECT grouping(${names}) AS g, ${names}${render(source)} ORDER BY ROW(grouping(${names}), ${names}) DESC OFFSET ${at} LIMIT 1`;
    const ofGroup = `ROW(grouping(${names}), ${names}) IS NOT DISTINCT FROM (SELECT ROW(k.*) FROM (${key}) AS k)`;
    const aliases = columns.map((_, i) => `k${i}`);
    const isSame = columns.map((column, i) => {
      const bit = 2 ** (columns.length - 1 - i);
      return `(k.g & ${bit} <> 0 OR ${column} IS NOT DISTINCT FROM k.${aliases[i]})`;
    });
    const ofRows = `EXISTS (SELECT FROM (${key}) AS k(g, ${aliases.join(', ')}) WHERE ${isSame.join(' AND ')})`;
    const kept = isByRows ? both(' WHERE ', ofRows, rows) : rows;
    yield { ...node, parts: [...head, ...kept, node.parts[group]!, ...both(' HAVING ', ofGroup, tail)] };
  }
}

/** With one condition more in the clause with which the parts may begin. */
function both(word: string, condition: string, [first, ...rest]: readonly Part[]): Part[] {
  const clause = first === undefined ? '' : render(first);
  if (clause.startsWith(word)) return [`${word}${condition} AND (${clause.slice(word.length)})`, ...rest];
  return [`${word}${condition}`, ...(first === undefined ? [] : [first]), ...rest];
}

/** A table, or a function of constants, with its alias. */
const FROM_ITEM =
  /\b(?:[tv]\d AS (q\d+|s|t)\b|(?:unnest|generate_series)\([^()]*\)(?: WITH ORDINALITY)? AS (q\d+)\([fn, ]+\))/g;

/** Of an alias, or of a table that has none. */
const COLUMN_IN = /\b(q\d+|s|t|[tv]\d)\.(?:id|c\d|f|n)\b/g;

/** Each of its expressions over all rows of the tables that it reads, then over one row of each of them. */
function* expressionsOverTables({ statement, root, sql }: Asked): Generator<Case> {
  const tables = new Map([...(sql.match(/\b[tv]\d\b/g) ?? [])].map((name) => [name, name]));
  for (const [item, alias, other] of sql.matchAll(FROM_ITEM)) tables.set((alias ?? other)!, item);
  const found: { readonly node: Node; readonly from: string; readonly aliases: string[] }[] = [];
  for (const node of expressionsIn(root)) {
    const aliases = new Set([...render(node).matchAll(COLUMN_IN)].map(([, alias]) => alias!));
    if (aliases.size === 0 || ![...aliases].every((alias) => tables.has(alias))) continue;
    const items = [...aliases].map((alias) => tables.get(alias)!);
    found.push({
      node,
      from: ` AS x FROM ${items.join(', ')}`,
      aliases: [...aliases].filter((_, i) => /^[tv]\d/.test(items[i]!)),
    });
  }
  const query = { ...statement, kind: 'query', order: null, before: [], after: [] } as const;
  for (const { node, from } of found) yield { statement: query, root: text('SELECT ', node, from), isWhole: false };
  for (const { node, from, aliases } of found) {
    for (const ids of idsOf(aliases.length)) {
      const where = ids.map((id, i) => `${aliases[i]}.id = ${id}`).join(' AND ');
      yield { statement: query, root: text('SELECT ', node, from, ` WHERE ${where}`), isWhole: false };
    }
  }
}

/** One row of one table, or one of each of two; a third is not looked at. */
function* idsOf(tables: number): Generator<readonly number[]> {
  if (tables === 1) for (let id = 1; id <= ROWS_MAX; id++) yield [id];
  if (tables !== 2) return;
  for (let id = 1; id <= PAIRS_MAX; id++) for (let other = 1; other <= PAIRS_MAX; other++) yield [id, other];
}

/**
 * Where columns stand in it, both refuse it for another reason: but those of a subquery that are literals, which PostgreSQL
 * puts into the query around it, so that it computes with them before it runs.
 */
function* constantsOf({ statement, root, sql }: Asked): Generator<Case> {
  const scalar = { ...statement, kind: 'scalar', order: null, before: [], after: [] } as const;
  const literals = [...sql.matchAll(LITERAL_COLUMN)];
  const literalOf = (column: string, alias: string, name: string): string => {
    const end = sql.indexOf(`) AS ${alias}`);
    return literals.findLast((each) => each[2] === name && each.index < end)?.[1] ?? column;
  };
  for (const node of expressionsIn(root)) {
    yield { statement: scalar, root: text('SELECT ', node), isWhole: false };
    const own = render(node);
    const filled = own.replace(/\b(q\d+)\.(x\d+)\b/g, literalOf);
    if (filled !== own) yield { statement: scalar, root: text('SELECT ', filled), isWhole: false };
  }
}

const LITERAL_COLUMN = /((?:'(?:[^']|'')*'|NULL|-?\d+)(?:::\w+(?:\[\])?)?) AS (x\d+)\b/g;

/** CASE and COALESCE: what stands inside is evaluated or not by right. */
function isDecided(node: Node): boolean {
  const [first] = node.parts;
  return node.role === 'expression' && typeof first === 'string' && /^(CASE |coalesce\()/.test(first);
}
