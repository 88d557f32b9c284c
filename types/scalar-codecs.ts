/** Text and binary forms of the types without parts, dates and times excepted (datetime/codecs.ts). */

import { inputAclItem } from './acl-item.ts';
import type { BinaryReader } from './binary-reader.ts';
import { bitsFromBytes, bitsToBytes, coerceBit, coerceVarbit, inputBits } from './bit.ts';
import { inputBool, outputBool } from './bool.ts';
import type { ByteWriter } from './byte-writer.ts';
import { inputBytea, outputBytea } from './bytea.ts';
import type { Codec } from './codec.ts';
import { sqlError } from './errors.ts';
import { inputFloat4, inputFloat8, outputFloat4, outputFloat8 } from './float.ts';
import { tsqueryCodec, tsvectorCodec } from './fulltext/codecs.ts';
import { inputInt2, inputInt4, inputInt8, inputOid, inputXid, inputXid8, normaliseInt8 } from './integer.ts';
import { inputJson } from './json.ts';
import { inputJsonb } from './jsonb.ts';
import { inputJsonpath } from './jsonpath/print.ts';
import { mac8Codec, macCodec } from './mac.ts';
import { moneyCodec } from './money.ts';
import { addressCodec } from './network.ts';
import { Numeric } from './numeric.ts';
import { receiveNumeric, sendNumeric } from './numeric-binary.ts';
import { OID } from './oid.ts';
import type { FormatSettings } from './settings.ts';
import { snapshotOf, snapshotText } from './snapshot.ts';
import { charFromByte, charToByte, coerceBpchar, coerceVarchar, inputChar, inputName } from './text.ts';
import { typeByOid } from './type.ts';
import { inputUuid, uuidFromBytes, writeUuid } from './uuid.ts';
import type { Value } from './value.ts';
import { inputXml, outputXml, receiveXml } from './xml/index.ts';

const asIs = (value: string): string => value;
const asString = (value: Value): string => '' + value;

function sendText(value: string, writer: ByteWriter): void {
  writer.text(value);
}

const receiveText = (reader: BinaryReader): string => reader.text();

const text: Codec = { output: asIs, input: asIs, send: sendText, receive: receiveText };

/** xip's count, xmin, xmax, xip. */
const snapshot: Codec = {
  output: asIs,
  input: (value) => snapshotText(snapshotOf(value)),
  send: (value, writer) => {
    const { xmin, xmax, xip } = snapshotOf(value);
    writer.int32(xip.length);
    for (const xid of [xmin, xmax, ...xip]) writer.int64(xid);
  },
  receive: (reader) => {
    const count = reader.int32();
    const [xmin, xmax] = [BigInt(reader.int64()), BigInt(reader.int64())];
    const xip = Array.from({ length: Math.max(count, 0) }, () => BigInt(reader.int64()));
    return snapshotText(snapshotOf(snapshotText({ xmin, xmax, xip })));
  },
};

const varchar: Codec = {
  ...text,
  input: (value, typmod) => (typmod < 0 ? value : coerceVarchar(value, typmod, false)),
  receive: (reader, typmod) => coerceVarchar(reader.text(), typmod, false),
};

const bpchar: Codec = {
  ...text,
  input: (value, typmod) => (typmod < 0 ? value : coerceBpchar(value, typmod, false)),
  receive: (reader, typmod) => coerceBpchar(reader.text(), typmod, false),
};

const int4: Codec = {
  output: asString,
  input: inputInt4,
  send: (value: number, writer) => writer.int32(value),
  receive: (reader) => reader.int32(),
};

const int8: Codec = {
  output: asString,
  input: inputInt8,
  send: (value: number | bigint, writer) => writer.int64(value),
  receive: (reader) => reader.int64(),
};

function unsigned(input: (text: string) => number): Codec {
  return { ...int4, input, receive: (reader) => reader.uint32() };
}

/** regclass and its kin: names come from the catalog; '-' is none, but for operators, which it may name. */
function reg(typeOid: number): Codec {
  const none = typeOid === OID.REGOPER || typeOid === OID.REGOPERATOR ? '0' : '-';
  const typeName = typeByOid(typeOid)?.name ?? 'oid';
  return {
    ...int4,
    receive: (reader) => reader.uint32(),
    output: (value: number, settings) => {
      if (value === 0) return none;
      return settings.names?.regOutput(typeOid, value) ?? '' + value;
    },
    input: (value, _typmod, settings: FormatSettings) => {
      if (value === none) return 0;
      if (/^\d+$/.test(value)) return inputOid(value);
      if (settings.names === undefined) throw sqlError('0A000', `names are not supported for type ${typeName} here`);
      return settings.names.regInput(typeOid, value);
    },
  };
}

const LSN_FORM = /^([0-9a-fA-F]{1,8})\/([0-9a-fA-F]{1,8})$/;

function inputLsn(value: string): number | bigint {
  const match = LSN_FORM.exec(value);
  if (match === null) throw sqlError('22P02', `invalid input syntax for type pg_lsn: "${value}"`);
  return normaliseInt8((BigInt('0x' + match[1]) << 32n) | BigInt('0x' + match[2]));
}

function outputLsn(value: number | bigint): string {
  const big = BigInt(value);
  return `${(big >> 32n).toString(16)}/${(big & 0xffffffffn).toString(16)}`.toUpperCase();
}

/** 64 bits unsigned. */
const uint64: Codec = {
  ...int8,
  send: (value: number | bigint, writer) => writer.int64(BigInt.asIntN(64, BigInt(value))),
  receive: (reader) => normaliseInt8(BigInt.asUintN(64, BigInt(reader.int64()))),
};

/** tidin() looks for the delimiters alone: what stands before the first and behind the last does not matter. */
const TID_FORM = /^[^(),]*[(,]((?:\s*[+-]?\d+)?),((?:\s*[+-]?\d+)?)\)/;

/** As strtoul() reads it: a negative number is what its 64 bits are without a sign; null: too large. */
function unsignedLong(text: string): bigint | null {
  const value = BigInt(text.replace('+', ''));
  const magnitude = value < 0n ? -value : value;
  return magnitude > 0xffffffffffffffffn ? null : BigInt.asUintN(64, value);
}

/** Offsets within a page have 16 bits. */
const TID_OFFSETS = 65536;

function inputTid(value: string): number {
  const match = TID_FORM.exec(value);
  const [block, offset] = match === null ? [null, null] : [unsignedLong(match[1]), unsignedLong(match[2])];
  if (block === null || offset === null || offset > 65535n || !isBlockNumber(block)) {
    throw sqlError('22P02', `invalid input syntax for type tid: "${value}"`);
  }
  return Number(BigInt.asUintN(32, block)) * TID_OFFSETS + Number(offset);
}

/** 32 bits, also as an int4 that has become longer: -1 is the last block. */
function isBlockNumber(value: bigint): boolean {
  return value <= 0xffffffffn || value === BigInt.asUintN(64, BigInt.asIntN(32, value));
}

function receiveJsonb(reader: BinaryReader): string {
  const version = reader.uint8();
  if (version !== 1) throw sqlError('XX000', `unsupported jsonb version number ${version}`);
  return inputJsonb(reader.text());
}

function receiveJsonpath(reader: BinaryReader): string {
  const version = reader.uint8();
  if (version !== 1) throw sqlError('XX000', `unsupported jsonpath version number: ${version}`);
  return inputJsonpath(reader.text());
}

function sendBits(value: string, writer: ByteWriter): void {
  writer.int32(value.length);
  writer.write(bitsToBytes(value));
}

function receiveBits(reader: BinaryReader): string {
  const count = reader.int32();
  if (count < 0) throw sqlError('22P03', 'invalid length in external bit string');
  const bytes = reader.bytes.subarray(reader.take((count + 7) >> 3), reader.position);
  return bitsFromBytes(bytes, count);
}

const SCALARS: ReadonlyMap<number, Codec> = new Map<number, Codec>([
  [
    OID.BOOL,
    {
      output: outputBool,
      input: inputBool,
      send: (value: boolean, writer) => writer.uint8(value ? 1 : 0),
      receive: (reader) => reader.uint8() !== 0,
    },
  ],
  [
    OID.INT2,
    {
      output: asString,
      input: inputInt2,
      send: (value: number, writer) => writer.int16(value),
      receive: (reader) => reader.int16(),
    },
  ],
  [OID.INT4, int4],
  [OID.INT8, int8],
  [OID.OID, unsigned(inputOid)],
  [OID.XID, unsigned(inputXid)],
  [OID.CID, unsigned(inputXid)],
  [OID.XID8, { ...uint64, input: inputXid8 }],
  [OID.PG_SNAPSHOT, snapshot],
  [OID.TXID_SNAPSHOT, snapshot],
  [OID.PG_LSN, { ...uint64, input: inputLsn, output: outputLsn }],
  [
    OID.FLOAT4,
    {
      output: (value: number, settings) => outputFloat4(value, settings.extraFloatDigits),
      input: inputFloat4,
      send: (value: number, writer) => writer.float32(value),
      receive: (reader) => reader.float32(),
    },
  ],
  [
    OID.FLOAT8,
    {
      output: (value: number, settings) => outputFloat8(value, settings.extraFloatDigits),
      input: inputFloat8,
      send: (value: number, writer) => writer.float64(value),
      receive: (reader) => reader.float64(),
    },
  ],
  [
    OID.NUMERIC,
    {
      output: (value: Numeric) => value.toString(),
      input: (value, typmod) => (typmod < 0 ? Numeric.parse(value) : Numeric.parse(value).applyTypmod(typmod)),
      send: sendNumeric,
      receive: (reader, typmod) => receiveNumeric(reader).applyTypmod(typmod),
    },
  ],
  [OID.TEXT, text],
  [OID.UNKNOWN, text],
  [OID.CSTRING, text],
  [OID.REFCURSOR, text],
  [
    OID.XML,
    {
      output: (value: string) => outputXml(value),
      input: (value, _typmod, { xmlOption }: FormatSettings) => inputXml(value, xmlOption),
      send: (value: string, writer) => writer.text(outputXml(value, writer.encoding?.name)),
      receive: (reader) => receiveXml(reader.rest()),
    },
  ],
  [
    OID.JSONPATH,
    {
      output: asIs,
      input: inputJsonpath,
      send: (value: string, writer) => {
        writer.uint8(1);
        writer.text(value);
      },
      receive: receiveJsonpath,
    },
  ],
  [OID.TSVECTOR, tsvectorCodec],
  [OID.TSQUERY, tsqueryCodec],
  [OID.ACLITEM, { ...text, input: (value, _typmod, settings: FormatSettings) => inputAclItem(value, settings) }],
  [OID.VARCHAR, varchar],
  [OID.BPCHAR, bpchar],
  [OID.NAME, { ...text, input: inputName, receive: receiveName }],
  [
    OID.CHAR,
    {
      output: asIs,
      input: inputChar,
      send: (value: string, writer) => writer.uint8(charToByte(value)),
      receive: (reader) => charFromByte(reader.uint8()),
    },
  ],
  [
    OID.BYTEA,
    {
      output: (value: Uint8Array, settings) => outputBytea(value, settings.byteaOutput),
      input: inputBytea,
      send: (value: Uint8Array, writer) => writer.write(value),
      receive: (reader) => reader.rest(),
    },
  ],
  [
    OID.UUID,
    {
      output: asIs,
      input: inputUuid,
      send: sendUuid,
      receive: (reader) => uuidFromBytes(reader.bytes, reader.take(16)),
    },
  ],
  [OID.JSON, { ...text, input: inputJson, receive: (reader) => inputJson(reader.text()) }],
  [
    OID.JSONB,
    {
      output: asIs,
      input: inputJsonb,
      send: (value: string, writer) => {
        writer.uint8(1);
        writer.text(value);
      },
      receive: receiveJsonb,
    },
  ],
  [
    OID.TID,
    {
      output: (value: number) => `(${Math.floor(value / TID_OFFSETS)},${value % TID_OFFSETS})`,
      input: inputTid,
      send: (value: number, writer) => {
        writer.int32(Math.floor(value / TID_OFFSETS));
        writer.int16(value % TID_OFFSETS);
      },
      receive: (reader) => reader.uint32() * TID_OFFSETS + reader.uint16(),
    },
  ],
  [
    OID.BIT,
    {
      output: asIs,
      input: (value, typmod) => coerceBit(inputBits(value), typmod, false),
      send: sendBits,
      receive: (reader, typmod) => coerceBit(receiveBits(reader), typmod, false),
    },
  ],
  [
    OID.VARBIT,
    {
      output: asIs,
      input: (value, typmod) => coerceVarbit(inputBits(value), typmod, false),
      send: sendBits,
      receive: (reader, typmod) => coerceVarbit(receiveBits(reader), typmod, false),
    },
  ],
  [OID.INET, addressCodec(false)],
  [OID.CIDR, addressCodec(true)],
  [OID.MACADDR, macCodec],
  [OID.MACADDR8, mac8Codec],
  [OID.MONEY, moneyCodec],
  [OID.VOID, { output: () => '', input: () => '', send: () => {}, receive: receiveText }],
]);

/** regclass and its like: their output names an object of the catalog. */
export const REG_TYPES: ReadonlySet<number> = new Set([
  OID.REGPROC,
  OID.REGPROCEDURE,
  OID.REGOPER,
  OID.REGOPERATOR,
  OID.REGCLASS,
  OID.REGTYPE,
  OID.REGCONFIG,
  OID.REGDICTIONARY,
  OID.REGNAMESPACE,
  OID.REGROLE,
  OID.REGCOLLATION,
]);

function receiveName(reader: BinaryReader): string {
  if (reader.remaining > 63) {
    throw sqlError('42622', 'identifier too long', { detail: 'Identifier must be less than 64 characters.' });
  }
  return reader.text();
}

function sendUuid(value: string, writer: ByteWriter): void {
  writer.reserve(16);
  writeUuid(value, writer.bytes, writer.length);
  writer.length += 16;
}

export function scalarCodec(oid: number): Codec | undefined {
  return REG_TYPES.has(oid) ? reg(oid) : SCALARS.get(oid);
}

/** Enums: the label itself, in text as in binary. */
export function enumCodec(oid: number): Codec {
  const type = typeByOid(oid);
  const labels = new Set(type?.enumLabels);
  const check = (label: string): string => {
    if (labels.has(label)) return label;
    throw sqlError('22P02', `invalid input value for enum ${type?.displayName}: "${label}"`);
  };
  return { output: asIs, input: check, send: sendText, receive: (reader) => check(reader.text()) };
}

/** Pseudo-types, which take no values, and the types that we do not have. Their texts, where they come about, are shown. */
export function closedCodec(oid: number): Codec {
  const type = typeByOid(oid);
  const refuse = (): never => {
    throw sqlError('0A000', `cannot accept a value of type ${type?.name ?? oid}`);
  };
  return { output: asString, input: refuse, send: (value, writer) => writer.text(asString(value)), receive: refuse };
}
