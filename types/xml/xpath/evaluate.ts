/** Evaluates XPath 1.0 expressions over a document's tree. */
import { XML_NAMESPACE, type XmlNode } from '../document.ts';
import { isBackwards, nodesOn } from './axes.ts';
import { type NodeTest, type Step, type XPath, XPathError } from './expression.ts';
import { callFunction, type Focus } from './functions.ts';
import { compare, type Nodes, toBoolean, toNumber, type XPathValue } from './values.ts';

/** Nodes that one evaluation may look at: an expression of some characters can ask for the square, the cube ... of a document. */
const OPERATIONS_MAX = 20_000_000;

/** Prefixes that an expression may use: the caller's, not the document's. */
export type Prefixes = ReadonlyMap<string, string>;

/** The value of an expression at a node. */
export function evaluateXPath(expression: XPath, node: XmlNode, prefixes: Prefixes): XPathValue {
  return new Evaluation(prefixes).evaluate(expression, { node, position: -1, size: -1 });
}

class Evaluation {
  readonly #prefixes: Prefixes;
  #operationsLeft = OPERATIONS_MAX;

  constructor(prefixes: Prefixes) {
    this.#prefixes = prefixes;
  }

  evaluate(expression: XPath, focus: Focus): XPathValue {
    switch (expression.kind) {
      case 'number':
      case 'string':
        return expression.value;
      case 'variable':
        throw new XPathError('Undefined variable');
      case 'negate':
        return -toNumber(this.evaluate(expression.arg, focus));
      case 'binary':
        return this.#binary(expression, focus);
      case 'call': {
        const args = expression.args.map((arg) => this.evaluate(arg, focus));
        return callFunction(expression.prefix, expression.name, args, focus);
      }
      case 'filter': {
        let nodes = this.#nodes(this.evaluate(expression.base, focus));
        for (const predicate of expression.predicates) nodes = this.#filter(nodes, predicate);
        return nodes;
      }
      case 'path':
        return this.#path(expression, focus);
    }
  }

  #nodes(value: XPathValue): Nodes {
    if (typeof value !== 'object') throw new XPathError('Invalid type');
    return value;
  }

  #binary({ operator, left, right }: Extract<XPath, { kind: 'binary' }>, focus: Focus): XPathValue {
    const a = this.evaluate(left, focus);
    if (operator === 'or') return toBoolean(a) || toBoolean(this.evaluate(right, focus));
    if (operator === 'and') return toBoolean(a) && toBoolean(this.evaluate(right, focus));
    const b = this.evaluate(right, focus);
    switch (operator) {
      case '|':
        return inDocumentOrder([...this.#nodes(a), ...this.#nodes(b)]);
      case '+':
        return toNumber(a) + toNumber(b);
      case '-':
        return toNumber(a) - toNumber(b);
      case '*':
        return toNumber(a) * toNumber(b);
      case 'div':
        return toNumber(a) / toNumber(b);
      case 'mod':
        return toNumber(a) % toNumber(b);
      default:
        return compare(operator, a, b);
    }
  }

  #path({ start, steps }: Extract<XPath, { kind: 'path' }>, focus: Focus): Nodes {
    let nodes: Nodes;
    if (start === 'context') nodes = [focus.node];
    else if (start === 'root') {
      let root = focus.node;
      while (root.parent !== null) root = root.parent;
      nodes = [root];
    } else nodes = this.#nodes(this.evaluate(start, focus));
    for (const step of steps) nodes = this.#step(step, nodes);
    return nodes;
  }

  #step(step: Step, from: Nodes): Nodes {
    const matches = this.#test(
      step.test,
      step.axis === 'attribute' ? 'attribute' : step.axis === 'namespace' ? 'namespace' : 'element',
    );
    const result: XmlNode[] = [];
    for (const node of from) {
      const reached = nodesOn(step.axis, node);
      this.#count(reached.length + 1);
      let found: Nodes = reached.filter(matches);
      for (const predicate of step.predicates) found = this.#filter(found, predicate);
      if (isBackwards(step.axis)) for (let i = found.length - 1; i >= 0; i--) result.push(found[i]);
      else for (const each of found) result.push(each);
    }
    return from.length === 1 ? result : inDocumentOrder(result);
  }

  #count(operations: number): void {
    this.#operationsLeft -= operations;
    if (this.#operationsLeft < 0) throw new XPathError('Operation limit exceeded');
  }

  /** `principal`: the kind of nodes that a name means on the axis. */
  #test(test: NodeTest, principal: 'attribute' | 'namespace' | 'element'): (node: XmlNode) => boolean {
    switch (test.kind) {
      case 'node':
        return () => true;
      case 'text':
        return (node) => node.kind === 'text' || node.kind === 'cdata';
      case 'comment':
        return (node) => node.kind === 'comment';
      case 'processing-instruction':
        return (node) => node.kind === 'instruction' && (test.target === null || node.localName === test.target);
      case 'name': {
        const { name, prefix } = test;
        if (prefix === null) {
          if (name === '*') return (node) => node.kind === principal;
          return (node) => node.kind === principal && node.localName === name && node.uri === '';
        }
        const uri = prefix === 'xml' ? XML_NAMESPACE : this.#prefixes.get(prefix);
        if (uri === undefined) throw new XPathError('Undefined namespace prefix');
        return (node) => node.kind === principal && node.uri === uri && (name === '*' || node.localName === name);
      }
    }
  }

  /** Nodes, in the order in which they are counted, for which a predicate holds. */
  #filter(nodes: Nodes, predicate: XPath): Nodes {
    const size = nodes.length;
    if (predicate.kind === 'number') {
      const at = predicate.value - 1;
      return Number.isInteger(at) && at >= 0 && at < size ? [nodes[at]] : [];
    }
    return nodes.filter((node, i) => {
      this.#count(1);
      const value = this.evaluate(predicate, { node, position: i + 1, size });
      return typeof value === 'number' ? value === i + 1 : toBoolean(value);
    });
  }
}

function inDocumentOrder(nodes: XmlNode[]): Nodes {
  let isSorted = true;
  for (let i = 1; i < nodes.length && isSorted; i++) isSorted = nodes[i - 1].order < nodes[i].order;
  if (isSorted) return nodes;
  nodes.sort((a, b) => a.order - b.order);
  return nodes.filter((node, i) => i === 0 || node !== nodes[i - 1]);
}
