/**
 * Evaluates small SQL expressions through the function registry, without parser, planner or executor: literals with a type
 * ('1'::int4, NULL::text), calls, operators between two such operands or before one, casts, ARRAY-free and without
 * coercion: argument types must be exact (or polymorphic). Aggregates are written `@sum int4: 1; 2; NULL`.
 */
import type { AggregateFunction, FunctionContext, ScalarFunction, Value } from '../../../catalog/function-entry.ts';
import { functionsByName, lookupCast, operatorsByName } from '../../../catalog/functions/index.ts';
import {
  comparator,
  DEFAULT_FORMAT,
  inputText,
  OID,
  outputText,
  SqlRecord,
  typeByName,
  typeByOid,
} from '../../../types/index.ts';

export interface Typed {
  readonly oid: number;
  readonly value: Value;
}

/** A set of rows, from a set-returning function. */
export interface Rows {
  readonly oid: number;
  readonly columns: readonly number[] | null;
  readonly rows: readonly Value[];
}

/** 2024-03-09 08:05:06.789 UTC, a leap year, in microseconds since 2000. */
const NOW = Date.UTC(2024, 2, 9, 8, 5, 6, 789) * 1000 - 946684800000000;

export function testContext(timeZone: string): FunctionContext {
  const context: Partial<FunctionContext> = {
    format: { ...DEFAULT_FORMAT, timeZone, now: NOW },
    transactionTimestamp: NOW,
    statementTimestamp: NOW,
    clockTimestamp: () => NOW,
    random: () => 0.5,
    currentUser: 'postgres',
    sessionUser: 'postgres',
    currentDatabase: 'postgres',
    searchPath: (implicit) => (implicit ? ['pg_catalog', 'public'] : ['public']),
  };
  return context as FunctionContext;
}

const POLYMORPHIC = new Set<number>([
  OID.ANY,
  OID.ANYELEMENT,
  OID.ANYARRAY,
  OID.ANYNONARRAY,
  OID.ANYENUM,
  OID.ANYCOMPATIBLE,
  OID.ANYCOMPATIBLEARRAY,
  OID.ANYCOMPATIBLENONARRAY,
]);
const ARRAY_LIKE = new Set<number>([OID.ANYARRAY, OID.ANYCOMPATIBLEARRAY]);

function accepts(declared: number, actual: number): boolean {
  if (declared === actual) return true;
  if (!POLYMORPHIC.has(declared)) return declared === OID.RECORD && typeByOid(actual)?.kind === 'c';
  if (ARRAY_LIKE.has(declared)) return typeByOid(actual)?.category === 'A';
  return declared !== OID.ANYENUM || typeByOid(actual)?.kind === 'e';
}

function matches(types: readonly number[], variadic: boolean, defaults: number, args: readonly number[]): boolean {
  if (variadic && types[types.length - 1] === OID.ANY) {
    return args.length >= types.length && types.slice(0, -1).every((type, i) => accepts(type, args[i]));
  }
  if (args.length > types.length || args.length < types.length - defaults) return false;
  return args.every((type, i) => accepts(types[i], type));
}

/** array || element is not meant when both are arrays. */
function consistent(left: number, right: number, types: readonly number[]): boolean {
  if (ARRAY_LIKE.has(left) === ARRAY_LIKE.has(right)) return true;
  const [array, element] = ARRAY_LIKE.has(left) ? types : [types[1], types[0]];
  return !ARRAY_LIKE.has(left) && !ARRAY_LIKE.has(right) ? true : typeByOid(array)?.elementOid === element;
}

function resultType(declared: number, types: readonly number[], args: readonly number[]): number {
  if (!POLYMORPHIC.has(declared)) return declared;
  for (let i = 0; i < types.length; i++) {
    if (ARRAY_LIKE.has(types[i])) {
      return ARRAY_LIKE.has(declared) ? args[i] : (typeByOid(args[i])?.elementOid ?? 0);
    }
  }
  const element = args[types.findIndex((type) => POLYMORPHIC.has(type))];
  return ARRAY_LIKE.has(declared) ? (typeByOid(element)?.arrayOid ?? 0) : element;
}

function call(f: ScalarFunction, args: readonly Typed[], context: FunctionContext): Typed | Rows {
  const types = args.map((arg) => arg.oid);
  const oid = resultType(f.returnType, f.argumentTypes, types);
  const values = args.map((arg) => arg.value);
  if (f.defaults !== undefined) {
    const missing = f.argumentTypes.length - values.length;
    if (missing > 0) values.push(...f.defaults.slice(f.defaults.length - missing));
  }
  const columns = f.outColumns?.map((column) => column.typeOid) ?? null;
  if (f.strict && values.includes(null)) {
    return f.returnsSet ? { oid, columns, rows: [] } : { oid, value: null };
  }
  const implementation = f.specialise ? f.implementation(types, oid) : f.implementation;
  const result = f.needsContext ? implementation(context, ...values) : implementation(...values);
  if (!f.returnsSet) return { oid, value: result };
  return { oid, columns, rows: [...result] };
}

function typeNamed(text: string): number {
  if (text.endsWith('[]')) {
    const element = typeByOid(typeNamed(text.slice(0, -2)));
    return element?.arrayOid ?? 0;
  }
  const type = typeByName(text);
  if (type === undefined) throw new Error(`no type ${text}`);
  return type.oid;
}

function cast(operand: Typed, oid: number, context: FunctionContext): Typed {
  if (operand.oid === oid || operand.value === null) return { oid, value: operand.value };
  const entry = lookupCast(operand.oid, oid);
  if (entry !== null) {
    return entry.function === null
      ? { oid, value: operand.value }
      : (call(entry.function, [operand], context) as Typed);
  }
  const text = outputText(operand.oid, operand.value, context.format);
  return { oid, value: inputText(oid, -1, text, context.format) };
}

class ExpressionReader {
  private readonly text: string;
  private position = 0;
  private readonly context: FunctionContext;

  constructor(text: string, context: FunctionContext) {
    this.text = text;
    this.context = context;
  }

  private take(pattern: RegExp): string | null {
    const sticky = new RegExp(pattern.source, 'y');
    sticky.lastIndex = this.position;
    const match = sticky.exec(this.text);
    if (match === null) return null;
    this.position += match[0].length;
    return match[0];
  }

  private fail(): never {
    throw new Error(`cannot read "${this.text}" at ${this.position}`);
  }

  /** operand [operator operand] or operator operand */
  whole(): Typed | Rows {
    const result = this.expression();
    if (this.position < this.text.length) this.fail();
    return result;
  }

  private expression(): Typed | Rows {
    this.take(/\s*/);
    const prefix = this.take(/[-+~@|/!]+(?=\s*['(a-z])/);
    const left = this.operand();
    if (prefix !== null) return this.operator(prefix, [left as Typed]);
    this.take(/\s*/);
    const name = this.take(/[-+*/<>=~!@#%^&|?]+/);
    if (name === null) return left;
    return this.operator(name, [left as Typed, this.operand() as Typed]);
  }

  private operator(name: string, args: Typed[]): Typed | Rows {
    const types = args.length === 1 ? [0, args[0].oid] : args.map((arg) => arg.oid);
    const entry = operatorsByName(name).find(({ leftType, rightType }) => {
      if (leftType === 0 || types[0] === 0) return leftType === types[0] && accepts(rightType, types[1]);
      return accepts(leftType, types[0]) && accepts(rightType, types[1]) && consistent(leftType, rightType, types);
    });
    if (entry === undefined) throw new Error(`no operator ${name} in ${this.text}`);
    return call(entry.function, args, this.context);
  }

  private operand(): Typed | Rows {
    this.take(/\s*/);
    let value: Typed | Rows;
    const literal = this.take(/E?'(?:[^']|'')*'/);
    if (literal !== null) {
      const text = literal.slice(literal.indexOf("'") + 1, -1).replaceAll("''", "'");
      value = this.typedLiteral(
        literal.startsWith('E') ? (JSON.parse(`"${text.replaceAll('"', '\\"')}"`) as string) : text,
      );
    } else if (this.take(/NULL(?=::)/) !== null) {
      value = this.typedLiteral(null);
    } else if (this.take(/ROW\(/) !== null) {
      const fields = this.list();
      value = {
        oid: OID.RECORD,
        value: new SqlRecord(
          fields.map((f) => f.oid),
          fields.map((f) => f.value),
        ),
      };
    } else if (this.take(/\(/) !== null) {
      value = this.expression();
      if (this.take(/\s*\)/) === null) this.fail();
    } else {
      value = this.functionCall();
    }
    for (;;) {
      const type = this.take(/::"?[a-z_0-9]+"?(\[\])?/);
      if (type === null) return value;
      value = cast(value as Typed, typeNamed(type.slice(2).replaceAll('"', '')), this.context);
    }
  }

  private typedLiteral(text: string | null): Typed {
    const type = this.take(/::"?[a-z_0-9]+"?(\[\])?/);
    if (type === null) this.fail();
    const oid = typeNamed((type as string).slice(2).replaceAll('"', ''));
    return { oid, value: text === null ? null : inputText(oid, -1, text, this.context.format) };
  }

  private list(): Typed[] {
    const args: Typed[] = [];
    while (this.take(/\s*\)/) === null) {
      args.push(this.expression() as Typed);
      this.take(/\s*,/);
    }
    return args;
  }

  private functionCall(): Typed | Rows {
    const name = this.take(/[a-z_0-9]+\(/)?.slice(0, -1);
    if (name === undefined) this.fail();
    const args = this.list();
    const types = args.map((arg) => arg.oid);
    const candidates = functionsByName(name as string).filter((f) => f.kind === 'scalar') as ScalarFunction[];
    const fits = candidates.filter((f) => matches(f.argumentTypes, f.variadic, f.defaults?.length ?? 0, types));
    const found = fits.find((f) => f.argumentTypes.every((type, i) => type === types[i])) ?? fits[0];
    if (found === undefined) throw new Error(`no function ${name}(${types.join()}) in ${this.text}`);
    return call(found, args, this.context);
  }
}

export function evaluate(text: string, context: FunctionContext): Typed | Rows {
  return /^@[a-z]/.test(text) ? evaluateAggregate(text, context) : new ExpressionReader(text, context).whole();
}

/** `@name type, type: a, b; a, b`; `@name(direct) type: ...` for ordered sets, whose input is sorted here. */
export function parseAggregateCase(text: string): { name: string; direct: string; types: string[]; rows: string[][] } {
  const match = /^@([a-z_0-9]+)(?:\((.*?)\))? ([^:]*): ?(.*)$/.exec(text);
  if (match === null) throw new Error(`cannot read "${text}"`);
  const types = match[3].split(',').map((type) => type.trim());
  const rows = match[4] === '' ? [] : match[4].split(';').map((row) => row.split(',').map((cell) => cell.trim()));
  return { name: match[1], direct: match[2] ?? '', types, rows };
}

function evaluateAggregate(text: string, context: FunctionContext): Typed {
  const { name, direct, types, rows } = parseAggregateCase(text);
  const typeOids = types.filter((type) => type !== '').map(typeNamed);
  const directArgs = direct === '' ? [] : [new ExpressionReader(direct, context).whole() as Typed];
  const allTypes = [...directArgs.map((arg) => arg.oid), ...typeOids];
  const aggregates = functionsByName(name).filter((f) => f.kind === 'aggregate') as AggregateFunction[];
  const fits = aggregates.filter((f) => matches(f.argumentTypes, f.variadic, 0, allTypes));
  const found = fits.find((f) => f.argumentTypes.every((type, i) => type === allTypes[i])) ?? fits[0];
  if (found === undefined) throw new Error(`no aggregate for ${text}`);
  const oid = resultType(found.returnType, found.argumentTypes, allTypes);
  const aggregate = found.create(allTypes, oid);
  const values = rows.map((row) =>
    typeOids.map((type, i) => (row[i] === 'NULL' ? null : inputText(type, -1, row[i], context.format))),
  );
  if (found.orderedSet) {
    const compare = comparator(typeOids[0]);
    values.sort((a, b) => (a[0] === null || b[0] === null ? 0 : compare(a[0], b[0])));
  }
  let state = aggregate.initial(context);
  for (const row of values) {
    if (found.strict && row.includes(null)) continue;
    state = aggregate.step(state, ...row);
  }
  return { oid, value: aggregate.final(state, ...directArgs.map((arg) => arg.value)) };
}

/** The result as a line: the text form, NULL, rows behind each other with ` ; `, columns with ` | `. */
export function show(result: Typed | Rows, context: FunctionContext): string {
  const text = (oid: number, value: Value): string =>
    value === null ? 'NULL' : outputText(oid, value, context.format);
  if (!('rows' in result)) return escapeLine(text(result.oid, result.value));
  const { columns } = result;
  const lines = result.rows.map((row) =>
    columns === null ? text(result.oid, row) : columns.map((oid, i) => text(oid, row[i])).join(' | '),
  );
  return escapeLine(lines.join(' ; '));
}

export function escapeLine(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}
