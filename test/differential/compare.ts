/** Two answers to one statement: are they the same, and if not, is it a difference that has a reason? */
import type { Answer } from './client.ts';
import type { Statement } from './statements.ts';
import { contains, type Node } from './tree.ts';

export interface Asked {
  readonly statement: Statement;
  readonly root: Node;
  readonly sql: string;
  /** The statement's answer, then those of what was asked after it. */
  readonly reference: readonly Answer[];
  readonly target: readonly Answer[];
}

/** Asks both servers. */
export type Ask = (statement: Statement, root: Node) => Promise<Asked>;

export interface Difference {
  readonly kind: 'error' | 'columns' | 'tag' | 'rows';
  readonly reference: string;
  readonly target: string;
}

/** How much of a row is shown. */
const SHOWN_MAX = 300;

export function difference(asked: Asked, isSameText: SameText = sameText): Difference | null {
  for (let n = 0; n < asked.reference.length; n++) {
    const isOrdered = n === 0 && asked.statement.order !== null && contains(asked.root, asked.statement.order);
    const found = answersDiffer(asked.reference[n]!, asked.target[n]!, isOrdered, isSameText);
    if (found !== null) return found;
  }
  return null;
}

export type SameText = (left: string, right: string, typeOid: number) => boolean;

function sameText(left: string, right: string): boolean {
  return left === right;
}

function answersDiffer(reference: Answer, target: Answer, isOrdered: boolean, same: SameText): Difference | null {
  if (reference.error !== null || target.error !== null) {
    const [expected, got] = [describe(reference), describe(target)];
    return reference.error !== null && target.error !== null && expected === got
      ? null
      : { kind: 'error', reference: expected, target: got };
  }
  const columns = [columnsText(reference), columnsText(target)] as const;
  if (columns[0] !== columns[1]) return { kind: 'columns', reference: columns[0], target: columns[1] };
  if (reference.tag !== target.tag)
    return { kind: 'tag', reference: `${reference.tag}${sample(reference)}`, target: `${target.tag}${sample(target)}` };
  return rowsDiffer(reference, target, isOrdered, same);
}

function rowsDiffer(reference: Answer, target: Answer, isOrdered: boolean, same: SameText): Difference | null {
  const types = (reference.columns ?? []).map((column) => column.typeOid);
  const sortedRows = (answer: Answer): readonly (readonly (string | null)[])[] =>
    isOrdered ? answer.rows : [...answer.rows].sort((left, right) => compareText(printRow(left), printRow(right)));
  const [expected, got] = [sortedRows(reference), sortedRows(target)];
  const differs = (row: readonly (string | null)[], other: readonly (string | null)[]): boolean =>
    row.some((value, i) =>
      value === null || other[i] === null ? value !== other[i] : !same(value, other[i]!, types[i]!),
    );
  const at = expected.findIndex((row, i) => differs(row, got[i]!));
  if (at < 0) return null;
  // What is the same but for its text may be sorted otherwise by it.
  if (!isOrdered && same !== sameText && areSameRows(expected, got, (row, other) => !differs(row, other))) return null;
  return {
    kind: 'rows',
    reference: `row ${at + 1}: ${short(printRow(expected[at]!))}`,
    target: `row ${at + 1}: ${short(printRow(got[at]!))}`,
  };
}

/** Whether each of the one can be given one of the others. */
function areSameRows<Row>(expected: readonly Row[], got: readonly Row[], isSame: (a: Row, b: Row) => boolean): boolean {
  const left = [...got];
  return expected.every((row) => {
    const at = left.findIndex((other) => isSame(row, other));
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
}

function printRow(row: readonly (string | null)[]): string {
  return row.map((value) => (value === null ? 'NULL' : `'${value}'`)).join(' | ');
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function columnsText(answer: Answer): string {
  return (answer.columns ?? []).map((column) => `${column.name} ${column.typeOid}`).join(', ');
}

function sample(answer: Answer): string {
  return answer.rows.length === 0 ? '' : `, first row ${short(printRow(answer.rows[0]!))}`;
}

export function describe(answer: Answer): string {
  if (answer.error !== null) {
    const { code, message, detail, hint } = answer.error;
    return `ERROR ${code}: ${message}${detail === '' ? '' : ` DETAIL: ${detail}`}${hint === '' ? '' : ` HINT: ${hint}`}`;
  }
  return `${answer.tag}${sample(answer)}`;
}

function short(text: string): string {
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX)}... (${text.length} characters)`;
}

/** Answers in full; the first error is all that counts of a statement that fails. */
export function describeAll(answers: readonly Answer[], isSorted = true): string {
  const failed = answers.find((answer) => answer.error !== null);
  if (failed !== undefined) return describe(failed);
  const shown = ({ rows }: Answer): string[] => rows.map((row) => JSON.stringify(row));
  return JSON.stringify(answers.map((answer) => [answer.tag, isSorted ? shown(answer).sort() : shown(answer)]));
}

/** The answers agree but for bytes that are no characters (U+FFFD) in the reference's. */
export function isCutCharacter({ reference, target }: Asked): boolean {
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
