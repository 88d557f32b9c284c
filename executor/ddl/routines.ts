/** CREATE FUNCTION and CREATE PROCEDURE, and ALTER of their options. */

import { internalFunction } from '../../catalog/functions/index.ts';
import { inputsOf, isInput } from '../../catalog/functions/user-routines.ts';
import type { RoutineEntry } from '../../catalog/index.ts';
import { languageAcl, permissionDenied, rightsByAcl } from '../../catalog/rights.ts';
import type {
  AlterFunctionStatement,
  CreateFunctionStatement,
  FunctionOption,
  Statement,
  StatementNode,
} from '../../parser/ast.ts';
import { errorPosition, parse } from '../../parser/index.ts';
import { SqlError, sqlError } from '../../types/errors.ts';
import type { DdlContext, DdlResult } from './context.ts';
import { initialRights } from './grant.ts';
import { at, checkOwner, newObjectName } from './resolve.ts';
import { checkBody, keptBody } from './routine-bodies.ts';
import { isRoutineWord, mustFindOwnRoutine, ownedWord, routineSignature } from './routine-names.ts';
import {
  checkPolymorphicResult,
  checkReplacement,
  checkSqlTypes,
  isPolymorphicType,
  type Signature,
  signatureOf,
} from './routine-parameters.ts';

type Properties = Pick<
  RoutineEntry,
  'volatility' | 'strict' | 'leakproof' | 'securityDefiner' | 'parallel' | 'cost' | 'rows' | 'settings'
>;

function invalid(message: string): Error {
  return sqlError('42P13', message);
}

const NOT_FOR_PROCEDURES = new Set([
  'volatility',
  'strict',
  'leakproof',
  'window',
  'cost',
  'rows',
  'parallel',
  'support',
]);

/** What the options say, over what there was. */
function withOptions(
  x: DdlContext,
  options: readonly FunctionOption[],
  before: Properties,
  isProcedure: boolean,
  returnsSet: boolean,
): Properties {
  const result: { -readonly [K in keyof Properties]: Properties[K] } = { ...before };
  for (const option of options) {
    if (isProcedure && NOT_FOR_PROCEDURES.has(option.name)) {
      throw sqlError('42P13', 'invalid attribute in procedure definition', at(x, option.position ?? -1));
    }
    switch (option.name) {
      case 'volatility':
        result.volatility = option.value as Properties['volatility'];
        break;
      case 'strict':
        result.strict = option.value;
        break;
      case 'leakproof':
        if (option.value && !x.isSuperuser) throw sqlError('42501', 'only superuser can define a leakproof function');
        result.leakproof = option.value;
        break;
      case 'security definer':
        result.securityDefiner = option.value;
        break;
      case 'parallel':
        if (!['safe', 'restricted', 'unsafe'].includes(option.value)) {
          throw sqlError('42601', 'parameter "parallel" must be SAFE, RESTRICTED, or UNSAFE');
        }
        result.parallel = option.value as Properties['parallel'];
        break;
      case 'cost':
        if (option.value <= 0) throw sqlError('22023', 'COST must be positive');
        result.cost = option.value;
        break;
      case 'rows':
        if (option.value <= 0) throw sqlError('22023', 'ROWS must be positive');
        if (!returnsSet) throw sqlError('22023', 'ROWS is not applicable when function does not return a set');
        result.rows = option.value;
        break;
      case 'set':
        result.settings = changedSettings(x, result.settings, option.value);
        break;
      case 'support':
        throw sqlError('0A000', 'support functions are not supported');
      case 'window':
        throw sqlError('0A000', 'window functions in LANGUAGE sql are not supported');
      default:
        break;
    }
  }
  return result;
}

function changedSettings(
  x: DdlContext,
  before: readonly string[],
  change: Extract<FunctionOption, { name: 'set' }>['value'],
): readonly string[] {
  if (change.name === null) return [];
  const rest = before.filter((setting) => !setting.startsWith(`${change.name}=`));
  if (change.kind === 'reset') return rest;
  const value = x.settingText(change);
  return value === null ? rest : [...rest, `${change.name}=${value}`];
}

const DEFAULTS: Properties = {
  volatility: 'volatile',
  strict: false,
  leakproof: false,
  securityDefiner: false,
  parallel: 'unsafe',
  cost: 100,
  rows: 0,
  settings: [],
};

const SQL_LANGUAGE_OID = 14;

function languageOf({ options }: CreateFunctionStatement): string | null {
  const option = options.find(({ name }) => name === 'language');
  return option === undefined ? null : String(option.value).toLowerCase();
}

/** 0A000 for languages that PostgreSQL has, 42704 for others. */
function checkLanguage(x: DdlContext, statement: CreateFunctionStatement): void {
  const language = languageOf(statement);
  if (language === null) {
    if (statement.sqlBody !== null) return;
    throw invalid('no language specified');
  }
  if (language === 'sql') {
    if (rightsByAcl(languageAcl(x.catalog, SQL_LANGUAGE_OID), x.authority, 'U') !== '') return;
    throw permissionDenied('language', 'sql');
  }
  if (['plpgsql', 'c', 'internal'].includes(language)) {
    if (statement.sqlBody !== null) throw invalid('inline SQL function body only valid for language SQL');
    if (language === 'internal' && x.isSuperuser) return;
    if (language !== 'plpgsql' && !x.isSuperuser) throw permissionDenied('language', language);
    throw sqlError('0A000', `functions in LANGUAGE ${language} are not supported`);
  }
  throw sqlError('42704', `language "${language}" does not exist`);
}

/** The body is the internal name of a built-in function. That it fits the declared types is the superuser's word. */
function checkInternal({ body }: CreateFunctionStatement, { parameters }: Signature): void {
  const [name] = body ?? [''];
  const found = internalFunction(name);
  if (found === null) throw sqlError('42883', `there is no built-in function named "${name}"`);
  const [wanted, given] = [found.argumentTypes.length, parameters.filter(isInput).length];
  if (wanted === given || found.variadic) return;
  throw invalid(`built-in function "${name}" has ${wanted} arguments, not ${given}`);
}

function checkBodyForm(statement: CreateFunctionStatement): void {
  const { body, sqlBody } = statement;
  if (body !== null && sqlBody !== null) throw invalid('duplicate function body specified');
  if (body === null && sqlBody === null) throw invalid('no function body specified');
  if (body !== null && body.length > 1)
    throw invalid(`only one AS item needed for language "${languageOf(statement)}"`);
}

/** `isOfExtension`: it may be in LANGUAGE internal, of a built-in function. */
export function createRoutine(x: DdlContext, statement: CreateFunctionStatement, isOfExtension = false): DdlResult {
  const word = statement.procedure ? 'procedure' : 'function';
  const { schema, name } = newObjectName(x, statement.name);
  const isInternal = languageOf(statement) === 'internal';
  if (!isOfExtension) checkLanguage(x, statement);
  if (statement.options.some((option) => option.name === 'transform')) {
    throw sqlError('0A000', 'transforms are not supported');
  }
  x.takeUses();
  const signature = signatureOf(x, statement);
  const uses = x.takeUses();
  const { returnsSet } = signature;
  const base = { ...DEFAULTS, rows: returnsSet ? 1000 : 0 };
  const properties = withOptions(x, statement.options, base, statement.procedure, returnsSet);
  checkBodyForm(statement);
  if (isInternal) checkInternal(statement, signature);
  checkPolymorphicResult(signature);
  const existing = findExisting(x, schema.oid, name, signature);
  if (existing !== undefined) {
    if (!statement.orReplace) {
      throw sqlError('42723', `function "${name}" already exists with same argument types`);
    }
    checkOwner(x, existing.owner, `${existing.kind} ${name}`);
    const hint = `Use DROP ${existing.kind.toUpperCase()} ${routineSignature(x, existing)} first.`;
    checkReplacement(existing, signature, word, hint);
  }
  if (!isInternal) checkSqlTypes(signature);
  const entry: RoutineEntry = {
    class: 'routine',
    oid: existing?.oid ?? x.allocateOid(),
    name,
    schemaOid: schema.oid,
    owner: existing?.owner ?? x.currentRoleOid,
    ...(existing === undefined
      ? initialRights(x, 'function', x.currentRoleOid, schema.oid)
      : existing.acl === undefined
        ? {}
        : { acl: existing.acl }),
    kind: word,
    language: isInternal ? 'internal' : 'sql',
    ...signature,
    ...properties,
    bodyText: statement.body?.[0] ?? '',
    statements: null,
    dependsOn: [...uses],
  };
  // Its body may call it.
  x.putEntry(entry);
  const body = isInternal ? null : boundBody(x, statement, entry);
  if (body !== null) x.putEntry({ ...entry, ...body, dependsOn: [...uses, ...body.dependsOn] });
  return { tag: `CREATE ${word.toUpperCase()}` };
}

function findExisting(x: DdlContext, schemaOid: number, name: string, signature: Signature): RoutineEntry | undefined {
  const types = signature.parameters.filter(isInput).map(({ typeOid }) => typeOid);
  return x.catalog.routinesByName(schemaOid, name).find((routine) => {
    const inputs = inputsOf(routine);
    return inputs.length === types.length && inputs.every(({ typeOid }, i) => typeOid === types[i]);
  });
}

// ---------------------------------------------------------------------------------------------------------------- body

/** A body of its own grammar is kept bound; one of text is checked, if the setting says so. */
function boundBody(
  x: DdlContext,
  statement: CreateFunctionStatement,
  entry: RoutineEntry,
): Pick<RoutineEntry, 'statements' | 'shownBody' | 'dependsOn'> | null {
  const isGeneric = entry.parameters.some((parameter) => isInput(parameter) && isPolymorphicType(parameter.typeOid));
  if (statement.sqlBody !== null) {
    if (isGeneric) throw invalid('SQL function with unquoted function body cannot have polymorphic arguments');
    try {
      return keptBody(x, statement.sqlBody, entry);
    } catch (error) {
      throw error instanceof SqlError && error.fields.position === undefined ? inFunction(error, entry) : error;
    }
  }
  if (!x.settings.boolean('check_function_bodies')) return null;
  try {
    const statements = parse(entry.bodyText);
    // What a body of polymorphic arguments does is known when it is called.
    if (!isGeneric) checkBody(x, entry, nodesOf(statements), entry.bodyText);
  } catch (error) {
    throw error instanceof SqlError ? transposed(x, error, entry) : error;
  }
  return null;
}

function nodesOf(statements: readonly Statement[]): readonly StatementNode[] {
  return statements.map(({ node }) => node);
}

/** One without a place says at least in which function. */
function inFunction(error: SqlError, { name }: RoutineEntry): SqlError {
  return error.with({ where: `SQL function "${name}"` });
}

/** An error inside the body's text, with its place in the statement: where the text stands in it once. */
function transposed(x: DdlContext, error: SqlError, entry: RoutineEntry): SqlError {
  const { position, ...fields } = error.fields;
  if (position === undefined) return inFunction(error, entry);
  const place = placeInStatement(x.text, entry.bodyText, position);
  return new SqlError(
    error.code,
    error.message,
    { ...fields, ...(place === null ? {} : { position: place }) },
    error.severity,
  );
}

/** As it is, or in a literal with its quotes doubled. Positions are in characters, from 1. */
function placeInStatement(text: string, body: string, position: number): number | null {
  for (const written of new Set([body, body.replaceAll("'", "''")])) {
    const start = text.indexOf(written);
    if (start < 0 || text.includes(written, start + 1)) continue;
    const before = [...body].slice(0, position - 1);
    const doubled = written === body ? 0 : before.filter((character) => character === "'").length;
    return errorPosition(text, start) + position - 1 + doubled;
  }
  return null;
}

// --------------------------------------------------------------------------------------------------------------- ALTER

export function alterRoutine(x: DdlContext, statement: AlterFunctionStatement): DdlResult {
  const { objectType } = statement.object;
  const word = isRoutineWord(objectType) ? objectType : 'function';
  const routine = mustFindOwnRoutine(x, statement.object, word);
  checkOwner(x, routine.owner, `${routine.kind} ${routine.name}`);
  if (routine.kind === 'aggregate') throw sqlError('42809', `"${routine.name}" is an aggregate function`);
  const properties = withOptions(x, statement.options, routine, routine.kind === 'procedure', routine.returnsSet);
  x.putEntry({ ...routine, ...properties });
  return { tag: `ALTER ${word.toUpperCase()}` };
}

/** 42723 when the schema has a function of that name and signature. */
export function checkRoutineName(x: DdlContext, routine: RoutineEntry, schemaOid: number, name: string): void {
  if (findExisting(x, schemaOid, name, routine) === undefined) return;
  const types = routineSignature(x, { ...routine, name }, ', ');
  const schema = x.catalog.schemaName(schemaOid);
  throw sqlError(
    '42723',
    `${ownedWord(routine)} ${types.slice(types.lastIndexOf('.') + 1)} already exists in schema "${schema}"`,
  );
}
