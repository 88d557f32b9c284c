/** Type names of a text that is to be kept: user-made ones by oid (catalog/kept-types.ts). */
import { findCollation } from '../../catalog/collations.ts';
import { keptCollationName } from '../../catalog/kept-collations.ts';
import { attributeNumber, keptFieldName } from '../../catalog/kept-fields.ts';
import { keptRoutineName } from '../../catalog/kept-routines.ts';
import { keptTypeName } from '../../catalog/kept-types.ts';
import type { Expression, FieldExpr, FieldStarExpr, FunctionRef, SelectBody, TypeName } from '../../parser/ast.ts';
import { columnNameOf, type RowFields } from '../../planner/index.ts';
import { FIRST_OID } from '../../storage/api.ts';
import { formatType, isArrayType, typeByName, typeByOid } from '../../types/index.ts';
import type { DdlContext } from './context.ts';
import { withOperators } from './kept-operators.ts';

/** The AST with every name of a user-made type replaced. */
export function withKeptTypes<T>(x: DdlContext, node: T): T {
  if (Array.isArray(node)) {
    const items = node.flatMap((item) => withFields(x, item)).map((item) => withKeptTypes(x, item));
    return (items.length !== node.length || items.some((item, i) => item !== node[i]) ? items : node) as T;
  }
  if (typeof node !== 'object' || node === null || Object.getPrototypeOf(node) !== Object.prototype) return node;
  const record = node as Record<string, unknown>;
  if (record['kind'] === 'typeName') return keptName(x, record as unknown as TypeName) as T;
  if (record['kind'] === 'collate') {
    const { arg, collation } = record as unknown as { arg: unknown; collation: readonly string[] };
    return { ...record, arg: withKeptTypes(x, arg), collation: keptCollation(x, collation) } as T;
  }
  if (record['kind'] === 'select') return keptSelect(x, record as unknown as SelectBody) as T;
  if (record['kind'] === 'functionRef') return keptParts(x, withNamedColumns(x, record)) as T;
  if (record['kind'] === 'field') return keptFieldNode(x, record as unknown as FieldExpr) as T;
  const condition = withOperators(x, record as unknown as Expression);
  if (condition !== null) return withKeptTypes(x, condition) as unknown as T;
  const routineOid = record['kind'] === 'function' ? x.routineOf(record) : 0;
  const kept = keptParts(x, record);
  const operatorOid = OPERATOR_NODES.has(record['kind']) ? x.operatorOf(record, record['operator'] as string) : 0;
  if (operatorOid !== 0) return { ...kept, schema: keptRoutineName(operatorOid) } as T;
  return (routineOid === 0 ? kept : { ...kept, name: [keptRoutineName(routineOid)] }) as T;
}

/** Nodes in which an operator stands with its schema: a user-made one has its oid there. */
const OPERATOR_NODES = new Set<unknown>(['operator', 'quantifiedArray', 'quantifiedSubquery']);

/** What gives its name to a column, and is kept under another: such a column's name is written out. */
function keptSelect(x: DdlContext, body: SelectBody): unknown {
  const kept = keptParts(x, body as unknown as Record<string, unknown>) as unknown as SelectBody;
  const written = body.targets.flatMap((target) => withFields(x, target));
  const targets = kept.targets.map((target, i) => {
    const name = columnNameOf(written[i].expr);
    return target.alias === null && columnNameOf(target.expr) !== name ? { ...target, alias: name } : target;
  });
  return { ...kept, targets };
}

/** (row).* in a list of targets, or of values: its fields. */
function withFields<T>(x: DdlContext, item: T): readonly T[] {
  if (typeof item !== 'object' || item === null) return [item];
  const { kind, expr } = item as { kind?: unknown; expr?: Expression };
  const star = kind === 'fieldStar' ? (item as unknown as FieldStarExpr) : expr?.kind === 'fieldStar' ? expr : null;
  const fields = star === null ? undefined : x.fieldsOf(star);
  if (star === null || fields === undefined) return [item];
  return fields.names.map((name, i) => {
    const field = namedField(x, { ...star, kind: 'field', field: name }, fields, i);
    return (star === (item as unknown) ? field : { ...item, expr: field, alias: name }) as T;
  });
}

function keptFieldNode(x: DdlContext, node: FieldExpr): Expression {
  const fields = x.fieldsOf(node);
  const named = fields === undefined ? node : namedField(x, node, fields, 0);
  return keptParts(x, named as unknown as Record<string, unknown>) as unknown as Expression;
}

/** A field by its number; of a row of FROM it is a column. */
function namedField(x: DdlContext, node: FieldExpr, { typeOid, isItem, indexes }: RowFields, i: number): Expression {
  const { base, field } = node;
  if (isItem && base.kind === 'columnRef') return { ...base, star: false, name: [...base.name, field] };
  const type = typeOid >= FIRST_OID ? x.catalog.type(typeOid) : undefined;
  if (type === undefined) return node;
  return { ...node, field: keptFieldName({ typeOid, number: attributeNumber(type, indexes[i]) }) };
}

/** The columns of functions in FROM are written out: whatever becomes of a function, the rest of the query finds them. */
function withNamedColumns(x: DdlContext, record: Record<string, unknown>): Record<string, unknown> {
  const { alias, functions, columnDefs } = record as unknown as FunctionRef;
  const columns = columnDefs.length > 0 ? null : x.columnsOf(record);
  const [{ call }] = functions;
  if (columns === null) {
    const isMade = alias === null && call.kind === 'function' && x.routineOf(call) !== 0;
    return isMade ? { ...record, alias: { name: call.name[call.name.length - 1], columns: [] } } : record;
  }
  const { names, functions: rows } = columns;
  const hasRows = rows.some(({ row }) => row !== undefined);
  return {
    ...record,
    ...(hasRows ? { functions: rows, rowsFrom: true } : {}),
    alias: { name: alias?.name ?? columnNameOf(call), columns: names },
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
  if (schema === null && isBuiltIn(last)) return type;
  const oid = x.catalog.typeOidByName(schema, last, x.searchPath);
  const found = x.catalog.type(oid);
  if (found === undefined) return type;
  const name = [keptTypeName(found.oid)];
  // An array type's own name: kept as an array of its elements.
  return found.oid === oid ? { ...type, name } : { ...type, name, arrayDimensions: [-1] };
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
