/** A small world for planner tests: tables described in a line each, statistics by hand, the real parser and catalog. */

import { entryKey } from '../../catalog/codec.ts';
import type { ColumnEntry, ConstraintEntry, IndexEntry, RelationEntry } from '../../catalog/entries.ts';
import type { FunctionContext } from '../../catalog/function-entry.ts';
import { Catalog, type CatalogChange } from '../../catalog/index.ts';
import {
  type ColumnGroupStatistics,
  type ColumnStatistics,
  NO_STATISTICS,
  type StatisticsSource,
} from '../../catalog/statistics.ts';
import { parse, parseExpression } from '../../parser/index.ts';
import type { PlannerEnvironment, PlannerSettings } from '../../planner/environment.ts';
import { explainPlan } from '../../planner/explain.ts';
import type { PlannedStatement } from '../../planner/plan.ts';
import { planNode } from '../../planner/plan-statement.ts';
import { DEFAULT_FORMAT, SqlError, typeByName } from '../../types/index.ts';

const DATABASE = 5;
const PUBLIC = 2200;

const TYPE_ALIASES: Readonly<Record<string, string>> = {
  int: 'int4',
  integer: 'int4',
  bigint: 'int8',
  smallint: 'int2',
  real: 'float4',
  double: 'float8',
  boolean: 'bool',
};

/** What stable functions see: 2000-01-01. */
const SESSION = {
  transactionTimestamp: 0,
  statementTimestamp: 0,
  format: DEFAULT_FORMAT,
} as unknown as FunctionContext;

export interface TableOptions {
  readonly rows?: number;
  readonly pages?: number;
  readonly resident?: number;
  readonly columns?: Readonly<Record<string, Partial<ColumnStatistics>>>;
  readonly groups?: readonly ColumnGroupStatistics[];
}

export class World {
  private readonly changes: CatalogChange[] = [];
  private nextOid = 16384;
  private readonly tables = new Map<string, RelationEntry>();
  private readonly options = new Map<number, TableOptions>();
  private readonly exact = new Map<string, number>();
  private catalogValue: Catalog | null = null;

  private add(entry: RelationEntry | IndexEntry | ConstraintEntry): void {
    this.changes.push({ key: entryKey(DATABASE, entry.class, entry.oid), entry });
    this.catalogValue = null;
  }

  /** `table('t', 'id int primary key, name varchar(20) not null, v numeric(10,2) default 0')`. */
  table(name: string, definition: string, options: TableOptions = {}): this {
    const oid = this.nextOid++;
    const columns: ColumnEntry[] = [];
    const keys: (() => void)[] = [];
    splitTop(definition).forEach((part, i) => {
      const [, columnName, typeName, args, rest] = /^\s*(\w+)\s+(\w+(?:\[\])?)(?:\(([\d,]+)\))?\s*(.*)$/s.exec(part)!;
      const base = typeName.replace('[]', '');
      const internal = TYPE_ALIASES[base] ?? base;
      const type = typeByName(typeName.endsWith('[]') ? `_${internal}` : internal);
      if (type === undefined) throw new Error(`no type ${typeName}`);
      const number = i + 1;
      const isKey = /primary key/.test(rest);
      const generated = /generated always as \((.*)\) stored/.exec(rest);
      const identity = /generated (always|by default) as identity/.exec(rest);
      columns.push({
        number,
        name: columnName,
        typeOid: type.oid,
        typeModifier: modifierOf(internal, args),
        notNull: isKey || /not null/.test(rest) || identity !== null,
        defaultText: generated?.[1] ?? (/default (.*)$/.exec(rest)?.[1] || null),
        generated: generated !== null,
        identity: identity === null ? null : identity[1] === 'always' ? 'always' : 'default',
        sequenceOid: identity === null ? 0 : 99999,
        dropped: false,
        missingText: null,
        sinceLayout: 0,
      });
      if (isKey) keys.push(() => this.key(name, [columnName], 'primary'));
      if (/\bunique\b/.test(rest)) keys.push(() => this.key(name, [columnName], 'unique'));
      const check = /check \((.*)\)/.exec(rest);
      if (check !== null) keys.push(() => this.check(name, `${name}_${columnName}_check`, check[1]));
    });
    const entry: RelationEntry = {
      class: 'relation',
      oid,
      kind: 'table',
      schemaOid: PUBLIC,
      name,
      owner: 10,
      persistence: 'permanent',
      relId: oid,
      overflowRelId: 0,
      columns,
      layout: 0,
      queryText: null,
      options: [],
      dependsOn: [],
    };
    this.add(entry);
    this.tables.set(name, entry);
    this.options.set(oid, options);
    for (const key of keys) key();
    return this;
  }

  view(name: string, columns: string, queryText: string): this {
    this.table(name, columns);
    const entry = this.tables.get(name)!;
    this.add({ ...entry, kind: 'view', queryText });
    return this;
  }

  /** `index('t_a', 't', 'a, b desc', { unique: true, where: 'a > 0' })`; `(expression)` for expressions. */
  index(
    name: string,
    table: string,
    columns: string,
    options: { unique?: boolean; where?: string; method?: 'btree' | 'hash'; primary?: boolean } = {},
  ): this {
    const entry = this.tables.get(table)!;
    this.add({
      class: 'index',
      oid: this.nextOid++,
      name,
      schemaOid: PUBLIC,
      tableOid: entry.oid,
      method: options.method ?? 'btree',
      unique: options.unique ?? false,
      nullsNotDistinct: false,
      primary: options.primary ?? false,
      columns: splitTop(columns).map((part) => {
        const text = part.trim();
        const descending = / desc$/.test(text);
        const bare = text.replace(/ desc$/, '');
        const column = entry.columns.find((candidate) => candidate.name === bare);
        return {
          columnNumber: column?.number ?? 0,
          expressionText: column === undefined ? bare.replace(/^\((.*)\)$/s, '$1') : null,
          descending,
          nullsFirst: descending,
        };
      }),
      includedColumns: [],
      predicateText: options.where ?? null,
    });
    return this;
  }

  private key(table: string, columns: string[], kind: 'primary' | 'unique'): void {
    const entry = this.tables.get(table)!;
    const indexName = kind === 'primary' ? `${table}_pkey` : `${table}_${columns.join('_')}_key`;
    const indexOid = this.nextOid;
    this.index(indexName, table, columns.join(', '), { unique: true, primary: kind === 'primary' });
    this.add({
      ...constraintDefaults(this.nextOid++, indexName, entry.oid),
      type: kind === 'primary' ? 'primary key' : 'unique',
      columns: columns.map((name) => entry.columns.find((column) => column.name === name)!.number),
      indexOid,
    });
  }

  check(table: string, name: string, text: string): this {
    const entry = this.tables.get(table)!;
    this.add({ ...constraintDefaults(this.nextOid++, name, entry.oid), type: 'check', columns: [], checkText: text });
    return this;
  }

  /** What statistics say of an equality on an index: the posting list's length. */
  count(index: string, values: readonly unknown[], rows: number): this {
    this.exact.set(`${index}:${JSON.stringify(values)}`, rows);
    return this;
  }

  get catalog(): Catalog {
    this.catalogValue ??= Catalog.bootstrap(DATABASE, 'postgres').apply(this.changes);
    return this.catalogValue;
  }

  private get statistics(): StatisticsSource {
    return {
      ...NO_STATISTICS,
      rowCount: (oid) => this.options.get(oid)?.rows ?? 1000,
      pageCount: (oid) => this.options.get(oid)?.pages ?? Math.ceil((this.options.get(oid)?.rows ?? 1000) / 100),
      residentShare: (oid) => this.options.get(oid)?.resident ?? 1,
      column: (oid, number) => {
        const entry = this.catalog.relation(oid);
        const given = this.options.get(oid)?.columns?.[entry?.columns[number - 1].name ?? ''];
        if (given === undefined) return null;
        return {
          nullFraction: 0,
          averageWidth: 8,
          distinct: 0,
          mostCommonValues: [],
          mostCommonFrequencies: [],
          histogram: [],
          correlation: 0,
          ...given,
        };
      },
      columnGroups: (oid) => this.options.get(oid)?.groups ?? [],
      indexEqualCount: (oid, values) =>
        this.exact.get(`${this.catalog.index(oid)?.name}:${JSON.stringify(values)}`) ?? -1,
    };
  }

  environment(
    text: string,
    options: { parameterTypes?: readonly number[]; settings?: PlannerSettings } = {},
  ): PlannerEnvironment {
    return {
      catalog: this.catalog,
      searchPath: ['pg_catalog', 'public'],
      parameterTypes: options.parameterTypes ?? [],
      text,
      parse: { statement: (sql) => parse(sql)[0], statements: parse, expression: parseExpression },
      settings: options.settings ?? {},
      statistics: this.statistics,
      functions: SESSION,
    };
  }

  plan(
    text: string,
    options: { parameterTypes?: readonly number[]; settings?: PlannerSettings } = {},
  ): PlannedStatement & { consideredJoins: number } {
    const [statement] = parse(text);
    const { planned, consideredJoins } = planNode(statement.node, this.environment(text, options));
    return { ...planned, consideredJoins };
  }

  /** EXPLAIN (COSTS OFF). */
  explain(text: string, options: { settings?: PlannerSettings; costs?: boolean } = {}): string {
    const { plan } = this.plan(text, options);
    const lines = explainPlan(plan, {
      costs: options.costs ?? false,
      verbose: false,
      analyze: false,
      timing: false,
      buffers: false,
    });
    return lines.join('\n');
  }

  /** `SQLSTATE position message | hint`, or the explained plan. */
  error(text: string, options: { parameterTypes?: readonly number[] } = {}): string {
    try {
      this.plan(text, options);
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      const { position, hint, detail } = error.fields;
      return [
        `${error.code} ${position ?? '-'} ${error.message}`,
        ...(detail === undefined ? [] : [`DETAIL ${detail}`]),
        ...(hint === undefined ? [] : [`HINT ${hint}`]),
      ].join(' | ');
    }
    return 'no error';
  }
}

function constraintDefaults(oid: number, name: string, tableOid: number) {
  return {
    class: 'constraint' as const,
    oid,
    name,
    schemaOid: PUBLIC,
    tableOid,
    checkText: null,
    indexOid: 0,
    referencedTableOid: 0,
    referencedColumns: [],
    onUpdate: 'no action' as const,
    onDelete: 'no action' as const,
    matchFull: false,
    deferrable: false,
    initiallyDeferred: false,
    validated: true,
  };
}

function modifierOf(type: string, args: string | undefined): number {
  if (args === undefined) return -1;
  const [first, second] = args.split(',').map(Number);
  return type === 'numeric' ? ((first << 16) | (second ?? 0)) + 4 : first + 4;
}

/** Splits at commas that are not inside parentheses. */
function splitTop(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')') depth--;
    else if (text[i] === ',' && depth === 0) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}
