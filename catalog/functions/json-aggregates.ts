/** json_agg, jsonb_agg, json_object_agg and jsonb_object_agg. */
import { sqlError } from '../../types/errors.ts';
import { formatJsonb, type Jsonb, JsonbObject } from '../../types/jsonb.ts';
import type { FunctionContext, Value } from '../function-entry.ts';
import { jsonbMaker, jsonCategory, jsonWriter, keyText, quoteJson } from './json-build.ts';
import type { AggregateSpec, FunctionModule } from './module.ts';

/** The context is there when an aggregate starts, so it is kept in the state. */
interface State<T> {
  readonly context: FunctionContext;
  readonly parts: T[];
  readonly values: Jsonb[];
}

const start = <T>(context: FunctionContext): State<T> => ({ context, parts: [], values: [] });

const jsonAgg: AggregateSpec = {
  strict: false,
  create(argTypes) {
    const category = jsonCategory(argTypes[0]);
    const writer = jsonWriter(argTypes[0]);
    // Rows and arrays stand on lines of their own, as PostgreSQL writes them.
    const isStructured = category === 'array' || category === 'composite';
    return {
      initial: (context) => start<string>(context),
      step(state: State<string>, value: Value) {
        const gap = isStructured && value !== null && state.parts.length > 0 ? '\n ' : '';
        state.parts.push(gap + (value === null ? 'null' : writer(value, state.context)));
        return state;
      },
      final: (state: State<string>) => (state.parts.length === 0 ? null : `[${state.parts.join(', ')}]`),
    };
  },
};

const jsonbAgg: AggregateSpec = {
  strict: false,
  create(argTypes) {
    const maker = jsonbMaker(argTypes[0]);
    return {
      initial: (context) => start<never>(context),
      step(state: State<never>, value: Value) {
        state.values.push(value === null ? null : maker(value, state.context));
        return state;
      },
      final: (state: State<never>) => (state.values.length === 0 ? null : formatJsonb(state.values)),
    };
  },
};

const jsonObjectAgg: AggregateSpec = {
  strict: false,
  create(argTypes) {
    const keyOf = keyText(argTypes[0]);
    const writer = jsonWriter(argTypes[1]);
    return {
      initial: (context) => start<string>(context),
      step(state: State<string>, key: Value, value: Value) {
        if (key === null) throw sqlError('22023', 'field name must not be null');
        const text = value === null ? 'null' : writer(value, state.context);
        state.parts.push(`${quoteJson(keyOf(key, state.context))} : ${text}`);
        return state;
      },
      final: (state: State<string>) => (state.parts.length === 0 ? null : `{ ${state.parts.join(', ')} }`),
    };
  },
};

const jsonbObjectAgg: AggregateSpec = {
  strict: false,
  create(argTypes) {
    const keyOf = keyText(argTypes[0]);
    const maker = jsonbMaker(argTypes[1]);
    return {
      initial: (context) => start<string>(context),
      step(state: State<string>, key: Value, value: Value) {
        if (key === null) throw sqlError('22023', 'field name must not be null');
        state.parts.push(keyOf(key, state.context));
        state.values.push(value === null ? null : maker(value, state.context));
        return state;
      },
      final: (state: State<string>) =>
        state.parts.length === 0 ? null : formatJsonb(JsonbObject.from(state.parts, state.values)),
    };
  },
};

export const jsonAggregates: FunctionModule = {
  aggregates: {
    json_agg_anyelement: jsonAgg,
    jsonb_agg_anyelement: jsonbAgg,
    json_object_agg_any_any: jsonObjectAgg,
    jsonb_object_agg_any_any: jsonbObjectAgg,
  },
};
