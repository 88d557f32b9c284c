/** json_agg, jsonb_agg, json_object_agg and jsonb_object_agg. */
import { sqlError } from '../../types/errors.ts';
import { formatJsonb, formatMembers } from '../../types/jsonb.ts';
import type { FunctionContext, Value } from '../function-entry.ts';
import { jsonbMaker, jsonCategory, jsonWriter, keyText, quoteJson } from './json-build.ts';
import type { AggregateSpec, FunctionModule } from './module.ts';
import { TextCollector } from './text-collector.ts';

/** The context is there when an aggregate starts, so it is kept in the state. */
interface State {
  readonly context: FunctionContext;
  /** Members as they stand in the result. */
  readonly members: TextCollector;
}

interface ObjectState {
  readonly context: FunctionContext;
  readonly keys: TextCollector;
  readonly values: TextCollector;
  /** Of each member: where its key and its value end. */
  readonly ends: number[];
}

const start = (context: FunctionContext): State => ({ context, members: new TextCollector() });

const startObject = (context: FunctionContext): ObjectState => ({
  context,
  keys: new TextCollector(),
  values: new TextCollector(),
  ends: [],
});

const jsonAgg: AggregateSpec = {
  strict: false,
  create(argTypes) {
    const category = jsonCategory(argTypes[0]);
    const writer = jsonWriter(argTypes[0]);
    // Rows and arrays stand on lines of their own, as PostgreSQL writes them.
    const isStructured = category === 'array' || category === 'composite';
    return {
      initial: start,
      step(state: State, value: Value) {
        const { members, context } = state;
        const text = value === null ? 'null' : writer(value, context);
        if (members.length > 0) members.append(isStructured && value !== null ? ', \n ' : ', ');
        members.append(text);
        return state;
      },
      final: ({ members }: State) => (members.length === 0 ? null : `[${members}]`),
    };
  },
};

const jsonbAgg: AggregateSpec = {
  strict: false,
  create(argTypes) {
    const maker = jsonbMaker(argTypes[0]);
    return {
      initial: start,
      step(state: State, value: Value) {
        const { members, context } = state;
        const text = value === null ? 'null' : formatJsonb(maker(value, context));
        if (members.length > 0) members.append(', ');
        members.append(text);
        return state;
      },
      final: ({ members }: State) => (members.length === 0 ? null : `[${members}]`),
    };
  },
};

function checkKey(key: Value): void {
  if (key === null) throw sqlError('22023', 'field name must not be null');
}

const jsonObjectAgg: AggregateSpec = {
  strict: false,
  create(argTypes) {
    const keyOf = keyText(argTypes[0]);
    const writer = jsonWriter(argTypes[1]);
    return {
      initial: start,
      step(state: State, key: Value, value: Value) {
        checkKey(key);
        const { members, context } = state;
        const text = value === null ? 'null' : writer(value, context);
        members.append(`${members.length > 0 ? ', ' : ''}${quoteJson(keyOf(key, context))} : ${text}`);
        return state;
      },
      final: ({ members }: State) => (members.length === 0 ? null : `{ ${members} }`),
    };
  },
};

const jsonbObjectAgg: AggregateSpec = {
  strict: false,
  create(argTypes) {
    const keyOf = keyText(argTypes[0]);
    const maker = jsonbMaker(argTypes[1]);
    return {
      initial: startObject,
      step(state: ObjectState, key: Value, value: Value) {
        checkKey(key);
        const { keys, values, ends, context } = state;
        const text = value === null ? 'null' : formatJsonb(maker(value, context));
        keys.append(keyOf(key, context));
        values.append(text);
        ends.push(keys.length, values.length);
        return state;
      },
      final: ({ keys, values, ends }: ObjectState) => (ends.length === 0 ? null : objectText(keys, values, ends)),
    };
  },
};

/** The object of members in the order they came. */
function objectText(keys: TextCollector, values: TextCollector, ends: readonly number[]): string {
  const allKeys = keys.toString();
  const allValues = values.toString();
  const texts = new Map<string, string>();
  let keyStart = 0;
  let valueStart = 0;
  for (let i = 0; i < ends.length; i += 2) {
    texts.set(allKeys.slice(keyStart, ends[i]), allValues.slice(valueStart, ends[i + 1]));
    keyStart = ends[i];
    valueStart = ends[i + 1];
  }
  return formatMembers(texts);
}

export const jsonAggregates: FunctionModule = {
  aggregates: {
    json_agg_anyelement: jsonAgg,
    jsonb_agg_anyelement: jsonbAgg,
    json_object_agg_any_any: jsonObjectAgg,
    jsonb_object_agg_any_any: jsonbObjectAgg,
  },
};
