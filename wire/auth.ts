/**
 * Authentication of one connection: trust asks nothing, SCRAM-SHA-256 and MD5 ask for a proof of the password. All methods let
 * the session factory decide afterwards whether role and database exist.
 */
import { randomBytes } from 'node:crypto';
import { type SqlError, sqlError } from '../types/errors.ts';
import { isMd5Answer, isMd5Secret } from '../types/md5-password.ts';
import type { FrameWriter } from './frame-writer.ts';
import type { MessageBody } from './message-body.ts';
import { SCRAM_MECHANISM, ScramExchange } from './scram.ts';
import { fatal } from './startup.ts';

/** md5: also for roles whose password is kept as MD5, which scram-sha-256 refuses; the others are asked by SCRAM all the same. */
export type AuthMethod = 'trust' | 'scram-sha-256' | 'md5';

/** An exchange over the wire: each password message until it answers true; throws SqlError (08P01, 0A000, 28P01). */
export interface Authentication {
  message(body: MessageBody): boolean;
}

/** Begins the exchange that the role's password asks for; null: there is no such role, or it has none. */
export function authenticate(
  method: AuthMethod,
  user: string,
  secret: string | null,
  writer: FrameWriter,
): Authentication {
  const isMd5 = secret !== null && isMd5Secret(secret);
  return method === 'md5' && isMd5
    ? new Md5Authentication(user, secret, writer)
    : new ScramAuthentication(user, secret, writer);
}

const MD5_SALT_SIZE = 4;

class Md5Authentication implements Authentication {
  private readonly user: string;
  private readonly secret: string;
  private readonly salt = randomBytes(MD5_SALT_SIZE);

  constructor(user: string, secret: string, writer: FrameWriter) {
    this.user = user;
    this.secret = secret;
    writer.authenticationMd5Password(this.salt);
  }

  message(body: MessageBody): boolean {
    const answer = body.string();
    body.finish();
    if (!isMd5Answer(answer, this.secret, this.salt)) throw passwordFailed(this.user);
    return true;
  }
}

/** One SCRAM exchange over the wire: begin, then each password message until it answers true. */
class ScramAuthentication implements Authentication {
  private readonly user: string;
  private readonly writer: FrameWriter;
  private readonly exchange: ScramExchange;
  private firstSeen = false;

  constructor(user: string, verifier: string | null, writer: FrameWriter) {
    this.user = user;
    this.writer = writer;
    this.exchange = new ScramExchange(user, verifier);
    writer.authenticationSasl(SCRAM_MECHANISM);
  }

  /** Answers true when the client has proven who it is; throws SqlError (08P01, 0A000, 28P01). */
  message(body: MessageBody): boolean {
    if (!this.firstSeen) {
      this.firstSeen = true;
      const mechanism = body.string();
      if (mechanism !== SCRAM_MECHANISM) {
        throw sqlError('08P01', 'client selected an invalid SASL authentication mechanism');
      }
      const size = body.int32();
      // A client may wait to be asked first; SCRAM's first message is the client's, so it gets an empty challenge.
      if (size === -1) this.writer.authenticationSaslContinue('');
      else this.writer.authenticationSaslContinue(this.exchange.first(body.rest(size)));
      body.finish();
      return false;
    }
    const data = body.rest();
    if (!this.exchange.begun) {
      this.writer.authenticationSaslContinue(this.exchange.first(data));
      return false;
    }
    const answer = this.exchange.final(data);
    if (answer === null) throw passwordFailed(this.user);
    this.writer.authenticationSaslFinal(answer);
    return true;
  }
}

function passwordFailed(user: string): SqlError {
  return fatal('28P01', `password authentication failed for user "${user}"`);
}
