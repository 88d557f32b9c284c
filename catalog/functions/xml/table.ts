/**
 * XMLTABLE: a row for each node that a path finds in a document, a column for each path from there. What it answers are texts, which the query
 * around it reads as the columns' types, and for which it puts their defaults (planner/bind/xml-table.ts).
 */
import { OID, sqlError } from '../../../types/index.ts';
import { escapeXml, numberToString, outputXml, toText, type XmlNode, type XPath } from '../../../types/xml/index.ts';
import type { FunctionContext, ScalarFunction, Value } from '../../function-entry.ts';
import { compiledPath, documentTree, nodeToXml, valueOfPath } from './documents.ts';

/** ordinality: the row's number. boolean values of paths are numbers in columns of numbers. */
export type XmlColumnKind = 'xml' | 'number' | 'other' | 'ordinality';

export interface XmlTableForm {
  /** null: DEFAULT. */
  readonly prefixes: readonly (string | null)[];
  readonly columns: readonly { readonly name: string; readonly kind: XmlColumnKind }[];
}

/** As an argument. */
export function tableFormText(form: XmlTableForm): string {
  return JSON.stringify(form);
}

const forms = new Map<string, XmlTableForm>();

function formOf(text: string): XmlTableForm {
  let form = forms.get(text);
  if (form === undefined) {
    form = JSON.parse(text) as XmlTableForm;
    if (forms.size >= 64) forms.clear();
    forms.set(text, form);
  }
  return form;
}

/** (document, path of rows, form, URIs of namespaces..., paths of columns: null for those that have a number...). */
export const XML_TABLE: ScalarFunction = {
  kind: 'scalar',
  oid: 0,
  internalName: 'xml_form_xmltable',
  name: 'xmltable',
  argumentTypes: [],
  variadic: false,
  returnType: OID.RECORD,
  returnsSet: true,
  strict: false,
  volatility: 'stable',
  needsContext: true,
  specialise: false,
  implementation: xmlTable,
};

function xmlTable(
  context: FunctionContext,
  data: string | null,
  rowPath: string | null,
  formText: string,
  ...rest: (string | null)[]
): Iterable<Value[]> {
  if (data === null) return [];
  const form = formOf(formText);
  const tree = documentTree(context, outputXml(data));
  const prefixes = new Map<string, string>();
  form.prefixes.forEach((prefix, i) => {
    const uri = rest[i];
    if (uri === null) throw sqlError('22004', 'namespace URI must not be null');
    if (prefix === null) throw sqlError('0A000', 'DEFAULT namespace is not supported');
    prefixes.set(prefix, uri);
  });
  if (rowPath === null) throw sqlError('22004', 'row filter expression must not be null');
  if (rowPath === '') throw sqlError('22000', 'row path filter must not be empty string');
  const rows = compiledPath(rowPath, '42601');
  const paths = columnPaths(form, rest.slice(form.prefixes.length));
  const found = valueOfPath(rows, tree, prefixes);
  return typeof found === 'object' ? rowsOf(form, paths, found, prefixes) : [];
}

function columnPaths(form: XmlTableForm, texts: readonly (string | null)[]): (XPath | null)[] {
  return form.columns.map(({ name, kind }, i) => {
    if (kind === 'ordinality') return null;
    const text = texts[i];
    if (text === null) {
      const detail = `Filter for column "${name}" is null.`;
      throw sqlError('22004', 'column filter expression must not be null', { detail });
    }
    if (text === '') throw sqlError('22000', 'column path filter must not be empty string');
    return compiledPath(text, '22000');
  });
}

/** One row after the other: the default of one may fail before the next is looked at. */
function* rowsOf(
  form: XmlTableForm,
  paths: readonly (XPath | null)[],
  nodes: readonly XmlNode[],
  prefixes: ReadonlyMap<string, string>,
): Generator<Value[]> {
  let number = 0;
  for (const node of nodes) {
    number++;
    yield paths.map((path, i) => (path === null ? number : columnText(path, form.columns[i].kind, node, prefixes)));
  }
}

function columnText(
  path: XPath,
  kind: XmlColumnKind,
  node: XmlNode,
  prefixes: ReadonlyMap<string, string>,
): string | null {
  const value = valueOfPath(path, node, prefixes);
  if (typeof value === 'object') {
    if (value.length === 0) return null;
    if (kind === 'xml') return value.map(nodeToXml).join('');
    if (value.length > 1) throw sqlError('21000', 'more than one value returned by column XPath expression');
    return toText(value);
  }
  if (typeof value === 'string') return kind === 'xml' ? escapeXml(value) : value;
  return typeof value === 'boolean' && kind === 'number' ? numberToString(Number(value)) : toText(value);
}
