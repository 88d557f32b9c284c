/** Types of databases and their forks: each sees what its parent had when it was made, and what it has made of it itself. */
import { expect } from 'chai';
import { BUILTIN_TYPES, type SqlType, TypeRegistry } from '../../types/type.ts';
import { Random, SEED } from '../storage/heap/support.ts';

interface Level {
  readonly registry: TypeRegistry;
  readonly parent: Level | null;
  /** By oid: the version that it sees. */
  types: Map<number, string>;
  readonly beginning: ReadonlyMap<number, string>;
}

const FIRST = 20_000;

function typeOf(oid: number, name: string): SqlType {
  return { ...BUILTIN_TYPES[0], oid, name };
}

describe('types of forks', () => {
  it(`are those of the parent at the fork, and their own changes (seed ${SEED})`, () => {
    for (let life = 0; life < 100; life++) {
      const random = new Random(SEED + life);
      const levels: Level[] = [
        {
          registry: new TypeRegistry(BUILTIN_TYPES).forDatabase(),
          parent: null,
          types: new Map(),
          beginning: new Map(),
        },
      ];
      let nextOid = FIRST;
      let number = 0;
      for (let step = 0; step < 80; step++) {
        const level = random.pick(levels);
        const choice = random.below(10);
        const name = `version ${number++}`;
        if (choice < 3) {
          level.types.set(nextOid, name);
          level.registry.set(typeOf(nextOid++, name));
        } else if (choice < 7 && level.types.size > 0) {
          const oid = random.pick([...level.types.keys()]);
          level.types.set(oid, name);
          level.registry.set(typeOf(oid, name));
        } else if (choice === 7 && levels.length < 8) {
          levels.push({
            registry: level.registry.fork(),
            parent: level,
            types: new Map(level.types),
            beginning: new Map(level.types),
          });
        } else if (choice === 8 && level.parent !== null && !levels.some(({ parent }) => parent === level)) {
          level.parent.registry.endFork(level.registry);
          levels.splice(levels.indexOf(level), 1);
        } else if (choice === 9 && level.parent !== null && !levels.some(({ parent }) => parent === level)) {
          level.registry.forgetOwn();
          level.types = new Map(level.beginning);
        }
        for (const { registry, types } of levels)
          for (const [oid, expected] of types) expect(registry.get(oid)?.name).to.equal(expected);
      }
    }
  });

  it('differ from those of others only when somebody has changed one', () => {
    const main = new TypeRegistry(BUILTIN_TYPES).forDatabase();
    main.set(typeOf(FIRST, 'mood'));
    const fork = main.fork();
    const child = fork.fork();
    expect([main.differs, fork.differs, child.differs]).to.deep.equal([false, false, false]);
    fork.set(typeOf(FIRST + 1, 'of the fork'));
    expect(child.differs, "a new type is nobody else's").to.equal(false);
    expect(child.get(FIRST + 1)?.name).to.equal('of the fork');
    main.set(typeOf(FIRST, 'mood, changed'));
    expect([main.differs, fork.differs, child.differs]).to.deep.equal([false, true, true]);
    expect(child.get(FIRST)?.name).to.equal('mood');
  });
});
