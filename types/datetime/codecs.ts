/** Text and binary forms of dates, times and intervals. */
import type { BinaryReader } from '../binary-reader.ts';
import type { Codec } from '../codec.ts';
import { sqlError } from '../errors.ts';
import { OID } from '../oid.ts';
import { DAY_MICROS, DAYS_END, DAYS_MIN, dateOutOfRange, isTimestamp, timestampOutOfRange } from './calendar.ts';
import { inputDate, inputTime, inputTimestamp, inputTimestampTz, inputTimeTz } from './input.ts';
import { Interval, type Micros } from './interval.ts';
import { inputInterval } from './interval-input.ts';
import { outputInterval } from './interval-output.ts';
import { outputDate, outputTime, outputTimestamp, outputTimestampTz, outputTimeTz } from './output.ts';
import { coerceInterval, coerceTimeTz, roundMicros } from './precision.ts';
import { TimeTz } from './time-tz.ts';

const INT64_MAX = (1n << 63n) - 1n;
const INT64_MIN = -(1n << 63n);

function receiveDate(reader: BinaryReader): number {
  const days = reader.int32();
  if (days === 0x7fffffff) return Infinity;
  if (days === -0x80000000) return -Infinity;
  if (days < DAYS_MIN || days >= DAYS_END) throw dateOutOfRange();
  return days;
}

function receiveTimestamp(reader: BinaryReader, typmod: number): Micros {
  const micros = reader.int64();
  if (micros === INT64_MAX) return Infinity;
  if (micros === INT64_MIN) return -Infinity;
  if (!isTimestamp(micros)) throw timestampOutOfRange();
  return roundMicros(micros, typmod);
}

function receiveTime(reader: BinaryReader): number {
  const micros = reader.int64();
  if (micros < 0 || micros > DAY_MICROS) throw sqlError('22008', 'time out of range');
  return Number(micros);
}

/** PostgreSQL's offset counts westwards. */
function receiveTimeTz(reader: BinaryReader, typmod: number): TimeTz {
  const micros = receiveTime(reader);
  const west = reader.int32();
  if (west <= -57600 || west >= 57600) throw sqlError('22009', 'time zone displacement out of range');
  return coerceTimeTz(new TimeTz(micros, 0 - west), typmod);
}

const timestampBinary: Pick<Codec, 'send' | 'receive'> = {
  send: (value: Micros, writer) => writer.int64(value),
  receive: receiveTimestamp,
};

const CODECS: ReadonlyMap<number, Codec> = new Map<number, Codec>([
  [
    OID.DATE,
    {
      output: outputDate,
      input: (text, _typmod, settings) => inputDate(text, settings),
      send: (days: number, writer) =>
        writer.int32(days === Infinity ? 0x7fffffff : days === -Infinity ? -0x80000000 : days),
      receive: receiveDate,
    },
  ],
  [
    OID.TIME,
    {
      output: outputTime,
      input: inputTime,
      send: (micros: number, writer) => writer.int64(micros),
      receive: (reader, typmod) => roundMicros(receiveTime(reader), typmod),
    },
  ],
  [
    OID.TIMETZ,
    {
      output: outputTimeTz,
      input: inputTimeTz,
      send: (value: TimeTz, writer) => {
        writer.int64(value.micros);
        writer.int32(0 - value.offset);
      },
      receive: receiveTimeTz,
    },
  ],
  [OID.TIMESTAMP, { output: outputTimestamp, input: inputTimestamp, ...timestampBinary }],
  [OID.TIMESTAMPTZ, { output: outputTimestampTz, input: inputTimestampTz, ...timestampBinary }],
  [
    OID.INTERVAL,
    {
      output: outputInterval,
      input: inputInterval,
      send: (value: Interval, writer) => {
        writer.int64(value.micros);
        writer.int32(value.days);
        writer.int32(value.months);
      },
      receive: (reader, typmod) => {
        const micros = reader.int64();
        const days = reader.int32();
        return coerceInterval(new Interval(reader.int32(), days, micros), typmod);
      },
    },
  ],
]);

export function datetimeCodec(oid: number): Codec | undefined {
  return CODECS.get(oid);
}
