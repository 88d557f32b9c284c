/**
 * Differences that are right, each with its reason: the whole list. A run counts them by name, and shows none.
 *
 * Keep it small, and let each be a rule that the run checks: what stands here is never looked at again.
 */
import { comparator, DEFAULT_FORMAT, inputText, OID } from '../../types/index.ts';
import type { Answer } from './client.ts';
import { type Ask, type Asked, type Difference, describe, describeAll, difference, isCutCharacter } from './compare.ts';
import { smallerCasesOf } from './evaluation-order.ts';
import { answerWithoutEqualColumns } from './grouping-sets.ts';
import { otherPlanOf, slowPlanOf } from './plan-choice.ts';
import { NONE, type Statement } from './statements.ts';
import { expressionsIn, replace, text } from './tree.ts';

export interface Explanation {
  readonly name: string;
  readonly reason: string;
  readonly holds: (asked: Asked, found: Difference, ask: Ask) => Held | Promise<Held>;
  /** Whether no other is looked for where it does not hold. */
  readonly isLast?: (asked: Asked) => boolean;
}

/** A text is the proof, to be read by a person. */
export type Held = boolean | string | null;

/**
 * float4, float8, point, lseg, path, box, polygon, line, circle, arrays of the first two; text, json and words of a tsvector or
 * tsquery may hold any of them.
 */
const WITH_FLOATS = new Set([
  700, 701, 600, 601, 602, 603, 604, 628, 718, 1021, 1022, 25, 1042, 1043, 114, 3802, 1009, 3807, 3614, 3615,
]);
const FLOAT_DIGITS = 11;
/** Errors that a value causes: of classes 21 to 23, and those that functions raise with other codes. */
const OF_DATA = /^(2[123]...|0A000|21000|42601|42704|54000|XX000)$/;
const RESOURCES = /^(53200|54001)$/;
const TIMEOUT = '57014';
const LONGER_MS = 60_000;
/** Of 54000, which values may cause, too. */
const TOO_LARGE = /^(text is too long|out of memory)/;

function errorsOf(asked: Asked): (string | null)[] {
  return [asked.reference, asked.target].map(
    (answers) => answers.find((answer) => answer.error !== null)?.error?.code ?? null,
  );
}

/** Each further question would take as long. */
export function isOfTime(asked: Asked): boolean {
  return errorsOf(asked)[1] === TIMEOUT;
}

/** A value is the reason: also one that a function reads as a list of options, and of a row that policies refuse. */
function isOfData(answers: readonly Answer[]): boolean {
  const error = answers.find((answer) => answer.error !== null)?.error ?? null;
  return (
    error === null ||
    OF_DATA.test(error.code) ||
    /^(invalid|unrecognized) (headline )?parameter|violates row-level security policy/.test(error.message)
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
        !/^(unit|formatting field|(searching for|removing) elements|timestamps cannot be binned|cannot convert (circle|infinity|NaN)) /.test(
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
  const [a, b] = [Number(left), Number(right)];
  if (a === b) return true;
  const isFloat = [left, right].some((digits) => /[.e]/.test(digits) || digits.length > FLOAT_DIGITS);
  if (isFloat && Math.abs(a - b) <= Math.max(Math.abs(a), Math.abs(b)) * 10 ** (1 - FLOAT_DIGITS)) return true;
  // What is left of a sum of larger numbers may be nothing.
  return Math.abs(a) < REMAINDER && Math.abs(b) < REMAINDER && (a === 0 || b === 0 || isRemainder(left, right));
}

function isRemainder(...numbers: readonly string[]): boolean {
  return numbers.every((digits) => /e-1[4-9]$/.test(digits));
}

/** Below this a sum of floats is what was left of larger ones. */
const REMAINDER = 1e-13;

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

/** What shows one of several equal values. */
const OF_EQUALS = /\b(DISTINCT|GROUP BY|UNION|INTERSECT|EXCEPT|OVER|RECURSIVE)\b|\b(min|max|mode)\(/;

function sameDigits(left: string, right: string, oid: number): boolean {
  return left === right || (WITH_FLOATS.has(oid) && isAlike(left, right));
}

function unordered(asked: Asked): Asked {
  return { ...asked, statement: { ...asked.statement, order: null } };
}

/** Errors that PostgreSQL 15 has since 15.20, by code and message: of rows that a view does not show, of weights, of variables of jsonpath's operators. */
const SINCE_15_20 =
  /^(55000 conflicting row is not visible through view|22023 unrecognized weight: "|42704 could not find jsonpath variable)/;
const VERSION_15_20 = 150_020;

export const EXPLANATIONS: readonly Explanation[] = [
  {
    name: 'a later release of PostgreSQL 15',
    reason:
      'the reference is older than 15.20, which the target follows: it refuses what releases before it took, or had another code for',
    holds: async (asked, found, ask) => {
      const error = asked.target.find((answer) => answer.error !== null)?.error;
      if (found.kind !== 'error' || error == null || !SINCE_15_20.test(`${error.code} ${error.message}`)) return false;
      const scalar: Statement = { ...NONE, kind: 'scalar', root: asked.root };
      const { reference } = await ask(scalar, text(`SELECT current_setting('server_version_num')`));
      return Number(reference[0]?.rows[0]?.[0]) < VERSION_15_20;
    },
  },
  {
    name: 'limits of time and memory',
    reason: 'a limit of memory is met at one of the two, or the statement timeout at the reference',
    holds: (asked) => {
      const [reference, target] = [asked.reference, asked.target].map(
        (answers) => answers.find(({ error }) => error !== null)?.error ?? null,
      );
      if (reference?.code === TIMEOUT) return true;
      return [reference, target].some(
        (error) =>
          error !== null && error !== undefined && (RESOURCES.test(error.code) || TOO_LARGE.test(error.message)),
      );
    },
  },
  {
    name: 'time of the target',
    reason:
      'the target takes longer than a statement may; so does the reference with another plan, or with more time they answer alike',
    holds: async (asked, _found, ask) => {
      if (!isOfTime(asked)) return false;
      const plan = await slowPlanOf(asked, ask, TIMEOUT);
      if (plan !== null) return plan;
      const { before, after } = asked.statement;
      const longer = [...(before.length > 0 ? before : ['BEGIN']), `SET LOCAL statement_timeout = ${LONGER_MS}`];
      const again = await ask(
        { ...asked.statement, before: longer, after: after.length > 0 ? after : ['ROLLBACK'] },
        asked.root,
      );
      return difference(again) === null;
    },
    isLast: isOfTime,
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
    name: 'what is computed of last digits',
    reason:
      'the same, where a value of another type is computed of such a float: the float by itself differs in its last digits, and with one ' +
      'of them as a literal in its place both servers agree (isOfLastDigits)',
    holds: (asked, found, ask) => found.kind === 'rows' && isOfLastDigits(asked, ask),
  },
  {
    name: 'bytes of a character',
    reason: 'PostgreSQL shows single bytes of a character, which are no text: here it stands as a whole, or escaped',
    holds: (asked, found) => (found.kind === 'error' || found.kind === 'rows') && isCutCharacter(asked),
  },
  {
    name: 'which of several equal values',
    reason:
      "where rows are grouped or the least is taken, 1.0 and 1.00 are one value, and so are 24 hours and a day; which of them is shown is the plan's choice",
    holds: (asked, found) =>
      asked.statement.kind !== 'scalar' &&
      found.kind === 'rows' &&
      OF_EQUALS.test(asked.sql) &&
      difference(asked, isEqualValue) === null,
  },
  {
    name: 'columns that a join says to be equal, in grouping sets',
    reason:
      'PostgreSQL 15 takes a = b of a join for equal in the groups, too, where one of them is NULL, and sorts by one alone. Grouped by ' +
      'coalesce(a, a) it answers as the target has (answerWithoutEqualColumns)',
    holds: (asked, found, ask) =>
      (found.kind === 'rows' || found.kind === 'tag') &&
      /\b(GROUPING SETS|ROLLUP|CUBE) \(/.test(asked.sql) &&
      answerWithoutEqualColumns(asked, ask),
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
      'it: rows that are equal are one too many. Without WITH TIES both servers agree, on an error that the target has with it, too',
    holds: async (asked, found, ask) => {
      const isMet = / WITH TIES/.test(asked.sql) && /\b(min|max|bool_and|bool_or|every)\(/.test(asked.sql);
      if (!isMet || found.kind !== 'error' || errorsOf(asked)[0] !== '21000') return false;
      const without = await ask(asked.statement, text(asked.sql.replaceAll('WITH TIES', 'ONLY')));
      const isSame = asked.target[0]!.error === null || describeAll(without.target) === describeAll(asked.target);
      return isSame && difference(without) === null;
    },
  },
  {
    name: 'order of rows in sums',
    reason:
      'a sum of floats overflows where large numbers come before infinity, not behind it, and rows that are equal in ORDER BY come ' +
      'in any order (isOverflowByOrder)',
    holds: (asked, found, ask) =>
      found.kind === 'error' && errorsOf(asked).includes(null) && isOverflowByOrder(asked, ask),
  },
  {
    name: 'another plan of PostgreSQL',
    reason:
      'planning otherwise, with the rows of a table in another order, or with literals as parameters of a generic plan (it does not ' +
      'compute with them ahead; here they never are constants of the plan), PostgreSQL itself answers what the target has answered',
    holds: (asked, found, ask) => found.kind !== 'columns' && !isMissing(asked) && otherPlanOf(asked, ask),
  },
  {
    name: 'order of evaluation',
    reason:
      "which conditions and columns are evaluated, in which order and for which rows is the plan's choice: an error of data may be " +
      'met or not. It is shown by the statement with one part made simpler, on which both servers agree (smallerCasesOf)',
    holds: (asked, found, ask) => {
      const { kind } = asked.statement;
      if (kind === 'scalar' || found.kind !== 'error' || isMissing(asked)) return false;
      // Of one expression over rows only which row comes first is the plan's choice.
      if (kind === 'rows' && errorsOf(asked).includes(null)) return false;
      return isOfData(asked.reference) && isOfData(asked.target) && smallerCasesOf(asked, ask);
    },
  },
];

/** Reasons that ask more. */
const ASKING: ReadonlySet<string> = new Set([
  'a later release of PostgreSQL 15',
  'time of the target',
  'another plan of PostgreSQL',
  'order of evaluation',
  'what is computed of last digits',
  'least and greatest under WITH TIES',
  'order of rows in sums',
  'columns that a join says to be equal, in grouping sets',
]);

/** A reason that is seen without asking more. */
export function isSimplyExplained(asked: Asked, found: Difference): boolean {
  const ask: Ask = () => Promise.reject(new Error('nothing may be asked here'));
  return EXPLANATIONS.some(({ name, holds }) => !ASKING.has(name) && holds(asked, found, ask) === true);
}

/** A float in it, of constants alone, has other last digits on the other server; given the reference's, both answer as the reference has. */
async function isOfLastDigits(asked: Asked, ask: Ask): Promise<boolean> {
  const scalar: Statement = { ...NONE, kind: 'scalar', root: asked.root };
  for (const node of expressionsIn(asked.root)) {
    if (node.type !== 'float8' && node.type !== 'float4') continue;
    const alone = await ask(scalar, text('SELECT ', node));
    if (difference(alone)?.kind !== 'rows' || difference(alone, sameDigits) !== null) continue;
    const given = text(`'${alone.reference[0]!.rows[0]![0]}'::${node.type}`);
    const both = await ask(asked.statement, replace(asked.root, node, given));
    if (difference(both) === null && describeAll(both.reference) === describeAll(asked.reference)) return true;
  }
  return false;
}

/** An aggregate of one column, and the alias of its table. */
const OF_COLUMN = /\b((?:sum|avg|var\w*|stddev\w*)\(((q\d+)\.c\d))\)/g;

/** One of its aggregates by itself overflows on both servers with its input in one order, and on neither in the other. */
async function isOverflowByOrder(asked: Asked, ask: Ask): Promise<boolean> {
  const isOverflow = ({ error }: Answer): boolean => error?.message === 'value out of range: overflow';
  if (![asked.reference[0]!, asked.target[0]!].some(isOverflow)) return false;
  const statement: Statement = { ...NONE, kind: 'query', root: asked.root };
  for (const [, call, column, alias] of asked.sql.matchAll(OF_COLUMN)) {
    const item = new RegExp(`\\b[tv]\\d AS ${alias}\\b`).exec(asked.sql)?.[0];
    if (item === undefined) continue;
    const [up, down] = await Promise.all(
      ['', ' DESC'].map((order) => ask(statement, text(`SELECT ${call} ORDER BY ${column}${order}) FROM ${item}`))),
    );
    const areAlike = [up!, down!].every((each) => difference(each) === null);
    if (areAlike && isOverflow(up!.target[0]!) !== isOverflow(down!.target[0]!)) return true;
  }
  return false;
}
