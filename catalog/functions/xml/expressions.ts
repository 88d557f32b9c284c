/**
 * What the special syntax of XML is bound to: XMLELEMENT, XMLFOREST, XMLCONCAT, XMLPARSE, XMLPI, XMLROOT, XMLSERIALIZE, IS DOCUMENT. These are no
 * functions of the catalog: they have no oids, and only the binder calls them. Names that are written come first among their arguments.
 */
import { OID, sqlError } from '../../../types/index.ts';
import {
  checkXml,
  declarationOf,
  escapeAttribute,
  isXmlDocument,
  type Standalone,
  writtenDeclaration,
} from '../../../types/xml/index.ts';
import type { FunctionContext, ScalarFunction, Value } from '../../function-entry.ts';
import { TextCollector } from '../text-collector.ts';
import { warn } from './documents.ts';
import { xmlWriter } from './values.ts';

function form(
  name: string,
  volatility: ScalarFunction['volatility'],
  returnType: number,
  more: Partial<ScalarFunction> & Pick<ScalarFunction, 'implementation'>,
): ScalarFunction {
  return {
    kind: 'scalar',
    oid: 0,
    internalName: `xml_form_${name}`,
    name,
    argumentTypes: [],
    variadic: false,
    returnType,
    returnsSet: false,
    strict: false,
    volatility,
    needsContext: false,
    specialise: false,
    ...more,
  };
}

/** Names of attributes or elements, as one argument: no name of XML has a blank. */
export function joinedNames(names: readonly string[]): string {
  return names.join(' ');
}

export function splitNames(names: string): string[] {
  return names === '' ? [] : names.split(' ');
}

/** (name, names of attributes, attributes..., content...). */
export const XML_ELEMENT = form('xmlelement', 'stable', OID.XML, {
  needsContext: true,
  specialise: true,
  implementation: (argTypes: readonly number[]) => {
    const writers = argTypes.slice(2).map(xmlWriter);
    return (context: FunctionContext, name: string, joined: string, ...values: Value[]): string => {
      const names = splitNames(joined);
      let attributes = '';
      names.forEach((attribute, i) => {
        if (values[i] === null) return;
        attributes += ` ${attribute}="${escapeAttribute(writers[i](values[i], context, false))}"`;
      });
      let content = '';
      let isEmpty = true;
      for (let i = names.length; i < values.length; i++) {
        if (values[i] === null) continue;
        content += writers[i](values[i], context, true);
        isEmpty = false;
      }
      return isEmpty ? `<${name}${attributes}/>` : `<${name}${attributes}>${content}</${name}>`;
    };
  },
});

/** (names of elements, values...); null where all are. */
export const XML_FOREST = form('xmlforest', 'stable', OID.XML, {
  needsContext: true,
  specialise: true,
  implementation: (argTypes: readonly number[]) => {
    const writers = argTypes.slice(1).map(xmlWriter);
    return (context: FunctionContext, joined: string, ...values: Value[]): string | null => {
      let result: string | null = null;
      splitNames(joined).forEach((name, i) => {
        if (values[i] === null) return;
        result = `${result ?? ''}<${name}>${writers[i](values[i], context, true)}</${name}>`;
      });
      return result;
    };
  },
});

/** What is said before several values that become one: of a version that all say, and of standing alone. */
export class ConcatenatedXml {
  readonly #texts = new TextCollector();
  #count = 0;
  #first: string | null = null;
  #version: string | null = null;
  #hasNoVersion = false;
  #standalone: Standalone = 'yes';

  add(value: string): void {
    const { length, version, standalone } = declarationOf(value);
    this.#first ??= value;
    this.#texts.append(length === 0 ? value : value.slice(length));
    this.#count++;
    this.#declare(version, standalone);
  }

  #declare(version: string | null, standalone: Standalone): void {
    if (standalone === 'no' && this.#standalone === 'yes') this.#standalone = 'no';
    if (standalone === 'none') this.#standalone = 'none';
    if (version === null) this.#hasNoVersion = true;
    else if (this.#version === null) this.#version = version;
    else if (this.#version !== version) this.#hasNoVersion = true;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  #declaration(): string {
    if (this.#hasNoVersion && this.#standalone === 'none') return '';
    return writtenDeclaration(this.#hasNoVersion ? null : this.#version, this.#standalone);
  }

  /** xmlagg puts its values together two by two: what was said before is what is read then. */
  addToPair(value: string): void {
    if (this.#count > 1) {
      const before = declarationOf(this.#declaration());
      this.#version = null;
      this.#hasNoVersion = false;
      this.#standalone = 'yes';
      this.#declare(before.version, before.standalone);
    }
    this.add(value);
  }

  get text(): string {
    return this.#declaration() + this.#texts.toString();
  }

  /** Of xmlagg: a value that is alone is as it was. */
  get aggregated(): string {
    return this.#count === 1 ? (this.#first as string) : this.text;
  }
}

/** (values...); null where all are. */
export const XML_CONCAT = form('xmlconcat', 'immutable', OID.XML, {
  implementation: (...values: (string | null)[]): string | null => {
    const result = new ConcatenatedXml();
    for (const value of values) if (value !== null) result.add(value);
    return result.isEmpty ? null : result.text;
  },
});

/** (text, whether it is a document). */
export const XML_PARSE = form('xmlparse', 'immutable', OID.XML, {
  needsContext: true,
  strict: true,
  implementation: (context: FunctionContext, text: string, isDocument: boolean): string => {
    const error = checkXml(text, isDocument ? 'document' : 'content', warn(context));
    if (error !== null) throw error;
    return text;
  },
});

/** (target, whether there is content, content). */
export const XML_PI = form('xmlpi', 'immutable', OID.XML, {
  implementation: (target: string, hasContent: boolean, content: string | null): string | null => {
    if (target.toLowerCase() === 'xml') {
      const detail = `XML processing instruction target name cannot be "${target}".`;
      throw sqlError('42601', 'invalid XML processing instruction', { detail });
    }
    if (!hasContent) return `<?${target}?>`;
    if (content === null) return null;
    if (content.includes('?>')) {
      const detail = 'XML processing instruction cannot contain "?>".';
      throw sqlError('2200T', 'invalid XML processing instruction', { detail });
    }
    return `<?${target} ${content.replace(/^ +/, '')}?>`;
  },
});

/** (value, version, standalone: yes, no, none or '' for as it is). */
export const XML_ROOT = form('xmlroot', 'immutable', OID.XML, {
  implementation: (value: string | null, version: string | null, standalone: Standalone | ''): string | null => {
    if (value === null) return null;
    const before = declarationOf(value);
    const written = writtenDeclaration(version, standalone === '' ? before.standalone : standalone);
    return written + value.slice(before.length);
  },
});

/** (value, whether it must be a document): its text. */
export const XML_SERIALIZE = form('xmlserialize', 'immutable', OID.TEXT, {
  strict: true,
  implementation: (value: string, isDocument: boolean): string => {
    if (isDocument && !isXmlDocument(value)) throw sqlError('2200L', 'not an XML document');
    return value;
  },
});

export const XML_IS_DOCUMENT = form('is document', 'immutable', OID.BOOL, {
  strict: true,
  implementation: isXmlDocument,
});

/** Of all the columns of a row of XMLTABLE: that they have been computed. Volatile, so that it is called. */
export const XML_ROW = form('xmltable row', 'volatile', OID.BOOL, { implementation: () => true });

/** A value of a column that may have none of them null (XMLTABLE ... NOT NULL). (value, name of the column). */
export const XML_NOT_NULL = form('xmltable not null', 'immutable', OID.ANY, {
  implementation: (value: Value, column: string): Value => {
    if (value === null) throw sqlError('22004', `null is not allowed in column "${column}"`);
    return value;
  },
});
