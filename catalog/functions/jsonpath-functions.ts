/** jsonb_path_exists and its family, @? and @@. The `_tz` forms differ in what they may compare: with the session's time zone. */
import { formatJsonb, type Jsonb, JsonbObject, readJsonb, sqlError } from '../../types/index.ts';
import { jsonpathOf } from '../../types/jsonpath/parse.ts';
import type { FunctionContext } from '../function-entry.ts';
import { JsonpathEvaluation } from './jsonpath.ts';
import type { FunctionModule } from './module.ts';

const NO_VARIABLES = new JsonbObject([], []);

export function variablesOf(text: string | null): JsonbObject | null {
  if (text === null) return null;
  if (text === '{}') return NO_VARIABLES;
  const variables = readJsonb(text);
  if (variables instanceof JsonbObject) return variables;
  throw sqlError('22023', '"vars" argument is not an object', {
    detail: 'Jsonpath parameters should be encoded as key-value pairs of "vars" object.',
  });
}

/** Operators give no variables (null). */
type Target = readonly [text: string, path: string, variables: string | null, silent: boolean];

function evaluation(context: FunctionContext | null, ...[text, path, variables, silent]: Target): JsonpathEvaluation {
  return new JsonpathEvaluation(jsonpathOf(path), readJsonb(text), variablesOf(variables), silent, context);
}

function exists(context: FunctionContext | null, ...target: Target): boolean | null {
  return evaluation(context, ...target).exists();
}

function match(context: FunctionContext | null, ...target: Target): boolean | null {
  const [, , , silent] = target;
  return onlyTruth(evaluation(context, ...target).query(), silent);
}

/** What a path found where it is a predicate. */
export function onlyTruth(found: readonly Jsonb[], silent: boolean): boolean | null {
  if (found.length === 1) {
    const [only] = found;
    if (typeof only === 'boolean' || only === null) return only;
  }
  if (!silent) throw sqlError('22038', 'single boolean result is expected');
  return null;
}

const queryAll = (context: FunctionContext | null, ...target: Target): string[] =>
  evaluation(context, ...target)
    .query()
    .map(formatJsonb);

const queryArray = (context: FunctionContext | null, ...target: Target): string =>
  formatJsonb(evaluation(context, ...target).query());

function queryFirst(context: FunctionContext | null, ...target: Target): string | null {
  const found = evaluation(context, ...target).query();
  return found.length === 0 ? null : formatJsonb(found[0]);
}

const FUNCTIONS = {
  jsonb_path_exists: exists,
  jsonb_path_match: match,
  jsonb_path_query: queryAll,
  jsonb_path_query_array: queryArray,
  jsonb_path_query_first: queryFirst,
};

export const jsonpathFunctions: FunctionModule = {
  contextual: Object.fromEntries(Object.entries(FUNCTIONS).map(([name, run]) => [`${name}_tz`, run])),
  plain: {
    ...Object.fromEntries(
      Object.entries(FUNCTIONS).map(([name, run]) => [name, (...target: Target) => run(null, ...target)]),
    ),
    jsonb_path_exists_opr: (text: string, path: string) => exists(null, text, path, null, true),
    jsonb_path_match_opr: (text: string, path: string) => match(null, text, path, null, true),
  },
};
