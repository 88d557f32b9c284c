/** client_encoding: everything textual that a client sends and is sent is in its encoding, and what cannot be said in it is an error. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import pg from 'pg';
import { createScratchDatabase, type ScratchDatabase } from '../support/database-target.ts';
import { frame } from '../support/wire-client.ts';

interface RawMessage {
  readonly type: string;
  readonly body: Buffer;
}

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** A string of a message; a text's characters are its bytes. */
function string(text: string): Buffer {
  return latin1(`${text}\0`);
}

function sized(text: string): Buffer {
  return Buffer.concat([int32(text.length), latin1(text)]);
}

const query = (text: string): Buffer => frame('Q', string(text));
const parse = (name: string, text: string): Buffer => frame('P', Buffer.concat([string(name), string(text), int16(0)]));
const describePortal = (name: string): Buffer => frame('D', string(`P${name}`));
const execute = (name = '', rows = 0): Buffer => frame('E', Buffer.concat([string(name), int32(rows)]));
const copyData = (text: string): Buffer => frame('d', latin1(text));
const sync = frame('S');
const copyDone = frame('c');

interface Bound {
  readonly portal?: string;
  readonly statement?: string;
  readonly formats?: readonly number[];
  readonly values?: readonly string[];
  readonly resultFormats?: readonly number[];
}

function bind({ portal = '', statement = '', formats = [], values = [], resultFormats = [] }: Bound): Buffer {
  const parts = [string(portal), string(statement), int16(formats.length), ...formats.map(int16), int16(values.length)];
  parts.push(...values.map(sized), int16(resultFormats.length), ...resultFormats.map(int16));
  return frame('B', Buffer.concat(parts));
}

class RawClient {
  readonly #socket: Socket;
  #bytes = Buffer.alloc(0);
  #isClosed = false;
  #wake: (() => void) | null = null;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      this.#wake?.();
    });
    socket.on('close', () => {
      this.#isClosed = true;
      this.#wake?.();
    });
  }

  static async open(database: ScratchDatabase, encoding: string): Promise<{ client: RawClient; hello: RawMessage[] }> {
    const { host, port, user, database: name } = new pg.Client(database.connection);
    const socket = connect(port, host);
    await once(socket, 'connect');
    const client = new RawClient(socket);
    const words = ['user', user ?? '', 'database', name ?? '', 'client_encoding', encoding];
    const body = Buffer.concat([int32(196608), ...words.map(string), Buffer.alloc(1)]);
    socket.write(Buffer.concat([int32(body.length + 4), body]));
    return { client, hello: await client.until('Z') };
  }

  /** The messages up to and with the next of this type, or to the end of the connection. */
  async until(type: string): Promise<RawMessage[]> {
    const messages: RawMessage[] = [];
    for (;;) {
      const size = this.#bytes.length < 5 ? Infinity : this.#bytes.readInt32BE(1) + 1;
      if (this.#bytes.length >= size) {
        const message = { type: String.fromCharCode(this.#bytes[0]), body: this.#bytes.subarray(5, size) };
        this.#bytes = this.#bytes.subarray(size);
        messages.push(message);
        if (message.type === type) return messages;
      } else if (this.#isClosed) return messages;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  send(...messages: Buffer[]): void {
    this.#socket.write(Buffer.concat(messages));
  }

  ask(...messages: Buffer[]): Promise<RawMessage[]> {
    this.send(...messages);
    return this.until('Z');
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Fields of rows, byte for byte a character. */
function rowsOf(messages: readonly RawMessage[]): string[] {
  return messages
    .filter(({ type }) => type === 'D')
    .map(({ body }) => {
      const fields: string[] = [];
      for (let at = 2, left = body.readInt16BE(0); left > 0; left--) {
        const size = body.readInt32BE(at);
        fields.push(size < 0 ? 'NULL' : body.toString('latin1', at + 4, at + 4 + size));
        at += 4 + Math.max(size, 0);
      }
      return fields.join('|');
    });
}

/** Fields of the error: code, message and what else is asked for. */
function errorOf(messages: readonly RawMessage[], letters = ''): string {
  const error = messages.find(({ type }) => type === 'E');
  const fields = error?.body.toString('latin1').split('\0') ?? [];
  return [...`CM${letters}`].map((letter) => fields.find((field) => field[0] === letter)?.slice(1)).join(' | ');
}

const namesOf = (messages: readonly RawMessage[]): string => messages.map(({ type }) => type).join('');
const copiedOf = (messages: readonly RawMessage[]): string =>
  messages
    .filter(({ type }) => type === 'd')
    .map(({ body }) => body.toString('latin1'))
    .join('');

const EURO = String.raw`U&'\20ac'`;
const EURO_LACKS =
  '22P05 | character with byte sequence 0xe2 0x82 0xac in encoding "UTF8" has no equivalent in encoding';

describe('client_encoding', () => {
  let database: ScratchDatabase;
  let client: RawClient;
  before(async () => {
    database = await createScratchDatabase();
    const first = await RawClient.open(database, 'UTF8');
    await first.client.ask(
      query(
        String.raw`CREATE TABLE t (n integer, a text, j jsonb, b bytea);
          INSERT INTO t VALUES (1, U&'\00e9', '{"\u00e9": 1}', '\xe9'), (2, 'abc', NULL, NULL)`,
      ),
    );
    first.client.close();
  });
  after(() => database.drop());
  afterEach(() => client.close());

  async function speaks(encoding: string): Promise<RawMessage[]> {
    const opened = await RawClient.open(database, encoding);
    client = opened.client;
    return opened.hello;
  }

  it('is said at start-up, and told by its proper name', async () => {
    const hello = await speaks('iso-8859-1');
    const told = hello.filter(({ type }) => type === 'S').map(({ body }) => body.toString('latin1'));
    expect(told).to.include('client_encoding\0LATIN1\0');
  });

  it('ends a start-up that asks for what there is not', async () => {
    expect(errorOf(await speaks('nosuch'), 'S')).to.equal(
      '22023 | invalid value for parameter "client_encoding": "nosuch" | FATAL',
    );
    client.close();
    expect(errorOf(await speaks('mule_internal'), 'S')).to.equal(
      '0A000 | conversion between MULE_INTERNAL and UTF8 is not supported | FATAL',
    );
  });

  it('is that of queries, rows, and names of columns', async () => {
    await speaks('LATIN1');
    const messages = await client.ask(query("SELECT '\xe9\xe8' AS \"\xe0\", length('\xe9\xe8'), NULL, a, b, j FROM t"));
    expect(rowsOf(messages)).to.deep.equal(['\xe9\xe8|2|NULL|\xe9|\\xe9|{"\xe9": 1}', '\xe9\xe8|2|NULL|abc|NULL|NULL']);
    expect(messages[0].body.subarray(2, 4).toString('latin1')).to.equal('\xe0\0');
  });

  it('is that of errors, whose positions count characters', async () => {
    await speaks('LATIN1');
    expect(errorOf(await client.ask(query("SELECT '\xe9\xe8', \xe0")), 'P')).to.equal(
      '42703 | column "\xe0" does not exist | 14',
    );
  });

  it('is that of names of statements and portals, and of parameters', async () => {
    await speaks('LATIN1');
    const messages = await client.ask(
      parse('s\xe9', 'SELECT $1::text, $2::varchar, length($1), $3::int'),
      bind({ portal: 'p\xe9', statement: 's\xe9', formats: [0, 1, 0], values: ['\xe9a', '\xe8', '7'] }),
      describePortal('p\xe9'),
      execute('p\xe9'),
      sync,
    );
    expect(namesOf(messages)).to.equal('12TDCZ');
    expect(rowsOf(messages)).to.deep.equal(['\xe9a|\xe8|2|7']);
    expect(errorOf(await client.ask(bind({ statement: 's\xea' }), sync))).to.equal(
      '26000 | prepared statement "s\xea" does not exist',
    );
  });

  it('is that of texts in binary, wherever they are', async () => {
    await speaks('LATIN1');
    const array = `${latin1('\0\0\0\x01\0\0\0\0\0\0\0\x19\0\0\0\x01\0\0\0\x01').toString('latin1')}\0\0\0\x02\xe9a`;
    const messages = await client.ask(
      parse(
        '',
        "SELECT $1::text[], $2::jsonb, $3::bytea, $1::text[] = '{\xe9a}', row(1, '\xe9'::text), '\xe9'::tsvector",
      ),
      bind({ formats: [1], values: [array, '\x01{"\xe9": 1}', '\xe9'], resultFormats: [1] }),
      execute(),
      sync,
    );
    const record = '\0\0\0\x02\0\0\0\x17\0\0\0\x04\0\0\0\x01\0\0\0\x19\0\0\0\x01\xe9';
    expect(rowsOf(messages)).to.deep.equal([
      [array, '\x01{"\xe9": 1}', '\xe9', '\x01', record, '\0\0\0\x01\xe9\0\0\0'].join('|'),
    ]);
  });

  it('is that of notices and notifications', async () => {
    await speaks('LATIN1');
    const notice = (await client.ask(query('DROP TABLE IF EXISTS "\xe9"')))[0];
    expect(notice.body.toString('latin1')).to.include('table "\xe9" does not exist, skipping');
    const messages = await client.ask(query('LISTEN "\xe9"; NOTIFY "\xe9", \'\xe8\''));
    const heard = messages.find(({ type }) => type === 'A');
    expect(heard?.body.subarray(4).toString('latin1')).to.equal('\xe9\0\xe8\0');
  });

  it('is that of COPY, unless that says another', async () => {
    await speaks('LATIN1');
    expect(copiedOf(await client.ask(query('COPY (SELECT a, j FROM t ORDER BY n) TO STDOUT')))).to.equal(
      '\xe9\t{"\xe9": 1}\nabc\t\\N\n',
    );
    expect(
      copiedOf(await client.ask(query("COPY (SELECT a FROM t WHERE n = 1) TO STDOUT (ENCODING 'UTF8')"))),
    ).to.equal('\xc3\xa9\n');
    expect(
      copiedOf(await client.ask(query('COPY (SELECT a FROM t WHERE n = 1) TO STDOUT (FORMAT binary)'))),
    ).to.include('\0\x01\0\0\0\x01\xe9');
    client.send(query('BEGIN; COPY t (a) FROM STDIN; SELECT a FROM t WHERE n IS NULL; ROLLBACK'));
    await client.until('G');
    const messages = await client.ask(copyData('\xe8\xe9'), copyData('\n'), copyDone);
    expect(rowsOf(messages)).to.deep.equal(['\xe8\xe9']);
  });

  it('may have characters of several bytes, whose last ones look like others', async () => {
    await speaks('SJIS');
    // The second byte of U+8868 is a backslash.
    expect(rowsOf(await client.ask(query("SELECT '\x95\x5c', length('\x95\x5c')")))).to.deep.equal(['\x95\x5c|1']);
    client.send(query('BEGIN; COPY t (a) FROM STDIN; COPY (SELECT a FROM t WHERE n IS NULL) TO STDOUT; ROLLBACK'));
    await client.until('G');
    const messages = await client.ask(copyData('\x95'), copyData('\x5c\x93'), copyData('\xfa\n'), copyDone);
    expect(copiedOf(messages)).to.equal('\x95\x5c\x93\xfa\n');
  });

  it('refuses what is no character in it, and the transaction fails', async () => {
    await speaks('SJIS');
    const wrong = '22021 | invalid byte sequence for encoding "SJIS": 0x93';
    await client.ask(query('BEGIN'));
    expect(errorOf(await client.ask(query('SELECT 1 \x93')))).to.equal(wrong);
    expect(errorOf(await client.ask(query('SELECT 1')))).to.match(/^25P02/);
    await client.ask(query('ROLLBACK'));
    expect(errorOf(await client.ask(parse('\x93', 'SELECT 1'), sync))).to.equal(wrong);
    const bound = await client.ask(parse('', 'SELECT $1::text'), bind({ values: ['\x93'] }), execute(), sync);
    expect(errorOf(bound, 'W')).to.equal(`${wrong} | unnamed portal parameter $1`);
    expect(errorOf(await client.ask(query("SELECT '\x85\x40'")))).to.equal(
      '22P05 | character with byte sequence 0x85 0x40 in encoding "SJIS" has no equivalent in encoding "UTF8"',
    );
    client.send(query('COPY t (a) FROM STDIN'));
    await client.until('G');
    expect(errorOf(await client.ask(copyData('a\n\x93'), copyDone), 'W')).to.equal(`${wrong} | COPY t, line 2`);
    client.send(query('COPY t (a) FROM STDIN'));
    await client.until('G');
    // Why it is given up cannot be read; that it is, can.
    expect(errorOf(await client.ask(copyData('a\n'), frame('f', string('\x93'))))).to.match(/^22021|^22P05|^57014/);
    expect(rowsOf(await client.ask(query('SELECT count(*) FROM t')))).to.deep.equal(['2']);
  });

  it('fails a statement in the middle of its rows, at the one that it has no words for', async () => {
    await speaks('LATIN1');
    const rows = `SELECT CASE x WHEN 3 THEN ${EURO} ELSE U&'\\00e9' END FROM generate_series(1, 5) x`;
    for (const messages of [
      await client.ask(query(`${rows}; SELECT 1`)),
      await client.ask(parse('', rows), bind({}), describePortal(''), execute('', 2), execute(), sync),
    ]) {
      expect(rowsOf(messages)).to.deep.equal(['\xe9', '\xe9']);
      expect(errorOf(messages)).to.equal(`${EURO_LACKS} "LATIN1"`);
      expect(namesOf(messages).slice(-2)).to.equal('EZ');
    }
    const copied = await client.ask(query(`COPY (${rows}) TO STDOUT`));
    expect(copiedOf(copied)).to.equal('\xe9\n\xe9\n');
    expect(errorOf(copied)).to.equal(`${EURO_LACKS} "LATIN1"`);
  });

  it('fails a description, a notice and an error that it has no words for', async () => {
    await speaks('LATIN1');
    for (const text of [
      String.raw`SELECT 1 AS U&"\20ac"`,
      String.raw`DROP TABLE IF EXISTS U&"\20ac"`,
      `SELECT CAST(${EURO} AS integer)`,
    ]) {
      const messages = await client.ask(query(text));
      expect(namesOf(messages)).to.equal('EZ');
      expect(errorOf(messages)).to.equal(`${EURO_LACKS} "LATIN1"`);
    }
  });

  it('ends a connection that is notified of what it has no words for', async () => {
    await speaks('LATIN1');
    client.send(query(`LISTEN x; SELECT pg_notify('x', ${EURO})`));
    const messages = await client.until('');
    expect(errorOf(messages, 'S')).to.equal(`${EURO_LACKS} "LATIN1" | FATAL`);
  });

  it('may become another between two statements, and between the rows of one', async () => {
    await speaks('LATIN1');
    const simple = await client.ask(query("SELECT '\xe9'; SET client_encoding = 'UTF8'; SELECT chr(233)"));
    expect(rowsOf(simple)).to.deep.equal(['\xe9', '\xc3\xa9']);
    expect(namesOf(simple)).to.match(/SZ$/);
    const messages = await client.ask(
      parse('', 'SELECT chr(232 + x) FROM generate_series(1, 2) x'),
      bind({}),
      execute('', 1),
      parse('set', "SET client_encoding = 'LATIN1'"),
      bind({ portal: 'set', statement: 'set' }),
      execute('set'),
      execute(),
      sync,
    );
    expect(rowsOf(messages)).to.deep.equal(['\xc3\xa9', '\xea']);
  });

  it('goes back to what it was with the transaction', async () => {
    await speaks('LATIN1');
    await client.ask(query("BEGIN; SET client_encoding = 'UTF8'"));
    expect(rowsOf(await client.ask(query('SELECT chr(233)')))).to.deep.equal(['\xc3\xa9']);
    const ended = await client.ask(query('ROLLBACK'));
    expect(ended.find(({ type }) => type === 'S')?.body.toString('latin1')).to.equal('client_encoding\0LATIN1\0');
    expect(rowsOf(await client.ask(query('SELECT chr(233)')))).to.deep.equal(['\xe9']);
  });

  it('leaves bytes as they are where it is SQL_ASCII, which must be UTF-8', async () => {
    await speaks('SQL_ASCII');
    expect(rowsOf(await client.ask(query("SELECT '\xc3\xa9', chr(8364)")))).to.deep.equal(['\xc3\xa9|\xe2\x82\xac']);
    expect(errorOf(await client.ask(query("SELECT '\xe9'")))).to.equal(
      '22021 | invalid byte sequence for encoding "UTF8": 0xe9 0x27',
    );
  });
});
