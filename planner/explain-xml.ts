/** XML's syntax in plans: the calls that it was bound to (bind/xml.ts), as they were written. */
import type { ScalarFunction } from '../catalog/function-entry.ts';
import {
  splitNames,
  XML_CONCAT,
  XML_ELEMENT,
  XML_FOREST,
  XML_IS_DOCUMENT,
  XML_PARSE,
  XML_PI,
  XML_ROOT,
  XML_SERIALIZE,
} from '../catalog/functions/xml/expressions.ts';
import { quoteIdentifier } from '../parser/index.ts';
import { identifierOfXmlName } from '../types/xml/index.ts';
import type { Expr } from './expr.ts';

function constantOf(expr: Expr): unknown {
  return expr.kind === 'const' ? expr.value : null;
}

const identifier = (name: string): string => quoteIdentifier(identifierOfXmlName(name));

/** null: the function is no form of XML's syntax. */
export function xmlFormText(fn: ScalarFunction, args: readonly Expr[], print: (expr: Expr) => string): string | null {
  const option = (at: number): string => (constantOf(args[at]) === true ? 'DOCUMENT' : 'CONTENT');
  const named = (at: number): string[] => {
    const names = splitNames(String(constantOf(args[at])));
    return names.map((name, i) => `${print(args[at + 1 + i])} AS ${identifier(name)}`);
  };
  switch (fn) {
    case XML_ELEMENT: {
      const attributes = named(1);
      const parts = [`NAME ${identifier(String(constantOf(args[0])))}`];
      if (attributes.length > 0) parts.push(`XMLATTRIBUTES(${attributes.join(', ')})`);
      return `XMLELEMENT(${[...parts, ...args.slice(2 + attributes.length).map(print)].join(', ')})`;
    }
    case XML_FOREST:
      return `XMLFOREST(${named(0).join(', ')})`;
    case XML_CONCAT:
      return `XMLCONCAT(${args.map(print).join(', ')})`;
    case XML_PARSE:
      return `XMLPARSE(${option(1)} ${print(args[0])} STRIP WHITESPACE)`;
    case XML_SERIALIZE:
      return `XMLSERIALIZE(${option(1)} ${print(args[0])} AS text)`;
    case XML_IS_DOCUMENT:
      return `(${print(args[0])} IS DOCUMENT)`;
    case XML_PI: {
      const target = `NAME ${identifier(String(constantOf(args[0])))}`;
      return `XMLPI(${constantOf(args[1]) === true ? `${target}, ${print(args[2])}` : target})`;
    }
    case XML_ROOT: {
      const version = args[1].kind === 'const' && args[1].value === null ? 'NO VALUE' : print(args[1]);
      const standalone = constantOf(args[2]);
      const written = standalone === 'none' ? 'NO VALUE' : String(standalone).toUpperCase();
      return `XMLROOT(${print(args[0])}, VERSION ${version}${standalone === '' ? '' : `, STANDALONE ${written}`})`;
    }
    default:
      return null;
  }
}
