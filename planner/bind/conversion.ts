/** CAST and COLLATE. */
import { findCollation } from '../../catalog/collations.ts';
import type { CollationEntry } from '../../catalog/entries.ts';
import { collateMark } from '../../catalog/functions/collated.ts';
import type * as ast from '../../parser/ast.ts';
import type { Expr } from '../expr.ts';
import { bindArray } from './array.ts';
import { cannotCast, coerceToTarget } from './coerce.ts';
import { typeCollation } from './collation-of-type.ts';
import type { BindContext, Position } from './context.ts';
import { bindExpr } from './expression.ts';
import { positionOf } from './position.ts';
import { checkDatabaseOf } from './qualified-name.ts';
import type { Level } from './scope.ts';
import { UNKNOWN } from './type-info.ts';
import { resolveTypeName } from './type-name.ts';

/** Types of users: a domain may have a collation. */
const FIRST_USER_OID = 16384;

/** CAST(x AS type), x::type. */
export function bindCast(level: Level, node: ast.CastExpr): Expr {
  const { context } = level;
  const target = resolveTypeName(context, node.type);
  if (target.typeOid >= FIRST_USER_OID && typeCollation(context, target.typeOid) > 0) context.usesCollations = true;
  const isArrayTarget = context.types.isArray(context.types.base(target.typeOid));
  const arg =
    node.arg.kind === 'array' && isArrayTarget
      ? bindArray(level, node.arg, target.typeOid, target.typeModifier)
      : bindExpr(level, node.arg);
  return castExplicit(context, arg, target.typeOid, target.typeModifier, positionOf(context, node.position));
}

/** As CAST does it. */
export function castExplicit(
  context: BindContext,
  arg: Expr,
  typeOid: number,
  typeModifier: number,
  position: Position,
): Expr {
  // What a row's fields cannot become is refused at the cast.
  const from = arg.kind === 'row' && context.types.isComposite(typeOid) ? context.at({ ...arg }, position) : arg;
  const result = coerceToTarget(context, from, typeOid, typeModifier, 'explicit');
  if (result === null) throw cannotCast(context, arg.typeOid, typeOid, position ?? context.locationOf(arg));
  if (result === arg) return context.copyLocation(arg, { ...arg });
  return result;
}

/** COLLATE: a mark, which collation.ts reads. A literal's type stays open under it. */
export function bindCollate(level: Level, node: ast.CollateExpr): Expr {
  const { context } = level;
  const arg = bindExpr(level, node.arg);
  const position = positionOf(context, node.position);
  if (arg.typeOid !== UNKNOWN && typeCollation(context, arg.typeOid) === 0) {
    throw context.error('42804', `collations are not supported by type ${context.types.name(arg.typeOid)}`, position);
  }
  const found = mustFindCollation(context, node.collation, position);
  context.usesCollations = true;
  const { typeOid, typeModifier } = arg;
  const expr: Expr = { kind: 'call', function: collateMark(found.oid), args: [arg], typeOid, typeModifier };
  return context.at(expr, position);
}

/** 42704 when there is none. */
export function mustFindCollation(context: BindContext, name: readonly string[], position: Position): CollationEntry {
  const { searchPath } = context.environment;
  checkDatabaseOf(context, name, position);
  if (name.length > 1 && context.catalog.schemaOfPath(name[name.length - 2], searchPath) === undefined) {
    throw context.error('3F000', `schema "${name[name.length - 2]}" does not exist`, position);
  }
  const found = findCollation(context.catalog, name, searchPath);
  if (found !== undefined) return found;
  throw context.error('42704', `collation "${name.join('.')}" for encoding "UTF8" does not exist`, position);
}
