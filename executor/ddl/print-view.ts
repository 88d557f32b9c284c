/**
 * A view's query on several lines, as PostgreSQL prints it (ruleutils.c with PRETTYFLAG_INDENT):
 *
 *      SELECT t.a,
 *         count(*) AS n
 *        FROM (public.t
 *          JOIN public.u ON ((t.a = u.a)))
 *       WHERE (t.a > 1)
 *       GROUP BY t.a;
 *
 * Expressions come from the parser's deparse, in all their parentheses; queries inside of expressions stay on one line.
 */
import { quoteIdentifier } from '../../catalog/functions/quote.ts';
import { parenthesised } from '../../catalog/pg-catalog/definitions.ts';
import type { Alias, Expression, FromItem, GroupByItem, OrderItem, Query, SelectBody } from '../../parser/ast.ts';
import { targetName } from './view-query.ts';

const STEP = 8;

export function printView(query: Query, deparse: (node: Expression | Query) => string): string {
  const printer = new Printer(deparse);
  printer.query(withOperators(query) as Query, 0);
  return printer.text;
}

class Printer {
  text = '';
  #indent = 0;
  readonly #deparse: (node: Expression | Query) => string;

  constructor(deparse: (node: Expression | Query) => string) {
    this.#deparse = deparse;
  }

  /** A new line with a keyword; `plus`: spaces before it beyond the level. */
  #line(keyword: string, before: number, after: number, plus: number): void {
    this.text = this.text.trimEnd();
    this.#indent = Math.max(0, this.#indent + before);
    this.text += `\n${' '.repeat(this.#indent + plus)}${keyword}`;
    this.#indent = Math.max(0, this.#indent + after);
  }

  query(query: Query, level: number): void {
    const outer = this.#indent;
    this.#indent = level;
    this.#with(query);
    if (query.body.kind === 'setOperation') this.#setOperation(query.body, level);
    else this.#simple(query.body, level);
    if (query.orderBy.length > 0) {
      this.#line(' ORDER BY ', -STEP, STEP, 1);
      this.text += query.orderBy.map((item) => this.#orderItem(item, query)).join(', ');
    }
    if (query.offset !== null) {
      this.#line(' OFFSET ', -STEP, STEP, 0);
      this.text += this.#deparse(query.offset);
    }
    if (query.limit !== null) {
      this.#line(query.limitWithTies ? ' FETCH FIRST ' : ' LIMIT ', -STEP, STEP, 0);
      this.text += query.limit.kind === 'null' ? 'ALL' : this.#deparse(query.limit);
      if (query.limitWithTies) this.text += ' ROWS WITH TIES';
    }
    this.#indent = outer;
  }

  #with({ with: clause }: Query): void {
    if (clause === null) return;
    this.#indent += STEP;
    this.text += ` WITH ${clause.recursive ? 'RECURSIVE ' : ''}`;
    clause.ctes.forEach((cte, i) => {
      if (i > 0) this.text += ', ';
      this.text += quoteIdentifier(cte.name);
      if (cte.columns.length > 0) this.text += `(${cte.columns.map(quoteIdentifier).join(', ')})`;
      this.text += ' AS ';
      if (cte.materialized !== null) this.text += cte.materialized ? 'MATERIALIZED ' : 'NOT MATERIALIZED ';
      this.text += '(';
      this.#line('', 0, 0, 0);
      this.query(cte.query as Query, this.#indent);
      this.#line(')', 0, 0, 0);
    });
    this.#indent -= STEP;
    this.#line('', 0, 0, 0);
  }

  #setOperation(body: Extract<Query['body'], { kind: 'setOperation' }>, level: number): void {
    this.#operand(body.left, body.operator, true, level);
    this.#line(`${body.operator.toUpperCase()} ${body.all ? 'ALL ' : ''}`, 0, 0, 0);
    this.#line('', 0, 0, 0);
    this.#operand(body.right, body.operator, false, level);
    this.#indent = level + STEP;
  }

  #operand(query: Query, operator: string, isLeft: boolean, level: number): void {
    const isPlain = query.orderBy.length === 0 && query.limit === null && query.offset === null && query.with === null;
    const nested = query.body.kind === 'setOperation' ? query.body : null;
    const needsParentheses = !isPlain || (nested !== null && !(isLeft && nested.operator === operator));
    if (needsParentheses) this.text += '(';
    this.query(query, level);
    if (needsParentheses) this.text += ')';
  }

  #simple(body: Exclude<Query['body'], { kind: 'setOperation' }>, level: number): void {
    this.#indent = level + STEP;
    this.text += ' ';
    if (body.kind === 'values') {
      const rows = body.rows.map((row) => `(${row.map((value) => this.#bare(value)).join(',')})`);
      this.text += `VALUES ${rows.join(', ')}`;
      return;
    }
    this.text += 'SELECT';
    this.#distinct(body);
    body.targets.forEach((target, i) => {
      if (i === 0) this.text += ' ';
      else {
        this.text += ', ';
        this.#line('', -STEP, STEP, 4);
      }
      this.text += this.#bare(target.expr);
      // Whatever is not a plain column says its name.
      const name = target.alias ?? targetName(target.expr);
      const isPlain = target.expr.kind === 'columnRef' && target.expr.name[target.expr.name.length - 1] === name;
      if (!isPlain) this.text += ` AS ${quoteIdentifier(name)}`;
    });
    this.#clauses(body);
  }

  #distinct({ distinct }: SelectBody): void {
    if (distinct === null) return;
    this.text += ' DISTINCT';
    if (distinct !== 'all') this.text += ` ON (${distinct.map((item) => this.#bare(item)).join(', ')})`;
  }

  #clauses(body: SelectBody): void {
    body.from.forEach((item, i) => {
      if (i === 0) this.#line(' FROM ', -STEP, STEP, 2);
      else {
        this.text += ', ';
        this.#line('', -STEP, STEP, 4);
      }
      this.#from(item);
    });
    if (body.where !== null) {
      this.#line(' WHERE ', -STEP, STEP, 1);
      this.text += this.#deparse(body.where);
    }
    if (body.groupBy !== null) {
      this.#line(' GROUP BY ', -STEP, STEP, 1);
      if (body.groupBy.distinct) this.text += 'DISTINCT ';
      this.text += body.groupBy.items.map((item) => this.#groupItem(item, body)).join(', ');
    }
    if (body.having !== null) {
      this.#line(' HAVING ', -STEP, STEP, 0);
      this.text += this.#deparse(body.having);
    }
    if (body.windows.length > 0) {
      this.#line(' WINDOW ', -STEP, STEP, 1);
      this.text += windowText(body, this.#deparse);
    }
  }

  #from(item: FromItem): void {
    switch (item.kind) {
      case 'join':
        this.#join(item);
        return;
      case 'subqueryRef':
        if (item.lateral) this.text += 'LATERAL ';
        this.text += '(';
        this.query(item.query, this.#indent);
        this.text += `)${aliasText(item.alias)}`;
        return;
      case 'table':
        if (item.sample !== null) break;
        this.text += `${item.only ? 'ONLY ' : ''}${item.name.map(quoteIdentifier).join('.')}${aliasText(item.alias)}`;
        return;
      case 'functionRef':
        if (item.rowsFrom || item.ordinality || item.columnDefs.length > 0 || item.alias === null) break;
        if (item.alias.columns.length > 0) break;
        if (item.lateral) this.text += 'LATERAL ';
        this.text += `${this.#deparse(item.functions[0].call)} ${quoteIdentifier(item.alias.name)}(${quoteIdentifier(item.alias.name)})`;
        return;
    }
    this.text += fromText(item, this.#deparse);
  }

  #join(item: Extract<FromItem, { kind: 'join' }>): void {
    this.text += '(';
    this.#from(item.left);
    const natural = item.natural ? 'NATURAL ' : '';
    const word = item.joinType === 'inner' ? '' : `${item.joinType.toUpperCase()} `;
    this.#line(` ${natural}${word}JOIN `, -STEP, STEP, 4);
    this.#from(item.right);
    if (item.using !== null) {
      this.text += ` USING (${item.using.map(quoteIdentifier).join(', ')})`;
      if (item.usingAlias !== null) this.text += ` AS ${quoteIdentifier(item.usingAlias)}`;
    } else if (item.on !== null) this.text += ` ON (${parenthesised(this.#deparse(item.on), false)})`;
    this.text += ')';
    this.text += aliasText(item.alias);
  }

  /** Where no operator surrounds it, an expression stands in its own parentheses only. */
  #bare(expression: Expression): string {
    return this.#deparse(expression);
  }

  #groupItem(item: GroupByItem, body: SelectBody): string {
    switch (item.kind) {
      case 'expr':
        return this.#deparse(ofTarget(item.expr, body));
      case 'empty':
        return '()';
      case 'groupingSets':
        return `GROUPING SETS (${item.sets.map((set) => this.#groupItem(set, body)).join(', ')})`;
      default:
        return `${item.kind.toUpperCase()}(${item.args.map((arg) => this.#deparse(arg)).join(', ')})`;
    }
  }

  #orderItem(item: OrderItem, { body }: Query): string {
    let text = this.#deparse(body.kind === 'select' ? ofTarget(item.expr, body) : item.expr);
    if (item.direction === 'desc') text += ' DESC';
    else if (item.direction === 'using') text += ` USING ${item.using?.join('.')}`;
    const isDescending = item.direction === 'desc';
    if (item.nulls === 'first' && !isDescending) text += ' NULLS FIRST';
    if (item.nulls === 'last' && isDescending) text += ' NULLS LAST';
    return text;
  }
}

/** ORDER BY 2 means the second target. */
function ofTarget(expression: Expression, body: SelectBody): Expression {
  if (expression.kind !== 'integer') return expression;
  return body.targets[Number(expression.value) - 1]?.expr ?? expression;
}

/** LIKE, BETWEEN and IN as the operators that PostgreSQL makes of them. */
function withOperators(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withOperators);
  if (typeof node !== 'object' || node === null) return node;
  const copy = Object.fromEntries(Object.entries(node).map(([key, part]) => [key, withOperators(part)])) as unknown;
  const expression = copy as Expression;
  const { position } = expression;
  const binary = (operator: string, left: Expression, right: Expression): Expression => ({
    kind: 'operator',
    operator,
    schema: null,
    left,
    right,
    position,
  });
  switch (expression.kind) {
    case 'like': {
      if (expression.escape !== null || expression.operator === 'similar') return copy;
      const operator = expression.operator === 'like' ? '~~' : '~~*';
      return binary(expression.negated ? `!${operator}` : operator, expression.left, expression.pattern);
    }
    case 'between': {
      if (expression.symmetric) return copy;
      const { arg, lower, upper, negated } = expression;
      const args = [binary(negated ? '<' : '>=', arg, lower), binary(negated ? '>' : '<=', arg, upper)];
      return { kind: negated ? 'or' : 'and', args, position };
    }
    case 'inList':
      return {
        kind: 'quantifiedArray',
        operator: expression.negated ? '<>' : '=',
        schema: null,
        all: expression.negated,
        left: expression.arg,
        array: { kind: 'array', elements: expression.list, position },
        position,
      };
    default:
      return copy;
  }
}

function aliasText(alias: Alias | null): string {
  if (alias === null) return '';
  const columns = alias.columns.length === 0 ? '' : `(${alias.columns.map(quoteIdentifier).join(', ')})`;
  return ` ${quoteIdentifier(alias.name)}${columns}`;
}

const SELECT_NULL: SelectBody = {
  kind: 'select',
  distinct: null,
  targets: [{ expr: { kind: 'null', position: -1 }, alias: null, position: -1 }],
  into: null,
  from: [],
  where: null,
  groupBy: null,
  having: null,
  windows: [],
  position: -1,
};

function queryOf(body: SelectBody): Query {
  return {
    kind: 'query',
    with: null,
    body,
    orderBy: [],
    limit: null,
    limitWithTies: false,
    offset: null,
    locking: [],
    position: -1,
  };
}

/** A part of a query that only the parser knows how to print: the rest of `SELECT NULL FROM ...`. */
function fromText(item: FromItem, deparse: (node: Query) => string): string {
  return deparse(queryOf({ ...SELECT_NULL, from: [item] })).slice('SELECT NULL FROM '.length);
}

function windowText(body: SelectBody, deparse: (node: Query) => string): string {
  return deparse(queryOf({ ...SELECT_NULL, windows: body.windows })).slice('SELECT NULL WINDOW '.length);
}
