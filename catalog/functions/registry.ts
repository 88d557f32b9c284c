/**
 * All built-in functions, operators and casts, found by name or oid.
 *
 * The tables (builtin-procs.ts, builtin-operators.ts) are text, one line per entry, which is searched; an entry object is made when somebody
 * asks for it, and kept. So a server that starts pays for nothing, and identity holds: the same oid always answers the same object.
 */
import type {
  AggregateFunction,
  CastEntry,
  FunctionEntry,
  OperatorEntry,
  ScalarFunction,
  Value,
  Volatility,
  WindowFunction,
} from '../function-entry.ts';
import { BUILTIN_CASTS, BUILTIN_OPERATORS } from './builtin-operators.ts';
import { BUILTIN_PROCS } from './builtin-procs.ts';
import { EXTENSION_OPERATORS, EXTENSION_PROCS } from './extension-procs.ts';
import { HOTROW_OPERATORS, HOTROW_PROCS } from './hotrow-procs.ts';
import type { AggregateSpec, FunctionModule, WindowSpec } from './module.ts';
import { FUNCTION_MODULES } from './modules.ts';

/** How many names are searched for in a table's text before it is indexed by name: a search costs 30 us, the index some milliseconds. */
const SEARCHES_MAX = 200;

/** A text table. Lines are `oid separator name separator ...`, in the order of their oids. An offset is where a line starts. */
class TextTable {
  readonly text: string;
  readonly #separator: string;
  #searches = 0;
  #byName: ReadonlyMap<string, readonly number[]> | null = null;

  constructor(text: string, separator: string) {
    this.text = text;
    this.#separator = separator;
  }

  lineAt(offset: number): string {
    const end = this.text.indexOf('\n', offset);
    return this.text.slice(offset, end < 0 ? this.text.length : end);
  }

  oidAt(offset: number): number {
    return Number.parseInt(this.text.slice(offset, offset + 12), 10);
  }

  *offsets(): Generator<number> {
    for (let offset = 0; ; ) {
      yield offset;
      offset = this.text.indexOf('\n', offset) + 1;
      if (offset === 0) return;
    }
  }

  offsetOfOid(oid: number): number | undefined {
    const { text } = this;
    let [low, high] = [0, text.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const start = middle === 0 ? 0 : text.lastIndexOf('\n', middle - 1) + 1;
      const own = this.oidAt(start);
      if (own === oid) return start;
      if (own > oid) high = start;
      else low = text.indexOf('\n', middle) + 1 || text.length;
    }
    return undefined;
  }

  offsetsOfName(name: string): readonly number[] {
    if (this.#byName !== null) return this.#byName.get(name) ?? [];
    if (++this.#searches > SEARCHES_MAX) {
      this.#byName = this.#indexed();
      return this.offsetsOfName(name);
    }
    const { text } = this;
    const field = `${this.#separator}${name}${this.#separator}`;
    const found: number[] = [];
    for (let at = text.indexOf(field); at >= 0; at = text.indexOf(field, at + 1)) {
      const start = text.lastIndexOf('\n', at) + 1;
      if (text.indexOf(this.#separator, start) === at) found.push(start);
    }
    return found;
  }

  /** Lines with a field that begins so. */
  *offsetsOfField(beginning: string): Generator<number> {
    const { text } = this;
    const wanted = this.#separator + beginning;
    for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1))
      yield text.lastIndexOf('\n', at) + 1;
  }

  #indexed(): ReadonlyMap<string, readonly number[]> {
    const byName = new Map<string, number[]>();
    for (const offset of this.offsets()) {
      const start = this.text.indexOf(this.#separator, offset) + 1;
      const name = this.text.slice(start, this.text.indexOf(this.#separator, start));
      const known = byName.get(name);
      if (known === undefined) byName.set(name, [offset]);
      else known.push(offset);
    }
    return byName;
  }
}

const PROCS = new TextTable(`${BUILTIN_PROCS}\n${HOTROW_PROCS}`, '|');
const OPERATORS = new TextTable(`${BUILTIN_OPERATORS}\n${HOTROW_OPERATORS}`, ' ');
const OF_EXTENSIONS = new TextTable(EXTENSION_PROCS, '|');
const OPERATORS_OF_EXTENSIONS = new TextTable(EXTENSION_OPERATORS, ' ');

const functionEntries = new Map<number, FunctionEntry>();
const functionLists = new Map<string, readonly FunctionEntry[]>();
const operatorEntries = new Map<number, OperatorEntry>();
const operatorLists = new Map<string, readonly OperatorEntry[]>();
const NO_FUNCTIONS: readonly FunctionEntry[] = [];
const NO_OPERATORS: readonly OperatorEntry[] = [];

function parseOids(text: string): number[] {
  return text === '' ? [] : text.split(' ').map(Number);
}

type ImplementationKind = keyof FunctionModule;

/** Implementations of all modules by internal name, gathered at the first question. */
let implementations: Map<string, { readonly kind: ImplementationKind; readonly value: unknown }> | null = null;

function findImplementation(internalName: string): { readonly kind: ImplementationKind; readonly value: unknown } {
  if (implementations === null) {
    implementations = new Map();
    for (const module of FUNCTION_MODULES) {
      for (const kind in module) {
        const group = module[kind as ImplementationKind] as Record<string, unknown>;
        for (const name in group) implementations.set(name, { kind: kind as ImplementationKind, value: group[name] });
      }
    }
  }
  const found = implementations.get(internalName);
  if (found === undefined) throw new Error(`no implementation of ${internalName}`);
  return found;
}

const VOLATILITY: Readonly<Record<string, Volatility>> = { i: 'immutable', s: 'stable', v: 'volatile' };

function parseProc(line: string): FunctionEntry {
  const [oidText, name, argText, returnText, flags, internalName, nameText, outText, defaultText] = line.split('|');
  const oid = Number(oidText);
  const argumentTypes = parseOids(argText);
  const returnType = Number(returnText);
  const variadic = flags.includes('A');
  const common = { oid, internalName, name, argumentTypes, variadic, returnType };
  if (flags.includes('G')) return makeAggregate(common, flags.includes('O'));
  if (flags.includes('W')) {
    const create = findImplementation(internalName).value as WindowSpec;
    return { kind: 'window', ...common, create } satisfies WindowFunction;
  }
  const setRows = /R(\d+)/.exec(flags)?.[1];
  return {
    kind: 'scalar',
    ...common,
    ...(nameText ? { argumentNames: nameText.split(',') } : {}),
    ...(defaultText ? { defaults: JSON.parse(defaultText) as Value[] } : {}),
    ...(outText ? { outColumns: parseOutColumns(outText) } : {}),
    returnsSet: flags.includes('R'),
    ...(setRows === undefined ? {} : { setRows: Number(setRows) }),
    strict: flags.includes('S'),
    volatility: VOLATILITY[flags[0]],
    ...scalarImplementation(internalName),
  } satisfies ScalarFunction;
}

function parseOutColumns(text: string): { name: string; typeOid: number }[] {
  return text.split(',').map((column) => {
    const [name, typeOid] = column.split(' ');
    return { name, typeOid: Number(typeOid) };
  });
}

function makeAggregate(
  common: Pick<AggregateFunction, 'oid' | 'internalName' | 'name' | 'argumentTypes' | 'variadic' | 'returnType'>,
  orderedSet: boolean,
): AggregateFunction {
  const spec = findImplementation(common.internalName).value as AggregateSpec;
  return {
    kind: 'aggregate',
    ...common,
    strict: spec.strict,
    orderedSet,
    hypothetical: spec.hypothetical === true,
    orderInsensitive: spec.orderInsensitive === true,
    create: spec.create,
  };
}

function scalarImplementation(
  internalName: string,
): Pick<ScalarFunction, 'implementation' | 'needsContext' | 'specialise' | 'runsQuery'> {
  const { kind, value } = findImplementation(internalName);
  return {
    ...(kind === 'querying' ? { runsQuery: true } : {}),
    needsContext: kind === 'contextual' || kind === 'querying' || kind === 'specialisedContextual',
    specialise: kind === 'specialised' || kind === 'specialisedContextual',
    implementation: value as ScalarFunction['implementation'],
  };
}

/** The entry at a line of the table: one object per oid. */
function functionAt(table: TextTable, offset: number): FunctionEntry {
  const oid = table.oidAt(offset);
  let entry = functionEntries.get(oid);
  if (entry === undefined) {
    entry = parseProc(table.lineAt(offset));
    functionEntries.set(oid, entry);
  }
  return entry;
}

function functionsIn(table: TextTable): FunctionEntry[] {
  return [...table.offsets()].map((offset) => functionAt(table, offset));
}

/** All functions, aggregates and window functions of pg_catalog with this name. */
export function functionsByName(name: string): readonly FunctionEntry[] {
  const known = functionLists.get(name);
  if (known !== undefined) return known;
  const offsets = PROCS.offsetsOfName(name);
  if (offsets.length === 0) return NO_FUNCTIONS;
  const list = offsets.map((offset) => functionAt(PROCS, offset));
  functionLists.set(name, list);
  return list;
}

/** Of pg_catalog, or behind an extension's type. */
export function functionByOid(oid: number): FunctionEntry | null {
  const known = functionEntries.get(oid);
  if (known !== undefined) return known;
  for (const table of [PROCS, OF_EXTENSIONS]) {
    const offset = table.offsetOfOid(oid);
    if (offset !== undefined) return functionAt(table, offset);
  }
  return null;
}

/** Of pg_catalog alone: one of allFunctions(). */
export function catalogFunction(oid: number): FunctionEntry | null {
  const offset = PROCS.offsetOfOid(oid);
  return offset === undefined ? null : functionAt(PROCS, offset);
}

/** Every built-in function in oid order, for pg_proc. Makes all entries. */
export function allFunctions(): FunctionEntry[] {
  return functionsIn(PROCS);
}

/** Functions behind the types of extensions. */
export function allExtensionFunctions(): FunctionEntry[] {
  return functionsIn(OF_EXTENSIONS);
}

/** What an extension's function of LANGUAGE internal is, by its internal name; the first of pg_catalog where several rows have it. */
export function functionOfExtension(internalName: string): ScalarFunction {
  const found = internalFunction(internalName);
  if (found === null) throw new Error(`no function ${internalName}`);
  return found;
}

const internalFunctions = new Map<string, ScalarFunction | null>();

/** The same; null: there is none. */
export function internalFunction(internalName: string): ScalarFunction | null {
  let known = internalFunctions.get(internalName);
  if (known === undefined) {
    known = internalFunctionIn(OF_EXTENSIONS, internalName) ?? internalFunctionIn(PROCS, internalName);
    internalFunctions.set(internalName, known);
  }
  return known;
}

function internalFunctionIn(table: TextTable, internalName: string): ScalarFunction | null {
  for (const offset of table.offsetsOfField(internalName)) {
    const entry = functionAt(table, offset);
    if (entry.kind === 'scalar' && entry.internalName === internalName) return entry;
  }
  return null;
}

/** The one built-in scalar function with this oid; for code that knows which it wants. */
export function scalarFunction(oid: number): ScalarFunction {
  const entry = functionByOid(oid);
  if (entry === null || entry.kind !== 'scalar') throw new Error(`no scalar function ${oid}`);
  return entry;
}

function parseOperator(line: string): OperatorEntry {
  const [oid, name, left, right, result, procOid, commutator, negator, strategy] = line.split(' ');
  return {
    oid: Number(oid),
    name,
    leftType: Number(left),
    rightType: Number(right),
    resultType: Number(result),
    function: scalarFunction(Number(procOid)),
    commutator,
    negator,
    btreeStrategy: Number(strategy) as OperatorEntry['btreeStrategy'],
  };
}

function operatorAt(table: TextTable, offset: number): OperatorEntry {
  const oid = table.oidAt(offset);
  let entry = operatorEntries.get(oid);
  if (entry === undefined) {
    entry = parseOperator(table.lineAt(offset));
    operatorEntries.set(oid, entry);
  }
  return entry;
}

function operatorsIn(table: TextTable): OperatorEntry[] {
  return [...table.offsets()].map((offset) => operatorAt(table, offset));
}

/** All operators with this name, prefix ones (leftType 0) included. */
export function operatorsByName(name: string): readonly OperatorEntry[] {
  const known = operatorLists.get(name);
  if (known !== undefined) return known;
  const offsets = OPERATORS.offsetsOfName(name);
  if (offsets.length === 0) return NO_OPERATORS;
  const list = offsets.map((offset) => operatorAt(OPERATORS, offset));
  operatorLists.set(name, list);
  return list;
}

/** Operators behind the types of extensions, which no database shows as they are. */
export function allExtensionOperators(): OperatorEntry[] {
  return operatorsIn(OPERATORS_OF_EXTENSIONS);
}

export function extensionOperatorsByName(name: string): readonly OperatorEntry[] {
  const table = OPERATORS_OF_EXTENSIONS;
  return table.offsetsOfName(name).map((offset) => operatorAt(table, offset));
}

export function operatorByOid(oid: number): OperatorEntry | null {
  const offset = OPERATORS.offsetOfOid(oid);
  return offset === undefined ? null : operatorAt(OPERATORS, offset);
}

export function allOperators(): OperatorEntry[] {
  return operatorsIn(OPERATORS);
}

const CAST_CONTEXT: Readonly<Record<string, CastEntry['context']>> = { i: 'implicit', a: 'assignment', e: 'explicit' };
let castLines: Map<number, string> | null = null;
const castEntries = new Map<number, CastEntry>();
/** Above every built-in oid, so that source * OID_LIMIT + target is one number per pair. */
const OID_LIMIT = 16384;

function castTable(): Map<number, string> {
  if (castLines !== null) return castLines;
  castLines = new Map();
  for (const line of BUILTIN_CASTS.split('\n')) {
    const [source, target] = line.split(' ', 2);
    castLines.set(Number(source) * OID_LIMIT + Number(target), line);
  }
  return castLines;
}

/**
 * The cast from one built-in type to another, as pg_cast has it (source = target: the cast that applies a length). Conversions
 * through text, of arrays, domains, enums and records are not pg_cast's business and are the binder's here too.
 */
export function lookupCast(source: number, target: number): CastEntry | null {
  if (source >= OID_LIMIT || target >= OID_LIMIT) return null;
  const key = source * OID_LIMIT + target;
  const known = castEntries.get(key);
  if (known !== undefined) return known;
  const line = castTable().get(key);
  if (line === undefined) return null;
  const [, , procOid, context] = line.split(' ');
  const entry: CastEntry = {
    sourceType: source,
    targetType: target,
    context: CAST_CONTEXT[context],
    function: procOid === '0' ? null : scalarFunction(Number(procOid)),
  };
  castEntries.set(key, entry);
  return entry;
}

/** Every cast, for pg_cast. */
export function allCasts(): CastEntry[] {
  return [...castTable().keys()].map((key) => lookupCast(Math.floor(key / OID_LIMIT), key % OID_LIMIT)!);
}

/** Types that compare as another one: the input type of their default btree operator class. */
const COMPARED_AS: Readonly<Record<number, number>> = {
  1043: 25, // varchar as text
  705: 25, // unknown as text
  650: 869, // cidr as inet
  3904: 3831, // int4range, and the others below, as anyrange
  3906: 3831,
  3908: 3831,
  3910: 3831,
  3912: 3831,
  3926: 3831,
  4451: 4537, // int4multirange, and the others below, as anymultirange
  4532: 4537,
  4533: 4537,
  4534: 4537,
  4535: 4537,
  4536: 4537,
  2205: 26, // regclass, and the others below, as oid
  24: 26,
  2202: 26,
  2203: 26,
  2204: 26,
  2206: 26,
  3734: 26,
  3769: 26,
  4089: 26,
  4096: 26,
  4191: 26,
};
/** Types with an operator class for hashing, but none for sorting: xid, cid. */
const HASHED_ONLY: ReadonlySet<number> = new Set([28, 29, 1033]);
const ANYARRAY = 2277;
const ARRAY_TYPES = new Set(
  parseOids(
    '143 199 210 270 271 272 273 629 651 719 775 791 1000 1001 1002 1003 1005 1006 1007 1008 1009 1010 1011 1012 1013 1014 1015 ' +
      '1016 1017 1018 1019 1020 1021 1022 1027 1028 1034 1040 1041 1115 1182 1183 1185 1187 1231 1263 1270 1561 1563 2201 2207 ' +
      '2208 2209 2210 2211 2287 2949 2951 3221 3643 3644 3645 3735 3770 3807 3905 3907 3909 3911 3913 3927 4073 4090 4097 4192 ' +
      '5039 6150 6151 6152 6153 6155 6157',
  ),
);
/** Where the operator of a name on two values of a type stands, by name and type. */
const sameTypeOperators = new Map<string, Map<number, () => OperatorEntry>>();
const STRATEGY_NAMES = ['', '<', '<=', '=', '>=', '>'];

/** Operators of one strategy on two values of one type, by that type. */
function operatorsOfOneType(name: string): Map<number, () => OperatorEntry> {
  let byType = sameTypeOperators.get(name);
  if (byType === undefined) {
    byType = new Map();
    for (const table of [OPERATORS, OPERATORS_OF_EXTENSIONS]) {
      for (const offset of table.offsetsOfName(name)) {
        const [, , left, right] = table.lineAt(offset).split(' ', 4);
        if (left === right) byType.set(Number(left), () => operatorAt(table, offset));
      }
    }
    sameTypeOperators.set(name, byType);
  }
  return byType;
}

/**
 * The operator `type < type` (strategy 1), <= (2), = (3), >= (4), > (5) by which built-in types are sorted and grouped;
 * null for types without one (json). Array types answer anyarray's. Callers map what a catalog defines beforehand:
 * domains to their base type, enums to anyenum (3500), composites to record (2249), ranges to anyrange (3831), multiranges to
 * anymultirange (4537), arrays of those to anyarray (2277).
 */
export function comparisonOperator(typeOid: number, strategy: 1 | 2 | 3 | 4 | 5): OperatorEntry | null {
  const byType = operatorsOfOneType(STRATEGY_NAMES[strategy]);
  const operator = byType.get(COMPARED_AS[typeOid] ?? typeOid)?.();
  // Geometric types have = and <, but these compare sizes, and are in no operator class.
  if (operator !== undefined) return operator.btreeStrategy !== 0 || HASHED_ONLY.has(typeOid) ? operator : null;
  // int2vector has no operators of its own, and is compared as an array.
  const isArray = ARRAY_TYPES.has(typeOid) || typeOid === ANYARRAY || typeOid === 22;
  return isArray ? (byType.get(ANYARRAY)?.() ?? null) : null;
}

/** The function behind `type = type`, or null (json, point ...). */
export function equalityFunction(typeOid: number): ScalarFunction | null {
  return comparisonOperator(typeOid, 3)?.function ?? null;
}
