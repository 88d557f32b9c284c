/** What the extensions uuid-ossp and pgcrypto are made of (../extensions/available.ts). */
import { createHash, createHmac, getHashes, hash } from 'node:crypto';
import { sqlError } from '../../types/errors.ts';
import type { FunctionContext } from '../function-entry.ts';
import { bytesOfBinary, digestBytes } from './digest.ts';
import type { FunctionModule } from './module.ts';

/** pgcrypto's names of hash functions, which it takes in any case. */
const HASHES: ReadonlySet<string> = new Set(['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512']);
const RANDOM_BYTES_MAX = 1024;

/** From the beginning of the Gregorian calendar to 1970, in units of 100 ns (RFC 4122, 4.1.4). */
const GREGORIAN_TO_UNIX = 0x01b2_1dd2_1381_4000n;
/** From there to 2000, where timestamps begin. */
const UNIX_TO_2000 = 9_466_848_000_000_000n;

/** Those that were asked for, as they were written: the list of what there is takes longer than a hash. */
const knownNames = new Map<string, string>();

function hashNamed(name: string): string {
  const known = knownNames.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  const found = HASHES.has(lower) ? lower : null;
  if (found === null || !getHashes().includes(found))
    throw sqlError('22023', `Cannot use "${name}": No such hash algorithm`);
  knownNames.set(name, found);
  return found;
}

function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function withVersion(bytes: Uint8Array, version: number): Uint8Array {
  bytes[6] = (bytes[6] & 0x0f) | (version << 4);
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes;
}

/** Of a version that hashes a name: 3 by MD5, 5 by SHA-1 (RFC 4122, 4.3). */
function uuidOfName(version: number, namespace: string, name: string): string {
  const space = Buffer.from(namespace.replaceAll('-', ''), 'hex');
  const hash = createHash(version === 3 ? 'md5' : 'sha1')
    .update(space)
    .update(name, 'utf8')
    .digest();
  return uuidText(withVersion(hash.subarray(0, 16), version));
}

/** The last one's time: they differ within a clock's tick. */
let lastTime = 0n;
/** Clock sequence and node of this process; there are no hardware addresses to be told to everybody. */
let identity: Uint8Array | null = null;

/** Of time and node (RFC 4122, 4.2): the node is random, which its multicast bit says. */
function uuidOfTime(context: FunctionContext, isNodeNew: boolean): string {
  identity ??= context.randomBytes(8);
  const now = BigInt(Math.round(context.clockTimestamp())) * 10n + UNIX_TO_2000 + GREGORIAN_TO_UNIX;
  lastTime = now > lastTime ? now : lastTime + 1n;
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32BE(Number(lastTime & 0xffffffffn), 0);
  bytes.writeUInt16BE(Number((lastTime >> 32n) & 0xffffn), 4);
  bytes.writeUInt16BE(Number((lastTime >> 48n) & 0x0fffn), 6);
  bytes.set(identity, 8);
  if (isNodeNew) bytes.set(context.randomBytes(6), 10);
  bytes[10] |= 1;
  return uuidText(withVersion(bytes, 1));
}

/** Bytes that a hash function takes at once: so long is an HMAC's key. */
const BLOCK_SIZES: Readonly<Record<string, number>> = { sha384: 128, sha512: 128 };
const BLOCK_SIZE = 64;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;
/** Longer data is left to Node's object, which does not want it beside the key. */
const HMAC_DATA_MAX = 8192;

let hmacInput: Buffer | null = null;

/** RFC 2104, by two hashes in one call each: an object for each row takes twice as long. */
function hmac(data: Uint8Array, key: Uint8Array, name: string): Uint8Array {
  const algorithm = hashNamed(name);
  if (data.length > HMAC_DATA_MAX) return bytesOfBinary(createHmac(algorithm, key).update(data).digest('binary'));
  const size = BLOCK_SIZES[algorithm] ?? BLOCK_SIZE;
  const used = key.length > size ? digestBytes(algorithm, key) : key;
  hmacInput ??= Buffer.allocUnsafeSlow(128 + HMAC_DATA_MAX);
  const input = hmacInput;
  const pad = (by: number): void => {
    for (let i = 0; i < size; i++) input[i] = (i < used.length ? used[i] : 0) ^ by;
  };
  pad(INNER_PAD);
  input.set(data, size);
  const inner = hash(algorithm, input.subarray(0, size + data.length), 'binary');
  pad(OUTER_PAD);
  for (let i = 0; i < inner.length; i++) input[size + i] = inner.charCodeAt(i);
  return bytesOfBinary(hash(algorithm, input.subarray(0, size + inner.length), 'binary'));
}

export const cryptoFunctions: FunctionModule = {
  plain: {
    hotrow_uuid_of_name: uuidOfName,
    hotrow_digest: (bytes: Uint8Array, name: string) => digestBytes(hashNamed(name), bytes),
    hotrow_hmac: hmac,
  },
  contextual: {
    hotrow_uuid_v1: (context: FunctionContext, isNodeNew: boolean) => uuidOfTime(context, isNodeNew),
    hotrow_random_bytes(context: FunctionContext, count: number) {
      if (count < 1 || count > RANDOM_BYTES_MAX) throw sqlError('39000', 'Length not in range');
      return context.randomBytes(count);
    },
  },
};
