/** A client that does not read stops its own query, and one that floods us is not listened to: memory stays bounded. */
import { expect } from 'chai';
import { eventually, type FakeServer, serialize, startFakeServer, WireClient } from '../support/wire-client.ts';

const ROW_SIZE = 8000;
const ROWS = 100_000;

/** Resolves when `value` has not changed for a while. */
async function settled(value: () => number): Promise<number> {
  let last = -1;
  while (value() !== last) {
    last = value();
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  return last;
}

describe('back-pressure', () => {
  let fake: FakeServer;
  let client: WireClient;
  beforeEach(async () => {
    fake = await startFakeServer();
    client = await WireClient.ready(fake.server.port);
  });
  afterEach(() => fake.server.stop());

  it('parks a query whose rows nobody reads, and serves others', async () => {
    client.socket.pause();
    client.send(serialize.query(`rows ${ROWS} ${ROW_SIZE}`));
    const session = fake.database.sessions[0]!;
    await eventually(() => session.rowsWritten > 0);
    const written = await settled(() => session.rowsWritten);
    // What the kernel keeps for a socket on both sides, a few MB, and our own buffers: far from the 800 MB of the result.
    expect(written * ROW_SIZE).to.be.below(40_000_000);
    const other = await WireClient.ready(fake.server.port);
    await other.query('rows 10');
    expect(session.rowsWritten).to.equal(written);
    client.close();
    await eventually(() => session.closed);
  });

  it('goes on when the client reads again, and loses nothing', async () => {
    client.socket.pause();
    client.send(serialize.query(`rows 5000 ${ROW_SIZE}`));
    const session = fake.database.sessions[0]!;
    await eventually(() => session.rowsWritten > 0);
    await settled(() => session.rowsWritten);
    client.socket.resume();
    const messages = await client.untilReady();
    expect(messages).to.have.length(5003);
    expect(messages.at(-2)!.text).to.equal('SELECT 5000');
    expect(messages.slice(1, -2).every((message) => message.fields[0].length === ROW_SIZE)).to.equal(true);
  });

  it('can cancel a query that waits for its client', async () => {
    client.socket.pause();
    client.send(serialize.query(`rows ${ROWS} ${ROW_SIZE}`));
    const session = fake.database.sessions[0]!;
    await eventually(() => session.rowsWritten > 0);
    await settled(() => session.rowsWritten);
    const other = await WireClient.open(fake.server.port);
    other.send(serialize.cancel(session.identity.processId, session.identity.secretKey));
    await other.untilClosed();
    client.socket.resume();
    expect((await client.untilReady()).at(-2)).to.include({ code: '57014' });
  });

  it('takes no more queries from a client that does not read their answers', async () => {
    client.socket.pause();
    const batch = Buffer.concat(Array.from({ length: 100 }, () => serialize.query('rows 10 8000')));
    for (let i = 0; i < 20; i++) client.send(batch);
    const session = fake.database.sessions[0]!;
    await eventually(() => session.calls.length > 0);
    const handled = await settled(() => session.calls.length);
    expect(handled).to.be.below(1000);
    client.socket.resume();
    for (let i = 0; i < 2000; i++) await client.untilReady();
    expect(session.calls).to.have.length(2000);
  });

  it('stops reading from a client that floods a waiting session', async () => {
    client.send(serialize.query('wait lock'));
    const session = fake.database.sessions[0]!;
    await eventually(() => session.calls.length === 1);
    const query = serialize.query(`rows 0 ${' '.repeat(10_000)}`);
    const batch = Buffer.concat(Array.from({ length: 100 }, () => query));
    for (let i = 0; i < 40; i++) client.send(batch);
    await settled(() => client.socket.writableLength);
    // 40 MB were sent; the kernel's buffers are full and the rest is still with the client.
    expect(client.socket.writableLength).to.be.above(20_000_000);
    fake.database.release('lock');
    for (let i = 0; i < 4001; i++) await client.untilReady();
    expect(session.calls).to.have.length(4001);
  });
});
