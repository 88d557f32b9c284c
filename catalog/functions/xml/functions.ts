/** Functions over values of type xml. */
import { type SqlArray, sqlError } from '../../../types/index.ts';
import { checkXml, type XmlOption } from '../../../types/xml/index.ts';
import type { FunctionContext } from '../../function-entry.ts';
import type { AggregateSpec, FunctionModule } from '../module.ts';
import { valueToArray, warn, xpathValue } from './documents.ts';
import { ConcatenatedXml } from './expressions.ts';

function xmlComment(text: string): string {
  if (text.includes('--') || text.endsWith('-')) throw sqlError('2200S', 'invalid XML comment');
  return `<!--${text}-->`;
}

function isWellFormed(text: string, option: XmlOption): boolean {
  return checkXml(text, option) === null;
}

function textToXml(context: FunctionContext, text: string): string {
  const error = checkXml(text, context.format.xmlOption, warn(context));
  if (error !== null) throw error;
  return text;
}

function xpath(context: FunctionContext, path: string, data: string, namespaces: SqlArray | null = null): SqlArray {
  return valueToArray(xpathValue(context, path, data, namespaces), context);
}

function xpathExists(
  context: FunctionContext,
  path: string,
  data: string,
  namespaces: SqlArray | null = null,
): boolean {
  const value = xpathValue(context, path, data, namespaces);
  return typeof value !== 'object' || value.length > 0;
}

const xmlAgg: AggregateSpec = {
  strict: true,
  create: () => ({
    initial: () => new ConcatenatedXml(),
    step(state: ConcatenatedXml, value: string) {
      state.addToPair(value);
      return state;
    },
    final: (state: ConcatenatedXml) => (state.isEmpty ? null : state.aggregated),
  }),
};

export const xmlFunctions: FunctionModule = {
  plain: {
    xmlcomment: xmlComment,
    // Binary compatible: a value is its text.
    xmltotext: (value: string) => value,
    xmlconcat2: (a: string | null, b: string | null) => {
      if (a === null || b === null) return a ?? b;
      const both = new ConcatenatedXml();
      both.add(a);
      both.add(b);
      return both.text;
    },
    xml_is_well_formed_document: (text: string) => isWellFormed(text, 'document'),
    xml_is_well_formed_content: (text: string) => isWellFormed(text, 'content'),
    xmlvalidate: () => {
      throw sqlError('0A000', 'xmlvalidate is not implemented');
    },
  },
  contextual: {
    texttoxml: textToXml,
    xml_is_well_formed: ({ format }: FunctionContext, text: string) => isWellFormed(text, format.xmlOption),
    xpath,
    xpath_text_xml: xpath,
    xpath_exists: xpathExists,
    xpath_exists_text_xml: xpathExists,
    xmlexists: xpathExists,
  },
  aggregates: { xmlagg_xml: xmlAgg },
};
