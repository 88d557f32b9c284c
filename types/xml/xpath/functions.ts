/** The core function library (XPath 1.0, 4). */
import { collapseSpace } from '../../replace-each.ts';
import { stringValue, XML_NAMESPACE, type XmlNode } from '../document.ts';
import { XPathError } from './expression.ts';
import { stringToNumber } from './numbers.ts';
import { type Nodes, toBoolean, toNumber, toText, type XPathValue } from './values.ts';

/** Where an expression is evaluated. */
export interface Focus {
  readonly node: XmlNode;
  /** From 1; -1 outside of predicates, as the size: there is nothing to count. */
  readonly position: number;
  readonly size: number;
}

interface CoreFunction {
  /** How few and how many arguments. */
  readonly arity: readonly [number, number];
  call(args: readonly XPathValue[], focus: Focus): XPathValue;
}

function nodes(value: XPathValue): Nodes {
  if (typeof value !== 'object') throw new XPathError('Invalid type');
  return value;
}

/** The first node of the argument, or the context's; undefined: the argument has none. */
function nodeOf(args: readonly XPathValue[], focus: Focus): XmlNode | undefined {
  return args.length === 0 ? focus.node : nodes(args[0])[0];
}

function textOf(args: readonly XPathValue[], focus: Focus): string {
  return args.length === 0 ? stringValue(focus.node) : toText(args[0]);
}

function localNameOf(node: XmlNode | undefined): string {
  return node === undefined ? '' : node.localName;
}

function counted(value: number, fault: string): number {
  if (value < 0) throw new XPathError(fault);
  return value;
}

/** Half up, as the specification wants it: -0.5 is -0. */
function round(value: number): number {
  return value >= -0.5 && value < 0 ? -0 : Math.floor(value + 0.5);
}

function substring(text: string, from: number, count: number): string {
  const start = round(from);
  const end = start + round(count);
  let result = '';
  let position = 0;
  for (const character of text) {
    position++;
    if (position >= start && position < end) result += character;
  }
  return result;
}

function translate(text: string, from: string, to: string): string {
  const targets = [...to];
  const map = new Map<string, string>();
  [...from].forEach((character, i) => {
    if (!map.has(character)) map.set(character, targets[i] ?? '');
  });
  let result = '';
  for (const character of text) result += map.get(character) ?? character;
  return result;
}

/** Elements with an xml:id among the words. A DTD's attributes of type ID are not looked at. */
function byId(value: XPathValue, root: XmlNode): XmlNode[] {
  const texts = typeof value === 'object' ? value.map(stringValue) : [toText(value)];
  const ids = new Set(texts.flatMap((text) => text.split(/[ \t\r\n]+/)));
  const result: XmlNode[] = [];
  const visit = (node: XmlNode): void => {
    if (node.attributes.some((each) => each.uri === XML_NAMESPACE && each.localName === 'id' && ids.has(each.value))) {
      result.push(node);
    }
    for (const child of node.children) if (child.kind === 'element') visit(child);
  };
  visit(root);
  return result;
}

function hasLanguage(node: XmlNode, wanted: string): boolean {
  for (let at: XmlNode | null = node; at !== null; at = at.parent) {
    const found = at.attributes.find((each) => each.uri === XML_NAMESPACE && each.localName === 'lang');
    if (found === undefined) continue;
    const [language, sought] = [found.value.toLowerCase(), wanted.toLowerCase()];
    return language === sought || language.startsWith(`${sought}-`);
  }
  return false;
}

function rootOf(node: XmlNode): XmlNode {
  let root = node;
  while (root.parent !== null) root = root.parent;
  return root;
}

const before = (text: string, part: string): string => text.slice(0, Math.max(text.indexOf(part), 0));
function after(text: string, part: string): string {
  const at = text.indexOf(part);
  return at < 0 ? '' : text.slice(at + part.length);
}

const FUNCTIONS: Readonly<Record<string, CoreFunction>> = {
  last: { arity: [0, 0], call: (_, focus) => counted(focus.size, 'Invalid context size') },
  position: { arity: [0, 0], call: (_, focus) => counted(focus.position, 'Invalid context position') },
  count: { arity: [1, 1], call: ([set]) => nodes(set).length },
  id: { arity: [1, 1], call: ([ids], focus) => byId(ids, rootOf(focus.node)) },
  'local-name': { arity: [0, 1], call: (args, focus) => localNameOf(nodeOf(args, focus)) },
  'namespace-uri': { arity: [0, 1], call: (args, focus) => nodeOf(args, focus)?.uri ?? '' },
  name: { arity: [0, 1], call: (args, focus) => nodeOf(args, focus)?.name ?? '' },
  string: { arity: [0, 1], call: textOf },
  concat: { arity: [2, Number.POSITIVE_INFINITY], call: (args) => args.map(toText).join('') },
  'starts-with': { arity: [2, 2], call: ([text, part]) => toText(text).startsWith(toText(part)) },
  contains: { arity: [2, 2], call: ([text, part]) => toText(text).includes(toText(part)) },
  'substring-before': { arity: [2, 2], call: ([text, part]) => before(toText(text), toText(part)) },
  'substring-after': { arity: [2, 2], call: ([text, part]) => after(toText(text), toText(part)) },
  substring: {
    arity: [2, 3],
    call: ([text, from, count]) =>
      substring(toText(text), toNumber(from), count === undefined ? Number.POSITIVE_INFINITY : toNumber(count)),
  },
  'string-length': { arity: [0, 1], call: (args, focus) => [...textOf(args, focus)].length },
  'normalize-space': {
    arity: [0, 1],
    call: (args, focus) => collapseSpace(textOf(args, focus), /[ \t\r\n]+/g).replace(/^ | $/g, ''),
  },
  translate: { arity: [3, 3], call: ([text, from, to]) => translate(toText(text), toText(from), toText(to)) },
  boolean: { arity: [1, 1], call: ([value]) => toBoolean(value) },
  not: { arity: [1, 1], call: ([value]) => !toBoolean(value) },
  true: { arity: [0, 0], call: () => true },
  false: { arity: [0, 0], call: () => false },
  lang: { arity: [1, 1], call: ([language], focus) => hasLanguage(focus.node, toText(language)) },
  number: {
    arity: [0, 1],
    call: (args, focus) => (args.length === 0 ? stringToNumber(stringValue(focus.node)) : toNumber(args[0])),
  },
  sum: {
    arity: [1, 1],
    call: ([set]) => nodes(set).reduce((sum, node) => sum + stringToNumber(stringValue(node)), 0),
  },
  floor: { arity: [1, 1], call: ([value]) => Math.floor(toNumber(value)) },
  ceiling: { arity: [1, 1], call: ([value]) => Math.ceil(toNumber(value)) },
  round: { arity: [1, 1], call: ([value]) => round(toNumber(value)) },
};

export function callFunction(
  prefix: string | null,
  name: string,
  args: readonly XPathValue[],
  focus: Focus,
): XPathValue {
  const found = prefix === null && Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (found === undefined) throw new XPathError('Unregistered function');
  if (args.length < found.arity[0] || args.length > found.arity[1]) throw new XPathError('Invalid number of arguments');
  return found.call(args, focus);
}
