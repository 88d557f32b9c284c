/** What hotrow's own functions do with the database: pg_prewarm, hotrow_preload, hotrow_reset. */
import type { FunctionContext } from '../function-entry.ts';
import type { Int8 } from './integer.ts';

import type { FunctionModule } from './module.ts';

const VOID = '';

export const hotDataFunctions: FunctionModule = {
  contextual: {
    pg_prewarm: (
      context: FunctionContext,
      relation: number | null,
      mode: string | null,
      fork: string | null,
      first: Int8 | null,
      last: Int8 | null,
    ) => context.prewarm(relation, mode, fork, first, last),
    hotrow_reset(context) {
      context.resetFork();
      return VOID;
    },
    hotrow_preload(context) {
      const row = context.system?.preload();
      if (row === undefined) return [];
      return [
        [
          row.state,
          row.total,
          row.loaded,
          row.resident,
          row.gone,
          row.damaged,
          row.withoutRoom,
          row.startedAt,
          row.endedAt,
          row.secondsLeft,
        ],
      ];
    },
  },
};
