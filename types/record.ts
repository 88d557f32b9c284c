/** A row value: composite types and RECORD. Carries the types of its fields, since a record's type does not say them. */
import type { Value } from './value.ts';

export class SqlRecord {
  readonly typeOids: readonly number[];
  readonly values: readonly Value[];

  constructor(typeOids: readonly number[], values: readonly Value[]) {
    this.typeOids = typeOids;
    this.values = values;
  }
}
