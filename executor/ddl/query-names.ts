/** Names in a query that is to be kept. */
import type { FromItem, XmlExpr } from '../../parser/ast.ts';

/** Those by which the items of FROM are known, in all its parts. */
export function itemNames(node: unknown, names = new Set<string>()): Set<string> {
  if (Array.isArray(node)) for (const part of node) itemNames(part, names);
  else if (typeof node === 'object' && node !== null) {
    const item = node as FromItem;
    if (item.kind === 'table') names.add(item.alias?.name ?? item.name[item.name.length - 1]);
    else if (
      item.kind === 'subqueryRef' ||
      item.kind === 'functionRef' ||
      item.kind === 'xmlTable' ||
      item.kind === 'join'
    ) {
      if (item.alias !== null) names.add(item.alias.name);
    }
    for (const part of Object.values(node)) itemNames(part, names);
  }
  return names;
}

/** Elements and attributes that are called as columns are keep the name when the columns are renamed. */
export function withXmlNames(node: XmlExpr): XmlExpr {
  const named = node.named.map((each) => {
    const { value, name } = each;
    return name === null && value.kind === 'columnRef' && value.name.length > 0
      ? { ...each, name: value.name[value.name.length - 1] }
      : each;
  });
  return { ...node, named };
}
