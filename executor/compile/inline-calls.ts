/**
 * Inline code for the functions that hot expressions are made of, keyed by their internal names. Everything else is called.
 *
 * Templates get operands that are not null (the compiler guards them) and answer code; `check` emits a statement that throws
 * or calls the full implementation when the quick result is not the exact one.
 */
import type { Code } from './emitter.ts';

/** Emits what it needs and answers the result's code. `call` is the full implementation, bound. */
export type InlineTemplate = (emit: (line: string) => void, result: Code, a: Code, b: Code, call: Code) => void;

const INT_TYPES: readonly [string, number, number][] = [
  ['int2', -32768, 32767],
  ['int4', -2147483648, 2147483647],
];

/** Result type of mixed int2/int4 operators is int4. */
const INT4_FAMILIES = ['int4', 'int24', 'int42'];
const INT8_FAMILIES = ['int8', 'int84', 'int48', 'int82', 'int28'];

const templates = new Map<string, InlineTemplate>();
const comparisons = new Map<string, (a: Code, b: Code) => Code>();

function addIntArithmetic(family: string, low: number, high: number): void {
  const ranged =
    (operator: string): InlineTemplate =>
    (emit, result, a, b, call) => {
      // + 0 turns the -0 of 0 * -5 into 0.
      emit(`${result} = ${a} ${operator} ${b}${operator === '*' ? ' + 0' : ''};`);
      emit(`if (${result} > ${high} || ${result} < ${low}) ${result} = ${call}(${a}, ${b});`);
    };
  templates.set(`${family}pl`, ranged('+'));
  templates.set(`${family}mi`, ranged('-'));
  // A product of two int4 may be beyond 2^53, but then it is far out of range as well.
  templates.set(`${family}mul`, ranged('*'));
  templates.set(`${family}div`, (emit, result, a, b, call) => {
    emit(`${result} = ${b} === 0 || ${b} === -1 ? ${call}(${a}, ${b}) : Math.trunc(${a} / ${b}) + 0;`);
  });
  templates.set(`${family}mod`, (emit, result, a, b, call) => {
    emit(`${result} = ${b} === 0 ? ${call}(${a}, ${b}) : (${a} % ${b}) + 0;`);
  });
}

for (const [name, low, high] of INT_TYPES) addIntArithmetic(name, low, high);
for (const family of INT4_FAMILIES) addIntArithmetic(family, -2147483648, 2147483647);

for (const family of INT8_FAMILIES) {
  const safe =
    (operator: string): InlineTemplate =>
    (emit, result, a, b, call) => {
      emit(
        `if (typeof ${a} !== 'number' || typeof ${b} !== 'number' || ` +
          `(${result} = ${a} ${operator} ${b}${operator === '*' ? ' + 0' : ''}) > 9007199254740991 || ${result} < -9007199254740991) ` +
          `${result} = ${call}(${a}, ${b});`,
      );
    };
  templates.set(`${family}pl`, safe('+'));
  templates.set(`${family}mi`, safe('-'));
  templates.set(`${family}mul`, safe('*'));
}

for (const family of ['float8', 'float48', 'float84']) {
  // Infinite and NaN results go through the implementation, which tells overflow from infinite input.
  const checked =
    (operator: string): InlineTemplate =>
    (emit, result, a, b, call) => {
      emit(`${result} = ${a} ${operator} ${b};`);
      emit(`if (${result} - ${result} !== 0) ${result} = ${call}(${a}, ${b});`);
    };
  templates.set(`${family}pl`, checked('+'));
  templates.set(`${family}mi`, checked('-'));
  // Underflow to zero is an error too, unless a factor is zero.
  templates.set(`${family}mul`, (emit, result, a, b, call) => {
    emit(`${result} = ${a} * ${b};`);
    emit(`if (${result} - ${result} !== 0 || ${result} === 0) ${result} = ${call}(${a}, ${b});`);
  });
  templates.set(`${family}div`, (emit, result, a, b, call) => {
    emit(`${result} = ${a} / ${b};`);
    emit(`if (${result} - ${result} !== 0 || ${result} === 0) ${result} = ${call}(${a}, ${b});`);
  });
}

/** Types whose values compare as JavaScript compares them (int8 and timestamps: number and bigint mix correctly). */
const PLAIN_ORDER = [
  ...INT_TYPES.map(([name]) => name),
  ...INT4_FAMILIES,
  ...INT8_FAMILIES,
  'oid',
  'date_',
  'timestamp_',
  'timestamptz_',
  'time_',
];
for (const family of PLAIN_ORDER) {
  comparisons.set(`${family}eq`, (a, b) => `${a} === ${b}`);
  comparisons.set(`${family}ne`, (a, b) => `${a} !== ${b}`);
  comparisons.set(`${family}lt`, (a, b) => `${a} < ${b}`);
  comparisons.set(`${family}le`, (a, b) => `${a} <= ${b}`);
  comparisons.set(`${family}gt`, (a, b) => `${a} > ${b}`);
  comparisons.set(`${family}ge`, (a, b) => `${a} >= ${b}`);
}
/** timestamptz operators share timestamp's implementations in pg_proc under names such as timestamptz_eq or timestamp_eq. */
for (const family of ['float8', 'float48', 'float84', 'float4']) {
  // NaN equals NaN and is greater than everything.
  comparisons.set(`${family}eq`, (a, b) => `${a} === ${b} || (${a} !== ${a} && ${b} !== ${b})`);
  comparisons.set(`${family}ne`, (a, b) => `${a} !== ${b} && (${a} === ${a} || ${b} === ${b})`);
  comparisons.set(`${family}lt`, (a, b) => `${a} < ${b} || (${b} !== ${b} && ${a} === ${a})`);
  comparisons.set(`${family}le`, (a, b) => `${a} <= ${b} || ${b} !== ${b}`);
  comparisons.set(`${family}gt`, (a, b) => `${a} > ${b} || (${a} !== ${a} && ${b} === ${b})`);
  comparisons.set(`${family}ge`, (a, b) => `${a} >= ${b} || ${a} !== ${a}`);
}
comparisons.set('booleq', (a, b) => `${a} === ${b}`);
comparisons.set('boolne', (a, b) => `${a} !== ${b}`);
comparisons.set('texteq', (a, b) => `${a} === ${b}`);
comparisons.set('textne', (a, b) => `${a} !== ${b}`);
comparisons.set('uuid_eq', (a, b) => `${a} === ${b}`);
comparisons.set('uuid_ne', (a, b) => `${a} !== ${b}`);

/** Arithmetic that assigns to a declared result variable. */
export function inlineTemplate(internalName: string): InlineTemplate | undefined {
  return templates.get(internalName);
}

/** Comparison as an expression over two non-null operands. */
export function inlineComparison(internalName: string): ((a: Code, b: Code) => Code) | undefined {
  return comparisons.get(internalName);
}

/** int8 operators that may run on plain numbers in fast mode. */
export const INT8_FAST: { readonly [internalName: string]: '+' | '-' | '*' } = Object.fromEntries(
  INT8_FAMILIES.flatMap((family) => [
    [`${family}pl`, '+'],
    [`${family}mi`, '-'],
    [`${family}mul`, '*'],
  ]),
) as { readonly [internalName: string]: '+' | '-' | '*' };
