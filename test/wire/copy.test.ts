/** COPY both ways: data messages in, data messages out, and what else may come in between. */
import { expect } from 'chai';
import { type FakeServer, frame, names, serialize, startFakeServer, WireClient } from '../support/wire-client.ts';

const { query, parse, bind, execute, sync, flush, copyData, copyDone, copyFail } = serialize;

describe('COPY over the wire', () => {
  let fake: FakeServer;
  let client: WireClient;
  beforeEach(async () => {
    fake = await startFakeServer();
    client = await WireClient.ready(fake.server.port);
  });
  afterEach(() => fake.server.stop());

  it('takes data in a simple query, and goes on with its next statement', async () => {
    client.send(query('copy in; rows 1'));
    const [response] = await client.until('copyInResponse');
    expect(response).to.deep.include({ binary: false, columnTypes: [0, 0] });
    client.send(copyData(Buffer.from('a\tb\n')), copyData(Buffer.from('c\td\n')), copyDone());
    expect(names(await client.untilReady())).to.deep.equal([
      'commandComplete',
      'rowDescription',
      'dataRow',
      'commandComplete',
      'readyForQuery',
    ]);
    expect(fake.database.sessions[0]!.copied).to.equal('a\tb\nc\td\n');
  });

  it('takes much data, cut anywhere', async () => {
    client.send(query('copy in'));
    const line = `${'z'.repeat(999)}\n`;
    const bytes = Buffer.concat(Array.from({ length: 3000 }, () => copyData(Buffer.from(line))));
    for (let at = 0; at < bytes.length; at += 70_001) client.send(bytes.subarray(at, at + 70_001));
    client.send(copyDone());
    expect((await client.untilReady()).at(-2)!.text).to.equal('COPY 3000');
  });

  it('takes the data of one COPY after the other', async () => {
    client.send(query('copy in; copy in; rows 1'));
    for (const text of ['a\n', 'b\nc\n']) client.send(copyData(Buffer.from(text)), copyDone());
    client.send(query('rows 1'));
    const messages = await client.untilReady();
    expect(
      messages.filter((message) => message.name === 'commandComplete').map((message) => message.text),
    ).to.deep.equal(['COPY 1', 'COPY 2', 'SELECT 1']);
    expect(names(await client.untilReady())).to.have.length(4);
  });

  it('ends with the reason that the client gives', async () => {
    client.send(query('copy in'), copyFail('changed my mind'));
    const messages = await client.untilReady();
    expect(messages[1]).to.include({ code: '57014', message: 'COPY from stdin failed: changed my mind' });
  });

  it('drops the data that is still on its way after an error', async () => {
    client.send(query('copy in'), copyData(Buffer.from('bad\n')), copyData(Buffer.from('more\n')), copyDone());
    client.send(query('rows 1'));
    expect(names(await client.untilReady())).to.deep.equal(['copyInResponse', 'error', 'readyForQuery']);
    expect(names(await client.untilReady())).to.have.length(4);
    expect(fake.database.sessions[0]!.copied).to.equal('');
  });

  it('ignores Flush and Sync of a client that did not know, and answers the one after CopyDone', async () => {
    client.send(parse({ text: 'copy in' }), bind(), execute(), flush(), sync());
    client.send(copyData(Buffer.from('a\n')), sync(), copyData(Buffer.from('b\n')), copyDone(), sync());
    expect(names(await client.untilReady())).to.deep.equal([
      'parseComplete',
      'bindComplete',
      'copyInResponse',
      'commandComplete',
      'readyForQuery',
    ]);
    expect(fake.database.sessions[0]!.copied).to.equal('a\nb\n');
  });

  it('drops everything up to Sync after an error in extended protocol', async () => {
    client.send(parse({ text: 'copy in' }), bind(), execute(), copyData(Buffer.from('bad\n')));
    client.send(copyDone(), query('rows 1'), sync());
    expect(names(await client.untilReady()).slice(2)).to.deep.equal(['copyInResponse', 'error', 'readyForQuery']);
  });

  for (const [title, message, hex] of [
    ['a query', query('rows 1'), '51'],
    ['Terminate', serialize.end(), '58'],
    ['a type that does not exist', frame('~'), '7E'],
  ] as const) {
    it(`ends the connection at ${title}`, async () => {
      client.send(query('copy in'), message);
      const [, error, fatal] = await client.untilClosed();
      expect(error).to.include({
        severity: 'ERROR',
        code: '08P01',
        message: `unexpected message type 0x${hex} during COPY from stdin`,
      });
      expect(fatal).to.include({
        severity: 'FATAL',
        code: '08P01',
        message: 'terminating connection because protocol synchronization was lost',
      });
      expect(fake.database.sessions[0]!.closed).to.equal(true);
    });
  }

  it('sends data out', async () => {
    const messages = await client.query('copy out 2');
    expect(names(messages)).to.deep.equal([
      'copyOutResponse',
      'copyData',
      'copyData',
      'copyDone',
      'commandComplete',
      'readyForQuery',
    ]);
    expect(Buffer.from(messages[2]!.chunk).toString()).to.equal('line 1\n');
  });
});
