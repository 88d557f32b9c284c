/** SQL values as XML (SQL/XML 2008, 9.8): a writer is made once for a type. */
import { baseTypeOid, isArrayType, OID, outputText, type SqlArray, sqlError, typeByOid } from '../../../types/index.ts';
import { escapeXml } from '../../../types/xml/index.ts';
import type { FunctionContext, Value } from '../../function-entry.ts';
import { isoFormat, isoTimestamp } from '../json-build.ts';

/** Writes a value that is not null; `escapes`: as the content of an element, not for who escapes it himself. */
export type XmlWriter = (value: Value, context: FunctionContext, escapes: boolean) => string;

const writers = new Map<number, XmlWriter>();

export function xmlWriter(typeOid: number): XmlWriter {
  let writer = writers.get(typeOid);
  // Types of users come and go.
  if (writer === undefined) {
    writer = makeWriter(typeOid);
    if (typeOid < FIRST_USER_OID) writers.set(typeOid, writer);
  }
  return writer;
}

const FIRST_USER_OID = 16384;

function makeWriter(typeOid: number): XmlWriter {
  const base = baseTypeOid(typeOid);
  const type = typeByOid(base);
  if (type !== undefined && isArrayType(type)) return arrayWriter(type.elementOid);
  switch (base) {
    case OID.BOOL:
      return (value: boolean) => (value ? 'true' : 'false');
    case OID.DATE:
      return momentWriter(base, 'date');
    case OID.TIMESTAMP:
    case OID.TIMESTAMPTZ:
      return momentWriter(base, 'timestamp');
    case OID.BYTEA:
      return (value: Uint8Array, { format }) =>
        format.xmlBinary === 'base64'
          ? base64Lines(Buffer.from(value).toString('base64'))
          : Buffer.from(value).toString('hex').toUpperCase();
    case OID.XML:
      return (value, { format }) => outputText(base, value, format);
    default:
      return (value, { format }, escapes) => {
        const text = outputText(base, value, format);
        return escapes ? escapeXml(text) : text;
      };
  }
}

/** As libxml2 writes it: 72 characters a line. */
function base64Lines(text: string): string {
  return text.replace(/.{72}(?=.)/g, '$&\r\n');
}

function arrayWriter(elementOid: number): XmlWriter {
  return (array: SqlArray, context) => {
    const write = xmlWriter(elementOid);
    let text = '';
    for (const element of array.elements) {
      if (element !== null) text += `<element>${write(element, context, true)}</element>`;
    }
    return text;
  };
}

/** XML Schema's form, which has no infinity. */
function momentWriter(typeOid: number, what: string): XmlWriter {
  return (value: number | bigint, context) => {
    if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) {
      const detail = `XML does not support infinite ${what} values.`;
      throw sqlError('22008', `${what} out of range`, { detail });
    }
    return isoTimestamp(outputText(typeOid, value, isoFormat(context)));
  };
}
