/**
 * Input, output and send functions of types by name (int4in, textout, float8send): what the server does with every value that it
 * reads or writes, as functions.
 */
import { inputText, OID, outputBinary, outputText, type Value } from '../../types/index.ts';
import type { FunctionContext } from '../function-entry.ts';
import type { AnyFunction, FunctionModule, Specialiser } from './module.ts';

type InputFunction = (context: FunctionContext, text: string) => Value;

/** Types whose functions are named alike, with what stands between the type and in, out, send. */
const STEMS: readonly (readonly [string, number])[] = [
  ['bool', OID.BOOL],
  ['bytea', OID.BYTEA],
  ['char', OID.CHAR],
  ['name', OID.NAME],
  ['int2', OID.INT2],
  ['int4', OID.INT4],
  ['int8', OID.INT8],
  ['oid', OID.OID],
  ['text', OID.TEXT],
  ['xid', OID.XID],
  ['xid8', OID.XID8],
  ['cid', OID.CID],
  ['tid', OID.TID],
  ['float4', OID.FLOAT4],
  ['float8', OID.FLOAT8],
  ['int2vector', OID.INT2VECTOR],
  ['oidvector', OID.OIDVECTOR],
  ['tsvector', OID.TSVECTOR],
  ['tsquery', OID.TSQUERY],
  ['unknown', OID.UNKNOWN],
  ['json_', OID.JSON],
  ['jsonb_', OID.JSONB],
  ['jsonpath_', OID.JSONPATH],
  ['xml_', OID.XML],
  ['cash_', OID.MONEY],
  ['macaddr_', OID.MACADDR],
  ['macaddr8_', OID.MACADDR8],
  ['inet_', OID.INET],
  ['cidr_', OID.CIDR],
  ['date_', OID.DATE],
  ['uuid_', OID.UUID],
  ['pg_lsn_', OID.PG_LSN],
  ['pg_snapshot_', OID.PG_SNAPSHOT],
  ['point_', OID.POINT],
  ['lseg_', OID.LSEG],
  ['box_', OID.BOX],
  ['path_', OID.PATH],
  ['poly_', OID.POLYGON],
  ['line_', OID.LINE],
  ['circle_', OID.CIRCLE],
];

/** Those that have a modifier, or stand for many types: their input functions take more than the text, and are left out. */
const OUTPUT_STEMS = ['bpchar', 'varchar', 'bit_', 'varbit_', 'numeric_', 'time_', 'timetz_', 'timestamp_'].concat([
  'timestamptz_',
  'interval_',
  'enum_',
  'array_',
  'record_',
  'range_',
  'multirange_',
]);

const inputs: Record<string, InputFunction> = {};
const outputs: Record<string, Specialiser> = {};
const sends: Record<string, Specialiser> = {};

const outputOf: Specialiser =
  ([oid]): AnyFunction =>
  ({ format }: FunctionContext, value: Value) =>
    outputText(oid, value, format);
const sendOf: Specialiser =
  ([oid]) =>
  (value: Value) =>
    outputBinary(oid, value);

for (const [stem, oid] of STEMS) inputs[`${stem}in`] = ({ format }, text) => inputText(oid, -1, text, format);
for (const stem of [...STEMS.map(([each]) => each), ...OUTPUT_STEMS]) {
  outputs[`${stem}out`] = outputOf;
  sends[`${stem}send`] = sendOf;
}

export const typeIoFunctions: FunctionModule = {
  contextual: inputs,
  specialised: sends,
  specialisedContextual: outputs,
};
