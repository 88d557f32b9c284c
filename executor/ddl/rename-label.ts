/**
 * ALTER TYPE ... RENAME VALUE: kept texts (defaults, checks, indexes, views, domains) follow the new label.
 *
 * Which of a text's literals stand for the label only the binder knows: in `m = 'happy' AND c = 'happy'` it hangs on the columns.
 * So it is asked. Each literal that could be the label gets a mark of its own, and the text is bound with the type as it is now:
 * a mark that the type does not understand was the label; one that another type stumbles over was not.
 */
import type { RelationEntry, TypeEntry } from '../../catalog/index.ts';
import type { Expression, Query, StringLiteral } from '../../parser/ast.ts';
import { SqlError } from '../../types/errors.ts';
import { DEFAULT_FORMAT, inputText, OID, outputText, SqlArray, typeByOid } from '../../types/index.ts';
import { tableOfValue } from '../domains.ts';
import type { DdlContext, ExpressionUse } from './context.ts';
import { mapStatisticsTexts } from './statistics.ts';
import { changedText } from './stored-text.ts';
import { parseQuery } from './view-query.ts';
import { viewTexts } from './views.ts';

/** No label and no text that means something has it. */
const MARK = '\u0001';
const MARKED = new RegExp(`${MARK}([0-9]+)${MARK}`);

interface LabelRename {
  readonly x: DdlContext;
  readonly type: TypeEntry;
  readonly label: string;
  readonly newLabel: string;
}

/** The type has its new label already. */
export function renameLabelInTexts(x: DdlContext, type: TypeEntry, label: string, newLabel: string): void {
  const change: LabelRename = { x, type, label, newLabel };
  // All there are: a text may name the label though nothing of the type stands in a column that it reads.
  for (const domain of [...x.catalog.types()]) {
    if (domain.kind !== 'domain') continue;
    const changed = renameInDomain(change, domain);
    if (changed !== null) x.putEntry(changed);
  }
  let views: RelationEntry[] = [];
  for (const relation of [...x.catalog.relations()]) {
    if (relation.queryText === null) renameInTable(change, relation);
    else views.push(relation);
  }
  for (const policy of [...x.catalog.policies()]) {
    const query = renamed(change, parseQuery(policy.queryText), (each) => x.describeQuery(each));
    if (query !== null) x.putEntry({ ...policy, ...viewTexts(x, query) });
  }
  // A view that reads another can be bound when that one has been done.
  while (views.length > 0) {
    const left: RelationEntry[] = [];
    let failure: unknown = null;
    for (const view of views) {
      try {
        const query = renamed(change, parseQuery(view.queryText as string), (each) => x.describeQuery(each));
        if (query !== null) x.putEntry({ ...view, ...viewTexts(x, query) });
      } catch (error) {
        failure = error;
        left.push(view);
      }
    }
    if (left.length === views.length) throw failure;
    views = left;
  }
}

/** null: it does not name the label. */
function renameInDomain(change: LabelRename, domain: TypeEntry): TypeEntry | null {
  const base = { typeOid: domain.baseTypeOid, typeModifier: domain.baseTypeModifier };
  const value = tableOfValue(domain);
  const boolean = { typeOid: OID.BOOL, typeModifier: -1 };
  const { x } = change;
  const before = domain.defaultText ?? null;
  const defaultText = textWith(change, before, null, 'default', base);
  let isChanged = defaultText !== before;
  // VALUE is not a column: the text is not printed from its bound form.
  const checks = (domain.checks ?? []).map((check) => {
    const expression = renamed(change, x.parseExpression(check.text), (e) => x.bind(e, value, 'check', boolean));
    if (expression === null) return check;
    isChanged = true;
    return { ...check, text: x.deparse(expression) };
  });
  return isChanged ? { ...domain, defaultText, checks } : null;
}

function renameInTable(change: LabelRename, table: RelationEntry): void {
  const { x } = change;
  const boolean = { typeOid: OID.BOOL, typeModifier: -1 };
  const columns = table.columns.map((column) => {
    const { typeOid, typeModifier, generated, defaultText } = column;
    const use = generated ? 'generated' : 'default';
    const text = textWith(change, defaultText, generated ? table : null, use, { typeOid, typeModifier });
    return text === defaultText ? column : { ...column, defaultText: text };
  });
  if (columns.some((column, i) => column !== table.columns[i])) x.putEntry({ ...table, columns });
  for (const constraint of x.catalog.constraintsOf(table.oid)) {
    const checkText = textWith(change, constraint.checkText, table, 'check', boolean);
    if (checkText !== constraint.checkText) x.putEntry({ ...constraint, checkText });
  }
  mapStatisticsTexts(x, table.oid, (text) => textWith(change, text, table, 'statistics expression'));
  for (const index of x.catalog.indexesOf(table.oid)) {
    const predicateText = textWith(change, index.predicateText, table, 'index predicate', boolean);
    const expressions = index.columns.map((column) =>
      textWith(change, column.expressionText, table, 'index expression'),
    );
    const isChanged =
      predicateText !== index.predicateText || expressions.some((text, i) => text !== index.columns[i].expressionText);
    if (!isChanged) continue;
    x.putEntry({
      ...index,
      predicateText,
      ...(index.bound === undefined
        ? {}
        : {
            bound: {
              columns: index.bound.columns.map((text) => textWith(change, text, table, 'index expression')),
              predicate: textWith(change, index.bound.predicate, table, 'index predicate', boolean),
            },
          }),
      columns: index.columns.map((column, i) => ({ ...column, expressionText: expressions[i] })),
    });
  }
}

function textWith(
  change: LabelRename,
  text: string | null,
  table: RelationEntry | null,
  use: ExpressionUse,
  target?: { readonly typeOid: number; readonly typeModifier: number },
): string | null {
  if (text === null) return null;
  const { x } = change;
  const expression = renamed(change, x.parseExpression(text), (each) => x.bind(each, table, use, target));
  return expression === null ? text : changedText(x, expression);
}

/** The text's tree with the new label; null: it does not name the label. `bind` throws what the binder says. */
function renamed<Tree extends Expression | Query>(
  change: LabelRename,
  tree: Tree,
  bind: (tree: Tree) => unknown,
): Tree | null {
  const { type, label, newLabel } = change;
  /** By candidate: what stands there now. */
  const labels: string[] = [];
  const make = (): Tree => {
    let count = 0;
    return withLiterals(tree, (value) => {
      const at = count;
      const changed = withLabel(value, label, () => (labels[at] ??= `${MARK}${at}${MARK}`));
      if (changed !== null) count++;
      return changed ?? value;
    }) as Tree;
  };
  /** What the binder says: null: nothing. */
  const complaint = (): SqlError | null => {
    try {
      bind(make());
      return null;
    } catch (error) {
      if (error instanceof SqlError) return error;
      throw error;
    }
  };
  make();
  if (labels.length === 0) return null;
  const ours = `invalid input value for enum ${typeByOid(type.oid)?.displayName ?? type.name}: `;
  for (let error = complaint(); error !== null; error = complaint()) {
    const marked = MARKED.exec(error.message);
    if (marked === null) notTheLabel(error);
    else labels[Number(marked[1])] = error.message.startsWith(ours) ? newLabel : label;
  }
  /** A complaint that does not show what it is about: the literal without whose mark it is another one, or none. */
  function notTheLabel(error: SqlError): void {
    for (let i = 0; i < labels.length; i++) {
      const before = labels[i];
      if (!MARKED.test(before)) continue;
      labels[i] = label;
      if (complaint()?.message !== error.message) return;
      labels[i] = before;
    }
    throw error;
  }
  if (!labels.includes(newLabel)) return null;
  for (let i = 0; i < labels.length; i++) if (labels[i] !== newLabel) labels[i] = label;
  return make();
}

/** The literal with another label in its place, or places; null: it is not the label, nor an array that has it. */
function withLabel(value: string, label: string, replacement: () => string): string | null {
  if (value === label) return replacement();
  if (!value.startsWith('{') || !value.includes(label)) return null;
  let array: SqlArray;
  try {
    array = inputText(OID.TEXT_ARRAY, -1, value, DEFAULT_FORMAT) as SqlArray;
  } catch {
    return null;
  }
  if (!array.elements.includes(label)) return null;
  const elements = array.elements.map((element) => (element === label ? replacement() : element));
  const changed = new SqlArray(OID.TEXT, elements, array.dimensions, array.lowerBounds);
  return outputText(OID.TEXT_ARRAY, changed, DEFAULT_FORMAT);
}

function withLiterals(node: unknown, change: (value: string) => string): unknown {
  if (Array.isArray(node)) return node.map((each) => withLiterals(each, change));
  if (typeof node !== 'object' || node === null) return node;
  const { kind } = node as { kind?: unknown };
  if (kind === 'string') {
    const literal = node as StringLiteral;
    return { ...literal, value: change(literal.value) };
  }
  return Object.fromEntries(Object.entries(node).map(([key, part]) => [key, withLiterals(part, change)]));
}
