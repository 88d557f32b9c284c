/** The server as a whole: how many it lets in, where it listens, how it ends. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { eventually, names, serialize, startFakeServer, WireClient } from '../support/wire-client.ts';

describe('server', () => {
  for (const sharedReadBuffer of [true, false]) {
    it(`serves many clients at once (${sharedReadBuffer ? 'one read buffer' : 'data events'})`, async () => {
      const fake = await startFakeServer({ sharedReadBuffer });
      const clients = await Promise.all(Array.from({ length: 20 }, () => WireClient.ready(fake.server.port)));
      for (let round = 0; round < 20; round++) {
        for (const [i, client] of clients.entries()) client.send(serialize.query(`notice ${i} ${round}; rows ${i}`));
        for (const [i, client] of clients.entries()) {
          const messages = await client.untilReady();
          expect(messages[0]!.message).to.equal(`${i} ${round}`);
          expect(messages.at(-2)!.text).to.equal(`SELECT ${i}`);
        }
      }
      await fake.server.stop();
    });
  }

  it('lets in max_connections clients, and again when some have left', async () => {
    const fake = await startFakeServer();
    fake.database.settings.set('max_connections', '2');
    const first = await WireClient.ready(fake.server.port);
    await WireClient.ready(fake.server.port);
    const refused = await WireClient.open(fake.server.port);
    refused.send(serialize.startup({ user: 'alice' }));
    expect((await refused.untilClosed())[0]).to.include({
      severity: 'FATAL',
      code: '53300',
      message: 'sorry, too many clients already',
    });
    first.send(serialize.end());
    await first.untilClosed();
    await WireClient.ready(fake.server.port);
    await fake.server.stop();
  });

  it('takes cancel requests when it is full', async () => {
    const fake = await startFakeServer();
    fake.database.settings.set('max_connections', '1');
    const client = await WireClient.ready(fake.server.port);
    client.send(serialize.query('wait for ever'));
    const session = fake.database.sessions[0]!;
    await eventually(() => session.calls.length === 1);
    const other = await WireClient.open(fake.server.port);
    other.send(serialize.cancel(session.identity.processId, session.identity.secretKey));
    expect((await client.untilReady())[0]).to.include({ code: '57014' });
    await fake.server.stop();
  });

  it('tells its clients when it stops, also those that wait, and accepts nobody', async () => {
    const fake = await startFakeServer();
    const idle = await WireClient.ready(fake.server.port);
    const busy = await WireClient.ready(fake.server.port);
    busy.send(serialize.query('wait for ever'));
    await eventually(() => fake.database.sessions[1]!.calls.length === 1);
    await fake.server.stop();
    for (const client of [idle, busy]) {
      expect((await client.untilClosed())[0]).to.include({
        severity: 'FATAL',
        code: '57P01',
        message: 'terminating connection due to administrator command',
      });
    }
    expect(fake.database.sessions.every((session) => session.closed)).to.equal(true);
    let refused = false;
    connect(fake.server.port, '127.0.0.1').on('error', () => {
      refused = true;
    });
    await eventually(() => refused);
  });

  it('says so when the port is taken', async () => {
    const fake = await startFakeServer();
    let code = '';
    await startFakeServer({ port: fake.server.port }).catch((error: NodeJS.ErrnoException) => {
      code = error.code!;
    });
    expect(code).to.equal('EADDRINUSE');
    await fake.server.stop();
  });

  it('listens on a Unix socket, replaces one that nobody serves, and removes its own', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'hotrow-'));
    const path = join(directory, '.s.PGSQL.54321');
    writeFileSync(path, '');
    const fake = await startFakeServer({ hosts: [], port: 54321, socketDirectories: [directory] });
    const client = new WireClient(connect(path));
    client.send(serialize.startup({ user: 'alice' }), serialize.query('rows 1'));
    await client.untilReady();
    expect(names(await client.untilReady())).to.have.length(4);
    await fake.server.stop();
    rmSync(directory, { recursive: true });
  });
});
