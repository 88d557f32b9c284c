/** What psql printed for one segment by two servers: the same, or how it differs. */

export type Verdict =
  | 'same'
  /** Rows in another order, where that is not the statement's to say. */
  | 'order'
  /** An error of the same code with another message, detail, hint or place. */
  | 'message'
  /** Plans, sizes: nobody expects them to be the same. */
  | 'plan'
  | 'rows'
  /** An error of another code. */
  | 'code'
  /** Only the target, or only the reference, raises an error. */
  | 'fails'
  | 'passes';

const ERROR = /^(?:psql:[^\n]*?: )?(?:ERROR|FATAL|PANIC): {2}([0-9A-Z]{5}): (.*)$/m;

export interface Failure {
  readonly code: string;
  readonly message: string;
}

export function failureOf(output: string): Failure | null {
  const found = ERROR.exec(output);
  return found === null ? null : { code: found[1]!, message: found[2]! };
}

/** Without what differs between any two servers: source locations, the script's place, times. */
export function normalized(output: string): string {
  return output
    .split('\n')
    .filter((line) => !/^(?:psql:[^:]*:\d+: )?LOCATION: |^Time: [0-9.]+ ms/.test(line))
    .map((line) => line.replace(/^psql:[^:]*:\d+: /, '').trimEnd())
    .join('\n')
    .trim();
}

/** Lines of a table as psql prints it: their order is the statement's only with ORDER BY. */
function sortedLines(output: string): string {
  return output.split('\n').sort().join('\n');
}

export function verdictOf(text: string, reference: string, target: string): Verdict {
  const [expected, got] = [normalized(reference), normalized(target)];
  if (expected === got) return 'same';
  const [failed, fails] = [failureOf(reference), failureOf(target)];
  if (failed === null && fails !== null) return 'fails';
  if (failed !== null && fails === null) return 'passes';
  if (failed !== null && fails !== null) return failed.code === fails.code ? 'message' : 'code';
  if (/^\s*explain\b/im.test(text)) return 'plan';
  return sortedLines(expected) === sortedLines(got) ? 'order' : 'rows';
}
