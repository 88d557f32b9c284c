/** What the planner is told of the session that a statement is planned for. */
import type { Catalog } from '../catalog/index.ts';
import { parse, parseExpression } from '../parser/index.ts';
import type { PlannerEnvironment } from '../planner/index.ts';
import { domainCheckOf, inputCheckOf } from './domains.ts';
import { SessionRowSecurity } from './row-security.ts';
import type { Session } from './session.ts';

type PlannerSettings = PlannerEnvironment['settings'];

/** All keys of an environment are there: planning changes some of them in a copy, to which none needs to be added (see makeQuery). */
export function plannerEnvironment(
  session: Session,
  catalog: Catalog,
  parameterTypes: readonly number[],
): PlannerEnvironment {
  const { database, engine } = session;
  return {
    catalog,
    searchPath: session.searchPath(true),
    parameterTypes,
    fixedParameters: false,
    text: undefined,
    parse: { statement: (text) => parse(text)[0], statements: parse, expression: parseExpression },
    settings: plannerSettings(session),
    statistics: database.statistics,
    rowIdentities: false,
    values: undefined,
    functions: session.functions,
    checkSchema: session.checkSchema,
    inlinesRoutines: undefined,
    expiry: undefined,
    routine: undefined,
    rowSecurity: new SessionRowSecurity(session, catalog),
    isIndexReadable: (oid) => database.isIndexReadable(oid, session.transaction.snapshotCsn),
    domainCheck: (oid) => domainCheckOf(engine, catalog, oid, database.bindEnvironment(catalog)),
    inputCheck: (oid) => inputCheckOf(engine, catalog, oid, database.bindEnvironment(catalog)),
  };
}

/** By whose settings they are, with the version that they were read from. */
const settingsRead = new WeakMap<Session['settings'], { readonly version: number; readonly value: PlannerSettings }>();

function plannerSettings(session: Session): PlannerSettings {
  const { settings } = session;
  const known = settingsRead.get(settings);
  if (known !== undefined && known.version === settings.version) return known.value;
  const value = {
    enableSeqScan: settings.boolean('enable_seqscan'),
    enableIndexScan: settings.boolean('enable_indexscan'),
    enableIndexOnlyScan: settings.boolean('enable_indexonlyscan'),
    enableBitmapScan: settings.boolean('enable_bitmapscan'),
    enableHashJoin: settings.boolean('enable_hashjoin'),
    enableNestedLoop: settings.boolean('enable_nestloop'),
    enableHashAggregate: settings.boolean('enable_hashagg'),
    enableSort: settings.boolean('enable_sort'),
    enableIncrementalSort: settings.boolean('enable_incremental_sort'),
    workMemBytes: session.sortMemoryBytes,
    hashMemoryBytes: session.hashMemoryBytes,
    format: settings.format,
  };
  settingsRead.set(settings, { version: settings.version, value });
  return value;
}
