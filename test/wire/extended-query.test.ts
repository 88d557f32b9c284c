/** Extended protocol: statements, portals, row limits; after an error everything up to Sync is dropped. */
import { expect } from 'chai';
import { type FakeServer, frame, names, serialize, startFakeServer, WireClient } from '../support/wire-client.ts';

const { parse, bind, describe: describeMessage, execute, close, flush, sync, query } = serialize;

describe('extended query', () => {
  let fake: FakeServer;
  let client: WireClient;
  beforeEach(async () => {
    fake = await startFakeServer();
    client = await WireClient.ready(fake.server.port);
  });
  afterEach(() => fake.server.stop());

  it('parses, binds, describes and executes', async () => {
    client.send(parse({ text: 'rows 1' }), bind(), describeMessage({ type: 'P' }), execute(), sync());
    expect(names(await client.untilReady())).to.deep.equal([
      'parseComplete',
      'bindComplete',
      'rowDescription',
      'dataRow',
      'commandComplete',
      'readyForQuery',
    ]);
  });

  it('hands over names, type oids, formats and values as they came', async () => {
    client.send(parse({ name: 'one', text: 'echo', types: [23, 4294967295] }));
    const values = ['a', null, '', 'ä'.repeat(200), Buffer.from('raw')];
    client.send(bind({ portal: 'p', statement: 'one', values, binary: true }), execute({ portal: 'p' }), sync());
    const messages = await client.untilReady();
    expect(messages[2]!.fields).to.deep.equal([`a|NULL||${'ä'.repeat(200)}|raw`]);
    const { calls } = fake.database.sessions[0]!;
    expect(calls[0]).to.equal('parse one echo 23,4294967295');
    expect(calls[1]).to.equal('bind p one 0,0,0,0,1 1');
  });

  it('keeps named statements until they are closed', async () => {
    client.send(parse({ name: 'once', text: 'echo' }), sync());
    await client.untilReady();
    for (const value of ['x', 'y']) {
      client.send(bind({ statement: 'once', values: [value] }), execute(), sync());
      expect((await client.untilReady())[1]!.fields).to.deep.equal([value]);
    }
    client.send(close({ type: 'S', name: 'once' }), sync());
    expect(names(await client.untilReady())).to.deep.equal(['closeComplete', 'readyForQuery']);
    client.send(bind({ statement: 'once' }), sync());
    expect((await client.untilReady())[0]).to.include({ code: '26000' });
  });

  it('describes a statement: its parameters, then its rows or none', async () => {
    client.send(parse({ name: 's', text: 'rows 1' }), describeMessage({ type: 'S', name: 's' }));
    client.send(parse({ name: 'n', text: 'begin' }), describeMessage({ type: 'S', name: 'n' }), sync());
    const messages = await client.untilReady();
    expect(names(messages)).to.deep.equal([
      'parseComplete',
      'parameterDescription',
      'rowDescription',
      'parseComplete',
      'parameterDescription',
      'noData',
      'readyForQuery',
    ]);
    expect(messages[1]!.dataTypeIDs).to.deep.equal([23, 25]);
  });

  it('tells the formats that Bind asked for in the description of the portal', async () => {
    client.send(parse({ text: 'rows 1' }), bind({ binary: true }), describeMessage({ type: 'P' }), sync());
    expect((await client.untilReady())[2]!.fields[0].format).to.equal('binary');
    client.send(bind(), describeMessage({ type: 'P' }), sync());
    expect((await client.untilReady())[1]!.fields[0].format).to.equal('text');
  });

  it('suspends a portal at its row limit and goes on from there', async () => {
    client.send(parse({ text: 'rows 5' }), bind({ portal: 'p' }));
    for (let i = 0; i < 3; i++) client.send(execute({ portal: 'p', rows: 2 }));
    client.send(sync());
    expect(names(await client.untilReady()).slice(2)).to.deep.equal([
      'dataRow',
      'dataRow',
      'portalSuspended',
      'dataRow',
      'dataRow',
      'portalSuspended',
      'dataRow',
      'commandComplete',
      'readyForQuery',
    ]);
  });

  it('takes a negative row limit for none', async () => {
    client.send(parse({ text: 'rows 3' }), bind(), frame('E', Buffer.from([0, 255, 255, 255, 255])), sync());
    expect(names(await client.untilReady())).to.include('commandComplete');
  });

  it('drops everything after an error up to Sync, queries too', async () => {
    client.send(parse({ text: 'fail' }), bind(), execute());
    client.send(parse({ name: 'lost', text: 'rows 1' }), query('rows 1'), bind({ statement: 'lost' }), flush());
    client.send(sync(), parse({ text: 'rows 1' }), sync());
    expect(names(await client.untilReady())).to.deep.equal(['parseComplete', 'bindComplete', 'error', 'readyForQuery']);
    expect(names(await client.untilReady())).to.deep.equal(['parseComplete', 'readyForQuery']);
    const { calls } = fake.database.sessions[0]!;
    expect(calls.filter((call) => call.startsWith('sync'))).to.deep.equal(['sync true', 'sync false']);
    expect(calls.some((call) => call.includes('lost') || call.startsWith('query'))).to.equal(false);
  });

  it('sends what it has at Flush, without ReadyForQuery', async () => {
    client.send(parse({ text: 'rows 1' }), flush());
    expect((await client.next())!.name).to.equal('parseComplete');
    client.send(sync());
    expect(names(await client.untilReady())).to.deep.equal(['readyForQuery']);
  });

  it('answers many pipelined statements in order, in few writes', async () => {
    client.send(parse({ name: 'e', text: 'echo' }));
    for (let i = 0; i < 1000; i++) client.send(bind({ statement: 'e', values: [String(i)] }), execute(), sync());
    await client.until('parseComplete');
    for (let i = 0; i < 1000; i++) expect((await client.untilReady())[1]!.fields).to.deep.equal([String(i)]);
  });

  it('goes on with the pipeline after a statement that had to wait', async () => {
    client.send(parse({ text: 'wait lock' }), bind(), execute(), parse({ text: 'rows 1' }), bind(), execute(), sync());
    await client.until('bindComplete');
    fake.database.release('lock');
    expect(names(await client.untilReady())).to.deep.equal([
      'commandComplete',
      'parseComplete',
      'bindComplete',
      'dataRow',
      'commandComplete',
      'readyForQuery',
    ]);
  });

  describe('malformed messages are errors of their own, and the connection goes on', () => {
    const twoBytes = (value: number) => Buffer.from([value >> 8, value & 255]);
    const cases: [string, Buffer, string][] = [
      [
        'a Parse that ends inside its type oids',
        frame('P', Buffer.from('\0select\0\0\x02\0\0')),
        'insufficient data left in message',
      ],
      ['a Parse without terminator', frame('P', '\0select'), 'invalid string in message'],
      ['a Bind that ends early', frame('B', '\0\0'), 'insufficient data left in message'],
      [
        'a Bind whose value is longer than the message',
        frame('B', Buffer.concat([Buffer.from('\0\0\0\0'), twoBytes(1), Buffer.from([0x7f, 0, 0, 0])])),
        'insufficient data left in message',
      ],
      [
        'a Bind with a length below -1',
        frame('B', Buffer.concat([Buffer.from('\0\0\0\0'), twoBytes(1), Buffer.from([0xff, 255, 255, 0xfe])])),
        'insufficient data left in message',
      ],
      [
        'a Bind with formats for other parameters',
        frame('B', Buffer.from([0, 0, 0, 2, 0, 0, 0, 0, 0, 1, 255, 255, 255, 255, 0, 0])),
        'bind message has 2 parameter formats but 1 parameters',
      ],
      ['an Execute with bytes left over', frame('E', Buffer.alloc(6)), 'invalid message format'],
      ['a Describe of neither kind', frame('D', 'x\0'), 'invalid DESCRIBE message subtype 120'],
      ['a Close of neither kind', frame('C', 'x\0'), 'invalid CLOSE message subtype 120'],
    ];
    for (const [title, message, text] of cases) {
      it(title, async () => {
        client.send(message, parse({ text: 'dropped' }), sync());
        const [error, ready] = await client.untilReady();
        expect(error).to.include({ severity: 'ERROR', code: '08P01', message: text });
        expect(ready!.name).to.equal('readyForQuery');
        expect(names(await client.query('rows 1'))).to.have.length(4);
      });
    }

    it('a Query with text after its terminator', async () => {
      client.send(frame('Q', 'rows 1\0rows 2\0'));
      const [error] = await client.untilReady();
      expect(error).to.include({ severity: 'ERROR', code: '08P01', message: 'invalid message format' });
      expect(names(await client.query('rows 1'))).to.have.length(4);
    });
  });
});
