/**
 * Objects by catalog, oid and column number: pg_describe_object, pg_identify_object, pg_identify_object_as_address, and the way back,
 * pg_get_object_address. After: PostgreSQL, objectaddress.c.
 */
import { sqlError } from '../../types/errors.ts';
import { formatType, inputText, OID, SqlArray, typeByOid } from '../../types/index.ts';
import type { Catalog } from '../catalog.ts';
import { collationByOid } from '../collations.ts';
import { compositeClass } from '../composite-classes.ts';
import type { FunctionContext, Value } from '../function-entry.ts';
import { collationName, relationName, typeDisplayName } from '../pg-catalog/definitions.ts';
import { columnDefaults } from '../pg-catalog/relations.ts';
import { staticRows } from '../pg-catalog/static-tables.ts';
import { type Row, ruleOid, ViewContext } from '../pg-catalog/view-context.ts';
import { SEARCH_CATALOGS, SEARCH_WORDS, type SearchClass, searchEntry, searchEntryName } from '../text-search.ts';
import type { FunctionModule } from './module.ts';
import { quoteIdentifier } from './quote.ts';
import { functionByOid, operatorByOid } from './registry.ts';
import { isOperatorVisible, operatorEntry } from './user-operators.ts';
import { inputsOf, isRoutineVisible } from './user-routines.ts';

/** What the functions say of an object. */
interface Described {
  readonly type: string;
  readonly schema: string | null;
  /** Null where the name alone does not tell the object. */
  readonly name: string | null;
  /** In any search path. */
  readonly identity: string;
  readonly names: readonly string[];
  readonly args?: readonly string[];
  /** In words, as the search path has it. */
  readonly text: string;
}

/** Names of types that the grammar has: they need no schema. */
const STANDARD_TYPES = new Set<number>([
  OID.BOOL,
  OID.BPCHAR,
  OID.VARCHAR,
  OID.BIT,
  OID.VARBIT,
  OID.INT2,
  OID.INT4,
  OID.INT8,
  OID.FLOAT4,
  OID.FLOAT8,
  OID.NUMERIC,
  OID.INTERVAL,
  OID.TIME,
  OID.TIMETZ,
  OID.TIMESTAMP,
  OID.TIMESTAMPTZ,
]);

const join = (...names: string[]): string => names.map(quoteIdentifier).join('.');

class Describer {
  readonly #context: FunctionContext;
  readonly #catalog: Catalog;
  readonly #path: readonly string[];

  constructor(context: FunctionContext) {
    this.#context = context;
    this.#catalog = context.catalog as Catalog;
    this.#path = context.searchPath(true);
  }

  /** Null: there is none. */
  object(classOid: number, oid: number, column: number): Described | null {
    const known = DESCRIBED[classOid];
    if (known === undefined) throw sqlError('22023', `unrecognized object class: ${classOid}`);
    return this[known.by](oid, column, classOid);
  }

  /** The schema by which a name is found from everywhere: temporary ones are the session's. */
  #schema(oid: number): string {
    const name = this.#catalog.schemaName(oid);
    return oid === this.#context.system?.temporarySchemaOid ? 'pg_temp' : name;
  }

  #type(oid: number): string {
    return typeDisplayName(this.#catalog, oid, this.#path, (type) => formatType(type));
  }

  #qualifiedType(oid: number): string {
    const entry = this.#catalog.type(oid);
    if (entry !== undefined) {
      return `${join(this.#schema(entry.schemaOid), entry.name)}${entry.oid === oid ? '' : '[]'}`;
    }
    const type = typeByOid(oid);
    const isArray = type?.category === 'A' && type.elementOid !== 0;
    const isStandard = STANDARD_TYPES.has(isArray ? type.elementOid : oid);
    return isStandard ? formatType(oid) : `pg_catalog.${formatType(oid)}`;
  }

  #named(type: string, schemaOid: number | null, name: string, text: string): Described {
    if (schemaOid === null) {
      return { type, schema: null, name: quoteIdentifier(name), identity: quoteIdentifier(name), names: [name], text };
    }
    const schema = this.#schema(schemaOid);
    return {
      type,
      schema: quoteIdentifier(this.#catalog.schemaName(schemaOid)),
      name: quoteIdentifier(name),
      identity: join(schema, name),
      names: [schema, name],
      text,
    };
  }

  relation(oid: number, number: number): Described | null {
    const composite = compositeClass(this.#catalog, oid);
    const entry = composite ?? this.#catalog.namedRelation(oid);
    if (entry === undefined) return null;
    const kind =
      entry.class === 'relation'
        ? { table: 'table', view: 'view', materializedView: 'materialized view', virtual: 'table' }[entry.kind]
        : entry.class === 'type'
          ? 'composite type'
          : entry.class;
    const shown = entry.class === 'type' ? this.#type(oid) : relationName(this.#catalog, oid, this.#path);
    const whole = this.#named(kind, entry.schemaOid, entry.name, `${kind} ${shown}`);
    if (number === 0) return whole;
    const names =
      entry.class === 'relation'
        ? entry.columns.map((column) => (column.dropped ? null : column.name))
        : entry.class === 'type'
          ? (entry.attributes ?? []).map((attribute) => attribute.name)
          : [];
    const name = names[number - 1];
    if (name === undefined || name === null) return null;
    return {
      ...whole,
      type: `${kind} column`,
      identity: `${whole.identity}.${quoteIdentifier(name)}`,
      names: [...whole.names, name],
      text: `column ${name} of ${whole.text}`,
    };
  }

  type(oid: number): Described | null {
    const entry = this.#catalog.type(oid);
    const type = typeByOid(oid);
    if (entry === undefined && type === undefined) return null;
    const identity = this.#qualifiedType(oid);
    const name = entry?.oid === oid ? entry.name : (type?.name ?? `_${entry?.name}`);
    const schema = this.#catalog.schemaName(entry?.schemaOid ?? PG_CATALOG);
    return {
      type: 'type',
      schema: quoteIdentifier(schema),
      name: quoteIdentifier(name),
      identity,
      names: [identity],
      text: `type ${this.#type(oid)}`,
    };
  }

  routine(oid: number): Described | null {
    const made = this.#catalog.routine(oid);
    const entry = made === undefined ? functionByOid(oid) : null;
    if (made === undefined && entry === null) return null;
    const name = made?.name ?? (entry?.name as string);
    const schemaOid = made?.schemaOid ?? PG_CATALOG;
    const types = made === undefined ? (entry?.argumentTypes ?? []) : inputsOf(made).map((each) => each.typeOid);
    const isAggregate = made?.kind === 'aggregate' || entry?.kind === 'aggregate';
    const type = isAggregate ? 'aggregate' : made?.kind === 'procedure' ? 'procedure' : 'function';
    const args = types.map((each) => this.#qualifiedType(each));
    const schema = this.#schema(schemaOid);
    const isSeen = made === undefined || isRoutineVisible(this.#catalog, made, this.#path);
    const shown = isSeen ? quoteIdentifier(name) : join(schema, name);
    return {
      type,
      schema: quoteIdentifier(this.#catalog.schemaName(schemaOid)),
      name: null,
      identity: `${join(schema, name)}(${args.join(',')})`,
      names: [schema, name],
      args,
      text: `function ${shown}(${types.map((each) => this.#type(each)).join(',')})`,
    };
  }

  constraint(oid: number): Described | null {
    const constraint = this.#catalog.constraint(oid);
    if (constraint !== undefined) {
      const table = this.relation(constraint.tableOid, 0) as Described;
      return {
        type: 'table constraint',
        schema: table.schema,
        name: null,
        identity: `${quoteIdentifier(constraint.name)} on ${table.identity}`,
        names: [...table.names, constraint.name],
        text: `constraint ${constraint.name} on ${table.text}`,
      };
    }
    for (const type of this.#catalog.types()) {
      const check = type.checks?.find((each) => each.oid === oid);
      if (check === undefined) continue;
      const domain = this.#qualifiedType(type.oid);
      return {
        type: 'domain constraint',
        schema: quoteIdentifier(this.#catalog.schemaName(type.schemaOid)),
        name: null,
        identity: `${quoteIdentifier(check.name)} on ${domain}`,
        names: [domain],
        args: [check.name],
        text: `constraint ${check.name}`,
      };
    }
    return null;
  }

  columnDefault(oid: number): Described | null {
    for (const each of columnDefaults(new ViewContext(this.#context))) {
      if (each.oid !== oid) continue;
      const column = this.relation(each.table.oid, each.column.number) as Described;
      return {
        type: 'default value',
        schema: null,
        name: null,
        identity: `for ${column.identity}`,
        names: column.names,
        text: `default value for ${column.text}`,
      };
    }
    return null;
  }

  operator(oid: number): Described | null {
    const made = this.#catalog.operator(oid);
    const entry = made === undefined ? operatorByOid(oid) : operatorEntry(this.#catalog, made);
    if (entry === null) return null;
    const schemaOid = made?.schemaOid ?? PG_CATALOG;
    const schema = this.#schema(schemaOid);
    const types = [entry.leftType, entry.rightType];
    const args = types.map((type) => (type === 0 ? '-' : this.#qualifiedType(type)));
    const shown = types.map((type) => (type === 0 ? 'NONE' : this.#type(type))).join(',');
    const isSeen = made === undefined || isOperatorVisible(this.#catalog, made, this.#path);
    return {
      type: 'operator',
      schema: quoteIdentifier(this.#catalog.schemaName(schemaOid)),
      name: null,
      identity: `${quoteIdentifier(schema)}.${entry.name}(${args.map((arg) => (arg === '-' ? 'NONE' : arg)).join(',')})`,
      names: [schema, entry.name],
      args,
      text: `operator ${isSeen ? '' : `${quoteIdentifier(schema)}.`}${entry.name}(${shown})`,
    };
  }

  cast(oid: number): Described | null {
    const cast = this.#catalog.cast(oid) ?? null;
    if (cast === null) return null;
    const [source, target] = [cast.sourceTypeOid, cast.targetTypeOid];
    return {
      type: 'cast',
      schema: null,
      name: null,
      identity: `(${this.#qualifiedType(source)} AS ${this.#qualifiedType(target)})`,
      names: [this.#qualifiedType(source)],
      args: [this.#qualifiedType(target)],
      text: `cast from ${this.#type(source)} to ${this.#type(target)}`,
    };
  }

  collation(oid: number): Described | null {
    const entry = collationByOid(this.#catalog, oid);
    if (entry === undefined) return null;
    const text = `collation ${collationName(this.#catalog, oid, this.#path)}`;
    return this.#named('collation', entry.schemaOid, entry.name, text);
  }

  statistics(oid: number): Described | null {
    const entry = this.#catalog.entry('statistics', oid);
    if (entry?.class !== 'statistics') return null;
    const schema = this.#catalog.schemaName(entry.schemaOid);
    const isVisible = this.#path.includes(schema) && !schema.startsWith('pg_temp_');
    const shown = isVisible ? quoteIdentifier(entry.name) : join(schema, entry.name);
    return this.#named('statistics object', entry.schemaOid, entry.name, `statistics object ${shown}`);
  }

  policy(oid: number): Described | null {
    const policy = this.#catalog.policy(oid);
    if (policy === undefined) return null;
    const table = this.relation(policy.tableOid, 0) as Described;
    return {
      type: 'policy',
      schema: null,
      name: null,
      identity: `${quoteIdentifier(policy.name)} on ${table.identity}`,
      names: [...table.names, policy.name],
      text: `policy ${policy.name} on ${table.text}`,
    };
  }

  search(oid: number, _column: number, classOid: number): Described | null {
    const entryClass = (Object.keys(SEARCH_CATALOGS) as SearchClass[]).find(
      (each) => SEARCH_CATALOGS[each] === classOid,
    );
    const entry = searchEntry(this.#catalog, entryClass as SearchClass, oid);
    if (entry === undefined) return null;
    const words = SEARCH_WORDS[entryClass as SearchClass];
    return this.#named(
      words,
      entry.schemaOid,
      entry.name,
      `${words} ${searchEntryName(this.#catalog, entry, this.#path)}`,
    );
  }

  schema(oid: number): Described | null {
    if (this.#catalog.schema(oid) === undefined) return null;
    const name = this.#schema(oid);
    return this.#named('schema', null, name, `schema ${this.#catalog.schemaName(oid)}`);
  }

  role(oid: number): Described | null {
    const role = new ViewContext(this.#context).shared.role(oid);
    return role === undefined ? null : this.#named('role', null, role.name, `role ${role.name}`);
  }

  database(oid: number): Described | null {
    const found = new ViewContext(this.#context).shared.database(oid);
    return found === undefined ? null : this.#named('database', null, found.name, `database ${found.name}`);
  }

  extension(oid: number): Described | null {
    const found = this.#catalog.extension(oid);
    return found === undefined ? null : this.#named('extension', null, found.name, `extension ${found.name}`);
  }

  /** Of views: what they answer. */
  rule(oid: number): Described | null {
    const view = this.relation(oid - ruleOid(0), 0);
    if (view === null) return null;
    return {
      type: 'rule',
      schema: null,
      name: null,
      identity: `"_RETURN" on ${view.identity}`,
      names: [...view.names, '_RETURN'],
      text: `rule _RETURN on ${view.text}`,
    };
  }

  operatorClass(oid: number): Described | null {
    const row = staticRows('pg_opclass')?.find((each) => each.oid === oid);
    if (row === undefined) return null;
    const name = row.opcname as string;
    const method = staticRows('pg_am')?.find((each) => each.oid === row.opcmethod)?.amname as string;
    const named = this.#named('operator class', PG_CATALOG, name, `operator class ${name} for access method ${method}`);
    return { ...named, identity: `${named.identity} USING ${method}`, names: [method, ...named.names] };
  }

  /** Of classes that nobody can make any object of. */
  nothing(): null {
    return null;
  }

  builtIn(oid: number, _column: number, classOid: number): Described | null {
    const { words, table, column } = DESCRIBED[classOid] as Required<DescribedClass>;
    const row = staticRows(table)?.find((each: Row) => each.oid === oid);
    if (row === undefined) return null;
    const name = row[column] as string;
    return this.#named(words, null, name, `${words} ${name}`);
  }
}

const PG_CATALOG = 11;

interface DescribedClass {
  readonly by: Exclude<keyof Describer, 'object'>;
  /** What pg_identify_object calls one that is not there. */
  readonly words: string;
  readonly table?: string;
  readonly column?: string;
}

const DESCRIBED: Readonly<Record<number, DescribedClass>> = {
  1259: { by: 'relation', words: 'relation' },
  1247: { by: 'type', words: 'type' },
  1255: { by: 'routine', words: 'routine' },
  2604: { by: 'columnDefault', words: 'default value' },
  2606: { by: 'constraint', words: 'constraint' },
  2615: { by: 'schema', words: 'schema' },
  2617: { by: 'operator', words: 'operator' },
  2605: { by: 'cast', words: 'cast' },
  3456: { by: 'collation', words: 'collation' },
  3381: { by: 'statistics', words: 'statistics object' },
  3600: { by: 'search', words: SEARCH_WORDS.searchDictionary },
  3601: { by: 'search', words: SEARCH_WORDS.searchParser },
  3602: { by: 'search', words: SEARCH_WORDS.searchConfiguration },
  3764: { by: 'search', words: SEARCH_WORDS.searchTemplate },
  1260: { by: 'role', words: 'role' },
  1262: { by: 'database', words: 'database' },
  3079: { by: 'extension', words: 'extension' },
  2618: { by: 'rule', words: 'rule' },
  2616: { by: 'operatorClass', words: 'operator class' },
  2607: { by: 'nothing', words: 'conversion' },
  2620: { by: 'nothing', words: 'trigger' },
  2753: { by: 'nothing', words: 'operator family' },
  2602: { by: 'nothing', words: 'operator of access method' },
  2603: { by: 'nothing', words: 'function of access method' },
  2613: { by: 'nothing', words: 'large object' },
  2328: { by: 'nothing', words: 'foreign-data wrapper' },
  1417: { by: 'nothing', words: 'server' },
  1418: { by: 'nothing', words: 'user mapping' },
  826: { by: 'nothing', words: 'default acl' },
  3466: { by: 'nothing', words: 'event trigger' },
  3256: { by: 'policy', words: 'policy' },
  6104: { by: 'nothing', words: 'publication' },
  6106: { by: 'nothing', words: 'publication relation' },
  6100: { by: 'nothing', words: 'subscription' },
  3576: { by: 'nothing', words: 'transform' },
  2601: { by: 'builtIn', words: 'access method', table: 'pg_am', column: 'amname' },
  2612: { by: 'builtIn', words: 'language', table: 'pg_language', column: 'lanname' },
  1213: { by: 'builtIn', words: 'tablespace', table: 'pg_tablespace', column: 'spcname' },
};

function textArray(texts: readonly string[]): SqlArray {
  return new SqlArray(OID.TEXT, texts);
}

// ------------------------------------------------------------------------------------------------------- the way back

/** How many names an object of a type has, and how they are made the text that a reg type reads. */
interface Address {
  readonly classOid: number;
  readonly reader: number;
  /** The type's own name: one, without a schema. */
  readonly isPlain?: boolean;
  readonly hasArguments?: boolean;
}

const ADDRESSES: Readonly<Record<string, Address>> = {
  table: { classOid: 1259, reader: OID.REGCLASS },
  index: { classOid: 1259, reader: OID.REGCLASS },
  sequence: { classOid: 1259, reader: OID.REGCLASS },
  view: { classOid: 1259, reader: OID.REGCLASS },
  'materialized view': { classOid: 1259, reader: OID.REGCLASS },
  function: { classOid: 1255, reader: OID.REGPROCEDURE, hasArguments: true },
  procedure: { classOid: 1255, reader: OID.REGPROCEDURE, hasArguments: true },
  routine: { classOid: 1255, reader: OID.REGPROCEDURE, hasArguments: true },
  aggregate: { classOid: 1255, reader: OID.REGPROCEDURE, hasArguments: true },
  operator: { classOid: 2617, reader: OID.REGOPERATOR, hasArguments: true },
  collation: { classOid: 3456, reader: OID.REGCOLLATION },
  'text search configuration': { classOid: 3602, reader: OID.REGCONFIG },
  'text search dictionary': { classOid: 3600, reader: OID.REGDICTIONARY },
  schema: { classOid: 2615, reader: OID.REGNAMESPACE, isPlain: true },
  role: { classOid: 1260, reader: OID.REGROLE, isPlain: true },
};

type AddressRow = readonly [classOid: number, oid: number, column: number];

function objectAddress(context: FunctionContext, type: string, nameArray: SqlArray, argArray: SqlArray): AddressRow {
  const names = textsOf(nameArray);
  const args = textsOf(argArray);
  const read = (reader: number, text: string): number => inputText(reader, -1, text, context.format) as number;
  const need = (count: number): void => {
    if (names.length === count) return;
    throw sqlError('22023', `name list length must be exactly ${count}`);
  };
  const needArguments = (count: number): void => {
    if (args.length === count) return;
    throw sqlError('22023', `argument list length must be exactly ${count}`);
  };
  if (type === 'type' || type === 'cast') {
    need(1);
    if (type === 'type') return [1247, read(OID.REGTYPE, names[0]), 0];
    needArguments(1);
    return [2605, castOid(context, read(OID.REGTYPE, names[0]), read(OID.REGTYPE, args[0])), 0];
  }
  if (type === 'domain constraint') {
    need(1);
    needArguments(1);
    const domain = (context.catalog as Catalog).type(read(OID.REGTYPE, names[0]));
    const check = domain?.checks?.find((each) => each.name === args[0]);
    if (check !== undefined) return [2606, check.oid, 0];
    throw sqlError('42704', `constraint "${args[0]}" for domain ${names[0]} does not exist`);
  }
  const part =
    /^(?:table|view|materialized view|composite type|foreign table) column$|^table constraint$|^default value$/.test(
      type,
    );
  if (part) {
    if (names.length === 0) throw sqlError('22023', 'name list length must be at least 1');
    if (names.length === 1) throw sqlError('42601', 'column name must be qualified');
    return partAddress(context, type, read(OID.REGCLASS, join(...names.slice(0, -1))), names[names.length - 1]);
  }
  const address = ADDRESSES[type];
  if (address === undefined) {
    const named = NAMED_CLASSES[type];
    const what = type.startsWith('composite type') ? 'unsupported' : 'unrecognized';
    if (named === undefined) throw sqlError('22023', `${what} object type "${type}"`);
    need(1);
    return [named.classOid, named.find(context, names[0]), 0];
  }
  if (names.length === 0) throw sqlError('22023', 'name list length must be at least 1');
  if (address.isPlain) need(1);
  if (type === 'operator') needArguments(2);
  if (!address.hasArguments) {
    const oid = read(address.reader, join(...names));
    if (address.classOid === 1259) mustBe(context, oid, type, names);
    return [address.classOid, oid, 0];
  }
  const operands = args.map((arg) => (arg === '-' ? 'NONE' : arg)).join(',');
  const name =
    type === 'operator' ? [...names.slice(0, -1).map(quoteIdentifier), names.at(-1)].join('.') : join(...names);
  return [address.classOid, read(address.reader, `${name}(${operands})`), 0];
}

function mustBe(context: FunctionContext, oid: number, type: string, names: readonly string[]): void {
  if (new Describer(context).object(1259, oid, 0)?.type === type) return;
  throw sqlError('42809', `"${names[names.length - 1]}" is not ${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`);
}

function textsOf(array: SqlArray): string[] {
  if (array.hasNull) throw sqlError('22023', 'name or argument lists may not contain nulls');
  return array.elements as string[];
}

function castOid(context: FunctionContext, source: number, target: number): number {
  const found = (context.catalog as Catalog).castBetween(source, target);
  if (found !== undefined) return found.oid;
  throw sqlError('42704', `cast from type ${formatType(source)} to type ${formatType(target)} does not exist`);
}

function partAddress(context: FunctionContext, type: string, oid: number, name: string): AddressRow {
  const catalog = context.catalog as Catalog;
  const relation = catalog.relation(oid);
  const shown = relation?.name ?? compositeClass(catalog, oid)?.name ?? '';
  if (type === 'table constraint') {
    const found = catalog.constraintsOf(oid).find((each) => each.name === name);
    if (found !== undefined) return [2606, found.oid, 0];
    throw sqlError('42704', `constraint "${name}" for table "${shown}" does not exist`);
  }
  const attributes = relation?.columns ?? compositeClass(catalog, oid)?.attributes ?? [];
  const number = attributes.findIndex((each) => each.name === name && !('dropped' in each && each.dropped)) + 1;
  if (number === 0) throw sqlError('42703', `column "${name}" of relation "${shown}" does not exist`);
  if (type !== 'default value') return [1259, oid, number];
  for (const each of columnDefaults(new ViewContext(context))) {
    if (each.table.oid === oid && each.column.number === number) return [2604, each.oid, 0];
  }
  throw sqlError('42703', `default value for column "${name}" of relation "${shown}" does not exist`);
}

interface NamedClass {
  readonly classOid: number;
  find(context: FunctionContext, name: string): number;
}

function builtInNamed(classOid: number): NamedClass {
  const { words, table, column } = DESCRIBED[classOid] as Required<DescribedClass>;
  return {
    classOid,
    find(_context, name) {
      const row = staticRows(table)?.find((each: Row) => each[column] === name);
      if (row === undefined) throw sqlError('42704', `${words} "${name}" does not exist`);
      return row.oid as number;
    },
  };
}

/** Objects of a kind that hotrow has none of. */
function neverThere(classOid: number): NamedClass {
  return {
    classOid,
    find(_context, name) {
      throw sqlError('42704', `${(DESCRIBED[classOid] as DescribedClass).words} "${name}" does not exist`);
    },
  };
}

const NAMED_CLASSES: Readonly<Record<string, NamedClass>> = {
  'foreign-data wrapper': neverThere(2328),
  server: neverThere(1417),
  'event trigger': neverThere(3466),
  publication: neverThere(6104),
  subscription: neverThere(6100),
  'large object': {
    classOid: 2613,
    find(context, name) {
      const oid = inputText(OID.OID, -1, name, context.format) as number;
      throw sqlError('42704', `large object ${oid} does not exist`);
    },
  },
  'access method': builtInNamed(2601),
  language: builtInNamed(2612),
  tablespace: builtInNamed(1213),
  database: {
    classOid: 1262,
    find(context, name) {
      const found = new ViewContext(context).shared.databaseByName(name);
      if (found === undefined) throw sqlError('3D000', `database "${name}" does not exist`);
      return found.oid;
    },
  },
  extension: {
    classOid: 3079,
    find(context, name) {
      const found = (context.catalog as Catalog).extensionByName(name);
      if (found === undefined) throw sqlError('42704', `extension "${name}" does not exist`);
      return found.oid;
    },
  },
};

/** What one that is not there is called: a column that a relation does not have by the relation's kind. */
function wordsOfNone(context: FunctionContext, classOid: number, oid: number, column: number): string {
  const whole = classOid === 1259 && column !== 0 ? new Describer(context).object(classOid, oid, 0) : null;
  return whole === null ? DESCRIBED[classOid].words : `${whole.type} column`;
}

export const objectAddressFunctions: FunctionModule = {
  contextual: {
    pg_describe_object: (context, classOid: number, oid: number, column: number) =>
      new Describer(context).object(classOid, oid, column)?.text ?? null,
    pg_identify_object(context, classOid: number, oid: number, column: number): Value[] {
      const found = new Describer(context).object(classOid, oid, column);
      if (found === null) return [wordsOfNone(context, classOid, oid, column), null, null, null];
      return [found.type, found.schema, found.name, found.identity];
    },
    pg_identify_object_as_address(context, classOid: number, oid: number, column: number): Value[] {
      const found = new Describer(context).object(classOid, oid, column);
      if (found === null) return [wordsOfNone(context, classOid, oid, column), null, null];
      return [found.type, textArray(found.names), textArray(found.args ?? [])];
    },
    pg_get_object_address: (context, type: string, names: SqlArray, args: SqlArray) => [
      ...objectAddress(context, type, names, args),
    ],
  },
};
