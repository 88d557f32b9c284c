/** How values of one type become text and binary and are read back. Values and texts are never null here. */
import type { BinaryReader } from './binary-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import type { FormatSettings } from './settings.ts';
import type { Value } from './value.ts';

export interface Codec {
  readonly output: (value: Value, settings: FormatSettings) => string;
  /** Reads text as the type's input function does, the type modifier applied as by an assignment. */
  readonly input: (text: string, typmod: number, settings: FormatSettings) => Value;
  /** Adds the value's bytes. */
  readonly send: (value: Value, writer: ByteWriter) => void;
  /** Reads up to the reader's end. */
  readonly receive: (reader: BinaryReader, typmod: number) => Value;
}

/** The value's bytes, their number before them. */
export function sendSized({ send }: Pick<Codec, 'send'>, value: Value, writer: ByteWriter): void {
  const start = writer.beginSized();
  send(value, writer);
  writer.endSized(start);
}
