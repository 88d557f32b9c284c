/**
 * The document type declaration. Of its internal subset entities are kept, the rest is read over: nothing is validated, and nothing is ever
 * loaded, whatever its external identifiers say.
 */
import { isXmlCharacter, matchAt, NAME } from './characters.ts';
import type { XmlInput } from './input.ts';

export interface XmlEntity {
  readonly name: string;
  /** Its replacement text; null: it is external, and empty for us. */
  readonly content: string | null;
  /** Being parsed: who meets it again is in a loop. */
  isOpen: boolean;
  /** What it stands for within content, and within the value of an attribute, when all in it is replaced; null: not yet known. */
  inContent: string | null;
  inAttribute: string | null;
}

export interface XmlDoctype {
  readonly entities: ReadonlyMap<string, XmlEntity>;
  /** There may be declarations that are not seen: an entity that is not known is no error. */
  readonly hasUnseen: boolean;
  /** As a dump of the document shows it. */
  readonly text: string;
}

export class DoctypeReader {
  readonly #input: XmlInput;
  readonly #entities = new Map<string, XmlEntity>();
  readonly #declarations: string[] = [];
  #hasUnseen = false;

  constructor(input: XmlInput) {
    this.#input = input;
  }

  /** Behind `<!DOCTYPE`. */
  read(): XmlDoctype {
    const input = this.#input;
    this.#input.spaces();
    const name = this.#input.match(NAME);
    if (name === '') this.#input.error('xmlParseDocTypeDecl : no DOCTYPE name !');
    this.#input.spaces();
    const external = this.#externalId(true);
    if (external !== '') this.#hasUnseen = true;
    this.#input.spaces();
    const isSubset = this.#input.take('[');
    if (isSubset) this.#subset();
    if (!this.#input.take('>') && !input.isOver) {
      this.#input.error('DOCTYPE improperly terminated');
      // Only without a subset the next character is passed over.
      if (!isSubset && input.at < input.text.length) input.at++;
    }
    const subset = this.#declarations.length === 0 ? '' : ` [\n${this.#declarations.join('\n')}\n]`;
    const text = `<!DOCTYPE ${name}${external === '' ? '' : ` ${external}`}${subset}>`;
    return { entities: this.#entities, hasUnseen: this.#hasUnseen, text };
  }

  #subset(): void {
    const input = this.#input;
    while (!this.#input.starts(']')) {
      if (input.isOver) return;
      const start = input.at;
      this.#input.spaces();
      this.#declaration();
      if (input.at === start) {
        this.#input.error('internal error: xmlParseInternalSubset: error detected in Markup declaration');
        return;
      }
    }
    input.at++;
    this.#input.spaces();
  }

  #declaration(): void {
    const input = this.#input;
    const start = input.at;
    if (input.take('%')) {
      const name = input.match(NAME);
      input.take(';');
      // Entities of parameters are not replaced: what they declare is not seen.
      this.#hasUnseen = true;
      if (!this.#entities.has(`%${name}`)) input.error(`PEReference: %${name}; not found`);
      return;
    }
    if (input.starts('<!ENTITY')) this.#entity();
    else if (input.starts('<!--')) this.#until('-->');
    else if (input.starts('<?')) this.#until('?>');
    else if (input.starts('<!ELEMENT')) this.#element();
    else if (input.starts('<!ATTLIST') || input.starts('<!NOTATION')) this.#skipped();
    else return;
    if (input.at > start) this.#declarations.push(input.text.slice(start, input.at));
  }

  /** Its content model is not looked at, but for how it begins. */
  #element(): void {
    const input = this.#input;
    const start = input.match(/<!ELEMENT[ \t\r\n]+[^ \t\r\n<>]+[ \t\r\n]+(?!EMPTY|ANY|\()/y);
    if (start === '') this.#skipped();
    else input.error("xmlParseElementDecl: 'EMPTY', 'ANY' or '(' expected");
  }

  #until(end: string): void {
    const found = this.#input.text.indexOf(end, this.#input.at);
    if (found >= 0) this.#input.at = found + end.length;
  }

  /** To the > that is in no literal. */
  #skipped(): void {
    const input = this.#input;
    const pattern = /[^"'<>]*(?:"[^"]*"[^"'<>]*|'[^']*'[^"'<>]*)*>/y;
    const found = matchAt(pattern, input.text, input.at + 2);
    if (found !== '') input.at += 2 + found.length;
  }

  #entity(): void {
    const input = this.#input;
    input.at += '<!ENTITY'.length;
    if (!this.#input.spaces()) this.#input.error("Space required after '<!ENTITY'");
    const isParameter = this.#input.take('%');
    if (isParameter && !this.#input.spaces()) this.#input.error("Space required after '%'");
    const name = this.#input.match(NAME);
    if (name === '') {
      this.#input.error('xmlParseEntityDecl: no name');
      return;
    }
    if (!this.#input.spaces()) this.#input.error('Space required after the entity name');
    let content: string | null = null;
    if (this.#input.starts('"') || this.#input.starts("'")) content = this.#value();
    else {
      if (this.#externalId(true) === '') this.#input.error('Entity value required');
      if (!isParameter) this.#notation();
    }
    this.#input.spaces();
    if (!this.#input.take('>')) {
      this.#input.error(`xmlParseEntityDecl: entity ${name} not terminated`);
      input.halt();
    }
    const key = isParameter ? `%${name}` : name;
    // The first declaration is the one that holds.
    if (!this.#entities.has(key))
      this.#entities.set(key, { name, content, isOpen: false, inContent: null, inAttribute: null });
  }

  #notation(): void {
    if (this.#input.starts('>')) return;
    if (!this.#input.spaces()) this.#input.error("Space required before 'NDATA'");
    if (!this.#input.take('NDATA')) return;
    if (!this.#input.spaces()) this.#input.error("Space required after 'NDATA'");
    this.#input.match(NAME);
  }

  /** EntityValue: references to characters are replaced, those to entities when the entity is. */
  #value(): string | null {
    const input = this.#input;
    const end = input.text.indexOf(input.text[input.at], input.at + 1);
    if (end < 0) {
      input.at = input.text.length;
      this.#input.error('EntityValue: " or \' expected');
      return null;
    }
    const literal = input.text.slice(input.at + 1, end);
    input.at = end + 1;
    return literal.replace(/&#(?:x([0-9a-fA-F]+)|([0-9]+));/g, (whole, hex: string | undefined, decimal: string) => {
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return isXmlCharacter(code) ? String.fromCodePoint(code) : whole;
    });
  }

  /** ExternalID, as it is written in a dump; '': there is none. */
  #externalId(needsSystem: boolean): string {
    if (this.#input.take('SYSTEM')) {
      if (!this.#input.spaces()) this.#input.error("Space required after 'SYSTEM'");
      return `SYSTEM ${this.#systemLiteral()}`;
    }
    if (!this.#input.take('PUBLIC')) return '';
    if (!this.#input.spaces()) this.#input.error("Space required after 'PUBLIC'");
    const identifier = this.#literal();
    if (identifier === null) {
      this.#input.error('SystemLiteral " or \' expected');
      this.#input.error('PUBLIC, the Public Identifier is missing');
    }
    if (needsSystem && !this.#input.spaces()) this.#input.error('Space required after the Public Identifier');
    return `PUBLIC ${identifier ?? '""'} ${this.#systemLiteral()}`;
  }

  #systemLiteral(): string {
    const literal = this.#literal();
    if (literal !== null) return literal;
    this.#input.error('SystemLiteral " or \' expected');
    this.#input.error('SYSTEM or PUBLIC, the URI is missing');
    return '""';
  }

  #literal(): string | null {
    const input = this.#input;
    const quote = input.text[input.at];
    const end = quote === '"' || quote === "'" ? input.text.indexOf(quote, input.at + 1) : -1;
    if (end < 0) return null;
    const literal = input.text.slice(input.at + 1, end);
    input.at = end + 1;
    return literal.includes('"') ? `'${literal}'` : `"${literal}"`;
  }
}
