/** better-sqlite3, which stands in this folder's own node_modules because it is built with a C++ compiler. */
import { createRequire } from 'node:module';

/** What we use of it. */
export interface Sqlite {
  exec(sql: string): void;
  prepare(sql: string): {
    raw(): { all(): (number | string | null)[][] };
    run(...values: unknown[]): void;
  };
  close(): void;
}

export function openSqlite(): Sqlite {
  const require = createRequire(import.meta.url);
  let Database: new (path: string) => Sqlite;
  try {
    Database = require('better-sqlite3');
  } catch (error) {
    throw new Error(
      `better-sqlite3 is not installed: \`npm test\` does it, or \`npm run oracle:install\` alone. It is built from source ` +
        `where there is no binary of it, and that needs python3, make and a C++ compiler (Debian: build-essential python3). ` +
        `(${(error as Error).message.split('\n')[0]})`,
    );
  }
  return new Database(':memory:');
}
