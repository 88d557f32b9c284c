/**
 * Differences that are right, each with its reason: the whole list. A run counts them by name, and shows none.
 *
 * Keep it small, and let each be a rule that the run checks: what stands here is never looked at again.
 */
import { comparator, DEFAULT_FORMAT, inputText, OID } from '../../types/index.ts';
import type { Answer } from './client.ts';
import { type Asked, type Difference, describe, difference } from './compare.ts';
import type { Statement } from './statements.ts';
import { expressionsIn, type Node, queriesIn, render, replace, smaller, text } from './tree.ts';

/** Asks both servers. */
export type Ask = (statement: Statement, root: Node) => Promise<Asked>;

export interface Explanation {
  readonly name: string;
  readonly reason: string;
  readonly holds: (asked: Asked, found: Difference, ask: Ask) => boolean | Promise<boolean>;
}

/** float4, float8, point, lseg, path, box, polygon, line, circle, arrays of the first two; text and json may hold any of them. */
const WITH_FLOATS = new Set([700, 701, 600, 601, 602, 603, 604, 628, 718, 1021, 1022, 25, 114, 3802, 1009, 3807]);
const FLOAT_DIGITS = 11;
/** Errors that a value causes: of classes 21 to 23, and those that functions raise with other codes. */
const OF_DATA = /^(2[123]...|0A000|21000|42601|42704|XX000)$/;
const RESOURCES = /^(57014|53200|54000|54001)$/;

function errorsOf(asked: Asked): (string | null)[] {
  return [asked.reference, asked.target].map(
    (answers) => answers.find((answer) => answer.error !== null)?.error?.code ?? null,
  );
}

/** The answers agree but for bytes that are no characters (U+FFFD) in the reference's. */
function isCutCharacter({ reference, target }: Asked): boolean {
  // Where it stands first its rows are sorted otherwise.
  return [true, false].some((isSorted) => isCutIn(describeAll(reference, isSorted), describeAll(target, isSorted)));
}

function isCutIn(shown: string, got: string): boolean {
  if (!shown.includes('\ufffd')) return false;
  const pattern = shown
    .split(/\ufffd+/)
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('[^"]*');
  return new RegExp(`^${pattern}$`, 's').test(got);
}

/** A value is the reason: also one that a function reads as a list of options. */
function isOfData(answers: readonly Answer[]): boolean {
  const error = answers.find((answer) => answer.error !== null)?.error ?? null;
  return (
    error === null || OF_DATA.test(error.code) || /^(invalid|unrecognized) (headline )?parameter/.test(error.message)
  );
}

/** The target fails inside, or lacks something: never explained. */
function isMissing(asked: Asked): boolean {
  const error = asked.target.find((answer) => answer.error !== null)?.error ?? null;
  return (
    error !== null &&
    (error.code === 'XX000'
      ? /^internal error/.test(error.message)
      : error.code === '0A000' &&
        !/^(unit|formatting field|timestamps cannot be binned|cannot convert (circle|infinity|NaN)) /.test(
          error.message,
        ))
  );
}

const NUMBER = /-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/g;

/** The same but for digits of numbers that are not sure. */
function isAlike(left: string, right: string): boolean {
  if (left === right) return true;
  if (left.replace(NUMBER, '#') !== right.replace(NUMBER, '#')) return false;
  const others = right.match(NUMBER) ?? [];
  return (left.match(NUMBER) ?? []).every((digits, i) => isAlikeNumber(digits, others[i]!));
}

function isAlikeNumber(left: string, right: string): boolean {
  const [a, b] = [rounded(left), rounded(right)];
  if (a === b) return true;
  // What is left of a sum of larger numbers may be nothing.
  return Math.abs(a) < REMAINDER && Math.abs(b) < REMAINDER && (a === 0 || b === 0 || isRemainder(left, right));
}

function isRemainder(...numbers: readonly string[]): boolean {
  return numbers.every((digits) => /e-1[4-9]$/.test(digits));
}

function rounded(digits: string): number {
  const isFloat = /[.e]/.test(digits) || digits.length > FLOAT_DIGITS;
  return isFloat ? Number(Number(digits).toPrecision(FLOAT_DIGITS)) : Number(digits);
}

/** Below this a sum of floats is what was left of larger ones. */
const REMAINDER = 1e-14;

/** One form for values that are equal: numeric's trailing zeros, floats' minus zero. */
function canonical(value: string): string {
  return value.replace(/-?\d+\.\d+/g, (digits) => digits.replace(/\.?0+$/, '')).replace(/(?<![\d.])-0(?![\d.])/g, '0');
}

function isEqualValue(left: string, right: string, oid: number): boolean {
  if (left === right || canonical(left) === canonical(right)) return true;
  if (oid !== OID.INTERVAL) return false;
  const [a, b] = [left, right].map((text) => inputText(oid, -1, text, DEFAULT_FORMAT));
  return comparator(oid)(a, b) === 0;
}

function sameDigits(left: string, right: string, oid: number): boolean {
  return left === right || (WITH_FLOATS.has(oid) && isAlike(left, right));
}

function unordered(asked: Asked): Asked {
  return { ...asked, statement: { ...asked.statement, order: null } };
}

export const EXPLANATIONS: readonly Explanation[] = [
  {
    name: 'limits of time and memory',
    reason: 'a statement timeout or a limit of memory is met at one of the two',
    holds: (asked) => errorsOf(asked).some((code) => code !== null && RESOURCES.test(code)),
  },
  {
    name: 'last digits of floats',
    reason: 'sums of floats depend on the order of rows, and the functions of libm on its version',
    holds: (asked, found) =>
      (found.kind === 'rows' &&
        // Rows that differ in them alone may be sorted otherwise.
        [asked, unordered(asked)].some((each) => difference(each, sameDigits) === null)) ||
      // One that an error shows.
      (found.kind === 'error' &&
        asked.reference[0]!.error !== null &&
        isAlike(describe(asked.reference[0]!), describe(asked.target[0]!))),
  },
  {
    name: 'bytes of a character',
    reason: 'PostgreSQL shows single bytes of a character, which are no text: here it stands as a whole, or escaped',
    holds: (asked, found) => (found.kind === 'error' || found.kind === 'rows') && isCutCharacter(asked),
  },
  {
    name: 'which of several equal values',
    reason:
      "where rows are grouped, 1.0 and 1.00 are one group, and so are 24 hours and a day; which of them is shown is the plan's choice",
    holds: (asked, found) =>
      asked.statement.kind !== 'scalar' && found.kind === 'rows' && difference(asked, isEqualValue) === null,
  },
  {
    name: 'order by columns that grouping sets leave out',
    reason:
      'PostgreSQL 15 takes a = b of a join for equal in the groups, too, where one of them is NULL, and sorts by one alone',
    holds: (asked, found) =>
      found.kind === 'rows' && / (GROUPING SETS|ROLLUP|CUBE) /.test(asked.sql) && difference(unordered(asked)) === null,
  },
  {
    name: 'series that LIMIT cuts',
    reason:
      'PostgreSQL computes a function in FROM to its end before LIMIT takes some rows; here only as far as they are wanted',
    holds: (asked, found) =>
      found.kind === 'error' &&
      asked.target[0]!.error === null &&
      / FROM generate_series\(/.test(asked.sql) &&
      / LIMIT 50$/.test(asked.sql),
  },
  {
    name: 'least and greatest under WITH TIES',
    reason:
      'PostgreSQL 15 looks min, max, bool_and, bool_or up by a subquery with LIMIT 1, which takes over WITH TIES of the query around ' +
      'it: rows that are equal are one too many. Without WITH TIES both servers agree',
    holds: async (asked, found, ask) =>
      found.kind === 'error' &&
      asked.target[0]!.error === null &&
      errorsOf(asked)[0] === '21000' &&
      / WITH TIES/.test(asked.sql) &&
      /\b(min|max|bool_and|bool_or|every)\(/.test(asked.sql) &&
      difference(await ask(asked.statement, text(asked.sql.replaceAll('WITH TIES', 'ONLY')))) === null,
  },
  {
    name: 'arguments beside a constant NULL',
    reason:
      'a strict function of a constant NULL is NULL in PostgreSQL without computing what is no constant; here literals are no ' +
      'constants of the plan, so that the other arguments are computed (isBesideNull)',
    holds: (asked, found, ask) =>
      found.kind === 'error' &&
      asked.reference[0]!.error === null &&
      !isMissing(asked) &&
      OF_DATA.test(errorsOf(asked)[1] ?? '') &&
      isBesideNull(asked, ask),
  },
  {
    name: 'names in OVER',
    reason:
      'PostgreSQL binds windows behind the rest of a query: of two columns that are not there it tells the other first',
    holds: (asked, found) =>
      found.kind === 'error' &&
      errorsOf(asked).every((code) => code === '42703') &&
      / OVER \(/.test(asked.sql) &&
      [asked.reference, asked.target].every(([answer]) => {
        const column = /^column (\S+) does not exist/.exec(answer!.error!.message)?.[1];
        return column !== undefined && asked.sql.includes(column);
      }),
  },
  {
    name: 'order of evaluation',
    reason:
      "which conditions and columns are evaluated, in which order and for which rows is the plan's choice: an error of data may be " +
      'met or not. It is shown by the statement with one part made simpler, on which both servers agree (isOrderOfEvaluation)',
    holds: (asked, found, ask) => {
      const { kind } = asked.statement;
      if (kind === 'scalar' || found.kind !== 'error' || isMissing(asked)) return false;
      // Of one expression over rows only which row comes first is the plan's choice.
      if (kind === 'rows' && errorsOf(asked).includes(null)) return false;
      return isOfData(asked.reference) && isOfData(asked.target) && isOrderOfEvaluation(asked, ask);
    },
  },
];

/** Reasons that ask more. */
const ASKING: ReadonlySet<string> = new Set([
  'order of evaluation',
  'arguments beside a constant NULL',
  'least and greatest under WITH TIES',
]);

/** A reason that is seen without asking more. */
export function isSimplyExplained(asked: Asked, found: Difference): boolean {
  const ask: Ask = () => Promise.reject(new Error('nothing may be asked here'));
  return EXPLANATIONS.some(({ name, holds }) => !ASKING.has(name) && holds(asked, found, ask) === true);
}

/**
 * A constant of it is NULL, and with NULL in its place both servers answer what the reference has answered: PostgreSQL knows of
 * it before the statement runs, and computes no other argument of a strict function of it, unless that is a constant too.
 */
async function isBesideNull(asked: Asked, ask: Ask): Promise<boolean> {
  for (const node of expressionsIn(asked.root)) {
    const simplest = node.simpler.find((each) => each.startsWith('NULL'));
    if (simplest === undefined) continue;
    const scalar: Statement = { kind: 'scalar', root: asked.root, order: null, before: [], after: [] };
    const alone = await ask(scalar, text('SELECT ', node));
    const isNull = difference(alone) === null && alone.reference[0]!.rows[0]?.[0] === null;
    if (!isNull) continue;
    const without = await ask(asked.statement, replace(asked.root, node, text(simplest)));
    if (difference(without) === null && describeAll(without.reference) === describeAll(asked.reference)) return true;
  }
  return false;
}

/** Statements that are tried at once. */
const TRIES = 16;
/** Rows that are tried alone. */
const ROWS_MAX = 60;
const PAIRS_MAX = 16;
const GROUPS_MAX = 16;
const COLUMNS_MAX = 9;

/**
 * Both servers have a reason for what they did, if for each of them there is a smaller case to which both answer that: the
 * same error; or, where one had an answer, this very answer, which says that what was made simpler did not count for it. Smaller
 * are the statement with one part simpler, the statement over one row of a table alone or over the rows of one group, the
 * statement with one of its groups alone, each of its subqueries, expressions and constants by itself. A part of
 * a CASE or COALESCE is not looked at, only all of it: these say what is not evaluated.
 */
async function isOrderOfEvaluation(asked: Asked, ask: Ask): Promise<boolean> {
  const wanted = new Set([describeAll(asked.reference), describeAll(asked.target)]);
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
      for (const tried of await Promise.all(batch.map((each) => ask(each.statement, each.root)))) {
        if (difference(tried) === null || isCutCharacter(tried)) wanted.delete(describeAll(tried.reference));
      }
      if (wanted.size === 0) return true;
    }
  }
  return false;
}

interface Case {
  readonly statement: Statement;
  readonly root: Node;
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
  for (const candidate of smaller(root, isDecided)) yield { statement, root: candidate };
}

/** Behind a view may be any. */
function tablesOf(sql: string): ReadonlySet<string> {
  return new Set(/\bv\d\b/.test(sql) ? ['t0', 't1', 't2', 't3', 't4', 't5'] : sql.match(/\bt\d\b/g));
}

/** In a transaction in which one of its tables has only one row, or two. */
function* fewerRows({ statement, root, sql }: Asked): Generator<Case> {
  const tables = tablesOf(sql);
  const after = statement.after.length > 0 ? statement.after : ['ROLLBACK'];
  const over = (table: string, ids: string): Case => ({
    statement: { ...statement, before: ['BEGIN', `DELETE FROM ${table} WHERE id NOT IN (${ids})`], after },
    root,
  });
  for (const table of tables) for (let id = 1; id <= ROWS_MAX; id++) yield over(table, String(id));
  for (const table of tables) {
    for (let id = 2; id <= PAIRS_MAX; id++)
      for (let other = 1; other < id; other++) yield over(table, `${id}, ${other}`);
  }
}

/** One that needs columns from outside is refused by both for another reason. */
function* subqueriesOf({ statement, root }: Asked): Generator<Case> {
  for (const node of queriesIn(root)) {
    if (node !== root)
      yield { statement: { ...statement, kind: 'query', order: null, before: [], after: [] }, root: node };
  }
}

/** Each of its subqueries by itself, over one row of a table. */
function* subqueriesOverRows({ statement, root }: Asked): Generator<Case> {
  for (const node of queriesIn(root)) {
    if (node === root) continue;
    for (const table of tablesOf(render(node))) {
      for (let id = 1; id <= ROWS_MAX; id++) {
        const before = ['BEGIN', `DELETE FROM ${table} WHERE id <> ${id}`];
        yield { statement: { ...statement, kind: 'query', order: null, before, after: ['ROLLBACK'] }, root: node };
      }
    }
  }
}

/** In a transaction in which one of its tables has only the rows that are equal in one column to one of them. */
function* rowsOfGroups({ statement, root, sql }: Asked): Generator<Case> {
  if (!/ GROUP BY /.test(sql)) return;
  const after = statement.after.length > 0 ? statement.after : ['ROLLBACK'];
  for (const table of tablesOf(sql)) {
    for (const [id, column] of Array.from({ length: GROUPS_MAX * COLUMNS_MAX }, (_, i) => [
      Math.floor(i / COLUMNS_MAX) + 1,
      `c${i % COLUMNS_MAX}`,
    ])) {
      const others = `${column} IS DISTINCT FROM (SELECT ${column} FROM ${table} WHERE id = ${id})`;
      yield { statement: { ...statement, before: ['BEGIN', `DELETE FROM ${table} WHERE ${others}`], after }, root };
    }
  }
}

/** By columns: the first of them, and what HAVING asks already. */
const GROUPED =
  / GROUP BY (?:DISTINCT )?(q\d+)\.(id|c\d)\b(?:, q\d+\.(?:id|c\d)\b|, (?:ROLLUP|CUBE|GROUPING SETS) \([^()]*\))*(?= HAVING | ORDER BY |\)|$)( HAVING )?/;

/** With those of its groups only that have the value of one row in the first column that it groups by. */
function* singleGroups({ statement, sql }: Asked): Generator<Case> {
  const found = GROUPED.exec(sql);
  if (found === null) return;
  const [all, alias, column, having] = found;
  const item = [...sql.matchAll(FROM_ITEM)].find(([, own]) => own === alias)?.[0];
  if (item === undefined) return;
  const before = sql.slice(0, found.index + all.length - (having ?? '').length);
  const after = sql.slice(found.index + all.length);
  for (let id = 1; id <= ROWS_MAX; id++) {
    const value = `(SELECT ${alias}.${column} FROM ${item} WHERE ${alias}.id = ${id})`;
    const isOfGroup = ` HAVING ${alias}.${column} IS NOT DISTINCT FROM ${value}${having === undefined ? '' : ' AND '}`;
    yield { statement, root: text(before, isOfGroup, after) };
  }
}

/** A table, or a function of constants, with its alias. */
const FROM_ITEM =
  /\b(?:[tv]\d AS (q\d+|s|t)\b|(?:unnest|generate_series)\([^()]*\)(?: WITH ORDINALITY)? AS (q\d+)\([fn, ]+\))/g;

/** Each of its expressions over all rows of the tables that it reads. */
function* expressionsOverTables({ statement, root, sql }: Asked): Generator<Case> {
  const tables = new Map([...sql.matchAll(FROM_ITEM)].map(([item, alias, other]) => [(alias ?? other)!, item]));
  for (const node of expressionsIn(root)) {
    const aliases = new Set([...render(node).matchAll(/\b(q\d+|s|t)\.(?:id|c\d|f|n)\b/g)].map(([, alias]) => alias!));
    if (aliases.size === 0 || ![...aliases].every((alias) => tables.has(alias))) continue;
    const from = [...aliases].map((alias) => tables.get(alias)!).join(', ');
    yield {
      statement: { ...statement, kind: 'query', order: null, before: [], after: [] },
      root: text('SELECT ', node, ` AS x FROM ${from}`),
    };
  }
}

/**
 * Where columns stand in it, both refuse it for another reason: but those of a subquery that are literals, which PostgreSQL
 * puts into the query around it, so that it computes with them before it runs.
 */
function* constantsOf({ statement, root, sql }: Asked): Generator<Case> {
  const scalar = { ...statement, kind: 'scalar', order: null, before: [], after: [] } as const;
  const literals = new Map([...sql.matchAll(LITERAL_COLUMN)].map(([, literal, name]) => [name!, literal!]));
  for (const node of expressionsIn(root)) {
    yield { statement: scalar, root: text('SELECT ', node) };
    const own = render(node);
    const filled = own.replace(/\bq\d+\.(x\d+)\b/g, (column, name: string) => literals.get(name) ?? column);
    if (filled !== own) yield { statement: scalar, root: text('SELECT ', filled) };
  }
}

const LITERAL_COLUMN = /((?:'(?:[^']|'')*'|NULL|-?\d+)(?:::\w+(?:\[\])?)?) AS (x\d+)\b/g;

/** CASE and COALESCE: what stands inside is evaluated or not by right. */
function isDecided(node: Node): boolean {
  const [first] = node.parts;
  return node.role === 'expression' && typeof first === 'string' && /^(CASE |coalesce\()/.test(first);
}

/** Answers in full; the first error is all that counts of a statement that fails. */
function describeAll(answers: readonly Answer[], isSorted = true): string {
  const failed = answers.find((answer) => answer.error !== null);
  if (failed !== undefined) return describe(failed);
  const shown = ({ rows }: Answer): string[] => rows.map((row) => JSON.stringify(row));
  return JSON.stringify(answers.map((answer) => [answer.tag, isSorted ? shown(answer).sort() : shown(answer)]));
}
