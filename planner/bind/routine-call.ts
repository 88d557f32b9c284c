/** CALL: a query of one row, the procedure's OUT parameters. */
import { isInput } from '../../catalog/functions/user-routines.ts';
import type * as ast from '../../parser/ast.ts';
import type { Expr } from '../expr.ts';
import { makeQuery, makeVar, type Query } from '../logical.ts';
import { bindCall } from './call.ts';
import { addRelation } from './from.ts';
import type { Level } from './scope.ts';
import { RECORD } from './type-info.ts';

export function bindCallStatement(level: Level, node: ast.CallStatement): Query {
  const { context } = level;
  context.calledProcedure = node.call;
  const call = level.withClause('call', () => bindCall(level, node.call)) as Expr & { kind: 'call' };
  const entry = call.function;
  const parameters = entry.routine!.parameters;
  // What comes out is named in CALL, but nobody computes it.
  const args = call.args.filter((_, i) => isInput(parameters[i]));
  const base = { id: level.queryId, relations: level.relations };
  const outputs = entry.outColumns ?? [];
  if (outputs.length > 0 && context.routine !== null) {
    throw context.error('0A000', 'calling procedures with output arguments is not supported in SQL functions');
  }
  if (outputs.length === 0) {
    return makeQuery({
      ...base,
      from: [],
      targets: [{ expr: { ...call, args }, name: entry.name, tableOid: 0, columnNumber: 0 }],
    });
  }
  const rel = context.nextRel();
  const columns = outputs.map((column) => ({ ...column, typeModifier: -1, tableOid: 0, columnNumber: 0 }));
  const { tree } = addRelation(
    level,
    {
      kind: 'function',
      rel,
      alias: entry.name,
      columns,
      functions: [
        {
          function: entry,
          args,
          columnTypes: outputs.map(({ typeOid }) => typeOid),
          rowType: RECORD,
          isComposite: true,
        },
      ],
      withOrdinality: false,
    },
    { name: entry.name, schemaName: null, table: null, hasAlias: false },
  );
  const targets = outputs.map(({ name, typeOid }, i) => ({
    expr: makeVar(rel, i, typeOid, -1),
    name,
    tableOid: 0,
    columnNumber: 0,
  }));
  return makeQuery({ ...base, from: [tree], targets });
}
