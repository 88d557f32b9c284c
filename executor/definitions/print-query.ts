/**
 * Queries as PostgreSQL prints those of views:
 *
 *      SELECT t.a,
 *         count(*) AS n
 *        FROM (public.t
 *          JOIN public.u ON ((t.a = u.a)))
 *       WHERE (t.a > 1)
 *       GROUP BY t.a;
 *
 * After: PostgreSQL, ruleutils.c, get_query_def() and what it calls; always with its indentation.
 */
import { quoteIdentifier } from '../../catalog/functions/quote.ts';
import type {
  Alias,
  ColumnRef,
  Expression,
  FromItem,
  FunctionCall,
  GroupByItem,
  JoinRef,
  Query,
  SelectBody,
  SelectTarget,
} from '../../parser/ast.ts';
import { printType } from '../../parser/index.ts';
import { groupKeys } from '../../planner/index.ts';
import { INDENT_JOIN, INDENT_STEP, INDENT_VAR, Output, type PrintOptions } from './output.ts';
import { ExpressionPrinter } from './print-expression.ts';

/** How the columns of a query are named, where it stands. */
interface Naming {
  /** The names of a view's columns stand for those of its query. */
  readonly columns: readonly string[] | null;
  /** Names show even where they are the ones that the expression gives itself: ?column? */
  readonly isVisible: boolean;
}

type FromCall = Extract<FromItem, { kind: 'functionRef' }>['functions'][number];

/** Of a call of unnest; null: it is another. */
function unnestArgs({ call, columnDefs }: FromCall): readonly Expression[] | null {
  const isUnnest = call.kind === 'function' && call.name[call.name.length - 1] === 'unnest' && columnDefs.length === 0;
  return isUnnest ? call.args : null;
}

/** unnest(a, b) is two functions. */
function singleUnnests(item: FromCall): FromCall[] {
  const args = unnestArgs(item);
  if (args === null || args.length < 2) return [item];
  return args.map((arg) => ({ ...item, call: { ...(item.call as FunctionCall), args: [arg] } }));
}

export class QueryPrinter {
  readonly #out: Output;
  readonly #options: PrintOptions;
  readonly #expressions: ExpressionPrinter;

  constructor(options: PrintOptions, isFlat = false) {
    this.#out = new Output(isFlat);
    this.#options = options;
    this.#expressions = new ExpressionPrinter(this.#out, options, (query) =>
      this.#query(query, { columns: null, isVisible: false }),
    );
  }

  /** The query of a view with these columns. */
  view(query: Query, columns: readonly string[]): string {
    this.#query(query, { columns, isVisible: true });
    return this.#out.text;
  }

  /** A query of a function's body, one step to the right. */
  bodyQuery(query: Query): string {
    this.#out.indent = 1;
    this.#query(query, { columns: null, isVisible: false });
    return this.#out.text;
  }

  /** An expression that stands by itself. */
  condition(expr: Expression): string {
    this.#expressions.print(expr);
    return this.#out.text;
  }

  returned(expr: Expression): string {
    this.#out.indent = 1;
    this.#out.begin('RETURN ');
    this.#expressions.print(expr);
    return this.#out.text;
  }

  #write(text: string): void {
    this.#out.text += text;
  }

  /** A query within another begins at the level of the moment, and leaves it as it was. */
  #query(query: Query, naming: Naming): void {
    const out = this.#out;
    const level = out.indent;
    this.#with(query);
    const isSet = query.body.kind === 'setOperation';
    if (query.body.kind === 'setOperation') this.#setOperation(query.body, naming);
    else if (query.body.kind === 'values') this.#values(query.body.rows, naming);
    else this.#select(query.body, naming);
    if (query.orderBy.length > 0) {
      out.line(' ORDER BY ', -INDENT_STEP, INDENT_STEP, 1);
      this.#expressions.orderBy(query.orderBy, isSet);
    }
    if (query.offset !== null) {
      out.line(' OFFSET ', -INDENT_STEP, INDENT_STEP);
      this.#expressions.print(query.offset);
    }
    if (query.limit !== null) {
      out.line(query.limitWithTies ? ' FETCH FIRST (' : ' LIMIT ', -INDENT_STEP, INDENT_STEP);
      if (query.limit.kind === 'null') this.#write('ALL');
      else this.#expressions.print(query.limit);
      if (query.limitWithTies) this.#write(') ROWS WITH TIES');
    }
    for (const clause of query.locking) {
      const all = query.body.kind === 'select' ? query.body.from.flatMap(lockedNames) : [];
      const named = clause.of.map(({ name }) => name[name.length - 1]);
      for (const name of named.length > 0 ? named : all) {
        out.line(` FOR ${clause.strength.toUpperCase()} OF ${quoteIdentifier(name)}`, -INDENT_STEP, INDENT_STEP);
        if (clause.wait !== 'wait') this.#write(` ${clause.wait.toUpperCase()}`);
      }
    }
    out.indent = level;
  }

  #with({ with: clause }: Query): void {
    if (clause === null) return;
    const out = this.#out;
    out.indent += INDENT_STEP;
    out.begin(clause.recursive ? 'WITH RECURSIVE ' : 'WITH ');
    clause.ctes.forEach((cte, i) => {
      if (i > 0) this.#write(', ');
      this.#write(quoteIdentifier(cte.name));
      if (cte.columns.length > 0) this.#write(`(${names(cte.columns)})`);
      this.#write(' AS ');
      if (cte.materialized !== null) this.#write(cte.materialized ? 'MATERIALIZED ' : 'NOT MATERIALIZED ');
      this.#write('(');
      out.line('');
      this.#query(cte.query as Query, { columns: null, isVisible: true });
      out.line('');
      this.#write(')');
      if (cte.search !== null) {
        const { breadthFirst, columns, sequenceColumn } = cte.search;
        const order = breadthFirst ? 'BREADTH' : 'DEPTH';
        this.#write(` SEARCH ${order} FIRST BY ${names(columns)} SET ${quoteIdentifier(sequenceColumn)}`);
      }
      if (cte.cycle !== null) this.#cycle(cte.cycle);
    });
    out.indent -= INDENT_STEP;
    out.breakOrSpace();
  }

  #cycle(cycle: NonNullable<NonNullable<Query['with']>['ctes'][number]['cycle']>): void {
    this.#write(` CYCLE ${names(cycle.columns)} SET ${quoteIdentifier(cycle.markColumn)}`);
    if (cycle.markValue !== null && cycle.markDefault !== null) {
      // The grammar takes no casts here: kept texts have none.
      const mark = (node: Expression): void => {
        this.#expressions.print(node);
        if (node.kind === 'string') this.#write('::text');
      };
      this.#write(' TO ');
      mark(cycle.markValue);
      this.#write(' DEFAULT ');
      mark(cycle.markDefault);
    }
    this.#write(` USING ${quoteIdentifier(cycle.pathColumn)}`);
  }

  /** Under other names than column1, column2, ... it is a table that is selected from. */
  #values(rows: readonly (readonly Expression[])[], naming: Naming): void {
    const out = this.#out;
    out.indent += INDENT_STEP;
    const names = rows[0].map((_, i) => `column${i + 1}`);
    const isNamed = naming.columns?.some((name, i) => name !== names[i]) === true;
    if (isNamed) {
      out.begin('SELECT');
      const targets = names.map((name): SelectTarget => {
        const expr: ColumnRef = { kind: 'columnRef', name: ['*VALUES*', name], star: false, position: -1 };
        return { expr, alias: null, position: -1 };
      });
      this.#targets(targets, naming);
      out.line(' FROM ', -INDENT_STEP, INDENT_STEP, 2);
      this.#write('(VALUES ');
    } else out.begin('VALUES ');
    rows.forEach((row, i) => {
      this.#write(i > 0 ? ', (' : '(');
      row.forEach((value, j) => {
        if (j > 0) this.#write(',');
        this.#expressions.print(value);
      });
      this.#write(')');
    });
    if (isNamed) this.#write(') "*VALUES*"');
  }

  // ------------------------------------------------------------------------------------------------------ set operations

  #setOperation(body: Extract<Query['body'], { kind: 'setOperation' }>, naming: Naming): void {
    const out = this.#out;
    const left = nestedSet(body.left);
    const isEnclosed = left !== null && !(left.operator === body.operator && left.all === body.all);
    if (isEnclosed) {
      this.#write('(');
      out.line('', INDENT_STEP);
    }
    this.#operand(body.left, naming);
    if (isEnclosed) out.line(') ', -INDENT_STEP);
    else out.breakOrSpace();
    this.#write(`${body.operator.toUpperCase()} ${body.all ? 'ALL ' : ''}`);
    const isRightEnclosed = nestedSet(body.right) !== null;
    if (isRightEnclosed) this.#write('(');
    out.line('', isRightEnclosed ? INDENT_STEP : 0);
    this.#operand(body.right, { ...naming, isVisible: false });
    if (isRightEnclosed) {
      out.indent -= INDENT_STEP;
      out.line(')');
    }
  }

  #operand(query: Query, naming: Naming): void {
    const nested = nestedSet(query);
    if (nested !== null) {
      this.#setOperation(nested, naming);
      return;
    }
    const needsParentheses = !isPlain(query);
    if (needsParentheses) this.#write('(');
    this.#query(query, naming);
    if (needsParentheses) this.#write(')');
  }

  // -------------------------------------------------------------------------------------------------------------- SELECT

  #select(body: SelectBody, naming: Naming): void {
    const out = this.#out;
    out.indent += INDENT_STEP;
    out.begin('SELECT');
    if (body.distinct === 'all') this.#write(' DISTINCT');
    else if (body.distinct !== null) {
      this.#write(' DISTINCT ON (');
      this.#sortKeys(body.distinct);
      this.#write(')');
    }
    this.#targets(body.targets, naming);
    this.#fromClause(body.from);
    if (body.where !== null) {
      out.line(' WHERE ', -INDENT_STEP, INDENT_STEP, 1);
      this.#expressions.print(body.where);
    }
    if (body.groupBy !== null) {
      out.line(' GROUP BY ', -INDENT_STEP, INDENT_STEP, 1);
      if (body.groupBy.distinct) this.#write('DISTINCT ');
      body.groupBy.items.forEach((item, i) => {
        if (i > 0) this.#write(', ');
        // GROUP BY (a, b) is by a and b.
        if (item.kind === 'expr') this.#sortKeys(groupKeys(item.expr));
        else this.#groupItem(item, false);
      });
    }
    if (body.having !== null) {
      out.line(' HAVING ', -INDENT_STEP, INDENT_STEP);
      this.#expressions.print(body.having);
    }
    body.windows.forEach(({ name, spec }, i) => {
      if (i === 0) out.line(' WINDOW ', -INDENT_STEP, INDENT_STEP, 1);
      else this.#write(', ');
      this.#write(`${quoteIdentifier(name)} AS `);
      this.#expressions.window(spec);
    });
  }

  #sortKeys(nodes: readonly Expression[]): void {
    nodes.forEach((node, i) => {
      if (i > 0) this.#write(', ');
      this.#expressions.sortKey(node);
    });
  }

  #targets(targets: readonly SelectTarget[], naming: Naming): void {
    const out = this.#out;
    let wasLong = false;
    targets.forEach((target, i) => {
      this.#write(i === 0 ? ' ' : ', ');
      const text = out.apart(() => this.#target(target, naming, i));
      if (text.startsWith('\n')) out.trimEnd();
      else if (i > 0 && (wasLong || out.columnsInLine + text.length > this.#options.wrapColumn)) {
        out.line('', -INDENT_STEP, INDENT_STEP, INDENT_VAR);
      }
      wasLong = text.includes('\n', 1);
      this.#write(text);
    });
  }

  #target({ expr, alias }: SelectTarget, naming: Naming, index: number): void {
    this.#expressions.print(expr);
    const own =
      expr.kind === 'columnRef' && !expr.star ? expr.name[expr.name.length - 1] : naming.isVisible ? null : '?column?';
    const name = naming.columns?.[index] ?? alias ?? own;
    if (name !== null && name !== own) this.#write(` AS ${quoteIdentifier(name)}`);
  }

  /** A set of keys stands in parentheses; one key alone only in GROUPING SETS. */
  #groupItem(item: GroupByItem, isSet: boolean): void {
    switch (item.kind) {
      case 'expr': {
        const keys = groupKeys(item.expr);
        const isEnclosed = isSet || keys.length > 1;
        if (isEnclosed) this.#write('(');
        this.#sortKeys(keys);
        if (isEnclosed) this.#write(')');
        return;
      }
      case 'empty':
        this.#write('()');
        return;
      case 'groupingSets':
        this.#write('GROUPING SETS (');
        item.sets.forEach((set, i) => {
          if (i > 0) this.#write(', ');
          this.#groupItem(set, true);
        });
        this.#write(')');
        return;
      default:
        this.#write(`${item.kind.toUpperCase()}(`);
        item.args.forEach((arg, i) => {
          if (i > 0) this.#write(', ');
          this.#groupItem({ kind: 'expr', expr: arg, position: arg.position }, false);
        });
        this.#write(')');
    }
  }

  // ---------------------------------------------------------------------------------------------------------------- FROM

  #fromClause(items: readonly FromItem[]): void {
    const out = this.#out;
    items.forEach((item, i) => {
      if (i === 0) {
        out.line(' FROM ', -INDENT_STEP, INDENT_STEP, 2);
        this.#from(item);
        return;
      }
      this.#write(', ');
      const text = out.apart(() => this.#from(item));
      if (text.startsWith('\n')) out.trimEnd();
      else if (out.columnsInLine + text.length > this.#options.wrapColumn) {
        out.line('', -INDENT_STEP, INDENT_STEP, INDENT_VAR);
      }
      this.#write(text);
    });
  }

  #from(item: FromItem): void {
    switch (item.kind) {
      case 'join':
        this.#join(item);
        return;
      case 'subqueryRef':
        if (item.lateral) this.#write('LATERAL ');
        this.#write('(');
        this.#query(item.query, { columns: null, isVisible: true });
        this.#write(`)${aliasText(item.alias)}`);
        return;
      case 'table': {
        const { alias, sample } = item;
        const shown = this.#options.relationName(item.name);
        this.#write(`${item.only ? 'ONLY ' : ''}${shown}`);
        const isOther = alias !== null && (alias.columns.length > 0 || alias.name !== item.name[item.name.length - 1]);
        if (isOther) this.#write(aliasText(this.#wholeAlias(item.name, alias)));
        if (sample === null) return;
        this.#write(` TABLESAMPLE ${names(sample.method, '.')} (`);
        sample.args.forEach((arg, i) => {
          if (i > 0) this.#write(', ');
          this.#expressions.print(arg);
        });
        this.#write(')');
        if (sample.repeatable === null) return;
        this.#write(' REPEATABLE (');
        this.#expressions.print(sample.repeatable);
        this.#write(')');
        return;
      }
      case 'functionRef':
        this.#functions(item);
        return;
      case 'xmlTable':
        this.#write((item.lateral ? 'LATERAL ' : '') + this.#expressions.xmlTable(item) + aliasText(item.alias));
    }
  }

  /**
   * Aliases of a relation's columns are shown for all of them, if any is another than the column's own name. One that was added
   * since may have a name that an alias has: it is called name_1, as where such a query is bound.
   */
  #wholeAlias(name: readonly string[], alias: Alias): Alias {
    const own = this.#options.relationColumns(name) ?? [];
    if (alias.columns.every((column, i) => column === own[i])) return { ...alias, columns: [] };
    const columns = [...alias.columns];
    for (const name of own.slice(columns.length)) {
      let printed = name;
      for (let i = 1; columns.includes(printed); i++) printed = `${name}_${i}`;
      columns.push(printed);
    }
    return { ...alias, columns };
  }

  #functions(item: Extract<FromItem, { kind: 'functionRef' }>): void {
    if (item.lateral) this.#write('LATERAL ');
    const definitions = (defs: typeof item.columnDefs): string =>
      `(${defs
        .map(({ name, type, collation }) => {
          const own = `${quoteIdentifier(name)} ${printType(type)}`;
          return collation === null ? own : `${own} COLLATE ${names(collation, '.')}`;
        })
        .join(', ')})`;
    const functions = item.functions.flatMap(singleUnnests);
    const ownDefinitions = functions.length === 1 && !item.ordinality ? functions[0].columnDefs : [];
    const isRowsFrom = functions.length > 1 || (functions[0].columnDefs.length > 0 && item.ordinality);
    const isUnnest = functions.length > 1 && functions.every((each) => unnestArgs(each) !== null);
    if (isUnnest) this.#write('UNNEST(');
    else if (isRowsFrom) this.#write('ROWS FROM(');
    functions.forEach(({ call: whole, columnDefs }, i) => {
      if (i > 0) this.#write(', ');
      const call = isUnnest ? (whole as FunctionCall).args[0] : whole;
      if (call.kind === 'cast') {
        this.#write('CAST(');
        this.#expressions.print(call.arg);
        this.#write(` AS ${printType(call.type)})`);
      } else this.#expressions.print(call);
      if (columnDefs.length > 0 && isRowsFrom) this.#write(` AS ${definitions(columnDefs)}`);
    });
    if (isUnnest || isRowsFrom) this.#write(')');
    if (item.ordinality) this.#write(' WITH ORDINALITY');
    const { alias } = item;
    const defs = item.columnDefs.length > 0 ? item.columnDefs : ownDefinitions;
    if (defs.length > 0) {
      this.#write(`${alias === null ? ' AS ' : ` ${quoteIdentifier(alias.name)}`}${definitions(defs)}`);
    } else this.#write(aliasText(alias));
  }

  #join(item: JoinRef): void {
    const out = this.#out;
    const { isPretty } = this.#options;
    const isEnclosed = !isPretty || item.alias !== null;
    if (isEnclosed) this.#write('(');
    this.#from(item.left);
    out.line(` ${joinWords(item)} `, -INDENT_STEP, INDENT_STEP, INDENT_JOIN);
    const isRightEnclosed = isPretty && item.right.kind === 'join' && item.right.alias === null;
    if (isRightEnclosed) this.#write('(');
    this.#from(item.right);
    if (isRightEnclosed) this.#write(')');
    if (item.using !== null) {
      this.#write(` USING (${names(item.using)})`);
      if (item.usingAlias !== null) this.#write(` AS ${quoteIdentifier(item.usingAlias)}`);
    } else if (item.on !== null) {
      this.#write(isPretty ? ' ON ' : ' ON (');
      this.#expressions.print(item.on);
      if (!isPretty) this.#write(')');
    } else if (item.joinType !== 'inner' && item.joinType !== 'cross') this.#write(' ON TRUE');
    if (isEnclosed) this.#write(')');
    this.#write(aliasText(item.alias));
  }
}

function joinWords(item: JoinRef): string {
  switch (item.joinType) {
    case 'inner':
      return item.on === null && item.using === null ? 'CROSS JOIN' : 'JOIN';
    case 'cross':
      return 'CROSS JOIN';
    default:
      return `${item.joinType.toUpperCase()} JOIN`;
  }
}

/** What FOR UPDATE without OF locks. */
function lockedNames(item: FromItem): string[] {
  switch (item.kind) {
    case 'table':
      return [item.alias?.name ?? item.name[item.name.length - 1]];
    case 'subqueryRef':
      return item.alias === null ? [] : [item.alias.name];
    case 'join':
      return [...lockedNames(item.left), ...lockedNames(item.right)];
    case 'functionRef':
    case 'xmlTable':
      return [];
  }
}

/** A set operation that is an operand without clauses of its own. */
function nestedSet(query: Query): Extract<Query['body'], { kind: 'setOperation' }> | null {
  return query.body.kind === 'setOperation' && isPlain(query) ? query.body : null;
}

function isPlain(query: Query): boolean {
  return (
    query.with === null &&
    query.orderBy.length === 0 &&
    query.limit === null &&
    query.offset === null &&
    query.locking.length === 0
  );
}

function names(list: readonly string[], separator = ', '): string {
  return list.map(quoteIdentifier).join(separator);
}

function aliasText(alias: Alias | null): string {
  if (alias === null) return '';
  return ` ${quoteIdentifier(alias.name)}${alias.columns.length === 0 ? '' : `(${names(alias.columns)})`}`;
}
