/** What others may use of the value layer. See README.md. */

export { ARRAY_DIMENSIONS_MAX, ARRAY_ELEMENTS_MAX, checkDimensionCount, checkElementCount, SqlArray } from './array.ts';
export { assertNever } from './assert.ts';

export {
  C_COLLATION,
  type Collation,
  collatedType,
  collation,
  collationVersion,
  DEFAULT_COLLATION,
  hasAsciiLetters,
  indeterminate,
  isByteOrder,
  isCollatedType,
  isDeterministic,
  knowsLocale,
  looseCollationOf,
  NO_COLLATION,
  onUnknownCollation,
  POSIX_COLLATION,
  parseIcuLocale,
  registerCollation,
} from './collation.ts';
export { collationClasses } from './collation-class.ts';
export { type Comparator, comparator, compareText, equality, hashKey, intervalDays, intervalRest } from './compare.ts';
export { inputTimestampTz } from './datetime/input.ts';
export { Interval } from './datetime/interval.ts';
export { TimeTz } from './datetime/time-tz.ts';
export { zoneByArgument, zoneByName } from './datetime/zone.ts';
export { datumDecoder, decodeDatum, decodeUtf8, encodeDatum, encodeTextInto } from './datum.ts';
export { SqlError, sqlError } from './errors.ts';
export { inputFloat8, shortNumber } from './float.ts';

export { matchTsqueryAt } from './fulltext/match.ts';
export { type TermExpression, tsqueryTerms, tsvectorTerms } from './fulltext/terms.ts';
export { trigramSequence, trigramsOf } from './fulltext/trigram.ts';
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
export {
  type HstorePair,
  hstoreConcat,
  hstoreContains,
  hstoreEntries,
  hstoreGet,
  hstoreHas,
  hstoreJson,
  hstoreKeys,
  hstoreLooseJson,
  hstoreOf,
  hstoreValues,
  hstoreWithout,
  hstoreWithoutPairs,
  readHstore,
} from './hstore.ts';
export {
  hstoreContainsAt,
  hstoreDefinedAt,
  hstoreHasAllAt,
  hstoreHasAnyAt,
  hstoreHasAt,
  hstoreKey,
  hstorePattern,
  hstoreTextAt,
} from './hstore-bytes.ts';
export { inputInt8, normaliseInt8 } from './integer.ts';
export {
  type BinaryInput,
  binaryInput,
  binaryOutput,
  binaryWriter,
  coerceTypmod,
  inputBinary,
  inputText,
  outputBinary,
  outputText,
  type TextInput,
  textInput,
  textOutput,
} from './io.ts';
export { isJsonNumber, type JsonBuilder, parseJson, quoteJson } from './json.ts';
export { compareJsonbKeys, formatJsonb, inputJsonb, type Jsonb, JsonbObject, parseJsonb, readJsonb } from './jsonb.ts';
export {
  encodeKeyPart,
  encodeTextPart,
  hasFixedKeys,
  hasTextKeys,
  KeyWriter,
  keyEncoder,
  NUMBER_KEY_TYPES,
} from './key.ts';
export { isKeyReversible, keyDecoder } from './key-decode.ts';
export { asciiToLower, asciiToUpper, toLower, toUpper } from './letter-case.ts';
export { mac8Bytes, mac8FromBytes, macBytes, macFromBytes, widenMac } from './mac.ts';

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
export { OID } from './oid.ts';
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
export { REG_TYPES } from './scalar-codecs.ts';
export { SelfTyped } from './self-typed.ts';
export { type CatalogNames, DEFAULT_FORMAT, type FormatSettings } from './settings.ts';
export { type Snapshot, snapshotOf, snapshotText } from './snapshot.ts';
export { charFromByte, NAME_BYTES_MAX, trimBlanks } from './text.ts';
export {
  type BaseForm,
  BUILTIN_TYPES,
  baseTypeOid,
  formatType,
  isArrayType,
  MAIN_TYPES,
  registerType,
  type SqlType,
  setFurtherTypes,
  TypeRegistry,
  typeByName,
  typeByOid,
  typesInUse,
  useTypes,
} from './type.ts';
export {
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
  INTERVAL_SECOND,
  intervalFields,
  intervalFieldsByName,
  intervalPrecision,
  numericPrecision,
  numericScale,
} from './typmod.ts';
export { checkTextLength, decodeAscii, decodeText, encodeUtf8 } from './unicode.ts';
export { uuidToBytes } from './uuid.ts';
export type { Value } from './value.ts';
