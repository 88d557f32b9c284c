/**
 * The strongest proof that an answer is the plan's choice: the reference itself gives the target's answer, to this very statement
 * over these very rows, when it is told to plan otherwise, when the rows of the tables lie in another order, or when literals are
 * parameters of a generic plan, so that the planner does not compute with them (as the target never does).
 */
import { Choice } from './choice.ts';
import { type Ask, type Asked, difference } from './compare.ts';
import { PLAN_SETTINGS, tablesOf } from './schema.ts';
import { expressionsIn, type Node, render, replace, text } from './tree.ts';

/** Cases that are tried at once. */
const TRIES = 16;
/** After those of one change each. */
const RANDOM_CASES = 240;

const JOINS = ['enable_hashjoin', 'enable_mergejoin', 'enable_nestloop'];
/** Joins in the order of the statement; subqueries that stay by themselves. */
const AS_WRITTEN = ['SET LOCAL join_collapse_limit = 1', 'SET LOCAL from_collapse_limit = 1'];

interface Case {
  /** What is told before the statement. */
  readonly told: readonly string[];
  /** Literals that are parameters. */
  readonly hidden: readonly Literal[];
}

interface Literal {
  /** Null: wherever its text stands, in a key of GROUP BY as in the list that it is a copy of. */
  readonly node: Node | null;
  readonly sql: string;
  readonly type: string;
}

/** What the reference was told, and asked, where it has answered so; null: never. */
export async function otherPlanOf(asked: Asked, ask: Ask): Promise<string | null> {
  const cases = casesOf(asked);
  for (let n = 0; n < cases.length; n += TRIES) {
    const batch = cases.slice(n, n + TRIES).map((each) => askCase(asked, each, ask));
    for (const { statement, sql, reference } of await Promise.all(batch)) {
      const isSame = difference({ ...asked, reference: reference.slice(0, asked.target.length) }) === null;
      if (isSame) return [...statement.before, sql].join('; ');
    }
  }
  return null;
}

/** What the target answers is known. */
const ONLY_REFERENCE =
  "SELECT set_config('statement_timeout', '1', true) FROM pg_catalog.pg_proc WHERE proname = 'hotrow_reset'";

/** What the reference was told that makes it too slow, too; null: nothing that is tried. */
export async function slowPlanOf(asked: Asked, ask: Ask, timeoutCode: string): Promise<string | null> {
  const cases = casesOf(asked).filter(({ hidden }) => hidden.length === 0);
  for (const { told } of cases) {
    const { reference } = await askCase(asked, { told: [...told, ONLY_REFERENCE], hidden: [] }, ask);
    if (reference.some(({ error }) => error?.code === timeoutCode)) return told.join('; ');
  }
  return null;
}

function askCase({ statement, root }: Asked, { told, hidden }: Case, ask: Ask): Promise<Asked> {
  const before = [...(statement.before.length > 0 ? statement.before : ['BEGIN']), ...told];
  const after = statement.after.length > 0 ? statement.after : ['ROLLBACK'];
  if (hidden.length === 0) return ask({ ...statement, before, after }, root);
  const inner = hidden.reduce((tree, { node }, i) => (node === null ? tree : replace(tree, node, parameter(i))), root);
  const texts = new Map(hidden.flatMap(({ node, sql }, i) => (node === null ? [[sql, render(parameter(i))]] : [])));
  const body = render(inner).replace(TYPED_LITERAL, (literal) => texts.get(literal) ?? literal);
  const types = hidden.map(({ type }) => type).join(', ');
  const prepared = ['SET LOCAL plan_cache_mode = force_generic_plan', `PREPARE hidden(${types}) AS ${body}`];
  return ask(
    { ...statement, before: [...before, ...prepared], after: [...after, 'DEALLOCATE hidden'] },
    text(`EXECUTE hidden(${hidden.map(({ sql }) => sql).join(', ')})`),
  );
}

function parameter(index: number): Node {
  return text(`$${index + 1}`);
}

/** One setting each, and one kind of join each. */
function toldCases({ statement }: Asked): Case[] {
  if (statement.kind === 'scalar') return [];
  const told = [...PLAN_SETTINGS.map((name) => off([name])), ...AS_WRITTEN.map((each) => [each]), ...onlyOneJoin()];
  return told.map((each) => ({ told: each, hidden: [] }));
}

/** One change each, then several at once: the same ones in each run. */
function casesOf(asked: Asked): Case[] {
  const { statement, root, sql } = asked;
  const literals = sql.startsWith('EXECUTE ') ? [] : literalsIn(root);
  const texts = sql.startsWith('EXECUTE ') ? [] : textsIn(sql);
  const hiding = [literals, texts].flatMap((each) => [each, ...(each.length > 1 ? each.map((one) => [one]) : [])]);
  const hidden = hiding.filter((each) => each.length > 0).map((each) => ({ told: [], hidden: each }));
  if (statement.kind === 'scalar') return hidden;
  const tables = [...tablesOf(sql)];
  const reversed = tables.map((table) => inOrder(table, 'id DESC'));
  const ofRows = [...reversed.map((each) => [each]), reversed].map((each) => ({ told: each, hidden: [] }));
  const random = Array.from({ length: RANDOM_CASES }, (_, seed) => randomCase(new Choice(seed), tables, literals));
  return [...toldCases(asked), ...ofRows, ...hidden, ...random];
}

function randomCase(choice: Choice, tables: readonly string[], literals: readonly Literal[]): Case {
  const joins = choice.chance(0.5) ? choice.pick(onlyOneJoin()) : [];
  const others = off(choice.some(PLAN_SETTINGS, choice.below(4)));
  // The genetic search for an order of joins takes another one by another seed.
  const genetic = `SET LOCAL geqo_threshold = 2; SET LOCAL geqo_effort = 1; SET LOCAL geqo_seed = ${choice.below(100) / 100}`;
  const order = choice.pick([[], [], AS_WRITTEN, [genetic]]);
  const rows = choice.some(tables, choice.below(tables.length + 1));
  const laid = rows.map((table) => inOrder(table, `md5('${choice.seed()}' || id)`));
  const analyzed = choice.chance(0.3) ? tables.map((table) => `ANALYZE ${table}`) : [];
  const hidden = choice.chance(0.5) ? choice.some(literals, choice.below(literals.length + 1)) : [];
  return { told: [...joins, ...others, ...order, ...laid, ...analyzed], hidden };
}

function off(names: readonly string[]): string[] {
  return names.map((name) => `SET LOCAL ${name} = off`);
}

function onlyOneJoin(): string[][] {
  return JOINS.map((kept) => off(JOINS.filter((name) => name !== kept)));
}

/** Its rows are put in again in this order. */
function inOrder(table: string, order: string): string {
  return `WITH gone AS (DELETE FROM ${table} RETURNING *) INSERT INTO ${table} SELECT * FROM gone ORDER BY ${order}`;
}

const LITERAL = /^(?:(?:'(?:[^']|'')*'|NULL)::([\w"[\] ]+)|(true|false)|\d+)$/;

function literalsIn(root: Node): Literal[] {
  return [...expressionsIn(root)].flatMap((node) => {
    const sql = render(node);
    const match = LITERAL.exec(sql);
    return match === null ? [] : [{ node, sql, type: match[1] ?? (match[2] === undefined ? 'int4' : 'bool') }];
  });
}

/** A token that may be one, or a text without a type, which is passed over. */
const TYPED_LITERAL = /'(?:[^']|'')*'(?:::(?:"\w+"|\w+)(?:\[\])?)?|\bNULL::(?:"\w+"|\w+)(?:\[\])?|\b(?:true|false)\b/g;

/** Each literal once, however often it stands there. */
function textsIn(sql: string): Literal[] {
  return [...new Set(sql.match(TYPED_LITERAL) ?? [])].flatMap((literal) => {
    const match = LITERAL.exec(literal);
    return match === null ? [] : [{ node: null, sql: literal, type: match[1] ?? 'bool' }];
  });
}
