/**
 * Bodies of functions in the standard's grammar, RETURN and BEGIN ATOMIC: what they name is found when the function is made. A query
 * is kept as it was bound (`statements`, for who runs it), and as it was understood (`shownBody`, for who prints it).
 */
import type { RoutineEntry } from '../../catalog/index.ts';
import { namesObjects } from '../../catalog/kept-constants.ts';
import type { CreateFunctionStatement, Query, QueryStatement, Statement, StatementNode } from '../../parser/ast.ts';
import { parse } from '../../parser/index.ts';
import { OID } from '../../types/index.ts';
import type { DdlContext } from './context.ts';
import { withKeptTypes } from './kept-types.ts';
import { understoodBody } from './understood-query.ts';
import { normalizeQuery, parseQuery, type ViewRename } from './view-query.ts';

type SqlBody = NonNullable<CreateFunctionStatement['sqlBody']>;
type BodyPart = Extract<SqlBody, { kind: 'atomic' }>['statements'][number] | Extract<SqlBody, { kind: 'return' }>;

/** Binds each statement, and the last one to what is returned. The function itself may be called. */
export function checkBody(x: DdlContext, entry: RoutineEntry, nodes: readonly StatementNode[], text: string): void {
  if (nodes.length === 0) {
    if (entry.returnTypeOid === OID.VOID) return;
    x.checkRoutineStatement(entry, { kind: 'begin' } as StatementNode, true, text);
    return;
  }
  for (const [i, node] of nodes.entries()) x.checkRoutineStatement(entry, node, i === nodes.length - 1, text);
}

export function keptBody(
  x: DdlContext,
  body: SqlBody,
  entry: RoutineEntry,
): Pick<RoutineEntry, 'statements' | 'shownBody' | 'dependsOn'> {
  const nodes = partsOf(body).map((part): QueryStatement => (part.kind === 'return' ? selectOf(part.expr) : part));
  x.takeUses();
  checkBody(x, entry, nodes, x.text);
  const dependsOn = new Set(x.takeUses());
  const texts = nodes.map((node, i) => {
    const kept = withKeptTypes(x, node);
    // Modifications have no printer: they are kept as they were written.
    if (kept.kind !== 'query') return sameText(textOf(x, body, i));
    const normalized = normalizeQuery(x, kept);
    for (const oid of normalized.relations) dependsOn.add(oid);
    return queryTexts(x, entry, normalized.query, partsOf(body)[i].kind === 'return');
  });
  return { ...bodyTexts(body, texts), dependsOn: [...dependsOn] };
}

/** Functions whose bodies read a relation name it, or its column, anew. */
export function rewriteBodies(x: DdlContext, change: ViewRename): void {
  for (const entry of [...x.catalog.routines()]) {
    const { statements, shownBody } = entry;
    if (statements === null || shownBody === undefined || !entry.dependsOn.includes(change.relationOid)) continue;
    const body = parseBody(shownBody);
    const texts = partsOf(body).map((part, i) => {
      if (part.kind !== 'query' && part.kind !== 'return') return sameText(statements[i]);
      return queryTexts(x, entry, normalizeQuery(x, parseQuery(statements[i]), change).query, part.kind === 'return');
    });
    x.putEntry({ ...entry, ...bodyTexts(body, texts) });
  }
}

/** Of a shown body, which has the form of a statement. */
function parseBody(text: string): SqlBody {
  return (parse(`CREATE FUNCTION f() ${text}`)[0].node as CreateFunctionStatement).sqlBody!;
}

interface Texts {
  readonly kept: string;
  readonly shown: string;
}

function sameText(text: string): Texts {
  return { kept: text, shown: text };
}

function queryTexts(x: DdlContext, entry: RoutineEntry, query: Query, isReturn: boolean): Texts {
  const understood = understoodBody(x, entry, query);
  const text = x.deparse(understood);
  const kept = namesObjects(text) ? text : x.deparse(query);
  return { kept, shown: isReturn ? `RETURN ${returned(x, understood)}` : text };
}

/** The expression whose value is returned: it has no name. */
function returned(x: DdlContext, query: Query): string {
  const { body } = query;
  if (body.kind !== 'select') throw new Error('RETURN is kept as a SELECT');
  const targets = body.targets.map((target) => ({ ...target, alias: null }));
  return x.deparse({ ...query, body: { ...body, targets } }).replace(/^SELECT /, '');
}

function partsOf(body: SqlBody): readonly BodyPart[] {
  return body.kind === 'return' ? [body] : body.statements;
}

function textOf(x: DdlContext, body: SqlBody, i: number): string {
  if (body.kind === 'return') throw new Error('RETURN is an expression');
  const { start, end } = body.spans[i];
  return x.text.slice(start, end);
}

function selectOf(expr: Extract<SqlBody, { kind: 'return' }>['expr']): QueryStatement {
  const [{ node }] = parse('SELECT 1') as readonly [Statement];
  const query = node as Query;
  if (query.body.kind !== 'select') throw new Error('not a SELECT');
  const [target] = query.body.targets;
  return { ...query, body: { ...query.body, targets: [{ ...target, expr }] } };
}

function bodyTexts(body: SqlBody, texts: readonly Texts[]): Pick<RoutineEntry, 'statements' | 'shownBody'> {
  const statements = texts.map(({ kept }) => kept);
  if (body.kind === 'return') return { statements, shownBody: texts[0].shown };
  return { statements, shownBody: ['BEGIN ATOMIC', ...texts.map(({ shown }) => ` ${shown};`), 'END'].join('\n') };
}
