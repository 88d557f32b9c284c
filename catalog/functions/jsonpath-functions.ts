/** jsonb_path_exists and its family, @? and @@. The `_tz` forms differ only in what .datetime() would compare. */
import { formatJsonb, type Jsonb, JsonbObject, parseJsonb, sqlError } from '../../types/index.ts';
import { jsonpathOf } from '../../types/jsonpath/parse.ts';
import { JsonpathEvaluation } from './jsonpath.ts';
import type { AnyFunction, FunctionModule } from './module.ts';

const NO_VARIABLES = new JsonbObject([], []);

function variablesOf(text: string): JsonbObject {
  if (text === '{}') return NO_VARIABLES;
  const variables = parseJsonb(text);
  if (variables instanceof JsonbObject) return variables;
  throw sqlError('22023', '"vars" argument is not an object', {
    detail: 'Jsonpath parameters should be encoded as key-value pairs of "vars" object.',
  });
}

function evaluation(text: string, path: string, variables: string, silent: boolean): JsonpathEvaluation {
  return new JsonpathEvaluation(jsonpathOf(path), parseJsonb(text), variablesOf(variables), silent);
}

function exists(text: string, path: string, variables = '{}', silent = true): boolean | null {
  return evaluation(text, path, variables, silent).exists();
}

function match(text: string, path: string, variables = '{}', silent = true): boolean | null {
  const found = evaluation(text, path, variables, silent).query();
  if (found.length === 1) {
    const [only] = found;
    if (typeof only === 'boolean' || only === null) return only;
  }
  if (!silent) throw sqlError('22038', 'single boolean result is expected');
  return null;
}

function query(text: string, path: string, variables: string, silent: boolean): Jsonb[] {
  return evaluation(text, path, variables, silent).query();
}

const queryAll = (text: string, path: string, variables: string, silent: boolean): string[] =>
  query(text, path, variables, silent).map(formatJsonb);

const queryArray = (text: string, path: string, variables: string, silent: boolean): string =>
  formatJsonb(query(text, path, variables, silent));

function queryFirst(text: string, path: string, variables: string, silent: boolean): string | null {
  const found = query(text, path, variables, silent);
  return found.length === 0 ? null : formatJsonb(found[0]);
}

function withZoneForm(functions: Readonly<Record<string, AnyFunction>>): Record<string, AnyFunction> {
  return Object.fromEntries(
    Object.entries(functions).flatMap(([name, run]) => [
      [name, run],
      [`${name}_tz`, run],
    ]),
  );
}

export const jsonpathFunctions: FunctionModule = {
  plain: {
    ...withZoneForm({
      jsonb_path_exists: exists,
      jsonb_path_match: match,
      jsonb_path_query: queryAll,
      jsonb_path_query_array: queryArray,
      jsonb_path_query_first: queryFirst,
    }),
    jsonb_path_exists_opr: (text: string, path: string) => exists(text, path),
    jsonb_path_match_opr: (text: string, path: string) => match(text, path),
  },
};
