/**
 * Polymorphic arguments (after check_generic_type_consistency and enforce_generic_type_consistency of PostgreSQL's
 * parse_coerce.c): what anyelement and its family stand for in a call, given the types of its arguments.
 */
import { canCoerce } from './coerce.ts';
import { commonTypeOf } from './common-type.ts';
import type { BindContext, Position } from './context.ts';
import {
  ANYARRAY,
  ANYCOMPATIBLE,
  ANYCOMPATIBLEARRAY,
  ANYCOMPATIBLEMULTIRANGE,
  ANYCOMPATIBLENONARRAY,
  ANYCOMPATIBLERANGE,
  ANYELEMENT,
  ANYENUM,
  ANYMULTIRANGE,
  ANYNONARRAY,
  ANYRANGE,
  TEXT,
  UNKNOWN,
} from './type-info.ts';

/** anyelement and its kin: all say the same type, exactly. */
const FAMILY_1: ReadonlySet<number> = new Set([ANYELEMENT, ANYARRAY, ANYNONARRAY, ANYENUM, ANYRANGE, ANYMULTIRANGE]);
/** anycompatible and its kin: arguments are converted to their common type. */
const FAMILY_2: ReadonlySet<number> = new Set([
  ANYCOMPATIBLE,
  ANYCOMPATIBLEARRAY,
  ANYCOMPATIBLENONARRAY,
  ANYCOMPATIBLERANGE,
  ANYCOMPATIBLEMULTIRANGE,
]);

export function isPolymorphic(oid: number): boolean {
  // Few types have such high oids and are built-in.
  return oid >= ANYARRAY && (FAMILY_1.has(oid) || FAMILY_2.has(oid));
}

export interface Polymorphic {
  /** Actual type for each declared argument; 0: nothing says it, as all arguments that could are of unknown type. */
  readonly args: readonly number[];
  resolve(declared: number): number;
}

/** What the arguments say of each family; 0: nothing yet. */
class Findings {
  readonly context: BindContext;
  element = 0;
  array = 0;
  range = 0;
  multirange = 0;
  compatibleRange = 0;
  compatibleMultirange = 0;
  readonly compatible: number[] = [];

  constructor(context: BindContext) {
    this.context = context;
  }

  /** Takes in one argument whose type is known; false when it contradicts what was found, or is of the wrong kind. */
  add(declared: number, actual: number): boolean {
    const { types } = this.context;
    const base = types.base(actual);
    switch (declared) {
      case ANYELEMENT:
      case ANYNONARRAY:
      case ANYENUM:
        if (this.element !== 0 && this.element !== actual) return false;
        this.element = actual;
        return true;
      case ANYARRAY:
        if (base === ANYARRAY) return true;
        if (types.elementOf(base) === 0 || (this.array !== 0 && this.array !== base)) return false;
        this.array = base;
        return true;
      case ANYRANGE:
        if (types.subtypeOf(base) === 0 || (this.range !== 0 && this.range !== base)) return false;
        this.range = base;
        return true;
      case ANYMULTIRANGE:
        if (types.rangeOf(base) === 0 || (this.multirange !== 0 && this.multirange !== base)) return false;
        this.multirange = base;
        return true;
      case ANYCOMPATIBLEARRAY: {
        const member = types.elementOf(base);
        if (member !== 0) this.compatible.push(member);
        return member !== 0;
      }
      case ANYCOMPATIBLERANGE:
        if (this.compatibleRange !== 0) return this.compatibleRange === base;
        this.compatibleRange = base;
        if (types.subtypeOf(base) !== 0) this.compatible.push(types.subtypeOf(base));
        return types.subtypeOf(base) !== 0;
      case ANYCOMPATIBLEMULTIRANGE:
        if (this.compatibleMultirange !== 0) return this.compatibleMultirange === base;
        this.compatibleMultirange = base;
        if (types.rangeOf(base) !== 0) this.compatible.push(types.subtypeOf(types.rangeOf(base)));
        return types.rangeOf(base) !== 0;
      default:
        this.compatible.push(actual);
        return true;
    }
  }

  /** Draws conclusions from arrays, ranges and multiranges about one another and their elements; false: they contradict. */
  conclude(): boolean {
    const { types } = this.context;
    if (this.array !== 0 && !this.#agree(types.elementOf(this.array))) return false;
    if (this.multirange !== 0) {
      const range = types.rangeOf(this.multirange);
      if (this.range !== 0 && this.range !== range) return false;
      this.range = range;
    }
    if (this.range !== 0) {
      if (this.multirange === 0) this.multirange = types.multirangeOf(this.range);
      if (!this.#agree(types.subtypeOf(this.range))) return false;
    }
    if (this.compatibleMultirange !== 0) {
      const range = types.rangeOf(this.compatibleMultirange);
      if (this.compatibleRange !== 0 && this.compatibleRange !== range) return false;
      this.compatibleRange = range;
    } else if (this.compatibleRange !== 0) this.compatibleMultirange = types.multirangeOf(this.compatibleRange);
    return true;
  }

  #agree(member: number): boolean {
    const { types } = this.context;
    if (this.element === 0) this.element = member;
    return this.element === member || types.base(this.element) === types.base(member);
  }
}

/** Binds the declared types to actual ones; null when they do not agree. */
export function resolvePolymorphic(
  context: BindContext,
  declared: readonly number[],
  actual: readonly number[],
): Polymorphic | null {
  const { types } = context;
  const found = new Findings(context);
  for (let i = 0; i < declared.length; i++) {
    if (!isPolymorphic(declared[i]) || actual[i] === UNKNOWN) continue;
    if (!found.add(declared[i], actual[i])) return null;
  }
  if (!found.conclude()) return null;
  const { element } = found;
  if (declared.includes(ANYNONARRAY) && element !== 0 && types.isArray(types.base(element))) return null;
  if (declared.includes(ANYENUM) && element !== 0 && !types.isEnum(types.base(element))) return null;
  let common = 0;
  if (declared.some((oid) => FAMILY_2.has(oid))) {
    const chosen = found.compatible.length === 0 ? TEXT : commonTypeOf(context, found.compatible);
    if (chosen === null) return null;
    // Types of one category are not all converted to each other: record[] and record.
    const fits = (oid: number): boolean => oid === chosen || canCoerce(context, oid, chosen, 'implicit');
    if (!found.compatible.every(fits)) return null;
    common = chosen;
    if (found.compatibleRange !== 0 && types.subtypeOf(found.compatibleRange) !== common) return null;
    if (declared.includes(ANYCOMPATIBLENONARRAY) && types.isArray(types.base(common))) return null;
    if (declared.includes(ANYCOMPATIBLEARRAY) && types.arrayOf(common) === 0) return null;
  }
  // An argument of type anyarray (a column of pg_stats) says that it is some array.
  const isSaid = declared.some((oid, i) => FAMILY_1.has(oid) && actual[i] !== UNKNOWN);
  const resolve = (oid: number): number => {
    switch (oid) {
      case ANYELEMENT:
      case ANYNONARRAY:
      case ANYENUM:
        return element;
      case ANYARRAY:
        if (found.array !== 0) return found.array;
        return element !== 0 ? types.arrayOf(element) : isSaid ? ANYARRAY : 0;
      case ANYRANGE:
        return found.range;
      case ANYMULTIRANGE:
        return found.multirange;
      case ANYCOMPATIBLE:
      case ANYCOMPATIBLENONARRAY:
        return common;
      case ANYCOMPATIBLEARRAY:
        return common === 0 ? 0 : types.arrayOf(common);
      case ANYCOMPATIBLERANGE:
        return found.compatibleRange;
      case ANYCOMPATIBLEMULTIRANGE:
        return found.compatibleMultirange;
      default:
        return oid;
    }
  };
  return { args: declared.map(resolve), resolve };
}

const asDeclared = (oid: number): number => oid;

/** What declared types come to in a call; PostgreSQL's error when nothing says it. */
export function resolveTypes(
  context: BindContext,
  declared: readonly number[],
  actual: readonly number[],
  position: Position,
): { types: readonly number[]; resolve: (oid: number) => number } {
  if (!declared.some(isPolymorphic)) return { types: declared, resolve: asDeclared };
  const generic = resolvePolymorphic(context, declared, actual);
  if (generic === null) throw context.error('42804', 'arguments declared "anyelement" are not all alike', position);
  const undetermined = generic.args.indexOf(0);
  if (undetermined >= 0) {
    // A range type does not follow from its element type, though the element type is known.
    const isElementKnown = FAMILY_2.has(declared[undetermined]) || generic.resolve(ANYELEMENT) !== 0;
    const what = isElementKnown ? `polymorphic type ${context.types.name(declared[undetermined])}` : 'polymorphic type';
    throw context.error('42804', `could not determine ${what} because input has type unknown`);
  }
  return { types: generic.args, resolve: generic.resolve };
}
