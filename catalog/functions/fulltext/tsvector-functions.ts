/** Functions and operators of tsvector. */
import { Buffer } from 'node:buffer';
import {
  buildTsvector,
  compareTsvectors,
  concatenated,
  LEXEME_BYTES_MAX,
  type Lexeme,
  lexemeCount,
  lexemeLength,
  lexemeStart,
  lexemesOf,
  lowerBound,
  POSITION_MAX,
  stripped,
  uniteLexemes,
  withWeights,
} from '../../../types/fulltext/tsvector.ts';
import { decodeText, OID, SqlArray, sqlError, type Value } from '../../../types/index.ts';
import { charToByte } from '../../../types/text.ts';
import { textArray } from '../array-values.ts';
import type { FunctionModule } from '../module.ts';

const textOf = ({ bytes }: Lexeme): string => decodeText(bytes, 0, bytes.length);
const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'utf8');

/** The lexemes as texts. */
function textsOf(vector: Uint8Array): string[] {
  const count = lexemeCount(vector);
  const texts: string[] = new Array(count);
  for (let i = 0; i < count; i++) {
    const start = lexemeStart(vector, count, i);
    texts[i] = decodeText(vector, start, start + lexemeLength(vector, i));
  }
  return texts;
}

function weightNumber(weight: string): number {
  const number = 'dcba'.indexOf(weight.toLowerCase());
  if (number < 0 || weight === '') {
    const byte = charToByte(weight);
    const shown = byte > 0x1f && byte < 0x7f ? weight : `\\${byte.toString(8).padStart(3, '0')}`;
    throw sqlError('22023', `unrecognized weight: "${shown}"`);
  }
  return number;
}

function withWeight(lexeme: Lexeme, weight: number): Lexeme {
  if (lexeme.positions === null) return lexeme;
  return { ...lexeme, positions: lexeme.positions.map((position) => (position & POSITION_MAX) | (weight << 14)) };
}

function setWeight(vector: Uint8Array, weight: string): Uint8Array {
  return withWeights(vector, weightNumber(weight));
}

/** Indexes of the lexemes of a vector that are in the array; nulls are passed over. */
function chosenLexemes(vector: Uint8Array, lexemes: readonly Lexeme[], names: SqlArray): Set<number> {
  const chosen = new Set<number>();
  for (const name of names.elements) {
    if (name === null) continue;
    const bytes = bytesOf(name as string);
    const index = lowerBound(vector, lexemes.length, bytes);
    if (index < lexemes.length && Buffer.compare(lexemes[index].bytes, bytes) === 0) chosen.add(index);
  }
  return chosen;
}

function setWeightOf(vector: Uint8Array, weight: string, names: SqlArray): Uint8Array {
  const number = weightNumber(weight);
  const lexemes = lexemesOf(vector);
  const chosen = chosenLexemes(vector, lexemes, names);
  return buildTsvector(lexemes.map((lexeme, i) => (chosen.has(i) ? withWeight(lexeme, number) : lexeme)));
}

function deleteLexemes(vector: Uint8Array, names: SqlArray): Uint8Array {
  const lexemes = lexemesOf(vector);
  const chosen = chosenLexemes(vector, lexemes, names);
  return chosen.size === 0 ? vector : buildTsvector(lexemes.filter((_, i) => !chosen.has(i)));
}

/** Keeps positions of these weights, and lexemes that have one. */
function filterWeights(vector: Uint8Array, weights: SqlArray): Uint8Array {
  let mask = 0;
  for (const weight of weights.elements) {
    if (weight === null) throw sqlError('22004', 'weight array may not contain nulls');
    mask |= 1 << weightNumber(weight as string);
  }
  const kept: Lexeme[] = [];
  for (const { bytes, positions } of lexemesOf(vector)) {
    const left = positions?.filter((position) => (mask >> (position >>> 14)) & 1) ?? [];
    if (left.length > 0) kept.push({ bytes, positions: left });
  }
  return buildTsvector(kept);
}

function fromArray(names: SqlArray): Uint8Array {
  const lexemes = names.elements.map((name): Lexeme => {
    if (name === null) throw sqlError('22004', 'lexeme array may not contain nulls');
    if (name === '') throw sqlError('2200F', 'lexeme array may not contain empty strings');
    const bytes = bytesOf(name as string);
    if (bytes.length > LEXEME_BYTES_MAX) {
      throw sqlError('54000', `word is too long (${bytes.length} bytes, max ${LEXEME_BYTES_MAX} bytes)`);
    }
    return { bytes, positions: null };
  });
  return buildTsvector(uniteLexemes(lexemes));
}

const WEIGHT_NAMES = ['D', 'C', 'B', 'A'];

function* unnest(vector: Uint8Array): Iterable<Value[]> {
  for (const lexeme of lexemesOf(vector)) {
    const { positions } = lexeme;
    if (positions === null) {
      yield [textOf(lexeme), null, null];
      continue;
    }
    const numbers = positions.map((position) => position & POSITION_MAX);
    const weights = positions.map((position) => WEIGHT_NAMES[position >>> 14]);
    yield [textOf(lexeme), new SqlArray(OID.INT2, numbers), textArray(weights)];
  }
}

export const tsvectorFunctions: FunctionModule = {
  plain: {
    tsvector_eq: (a: Uint8Array, b: Uint8Array) => compareTsvectors(a, b) === 0,
    tsvector_ne: (a: Uint8Array, b: Uint8Array) => compareTsvectors(a, b) !== 0,
    tsvector_lt: (a: Uint8Array, b: Uint8Array) => compareTsvectors(a, b) < 0,
    tsvector_le: (a: Uint8Array, b: Uint8Array) => compareTsvectors(a, b) <= 0,
    tsvector_gt: (a: Uint8Array, b: Uint8Array) => compareTsvectors(a, b) > 0,
    tsvector_ge: (a: Uint8Array, b: Uint8Array) => compareTsvectors(a, b) >= 0,
    tsvector_cmp: compareTsvectors,
    tsvector_concat: concatenated,
    tsvector_length: lexemeCount,
    tsvector_strip: stripped,
    tsvector_setweight: setWeight,
    tsvector_setweight_by_filter: setWeightOf,
    tsvector_delete_str: (vector: Uint8Array, name: string) => deleteLexemes(vector, textArray([name])),
    tsvector_delete_arr: deleteLexemes,
    tsvector_filter: filterWeights,
    tsvector_to_array: (vector: Uint8Array) => textArray(textsOf(vector)),
    array_to_tsvector: fromArray,
    tsvector_unnest: unnest,
  },
};
