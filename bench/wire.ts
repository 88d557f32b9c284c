/**
 * How fast is the wire with no SQL behind it? A session that answers every statement with the same row, driven by pgbench
 * (simple and prepared, 1 and 8 clients), beside a bare socket server that answers fixed bytes: the ceiling.
 *
 *     node --import tsx bench/wire.ts [seconds]        WIRE_ONLY=serve: only listens, for a profile of its own
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DONE,
  type ProtocolSession,
  type ResultSink,
  type SessionFactory,
  type SessionHolder,
  type SessionIdentity,
  type Step,
} from '../executor/session-api.ts';
import { WireServer } from '../wire/index.ts';

const FIELDS = [{ name: 'abalance', tableOid: 16384, columnNumber: 3, typeOid: 23, typeLength: 4, typeModifier: -1 }];
const FORMATS: number[] = [];
const ROW = Buffer.from([0x44, 0, 0, 0, 11, 0, 1, 0, 0, 0, 1, 0x30]);

/** Answers the same row to whatever is asked. */
class FixedSession implements ProtocolSession {
  readonly transactionStatus = 'I';
  readonly copyInActive = false;
  private readonly sink: ResultSink;

  constructor(holder: SessionHolder) {
    this.sink = holder.sink;
  }

  reportedSettings(): Iterable<readonly [string, string]> {
    return [
      ['server_version', '15.0'],
      ['client_encoding', 'UTF8'],
      ['standard_conforming_strings', 'on'],
    ];
  }

  simpleQuery(): Step {
    this.sink.rowDescription(FIELDS, FORMATS);
    return this.execute();
  }

  functionCall(): Step {
    this.sink.functionCallResponse(null);
    return DONE;
  }

  parse(): Step {
    this.sink.parseComplete();
    return DONE;
  }

  bind(): Step {
    this.sink.bindComplete();
    return DONE;
  }

  describeStatement(): Step {
    this.sink.parameterDescription([23]);
    this.sink.rowDescription(FIELDS, FORMATS);
    return DONE;
  }

  describePortal(): Step {
    this.sink.rowDescription(FIELDS, FORMATS);
    return DONE;
  }

  execute(): Step {
    this.sink.out.writeBytes(ROW);
    this.sink.commandComplete('SELECT 1');
    return DONE;
  }

  closeStatement(): Step {
    this.sink.closeComplete();
    return DONE;
  }

  closePortal(): Step {
    this.sink.closeComplete();
    return DONE;
  }

  sync(): Step {
    return DONE;
  }

  copyData(): Step {
    return DONE;
  }

  copyDone(): Step {
    return DONE;
  }

  copyFail(): Step {
    return DONE;
  }

  resume(): Step {
    return DONE;
  }

  cancel(): void {}
  close(): void {}
}

class FixedDatabase implements SessionFactory {
  openSession(_identity: SessionIdentity, holder: SessionHolder): ProtocolSession {
    return new FixedSession(holder);
  }

  passwordVerifier(): string | null {
    return null;
  }

  serverSetting(): string {
    return '100';
  }
}

async function startFixedServer(port = 0): Promise<WireServer> {
  const server = new WireServer({
    factory: new FixedDatabase(),
    hosts: ['127.0.0.1'],
    port,
    authMethod: 'trust',
    logFailure: (where, error) => console.error(where, error),
  });
  await server.listen();
  return server;
}

function pgbench(port: number, mode: string, clients: number, seconds: number): Promise<number> {
  const script = join(mkdtempSync(join(tmpdir(), 'bench-')), 'select.sql');
  writeFileSync(script, '\\set aid 1\nSELECT abalance FROM pgbench_accounts WHERE aid = :aid;\n');
  const words = ['-h', '127.0.0.1', '-p', String(port), '-U', 'u', '-n', '-f', script, '-M', mode];
  const child = spawn('pgbench', [...words, '-c', String(clients), '-T', String(seconds), 'db']);
  let output = '';
  child.stdout.on('data', (bytes) => {
    output += bytes;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => resolve(Number(/tps = ([\d.]+)/.exec(output)?.[1] ?? Number.NaN)));
  });
}

/** `size`: seconds for each figure. */
async function run(size: number): Promise<Record<string, number>> {
  const server = await startFixedServer();
  const figures: Record<string, number> = {};
  for (const mode of ['simple', 'prepared']) {
    for (const clients of [1, 8]) {
      figures[`${mode} ${clients}`] = Math.round(await pgbench(server.port, mode, clients, size));
    }
  }
  await server.stop();
  return figures;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  if (process.env['WIRE_ONLY'] === 'serve') {
    await startFixedServer(Number(process.argv[2] ?? 5433));
    process.on('SIGTERM', () => process.exit(0));
  } else {
    console.log(await run(Number(process.argv[2] ?? 3)));
  }
}
