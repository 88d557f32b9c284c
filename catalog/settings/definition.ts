/**
 * Which settings there are. PostgreSQL 15's own come from a text table (table.ts), parsed when the first setting is asked for;
 * what differs for hotrow, what pg_settings does not show, and hotrow's own settings are here.
 */
import { SETTINGS_TABLE } from './table.ts';

export type SettingType = 'bool' | 'int' | 'real' | 'string' | 'enum';
/** Who may change it, and when; as pg_settings.context. */
export type SettingContext =
  | 'internal'
  | 'postmaster'
  | 'sighup'
  | 'superuser-backend'
  | 'backend'
  | 'superuser'
  | 'user';
/** A value in the form it is kept in: numbers in the setting's base unit. */
export type SettingRaw = boolean | number | string;

export interface SettingDefinition {
  readonly name: string;
  readonly type: SettingType;
  /** '', or the base unit: ms, s, min, B, kB, 8kB, MB. */
  readonly unit: string;
  readonly context: SettingContext;
  readonly default: SettingRaw;
  readonly minimum: number;
  readonly maximum: number;
  readonly enumValues: readonly string[];
  readonly category: string;
  readonly description: string;
  readonly extraDescription: string;
  /** Changes are told to the client by ParameterStatus. */
  readonly isReported: boolean;
  /** A list of names: SET takes several values. `isQuotedList`: each is quoted as an identifier where needed. */
  readonly isList: boolean;
  readonly isQuotedList: boolean;
  /** Not in SHOW ALL and pg_settings. */
  readonly isHidden: boolean;
  /** Left alone by RESET ALL. */
  readonly isKeptByResetAll: boolean;
  /** Printed as a file mode, 0700. */
  readonly isOctal: boolean;
}

/** The settings of ParameterStatus, in the order in which PostgreSQL sends them. */
export const REPORTED_SETTINGS = [
  'application_name',
  'client_encoding',
  'DateStyle',
  'default_transaction_read_only',
  'in_hot_standby',
  'integer_datetimes',
  'IntervalStyle',
  'is_superuser',
  'server_encoding',
  'server_version',
  'session_authorization',
  'standard_conforming_strings',
  'TimeZone',
] as const;

const REPORTED = new Set<string>(REPORTED_SETTINGS);
const LISTS = new Set([
  'DateStyle',
  'debug_io_direct',
  'listen_addresses',
  'log_destination',
  'synchronous_standby_names',
  'unix_socket_directories',
  'wal_consistency_checking',
]);
const QUOTED_LISTS = new Set([
  'local_preload_libraries',
  'search_path',
  'session_preload_libraries',
  'shared_preload_libraries',
  'temp_tablespaces',
]);
const KEPT_BY_RESET_ALL = new Set([
  'is_superuser',
  'role',
  'seed',
  'session_authorization',
  'transaction_deferrable',
  'transaction_isolation',
  'transaction_read_only',
]);
const OCTAL = new Set(['data_directory_mode', 'log_file_mode', 'unix_socket_permissions']);

const SERVER_VERSION = '15.18 (hotrow 0.1.0)';

/** Where hotrow differs, as texts in base units. */
const DEFAULTS: Readonly<Record<string, string>> = {
  config_file: '',
  data_checksums: 'on',
  data_directory: '',
  DateStyle: 'ISO, MDY',
  default_text_search_config: 'pg_catalog.english',
  dynamic_library_path: '',
  jit: 'off',
  lc_messages: 'C',
  log_timezone: 'UTC',
  max_connections: '100',
  max_parallel_workers_per_gather: '0',
  port: '5432',
  server_version: SERVER_VERSION,
  server_encoding: 'UTF8',
  client_encoding: 'UTF8',
  /** 512 MB in pages. */
  shared_buffers: '65536',
  ssl: 'off',
  TimeZone: 'UTC',
  transaction_deferrable: 'off',
  transaction_isolation: 'read committed',
  transaction_read_only: 'off',
  unix_socket_directories: '/tmp',
  /** 64 MB: one thread works at a time, so that memory is not shared among as many sorts. */
  work_mem: '65536',
};

/** Settings that pg_settings does not show, and hotrow's own. Same fields as table.ts. */
const MORE_SETTINGS = `
as_of_system_time	string		user					Client Connection Defaults / Statement Behavior	Sets the moment in the past that each transaction reads.	A timestamp, or a negative interval that counts from the start of the transaction. An empty string reads the present.
tsearch_data_directory	string		superuser	tsearch_data				File Locations	Sets the folder of the files that text search dictionaries are made of.	A relative path starts from the data directory. The files are read by CREATE and ALTER TEXT SEARCH DICTIONARY.
version_retention	int	s	sighup	0	0	31536000		Client Connection Defaults / Statement Behavior	Sets how far back AS OF SYSTEM TIME can read.	Old versions of rows are kept for so long. SET changes it for the whole server.
auto_explain.log_analyze	bool		superuser	off				Customized Options	Use EXPLAIN ANALYZE for plan logging.	
auto_explain.log_buffers	bool		superuser	off				Customized Options	Log buffers usage.	This has no effect unless log_analyze is also set.
auto_explain.log_format	enum		superuser	text			text|xml|json|yaml	Customized Options	EXPLAIN format to be used for plan logging.	
auto_explain.log_level	enum		superuser	log			debug5|debug4|debug3|debug2|debug1|info|notice|warning|log	Customized Options	Log level for the plan.	
auto_explain.log_min_duration	int	ms	superuser	-1	-1	2147483647		Customized Options	Sets the minimum execution time above which plans will be logged.	Zero prints all plans. -1 turns this feature off.
auto_explain.log_nested_statements	bool		superuser	off				Customized Options	Log nested statements.	
auto_explain.log_settings	bool		superuser	off				Customized Options	Log modified configuration parameters affecting query planning.	
auto_explain.log_timing	bool		superuser	on				Customized Options	Collect timing data, not just row counts.	
auto_explain.log_triggers	bool		superuser	off				Customized Options	Include trigger statistics in plans.	This has no effect unless log_analyze is also set.
auto_explain.log_verbose	bool		superuser	off				Customized Options	Use EXPLAIN VERBOSE for plan logging.	
auto_explain.log_wal	bool		superuser	off				Customized Options	Log WAL usage.	
auto_explain.sample_rate	real		superuser	1	0	1		Customized Options	Fraction of queries to process.	
pg_trgm.similarity_threshold	real		user	0.3	0	1		Customized Options	Sets the threshold used by the % operator.	Valid range is 0.0 .. 1.0.
pg_trgm.strict_word_similarity_threshold	real		user	0.5	0	1		Customized Options	Sets the threshold used by the <<% operator.	Valid range is 0.0 .. 1.0.
pg_trgm.word_similarity_threshold	real		user	0.6	0	1		Customized Options	Sets the threshold used by the <% operator.	Valid range is 0.0 .. 1.0.
buffer_admission	enum		postmaster	tinylfu			off|tinylfu	Resource Usage / Memory	Sets which pages that are read may stay when the buffer pool is full.	off lets every page in; tinylfu those that are wanted more than the page that would go.
default_with_oids	bool		user	off				Version and Platform Compatibility / Previous PostgreSQL Versions	WITH OIDS is no longer supported; this can only be false.	
is_superuser	bool		internal	off				Reporting and Logging	Shows whether the current user is a superuser.	
preload_interval	int	s	sighup	300	0	2147483		Resource Usage / Memory	Sets the time between two lists of hot pages.	0 keeps the list at a clean shutdown only.
preload_rate	int		sighup	200	0	1048576		Resource Usage / Memory	Sets the megabytes a second at which hot pages are read in at the start.	0 reads none.
row_expiry_naptime	int	ms	sighup	60000	0	2147483647		Resource Usage / Background Writer	Sets the time between two sweeps of rows that have expired.	0 sweeps none: they stay stored, and unseen.
role	string		user	none				Client Connection Defaults / Statement Behavior	Sets the current role.	
seed	real		user	0	-1	1		Developer Options	Sets the seed for random-number generation.	
session_authorization	string		user					Client Connection Defaults / Statement Behavior	Sets the session user name.	
accept_damaged_log	bool		postmaster	off				Write-Ahead Log / Recovery	Starts on a log that is damaged in its middle, giving up what was committed from there on.	
wal_sync	enum		sighup	always			always|everysec	Write-Ahead Log / Settings	Sets whether the log is flushed at every commit or every second.	
index_memory_limit	int	kB	postmaster	-1	-1	2147483647		Resource Usage / Memory	Sets the maximum memory that all indexes together may use.	-1 means half of the machine's memory.
work_memory_limit	int	kB	postmaster	-1	-1	2147483647		Resource Usage / Memory	Sets the maximum memory that the rows held by all statements together may use.	-1 means a quarter of the machine's memory, and at most half of the JavaScript heap.
`;
const HIDDEN = new Set(['default_with_oids', 'is_superuser', 'role', 'seed', 'session_authorization']);

function parseDefault(type: SettingType, text: string): SettingRaw {
  switch (type) {
    case 'bool':
      return text === 'on';
    case 'int':
    case 'real':
      return Number(text);
    default:
      return text;
  }
}

function parseLine(line: string): SettingDefinition {
  const [name, type, unit, context, boot, minimum, maximum, enumValues, category, description, extra] =
    line.split('\t');
  return {
    name,
    type: type as SettingType,
    unit,
    context: context as SettingContext,
    default: parseDefault(type as SettingType, DEFAULTS[name] ?? boot),
    minimum: minimum === '' ? -Infinity : Number(minimum),
    maximum: maximum === '' ? Infinity : Number(maximum),
    enumValues: enumValues === '' ? [] : enumValues.split('|'),
    category,
    description,
    extraDescription: extra ?? '',
    isReported: REPORTED.has(name),
    isList: LISTS.has(name) || QUOTED_LISTS.has(name),
    isQuotedList: QUOTED_LISTS.has(name),
    isHidden: HIDDEN.has(name),
    isKeptByResetAll: KEPT_BY_RESET_ALL.has(name),
    isOctal: OCTAL.has(name),
  };
}

let byName: Map<string, SettingDefinition> | null = null;

function definitions(): Map<string, SettingDefinition> {
  if (byName !== null) return byName;
  byName = new Map();
  const lines = [...SETTINGS_TABLE.split('\n'), ...MORE_SETTINGS.split('\n')];
  for (const line of lines) {
    if (line === '') continue;
    const definition = parseLine(line);
    byName.set(definition.name.toLowerCase(), definition);
  }
  return byName;
}

/** By name, in any case; undefined when there is none (and for custom names with a dot). */
export function settingDefinition(name: string): SettingDefinition | undefined {
  return definitions().get(name) ?? definitions().get(name.toLowerCase());
}

/** All, in the order of SHOW ALL. */
export function settingDefinitions(): SettingDefinition[] {
  return [...definitions().values()].sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1));
}

/** A custom setting (`my.name`): a string that any session may set. */
export function customDefinition(name: string): SettingDefinition {
  return {
    name,
    type: 'string',
    unit: '',
    context: 'user',
    default: '',
    minimum: -Infinity,
    maximum: Infinity,
    enumValues: [],
    category: 'Customized Options',
    description: '',
    extraDescription: '',
    isReported: false,
    isList: false,
    isQuotedList: false,
    isHidden: true,
    isKeptByResetAll: false,
    isOctal: false,
  };
}
