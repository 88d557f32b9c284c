/** What bin/ and tests use of the wire. See README.md. */

export type { AuthMethod } from './auth.ts';
export { WireServer, type WireServerOptions } from './server.ts';
