/** COPY, EXPLAIN, VACUUM, ANALYZE, CLUSTER, REINDEX, LOCK, TRUNCATE, CHECKPOINT, LOAD, DO, CALL. */
import { SqlError } from '../../types/errors.ts';
import type {
  CallStatement,
  CheckpointStatement,
  ClusterStatement,
  CopyStatement,
  DoStatement,
  ExplainStatement,
  FunctionCall,
  LoadStatement,
  LockMode,
  LockTableStatement,
  Option,
  OptionValue,
  QualifiedName,
  ReindexStatement,
  RelationName,
  TruncateStatement,
  VacuumRelation,
  VacuumStatement,
} from '../ast.ts';
import type { ParserRule } from '../parser-base.ts';
import * as T from '../token-types.ts';
import { isFunctionName } from './calls.ts';

import { SessionRules } from './session.ts';

export abstract class MaintenanceRules extends SessionRules {
  /** CREATE TABLE AS, DECLARE, EXECUTE, REFRESH: what EXPLAIN takes beside queries. */
  abstract readonly statement: ParserRule<[], unknown>;

  /** relation_expr_list */
  protected relationList(): RelationName[] {
    return this.listOf(() => this.relationName());
  }

  protected behavior(): 'restrict' | 'cascade' {
    if (this.has(T.CASCADE)) return 'cascade';
    this.has(T.RESTRICT);
    return 'restrict';
  }

  /** TRUNCATE [ TABLE ] relations [ { CONTINUE | RESTART } IDENTITY ] [ CASCADE | RESTRICT ] */
  readonly truncateStatement = this.rule('truncateStatement', (): TruncateStatement => {
    const position = this.take(T.TRUNCATE).startOffset;
    this.has(T.TABLE);
    const tables = this.relationList();
    let restartIdentity = false;
    if (this.at(T.CONTINUE) || this.at(T.RESTART)) {
      restartIdentity = this.take(this.peek()).tokenTypeIdx === T.RESTART;
      this.take(T.IDENTITY);
    }
    return { kind: 'truncate', tables, restartIdentity, behavior: this.behavior(), position };
  });

  /** LOCK [ TABLE ] relations [ IN mode MODE ] [ NOWAIT ] */
  readonly lockStatement = this.rule('lockStatement', (): LockTableStatement => {
    const position = this.take(T.LOCK).startOffset;
    this.has(T.TABLE);
    const tables = this.relationList();
    let mode: LockMode = 'access exclusive';
    if (this.has(T.IN)) {
      const words: string[] = [];
      const first = this.nextToken();
      while ([T.ACCESS, T.ROW, T.SHARE, T.UPDATE, T.EXCLUSIVE].includes(this.peek() as never)) {
        words.push(this.take(this.peek()).image);
      }
      mode = words.join(' ') as LockMode;
      if (!LOCK_MODES.has(mode) && !this.RECORDING_PHASE) throw this.unexpected(words.length === 0 ? first : undefined);
      this.take(T.MODE);
    }
    return { kind: 'lockTable', tables, mode, nowait: this.has(T.NOWAIT), position };
  });

  // ------------------------------------------------------------------------------------------------ vacuum and kin

  /** '(' name [ value ] { ',' ... } ')': options of EXPLAIN, VACUUM, ANALYZE, CLUSTER, REINDEX. */
  protected utilityOptions(): Option[] {
    return this.inParens(() => this.list(this.utilityOption));
  }

  readonly utilityOption = this.detail('utilityOption', (): Option => {
    const position = this.here();
    // ANALYZE and its British twin are reserved; the rest are NonReservedWords.
    let name: string;
    if (this.at(T.ANALYZE) || this.at(T.ANALYSE)) {
      this.take(this.peek());
      name = 'analyze';
    } else name = this.nonReservedWord();
    return { namespace: null, name, value: this.booleanOrValue(), position };
  });

  /** [ opt_boolean_or_string | NumericOnly ] */
  private booleanOrValue(): OptionValue {
    if (this.atNumber()) return this.numericOnly();
    if (this.at(T.STRING)) return this.string();
    for (const type of [T.TRUE, T.FALSE, T.ON]) if (this.at(type)) return this.take(type).image;
    if (this.atCategory(T.COL_ID) || this.atCategory(T.TYPE_FUNCTION_NAME)) return this.nonReservedWord();
    return null;
  }

  private word(name: string, position: number): Option {
    return { namespace: null, name, value: null, position };
  }

  /** VACUUM [ '(' options ')' | FULL FREEZE VERBOSE ANALYZE ] [ relations ] */
  readonly vacuumStatement = this.rule('vacuumStatement', (): VacuumStatement => {
    const position = this.take(T.VACUUM).startOffset;
    let options: Option[] = [];
    if (this.at(T.LEFT_PAREN)) options = this.utilityOptions();
    else {
      for (const type of [T.FULL, T.FREEZE, T.VERBOSE]) {
        if (this.at(type)) options.push(this.word(this.take(type).image, this.lastEnd()));
      }
      if (this.at(T.ANALYZE) || this.at(T.ANALYSE)) {
        this.take(this.peek());
        options.push(this.word('analyze', position));
      }
    }
    return { kind: 'vacuum', options, relations: this.vacuumRelations(), position };
  });

  /** { ANALYZE | ANALYSE } [ '(' options ')' | VERBOSE ] [ relations ] */
  readonly analyzeStatement = this.rule('analyzeStatement', (): VacuumStatement => {
    const position = this.here();
    this.take(this.at(T.ANALYSE) ? T.ANALYSE : T.ANALYZE);
    let options: Option[] = [];
    if (this.at(T.LEFT_PAREN)) options = this.utilityOptions();
    else if (this.at(T.VERBOSE)) options = [this.word(this.take(T.VERBOSE).image, position)];
    return { kind: 'analyze', options, relations: this.vacuumRelations(), position };
  });

  private vacuumRelations(): VacuumRelation[] {
    if (!this.atCategory(T.COL_ID)) return [];
    return this.listOf(() => ({ table: this.relationName(), columns: this.optParenthesizedNames() }));
  }

  /** CLUSTER [ '(' options ')' | VERBOSE ] [ name [ USING index ] | index ON name ] */
  readonly clusterStatement = this.rule('clusterStatement', (): ClusterStatement => {
    const position = this.take(T.CLUSTER).startOffset;
    const sawParens = this.at(T.LEFT_PAREN);
    let options: Option[] = [];
    if (this.at(T.LEFT_PAREN)) options = this.utilityOptions();
    else if (this.at(T.VERBOSE)) options = [this.word(this.take(T.VERBOSE).image, position)];
    if (!this.atCategory(T.COL_ID) && !sawParens)
      return { kind: 'cluster', table: null, index: null, options, position };
    const name = this.qualifiedName();
    if (this.has(T.ON)) {
      return { kind: 'cluster', table: this.qualifiedName(), index: name[name.length - 1], options, position };
    }
    const index = this.opt(T.USING, () => this.colId());
    return { kind: 'cluster', table: name, index, options, position };
  });

  /** REINDEX [ '(' options ')' ] { INDEX | TABLE | SCHEMA | SYSTEM | DATABASE } [ CONCURRENTLY ] name */
  readonly reindexStatement = this.rule('reindexStatement', (): ReindexStatement => {
    const position = this.take(T.REINDEX).startOffset;
    const options = this.at(T.LEFT_PAREN) ? this.utilityOptions() : [];
    const targets = [T.INDEX, T.TABLE, T.SCHEMA, T.SYSTEM, T.DATABASE];
    if (!targets.includes(this.peek() as never)) throw this.unexpected();
    const target = this.take(this.peek()).image as ReindexStatement['target'];
    const concurrently = this.has(T.CONCURRENTLY);
    return { kind: 'reindex', target, name: this.qualifiedName(), concurrently, options, position };
  });

  readonly checkpointStatement = this.rule('checkpointStatement', (): CheckpointStatement => {
    return { kind: 'checkpoint', position: this.take(T.CHECKPOINT).startOffset };
  });

  readonly loadStatement = this.rule('loadStatement', (): LoadStatement => {
    const position = this.take(T.LOAD).startOffset;
    return { kind: 'load', file: this.string(), position };
  });

  // ----------------------------------------------------------------------------------------------------------- COPY

  /**
   * COPY [ BINARY ] name [ '(' columns ')' ] { FROM | TO } { STDIN | STDOUT | file | PROGRAM cmd } [ [ USING ] DELIMITERS c ]
   * [ WITH ] options [ WHERE a_expr ] | COPY '(' query ')' TO ...
   */
  readonly copyStatement = this.rule('copyStatement', (): CopyStatement => {
    const position = this.take(T.COPY).startOffset;
    const options: Option[] = [];
    if (this.at(T.LEFT_PAREN)) {
      const query = this.inParens(() => this.sub(this.queryStatement));
      this.take(T.TO);
      const target = this.copyEndpoint('to');
      this.copyOptions(options);
      return {
        kind: 'copy',
        table: null,
        query,
        columns: [],
        direction: 'to',
        ...target,
        options,
        where: null,
        position,
      };
    }
    if (this.at(T.BINARY)) options.push(this.setOption('format', 'binary', this.take(T.BINARY).startOffset));
    const table = this.qualifiedName();
    const columns = this.optParenthesizedNames();
    const direction = this.at(T.TO) ? 'to' : 'from';
    this.take(direction === 'to' ? T.TO : T.FROM);
    const target = this.copyEndpoint(direction);
    if (this.at(T.USING) || this.at(T.DELIMITERS)) {
      const at = this.here();
      this.has(T.USING);
      this.take(T.DELIMITERS);
      options.push(this.setOption('delimiter', this.string(), at));
    }
    this.copyOptions(options);
    const whereToken = this.nextToken();
    const where = this.opt(T.WHERE, () => this.sub(this.expression));
    if (where !== null && direction === 'to' && !this.RECORDING_PHASE) {
      throw this.messageAt('42601', 'WHERE clause not allowed with COPY TO', whereToken);
    }
    return { kind: 'copy', table, query: null, columns, direction, ...target, options, where, position };
  });

  private copyEndpoint(direction: 'from' | 'to'): Pick<CopyStatement, 'endpoint' | 'path'> {
    if (this.has(T.PROGRAM) && !this.RECORDING_PHASE) return { endpoint: 'program', path: this.string() };
    // PostgreSQL takes STDIN and STDOUT either way.
    if (this.at(T.STDIN) || this.at(T.STDOUT)) {
      this.take(this.peek());
      return { endpoint: direction === 'from' ? 'stdin' : 'stdout', path: '' };
    }
    return { endpoint: 'file', path: this.string() };
  }

  private setOption(name: string, value: OptionValue, position: number): Option {
    return { namespace: null, name, value, position };
  }

  private copyOptions(options: Option[]): void {
    this.has(T.WITH);
    if (this.at(T.LEFT_PAREN)) {
      options.push(...this.inParens(() => this.list(this.copyOption)));
      return;
    }
    while (this.copyOldOption(options));
  }

  /** copy_generic_opt_elem: ColLabel [ boolean | string | number | '*' | '(' names ')' ] */
  readonly copyOption = this.detail('copyOption', (): Option => {
    const position = this.here();
    const name = this.colLabel();
    let value: OptionValue;
    if (this.at(T.STAR)) value = this.take(T.STAR) && '*';
    else if (this.at(T.LEFT_PAREN)) value = this.inParens(() => this.listOf(() => this.copyListItem()));
    else value = this.booleanOrValue();
    return this.setOption(name, value, position);
  });

  private copyListItem(): string {
    if (this.at(T.STRING)) return this.string();
    for (const type of [T.TRUE, T.FALSE, T.ON]) if (this.at(type)) return this.take(type).image;
    return this.nonReservedWord();
  }

  /** copy_opt_item, the words of before version 9 */
  private copyOldOption(options: Option[]): boolean {
    const position = this.here();
    const add = (name: string, value: OptionValue): boolean => {
      options.push(this.setOption(name, value, position));
      return true;
    };
    switch (this.peek()) {
      case T.BINARY:
      case T.CSV:
        return add('format', this.take(this.peek()).image);
      case T.FREEZE:
      case T.HEADER:
        return add(this.take(this.peek()).image, true);
      case T.DELIMITER:
      case T.NULL:
      case T.QUOTE:
      case T.ESCAPE: {
        const name = this.take(this.peek()).image;
        this.has(T.AS);
        return add(name, this.string());
      }
      case T.ENCODING:
        this.take(T.ENCODING);
        return add('encoding', this.string());
      case T.FORCE: {
        this.take(T.FORCE);
        if (this.has(T.QUOTE)) {
          if (this.at(T.STAR)) return add('force_quote', this.take(T.STAR) && '*');
          return add('force_quote', this.nameList());
        }
        const not = this.has(T.NOT);
        this.take(T.NULL);
        return add(not ? 'force_not_null' : 'force_null', this.nameList());
      }
      default:
        return false;
    }
  }

  // -------------------------------------------------------------------------------------------------------- EXPLAIN

  /** EXPLAIN [ '(' options ')' | [ ANALYZE ] [ VERBOSE ] ] ExplainableStmt */
  readonly explainStatement = this.rule('explainStatement', (): ExplainStatement => {
    const position = this.take(T.EXPLAIN).startOffset;
    const options: Option[] = [];
    if (this.at(T.LEFT_PAREN) && !this.startsQueryAt(2) && this.peekAt(2) !== T.LEFT_PAREN) {
      options.push(...this.utilityOptions());
    } else {
      if (this.at(T.ANALYZE) || this.at(T.ANALYSE)) {
        options.push(this.word('analyze', this.take(this.peek()).startOffset));
      }
      if (this.at(T.VERBOSE)) options.push(this.word('verbose', this.take(T.VERBOSE).startOffset));
    }
    const token = this.nextToken();
    if (!EXPLAINABLE_STARTS.has(token.tokenTypeIdx) && !this.RECORDING_PHASE) throw this.unexpected();
    const statement = this.sub(this.statement) as ExplainStatement['statement'];
    if (!this.RECORDING_PHASE && !EXPLAINABLE.has(statement.kind)) throw this.unexpected(token);
    return { kind: 'explain', options, statement, position };
  });

  // -------------------------------------------------------------------------------------------------------- DO, CALL

  /** DO { Sconst | LANGUAGE name } */
  readonly doStatement = this.rule('doStatement', (): DoStatement => {
    const position = this.take(T.DO).startOffset;
    let language: string | null = null;
    let body: string | null = null;
    do {
      const token = this.nextToken();
      const twice = (clash: boolean): void => {
        if (clash) throw this.messageAt('42601', 'conflicting or redundant options', token);
      };
      if (this.has(T.LANGUAGE)) {
        twice(language !== null);
        language = this.at(T.STRING) ? this.string() : this.nonReservedWord();
      } else {
        const text = this.string();
        twice(body !== null);
        body = text;
      }
    } while (this.at(T.LANGUAGE) || this.at(T.STRING));
    if (body === null) throw new SqlError('42601', 'no inline code specified');
    return { kind: 'do', language: language ?? 'plpgsql', body, position };
  });

  readonly callStatement = this.rule('callStatement', (): CallStatement => {
    const position = this.take(T.CALL).startOffset;
    const token = this.nextToken();
    const name: QualifiedName = this.atCategory(T.TYPE_FUNCTION_NAME) ? this.functionName() : this.qualifiedName();
    const call: FunctionCall = this.sub(this.callTail, name, token.startOffset);
    return { kind: 'call', call, position };
  });

  /** func_name */
  protected functionName(): QualifiedName {
    const token = this.nextToken();
    const name = [this.atCategory(T.TYPE_FUNCTION_NAME) ? this.takeName(T.TYPE_FUNCTION_NAME).image : this.colId()];
    while (this.more(T.DOT)) name.push(this.colLabel());
    if (name.length === 1 && !isFunctionName(token.tokenTypeIdx) && !this.RECORDING_PHASE) throw this.unexpected();
    return name;
  }
}

const LOCK_MODES = new Set<string>([
  'access share',
  'row share',
  'row exclusive',
  'share update exclusive',
  'share',
  'share row exclusive',
  'exclusive',
  'access exclusive',
]);

const EXPLAINABLE_STARTS = new Set<number>([
  T.SELECT,
  T.VALUES,
  T.TABLE,
  T.WITH,
  T.WITH_LA,
  T.LEFT_PAREN,
  T.INSERT,
  T.UPDATE,
  T.DELETE,
  T.MERGE,
  T.DECLARE,
  T.CREATE,
  T.REFRESH,
  T.EXECUTE,
]);
const EXPLAINABLE = new Set<string>([
  'query',
  'insert',
  'update',
  'delete',
  'merge',
  'declareCursor',
  'createTableAs',
  'refreshMaterializedView',
  'execute',
]);
