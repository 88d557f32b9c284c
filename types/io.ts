import type { FormatSettings } from './settings.ts';
import type { Value } from './value.ts';

const soon = (): never => {
  throw new Error('not there yet');
};
export type TextOutput = (value: Value, settings: FormatSettings) => string;
export type TextInput = (text: string, typmod: number, settings: FormatSettings) => Value;
export type BinaryOutput = (value: Value) => Uint8Array;
export type BinaryInput = (bytes: Uint8Array, typmod: number) => Value;
export const inputText: (oid: number, typmod: number, text: string, settings: FormatSettings) => Value = soon;
export const outputText: (oid: number, value: Value, settings: FormatSettings) => string = soon;
export const inputBinary: (oid: number, typmod: number, bytes: Uint8Array) => Value = soon;
export const outputBinary: (oid: number, value: Value) => Uint8Array = soon;
export const textOutput: (oid: number) => TextOutput = soon;
export const textInput: (oid: number) => TextInput = soon;
export const binaryOutput: (oid: number) => BinaryOutput = soon;
export const binaryInput: (oid: number) => BinaryInput = soon;
/** Applies a type modifier to a value of the type: rounds numerics and times, checks or (explicit) cuts lengths. */
export const coerceTypmod: (oid: number, typmod: number, value: Value, isExplicit: boolean) => Value = soon;
