/** The command line of `hotrow`: options as `postgres` has them, hotrow.conf below them, and what is refused. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseConfiguration, readOptions, type ServerOptions } from '../../bin/options.ts';

function options(words: string[], environment: Record<string, string> = {}): ServerOptions {
  const commandLine = readOptions(words, environment);
  if (commandLine.action !== 'serve') throw new Error(`action is ${commandLine.action}`);
  return commandLine.options;
}

describe('command line', () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'hotrow-'));
  });
  after(() => rmSync(directory, { recursive: true }));

  it('serves from memory on 127.0.0.1:5432 without passwords, told nothing', () => {
    expect(options([])).to.deep.include({
      dataDirectory: null,
      addresses: ['127.0.0.1'],
      port: 5432,
      socketDirectories: [],
      authMethod: 'trust',
      password: null,
    });
  });

  it('takes the short options of postgres, with and without a space', () => {
    const given = options(['-p', '6000', '-h::1', '-k', '/a, /b', '-N', '7', '-B16MB', '-F', '-D', directory]);
    expect(given).to.deep.include({ port: 6000, addresses: ['::1'], socketDirectories: ['/a', '/b'] });
    expect(given.dataDirectory).to.equal(directory);
    expect(Object.fromEntries(given.settings)).to.include({
      max_connections: '7',
      shared_buffers: '16MB',
      fsync: 'off',
      port: '6000',
      listen_addresses: '::1',
    });
  });

  it('takes settings in all three forms', () => {
    const { settings } = options(['-c', 'work_mem=1MB', '-cgeqo=off', '--statement-timeout=5s']);
    expect(Object.fromEntries(settings)).to.include({ work_mem: '1MB', geqo: 'off', statement_timeout: '5s' });
  });

  it('reads hotrow.conf, below the command line and above PGPORT', () => {
    writeFileSync(join(directory, 'hotrow.conf'), "port = 7000\nwork_mem 2MB # half\nhotrow.auth = 'scram-sha-256'\n");
    const fromFile = options(['-D', directory], { PGPORT: '8000' });
    expect(fromFile).to.include({ port: 7000, authMethod: 'scram-sha-256' });
    const overridden = options(['-D', directory, '-p', '9000', '--work-mem=3MB']);
    expect(overridden.port).to.equal(9000);
    expect(overridden.settings.get('work_mem')).to.equal('3MB');
    rmSync(join(directory, 'hotrow.conf'));
    expect(options(['-D', directory], { PGPORT: '8000' }).port).to.equal(8000);
  });

  it('understands the syntax of postgresql.conf', () => {
    const text = "# comment\n\n a = 'it''s \\'so\\'\\n'\nB.c=1GB#x\nd on\r\ne = 'a # b' # c\nf=-1.5e3";
    expect(parseConfiguration(text, 'x')).to.deep.equal([
      ['a', "it's 'so'\n"],
      ['b.c', '1GB'],
      ['d', 'on'],
      ['e', 'a # b'],
      ['f', '-1.5e3'],
    ]);
    for (const wrong of ['a = ', "a = 'x", '= 1', 'a = 1 2', '1a = 2']) {
      expect(() => parseConfiguration(`ok = 1\n${wrong}`, 'hotrow.conf')).to.throw(
        `syntax error in file "hotrow.conf" line 2: ${wrong.trim()}`,
      );
    }
    expect(() => parseConfiguration("include 'more.conf'", 'x')).to.throw('include is not supported');
  });

  it('does not listen for strangers without passwords, unless told so', () => {
    for (const address of ['0.0.0.0', '*', '::', '192.168.1.2', 'example.org', '127.0.0.1, 10.0.0.1']) {
      expect(() => options(['-h', address])).to.throw('refusing to listen on');
      expect(options(['-h', address, '--allow-trust-from-anywhere']).addresses).to.not.be.empty;
      expect(options(['-h', address, '-c', 'hotrow.auth=scram-sha-256']).addresses).to.not.be.empty;
    }
    for (const address of ['127.0.0.1', '127.1.2.3', '::1', 'localhost']) options(['-h', address]);
  });

  it('listens on sockets alone when there is no address, and somewhere at least', () => {
    expect(options(['-h', '', '-k', '/tmp']).addresses).to.deep.equal([]);
    expect(() => options(['-h', ''])).to.throw('nothing to listen on');
  });

  it('takes a password from a file or the environment', () => {
    const path = join(directory, 'password');
    writeFileSync(path, 'secret word\nmore\n');
    expect(options(['--password-file', path]).password).to.equal('secret word');
    expect(options([`--password-file=${path}`], { HOTROW_PASSWORD: 'other' }).password).to.equal('secret word');
    expect(options([], { HOTROW_PASSWORD: 'other' }).password).to.equal('other');
    writeFileSync(path, '');
    expect(() => options(['--password-file', path])).to.throw('is empty');
    expect(() => options(['--password-file', join(directory, 'none')])).to.throw('could not read');
  });

  for (const [words, message] of [
    [['-p'], 'option -p needs a value'],
    [['-p', 'http'], 'invalid port number: "http"'],
    [['-p', '65536'], 'invalid port number: "65536"'],
    [['--geqo'], '--geqo requires a value'],
    [['-c', 'geqo'], '-c geqo requires a value'],
    [['-c', 'hotrow.auth=ident'], 'invalid value for hotrow.auth: "ident"'],
    [['-x'], 'invalid argument: "-x"'],
    [['data'], 'invalid argument: "data"'],
  ] as const) {
    it(`refuses ${words.join(' ')}`, () => {
      expect(() => options([...words])).to.throw(message);
    });
  }

  it('knows --help and --version', () => {
    expect(readOptions(['--help'], {}).action).to.equal('help');
    expect(readOptions(['-p', '1', '-V'], {}).action).to.equal('version');
  });
});
