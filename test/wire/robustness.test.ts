/** Whatever a client sends, and whatever a session throws, costs at most its own connection. */
import { expect } from 'chai';
import fc from 'fast-check';
import {
  eventually,
  type FakeServer,
  frame,
  names,
  serialize,
  startFakeServer,
  WireClient,
} from '../support/wire-client.ts';

describe('robustness', () => {
  let fake: FakeServer;
  let witness: WireClient;
  beforeEach(async () => {
    fake = await startFakeServer();
    witness = await WireClient.ready(fake.server.port);
  });
  afterEach(async () => {
    expect(names(await witness.query('rows 1'))).to.have.length(4);
    await fake.server.stop();
  });

  describe('broken framing ends the connection', () => {
    const length = (type: string, bytes: number[]) => Buffer.concat([Buffer.from(type), Buffer.from(bytes)]);
    const cases: [string, Buffer, string][] = [
      ['an unknown type', frame('z'), 'invalid frontend message type 122'],
      ['type zero', Buffer.alloc(5), 'invalid frontend message type 0'],
      ['a password out of place', frame('p', 'x\0'), 'invalid frontend message type 112'],
      ['a length below four', length('Q', [0, 0, 0, 3]), 'invalid message length'],
      ['a negative length', length('P', [0x80, 0, 0, 4]), 'invalid message length'],
      ['a length over 1 GB', length('d', [0x40, 0, 0, 0]), 'invalid message length'],
      ['a Sync of 20 KB', length('S', [0, 0, 0x50, 0]), 'invalid message length'],
    ];
    for (const [title, bytes, message] of cases) {
      it(title, async () => {
        const client = await WireClient.ready(fake.server.port);
        client.send(serialize.query('begin'), bytes);
        const messages = await client.untilClosed();
        expect(messages.at(-1)).to.include({ severity: 'FATAL', code: '08P01', message });
        expect(fake.database.sessions[1]!.closed).to.equal(true);
      });
    }
  });

  it('random bytes after start-up never hurt the server or others', async function () {
    this.timeout(20_000);
    const types = fc.constantFrom(...'QPBEDCSHXFdcfpz');
    const message = fc.tuple(types, fc.uint8Array({ maxLength: 60 })).map(([type, body]) => frame(type, body));
    const noise = fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes));
    const input = fc.array(fc.oneof({ weight: 5, arbitrary: message }, noise), { maxLength: 20 });
    const started = fc.boolean();
    await fc.assert(
      fc.asyncProperty(input, started, async (pieces, afterStartup) => {
        const client = afterStartup
          ? await WireClient.ready(fake.server.port)
          : await WireClient.open(fake.server.port);
        for (const piece of pieces) client.send(piece);
        client.socket.end();
        await eventually(() => client.closed);
        expect(fake.server.connectionCount).to.equal(1);
      }),
      { numRuns: 300 },
    );
    expect(fake.failures).to.deep.equal([]);
  });

  it('an exception of a session is XX000, is logged, and leaves the connection usable', async () => {
    const client = await WireClient.ready(fake.server.port);
    const [error, ready] = await client.query('throw');
    expect(error).to.include({
      severity: 'ERROR',
      code: 'XX000',
      message: 'internal error: undefined is not a function',
    });
    expect(ready!.status).to.equal('I');
    expect(fake.failures[0]).to.be.instanceOf(TypeError);
    expect(names(await client.query('rows 1'))).to.have.length(4);
  });

  it('an exception in extended protocol drops everything up to Sync', async () => {
    const client = await WireClient.ready(fake.server.port);
    const { parse, bind, execute, sync } = serialize;
    client.send(parse({ text: 'throw' }), bind(), execute(), parse({ text: 'x' }), sync());
    expect(names(await client.untilReady())).to.deep.equal(['parseComplete', 'bindComplete', 'error', 'readyForQuery']);
    expect(fake.database.sessions[1]!.calls.at(-1)).to.equal('sync true');
  });

  it('an exception after a wait is told as well', async () => {
    const client = await WireClient.ready(fake.server.port);
    const messages = await client.query('slices 2; throw');
    expect(names(messages)).to.deep.equal(['commandComplete', 'error', 'readyForQuery']);
  });

  it('a false assertion ends the connection: its state is in doubt', async () => {
    const client = await WireClient.ready(fake.server.port);
    client.send(serialize.query('assert'));
    const [error] = await client.untilClosed();
    expect(error).to.include({ severity: 'FATAL', code: 'XX000' });
    expect(fake.database.sessions[1]!.closed).to.equal(true);
  });

  it('an error of severity FATAL ends the connection', async () => {
    const client = await WireClient.ready(fake.server.port);
    client.send(serialize.query('fatal'), serialize.query('rows 1'));
    expect(names(await client.untilClosed()))
      .to.include('error')
      .and.not.include('dataRow');
    expect(fake.database.sessions[1]!.closed).to.equal(true);
  });
});
