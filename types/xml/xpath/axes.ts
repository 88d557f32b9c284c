/** The nodes of an axis, in its own order: those of ancestors and what precedes go backwards. Document types and entities are on none. */
import { XML_NAMESPACE, XmlNode } from '../document.ts';
import type { Axis } from './expression.ts';

const isSeen = (node: XmlNode): boolean => node.kind !== 'doctype' && node.kind !== 'entity';

/** Attributes and namespaces are in the tree, but no children. */
function isChild(node: XmlNode): boolean {
  return node.kind !== 'attribute' && node.kind !== 'namespace';
}

function addDescendants(node: XmlNode, into: XmlNode[]): void {
  for (const child of node.children) {
    if (!isSeen(child)) continue;
    into.push(child);
    if (child.kind === 'element') addDescendants(child, into);
  }
}

function addDescendantsBackwards(node: XmlNode, into: XmlNode[]): void {
  for (let i = node.children.length - 1; i >= 0; i--) {
    const child = node.children[i];
    if (!isSeen(child)) continue;
    if (child.kind === 'element') addDescendantsBackwards(child, into);
    into.push(child);
  }
}

function siblings(node: XmlNode, step: 1 | -1): XmlNode[] {
  const result: XmlNode[] = [];
  if (node.parent === null || !isChild(node)) return result;
  const all = node.parent.children;
  for (let i = node.index + step; i >= 0 && i < all.length; i += step) if (isSeen(all[i])) result.push(all[i]);
  return result;
}

function ancestors(node: XmlNode): XmlNode[] {
  const result: XmlNode[] = [];
  for (let at = node.parent; at !== null; at = at.parent) result.push(at);
  return result;
}

function following(node: XmlNode): XmlNode[] {
  const result: XmlNode[] = [];
  if (!isChild(node) && node.parent !== null) addDescendants(node.parent, result);
  for (let at: XmlNode | null = isChild(node) ? node : node.parent; at !== null; at = at.parent) {
    for (const sibling of siblings(at, 1)) {
      result.push(sibling);
      addDescendants(sibling, result);
    }
  }
  return result;
}

function preceding(node: XmlNode): XmlNode[] {
  const result: XmlNode[] = [];
  for (let at: XmlNode | null = isChild(node) ? node : node.parent; at !== null; at = at.parent) {
    for (const sibling of siblings(at, -1)) {
      addDescendantsBackwards(sibling, result);
      result.push(sibling);
    }
  }
  return result;
}

const namespaceNodes = new WeakMap<XmlNode, XmlNode[]>();

/** All that are in scope, as nodes of the element: the same ones each time. */
function namespacesOf(element: XmlNode): XmlNode[] {
  if (element.kind !== 'element') return [];
  let nodes = namespaceNodes.get(element);
  if (nodes !== undefined) return nodes;
  const byPrefix = new Map<string, string>();
  for (let at: XmlNode | null = element; at !== null; at = at.parent) {
    for (const { prefix, uri } of at.namespaces) if (!byPrefix.has(prefix)) byPrefix.set(prefix, uri);
  }
  if (byPrefix.get('') === '') byPrefix.delete('');
  byPrefix.delete('xml');
  // Behind the element and before its attributes, whose order is the next whole number.
  nodes = [['xml', XML_NAMESPACE] as const, ...byPrefix].map(([prefix, uri], i) => {
    const node = new XmlNode('namespace', element, element.order + (i + 1) / (byPrefix.size + 1));
    node.localName = prefix;
    node.value = uri;
    return node;
  });
  namespaceNodes.set(element, nodes);
  return nodes;
}

export function isBackwards(axis: Axis): boolean {
  return axis === 'ancestor' || axis === 'ancestor-or-self' || axis === 'preceding' || axis === 'preceding-sibling';
}

export function nodesOn(axis: Axis, node: XmlNode): readonly XmlNode[] {
  switch (axis) {
    case 'child':
      return node.children.every(isSeen) ? node.children : node.children.filter(isSeen);
    case 'attribute':
      return node.attributes;
    case 'self':
      return [node];
    case 'parent':
      return node.parent === null ? [] : [node.parent];
    case 'descendant':
    case 'descendant-or-self': {
      const result: XmlNode[] = axis === 'descendant' ? [] : [node];
      addDescendants(node, result);
      return result;
    }
    case 'ancestor':
      return ancestors(node);
    case 'ancestor-or-self':
      return [node, ...ancestors(node)];
    case 'following-sibling':
      return siblings(node, 1);
    case 'preceding-sibling':
      return siblings(node, -1);
    case 'following':
      return following(node);
    case 'preceding':
      return preceding(node);
    case 'namespace':
      return namespacesOf(node);
  }
}
