/** Casts of any type to any other, by cast, through text, or of an unknown literal; to types with lengths and special types. */
import { Forms, q } from './forms.ts';
import {
  randomDate,
  randomInterval,
  randomJson,
  randomJsonpath,
  randomNumber,
  randomText,
  randomTime,
  randomTimestamp,
} from './patterns.ts';
import type { Node } from './tree.ts';
import { TYPE_NAMES, typeSql } from './values.ts';

const TYPMODS = [
  ...[
    'varchar(3)',
    'char(4)',
    'varchar(1)',
    'numeric(5,2)',
    'numeric(3,-2)',
    'numeric(4,6)',
    'numeric(20)',
    'bit(3)',
    'bit varying(5)',
    'time(2)',
    'timetz(0)',
  ],
  ...[
    'timestamp(3)',
    'timestamptz(1)',
    'interval(2)',
    'interval year',
    'interval day to minute',
    'interval second(1)',
    'interval year to month',
    'interval hour',
    'float(20)',
    'float(30)',
  ],
  ...[
    'varchar(2)[]',
    'numeric(4,1)[]',
    'name',
    'char',
    '"char"',
    'regtype',
    'regclass',
    'xid',
    'pg_lsn',
    'tid',
    'void',
    'cstring',
    'record',
  ],
];

export class CastForms extends Forms {
  /** Of any type to any other, by cast, through text, or of an unknown literal; to types with lengths and special types. */
  cast(): Node {
    const { choice } = this;
    const target = choice.chance(0.3) ? choice.pick(TYPMODS) : typeSql(choice.pick(TYPE_NAMES));
    const value = this.expressions.of(choice.pick(TYPE_NAMES), { columns: [], subquery: null }, choice.below(2));
    const form = choice.below(6);
    if (form === 0) return this.any('CAST(', value, ` AS ${target})`);
    if (form === 1) return this.any('(', value, `)::text::${target}`);
    if (form === 2) return this.any(`${this.shown()}::${target}`);
    if (form === 3) return this.any('((', value, `)::${target})::text`);
    return this.any('(', value, `)::${target}`);
  }

  /** Some text, often one that a type reads. */
  private shown(): string {
    const { choice } = this;
    return q(
      choice.pick([
        randomText,
        randomDate,
        randomTime,
        randomTimestamp,
        randomInterval,
        randomNumber,
        randomJson,
        randomJsonpath,
      ])(choice),
    );
  }
}
