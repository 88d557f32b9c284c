/** Rights where sessions meet: connections, cached plans, roles that change under a session, restarts, forks. */
import { expect } from 'chai';
import pg from 'pg';
import { createScratchDatabase, type ScratchDatabase } from '../support/database-target.ts';
import { RestartableServer } from '../support/restartable.ts';

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'no error';
  } catch (error) {
    const { code, message, detail } = error as pg.DatabaseError;
    return [code, message, ...(detail === undefined ? [] : [detail])].join(' ');
  }
}

/** A URL's parts: another user may be put in. */
function parsed(connectionString: string): pg.ClientConfig {
  const { hostname, port, username, pathname } = new URL(connectionString);
  return { host: hostname, port: Number(port), user: username, database: pathname.slice(1) };
}

describe('rights', () => {
  let scratch: ScratchDatabase;
  let owner: pg.Client;
  const clients: pg.Client[] = [];

  const connect = async (user: string | null): Promise<pg.Client> => {
    const { connectionString } = scratch.connection;
    const config = connectionString === undefined ? scratch.connection : parsed(connectionString);
    const client = new pg.Client(user === null ? config : { ...config, user });
    client.on('error', () => {});
    await client.connect();
    clients.push(client);
    return client;
  };

  beforeEach(async () => {
    scratch = await createScratchDatabase();
    owner = await connect(null);
    await owner.query('CREATE ROLE rights_user LOGIN; CREATE ROLE rights_group; CREATE TABLE t (a int, b int)');
    await owner.query('INSERT INTO t VALUES (1, 2)');
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.end()));
    const admin = await connect(null);
    await admin.query('DROP OWNED BY rights_user, rights_group; DROP ROLE rights_user, rights_group');
    await admin.end();
    clients.length = 0;
    await scratch.drop();
  });

  it('lets superusers alone switch off foreign keys', async () => {
    await owner.query('CREATE TABLE parent (a int PRIMARY KEY); CREATE TABLE child (a int REFERENCES parent)');
    await owner.query('ALTER TABLE child OWNER TO rights_user');
    const user = await connect('rights_user');
    for (const word of ['DISABLE', 'ENABLE']) {
      expect(await codeOf(user.query(`ALTER TABLE child ${word} TRIGGER ALL`))).to.match(
        /^42501 permission denied: "RI_ConstraintTrigger_c_\d+" is a system trigger$/,
      );
    }
  });

  it('refuses connections without the CONNECT right, which is everybody’s from the start', async () => {
    const user = await connect('rights_user');
    const { rows } = await user.query('SELECT current_database() AS name');
    const { name } = rows[0] as { name: string };
    await owner.query(`REVOKE CONNECT ON DATABASE "${name}" FROM PUBLIC`);
    // Who is connected stays so.
    await user.query('SELECT 1');
    expect(await codeOf(connect('rights_user'))).to.equal(
      `42501 permission denied for database "${name}" User does not have CONNECT privilege.`,
    );
    await owner.query(`GRANT rights_group TO rights_user; GRANT CONNECT ON DATABASE "${name}" TO rights_group`);
    await connect('rights_user');
  });

  it('asks again for a plan that both have made when it was allowed', async () => {
    const user = await connect('rights_user');
    const read = { name: 'read', text: 'SELECT a FROM t WHERE a = $1', values: [1] };
    await owner.query('GRANT SELECT ON t TO rights_user');
    expect((await user.query(read)).rows).to.deep.equal([{ a: 1 }]);
    expect((await user.query('SELECT a FROM t')).rows).to.deep.equal([{ a: 1 }]);
    await owner.query('REVOKE SELECT ON t FROM rights_user');
    expect(await codeOf(user.query(read))).to.equal('42501 permission denied for table t');
    expect(await codeOf(user.query('SELECT a FROM t'))).to.equal('42501 permission denied for table t');
    expect((await owner.query('SELECT a FROM t')).rows).to.deep.equal([{ a: 1 }]);
    await owner.query('GRANT SELECT (a) ON t TO rights_user');
    expect((await user.query(read)).rows).to.deep.equal([{ a: 1 }]);
  });

  it('follows memberships that change under a session', async () => {
    const user = await connect('rights_user');
    await owner.query('GRANT SELECT ON t TO rights_group');
    const denied = '42501 permission denied for table t';
    expect(await codeOf(user.query('SELECT * FROM t'))).to.equal(denied);
    await owner.query('GRANT rights_group TO rights_user');
    expect((await user.query('SELECT * FROM t')).rows).to.have.length(1);
    await owner.query('ALTER ROLE rights_user NOINHERIT');
    expect(await codeOf(user.query('SELECT * FROM t'))).to.equal(denied);
    await user.query('SET ROLE rights_group');
    expect((await user.query('SELECT * FROM t')).rows).to.have.length(1);
    await user.query('RESET ROLE');
    await owner.query('ALTER ROLE rights_user INHERIT');
    expect((await user.query('SELECT * FROM t')).rows).to.have.length(1);
    await owner.query('REVOKE rights_group FROM rights_user');
    expect(await codeOf(user.query('SELECT * FROM t'))).to.equal(denied);
    await owner.query('ALTER ROLE rights_user SUPERUSER');
    expect((await user.query('SELECT * FROM t')).rows).to.have.length(1);
    await owner.query('ALTER ROLE rights_user NOSUPERUSER');
    expect(await codeOf(user.query('SELECT * FROM t'))).to.equal(denied);
  });

  it('sees rights that the own transaction has given, and none that are rolled back', async () => {
    await owner.query('BEGIN; GRANT SELECT ON t TO rights_user; GRANT rights_group TO rights_user');
    await owner.query('SET ROLE rights_user');
    expect((await owner.query('SELECT * FROM t')).rows).to.have.length(1);
    await owner.query('ROLLBACK');
    await owner.query('SET ROLE rights_user');
    expect(await codeOf(owner.query('SELECT * FROM t'))).to.equal('42501 permission denied for table t');
    expect(await codeOf(owner.query('SET ROLE rights_group'))).to.equal(
      'no error',
      'the session’s user may be anybody, whatever its role',
    );
    await owner.query('RESET ROLE');
  });

  it('looks for names in schemas that the user may use', async () => {
    const user = await connect('rights_user');
    await owner.query('CREATE SCHEMA s; CREATE TABLE s.t (c int); GRANT SELECT ON s.t, public.t TO rights_user');
    await user.query('SET search_path = s, public');
    const names = async (): Promise<string[]> => (await user.query('SELECT * FROM t')).fields.map(({ name }) => name);
    expect(await names()).to.deep.equal(['a', 'b']);
    await owner.query('GRANT USAGE ON SCHEMA s TO rights_user');
    expect(await names()).to.deep.equal(['c']);
    await owner.query('REVOKE USAGE ON SCHEMA s FROM rights_user; GRANT USAGE ON SCHEMA s TO rights_group');
    expect(await names()).to.deep.equal(['a', 'b']);
    await owner.query('GRANT rights_group TO rights_user');
    // PostgreSQL looks at its path again when it is set, hotrow at once.
    await user.query('SET search_path = s, public');
    expect(await names()).to.deep.equal(['c']);
    await owner.query('DROP SCHEMA s CASCADE');
    expect(await names()).to.deep.equal(['a', 'b']);
  });

  it('asks before COPY says that it takes rows', async () => {
    const user = await connect('rights_user');
    for (const copy of ['COPY t FROM STDIN', 'COPY t TO STDOUT']) {
      expect(await codeOf(user.query(copy))).to.equal('42501 permission denied for table t');
    }
    expect((await user.query('SELECT 1 AS one')).rows).to.deep.equal([{ one: 1 }]);
  });

  it('lets a definer’s function do what its caller may not, also where it waits in between', async () => {
    const user = await connect('rights_user');
    await owner.query(`CREATE FUNCTION change() RETURNS int LANGUAGE sql SECURITY DEFINER
      AS 'UPDATE t SET b = b + 1 RETURNING b'`);
    await owner.query('BEGIN; UPDATE t SET a = a');
    const change = user.query('SELECT change() AS b, current_user AS who');
    const during = codeOf(change);
    await owner.query('COMMIT');
    expect(await during).to.equal('no error');
    expect((await change).rows).to.deep.equal([{ b: 3, who: 'rights_user' }]);
    expect(await codeOf(user.query('SELECT b FROM t'))).to.equal('42501 permission denied for table t');
  });
});

describe('rights of a hotrow server', () => {
  it('outlive it, killed or not', async () => {
    const server = new RestartableServer();
    await server.start();
    await server.client.query('CREATE ROLE u LOGIN; CREATE ROLE g; CREATE TABLE t (a int, b int); CREATE SEQUENCE s');
    await server.client.query('GRANT SELECT (a), UPDATE ON t TO u WITH GRANT OPTION; GRANT USAGE ON SEQUENCE s TO u');
    await server.client.query('GRANT g TO u WITH ADMIN OPTION; REVOKE CONNECT ON DATABASE postgres FROM PUBLIC');
    await server.client.query(
      'ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO u; REVOKE EXECUTE ON FUNCTION abs(int) FROM PUBLIC',
    );
    const told = `SELECT relacl::text, (SELECT attacl::text FROM pg_attribute WHERE attrelid = t.oid AND attname = 'a'),
        (SELECT datacl::text FROM pg_database WHERE datname = 'postgres'),
        (SELECT defaclacl::text FROM pg_default_acl), (SELECT proacl::text FROM pg_proc WHERE oid = 'abs(int)'::regprocedure),
        (SELECT admin_option FROM pg_auth_members WHERE roleid = 'g'::regrole)
      FROM pg_class t WHERE relname IN ('t', 's') ORDER BY relname`;
    const { rows } = await server.client.query({ text: told, rowMode: 'array' });
    expect(rows[1]).to.deep.equal([
      '{postgres=arwdDxt/postgres,u=w*/postgres}',
      '{u=r*/postgres}',
      '{=T/postgres,postgres=CTc/postgres}',
      '{postgres=arwdDxt/postgres,u=r/postgres}',
      '{postgres=X/postgres}',
      true,
    ]);
    for (const end of ['stop', 'kill'] as const) {
      await server.client.end();
      await server[end]();
      await server.start();
      expect((await server.client.query({ text: told, rowMode: 'array' })).rows).to.deep.equal(rows);
    }
    // So they do in a copy of the database; what was granted on the database itself is the database's.
    await server.client.query('GRANT USAGE ON SCHEMA pg_catalog TO u');
    await server.client.query('CREATE DATABASE copy TEMPLATE postgres');
    const copy = await server.connect('copy');
    const copied = (await copy.query({ text: told, rowMode: 'array' })).rows as unknown[][];
    expect(copied.map((row) => [...row.slice(0, 2), ...row.slice(3)])).to.deep.equal(
      (rows as unknown[][]).map((row) => [...row.slice(0, 2), ...row.slice(3)]),
    );
    const schema = await copy.query("SELECT nspacl::text FROM pg_namespace WHERE nspname = 'pg_catalog'");
    expect(schema.rows).to.deep.equal([{ nspacl: '{postgres=UC/postgres,=U/postgres,u=U/postgres}' }]);
    await copy.end();
    await server.client.query('SET ROLE u');
    expect(await codeOf(server.client.query('SELECT b FROM t'))).to.equal('42501 permission denied for table t');
    expect(await codeOf(server.client.query('SELECT abs(1)'))).to.equal('42501 permission denied for function abs');
    await server.client.end();
    await server.stop();
  });

  it('hold in forks, which nobody gets who may not connect', async () => {
    const scratch = await createScratchDatabase();
    if (scratch.engine === 'postgresql') {
      await scratch.drop();
      return;
    }
    const open = async (user: string, database: string): Promise<pg.Client> => {
      const client = new pg.Client({ ...scratch.connection, user, database });
      client.on('error', () => {});
      await client.connect();
      return client;
    };
    const owner = await open('postgres', 'postgres');
    await owner.query('CREATE ROLE u LOGIN; CREATE ROLE v LOGIN; CREATE TABLE t (a int); GRANT SELECT ON t TO u');
    await owner.query('REVOKE CONNECT ON DATABASE postgres FROM PUBLIC; GRANT CONNECT ON DATABASE postgres TO u');
    const fork = await open('u', 'postgres@mine');
    expect((await fork.query('SELECT * FROM t')).rows).to.deep.equal([]);
    expect(await codeOf(fork.query('INSERT INTO t VALUES (1)'))).to.equal('42501 permission denied for table t');
    expect(await codeOf(open('v', 'postgres@other'))).to.equal(
      '42501 permission denied for database "postgres" User does not have CONNECT privilege.',
    );
    expect(await codeOf(open('v', 'postgres@mine'))).to.equal(
      '42501 permission denied for database "postgres@mine" User does not have CONNECT privilege.',
    );
    await owner.query('REVOKE SELECT ON t FROM u');
    expect((await fork.query('SELECT * FROM t')).rows).to.deep.equal([], 'a fork keeps the rights that it began with');
    await fork.end();
    await owner.end();
    await scratch.drop();
  });
});
