/**
 * What is known of a type without the catalog: the rows of pg_type for built-in types, the printed names of format_type,
 * and a registry through which the catalog makes user-made types (enums, domains, composites) known to text and binary
 * conversion, comparison and storage. Type oids are unique in a data directory, so one registry serves all databases.
 */
import { LazyMap, LazySet } from './lazy-map.ts';
import { OID } from './oid.ts';
import { TYPE_TABLE } from './type-table.ts';
import { formatTypmod } from './typmod.ts';

export type TypeAlign = 'c' | 's' | 'i' | 'd';
/** b base, c composite, d domain, e enum, p pseudo, r range, m multirange. */
export type TypeKind = 'b' | 'c' | 'd' | 'e' | 'p' | 'r' | 'm';
export type TypeStorage = 'p' | 'e' | 'm' | 'x';
/** Base types that extensions make: citext is text in which case does not count, hstore pairs of texts (hstore.ts). */
export type BaseForm = 'citext' | 'hstore';

export interface SqlType {
  readonly oid: number;
  /** pg_type.typname: int4. */
  readonly name: string;
  /** format_type without modifier: integer. */
  readonly displayName: string;
  /** Bytes; -1 variable length, -2 a C string. */
  readonly length: number;
  readonly byValue: boolean;
  readonly align: TypeAlign;
  /** pg_type.typcategory. */
  readonly category: string;
  readonly preferred: boolean;
  /** Type of the elements that subscripting gives, 0 if none (name gives "char"). */
  readonly elementOid: number;
  readonly arrayOid: number;
  readonly kind: TypeKind;
  /** Between the elements of an array's text: a comma, but for box. */
  readonly delimiter: string;
  readonly storage: TypeStorage;
  /** Domains: the type below, and its modifier. */
  readonly baseOid?: number;
  readonly baseTypmod?: number;
  /** Enums: labels in their order. */
  readonly enumLabels?: readonly string[];
  /** Enums: pg_enum.oid of each label. */
  readonly enumLabelOids?: readonly number[];
  /** Enums: pg_enum.enumsortorder of each label, which keeps the places of the others when one is put between them. */
  readonly enumSortOrders?: readonly number[];
  /** Ranges: the type of the bounds, and the multirange type over the range. */
  readonly subtypeOid?: number;
  readonly multirangeOid?: number;
  /** Multiranges: the range type. */
  readonly rangeOid?: number;
  /** Composites: the types of the attributes that are not dropped. */
  readonly attributes?: readonly SqlTypeAttribute[];
  /** Composites: where each attribute stands in stored values, which keep the places of dropped ones; absent: as in `attributes`. */
  readonly places?: readonly number[];
  /** Base types that an extension made. */
  readonly form?: BaseForm;
}

export interface SqlTypeAttribute {
  readonly name: string;
  readonly typeOid: number;
  readonly typmod: number;
}

const namesOfAttributes = new WeakMap<readonly SqlTypeAttribute[], readonly string[]>();

/** Names of a composite type's fields: one list for all its records. */
export function attributeNames(attributes: readonly SqlTypeAttribute[]): readonly string[] {
  let names = namesOfAttributes.get(attributes);
  if (names === undefined) {
    names = attributes.map(({ name }) => name);
    namesOfAttributes.set(attributes, names);
  }
  return names;
}

const DISPLAY_NAMES: Readonly<Record<string, string>> = {
  bool: 'boolean',
  char: '"char"',
  int8: 'bigint',
  int2: 'smallint',
  int4: 'integer',
  float4: 'real',
  float8: 'double precision',
  bpchar: 'character',
  varchar: 'character varying',
  time: 'time without time zone',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
  timetz: 'time with time zone',
  varbit: 'bit varying',
  any: '"any"',
};

/** pg_range. */
const BUILTIN_RANGES: readonly {
  readonly rangeOid: number;
  readonly subtypeOid: number;
  readonly multirangeOid: number;
}[] = [
  { rangeOid: OID.INT4RANGE, subtypeOid: OID.INT4, multirangeOid: OID.INT4MULTIRANGE },
  { rangeOid: OID.NUMRANGE, subtypeOid: OID.NUMERIC, multirangeOid: OID.NUMMULTIRANGE },
  { rangeOid: OID.TSRANGE, subtypeOid: OID.TIMESTAMP, multirangeOid: OID.TSMULTIRANGE },
  { rangeOid: OID.TSTZRANGE, subtypeOid: OID.TIMESTAMPTZ, multirangeOid: OID.TSTZMULTIRANGE },
  { rangeOid: OID.DATERANGE, subtypeOid: OID.DATE, multirangeOid: OID.DATEMULTIRANGE },
  { rangeOid: OID.INT8RANGE, subtypeOid: OID.INT8, multirangeOid: OID.INT8MULTIRANGE },
];

function parseTypeTable(): SqlType[] {
  const lines = TYPE_TABLE.trim().split('\n');
  const types = lines.map((line): SqlType => {
    const [oid, name, length, byValue, align, category, preferred, element, array, kind, delimiter, storage] =
      line.split(' ');
    const range = BUILTIN_RANGES.find((each) => each.rangeOid === Number(oid));
    const ofMultirange = BUILTIN_RANGES.find((each) => each.multirangeOid === Number(oid));
    return {
      oid: Number(oid),
      name,
      displayName: displayName(name, category),
      length: Number(length),
      byValue: byValue === 't',
      align: align as TypeAlign,
      category,
      preferred: preferred === 't',
      elementOid: Number(element),
      arrayOid: Number(array),
      kind: kind as TypeKind,
      delimiter,
      storage: storage as TypeStorage,
      ...(range === undefined ? {} : { subtypeOid: range.subtypeOid, multirangeOid: range.multirangeOid }),
      ...(ofMultirange === undefined ? {} : { rangeOid: ofMultirange.rangeOid }),
    };
  });
  return types;
}

function displayName(name: string, category: string): string {
  if (name.startsWith('_') && category === 'A') return displayName(name.slice(1), '') + '[]';
  return DISPLAY_NAMES[name] ?? name;
}

export const BUILTIN_TYPES: readonly SqlType[] = parseTypeTable();

/**
 * The types that a database knows. A fork begins with its parent's; what one of them makes of a type that both have (ALTER TYPE, a
 * table's row type) the other does not see. New types have oids that nobody else has, and are put where all find them: in the registry of
 * all databases. Of two databases that have types of the same oid, one being a copy of the other, the first has its there.
 *
 * One is in use at a time (`useTypes`): work for a database is done in turns, and each turn says whose it is.
 */
export class TypeRegistry {
  readonly #parent: TypeRegistry | null;
  readonly #own: Map<number, SqlType>;
  /** What the parent has changed since the fork. */
  readonly #kept = new LazyMap<number, SqlType>();
  readonly #forks = new LazySet<TypeRegistry>();
  /** Of the registry of all: whose types are in it. */
  readonly #owners = new LazyMap<number, TypeRegistry>();

  constructor(types: readonly SqlType[], parent: TypeRegistry | null = null) {
    this.#parent = parent;
    this.#own = new Map(types.map((type) => [type.oid, type]));
  }

  get(oid: number): SqlType | undefined {
    const own = this.#own.get(oid);
    if (own !== undefined) return own;
    if (this.#parent === null) return this.#further(oid);
    return this.#kept.get(oid) ?? this.#parent.get(oid);
  }

  /** Of the registry of all. */
  #further(oid: number): SqlType | undefined {
    if (oid === 0 || oid >= FIRST_USER_OID) return undefined;
    const type = furtherTypes(oid);
    if (type !== undefined) this.#own.set(oid, type);
    return type;
  }

  /** It has types of which others know another version. */
  get differs(): boolean {
    return this.#parent !== null && (this.#own.size + this.#kept.size > 0 || this.#parent.differs);
  }

  set(type: SqlType): void {
    const parent = this.#parent;
    const before = this.get(type.oid);
    if (before === undefined && parent !== null && parent.#parent !== null) {
      parent.set(type);
      return;
    }
    if (before !== undefined) for (const fork of this.#forks) fork.#keep(before);
    if (parent === null || parent.#parent !== null || !parent.#belongsTo(type.oid, this)) this.#own.set(type.oid, type);
    else parent.#own.set(type.oid, type);
  }

  #belongsTo(oid: number, database: TypeRegistry): boolean {
    const owner = this.#owners.get(oid);
    if (owner === undefined) this.#owners.set(oid, database);
    return owner === undefined || owner === database;
  }

  /** Of the registry of all: one for a database. */
  forDatabase(): TypeRegistry {
    return new TypeRegistry([], this);
  }

  /** Also of what it has changed itself: it may go back to its beginning. */
  #keep(type: SqlType): void {
    if (!this.#kept.has(type.oid)) this.#kept.set(type.oid, type);
  }

  /** The fork is again as it began. */
  forgetOwn(): void {
    if (this.#own.size === 0) return;
    this.#own.clear();
    for (const listener of registrationListeners) listener();
  }

  fork(): TypeRegistry {
    const fork = new TypeRegistry([], this);
    this.#forks.add(fork);
    return fork;
  }

  /** The fork is not used any more. */
  endFork(fork: TypeRegistry): void {
    this.#forks.delete(fork);
  }
}

const registrationListeners: (() => void)[] = [];

const FIRST_USER_OID = 16384;
let furtherTypes: (oid: number) => SqlType | undefined = () => undefined;

/** Where to ask for types below the users' that are no base types: for the row types of system tables. */
export function setFurtherTypes(source: (oid: number) => SqlType | undefined): void {
  furtherTypes = source;
}

/** Of all databases that are no forks. */
export const MAIN_TYPES = new TypeRegistry(BUILTIN_TYPES);
let current = MAIN_TYPES;

/** From now on types are those of this registry. */
export function useTypes(registry: TypeRegistry): void {
  if (registry === current) return;
  const differ = registry.differs || current.differs;
  current = registry;
  if (differ) for (const listener of registrationListeners) listener();
}

/** The registry that `useTypes` was last called with. */
export function typesInUse(): TypeRegistry {
  return current;
}

const builtinByName = new Map<string, SqlType>(BUILTIN_TYPES.map((type) => [type.name, type]));
/** A built-in or registered type. */
export function typeByOid(oid: number): SqlType | undefined {
  return current.get(oid);
}

/** A built-in type by its internal name. User-made types are found through the catalog. */
export function typeByName(name: string): SqlType | undefined {
  return builtinByName.get(name);
}

/**
 * Makes a user-made type, or its next version, known to the functions of this folder. Functions asked for before (a
 * comparator, a text output) keep what they knew.
 */
export function registerType(type: SqlType): void {
  current.set(type);
  for (const listener of registrationListeners) listener();
}

/** For caches in this folder: called whenever a type is registered. */
export function onTypeRegistration(listener: () => void): void {
  registrationListeners.push(listener);
}

/** A domain's base type, through domains over domains; any other type is its own. */
export function baseTypeOid(oid: number): number {
  for (;;) {
    const type = current.get(oid);
    if (type === undefined || type.kind !== 'd' || type.baseOid === undefined) return oid;
    oid = type.baseOid;
  }
}

/** record[]: by its category a pseudo-type. */
const RECORD_ARRAY_OID = 2287;

/** A true array type, as opposed to name, oidvector and point, which can only be subscripted. */
export function isArrayType(type: SqlType): boolean {
  const isArrayCategory = type.category === 'A' || type.oid === RECORD_ARRAY_OID;
  return type.elementOid !== 0 && type.length === -1 && isArrayCategory;
}

/**
 * format_type(oid, typmod): the SQL name of a type. Null stands for "no modifier asked for", -1 for "none": they differ
 * for character and bit, where no modifier prints `character` and -1 prints `bpchar` and `"bit"`.
 */
export function formatType(oid: number, typmod: number | null = null): string {
  if (oid === 0) return '-';
  const type = current.get(oid);
  if (type === undefined) return '???';
  if (isArrayType(type) && type.name.startsWith('_')) return formatScalar(type.elementOid, typmod) + '[]';
  return formatScalar(oid, typmod);
}

function formatScalar(oid: number, typmod: number | null): string {
  const type = current.get(oid);
  if (type === undefined) return '???';
  if (typmod !== null && typmod < 0) {
    if (oid === OID.BPCHAR) return 'bpchar';
    if (oid === OID.BIT) return '"bit"';
  }
  if (typmod === null || typmod < 0) return type.displayName;
  return formatTypmod(oid, type.displayName, typmod);
}
