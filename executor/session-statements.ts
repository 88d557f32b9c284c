/** A session's statements: those that have names, and those that the database has planned before (statement-cache.ts, plan-shelf.ts). */
import type { Value } from '../catalog/function-entry.ts';
import { type LiftedLiteral, parse, type StatementNode, type StringRules } from '../parser/index.ts';
import { SqlError, sqlError } from '../types/errors.ts';
import { LazyMap } from '../types/lazy-map.ts';
import { convertLiterals, literalValues } from './compile/runtime.ts';
import { type PlanCacheMode, PreparedStatement } from './prepared-statement.ts';
import type { Session } from './session.ts';
import { utilityFields } from './utility.ts';

/** How a statement got its name. */
interface Preparation {
  readonly at: number;
  /** What PREPARE was, and the characters in it before the statement: errors are placed in all of it. Null: a Parse message. */
  readonly text: string | null;
  readonly length: number;
}

const UNNAMED: Preparation = { at: 0, text: null, length: 0 };

export class SessionStatements {
  /** By name; '' is the unnamed one. */
  readonly prepared = new Map<string, PreparedStatement>();
  /** By name, too: the statements themselves are shared. */
  readonly #preparations = new LazyMap<string, Preparation>();
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** `text` and `length`: of PREPARE. */
  add(name: string, prepared: PreparedStatement, text: string | null = null, length = 0): void {
    this.prepared.set(name, prepared);
    if (name !== '') this.#preparations.set(name, { at: this.#session.server.now(), text, length });
  }

  preparation(name: string): Preparation {
    return this.#preparations.get(name) ?? UNNAMED;
  }

  /** A statement that this database has planned, or that one with the same definitions has read. */
  find(key: string, text: string): PreparedStatement | undefined {
    const session = this.#session;
    const { database, catalog } = session;
    const found = database.statementCache.find(key, catalog, text);
    if (found !== undefined) return found;
    const shelved = database.planShelf(catalog)?.statement(key, text);
    if (shelved === undefined) return undefined;
    shelved.program(session);
    database.statementCache.add(key, shelved, catalog);
    return shelved;
  }

  keep(key: string, prepared: PreparedStatement): void {
    const { database, catalog } = this.#session;
    database.statementCache.offer(key, prepared, catalog);
    database.planShelf(catalog)?.addStatement(key, prepared);
  }

  /** Parses and plans one statement, or finds it. `rules`: how its strings are read, where not by the standard. */
  prepare(text: string, types: readonly number[], rules: StringRules | undefined): PreparedStatement {
    const session = this.#session;
    const key = `${session.bindingVersion}\u0001${types.join(',')}\u0001${text}`;
    const cached = rules === undefined ? this.find(key, text) : undefined;
    if (cached !== undefined) {
      if (cached.node !== null) session.checkNotFailed(cached.node);
      return cached;
    }
    const statements = parse(text, rules);
    if (statements.length > 1) throw sqlError('42601', 'cannot insert multiple commands into a prepared statement');
    const prepared = new PreparedStatement(text, statements[0] ?? null, types);
    // An empty statement may be prepared in a failed transaction, though not be executed.
    if (prepared.node !== null) session.checkNotFailed(prepared.node);
    if (prepared.isPlanned) {
      prepared.program(session);
      if (!session.transaction.hasCatalogChanges && rules === undefined) this.keep(key, prepared);
    } else if (prepared.node !== null) {
      prepared.inferParameters(session);
      prepared.fields = utilityFields(session, prepared.node);
    }
    return prepared;
  }

  /** 26000 when there is none of the name. */
  named(name: string): PreparedStatement {
    const prepared = this.prepared.get(name);
    if (prepared !== undefined) return prepared;
    const what = name === '' ? 'unnamed prepared statement' : `prepared statement "${name}"`;
    throw sqlError('26000', `${what} does not exist`);
  }

  /** The literals of a text as values of its shape's statement. Null: there are none to convert; undefined: one of them is refused. */
  convert(cached: PreparedStatement, literals: readonly LiftedLiteral[] | null): readonly Value[] | null | undefined {
    if (!cached.isShareable || literals === null || literals.length === 0) return null;
    const session = this.#session;
    session.checkNotFailed(cached.node as StatementNode);
    try {
      return convertLiterals(cached.program(session).slots, literals, session.functions.format);
    } catch (error) {
      if (error instanceof SqlError) return undefined;
      throw error;
    }
  }

  /** The shape's statement as it is planned for literals like these. */
  variantForLiterals(shared: PreparedStatement, literals: readonly LiftedLiteral[] | null): PreparedStatement {
    const session = this.#session;
    if (literals === null || literals.length === 0 || !shared.isShareable || session.transaction.isFailed)
      return shared;
    if (!shared.dependsOnValues(session)) return shared;
    const variant = shared.forValues(session, literalValues(literals, session.functions.format));
    return variant.isShareable ? variant : shared;
  }

  /** A prepared statement as it is planned for parameters like these. */
  variantForParameters(prepared: PreparedStatement, values: readonly Value[]): PreparedStatement {
    const session = this.#session;
    if (values.length === 0 || !prepared.dependsOnValues(session)) return prepared;
    const mode = session.settings.show('plan_cache_mode') as PlanCacheMode;
    return prepared.forValues(session, { param: (index) => values[index], literal: () => undefined }, mode);
  }
}
