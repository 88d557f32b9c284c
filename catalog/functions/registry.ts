/**
 * All built-in functions, operators and casts, found by name or oid.
 *
 * The tables (builtin-procs.ts, builtin-operators.ts) are text, one line per entry. The first question indexes them by
 * name and oid in one pass; an entry object is made when somebody asks for it, and kept. So a server that starts pays for the
 * pass only, and identity holds: the same oid always answers the same object.
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

/** A text table and where its lines start, by name and by oid. Lines are `oid separator name separator ...`. */
interface TableIndex {
  readonly text: string;
  readonly offsetsByName: Map<string, number[]>;
  readonly offsetByOid: Map<number, number>;
}

function indexTable(text: string, separator: string): TableIndex {
  const offsetsByName = new Map<string, number[]>();
  const offsetByOid = new Map<number, number>();
  let start = 0;
  while (start < text.length) {
    const nameStart = text.indexOf(separator, start) + 1;
    const nameEnd = text.indexOf(separator, nameStart);
    const name = text.slice(nameStart, nameEnd);
    offsetByOid.set(Number(text.slice(start, nameStart - 1)), start);
    const offsets = offsetsByName.get(name);
    if (offsets === undefined) offsetsByName.set(name, [start]);
    else offsets.push(start);
    start = text.indexOf('\n', nameEnd) + 1;
    if (start === 0) break;
  }
  return { text, offsetsByName, offsetByOid };
}

function lineAt(table: TableIndex, offset: number): string {
  const end = table.text.indexOf('\n', offset);
  return table.text.slice(offset, end < 0 ? table.text.length : end);
}

let procTable: TableIndex | null = null;
let operatorTable: TableIndex | null = null;
let extensionProcTable: TableIndex | null = null;
let extensionOperatorTable: TableIndex | null = null;

function procs(): TableIndex {
  procTable ??= indexTable(`${BUILTIN_PROCS}\n${HOTROW_PROCS}`, '|');
  return procTable;
}

function operators(): TableIndex {
  operatorTable ??= indexTable(`${BUILTIN_OPERATORS}\n${HOTROW_OPERATORS}`, ' ');
  return operatorTable;
}

function extensionProcs(): TableIndex {
  extensionProcTable ??= indexTable(EXTENSION_PROCS, '|');
  return extensionProcTable;
}

function extensionOperators(): TableIndex {
  extensionOperatorTable ??= indexTable(EXTENSION_OPERATORS, ' ');
  return extensionOperatorTable;
}

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
function functionAt(table: TableIndex, oid: number, offset: number): FunctionEntry {
  let entry = functionEntries.get(oid);
  if (entry === undefined) {
    entry = parseProc(lineAt(table, offset));
    functionEntries.set(oid, entry);
  }
  return entry;
}

function functionsAt(table: TableIndex, offsets: readonly number[]): readonly FunctionEntry[] {
  return offsets.map((offset) => functionAt(table, oidAt(table, offset), offset));
}

function oidAt(table: TableIndex, offset: number): number {
  return Number.parseInt(table.text.slice(offset, offset + 12), 10);
}

/** All functions, aggregates and window functions of pg_catalog with this name. */
export function functionsByName(name: string): readonly FunctionEntry[] {
  const known = functionLists.get(name);
  if (known !== undefined) return known;
  const table = procs();
  const offsets = table.offsetsByName.get(name);
  if (offsets === undefined) return NO_FUNCTIONS;
  const list = functionsAt(table, offsets);
  functionLists.set(name, list);
  return list;
}

/** Of pg_catalog, or behind an extension's type. */
export function functionByOid(oid: number): FunctionEntry | null {
  const table = procs().offsetByOid.has(oid) ? procs() : extensionProcs();
  const offset = table.offsetByOid.get(oid);
  return offset === undefined ? null : functionAt(table, oid, offset);
}

/** Every built-in function in oid order, for pg_proc. Makes all entries. */
export function allFunctions(): FunctionEntry[] {
  return [...procs().offsetByOid].map(([oid, offset]) => functionAt(procs(), oid, offset));
}

/** Functions behind the types of extensions. */
export function allExtensionFunctions(): FunctionEntry[] {
  return [...extensionProcs().offsetByOid].map(([oid, offset]) => functionAt(extensionProcs(), oid, offset));
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
    const [entry] = functionsAt(extensionProcs(), extensionProcs().offsetsByName.get(internalName) ?? []);
    const found = entry ?? allFunctions().find((each) => each.kind === 'scalar' && each.internalName === internalName);
    known = found?.kind === 'scalar' ? found : null;
    internalFunctions.set(internalName, known);
  }
  return known;
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

function operatorAt(table: TableIndex, oid: number, offset: number): OperatorEntry {
  let entry = operatorEntries.get(oid);
  if (entry === undefined) {
    entry = parseOperator(lineAt(table, offset));
    operatorEntries.set(oid, entry);
  }
  return entry;
}

/** All operators with this name, prefix ones (leftType 0) included. */
export function operatorsByName(name: string): readonly OperatorEntry[] {
  const known = operatorLists.get(name);
  if (known !== undefined) return known;
  const table = operators();
  const offsets = table.offsetsByName.get(name);
  if (offsets === undefined) return NO_OPERATORS;
  const list = offsets.map((offset) => operatorAt(table, oidAt(table, offset), offset));
  operatorLists.set(name, list);
  return list;
}

/** Operators behind the types of extensions, which no database shows as they are. */
export function allExtensionOperators(): OperatorEntry[] {
  return [...extensionOperators().offsetByOid].map(([oid, offset]) => operatorAt(extensionOperators(), oid, offset));
}

export function extensionOperatorsByName(name: string): readonly OperatorEntry[] {
  const table = extensionOperators();
  return (table.offsetsByName.get(name) ?? []).map((offset) => operatorAt(table, oidAt(table, offset), offset));
}

export function operatorByOid(oid: number): OperatorEntry | null {
  const offset = operators().offsetByOid.get(oid);
  return offset === undefined ? null : operatorAt(operators(), oid, offset);
}

export function allOperators(): OperatorEntry[] {
  return [...operators().offsetByOid].map(([oid, offset]) => operatorAt(operators(), oid, offset));
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
const HASHED_ONLY: ReadonlySet<number> = new Set([28, 29]);
const ANYARRAY = 2277;
const ARRAY_TYPES = new Set(
  parseOids(
    '143 199 210 270 271 272 273 629 651 719 775 791 1000 1001 1002 1003 1005 1006 1007 1008 1009 1010 1011 1012 1013 1014 1015 ' +
      '1016 1017 1018 1019 1020 1021 1022 1027 1028 1034 1040 1041 1115 1182 1183 1185 1187 1231 1263 1270 1561 1563 2201 2207 ' +
      '2208 2209 2210 2211 2287 2949 2951 3221 3643 3644 3645 3735 3770 3807 3905 3907 3909 3911 3913 3927 4073 4090 4097 4192 ' +
      '5039 6150 6151 6152 6153 6155 6157',
  ),
);
const comparisonOperators = new Map<string, Map<number, OperatorEntry>>();
const STRATEGY_NAMES = ['', '<', '<=', '=', '>=', '>'];

/** Operators of one strategy on two values of one type, by that type. */
function sameTypeOperators(name: string): Map<number, OperatorEntry> {
  let byType = comparisonOperators.get(name);
  if (byType === undefined) {
    byType = new Map();
    for (const operator of [...operatorsByName(name), ...extensionOperatorsByName(name)]) {
      if (operator.leftType === operator.rightType) byType.set(operator.leftType, operator);
    }
    comparisonOperators.set(name, byType);
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
  const byType = sameTypeOperators(STRATEGY_NAMES[strategy]);
  const operator = byType.get(COMPARED_AS[typeOid] ?? typeOid);
  // Geometric types have = and <, but these compare sizes, and are in no operator class.
  if (operator !== undefined) return operator.btreeStrategy !== 0 || HASHED_ONLY.has(typeOid) ? operator : null;
  // int2vector has no operators of its own, and is compared as an array.
  const isArray = ARRAY_TYPES.has(typeOid) || typeOid === ANYARRAY || typeOid === 22;
  return isArray ? (byType.get(ANYARRAY) ?? null) : null;
}

/** The function behind `type = type`, or null (json, point ...). */
export function equalityFunction(typeOid: number): ScalarFunction | null {
  return comparisonOperator(typeOid, 3)?.function ?? null;
}
