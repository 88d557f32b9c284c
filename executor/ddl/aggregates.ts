/** CREATE AGGREGATE. After: PostgreSQL, commands/aggregatecmds.c and catalog/pg_aggregate.c. */
import type { AggregateDefinition, AggregateSteps } from '../../catalog/entries.ts';
import { builtinAggregateOf } from '../../catalog/functions/user-aggregates.ts';
import { inputsOf } from '../../catalog/functions/user-routines.ts';
import type { RoutineEntry, RoutineParameter } from '../../catalog/index.ts';
import type { DefineStatement, DefinitionItem, QualifiedName } from '../../parser/ast.ts';
import { sqlError } from '../../types/errors.ts';
import { DEFAULT_FORMAT, formatType, inputText, OID, typeByOid } from '../../types/index.ts';
import type { DdlContext, DdlResult } from './context.ts';
import { flagOf, integerOf, nameOf, textOf, typeOf } from './definition-items.ts';
import { initialRights } from './grant.ts';
import { aggregatePart, type Part } from './named-functions.ts';
import { checkOwner, newObjectName } from './resolve.ts';
import { routineSignature } from './routine-names.ts';
import { checkReplacement, isPolymorphicType, parameterTypes, undeterminedDetail } from './routine-parameters.ts';
import { checkTypeUsage, resolveType } from './type-names.ts';

const INTERNAL = 2281;
const ANY = OID.ANY;

function invalid(message: string, fields: { detail?: string; hint?: string } = {}): Error {
  return sqlError('42P13', message, fields);
}

/** Names of attributes, with those of old. */
const KNOWN: Readonly<Record<string, string>> = Object.fromEntries(
  [
    'sfunc finalfunc combinefunc serialfunc deserialfunc msfunc minvfunc mfinalfunc finalfunc_extra mfinalfunc_extra',
    'finalfunc_modify mfinalfunc_modify sortop basetype hypothetical stype sspace mstype msspace initcond minitcond parallel',
  ]
    .join(' ')
    .split(' ')
    .map((name) => [name, name])
    .concat([
      ['sfunc1', 'sfunc'],
      ['stype1', 'stype'],
      ['initcond1', 'initcond'],
    ]),
);

type Items = Readonly<Record<string, DefinitionItem | undefined>>;

function gather(x: DdlContext, statement: DefineStatement): Items {
  const result: Record<string, DefinitionItem> = {};
  for (const item of statement.items) {
    const name = Object.hasOwn(KNOWN, item.name) ? KNOWN[item.name] : undefined;
    if (name === undefined) x.notice('WARNING', '42601', `aggregate attribute "${item.name}" not recognized`);
    else result[name] = item;
  }
  return result;
}

function modifyOf(item: DefinitionItem | undefined, kind: AggregateDefinition['kind']): AggregateSteps['finalModify'] {
  if (item === undefined) return kind === 'normal' ? 'r' : 'w';
  switch (textOf(item)) {
    case 'read_only':
      return 'r';
    case 'shareable':
      return 's';
    case 'read_write':
      return 'w';
    default:
      throw sqlError('42601', `parameter "${item.name}" must be READ_ONLY, SHAREABLE, or READ_WRITE`);
  }
}

function parallelOf(item: DefinitionItem | undefined): RoutineEntry['parallel'] {
  if (item === undefined) return 'unsafe';
  const text = textOf(item);
  if (text === 'safe' || text === 'restricted' || text === 'unsafe') return text;
  throw sqlError('42601', 'parameter "parallel" must be SAFE, RESTRICTED, or UNSAFE');
}

interface Arguments {
  readonly parameters: readonly RoutineParameter[];
  readonly types: readonly number[];
  /** ANY: of any type and number. 0: not variadic. */
  readonly variadicType: number;
  readonly kind: AggregateDefinition['kind'];
  readonly directCount: number;
}

function argumentsOf(x: DdlContext, statement: DefineStatement, items: Items): Arguments {
  const isHypothetical = items['hypothetical'] !== undefined && flagOf(items['hypothetical']);
  const { signature } = statement;
  const isOrdered = signature !== null && signature.directCount >= 0;
  if (isHypothetical && !isOrdered) throw invalid('only ordered-set aggregates can be hypothetical');
  const kind = isHypothetical ? 'hypothetical' : isOrdered ? 'ordered set' : 'normal';
  const base = items['basetype'];
  if (signature === null) {
    if (base === undefined) throw invalid('aggregate input type must be specified');
    const type = typeOf(base);
    const isStar = type.name[type.name.length - 1].toLowerCase() === 'any' && type.arrayDimensions.length === 0;
    const types = isStar ? [] : [resolveType(x, type).typeOid];
    return { parameters: types.map(plain), types, variadicType: 0, kind, directCount: 0 };
  }
  if (base !== undefined) throw invalid('basetype is redundant with aggregate input type specification');
  const parameters = parameterTypes(x, signature.parameters, 'aggregates');
  const types = parameters.map(({ typeOid }) => typeOid);
  const variadic = parameters.find(({ mode }) => mode === 'variadic');
  return {
    parameters,
    types,
    variadicType: variadic?.typeOid ?? 0,
    kind,
    directCount: Math.max(0, signature.directCount),
  };
}

function plain(typeOid: number): RoutineParameter {
  return { name: '', mode: 'in', typeOid, defaultText: null };
}

/** The type of a state: no pseudo-type but a polymorphic one, or internal for superusers. */
function stateType(x: DdlContext, item: DefinitionItem): number {
  const { typeOid } = resolveType(x, { ...typeOf(item), position: -1 });
  const isPseudo = typeByOid(typeOid)?.kind === 'p';
  if (isPseudo && !isPolymorphicType(typeOid) && !(typeOid === INTERNAL && x.isSuperuser)) {
    throw invalid(`aggregate transition data type cannot be ${formatType(typeOid)}`);
  }
  return typeOid;
}

const MOVING_ONLY = ['msfunc', 'minvfunc', 'mfinalfunc', 'msspace', 'minitcond'];

function checkPresence(items: Items): void {
  if (items['stype'] === undefined) throw invalid('aggregate stype must be specified');
  if (items['sfunc'] === undefined) throw invalid('aggregate sfunc must be specified');
  if (items['mstype'] !== undefined) {
    for (const name of ['msfunc', 'minvfunc']) {
      if (items[name] === undefined) throw invalid(`aggregate ${name} must be specified when mstype is specified`);
    }
    return;
  }
  for (const name of MOVING_ONLY) {
    if (items[name] !== undefined) throw invalid(`aggregate ${name} must not be specified without mstype`);
  }
}

/** Types of what goes into the transition function beside the state. */
function aggregatedTypes({ kind, types, directCount }: Arguments): readonly number[] {
  if (kind === 'normal') return types;
  // VARIADIC "any" of both kinds stands there once.
  return directCount < types.length ? types.slice(directCount) : types.slice(-1);
}

interface Transition extends Part {
  readonly stateTypeOid: number;
}

function transitionOf(
  x: DdlContext,
  names: QualifiedName,
  stateTypeOid: number,
  args: Arguments,
  hasInitial: boolean,
  word: string,
): Transition {
  const types = [stateTypeOid, ...aggregatedTypes(args)];
  const part = aggregatePart(x, names, types, args.variadicType === ANY);
  if (part.resultType !== stateTypeOid) {
    throw sqlError('42804', `return type of ${word} ${names.join('.')} is not ${formatType(stateTypeOid)}`);
  }
  if (part.entry.strict && !hasInitial) {
    const [first] = args.types;
    if (first === undefined || !x.lookUp.isBinaryCoercible(first, stateTypeOid)) {
      throw invalid(
        'must not omit initial value when transition function is strict and transition type is not compatible with input type',
      );
    }
  }
  return { ...part, stateTypeOid };
}

interface Final {
  readonly oid: number;
  readonly resultType: number;
  readonly isExtra: boolean;
}

function finalOf(
  x: DdlContext,
  item: DefinitionItem | undefined,
  extra: DefinitionItem | undefined,
  stateTypeOid: number,
  args: Arguments,
): Final {
  const isExtra = extra !== undefined && flagOf(extra);
  if (item === undefined) return { oid: 0, resultType: stateTypeOid, isExtra };
  const direct = args.types.slice(0, args.directCount);
  const types = [stateTypeOid, ...(isExtra ? args.types : direct)];
  const isAny = args.variadicType === ANY && (isExtra || (direct.length > 0 && direct.length === args.types.length));
  const { entry, resultType } = aggregatePart(x, nameOf(item), types, isAny);
  if (isExtra && entry.strict) throw invalid('final function with extra arguments must not be declared STRICT');
  return { oid: entry.oid, resultType, isExtra };
}

/** Combine, serialize and deserialize functions: looked up, and kept; nothing here runs in parallel. */
function parallelParts(x: DdlContext, items: Items, stateTypeOid: number) {
  const find = (name: string, types: readonly number[], result: number, word: string): number => {
    const item = items[name];
    if (item === undefined) return 0;
    const names = nameOf(item);
    const { entry, resultType } = aggregatePart(x, names, types, false);
    if (resultType !== result) {
      throw sqlError('42804', `return type of ${word} ${names.join('.')} is not ${formatType(result)}`);
    }
    if (name === 'combinefunc' && stateTypeOid === INTERNAL && entry.strict) {
      throw invalid(`combine function with transition type ${formatType(INTERNAL)} must not be declared STRICT`);
    }
    return entry.oid;
  };
  return {
    combineOid: find('combinefunc', [stateTypeOid, stateTypeOid], stateTypeOid, 'combine function'),
    serializeOid: find('serialfunc', [INTERNAL], OID.BYTEA, 'serialization function'),
    deserializeOid: find('deserialfunc', [OID.BYTEA, INTERNAL], INTERNAL, 'deserialization function'),
  };
}

function checkSerialization(items: Items, stateTypeOid: number): void {
  const [to, from] = [items['serialfunc'], items['deserialfunc']];
  if (to !== undefined && from !== undefined) {
    if (stateTypeOid === INTERNAL) return;
    const shown = formatType(INTERNAL);
    throw invalid(`serialization functions may be specified only when the aggregate transition data type is ${shown}`);
  }
  if (to !== undefined || from !== undefined) {
    throw invalid('must specify both or neither of serialization and deserialization functions');
  }
}

function initialText(item: DefinitionItem | undefined, typeOid: number): string | null {
  if (item === undefined) return null;
  const text = textOf(item);
  if (typeByOid(typeOid)?.kind !== 'p') inputText(typeOid, -1, text, DEFAULT_FORMAT);
  return text;
}

function checkPolymorphic(what: string, typeOid: number, types: readonly number[]): void {
  const detail = undeterminedDetail(typeOid, types);
  if (detail !== null) throw invalid(`cannot determine ${what} data type`, { detail });
}

function checkArguments(args: Arguments): void {
  const { kind, types, variadicType, directCount } = args;
  if (kind === 'normal') return;
  if (variadicType !== 0 && variadicType !== ANY) {
    throw sqlError('0A000', 'a variadic ordered-set aggregate must use VARIADIC type ANY');
  }
  if (kind !== 'hypothetical' || directCount === types.length) return;
  const count = types.length - directCount;
  const isSame = types.slice(directCount).every((oid, i) => oid === types[directCount - count + i]);
  if (count > directCount || !isSame) {
    throw invalid('a hypothetical-set aggregate must have direct arguments matching its aggregated arguments');
  }
}

function movingOf(x: DdlContext, items: Items, args: Arguments, resultType: number): AggregateDefinition['moving'] {
  if (items['mstype'] === undefined) return null;
  const stateTypeOid = stateType(x, items['mstype']);
  const initial = initialText(items['minitcond'], stateTypeOid);
  checkPolymorphic('transition', stateTypeOid, args.types);
  const forward = nameOf(items['msfunc'] as DefinitionItem);
  const transition = transitionOf(x, forward, stateTypeOid, args, initial !== null, 'transition function');
  const names = nameOf(items['minvfunc'] as DefinitionItem);
  const inverse = aggregatePart(x, names, [stateTypeOid, ...aggregatedTypes(args)], args.variadicType === ANY);
  if (inverse.resultType !== stateTypeOid) {
    throw sqlError(
      '42804',
      `return type of inverse transition function ${names.join('.')} is not ${formatType(stateTypeOid)}`,
    );
  }
  if (transition.entry.strict !== inverse.entry.strict) {
    throw invalid("strictness of aggregate's forward and inverse transition functions must match");
  }
  const final = finalOf(x, items['mfinalfunc'], items['mfinalfunc_extra'], stateTypeOid, args);
  if (final.resultType !== resultType) {
    throw invalid(
      `moving-aggregate implementation returns type ${formatType(final.resultType)}, but plain implementation returns type ${formatType(resultType)}`,
    );
  }
  return {
    transitionOid: transition.entry.oid,
    inverseOid: inverse.entry.oid,
    finalOid: final.oid,
    finalExtra: final.isExtra,
    finalModify: modifyOf(items['mfinalfunc_modify'], args.kind),
    stateTypeOid,
    stateSpace: items['msspace'] === undefined ? 0 : integerOf(items['msspace']),
    initialText: initial,
  };
}

function sortOperator(x: DdlContext, item: DefinitionItem | undefined, types: readonly number[]): number {
  if (item === undefined) return 0;
  if (types.length !== 1) throw invalid('sort operator can only be specified for single-argument aggregates');
  const [type] = types;
  const names = nameOf(item);
  const found = x.lookUp.exactOperator(names, type, type);
  if (found !== null) return found.oid;
  throw sqlError('42883', `operator does not exist: ${formatType(type)} ${names.join('.')} ${formatType(type)}`);
}

/** What the items say, and what the aggregate answers. */
function define(x: DdlContext, items: Items, args: Arguments): { definition: AggregateDefinition; resultType: number } {
  checkPresence(items);
  const finalModify = modifyOf(items['finalfunc_modify'], args.kind);
  const stateTypeOid = stateType(x, items['stype'] as DefinitionItem);
  checkSerialization(items, stateTypeOid);
  const initial = initialText(items['initcond'], stateTypeOid);
  checkArguments(args);
  checkPolymorphic('transition', stateTypeOid, args.types);
  const names = nameOf(items['sfunc'] as DefinitionItem);
  const transition = transitionOf(x, names, stateTypeOid, args, initial !== null, 'transition function');
  const final = finalOf(x, items['finalfunc'], items['finalfunc_extra'], stateTypeOid, args);
  const parts = parallelParts(x, items, stateTypeOid);
  checkPolymorphic('result', final.resultType, args.types);
  if (final.resultType === INTERNAL) {
    throw invalid('unsafe use of pseudo-type "internal"', {
      detail: 'A function returning "internal" must have at least one "internal" argument.',
    });
  }
  const moving = movingOf(x, items, args, final.resultType);
  const sortOperatorOid = sortOperator(x, items['sortop'], args.types);
  for (const oid of [...args.types, stateTypeOid, final.resultType]) checkTypeUsage(x, oid);
  const definition: AggregateDefinition = {
    kind: args.kind,
    directCount: args.directCount,
    transitionOid: transition.entry.oid,
    finalOid: final.oid,
    finalExtra: final.isExtra,
    finalModify,
    stateTypeOid,
    stateSpace: items['sspace'] === undefined ? 0 : integerOf(items['sspace']),
    initialText: initial,
    ...parts,
    sortOperatorOid,
    moving,
  };
  if (stateTypeOid === INTERNAL && builtinAggregateOf(definition) === null) {
    throw sqlError('0A000', 'a state of type internal is only supported with the functions of one built-in aggregate', {
      detail: 'Transition and final function must be those of a built-in aggregate.',
    });
  }
  return { definition, resultType: final.resultType };
}

export function createAggregate(x: DdlContext, statement: DefineStatement): DdlResult {
  const tag = 'CREATE AGGREGATE';
  const { schema, name } = newObjectName(x, statement.name);
  const items = gather(x, statement);
  const parallel = parallelOf(items['parallel']);
  checkPresence(items);
  const args = argumentsOf(x, statement, items);
  const { definition, resultType } = define(x, items, args);
  const existing = findExisting(x, schema.oid, name, args.types);
  if (existing !== undefined) checkExisting(x, statement, existing, definition, resultType, args);
  const rights =
    existing === undefined
      ? initialRights(x, 'function', x.currentRoleOid, schema.oid)
      : existing.acl === undefined
        ? {}
        : { acl: existing.acl };
  x.putEntry({
    class: 'routine',
    oid: existing?.oid ?? x.allocateOid(),
    name,
    schemaOid: schema.oid,
    owner: existing?.owner ?? x.currentRoleOid,
    ...rights,
    kind: 'aggregate',
    language: 'internal',
    aggregate: definition,
    parameters: args.parameters,
    returnTypeOid: resultType,
    returnsSet: false,
    volatility: 'immutable',
    strict: false,
    leakproof: false,
    securityDefiner: false,
    parallel,
    cost: 1,
    rows: 0,
    settings: [],
    bodyText: 'aggregate_dummy',
    statements: null,
    dependsOn: [],
  });
  return { tag };
}

function findExisting(x: DdlContext, schemaOid: number, name: string, types: readonly number[]) {
  return x.catalog.routinesByName(schemaOid, name).find((routine) => {
    const inputs = inputsOf(routine);
    return inputs.length === types.length && inputs.every(({ typeOid }, i) => typeOid === types[i]);
  });
}

const KIND_TEXT: Readonly<Record<AggregateDefinition['kind'], string>> = {
  normal: 'an ordinary aggregate function',
  'ordered set': 'an ordered-set aggregate',
  hypothetical: 'a hypothetical-set aggregate',
};

/** OR REPLACE: calls of the aggregate that is there must not notice. */
function checkExisting(
  x: DdlContext,
  statement: DefineStatement,
  existing: RoutineEntry,
  definition: AggregateDefinition,
  returnTypeOid: number,
  { parameters }: Arguments,
): void {
  const { name } = existing;
  if (!statement.orReplace) throw sqlError('42723', `function "${name}" already exists with same argument types`);
  checkOwner(x, existing.owner, `${existing.kind} ${name}`);
  const hint = `Use DROP ${existing.kind.toUpperCase()} ${routineSignature(x, existing)} first.`;
  checkReplacement(existing, { parameters, returnTypeOid, returnsSet: false }, 'aggregate', hint);
  const before = existing.aggregate as AggregateDefinition;
  if (before.kind !== definition.kind) {
    throw sqlError('42809', 'cannot change routine kind', { detail: `"${name}" is ${KIND_TEXT[before.kind]}.` });
  }
  if (before.directCount !== definition.directCount) {
    throw invalid('cannot change number of direct arguments of an aggregate function');
  }
}
