/** The first packets of a connection: encryption asked, versions negotiated, parameters read, refusals in PostgreSQL's words. */
import { expect } from 'chai';
import { type FakeServer, names, serialize, startFakeServer, WireClient } from '../support/wire-client.ts';

function packet(code: number, ...texts: string[]): Buffer {
  const body = Buffer.from(texts.map((text) => `${text}\0`).join(''));
  const bytes = Buffer.alloc(8 + body.length);
  bytes.writeInt32BE(bytes.length, 0);
  bytes.writeInt32BE(code, 4);
  body.copy(bytes, 8);
  return bytes;
}

const VERSION_3_0 = 196608;
const SSL = packet(80877103);
const GSS = packet(80877104);

describe('start-up', () => {
  let fake: FakeServer;
  beforeEach(async () => {
    fake = await startFakeServer();
  });
  afterEach(() => fake.server.stop());

  async function errorOf(...packets: Buffer[]): Promise<Record<string, unknown>> {
    const client = await WireClient.open(fake.server.port);
    client.send(...packets);
    const messages = await client.untilClosed();
    expect(names(messages)).to.deep.equal(['error']);
    return messages[0]!;
  }

  /** What the server answers before it closes or falls silent, as bytes. */
  async function rawAnswer(sent: Buffer, size: number): Promise<Buffer> {
    const client = await WireClient.open(fake.server.port);
    client.socket.removeAllListeners('data');
    let answer = Buffer.alloc(0);
    const done = new Promise<void>((resolve) => {
      client.socket.on('data', (bytes) => {
        answer = Buffer.concat([answer, bytes]);
        if (answer.length >= size) resolve();
      });
    });
    client.socket.write(sent);
    await done;
    client.close();
    return answer.subarray(0, size);
  }

  it('greets a client: ok, settings, its key, ready', async () => {
    const client = await WireClient.open(fake.server.port);
    client.send(serialize.startup({ user: 'alice', database: 'app', application_name: 'spec' }));
    const messages = await client.untilReady();
    expect(names(messages)).to.deep.equal([
      'authenticationOk',
      'parameterStatus',
      'parameterStatus',
      'parameterStatus',
      'backendKeyData',
      'readyForQuery',
    ]);
    expect(messages[1]).to.include({ parameterName: 'server_version', parameterValue: '15.0' });
    const { identity } = fake.database.sessions[0]!;
    expect(identity).to.include({ user: 'alice', database: 'app', clientAddress: '127.0.0.1' });
    expect(messages[4]).to.include({ processID: identity.processId, secretKey: identity.secretKey });
    expect(identity.options.get('application_name')).to.equal('spec');
  });

  it('takes the user for the database when none is named', async () => {
    await WireClient.ready(fake.server.port);
    expect(fake.database.sessions[0]!.identity.database).to.equal('alice');
  });

  it('cuts names of role and database at 63 bytes, between characters', async () => {
    await WireClient.ready(fake.server.port, { user: `${'ä'.repeat(40)}`, database: 'x'.repeat(70) });
    const { identity } = fake.database.sessions[0]!;
    expect(identity.user).to.equal('ä'.repeat(31));
    expect(identity.database).to.equal('x'.repeat(63));
  });

  it('reads settings out of the options parameter', async () => {
    const options = '-c geqo=off -cwork_mem=4MB --search-path=a\\ b,c  --statement-timeout=5';
    await WireClient.ready(fake.server.port, { options });
    expect([...fake.database.sessions[0]!.identity.options]).to.deep.include.members([
      ['geqo', 'off'],
      ['work_mem', '4MB'],
      ['search_path', 'a b,c'],
      ['statement_timeout', '5'],
    ]);
  });

  it('lets parameters win over the options parameter, wherever they stand', async () => {
    const options = '-c search_path=a -c geqo=off';
    await WireClient.ready(fake.server.port, { search_path: 'b', options });
    await WireClient.ready(fake.server.port, { options, search_path: 'b' });
    for (const { identity } of fake.database.sessions) {
      expect([...identity.options]).to.deep.include.members([
        ['search_path', 'b'],
        ['geqo', 'off'],
      ]);
    }
  });

  it('works when every byte comes alone', async () => {
    const client = await WireClient.open(fake.server.port);
    for (const byte of Buffer.concat([SSL.subarray(0, 0), packet(VERSION_3_0, 'user', 'bob', '')])) {
      client.send(Buffer.from([byte]));
    }
    expect(names(await client.untilReady())).to.include('authenticationOk');
  });

  it('answers N to a client that asks for TLS or GSSAPI, and goes on', async () => {
    const session = packet(VERSION_3_0, 'user', 'bob', '');
    const answer = await rawAnswer(Buffer.concat([GSS, SSL, session]), 3);
    expect(answer.toString('latin1')).to.equal('NNR');
  });

  it('tells a client that wants a newer minor version or protocol options what there is', async () => {
    const wanted = packet(VERSION_3_0 + 2, 'user', 'bob', '_pq_.x', '1', '');
    const answer = await rawAnswer(wanted, 21);
    expect(answer.toString('latin1')).to.equal('v\0\0\0\x13\0\x03\0\0\0\0\0\x01_pq_.x\0R');
  });

  it('reads a newer client that has no option to give up', async () => {
    const answer = await rawAnswer(packet(VERSION_3_0 + 2, 'user', 'bob', ''), 14);
    expect(answer.toString('latin1')).to.equal('v\0\0\0\x0c\0\x03\0\0\0\0\0\0R');
  });

  it('refuses other major versions', async () => {
    expect(await errorOf(packet(2 << 16, ''))).to.include({
      severity: 'FATAL',
      code: '0A000',
      message: 'unsupported frontend protocol 2.0: server supports 3.0 to 3.0',
    });
    expect(await errorOf(packet(4 << 16, 'user', 'bob', ''))).to.include({ code: '0A000' });
  });

  it('refuses a session without user', async () => {
    expect(await errorOf(packet(VERSION_3_0, 'database', 'app', ''))).to.include({
      severity: 'FATAL',
      code: '28000',
      message: 'no PostgreSQL user name specified in startup packet',
    });
  });

  it('refuses packets whose layout is broken', async () => {
    const expected = {
      severity: 'FATAL',
      code: '08P01',
      message: 'invalid startup packet layout: expected terminator as last byte',
    };
    expect(await errorOf(packet(VERSION_3_0, 'user', 'bob'))).to.include(expected);
    expect(await errorOf(packet(VERSION_3_0, 'user', 'bob', '', ''))).to.include(expected);
    expect(await errorOf(packet(VERSION_3_0))).to.include(expected);
  });

  it('refuses lengths that cannot be meant, such as those of another protocol', async () => {
    expect(await errorOf(Buffer.from('GET / HTTP/1.1\r\n\r\n'))).to.include({
      severity: 'FATAL',
      code: '08P01',
      message: 'invalid length of startup packet',
    });
  });

  it('refuses arguments that it does not know', async () => {
    const options = (text: string) => packet(VERSION_3_0, 'user', 'bob', 'options', text, '');
    expect(await errorOf(options('-x'))).to.include({
      code: '42601',
      message: 'invalid command-line argument for server process: -x',
    });
    expect(await errorOf(options('-c geqo'))).to.include({ code: '42601', message: '-c geqo requires a value' });
    expect(await errorOf(options('--geqo'))).to.include({ code: '42601', message: '--geqo requires a value' });
  });

  it('refuses replication', async () => {
    expect(await errorOf(packet(VERSION_3_0, 'user', 'bob', 'replication', 'true', ''))).to.include({ code: '0A000' });
  });

  it('makes every error of opening a session FATAL', async () => {
    expect(await errorOf(packet(VERSION_3_0, 'user', 'bob', 'database', 'missing', ''))).to.include({
      severity: 'FATAL',
      code: '3D000',
    });
  });
});
