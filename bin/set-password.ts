/** Sets a role's password at the start, through a session of our own; one that it has already is left alone. */
import {
  FAILED,
  PENDING,
  type ProtocolSession,
  type ResultSink,
  type SessionFactory,
  type SessionHolder,
  type Step,
} from '../executor/session-api.ts';
import type { SqlError } from '../types/errors.ts';
import { OutBuffer } from '../types/out-buffer.ts';
import { makeScramVerifier, parseScramVerifier } from '../types/scram.ts';

export async function setPassword(factory: SessionFactory, role: string, password: string): Promise<void> {
  const kept = factory.passwordVerifier(role);
  const known = kept === null ? null : parseScramVerifier(kept);
  if (known !== null && makeScramVerifier(password, known.salt) === kept) return;
  // Only the verifier goes into the statement: the password itself must not come into any log.
  await runStatement(factory, role, `ALTER ROLE "${role}" PASSWORD '${makeScramVerifier(password)}'`);
}

function runStatement(factory: SessionFactory, user: string, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let session: ProtocolSession | null = null;
    let failure: SqlError | null = null;
    let parked = false;
    const settle = (step: Step): void => {
      parked = step === PENDING;
      if (parked) return;
      session!.close();
      if (step === FAILED) reject(failure);
      else resolve();
    };
    const holder: SessionHolder = {
      sink: sinkOf((error) => {
        failure = error;
      }),
      wake: () =>
        setImmediate(() => {
          if (parked) settle(session!.resume());
        }),
    };
    const identity = { user, database: 'postgres', options: new Map(), processId: 0, secretKey: 0, clientAddress: '' };
    session = factory.openSession(identity, holder);
    const step = session.simpleQuery(Buffer.from(text));
    settle(step);
  });
}

/** Only errors are of interest. */
function sinkOf(onError: (error: SqlError) => void): ResultSink {
  const ignore = (): void => {};
  return {
    out: new OutBuffer(),
    rowDescription: ignore,
    noData: ignore,
    parameterDescription: ignore,
    parseComplete: ignore,
    bindComplete: ignore,
    closeComplete: ignore,
    commandComplete: ignore,
    portalSuspended: ignore,
    emptyQuery: ignore,
    error: onError,
    notice: ignore,
    parameterStatus: ignore,
    notification: ignore,
    copyInResponse: ignore,
    copyOutResponse: ignore,
    copyDone: ignore,
    isFull: () => false,
  };
}
