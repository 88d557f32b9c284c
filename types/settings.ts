/** Session settings that the text form of values depends on. One object per session, its fields current. */
export type DateStyle = 'ISO' | 'SQL' | 'Postgres' | 'German';
export type DateOrder = 'MDY' | 'DMY' | 'YMD';
export type IntervalStyle = 'postgres' | 'postgres_verbose' | 'sql_standard' | 'iso_8601';

export interface FormatSettings {
  readonly dateStyle: DateStyle;
  readonly dateOrder: DateOrder;
  readonly intervalStyle: IntervalStyle;
  /** As SET timezone gave it: an IANA name, or a POSIX form such as <+05>-05. */
  readonly timeZone: string;
  readonly extraFloatDigits: number;
  readonly byteaOutput: 'hex' | 'escape';
  /** What a text must be to become a value of type xml. */
  readonly xmlOption: 'content' | 'document';
  /** How XML shows bytes. */
  readonly xmlBinary: 'base64' | 'hex';
  /** Start of the transaction, microseconds since 2000-01-01 UTC: what 'now' and 'today' mean. */
  readonly now: number;
  /** Names of the catalog's objects, for regclass and its kin. Without it they are read and written as numbers. */
  readonly names?: CatalogNames;
}

export interface CatalogNames {
  /** The oid that a name of the given reg type stands for; throws PostgreSQL's error. */
  regInput(typeOid: number, text: string): number;
  /** The name of an object as the reg type prints it. */
  regOutput(typeOid: number, oid: number): string;
}

export const DEFAULT_FORMAT: FormatSettings = {
  dateStyle: 'ISO',
  dateOrder: 'MDY',
  intervalStyle: 'postgres',
  timeZone: 'UTC',
  extraFloatDigits: 1,
  byteaOutput: 'hex',
  xmlOption: 'content',
  xmlBinary: 'base64',
  now: 0,
};
