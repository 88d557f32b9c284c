/** TLS: clients that ask for it get it when the server has a certificate. The certificate here is for these tests only. */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { expect } from 'chai';
import pg from 'pg';
import { type FakeServer, serialize, startFakeServer, WireClient } from '../support/wire-client.ts';

const file = (name: string): Buffer => readFileSync(new URL(`tls/${name}`, import.meta.url));

describe('TLS', () => {
  let fake: FakeServer;
  beforeEach(async () => {
    const secureContext = createSecureContext({ cert: file('server.crt'), key: file('server.key') });
    fake = await startFakeServer({ secureContext });
  });
  afterEach(() => fake.server.stop());

  function secureClient(): pg.Client {
    const ssl = { ca: file('server.crt'), servername: 'localhost' };
    return new pg.Client({ host: '127.0.0.1', port: fake.server.port, user: 'alice', database: 'app', ssl });
  }

  it('serves queries, small results and large', async () => {
    const client = secureClient();
    await client.connect();
    for (const rows of [1, 5, 20_000, 2]) {
      const result = await client.query(`rows ${rows} 300`);
      expect(result.rows).to.have.length(rows);
    }
    await client.end();
  });

  it('serves clients that do not ask, too', async () => {
    const client = await WireClient.ready(fake.server.port);
    expect((await client.query('rows 1')).at(-2)!.text).to.equal('SELECT 1');
  });

  it('takes nothing that was sent before the handshake for encrypted', async () => {
    const client = await WireClient.open(fake.server.port);
    client.send(serialize.requestSsl(), serialize.startup({ user: 'alice' }));
    expect((await client.untilClosed())[0]).to.include({
      severity: 'FATAL',
      code: '08P01',
      message: 'received unencrypted data after SSL request',
    });
  });

  it('lets a handshake that fails cost its own connection only', async () => {
    const broken = await WireClient.open(fake.server.port);
    broken.socket.removeAllListeners('data');
    broken.send(serialize.requestSsl());
    await new Promise((resolve) => broken.socket.once('data', resolve));
    broken.send(Buffer.from('this is no handshake at all, whatever it may be'));
    broken.socket.resume();
    await broken.untilClosed();
    const client = secureClient();
    await client.connect();
    await client.end();
  });
});
