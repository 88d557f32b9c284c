/**
 * The server's side of one SCRAM-SHA-256 exchange (RFC 5802, RFC 7677), without channel binding.
 *
 *     client first    n,,n=<ignored>,r=<client nonce>
 *     server first    r=<client nonce><server nonce>,s=<salt>,i=<iterations>
 *     client final    c=biws,r=<both nonces>,p=<proof>
 *     server final    v=<server signature>
 *
 * The user name inside the exchange is ignored, as by PostgreSQL: it is the start-up packet's that counts. A role that
 * does not exist, or has no password, is met with a made-up verifier that is the same at every attempt, so that neither
 * the messages nor their timing tell it from a wrong password.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { type SqlError, sqlError } from '../types/errors.ts';
import { parseScramVerifier, type ScramVerifier } from '../types/scram.ts';

export const SCRAM_MECHANISM = 'SCRAM-SHA-256';

const NONCE_SIZE = 18;
const MOCK_ITERATIONS = 4096;
const MOCK_SECRET = randomBytes(32);

const CLIENT_FIRST = /^(n|y|p=[^,]*),([^,]*),((?:m=[^,]*,)?n=[^,]*,r=([\x21-\x2b\x2d-\x7e]+)(?:,.*)?)$/s;
const CLIENT_FINAL = /^(c=([^,]*),r=([^,]*)(?:,.*)?),p=([A-Za-z0-9+/]+={0,2})$/s;

export class ScramExchange {
  private readonly verifier: ScramVerifier;
  private readonly roleMayLogIn: boolean;
  private readonly serverNonce: string;
  private header = '';
  private clientFirstBare = '';
  private serverFirst = '';
  private nonce = '';

  /** `stored`: the role's verifier, or null. `serverNonce` is given by tests only. */
  constructor(user: string, stored: string | null, serverNonce = randomBytes(NONCE_SIZE).toString('base64')) {
    const verifier = stored === null ? null : parseScramVerifier(stored);
    this.roleMayLogIn = verifier !== null;
    this.verifier = verifier ?? mockVerifier(user);
    this.serverNonce = serverNonce;
  }

  /** The client's first message was answered. */
  get begun(): boolean {
    return this.serverFirst !== '';
  }

  /** Answers server-first-message; throws SqlError (08P01, 0A000) for what is no client-first-message. */
  first(message: string): string {
    const parts = CLIENT_FIRST.exec(message);
    if (parts === null) throw malformed('The message does not have the form of client-first-message.');
    const [, binding, authorization, bare, clientNonce] = parts as unknown as string[];
    if (binding!.startsWith('p')) throw malformed('The client requires channel binding, which was not offered.');
    if (authorization !== '') {
      throw sqlError('0A000', 'client uses authorization identity, but it is not supported');
    }
    if (bare!.startsWith('m=')) throw sqlError('0A000', 'client requires an unsupported SCRAM extension');
    this.header = `${binding},${authorization},`;
    this.clientFirstBare = bare!;
    this.nonce = clientNonce! + this.serverNonce;
    const { salt, iterations } = this.verifier;
    this.serverFirst = `r=${this.nonce},s=${salt.toString('base64')},i=${iterations}`;
    return this.serverFirst;
  }

  /** Answers server-final-message, or null when the proof is wrong; throws SqlError 08P01. */
  final(message: string): string | null {
    const parts = CLIENT_FINAL.exec(message);
    if (parts === null) throw malformed('The message does not have the form of client-final-message.');
    const [, withoutProof, binding, nonce, proofText] = parts as unknown as string[];
    if (nonce !== this.nonce) throw malformed('Nonce does not match.');
    if (binding !== Buffer.from(this.header).toString('base64')) {
      throw sqlError('08P01', 'unexpected SCRAM channel-binding attribute in client-final-message');
    }
    const proof = Buffer.from(proofText!, 'base64');
    if (proof.length !== 32) throw malformed('Malformed proof in client-final-message.');
    const authMessage = `${this.clientFirstBare},${this.serverFirst},${withoutProof}`;
    const signature = createHmac('sha256', this.verifier.storedKey).update(authMessage).digest();
    for (let i = 0; i < proof.length; i++) proof[i]! ^= signature[i]!;
    const proven = timingSafeEqual(createHash('sha256').update(proof).digest(), this.verifier.storedKey);
    if (!proven || !this.roleMayLogIn) return null;
    return `v=${createHmac('sha256', this.verifier.serverKey).update(authMessage).digest('base64')}`;
  }
}

function mockVerifier(user: string): ScramVerifier {
  const salt = createHmac('sha256', MOCK_SECRET).update(user).digest().subarray(0, 16);
  return { iterations: MOCK_ITERATIONS, salt, storedKey: randomBytes(32), serverKey: randomBytes(32) };
}

function malformed(detail: string): SqlError {
  return sqlError('08P01', 'malformed SCRAM message', { detail });
}
