/**
 * Names of catalog objects as the reg* types read and print them (regclass, regtype, regproc ...). Errors and qualification
 * are PostgreSQL's: a name is printed alone when it would be found so.
 */
import { sqlError } from '../types/errors.ts';
import { type CatalogNames, formatType, OID, typeByOid } from '../types/index.ts';
import type { Catalog } from './catalog.ts';
import { findCollation } from './collations.ts';
import { resolveCompositeClass } from './composite-classes.ts';
import type { OperatorDefinition } from './entries.ts';
import type { FunctionEntry, OperatorEntry } from './function-entry.ts';
import { quoteIdentifier } from './functions/quote.ts';
import { functionByOid, functionsByName, operatorByOid, operatorsByName } from './functions/registry.ts';
import { routineEntryFunction } from './functions/user-aggregates.ts';
import { isOperatorVisible, operatorEntry, withMadeOperators } from './functions/user-operators.ts';
import { inputsOf, routineLabel, routinesNamed } from './functions/user-routines.ts';
import { collationName, relationName, typeDisplayName } from './pg-catalog/definitions.ts';
import { typeFunctionArguments, typeFunctionName, typeFunctionOid } from './pg-catalog/static-tables.ts';
import { splitQualifiedName } from './qualified-name.ts';
import type { SharedCatalog } from './shared-catalog.ts';
import { findSearchEntry, SEARCH_WORDS, searchEntry, searchEntryName, searchFunctionName } from './text-search.ts';

export interface NameSource {
  readonly catalog: Catalog;
  readonly shared: SharedCatalog;
  /** Complete, as for Catalog.resolveRelation. */
  readonly searchPath: readonly string[];
  /** Throws 42501 for a schema that the user may not look into; absent: there is no user. */
  checkSchema?(name: string): void;
  /** The oid of a type as written in SQL; throws 42704, 42601. */
  parseType(text: string): number;
}

/** A name of three parts names the database too, which must be this one; 0A000, 42601 for more. */
function checkParts(source: NameSource, names: readonly string[]): void {
  if (names.length > 3) throw sqlError('42601', `improper qualified name (too many dotted names): ${names.join('.')}`);
  if (names.length === 3 && names[0] !== source.catalog.databaseName) {
    throw sqlError('0A000', `cross-database references are not implemented: ${names.join('.')}`);
  }
}

/** `abs(int4)`: the name and the texts of the arguments; 22P02 without parentheses. */
function splitSignature(text: string): { readonly name: string; readonly args: readonly string[] } {
  const open = text.indexOf('(');
  if (open < 0) throw sqlError('22P02', 'expected a left parenthesis');
  if (!text.trimEnd().endsWith(')')) throw sqlError('22P02', 'expected a right parenthesis');
  const inside = text.trimEnd().slice(open + 1, -1);
  const args = inside.trim() === '' ? [] : inside.split(/,(?![^()]*\))/).map((part) => part.trim());
  return { name: text.slice(0, open), args };
}

/** Whether a function or operator of that name may be a built-in one; 3F000 for a schema that is not there. */
function inPgCatalog(source: NameSource, names: readonly string[]): boolean {
  requireSchema(source, names);
  return names.length === 1 || names[names.length - 2] === 'pg_catalog';
}

function requireSchema(source: NameSource, names: readonly string[]): void {
  const { catalog, searchPath } = source;
  checkParts(source, names);
  if (names.length < 2) return;
  const schema = names[names.length - 2];
  if (schema === 'pg_temp' || catalog.schemaOfPath(schema, searchPath) !== undefined) {
    source.checkSchema?.(schema);
    return;
  }
  throw sqlError('3F000', `schema "${schema}" does not exist`);
}

/** Functions of a name: built-in and user-made ones. */
function functionsNamed(source: NameSource, names: readonly string[]): readonly FunctionEntry[] {
  const name = names[names.length - 1];
  const schema = names.length > 1 ? names[names.length - 2] : null;
  const made = routinesNamed(source.catalog, schema, name, source.searchPath).map(routineEntryFunction);
  return inPgCatalog(source, names) ? [...functionsByName(name), ...made] : made;
}

function functionOid(source: NameSource, text: string): number {
  const names = splitQualifiedName(text);
  const found = functionsNamed(source, names);
  const ofType = found.length === 0 && inPgCatalog(source, names) ? typeFunctionOid(names[names.length - 1]) : null;
  if (ofType !== null) return ofType;
  if (found.length === 0) throw sqlError('42883', `function "${text}" does not exist`);
  if (found.length > 1) throw sqlError('42725', `more than one function named "${text}"`);
  return found[0].oid;
}

function procedureOid(source: NameSource, text: string): number {
  const { name, args } = splitSignature(text);
  const names = splitQualifiedName(name);
  const types = args.map((arg) => source.parseType(arg));
  const found = functionsNamed(source, names).find(
    (entry) => entry.argumentTypes.length === types.length && entry.argumentTypes.every((oid, i) => oid === types[i]),
  );
  if (found !== undefined) return found.oid;
  const ofType = inPgCatalog(source, names) ? typeFunctionOid(names[names.length - 1]) : null;
  const expected = ofType === null ? [] : typeFunctionArguments(ofType);
  const isOfType = ofType !== null && expected.length === types.length && expected.every((oid, i) => oid === types[i]);
  if (!isOfType) throw sqlError('42883', `function "${text}" does not exist`);
  return ofType;
}

/** The parts of an operator's name as it may be written before OPERATOR's parenthesis: with or without a schema. */
function operatorNames(text: string): readonly string[] {
  const [, schema, name] = /^\s*(?:(.+)\.)?([^.]*?)\s*$/s.exec(text) as RegExpExecArray;
  return schema === undefined ? [name] : [...splitQualifiedName(schema), name];
}

function operatorsOf(source: NameSource, names: readonly string[]): readonly OperatorEntry[] {
  const name = names[names.length - 1];
  const operatorSchema = names.length > 1 ? names[names.length - 2] : null;
  const builtin = inPgCatalog(source, names) ? operatorsByName(name) : [];
  return withMadeOperators(source.catalog, name, operatorSchema, source.searchPath, builtin);
}

function operatorOid(source: NameSource, text: string): number {
  const found = operatorsOf(source, operatorNames(text));
  if (found.length === 0) throw sqlError('42883', `operator does not exist: ${text}`);
  if (found.length > 1) throw sqlError('42725', `more than one operator named ${text}`);
  return found[0].oid;
}

function operatorWithArguments(source: NameSource, text: string): number {
  const { name, args } = splitSignature(text);
  if (args.length === 1) {
    throw sqlError('42P02', 'missing argument', {
      hint: 'Use NONE to denote the missing argument of a unary operator.',
    });
  }
  if (args.length !== 2) {
    throw sqlError('54023', 'too many arguments', { hint: 'Provide two argument types for operator.' });
  }
  const [left, right] = args.map((arg) => (arg.toLowerCase() === 'none' ? 0 : source.parseType(arg)));
  const names = operatorNames(name);
  // Of a schema that is not there it is said that the operator is not.
  const isMissing = names.length === 2 && source.catalog.schemaOfPath(names[0], source.searchPath) === undefined;
  const found = (isMissing ? [] : operatorsOf(source, names)).find(
    (operator) => operator.leftType === left && operator.rightType === right,
  );
  if (found === undefined) throw sqlError('42883', `operator does not exist: ${text}`);
  return found.oid;
}

function collationOid(source: NameSource, text: string): number {
  const names = splitQualifiedName(text);
  requireSchema(source, names);
  const found = findCollation(source.catalog, names, source.searchPath);
  if (found === undefined) throw sqlError('42704', `collation "${names.join('.')}" for encoding "UTF8" does not exist`);
  return found.oid;
}

function searchOid(source: NameSource, entryClass: 'searchConfiguration' | 'searchDictionary', text: string): number {
  const names = splitQualifiedName(text);
  checkParts(source, names);
  requireSchema(source, names);
  const found = findSearchEntry(source.catalog, entryClass, names, source.searchPath);
  if (found === undefined) throw sqlError('42704', `${SEARCH_WORDS[entryClass]} "${names.join('.')}" does not exist`);
  return found.oid;
}

function searchText(source: NameSource, entryClass: 'searchConfiguration' | 'searchDictionary', oid: number): string {
  const entry = searchEntry(source.catalog, entryClass, oid);
  return entry === undefined ? String(oid) : searchEntryName(source.catalog, entry, source.searchPath);
}

function singleName(text: string): string {
  const names = splitQualifiedName(text);
  if (names.length !== 1) throw sqlError('42602', 'invalid name syntax');
  return names[0];
}

function input(source: NameSource, typeOid: number, text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  switch (typeOid) {
    case OID.REGCLASS: {
      const names = splitQualifiedName(text);
      if (names.length > 3) {
        throw sqlError('42601', `improper relation name (too many dotted names): ${names.join('.')}`);
      }
      const { catalog, searchPath } = source;
      if (names.length === 3 && names[0] !== catalog.databaseName) {
        throw sqlError('0A000', `cross-database references are not implemented: "${names.join('.')}"`);
      }
      requireSchema(source, names);
      const relation = catalog.resolveRelation(names, searchPath) ?? resolveCompositeClass(catalog, names, searchPath);
      if (relation === undefined) throw sqlError('42P01', `relation "${names.join('.')}" does not exist`);
      return relation.oid;
    }
    case OID.REGTYPE:
      return source.parseType(text);
    case OID.REGNAMESPACE: {
      const name = singleName(text);
      const schema = source.catalog.schemaOfPath(name, source.searchPath);
      if (schema === undefined) throw sqlError('3F000', `schema "${name}" does not exist`);
      return schema.oid;
    }
    case OID.REGROLE: {
      const name = singleName(text);
      const role = source.shared.roleByName(name);
      if (role === undefined) throw sqlError('42704', `role "${name}" does not exist`);
      return role.oid;
    }
    case OID.REGPROC:
      return functionOid(source, text);
    case OID.REGPROCEDURE:
      return procedureOid(source, text);
    case OID.REGOPER:
      return operatorOid(source, text);
    case OID.REGOPERATOR:
      return operatorWithArguments(source, text);
    case OID.REGCOLLATION:
      return collationOid(source, text);
    case OID.REGCONFIG:
      return searchOid(source, 'searchConfiguration', text);
    case OID.REGDICTIONARY:
      return searchOid(source, 'searchDictionary', text);
    default:
      throw sqlError('0A000', `names of type ${typeByOid(typeOid)?.name ?? typeOid} are not supported`);
  }
}

function typeName(source: NameSource, oid: number): string {
  return typeDisplayName(source.catalog, oid, source.searchPath, (type) => formatType(type));
}

/** Name of an operator that was made, as regoper prints it: with its schema where it would not be found, or not alone. */
function madeOperatorText({ catalog, searchPath }: NameSource, definition: OperatorDefinition): string {
  const { name, schemaOid } = definition;
  const named = withMadeOperators(catalog, name, null, searchPath, operatorsByName(name));
  const isAlone = named.length === 1 && named[0].oid === definition.oid;
  return isAlone ? name : `${quoteIdentifier(catalog.schemaName(schemaOid))}.${name}`;
}

function operatorText(source: NameSource, oid: number): string {
  const definition = source.catalog.operator(oid);
  if (definition !== undefined) return madeOperatorText(source, definition);
  const operator = operatorByOid(oid);
  if (operator === null) return String(oid);
  return operatorsByName(operator.name).length === 1 ? operator.name : `pg_catalog.${operator.name}`;
}

function output(source: NameSource, typeOid: number, oid: number): string {
  switch (typeOid) {
    case OID.REGCLASS:
      return relationName(source.catalog, oid, source.searchPath);
    case OID.REGTYPE:
      return typeByOid(oid) === undefined ? String(oid) : typeName(source, oid);
    case OID.REGNAMESPACE: {
      const schema = source.catalog.schema(oid);
      return schema === undefined ? String(oid) : quoteIdentifier(schema.name);
    }
    case OID.REGROLE: {
      const role = source.shared.role(oid);
      return role === undefined ? String(oid) : quoteIdentifier(role.name);
    }
    case OID.REGPROC: {
      if (source.catalog.routine(oid) !== undefined) return routineLabel(source.catalog, oid, source.searchPath);
      const entry = functionByOid(oid);
      if (entry === null) return typeFunctionName(oid) ?? searchFunctionName(oid) ?? String(oid);
      return functionsByName(entry.name).length === 1
        ? quoteIdentifier(entry.name)
        : `pg_catalog.${quoteIdentifier(entry.name)}`;
    }
    case OID.REGPROCEDURE: {
      const routine = source.catalog.routine(oid);
      if (routine !== undefined) {
        const label = routineLabel(source.catalog, oid, source.searchPath);
        return `${label}(${inputsOf(routine)
          .map(({ typeOid }) => typeName(source, typeOid))
          .join(',')})`;
      }
      const entry = functionByOid(oid);
      const name = entry?.name ?? typeFunctionName(oid);
      if (name === null) return String(oid);
      const types = entry?.argumentTypes ?? typeFunctionArguments(oid);
      return `${quoteIdentifier(name)}(${types.map((type) => typeName(source, type)).join(',')})`;
    }
    case OID.REGOPER:
      return operatorText(source, oid);
    case OID.REGOPERATOR: {
      const made = source.catalog.operator(oid);
      const operator = made === undefined ? operatorByOid(oid) : operatorEntry(source.catalog, made);
      if (operator === null) return String(oid);
      const left = operator.leftType === 0 ? 'NONE' : typeName(source, operator.leftType);
      const isSeen = made === undefined || isOperatorVisible(source.catalog, made, source.searchPath);
      const schema = isSeen ? '' : `${quoteIdentifier(source.catalog.schemaName(made.schemaOid))}.`;
      return `${schema}${operator.name}(${left},${typeName(source, operator.rightType)})`;
    }
    case OID.REGCOLLATION:
      return collationName(source.catalog, oid, source.searchPath);
    case OID.REGCONFIG:
      return searchText(source, 'searchConfiguration', oid);
    case OID.REGDICTIONARY:
      return searchText(source, 'searchDictionary', oid);
    default:
      return String(oid);
  }
}

/** What types/ needs for the text of reg* values. `source` is asked anew for every name. */
export function regNames(source: () => NameSource): CatalogNames {
  return {
    regInput: (typeOid, text) => input(source(), typeOid, text),
    regOutput: (typeOid, oid) => output(source(), typeOid, oid),
  };
}
