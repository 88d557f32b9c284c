/** The catalog is a value: old ones stay as they were, names lead to what they should, and changes are cheap. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { CatalogEntry, IndexEntry, SequenceEntry } from '../../catalog/index.ts';
import { Catalog, decodeEntry, encodeEntry, entryKey, type RelationEntry, SharedCatalog } from '../../catalog/index.ts';
import { PersistentMap } from '../../catalog/persistent-map.ts';

const PATH = ['pg_catalog', 'public'];

function table(oid: number, name: string, schemaOid = 2200, dependsOn: readonly number[] = []): RelationEntry {
  return {
    class: 'relation',
    oid,
    kind: 'table',
    schemaOid,
    name,
    owner: 10,
    persistence: 'permanent',
    relId: oid,
    overflowRelId: 0,
    columns: [],
    layout: 0,
    queryText: null,
    options: [],
    dependsOn,
  };
}

function index(oid: number, name: string, tableOid: number): IndexEntry {
  return {
    class: 'index',
    oid,
    name,
    schemaOid: 2200,
    tableOid,
    method: 'btree',
    unique: false,
    nullsNotDistinct: false,
    primary: false,
    columns: [],
    includedColumns: [],
    predicateText: null,
  } as IndexEntry;
}

function put(catalog: Catalog, ...entries: CatalogEntry[]): Catalog {
  return catalog.apply(entries.map((entry) => ({ key: entryKey(5, entry.class, entry.oid), entry })));
}

describe('Catalog', () => {
  const empty = Catalog.bootstrap(5, 'postgres');

  it('starts with public, pg_catalog and information_schema', () => {
    expect([...empty.schemas()].map(({ name }) => name).sort()).to.deep.equal([
      'information_schema',
      'pg_catalog',
      'public',
    ]);
    const pgClass = empty.resolveRelation(['pg_class'], PATH);
    expect(pgClass?.class === 'relation' && pgClass.kind).to.equal('virtual');
    expect(empty.relation(1259)).to.equal(pgClass);
    expect(empty.resolveRelation(['information_schema', 'tables'], PATH)?.name).to.equal('tables');
  });

  it('finds names along the search path, the temporary schema first', () => {
    const catalog = put(
      empty,
      { class: 'schema', oid: 900, name: 's', owner: 10 },
      { class: 'schema', oid: 901, name: 'pg_temp_7', owner: 10 },
      table(1, 't'),
      table(2, 't', 900),
      table(3, 't', 901),
    );
    const find = (names: string[], path: string[]): number | undefined => catalog.resolveRelation(names, path)?.oid;
    expect(find(['t'], ['pg_catalog', 'public', 's'])).to.equal(1);
    expect(find(['t'], ['pg_catalog', 's', 'public'])).to.equal(2);
    expect(find(['t'], ['pg_temp_7', 'pg_catalog', 'public'])).to.equal(3);
    expect(find(['pg_temp', 't'], ['pg_temp_7', 'pg_catalog', 'public'])).to.equal(3);
    expect(find(['pg_temp', 't'], ['pg_catalog', 'public'])).to.equal(undefined);
    expect(find(['s', 't'], [])).to.equal(2);
    expect(find(['nosuch', 't'], PATH)).to.equal(undefined);
  });

  it('old values stay as they were, versions differ, lists keep their identity', () => {
    const first = put(empty, table(1, 't'), index(2, 'i', 1));
    const second = put(first, table(3, 'u'));
    const third = second.apply([{ key: entryKey(5, 'relation', 1), entry: null }]);
    expect(first.relation(3)).to.equal(undefined);
    expect(second.indexesOf(1)).to.equal(first.indexesOf(1));
    expect(third.resolveRelation(['t'], PATH)).to.equal(undefined);
    expect(second.resolveRelation(['t'], PATH)?.oid).to.equal(1);
    expect(new Set([empty, first, second, third].map(({ version }) => version)).size).to.equal(4);
  });

  it('two objects may trade names in one batch', () => {
    const before = put(empty, table(1, 'a'), table(2, 'b'));
    const after = put(before, table(1, 'b'), table(2, 'a'));
    expect(after.resolveRelation(['a'], PATH)?.oid).to.equal(2);
    expect(after.resolveRelation(['b'], PATH)?.oid).to.equal(1);
  });

  it('knows what hangs on a table, and what depends on it', () => {
    const sequence = { class: 'sequence', oid: 5, name: 'q', schemaOid: 2200, ownedByTable: 1 } as SequenceEntry;
    const catalog = put(empty, table(1, 't'), index(4, 'j', 1), index(2, 'i', 1), sequence, table(9, 'v', 2200, [1]));
    expect(catalog.indexesOf(1).map(({ oid }) => oid)).to.deep.equal([2, 4]);
    expect(catalog.sequencesOf(1)).to.deep.equal([sequence]);
    expect(catalog.dependentsOf(1)).to.deep.equal([9]);
    const without = catalog.apply([{ key: entryKey(5, 'relation', 9), entry: null }]);
    expect(without.dependentsOf(1)).to.deep.equal([]);
  });

  it('entries are JSON in storage', () => {
    const entry = table(1, 'tä"ble');
    expect(decodeEntry(encodeEntry(entry))).to.deep.equal(entry);
  });
});

describe('SharedCatalog', () => {
  it('has the superuser, the predefined roles and three databases', () => {
    const shared = SharedCatalog.bootstrap('me');
    expect(shared.roleByName('me')?.superuser).to.equal(true);
    expect(shared.roleByName('pg_monitor')?.canLogin).to.equal(false);
    expect([...shared.databases()].map(({ name }) => name).sort()).to.deep.equal([
      'postgres',
      'template0',
      'template1',
    ]);
  });

  it('of a fork has one database more, and goes on as any other', () => {
    const shared = SharedCatalog.bootstrap('me');
    const base = shared.database(5)!;
    const fork = shared.forked({ ...base, oid: 100, name: 'postgres@one' });
    const forkOfFork = fork.forked({ ...base, oid: 101, name: 'postgres@one@two' });
    const changed = forkOfFork.apply([{ key: entryKey(0, 'database', 101), entry: null }]);
    const names = [shared, fork, forkOfFork, changed].map((each) => [...each.databases()].map(({ name }) => name));
    const theirs = names[0];
    expect(names.slice(1)).to.deep.equal([
      [...theirs, 'postgres@one'],
      [...theirs, 'postgres@one', 'postgres@one@two'],
      [...theirs, 'postgres@one'],
    ]);
    expect(fork.database(100)).to.equal(fork.databaseByName('postgres@one'));
    expect(fork.database(5)).to.equal(base);
    expect(forkOfFork.databaseByName('postgres@one')?.oid).to.equal(100);
    expect(shared.databaseByName('postgres@one')).to.equal(undefined);
    expect(fork.roleByName('me')?.superuser).to.equal(true);
    expect(fork.authority(10, 100)).to.equal(fork.authority(10, 100));
    expect(fork.version).not.to.equal(shared.version);
  });

  it('membership goes through groups', () => {
    const shared = SharedCatalog.bootstrap();
    const monitor = shared.roleByName('pg_monitor')!.oid;
    expect(shared.isMember(monitor, shared.roleByName('pg_read_all_stats')!.oid)).to.equal(true);
    expect(shared.isMember(monitor, 10)).to.equal(false);
    expect(shared.isMember(10, monitor)).to.equal(true);
  });

  it('settings come in the order in which they override each other', () => {
    const shared = SharedCatalog.bootstrap().apply(
      [
        { databaseOid: 5, roleOid: 10, value: 'both' },
        { databaseOid: 5, roleOid: 0, value: 'database' },
        { databaseOid: 0, roleOid: 10, value: 'role' },
        { databaseOid: 4, roleOid: 0, value: 'other' },
      ].map((setting, i) => ({
        key: entryKey(0, 'setting', 100 + i),
        entry: { class: 'setting', oid: 100 + i, name: 'work_mem', ...setting } as const,
      })),
    );
    expect(shared.settingsFor(5, 10).map(({ value }) => value)).to.deep.equal(['database', 'role', 'both']);
  });
});

describe('PersistentMap', () => {
  it('does what Map does, and leaves older maps alone', () => {
    const operation = fc.record({ key: fc.integer({ min: 0, max: 40 }), value: fc.option(fc.nat(), { nil: null }) });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200 }), fc.boolean(), (operations, inBatch) => {
        const model = new Map<string, number>();
        const edit = inBatch ? {} : null;
        let map = PersistentMap.empty<string, number>();
        const kept: { map: PersistentMap<string, number>; content: [string, number][] }[] = [];
        for (const { key, value } of operations) {
          const name = `k${key}`;
          if (value === null) model.delete(name);
          else model.set(name, value);
          map = value === null ? map.delete(name, edit) : map.set(name, value, edit);
          if (!inBatch) kept.push({ map, content: [...model].sort() });
        }
        kept.push({ map, content: [...model].sort() });
        for (const { map: old, content } of kept) {
          expect([...old.keys()].map((key) => [key, old.get(key)]).sort()).to.deep.equal(content);
          expect(old.size).to.equal(content.length);
        }
      }),
    );
  });

  it('keeps keys whose hashes are equal apart', () => {
    // FNV-1a of these two is the same number.
    const [a, b] = ['costarring', 'liquid'];
    const map = PersistentMap.empty<string, number>().set(a, 1).set(b, 2).set(a, 3);
    expect([map.get(a), map.get(b), map.size]).to.deep.equal([3, 2, 2]);
    expect([map.delete(a).get(b), map.delete(b).get(a)]).to.deep.equal([2, 3]);
  });
});
