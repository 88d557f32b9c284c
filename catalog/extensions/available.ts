/**
 * Extensions that can be had: what PostgreSQL has as loadable modules beside it ("Additional Supplied Modules and Extensions"). Some are
 * always there (their functions stand in pg_catalog, and CREATE EXTENSION only says so); the functions of others are made by CREATE
 * EXTENSION, in SQL over the built-in functions of functions/crypto.ts, and belong to it.
 */

import type { BaseForm } from '../../types/index.ts';
import type { CastDefinition, SearchMethod, SearchOption } from '../entries.ts';
import { BTREE_GIST } from './btree-gist.ts';
import { CITEXT } from './citext.ts';
import { HSTORE } from './hstore.ts';

/** Between the extension's type and another one. */
export interface ExtensionCast {
  readonly source: string;
  readonly target: string;
  readonly context: CastDefinition['context'];
  /** A function of the extension, by its name; null: the values are the same. */
  readonly function: string | null;
}

export interface AvailableExtension {
  readonly name: string;
  readonly version: string;
  readonly comment: string;
  /** Who may create in the database may have it. */
  readonly isTrusted: boolean;
  /** A base type of the extension's name. */
  readonly type?: BaseForm;
  /**
   * CREATE FUNCTION without the words before the name; made in the extension's schema. `{d}`: the oid of its dictionary d; `{s}`: the schema.
   * LANGUAGE internal: a function of functions/extension-procs.ts, or of pg_catalog, by its internal name.
   */
  readonly functions: readonly string[];
  /** CREATE AGGREGATE and CREATE OPERATOR likewise: `aggregate ...`, `operator ...`. */
  readonly further?: readonly string[];
  readonly casts?: readonly ExtensionCast[];
  /** A text search template, and a dictionary of it, of this name. */
  readonly dictionary?: {
    readonly method: SearchMethod;
    readonly initName: string;
    readonly lexizeName: string;
    readonly options: readonly SearchOption[];
  };
}

const namespaces: readonly (readonly [name: string, digit: string])[] = [
  ['dns', '0'],
  ['url', '1'],
  ['oid', '2'],
  ['x500', '4'],
];

const constant = (name: string, uuid: string): string =>
  `${name}() RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$SELECT '${uuid}'::pg_catalog.uuid$$`;

const UUID_FUNCTIONS: readonly string[] = [
  constant('uuid_nil', '00000000-0000-0000-0000-000000000000'),
  // RFC 4122, appendix C.
  ...namespaces.map(([name, digit]) => constant(`uuid_ns_${name}`, `6ba7b81${digit}-9dad-11d1-80b4-00c04fd430c8`)),
  'uuid_generate_v1() RETURNS uuid LANGUAGE sql VOLATILE STRICT PARALLEL SAFE AS $$SELECT pg_catalog.hotrow_uuid_v1(false)$$',
  'uuid_generate_v1mc() RETURNS uuid LANGUAGE sql VOLATILE STRICT PARALLEL SAFE AS $$SELECT pg_catalog.hotrow_uuid_v1(true)$$',
  'uuid_generate_v3(namespace uuid, name text) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$SELECT pg_catalog.hotrow_uuid_of_name(3, namespace, name)$$',
  'uuid_generate_v4() RETURNS uuid LANGUAGE sql VOLATILE STRICT PARALLEL SAFE AS $$SELECT pg_catalog.gen_random_uuid()$$',
  'uuid_generate_v5(namespace uuid, name text) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$SELECT pg_catalog.hotrow_uuid_of_name(5, namespace, name)$$',
];

/** A function that hands its arguments on; texts as their bytes, where `asBytes` says so. */
function handsOn(
  name: string,
  types: readonly string[],
  result: string,
  inner: string,
  volatility = 'IMMUTABLE',
): string {
  const args = types.map((type, i) => (type === 'text!' ? `pg_catalog.convert_to($${i + 1}, 'UTF8')` : `$${i + 1}`));
  const parameters = types.map((type) => type.replace('!', '')).join(', ');
  return `${name}(${parameters}) RETURNS ${result} LANGUAGE sql ${volatility} STRICT PARALLEL SAFE AS $$SELECT pg_catalog.${inner}(${args.join(', ')})$$`;
}

const CRYPTO_FUNCTIONS: readonly string[] = [
  handsOn('digest', ['text!', 'text'], 'bytea', 'hotrow_digest'),
  handsOn('digest', ['bytea', 'text'], 'bytea', 'hotrow_digest'),
  handsOn('hmac', ['text!', 'text!', 'text'], 'bytea', 'hotrow_hmac'),
  handsOn('hmac', ['bytea', 'bytea', 'text'], 'bytea', 'hotrow_hmac'),
  handsOn('gen_random_bytes', ['integer'], 'bytea', 'hotrow_random_bytes', 'VOLATILE'),
  'gen_random_uuid() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$SELECT pg_catalog.gen_random_uuid()$$',
];

const AVAILABLE: readonly AvailableExtension[] = [
  BTREE_GIST,
  CITEXT,
  HSTORE,
  { name: 'pg_prewarm', version: '1.2', comment: 'prewarm relation data', isTrusted: false, functions: [] },
  {
    name: 'pg_trgm',
    version: '1.6',
    comment: 'text similarity measurement and index searching based on trigrams',
    isTrusted: true,
    functions: [],
  },
  {
    name: 'pgcrypto',
    version: '1.3',
    comment: 'cryptographic functions',
    isTrusted: true,
    functions: CRYPTO_FUNCTIONS,
  },
  {
    name: 'unaccent',
    version: '1.1',
    comment: 'text search dictionary that removes accents',
    isTrusted: true,
    functions: [
      handsOn('unaccent', ['regdictionary', 'text'], 'text', 'hotrow_unaccent', 'STABLE'),
      "unaccent(text) RETURNS text LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$SELECT pg_catalog.hotrow_unaccent('{unaccent}'::regdictionary, $1)$$",
    ],
    dictionary: {
      method: 'unaccent',
      initName: 'unaccent_init',
      lexizeName: 'unaccent_lexize',
      options: [{ name: 'rules', value: 'unaccent', isNumber: false }],
    },
  },
  {
    name: 'uuid-ossp',
    version: '1.1',
    comment: 'generate universally unique identifiers (UUIDs)',
    isTrusted: true,
    functions: UUID_FUNCTIONS,
  },
];

export const AVAILABLE_EXTENSIONS: ReadonlyMap<string, AvailableExtension> = new Map(
  AVAILABLE.map((extension) => [extension.name, extension]),
);
