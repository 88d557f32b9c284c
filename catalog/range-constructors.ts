/** The functions that make values of user-made range and multirange types: floatrange(1, 2), floatmultirange(). */
import { OID } from '../types/index.ts';
import type { Catalog } from './catalog.ts';
import type { TypeEntry } from './entries.ts';
import type { CastEntry, ScalarFunction } from './function-entry.ts';
import { scalarFunction } from './functions/registry.ts';

/** int4range's and int4multirange's, whose implementations know the type from the result. */
const RANGE_MODELS = [3840, 3841] as const;
const MULTIRANGE_MODELS = [4280, 4281, 4282] as const;

const constructors = new WeakMap<TypeEntry, readonly ScalarFunction[]>();

function constructorsOf(entry: TypeEntry, arrayOfRange: number): readonly ScalarFunction[] {
  let functions = constructors.get(entry);
  if (functions === undefined) {
    functions = makeConstructors(entry, arrayOfRange);
    constructors.set(entry, functions);
  }
  return functions;
}

function makeConstructors(entry: TypeEntry, arrayOfRange: number): readonly ScalarFunction[] {
  const own = entry.constructors;
  if (own === undefined) return [];
  const like = (model: number, oid: number, argumentTypes: readonly number[]): ScalarFunction => ({
    ...scalarFunction(model),
    oid,
    name: own.name,
    argumentTypes,
    returnType: entry.oid,
  });
  if (entry.range !== undefined) {
    const { subtypeOid } = entry.range;
    return [
      like(RANGE_MODELS[0], own.oids[0], [subtypeOid, subtypeOid]),
      like(RANGE_MODELS[1], own.oids[1], [subtypeOid, subtypeOid, OID.TEXT]),
    ];
  }
  return [
    like(MULTIRANGE_MODELS[0], own.oids[0], []),
    like(MULTIRANGE_MODELS[1], own.oids[1], [entry.rangeOid ?? 0]),
    like(MULTIRANGE_MODELS[2], own.oids[2], [arrayOfRange]),
  ];
}

export interface RangeConstructor {
  readonly schemaOid: number;
  readonly entry: ScalarFunction;
}

const byCatalog = new WeakMap<Catalog, ReadonlyMap<string, readonly RangeConstructor[]>>();

/** All of a catalog, by name. */
export function rangeConstructors(catalog: Catalog): ReadonlyMap<string, readonly RangeConstructor[]> {
  let found = byCatalog.get(catalog);
  if (found === undefined) {
    found = gather(catalog);
    byCatalog.set(catalog, found);
  }
  return found;
}

/** The cast of a user-made range to its multirange, null for other types: the constructor of one range. */
export function castToMultirange(catalog: Catalog, source: number, target: number): CastEntry | null {
  const entry = catalog.type(target);
  if (entry === undefined || entry.oid !== target || entry.rangeOid !== source) return null;
  const found = rangeConstructors(catalog)
    .get(entry.constructors?.name ?? '')
    ?.find((each) => each.entry.returnType === target && each.entry.argumentTypes[0] === source);
  if (found === undefined) return null;
  return { sourceType: source, targetType: target, context: 'explicit', function: found.entry };
}

function gather(catalog: Catalog): ReadonlyMap<string, readonly RangeConstructor[]> {
  const result = new Map<string, RangeConstructor[]>();
  for (const type of catalog.types()) {
    if (type.constructors === undefined) continue;
    const { name, schemaOid } = type.constructors;
    const arrayOfRange = type.rangeOid === undefined ? 0 : (catalog.type(type.rangeOid)?.arrayOid ?? 0);
    const own = constructorsOf(type, arrayOfRange).map((entry) => ({ schemaOid, entry }));
    result.set(name, [...(result.get(name) ?? []), ...own]);
  }
  return result;
}
