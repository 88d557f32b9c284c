/** Documents and paths as functions meet them: the last ones are kept, for who asks several things of one value. */
import { OID, outputText, SqlArray, sqlError } from '../../../types/index.ts';
import {
  declarationOf,
  dumpXml,
  escapeXml,
  evaluateXPath,
  type Prefixes,
  parseXmlDocument,
  parseXPath,
  type XmlNode,
  type XPath,
  XPathError,
  type XPathValue,
} from '../../../types/xml/index.ts';
import type { FunctionContext } from '../../function-entry.ts';

const PATHS_MAX = 64;
const paths = new Map<string, XPath>();
/** Longer documents are not kept. */
const KEPT_SIZE_MAX = 1 << 18;
let kept: { readonly text: string; readonly tree: XmlNode; readonly warnings: readonly string[] } | null = null;

export function warn(context: FunctionContext): (message: string) => void {
  return (message) => context.notice('WARNING', '01000', message);
}

/** Throws SQL's error where an expression is none, or cannot be evaluated. */
function withXPath<T>(code: string, message: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof XPathError)) throw error;
    throw sqlError(code, message, { detail: error.message });
  }
}

/** `code`: of an expression that is none. */
export function compiledPath(text: string, code = 'XX000'): XPath {
  let path = paths.get(text);
  if (path === undefined) {
    path = withXPath(code, 'invalid XPath expression', () => parseXPath(text));
    if (paths.size >= PATHS_MAX) paths.delete(paths.keys().next().value as string);
    paths.set(text, path);
  }
  return path;
}

export function valueOfPath(path: XPath, node: XmlNode, prefixes: Prefixes): XPathValue {
  return withXPath('XX000', 'could not create XPath object', () => evaluateXPath(path, node, prefixes));
}

export function documentTree(context: FunctionContext, text: string): XmlNode {
  if (kept === null || kept.text !== text) {
    kept = null;
    const warnings: string[] = [];
    const tree = parseXmlDocument(text, (message) => warnings.push(message));
    const known = { text, tree, warnings };
    if (text.length <= KEPT_SIZE_MAX) kept = known;
    warnings.forEach(warn(context));
    return tree;
  }
  kept.warnings.forEach(warn(context));
  return kept.tree;
}

/** text[][]: pairs of prefix and namespace. */
function prefixesOf(namespaces: SqlArray): Prefixes {
  const prefixes = new Map<string, string>();
  const { dimensions, elements } = namespaces;
  if (dimensions.length === 0) return prefixes;
  if (dimensions.length !== 2 || dimensions[1] !== 2) {
    throw sqlError('22000', 'invalid array for XML namespace mapping', {
      detail: 'The array must be two-dimensional with length of the second axis equal to 2.',
    });
  }
  for (let i = 0; i < elements.length; i += 2) prefixes.set(elements[i], elements[i + 1]);
  return prefixes;
}

function checkPrefixes(prefixes: Prefixes): void {
  for (const [prefix, uri] of prefixes) {
    if (prefix === null || uri === null) throw sqlError('22004', 'neither namespace name nor URI may be null');
    if (prefix !== '') continue;
    throw sqlError('XX000', `could not register XML namespace with name "${prefix}" and URI "${uri}"`);
  }
}

/** What an expression finds in a document. */
export function xpathValue(
  context: FunctionContext,
  path: string,
  data: string,
  namespaces: SqlArray | null,
): XPathValue {
  const prefixes = prefixesOf(namespaces ?? NO_NAMESPACES);
  if (path === '') throw sqlError('22000', 'empty XPath expression');
  const tree = documentTree(context, data.slice(declarationOf(data).length));
  checkPrefixes(prefixes);
  return valueOfPath(compiledPath(path), tree, prefixes);
}

const NO_NAMESPACES = new SqlArray(OID.TEXT, []);

/** A node as a value of type xml: texts and attributes are their text. */
export function nodeToXml(node: XmlNode): string {
  if (node.kind === 'namespace') {
    // libxml2 copies what is to be shown, and makes no copy of that which no document declares.
    if (node.localName === 'xml') throw sqlError('53200', 'could not copy node');
    return ` xmlns${node.localName === '' ? '' : `:${node.localName}`}="${escapeXml(node.value)}"`;
  }
  return node.kind === 'text' || node.kind === 'attribute' ? escapeXml(node.value) : dumpXml(node);
}

/** What xpath() answers: nodes, or the one value. */
export function valueToArray(value: XPathValue, context: FunctionContext): SqlArray {
  if (typeof value === 'object') return new SqlArray(OID.XML, value.map(nodeToXml));
  if (typeof value === 'number') return new SqlArray(OID.XML, [outputText(OID.FLOAT8, value, context.format)]);
  return new SqlArray(OID.XML, [typeof value === 'string' ? escapeXml(value) : String(value)]);
}
