/** Constraints of domains: what a value must meet to be of the type. Compiled once for a type's entry. */
import { PLAIN_COLUMN, type RelationEntry, type TypeEntry } from '../catalog/entries.ts';
import { safeLabel } from '../catalog/enum-labels.ts';
import type { FunctionContext, Value } from '../catalog/function-entry.ts';
import type { Catalog } from '../catalog/index.ts';
import { typeDisplayName } from '../catalog/pg-catalog/definitions.ts';
import { parseExpression } from '../parser/index.ts';
import { bindScalar, type PlannerEnvironment } from '../planner/index.ts';
import type { StorageEngine } from '../storage/api.ts';
import { sqlError } from '../types/errors.ts';
import { baseTypeOid, formatType, isArrayType, OID, type SqlArray, type SqlRecord, typeByOid } from '../types/index.ts';
import { rowsCheck } from './compile/batch-program.ts';
import { SlotAllocator } from './compile/slots.ts';
import { ExecContext } from './context.ts';

/** Answers the value, or throws 23502 or 23514. */
export type DomainCheck = (functions: FunctionContext, value: Value) => Value;

/** What a domain itself asks, without the domains below it. */
interface Constraints {
  readonly notNull: boolean;
  /** Throws 23514 in the name of the outermost domain. */
  check(functions: FunctionContext, value: Value, outermost: TypeEntry, names: DomainNames): void;
}

interface DomainNames {
  readonly schema: string;
  readonly dataType: string;
}

const compiled = new WeakMap<TypeEntry, Constraints>();

/** The check of a domain and of the domains it is over; null when every value of the base type will do. */
export function domainCheckOf(
  engine: StorageEngine,
  catalog: Catalog,
  oid: number,
  environment: PlannerEnvironment,
): DomainCheck | null {
  const outermost = domainEntry(catalog, oid);
  const chain: Constraints[] = [];
  for (let type = outermost; type !== undefined; type = domainEntry(catalog, type.baseTypeOid)) {
    if (type.notNull !== true && (type.checks ?? []).length === 0) continue;
    let own = compiled.get(type);
    if (own === undefined) {
      own = compile(engine, type, environment);
      compiled.set(type, own);
    }
    chain.unshift(own);
  }
  if (outermost === undefined || chain.length === 0) return null;
  const names = { schema: catalog.schemaName(outermost.schemaOid), dataType: outermost.name };
  const notNull = chain.some((constraints) => constraints.notNull);
  return (functions, value) => {
    if (value === null && notNull)
      throw sqlError('23502', `domain ${shownName(functions, outermost)} does not allow null values`, names);
    for (const constraints of chain) constraints.check(functions, value, outermost, names);
    return value;
  };
}

/** Qualified where the search path does not find it. */
function shownName(functions: FunctionContext, domain: TypeEntry): string {
  const catalog = functions.catalog as Catalog;
  return typeDisplayName(catalog, domain.oid, functions.searchPath(true), (oid) => formatType(oid));
}

/** Undefined for other types, and for arrays of the domain. */
export function domainEntry(catalog: Catalog, oid: number): TypeEntry | undefined {
  const type = catalog.type(oid);
  return type?.kind === 'domain' && type.oid === oid ? type : undefined;
}

/** The same for a value that was read from a text: of the domains inside arrays and composite types, and labels of enums, too. */
export function inputCheckOf(
  engine: StorageEngine,
  catalog: Catalog,
  oid: number,
  environment: PlannerEnvironment,
): DomainCheck | null {
  const type = typeByOid(oid);
  if (type === undefined || type.kind === 'b') {
    const element = type !== undefined && isArrayType(type) ? type.elementOid : 0;
    // Most arrays are of built-in types.
    if (element === 0 || typeByOid(element)?.kind === 'b') return null;
    const check = inputCheckOf(engine, catalog, element, environment);
    return check === null ? null : (functions, value) => checkElements(check, functions, value as SqlArray | null);
  }
  if (type.kind === 'd') {
    const inner = inputCheckOf(engine, catalog, baseTypeOid(oid), environment);
    const own = domainCheckOf(engine, catalog, oid, environment);
    return inner === null || own === null
      ? (inner ?? own)
      : (functions, value) => own(functions, inner(functions, value));
  }
  if (type.kind === 'e') {
    const unsafe = catalog.unsafeLabels(oid);
    return unsafe.length === 0 ? null : (_, value) => safeLabel(unsafe, type.name, value);
  }
  if (type.kind !== 'c') return null;
  const checks = (type.attributes ?? []).map(({ typeOid }) => inputCheckOf(engine, catalog, typeOid, environment));
  if (checks.every((check) => check === null)) return null;
  return (functions, value) => {
    (value as SqlRecord | null)?.values.forEach((field, i) => {
      checks[i]?.(functions, field);
    });
    return value;
  };
}

function checkElements(check: DomainCheck, functions: FunctionContext, value: SqlArray | null): Value {
  if (value !== null) for (const element of value.elements) check(functions, element);
  return value;
}

function compile(engine: StorageEngine, type: TypeEntry, environment: PlannerEnvironment): Constraints {
  const table = tableOfValue(type);
  // All checks run on one context.
  const slots = new SlotAllocator();
  const checks = [...(type.checks ?? [])]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, text }) => {
      const expr = bindScalar(parseExpression(text), table, environment, {
        source: 'check',
        targetType: { typeOid: OID.BOOL, typeModifier: -1 },
      });
      return { name, holds: rowsCheck(slots, [table.columns], expr) };
    });
  const x = new ExecContext(engine);
  return {
    notNull: type.notNull === true,
    check(functions, value, outermost, names) {
      x.functions = functions;
      x.once.length = 0;
      for (const { name, holds } of checks) {
        if (holds(x, [[value]])) continue;
        const domain = shownName(functions, outermost);
        throw sqlError('23514', `value for domain ${domain} violates check constraint "${name}"`, {
          ...names,
          constraint: name,
        });
      }
    },
  };
}

/** VALUE in a domain's CHECK is a column of that name, for the binder. */
export function tableOfValue(type: TypeEntry): RelationEntry {
  return {
    class: 'relation',
    oid: 0,
    kind: 'table',
    schemaOid: 0,
    name: 'domain',
    owner: 0,
    persistence: 'permanent',
    relId: 0,
    overflowRelId: 0,
    columns: [
      {
        ...PLAIN_COLUMN,
        number: 1,
        name: 'value',
        typeOid: type.baseTypeOid,
        typeModifier: type.baseTypeModifier,
      },
    ],
    layout: 0,
    queryText: null,
    options: [],
    dependsOn: [],
  };
}
