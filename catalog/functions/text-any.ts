/** Functions that turn values of any type into text: concat, format, || with a text, quote_literal. */

import { sqlError } from '../../types/errors.ts';
import { baseTypeOid, inputText, OID, outputAddress, outputText, type Value } from '../../types/index.ts';
import { trimBlanks } from '../../types/text.ts';
import type { FunctionContext } from '../function-entry.ts';
import { characterCount } from './characters.ts';
import { variadicArguments } from './json.ts';
import type { FunctionModule, Specialiser } from './module.ts';
import { quoteIdentifier, quoteLiteral } from './quote.ts';

/** value::text, which is the output function but for boolean and char(n). */
function castToText(typeOid: number, value: Value, context: FunctionContext): string {
  switch (baseTypeOid(typeOid)) {
    case OID.BOOL:
      return value ? 'true' : 'false';
    case OID.BPCHAR:
      return trimBlanks(value);
    case OID.INET:
    case OID.CIDR:
      return outputAddress(value, true);
    default:
      return outputText(typeOid, value, context.format);
  }
}

const concat: Specialiser = (argTypes) => {
  return (context: FunctionContext, ...args: Value[]) => {
    if (argTypes.length === 1 && argTypes[0] < 0 && args[0] === null) return null;
    const [types, values] = variadicArguments(argTypes, args);
    let result = '';
    for (let i = 0; i < values.length; i++) {
      if (values[i] !== null) result += outputText(types[i], values[i], context.format);
    }
    return result;
  };
};

const concatWithSeparator: Specialiser = (argTypes) => {
  return (context: FunctionContext, separator: string | null, ...args: Value[]) => {
    if (separator === null) return null;
    if (argTypes.length === 2 && argTypes[1] < 0 && args[0] === null) return null;
    const [types, values] = variadicArguments(argTypes.slice(1), args);
    const parts: string[] = [];
    for (let i = 0; i < values.length; i++) {
      if (values[i] !== null) parts.push(outputText(types[i], values[i], context.format));
    }
    return parts.join(separator);
  };
};

function parameterError(message: string, hint?: string): Error {
  return sqlError('22023', message, hint ? { hint } : {});
}

/** One %... of format(): which argument, how wide, which conversion. */
interface FormatSpecifier {
  /** One-based; 0: the next one. */
  argument: number;
  leftAlign: boolean;
  width: number;
  /** -1: width is a number; 0: the next argument has it; n: argument n has it. */
  widthArgument: number;
  conversion: string;
  end: number;
}

const UNTERMINATED = 'unterminated format() type specifier';
const PERCENT_HINT = 'For a single "%" use "%%".';

function parseDigits(text: string, position: number): [value: number, end: number] | null {
  const first = text.charCodeAt(position);
  if (!(first >= 48 && first <= 57)) return null;
  const match = /^\d+/.exec(text.slice(position, position + 11));
  if (match === null) return null;
  const value = Number(match[0]);
  if (value > 2147483647) throw sqlError('22003', 'number is out of range');
  return [value, position + match[0].length];
}

function parseSpecifier(format: string, start: number): FormatSpecifier {
  const spec: FormatSpecifier = {
    argument: 0,
    leftAlign: false,
    width: 0,
    widthArgument: -1,
    conversion: '',
    end: start,
  };
  let i = start;
  const number = parseDigits(format, i);
  if (number !== null) {
    if (format[number[1]] === '$') {
      if (number[0] === 0) throw parameterError('format specifies argument 0, but arguments are numbered from 1');
      spec.argument = number[0];
      i = number[1] + 1;
    } else {
      spec.width = number[0];
      spec.conversion = format[number[1]] ?? '';
      spec.end = number[1] + 1;
      if (spec.conversion === '') throw parameterError(UNTERMINATED, PERCENT_HINT);
      return spec;
    }
  }
  while (format[i] === '-') {
    spec.leftAlign = true;
    i++;
  }
  if (format[i] === '*') {
    const position = parseDigits(format, i + 1);
    spec.widthArgument = 0;
    i++;
    if (position !== null) {
      if (format[position[1]] !== '$') throw parameterError('width argument position must be ended by "$"');
      if (position[0] === 0) throw parameterError('format specifies argument 0, but arguments are numbered from 1');
      spec.widthArgument = position[0];
      i = position[1] + 1;
    }
  } else {
    const width = parseDigits(format, i);
    if (width !== null) [spec.width, i] = width;
  }
  if (i >= format.length) throw parameterError(UNTERMINATED, PERCENT_HINT);
  spec.conversion = String.fromCodePoint(format.codePointAt(i) as number);
  spec.end = i + spec.conversion.length;
  return spec;
}

function convert(conversion: string, text: string | null): string {
  switch (conversion) {
    case 's':
      return text ?? '';
    case 'I':
      if (text === null) throw sqlError('22004', 'null values cannot be formatted as an SQL identifier');
      return quoteIdentifier(text);
    default:
      return text === null ? 'NULL' : quoteLiteral(text);
  }
}

function align(text: string, width: number, leftAlign: boolean): string {
  if (width === 0) return text;
  const missing = Math.abs(width) - characterCount(text);
  if (missing <= 0) return text;
  return leftAlign || width < 0 ? text + ' '.repeat(missing) : ' '.repeat(missing) + text;
}

/** A pattern taken apart: texts and specifiers in turn, as far as it can be read. */
interface FormatLayout {
  readonly parts: readonly (string | FormatSpecifier)[];
  /** What is wrong with the rest: told when the arguments before it have been looked at. */
  readonly failure: Error | null;
}

function layoutOf(pattern: string): FormatLayout {
  const parts: (string | FormatSpecifier)[] = [];
  let copied = 0;
  const copyTo = (end: number): void => {
    if (end > copied) parts.push(pattern.slice(copied, end));
  };
  try {
    for (let i = pattern.indexOf('%'); i >= 0; i = pattern.indexOf('%', copied)) {
      copyTo(i);
      if (i + 1 >= pattern.length) throw parameterError(UNTERMINATED, PERCENT_HINT);
      if (pattern[i + 1] === '%') {
        parts.push('%');
        copied = i + 2;
        continue;
      }
      const spec = parseSpecifier(pattern, i + 1);
      copied = spec.end;
      if (!'sIL'.includes(spec.conversion)) {
        throw parameterError(`unrecognized format() type specifier "${spec.conversion}"`, PERCENT_HINT);
      }
      parts.push(spec);
    }
  } catch (error) {
    return { parts, failure: error as Error };
  }
  copyTo(pattern.length);
  return { parts, failure: null };
}

const format: Specialiser = (argTypes) => {
  const ownTypes = argTypes.slice(1);
  // Of the pattern before, which mostly is the pattern of all.
  let known: string | null = null;
  let layout: FormatLayout = { parts: [], failure: null };
  return (context: FunctionContext, pattern: string | null, ...args: Value[]) => {
    if (pattern === null) return null;
    if (pattern !== known) {
      layout = layoutOf(pattern);
      known = layout.failure === null ? pattern : null;
    }
    const [types, values] = variadicArguments(ownTypes, args);
    let result = '';
    let lastArgument = 0;
    const argumentAt = (number: number): number => {
      lastArgument = number > 0 ? number : lastArgument + 1;
      if (lastArgument > values.length) throw parameterError('too few arguments for format()');
      return lastArgument - 1;
    };
    const widthOf = (at: number): number => {
      const value = values[at];
      if (value === null) return 0;
      if (types[at] === OID.INT4 || types[at] === OID.INT2) return value as number;
      // Of any other type by its text, as int4 reads it.
      return inputText(OID.INT4, -1, outputText(types[at], value, context.format), context.format) as number;
    };
    for (const part of layout.parts) {
      if (typeof part === 'string') {
        result += part;
        continue;
      }
      const width = part.widthArgument < 0 ? part.width : widthOf(argumentAt(part.widthArgument));
      const index = argumentAt(part.argument);
      const value = values[index];
      const text = value === null ? null : outputText(types[index], value, context.format);
      result += align(convert(part.conversion, text), width, part.leftAlign);
    }
    if (layout.failure !== null) throw layout.failure;
    return result;
  };
};

export const textAnyFunctions: FunctionModule = {
  specialisedContextual: {
    text_concat: concat,
    text_concat_ws: concatWithSeparator,
    text_format: format,
    text_format_nv: format,
    textanycat_text_anynonarray: (argTypes) => (context: FunctionContext, text: string, value: Value) =>
      text + castToText(argTypes[1], value, context),
    anytextcat_anynonarray_text: (argTypes) => (context: FunctionContext, value: Value, text: string) =>
      castToText(argTypes[0], value, context) + text,
    quote_literal_anyelement: (argTypes) => (context: FunctionContext, value: Value) =>
      quoteLiteral(castToText(argTypes[0], value, context)),
    quote_nullable_anyelement: (argTypes) => (context: FunctionContext, value: Value) =>
      value === null ? 'NULL' : quoteLiteral(castToText(argTypes[0], value, context)),
  },
};
