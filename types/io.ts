/**
 * Text and binary conversion of values of any type, by its oid. The functions that take an oid and a value look the type up
 * each time; loops ask once for the type's own function.
 */
import { SqlArray } from './array.ts';
import { BinaryReader, incorrectBinaryFormat } from './binary-reader.ts';
import { coerceBit, coerceVarbit } from './bit.ts';
import { ByteWriter } from './byte-writer.ts';
import type { Codec } from './codec.ts';
import { arrayCodec, recordCodec, VECTOR_TYPES, vectorCodec } from './composite-codecs.ts';
import { datetimeCodec } from './datetime/codecs.ts';
import { coerceInterval, coerceTimeTz, roundMicros } from './datetime/precision.ts';
import type { Encoding } from './encodings/index.ts';
import { geometryCodec } from './geometry.ts';
import { HSTORE_CODEC } from './hstore.ts';
import type { Numeric } from './numeric.ts';
import { OID } from './oid.ts';
import { multirangeCodec, rangeCodec } from './range-text.ts';
import { rangeType } from './range-type.ts';
import { closedCodec, enumCodec, scalarCodec } from './scalar-codecs.ts';
import type { FormatSettings } from './settings.ts';
import { coerceBpchar, coerceVarchar } from './text.ts';
import { isArrayType, onTypeRegistration, typeByOid } from './type.ts';
import type { Value } from './value.ts';

export type TextOutput = (value: Value, settings: FormatSettings) => string;
export type TextInput = (text: string, typmod: number, settings: FormatSettings) => Value;
export type BinaryOutput = (value: Value) => Uint8Array;
export type BinaryInput = (bytes: Uint8Array, typmod: number) => Value;
/** Adds the binary form to a writer. */
export type BinaryWriter = (value: Value, writer: ByteWriter) => void;

const codecs = new Map<number, Codec>();
// A user-made type may stand inside others; they are few, and changes rare.
onTypeRegistration(() => codecs.clear());

function codecOf(oid: number): Codec {
  let codec = codecs.get(oid);
  if (codec === undefined) {
    codec = makeCodec(oid);
    codecs.set(oid, codec);
  }
  return codec;
}

function makeCodec(oid: number): Codec {
  const simple = scalarCodec(oid) ?? datetimeCodec(oid) ?? geometryCodec(oid);
  if (simple !== undefined) return simple;
  const vectorElement = VECTOR_TYPES.get(oid);
  if (vectorElement !== undefined) return vectorCodec(vectorElement, codecOf);
  if (oid === OID.RECORD) return recordCodec(oid, codecOf);
  if (oid === OID.ANYARRAY) return arrayCodec(0, codecOf);
  const type = typeByOid(oid);
  if (type === undefined) return closedCodec(oid);
  if (type.form === 'citext') return codecOf(OID.TEXT);
  if (type.form === 'hstore') return HSTORE_CODEC;
  if (type.kind === 'e') return enumCodec(oid);
  if (type.kind === 'c') return recordCodec(oid, codecOf);
  if (type.kind === 'r') return rangeCodec(rangeType(oid), codecOf(rangeType(oid).subtypeOid));
  if (type.kind === 'm') return multirangeCodec(rangeType(oid), codecOf(rangeType(oid).oid));
  if (type.kind === 'd') return domainCodec(type.baseOid ?? OID.TEXT, type.baseTypmod ?? -1);
  return isArrayType(type) ? arrayCodec(type.elementOid, codecOf) : closedCodec(oid);
}

/** A domain's values are its base type's, with the domain's modifier. Its constraints are the caller's to check. */
function domainCodec(baseOid: number, baseTypmod: number): Codec {
  const base = codecOf(baseOid);
  return {
    ...base,
    input: (text, _typmod, settings) => base.input(text, baseTypmod, settings),
    receive: (reader, _typmod) => base.receive(reader, baseTypmod),
  };
}

/** A value from its text. Errors are the type's input function's. */
export function inputText(oid: number, typmod: number, text: string, settings: FormatSettings): Value {
  return codecOf(oid).input(text, typmod, settings);
}

export function outputText(oid: number, value: Value, settings: FormatSettings): string {
  return codecOf(oid).output(value, settings);
}

/** `encoding`: of the texts in it; null: UTF-8. `parameter`: the number of the one that is bound, for errors; 0: it is none. */
export function inputBinary(
  oid: number,
  typmod: number,
  bytes: Uint8Array,
  encoding: Encoding | null = null,
  parameter = 0,
): Value {
  return receiveAll(codecOf(oid), new BinaryReader(bytes, encoding), typmod, parameter);
}

export function outputBinary(oid: number, value: Value, encoding: Encoding | null = null): Uint8Array {
  return binaryOutput(oid, encoding)(value);
}

export function textOutput(oid: number): TextOutput {
  return codecOf(oid).output;
}

export function textInput(oid: number): TextInput {
  return codecOf(oid).input;
}

/** `encoding`: of the texts in it; null: UTF-8. */
export function binaryOutput(oid: number, encoding: Encoding | null = null): BinaryOutput {
  const { send } = codecOf(oid);
  return (value) => {
    const writer = new ByteWriter(32, encoding);
    send(value, writer);
    return writer.toBytes();
  };
}

export function binaryWriter(oid: number): BinaryWriter {
  return codecOf(oid).send;
}

export function binaryInput(oid: number, encoding: Encoding | null = null): BinaryInput {
  const codec = codecOf(oid);
  return (bytes, typmod) => receiveAll(codec, new BinaryReader(bytes, encoding), typmod);
}

function receiveAll(codec: Codec, reader: BinaryReader, typmod: number, parameter = 0): Value {
  const value = codec.receive(reader, typmod);
  if (reader.position !== reader.end) throw incorrectBinaryFormat(parameter);
  return value;
}

/**
 * Applies a type modifier to a non-null value: rounds numerics and times, pads char(n), checks lengths (22001), or cuts what is
 * too long when the cast is explicit. Arrays: each element.
 */
export function coerceTypmod(oid: number, typmod: number, value: Value, isExplicit: boolean): Value {
  if (typmod < 0) return value;
  switch (oid) {
    case OID.NUMERIC:
      return (value as Numeric).applyTypmod(typmod);
    case OID.VARCHAR:
      return coerceVarchar(value, typmod, isExplicit);
    case OID.BPCHAR:
      return coerceBpchar(value, typmod, isExplicit);
    case OID.TIME:
    case OID.TIMESTAMP:
    case OID.TIMESTAMPTZ:
      return roundMicros(value, typmod);
    case OID.TIMETZ:
      return coerceTimeTz(value, typmod);
    case OID.INTERVAL:
      return coerceInterval(value, typmod);
    case OID.BIT:
      return coerceBit(value, typmod, isExplicit);
    case OID.VARBIT:
      return coerceVarbit(value, typmod, isExplicit);
    default:
      if (!(value instanceof SqlArray)) return value;
      return value.map(value.elementOid, (element) =>
        element === null ? null : coerceTypmod(value.elementOid, typmod, element, isExplicit),
      );
  }
}
