/** Text search dictionaries made of files: what they find, and that they are kept, over restarts and in forks, without their files. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DatabaseServer, openDatabaseServer } from '../../executor/index.ts';
import { DirectClient } from '../support/direct-client.ts';

/** What PostgreSQL 15 answers with these files is what is expected here. */
const FILES: Readonly<Record<string, string>> = {
  'colours.syn': 'grey gray\nScarlet red\n  crimson   red more words\nalone\ngr* colour\ncolo colour*\n',
  'few.stop': 'and \nOr\n\nthe rest of a line\n',
  'phrases.ths': [
    '# sample : substitute',
    'new york : *nyc',
    'new york city : *nyc city',
    'supernovae stars : sn',
    'big ? apple : york',
    'hot dog : \\*dog',
  ].join('\n'),
  'forms.affix': [
    'compoundwords controlled z',
    'prefixes',
    'flag *U:',
    '  . > UN',
    'suffixes',
    'flag *S:',
    '  [^SY] > S',
    '  Y > -Y,IES',
    'flag ~\\J:',
    '  [^S] > S # between the words of a compound',
  ].join('\n'),
  'forms.dict': 'book/USz\nsky/S\nfish/USzJ\nman/z\nfoot/z\n',
  'hun.affix': [
    'FLAG long',
    'COMPOUNDFLAG zz',
    'AF 3',
    'AF PlUn',
    'AF Plzz',
    'AF Un',
    'PFX Un Y 1',
    'PFX Un 0 un .',
    'SFX Pl Y 2',
    'SFX Pl 0 s [^sy]',
    'SFX Pl y ies y',
  ].join('\n'),
  'hun.dict': '4\nbook/1\nsky/2\nBoat/2\ntie/3\n',
};

const DEFINITIONS = `
  CREATE TEXT SEARCH DICTIONARY colours (TEMPLATE = synonym, SYNONYMS = colours);
  CREATE TEXT SEARCH DICTIONARY few (TEMPLATE = simple, STOPWORDS = few);
  CREATE TEXT SEARCH DICTIONARY phrases (TEMPLATE = thesaurus, DICTFILE = phrases, DICTIONARY = english_stem);
  CREATE TEXT SEARCH DICTIONARY forms (TEMPLATE = ispell, DICTFILE = forms, AFFFILE = forms, STOPWORDS = few);
  CREATE TEXT SEARCH DICTIONARY hun (TEMPLATE = ispell, DICTFILE = hun, AFFFILE = hun);
  CREATE TEXT SEARCH CONFIGURATION mine (COPY = english);
  ALTER TEXT SEARCH CONFIGURATION mine ALTER MAPPING FOR asciiword WITH colours, phrases, forms, english_stem`;

describe('Text search dictionaries of files', () => {
  let directory: string;
  let server: DatabaseServer;
  let client: DirectClient;

  async function open(): Promise<void> {
    server = await openDatabaseServer({
      dataDirectory: directory,
      settings: new Map([['data_directory', directory]]),
    });
    client = new DirectClient(server);
  }

  const one = async (sql: string): Promise<string> => (await client.rows(`SELECT ${sql}`))[0].join(' ');
  const lexized = async (dictionary: string, words: string): Promise<string> =>
    (
      await client.rows(
        `SELECT coalesce(ts_lexize('${dictionary}', word)::text, '-') FROM string_to_table('${words}', ' ') AS word`,
      )
    ).join(' ');

  function writeFiles(): void {
    mkdirSync(join(directory, 'tsearch_data'));
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(directory, 'tsearch_data', name), text);
  }

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'hotrow-text-search-'));
    writeFiles();
    await open();
    for (const statement of DEFINITIONS.split(';')) await client.rows(statement);
  });

  afterEach(async () => {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('find synonyms, and leave stop words out', async () => {
    assert.equal(await lexized('colours', 'Grey SCARLET crimson alone gr colo'), '{gray} {red} {red} - - {colour}');
    await client.rows('ALTER TEXT SEARCH DICTIONARY colours (casesensitive = true)');
    assert.equal(await lexized('colours', 'Grey grey Scarlet scarlet'), '- {gray} {red} -');
    assert.equal(await lexized('few', 'AND or the THESE'), '{} {} {} {these}');
    assert.equal(await one(`to_tsquery('mine', 'colo & grey')`), `'colour':* & 'gray'`);
  });

  it('find phrases, the longest that are there', async () => {
    assert.equal(
      await one(`to_tsvector('mine', 'New York cities, new york and big an apple: new supernovas stars')`),
      "'citi':2 'new':6 'nyc':1,3 'sn':7 'york':5",
    );
    assert.equal(await one(`to_tsvector('mine', 'hot dogs')`), "'*dog':1");
    assert.equal(await one(`plainto_tsquery('mine', 'new york city')`), "'nyc' & 'citi'");
    assert.equal(
      await one(`ts_headline('mine', 'living in New York today', to_tsquery('mine', '''new york'''))`),
      'living in <b>New</b><b> </b><b>York</b> today',
    );
  });

  it('find words by their forms and parts', async () => {
    assert.equal(
      await lexized('forms', 'books unbook skies fishman fishsman bookfoot the unbooks cats'),
      '{book} {book} {sky} {fish,man} {fish,man} {book,foot} - {book} -',
    );
    assert.equal(
      await lexized('hun', 'books unbooks skies boats ties unties skyboat'),
      '{book} {book} {sky} {boat} - {tie} {sky,boat}',
    );
    assert.equal(await one(`to_tsquery('mine', 'fishman')`), "'fish' & 'man'");
  });

  it('are kept without their files, over restarts and in forks', async () => {
    const document = "to_tsvector('mine', 'Scarlet skies of New York')";
    const expected = "'nyc':4 'red':1 'sky':2";
    await client.rows('CREATE TABLE page (body text)');
    await client.rows("INSERT INTO page SELECT 'crimson fishman ' || g FROM generate_series(1, 100) AS g");
    await client.rows("CREATE INDEX ON page USING gin (to_tsvector('mine', body))");
    rmSync(join(directory, 'tsearch_data'), { recursive: true });
    await server.close();
    await open();
    assert.equal(await one(document), expected);
    await client.rows("INSERT INTO page VALUES ('Scarlet books'), ('grey books')");
    await client.rows('SET enable_seqscan = off');
    const found =
      "count(*) FROM page WHERE to_tsvector('mine', body) @@ to_tsquery('mine', 'scarlet & (fish | books)')";
    assert.equal(await one(found), '101');
    client = new DirectClient(server, 'postgres@fork');
    assert.equal(await one(document), expected);
    assert.equal(await one(found), '101');
    await client.rows('ALTER TEXT SEARCH CONFIGURATION mine ALTER MAPPING FOR asciiword WITH simple');
    assert.equal(await one(found), '1');
    client = new DirectClient(server);
    assert.equal(await one(found), '101');
    await client.rows('CREATE DATABASE copy TEMPLATE postgres');
    client = new DirectClient(server, 'copy');
    assert.equal(await one(document), expected);
    assert.equal(await one(found), '101');
  });

  it('take a file that has changed when they are altered', async () => {
    writeFileSync(join(directory, 'tsearch_data', 'few.stop'), 'these\n');
    assert.equal(await lexized('few', 'and these'), '{} {these}');
    await client.rows('ALTER TEXT SEARCH DICTIONARY few (dummy)');
    assert.equal(await lexized('few', 'and these'), '{and} {}');
    rmSync(join(directory, 'tsearch_data', 'few.stop'));
    const { error } = await client.query('ALTER TEXT SEARCH DICTIONARY few (accept = false)');
    assert.equal(error?.code, 'F0000');
    assert.match(error?.message ?? '', /^could not open stop-word file ".*few.stop": No such file or directory$/);
    assert.equal(await lexized('few', 'and these'), '{and} {}');
  });
});
