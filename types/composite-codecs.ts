/** Text and binary forms of arrays and rows, made from those of their elements. */
import { ARRAY_DIMENSIONS_MAX, checkElementCount, SqlArray } from './array.ts';
import { inputArray, outputArray } from './array-text.ts';
import { type BinaryReader, incorrectBinaryFormat } from './binary-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { type Codec, sendSized } from './codec.ts';
import { sqlError } from './errors.ts';
import { OID } from './oid.ts';
import { SqlRecord } from './record.ts';
import { outputRecord, splitRecord } from './record-text.ts';
import type { FormatSettings } from './settings.ts';
import { attributeNames, formatType, typeByOid } from './type.ts';
import type { Value } from './value.ts';

export type CodecOf = (oid: number) => Codec;

/** `elementOid` 0: anyarray, whose values know their elements. */
export function arrayCodec(elementOid: number, codecOf: CodecOf): Codec {
  const known = elementOid === 0 ? null : codecOf(elementOid);
  const delimiterOf = (oid: number): string => typeByOid(oid)?.delimiter ?? ',';
  return {
    output: (array: SqlArray, settings) => {
      const codec = known ?? codecOf(array.elementOid);
      return outputArray(array, delimiterOf(array.elementOid), (value) => codec.output(value, settings));
    },
    input: (text, typmod, settings) => {
      if (known === null) throw sqlError('0A000', 'cannot accept a value of type anyarray');
      return inputArray(text, elementOid, delimiterOf(elementOid), (element) => known.input(element, typmod, settings));
    },
    send: (array: SqlArray, writer) => sendArray(array, known ?? codecOf(array.elementOid), writer),
    receive: (reader, typmod) => {
      if (known === null) throw sqlError('0A000', 'cannot accept a value of type anyarray');
      return receiveArray(reader, elementOid, known, typmod);
    },
  };
}

function sendArray(array: SqlArray, codec: Codec, writer: ByteWriter): void {
  writer.int32(array.dimensions.length);
  writer.int32(array.hasNull ? 1 : 0);
  writer.int32(array.elementOid);
  for (let i = 0; i < array.dimensions.length; i++) {
    writer.int32(array.dimensions[i]);
    writer.int32(array.lowerBounds[i]);
  }
  for (const element of array.elements) sendNullable(element, codec, writer);
}

/** Length and bytes; length -1 for null. */
function sendNullable(value: Value, codec: Codec, writer: ByteWriter): void {
  if (value === null) {
    writer.int32(-1);
    return;
  }
  sendSized(codec, value, writer);
}

function receiveNullable(reader: BinaryReader, codec: Codec, typmod: number): Value {
  const length = reader.int32();
  if (length === -1) return null;
  const part = reader.part(length);
  const value = codec.receive(part, typmod);
  if (part.position !== part.end) throw incorrectBinaryFormat();
  return value;
}

function receiveArray(reader: BinaryReader, elementOid: number, codec: Codec, typmod: number): SqlArray {
  const count = reader.int32();
  if (count < 0) throw sqlError('22P03', `invalid number of dimensions: ${count}`);
  if (count > ARRAY_DIMENSIONS_MAX) {
    throw sqlError(
      '54000',
      `number of array dimensions (${count}) exceeds the maximum allowed (${ARRAY_DIMENSIONS_MAX})`,
    );
  }
  const flags = reader.int32();
  if (flags !== 0 && flags !== 1) throw sqlError('22P03', 'invalid array flags');
  const sentOid = reader.uint32();
  if (sentOid !== elementOid) {
    throw sqlError(
      '42804',
      `binary data has array element type ${sentOid} (${formatType(sentOid)}) instead of expected ` +
        `${elementOid} (${formatType(elementOid)})`,
    );
  }
  const dimensions: number[] = [];
  const lowerBounds: number[] = [];
  let size = count === 0 ? 0 : 1;
  for (let i = 0; i < count; i++) {
    dimensions.push(reader.int32());
    lowerBounds.push(reader.int32());
    size *= dimensions[i];
    checkElementCount(dimensions[i] < 0 ? Infinity : size);
  }
  const elements: Value[] = [];
  for (let i = 0; i < size; i++) elements.push(receiveNullable(reader, codec, typmod));
  return new SqlArray(elementOid, elements, dimensions, lowerBounds);
}

/** int2vector and oidvector: numbers with blanks between them, counted from 0. */
export function vectorCodec(elementOid: number, codecOf: CodecOf): Codec {
  const array = arrayCodec(elementOid, codecOf);
  const element = codecOf(elementOid);
  return {
    ...array,
    output: ({ elements, dimensions }: SqlArray) => {
      const isVector = dimensions.length <= 1 && !elements.includes(null);
      if (!isVector)
        throw sqlError('42804', `array is not a valid ${elementOid === OID.OID ? 'oidvector' : 'int2vector'}`);
      return elements.join(' ');
    },
    input: (text, _typmod, settings) => {
      const words = text.split(/\s+/).filter((word) => word !== '');
      const elements = words.map((word) => element.input(word, -1, settings));
      return new SqlArray(elementOid, elements, [elements.length], [0]);
    },
  };
}

/** RECORD and composite types; only the latter can be read, since their columns are known. */
export function recordCodec(oid: number, codecOf: CodecOf): Codec {
  const attributes = typeByOid(oid)?.attributes;
  const typeOids = attributes?.map((attribute) => attribute.typeOid) ?? [];
  const names = attributes === undefined ? undefined : attributeNames(attributes);
  return {
    output: (record: SqlRecord, settings) =>
      outputRecord(
        record.values.map((value, i) => (value === null ? null : codecOf(record.typeOids[i]).output(value, settings))),
      ),
    input: (text: string, _typmod: number, settings: FormatSettings) => {
      if (attributes === undefined) throw anonymousRecord();
      const values = splitRecord(text, attributes.length).map((field, i) =>
        field === null ? null : codecOf(typeOids[i]).input(field, attributes[i].typmod, settings),
      );
      return new SqlRecord(typeOids, values, names);
    },
    send: (record: SqlRecord, writer) => {
      writer.int32(record.values.length);
      for (let i = 0; i < record.values.length; i++) {
        writer.int32(record.typeOids[i]);
        sendNullable(record.values[i], codecOf(record.typeOids[i]), writer);
      }
    },
    receive: (reader) => {
      if (attributes === undefined) throw anonymousRecord();
      return receiveRecord(
        reader,
        typeOids,
        attributes.map((attribute) => attribute.typmod),
        attributeNames(attributes),
        codecOf,
      );
    },
  };
}

function anonymousRecord(): Error {
  return sqlError('0A000', 'input of anonymous composite types is not implemented');
}

function receiveRecord(
  reader: BinaryReader,
  typeOids: readonly number[],
  typmods: readonly number[],
  names: readonly string[],
  codecOf: CodecOf,
): SqlRecord {
  const count = reader.int32();
  if (count !== typeOids.length) {
    throw sqlError('42804', `wrong number of columns: ${count}, expected ${typeOids.length}`);
  }
  const values = typeOids.map((oid, i) => {
    const sent = reader.uint32();
    if (sent !== oid) {
      throw sqlError(
        '42804',
        `binary data has type ${sent} (${formatType(sent)}) instead of expected ${oid} (${formatType(oid)}) in record column ${i + 1}`,
      );
    }
    return receiveNullable(reader, codecOf(oid), typmods[i]);
  });
  return new SqlRecord(typeOids, values, names);
}

export const VECTOR_TYPES: ReadonlyMap<number, number> = new Map<number, number>([
  [OID.INT2VECTOR, OID.INT2],
  [OID.OIDVECTOR, OID.OID],
]);
