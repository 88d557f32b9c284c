/** pg_ts_config, pg_ts_config_map, pg_ts_dict, pg_ts_parser, pg_ts_template, and rows of pg_depend of what users have made of them. */
import { FIRST_NORMAL_OID, type SearchOption } from '../entries.ts';
import { quoteIdentifier } from '../functions/quote.ts';
import { SEARCH_CATALOGS, searchEntries } from '../text-search.ts';
import type { Row, RowMaker, ViewContext } from './view-context.ts';

function* pgTsConfig({ catalog }: ViewContext): Iterable<Row> {
  for (const { oid, name, schemaOid, owner, parserOid } of searchEntries(catalog, 'searchConfiguration')) {
    yield { oid, cfgname: name, cfgnamespace: schemaOid, cfgowner: owner, cfgparser: parserOid };
  }
}

function* pgTsConfigMap({ catalog }: ViewContext): Iterable<Row> {
  for (const { oid, mappings } of searchEntries(catalog, 'searchConfiguration')) {
    for (const { tokenType, dictionaryOids } of mappings) {
      for (const [i, mapdict] of dictionaryOids.entries()) {
        yield { mapcfg: oid, maptokentype: tokenType, mapseqno: i + 1, mapdict };
      }
    }
  }
}

/** As CREATE TEXT SEARCH DICTIONARY takes them: pg_dump writes this text. */
function optionText({ name, value, isNumber }: SearchOption): string {
  if (isNumber) return `${quoteIdentifier(name)} = ${value}`;
  const prefix = value.includes('\\') ? 'E' : '';
  return `${quoteIdentifier(name)} = ${prefix}'${value.replace(/['\\]/g, '$&$&')}'`;
}

function* pgTsDict({ catalog }: ViewContext): Iterable<Row> {
  for (const { oid, name, schemaOid, owner, templateOid, options } of searchEntries(catalog, 'searchDictionary')) {
    yield {
      oid,
      dictname: name,
      dictnamespace: schemaOid,
      dictowner: owner,
      dicttemplate: templateOid,
      dictinitoption: options.length === 0 ? null : options.map(optionText).join(', '),
    };
  }
}

function* pgTsParser({ catalog }: ViewContext): Iterable<Row> {
  for (const { oid, name, schemaOid, functionOids } of searchEntries(catalog, 'searchParser')) {
    const [prsstart, prstoken, prsend, prsheadline, prslextype] = functionOids;
    yield { oid, prsname: name, prsnamespace: schemaOid, prsstart, prstoken, prsend, prsheadline, prslextype };
  }
}

function* pgTsTemplate({ catalog }: ViewContext): Iterable<Row> {
  for (const { oid, name, schemaOid, initOid, lexizeOid } of searchEntries(catalog, 'searchTemplate')) {
    yield { oid, tmplname: name, tmplnamespace: schemaOid, tmplinit: initOid, tmpllexize: lexizeOid };
  }
}

const NAMESPACE_CLASS = 2615;

/** What they need; what they need of the system has no row. */
export function* searchDependencies({ catalog }: ViewContext): Iterable<Row> {
  for (const entry of catalog.searchEntries()) {
    const row = (refclassid: number, refobjid: number, deptype = 'n'): Row => ({
      classid: SEARCH_CATALOGS[entry.class],
      objid: entry.oid,
      objsubid: 0,
      refclassid,
      refobjid,
      refobjsubid: 0,
      deptype,
    });
    yield row(NAMESPACE_CLASS, entry.schemaOid);
    const needed: (readonly [number, number])[] = [];
    if (entry.class === 'searchDictionary') needed.push([SEARCH_CATALOGS.searchTemplate, entry.templateOid]);
    if (entry.class === 'searchConfiguration') {
      needed.push([SEARCH_CATALOGS.searchParser, entry.parserOid]);
      const oids = new Set(entry.mappings.flatMap(({ dictionaryOids }) => dictionaryOids));
      for (const oid of oids) needed.push([SEARCH_CATALOGS.searchDictionary, oid]);
    }
    for (const [classOid, oid] of needed) if (oid >= FIRST_NORMAL_OID) yield row(classOid, oid);
  }
}

export const searchMakers: Readonly<Record<string, RowMaker>> = {
  pg_ts_config: pgTsConfig,
  pg_ts_config_map: pgTsConfigMap,
  pg_ts_dict: pgTsDict,
  pg_ts_parser: pgTsParser,
  pg_ts_template: pgTsTemplate,
};
