/**
 * Differences that are right, each with its reason: the whole list. A run counts them by name, and shows none.
 *
 * Keep it small: what stands here is never looked at again.
 */
import { type Asked, type Difference, difference } from './compare.ts';

export interface Explanation {
  readonly name: string;
  readonly reason: string;
  readonly holds: (asked: Asked, found: Difference) => boolean;
}

/** float4, float8, point, lseg, path, box, polygon, line, circle, arrays of the first two; text and json may hold any of them. */
const WITH_FLOATS = new Set([700, 701, 600, 601, 602, 603, 604, 628, 718, 1021, 1022, 25, 114, 3802, 1009, 3807]);
const FLOAT_DIGITS = 11;
/** Errors that a value causes: of classes 21 to 23, and those that functions raise with other codes. */
const OF_DATA = /^(2[123]...|0A000|42601|42704|XX000)$/;
const RESOURCES = /^(57014|53200|54000|54001)$/;

function errorsOf(asked: Asked): (string | null)[] {
  return [asked.reference, asked.target].map(
    (answers) => answers.find((answer) => answer.error !== null)?.error?.code ?? null,
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
        !/^(unit|timestamps cannot be binned|cannot convert (circle|infinity|NaN)) /.test(error.message))
  );
}

/** Numbers in the text, as far as their digits are sure. */
function roundedNumbers(value: string): string {
  return value.replace(/-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/g, (digits) =>
    /[.e]/.test(digits) || digits.length > FLOAT_DIGITS
      ? String(Number(Number(digits).toPrecision(FLOAT_DIGITS)))
      : String(Number(digits)),
  );
}

/** One form for values that are equal: numeric's trailing zeros, floats' minus zero. */
function canonical(value: string): string {
  return value.replace(/-?\d+\.\d+/g, (digits) => digits.replace(/\.?0+$/, '')).replace(/(?<![\d.])-0(?![\d.])/g, '0');
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
      found.kind === 'rows' &&
      difference(
        asked,
        (left, right, oid) =>
          left === right || (WITH_FLOATS.has(oid) && roundedNumbers(left) === roundedNumbers(right)),
      ) === null,
  },
  {
    name: 'which of several equal values',
    reason: "where rows are grouped, 1.0 and 1.00 are one group, and which of them is shown is the plan's choice",
    holds: (asked, found) =>
      asked.statement.kind !== 'scalar' &&
      found.kind === 'rows' &&
      difference(asked, (left, right) => left === right || canonical(left) === canonical(right)) === null,
  },
  {
    name: 'arguments beside a NULL',
    reason:
      'a strict function of a NULL is NULL: its other arguments, and what stands over a table without rows, are not evaluated, ' +
      'where PostgreSQL evaluates all arguments first, and constants before the query runs',
    holds: (asked, found) => {
      if (found.kind !== 'error') return false;
      const [reference, target] = errorsOf(asked);
      const answer = target === null ? asked.target[0]! : asked.reference[0]!;
      const error = reference ?? target;
      if (answer.error !== null || error === null || !OF_DATA.test(error) || isMissing(asked)) return false;
      return answer.rows.every((row) => row.some((value) => value === null));
    },
  },
  {
    name: 'which of several errors',
    reason:
      'an expression of several calls may fail in more than one of them; constants are computed early, by volatility',
    holds: (asked, found) => {
      const [reference, target] = errorsOf(asked);
      if (found.kind !== 'error' || reference === null || target === null || isMissing(asked)) return false;
      return (
        OF_DATA.test(reference) &&
        OF_DATA.test(target) &&
        (asked.sql.match(/\w\(| [-+*/%^|&#<>=~@!?]+ /g) ?? []).length > 1
      );
    },
  },
  {
    name: 'order by columns that grouping sets leave out',
    reason:
      'PostgreSQL 15 takes a = b of a join for equal in the groups, too, where one of them is NULL, and sorts by one alone',
    holds: (asked, found) =>
      found.kind === 'rows' &&
      / (GROUPING SETS|ROLLUP|CUBE) /.test(asked.sql) &&
      difference({ ...asked, statement: { ...asked.statement, order: null } }) === null,
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
    name: 'ages of infinity',
    reason:
      'age() of an infinite timestamp is the difference of the largest integer in PostgreSQL 15; it is refused here',
    holds: (asked) =>
      /infinity/.test(asked.sql) &&
      asked.target[0]!.error?.message === 'timestamp out of range' &&
      /\bage\(/.test(asked.sql),
  },
  {
    name: 'order of evaluation',
    reason:
      'which conditions and columns are evaluated, in which order, for which rows and whether before there is a row, is the ' +
      "plan's choice: an error of data may be met or not. Single expressions (scalar, rows) are held to it.",
    holds: (asked, found) => {
      if (asked.statement.kind === 'scalar' || asked.statement.kind === 'rows' || found.kind !== 'error') return false;
      const [reference, target] = errorsOf(asked);
      return (
        (reference === null || OF_DATA.test(reference)) &&
        (target === null || OF_DATA.test(target)) &&
        !isMissing(asked)
      );
    },
  },
];
