/**
 * A document's tree, as XPath sees it (XPath 1.0, 5). Adjacent character data is one text; CDATA sections are nodes of their own, and a reference
 * to an entity of the document is a node that no path meets, but whose text its surroundings have, as in libxml2.
 */
export type XmlNodeKind =
  | 'document'
  | 'doctype'
  | 'element'
  | 'attribute'
  | 'namespace'
  | 'text'
  | 'cdata'
  | 'comment'
  | 'instruction'
  | 'entity';

export interface XmlNamespace {
  /** '': the default namespace. */
  readonly prefix: string;
  readonly uri: string;
}

const NO_NODES: XmlNode[] = [];
const NO_NAMESPACES: readonly XmlNamespace[] = [];

export const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace';

export class XmlNode {
  readonly kind: XmlNodeKind;
  readonly parent: XmlNode | null;
  /** Place in document order: an element's attributes come after it, before its children. */
  readonly order: number;
  prefix = '';
  /** Without prefix; of an instruction its target, of a namespace its prefix, of an entity its name. */
  localName = '';
  /** '': none. */
  uri = '';
  /** Of texts, comments, instructions and attributes; of an entity the text that it stands for; of a doctype the declaration. */
  value = '';
  /** Place among the parent's children. */
  index = 0;
  children: XmlNode[] = NO_NODES;
  attributes: XmlNode[] = NO_NODES;
  /** Those that it declares. */
  namespaces: readonly XmlNamespace[] = NO_NAMESPACES;

  constructor(kind: XmlNodeKind, parent: XmlNode | null, order: number) {
    this.kind = kind;
    this.parent = parent;
    this.order = order;
  }

  get name(): string {
    return this.prefix === '' ? this.localName : `${this.prefix}:${this.localName}`;
  }

  append(child: XmlNode): void {
    if (this.children === NO_NODES) this.children = [];
    child.index = this.children.length;
    this.children.push(child);
  }
}

/** The namespace that a prefix means at a node; undefined: none. */
export function namespaceAt(node: XmlNode | null, prefix: string): string | undefined {
  if (prefix === 'xml') return XML_NAMESPACE;
  for (let at = node; at !== null; at = at.parent) {
    const found = at.namespaces.find((namespace) => namespace.prefix === prefix);
    if (found !== undefined) return found.uri;
  }
  return undefined;
}

/** string() of a node. */
export function stringValue(node: XmlNode): string {
  switch (node.kind) {
    case 'element':
    case 'document': {
      const parts: string[] = [];
      collectText(node, parts);
      return parts.join('');
    }
    case 'doctype':
      return '';
    default:
      return node.value;
  }
}

/** Documents are no deeper than the parser lets them be. */
function collectText(node: XmlNode, into: string[]): void {
  for (const child of node.children) {
    if (child.kind === 'text' || child.kind === 'cdata' || child.kind === 'entity') into.push(child.value);
    else if (child.kind === 'element') collectText(child, into);
  }
}
