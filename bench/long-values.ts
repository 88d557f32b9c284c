/**
 * What others feel while a long value comes in, goes out, and is updated beside: the longest turn of the event loop.
 *
 *     node --import tsx bench/long-values.ts [megabytes]          500 by default; 1023 is the most that a bytea can have
 *
 * The server is this process, so that its event loop can be measured; the client is another one and speaks the protocol by hand:
 * drivers would make strings of the values, and use more memory than the server.
 */
import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import process, { argv } from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { openDatabaseServer } from '../executor/index.ts';
import { WireServer } from '../wire/index.ts';

export interface LongValuesResult {
  readonly step: string;
  readonly seconds: number;
  /** Longest time between two turns of the event loop: what the process computed in it, so that other processes do not count. */
  readonly blockMs: number;
  /** Bytes that came back, length of the last row: nothing was lost on the way. */
  readonly bytes: number;
}

const PIECE = 1024 * 1024;

function message(type: string, ...parts: (string | Buffer)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(`${part}\0`) : part)));
  const head = Buffer.alloc(5);
  head.write(type, 0, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function int16(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, i) => {
    bytes.writeInt16BE(value, i * 2);
  });
  return bytes;
}

/** The client's side: one statement at a time, its result counted. */
class RawClient {
  readonly #socket: Socket;
  #head = Buffer.alloc(0);
  #bodyLeft = 0;
  #type = 0;
  #error = '';
  #body: Buffer[] = [];
  #bytes = 0;
  #done: ((bytes: number) => void) | null = null;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.on('data', (chunk: Buffer) => this.#take(chunk));
    const startup = Buffer.concat([Buffer.from([0, 3, 0, 0]), Buffer.from('user\0postgres\0\0')]);
    const head = Buffer.alloc(4);
    head.writeInt32BE(startup.length + 4);
    this.#socket.write(Buffer.concat([head, startup]));
  }

  async run(sql: string, parameter: Buffer | null, size: number, isBinary: boolean): Promise<number> {
    const result = new Promise<number>((resolve) => {
      this.#done = resolve;
    });
    this.#bytes = 0;
    const socket = this.#socket;
    const send = async (bytes: Buffer): Promise<void> => {
      if (!socket.write(bytes)) await once(socket, 'drain');
    };
    await send(message('P', '', sql, int16(0)));
    const format = isBinary ? 1 : 0;
    if (parameter === null) await send(message('B', '', '', int16(0, 0, 1, format)));
    else {
      const before = Buffer.concat([Buffer.from([0, 0]), int16(1, format, 1)]);
      const after = int16(1, 1);
      const head = Buffer.alloc(5);
      head.write('B', 0, 'latin1');
      head.writeInt32BE(4 + before.length + 4 + size + after.length, 1);
      const length = Buffer.alloc(4);
      length.writeInt32BE(size);
      await send(Buffer.concat([head, before, length]));
      for (let sent = 0; sent < size; sent += PIECE) await send(parameter.subarray(0, Math.min(PIECE, size - sent)));
      await send(after);
    }
    await send(Buffer.concat([message('E', '', Buffer.alloc(4)), message('S')]));
    const bytes = await result;
    if (this.#error !== '') throw new Error(this.#error);
    return bytes;
  }

  ready(): Promise<number> {
    return new Promise((resolve) => {
      this.#done = resolve;
    });
  }

  end(): void {
    this.#socket.end(message('X'));
  }

  #take(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#bodyLeft === 0 && this.#head.length < 5) {
        const part = chunk.subarray(at, at + 5 - this.#head.length);
        this.#head = Buffer.concat([this.#head, part]);
        at += part.length;
        if (this.#head.length < 5) return;
        this.#type = this.#head[0];
        this.#bodyLeft = this.#head.readInt32BE(1) - 4;
        this.#body = [];
      }
      const part = chunk.subarray(at, at + this.#bodyLeft);
      if (this.#type === 68 || this.#type === 100) this.#bytes += part.length;
      else this.#body.push(Buffer.from(part));
      at += part.length;
      this.#bodyLeft -= part.length;
      if (this.#bodyLeft > 0) return;
      this.#head = Buffer.alloc(0);
      if (this.#type === 69) this.#error = Buffer.concat(this.#body).toString('utf8').replaceAll('\0', ' ');
      if (this.#type === 90) this.#done?.(this.#bytes);
    }
  }
}

async function clientMain(port: number, size: number): Promise<void> {
  const client = new RawClient(port);
  await client.ready();
  const noise = Buffer.alloc(PIECE);
  for (let i = 0; i < PIECE; i++) noise[i] = Math.imul(i ^ 0x5bd1e995, 2654435761) >>> 13;
  const words = Buffer.alloc(PIECE, 'What stands in a long text compresses to less than half of it, as words do. ');
  for (let i = 0; i < PIECE; i += 7) words[i] = 97 + (Math.imul(i, 2654435761) >>> 28);
  const step = async (name: string, sql: string, parameter: Buffer | null = null, isBinary = true): Promise<void> => {
    const begin = performance.now();
    try {
      const bytes = await client.run(sql, parameter, size, isBinary);
      console.log(JSON.stringify({ step: name, seconds: (performance.now() - begin) / 1000, bytes }));
    } catch (error) {
      console.log(JSON.stringify({ step: `${name}: ${(error as Error).message}`, seconds: 0, bytes: 0 }));
    }
  };
  await step('', 'CREATE TABLE t (id int PRIMARY KEY, k int, b bytea, t text)');
  await step('', 'CREATE INDEX ON t (k)');
  await step('bytea in, as a parameter', 'INSERT INTO t VALUES (1, 0, $1, NULL)', noise);
  await step('bytea out, binary', 'SELECT b FROM t WHERE id = 1');
  await step('an indexed column beside it updated', 'UPDATE t SET k = 1 WHERE id = 1');
  await step('its length', 'SELECT octet_length(b) FROM t WHERE id = 1');
  await step('a part of it', `SELECT substr(b, ${size >>> 1}, 1000) FROM t WHERE id = 1`);
  await step('text in, as a parameter', 'INSERT INTO t VALUES (2, 0, NULL, $1)', words, false);
  await step('text out', 'SELECT t FROM t WHERE id = 2', null, false);
  await step('text out by COPY', 'COPY (SELECT t FROM t WHERE id = 2) TO STDOUT', null, false);
  await step('its characters counted', 'SELECT length(t) FROM t WHERE id = 2');
  await step('a part of it', `SELECT substr(t, ${size >>> 1}, 1000) FROM t WHERE id = 2`);
  await step('both copied to another row', 'INSERT INTO t SELECT id + 10, k, b, t FROM t');
  await step('deleted', 'DELETE FROM t');
  client.end();
}

/** `size` bytes each, a bytea and a text. */
async function run(size: number): Promise<LongValuesResult[]> {
  const database = await openDatabaseServer({ dataDirectory: null, settings: new Map([['shared_buffers', '64MB']]) });
  const logFailure = (where: string, error: unknown): void => console.error(where, error);
  const server = new WireServer({ factory: database, hosts: ['127.0.0.1'], port: 0, authMethod: 'trust', logFailure });
  await server.listen();
  const results: LongValuesResult[] = [];
  let blockMs = 0;
  let turn = performance.now();
  let used = process.cpuUsage();
  let isRunning = true;
  const tick = (): void => {
    const now = performance.now();
    const { user, system } = process.cpuUsage(used);
    blockMs = Math.max(blockMs, Math.min(now - turn, (user + system) / 1000));
    turn = now;
    used = process.cpuUsage();
    if (isRunning) setTimeout(tick, 0);
  };
  tick();
  const args = ['--import', 'tsx', fileURLToPath(import.meta.url), String(size), 'client', String(server.port)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) {
    const result = JSON.parse(line) as Omit<LongValuesResult, 'blockMs'>;
    if (result.step !== '') results.push({ ...result, blockMs });
    blockMs = 0;
  }
  isRunning = false;
  await server.stop();
  await database.close();
  return results;
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  if (argv[3] === 'client') await clientMain(Number(argv[4]), Number(argv[2]));
  else {
    const megabytes = Number(argv[2] ?? 500);
    console.log(`a bytea and a text of ${megabytes} MB, a pool of 64 MB`);
    for (const { step, seconds, blockMs, bytes } of await run(megabytes * 1024 * 1024)) {
      const figures = [seconds.toFixed(2).padStart(8), blockMs.toFixed(1).padStart(8), String(bytes).padStart(12)];
      console.log(`${step.padEnd(48)} ${figures[0]} s   longest turn ${figures[1]} ms   ${figures[2]} bytes`);
    }
  }
}
