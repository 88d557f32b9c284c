/**
 * Drivers and ORMs of other languages: each program of drivers/ prints what it got, and what PostgreSQL 15 gave it is recorded beside
 * it, under the versions that it ran with. Other versions ask and print otherwise: with them, and without the packages, a program does not
 * run. Debian 12 has them as python3-psycopg, python3-psycopg2, python3-sqlalchemy,
 * python3-alembic, python3-django, python3-asyncpg, ruby-activerecord and ruby-pg, libdbd-pg-perl, php-cli and php-pgsql,
 * libpostgresql-jdbc-java and a JDK.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { expect } from 'chai';
import { createScratchDatabase, targetIsPostgres } from '../support/database-target.ts';

/** A program that waits for ever is ended. */
const SECONDS_MAX = 60;
const FOLDER = join(import.meta.dirname, 'drivers');
const JAR = '/usr/share/java/postgresql.jar';
/** Debian's packages belong to Debian's interpreter. */
const PYTHON = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';

const PROGRAMS: readonly { readonly name: string; readonly modules: string | null }[] = [
  { name: 'psycopg2_sqlalchemy.py', modules: 'psycopg2, sqlalchemy, alembic' },
  { name: 'django_orm.py', modules: 'psycopg2, django' },
  { name: 'psycopg3.py', modules: 'psycopg' },
  { name: 'asyncpg_pool.py', modules: 'asyncpg' },
  { name: 'activerecord.rb', modules: 'active_record, pg' },
  { name: 'dbi.pl', modules: 'DBD::Pg' },
  { name: 'pdo.php', modules: 'pdo_pgsql, pgsql' },
  { name: 'Jdbc.java', modules: null },
];

/** What runs a program, and what prints the versions of its modules. */
function interpreterOf(name: string, modules: string): { readonly command: string; readonly probe: readonly string[] } {
  const names = modules.split(', ');
  switch (extname(name)) {
    case '.rb': {
      const print = `require 'active_record'; require 'pg'; print ActiveRecord::VERSION::STRING, ' ', PG::VERSION`;
      return { command: 'ruby', probe: ['-W0', '-e', print] };
    }
    case '.pl':
      return { command: 'perl', probe: [`-M${modules}`, '-e', `print $${modules}::VERSION`] };
    case '.php': {
      const wanted = names.map((each) => `'${each}'`).join(', ');
      const print = `foreach ([${wanted}] as $e) if (!extension_loaded($e)) exit(1); print PHP_VERSION;`;
      return { command: 'php', probe: ['-r', print] };
    }
    default: {
      const print = `import ${modules}; print(${names.map((each) => `${each}.__version__`).join(', ')})`;
      return { command: PYTHON, probe: ['-c', print] };
    }
  }
}

/** Versions of what a program needs; '' where something is missing. */
function versionsOf(name: string, modules: string | null): string {
  if (modules === null) {
    // A JDK compiles what a JRE only runs.
    if (!existsSync(JAR) || spawnSync('javac', ['-version']).status !== 0) return '';
    return spawnSync('java', ['-jar', JAR], { encoding: 'utf8' }).stdout.trim().split('\n')[0];
  }
  const { command, probe } = interpreterOf(name, modules);
  const answer = spawnSync(command, probe, { encoding: 'utf8' });
  return answer.status === 0 ? answer.stdout.trim() : '';
}

/** What it printed; the test's server lives in this process, so that nothing may wait for it here. */
async function run(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, TZ: 'UTC' } });
  let [output, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), SECONDS_MAX * 1000);
  const status = await new Promise((resolve) => child.on('close', resolve));
  clearTimeout(timer);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${output}\n${errors}`);
  return output;
}

const isRecording = process.env['UPDATE'] === '1' && targetIsPostgres();

/** What runs here, with its versions. */
const RUNS = PROGRAMS.map(({ name, modules }) => ({
  name,
  modules,
  versions: versionsOf(name, modules),
  recorded: join(FOLDER, `${name}.out`),
})).filter(
  ({ versions, recorded }) =>
    versions !== '' && (isRecording || readFileSync(recorded, 'utf8').startsWith(`${versions}\n`)),
);

if (RUNS.length > 0) {
  describe('Drivers of other languages', function () {
    this.timeout(2 * SECONDS_MAX * 1000);
    for (const { name, modules, versions, recorded } of RUNS) {
      it(`${name} gets what PostgreSQL gives it (${versions})`, async () => {
        const database = await createScratchDatabase();
        try {
          const { connectionString, host, port, user, database: databaseName } = database.connection;
          const url = new URL(connectionString ?? `postgres://${user}@${host}:${port}/${databaseName}`);
          const program = join(FOLDER, name);
          const output =
            modules === null
              ? await run('java', ['-cp', JAR, program, `postgresql://${url.host}${url.pathname}?user=${url.username}`])
              : await run(interpreterOf(name, modules).command, [program, url.href]);
          const printed = `${versions}\n${output}`;
          if (isRecording) writeFileSync(recorded, printed);
          expect(printed).to.equal(readFileSync(recorded, 'utf8'));
        } finally {
          await database.drop();
        }
      });
    }
  });
}
