import { OutBuffer } from '../types/out-buffer.ts';
import type { ResultSink } from './session-api.ts';

const ignore = (): void => {};

/** A sink of its own for a session whose answers nobody reads; `heard` names the callbacks somebody listens to after all. */
export function silentSink(heard: Partial<ResultSink> = {}): ResultSink {
  return {
    out: new OutBuffer(),
    // Nobody reads it: whatever the database's sessions speak, no text may fail here.
    get encoding() {
      return null;
    },
    set encoding(_encoding) {},
    rowDescription: ignore,
    noData: ignore,
    parameterDescription: ignore,
    parseComplete: ignore,
    bindComplete: ignore,
    closeComplete: ignore,
    commandComplete: ignore,
    portalSuspended: ignore,
    emptyQuery: ignore,
    functionCallResponse: ignore,
    error: ignore,
    notice: ignore,
    parameterStatus: ignore,
    notification: ignore,
    copyInResponse: ignore,
    copyOutResponse: ignore,
    copyDone: ignore,
    isFull: () => false,
    ...heard,
  };
}
