/** Sequence options, and CREATE / ALTER SEQUENCE. */
import type { AlterSequenceStatement, CreateSequenceStatement, Persistence, SequenceOptions } from '../ast.ts';
import * as T from '../token-types.ts';
import { TableRules } from './table.ts';

type Mutable<X> = { -readonly [K in keyof X]: X[K] };

export abstract class SequenceRules extends TableRules {
  /** SeqOptList: { AS | CACHE | CYCLE | INCREMENT [BY] | MAXVALUE | MINVALUE | NO ... | OWNED BY | START [WITH] | RESTART [WITH] } */
  readonly sequenceOptions = this.detail('sequenceOptions', (): SequenceOptions => {
    const options: Mutable<SequenceOptions> = {};
    while (this.atSequenceOption()) this.sequenceOption(options);
    return options;
  });

  protected atSequenceOption(): boolean {
    switch (this.peek()) {
      case T.AS:
      case T.CACHE:
      case T.CYCLE:
      case T.INCREMENT:
      case T.MAXVALUE:
      case T.MINVALUE:
      case T.NO:
      case T.OWNED:
      case T.SEQUENCE:
      case T.START:
      case T.RESTART:
        return true;
      default:
        return false;
    }
  }

  protected sequenceOption(options: Mutable<SequenceOptions>): void {
    const token = this.take(this.peek());
    const set = <K extends keyof SequenceOptions>(name: K, value: SequenceOptions[K]): void => {
      if (options[name] !== undefined) throw this.messageAt('42601', 'conflicting or redundant options', token);
      options[name] = value;
    };
    switch (token.tokenTypeIdx) {
      case T.AS:
        set('dataType', this.sub(this.typeName));
        return;
      case T.CACHE:
        set('cache', this.sequenceNumber());
        return;
      case T.CYCLE:
        set('cycle', true);
        return;
      case T.INCREMENT:
        this.has(T.BY);
        set('increment', this.sequenceNumber());
        return;
      case T.MAXVALUE:
        set('maxValue', this.sequenceNumber());
        return;
      case T.MINVALUE:
        set('minValue', this.sequenceNumber());
        return;
      case T.NO:
        if (this.has(T.MAXVALUE)) {
          set('maxValue', null);
          return;
        }
        if (this.has(T.MINVALUE)) {
          set('minValue', null);
          return;
        }
        this.take(T.CYCLE);
        set('cycle', false);
        return;
      case T.OWNED:
        this.take(T.BY);
        set('ownedBy', this.qualifiedName());
        return;
      case T.SEQUENCE:
        this.take(T.NAME);
        set('sequenceName', this.qualifiedName());
        return;
      case T.START:
        this.has(T.WITH);
        set('start', this.sequenceNumber());
        return;
      default:
        this.has(T.WITH);
        set('restart', this.atNumber() ? this.sequenceNumber() : null);
        return;
    }
  }

  private sequenceNumber(): number | bigint {
    const token = this.nextToken();
    const value = this.numericOnly();
    if (typeof value === 'string') {
      const isInteger = /^-?[0-9]+$/.test(value);
      throw isInteger
        ? this.messageAt('22003', `value "${value}" is out of range for type bigint`, token)
        : this.messageAt('22P02', `invalid input syntax for type bigint: "${value}"`, token);
    }
    return value;
  }

  /** CREATE [ TEMP ] SEQUENCE has been read. */
  readonly createSequence = this.detail(
    'createSequence',
    (persistence: Persistence, position: number): CreateSequenceStatement => {
      const ifNotExists = this.ifNotExists();
      const name = this.qualifiedName();
      const options = this.sub(this.sequenceOptions);
      return { kind: 'createSequence', name, persistence, ifNotExists, options, position };
    },
  );

  /** ALTER SEQUENCE [ IF EXISTS ] name has been read; its own options follow. */
  readonly alterSequence = this.detail(
    'alterSequence',
    (name: readonly string[], ifExists: boolean, position: number): AlterSequenceStatement => ({
      kind: 'alterSequence',
      name,
      ifExists,
      options: this.sub(this.sequenceOptions),
      position,
    }),
  );
}
