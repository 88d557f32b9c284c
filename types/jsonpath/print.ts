/** A jsonpath as PostgreSQL prints it. */
import { quoteJson } from '../json.ts';
import { parseJsonpath } from './parse.ts';
import { type Jsonpath, LAST_LEVEL, type PathItem, type RegexFlags } from './path.ts';

/** Where parentheses are needed: around operands that bind no stronger. */
function priority(item: PathItem): number {
  switch (item.kind) {
    case 'or':
      return 0;
    case 'and':
      return 1;
    case 'compare':
    case 'startsWith':
      return 2;
    case 'arithmetic':
      return item.operator === '+' || item.operator === '-' ? 3 : 4;
    case 'sign':
      return 5;
    default:
      return 6;
  }
}

const OPERATOR_TEXT = { and: '&&', or: '||', startsWith: 'starts with' } as const;

function flagsText(flags: RegexFlags): string {
  const letters =
    (flags.ignoreCase ? 'i' : '') +
    (flags.dotAll ? 's' : '') +
    (flags.multiLine ? 'm' : '') +
    (flags.expanded ? 'x' : '') +
    (flags.literal ? 'q' : '');
  return letters === '' ? '' : ` flag "${letters}"`;
}

function anyLevelText(first: number, last: number): string {
  if (first === 0 && last === LAST_LEVEL) return '**';
  const level = (number: number): string => (number === LAST_LEVEL ? 'last' : String(number));
  return first === last ? `**{${level(first)}}` : `**{${level(first)} to ${level(last)}}`;
}

function printPair(item: PathItem, operator: string, left: PathItem, right: PathItem, hasParentheses: boolean): string {
  const own = priority(item);
  const text = `${print(left, false, priority(left) <= own)} ${operator} ${print(right, false, priority(right) <= own)}`;
  return hasParentheses ? `(${text})` : text;
}

function printOne(item: PathItem, inKey: boolean, hasParentheses: boolean): string {
  switch (item.kind) {
    case 'null':
      return 'null';
    case 'root':
      return '$';
    case 'current':
      return '@';
    case 'last':
      return 'last';
    case 'anyArray':
      return '[*]';
    case 'anyKey':
      return inKey ? '.*' : '*';
    case 'bool':
      return item.value ? 'true' : 'false';
    case 'number':
      return item.next === null ? item.value.toString() : `(${item.value.toString()})`;
    case 'string':
      return quoteJson(item.value);
    case 'variable':
      return `$${quoteJson(item.value)}`;
    case 'key':
      return (inKey ? '.' : '') + quoteJson(item.value);
    case 'method':
      return `.${item.name}()`;
    case 'datetime':
      return `.datetime(${item.template === null ? '' : quoteJson(item.template)})`;
    case 'subscripts': {
      const parts = item.subscripts.map(
        ({ from, to }) => print(from, false, false) + (to === null ? '' : ` to ${print(to, false, false)}`),
      );
      return `[${parts.join(',')}]`;
    }
    case 'anyLevel':
      return (inKey ? '.' : '') + anyLevelText(item.first, item.last);
    case 'filter':
      return `?(${print(item.predicate, false, false)})`;
    case 'arithmetic':
    case 'compare':
      return printPair(item, item.operator, item.left, item.right, hasParentheses);
    case 'and':
    case 'or':
    case 'startsWith':
      return printPair(item, OPERATOR_TEXT[item.kind], item.left, item.right, hasParentheses);
    case 'sign': {
      const text = item.operator + print(item.argument, false, priority(item.argument) <= priority(item));
      return hasParentheses ? `(${text})` : text;
    }
    case 'not':
      return `!(${print(item.argument, false, false)})`;
    case 'isUnknown':
      return `(${print(item.argument, false, false)}) is unknown`;
    case 'exists':
      return `exists (${print(item.argument, false, false)})`;
    case 'likeRegex': {
      const argument = print(item.argument, false, priority(item.argument) <= priority(item));
      const text = `${argument} like_regex ${quoteJson(item.pattern)}${flagsText(item.flags)}`;
      return hasParentheses ? `(${text})` : text;
    }
  }
}

function print(item: PathItem, inKey: boolean, hasParentheses: boolean): string {
  let text = printOne(item, inKey, hasParentheses);
  for (let next = item.next; next !== null; next = next.next) text += printOne(next, true, true);
  return text;
}

function printJsonpath({ isLax, root }: Jsonpath): string {
  return (isLax ? '' : 'strict ') + print(root, false, true);
}

/** The value of a jsonpath's text, from outside. */
export function inputJsonpath(text: string): string {
  return printJsonpath(parseJsonpath(text));
}
