/**
 * The structured formats of EXPLAIN: JSON, YAML and XML, laid out as PostgreSQL lays them out (explain.c).
 *
 * A document is nested groups of named values; lists hold strings (printed in one line in JSON) or groups.
 */

export type ExplainFormat = 'json' | 'yaml' | 'xml';
export type ExplainValue = string | number | boolean | Fixed | ExplainDocument | readonly (string | ExplainDocument)[];
export interface ExplainDocument {
  readonly [name: string]: ExplainValue;
}

/** A number that keeps its digits behind the point. */
export class Fixed {
  readonly value: number;
  readonly digits: number;

  constructor(value: number, digits: number) {
    this.value = value;
    this.digits = digits;
  }

  toString(): string {
    return this.value.toFixed(this.digits);
  }
}

/** The whole text of EXPLAIN for one query. */
export function formatExplain(query: ExplainDocument, format: ExplainFormat): string {
  switch (format) {
    case 'json':
      return `[\n  ${jsonGroup(query, 2)}\n]`;
    case 'yaml':
      return yamlItem(query, 0).join('\n');
    case 'xml':
      return [
        '<explain xmlns="http://www.postgresql.org/2009/explain">',
        ...xmlGroup('Query', query, 2),
        '</explain>',
      ].join('\n');
  }
}

function isList(value: ExplainValue): value is readonly (string | ExplainDocument)[] {
  return Array.isArray(value);
}

function isGroup(value: ExplainValue | undefined): value is ExplainDocument {
  return typeof value === 'object' && !(value instanceof Fixed) && !Array.isArray(value);
}

/** Lists of strings; an empty list is one of groups. */
function isPlainList(value: readonly (string | ExplainDocument)[]): value is readonly string[] {
  return typeof value[0] === 'string';
}

function scalar(value: Exclude<ExplainValue, ExplainDocument | readonly (string | ExplainDocument)[]>): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/* ---- JSON ---- */

function jsonGroup(group: ExplainDocument, indent: number): string {
  const pad = ' '.repeat(indent + 2);
  const members = Object.entries(group).map(
    ([name, value]) => `${pad}${JSON.stringify(name)}: ${json(value, indent + 2)}`,
  );
  return `{\n${members.join(',\n')}\n${' '.repeat(indent)}}`;
}

function json(value: ExplainValue, indent: number): string {
  if (isList(value)) {
    if (isPlainList(value)) return `[${value.map((item) => JSON.stringify(item)).join(', ')}]`;
    const pad = ' '.repeat(indent + 2);
    const items = value.map((item) => pad + jsonGroup(item as ExplainDocument, indent + 2));
    return `[\n${items.join(',\n')}${items.length > 0 ? '\n' : ''}${' '.repeat(indent)}]`;
  }
  return isGroup(value) ? jsonGroup(value, indent) : scalar(value);
}

/* ---- YAML ---- */

function yamlItem(group: ExplainDocument, indent: number): string[] {
  const lines = yamlGroup(group, indent + 2);
  lines[0] = `${' '.repeat(indent)}- ${lines[0].slice(indent + 2)}`;
  return lines;
}

function yamlGroup(group: ExplainDocument, indent: number): string[] {
  const pad = ' '.repeat(indent);
  const lines: string[] = [];
  for (const [name, value] of Object.entries(group)) {
    if (isList(value)) {
      lines.push(`${pad}${name}: `);
      for (const item of value) {
        if (typeof item === 'string') lines.push(`${pad}  - ${JSON.stringify(item)}`);
        else lines.push(...yamlItem(item, indent + 2));
      }
    } else if (isGroup(value)) lines.push(`${pad}${name}: `, ...yamlGroup(value, indent + 2));
    else lines.push(`${pad}${name}: ${scalar(value)}`);
  }
  return lines;
}

/* ---- XML ---- */

/** What the groups of a list are called. */
const ITEM_NAMES: Readonly<Record<string, string>> = { Plans: 'Plan', Triggers: 'Trigger' };

function xmlGroup(name: string, group: ExplainDocument, indent: number): string[] {
  const pad = ' '.repeat(indent);
  const element = xmlName(name);
  const lines = [`${pad}<${element}>`];
  for (const [member, value] of Object.entries(group)) lines.push(...xmlMember(member, value, indent + 2));
  lines.push(`${pad}</${element}>`);
  return lines;
}

function xmlMember(name: string, value: ExplainValue, indent: number): string[] {
  const pad = ' '.repeat(indent);
  const element = xmlName(name);
  if (isGroup(value)) return xmlGroup(name, value, indent);
  if (!isList(value)) return [`${pad}<${element}>${escapeXml(String(value))}</${element}>`];
  const lines = [`${pad}<${element}>`];
  for (const item of value) {
    if (typeof item === 'string') lines.push(`${pad}  <Item>${escapeXml(item)}</Item>`);
    else lines.push(...xmlGroup(ITEM_NAMES[name] ?? 'Item', item, indent + 2));
  }
  lines.push(`${pad}</${element}>`);
  return lines;
}

/** Names are words of letters; what is none of -, _, . or a letter or digit becomes -. */
function xmlName(name: string): string {
  return name.replace(/[^\w.-]/g, '-');
}

function escapeXml(text: string): string {
  return text.replace(/[&<>\r]/g, (character) =>
    character === '&' ? '&amp;' : character === '<' ? '&lt;' : character === '>' ? '&gt;' : '&#x0d;',
  );
}
