/** A LazyMap is a Map, a LazySet a Set: whatever is done with them, empty or not. */
import { expect } from 'chai';
import { LazyMap, LazySet } from '../../types/lazy-map.ts';
import { Random, SEED } from '../storage/heap/support.ts';

describe(`LazyMap and LazySet (SEED=${SEED})`, () => {
  it('do what Map and Set do', () => {
    const random = new Random(SEED);
    for (let run = 0; run < 50; run++) {
      const [map, model] = [new LazyMap<number, string>(), new Map<number, string>()];
      const [set, setModel] = [new LazySet<number>(), new Set<number>()];
      for (let step = 0; step < 60; step++) {
        const key = random.below(8);
        switch (random.below(5)) {
          case 0:
          case 1:
            expect(map.set(key, `v${step}`)).to.equal(map);
            model.set(key, `v${step}`);
            expect(set.add(key)).to.equal(set);
            setModel.add(key);
            break;
          case 2:
          case 3:
            expect(map.delete(key)).to.equal(model.delete(key));
            expect(set.delete(key)).to.equal(setModel.delete(key));
            break;
          default:
            if (random.below(4) > 0) break;
            for (const each of [map, model, set, setModel]) each.clear();
        }
        expect([map.size, map.get(key), map.has(key)]).to.deep.equal([model.size, model.get(key), model.has(key)]);
        expect([...map]).to.deep.equal([...model]);
        expect([...map.entries()]).to.deep.equal([...model]);
        expect([...map.keys()]).to.deep.equal([...model.keys()]);
        expect([...map.values()]).to.deep.equal([...model.values()]);
        const visited: [number, string][] = [];
        map.forEach((value, of) => {
          visited.push([of, value]);
        });
        expect(visited).to.deep.equal([...model]);
        expect([set.size, set.has(key), [...set]]).to.deep.equal([setModel.size, setModel.has(key), [...setModel]]);
      }
    }
  });

  it('an iteration of an empty one stays empty for others', () => {
    const map = new LazyMap<string, number>();
    const values = map.values();
    new LazyMap<string, number>().set('a', 1);
    expect([...values]).to.deep.equal([]);
    expect(Object.prototype.toString.call(map)).to.equal('[object Map]');
  });
});
