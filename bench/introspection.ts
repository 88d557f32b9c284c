/**
 * How tools look at a database: questions to the catalog as ORMs, generators, psql and BI tools ask them, beside PostgreSQL. Processor time of
 * the server for one question (all of PostgreSQL's is the session's), the first time in a new session and later; answers are compared by number.
 *
 *     node --import tsx bench/introspection.ts [--tables 100] [--rounds 5]
 */
import pg from 'pg';
import { type BenchServer, startHotrow, startPostgres } from './servers.ts';

const args = process.argv.slice(2);
const option = (name: string, otherwise: number): number =>
  args.includes(`--${name}`) ? Number(args[args.indexOf(`--${name}`) + 1]) : otherwise;
const TABLES = option('tables', 100);
const ROUNDS = option('rounds', 5);

const QUESTIONS: Readonly<Record<string, string>> = {
  'columns of a table': `SELECT column_name, data_type, is_nullable, column_default FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = 't7' ORDER BY ordinal_position`,
  'all columns': `SELECT * FROM information_schema.columns WHERE table_schema NOT IN ('pg_catalog', 'information_schema')`,
  'tables and views': `SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`,
  'attributes of a schema': `SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'v') AND NOT a.attisdropped ORDER BY 1, a.attnum`,
  'foreign keys': `SELECT con.conname, rel.relname, frel.relname, att.attname FROM pg_constraint con JOIN pg_class rel ON rel.oid = con.conrelid
    JOIN pg_class frel ON frel.oid = con.confrelid JOIN pg_attribute att ON att.attrelid = con.conrelid AND att.attnum = ANY (con.conkey)
    WHERE con.contype = 'f' ORDER BY 1`,
  'keys of the standard': `SELECT tc.constraint_name, kcu.column_name FROM information_schema.table_constraints tc
    JOIN information_schema.key_column_usage kcu USING (constraint_schema, constraint_name)
    WHERE tc.constraint_type = 'PRIMARY KEY' AND tc.table_schema = 'public' ORDER BY 1`,
  indexes: `SELECT i.relname, ix.indisunique, pg_get_indexdef(ix.indexrelid), array_agg(a.attname ORDER BY a.attnum) FROM pg_index ix
    JOIN pg_class i ON i.oid = ix.indexrelid JOIN pg_attribute a ON a.attrelid = i.oid WHERE ix.indrelid >= 16384 GROUP BY 1, 2, 3 ORDER BY 1`,
  'foreign keys of a table': `SELECT con.conname, here.attname, frel.relname, there.attname FROM pg_constraint con
    JOIN pg_class rel ON rel.oid = con.conrelid JOIN pg_class frel ON frel.oid = con.confrelid
    JOIN pg_attribute here ON here.attrelid = rel.oid AND here.attnum = con.conkey[1]
    JOIN pg_attribute there ON there.attrelid = frel.oid AND there.attnum = con.confkey[1]
    JOIN pg_namespace n ON n.oid = con.connamespace WHERE con.contype = 'f' AND rel.relname = 't7' AND n.nspname = 'public'`,
  'functions, each with a subquery': `SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace
    AND NOT EXISTS (SELECT FROM pg_proc o WHERE o.proname = p.proname AND o.pronamespace = p.pronamespace AND o.oid <> p.oid)
    AND EXISTS (SELECT FROM pg_type t WHERE t.oid = p.prorettype AND t.typtype = 'b') ORDER BY p.proname LIMIT 50`,
};

async function connect(server: BenchServer): Promise<pg.Client> {
  const client = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres' });
  await client.connect();
  return client;
}

async function prepare(server: BenchServer): Promise<void> {
  const client = await connect(server);
  for (let i = 0; i < TABLES; i++) {
    const reference = i === 0 ? 'int' : `int REFERENCES t${i - 1}`;
    await client.query(
      `CREATE TABLE t${i} (id serial PRIMARY KEY, other_id ${reference}, name varchar(50) NOT NULL DEFAULT 'x', at timestamptz DEFAULT now(), price numeric(10, 2));
       CREATE INDEX ON t${i} (name, at); CREATE VIEW v${i} AS SELECT id, name FROM t${i}`,
    );
  }
  await client.query('ANALYZE');
  await client.end();
}

/** Milliseconds of processor time for the first and for one of the next ten, and the number of rows. */
async function ask(server: BenchServer, question: string): Promise<{ first: number; later: number; rows: number }> {
  const client = await connect(server);
  const start = server.cpuMs();
  const { rowCount } = await client.query(question);
  const first = server.cpuMs() - start;
  const next = server.cpuMs();
  for (let i = 0; i < 10; i++) await client.query(question);
  const later = (server.cpuMs() - next) / 10;
  await client.end();
  return { first, later, rows: rowCount ?? 0 };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

async function main(): Promise<void> {
  const servers = [await startHotrow(), await startPostgres()].filter((server) => server !== null);
  try {
    for (const server of servers) await prepare(server);
    console.log(`${TABLES} tables; ms of processor time: first of a session / later`);
    for (const [name, question] of Object.entries(QUESTIONS)) {
      const figures = servers.map(() => ({ first: [] as number[], later: [] as number[], rows: new Set<number>() }));
      for (let round = 0; round < ROUNDS; round++) {
        for (const [i, server] of servers.entries()) {
          const { first, later, rows } = await ask(server, question);
          figures[i].first.push(first);
          figures[i].later.push(later);
          figures[i].rows.add(rows);
        }
      }
      const shown = figures.map(({ first, later }) =>
        `${median(first).toFixed(1)} / ${median(later).toFixed(1)}`.padStart(15),
      );
      const counts = [...new Set(figures.flatMap(({ rows }) => [...rows]))];
      console.log(`${name.padEnd(34)} ${shown.join('  ')}   ${counts.join(' and ')} rows`);
    }
  } finally {
    for (const server of servers) server.stop();
  }
}

await main();
