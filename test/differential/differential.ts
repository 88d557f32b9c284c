/**
 * A run: one random schema after the other on both servers, statements over it, and what they answer differently, made smaller.
 */
import { type Catalog, readCatalog } from './catalog.ts';
import { Choice } from './choice.ts';
import { type Answer, PipelinedClient } from './client.ts';
import { type Ask, type Asked, type Difference, difference } from './compare.ts';
import { EXPLANATIONS, type Explanation, isOfTime, isSimplyExplained } from './explained.ts';
import { READER, withPolicies } from './policies.ts';
import { randomSchema, type Schema } from './schema.ts';
import { type Statement, Statements } from './statements.ts';
import { type Node, queriesIn, render, smaller } from './tree.ts';

export interface RunOptions {
  readonly queries: number;
  readonly seed: number;
  readonly referenceUrl: string;
  readonly targetUrl: string;
  /** Differences that are made smaller and told; the others are counted. */
  readonly shownMax: number;
  /** Statements are somebody's who sees some rows of most tables. */
  readonly withPolicies?: boolean;
  /** The reason that is not taken, to see what it covers. */
  readonly without?: string;
  readonly onDifference: (found: Found) => void;
  /** Those that have a reason, too, to look whether it is true. */
  readonly onExplained?: (found: ExplainedDifference) => void;
  readonly onProgress?: (asked: number) => void;
}

export interface Found {
  /** Repeats the schema and its statements: `--seed`. */
  readonly seed: number;
  /** What both were told before, to try it by hand. */
  readonly schema: Schema;
  readonly sql: string;
  readonly difference: Difference;
}

export interface ExplainedDifference extends Found {
  readonly reason: Reason;
}

/** By which explanation, and what has shown it. */
interface Reason {
  readonly name: string;
  readonly proof: string;
}

export interface RunResult {
  readonly asked: number;
  /** Statements that the reference answered without an error. */
  readonly answered: number;
  readonly explained: ReadonlyMap<string, number>;
  readonly differences: number;
  readonly missing: readonly string[];
  /** Statements on which the target failed inside. */
  readonly failedInside: readonly string[];
}

const STATEMENTS_PER_SCHEMA = 250;
/** Statements that are under way at once. */
const BATCH = 50;
const TRIES_AT_ONCE = 16;
const SHRINK_STEPS_MAX = 60;
/** Its own of each run, so that runs at one server do not meet. */
const SCHEMA = `differential_${process.pid}`;
const SETTINGS = ['SET statement_timeout = 4000', 'SET client_min_messages = error', "SET timezone = 'UTC'"];
/** What the two plan differently anyway, and the time it takes. */
const REFERENCE_SETTINGS = ['SET jit = off', 'SET max_parallel_workers_per_gather = 0'];

class Pair {
  reference: PipelinedClient;
  target: PipelinedClient;
  /** Statements on which the target failed inside, those too that were tried to make others smaller. */
  readonly failedInside = new Set<string>();

  constructor(reference: PipelinedClient, target: PipelinedClient) {
    this.reference = reference;
    this.target = target;
  }

  async setUp(schema: Schema): Promise<void> {
    for (const sql of [...SETTINGS, ...schema.statements]) {
      const answers = await Promise.all([this.reference.ask(sql), this.target.ask(sql)]);
      for (const [i, { error }] of answers.entries()) {
        if (error !== null)
          throw new Error(`${i === 0 ? 'reference' : 'target'}: ${error.code} ${error.message}: ${sql}`);
      }
    }
    await Promise.all(REFERENCE_SETTINGS.map((sql) => this.reference.ask(sql)));
    await Promise.all(
      ['RESET ALL', ...SETTINGS, `SET search_path = ${schema.name}, public`, ...schema.targetSettings].map((sql) =>
        this.target.ask(sql),
      ),
    );
  }

  async both(sql: string): Promise<void> {
    await Promise.all([this.reference.ask(sql), this.target.ask(sql)]);
  }

  async ask(statement: Statement, root: Node): Promise<Asked> {
    const sql = render(root);
    const both = await Promise.all([askAll(this.reference, statement, sql), askAll(this.target, statement, sql)]);
    for (const { error } of both[1]) {
      if (error?.code === 'XX000' && error.message.startsWith('internal error')) this.failedInside.add(sql);
    }
    return { statement, root, sql, reference: both[0], target: both[1] };
  }
}

async function askAll(client: PipelinedClient, statement: Statement, sql: string): Promise<Answer[]> {
  const before = statement.before.map((each) => client.ask(each));
  const after = [sql, ...statement.after].map((each) => client.ask(each));
  const answers = await Promise.all([...before, ...after]);
  return answers.slice(before.length);
}

export async function runDifferential(options: RunOptions): Promise<RunResult> {
  const [reference, target] = await Promise.all([
    PipelinedClient.connect(options.referenceUrl),
    PipelinedClient.connect(options.targetUrl),
  ]);
  const pair = new Pair(reference, target);
  const explanations = EXPLANATIONS.filter(({ name }) => name !== options.without);
  const counts = { asked: 0, answered: 0, differences: 0, shown: 0 };
  const explained = new Map<string, number>();
  let catalog: Catalog;
  try {
    catalog = await readCatalog(reference, target);
    if (options.withPolicies === true) await pair.both(`CREATE ROLE ${READER}`);
    for (let seed = options.seed; counts.asked < options.queries; seed++) {
      const choice = new Choice(seed);
      const plain = randomSchema(choice, SCHEMA);
      const schema = options.withPolicies === true ? withPolicies(choice, plain) : plain;
      await pair.setUp(schema);
      const statements = new Statements(catalog, schema, choice);
      for (let n = 0; n < STATEMENTS_PER_SCHEMA && counts.asked < options.queries; n += BATCH) {
        const count = Math.min(BATCH, options.queries - counts.asked);
        const batch = Array.from({ length: count }, () => statements.next());
        const answers = await Promise.all(batch.map((statement) => pair.ask(statement, statement.root)));
        for (const asked of answers) {
          counts.asked++;
          if (asked.reference[0]!.error === null) counts.answered++;
          await judge(asked, seed, schema);
        }
        options.onProgress?.(counts.asked);
      }
    }
    await pair.both('RESET ROLE');
    await pair.both(`DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE`);
    await pair.both(`DROP ROLE IF EXISTS ${READER}`);
  } finally {
    await Promise.all([pair.reference.end(), pair.target.end()]);
  }
  return { ...counts, explained, missing: catalog.missing, failedInside: [...pair.failedInside] };

  async function judge(asked: Asked, seed: number, schema: Schema): Promise<void> {
    const found = difference(asked);
    if (found === null) return;
    let reason = await reasonFor(pair, asked, found, explanations);
    let small = asked;
    if (reason === null && !isOfTime(asked)) {
      small = await shrink(pair, asked);
      reason = await reasonFor(pair, small, difference(small)!, explanations);
    }
    const shown = (): Found => ({ seed, schema, sql: wholeSql(small), difference: difference(small)! });
    if (reason !== null) {
      explained.set(reason.name, (explained.get(reason.name) ?? 0) + 1);
      options.onExplained?.({ ...shown(), reason });
      return;
    }
    counts.differences++;
    if (counts.shown++ >= options.shownMax) return;
    options.onDifference(shown());
  }
}

function wholeSql(asked: Asked): string {
  const last =
    asked.statement.after.length > 0 && asked.reference[0]!.error === null ? asked.statement.after.slice(0, -1) : [];
  return [...asked.statement.before, asked.sql, ...last].join('; ');
}

async function reasonFor(
  pair: Pair,
  asked: Asked,
  found: Difference,
  explanations: readonly Explanation[],
): Promise<Reason | null> {
  const ask: Ask = (statement, root) => pair.ask(statement, root);
  for (const { name, holds, isLast } of explanations) {
    const held = await holds(asked, found, ask);
    if (held !== false && held !== null) return { name, proof: held === true ? '' : held };
    if (isLast?.(asked) === true) return null;
  }
  if (!asked.statement.isCarrier) return null;
  // The query that it carries, where that alone is answered as differently.
  const inner = queriesIn(asked.root).next().value;
  if (inner === undefined) return null;
  const alone = await ask({ ...asked.statement, kind: 'query', isCarrier: false, before: [], after: [] }, inner);
  const other = difference(alone);
  const isSame = other !== null && errorOf(alone.reference) === errorOf(asked.reference);
  return isSame && errorOf(alone.target) === errorOf(asked.target) ? reasonFor(pair, alone, other, explanations) : null;
}

function errorOf(answers: readonly Answer[]): string {
  return answers.find(({ error }) => error !== null)?.error?.message ?? '';
}

/** The smallest statement found that still differs, in the same way. */
async function shrink(pair: Pair, asked: Asked): Promise<Asked> {
  const kind = kindOf(asked);
  let best = asked;
  for (let step = 0; step < SHRINK_STEPS_MAX; step++) {
    const next = await firstSmaller(pair, best, kind);
    if (next === null) return best;
    best = next;
  }
  return best;
}

async function firstSmaller(pair: Pair, asked: Asked, kind: string): Promise<Asked | null> {
  const candidates = smaller(asked.root);
  for (;;) {
    const batch: Node[] = [];
    for (const candidate of candidates) {
      batch.push(candidate);
      if (batch.length === TRIES_AT_ONCE) break;
    }
    if (batch.length === 0) return null;
    const tried = await Promise.all(batch.map((candidate) => pair.ask(asked.statement, candidate)));
    const found = tried.find((each) => each.sql !== asked.sql && kindOf(each) === kind);
    if (found !== undefined) return found;
  }
}

/** What kind of difference: rows stay rows, an error stays itself. Empty where there is none, or a simple reason for it. */
function kindOf(asked: Asked): string {
  const found = difference(asked);
  if (found === null || isSimplyExplained(asked, found)) return '';
  return [found.kind, errorOf(asked.reference), errorOf(asked.target)].join(': ');
}
