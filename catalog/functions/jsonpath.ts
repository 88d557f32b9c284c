/**
 * jsonpath: a path evaluated over a jsonb tree, as PostgreSQL does it: lax mode unwraps and wraps arrays and takes what is not there
 * for nothing; strict mode makes errors of both.
 */
import { compareText, inputFloat8, type Jsonb, JsonbObject, Numeric, SqlError, sqlError } from '../../types/index.ts';
import { registerPatternCheck } from '../../types/jsonpath/parse.ts';
import type {
  ArithmeticOperator,
  ComparisonOperator,
  Jsonpath,
  PathItem,
  RegexFlags,
} from '../../types/jsonpath/path.ts';
import { LAST_LEVEL } from '../../types/jsonpath/path.ts';
import type { FunctionContext } from '../function-entry.ts';
import { compareDatetimes, DatetimeItem, readDatetime } from './jsonpath-datetime.ts';
import { IdBase } from './jsonpath-ids.ts';
import { standardTemplate } from './parse-datetime.ts';
import { type CompiledRegex, compileRegex } from './regex/compile.ts';

/** What an item answered. FAILED: an error, kept in the evaluation. */
const NONE = 0;
const FOUND = 1;
const FAILED = 2;
type Outcome = typeof NONE | typeof FOUND | typeof FAILED;

type Truth = boolean | null;

function compilePattern(pattern: string, flags: RegexFlags): CompiledRegex {
  const { ignoreCase, dotAll, multiLine, literal } = flags;
  return compileRegex(pattern, {
    letters: 'unicode',
    ignoreCase,
    newlineStops: !dotAll && !literal,
    newlineAnchors: multiLine && !literal,
    expanded: false,
    syntax: literal ? 'literal' : 'advanced',
  });
}

registerPatternCheck(compilePattern);

/** What a path finds on its way: values of the document, and dates and times that it made of them. */
type Item = Jsonb | DatetimeItem;

const isObject = (value: Item): value is JsonbObject => value instanceof JsonbObject;
const isNumber = (value: Item): value is Numeric => value instanceof Numeric;

function typeName(value: Item): string {
  if (value instanceof DatetimeItem) return value.typeName;
  if (value === null) return 'null';
  if (isNumber(value)) return 'number';
  if (Array.isArray(value)) return 'array';
  return isObject(value) ? 'object' : typeof value;
}

/** Evaluates one path over one document. Without `found` only existence is asked for, and the first match ends it. */
export class JsonpathEvaluation {
  readonly #path: Jsonpath;
  readonly #root: Jsonb;
  readonly #variables: JsonbObject | null;
  #current: Item;
  #ignoresStructure: boolean;
  #throws: boolean;
  /** Size of the array whose subscripts are evaluated; -1: none. */
  #arraySize = -1;
  /** For .keyvalue(): what the value that is looked at is a part of; null: the document. */
  #base: IdBase | null = null;
  #madeObjects = 0;
  /** Of a function that may use the session's time zone. */
  readonly #zoneContext: FunctionContext | null;

  constructor(
    path: Jsonpath,
    root: Jsonb,
    variables: JsonbObject | null,
    silent: boolean,
    zoneContext: FunctionContext | null = null,
  ) {
    this.#path = path;
    this.#root = root;
    this.#current = root;
    this.#variables = variables;
    this.#ignoresStructure = path.isLax;
    this.#throws = !silent;
    this.#zoneContext = zoneContext;
  }

  /** All items that the path finds; up to an error, where that is kept silent. */
  query(): Jsonb[] {
    const found: Item[] = [];
    this.#item(this.#path.root, this.#root, found);
    const hasTimes = found.some((item) => item instanceof DatetimeItem);
    return hasTimes ? found.map((item) => (item instanceof DatetimeItem ? item.toString() : item)) : (found as Jsonb[]);
  }

  /** Null after an error that was kept silent. */
  exists(): boolean | null {
    // In strict mode an error further on counts: all is evaluated.
    const found: Item[] | null = this.#path.isLax ? null : [];
    const outcome = this.#item(this.#path.root, this.#root, found);
    if (outcome === FAILED) return null;
    return found === null ? outcome === FOUND : found.length > 0;
  }

  #fail(code: string, message: string): Outcome {
    if (this.#throws) throw sqlError(code, message);
    return FAILED;
  }

  #structureError(code: string, message: string): Outcome {
    return this.#ignoresStructure ? NONE : this.#fail(code, message);
  }

  #next(item: PathItem, value: Item, found: Item[] | null): Outcome {
    if (item.next !== null) return this.#item(item.next, value, found);
    found?.push(value);
    return FOUND;
  }

  #item(item: PathItem, value: Item, found: Item[] | null, unwraps = this.#path.isLax): Outcome {
    switch (item.kind) {
      case 'root':
        return this.#within(null, item, this.#root, found);
      case 'current':
        return this.#next(item, this.#current, found);
      case 'null':
        return this.#next(item, null, found);
      case 'bool':
      case 'number':
      case 'string':
        return this.#next(item, item.value, found);
      case 'variable':
        return this.#next(item, this.#variable(item.value), found);
      case 'last':
        return this.#next(item, Numeric.fromNumber(this.#arraySize - 1), found);
      case 'key':
        return this.#key(item, item.value, value, found, unwraps);
      case 'anyKey':
        if (isObject(value)) return this.#below(item.next, value.values, found, 1, 1, 1, false, this.#path.isLax);
        if (unwraps && Array.isArray(value)) return this.#unwrapped(item, value, found);
        return this.#structureError('2203C', 'jsonpath wildcard member accessor can only be applied to an object');
      case 'anyArray':
        if (Array.isArray(value)) return this.#below(item.next, value, found, 1, 1, 1, false, this.#path.isLax);
        if (this.#path.isLax) return this.#next(item, value, found);
        return this.#structureError('22039', 'jsonpath wildcard array accessor can only be applied to an array');
      case 'subscripts':
        return this.#subscripts(item, value, found);
      case 'anyLevel':
        return this.#anyLevel(item, value, found);
      case 'filter':
        if (unwraps && Array.isArray(value)) return this.#unwrapped(item, value, found);
        return this.#nested(item.predicate, value) === true ? this.#next(item, value, found) : NONE;
      case 'arithmetic':
        return this.#arithmetic(item, value, found);
      case 'sign':
        return this.#sign(item, value, found);
      case 'method':
        return this.#method(item, item.name, value, found, unwraps);
      case 'datetime':
        if (unwraps && Array.isArray(value)) return this.#unwrapped(item, value, found);
        return this.#datetime(item, value, found);
      default:
        return this.#next(item, this.#truth(item, value), found);
    }
  }

  #variable(name: string): Item {
    const value = this.#variables?.get(name);
    if (this.#variables === null || value === undefined) {
      throw sqlError('42704', `could not find jsonpath variable "${name}"`);
    }
    this.#base = new IdBase(this.#variables, 1);
    return value;
  }

  #key(item: PathItem, name: string, value: Item, found: Item[] | null, unwraps: boolean): Outcome {
    if (isObject(value)) {
      const member = value.get(name);
      if (member !== undefined) return this.#next(item, member, found);
      return this.#structureError('2203A', `JSON object does not contain key "${name}"`);
    }
    if (unwraps && Array.isArray(value)) return this.#unwrapped(item, value, found);
    return this.#structureError('2203A', 'jsonpath member accessor can only be applied to an object');
  }

  /** The item over each element of an array, which are not unwrapped once more. */
  #unwrapped(item: PathItem | null, array: readonly Item[], found: Item[] | null): Outcome {
    return this.#below(item, array, found, 1, 1, 1, false, false);
  }

  /** The item (null: none) over values of a container and, as far as `last`, what is in them. */
  #below(
    item: PathItem | null,
    values: readonly Item[],
    found: Item[] | null,
    level: number,
    first: number,
    last: number,
    ignoresStructure: boolean,
    unwraps: boolean,
  ): Outcome {
    let outcome: Outcome = NONE;
    if (level > last) return outcome;
    for (const value of values) {
      const isContainer = Array.isArray(value) || isObject(value);
      if (level >= first || (first === LAST_LEVEL && last === LAST_LEVEL && !isContainer)) {
        if (item === null) {
          if (found === null) return FOUND;
          found.push(value);
          outcome = FOUND;
        } else {
          const saved = this.#ignoresStructure;
          if (ignoresStructure) this.#ignoresStructure = true;
          const one = this.#item(item, value, found, unwraps);
          this.#ignoresStructure = saved;
          if (one === FAILED || (one === FOUND && found === null)) return one;
          if (one === FOUND) outcome = FOUND;
        }
      }
      if (level < last && isContainer) {
        const inside = Array.isArray(value) ? value : value.values;
        const one = this.#below(item, inside, found, level + 1, first, last, ignoresStructure, unwraps);
        if (one === FAILED || (one === FOUND && found === null)) return one;
        if (one === FOUND) outcome = FOUND;
      }
    }
    return outcome;
  }

  #anyLevel(item: PathItem & { readonly kind: 'anyLevel' }, value: Item, found: Item[] | null): Outcome {
    let outcome: Outcome = NONE;
    if (item.first === 0) {
      const saved = this.#ignoresStructure;
      this.#ignoresStructure = true;
      outcome = this.#next(item, value, found);
      this.#ignoresStructure = saved;
      // An error that is kept silent is PostgreSQL's answer only where nothing is below.
      if (outcome === FOUND && found === null) return outcome;
    }
    if (!Array.isArray(value) && !isObject(value)) return outcome;
    const inside = Array.isArray(value) ? value : value.values;
    const below = this.#below(item.next, inside, found, 1, item.first, item.last, true, this.#path.isLax);
    return below === NONE && outcome !== FAILED ? outcome : below;
  }

  #subscripts(item: PathItem & { readonly kind: 'subscripts' }, value: Item, found: Item[] | null): Outcome {
    const isArray = Array.isArray(value);
    if (!isArray && !this.#path.isLax) {
      return this.#structureError('22039', 'jsonpath array accessor can only be applied to an array');
    }
    const size = isArray ? value.length : 1;
    const savedSize = this.#arraySize;
    this.#arraySize = size;
    let outcome: Outcome = NONE;
    for (const { from, to } of item.subscripts) {
      const first = this.#index(from, value);
      const last = first === null || to === null ? first : this.#index(to, value);
      if (first === null || last === null) return FAILED;
      if (!this.#ignoresStructure && (first < 0 || first > last || last >= size)) {
        return this.#fail('22033', 'jsonpath array subscript is out of bounds');
      }
      for (let i = Math.max(first, 0); i <= Math.min(last, size - 1); i++) {
        const one = this.#next(item, isArray ? value[i] : value, found);
        if (one === FAILED || (one === FOUND && found === null)) {
          this.#arraySize = savedSize;
          return one;
        }
        if (one === FOUND) outcome = FOUND;
      }
    }
    this.#arraySize = savedSize;
    return outcome;
  }

  /** Null: an error. */
  #index(item: PathItem, value: Item): number | null {
    const found: Item[] = [];
    if (this.#item(item, value, found) === FAILED) return null;
    const [only] = found;
    if (found.length !== 1 || !isNumber(only)) {
      this.#fail('22033', 'jsonpath array subscript is not a single numeric value');
      return null;
    }
    const index = Number(only.trunc(0).toString());
    if (!(index >= -2147483648 && index <= 2147483647)) {
      this.#fail('22033', 'jsonpath array subscript is out of integer range');
      return null;
    }
    return index;
  }

  /** The items that an operand gives, arrays taken apart in lax mode; null: an error. */
  #operand(item: PathItem, value: Item, unwraps: boolean): Item[] | null {
    const found: Item[] = [];
    if (this.#item(item, value, found) === FAILED) return null;
    if (!unwraps || !this.#path.isLax || !found.some(Array.isArray)) return found;
    return found.flatMap((one): Item[] => (Array.isArray(one) ? one : [one]));
  }

  #quietly<T>(run: () => T): T {
    const saved = this.#throws;
    this.#throws = false;
    try {
      return run();
    } finally {
      this.#throws = saved;
    }
  }

  #arithmetic(item: PathItem & { readonly kind: 'arithmetic' }, value: Item, found: Item[] | null): Outcome {
    const lefts = this.#operand(item.left, value, true);
    if (lefts === null) return FAILED;
    const rights = this.#operand(item.right, value, true);
    if (rights === null) return FAILED;
    const [left] = lefts;
    if (lefts.length !== 1 || !isNumber(left)) return this.#notNumeric('left', item.operator);
    const [right] = rights;
    if (rights.length !== 1 || !isNumber(right)) return this.#notNumeric('right', item.operator);
    let result: Numeric;
    try {
      result = compute(item.operator, left, right);
    } catch (error) {
      if (this.#throws) throw error;
      return FAILED;
    }
    return this.#next(item, result, found);
  }

  #notNumeric(side: string, operator: string): Outcome {
    return this.#fail('22038', `${side} operand of jsonpath operator ${operator} is not a single numeric value`);
  }

  #sign(item: PathItem & { readonly kind: 'sign' }, value: Item, found: Item[] | null): Outcome {
    const operands = this.#operand(item.argument, value, true);
    if (operands === null) return FAILED;
    let outcome: Outcome = NONE;
    for (const operand of operands) {
      if (!isNumber(operand)) {
        if (found === null && item.next === null) continue;
        return this.#fail('2203B', `operand of unary jsonpath operator ${item.operator} is not a numeric value`);
      }
      const one = this.#next(item, item.operator === '-' ? operand.neg() : operand, found);
      if (one === FAILED || (one === FOUND && found === null)) return one;
      if (one === FOUND) outcome = FOUND;
    }
    return outcome;
  }

  #method(
    item: PathItem,
    name: (PathItem & { readonly kind: 'method' })['name'],
    value: Item,
    found: Item[] | null,
    unwraps: boolean,
  ): Outcome {
    if (name === 'type') return this.#next(item, typeName(value), found);
    if (name === 'size') {
      if (!Array.isArray(value) && !this.#path.isLax) {
        return this.#structureError('22039', 'jsonpath item method .size() can only be applied to an array');
      }
      return this.#next(item, Numeric.fromNumber(Array.isArray(value) ? value.length : 1), found);
    }
    if (unwraps && Array.isArray(value)) return this.#unwrapped(item, value, found);
    if (name === 'keyvalue') return this.#keyvalue(item, value, found);
    if (name === 'double') return this.#double(item, value, found);
    if (!isNumber(value)) {
      return this.#fail('22036', `jsonpath item method .${name}() can only be applied to a numeric value`);
    }
    return this.#next(item, name === 'abs' ? value.abs() : name === 'floor' ? value.floor() : value.ceil(), found);
  }

  #double(item: PathItem, value: Item, found: Item[] | null): Outcome {
    if (isNumber(value)) {
      if (!Number.isFinite(Number(value.toString()))) {
        return this.#fail(
          '22036',
          'numeric argument of jsonpath item method .double() is out of range for type double precision',
        );
      }
      return this.#next(item, value, found);
    }
    if (typeof value !== 'string') {
      return this.#fail('22036', 'jsonpath item method .double() can only be applied to a string or numeric value');
    }
    const number = doubleOf(value);
    if (number === null) {
      return this.#fail(
        '22036',
        'string argument of jsonpath item method .double() is not a valid representation of a double precision number',
      );
    }
    return this.#next(item, Numeric.fromNumber(number), found);
  }

  #datetime(item: PathItem & { readonly kind: 'datetime' }, value: Item, found: Item[] | null): Outcome {
    if (typeof value !== 'string') {
      return this.#fail('22031', 'jsonpath item method .datetime() can only be applied to a string');
    }
    const template = item.template === null ? null : standardTemplate(item.template);
    let datetime: DatetimeItem;
    try {
      datetime = readDatetime(value, template);
    } catch (error) {
      if (this.#throws || !(error instanceof SqlError)) throw error;
      return FAILED;
    }
    return this.#next(item, datetime, found);
  }

  #keyvalue(item: PathItem, value: Item, found: Item[] | null): Outcome {
    if (!isObject(value)) {
      return this.#fail('2203C', 'jsonpath item method .keyvalue() can only be applied to an object');
    }
    this.#base ??= new IdBase(this.#root, 0);
    const id = this.#base.idOf(value);
    let outcome: Outcome = NONE;
    for (let i = 0; i < value.keys.length; i++) {
      const pair = new JsonbObject(['id', 'key', 'value'], [id, value.keys[i], value.values[i]]);
      const number = (this.#variables === null ? 1 : 2) + this.#madeObjects++;
      const one = this.#within(new IdBase(pair, number), item, pair, found);
      if (one === FAILED || (one === FOUND && found === null)) return one;
      if (one === FOUND) outcome = FOUND;
    }
    return outcome;
  }

  #within(base: IdBase | null, item: PathItem, value: Item, found: Item[] | null): Outcome {
    const around = this.#base;
    this.#base = base;
    const outcome = this.#next(item, value, found);
    this.#base = around;
    return outcome;
  }

  /** A predicate about a value that it calls @. */
  #nested(predicate: PathItem, value: Item): Truth {
    const saved = this.#current;
    this.#current = value;
    const truth = this.#truth(predicate, value);
    this.#current = saved;
    return truth;
  }

  /** True, false or unknown (null). Errors inside are unknown. */
  #truth(item: PathItem, value: Item): Truth {
    switch (item.kind) {
      case 'and': {
        const left = this.#truth(item.left, value);
        if (left === false) return false;
        const right = this.#truth(item.right, value);
        return right === true ? left : right;
      }
      case 'or': {
        const left = this.#truth(item.left, value);
        if (left === true) return true;
        const right = this.#truth(item.right, value);
        return right === false ? left : right;
      }
      case 'not': {
        const truth = this.#truth(item.argument, value);
        return truth === null ? null : !truth;
      }
      case 'isUnknown':
        return this.#truth(item.argument, value) === null;
      case 'exists':
        return this.#quietly(() => this.#existsTruth(item.argument, value));
      case 'compare':
        return this.#pairs(item.left, item.right, value, true, (a, b) =>
          compareItems(item.operator, a, b, this.#zoneContext),
        );
      case 'startsWith':
        return this.#pairs(item.left, item.right, value, false, (a, b) =>
          typeof a === 'string' && typeof b === 'string' ? a.startsWith(b) : null,
        );
      case 'likeRegex': {
        const { test } = compilePattern(item.pattern, item.flags);
        return this.#pairs(item.argument, null, value, false, (a) => (typeof a === 'string' ? test.test(a) : null));
      }
      default:
        throw sqlError('XX000', `invalid boolean jsonpath item type: ${item.kind}`);
    }
  }

  #existsTruth(item: PathItem, value: Item): Truth {
    const found: Item[] | null = this.#path.isLax ? null : [];
    const outcome = this.#item(item, value, found);
    if (outcome === FAILED) return null;
    return found === null ? outcome === FOUND : found.length > 0;
  }

  /** Is there a pair of left and right items for which the test holds? In strict mode an unknown one decides. */
  #pairs(
    leftItem: PathItem,
    rightItem: PathItem | null,
    value: Item,
    unwrapsRight: boolean,
    test: (left: Item, right: Item) => Truth,
  ): Truth {
    const lefts = this.#quietly(() => this.#operand(leftItem, value, true));
    if (lefts === null) return null;
    const rights = rightItem === null ? [null] : this.#quietly(() => this.#operand(rightItem, value, unwrapsRight));
    if (rights === null) return null;
    let isFound = false;
    let isUnknown = false;
    for (const left of lefts) {
      for (const right of rights) {
        const truth = test(left, right);
        if (truth === null) {
          if (!this.#path.isLax) return null;
          isUnknown = true;
        } else if (truth) {
          if (this.#path.isLax) return true;
          isFound = true;
        }
      }
    }
    return isFound ? true : isUnknown ? null : false;
  }
}

/** Null for what is no finite number. */
function doubleOf(text: string): number | null {
  try {
    const number = inputFloat8(text);
    return Number.isFinite(number) ? number : null;
  } catch (error) {
    if (error instanceof SqlError) return null;
    throw error;
  }
}

function compute(operator: ArithmeticOperator, left: Numeric, right: Numeric): Numeric {
  switch (operator) {
    case '+':
      return left.add(right);
    case '-':
      return left.sub(right);
    case '*':
      return left.mul(right);
    case '/':
      return left.div(right);
    case '%':
      return left.mod(right);
  }
}

function compareItems(operator: ComparisonOperator, a: Item, b: Item, zoneContext: FunctionContext | null): Truth {
  let order: number | null;
  if (a === null && b === null) order = 0;
  else if (a === null || b === null) return operator === '!=';
  else if (isNumber(a) && isNumber(b)) order = a.compare(b);
  else if (typeof a === 'string' && typeof b === 'string') order = compareText(a, b);
  else if (typeof a === 'boolean' && typeof b === 'boolean') order = Number(a) - Number(b);
  else if (a instanceof DatetimeItem && b instanceof DatetimeItem) order = compareDatetimes(a, b, zoneContext);
  else return null;
  if (order === null) return null;
  switch (operator) {
    case '==':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
  }
}
