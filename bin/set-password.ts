/** Sets a role's password at the start, through a session of our own; one that it has already is left alone. */
import {
  FAILED,
  PENDING,
  type ProtocolSession,
  type SessionFactory,
  type SessionHolder,
  type Step,
} from '../executor/session-api.ts';
import { silentSink } from '../executor/silent-sink.ts';
import type { SqlError } from '../types/errors.ts';
import { makeScramVerifier, parseScramVerifier } from '../types/scram.ts';

/** There is always one of this name. */
const DATABASE = 'postgres';

export async function setPassword(factory: SessionFactory, role: string, password: string): Promise<void> {
  const kept = factory.passwordVerifier(role, DATABASE);
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
      sink: silentSink({
        error: (error) => {
          failure = error;
        },
      }),
      wake: () =>
        setImmediate(() => {
          if (parked) settle(session!.resume());
        }),
    };
    const identity = { user, database: DATABASE, options: new Map(), processId: 0, secretKey: 0, clientAddress: '' };
    session = factory.openSession(identity, holder);
    const step = session.simpleQuery(Buffer.from(text));
    settle(step);
  });
}
