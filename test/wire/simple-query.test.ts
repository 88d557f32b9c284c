/** Simple queries: one ReadyForQuery for each, whatever happened, with the status of the transaction. */
import { expect } from 'chai';
import { type FakeServer, frame, names, serialize, startFakeServer, WireClient } from '../support/wire-client.ts';

describe('simple query', () => {
  let fake: FakeServer;
  let client: WireClient;
  beforeEach(async () => {
    fake = await startFakeServer();
    client = await WireClient.ready(fake.server.port);
  });
  afterEach(() => fake.server.stop());

  it('answers rows, a command tag and ReadyForQuery', async () => {
    const messages = await client.query('rows 2');
    expect(names(messages)).to.deep.equal(['rowDescription', 'dataRow', 'dataRow', 'commandComplete', 'readyForQuery']);
    expect(messages[0]!.fields[0]).to.include({
      name: 'value',
      tableID: 16384,
      columnID: 1,
      dataTypeID: 25,
      dataTypeSize: -1,
      dataTypeModifier: -1,
      format: 'text',
    });
    expect(messages[1]!.fields).to.deep.equal(['xxxx']);
    expect(messages[3]!.text).to.equal('SELECT 2');
  });

  it('describes the same result the same way every time', async () => {
    const [first] = await client.query('rows 1');
    for (let i = 0; i < 3; i++) {
      const [again] = await client.query('rows 1');
      expect(again!.fields).to.deep.equal(first!.fields);
    }
  });

  it('answers an empty query', async () => {
    for (const text of ['', ' ; ']) {
      expect(names(await client.query(text))).to.deep.equal(['emptyQuery', 'readyForQuery']);
    }
  });

  it('answers each of several statements, up to the first error', async () => {
    const messages = await client.query('rows 1; begin; fail; rows 1');
    expect(names(messages)).to.deep.equal([
      'rowDescription',
      'dataRow',
      'commandComplete',
      'commandComplete',
      'error',
      'readyForQuery',
    ]);
  });

  it('tells the status of the transaction', async () => {
    const status = async (text: string) => (await client.query(text)).at(-1)!.status;
    expect(await status('begin')).to.equal('T');
    expect(await status('fail')).to.equal('E');
    expect(await status('rollback')).to.equal('I');
  });

  it('sends every field of an error', async () => {
    const [error] = await client.query('fail over the limit — so');
    expect(error).to.include({
      severity: 'ERROR',
      code: '22012',
      message: 'over the limit — so',
      detail: 'detail',
      hint: 'hint',
      position: '7',
      internalPosition: '3',
      internalQuery: 'inner query',
      where: 'where',
      schema: 'schema',
      table: 'table',
      column: 'column',
      dataType: 'type',
      constraint: 'constraint',
      file: 'fake-session.ts',
      routine: 'everyField',
    });
    expect(error!.line).to.match(/^\d+$/);
  });

  it('sends notices and changed settings where they happen', async () => {
    const messages = await client.query('notice look out; set TimeZone UTC');
    expect(names(messages)).to.deep.equal([
      'notice',
      'commandComplete',
      'parameterStatus',
      'commandComplete',
      'readyForQuery',
    ]);
    expect(messages[0]).to.include({ severity: 'NOTICE', code: '00000', message: 'look out', detail: 'd', hint: 'h' });
    expect(messages[2]).to.include({ parameterName: 'TimeZone', parameterValue: 'UTC' });
  });

  it('answers pipelined queries in order', async () => {
    client.send(...Array.from({ length: 500 }, (_, i) => serialize.query(`rows ${i % 3}`)));
    for (let i = 0; i < 500; i++) expect((await client.untilReady()).at(-2)!.text).to.equal(`SELECT ${i % 3}`);
  });

  it('answers the same when its bytes come one by one', async () => {
    for (const byte of serialize.query('rows 1')) client.send(Buffer.from([byte]));
    expect(names(await client.untilReady())).to.have.length(4);
  });

  it('keeps the text of a long statement while it waits', async () => {
    client.send(serialize.query(`slices 3; rows 1; ${' '.repeat(100_000)}rows 2`));
    const messages = await client.untilReady();
    expect(messages.at(-2)!.text).to.equal('SELECT 2');
  });

  it('calls functions by their oid', async () => {
    const call = Buffer.from([0, 0, 2, 189, 0, 1, 0, 1, 0, 1, 0, 0, 0, 3, 97, 98, 99, 0, 1]);
    client.send(frame('F', call));
    const messages = await client.untilReady();
    // The client's parser has no name for FunctionCallResponse.
    expect(messages[0]).to.include({ message: 'received invalid response: 56' });
    expect(names(messages.slice(1))).to.deep.equal(['readyForQuery']);
    expect(fake.database.sessions[0]!.calls).to.deep.equal(['call 701 1 abc 1']);
  });

  it('refuses function calls whose formats are none of their arguments, and goes on', async () => {
    client.send(frame('F', Buffer.from([0, 0, 2, 189, 0, 2, 0, 1, 0, 0, 0, 1, 255, 255, 255, 255, 0, 1])));
    const messages = await client.untilReady();
    expect(messages[0]).to.include({ severity: 'ERROR', code: '08P01' });
    expect(names(await client.query('rows 1'))).to.have.length(4);
  });

  it('ignores copy messages when there is no COPY', async () => {
    client.send(frame('d', 'x'), frame('c'), frame('f', 'why\0'));
    expect(names(await client.query('begin'))).to.deep.equal(['commandComplete', 'readyForQuery']);
  });

  it('ends the session at Terminate, having done what came before', async () => {
    client.send(serialize.query('rows 1'), serialize.end());
    expect(names(await client.untilClosed())).to.have.length(4);
    expect(fake.database.sessions[0]!.closed).to.equal(true);
  });
});
