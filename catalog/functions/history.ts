/** Functions over a table's past: hotrow_diff, hotrow_rewind (executor/table-changes.ts). */
import type { FunctionContext } from '../function-entry.ts';
import type { Int8 } from './integer.ts';
import type { FunctionModule } from './module.ts';

export const historyFunctions: FunctionModule = {
  contextual: {
    hotrow_diff(context: FunctionContext, table: number | null, since: Int8 | null, until: Int8 | null) {
      if (table === null || since === null) return [];
      return context.tableChanges?.(table, Number(since), until === null ? null : Number(until)) ?? [];
    },
    hotrow_rewind: (context: FunctionContext, table: number, to: Int8) =>
      context.rewindTable?.(table, Number(to)) ?? null,
  },
};
