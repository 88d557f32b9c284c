/** Functions that ask the session: they hand the question to the context and give its answer. */
import { expect } from 'chai';
import type { FunctionContext, ScalarFunction, Value } from '../../../catalog/function-entry.ts';
import { functionsByName } from '../../../catalog/functions/index.ts';
import { OID, type SqlArray } from '../../../types/index.ts';
import { testContext } from './evaluate.ts';

function call(name: string, context: FunctionContext, ...args: Value[]): Value {
  const f = functionsByName(name).find((entry) => entry.argumentTypes.length === args.length) as ScalarFunction;
  return f.needsContext ? f.implementation(context, ...args) : f.implementation(...args);
}

/** A context that notes what is asked of it. */
function noting(): { context: FunctionContext; asked: unknown[][] } {
  const asked: unknown[][] = [];
  const note =
    (name: string, answer: Value) =>
    (...args: unknown[]) => {
      asked.push([name, ...args]);
      return answer;
    };
  const context = {
    ...testContext('UTC'),
    getSetting: note('getSetting', 'on'),
    setSetting: note('setSetting', 'off'),
    nextval: note('nextval', 7),
    setval: note('setval', 9),
    sleep: note('sleep', undefined),
    signalSession: note('signalSession', true),
    advisoryLock: note('advisoryLock', true),
    advisoryUnlock: note('advisoryUnlock', false),
    setSeed: note('setSeed', undefined),
    randomBytes: (count: number) => new Uint8Array(count).fill(255),
  } as FunctionContext;
  return { context, asked };
}

describe('functions of the session', () => {
  it('read and change settings', () => {
    const { context, asked } = noting();
    expect(call('current_setting', context, 'work_mem')).to.equal('on');
    expect(call('current_setting', context, 'x.y', true)).to.equal('on');
    expect(call('set_config', context, 'work_mem', null, null)).to.equal('off');
    expect(asked).to.deep.equal([
      ['getSetting', 'work_mem', false],
      ['getSetting', 'x.y', true],
      ['setSetting', 'work_mem', '', false],
    ]);
    expect(() => call('set_config', context, null, 'a', false)).to.throw('SET requires parameter name');
  });

  it('move sequences', () => {
    const { context, asked } = noting();
    expect(call('nextval', context, 16400)).to.equal(7);
    expect(call('setval', context, 16400, 9)).to.equal(9);
    expect(call('setval', context, 16400, 9, false)).to.equal(9);
    expect(asked).to.deep.equal([
      ['nextval', 16400],
      ['setval', 16400, 9, true],
      ['setval', 16400, 9, false],
    ]);
  });

  it('take advisory locks: shared or not, for session or transaction, waiting or not', () => {
    const { context, asked } = noting();
    expect(call('pg_advisory_lock', context, 5)).to.equal('');
    expect(call('pg_try_advisory_xact_lock_shared', context, 1, 2)).to.equal(true);
    expect(call('pg_advisory_unlock', context, 5)).to.equal(false);
    expect(asked).to.deep.equal([
      ['advisoryLock', 5, null, false, false, true],
      ['advisoryLock', 1, 2, true, true, false],
      ['advisoryUnlock', 5, null, false],
    ]);
  });

  it('sleep, signal, seed', () => {
    const { context, asked } = noting();
    call('pg_sleep', context, 1.5);
    call('pg_cancel_backend', context, 42);
    call('setseed', context, 0.5);
    expect(asked).to.deep.equal([
      ['sleep', 1.5],
      ['signalSession', 42, false],
      ['setSeed', 0.5],
    ]);
    expect(() => call('setseed', context, 2)).to.throw('setseed parameter 2 is out of allowed range [-1,1]');
  });

  it('tell who and where', () => {
    const { context } = noting();
    expect(call('version', context)).to.match(/^PostgreSQL 15\.\d+ \(hotrow /);
    expect(call('current_schema', context)).to.equal('public');
    const schemas = call('current_schemas', context, true) as SqlArray;
    expect(schemas.elements).to.deep.equal(['pg_catalog', 'public']);
    expect(schemas.elementOid).to.equal(OID.NAME);
    expect(call('current_database', context)).to.equal('postgres');
  });

  it('make version 4 uuids', () => {
    const { context } = noting();
    expect(call('gen_random_uuid', context)).to.equal('ffffffff-ffff-4fff-bfff-ffffffffffff');
  });
});
