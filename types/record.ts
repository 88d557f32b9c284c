/** A row value: composite types and RECORD. Carries the types of its fields, since a record's type does not say them. */
import type { Value } from './value.ts';

export class SqlRecord {
  readonly typeOids: readonly number[];
  readonly values: readonly Value[];
  /** Field names where they are known (a table's row, a composite type); ROW(...) has none. */
  readonly names: readonly string[] | undefined;

  constructor(typeOids: readonly number[], values: readonly Value[], names?: readonly string[]) {
    this.typeOids = typeOids;
    this.values = values;
    this.names = names;
  }
}
