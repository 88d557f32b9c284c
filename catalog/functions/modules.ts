/**
 * The modules that make up pg_catalog's functions. To add one: write the module, list it here, run generate-builtins.ts.
 */

import { aggregateFunctions } from './aggregates.ts';
import { floatAggregates } from './aggregates-float.ts';
import { orderedAggregates } from './aggregates-ordered.ts';
import { arrayFunctions } from './arrays.ts';
import { backendStatisticsFunctions } from './backend-statistics.ts';
import { bitFunctions } from './bit.ts';
import { boolFunctions } from './bool.ts';
import { byteaFunctions } from './bytea.ts';
import { citextFunctions } from './citext.ts';
import { cryptoFunctions } from './crypto.ts';
import { datetimeFunctions } from './datetime.ts';
import { datetimeFieldFunctions } from './datetime-fields.ts';
import { datumSizeFunctions } from './datum-size.ts';
import { enumFunctions } from './enums.ts';
import { fileNodeFunctions } from './file-nodes.ts';
import { floatFunctions } from './float.ts';
import { datetimeFormatFunctions } from './format-datetime.ts';
import { numberFormatFunctions } from './format-number.ts';
import { fulltextByQuery } from './fulltext/by-query.ts';
import { searchFunctions } from './fulltext/search-functions.ts';
import { trigramFunctions } from './fulltext/trigram-functions.ts';
import { tsqueryFunctions } from './fulltext/tsquery-functions.ts';
import { tsvectorFunctions } from './fulltext/tsvector-functions.ts';
import { geometryFunctions } from './geometry.ts';
import { shapeFunctions } from './geometry-shapes.ts';
import { hashFunctions } from './hash.ts';
import { historyFunctions } from './history.ts';
import { hotDataFunctions } from './hot-data.ts';
import { hstoreFunctions } from './hstore.ts';
import { integerFunctions } from './integer.ts';
import { jsonFunctions } from './json.ts';
import { jsonAggregates } from './json-aggregates.ts';
import { jsonbFunctions } from './jsonb.ts';
import { jsonpathFunctions } from './jsonpath-functions.ts';
import { largeObjectFunctions } from './large-objects.ts';
import { likeFunctions } from './like.ts';
import type { FunctionModule } from './module.ts';
import { moneyFunctions } from './money.ts';
import { multirangeFunctions } from './multirange.ts';
import { networkFunctions } from './network.ts';
import { numericFunctions } from './numeric.ts';
import { objectAddressFunctions } from './object-addresses.ts';
import { datetimeParseFunctions } from './parse-datetime.ts';
import { privilegeFunctions } from './privileges.ts';
import { rangeFunctions } from './range.ts';
import { regexFunctions } from './regex.ts';
import { seriesFunctions } from './series.ts';
import { serverFileFunctions } from './server-files.ts';
import { serverListFunctions } from './server-lists.ts';
import { snapshotFunctions } from './snapshots.ts';
import { statisticsFunctions } from './statistics.ts';
import { systemFunctions } from './system.ts';
import { systemCatalogFunctions } from './system-catalog.ts';
import { textFunctions } from './text.ts';
import { textAnyFunctions } from './text-any.ts';
import { transitionFunctions } from './transitions.ts';
import { typeIoFunctions } from './type-io.ts';
import { windowFunctions } from './windows.ts';
import { xmlFunctions } from './xml/functions.ts';
import { xmlMappingFunctions } from './xml/mapping.ts';

export const FUNCTION_MODULES: readonly FunctionModule[] = [
  boolFunctions,
  integerFunctions,
  enumFunctions,
  floatFunctions,
  textFunctions,
  likeFunctions,
  regexFunctions,
  byteaFunctions,
  arrayFunctions,
  windowFunctions,
  snapshotFunctions,
  citextFunctions,
  hstoreFunctions,
  systemFunctions,
  datumSizeFunctions,
  objectAddressFunctions,
  numericFunctions,
  seriesFunctions,
  serverFileFunctions,
  serverListFunctions,
  aggregateFunctions,
  floatAggregates,
  jsonFunctions,
  jsonbFunctions,
  jsonAggregates,
  textAnyFunctions,
  numberFormatFunctions,
  datetimeFunctions,
  datetimeFieldFunctions,
  datetimeFormatFunctions,
  datetimeParseFunctions,
  orderedAggregates,
  backendStatisticsFunctions,
  bitFunctions,
  systemCatalogFunctions,
  fileNodeFunctions,
  privilegeFunctions,
  hashFunctions,
  typeIoFunctions,
  statisticsFunctions,
  historyFunctions,
  hotDataFunctions,
  cryptoFunctions,
  tsvectorFunctions,
  tsqueryFunctions,
  searchFunctions,
  fulltextByQuery,
  jsonpathFunctions,
  trigramFunctions,
  rangeFunctions,
  multirangeFunctions,
  networkFunctions,
  moneyFunctions,
  geometryFunctions,
  shapeFunctions,
  transitionFunctions,
  largeObjectFunctions,
  xmlFunctions,
  xmlMappingFunctions,
];
