/** COPY FROM reads the same rows however the client cuts its messages. */
import { expect } from 'chai';
import fc from 'fast-check';
import { Batch, END, PENDING } from '../../executor/batch.ts';
import type { ExecContext } from '../../executor/context.ts';
import { CopyBinarySource } from '../../executor/copy/binary-source.ts';
import { CopyBinaryWriter } from '../../executor/copy/binary-writer.ts';
import type { CopySource } from '../../executor/copy/copy-source.ts';
import type { CopyOptions } from '../../executor/copy/options.ts';
import { CopyTextSource } from '../../executor/copy/text-source.ts';
import { encodingNamed } from '../../types/encodings/index.ts';
import { DEFAULT_FORMAT, OID } from '../../types/index.ts';
import { OutBuffer } from '../../types/out-buffer.ts';

const context = { functions: { format: DEFAULT_FORMAT } } as unknown as ExecContext;
const columns = ['a', 'b'].map((name) => ({ name, typeOid: OID.TEXT, typeModifier: -1, check: null }));

function options(format: 'text' | 'csv', escapeWith: string): CopyOptions {
  return {
    format,
    delimiter: format === 'csv' ? ',' : '\t',
    nullText: format === 'csv' ? '' : '\\N',
    header: 'none',
    quote: '"',
    escape: escapeWith,
    forceQuote: [],
    forceNotNull: [],
    forceNull: [],
    encoding: null,
  } as unknown as CopyOptions;
}

function read(copyOptions: CopyOptions, bytes: Buffer, cuts: readonly number[]): string[] {
  return readFrom(new CopyTextSource(columns, copyOptions, 't'), bytes, cuts);
}

/** All rows, with the bytes cut at these places. */
function readFrom(task: CopySource, bytes: Buffer, cuts: readonly number[]): string[] {
  const rows: string[] = [];
  const drain = (): void => {
    for (;;) {
      const batch = task.poll(context);
      if (batch === END || batch === PENDING) return;
      for (let i = 0; i < batch.count; i++) rows.push(JSON.stringify(batch.columns.map((column) => column[i])));
    }
  };
  let from = 0;
  for (const cut of [...cuts.map((c) => c % (bytes.length + 1)).sort((x, y) => x - y), bytes.length]) {
    task.receive(bytes.subarray(from, cut));
    from = cut;
    drain();
  }
  task.finish();
  drain();
  return rows;
}

const piece = fc.constantFrom('x', 'größe', '\\\\', '\\n', '\\\n', '\\t', '""', ' ', 'long '.repeat(50));
const field = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''));

describe('COPY FROM, whatever the messages', () => {
  it('in text form, with backslashes before line breaks', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(field, field)), fc.array(fc.nat()), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((fields) => `${fields.join('\t')}\n`).join(''), 'utf8');
        const whole = read(options('text', '"'), bytes, []);
        expect(whole).to.have.length(lines.length);
        expect(read(options('text', '"'), bytes, cuts)).to.deep.equal(whole);
      }),
    );
  });

  for (const sign of ['"', '!']) {
    it(`as CSV with line breaks in quotes, escaped by ${sign}`, () => {
      const inQuotes = fc
        .array(fc.constantFrom('x', '\n', '\r\n', ',', `${sign}"`, sign === '!' ? '!!' : 'é'), { maxLength: 8 })
        .map((pieces) => `"${pieces.join('')}"`);
      fc.assert(
        fc.property(fc.array(fc.tuple(inQuotes, inQuotes)), fc.array(fc.nat()), (lines, cuts) => {
          const bytes = Buffer.from(lines.map((fields) => `${fields.join(',')}\n`).join(''), 'utf8');
          const whole = read(options('csv', sign), bytes, []);
          expect(whole).to.have.length(lines.length);
          expect(read(options('csv', sign), bytes, cuts)).to.deep.equal(whole);
        }),
      );
    });
  }

  it('in another encoding, as in UTF-8', () => {
    const latin1 = encodingNamed('LATIN1');
    fc.assert(
      fc.property(fc.array(fc.tuple(field, field)), fc.array(fc.nat()), (lines, cuts) => {
        const text = lines.map((fields) => `${fields.join('\t')}\n`).join('');
        const inUtf8 = read(options('text', '"'), Buffer.from(text, 'utf8'), []);
        expect(read({ ...options('text', '"'), encoding: latin1 }, Buffer.from(text, 'latin1'), cuts)).to.deep.equal(
          inUtf8,
        );
      }),
    );
  });

  it('in binary, as COPY TO wrote them', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.option(field), field)), fc.array(fc.nat()), (lines, cuts) => {
        const latin1 = encodingNamed('LATIN1');
        const batch = new Batch(2);
        for (const c of [0, 1]) batch.columns[c] = lines.map((fields) => fields[c]);
        const out = new OutBuffer();
        const writer = new CopyBinaryWriter([OID.TEXT, OID.TEXT], false, latin1);
        writer.begin(out);
        writer.rows(out, batch, 0, lines.length, DEFAULT_FORMAT);
        writer.end(out);
        const bytes = Buffer.from(out.bytes.subarray(0, out.length));
        expect(readFrom(new CopyBinarySource(columns, 't', latin1), bytes, cuts)).to.deep.equal(
          lines.map((fields) => JSON.stringify(fields)),
        );
      }),
    );
  });
});
