/** Expressions of a wanted type out of columns, literals, and all that the catalog has to offer. */
import { type Binding, bound, type Callable, type Catalog, isPolymorphic, RANGES } from './catalog.ts';
import type { Choice } from './choice.ts';
import { hintedValue } from './hints.ts';
import { expression, list, type Node, type Part, text } from './tree.ts';
import { isOrdered, literalSql, quoted, randomValue, simplestLiterals, typeSql } from './values.ts';

export interface Column {
  /** As it is written: `a.i`. */
  readonly sql: string;
  readonly type: string;
}

/** What an expression may use. */
export interface Scope {
  readonly columns: readonly Column[];
  /** Makes a subquery of columns of these types; null where there is none to be. */
  readonly subquery: ((types: readonly string[], columns: readonly Column[]) => Node) | null;
}

/** The type of a column that is a row as a whole. */
export const ROW = 'record';

const ELEMENTS = [
  'int4',
  'text',
  'numeric',
  'date',
  'float8',
  'jsonb',
  'int8',
  'timestamptz',
  'bool',
  'uuid',
  'interval',
];
const KEYWORD_FUNCTIONS: Readonly<Record<string, string>> = {
  overlay: 'pg_catalog.overlay',
  position: 'pg_catalog."position"',
  substring: 'pg_catalog.substring',
  overlaps: 'pg_catalog."overlaps"',
  extract: 'pg_catalog."extract"',
  normalize: 'pg_catalog.normalize',
  xmlexists: 'pg_catalog.xmlexists',
  timezone: 'pg_catalog.timezone',
  bit: 'pg_catalog."bit"',
};
const TYPE_LIKE = new Set([
  'char',
  'bpchar',
  'varchar',
  'name',
  'time',
  'timestamp',
  'timestamptz',
  'timetz',
  'interval',
  'numeric',
  'float4',
  'float8',
  'int2',
  'int4',
  'int8',
  'bool',
  'date',
  'varbit',
  'json',
  'jsonb',
  'box',
  'circle',
  'path',
  'polygon',
  'point',
  'line',
  'lseg',
  'text',
]);

export function functionSql(name: string): string {
  if (KEYWORD_FUNCTIONS[name] !== undefined) return KEYWORD_FUNCTIONS[name];
  return TYPE_LIKE.has(name) || !/^[a-z_][a-z0-9_]*$/.test(name) ? `pg_catalog."${name}"` : name;
}

/** A call of a window function, and its window in two parts. */
export interface WindowCall {
  readonly call: Node;
  readonly type: string;
  readonly partition: Node;
  /** ORDER BY and the frame. */
  readonly order: Node;
}

export class Expressions {
  private readonly choice: Choice;
  private readonly catalog: Catalog;
  /** Unusual literals and NULLs: in statements of one expression, where errors can be compared. */
  private readonly isScalar: boolean;
  private readonly results: readonly string[];

  constructor(catalog: Catalog, choice: Choice, isScalar: boolean) {
    this.catalog = catalog;
    this.choice = choice;
    this.isScalar = isScalar;
    this.results = [...catalog.byResult.keys()];
  }

  literal(type: string): Node {
    const value = randomValue(type, this.choice, this.isScalar);
    // Literals of unknown type try how an operator or function is chosen.
    const isUnknown = value !== null && this.choice.chance(0.06);
    return expression(type, [isUnknown ? quoted(value) : literalSql(type, value)], simplestLiterals(type));
  }

  leaf(type: string, scope: Scope): Node {
    const columns = scope.columns.filter((column) => column.type === type);
    if (columns.length > 0 && this.choice.chance(0.8)) {
      return expression(type, [this.choice.pick(columns).sql], simplestLiterals(type));
    }
    return this.literal(type);
  }

  of(type: string, scope: Scope, depth: number): Node {
    const { choice } = this;
    if (depth <= 0 || choice.chance(0.25)) return this.leaf(type, scope);
    const inner = (): Node => this.of(type, scope, depth - 1);
    if (type === 'bool' && choice.chance(0.6)) return this.condition(scope, depth);
    const form = choice.below(20);
    if (form === 0) return this.caseOf(type, scope, depth);
    if (form === 1)
      return this.made(type, 'coalesce(', list([inner(), inner(), ...(choice.chance(0.3) ? [inner()] : [])]), ')');
    if (form === 2) return this.made(type, 'nullif(', inner(), ', ', inner(), ')');
    if (form === 3 && isOrdered(type))
      return this.made(type, `${choice.pick(['greatest', 'least'])}(`, list([inner(), inner()]), ')');
    if (form === 4 && scope.subquery !== null) return this.made(type, '(', scope.subquery([type], scope.columns), ')');
    if (form === 5) {
      const sources = [...this.catalog.casts].filter(([, targets]) => targets.includes(type)).map(([source]) => source);
      if (sources.length > 0) {
        const source = choice.pick(sources);
        return this.made(type, '(', this.of(source, scope, depth - 1), `)::${typeSql(type)}`);
      }
    }
    if (form === 6 && type.startsWith('_')) {
      const element = (): Node => this.of(type.slice(1), scope, depth - 1);
      return this.made(type, 'ARRAY[', list([element(), element()]), `]::${typeSql(type)}`);
    }
    if (form === 7 && type.startsWith('_') && scope.subquery !== null && isOrdered(type)) {
      const elements = scope.subquery([type.slice(1)], scope.columns);
      return this.made(type, 'ARRAY(SELECT s.x FROM (', elements, ') AS s(x) ORDER BY 1)');
    }
    if (form === 8) {
      const whole = this.ofWholeRow(type, scope);
      if (whole !== null) return whole;
    }
    const call = this.callFor(type);
    return call === null ? this.leaf(type, scope) : this.call(call.callable, call.binding, type, scope, depth - 1);
  }

  private made(type: string, ...parts: Part[]): Node {
    return expression(type, parts, simplestLiterals(type));
  }

  private caseOf(type: string, scope: Scope, depth: number): Node {
    const inner = (): Node => this.of(type, scope, depth - 1);
    if (this.choice.chance(0.3)) {
      const subject = this.someType(scope);
      return this.made(
        type,
        'CASE ',
        this.of(subject, scope, depth - 1),
        ' WHEN ',
        this.leaf(subject, scope),
        ' THEN ',
        inner(),
        ' ELSE ',
        inner(),
        ' END',
      );
    }
    const otherwise = this.choice.chance(0.7) ? text(' ELSE ', inner()) : '';
    return this.made(type, 'CASE WHEN ', this.of('bool', scope, depth - 1), ' THEN ', inner(), otherwise, ' END');
  }

  /** Of a row as a whole, where a type can be made of one. */
  private ofWholeRow(type: string, scope: Scope): Node | null {
    const rows = scope.columns.filter((column) => column.type === ROW);
    if (rows.length === 0) return null;
    const row = this.choice.pick(rows).sql;
    const forms: Readonly<Record<string, readonly string[]>> = {
      bool: [`(${row} IS NULL)`, `(${row} IS NOT NULL)`, `(ROW(${row}.*) IS NULL)`, `(${row} IS DISTINCT FROM ${row})`],
      text: [`(${row})::text`, `(ROW(${row}.*, 1))::text`, `concat(${row}, 'a')`],
      json: [`row_to_json(${row})`, `to_json(${row})`],
      jsonb: [`to_jsonb(${row})`, `jsonb_build_array(${row})`],
      int4: [`num_nulls(${row})`],
    };
    return forms[type] === undefined ? null : this.made(type, this.choice.pick(forms[type]));
  }

  /** A function that returns a set, and the type of its elements. */
  setCall(scope: Scope): { node: Node; type: string } {
    const callables = this.catalog.sets.filter(({ name, result }) => result !== 'record' && name !== 'generate_series');
    const callable = this.choice.pick(callables);
    const binding = this.binding(callable);
    const type = bound(callable.result, binding);
    const args = this.args(callable, binding, scope, 0);
    return { node: expression(type, [`${functionSql(callable.name)}(`, text(...joined(args)), ')']), type };
  }

  /** A type that the scope has a column of, mostly. */
  someType(scope: Scope): string {
    const ordered = scope.columns.filter((column) => isOrdered(column.type));
    if (ordered.length > 0 && this.choice.chance(0.85)) return this.choice.pick(ordered).type;
    return this.choice.pick(['int4', 'text', 'numeric', 'date', 'int8', 'timestamp', 'float8', 'bool', 'jsonb']);
  }

  condition(scope: Scope, depth: number): Node {
    const { choice } = this;
    const bool = (...parts: Part[]): Node => this.made('bool', ...parts);
    const type = this.someType(scope);
    const value = (): Node => this.of(type, scope, depth - 1);
    const not = choice.chance(0.3) ? 'NOT ' : '';
    switch (choice.below(13)) {
      case 0:
      case 1:
        return bool(
          '(',
          this.of('bool', scope, depth - 1),
          choice.pick([' AND ', ' OR ']),
          this.of('bool', scope, depth - 1),
          ')',
        );
      case 2:
        return bool('(NOT ', this.of('bool', scope, depth - 1), ')');
      case 3:
        return bool('(', value(), ` IS ${not}NULL)`);
      case 4:
        return bool('(', value(), ` IS ${not}DISTINCT FROM `, value(), ')');
      case 5:
        return bool(
          '(',
          value(),
          ` ${not}IN (`,
          list([this.leaf(type, scope), this.literal(type), this.literal(type)]),
          '))',
        );
      case 6:
        return bool(
          '(',
          value(),
          ` ${not}BETWEEN `,
          choice.chance(0.2) ? 'SYMMETRIC ' : '',
          this.leaf(type, scope),
          ' AND ',
          this.leaf(type, scope),
          ')',
        );
      case 7:
        return bool('(', this.of('bool', scope, depth - 1), ` IS ${not}${choice.pick(['TRUE', 'FALSE', 'UNKNOWN'])})`);
      case 8:
        if (scope.subquery === null) break;
        return bool(`(${not}EXISTS (`, scope.subquery([type], scope.columns), '))');
      case 9:
        if (scope.subquery === null) break;
        return bool('(', value(), ` ${not}IN (`, scope.subquery([type], scope.columns), '))');
      case 10:
        if (scope.subquery === null) break;
        return bool(
          '(',
          value(),
          ` ${this.comparison()} ${choice.pick(['ANY', 'ALL'])} (`,
          scope.subquery([type], scope.columns),
          '))',
        );
      case 11: {
        const other = this.someType(scope);
        if (scope.subquery !== null && choice.chance(0.5)) {
          const rows = scope.subquery([type, other], scope.columns);
          return bool('((', value(), ', ', this.leaf(other, scope), `) ${not}IN (`, rows, '))');
        }
        return bool(
          '((',
          value(),
          ', ',
          this.leaf(other, scope),
          `) ${this.comparison()} (`,
          this.leaf(type, scope),
          ', ',
          this.leaf(other, scope),
          '))',
        );
      }
      default:
    }
    return bool('(', value(), ` ${this.comparison()} `, choice.chance(0.5) ? this.leaf(type, scope) : value(), ')');
  }

  private comparison(): string {
    return this.choice.pick(['=', '=', '<>', '<', '<=', '>', '>=']);
  }

  binding(callable: Callable): Binding {
    const all = [...callable.args, callable.result];
    const range = this.choice.pick(Object.keys(RANGES));
    const hasRange = all.some((type) => /range$/.test(type) && isPolymorphic(type));
    return { range, element: hasRange ? RANGES[range]! : this.choice.pick(ELEMENTS) };
  }

  private callFor(type: string): { callable: Callable; binding: Binding } | null {
    const { choice, catalog } = this;
    const exact = catalog.byResult.get(type) ?? [];
    const polymorphic = this.results.filter(isPolymorphic);
    if (exact.length > 0 && choice.chance(0.85)) {
      const callable = choice.pick(exact);
      return { callable, binding: this.binding(callable) };
    }
    for (let tries = 0; tries < 6 && polymorphic.length > 0; tries++) {
      const callable = choice.pick(catalog.byResult.get(choice.pick(polymorphic))!);
      const binding = this.binding(callable);
      if (bound(callable.result, binding) === type) return { callable, binding };
      const isElement = bound(callable.result, { element: '?', range: '' }) === '?';
      if (isElement && ELEMENTS.includes(type) && !callable.args.some((arg) => /range$/.test(arg))) {
        return { callable, binding: { ...binding, element: type } };
      }
    }
    if (exact.length === 0) return null;
    const callable = choice.pick(exact);
    return { callable, binding: this.binding(callable) };
  }

  call(callable: Callable, binding: Binding, type: string, scope: Scope, depth: number): Node {
    const args = this.args(callable, binding, scope, depth);
    if (callable.kind === 'operator') {
      // The space keeps `- -1` from being a comment.
      if (args.length === 1) return this.made(type, `(${callable.name} `, args[0]!, ')');
      return this.made(type, '(', args[0]!, ` ${callable.name} `, args[1]!, ')');
    }
    return this.made(type, `${functionSql(callable.name)}(`, text(...joined(args)), ')');
  }

  args(callable: Callable, binding: Binding, scope: Scope, depth: number): Node[] {
    const types = callable.args.map((type) => (type === 'any' ? this.choice.pick(ELEMENTS) : bound(type, binding)));
    const arg = (type: string, position: number): Node => {
      const hinted = hintedValue(callable.name, position, type, this.choice);
      if (hinted !== null) return expression(type, [literalSql(type, hinted)], simplestLiterals(type));
      return this.of(type, scope, depth);
    };
    if (!callable.isVariadic) return types.map(arg);
    const fixed = types.slice(0, -1).map(arg);
    const last = types[types.length - 1]!;
    const count = this.choice.below(4);
    const element = callable.args[callable.args.length - 1] === 'any' ? null : last.slice(1);
    for (let i = 0; i < count; i++) fixed.push(arg(element ?? this.choice.pick(ELEMENTS), fixed.length));
    return fixed;
  }

  // --------------------------------------------------------------------------------------------- aggregates and windows

  /** An aggregate call; its arguments are of the scope, its result of the type that is answered with it. */
  aggregate(scope: Scope, depth: number): { node: Node; type: string } {
    const { choice, catalog } = this;
    if (choice.chance(0.12)) return { node: this.made('int8', 'count(*)', this.filter(scope, depth)), type: 'int8' };
    if (choice.chance(0.12) && catalog.orderedSets.length > 0) return this.orderedSet(scope, depth);
    const callable = choice.pick(catalog.aggregates);
    const binding = this.binding(callable);
    const type = bound(callable.result, binding);
    const args = this.args(callable, binding, scope, depth);
    const isDistinct = args.length === 1 && choice.chance(0.15) && isOrdered(args[0]!.type);
    // What depends on the order of its input gets one; equal texts are equal values.
    const order =
      isDistinct || args.length === 0
        ? ''
        : text(' ORDER BY ', text(...joined(args.map((arg) => text(arg, '::text')))));
    const parts = args.length === 0 ? '*' : text(...joined(args));
    return {
      node: this.made(
        type,
        `${callable.name}(`,
        isDistinct ? 'DISTINCT ' : '',
        parts,
        order,
        ')',
        this.filter(scope, depth),
      ),
      type,
    };
  }

  private filter(scope: Scope, depth: number): Node {
    if (!this.choice.chance(0.15)) return text();
    return { ...text(' FILTER (WHERE ', this.of('bool', scope, depth), ')'), role: 'optional' };
  }

  private orderedSet(scope: Scope, depth: number): { node: Node; type: string } {
    const callable = this.choice.pick(this.catalog.orderedSets);
    const binding = this.binding(callable);
    const type = bound(callable.result, binding);
    const types = callable.args.map((arg) => (arg === 'any' ? 'int4' : bound(arg, binding)));
    const direct = callable.isHypothetical
      ? [this.literal('int4')]
      : types
          .slice(0, callable.direct)
          .map((arg) =>
            arg === 'float8'
              ? expression(arg, [this.choice.pick(['0', '0.25', '0.5', '1', '1.5'])])
              : this.literal(arg),
          );
    const ordered = callable.isHypothetical ? 'int4' : types[types.length - 1]!;
    const parts = [
      `${callable.name}(`,
      text(...joined(direct)),
      ') WITHIN GROUP (ORDER BY ',
      this.of(ordered, scope, depth),
      this.choice.chance(0.3) ? ' DESC' : '',
      ')',
    ];
    return { node: this.made(type, ...parts, this.filter(scope, 1)), type };
  }

  /** `key`: columns that make rows different, or null where none are known. */
  window(scope: Scope, key: readonly string[] | null, depth: number): WindowCall {
    const { choice, catalog } = this;
    const partition = choice.chance(0.6) ? text('PARTITION BY ', this.leaf(this.someType(scope), scope)) : text();
    if (key !== null && choice.chance(0.6)) {
      const callable = choice.pick(catalog.windows);
      const binding = this.binding(callable);
      const type = bound(callable.result, binding);
      const args = this.args(callable, binding, scope, depth).map((arg) =>
        arg.type === 'int4' && callable.name !== 'lag' && callable.name !== 'lead'
          ? expression('int4', [String(1 + choice.below(3))])
          : arg,
      );
      const keys = key.map((column) => `${column}${choice.pick(['', ' DESC', ' NULLS FIRST'])}`).join(', ');
      const call = text(`${callable.name}(`, text(...joined(args)), ')');
      return { call, type, partition, order: text(' ORDER BY ', keys, this.frame(true)) };
    }
    const { node, type } = this.plainAggregate(scope, depth);
    if (!choice.chance(0.6)) return { call: node, type, partition, order: text() };
    const orderType = this.someType(scope);
    const order = text(' ORDER BY ', this.leaf(orderType, scope), choice.pick(['', '', ' DESC', ' NULLS FIRST']));
    const ranged = /^(int[248]|numeric|float8|date|timestamp|timestamptz|interval)$/.test(orderType) ? orderType : null;
    return { call: node, type, partition, order: text(order, this.frame(false, ranged)) };
  }

  /** Of those that do not mind in which order rows come. */
  private plainAggregate(scope: Scope, depth: number): { node: Node; type: string } {
    const calm = this.catalog.aggregates.filter(({ name }) =>
      /^(sum|count|avg|min|max|bool_|bit_|every|stddev|var|range_agg)/.test(name),
    );
    const callable = this.choice.pick(calm);
    const binding = this.binding(callable);
    const args = this.args(callable, binding, scope, depth);
    const type = bound(callable.result, binding);
    const parts = args.length === 0 ? '*' : text(...joined(args));
    return { node: text(`${callable.name}(`, parts, ')', this.filter(scope, 1)), type };
  }

  /** RANGE with offsets of a type that suits the order. */
  private rangeFrame(type: string): Node {
    const { choice } = this;
    const offset = (): string => {
      if (/^(date|timestamp|timestamptz|interval)$/.test(type))
        return choice.pick(["'1 day'", "'1 month'", "'00:00:01'", "'10 years'", "'-1 day'"]);
      return choice.pick(['0', '1', '3', '100', '-1', ...(type === 'numeric' || type === 'float8' ? ['0.5'] : [])]);
    };
    const bound = (): string =>
      choice.pick(['CURRENT ROW', `${offset()} PRECEDING`, `${offset()} FOLLOWING`, `${offset()} PRECEDING`]);
    const start = choice.pick(['UNBOUNDED PRECEDING', bound()]);
    return {
      ...text(` RANGE BETWEEN ${start} AND ${choice.pick(['UNBOUNDED FOLLOWING', bound()])}`),
      role: 'optional',
    };
  }

  private frame(isTotal: boolean, numeric: string | null = null): Node {
    const { choice } = this;
    if (choice.chance(0.4)) return text();
    if (!isTotal && numeric !== null && choice.chance(0.5)) return this.rangeFrame(numeric);
    const unit = isTotal ? choice.pick(['ROWS', 'GROUPS']) : choice.pick(['RANGE', 'GROUPS']);
    const canOffset = unit !== 'RANGE';
    const offset = String(choice.below(3));
    const start = choice.pick([
      'UNBOUNDED PRECEDING',
      'CURRENT ROW',
      ...(canOffset ? [`${offset} PRECEDING`, `${offset} FOLLOWING`] : []),
    ]);
    const end = choice.pick([
      'UNBOUNDED FOLLOWING',
      'CURRENT ROW',
      ...(canOffset ? [`${offset} FOLLOWING`, `${offset} PRECEDING`] : []),
    ]);
    const exclude = choice.pick([
      '',
      '',
      ' EXCLUDE CURRENT ROW',
      ' EXCLUDE GROUP',
      ' EXCLUDE TIES',
      ' EXCLUDE NO OTHERS',
    ]);
    const excludes = isTotal || exclude === '' || / (GROUP|NO OTHERS)$/.test(exclude) ? exclude : '';
    return { ...text(` ${unit} BETWEEN ${start} AND ${end}${excludes}`), role: 'optional' };
  }
}

export function joined(parts: readonly Part[]): Part[] {
  return parts.flatMap((part, i) => (i === 0 ? [part] : [', ', part]));
}
