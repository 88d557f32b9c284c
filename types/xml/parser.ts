/**
 * A parser of XML 1.0 with namespaces, which finds what libxml2 finds, in its order and words, and goes on behind an error where that does: clients
 * see the errors as the DETAIL of "invalid XML content". README.md says why it is our own.
 *
 * Limits: LEVELS_MAX elements within each other, and what entities stand for, all in all (ENTITY_FACTOR). Nothing outside the text is looked at.
 */

import { replaceEach } from '../replace-each.ts';
import { FORBIDDEN, isSpace, isXmlCharacter, matchAt, NAME, NCNAME, NMTOKEN } from './characters.ts';
import { DoctypeReader, type XmlDoctype, type XmlEntity } from './doctype.ts';
import { XML_NAMESPACE, XmlNode } from './document.ts';
import { readDocumentDeclaration } from './document-declaration.ts';
import { XmlInput } from './input.ts';
import { type Attribute, NamespaceScopes } from './namespaces.ts';
import { clipped, lineAt } from './reports.ts';

const LEVELS_MAX = 256;
/** Entities may stand for so many times the document's length, and some more, in all their references together. */
const ENTITY_FACTOR = 10;
const ENTITY_SIZE_FREE = 1_000_000;

const NO_ATTRIBUTES: readonly Attribute[] = [];
const LOOP = 'Detected an entity reference loop';
const PREDEFINED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** Where a run of plain character data ends. */
const DATA_END = /[<&]|\]\]>|[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g;

export interface ParserOptions {
  /** Namespaces are checked, not only well-formedness, and a tree is made. */
  readonly makesTree: boolean;
  /** The caller has said which encoding it is: there is one more thing to say of an empty document. */
  readonly hasEncoding?: boolean;
}

interface OpenElement {
  readonly prefix: string;
  readonly localName: string;
  readonly start: number;
  readonly node: XmlNode | null;
  /** How many namespace declarations were in scope around it. */
  readonly scope: number;
}

/** What the parsers of one document share: its entities are parsed by parsers of their own. */
interface Shared {
  doctype: XmlDoctype | null;
  isStandalone: boolean;
  entitySizeLeft: number;
  /** Values of xml:id. */
  readonly ids: Set<string>;
  order: number;
}

export class XmlParser extends XmlInput {
  readonly #options: ParserOptions;
  readonly #shared: Shared;
  readonly #open: OpenElement[] = [];
  readonly #namespaces: NamespaceScopes;
  #node: XmlNode | null = null;
  #depth: number;
  /** Content without an element around it counts as one level. */
  #isFragment = false;

  constructor(text: string, options: ParserOptions, outer: XmlParser | null = null) {
    super(text, outer?.reports);
    this.#options = options;
    this.#shared =
      outer === null
        ? {
            doctype: null,
            isStandalone: false,
            entitySizeLeft: text.length * ENTITY_FACTOR + ENTITY_SIZE_FREE,
            order: 0,
            ids: new Set(),
          }
        : outer.#shared;
    this.#depth = outer === null ? 0 : outer.#depth + outer.#open.length + 1;
    this.#namespaces =
      outer === null
        ? new NamespaceScopes((into, message) => {
            if (this.#options.makesTree) this.reports.add(into, message, this.text, this.at);
          })
        : outer.#namespaces;
  }

  #make(kind: XmlNode['kind']): XmlNode | null {
    if (this.#node === null) return null;
    const node = new XmlNode(kind, this.#node, this.#shared.order++);
    this.#node.append(node);
    return node;
  }

  // ------------------------------------------------------------------------------------------------------ documents

  /** document (2.1). Answers the tree, or null where none is asked for; `reports` has what is wrong. */
  document(): XmlNode | null {
    if (this.#options.makesTree) this.#node = new XmlNode('document', null, this.#shared.order++);
    const root = this.#node;
    if (this.text === '') {
      if (this.#options.hasEncoding === true) this.error('switching encoding : no input');
      this.error('Document is empty');
      return root;
    }
    if (this.starts('<?xml') && isSpace(this.text.charCodeAt(this.at + 5)))
      this.#shared.isStandalone = readDocumentDeclaration(this);
    if (this.isOver) return root;
    this.#miscellaneous();
    if (this.take('<!DOCTYPE')) {
      this.#shared.doctype = new DoctypeReader(this).read();
      const node = this.#make('doctype');
      if (node !== null) node.value = this.#shared.doctype.text;
      if (this.isOver) return root;
      this.#miscellaneous();
    }
    if (!this.starts('<')) {
      this.error("Start tag expected, '<' not found");
      return root;
    }
    if (this.#startTag()) {
      if (this.#open.length > 0) {
        this.#content(1);
        if (this.at < this.text.length) this.#endTag();
        else this.#premature();
      }
    }
    this.#miscellaneous();
    if (this.at < this.text.length) this.error('Extra content at the end of the document');
    return root;
  }

  /** content (3.1) without an element around it: what XMLPARSE (CONTENT ...) takes. */
  fragment(): void {
    this.#isFragment = true;
    this.#content(0);
    if (this.#open.length > 0) this.#premature();
    // Behind other errors nobody minds an end tag too many.
    else if (this.starts('</') && !this.reports.hasErrors) this.error('chunk is not well balanced');
  }

  #premature(): void {
    if (this.isOver) return;
    const { localName, start } = this.#open[this.#open.length - 1];
    this.error(`Premature end of data in tag ${localName} line ${lineAt(this.text, start)}`);
  }

  #miscellaneous(): void {
    for (;;) {
      this.spaces();
      if (this.starts('<?')) this.#instruction();
      else if (this.starts('<!--')) this.#comment();
      else return;
    }
  }

  // -------------------------------------------------------------------------------------------------------- content

  /** To the end, or to the end tag of what stood open before: `base` elements. */
  #content(base: number): void {
    while (this.at < this.text.length) {
      const code = this.text.charCodeAt(this.at);
      if (code === 0x26) this.#reference();
      else if (code !== 0x3c) this.#characterData();
      else if (this.starts('</')) {
        if (this.#open.length <= base) return;
        this.#endTag();
      } else if (this.starts('<?')) this.#instruction();
      else if (this.starts('<!--')) this.#comment();
      else if (this.starts('<![CDATA[')) this.#cdata();
      else this.#startTag();
    }
  }

  /** STag or EmptyElemTag (3.1); an element that is not empty stands open then. Answers whether it could be read. */
  #startTag(): boolean {
    if (this.#depth + this.#open.length > LEVELS_MAX) {
      this.#tooDeep();
      return false;
    }
    const start = this.at;
    this.at++;
    const { prefix, localName } = this.#qualifiedName();
    if (localName === '') {
      this.error('StartTag: invalid element name');
      return false;
    }
    const scope = this.#namespaces.mark();
    const attributes = this.#attributes();
    const uri = this.#namespaces.resolve(prefix, localName, attributes);
    if (this.#isFragment && this.#depth + this.#open.length >= LEVELS_MAX) {
      this.#tooDeep();
      return false;
    }
    const node = this.#make('element');
    if (node !== null) this.#fill(node, prefix, localName, uri, attributes, scope);
    if (this.take('/>')) {
      this.#namespaces.reset(scope);
      return true;
    }
    if (!this.take('>')) {
      this.error(`Couldn't find end of Start Tag ${localName} line ${lineAt(this.text, start)}`);
      this.#namespaces.reset(scope);
      return false;
    }
    this.#open.push({ prefix, localName, start, node: this.#node, scope });
    if (node !== null) this.#node = node;
    return true;
  }

  #tooDeep(): void {
    this.error(`Excessive depth in document: ${LEVELS_MAX} use XML_PARSE_HUGE option`);
    this.halt();
  }

  #fill(
    node: XmlNode,
    prefix: string,
    localName: string,
    uri: string,
    attributes: readonly Attribute[],
    scope: number,
  ): void {
    node.prefix = prefix;
    node.localName = localName;
    node.uri = uri;
    node.namespaces = this.#namespaces.since(scope);
    if (attributes.length === 0) return;
    node.attributes = attributes.map((attribute) => {
      const made = new XmlNode('attribute', node, this.#shared.order++);
      made.prefix = attribute.prefix;
      made.localName = attribute.localName;
      made.uri = attribute.uri;
      made.value = attribute.value;
      if (attribute.uri === XML_NAMESPACE && attribute.localName === 'id') this.#identifier(attribute.value, localName);
      return made;
    });
  }

  /** xml:id 1.0. */
  #identifier(value: string, localName: string): void {
    const { ids } = this.#shared;
    if (matchAt(NCNAME, value, 0) !== value || value === '') {
      this.error(`xml:id : attribute value ${value} is not an NCName`);
    }
    if (value === '') return;
    if (ids.has(value)) this.error(`element ${localName}: ID ${value} already defined`);
    ids.add(value);
  }

  /** QName; a name with two colons is no error where namespaces are not looked at. */
  #qualifiedName(): { prefix: string; localName: string } {
    const first = this.match(NCNAME);
    if (first === '') {
      const whole = this.starts(':') ? this.match(NAME) : '';
      if (whole !== '') this.#namespaces.report('errors', `Failed to parse QName '${whole}'`);
      return { prefix: '', localName: whole };
    }
    if (!this.take(':')) return { prefix: '', localName: first };
    const second = this.match(NCNAME);
    if (second === '') {
      this.#namespaces.report('errors', `Failed to parse QName '${first}:'`);
      return { prefix: '', localName: `${first}:${this.match(NMTOKEN)}` };
    }
    if (!this.starts(':')) return { prefix: first, localName: second };
    this.#namespaces.report('errors', `Failed to parse QName '${first}:${second}:'`);
    this.at++;
    return { prefix: first, localName: `${second}:${this.match(NAME)}` };
  }

  #attributes(): readonly Attribute[] {
    this.spaces();
    if (this.code === 0x3e) return NO_ATTRIBUTES;
    const attributes: Attribute[] = [];
    while (this.at < this.text.length && !this.starts('>') && !this.starts('/>')) {
      const { prefix, localName } = this.#qualifiedName();
      if (localName === '') {
        this.error('error parsing attribute name');
        this.error('attributes construct error');
        return attributes;
      }
      this.spaces();
      if (!this.take('=')) {
        this.error(`Specification mandates value for attribute ${localName}`);
      } else {
        this.spaces();
        const value = this.#attributeValue();
        if (value !== null) {
          const isDeclaration = this.#namespaces.declare(prefix, localName, value, this);
          if (!isDeclaration) attributes.push({ prefix, localName, value, uri: '' });
        }
      }
      if (this.starts('>') || this.starts('/>')) break;
      if (!this.spaces()) {
        this.error('attributes construct error');
        break;
      }
    }
    this.#namespaces.checkAttributes(attributes, this);
    return attributes;
  }

  /** AttValue (2.3), normalised as CDATA is (3.3.3); null: there is none. */
  #attributeValue(): string | null {
    const quote = this.text[this.at];
    if (quote !== '"' && quote !== "'") {
      this.error('AttValue: " or \' expected');
      return null;
    }
    this.at++;
    let value = '';
    for (;;) {
      const run = this.match(quote === '"' ? PLAIN_IN_DOUBLE : PLAIN_IN_SINGLE);
      value += /[\r\n\t]/.test(run) ? replaceEach(run, /\r\n|[\r\n\t]/g, ' ') : run;
      if (this.take(quote)) return value;
      if (this.starts('&#')) value += this.#characterReference();
      else if (this.starts('&')) value += this.#entityInAttribute();
      else {
        if (this.at >= this.text.length) this.error("AttValue: ' expected");
        else if (this.starts('<')) this.error("Unescaped '<' not allowed in attributes values");
        else this.error('invalid character in attribute value');
        return value;
      }
    }
  }

  /** ETag (3.1). */
  #endTag(): void {
    this.at += 2;
    const { prefix, localName, start, node, scope } = this.#open.pop()!;
    const expected = prefix === '' ? localName : `${prefix}:${localName}`;
    const found = this.match(NAME);
    this.spaces();
    if (!this.take('>')) this.error("expected '>'");
    if (found !== expected) {
      const shown = found === '' ? 'unparsable' : prefix === '' ? found : found.slice(found.indexOf(':') + 1);
      this.error(`Opening and ending tag mismatch: ${localName} line ${lineAt(this.text, start)} and ${shown}`);
    }
    if (node !== null) this.#node = node;
    this.#namespaces.reset(scope);
  }

  #characterData(): void {
    DATA_END.lastIndex = this.at;
    const found = DATA_END.exec(this.text);
    const end = found === null ? this.text.length : found.index;
    if (found?.[0] === ']]>') {
      // The place is where the run of text begins.
      this.error("Sequence ']]>' not allowed in content");
      this.at = end + 1;
      return;
    }
    this.#text(this.text.slice(this.at, end));
    this.at = end;
    if (found === null || found[0] === '<' || found[0] === '&') return;
    this.error(`PCDATA invalid Char value ${this.code}`);
    this.at++;
  }

  /** Character data of the node that is open; line ends are line feeds (2.11), but not those that references stand for. */
  #text(text: string, kind: 'text' | 'cdata' = 'text', isReplaced = false): void {
    if (this.#node === null || (text === '' && kind === 'text')) return;
    const last = this.#node.children[this.#node.children.length - 1];
    const node = last?.kind === kind ? last : this.#make(kind)!;
    node.value += !isReplaced && text.includes('\r') ? replaceEach(text, /\r\n?/g, '\n') : text;
  }

  #cdata(): void {
    const start = this.at + 9;
    const end = this.text.indexOf(']]>', start);
    const forbidden = this.#forbidden(start, end);
    if (end >= 0 && forbidden >= end) {
      this.#text(this.text.slice(start, end), 'cdata');
      this.at = end + 3;
      return;
    }
    this.at = forbidden;
    const content = this.text.slice(start, forbidden);
    if (content.length < 2) this.error('Unregistered error message');
    else this.error(`CData section not finished\n${clipped(content.slice(0, -2))}`.replace(/\n+$/, ''));
  }

  /** Where the first character is that no document may hold; `end` (below 0: the text's) where there is none. */
  #forbidden(start: number, end: number): number {
    const stop = end < 0 ? this.text.length : end;
    const found = this.text.slice(start, stop).search(FORBIDDEN);
    return found < 0 ? stop : start + found;
  }

  /** Comment (2.5). */
  #comment(): void {
    const start = this.at + 4;
    this.at = start;
    // libxml2 reads on in another way, with other words, from the first character that is not ASCII.
    let isPlain = true;
    for (;;) {
      const found = this.text.indexOf('--', this.at);
      const forbidden = this.#forbidden(this.at, found);
      isPlain &&= !/[^\x00-\x7f]/.test(this.text.slice(this.at, forbidden));
      if (found < 0 || forbidden < found) {
        this.at = forbidden;
        break;
      }
      if (this.text[found + 2] === '>') {
        const node = this.#make('comment');
        if (node !== null) node.value = replaceEach(this.text.slice(start, found), /\r\n?/g, '\n');
        this.at = found + 3;
        return;
      }
      this.at = isPlain ? found : found + 2;
      const before = clipped(this.text.slice(start, found));
      if (!isPlain) this.error("Comment must not contain '--' (double-hyphen)");
      else this.error(`Double hyphen within comment${before === '' ? '' : `: <!--${before}`}`);
      if (this.isOver) return;
      this.at = isPlain ? found + 2 : found + 1;
    }
    if (!this.isAtEnd) this.error(`xmlParseComment: invalid xmlChar value ${this.code}`);
    else if (isPlain) this.error('Comment not terminated');
    else this.error(`Comment not terminated \n<!--${clipped(this.text.slice(start, -2))}`);
  }

  /** PI (2.6). */
  #instruction(): void {
    this.at += 2;
    const target = this.match(NAME);
    if (target === '') {
      this.error('xmlParsePI : no target name');
      return;
    }
    this.#checkTarget(target);
    let value = '';
    if (!this.take('?>')) {
      if (!this.spaces()) this.error(`ParsePI: PI ${target} space expected`);
      const end = this.text.indexOf('?>', this.at);
      const forbidden = this.#forbidden(this.at, end);
      if (end < 0 || forbidden < end) {
        this.at = forbidden;
        this.error(`ParsePI: PI ${target} never end ...`);
        return;
      }
      value = replaceEach(this.text.slice(this.at, end), /\r\n?/g, '\n');
      this.at = end + 2;
    }
    const node = this.#make('instruction');
    if (node === null) return;
    node.localName = target;
    node.value = value;
  }

  #checkTarget(target: string): void {
    if (target === 'xml') this.error('XML declaration allowed only at the start of the document');
    else if (/^xml$/i.test(target)) this.error('Invalid PI name');
    else if (/^xml(?!-stylesheet$|-model$)/i.test(target)) {
      const message = "xmlParsePITarget: invalid name prefix 'xml'";
      this.reports.add('warnings', message, this.text, this.at);
    } else if (target.includes(':')) {
      this.#namespaces.report('errors', `colons are forbidden from PI names '${target}'`);
    }
  }

  // ----------------------------------------------------------------------------------------------------- references

  /** Reference (4.1) in content. */
  #reference(): void {
    if (this.starts('&#')) {
      this.#text(this.#characterReference(), 'text', true);
      return;
    }
    const found = this.#entityReference();
    if (found === null) return;
    if (typeof found === 'string') {
      this.#text(found);
      return;
    }
    const text = this.#expandedInContent(found);
    const node = this.#make('entity');
    if (node === null) return;
    node.localName = found.name;
    node.value = text;
  }

  /** CharRef: the character; '' where it is none. */
  #characterReference(): string {
    const isHex = this.starts('&#x');
    this.at += isHex ? 3 : 2;
    const digits = this.match(isHex ? /[0-9a-fA-F]*/y : /[0-9]*/y);
    let code = digits === '' ? 0 : Number.parseInt(digits, isHex ? 16 : 10);
    if (!this.take(';')) {
      this.error(`CharRef: invalid ${isHex ? 'hexadecimal' : 'decimal'} value`);
      code = 0;
    }
    if (code >= 0x110000) this.error('xmlParseCharRef: character reference out of bounds');
    else if (isXmlCharacter(code)) return String.fromCodePoint(code);
    else this.error(`xmlParseCharRef: invalid xmlChar value ${code}`);
    return '';
  }

  /** EntityRef: what a predefined one stands for, an entity of the document, or null. */
  #entityReference(): string | XmlEntity | null {
    this.at++;
    const name = this.match(NAME);
    if (name === '') {
      this.error('xmlParseEntityRef: no name');
      return null;
    }
    if (!this.take(';')) {
      this.error("EntityRef: expecting ';'");
      return null;
    }
    if (Object.hasOwn(PREDEFINED, name)) return PREDEFINED[name];
    const { doctype, isStandalone } = this.#shared;
    const entity = doctype?.entities.get(name);
    if (entity !== undefined) return entity;
    if (isStandalone || doctype?.hasUnseen !== true) this.error(`Entity '${name}' not defined`);
    return null;
  }

  /** The text of an entity within content, which must be well-formed by itself. Parsed once. */
  #expandedInContent(entity: XmlEntity): string {
    if (entity.content === null) return '';
    if (!this.#enter(entity)) return '';
    if (entity.inContent === null) {
      const before = this.reports.errors.length;
      entity.isOpen = true;
      const inner = new XmlParser(entity.content, this.#options, this);
      const holder = new XmlNode('element', null, 0);
      inner.#node = holder;
      inner.fragment();
      entity.isOpen = false;
      if (this.reports.errors.length > before)
        this.error(inner.isOver ? LOOP : `Entity '${entity.name}' failed to parse`);
      entity.inContent = textOf(holder);
    }
    return this.#counted(entity.inContent);
  }

  /** The same in the value of an attribute, where it may have no <. */
  #entityInAttribute(): string {
    const found = this.#entityReference();
    if (found === null || typeof found === 'string') return found ?? '';
    const { name, content } = found;
    if (content === null) {
      this.error(`Attribute references external entity '${name}'`);
      return '';
    }
    if (content.includes('<')) {
      this.error(`'<' in entity '${name}' is not allowed in attributes values`);
      return '';
    }
    if (!this.#enter(found)) return '';
    found.inAttribute ??= this.#attributeText(found, content);
    return this.#counted(found.inAttribute);
  }

  /** An entity within the value of an attribute. */
  #attributeText(entity: XmlEntity, content: string): string {
    entity.isOpen = true;
    const inner = new XmlParser(content, this.#options, this);
    let value = '';
    while (!inner.isAtEnd) {
      value += inner.match(/[^&]+/y).replace(/[\r\n\t]/g, ' ');
      if (inner.starts('&#')) value += inner.#characterReference();
      else if (inner.starts('&')) value += inner.#entityInAttribute();
    }
    entity.isOpen = false;
    if (inner.isOver) this.halt();
    return value;
  }

  #enter(entity: XmlEntity): boolean {
    if (!entity.isOpen && this.#depth < LEVELS_MAX) return true;
    this.error(LOOP);
    this.halt();
    return false;
  }

  #counted(text: string): string {
    this.#shared.entitySizeLeft -= text.length;
    if (this.#shared.entitySizeLeft >= 0) return text;
    this.error(LOOP);
    this.halt();
    return '';
  }
}

const PLAIN_IN_DOUBLE = /[^"<&\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]*/y;
const PLAIN_IN_SINGLE = /[^'<&\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]*/y;

function textOf(node: XmlNode): string {
  let text = '';
  for (const child of node.children) {
    if (child.kind === 'element') text += textOf(child);
    else if (child.kind !== 'comment' && child.kind !== 'instruction') text += child.value;
  }
  return text;
}
