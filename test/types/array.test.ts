/** Arrays: subscripts, slices, nesting, and the texts of rows. */
import { expect } from 'chai';
import {
  DEFAULT_FORMAT,
  inputText,
  OID,
  outputText,
  registerType,
  SqlArray,
  SqlRecord,
  typeByOid,
} from '../../types/index.ts';
import { answer } from './answers.ts';

const read = (text: string): SqlArray => inputText(OID.INT4_ARRAY, -1, text, DEFAULT_FORMAT);
const show = (array: SqlArray): string => outputText(OID.INT4_ARRAY, array, DEFAULT_FORMAT);

describe('an array', () => {
  it('is read by subscripts from its lower bounds', () => {
    const array = read('[2:3][0:1]={{1,2},{3,4}}');
    expect(array.at([2, 0])).to.equal(1);
    expect(array.at([3, 1])).to.equal(4);
    expect(array.at([1, 0])).to.equal(null);
    expect(array.at([2])).to.equal(null);
    expect(read('{}').at([1])).to.equal(null);
  });

  it('is sliced within its bounds, and the slice counts from 1', () => {
    expect(show(read('{1,2,3,4}').slice([[2, 3]]))).to.equal('{2,3}');
    expect(show(read('{1,2,3,4}').slice([[null, 2]]))).to.equal('{1,2}');
    expect(show(read('{1,2,3,4}').slice([[3, 9]]))).to.equal('{3,4}');
    expect(show(read('{1,2,3,4}').slice([[3, 2]]))).to.equal('{}');
    expect(
      show(
        read('{{1,2,3},{4,5,6}}').slice([
          [2, 2],
          [2, null],
        ]),
      ),
    ).to.equal('{{5,6}}');
    expect(show(read('[5:6]={1,2}').slice([[null, null]]))).to.equal('{1,2}');
  });

  it('nests arrays of one shape', () => {
    expect(show(SqlArray.nest(OID.INT4, [read('{1,2}'), read('{3,4}')]))).to.equal('{{1,2},{3,4}}');
    expect(show(SqlArray.nest(OID.INT4, [read('{}'), read('{}')]))).to.equal('{}');
    const mismatch = 'ERROR 2202E: multidimensional arrays must have array expressions with matching dimensions';
    expect(answer(() => show(SqlArray.nest(OID.INT4, [read('{1,2}'), read('{3}')])))).to.equal(mismatch);
    expect(answer(() => show(SqlArray.nest(OID.INT4, [read('{1,2}'), null])))).to.equal(mismatch);
  });
});

describe('a row', () => {
  it('is written with quotes where they are needed', () => {
    const row = new SqlRecord([OID.INT4, OID.TEXT, OID.TEXT, OID.TEXT, OID.BOOL], [1, 'a b', null, 'say "hi"\\', true]);
    expect(outputText(OID.RECORD, row, DEFAULT_FORMAT)).to.equal('(1,"a b",,"say ""hi""\\\\",t)');
    expect(outputText(OID.RECORD, new SqlRecord([OID.TEXT], ['']), DEFAULT_FORMAT)).to.equal('("")');
    expect(outputText(OID.RECORD, new SqlRecord([], []), DEFAULT_FORMAT)).to.equal('()');
  });

  it('of a composite type is read back', () => {
    const oid = 99002;
    registerType({
      ...(typeByOid(OID.RECORD) as NonNullable<ReturnType<typeof typeByOid>>),
      oid,
      name: 'pair',
      displayName: 'pair',
      kind: 'c',
      attributes: [
        { name: 'a', typeOid: OID.INT4, typmod: -1 },
        { name: 'b', typeOid: OID.TEXT, typmod: -1 },
      ],
    });
    const read = (text: string): string =>
      answer(() => outputText(oid, inputText(oid, -1, text, DEFAULT_FORMAT), DEFAULT_FORMAT));
    expect(read('(1,"x ""y""")')).to.equal('(1,"x ""y""")');
    expect(read(' ( 1 ,) ')).to.equal('(1,)');
    expect(read('(1)')).to.equal('ERROR 22P02: malformed record literal: "(1)" / Too few columns.');
    expect(read('(1,2,3)')).to.equal('ERROR 22P02: malformed record literal: "(1,2,3)" / Too many columns.');
    expect(read('1')).to.equal('ERROR 22P02: malformed record literal: "1" / Missing left parenthesis.');
    expect(read('(1,2')).to.equal('ERROR 22P02: malformed record literal: "(1,2" / Unexpected end of input.');
    expect(read('(1,2)x')).to.equal('ERROR 22P02: malformed record literal: "(1,2)x" / Junk after right parenthesis.');
  });

  it('without a type cannot be read', () => {
    expect(answer(() => inputText(OID.RECORD, -1, '(1)', DEFAULT_FORMAT))).to.equal(
      'ERROR 0A000: input of anonymous composite types is not implemented',
    );
  });
});
