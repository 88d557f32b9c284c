/** Settings behave as PostgreSQL's: values, units, errors, and what transactions do to them. */
import { expect } from 'chai';
import { ServerSettings, Settings } from '../../catalog/settings.ts';
import { SqlError } from '../../types/errors.ts';

function fresh(): Settings {
  return new Settings(new ServerSettings());
}

/** Sets and shows, or the error as `code message`. */
function attempt(settings: Settings, name: string, text: string): string {
  try {
    settings.set(name, text);
    return settings.show(name);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    const { detail, hint } = error.fields;
    return [`${error.code} ${error.message}`, detail, hint].filter((part) => part !== undefined).join(' | ');
  }
}

describe('settings: values', () => {
  const cases: readonly (readonly [name: string, text: string, shown: string])[] = [
    ['work_mem', '1.5MB', '1536kB'],
    ['work_mem', '  300 kB ', '300kB'],
    ['work_mem', '1e3', '1000kB'],
    ['work_mem', '0x100', '256kB'],
    ['work_mem', '2GB', '2GB'],
    ['work_mem', 'abc', '22023 invalid value for parameter "work_mem": "abc"'],
    ['work_mem', '1', '22023 1 kB is outside the valid range for parameter "work_mem" (64 .. 2147483647)'],
    ['work_mem', '-5MB', '22023 -5120 kB is outside the valid range for parameter "work_mem" (64 .. 2147483647)'],
    ['work_mem', '99999GB', '22023 invalid value for parameter "work_mem": "99999GB" | Value exceeds integer range.'],
    [
      'work_mem',
      '10XB',
      '22023 invalid value for parameter "work_mem": "10XB" | Valid units for this parameter are "B", "kB", "MB", "GB", and "TB".',
    ],
    ['statement_timeout', '5min', '5min'],
    ['statement_timeout', '90s', '90s'],
    ['statement_timeout', '1.5s', '1500ms'],
    ['statement_timeout', '1.5ms', '2ms'],
    ['statement_timeout', '1d', '1d'],
    ['statement_timeout', '0', '0'],
    ['statement_timeout', 'x', '22023 invalid value for parameter "statement_timeout": "x"'],
    [
      'statement_timeout',
      '-1',
      '22023 -1 ms is outside the valid range for parameter "statement_timeout" (0 .. 2147483647)',
    ],
    ['seq_page_cost', '1.50', '1.5'],
    ['seq_page_cost', '-1', '22023 -1 is outside the valid range for parameter "seq_page_cost" (0 .. 1.79769e+308)'],
    ['vacuum_cost_delay', '1500us', '1500us'],
    [
      'vacuum_cost_delay',
      '5foo',
      '22023 invalid value for parameter "vacuum_cost_delay": "5foo" | Valid units for this parameter are "us", "ms", "s", "min", "h", and "d".',
    ],
    ['enable_seqscan', 'of', 'off'],
    ['enable_seqscan', 'YES', 'on'],
    ['enable_seqscan', 'o', '22023 parameter "enable_seqscan" requires a Boolean value'],
    ['bytea_output', 'x', '22023 invalid value for parameter "bytea_output": "x" | Available values: escape, hex.'],
    ['synchronous_commit', 'yes', 'on'],
    ['intervalstyle', 'SQL_standard', 'sql_standard'],
    ['client_encoding', 'utf-8', 'UTF8'],
    ['client_encoding', 'unicode', 'UTF8'],
    ['client_encoding', 'UNICODE', 'UNICODE'],
    ['client_encoding', 'iso-8859-1', 'LATIN1'],
    ['client_encoding', 'Windows 932', 'SJIS'],
    ['client_encoding', 'latin9x', '22023 invalid value for parameter "client_encoding": "latin9x"'],
    [
      'client_encoding',
      'mule_internal',
      '0A000 invalid value for parameter "client_encoding": "mule_internal" | Conversion between MULE_INTERNAL and UTF8 is not supported.',
    ],
    ['timezone', 'europe/berlin', 'Europe/Berlin'],
    ['timezone', 'utc', 'UTC'],
    ['timezone', 'EST5EDT', 'EST5EDT'],
    ['timezone', '2', '<+02>-02'],
    ['timezone', '-7', '<-07>+07'],
    ['timezone', '1.5', '<+01:30>-01:30'],
    ['timezone', '<+05>-05', '<+05>-05'],
    ['timezone', '+03:30', '+03:30'],
    ['timezone', 'foo/bar', '22023 invalid value for parameter "TimeZone": "foo/bar"'],
    ['timezone', '', '22023 invalid value for parameter "TimeZone": ""'],
    [
      'timezone',
      '10000',
      '22023 invalid value for parameter "TimeZone": "10000" | UTC timezone offset is out of range.',
    ],
    ['datestyle', 'german', 'German, DMY'],
    ['datestyle', 'sql, dmy', 'SQL, DMY'],
    ['datestyle', 'foo', '22023 invalid value for parameter "DateStyle": "foo" | Unrecognized key word: "foo".'],
    [
      'datestyle',
      'iso,sql',
      '22023 invalid value for parameter "DateStyle": "iso,sql" | Conflicting "datestyle" specifications.',
    ],
    ['application_name', 'é€x', '?????x'],
    ['search_path', '"Foo", bar', '"Foo", bar'],
    ['max_connections', '5', '55P02 parameter "max_connections" cannot be changed without restarting the server'],
    ['server_version', '3', '55P02 parameter "server_version" cannot be changed'],
    ['autovacuum', 'off', '55P02 parameter "autovacuum" cannot be changed now'],
    ['nosuch', '5', '42704 unrecognized configuration parameter "nosuch"'],
    ['a.b', '5', '5'],
    [
      'a.1',
      '5',
      '42602 invalid configuration parameter name "a.1" | Custom parameter names must be two or more simple identifiers separated by dots.',
    ],
  ];
  for (const [name, text, shown] of cases) {
    it(`SET ${name} = '${text}' gives ${shown}`, () => {
      expect(attempt(fresh(), name, text)).to.equal(shown);
    });
  }

  it('DateStyle keeps the part that is not said', () => {
    const settings = fresh();
    settings.set('datestyle', 'german');
    settings.set('datestyle', 'iso');
    expect(settings.show('DateStyle')).to.equal('ISO, DMY');
  });

  it('hotrow has its own defaults, and a version that clients read as 15', () => {
    const settings = fresh();
    expect(settings.show('shared_buffers')).to.equal('512MB');
    expect(settings.show('work_mem')).to.equal('64MB');
    expect(settings.show('server_version')).to.match(/^15\.18 /);
    expect(settings.show('server_version_num')).to.equal('150018');
    expect(settings.show('data_directory_mode')).to.equal('0700');
    expect(settings.show('segment_size')).to.equal('1GB');
  });

  it('lists are joined, and names among them quoted where needed', () => {
    const settings = fresh();
    settings.setValues('search_path', [
      { kind: 'string', value: 'foo' },
      { kind: 'word', value: 'Baz' },
      { kind: 'string', value: '' },
    ]);
    expect(settings.show('search_path')).to.equal('foo, "Baz", ""');
    expect(settings.names('search_path')).to.deep.equal(['foo', 'Baz', '']);
    expect(() =>
      settings.setValues('work_mem', [
        { kind: 'integer', value: '1' },
        { kind: 'integer', value: '2' },
      ]),
    ).to.throw('SET work_mem takes only one argument');
  });

  it('superuser settings are refused to others', () => {
    expect(() => fresh().set('log_statement', 'all', { isSuperuser: false })).to.throw(
      'permission denied to set parameter "log_statement"',
    );
  });
});

describe('settings: transactions', () => {
  it('ROLLBACK undoes SET, COMMIT keeps it', () => {
    const settings = fresh();
    settings.set('work_mem', '5MB');
    settings.rollback();
    expect(settings.show('work_mem')).to.equal('64MB');
    settings.set('work_mem', '5MB');
    settings.commit();
    settings.rollback();
    expect(settings.show('work_mem')).to.equal('5MB');
  });

  it('SET LOCAL lasts until the end of the transaction, and a later SET overrides it', () => {
    const settings = fresh();
    settings.set('work_mem', '7MB');
    settings.set('work_mem', '8MB', { isLocal: true });
    expect(settings.show('work_mem')).to.equal('8MB');
    settings.commit();
    expect(settings.show('work_mem')).to.equal('7MB');
    settings.set('work_mem', '5MB', { isLocal: true });
    settings.set('work_mem', '6MB');
    settings.commit();
    expect(settings.show('work_mem')).to.equal('6MB');
  });

  it('ROLLBACK TO goes back to the savepoint', () => {
    const settings = fresh();
    settings.set('work_mem', '5MB');
    const mark = settings.mark();
    settings.set('work_mem', '6MB', { isLocal: true });
    settings.set('timezone', 'Asia/Tokyo');
    settings.rollbackTo(mark);
    expect(settings.show('work_mem')).to.equal('5MB');
    expect(settings.format.timeZone).to.equal('UTC');
  });

  it('RESET goes back to what the session began with', () => {
    const settings = fresh();
    settings.setInitial('application_name', 'psql', 'client');
    settings.set('application_name', 'x');
    settings.reset('application_name');
    expect(settings.show('application_name')).to.equal('psql');
    settings.set('work_mem', '5MB');
    settings.resetAll();
    expect(settings.show('work_mem')).to.equal('64MB');
  });

  it('tells of changes of reported settings once', () => {
    const settings = fresh();
    expect([...settings.reported()].map(([name]) => name)).to.include.members(['TimeZone', 'server_version']);
    settings.set('timezone', 'Asia/Tokyo');
    settings.set('work_mem', '5MB');
    expect(settings.takeReports()).to.deep.equal([['TimeZone', 'Asia/Tokyo']]);
    settings.rollback();
    expect(settings.takeReports()).to.deep.equal([['TimeZone', 'UTC']]);
    expect(settings.takeReports()).to.deep.equal([]);
  });

  it('calls the hooks: check before, changed after, show instead', () => {
    const changed: string[] = [];
    const settings = new Settings(new ServerSettings(), {
      show: (name) => (name === 'transaction_isolation' ? 'serializable' : undefined),
      check: (name, value) => {
        if (name === 'transaction_read_only') throw new Error('no');
        return value;
      },
      changed: (name) => changed.push(name),
    });
    expect(settings.show('transaction_isolation')).to.equal('serializable');
    expect(() => settings.set('transaction_read_only', 'on')).to.throw('no');
    settings.set('lock_timeout', '5s');
    settings.rollback();
    expect(changed).to.deep.equal(['lock_timeout', 'lock_timeout']);
  });
});

describe('settings: sessions of one server', () => {
  it('hear nothing of what others set, and begin with what the server has then', () => {
    const server = new ServerSettings();
    const [one, other] = [new Settings(server), new Settings(server)];
    for (const settings of [one, other]) expect(settings.show('work_mem')).to.equal('64MB');
    one.set('work_mem', '5MB');
    one.setInitial('DateStyle', 'German', 'client');
    expect([one, other].map((settings) => settings.show('work_mem'))).to.deep.equal(['5MB', '64MB']);
    expect([one, other].map((settings) => settings.show('datestyle'))).to.deep.equal(['German, DMY', 'ISO, MDY']);
    server.set('work_mem', '7MB');
    const third = new Settings(server);
    expect([one, other, third].map((settings) => settings.show('Work_Mem'))).to.deep.equal(['5MB', '64MB', '7MB']);
    one.resetAll();
    expect(one.show('work_mem')).to.equal('64MB');
    one.set('my.own', 'x');
    expect([one, other].map((settings) => settings.showOrNull('my.own'))).to.deep.equal(['x', null]);
    // What nobody defined is not listed.
    expect(one.rows().length).to.equal(other.rows().length);
  });
});

describe('settings: all of them', () => {
  it('has every setting of PostgreSQL 15, sorted, without the hidden ones', () => {
    const all = fresh().showAll();
    const names = all.map(({ name }) => name.toLowerCase());
    expect(names).to.deep.equal([...names].sort());
    expect(all.length).to.be.greaterThan(350);
    expect(names).not.to.include('role');
  });

  it('every default is valid, and is shown the same after it was set', () => {
    const server = new ServerSettings();
    const settings = new Settings(server);
    for (const { name, setting } of settings.showAll()) {
      if (name === 'archive_command') continue;
      server.set(name, setting);
      expect(server.show(name), name).to.equal(setting);
    }
  });
});
