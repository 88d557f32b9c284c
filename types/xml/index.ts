/** XML: documents and content, their trees, XPath over them. */
export {
  type IdentifierOptions,
  identifierOfXmlName,
  isSpace as isXmlSpace,
  xmlNameOfIdentifier,
} from './characters.ts';
export { declarationOf, outputXml, type Standalone, writtenDeclaration } from './declaration.ts';
export type { XmlNode } from './document.ts';
export { checkXml, inputXml, isXmlDocument, parseXmlDocument, receiveXml, type XmlOption } from './value.ts';
export { dumpXml, escapeAttribute, escapeXml } from './write.ts';
export { evaluateXPath, type Prefixes } from './xpath/evaluate.ts';
export { type XPath, XPathError } from './xpath/expression.ts';
export { numberToString } from './xpath/numbers.ts';
export { parseXPath } from './xpath/parse.ts';
export { toText, type XPathValue } from './xpath/values.ts';
