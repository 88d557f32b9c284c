/**
 * State of one binding run: numbers for relations and queries, inferred parameter types, where expressions stand in the text,
 * and whether the plan may serve other literals.
 */
import type { Catalog } from '../../catalog/catalog.ts';
import { findCollation } from '../../catalog/collations.ts';
import type { CollationEntry } from '../../catalog/entries.ts';
import type { Expression } from '../../parser/ast.ts';
import { SqlError, type SqlErrorFields, sqlError } from '../../types/errors.ts';
import { LazySet } from '../../types/lazy-map.ts';
import type { PlannerEnvironment } from '../environment.ts';
import { equalExpr } from '../equal-expr.ts';
import type { Expr } from '../expr.ts';
import { type CteDefinition, logical, type Relation } from '../logical.ts';
import { RightsRecorder } from '../rights.ts';
import { type RoutineScope, scopeOfBody } from './routine-scope.ts';
import { quoteIdentifier, TypeLookup, UNKNOWN } from './type-info.ts';

/** A place in the statement text: zero-based UTF-16 offset, as in the AST; undefined: unknown, or stored text. */
export type Position = number | undefined;

export type LockMode = 'access share' | 'row share' | 'row exclusive';
const LOCK_RANK: Readonly<Record<LockMode, number>> = { 'access share': 0, 'row share': 1, 'row exclusive': 2 };

/** What others may look for in a level that is not theirs. */
interface BoundLevel {
  readonly relations: Map<number, Relation>;
  readonly ctes: {
    values(): Iterable<{ readonly definition: CteDefinition | null; readonly workTable: CteDefinition | null }>;
  };
}

export class BindContext {
  readonly environment: PlannerEnvironment;
  readonly catalog: Catalog;
  readonly types = new TypeLookup();
  /** Types of $1..$n so far; 0 or UNKNOWN: not yet known. */
  readonly parameterTypes: number[];
  /** References to parameters that were bound before the parameter's type was known, and have not been given one since. */
  readonly untypedReferences = new LazySet<Expr>();
  /** Parameters whose type was declared, and must not be inferred otherwise. */
  readonly tableLocks = new Map<number, LockMode>();
  /** False once a literal's value has decided something. */
  shareable = true;
  /** The plan is good for one value of each only. */
  readonly exactParameters: Expr[] = [];
  /** False once something writes. */
  readOnly = true;
  /** The first function whose call is a write; null: none. */
  writingCall: string | null = null;
  /** Depth of stored text (views, defaults) being bound: positions and literals there are not the statement's. */
  storedText = 0;
  /** Whether COLLATE has been met, or a column whose collation is not its type's. */
  usesCollations = false;
  readonly #levels: BoundLevel[] = [];
  /** The function body that is being bound; null: none. */
  routine: RoutineScope | null = null;
  /** Functions whose bodies are being put in place of their calls. */
  readonly openRoutines = new LazySet<number>();
  /** The call that is a FROM item by itself: it stays a call, whatever its body. */
  calledInFrom: object | null = null;
  /** What is behind an operator stays a call, whatever its body: who asks takes it apart. */
  keepsCalls = false;
  /** Whether a user-made function is called that is not inlined. */
  callsRoutines = false;
  /** Whether one of them sees what the statement has done so far. */
  callsVolatile = false;
  /** Whether a table whose rows expire is read or written. */
  readsExpiring = false;
  /** Whether a table with row-level security is read or written. */
  readsSecured = false;
  /** The call of CALL: it is of a procedure. */
  calledProcedure: object | null = null;
  /** The statement's AS OF SYSTEM TIME; null: it has none. */
  asOf: Expression | null = null;
  execParamCount = 0;
  /** Expressions around the one being bound, and those that have been bound before their parents (deep.ts); null: none. */
  depth = 0;
  boundBelow: Map<Expression, Expr> | null = null;
  /** Inside text whose names were resolved when it was stored: nobody is asked whether the user may look them up. */
  isResolved = false;
  readonly rights = new RightsRecorder();
  private relCount = 0;
  private queryCount = 0;
  private cteCount = 0;
  /** Where expressions stand in the text. The context goes when the statement has been planned, and this with it. */
  private readonly locations = new Map<object, number>();

  constructor(environment: PlannerEnvironment) {
    this.environment = environment;
    this.catalog = environment.catalog;
    this.parameterTypes = [...environment.parameterTypes];
    if (environment.routine !== undefined) {
      this.routine = scopeOfBody(environment.routine);
      this.storedText = environment.routine.hasPositions === true ? 0 : 1;
    }
  }

  nextRel(): number {
    return this.relCount++;
  }
  nextQuery(): number {
    return this.queryCount++;
  }
  nextCte(): number {
    return this.cteCount++;
  }
  /** Whether a WITH query has been met, in the statement or in what it reads. */
  get hasCtes(): boolean {
    return this.cteCount > 0;
  }
  nextExecParam(): number {
    return this.execParamCount++;
  }

  /** 42501 for a name in a schema that the user may not look into. */
  checkSchema(name: readonly string[], position?: Position): void {
    if (name.length < 2 || this.isResolved) return;
    try {
      this.environment.checkSchema?.(name[name.length - 2]);
    } catch (error) {
      throw this.placed(error, position);
    }
  }

  /** Runs with names that are known to mean what they say, or (a function's body) with names that are not. */
  resolved<T>(isResolved: boolean, run: () => T): T {
    const around = this.isResolved;
    this.isResolved = isResolved;
    try {
      return run();
    } finally {
      this.isResolved = around;
    }
  }

  /** Remembers where an expression stands. */
  at(expr: Expr, position: Position): Expr {
    if (position !== undefined && this.storedText === 0) this.locations.set(expr, position);
    return expr;
  }
  locationOf(expr: Expr | null | undefined): Position {
    return expr === null || expr === undefined ? undefined : this.locations.get(expr);
  }
  /** The leftmost of several expressions. */
  leftmost(exprs: readonly (Expr | null)[], own?: Position): Position {
    let result = own;
    for (const expr of exprs) {
      const location = this.locationOf(expr);
      if (location !== undefined && (result === undefined || location < result)) result = location;
    }
    return result;
  }
  /** Same place for a node made out of another. */
  copyLocation(from: Expr, to: Expr): Expr {
    if (from !== to) {
      const location = this.locations.get(from);
      if (location !== undefined) this.locations.set(to, location);
    }
    return to;
  }

  error(code: string, message: string, position?: Position, fields?: SqlErrorFields): SqlError {
    if (position === undefined || this.storedText > 0) return sqlError(code, message, fields);
    return sqlError(code, message, { ...fields, position: this.characterPosition(position) });
  }

  /** A relation of any enclosing level, as far as it has been bound. */
  relationOf(level: { relations: Map<number, Relation>; parent: unknown } | null, rel: number): Relation | undefined {
    for (let current = level; current !== null; current = current.parent as typeof level) {
      const relation = current.relations.get(rel);
      if (relation !== undefined) return relation;
    }
    return undefined;
  }

  /** A SqlError thrown by someone who knows no positions, with one. */
  placed(error: unknown, position: Position): unknown {
    if (!(error instanceof SqlError) || position === undefined || this.storedText > 0) return error;
    return error.with({ position: this.characterPosition(position) });
  }

  /** UTF-16 offset in the statement's text to one-based characters. */
  characterPosition(offset: number): number {
    const text = this.environment.text;
    if (text === undefined) return offset + 1;
    let position = offset + 1;
    for (let i = 0; i < offset; i++) {
      const unit = text.charCodeAt(i);
      if (unit >= 0xd800 && unit < 0xdc00) position--;
    }
    return position;
  }

  addLevel(level: BoundLevel): void {
    this.#levels.push(level);
  }

  /** A relation of any level, enclosing or not. */
  anyRelation(rel: number): Relation | undefined {
    for (const { relations } of this.#levels) {
      const relation = relations.get(rel);
      if (relation !== undefined) return relation;
    }
    return undefined;
  }

  /** A WITH item of any level, as far as it is bound. */
  cteDefinition(id: number): CteDefinition | undefined {
    for (const { ctes } of this.#levels) {
      for (const { definition, workTable } of ctes.values()) {
        if (definition?.id === id) return definition;
        if (workTable?.id === id) return workTable;
      }
    }
    return undefined;
  }

  /** As COLLATION FOR shows it: qualified when the search path does not lead to it. */
  collationName(entry: CollationEntry): string {
    const isSeen = findCollation(this.catalog, [entry.name], this.environment.searchPath)?.oid === entry.oid;
    const name = quoteIdentifier(entry.name);
    return isSeen ? name : `${quoteIdentifier(this.catalog.schemaName(entry.schemaOid))}.${name}`;
  }

  lockTable(oid: number, mode: LockMode): void {
    const known = this.tableLocks.get(oid);
    if (known === undefined || LOCK_RANK[mode] > LOCK_RANK[known]) this.tableLocks.set(oid, mode);
  }

  /** Takes note that a lifted literal inside has had influence on the plan. */
  useLiteral(expr: Expr): void {
    const node = logical(expr);
    if (node.kind === 'const' && node.literalIndex >= 0) this.shareable = false;
  }

  /**
   * PostgreSQL's equal(): what a cast makes of an expression is another one, though it may change no more than the type; literals of
   * equal value are equal. Relying on that binds the plan to those values.
   */
  sameExpr(a: Expr, b: Expr): boolean {
    if (a.typeOid !== b.typeOid) return false;
    if (equalExpr(a, b)) return true;
    if (!equalExpr(a, b, true)) return false;
    this.shareable = false;
    return true;
  }

  parameterType(index: number): number {
    const known = this.parameterTypes[index];
    return known === undefined || known === 0 ? UNKNOWN : known;
  }
}
