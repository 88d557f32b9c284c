/** pg_proc, pg_operator, pg_cast, pg_aggregate: what the function registry has. */

import { OID, SqlArray, typeByOid } from '../../types/index.ts';
import { type AggregateDefinition, BOOTSTRAP_ROLE_OID, PG_CATALOG_SCHEMA_OID, type RoutineEntry } from '../entries.ts';
import type { FunctionEntry, ScalarFunction } from '../function-entry.ts';
import { isLeakproof } from '../functions/leakproof.ts';
import {
  allCasts,
  allFunctions,
  allOperators,
  catalogFunction,
  functionByOid,
  operatorsByName,
} from '../functions/registry.ts';
import { inputsOf } from '../functions/user-routines.ts';
import { rangeConstructors } from '../range-constructors.ts';
import { keptFunctionAcl } from '../rights.ts';
import { SYSTEM_ROUTINES } from '../system-routines.ts';
import { staticRows } from './static-tables.ts';
import { type Row, type RowMaker, rowsOf, type ViewContext } from './view-context.ts';

const INTERNAL_LANGUAGE = 12;
const VOLATILITY = { immutable: 'i', stable: 's', volatile: 'v' } as const;
const KINDS = { scalar: 'f', aggregate: 'a', window: 'w' } as const;

function argumentArrays(entry: FunctionEntry): Row {
  if (entry.kind !== 'scalar') return {};
  const names = entry.argumentNames ?? [];
  const outs = entry.outColumns ?? [];
  const shownNames = names.length === 0 ? {} : { proargnames: new SqlArray(OID.TEXT, [...names]) };
  const last = entry.argumentTypes.length - 1;
  const inputModes = entry.argumentTypes.map((_, i) => (entry.variadic && i === last ? 'v' : 'i'));
  if (outs.length === 0 && !entry.variadic) return shownNames;
  return {
    proallargtypes: new SqlArray(OID.OID, [...entry.argumentTypes, ...outs.map((column) => column.typeOid)]),
    proargmodes: new SqlArray(OID.CHAR, [...inputModes, ...outs.map(() => 'o')]),
    ...(outs.length === 0
      ? shownNames
      : {
          proargnames: new SqlArray(OID.TEXT, [
            ...entry.argumentTypes.map((_, i) => names[i] ?? ''),
            ...outs.map((column) => column.name),
          ]),
        }),
  };
}

interface BuiltinFunction {
  readonly context: ViewContext;
  readonly entry: FunctionEntry;
  readonly schemaOid: number;
}

/** What only functions of rows have; null: aggregates and window functions. */
function scalarOf({ entry }: BuiltinFunction): ScalarFunction | null {
  return entry.kind === 'scalar' ? entry : null;
}

/** There are thousands of them: a column of a row is computed when it is asked for. */
const procRow = rowsOf<BuiltinFunction>({
  oid: ({ entry }) => entry.oid,
  proname: ({ entry }) => entry.name,
  pronamespace: ({ schemaOid }) => schemaOid,
  proowner: () => BOOTSTRAP_ROLE_OID,
  prolang: () => INTERNAL_LANGUAGE,
  procost: () => 1,
  prorows: (of) => (scalarOf(of)?.returnsSet ? (scalarOf(of)?.setRows ?? 1000) : 0),
  provariadic: ({ entry }) =>
    entry.kind !== 'window' && entry.variadic
      ? variadicElement(entry.argumentTypes[entry.argumentTypes.length - 1] ?? 0)
      : 0,
  prosupport: () => 0,
  prokind: ({ entry }) => KINDS[entry.kind],
  prosecdef: () => false,
  proleakproof: ({ entry }) => isLeakproof({ internalName: entry.internalName }),
  proisstrict: (of) => scalarOf(of)?.strict ?? false,
  proretset: (of) => scalarOf(of)?.returnsSet ?? false,
  provolatile: (of) => VOLATILITY[scalarOf(of)?.volatility ?? 'immutable'],
  proparallel: () => 's',
  pronargs: ({ entry }) => entry.argumentTypes.length,
  pronargdefaults: (of) => scalarOf(of)?.defaults?.length ?? 0,
  prorettype: ({ entry }) => entry.returnType,
  proargtypes: ({ entry: { argumentTypes } }) => new SqlArray(OID.OID, [...argumentTypes], [argumentTypes.length], [0]),
  proallargtypes: ({ entry }) => argumentArrays(entry).proallargtypes,
  proargmodes: ({ entry }) => argumentArrays(entry).proargmodes,
  proargnames: ({ entry }) => argumentArrays(entry).proargnames,
  prosrc: ({ entry }) => (entry.kind === 'aggregate' ? 'aggregate_dummy' : entry.internalName),
  proacl: ({ context, entry }) => context.aclArray(keptFunctionAcl(context.catalog, entry.oid, entry.name)),
});

const SQL_LANGUAGE = 14;
const ROUTINE_KINDS = { function: 'f', procedure: 'p', aggregate: 'a' } as const;
const MODE_LETTERS = { in: 'i', out: 'o', inout: 'b', variadic: 'v', table: 't' } as const;
const PARALLEL = { safe: 's', restricted: 'r', unsafe: 'u' } as const;

function routineRow(context: ViewContext, routine: RoutineEntry): Row {
  const { parameters } = routine;
  const inputs = inputsOf(routine);
  const variadic = inputs.find((parameter) => parameter.mode === 'variadic')?.typeOid ?? 0;
  const defaults = inputs.flatMap(({ defaultText }) => (defaultText === null ? [] : [defaultText]));
  const hasOutputs = parameters.some((parameter) => parameter.mode !== 'in');
  return {
    oid: routine.oid,
    proname: routine.name,
    pronamespace: routine.schemaOid,
    proowner: routine.owner,
    prolang: routine.language === 'internal' ? INTERNAL_LANGUAGE : SQL_LANGUAGE,
    procost: routine.cost,
    prorows: routine.rows,
    provariadic: variadic === 0 ? 0 : variadicElement(variadic),
    prosupport: 0,
    prokind: ROUTINE_KINDS[routine.kind],
    prosecdef: routine.securityDefiner,
    proleakproof: routine.leakproof,
    proisstrict: routine.strict,
    proretset: routine.returnsSet,
    provolatile: VOLATILITY[routine.volatility],
    proparallel: PARALLEL[routine.parallel],
    pronargs: inputs.length,
    pronargdefaults: defaults.length,
    prorettype: routine.returnTypeOid,
    proargtypes: new SqlArray(
      OID.OID,
      inputs.map(({ typeOid }) => typeOid),
      [inputs.length],
      [0],
    ),
    ...(hasOutputs
      ? {
          proallargtypes: new SqlArray(
            OID.OID,
            parameters.map(({ typeOid }) => typeOid),
          ),
          proargmodes: new SqlArray(
            OID.CHAR,
            parameters.map(({ mode }) => MODE_LETTERS[mode]),
          ),
        }
      : {}),
    ...(parameters.some(({ name }) => name !== '')
      ? {
          proargnames: new SqlArray(
            OID.TEXT,
            parameters.map(({ name }) => name),
          ),
        }
      : {}),
    ...(defaults.length > 0 ? { proargdefaults: context.shown(defaults.join(', ')) } : {}),
    prosrc: routine.bodyText,
    ...(routine.shownBody === undefined ? {} : { prosqlbody: context.shown(routine.shownBody) }),
    proacl: context.aclArray(routine.acl),
    ...(routine.settings.length > 0 ? { proconfig: new SqlArray(OID.TEXT, [...routine.settings]) } : {}),
  };
}

const VARIADIC_ELEMENTS: Readonly<Record<number, number>> = { 2277: 2283, 5078: 5077, 2276: 2276 };

function variadicElement(oid: number): number {
  return VARIADIC_ELEMENTS[oid] ?? typeByOid(oid)?.elementOid ?? 0;
}

function* pgProc(context: ViewContext): Iterable<Row> {
  for (const entry of builtinFunctions(context)) {
    yield procRow({ context, entry, schemaOid: PG_CATALOG_SCHEMA_OID });
  }
  for (const functions of rangeConstructors(context.catalog).values()) {
    for (const { schemaOid, entry } of functions) yield procRow({ context, entry, schemaOid });
  }
  for (const routine of [...SYSTEM_ROUTINES, ...context.catalog.routines()]) yield routineRow(context, routine);
}

/** Those that may be wanted. */
function* builtinFunctions(context: ViewContext): Iterable<FunctionEntry> {
  const oid = context.wantedOid('oid');
  const found = oid === undefined ? null : catalogFunction(oid);
  if (found !== null) yield found;
  if (oid !== undefined) return;
  for (const entry of allFunctions()) if (context.mayBe('proname', entry.name)) yield entry;
}

function operatorOid(name: string, left: number, right: number): number {
  if (name === '') return 0;
  return operatorsByName(name).find((other) => other.leftType === left && other.rightType === right)?.oid ?? 0;
}

const HASH_METHOD = 405;

function* pgLanguage(context: ViewContext): Iterable<Row> {
  for (const row of staticRows('pg_language') ?? []) {
    const kept = context.catalog.systemRights(row.oid as number);
    yield kept === undefined ? row : { ...row, lanacl: context.aclArray(kept.acl) };
  }
}

function* pgOperator({ catalog }: ViewContext): Iterable<Row> {
  const inHashClasses = (staticRows('pg_amop') ?? []).filter((row) => row.amopmethod === HASH_METHOD);
  const hashable = new Set(inHashClasses.map((row) => row.amopopr as number));
  for (const operator of allOperators()) {
    const { leftType, rightType } = operator;
    yield {
      oid: operator.oid,
      oprname: operator.name,
      oprnamespace: PG_CATALOG_SCHEMA_OID,
      oprowner: BOOTSTRAP_ROLE_OID,
      oprkind: leftType === 0 ? 'l' : 'b',
      oprcanmerge: operator.btreeStrategy === 3,
      oprcanhash: hashable.has(operator.oid),
      oprleft: leftType,
      oprright: rightType,
      oprresult: operator.resultType,
      oprcom: operatorOid(operator.commutator, rightType, leftType),
      oprnegate: operatorOid(operator.negator, leftType, rightType),
      oprcode: operator.function.oid,
      oprrest: 0,
      oprjoin: 0,
    };
  }
  for (const operator of catalog.operators()) {
    yield {
      oid: operator.oid,
      oprname: operator.name,
      oprnamespace: operator.schemaOid,
      oprowner: operator.owner,
      oprkind: operator.leftTypeOid === 0 ? 'l' : 'b',
      oprcanmerge: operator.merges,
      oprcanhash: operator.hashes,
      oprleft: operator.leftTypeOid,
      oprright: operator.rightTypeOid,
      oprresult: operator.resultTypeOid,
      oprcom: operator.commutatorOid,
      oprnegate: operator.negatorOid,
      oprcode: operator.functionOid,
      oprrest: operator.restrictOid,
      oprjoin: operator.joinOid,
    };
  }
}

const CAST_CONTEXTS = { implicit: 'i', assignment: 'a', explicit: 'e' } as const;

const CAST_METHODS = { function: 'f', binary: 'b', inout: 'i' } as const;

function* pgCast({ catalog }: ViewContext): Iterable<Row> {
  let oid = 10035;
  for (const cast of allCasts()) {
    yield {
      oid: oid++,
      castsource: cast.sourceType,
      casttarget: cast.targetType,
      castfunc: cast.function?.oid ?? 0,
      castcontext: CAST_CONTEXTS[cast.context],
      castmethod: cast.function === null ? 'b' : 'f',
    };
  }
  for (const cast of catalog.casts()) {
    yield {
      oid: cast.oid,
      castsource: cast.sourceTypeOid,
      casttarget: cast.targetTypeOid,
      castfunc: cast.functionOid,
      castcontext: CAST_CONTEXTS[cast.context],
      castmethod: CAST_METHODS[cast.method],
    };
  }
}

const AGGREGATE_KINDS = { normal: 'n', 'ordered set': 'o', hypothetical: 'h' } as const;

function aggregateRow(oid: number, aggregate: AggregateDefinition): Row {
  const { moving } = aggregate;
  return {
    aggfnoid: oid,
    aggkind: AGGREGATE_KINDS[aggregate.kind],
    aggnumdirectargs: aggregate.directCount,
    aggtransfn: aggregate.transitionOid,
    aggfinalfn: aggregate.finalOid,
    aggcombinefn: aggregate.combineOid,
    aggserialfn: aggregate.serializeOid,
    aggdeserialfn: aggregate.deserializeOid,
    aggmtransfn: moving?.transitionOid ?? 0,
    aggminvtransfn: moving?.inverseOid ?? 0,
    aggmfinalfn: moving?.finalOid ?? 0,
    aggfinalextra: aggregate.finalExtra,
    aggmfinalextra: moving?.finalExtra ?? false,
    aggfinalmodify: aggregate.finalModify,
    aggmfinalmodify: moving?.finalModify ?? (aggregate.kind === 'normal' ? 'r' : 'w'),
    aggsortop: aggregate.sortOperatorOid,
    aggtranstype: aggregate.stateTypeOid,
    aggtransspace: aggregate.stateSpace,
    aggmtranstype: moving?.stateTypeOid ?? 0,
    aggmtransspace: moving?.stateSpace ?? 0,
    agginitval: aggregate.initialText,
    aggminitval: moving?.initialText ?? null,
  };
}

function* pgAggregate({ catalog }: ViewContext): Iterable<Row> {
  for (const row of staticRows('pg_aggregate') ?? []) if (functionByOid(row.aggfnoid as number) !== null) yield row;
  for (const { oid, aggregate } of catalog.routines()) if (aggregate !== undefined) yield aggregateRow(oid, aggregate);
}

export const functionMakers: Readonly<Record<string, RowMaker>> = {
  pg_language: pgLanguage,
  pg_proc: pgProc,
  pg_operator: pgOperator,
  pg_cast: pgCast,
  pg_aggregate: pgAggregate,
};
