/** Tables, queries, cursors, schemas and the database as XML, with their XML Schema, or both (manual, 9.15.4). */
import { OID, sqlError } from '../../../types/index.ts';
import type { RelationEntry } from '../../entries.ts';
import type { ColumnDefinition, FunctionContext, QueryRows, RoutineRunner } from '../../function-entry.ts';
import type { FunctionModule } from '../module.ts';
import { catalogOf } from '../system-catalog.ts';
import {
  columnsOfRelation,
  databaseSchema,
  elementName,
  type MappingOptions,
  schemaSchema,
  tableSchema,
} from './schema.ts';
import { xmlWriter } from './values.ts';

const XSI = 'http://www.w3.org/2001/XMLSchema-instance';

function runnerOf(context: FunctionContext): RoutineRunner {
  if (context.routines === undefined) throw new Error('a query is run where no statement of a session runs');
  return context.routines;
}

/** The start tag of an element that holds data. Only the outermost one declares namespaces, and names the schema, if there is one. */
function dataStart(name: string, schema: string | null, targetNamespace: string, isOutermost: boolean): string {
  let tag = `<${name}`;
  if (isOutermost) {
    tag += ` xmlns:xsi="${XSI}"`;
    if (targetNamespace !== '') tag += ` xmlns="${targetNamespace}"`;
  }
  if (schema !== null) {
    tag += targetNamespace === '' ? ' xsi:noNamespaceSchemaLocation="#"' : ` xsi:schemaLocation="${targetNamespace} #"`;
  }
  return `${tag}>\n`;
}

const dataEnd = (name: string): string => `</${name}>\n`;

/** The rows, each an element. `name`: of the element that each is in a forest. */
function rowsText(
  context: FunctionContext,
  { columns, rows }: QueryRows,
  name: string,
  options: MappingOptions,
  isOutermost: boolean,
): string {
  const { nulls, isForest, targetNamespace } = options;
  const start = isForest ? dataStart(name, null, targetNamespace, isOutermost) : '<row>\n';
  const end = isForest ? `${dataEnd(name)}\n` : '</row>\n\n';
  const names = columns.map((column) => elementName(column.name));
  const writers = columns.map((column) => xmlWriter(column.typeOid));
  return rows
    .map((row) => {
      let text = start;
      row.forEach((value, i) => {
        if (value !== null) text += `  <${names[i]}>${writers[i](value, context, true)}</${names[i]}>\n`;
        else if (nulls) text += `  <${names[i]} xsi:nil="true"/>\n`;
      });
      return text + end;
    })
    .join('');
}

/** The rows with what stands around them: `table`: whose they are, null: a query's. */
function tableText(
  context: FunctionContext,
  data: QueryRows,
  table: string | null,
  schema: string | null,
  options: MappingOptions,
  isOutermost: boolean,
): string {
  const name = table === null ? 'table' : elementName(table);
  const rowName = table === null && options.isForest ? 'row' : name;
  const before = options.isForest ? '' : `${dataStart(name, schema, options.targetNamespace, isOutermost)}\n`;
  return (
    before +
    (schema === null ? '' : `${schema}\n\n`) +
    rowsText(context, data, rowName, options, isOutermost) +
    (options.isForest ? '' : dataEnd(name))
  );
}

function relationOf(context: FunctionContext, oid: number): RelationEntry {
  const relation = catalogOf(context).relation(oid);
  if (relation === undefined) throw sqlError('42P01', `relation with OID ${oid} does not exist`);
  return relation;
}

function relationText(
  context: FunctionContext,
  oid: number,
  schema: string | null,
  options: MappingOptions,
  isOutermost = true,
): string {
  const { names } = context.format;
  if (names === undefined) throw new Error('names are known where a statement of a session runs');
  const data = runnerOf(context).queryRows(`SELECT * FROM ${names.regOutput(OID.REGCLASS, oid)}`);
  return tableText(context, data, relationOf(context, oid).name, schema, options, isOutermost);
}

const relationSchema = (context: FunctionContext, oid: number, options: MappingOptions): string => {
  const relation = relationOf(context, oid);
  return tableSchema(context, columnsOfRelation(relation), relation, options);
};

const querySchema = (context: FunctionContext, columns: readonly ColumnDefinition[], options: MappingOptions): string =>
  tableSchema(context, columns, null, options);

// ---------------------------------------------------------------------------------------------- schemas, the database

const VISIBLE_SCHEMAS = `FROM pg_catalog.pg_namespace WHERE pg_catalog.has_schema_privilege(oid, 'USAGE')
  AND nspname !~ '^pg_' AND nspname <> 'information_schema'`;
const VISIBLE_TABLES = `SELECT oid FROM pg_catalog.pg_class WHERE relkind IN ('r', 'm', 'v')
  AND pg_catalog.has_table_privilege(oid, 'SELECT')`;

function oids(context: FunctionContext, text: string): number[] {
  const mismatch = (): Error => new Error('a query for oids');
  return runnerOf(context)
    .query(text, [OID.OID], mismatch)
    .map(([oid]) => oid as number);
}

const tablesOf = (context: FunctionContext, schemaOid: number): number[] =>
  oids(context, `${VISIBLE_TABLES} AND relnamespace = ${schemaOid} ORDER BY relname`);

const schemasOf = (context: FunctionContext): number[] =>
  oids(context, `SELECT oid ${VISIBLE_SCHEMAS} ORDER BY nspname`);

function schemaOid(context: FunctionContext, name: string): number {
  const schema = catalogOf(context).schemaByName(name);
  if (schema === undefined) throw sqlError('3F000', `schema "${name}" does not exist`);
  const [[isAllowed]] = runnerOf(context).query(
    `SELECT pg_catalog.has_schema_privilege(${schema.oid}::pg_catalog.oid, 'USAGE')`,
    [OID.BOOL],
    () => new Error('a query for a right'),
  );
  if (isAllowed !== true) throw sqlError('42501', `permission denied for schema ${name}`);
  return schema.oid;
}

function schemaText(
  context: FunctionContext,
  oid: number,
  schema: string | null,
  options: MappingOptions,
  isOutermost = true,
): string {
  const name = elementName(catalogOf(context).schemaName(oid));
  const tables = tablesOf(context, oid).map((table) => `${relationText(context, table, null, options, false)}\n`);
  const before = `${dataStart(name, schema, options.targetNamespace, isOutermost)}\n`;
  return before + (schema === null ? '' : `${schema}\n\n`) + tables.join('') + dataEnd(name);
}

function schemaSchemaText(context: FunctionContext, oid: number, options: MappingOptions): string {
  const relations = tablesOf(context, oid).map((table) => relationOf(context, table));
  return schemaSchema(context, catalogOf(context).schemaName(oid), relations, options);
}

function databaseText(context: FunctionContext, schema: string | null, options: MappingOptions): string {
  const name = elementName(context.currentDatabase);
  const schemas = schemasOf(context).map((oid) => `${schemaText(context, oid, null, options, false)}\n`);
  const before = `${dataStart(name, schema, options.targetNamespace, true)}\n`;
  return before + (schema === null ? '' : `${schema}\n\n`) + schemas.join('') + dataEnd(name);
}

function databaseSchemaText(context: FunctionContext, options: MappingOptions): string {
  const text = `${VISIBLE_TABLES} AND relnamespace IN (SELECT oid ${VISIBLE_SCHEMAS})`;
  const relations = oids(context, text).map((oid) => relationOf(context, oid));
  const names = schemasOf(context).map((oid) => catalogOf(context).schemaName(oid));
  return databaseSchema(context, names, relations, options);
}

// ------------------------------------------------------------------------------------------------------ the functions

function optionsOf(nulls: boolean, isForest: boolean, targetNamespace: string): MappingOptions {
  return { nulls, isForest, targetNamespace };
}

/** Functions of an object and the options: `rest` are the options' three values. */
function mapped<T>(map: (context: FunctionContext, object: T, options: MappingOptions) => string) {
  return (context: FunctionContext, object: T, nulls: boolean, isForest: boolean, target: string): string =>
    map(context, object, optionsOf(nulls, isForest, target));
}

function ofDatabase(map: (context: FunctionContext, options: MappingOptions) => string) {
  return (context: FunctionContext, nulls: boolean, isForest: boolean, target: string): string =>
    map(context, optionsOf(nulls, isForest, target));
}

/** Its rows in an element for all of them, which is there for no rows too. */
function cursorText(
  context: FunctionContext,
  name: string,
  count: number,
  nulls: boolean,
  isForest: boolean,
  target: string,
): string {
  const options = optionsOf(nulls, isForest, target);
  return tableText(context, runnerOf(context).cursorRows(name, count), null, null, options, true);
}

export const xmlMappingFunctions: FunctionModule = {
  querying: {
    table_to_xml: mapped((context, oid: number, options) => relationText(context, oid, null, options)),
    table_to_xmlschema: mapped(relationSchema),
    table_to_xml_and_xmlschema: mapped((context, oid: number, options) =>
      relationText(context, oid, relationSchema(context, oid, options), options),
    ),
    query_to_xml: mapped((context, text: string, options) =>
      tableText(context, runnerOf(context).queryRows(text), null, null, options, true),
    ),
    query_to_xmlschema: mapped((context, text: string, options) =>
      querySchema(context, runnerOf(context).queryColumns(text), options),
    ),
    query_to_xml_and_xmlschema: mapped((context, text: string, options) => {
      const schema = querySchema(context, runnerOf(context).queryColumns(text), options);
      return tableText(context, runnerOf(context).queryRows(text), null, schema, options, true);
    }),
    cursor_to_xml: cursorText,
    cursor_to_xmlschema: mapped((context, name: string, options) =>
      querySchema(context, runnerOf(context).cursorColumns(name), options),
    ),
    schema_to_xml: mapped((context, name: string, options) =>
      schemaText(context, schemaOid(context, name), null, options),
    ),
    schema_to_xmlschema: mapped((context, name: string, options) =>
      schemaSchemaText(context, schemaOid(context, name), options),
    ),
    schema_to_xml_and_xmlschema: mapped((context, name: string, options) => {
      const oid = schemaOid(context, name);
      return schemaText(context, oid, schemaSchemaText(context, oid, options), options);
    }),
    database_to_xml: ofDatabase((context, options) => databaseText(context, null, options)),
    database_to_xmlschema: ofDatabase(databaseSchemaText),
    database_to_xml_and_xmlschema: ofDatabase((context, options) =>
      databaseText(context, databaseSchemaText(context, options), options),
    ),
  },
};
