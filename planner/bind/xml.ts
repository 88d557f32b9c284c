/** XML's syntax: calls of catalog/functions/xml/expressions.ts. After: PostgreSQL, parse_expr.c, transformXmlExpr(). */
import type { ScalarFunction } from '../../catalog/function-entry.ts';
import {
  joinedNames,
  XML_CONCAT,
  XML_ELEMENT,
  XML_FOREST,
  XML_IS_DOCUMENT,
  XML_PARSE,
  XML_PI,
  XML_ROOT,
  XML_SERIALIZE,
} from '../../catalog/functions/xml/expressions.ts';
import type * as ast from '../../parser/ast.ts';
import { xmlNameOfIdentifier } from '../../types/xml/index.ts';
import type { Expr } from '../expr.ts';
import { makeConst } from '../logical.ts';
import { coerceToSpecific, coerceToTarget, resolveUnknown } from './coerce.ts';
import { bindExpr } from './expression.ts';
import { positionOf } from './position.ts';
import type { Level } from './scope.ts';
import { BOOL, TEXT, XML } from './type-info.ts';
import { resolveTypeName } from './type-name.ts';

function call(fn: ScalarFunction, args: readonly Expr[]): Expr {
  return { kind: 'call', function: fn, args, typeOid: fn.returnType, typeModifier: -1 };
}

/** Any value: literals are texts, and a parameter has to say what it is. */
function plain(level: Level, node: ast.Expression): Expr {
  const value = bindExpr(level, node);
  return value.kind === 'param' ? value : resolveUnknown(level.context, value);
}

export function bindXmlArgument(level: Level, node: ast.Expression, typeOid: number, what: string): Expr {
  return coerceToSpecific(level.context, bindExpr(level, node), typeOid, what);
}

/** x IS [NOT] DOCUMENT */
export function bindIsDocument(level: Level, node: ast.IsDocumentExpr): Expr {
  const test = call(XML_IS_DOCUMENT, [bindXmlArgument(level, node.arg, XML, 'IS DOCUMENT')]);
  return node.negated ? { kind: 'not', arg: test, typeOid: BOOL, typeModifier: -1 } : test;
}

export function bindXml(level: Level, node: ast.XmlExpr): Expr {
  switch (node.form) {
    case 'element': {
      const name = makeConst(elementName(node.name!), TEXT);
      const [names, values] = bindNamed(level, node);
      return call(XML_ELEMENT, [name, names, ...values, ...node.args.map((arg) => plain(level, arg))]);
    }
    case 'forest': {
      const [names, values] = bindNamed(level, node);
      return call(XML_FOREST, [names, ...values]);
    }
    case 'concat':
      return call(
        XML_CONCAT,
        node.args.map((arg) => bindXmlArgument(level, arg, XML, 'XMLCONCAT')),
      );
    case 'parse':
      return call(XML_PARSE, [
        bindXmlArgument(level, node.args[0], TEXT, 'XMLPARSE'),
        makeConst(node.isDocument, BOOL),
      ]);
    case 'pi': {
      const content =
        node.args.length === 0 ? makeConst(null, TEXT) : bindXmlArgument(level, node.args[0], TEXT, 'XMLPI');
      const target = makeConst(elementName(node.name!), TEXT);
      return call(XML_PI, [target, makeConst(node.args.length > 0, BOOL), content]);
    }
    case 'root': {
      const standalone = node.standalone === null ? '' : node.standalone === 'no value' ? 'none' : node.standalone;
      return call(XML_ROOT, [
        bindXmlArgument(level, node.args[0], XML, 'XMLROOT'),
        bindXmlArgument(level, node.args[1], TEXT, 'XMLROOT'),
        makeConst(standalone, TEXT),
      ]);
    }
    case 'serialize':
      return bindSerialize(level, node);
  }
}

/** A name that is written: only what no name may hold is escaped. */
function elementName(name: string): string {
  return xmlNameOfIdentifier(name, { isFullyEscaped: false });
}

/** The names, and what they name: a column has its own name where none is written. */
function bindNamed(level: Level, node: ast.XmlExpr): [names: Expr, values: Expr[]] {
  const { context } = level;
  const what = node.form === 'element' ? 'attribute' : 'element';
  const names = node.named.map(({ value, name, position }) => {
    if (name !== null) return elementName(name);
    if (value.kind === 'columnRef' && value.name.length > 0) {
      return xmlNameOfIdentifier(value.name[value.name.length - 1], { isFullyEscaped: true });
    }
    const message = `unnamed XML ${what} value must be a column reference`;
    throw context.error('42601', message, positionOf(context, position));
  });
  const values = node.named.map(({ value }) => plain(level, value));
  if (node.form === 'element') {
    names.forEach((name, i) => {
      if (names.indexOf(name) === i) return;
      const position = positionOf(context, node.named[i].position);
      throw context.error('42601', `XML attribute name "${name}" appears more than once`, position);
    });
  }
  return [makeConst(joinedNames(names), TEXT), values];
}

/** The text, as the type that is asked for: only types of texts can be. */
function bindSerialize(level: Level, node: ast.XmlExpr): Expr {
  const { context } = level;
  const arg = bindXmlArgument(level, node.args[0], XML, 'XMLSERIALIZE');
  const { typeOid, typeModifier } = resolveTypeName(context, node.type!);
  const text = call(XML_SERIALIZE, [arg, makeConst(node.isDocument, BOOL)]);
  const position = positionOf(context, node.position);
  const cast = coerceToTarget(context, context.at(text, position), typeOid, typeModifier, 'implicit');
  if (cast !== null) return cast;
  const message = `cannot cast XMLSERIALIZE result to ${context.types.name(typeOid)}`;
  throw context.error('42846', message, position);
}
