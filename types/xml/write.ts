/** Nodes back to text, in the form that libxml2 gives them. */

import { replaceEach } from '../replace-each.ts';
import { namespaceAt, type XmlNamespace, type XmlNode } from './document.ts';

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text as the content of an element: SQL/XML's form, in which a carriage return is &#x0d; */
export function escapeXml(text: string): string {
  if (!/[&<>\r]/.test(text)) return text;
  return replaceEach(text, /[&<>\r]/g, (character) => ESCAPES[character] ?? '&#x0d;');
}

/** The value of an attribute between double quotes. */
function escapeQuoted(text: string): string {
  return replaceEach(text, /[&<>"\n\r\t]/g, (character) => ESCAPES[character] ?? `&#${character.charCodeAt(0)};`);
}

/** The same in ASCII: so libxml2 writes attributes of what is no whole document. */
export function escapeAttribute(text: string): string {
  return replaceEach(text, /[&<>"\n\r\t]|[^\x00-\x7f]/gu, (character) => {
    const known = ESCAPES[character];
    if (known !== undefined) return known;
    const code = character.codePointAt(0)!;
    return code < 0x80 ? `&#${code};` : `&#x${code.toString(16).toUpperCase()};`;
  });
}

function escapeText(text: string): string {
  if (!/[&<>\r]/.test(text)) return text;
  return replaceEach(text, /[&<>\r]/g, (character) => ESCAPES[character] ?? '&#13;');
}

type Escape = (text: string) => string;

function declarationText({ prefix, uri }: XmlNamespace, escapes: Escape): string {
  return ` xmlns${prefix === '' ? '' : `:${prefix}`}="${escapes(uri)}"`;
}

/** A node with all that is in it. Namespaces that it uses and others around it declare are declared by it. */
export function dumpXml(node: XmlNode, escapes: Escape = escapeAttribute): string {
  switch (node.kind) {
    case 'document':
      return node.children.map((child) => `${dumpXml(child, escapeQuoted)}\n`).join('');
    case 'element': {
      const added: XmlNamespace[] = [];
      borrowNamespaces(node, node, added);
      const parts: string[] = [];
      writeElement(node, added, escapes, parts);
      return parts.join('');
    }
    default:
      return leafText(node);
  }
}

function leafText(node: XmlNode): string {
  switch (node.kind) {
    case 'text':
      return escapeText(node.value);
    case 'cdata':
      return `<![CDATA[${node.value}]]>`;
    case 'comment':
      return `<!--${node.value}-->`;
    case 'instruction':
      return `<?${node.localName}${node.value === '' ? '' : ` ${node.value}`}?>`;
    case 'entity':
      return `&${node.localName};`;
    default:
      return node.value;
  }
}

/** What `root` has to declare for the names in `node`, in the order in which they are met. */
function borrowNamespaces(node: XmlNode, root: XmlNode, added: XmlNamespace[]): void {
  const need = (named: XmlNode): void => {
    if (named.uri === '' || named.prefix === 'xml') return;
    for (let at: XmlNode | null = node; at !== null; at = at === root ? null : at.parent) {
      if (at.namespaces.some(({ prefix }) => prefix === named.prefix)) return;
    }
    if (added.some(({ prefix }) => prefix === named.prefix)) return;
    const uri = namespaceAt(root, named.prefix);
    if (uri !== undefined) added.push({ prefix: named.prefix, uri });
  };
  need(node);
  for (const attribute of node.attributes) need(attribute);
  for (const child of node.children) if (child.kind === 'element') borrowNamespaces(child, root, added);
}

function writeElement(node: XmlNode, added: readonly XmlNamespace[], escapes: Escape, into: string[]): void {
  into.push('<', node.name);
  for (const namespace of node.namespaces) into.push(declarationText(namespace, escapes));
  for (const namespace of added) into.push(declarationText(namespace, escapes));
  for (const attribute of node.attributes) into.push(` ${attribute.name}="${escapes(attribute.value)}"`);
  if (node.children.length === 0) {
    into.push('/>');
    return;
  }
  into.push('>');
  for (const child of node.children) {
    if (child.kind === 'element') writeElement(child, NONE, escapes, into);
    else into.push(leafText(child));
  }
  into.push('</', node.name, '>');
}

const NONE: readonly XmlNamespace[] = [];
