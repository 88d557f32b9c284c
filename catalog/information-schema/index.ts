/** Rows of the views of information_schema. */
import type { RowMaker } from '../pg-catalog/view-context.ts';

export const informationSchemaMakers: Readonly<Record<string, RowMaker>> = {};
