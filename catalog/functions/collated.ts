/**
 * Functions, aggregates and sort keys under a collation other than the default's byte order.
 *
 * An implementation has no collation among its arguments. What depends on one has a variant for each collation instead: an entry of
 * its own with an oid of its own, made when it is first asked for. So whoever compares entries by oid (index matching, inline code,
 * selectivity) knows nothing of the variant, and does not mistake it for the byte-wise function.
 */
import {
  asciiToLower,
  asciiToUpper,
  type Collation,
  collatedType,
  collation,
  collationClasses,
  collationVersion,
  comparator,
  hasAsciiLetters,
  indeterminate,
  isByteOrder,
  NO_COLLATION,
  OID,
  SqlArray,
  sqlError,
  trimBlanks,
} from '../../types/index.ts';
import type { AggregateFunction, ScalarFunction, Value } from '../function-entry.ts';
import { textArray } from './array-values.ts';
import { asciiToInitialCapitals } from './characters.ts';
import { ilikeBy } from './like.ts';
import { regexFunctionsBy } from './regex.ts';
import { splitToParts } from './text.ts';

/** Above every oid that is given out; these are in no table. */
let nextOid = 0x100000000;
const variants = new Map<string, ScalarFunction>();
const aggregateVariants = new Map<string, AggregateFunction>();
const baseOf = new WeakMap<ScalarFunction, ScalarFunction>();
const sortKeys = new WeakMap<ScalarFunction, number>();

type Make = (collation: Collation) => ScalarFunction['implementation'];

/** -1, 0, 1 and how they answer a comparison. */
const TESTS: Readonly<Record<string, (order: number) => boolean>> = {
  lt: (order) => order < 0,
  le: (order) => order <= 0,
  gt: (order) => order > 0,
  ge: (order) => order >= 0,
};

function compares(compareOf: (collation: Collation) => (a: Value, b: Value) => number): Readonly<Record<string, Make>> {
  const made: Record<string, Make> = {};
  for (const [word, test] of Object.entries(TESTS)) {
    made[word] = (own) => {
      const compare = compareOf(own);
      return (a: Value, b: Value) => test(compare(a, b));
    };
  }
  return made;
}

const textOrder = (own: Collation): ((a: string, b: string) => number) => own.compare;
const blankPaddedOrder =
  (own: Collation) =>
  (a: string, b: string): number =>
    own.compare(trimBlanks(a), trimBlanks(b));

const ofText = compares(textOrder);
const ofBpchar = compares(blankPaddedOrder);

/** Functions whose answer depends on the order, by internal name. */
const ORDERED: ReadonlyMap<string, Make> = new Map<string, Make>([
  ...Object.entries(ofText).map(([word, make]): [string, Make] => [`text_${word}`, make]),
  ...Object.entries(ofBpchar).map(([word, make]): [string, Make] => [`bpchar${word}`, make]),
  ...[
    'namelttext',
    'nameletext',
    'namegttext',
    'namegetext',
    'textltname',
    'textlename',
    'textgtname',
    'textgename',
  ].map((name): [string, Make] => [
    name,
    ofText[/(lt|le|gt|ge)/.exec(name.replace('name', '').replace('text', ''))![0]],
  ]),
  ['bttextcmp', (own) => textOrder(own)],
  ['bpcharcmp', (own) => blankPaddedOrder(own)],
  ['text_larger', (own) => (a: string, b: string) => (own.compare(a, b) > 0 ? a : b)],
  ['text_smaller', (own) => (a: string, b: string) => (own.compare(a, b) < 0 ? a : b)],
  ['bpchar_larger', (own) => (a: string, b: string) => (blankPaddedOrder(own)(a, b) >= 0 ? a : b)],
  ['bpchar_smaller', (own) => (a: string, b: string) => (blankPaddedOrder(own)(a, b) <= 0 ? a : b)],
]);

/** Functions that ask only whether texts are equal: the bytes tell, but where the collation is not deterministic. */
const EQUALITIES: ReadonlyMap<string, Make> = new Map<string, Make>([
  ...['texteq', 'nameeqtext', 'texteqname'].map((name): [string, Make] => [
    name,
    (own) => (a: string, b: string) => own.compare(a, b) === 0,
  ]),
  ...['textne', 'namenetext', 'textnename'].map((name): [string, Make] => [
    name,
    (own) => (a: string, b: string) => own.compare(a, b) !== 0,
  ]),
  ['bpchareq', (own) => (a: string, b: string) => blankPaddedOrder(own)(a, b) === 0],
  ['bpcharne', (own) => (a: string, b: string) => blankPaddedOrder(own)(a, b) !== 0],
]);

const EQUAL: ReadonlySet<string> = new Set(['texteq', 'nameeqtext', 'texteqname', 'bpchareq']);

/** Comparisons of arrays: by a sort key's type, with the operator's name. */
const ARRAY_TESTS: Readonly<Record<string, (order: number) => boolean>> = {
  array_lt: TESTS.lt,
  array_le: TESTS.le,
  array_gt: TESTS.gt,
  array_ge: TESTS.ge,
};
const ARRAY_EQUALITIES: Readonly<Record<string, (order: number) => boolean>> = {
  array_eq: (order) => order === 0,
  array_ne: (order) => order !== 0,
};

const upperCase: Make = (own) => (text: string) => text.toLocaleUpperCase(own.caseTag as string);
const lowerCase: Make = (own) => (text: string) => text.toLocaleLowerCase(own.caseTag as string);

/** Words as Unicode divides text, the first letter of each in upper case. After: ICU, u_strToTitle. */
const initialCapitals: Make = (own) => {
  const tag = own.caseTag as string;
  const segmenter = new Intl.Segmenter(tag, { granularity: 'word' });
  return (text: string) => {
    let result = '';
    for (const { segment } of segmenter.segment(text)) {
      const first = /[\p{L}\p{N}\p{S}\p{Co}]/u.exec(segment);
      if (first === null) result += segment;
      else {
        const end = first.index + first[0].length;
        result += segment.slice(0, first.index) + titleCase(first[0], tag) + segment.slice(end).toLocaleLowerCase(tag);
      }
    }
    return result;
  };
};

/** The digraphs that have a title case of their own, and letters that upper case makes two of. */
function titleCase(letter: string, tag: string): string {
  const digraph = 'ǄǅǆǇǈǉǊǋǌǱǲǳ'.indexOf(letter);
  if (digraph >= 0) return 'ǅǈǋǲ'[Math.floor(digraph / 3)];
  const upper = letter.toLocaleUpperCase(tag);
  return upper.length > letter.length ? upper[0] + upper.slice(1).toLocaleLowerCase(tag) : upper;
}

const CASES: ReadonlyMap<string, { readonly make: Make; readonly what: string }> = new Map([
  ['upper', { make: upperCase, what: 'upper() function' }],
  ['lower', { make: lowerCase, what: 'lower() function' }],
  ['initcap', { make: initialCapitals, what: 'initcap() function' }],
]);

const ASCII_REGEX = regexFunctionsBy('ascii');

/** What cannot be done where equal texts may differ, in the words of PostgreSQL's messages. */
const PATTERNS: ReadonlyMap<string, string> = new Map([
  ...['textlike', 'textnlike', 'bpcharlike', 'bpcharnlike', 'namelike', 'namenlike'].map((n): [string, string] => [
    n,
    'LIKE',
  ]),
  ...['texticlike', 'texticnlike', 'bpchariclike', 'bpcharicnlike', 'nameiclike', 'nameicnlike'].map(
    (n): [string, string] => [n, 'ILIKE'],
  ),
  ...Object.keys(ASCII_REGEX).map((n): [string, string] => [n, 'regular expressions']),
  ...['textpos', 'replace_text', 'split_part'].map((n): [string, string] => [n, 'substring searches']),
]);

/** Splitting of texts searches for nothing where the delimiter is null or empty. */
const SPLITS: Readonly<Record<string, (parts: readonly (string | null)[] | null) => Value>> = {
  text_to_array: (parts) => (parts === null ? null : textArray(parts)),
  text_to_array_null: (parts) => (parts === null ? null : textArray(parts)),
  text_to_table: (parts) => parts ?? [],
  text_to_table_null: (parts) => parts ?? [],
};

const splitting =
  (give: (parts: readonly (string | null)[] | null) => Value): Make =>
  (own) =>
  (text: string | null, delimiter: string | null, nullText: string | null = null) => {
    if (text === null) return give(null);
    if (delimiter !== null && delimiter !== '') throw nondeterministic('substring searches');
    const parts = splitToParts(text, delimiter, null) as string[];
    return give(nullText === null ? parts : parts.map((part) => (own.compare(part, nullText) === 0 ? null : part)));
  };

function nondeterministic(what: string): Error {
  return sqlError('0A000', `nondeterministic collations are not supported for ${what}`);
}

/** Languages in which letters have another lower case than elsewhere, which ILIKE goes by. */
const OWN_LOWER_CASE = /^(?:az|lt|tr)\b/;
const ILIKES: ReadonlyMap<string, Make> = new Map<string, Make>([
  ...['texticlike', 'bpchariclike', 'nameiclike'].map((n): [string, Make] => [n, (own) => ilikeOf(own)]),
  ...['texticnlike', 'bpcharicnlike', 'nameicnlike'].map((n): [string, Make] => [
    n,
    (own) => {
      const matches = ilikeOf(own);
      return (text: string, pattern: string) => !matches(text, pattern);
    },
  ]),
]);

function ilikeOf(own: Collation): (text: string, pattern: string) => boolean {
  return ilikeBy((text) => text.toLocaleLowerCase(own.caseTag as string));
}

const asciiIlike = ilikeBy(asciiToLower);
const asciiNotIlike = (text: string, pattern: string): boolean => !asciiIlike(text, pattern);

/** What depends on which characters are letters, where ASCII's alone are. */
const ASCII_FUNCTIONS: Readonly<Record<string, ScalarFunction['implementation']>> = {
  upper: asciiToUpper,
  lower: asciiToLower,
  initcap: asciiToInitialCapitals,
  texticlike: asciiIlike,
  nameiclike: asciiIlike,
  texticnlike: asciiNotIlike,
  nameicnlike: asciiNotIlike,
  ...ASCII_REGEX,
};

const refuse = (error: () => Error) => (): ScalarFunction['implementation'] => () => {
  throw error();
};

const looseEqualities = new WeakMap<ScalarFunction, ScalarFunction>();

/** Of `=` under a collation that calls different texts equal: what makes a key of a text, by whose type both sides can be hashed. */
export function looseEqualityKey(fn: ScalarFunction): ScalarFunction | undefined {
  return looseEqualities.get(fn);
}

function makerOf(fn: ScalarFunction, own: Collation): Make | null {
  const name = fn.internalName;
  const isUnknown = own.oid === NO_COLLATION;
  const ordered = ORDERED.get(name);
  if (ordered !== undefined) return ordered;
  const equal = EQUALITIES.get(name);
  if (equal !== undefined) return isUnknown || !own.deterministic ? equal : null;
  const cased = CASES.get(name);
  if (cased !== undefined) {
    if (isUnknown) return refuse(() => indeterminate(cased.what));
    return own.caseTag === null ? null : cased.make;
  }
  const split = SPLITS[name];
  if (split !== undefined) return isUnknown || own.deterministic ? null : splitting(split);
  const pattern = PATTERNS.get(name);
  if (pattern === undefined) return null;
  if (isUnknown) {
    if (pattern === 'substring searches' || pattern === 'LIKE') return null;
    return refuse(() => indeterminate(pattern === 'ILIKE' ? pattern : 'regular expression'));
  }
  if (own.deterministic) return OWN_LOWER_CASE.test(own.caseTag ?? '') ? (ILIKES.get(name) ?? null) : null;
  return refuse(() => nondeterministic(pattern));
}

/** The function under a collation: itself when the collation makes no difference. */
export function collatedFunction(fn: ScalarFunction, collationOid: number): ScalarFunction {
  if (isByteOrder(collationOid)) return hasAsciiLetters(collationOid) ? asciiVariant(fn, collationOid) : fn;
  const key = `${fn.oid}/${collationVersion(collationOid)}`;
  const known = variants.get(key);
  if (known !== undefined) return known;
  const own = collation(collationOid);
  const arrayTest =
    ARRAY_TESTS[fn.internalName] ??
    (own.deterministic && own.oid !== NO_COLLATION ? undefined : ARRAY_EQUALITIES[fn.internalName]);
  let variant = fn;
  if (arrayTest !== undefined) {
    variant = variantOf(fn, collationOid, true, (argTypes: readonly number[]) => {
      const compare = comparator(collatedType(collationOid, argTypes[0]));
      return (a: Value, b: Value) => arrayTest(compare(a, b));
    });
  } else {
    const make = makerOf(fn, own);
    if (make !== null) variant = variantOf(fn, collationOid, false, make(own));
    if (EQUAL.has(fn.internalName) && !own.deterministic && own.oid !== NO_COLLATION) {
      looseEqualities.set(variant, collationKey(collationOid, OID.TEXT, fn.internalName === 'bpchareq'));
    }
  }
  variants.set(key, variant);
  return variant;
}

const asciiVariants = new Map<number, ScalarFunction>();

/** Under C and its like: one variant for all of them. */
function asciiVariant(fn: ScalarFunction, collationOid: number): ScalarFunction {
  const implementation = ASCII_FUNCTIONS[fn.internalName];
  if (implementation === undefined) return fn;
  let variant = asciiVariants.get(fn.oid);
  if (variant === undefined) {
    variant = variantOf(fn, collationOid, false, implementation);
    asciiVariants.set(fn.oid, variant);
  }
  return variant;
}

function variantOf(
  fn: ScalarFunction,
  collationOid: number,
  specialise: boolean,
  implementation: ScalarFunction['implementation'],
): ScalarFunction {
  const variant: ScalarFunction = {
    ...fn,
    oid: nextOid++,
    internalName: `${fn.internalName} collate ${collationOid}`,
    needsContext: false,
    specialise,
    implementation,
  };
  baseOf.set(variant, fn);
  return variant;
}

/** The function that a variant stands for; any other is its own. */
export function uncollated(fn: ScalarFunction): ScalarFunction {
  return baseOf.get(fn) ?? fn;
}

/**
 * The function that is true about as often: for `=` of texts under a collation that calls different ones equal, and for patterns under
 * C, that which they are variants of.
 */
export function estimatedFunction(fn: ScalarFunction): ScalarFunction {
  const base = uncollated(fn);
  return looseEqualities.has(fn) || asciiVariants.get(base.oid) === fn ? base : fn;
}

const collatedAggregates = new WeakSet<AggregateFunction>();

/** Whether an aggregate goes by another order than that of bytes. */
export function isCollated(fn: AggregateFunction): boolean {
  return collatedAggregates.has(fn);
}

const EXTREMES: ReadonlySet<string> = new Set([
  'min_text',
  'max_text',
  'min_bpchar',
  'max_bpchar',
  'min_anyarray',
  'max_anyarray',
]);

/** min and max under a collation. */
export function collatedAggregate(fn: AggregateFunction, collationOid: number): AggregateFunction {
  if (isByteOrder(collationOid) || !EXTREMES.has(fn.internalName)) return fn;
  const key = `${fn.oid}/${collationVersion(collationOid)}`;
  let variant = aggregateVariants.get(key);
  if (variant === undefined) {
    const isLarger = fn.name === 'max';
    const isBlankPadded = fn.internalName.endsWith('bpchar');
    variant = {
      ...fn,
      oid: nextOid++,
      internalName: `${fn.internalName} collate ${collationOid}`,
      create: (argTypes) => {
        const compare = isBlankPadded
          ? blankPaddedOrder(collation(collationOid))
          : comparator(collatedType(collationOid, argTypes[0]));
        return {
          initial: () => null,
          step: (state: Value, value: Value) => {
            if (state === null) return value;
            const order = compare(value, state);
            return (isLarger ? order > 0 : order < 0) ? value : state;
          },
          final: (state: Value) => state,
        };
      },
    };
    aggregateVariants.set(key, variant);
    collatedAggregates.add(variant);
  }
  return variant;
}

const extremes = new Map<string, ScalarFunction>();

/** GREATEST and LEAST of texts under a collation, as a function of `count` arguments. */
export function collatedExtreme(
  kind: 'greatest' | 'least',
  typeOid: number,
  count: number,
  collationOid: number,
): ScalarFunction {
  const key = `${kind}/${typeOid}/${count}/${collationVersion(collationOid)}`;
  let fn = extremes.get(key);
  if (fn === undefined) {
    const { compare } = collation(collationOid);
    const isBlankPadded = typeOid === OID.BPCHAR;
    const order = isBlankPadded ? blankPaddedOrder(collation(collationOid)) : compare;
    fn = {
      kind: 'scalar',
      oid: nextOid++,
      internalName: `${kind} collate ${collationOid}`,
      name: kind,
      argumentTypes: Array.from({ length: count }, () => typeOid),
      variadic: false,
      returnType: typeOid,
      returnsSet: false,
      strict: false,
      volatility: 'immutable',
      needsContext: false,
      specialise: false,
      implementation: (...values: (string | null)[]) => {
        let best: string | null = null;
        for (const value of values) {
          if (value === null) continue;
          if (best === null || (kind === 'greatest' ? order(value, best) > 0 : order(value, best) < 0)) best = value;
        }
        return best;
      },
    };
    extremes.set(key, fn);
  }
  return fn;
}

const keys = new Map<string, ScalarFunction>();

/**
 * What orders by a collation: a function of the text (or the array of texts) whose result is of the type that is ordered so. Its value
 * is the argument's, char(n) without its padding.
 */
export function collationKey(collationOid: number, typeOid: number, isBlankPadded: boolean): ScalarFunction {
  const returnType = collatedType(collationOid, typeOid);
  const key = `${returnType}/${isBlankPadded}`;
  let fn = keys.get(key);
  if (fn === undefined) {
    fn = {
      kind: 'scalar',
      oid: nextOid++,
      internalName: `collation key ${key}`,
      name: 'collation_key',
      argumentTypes: [typeOid],
      variadic: false,
      returnType,
      returnsSet: false,
      strict: true,
      volatility: 'immutable',
      needsContext: false,
      specialise: false,
      implementation: isBlankPadded ? (text: string) => trimBlanks(text) : (value: Value) => value,
    };
    keys.set(key, fn);
    sortKeys.set(fn, collationOid);
  }
  return fn;
}

const classes = new Map<string, ScalarFunction>();
const classCollations = new WeakMap<ScalarFunction, number>();

/**
 * The class of a text under a nondeterministic collation (types/collation-class.ts), or of each text of an array, as keys of indexes
 * hold it: equal texts have the same.
 */
export function collationClass(collationOid: number, isBlankPadded: boolean, isArray = false): ScalarFunction {
  const key = `${collationVersion(collationOid)}/${isBlankPadded}/${isArray}`;
  let fn = classes.get(key);
  if (fn === undefined) {
    const classOf = collationClasses(collation(collationOid).locale as string);
    const ofText = isBlankPadded ? (text: string) => classOf(trimBlanks(text)) : classOf;
    const ofArray = ({ elements, dimensions, lowerBounds }: SqlArray): SqlArray => {
      const made = elements.map((text) => (text === null ? null : ofText(text as string)));
      return new SqlArray(OID.TEXT, made, dimensions, lowerBounds);
    };
    const typeOid = isArray ? OID.TEXT_ARRAY : OID.TEXT;
    fn = {
      ...collationKey(collationOid, OID.TEXT, isBlankPadded),
      oid: nextOid++,
      internalName: `collation class ${key}`,
      name: 'collation_class',
      argumentTypes: [typeOid],
      returnType: typeOid,
      implementation: isArray ? ofArray : ofText,
    };
    classes.set(key, fn);
    if (!isArray) classCollations.set(fn, collationOid);
  }
  return fn;
}

/** The collation of such a function of one text; undefined for all others. */
export function collationOfClass(fn: ScalarFunction): number | undefined {
  return classCollations.get(fn);
}

const texts = new Map<string, ScalarFunction>();
const textCollations = new WeakMap<ScalarFunction, number>();

/** The text (of this type) that a sort key was made of. */
export function collationText(collationOid: number, typeOid: number): ScalarFunction {
  const keyType = collatedType(collationOid, typeOid);
  const key = `${keyType}/${typeOid}`;
  let fn = texts.get(key);
  if (fn === undefined) {
    fn = {
      ...collationKey(collationOid, typeOid, false),
      oid: nextOid++,
      internalName: `collation text ${key}`,
      name: 'collation_text',
      argumentTypes: [keyType],
      returnType: typeOid,
    };
    texts.set(key, fn);
    textCollations.set(fn, collationOid);
  }
  return fn;
}

/** The collation of such a function; undefined for all others. */
export function collationOfText(fn: ScalarFunction): number | undefined {
  return textCollations.get(fn);
}

/** The collation of a sort key's function; undefined for all others. */
export function collationOfKey(fn: ScalarFunction): number | undefined {
  return sortKeys.get(fn);
}

const marks = new Map<number, ScalarFunction>();
const markedCollations = new WeakMap<ScalarFunction, number>();

/** x COLLATE c while expressions are bound: the identity, which is taken away when collations have been derived. */
export function collateMark(collationOid: number): ScalarFunction {
  let fn = marks.get(collationOid);
  if (fn === undefined) {
    fn = {
      kind: 'scalar',
      oid: nextOid++,
      internalName: `collate ${collationOid}`,
      name: 'collate',
      argumentTypes: [OID.TEXT],
      variadic: false,
      returnType: OID.TEXT,
      returnsSet: false,
      strict: true,
      // Not to be folded away.
      volatility: 'stable',
      needsContext: false,
      specialise: false,
      implementation: (value: Value) => value,
    };
    marks.set(collationOid, fn);
    markedCollations.set(fn, collationOid);
  }
  return fn;
}

export function markedCollation(fn: ScalarFunction): number | undefined {
  return markedCollations.get(fn);
}
