/** XML's syntax back to SQL (deparse.ts). */
import type { Expression, NamedExpression, TypeName, XmlExpr, XmlTableRef } from './ast.ts';

/** How the parts are printed. */
export interface XmlParts {
  readonly expression: (node: Expression) => string;
  readonly type: (type: TypeName) => string;
  readonly identifier: (name: string) => string;
  /** URIs of XMLNAMESPACES stand in parentheses: they can be anything then. */
  readonly enclosesNamespaces: boolean;
}

export function printXmlNamed(nodes: readonly NamedExpression[], parts: XmlParts): string {
  return nodes
    .map(({ value, name }) => parts.expression(value) + (name === null ? '' : ` AS ${parts.identifier(name)}`))
    .join(', ');
}

/** NO VALUE stands for a version that is null. */
function rootArguments({ args, standalone }: XmlExpr, parts: XmlParts): string {
  const [value, version] = args;
  const written = version.kind === 'null' ? 'NO VALUE' : parts.expression(version);
  const alone = standalone === null ? '' : `, STANDALONE ${standalone.toUpperCase()}`;
  return `${parts.expression(value)}, VERSION ${written}${alone}`;
}

export function printXml(node: XmlExpr, parts: XmlParts): string {
  const args = node.args.map(parts.expression);
  const option = node.isDocument ? 'DOCUMENT' : 'CONTENT';
  switch (node.form) {
    case 'element': {
      const attributes = node.named.length === 0 ? [] : [`XMLATTRIBUTES(${printXmlNamed(node.named, parts)})`];
      return `XMLELEMENT(${[`NAME ${parts.identifier(node.name ?? '')}`, ...attributes, ...args].join(', ')})`;
    }
    case 'forest':
      return `XMLFOREST(${printXmlNamed(node.named, parts)})`;
    case 'concat':
      return `XMLCONCAT(${args.join(', ')})`;
    case 'parse':
      return `XMLPARSE(${option} ${args[0]} ${node.preservesSpace ? 'PRESERVE' : 'STRIP'} WHITESPACE)`;
    case 'pi':
      return `XMLPI(${[`NAME ${parts.identifier(node.name ?? '')}`, ...args].join(', ')})`;
    case 'root':
      return `XMLROOT(${rootArguments(node, parts)})`;
    case 'serialize':
      return `XMLSERIALIZE(${option} ${args[0]}${node.type === null ? '' : ` AS ${parts.type(node.type)}`})`;
  }
}

/** c_expr and b_expr: in parentheses, whatever they are. */
export function printXmlTable(node: XmlTableRef, parts: XmlParts): string {
  const enclosed = (each: Expression): string => `(${parts.expression(each)})`;
  const namespaces = node.namespaces.map(({ value, name }) => {
    const uri = parts.enclosesNamespaces ? enclosed(value) : parts.expression(value);
    return name === null ? `DEFAULT ${uri}` : `${uri} AS ${parts.identifier(name)}`;
  });
  const columns = node.columns.map((column) => {
    const name = parts.identifier(column.name);
    if (column.type === null) return `${name} FOR ORDINALITY`;
    const otherwise = column.default === null ? '' : ` DEFAULT ${enclosed(column.default)}`;
    const path = column.path === null ? '' : ` PATH ${enclosed(column.path)}`;
    return `${name} ${parts.type(column.type)}${otherwise}${path}${column.isNotNull ? ' NOT NULL' : ''}`;
  });
  const before = namespaces.length === 0 ? '' : `XMLNAMESPACES (${namespaces.join(', ')}), `;
  const source = `${enclosed(node.rowPath)} PASSING ${enclosed(node.document)}`;
  return `XMLTABLE(${before}${source} COLUMNS ${columns.join(', ')})`;
}
