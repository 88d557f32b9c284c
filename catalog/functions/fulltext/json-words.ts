/** The texts inside json that full text search takes: values, by kind, and keys. */
import { type JsonBuilder, parseJson, sqlError } from '../../../types/index.ts';

export type JsonTree =
  | { readonly kind: 'string' | 'numeric' | 'boolean' | 'null'; readonly text: string }
  | { readonly kind: 'array'; readonly items: readonly JsonTree[] }
  | { readonly kind: 'object'; readonly keys: readonly string[]; readonly items: readonly JsonTree[] };

const builder: JsonBuilder<JsonTree> = {
  nullValue: () => ({ kind: 'null', text: 'null' }),
  boolean: (value) => ({ kind: 'boolean', text: value ? 'true' : 'false' }),
  string: (text) => ({ kind: 'string', text }),
  number: (text) => ({ kind: 'numeric', text }),
  array: (items) => ({ kind: 'array', items }),
  object: (keys, items) => ({ kind: 'object', keys, items }),
};

/** As it stands: members in their order, none dropped. */
export function jsonTree(text: string): JsonTree {
  return parseJson(text, builder);
}

export type JsonKind = 'string' | 'numeric' | 'boolean' | 'key';

export const STRINGS: ReadonlySet<JsonKind> = new Set<JsonKind>(['string']);

const KINDS: readonly JsonKind[] = ['string', 'numeric', 'boolean', 'key'];

/** The filter of json_to_tsvector: "all", or an array of kinds. */
export function parseJsonKinds(text: string): ReadonlySet<JsonKind> {
  const tree = jsonTree(text);
  const flags = tree.kind === 'array' ? tree.items : [tree];
  if (tree.kind === 'object') throw sqlError('22023', 'wrong flag type, only arrays and scalars are allowed');
  const kinds = new Set<JsonKind>();
  for (const flag of flags) {
    if (flag.kind === 'object' || flag.kind === 'array') throw sqlError('XX000', 'unexpected end of flag array');
    if (flag.kind !== 'string') {
      throw sqlError('22023', 'flag array element is not a string', {
        hint: 'Possible values are: "string", "numeric", "boolean", "key", and "all".',
      });
    }
    const name = flag.text.toLowerCase();
    if (name === 'all') for (const kind of KINDS) kinds.add(kind);
    else if (KINDS.includes(name as JsonKind)) kinds.add(name as JsonKind);
    else {
      throw sqlError('22023', `wrong flag in flag array: "${flag.text}"`, {
        hint: 'Possible values are: "string", "numeric", "boolean", "key", and "all".',
      });
    }
  }
  return kinds;
}

export function forEachJsonText(tree: JsonTree, kinds: ReadonlySet<JsonKind>, visit: (text: string) => void): void {
  switch (tree.kind) {
    case 'null':
      return;
    case 'array':
      for (const item of tree.items) forEachJsonText(item, kinds, visit);
      return;
    case 'object':
      tree.items.forEach((item, i) => {
        if (kinds.has('key')) visit(tree.keys[i]);
        forEachJsonText(item, kinds, visit);
      });
      return;
    default:
      if (kinds.has(tree.kind)) visit(tree.text);
  }
}

/** The same tree with other strings. */
export function mapJsonStrings(tree: JsonTree, convert: (text: string) => string): JsonTree {
  if (tree.kind === 'array') return { kind: 'array', items: tree.items.map((item) => mapJsonStrings(item, convert)) };
  if (tree.kind === 'object') return { ...tree, items: tree.items.map((item) => mapJsonStrings(item, convert)) };
  return tree.kind === 'string' ? { kind: 'string', text: convert(tree.text) } : tree;
}
