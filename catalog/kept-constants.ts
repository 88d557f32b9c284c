/**
 * Constants in kept texts are written in fixed styles, and name objects by oid; shown they are in the session's, as PostgreSQL prints the constants of its node
 * trees by their types' output functions.
 */
import { SqlError } from '../types/errors.ts';
import {
  DEFAULT_FORMAT,
  type FormatSettings,
  inputText,
  OID,
  outputText,
  REG_TYPES,
  typeByOid,
} from '../types/index.ts';

/** Types whose text depends on the session (of objects by its search path), by the words that a type name of theirs is made of. */
const STYLED: Readonly<Record<string, readonly [plain: number, array: number]>> = {
  date: [OID.DATE, OID.DATE_ARRAY],
  'timestamp without time zone': [OID.TIMESTAMP, OID.TIMESTAMP_ARRAY],
  'timestamp with time zone': [OID.TIMESTAMPTZ, OID.TIMESTAMPTZ_ARRAY],
  interval: [OID.INTERVAL, OID.INTERVAL_ARRAY],
  bytea: [OID.BYTEA, OID.BYTEA_ARRAY],
  daterange: [OID.DATERANGE, 0],
  tsrange: [OID.TSRANGE, 0],
  tstzrange: [OID.TSTZRANGE, 0],
  ...Object.fromEntries([...REG_TYPES].map((oid) => [typeByOid(oid)?.name, [oid, typeByOid(oid)?.arrayOid ?? 0]])),
};

/** Quoted names, to pass them over; texts, with the cast to such a type that follows. */
const PARTS =
  /"(?:[^"]|"")*"|(E?)'((?:[^']|'')*)'(?:::((?:date|timestamp|tsrange|tstzrange|interval|bytea|reg)[a-z]*)(\(\d\))?( with(?:out)? time zone)?(\[\])?)?/g;

export function shownConstants(text: string, format: FormatSettings): string {
  if (!text.includes("'::") || (isDefault(format) && !namesObjects(text))) return text;
  return text.replace(PARTS, (whole: string, escaped: string, quoted: string, ...rest: (string | undefined)[]) => {
    const [name, modifier, zone, dimensions] = rest;
    const typeOids = escaped === '' && name !== undefined ? STYLED[name + (zone ?? '')] : undefined;
    const typeOid = typeOids?.[dimensions === undefined ? 0 : 1] ?? 0;
    if (typeOid === 0) return whole;
    const shown = restyled(quoted.replaceAll("''", "'"), typeOid, format);
    return `'${shown.replaceAll("'", "''")}'::${name}${modifier ?? ''}${zone ?? ''}${dimensions ?? ''}`;
  });
}

const OBJECT = /'(?:[0-9]+|\{[0-9,]*\})'::reg[a-z]+/;

/** Whether a constant of the text names an object, by its oid. */
export function namesObjects(text: string): boolean {
  return text.includes("'::reg") && OBJECT.test(text);
}

function isDefault({ dateStyle, dateOrder, intervalStyle, timeZone, byteaOutput }: FormatSettings): boolean {
  return (
    dateStyle === DEFAULT_FORMAT.dateStyle &&
    dateOrder === DEFAULT_FORMAT.dateOrder &&
    intervalStyle === DEFAULT_FORMAT.intervalStyle &&
    timeZone === DEFAULT_FORMAT.timeZone &&
    byteaOutput === DEFAULT_FORMAT.byteaOutput
  );
}

function restyled(text: string, typeOid: number, format: FormatSettings): string {
  try {
    return outputText(typeOid, inputText(typeOid, -1, text, DEFAULT_FORMAT), format);
  } catch (error) {
    // pg_get_expr may be given any text.
    if (error instanceof SqlError) return text;
    throw error;
  }
}
