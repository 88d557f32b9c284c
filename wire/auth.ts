/**
 * Authentication of one connection: trust asks nothing, SCRAM-SHA-256 asks for a proof of the password. Both methods let
 * the session factory decide afterwards whether role and database exist.
 */
import { type SqlError, sqlError } from '../types/errors.ts';
import type { FrameWriter } from './frame-writer.ts';
import type { MessageBody } from './message-body.ts';
import { SCRAM_MECHANISM, ScramExchange } from './scram.ts';
import { fatal } from './startup.ts';

export type AuthMethod = 'trust' | 'scram-sha-256';

/** One SCRAM exchange over the wire: begin, then each password message until it answers true. */
export class ScramAuthentication {
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
