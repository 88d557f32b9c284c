/** Functions over the labels of an enum. */
import { baseTypeOid, SqlArray, sqlError, typeByOid } from '../../types/index.ts';
import { Catalog } from '../catalog.ts';
import { safeLabel } from '../enum-labels.ts';
import type { FunctionContext } from '../function-entry.ts';
import { enumLabels } from './array-values.ts';
import type { FunctionModule, Specialiser } from './module.ts';

/** Those that `pick` chooses; 55P04 for one that the transaction may not use yet. */
function picked(
  typeOid: number,
  { catalog }: FunctionContext,
  pick: (labels: readonly string[]) => readonly string[],
): readonly string[] {
  const enumOid = baseTypeOid(typeOid);
  const labels = pick(enumLabels(enumOid));
  const unsafe = catalog instanceof Catalog ? catalog.unsafeLabels(enumOid) : [];
  if (unsafe.length > 0) for (const label of labels) safeLabel(unsafe, typeByOid(enumOid)?.name ?? '', label);
  return labels;
}

const one =
  (index: number): Specialiser =>
  ([typeOid]) =>
  (context: FunctionContext) =>
    picked(typeOid, context, (labels) => {
      if (labels.length === 0) throw sqlError('55000', `enum ${typeByOid(typeOid)?.name} contains no values`);
      return [labels.at(index) as string];
    })[0];

const range: Specialiser =
  ([typeOid]) =>
  (context: FunctionContext, from: string | null = null, to: string | null = null) =>
    new SqlArray(
      typeOid,
      picked(typeOid, context, (labels) => {
        const first = from === null ? 0 : labels.indexOf(from);
        return labels.slice(first, to === null ? labels.length : labels.indexOf(to) + 1);
      }),
    );

export const enumFunctions: FunctionModule = {
  specialisedContextual: {
    enum_first: one(0),
    enum_last: one(-1),
    // Its argument only says the type.
    enum_range_all:
      ([typeOid]) =>
      (context: FunctionContext) =>
        range([typeOid], 0)(context),
    enum_range_bounds: range,
  },
};
