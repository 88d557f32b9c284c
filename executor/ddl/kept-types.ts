/** Type names of a text that is to be kept: user-made ones by oid (catalog/kept-types.ts). */
import { findCollation } from '../../catalog/collations.ts';
import { keptCollationName } from '../../catalog/kept-collations.ts';
import { keptRoutineName } from '../../catalog/kept-routines.ts';
import { keptTypeName } from '../../catalog/kept-types.ts';
import type { FunctionCall, FunctionRef, SelectBody, TypeName } from '../../parser/ast.ts';
import { columnNameOf } from '../../planner/index.ts';
import { FIRST_OID } from '../../storage/api.ts';
import { formatType, isArrayType, typeByName, typeByOid } from '../../types/index.ts';
import type { DdlContext } from './context.ts';

/** The AST with every name of a user-made type replaced. */
export function withKeptTypes<T>(x: DdlContext, node: T): T {
  if (Array.isArray(node)) {
    const items = node.map((item) => withKeptTypes(x, item));
    return (items.some((item, i) => item !== node[i]) ? items : node) as T;
  }
  if (typeof node !== 'object' || node === null || Object.getPrototypeOf(node) !== Object.prototype) return node;
  const record = node as Record<string, unknown>;
  if (record['kind'] === 'typeName') return keptName(x, record as unknown as TypeName) as T;
  if (record['kind'] === 'collate') {
    const { arg, collation } = record as unknown as { arg: unknown; collation: readonly string[] };
    return { ...record, arg: withKeptTypes(x, arg), collation: keptCollation(x, collation) } as T;
  }
  if (record['kind'] === 'select' || record['kind'] === 'functionRef') {
    return keptParts(x, withNamedCalls(x, record)) as T;
  }
  const routineOid = record['kind'] === 'function' ? x.routineOf(record) : 0;
  const kept = keptParts(x, record);
  const operatorOid = OPERATOR_NODES.has(record['kind']) ? x.operatorOf(record) : 0;
  if (operatorOid !== 0) return { ...kept, schema: keptRoutineName(operatorOid) } as T;
  return (routineOid === 0 ? kept : { ...kept, name: [keptRoutineName(routineOid)] }) as T;
}

/** Nodes in which an operator stands with its schema: a user-made one has its oid there. */
const OPERATOR_NODES = new Set<unknown>(['operator', 'quantifiedArray', 'quantifiedSubquery']);

/** A call of a user-made function gives its name to a column, or a FROM item, that has none: so it is written out. */
function withNamedCalls(x: DdlContext, record: Record<string, unknown>): Record<string, unknown> {
  const nameOf = (node: unknown): string | null => {
    const call = node as FunctionCall;
    return call.kind === 'function' && x.routineOf(call) !== 0 ? call.name[call.name.length - 1] : null;
  };
  if (record['kind'] === 'functionRef') {
    const { alias, functions, columnDefs } = record as unknown as FunctionRef;
    const columns = columnDefs.length > 0 ? null : x.columnsOf(record);
    // Its columns are written out: whatever becomes of the function, the rest of the query finds them.
    if (columns !== null)
      return { ...record, alias: { name: alias?.name ?? columnNameOf(functions[0].call), columns } };
    const name = alias === null ? nameOf(functions[0].call) : null;
    return name === null ? record : { ...record, alias: { name, columns: [] } };
  }
  const { targets } = record as unknown as SelectBody;
  return {
    ...record,
    targets: targets.map((target) => (target.alias === null ? { ...target, alias: nameOf(target.expr) } : target)),
  };
}

function keptParts(x: DdlContext, record: Record<string, unknown>): Record<string, unknown> {
  let changed: Record<string, unknown> | null = null;
  for (const [key, value] of Object.entries(record)) {
    const kept = withKeptTypes(x, value);
    if (kept === value) continue;
    changed ??= { ...record };
    changed[key] = kept;
  }
  return changed ?? record;
}

function keptName(x: DdlContext, type: TypeName): TypeName {
  if (type.percentType) return type;
  const last = type.name[type.name.length - 1];
  const schema = type.name.length > 1 ? type.name[type.name.length - 2] : null;
  const found = x.catalog.typeByName(schema, last, x.searchPath);
  // Tables' row types have no entry of their own by oid; built-in names are found first.
  if (found === undefined || x.catalog.type(found.oid) === undefined) return type;
  if (schema === null && isBuiltIn(last)) return type;
  return { ...type, name: [keptTypeName(found.oid)] };
}

function keptCollation(x: DdlContext, name: readonly string[]): readonly string[] {
  const found = findCollation(x.catalog, name, x.searchPath);
  if (found === undefined) return name;
  return found.oid < FIRST_OID ? [found.name] : [keptCollationName(found.oid)];
}

function isBuiltIn(name: string): boolean {
  const type = typeByName(name);
  return type !== undefined && type.oid < FIRST_OID;
}

/** format_type for a kept text. */
export function keptFormat(x: DdlContext, oid: number, typeModifier: number | null): string {
  const type = typeByOid(oid);
  const isArray = type !== undefined && isArrayType(type);
  const scalar = isArray ? type.elementOid : oid;
  if (x.catalog.type(scalar) === undefined) return formatType(oid, typeModifier);
  return `"${keptTypeName(scalar)}"${isArray ? '[]' : ''}`;
}
