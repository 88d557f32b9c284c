/** What the makers of rows work with. */

import { OID, SqlArray } from '../../types/index.ts';
import { type Acl, aclItemText } from '../acl.ts';
import type { Authority } from '../authority.ts';
import type { Catalog } from '../catalog.ts';
import { BOOTSTRAP_ROLE_OID, type RelationEntry, type TypeEntry } from '../entries.ts';
import type { FunctionContext, Value } from '../function-entry.ts';
import { shownText } from '../kept-types.ts';
import { rightsOnColumn, rightsOnRelation } from '../rights.ts';
import { SharedCatalog } from '../shared-catalog.ts';
import type { SystemInformation } from '../system-information.ts';
import { SYSTEM_DOMAINS } from '../system-types.ts';

/** A row by column name; columns that are left out are NULL. */
export type Row = Readonly<Record<string, Value>>;
export type RowMaker<Made = Row | ComputedRow> = (context: ViewContext) => Iterable<Made>;
/** Values that columns have in all rows that are wanted, by name: others may be made, and are not looked at. */
export type WantedValues = ReadonlyMap<string, Value>;
const ANY_VALUES: WantedValues = new Map();

/** A row of which a column is computed when it is asked for, of its source. */
export class ComputedRow {
  readonly columns: ComputedColumns;
  readonly source: unknown;
  constructor(columns: ComputedColumns, source: unknown) {
    this.columns = columns;
    this.source = source;
  }
}
/** By name; columns that are left out are NULL. */
export type ComputedColumns = Readonly<Record<string, ((source: unknown) => Value) | undefined>>;

/** Makes such rows. */
export function rowsOf<Source>(
  columns: Readonly<Record<string, (source: Source) => Value>>,
): (source: Source) => ComputedRow {
  return (source) => new ComputedRow(columns as ComputedColumns, source);
}

const FIRST_NORMAL_XID = 3;
/** An xid is shown by its lower half. */
const XIDS = 2 ** 32;
/** What is shown where PostgreSQL tells of multixacts: there are none. */
export const FIRST_MULTIXACT = 1;

let builtinShared: SharedCatalog | null = null;

export class ViewContext {
  readonly functions: FunctionContext;
  readonly catalog: Catalog;
  readonly shared: SharedCatalog;
  /** Null where no session stands behind the functions. */
  readonly system: SystemInformation | null;
  readonly #wanted: WantedValues;

  constructor(functions: FunctionContext, wanted = ANY_VALUES) {
    this.functions = functions;
    this.#wanted = wanted;
    this.catalog = functions.catalog as Catalog;
    this.system = functions.system ?? null;
    builtinShared ??= SharedCatalog.bootstrap();
    this.shared = this.system?.shared ?? builtinShared;
  }

  /** Below it no xid in a row says anything any more: nothing is ever frozen, and nothing wraps around. */
  get frozenXid(): number {
    return Math.max((this.system?.oldestXid ?? 0) % XIDS, FIRST_NORMAL_XID);
  }

  /** Types that have been made, by CREATE TYPE and CREATE DOMAIN or in information_schema. */
  get madeTypes(): TypeEntry[] {
    return [...SYSTEM_DOMAINS, ...sorted(this.catalog.types())];
  }

  /** The oid that the column has in all rows that are wanted; undefined: any. */
  wantedOid(column: string): number | undefined {
    const wanted = this.#wanted.get(column);
    return typeof wanted === 'number' ? wanted : undefined;
  }

  /** Are rows wanted that have this value in the column? */
  mayBe(column: string, value: Value): boolean {
    const wanted = this.#wanted.get(column);
    return wanted === undefined || wanted === value;
  }

  /** A kept text with its types under their names. */
  shown<T extends string | null>(text: T): T {
    return text === null
      ? text
      : (shownText(this.catalog, text, this.functions.searchPath(true), this.functions.format) as T);
  }

  /** A list of rights as a column shows it; null: nothing has been granted or revoked. */
  aclArray(acl: Acl | null | undefined): SqlArray | null {
    if (acl === null || acl === undefined) return null;
    return new SqlArray(
      OID.ACLITEM,
      acl.map((item) => aclItemText(item, (oid) => this.shared.role(oid)?.name ?? String(oid))),
    );
  }

  roleName(oid: number): string {
    return this.shared.roleName(oid);
  }

  schemaName(oid: number): string {
    return this.catalog.schemaName(oid);
  }

  /** What the session's role is. */
  get authority(): Authority {
    return this.shared.authority(this.system?.currentRoleOid ?? BOOTSTRAP_ROLE_OID, this.catalog.databaseOid);
  }

  /** May the session's role read these columns of a table? */
  mayRead(table: RelationEntry, numbers: readonly number[]): boolean {
    const { catalog, authority } = this;
    // What is known of all rows would tell of those that are hidden.
    if (this.functions.isRowSecurityActive?.(table.oid) === true) return false;
    if (rightsOnRelation(catalog, table, authority, 'r') !== '') return true;
    return numbers.every((number) => rightsOnColumn(catalog, table, table.columns[number - 1], authority, 'r') !== '');
  }

  /** Does the session's role see what only owners and superusers see? */
  isOwner(ownerOid: number): boolean {
    return this.authority.hasPrivilegesOf(ownerOid);
  }

  get isSuperuser(): boolean {
    return this.authority.isSuperuser;
  }
}

export function sorted<T extends { readonly oid: number }>(entries: Iterable<T>): T[] {
  return [...entries].sort((a, b) => a.oid - b.oid);
}

/** pg_class.relkind of a table or view. */
export function relationKind(entry: RelationEntry, isSystemView: (oid: number) => boolean): string {
  switch (entry.kind) {
    case 'view':
      return 'v';
    case 'materializedView':
      return 'm';
    case 'virtual':
      return isSystemView(entry.oid) ? 'v' : 'r';
    default:
      return 'r';
  }
}

export const PERSISTENCE_LETTERS = { permanent: 'p', unlogged: 'u', temporary: 't' } as const;
export const ACTION_LETTERS = {
  'no action': 'a',
  restrict: 'r',
  cascade: 'c',
  'set null': 'n',
  'set default': 'd',
} as const;
export const CONSTRAINT_LETTERS = {
  'primary key': 'p',
  unique: 'u',
  check: 'c',
  'foreign key': 'f',
  exclude: 'x',
} as const;

/** Oids of things that have no entry of their own: a view's rule and a column's default. Above all real oids. */
export function ruleOid(viewOid: number): number {
  return 0x80000000 + viewOid;
}
