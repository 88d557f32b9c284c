/** The registry: what it promises to the planner about functions, operators and casts. */
import { expect } from 'chai';
import {
  allCasts,
  allExtensionFunctions,
  allFunctions,
  allOperators,
  comparisonOperator,
  equalityFunction,
  functionByOid,
  functionsByName,
  lookupCast,
  operatorByOid,
  operatorsByName,
} from '../../../catalog/functions/index.ts';
import { FUNCTION_MODULES } from '../../../catalog/functions/modules.ts';
import { OID } from '../../../types/index.ts';

describe('function registry', () => {
  it('has an implementation for each row of its table', () => {
    // Making an entry looks its implementation up, and throws when there is none.
    expect(allFunctions().length).to.be.greaterThan(1000);
  });

  it('has a row for each implementation', () => {
    const known = new Set([...allFunctions(), ...allExtensionFunctions()].map((f) => f.internalName));
    const implemented = FUNCTION_MODULES.flatMap((module) =>
      Object.values(module).flatMap((group) => Object.keys(group)),
    );
    expect(implemented.filter((name) => !known.has(name))).to.deep.equal([]);
  });

  it('implements no name twice', () => {
    const names = FUNCTION_MODULES.flatMap((module) => Object.values(module).flatMap((group) => Object.keys(group)));
    expect(names.filter((name, i) => names.indexOf(name) !== i)).to.deep.equal([]);
  });

  it('answers the same object for the same oid, however it is asked', () => {
    const abs = functionsByName('abs').find((f) => f.argumentTypes[0] === OID.INT4);
    expect(abs).to.not.equal(undefined);
    expect(functionByOid(abs?.oid ?? 0)).to.equal(abs);
    expect(functionsByName('abs')).to.equal(functionsByName('abs'));
    const plus = operatorsByName('+').find((o) => o.leftType === OID.INT4 && o.rightType === OID.INT4);
    expect(operatorByOid(551)).to.equal(plus);
    expect(plus?.function.internalName).to.equal('int4pl');
  });

  it("has PostgreSQL's oids, strictness and volatility", () => {
    expect(functionByOid(177)).to.include({
      name: 'int4pl',
      strict: true,
      volatility: 'immutable',
      returnType: OID.INT4,
    });
    expect(functionByOid(1299)).to.include({ name: 'now', volatility: 'stable', needsContext: true });
    expect(functionByOid(1598)).to.include({ name: 'random', volatility: 'volatile' });
    expect(functionByOid(2803)).to.include({ kind: 'aggregate', name: 'count', internalName: 'count_star' });
    expect(functionByOid(3100)).to.include({ kind: 'window', name: 'row_number' });
  });

  it('knows defaults, argument names, OUT columns and variadics', () => {
    const makeInterval = functionByOid(3464);
    expect(makeInterval).to.deep.include({ defaults: [0, 0, 0, 0, 0, 0, 0] });
    expect(makeInterval).to.deep.include({
      argumentNames: ['years', 'months', 'weeks', 'days', 'hours', 'mins', 'secs'],
    });
    const each = functionsByName('jsonb_each')[0];
    expect(each).to.deep.include({
      returnsSet: true,
      outColumns: [
        { name: 'key', typeOid: OID.TEXT },
        { name: 'value', typeOid: OID.JSONB },
      ],
    });
    expect(functionsByName('concat')[0]).to.deep.include({ variadic: true, argumentTypes: [OID.ANY] });
  });

  it('answers nothing for what does not exist', () => {
    expect(functionsByName('no_such_function')).to.deep.equal([]);
    expect(functionByOid(1)).to.equal(null);
    expect(operatorsByName('+++')).to.deep.equal([]);
    expect(operatorByOid(1)).to.equal(null);
    expect(lookupCast(OID.BOOL, OID.DATE)).to.equal(null);
  });

  it('finds each operator behind its commutator and negator', () => {
    for (const operator of allOperators()) {
      if (operator.commutator === '') continue;
      const swapped = operatorsByName(operator.commutator).find(
        (o) => o.leftType === operator.rightType && o.rightType === operator.leftType,
      );
      expect(swapped, `commutator of ${operator.name} (${operator.oid})`).to.not.equal(undefined);
      expect(swapped?.commutator).to.equal(operator.name);
    }
  });

  it('compares every type that can be sorted with itself', () => {
    const types: number[] = [
      OID.BOOL,
      OID.INT2,
      OID.INT4,
      OID.INT8,
      OID.FLOAT4,
      OID.FLOAT8,
      OID.NUMERIC,
      OID.TEXT,
      OID.VARCHAR,
      OID.BPCHAR,
    ];
    types.push(
      OID.NAME,
      OID.CHAR,
      OID.BYTEA,
      OID.DATE,
      OID.TIME,
      OID.TIMETZ,
      OID.TIMESTAMP,
      OID.TIMESTAMPTZ,
      OID.INTERVAL,
    );
    types.push(OID.UUID, OID.JSONB, OID.OID, OID.REGCLASS, OID.RECORD, OID.INT4_ARRAY, OID.TEXT_ARRAY);
    for (const type of types) {
      for (const strategy of [1, 2, 3, 4, 5] as const) {
        expect(comparisonOperator(type, strategy), `type ${type}, strategy ${strategy}`).to.include({
          btreeStrategy: strategy,
        });
      }
      expect(equalityFunction(type)?.returnType).to.equal(OID.BOOL);
    }
    expect(comparisonOperator(OID.JSON, 3)).to.equal(null);
    expect(equalityFunction(OID.XID)?.internalName).to.equal('xideq');
  });

  it('has casts in the contexts that pg_cast gives them', () => {
    expect(lookupCast(OID.INT4, OID.INT8)).to.include({ context: 'implicit' });
    expect(lookupCast(OID.INT8, OID.INT4)).to.include({ context: 'assignment' });
    expect(lookupCast(OID.INT4, OID.BOOL)).to.include({ context: 'explicit' });
    expect(lookupCast(OID.VARCHAR, OID.TEXT)).to.include({ context: 'implicit', function: null });
    expect(lookupCast(OID.VARCHAR, OID.VARCHAR)?.function?.internalName).to.equal('varchar');
    expect(lookupCast(OID.JSON, OID.JSONB)?.function?.internalName).to.equal('jsonb_in');
    for (const { sourceType, targetType, function: f } of allCasts()) {
      if (f === null) continue;
      expect(f.argumentTypes.length, `cast ${sourceType} to ${targetType}`).to.be.within(1, 3);
    }
  });
});
