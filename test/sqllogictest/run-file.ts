/** Runs one upstream file against an empty database. */
import { createScratchDatabase } from '../support/database-target.ts';
import { TextClient } from '../support/text-client.ts';
import { hashOf, parseUpstream, renderValues, type UpstreamRecord, valuesMatch } from './format.ts';

export interface UpstreamRun {
  readonly passed: number;
  readonly failed: number;
  /** The first failures, each as text. */
  readonly failures: readonly string[];
}

const VALUES_SHOWN = 8;

/** `timed` is told what each record took, in milliseconds. */
export async function runUpstream(
  text: string,
  failuresKept: number,
  timed?: (record: UpstreamRecord, ms: number) => void,
): Promise<UpstreamRun> {
  const records = parseUpstream(text);
  const database = await createScratchDatabase();
  const failures: string[] = [];
  let passed = 0;
  let failed = 0;
  try {
    const client = await TextClient.connect(database.connection);
    try {
      for (const record of records) {
        const begun = performance.now();
        const failure = await runRecord(client, record);
        timed?.(record, performance.now() - begun);
        if (failure === null) passed++;
        else if (++failed <= failuresKept) failures.push(`line ${record.line}: ${record.sql}\n      ${failure}`);
      }
    } finally {
      await client.end();
    }
  } finally {
    await database.drop();
  }
  return { passed, failed, failures };
}

async function runRecord(client: TextClient, record: UpstreamRecord): Promise<string | null> {
  const { error, results } = await client.query(record.sql);
  if (record.kind === 'statement') {
    if ((error === null) === record.succeeds) return null;
    return error === null ? 'succeeds, and must not' : `ERROR: ${error.code} ${error.message}`;
  }
  if (error !== null) return `ERROR: ${error.code} ${error.message}`;
  const [result] = results;
  if (result === undefined) return 'gives no rows';
  if (result.columns.length !== record.types.length) {
    return `gives ${result.columns.length} columns, not ${record.types.length}`;
  }
  const values = renderValues(result, record.types, record.sort);
  if (valuesMatch(values, record.expected)) return null;
  return `expected ${record.expected.slice(0, VALUES_SHOWN).join(', ')}\n      got      ${shown(values)}`;
}

function shown(values: readonly string[]): string {
  if (values.length <= VALUES_SHOWN) return values.join(', ');
  return `${values.length} values hashing to ${hashOf(values)}: ${values.slice(0, VALUES_SHOWN).join(', ')} ...`;
}
