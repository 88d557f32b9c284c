/** The server's own log: what happens to the server, never what clients do wrong. Lines as PostgreSQL writes them. */

export type LogLevel = 'LOG' | 'WARNING' | 'ERROR' | 'FATAL' | 'PANIC';

export function log(level: LogLevel, message: string): void {
  const time = new Date().toISOString().replace('T', ' ').replace('Z', ' UTC');
  process.stderr.write(`${time} [${process.pid}] ${level}:  ${message}\n`);
}

/** With the stack: for failures that nobody expected. */
export function logFailure(level: LogLevel, where: string, error: unknown): void {
  log(level, `${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
}
