/** Statements that wait: they hold up nobody else, can be cancelled, and end when their client goes away. */
import { expect } from 'chai';
import { eventually, type FakeServer, names, serialize, startFakeServer, WireClient } from '../support/wire-client.ts';

describe('waiting and cancelling', () => {
  let fake: FakeServer;
  let client: WireClient;
  beforeEach(async () => {
    fake = await startFakeServer();
    client = await WireClient.ready(fake.server.port);
  });
  afterEach(() => fake.server.stop());

  async function sendCancel(secretOffset = 0): Promise<void> {
    const { processId, secretKey } = fake.database.sessions[0]!.identity;
    const other = await WireClient.open(fake.server.port);
    other.send(serialize.cancel(processId, secretKey + secretOffset));
    expect(await other.untilClosed()).to.deep.equal([]);
    expect(other.bytesReceived).to.equal(0);
  }

  it('serves others while a statement waits', async () => {
    client.send(serialize.query('wait lock'));
    const other = await WireClient.ready(fake.server.port);
    expect(names(await other.query('rows 1'))).to.have.length(4);
    fake.database.release('lock');
    expect(names(await client.untilReady())).to.deep.equal(['commandComplete', 'readyForQuery']);
  });

  it('hands nothing to a session that waits', async () => {
    client.send(serialize.query('wait lock'), serialize.query('rows 1'));
    const { calls } = fake.database.sessions[0]!;
    await eventually(() => calls.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(calls).to.deep.equal(['query wait lock']);
    fake.database.release('lock');
    await client.untilReady();
    await client.untilReady();
    expect(calls).to.deep.equal(['query wait lock', 'query rows 1']);
  });

  it('goes on after time slices, with others in between', async () => {
    client.send(serialize.query('slices 1000'));
    const other = await WireClient.ready(fake.server.port);
    await other.query('rows 1');
    expect(names(client.received).filter((name) => name === 'readyForQuery')).to.have.length(1);
    expect(names(await client.untilReady())).to.deep.equal(['commandComplete', 'readyForQuery']);
  });

  it('sends what a statement has written before it waits', async () => {
    client.send(serialize.query('notice going to wait; wait lock'));
    expect((await client.next())!.name).to.equal('notice');
    fake.database.release('lock');
    await client.untilReady();
  });

  it('sends it as it was written, also when a long row before it had made the buffer large', async () => {
    client.send(serialize.query('rows 2 70000; rows 3 4; notice going to wait; wait lock'));
    const seen: string[] = [];
    while (seen.at(-1) !== 'notice') seen.push((await client.next())!.name);
    fake.database.release('lock');
    await client.untilReady();
    expect(seen.filter((name) => name === 'dataRow')).to.have.length(5);
  });

  it('sends all of a statement in one write when it waits only shortly', async () => {
    let reads = 0;
    client.socket.on('data', () => reads++);
    const { parse, bind, execute, sync } = serialize;
    client.send(parse({ text: 'slices 2' }), bind(), execute(), sync());
    expect(names(await client.untilReady())).to.have.length(4);
    expect(reads).to.equal(1);
  });

  it('cancels with the right key', async () => {
    client.send(serialize.query('wait for ever'));
    await eventually(() => fake.database.sessions[0]!.calls.length === 1);
    await sendCancel();
    const [error] = await client.untilReady();
    expect(error).to.include({ code: '57014', message: 'canceling statement due to user request' });
    expect(names(await client.query('rows 1'))).to.have.length(4);
  });

  it('does not cancel with a wrong key, nor when nothing runs', async () => {
    client.send(serialize.query('wait lock'));
    await eventually(() => fake.database.sessions[0]!.calls.length === 1);
    await sendCancel(1);
    fake.database.release('lock');
    expect(names(await client.untilReady())).to.deep.equal(['commandComplete', 'readyForQuery']);
    await sendCancel();
    expect(names(await client.query('rows 1'))).to.have.length(4);
  });

  it('closes the session of a client that goes away while it waits', async () => {
    client.send(serialize.query('wait for ever'));
    const session = fake.database.sessions[0]!;
    await eventually(() => session.calls.length === 1);
    client.close();
    await eventually(() => session.closed);
    expect(fake.server.connectionCount).to.equal(0);
  });

  it('closes the session of a client that is reset', async () => {
    client.socket.resetAndDestroy();
    await eventually(() => fake.database.sessions[0]!.closed);
  });

  it('does all that a client sent before it stopped sending', async () => {
    client.send(...Array.from({ length: 400 }, () => serialize.query('rows 1')));
    client.socket.end();
    expect(names(await client.untilClosed()).filter((name) => name === 'readyForQuery')).to.have.length(400);
  });

  it('sends what comes for an idle client', async () => {
    const { sink } = fake.database.sessions[0]!.holder;
    sink.notification(42, 'channel', 'payload');
    sink.parameterStatus('TimeZone', 'UTC');
    expect(await client.next()).to.include({ processId: 42, channel: 'channel', payload: 'payload' });
    expect(await client.next()).to.include({ parameterName: 'TimeZone' });
  });
});
