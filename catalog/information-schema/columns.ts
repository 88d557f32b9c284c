/** information_schema.columns. */
import type { CollationEntry, ColumnEntry, RelationEntry, SequenceEntry, TypeEntry } from '../entries.ts';
import type { Value } from '../function-entry.ts';
import { defaultText } from '../pg-catalog/definitions.ts';
import { type Row, rowsOf, type ViewContext } from '../pg-catalog/view-context.ts';
import { shownCollation, yesNo } from './names.ts';
import { isVisibleColumn } from './rights.ts';
import { isView, visibleRelations } from './shown-relations.ts';
import { typeColumns } from './type-columns.ts';

class ShownColumn {
  readonly context: ViewContext;
  readonly table: RelationEntry;
  readonly column: ColumnEntry;
  /** Of a view: its columns that can be changed. */
  readonly #changeable: readonly boolean[] | null;
  #type: Row | null = null;

  constructor(context: ViewContext, table: RelationEntry, column: ColumnEntry, changeable: readonly boolean[] | null) {
    this.context = context;
    this.table = table;
    this.column = column;
    this.#changeable = changeable;
  }

  get type(): Row {
    this.#type ??= typeColumns(this.context, this.column.typeOid, this.column.typeModifier);
    return this.#type;
  }

  get domain(): TypeEntry | null {
    const type = this.context.catalog.type(this.column.typeOid);
    return type?.kind === 'domain' && type.oid === this.column.typeOid ? type : null;
  }

  get collation(): CollationEntry | null {
    return shownCollation(this.context, this.column.typeOid, this.column.collationOid);
  }

  get identity(): SequenceEntry | null {
    const { identity, sequenceOid } = this.column;
    return identity === null ? null : (this.context.catalog.sequence(sequenceOid) ?? null);
  }

  get defaultText(): string | null {
    const { context, table, column } = this;
    if (column.generated || !context.isOwner(table.owner)) return null;
    return context.shown(defaultText(context.catalog, column, context.functions.searchPath(true)));
  }

  get isUpdatable(): boolean {
    return !isView(this.table) || this.#changeable?.[this.column.number - 1] === true;
  }
}

type Columns = Readonly<Record<string, (shown: ShownColumn) => Value>>;

const TYPE_COLUMNS = [
  'data_type',
  'character_maximum_length',
  'character_octet_length',
  'numeric_precision',
  'numeric_precision_radix',
  'numeric_scale',
  'datetime_precision',
  'interval_type',
  'udt_catalog',
  'udt_schema',
  'udt_name',
];

const IDENTITY_COLUMNS: Columns = {
  is_identity: ({ column }) => yesNo(column.identity !== null),
  identity_generation: ({ column: { identity } }) =>
    identity === null ? null : identity === 'always' ? 'ALWAYS' : 'BY DEFAULT',
  identity_start: ({ identity }) => identity?.start ?? null,
  identity_increment: ({ identity }) => identity?.increment ?? null,
  identity_maximum: ({ identity }) => identity?.maximum ?? null,
  identity_minimum: ({ identity }) => identity?.minimum ?? null,
  identity_cycle: ({ identity }) => yesNo(identity?.cycle === true),
};

/** Most of the 44 are hardly ever asked for: each is computed when it is. */
const rowOf = rowsOf<ShownColumn>({
  table_catalog: ({ context }) => context.catalog.databaseName,
  table_schema: ({ context, table }) => context.schemaName(table.schemaOid),
  table_name: ({ table }) => table.name,
  column_name: ({ column }) => column.name,
  ordinal_position: ({ column }) => column.number,
  column_default: (shown) => shown.defaultText,
  is_nullable: ({ column, domain }) => yesNo(!column.notNull && domain?.notNull !== true),
  ...Object.fromEntries(TYPE_COLUMNS.map((name) => [name, ({ type }: ShownColumn) => type[name] ?? null])),
  collation_catalog: ({ context, collation }) => (collation === null ? null : context.catalog.databaseName),
  collation_schema: ({ context, collation }) => (collation === null ? null : context.schemaName(collation.schemaOid)),
  collation_name: ({ collation }) => collation?.name ?? null,
  domain_catalog: ({ context, domain }) => (domain === null ? null : context.catalog.databaseName),
  domain_schema: ({ context, domain }) => (domain === null ? null : context.schemaName(domain.schemaOid)),
  domain_name: ({ domain }) => domain?.name ?? null,
  dtd_identifier: ({ column }) => String(column.number),
  is_self_referencing: () => 'NO',
  ...IDENTITY_COLUMNS,
  is_generated: ({ column }) => (column.generated ? 'ALWAYS' : 'NEVER'),
  generation_expression: ({ context, column }) => (column.generated ? context.shown(column.defaultText) : null),
  is_updatable: (shown) => yesNo(shown.isUpdatable),
});

export function* columns(context: ViewContext): Iterable<Row> {
  for (const table of visibleRelations(context)) {
    const changeable = table.kind === 'view' ? (context.functions.updatableViewColumns?.(table.oid) ?? null) : null;
    for (const column of table.columns) {
      if (column.dropped || !context.mayBe('column_name', column.name)) continue;
      if (isVisibleColumn(context, table, column)) yield rowOf(new ShownColumn(context, table, column, changeable));
    }
  }
}
