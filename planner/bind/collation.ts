/**
 * Which collation each expression has, and what it makes of functions and sort keys. After: PostgreSQL, parse_collate.c.
 *
 * Nothing is done in a statement that names no collation and reads no column that has one of its own: everything is in byte order
 * then. Otherwise a query's expressions are walked once more when it has been bound. Explicit collations (COLLATE) go before
 * implicit ones (columns), these before the default; two different ones of the same strength are an error (explicit), or leave the
 * result without a collation, which is an error where it would be used.
 *
 * Here the collation does not stay with the expression. What depends on it is replaced: functions by their variants
 * (catalog/functions/collated.ts), sort keys by calls whose type is ordered by the collation. COLLATE itself goes away. So
 * an index, whose keys are bytes, meets only those conditions and sort keys whose order is that of bytes.
 */
import { collationByOid } from '../../catalog/collations.ts';
import type { AggregateFunction } from '../../catalog/function-entry.ts';
import {
  collatedAggregate,
  collatedExtreme,
  collatedFunction,
  collationOfKey,
  collationOfText,
  markedCollation,
} from '../../catalog/functions/collated.ts';
import { indeterminate, isByteOrder, isDeterministic, NO_COLLATION } from '../../types/index.ts';
import type { Expr, SortKey } from '../expr.ts';
import {
  caseBranch,
  type FromItem,
  type LogicalExpr,
  logical,
  type ModifyQuery,
  type Query,
  type Relation,
  type SublinkExpr,
  type Target,
  toExpr,
  type WindowDefinition,
} from '../logical.ts';
import { mapChildren } from '../traverse.ts';
import { groupingKey, type KeyedColumns, keyCall, refuseGrouping, textCall } from './collation-keys.ts';
import { baseCollation, declaredCollation, typeBeforeRelabel, typeCollation } from './collation-of-type.ts';
import { CONFLICT, EXPLICIT, empty, IMPLICIT, merge, NONE, nameOf, type State } from './collation-state.ts';
import type { BindContext } from './context.ts';
import { collatedMade } from './made-aggregate.ts';
import type { Level } from './scope.ts';
import { BPCHAR, UNKNOWN } from './type-info.ts';

interface Derived extends Readonly<State> {
  readonly expr: Expr;
}

/** What has been derived, by the expression that came of it: nothing is derived twice, views' expressions come in here again. */
const derivedOf = new WeakMap<Expr, Derived>();

class CollationPass {
  readonly #context: BindContext;
  readonly #level: Level;
  /** Collation of the enclosing CASE's subject. */
  #subject: Derived | null = null;
  /** Of the subquery whose test is being derived. */
  #subquery: Query | null = null;

  constructor(level: Level) {
    this.#level = level;
    this.#context = level.context;
  }

  /** The collation by which a function compares its arguments. */
  #input(state: Readonly<State>): number {
    return state.strength === CONFLICT ? NO_COLLATION : state.collation;
  }

  /** What is known of a node, from its type and what its operands are. */
  #result(expr: Expr, operands: Readonly<State>): Derived {
    const own = typeCollation(this.#context, expr.typeOid);
    let state: Readonly<State>;
    const declared = declaredCollation(this.#context, expr.typeOid, typeBeforeRelabel(expr));
    if (own === 0) state = empty();
    else if (declared === undefined && operands.strength > NONE) state = operands;
    else {
      const location = this.#context.locationOf(expr);
      state = { ...empty(), strength: IMPLICIT, collation: declared ?? own, location };
    }
    const derived = { ...state, expr };
    derivedOf.set(expr, derived);
    return derived;
  }

  #leaf(expr: Expr, collationOid: number): Derived {
    const derived: Derived = {
      ...empty(),
      strength: collationOid === 0 ? NONE : collationOid === NO_COLLATION ? CONFLICT : IMPLICIT,
      collation: collationOid === NO_COLLATION ? 0 : collationOid,
      location: this.#context.locationOf(expr),
      expr,
    };
    derivedOf.set(expr, derived);
    return derived;
  }

  /** Only the expression; its collation does not matter to who asks. */
  readonly expr = (expr: Expr): Expr => this.derive(expr).expr;

  derive(expr: Expr): Derived {
    const known = derivedOf.get(expr);
    if (known !== undefined) return known;
    const node = logical(expr);
    switch (node.kind) {
      case 'const':
      case 'param':
      case 'execParam':
      case 'systemColumn':
      case 'groupingRef':
        return this.#leaf(expr, typeCollation(this.#context, expr.typeOid));
      case 'var':
        return this.#leaf(expr, this.#ofVar(node.rel, node.column, expr.typeOid));
      case 'column':
        return this.#leaf(expr, this.#ofSubqueryColumn(node.index, expr.typeOid));
      case 'caseSubject':
        return this.#leaf(
          expr,
          this.#subject === null ? typeCollation(this.#context, expr.typeOid) : this.#input(this.#subject),
        );
      case 'call':
        return this.#call(expr, node);
      case 'aggregateRef':
      case 'windowRef':
        return this.#aggregateOrWindow(expr, node);
      case 'row': {
        const fields = node.fields.map(this.expr);
        return this.#located(expr, { ...node, fields }, empty());
      }
      case 'rowCompare': {
        const pairs = node.left.map((left, i) => this.#pair(left, node.right[i]));
        const left = pairs.map((pair) => pair[0]);
        return this.#located(expr, { ...node, left, right: pairs.map((pair) => pair[1]) }, empty());
      }
      case 'greatest':
      case 'least':
        return this.#extreme(expr, node);
      case 'nullIf':
        return this.#nullIf(expr, node);
      case 'distinct': {
        const state = empty();
        const left = this.#operand(state, node.left);
        const right = this.#operand(state, node.right);
        const equality = collatedFunction(node.equality, this.#input(state));
        return this.#located(expr, { ...node, left, right, equality }, state);
      }
      case 'arrayCompare': {
        const state = empty();
        const left = this.#operand(state, node.left);
        const array = this.#operand(state, node.array);
        const operator = collatedFunction(node.operator, this.#input(state));
        return this.#located(expr, { ...node, left, array, operator }, state);
      }
      case 'inList':
        return this.#inList(expr, node);
      case 'case':
        return this.#case(expr, node);
      case 'sublink':
        return this.#sublink(expr, node);
      case 'subscript':
        return this.#subscript(expr, node);
      case 'field':
        return this.#located(expr, { ...node, base: this.expr(node.base) }, empty());
      case 'arrayCast': {
        const state = empty();
        const arg = this.#operand(state, node.arg);
        return this.#located(expr, { ...node, arg }, state);
      }
      default: {
        const state = empty();
        return this.#located(
          expr,
          mapChildren(expr, (child) => this.#operand(state, child)),
          state,
        );
      }
    }
  }

  #aggregateOrWindow(expr: Expr, node: Extract<LogicalExpr, { kind: 'aggregateRef' | 'windowRef' }>): Derived {
    const state = empty();
    const args = node.args.map((arg) => this.#operand(state, arg));
    const input = this.#input(state);
    if (node.kind === 'windowRef') {
      const fn = node.function.kind === 'aggregate' ? collatedAggregate(node.function, input) : node.function;
      const filter = node.filter === null ? null : this.expr(node.filter);
      const made = collatedMade(node.made, input);
      return this.#located(expr, toExpr({ ...node, function: fn, args, filter, made }), state);
    }
    return this.#aggregate(expr, node, args, state);
  }

  #extreme(expr: Expr, node: Extract<LogicalExpr, { kind: 'greatest' | 'least' }>): Derived {
    const state = empty();
    const args = node.args.map((arg) => this.#operand(state, arg));
    const input = this.#input(state);
    if (input === 0 || isByteOrder(input)) return this.#located(expr, { ...node, args }, state);
    const fn = collatedExtreme(node.kind, this.#context.types.base(node.typeOid), args.length, input);
    const { typeOid, typeModifier } = node;
    return this.#located(expr, { kind: 'call', function: fn, args, typeOid, typeModifier }, state);
  }

  #nullIf(expr: Expr, node: Extract<LogicalExpr, { kind: 'nullIf' }>): Derived {
    const state = empty();
    const left = this.#operand(state, node.left);
    const right = this.#operand(state, node.right);
    const equality = collatedFunction(node.equality, this.#input(state));
    return this.#located(expr, { ...node, left, right, equality, result: this.expr(node.result) }, state);
  }

  #subscript(expr: Expr, node: Extract<LogicalExpr, { kind: 'subscript' }>): Derived {
    const state = empty();
    const base = this.#operand(state, node.base);
    const subscripts = node.subscripts.map((item) => ({
      ...item,
      lower: item.lower === null ? null : this.expr(item.lower),
      upper: item.upper === null ? null : this.expr(item.upper),
    }));
    return this.#located(expr, { ...node, base, subscripts }, state);
  }

  #operand(state: State, expr: Expr): Expr {
    const derived = this.derive(expr);
    merge(this.#context, state, derived);
    return derived.expr;
  }

  /** The node that came of `before`, at its place. */
  #located(before: Expr, expr: Expr, state: Readonly<State>): Derived {
    this.#context.copyLocation(before, expr);
    return this.#result(expr, state);
  }

  #ofVar(rel: number, column: number, typeOid: number): number {
    const own = baseCollation(this.#context, typeOid);
    if (own === 0 || column < 0) return own;
    const relation = this.#context.relationOf(this.#level, rel) ?? this.#context.anyRelation(rel);
    const found = relation?.columns[column];
    return declaredCollation(this.#context, typeOid, found?.typeOid ?? typeOid) ?? found?.collation ?? own;
  }

  #ofSubqueryColumn(index: number, typeOid: number): number {
    const own = baseCollation(this.#context, typeOid);
    return own === 0 ? 0 : (this.#subquery?.targets[index]?.collation ?? own);
  }

  #call(expr: Expr, node: Extract<Expr, { kind: 'call' }>): Derived {
    const explicit = markedCollation(node.function);
    if (explicit !== undefined) {
      const arg = this.derive(node.args[0]);
      // A node of its own: the argument's own collation is another.
      const copy = { ...arg.expr };
      this.#context.copyLocation(expr, copy);
      const derived: Derived = {
        ...empty(),
        strength: EXPLICIT,
        collation: explicit,
        location: this.#context.locationOf(expr),
        expr: copy,
      };
      derivedOf.set(copy, derived);
      return derived;
    }
    if (collationOfKey(node.function) !== undefined) return this.#leaf(expr, 0);
    const collationOfIt = collationOfText(node.function);
    if (collationOfIt !== undefined) return this.#leaf(expr, collationOfIt);
    const state = empty();
    const args = node.args.map((arg) => this.#operand(state, arg));
    const input = this.#input(state);
    if (node.function.name === 'pg_collation_for') return this.#located(expr, this.#collationFor(node, input), state);
    const fn = input === 0 ? node.function : collatedFunction(node.function, input);
    return this.#located(expr, { ...node, function: fn, args }, state);
  }

  /** COLLATION FOR (x): known now. */
  #collationFor(node: Extract<Expr, { kind: 'call' }>, collationOid: number): Expr {
    const { typeOid: argType } = node.args[0];
    if (argType !== UNKNOWN && typeCollation(this.#context, argType) === 0) {
      throw this.#context.error('42804', `collations are not supported by type ${this.#context.types.name(argType)}`);
    }
    const entry = collationOid > 0 ? collationByOid(this.#context.catalog, collationOid) : undefined;
    if (entry === undefined) {
      const value = null;
      return { kind: 'const', value, literalIndex: -1, typeOid: node.typeOid, typeModifier: -1 };
    }
    const value = this.#context.collationName(entry);
    return { kind: 'const', value, literalIndex: -1, typeOid: node.typeOid, typeModifier: -1 };
  }

  #aggregate(
    expr: Expr,
    node: Extract<ReturnType<typeof logical>, { kind: 'aggregateRef' }>,
    collected: readonly Expr[],
    state: State,
  ): Derived {
    const input = this.#input(state);
    let args = collected;
    const directArgs = node.directArgs.map((arg) => this.#operand(state, arg));
    const fn: AggregateFunction = collatedAggregate(node.function, input);
    let orderBy = this.sortKeys(node.orderBy);
    if (node.distinct && !fn.orderInsensitive) {
      args = args.map((arg) => (this.#isLoose(arg) ? this.#distinctArgument(fn, arg) : arg));
      // Distinct values come in the order of their collation.
      if (orderBy.length === 0) {
        orderBy = args.map((arg) => ({ expr: this.#key(arg), descending: false, nullsFirst: false }));
        if (orderBy.every((key, i) => key.expr === args[i])) orderBy = [];
      }
    }
    const filter = node.filter === null ? null : this.expr(node.filter);
    const made = collatedMade(node.made, input);
    return this.#located(expr, toExpr({ ...node, function: fn, args, directArgs, orderBy, filter, made }), state);
  }

  #inList(expr: Expr, node: Extract<Expr, { kind: 'inList' }>): Derived {
    const state = empty();
    const arg = this.#operand(state, node.arg);
    const list = node.list.map((item) => this.#operand(state, item));
    const equality = collatedFunction(node.equality, this.#input(state));
    if (equality === node.equality) return this.#located(expr, { ...node, arg, list }, state);
    // The executor finds the values by their hash keys, which equal texts need not share.
    const { typeOid, typeModifier } = node;
    const elementType = list[0].typeOid;
    const array: Expr = {
      kind: 'array',
      elementType,
      elements: list,
      multidimensional: false,
      typeOid: this.#context.types.arrayOf(elementType),
      typeModifier: -1,
    };
    const any: Expr = { kind: 'arrayCompare', operator: equality, left: arg, array, all: false, typeOid, typeModifier };
    return this.#located(expr, node.negated ? { kind: 'not', arg: any, typeOid, typeModifier } : any, empty());
  }

  #case(expr: Expr, node: Extract<Expr, { kind: 'case' }>): Derived {
    const subject = node.subject === null ? null : this.derive(node.subject);
    const outer = this.#subject;
    if (subject !== null) this.#subject = subject;
    const whens = node.branches.map((branch) => this.expr(branch.when));
    this.#subject = outer;
    const state = empty();
    const thens = node.branches.map((branch) => this.#operand(state, branch.then));
    const otherwise = node.otherwise === null ? null : this.#operand(state, node.otherwise);
    const branches = whens.map((when, i) => caseBranch(when, thens[i]));
    return this.#located(expr, { ...node, subject: subject?.expr ?? null, branches, otherwise }, state);
  }

  #sublink(expr: Expr, node: SublinkExpr): Derived {
    const outer = this.#subquery;
    this.#subquery = node.query;
    const test = node.test === null ? null : this.expr(node.test);
    this.#subquery = outer;
    const changed = test === node.test ? expr : this.#context.copyLocation(expr, toExpr({ ...node, test }));
    if (node.mode !== 'scalar' && node.mode !== 'array') return this.#result(changed, empty());
    const own = baseCollation(this.#context, node.typeOid);
    return this.#leaf(changed, own === 0 ? 0 : (node.query.targets[0].collation ?? own));
  }

  /** Two fields of rows that are compared: as sort keys, where their order is not that of bytes. */
  #pair(left: Expr, right: Expr): [Expr, Expr] {
    const state = empty();
    const a = this.#operand(state, left);
    const b = this.#operand(state, right);
    const input = this.#input(state);
    return [this.#keyUnder(a, input), this.#keyUnder(b, input)];
  }

  /** Sort and group keys must know their collation when they are bound. */
  #refuseConflict({ strength, collation, other, otherLocation }: Readonly<State>): void {
    if (strength !== CONFLICT) return;
    // It has been lost before: in the columns of a UNION.
    if (collation === 0) throw indeterminate('string comparison');
    throw this.#context.error(
      '42P21',
      `collation mismatch between implicit collations "${nameOf(this.#context, collation)}" and "${nameOf(this.#context, other)}"`,
      otherLocation,
      { hint: 'You can choose the collation by applying the COLLATE clause to one or both expressions.' },
    );
  }

  /** What orders by the expression's own collation. */
  #key(expr: Expr): Expr {
    const derived = this.derive(expr);
    this.#refuseConflict(derived);
    return this.#keyUnder(derived.expr, this.#input(derived));
  }

  #keyUnder(expr: Expr, collationOid: number): Expr {
    if (collationOid === 0 || isByteOrder(collationOid)) return expr;
    if (expr.kind === 'call' && collationOfKey(expr.function) !== undefined) return expr;
    const isTrimmed = this.#context.types.base(expr.typeOid) === BPCHAR;
    return this.#leaf(keyCall(this.#context, expr, collationOid, isTrimmed), 0).expr;
  }

  sortKeys(keys: readonly SortKey[]): readonly SortKey[] {
    return keys.map((key) => ({
      ...key,
      expr: key.isBytewise === true ? this.derive(key.expr).expr : this.#key(key.expr),
    }));
  }

  /** Does its collation call different texts equal? They are grouped as keys of their order then. */
  #isLoose(expr: Expr): boolean {
    const derived = this.derive(expr);
    const { collation, strength } = derived;
    this.#refuseConflict(derived);
    return strength !== NONE && strength !== CONFLICT && !isDeterministic(collation);
  }

  /** Of aggregates that do not ask what type their argument has. */
  #distinctArgument(fn: AggregateFunction, arg: Expr): Expr {
    const { collation, expr } = this.derive(arg);
    if (fn.name !== 'count' && fn.name !== 'string_agg') refuseGrouping(this.#context, arg, collation);
    return groupingKey(this.#context, expr, collation);
  }

  /** A key of GROUP BY: everything above the grouping, which has it as the same object, has the text that it was made of. */
  #groupKey(expr: Expr): Expr {
    const derived = this.derive(expr);
    if (!this.#isLoose(expr)) return derived.expr;
    const key = groupingKey(this.#context, derived.expr, derived.collation);
    const text = { ...derived, expr: textCall(this.#context, key, derived.expr, derived.collation) };
    derivedOf.set(expr, text);
    derivedOf.set(text.expr, text);
    return key;
  }

  /** Two columns of a set operation: as keys, and what makes texts of its column again; null: they are compared as they are. */
  keyedColumns(exprs: readonly Expr[], collation: number): KeyedColumns | null {
    if (isDeterministic(collation)) return null;
    return {
      keys: exprs.map((expr) => groupingKey(this.#context, this.derive(expr).expr, collation)),
      textOf: (column) => textCall(this.#context, column, exprs[0], collation),
    };
  }

  #target(target: Target): Target {
    const derived = this.derive(target.expr);
    const own = baseCollation(this.#context, derived.expr.typeOid);
    const collation = derived.strength === CONFLICT ? NO_COLLATION : derived.collation;
    const { collation: _, ...rest } = target;
    if (own === 0 || collation === own) return { ...rest, expr: derived.expr };
    return { ...rest, expr: derived.expr, collation };
  }

  targets(targets: readonly Target[]): readonly Target[] {
    return targets.map((target) => this.#target(target));
  }

  #from(item: FromItem): FromItem {
    switch (item.kind) {
      case 'rel':
        return item;
      case 'group':
        return {
          ...item,
          items: item.items.map((child) => this.#from(child)),
          where: item.where === null ? null : this.expr(item.where),
        };
      case 'join':
        return {
          ...item,
          left: this.#from(item.left),
          right: this.#from(item.right),
          on: item.on === null ? null : this.expr(item.on),
        };
    }
  }

  /** Values and functions of FROM; the other relations have been through here as queries of their own. */
  #relation(relation: Relation): Relation {
    if (relation.kind === 'function') {
      const functions = relation.functions.map((item) => {
        const state = empty();
        const args = item.args.map((arg) => this.#operand(state, arg));
        return { ...item, args, function: collatedFunction(item.function, this.#input(state)) };
      });
      return { ...relation, functions };
    }
    if (relation.kind !== 'values') return relation;
    const rows = relation.rows.map((row) => row.map(this.expr));
    const columns = relation.columns.map((column, i) => {
      const collation = this.#common(rows.map((row) => row[i]));
      return collation === baseCollation(this.#context, column.typeOid) ? column : { ...column, collation };
    });
    return { ...relation, rows, columns };
  }

  /** select_common_collation, where a conflict may be. */
  #common(exprs: readonly Expr[]): number {
    const state = empty();
    for (const expr of exprs) merge(this.#context, state, this.derive(expr));
    return this.#input(state);
  }

  #window(window: WindowDefinition): WindowDefinition {
    const partitionBy = window.partitionBy.map((expr) => this.#key(expr));
    return { ...window, partitionBy, orderBy: this.sortKeys(window.orderBy) };
  }

  query(query: Query): Query {
    const relations = new Map<number, Relation>();
    for (const [rel, relation] of query.relations) {
      const changed = this.#relation(relation);
      relations.set(rel, changed);
      // Whoever looks at this level, of its own queries, sees the same.
      if (changed !== relation && this.#level.relations.get(rel) === relation) this.#level.relations.set(rel, changed);
    }
    const groupBy = query.groupBy.map((expr) => this.#groupKey(expr));
    const targets = this.targets(query.targets);
    // Of equal texts one is there, as with DISTINCT ON.
    const isLoose = query.distinct && targets.some((target) => this.#isLoose(target.expr));
    const on = isLoose ? targets.map((target) => target.expr) : query.distinctOn;
    return {
      ...query,
      distinct: query.distinct && !isLoose,
      relations,
      targets,
      groupBy,
      from: query.from.map((item) => this.#from(item)),
      where: query.where === null ? null : this.expr(query.where),
      having: query.having === null ? null : this.expr(query.having),
      windows: query.windows.map((window) => this.#window(window)),
      distinctOn: on === null ? null : on.map((expr) => this.#key(expr)),
      orderBy: this.sortKeys(query.orderBy),
      limit: query.limit === null ? null : this.expr(query.limit),
      offset: query.offset === null ? null : this.expr(query.offset),
    };
  }

  modify(modify: ModifyQuery): ModifyQuery {
    const assigned = (list: ModifyQuery['assignments']): ModifyQuery['assignments'] =>
      list.map((item) => ({ ...item, value: this.expr(item.value) }));
    const { onConflict, merge } = modify;
    return {
      ...modify,
      source: modify.command === 'insert' ? modify.source : this.query(modify.source),
      values: modify.values.map(this.expr),
      assignments: assigned(modify.assignments),
      generated: assigned(modify.generated),
      checks: modify.checks.map((check) => ({ ...check, expr: this.expr(check.expr) })),
      onConflict:
        onConflict === null
          ? null
          : {
              ...onConflict,
              assignments: assigned(onConflict.assignments),
              where: onConflict.where === null ? null : this.expr(onConflict.where),
              visible: onConflict.visible.map((check) => ({ ...check, expr: this.expr(check.expr) })),
            },
      merge:
        merge === null
          ? null
          : {
              on: this.expr(merge.on),
              guards: merge.guards.map((check) => ({ ...check, expr: this.expr(check.expr) })),
              clauses: merge.clauses.map((clause) => ({
                ...clause,
                condition: clause.condition === null ? null : this.expr(clause.condition),
                assignments: assigned(clause.assignments),
                values: clause.values.map(this.expr),
              })),
            },
      returning: modify.returning === null ? null : this.targets(modify.returning),
    };
  }

  /** Of two columns of a set operation; 42P21 where they disagree, unless all rows are kept. */
  common(exprs: readonly Expr[], isRequired: boolean): number {
    const state = empty();
    for (const expr of exprs) merge(this.#context, state, this.derive(expr));
    if (isRequired) this.#refuseConflict(state);
    return this.#input(state);
  }
}

export function collateQuery(level: Level, query: Query): Query {
  return level.context.usesCollations ? new CollationPass(level).query(query) : query;
}

export function collateModify(level: Level, modify: ModifyQuery): ModifyQuery {
  return level.context.usesCollations ? new CollationPass(level).modify(modify) : modify;
}

export function collateExpr(level: Level, expr: Expr): Expr {
  return level.context.usesCollations ? new CollationPass(level).derive(expr).expr : expr;
}

/** The collation of a column that a set operation makes of these; undefined: its type's. */
export function commonCollation(level: Level, exprs: readonly Expr[], isRequired: boolean): number | undefined {
  if (!level.context.usesCollations) return undefined;
  const own = baseCollation(level.context, exprs[0].typeOid);
  if (own === 0) return undefined;
  const collation = new CollationPass(level).common(exprs, isRequired);
  return collation === own ? undefined : collation;
}

/** Columns of a set operation that keeps one of equal rows, under its column's collation. */
export function keyedColumns(level: Level, exprs: readonly Expr[], collation: number | undefined): KeyedColumns | null {
  if (!level.context.usesCollations) return null;
  const own = baseCollation(level.context, exprs[0].typeOid);
  return own === 0 ? null : new CollationPass(level).keyedColumns(exprs, collation ?? own);
}

/** Whether they disagree: a function that is given them compares by its parameters' types then. */
export function haveConflict(level: Level, exprs: readonly Expr[]): boolean {
  return level.context.usesCollations && new CollationPass(level).common(exprs, false) === NO_COLLATION;
}

/** The collation that an expression has, for who keeps it: 0 none, -1 undecided. */
export function derivedCollation(level: Level, expr: Expr): number {
  const own = typeCollation(level.context, expr.typeOid);
  if (!level.context.usesCollations || own === 0) return own;
  const { strength, collation } = new CollationPass(level).derive(expr);
  return strength === CONFLICT ? NO_COLLATION : collation;
}
