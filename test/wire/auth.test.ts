/** SCRAM-SHA-256 with node-postgres as the client, and against the example of RFC 7677. */
import { expect } from 'chai';
import pg from 'pg';
import { makeMd5Secret } from '../../types/md5-password.ts';
import { makeScramVerifier, parseScramVerifier, saslPrep } from '../../types/scram.ts';
import { ScramExchange } from '../../wire/scram.ts';
import { type FakeServer, frame, serialize, startFakeServer, WireClient } from '../support/wire-client.ts';

describe('authentication', () => {
  let fake: FakeServer;
  before(async () => {
    fake = await startFakeServer({ authMethod: 'scram-sha-256' });
    fake.database.verifiers.set('alice', makeScramVerifier('wonder land'));
    fake.database.verifiers.set('böb', makeScramVerifier('pÄss\u00a0wörd'));
    fake.database.verifiers.set('old', 'md5a3556571e93b0d20722ba62be61e8c2d');
  });
  after(() => fake.server.stop());

  async function connect(user: string, password: string): Promise<void> {
    const client = new pg.Client({ host: '127.0.0.1', port: fake.server.port, user, password, database: 'app' });
    await client.connect();
    await client.query('rows 1');
    await client.end();
  }

  async function refusal(user: string, password: string): Promise<pg.DatabaseError> {
    try {
      await connect(user, password);
    } catch (error) {
      return error as pg.DatabaseError;
    }
    throw new Error('the connection was accepted');
  }

  it('lets in who knows the password', async () => {
    await connect('alice', 'wonder land');
    await connect('böb', 'pÄss wörd');
  });

  for (const [who, user, password] of [
    ['a wrong password', 'alice', 'wonderland'],
    ['an unknown user', 'nobody', 'wonder land'],
    ['a user whose password is kept in another form', 'old', 'secret'],
  ] as const) {
    it(`refuses ${who} in the same words`, async () => {
      const error = await refusal(user, password);
      expect(error).to.include({ severity: 'FATAL', code: '28P01' });
      expect(error.message).to.equal(`password authentication failed for user "${user}"`);
    });
  }

  it('asks by MD5 whose password is kept so, where that is allowed, and the others by SCRAM', async () => {
    const md5 = await startFakeServer({ authMethod: 'md5' });
    md5.database.verifiers.set('alice', makeScramVerifier('wonder land'));
    md5.database.verifiers.set('old', makeMd5Secret('secret', 'old'));
    const login = async (user: string, password: string): Promise<string | undefined> => {
      const client = new pg.Client({ host: '127.0.0.1', port: md5.server.port, user, password, database: 'app' });
      const code = await client.connect().then(
        () => undefined,
        (error: pg.DatabaseError) => error.code,
      );
      if (code === undefined) await client.end();
      return code;
    };
    try {
      expect(await login('old', 'secret')).to.equal(undefined);
      expect(await login('old', 'Secret')).to.equal('28P01');
      expect(await login('alice', 'wonder land')).to.equal(undefined);
      expect(await login('nobody', 'secret')).to.equal('28P01');
    } finally {
      await md5.server.stop();
    }
  });

  it('meets an unknown user with the same salt every time, as it would a known one', () => {
    const salt = () => /s=([^,]*)/.exec(new ScramExchange('nobody', null).first('n,,n=,r=abc'))![1];
    expect(salt()).to.equal(salt());
    expect(salt()).to.have.length(24);
  });

  it('refuses another mechanism', async () => {
    const client = await WireClient.open(fake.server.port);
    client.send(serialize.startup({ user: 'alice' }));
    const [offer] = await client.until('authenticationSASL');
    expect(offer!.mechanisms).to.deep.equal(['SCRAM-SHA-256']);
    client.send(serialize.sendSASLInitialResponseMessage('PLAIN', 'x'));
    expect((await client.untilClosed())[0]).to.include({ severity: 'FATAL', code: '08P01' });
  });

  it('refuses queries before the password', async () => {
    const client = await WireClient.open(fake.server.port);
    client.send(serialize.startup({ user: 'alice' }), serialize.query('rows 1'));
    const error = (await client.untilClosed()).at(-1);
    expect(error).to.include({ severity: 'FATAL', message: 'expected SASL response, got message type 81' });
  });

  it('refuses malformed exchanges', async () => {
    for (const message of ['', 'n,,', 'p=tls-server-end-point,,n=,r=abc', 'n,,n=,r=', '\0'.repeat(50)]) {
      const client = await WireClient.open(fake.server.port);
      client.send(serialize.startup({ user: 'alice' }));
      client.send(serialize.sendSASLInitialResponseMessage('SCRAM-SHA-256', message));
      expect((await client.untilClosed()).at(-1)).to.include({ severity: 'FATAL', code: '08P01' });
    }
    const client = await WireClient.open(fake.server.port);
    client.send(serialize.startup({ user: 'alice' }), frame('p', 'SCRAM-SHA-256'));
    expect((await client.untilClosed()).at(-1)).to.include({ severity: 'FATAL', code: '08P01' });
  });

  describe('SCRAM', () => {
    // RFC 7677, section 3.
    const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
    const clientNonce = 'rOprNGfwEbeRWgbNEkqO';
    const serverNonce = '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
    const verifier = makeScramVerifier('pencil', salt);

    it('follows the example of RFC 7677', () => {
      const exchange = new ScramExchange('user', verifier, serverNonce);
      expect(exchange.first(`n,,n=user,r=${clientNonce}`)).to.equal(
        `r=${clientNonce}${serverNonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`,
      );
      const proof = 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=';
      expect(exchange.final(`c=biws,r=${clientNonce}${serverNonce},p=${proof}`)).to.equal(
        'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
      );
    });

    it('refuses the proof of another exchange, another nonce and another header', () => {
      const started = () => {
        const exchange = new ScramExchange('user', verifier, 'other');
        exchange.first(`n,,n=user,r=${clientNonce}`);
        return exchange;
      };
      const proof = 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=';
      expect(started().final(`c=biws,r=${clientNonce}other,p=${proof}`)).to.equal(null);
      expect(() => started().final(`c=biws,r=${clientNonce}${serverNonce},p=${proof}`)).to.throw('malformed SCRAM');
      expect(() => started().final(`c=eSws,r=${clientNonce}other,p=${proof}`)).to.throw('channel-binding');
    });

    it('keeps a verifier in the form of PostgreSQL', () => {
      expect(verifier).to.match(/^SCRAM-SHA-256\$4096:W22ZaJ0SNY7soEsUEjb6gQ==\$[\w+/]{43}=:[\w+/]{43}=$/);
      expect(parseScramVerifier(verifier)!.iterations).to.equal(4096);
      expect(parseScramVerifier('pencil')).to.equal(null);
      expect(parseScramVerifier(verifier.replace('4096', '0'))).to.equal(null);
    });

    it('prepares passwords: spaces, invisible characters, compatibility forms', () => {
      expect(saslPrep('plain ascii')).to.equal('plain ascii');
      expect(saslPrep('I\u00adX')).to.equal('IX');
      expect(saslPrep('\u00aa\u2168')).to.equal('aIX');
      expect(saslPrep('a\u00a0b')).to.equal('a b');
      expect(saslPrep('\u0007ä')).to.equal('\u0007ä');
    });
  });
});
