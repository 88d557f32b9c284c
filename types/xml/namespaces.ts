/** Namespaces in scope while a document is parsed, and what is wrong with them (Namespaces in XML 1.0). In libxml2's words. */

import { XML_NAMESPACE, type XmlNamespace } from './document.ts';
import type { XmlInput } from './input.ts';

const XMLNS_NAMESPACE = 'http://www.w3.org/2000/xmlns/';

export interface Attribute {
  readonly prefix: string;
  readonly localName: string;
  readonly value: string;
  uri: string;
}

export type Report = (into: 'errors' | 'warnings', message: string) => void;

/** RFC 3986's characters. */
function isUri(text: string): boolean {
  return /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?[\]#]|%[0-9A-Fa-f]{2})*$/.test(text);
}

const NONE: readonly XmlNamespace[] = [];

interface Declared extends XmlNamespace {
  /** How many were declared before it. */
  readonly index: number;
}

export class NamespaceScopes {
  readonly report: Report;
  readonly #declared: Declared[] = [];
  /** The innermost one is the last. Most documents have none. */
  #byPrefix: Map<string, Declared[]> | null = null;
  /** Where the declarations of the element that is being read begin. */
  #first = 0;

  constructor(report: Report) {
    this.report = report;
  }

  /** An element begins: its own declarations come now. */
  mark(): number {
    this.#first = this.#declared.length;
    return this.#first;
  }

  reset(mark: number): void {
    while (this.#declared.length > mark) this.#byPrefix!.get(this.#declared.pop()!.prefix)!.pop();
  }

  since(mark: number): readonly XmlNamespace[] {
    return this.#declared.length === mark ? NONE : this.#declared.slice(mark);
  }

  #find(prefix: string): string | undefined {
    if (prefix === 'xml') return XML_NAMESPACE;
    return this.#byPrefix?.get(prefix)?.at(-1)?.uri;
  }

  /** False: the element has declared it already. */
  #add(prefix: string, uri: string): boolean {
    this.#byPrefix ??= new Map();
    let known = this.#byPrefix.get(prefix);
    if (known === undefined) this.#byPrefix.set(prefix, (known = []));
    if ((known.at(-1)?.index ?? -1) >= this.#first) return false;
    const declared = { prefix, uri, index: this.#declared.length };
    known.push(declared);
    this.#declared.push(declared);
    return true;
  }

  /** xmlns="..." or xmlns:p="...": true, and it holds from here. `input` is told what is no matter of namespaces. */
  declare(prefix: string, localName: string, uri: string, input: XmlInput): boolean {
    const isDefault = prefix === '' && localName === 'xmlns';
    if (!isDefault && prefix !== 'xmlns') return false;
    const fault = isDefault ? faultOfDefault(uri) : faultOf(localName, uri);
    if (fault !== null) this.report('errors', fault);
    const label = isDefault ? 'xmlns' : `xmlns:${localName}`;
    const mayHold = (fault === null || fault.endsWith('not allowed')) && localName !== 'xml';
    if (mayHold && uri !== '') {
      if (!isUri(uri)) this.report('errors', `${label}: '${uri}' is not a valid URI`);
      else if (isDefault && !/^[A-Za-z][A-Za-z0-9+.-]*:/.test(uri))
        this.report('warnings', `${label}: URI ${uri} is not absolute`);
    }
    if (!mayHold) return true;
    if (!this.#add(isDefault ? '' : localName, uri)) input.error(`Attribute ${label} redefined`);
    return true;
  }

  checkAttributes(attributes: readonly Attribute[], input: XmlInput): void {
    if (attributes.length < 2) return;
    const seen = new Set<string>();
    for (const { prefix, localName } of attributes) {
      const name = prefix === '' ? localName : `${prefix}:${localName}`;
      if (seen.has(name)) input.error(`Attribute ${name} redefined`);
      seen.add(name);
    }
  }

  /** The namespace of an element, those of its attributes besides. */
  resolve(prefix: string, localName: string, attributes: readonly Attribute[]): string {
    /** Names with their namespaces, and by which prefix. */
    let seen: Map<string, string> | null = null;
    for (const attribute of attributes) {
      if (attribute.prefix === '') continue;
      seen ??= new Map();
      const uri = this.#find(attribute.prefix);
      if (uri === undefined) {
        const name = `${attribute.prefix} for ${attribute.localName} on ${localName}`;
        this.report('errors', `Namespace prefix ${name} is not defined`);
        continue;
      }
      attribute.uri = uri;
      const name = `${attribute.localName} ${uri}`;
      const other = seen.get(name);
      if (other !== undefined && other !== attribute.prefix) {
        this.report('errors', `Namespaced Attribute ${attribute.localName} in '${uri}' redefined`);
      }
      seen.set(name, attribute.prefix);
    }
    const uri = this.#find(prefix);
    if (uri === undefined && prefix !== '') {
      this.report('errors', `Namespace prefix ${prefix} on ${localName} is not defined`);
    }
    return uri ?? '';
  }
}

function faultOfDefault(uri: string): string | null {
  if (uri === XML_NAMESPACE) return 'xml namespace URI cannot be the default namespace';
  return uri === XMLNS_NAMESPACE ? 'reuse of the xmlns namespace name is forbidden' : null;
}

function faultOf(localName: string, uri: string): string | null {
  if (localName === 'xml') return uri === XML_NAMESPACE ? null : 'xml namespace prefix mapped to wrong URI';
  if (uri === XML_NAMESPACE) return 'xml namespace URI mapped to wrong prefix';
  if (localName === 'xmlns') return 'redefinition of the xmlns prefix is forbidden';
  if (uri === XMLNS_NAMESPACE) return 'reuse of the xmlns namespace name is forbidden';
  return uri === '' ? `xmlns:${localName}: Empty XML namespace is not allowed` : null;
}
