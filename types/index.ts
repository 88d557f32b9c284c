/** What others may use of the value layer. See README.md. */

export { ARRAY_DIMENSIONS_MAX, SqlArray } from './array.ts';
export { AssertionError, assert, assertNever } from './assert.ts';
export { inputBool, outputBool } from './bool.ts';
export { ByteWriter } from './byte-writer.ts';
export { inputBytea, inputHex, outputBytea } from './bytea.ts';
export {
  C_COLLATION,
  type Collation,
  type CollationDefinition,
  collatedType,
  collation,
  DEFAULT_COLLATION,
  indeterminate,
  isByteOrder,
  isCollatedType,
  isDeterministic,
  knowsLocale,
  NO_COLLATION,
  onUnknownCollation,
  POSIX_COLLATION,
  parseIcuLocale,
  registerCollation,
} from './collation.ts';
export {
  type Comparator,
  comparator,
  compareText,
  equality,
  type HashKey,
  hashKey,
  intervalDays,
  intervalRest,
} from './compare.ts';
export { inputTimestampTz } from './datetime/input.ts';
export { Interval, type Micros } from './datetime/interval.ts';
export { TimeTz } from './datetime/time-tz.ts';
export {
  type Abbreviation,
  abbreviationByName,
  sessionZone,
  type Zone,
  zoneByArgument,
  zoneByName,
} from './datetime/zone.ts';
export { type DatumDecoder, datumDecoder, decodeDatum, decodeUtf8, encodeDatum, encodeTextInto } from './datum.ts';
export { type ErrorSeverity, SqlError, type SqlErrorFields, sqlError } from './errors.ts';
export { inputFloat4, inputFloat8, outputFloat4, outputFloat8, shortNumber } from './float.ts';
export { isWordCharacter } from './fulltext/letters.ts';
export { matchTsqueryAt } from './fulltext/match.ts';
export { forEachTerm, type TermExpression, type TermQuery, tsqueryTerms, tsvectorTerms } from './fulltext/terms.ts';
export { compareTrigrams, trigramSequence, trigramsOf, trigramTerm } from './fulltext/trigram.ts';
export {
  likeTrigrams,
  regexTrigrams,
  similarityTrigrams,
  type TrigramExpression,
} from './fulltext/trigram-patterns.ts';
export {
  Box,
  Circle,
  isAtLeast,
  isAtMost,
  isDifferent,
  isLess,
  isMore,
  isSame,
  isZero,
  Line,
  lineThrough,
  Path,
  Point,
  Polygon,
  Segment,
  samePoint,
  slope,
} from './geometry.ts';
export { type Int8, inputInt2, inputInt4, inputInt8, inputOid, normaliseInt8 } from './integer.ts';
export {
  type BinaryInput,
  type BinaryOutput,
  type BinaryWriter,
  binaryInput,
  binaryOutput,
  binaryWriter,
  coerceTypmod,
  inputBinary,
  inputText,
  outputBinary,
  outputText,
  type TextInput,
  type TextOutput,
  textInput,
  textOutput,
} from './io.ts';
export { inputJson, type JsonBuilder, parseJson, quoteJson } from './json.ts';
export { compareJsonb, formatJsonb, inputJsonb, type Jsonb, JsonbObject, parseJsonb } from './jsonb.ts';
export {
  encodeKeyPart,
  encodeTextPart,
  hasFixedKeys,
  hasTextKeys,
  type KeyEncoder,
  KeyWriter,
  keyEncoder,
  NUMBER_KEY_TYPES,
} from './key.ts';
export { isKeyReversible, type KeyPart, keyDecoder } from './key-decode.ts';
export { toLower, toUpper } from './letter-case.ts';
export { inputMac, inputMac8, mac8Bytes, mac8FromBytes, macBytes, macFromBytes, widenMac } from './mac.ts';
export { inputMoney, outputMoney } from './money.ts';
export {
  type Address,
  addressBytes,
  addressFamily,
  FAMILY_V4,
  formatHost,
  inputAddress,
  makeAddress,
  maskByte,
  maximumBits,
  networkBits,
  networkOf,
  outputAddress,
  sameBits,
} from './network.ts';
export { Numeric } from './numeric.ts';
export { type BuiltinOid, OID } from './oid.ts';
export { OutBuffer } from './out-buffer.ts';
export {
  plainCoefficient,
  plainDate,
  plainFloat8,
  plainInteger,
  plainNumeric,
  plainTimestamp,
} from './plain-fields.ts';
export {
  compareBounds,
  compareMultiranges,
  compareRanges,
  emptyRange,
  isInclusive,
  LOWER_INCLUSIVE,
  LOWER_INFINITE,
  makeMultirange,
  makeRange,
  mergeRanges,
  RANGE_EMPTY,
  type RangeType,
  rangesAdjacent,
  SqlMultirange,
  SqlRange,
  spanning,
  touches,
  UPPER_INCLUSIVE,
  UPPER_INFINITE,
} from './range.ts';
export { rangeType } from './range-type.ts';
export { SqlRecord } from './record.ts';
export { SelfTyped } from './self-typed.ts';
export {
  type CatalogNames,
  type DateOrder,
  type DateStyle,
  DEFAULT_FORMAT,
  type FormatSettings,
  type IntervalStyle,
} from './settings.ts';
export { type Snapshot, snapshotOf, snapshotText } from './snapshot.ts';
export { charFromByte, coerceBpchar, coerceVarchar, inputName, NAME_BYTES_MAX, trimBlanks } from './text.ts';
export {
  BUILTIN_TYPES,
  baseTypeOid,
  formatType,
  isArrayType,
  MAIN_TYPES,
  registerType,
  type SqlType,
  type SqlTypeAttribute,
  type TypeAlign,
  type TypeKind,
  TypeRegistry,
  type TypeStorage,
  typeByName,
  typeByOid,
  typesInUse,
  useTypes,
} from './type.ts';
export {
  CHAR_LENGTH_MAX,
  charLength,
  encodeCharTypmod,
  encodeIntervalTypmod,
  encodeNumericTypmod,
  encodeTimeTypmod,
  INTERVAL_DAY,
  INTERVAL_FULL_PRECISION,
  INTERVAL_FULL_RANGE,
  INTERVAL_HOUR,
  INTERVAL_MINUTE,
  INTERVAL_MONTH,
  INTERVAL_SECOND,
  INTERVAL_YEAR,
  intervalFields,
  intervalFieldsByName,
  intervalPrecision,
  NUMERIC_PRECISION_MAX,
  numericPrecision,
  numericScale,
} from './typmod.ts';
export { characterCount, characterOffset, decodeText, wellFormed } from './unicode.ts';
export { inputUuid, uuidFromBytes, uuidToBytes } from './uuid.ts';
export type { Value } from './value.ts';
