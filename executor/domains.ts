/** Constraints of domains: what a value must meet to be of the type. Compiled once for a type's entry. */
import type { RelationEntry, TypeEntry } from '../catalog/entries.ts';
import type { FunctionContext, Value } from '../catalog/function-entry.ts';
import type { Catalog } from '../catalog/index.ts';
import { parseExpression } from '../parser/index.ts';
import { bindScalar, type PlannerEnvironment } from '../planner/index.ts';
import type { StorageEngine } from '../storage/api.ts';
import { sqlError } from '../types/errors.ts';
import { OID } from '../types/index.ts';
import { rowsCheck } from './compile/batch-program.ts';
import { SlotAllocator } from './compile/expression.ts';
import { ExecContext } from './context.ts';

/** Answers the value, or throws 23502 or 23514. */
export type DomainCheck = (functions: FunctionContext, value: Value) => Value;

const compiled = new WeakMap<TypeEntry, DomainCheck>();

/** The check of a domain with that of the domain it is over, if any; null when every value of the base type will do. */
export function domainCheckOf(
  engine: StorageEngine,
  catalog: Catalog,
  oid: number,
  environment: PlannerEnvironment,
): DomainCheck | null {
  const type = catalog.type(oid);
  if (type === undefined || type.kind !== 'domain') return null;
  const inner = domainCheckOf(engine, catalog, type.baseTypeOid, environment);
  if (type.notNull !== true && (type.checks ?? []).length === 0) return inner;
  let own = compiled.get(type);
  if (own === undefined) {
    own = compile(engine, catalog, type, environment);
    compiled.set(type, own);
  }
  if (inner === null) return own;
  const outer = own;
  return (functions, value) => outer(functions, inner(functions, value));
}

function compile(
  engine: StorageEngine,
  catalog: Catalog,
  type: TypeEntry,
  environment: PlannerEnvironment,
): DomainCheck {
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
  const names = { schema: catalog.schemaName(type.schemaOid), dataType: type.name };
  return (functions, value) => {
    if (value === null && type.notNull === true)
      throw sqlError('23502', `domain ${type.name} does not allow null values`, names);
    x.functions = functions;
    x.once.length = 0;
    for (const { name, holds } of checks) {
      if (holds(x, [[value]])) continue;
      throw sqlError('23514', `value for domain ${type.name} violates check constraint "${name}"`, {
        ...names,
        constraint: name,
      });
    }
    return value;
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
        number: 1,
        name: 'value',
        typeOid: type.baseTypeOid,
        typeModifier: type.baseTypeModifier,
        notNull: false,
        defaultText: null,
        generated: false,
        identity: null,
        sequenceOid: 0,
        dropped: false,
        missingText: null,
        sinceLayout: 0,
      },
    ],
    layout: 0,
    queryText: null,
    options: [],
    dependsOn: [],
  };
}
