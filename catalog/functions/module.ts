/**
 * What an implementation module hands to the registry: plain JavaScript functions under PostgreSQL's internal names
 * (prosrc; see README.md for the few that are made up). Types, strictness and volatility are not said here: they come
 * from the generated table of PostgreSQL's own pg_proc (builtin-procs.ts).
 */
import type {
  AggregateImplementation,
  ColumnDefinition,
  FunctionContext,
  Value,
  WindowAccess,
} from '../function-entry.ts';

// biome-ignore lint/suspicious/noExplicitAny: SQL values are dynamic by nature
export type AnyFunction = (...args: any[]) => Value;

export type Specialiser = (
  argTypes: readonly number[],
  returnType: number,
  columns?: readonly ColumnDefinition[],
) => AnyFunction;

export interface AggregateSpec {
  /** Rows in which an argument is null are skipped before step(). */
  readonly strict: boolean;
  readonly orderInsensitive?: boolean;
  /** See AggregateFunction.hypothetical. */
  readonly hypothetical?: boolean;
  create(argTypes: readonly number[], returnType: number): AggregateImplementation;
}

export type WindowSpec = (argTypes: readonly number[], returnType: number) => (window: WindowAccess) => Value;

export interface FunctionModule {
  /** (...arguments) => value */
  readonly plain?: Readonly<Record<string, AnyFunction>>;
  /** (context, ...arguments) => value */
  // biome-ignore lint/suspicious/noExplicitAny: SQL values are dynamic by nature
  readonly contextual?: Readonly<Record<string, (context: FunctionContext, ...args: any[]) => Value>>;
  /** (context, ...arguments) => value; runs a query of its own (RoutineRunner.query), for which it may have to wait */
  // biome-ignore lint/suspicious/noExplicitAny: SQL values are dynamic by nature
  readonly querying?: Readonly<Record<string, (context: FunctionContext, ...args: any[]) => Value>>;
  /** (argTypes, returnType) => (...arguments) => value; called once when a call is compiled */
  readonly specialised?: Readonly<Record<string, Specialiser>>;
  /** (argTypes, returnType) => (context, ...arguments) => value */
  readonly specialisedContextual?: Readonly<Record<string, Specialiser>>;
  readonly aggregates?: Readonly<Record<string, AggregateSpec>>;
  readonly windows?: Readonly<Record<string, WindowSpec>>;
}
