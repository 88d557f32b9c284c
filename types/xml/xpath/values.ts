/** What XPath expressions answer, and how one becomes another (XPath 1.0, 3.4 and 4). */
import { stringValue, type XmlNode } from '../document.ts';
import { numberToString, stringToNumber } from './numbers.ts';

/** A set of nodes, in document order, none of them twice. */
export type Nodes = readonly XmlNode[];
export type XPathValue = Nodes | string | number | boolean;

export function toText(value: XPathValue): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
      return numberToString(value);
    case 'boolean':
      return value ? 'true' : 'false';
    default:
      return value.length === 0 ? '' : stringValue(value[0]);
  }
}

export function toNumber(value: XPathValue): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return stringToNumber(toText(value));
}

export function toBoolean(value: XPathValue): boolean {
  if (typeof value === 'object') return value.length > 0;
  if (typeof value === 'number') return value !== 0 && !Number.isNaN(value);
  return typeof value === 'string' ? value !== '' : value;
}

type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

function compareNumbers(operator: Comparison, a: number, b: number): boolean {
  switch (operator) {
    case '=':
      return a === b;
    case '!=':
      return a !== b;
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
  }
}

function compareScalars(operator: Comparison, a: XPathValue, b: XPathValue): boolean {
  if (operator !== '=' && operator !== '!=') return compareNumbers(operator, toNumber(a), toNumber(b));
  if (typeof a === 'boolean' || typeof b === 'boolean') return (toBoolean(a) === toBoolean(b)) === (operator === '=');
  if (typeof a === 'number' || typeof b === 'number') return compareNumbers(operator, toNumber(a), toNumber(b));
  return (toText(a) === toText(b)) === (operator === '=');
}

/** Two sets: whether any pair compares so. Equality goes by a table, order by the extremes: no pair is looked at. */
function compareSets(operator: Comparison, a: Nodes, b: Nodes): boolean {
  if (a.length === 0 || b.length === 0) return false;
  if (operator === '=') {
    const texts = new Set(a.map(stringValue));
    return b.some((node) => texts.has(stringValue(node)));
  }
  if (operator === '!=') {
    const first = stringValue(a[0]);
    return a.some((node) => stringValue(node) !== first) || b.some((node) => stringValue(node) !== first);
  }
  const isLess = operator[0] === '<';
  const best = (nodes: Nodes, isLow: boolean): number => {
    const numbers = nodes.map((node) => stringToNumber(stringValue(node))).filter((value) => !Number.isNaN(value));
    return numbers.reduce((x, y) => (isLow === x < y ? x : y), numbers[0] ?? Number.NaN);
  };
  return compareNumbers(operator, best(a, isLess), best(b, !isLess));
}

export function compare(operator: Comparison, a: XPathValue, b: XPathValue): boolean {
  if (typeof a === 'object' && typeof b === 'object') return compareSets(operator, a, b);
  if (typeof a === 'object') {
    if (typeof b === 'boolean') return compareScalars(operator, toBoolean(a), b);
    return a.some((node) => compareScalars(operator, stringValue(node), b));
  }
  if (typeof b === 'object') {
    if (typeof a === 'boolean') return compareScalars(operator, a, toBoolean(b));
    return b.some((node) => compareScalars(operator, a, stringValue(node)));
  }
  return compareScalars(operator, a, b);
}
