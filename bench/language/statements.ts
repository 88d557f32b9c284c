/** The statements of `bench/language.ts`, by area. Each reads all of a table and answers few rows, so that neither server waits for the client. */

export interface BenchStatement {
  readonly name: string;
  readonly query: string;
}

export interface BenchArea {
  readonly name: string;
  /** PostgreSQL's time by hotrow's must be at least this: 0.5 where hotrow may take twice as long. */
  readonly goal: number;
  readonly statements: readonly BenchStatement[];
}

/** Tables of `rows` rows: `t` has numbers, decimals, times and texts, `j` documents, `h` pairs (a fifth), `edges` a graph, `tree` a tree. */
export function tables(rows: number): readonly string[] {
  return [
    `CREATE TABLE t AS SELECT g AS id, k % 10 AS g10, k % 1000 AS g1k, k % 100000 AS g100k, k, k::float8 / 7 AS f,
      (k / 100.0)::numeric(12, 2) AS n, ((g % 9973) / 100.0)::numeric(12, 2) AS m,
      timestamp '2020-01-01' + k * interval '97 seconds' AS ts,
      '10.' || k % 251 || '.' || g % 97 || '.' || k % 13 || ' - user' || k % 1000 || ' [' || (timestamp '2020-01-01' + g * interval '1 second')
        || '] "' || (ARRAY['GET', 'POST', 'PUT', 'DELETE'])[1 + k % 4] || ' /items/' || k || '/' || md5((k % 5000)::text)
        || '?page=' || g % 50 || ' HTTP/1.1" ' || (ARRAY[200, 200, 200, 404, 500])[1 + k % 5] || ' ' || k % 30000 AS line,
      ARRAY[k % 7, k % 11, k % 13, g % 5] AS a
      FROM (SELECT g, (g::bigint * 7919 % 1000003)::int AS k FROM generate_series(1, ${rows}) AS g) AS x`,
    `CREATE TABLE j AS SELECT g AS id, jsonb_build_object('id', g, 'user', 'user' || k % 1000, 'active', k % 3 = 0, 'score', (k / 100.0)::numeric(12, 2),
      'tags', jsonb_build_array('t' || k % 7, 't' || k % 11, 't' || k % 13), 'address',
      jsonb_build_object('city', 'city' || k % 100, 'zip', k % 99999, 'geo', jsonb_build_object('lat', k % 90, 'lon', k % 180)),
      'note', md5(k::text)) || CASE WHEN k % 2 = 0 THEN jsonb_build_object('even', k, 'half', k / 2) ELSE '{}' END AS d
      FROM (SELECT g, (g::bigint * 7919 % 1000003)::int AS k FROM generate_series(1, ${rows}) AS g) AS x`,
    `CREATE TABLE edges AS SELECT g % 20000 AS a, ((g::bigint * 7919 + g / 20000 * 104729) % 20011 % 20000)::int AS b FROM generate_series(1, 60000) AS g`,
    `CREATE TABLE tree AS SELECT g AS id, CASE WHEN g > 1 THEN g / 3 + 1 - (g % 3 = 0)::int END AS parent, 'n' || g AS name
      FROM generate_series(1, ${Math.max(1000, rows / 5)}) AS g`,
    'CREATE INDEX ON tree (parent)',
    'CREATE EXTENSION hstore',
    'CREATE EXTENSION citext',
    `CREATE TABLE h AS SELECT id, hstore(ARRAY['color', 'size', 'weight', 'k' || k % 100, 'note'],
      ARRAY['c' || k % 7, (k % 50)::text, (k % 1000)::text, 'v' || k, 'a "quoted" text']) AS h, ('User' || k || '@Example.com')::citext AS mail
      FROM t WHERE id <= ${rows / 5}`,
    'CREATE TABLE posts AS SELECT id, k % 200000 AS author, k, ts FROM t',
    'CREATE INDEX ON posts (ts)',
    'CREATE INDEX ON posts (k)',
    'CREATE TABLE authors AS SELECT id, name FROM tree',
    'CREATE UNIQUE INDEX ON authors (id)',
    'CREATE INDEX ON edges (a)',
    'VACUUM ANALYZE t',
    'VACUUM ANALYZE j',
    'VACUUM ANALYZE h',
    'VACUUM ANALYZE edges',
    'VACUUM ANALYZE tree',
    'VACUUM ANALYZE posts',
    'VACUUM ANALYZE authors',
  ];
}

/** A window function's values, added up over the whole table. */
const windowed = (expression: string, rest = ''): string =>
  `SELECT count(w), sum(w)::numeric(30, 4) FROM (SELECT ${expression} AS w FROM t ${rest}) AS x`;

const counted = (condition: string): string => `SELECT count(*) FROM t WHERE ${condition}`;
const lengths = (expression: string): string =>
  `SELECT count(w), sum(length(w)) FROM (SELECT ${expression} AS w FROM t) AS x`;
const documents = (condition: string): string => `SELECT count(*) FROM j WHERE ${condition}`;
const documentLengths = (expression: string): string =>
  `SELECT count(w), sum(length(w::text)) FROM (SELECT ${expression} AS w FROM j) AS x`;

function statements(...all: readonly (readonly [name: string, query: string])[]): readonly BenchStatement[] {
  return all.map(([name, query]) => ({ name, query }));
}

const WINDOWS = statements(
  ['row_number by 1 K groups', windowed('row_number() OVER (PARTITION BY g1k ORDER BY id)')],
  ['row_number, one partition', windowed('row_number() OVER (ORDER BY k)')],
  [
    'rank and dense_rank',
    windowed('rank() OVER w + dense_rank() OVER w', 'WINDOW w AS (PARTITION BY g10 ORDER BY g1k)'),
  ],
  ['lag and lead', windowed('lag(k) OVER w + lead(k, 2, 0) OVER w', 'WINDOW w AS (PARTITION BY g1k ORDER BY id)')],
  ['sum over, to the current row', windowed('sum(k) OVER (PARTITION BY g100k ORDER BY id)')],
  ['sum over the partition', windowed('sum(k) OVER (PARTITION BY g1k)')],
  ['sum of numeric over', windowed('sum(n) OVER (PARTITION BY g1k ORDER BY id)')],
  ['moving ROWS', windowed('avg(k) OVER (PARTITION BY g10 ORDER BY id ROWS BETWEEN 5 PRECEDING AND 5 FOLLOWING)')],
  ['moving RANGE', windowed('sum(k) OVER (PARTITION BY g10 ORDER BY k RANGE BETWEEN 100 PRECEDING AND CURRENT ROW)')],
  [
    'moving RANGE of timestamps',
    windowed("count(*) OVER (ORDER BY ts RANGE BETWEEN '1 hour' PRECEDING AND CURRENT ROW)"),
  ],
  ['moving GROUPS', windowed('sum(k) OVER (PARTITION BY g10 ORDER BY g1k GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW)')],
  ['moving max', windowed('max(k) OVER (PARTITION BY g10 ORDER BY id ROWS BETWEEN 20 PRECEDING AND CURRENT ROW)')],
  [
    'first_value, last_value, nth_value',
    windowed(
      'first_value(k) OVER w + last_value(k) OVER w + coalesce(nth_value(k, 3) OVER w, 0)',
      'WINDOW w AS (PARTITION BY g1k ORDER BY id)',
    ),
  ],
  [
    'ntile and percent_rank',
    windowed(
      'ntile(100) OVER w + percent_rank() OVER w + cume_dist() OVER w',
      'WINDOW w AS (PARTITION BY g10 ORDER BY id)',
    ),
  ],
  [
    'three windows',
    windowed(
      'row_number() OVER (PARTITION BY g10 ORDER BY id) + rank() OVER (PARTITION BY g1k ORDER BY k) + sum(k) OVER (ORDER BY id)',
    ),
  ],
  ['by a text', windowed('row_number() OVER (PARTITION BY substr(line, 1, 6) ORDER BY line)')],
  [
    'the latest of each group',
    'SELECT count(*), sum(k) FROM (SELECT k, row_number() OVER (PARTITION BY g100k ORDER BY ts DESC) AS r FROM t) AS x WHERE r = 1',
  ],
  [
    'running sum over groups',
    'SELECT count(*), sum(c) FROM (SELECT g100k, sum(sum(k)) OVER (ORDER BY g100k) AS c FROM t GROUP BY g100k) AS x',
  ],
);

const RECURSION = statements(
  [
    'counting',
    'WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 1000000) SELECT count(*), sum(i::int8) FROM c',
  ],
  [
    'counting, UNION',
    'WITH RECURSIVE c(i) AS (SELECT 1 UNION SELECT i + 1 FROM c WHERE i < 1000000) SELECT count(*), sum(i::int8) FROM c',
  ],
  [
    'fibonacci in numeric',
    'WITH RECURSIVE f(i, a, b) AS (SELECT 1, 0::numeric, 1::numeric UNION ALL SELECT i + 1, b, a + b FROM f WHERE i < 5000) SELECT max(i), sum(length(a::text)) FROM f',
  ],
  [
    'a tree from its root',
    'WITH RECURSIVE r AS (SELECT id, 0 AS depth FROM tree WHERE parent IS NULL UNION ALL SELECT tree.id, depth + 1 FROM r JOIN tree ON tree.parent = r.id) SELECT count(*), max(depth), sum(id::int8) FROM r',
  ],
  [
    'a tree with its paths',
    "WITH RECURSIVE r AS (SELECT id, name::text AS path FROM tree WHERE parent IS NULL UNION ALL SELECT tree.id, path || '/' || name FROM r JOIN tree ON tree.parent = r.id) SELECT count(*), sum(length(path)) FROM r",
  ],
  [
    'what is reached in a graph, UNION',
    'WITH RECURSIVE r(n) AS (SELECT 1 UNION SELECT b FROM r JOIN edges ON a = n) SELECT count(*), sum(n) FROM r',
  ],
  [
    'walks of a graph, UNION ALL',
    'WITH RECURSIVE r(n, d) AS (SELECT a, 0 FROM edges WHERE a < 20 UNION ALL SELECT b, d + 1 FROM r JOIN edges ON a = n WHERE d < 8) SELECT count(*), sum(n) FROM r',
  ],
  [
    'walks with CYCLE',
    'WITH RECURSIVE r(n, d) AS (SELECT 1, 0 UNION ALL SELECT b, d + 1 FROM r JOIN edges ON a = n WHERE d < 9) CYCLE n SET c USING path SELECT count(*), sum(n) FROM r WHERE NOT c',
  ],
  [
    'many short recursions',
    'SELECT count(*), sum(s) FROM generate_series(1, 20000) AS g, LATERAL (WITH RECURSIVE c(i) AS (SELECT g % 7 UNION ALL SELECT i + 1 FROM c WHERE i < 10) SELECT sum(i) AS s FROM c) AS x',
  ],
);

const DOCUMENTS = statements(
  ['->>', documentLengths("d->>'user'")],
  ['-> of the last key', documentLengths("d->'score'")],
  ['-> ->', documentLengths("d->'address'->'geo'->>'lat'")],
  ['#>>', documentLengths("d#>>'{tags,1}'")],
  ['->> in WHERE', documents("d->>'user' = 'user77'")],
  ['cast of ->>', "SELECT sum((d->>'score')::numeric), max((d->>'id')::int) FROM j"],
  ['cast of ->', "SELECT sum((d->'score')::numeric) FROM j"],
  ['GROUP BY ->>', "SELECT count(*), sum(c) FROM (SELECT d->>'user', count(*) AS c FROM j GROUP BY 1) AS x"],
  ['@>', documents(`d @> '{"active": true, "tags": ["t3"]}'`)],
  ['?', documents("d ? 'even'")],
  ['?&', documents("d ?& ARRAY['even', 'user']")],
  ['jsonb_set', documentLengths("jsonb_set(d, '{address,city}', '\"Rome\"')")],
  ['||', documentLengths(`d || '{"x": 1, "user": "nobody"}'`)],
  ['-', documentLengths("d - 'note'")],
  ['jsonb_array_elements', "SELECT count(*), sum(length(e::text)) FROM j, jsonb_array_elements(d->'tags') AS e"],
  ['jsonb_array_elements_text', "SELECT count(DISTINCT e) FROM j, jsonb_array_elements_text(d->'tags') AS e"],
  ['jsonb_each', 'SELECT count(*), sum(length(key) + length(value::text)) FROM j, jsonb_each(d)'],
  ['jsonb_object_keys', 'SELECT k, count(*) FROM j, jsonb_object_keys(d) AS k GROUP BY k ORDER BY k'],
  ['jsonpath exists', documents('d @? \'$.tags[*] ? (@ == "t3")\'')],
  ['jsonpath match', documents("d @@ '$.score > 5000'")],
  ['jsonpath query', documentLengths("jsonb_path_query_first(d, '$.address.geo.lat')")],
  ['jsonb_agg', 'SELECT sum(length(a::text)) FROM (SELECT jsonb_agg(k) AS a FROM t GROUP BY g1k) AS x'],
  [
    'jsonb_agg of documents',
    "SELECT sum(jsonb_array_length(a)) FROM (SELECT jsonb_agg(d->'address') AS a FROM j GROUP BY id % 1000) AS x",
  ],
  [
    'jsonb_object_agg',
    'SELECT sum(length(a::text)) FROM (SELECT jsonb_object_agg(id, k) AS a FROM t GROUP BY g1k) AS x',
  ],
  ['jsonb_build_object', "SELECT sum(length(jsonb_build_object('id', id, 'n', n, 'line', line)::text)) FROM t"],
  ['to_jsonb of rows', 'SELECT sum(length(to_jsonb(t)::text)) FROM (SELECT id, k, n, g10 FROM t) AS t'],
  ['casts to text and back', 'SELECT count(*), sum(length(d::text::jsonb::text)) FROM j'],
  ['=', "SELECT count(*) FROM j WHERE d = jsonb_build_object('id', id)"],
  ['typeof and lengths', "SELECT jsonb_typeof(d->'score'), sum(jsonb_array_length(d->'tags')) FROM j GROUP BY 1"],
  ['jsonb_to_record', 'SELECT count(*), sum(score) FROM j, jsonb_to_record(d) AS r("user" text, score numeric)'],
);

const PATTERNS = statements(
  ['~ with a class', counted("line ~ 'user[0-9]*7 '")],
  ['~ anchored', counted("line ~ '^10\\.1[0-9]\\.'")],
  ['~ of a literal', counted("line ~ 'DELETE'")],
  ['~ alternatives', counted("line ~ '(GET|PUT) /items/(1|2)\\d+'")],
  ['~ back reference', counted("line ~ '(\\d)\\1\\1\\1'")],
  ['~*', counted("line ~* 'delete /items/\\d*5/'")],
  ['!~', counted("line !~ '\" 200 '")],
  ['regexp_replace', lengths("regexp_replace(line, '\\d+', '#', 'g')")],
  ['regexp_replace with groups', lengths("regexp_replace(line, '/items/(\\d+)/(\\w+)', '/\\2/\\1')")],
  ['regexp_match', lengths("(regexp_match(line, 'user(\\d+)'))[1]")],
  [
    'regexp_matches, all',
    "SELECT count(*), sum(length(x[1])) FROM t, regexp_matches(line, '(\\d+)', 'g') AS r(x) WHERE id % 10 = 0",
  ],
  [
    'regexp_split_to_table',
    "SELECT count(*), sum(length(w)) FROM t, regexp_split_to_table(line, '\\s+') AS w WHERE id % 5 = 0",
  ],
  ['regexp_split_to_array', "SELECT sum(cardinality(regexp_split_to_array(line, '[ /]'))) FROM t"],
  ['regexp_count', "SELECT sum(regexp_count(line, '[aeiou]')) FROM t"],
  ['substring from', lengths("substring(line from '\"(\\w+) ')")],
  ['LIKE in the middle', counted("line LIKE '%/items/%99/%'")],
  ['LIKE with _', counted("line LIKE '10._0.%DELETE%'")],
  ['ILIKE', counted("line ILIKE '%delete%500%'")],
  ['SIMILAR TO', counted("line SIMILAR TO '%(GET|PUT)%(404|500)%'")],
);

const NUMERICS = statements(
  ['sum', 'SELECT sum(n) FROM t'],
  ['sum, avg, min, max', 'SELECT sum(n), avg(n), min(n), max(n) FROM t'],
  ['sum by groups', 'SELECT count(*), max(s) FROM (SELECT g1k, sum(n) AS s FROM t GROUP BY g1k) AS x'],
  ['sum of products', 'SELECT sum(n * m) FROM t'],
  ['discounts and taxes', 'SELECT sum(n * (1 - m / 1000) * (1 + 0.19)) FROM t'],
  ['quotients', 'SELECT sum(n / (m + 1)) FROM t'],
  ['remainders', 'SELECT sum(n % 7.5), sum(div(n, 3)) FROM t'],
  ['round', 'SELECT sum(round(n * 1.19, 2)), sum(trunc(n, 1)), sum(ceil(m)) FROM t'],
  ['comparisons', 'SELECT count(*) FROM t WHERE n > m * 100 AND n BETWEEN 1000.50 AND 9000.25'],
  ['stddev and variance', 'SELECT round(stddev(n), 6), round(variance(m), 6) FROM t'],
  ['wide products', 'SELECT sum(n * n * n * m) FROM t'],
  ['of integers', 'SELECT sum(k::numeric * 1.5), avg(k::int8) FROM t'],
  ['sqrt and power', 'SELECT sum(sqrt(n)), sum(power(m, 2)) FROM t WHERE id % 10 = 0'],
);

const TEXTS_AND_TIMES = statements(
  ['to_char of numeric', "SELECT sum(length(to_char(n, 'FM999,990.00'))) FROM t"],
  ['to_char of timestamps', "SELECT sum(length(to_char(ts, 'YYYY-MM-DD HH24:MI'))) FROM t"],
  ['numeric to text and back', 'SELECT sum(n::text::numeric) FROM t'],
  ['upper, lower, length', 'SELECT sum(length(upper(line)) + length(lower(line))) FROM t'],
  ['substr and position', "SELECT sum(position('GET' in line)), sum(length(substr(line, 10, 20))) FROM t"],
  ['split_part', lengths("split_part(line, ' ', 4)")],
  [
    'replace and translate',
    "SELECT sum(length(replace(line, '/', '--'))), sum(length(translate(line, '0123456789', 'abc'))) FROM t",
  ],
  ['|| and lpad', "SELECT sum(length(lpad(k::text, 10, '0') || '-' || g10 || '-' || g1k)) FROM t"],
  ['format and concat', "SELECT sum(length(format('%s: %s', id, k))), sum(length(concat(id, '/', k))) FROM t"],
  ['md5', 'SELECT max(md5(line)) FROM t'],
  [
    'sha256 and encode',
    "SELECT max(encode(sha256(convert_to(line, 'UTF8')), 'hex')), max(encode(convert_to(line, 'UTF8'), 'base64')) FROM t",
  ],
  [
    'initcap and reverse',
    'SELECT sum(length(initcap(line))), sum(length(reverse(line))), sum(octet_length(line)) FROM t',
  ],
  [
    'to_timestamp and to_date',
    "SELECT max(to_timestamp(ts::text, 'YYYY-MM-DD HH24:MI:SS')), max(to_date(ts::date::text, 'YYYY-MM-DD')) FROM t",
  ],
  [
    'rows to json',
    'SELECT sum(length(row_to_json(x)::text)) FROM (SELECT id, line, ts, ts::timestamptz AS z, f FROM t) AS x',
  ],
  ['date_trunc', "SELECT count(*), max(c) FROM (SELECT date_trunc('day', ts), count(*) AS c FROM t GROUP BY 1) AS x"],
  ['extract', 'SELECT sum(extract(year FROM ts)), sum(extract(dow FROM ts)), sum(extract(hour FROM ts)) FROM t'],
  [
    'times and intervals',
    "SELECT count(*), max(ts + k * interval '1 minute'), max(ts - timestamp '2000-01-01'), max(age(ts)::text) IS NULL FROM t WHERE ts + interval '1 month' > '2021-01-01'",
  ],
  ['dates', "SELECT sum(ts::date - date '2000-01-01'), max(ts::date + g1k), count(DISTINCT ts::date) FROM t"],
);

const SETS = statements(
  ['= ANY of an array column', counted('3 = ANY (a)')],
  ['@> and &&', counted('a @> ARRAY[1, 2] OR a && ARRAY[12]')],
  ['subscripts and cardinality', 'SELECT sum(a[1] + a[4]), sum(cardinality(a)), sum(array_length(a || 1, 1)) FROM t'],
  ['unnest', 'SELECT count(*), sum(e) FROM t, unnest(a) AS e'],
  [
    'array_position and array_to_string',
    "SELECT sum(array_position(a, 3)), sum(length(array_to_string(a, ','))) FROM t",
  ],
  ['string_to_array', "SELECT sum(cardinality(string_to_array(line, ' '))) FROM t"],
  ['generate_series', 'SELECT count(*), sum(g) FROM generate_series(1, 1000000) AS g'],
  [
    'generate_series of timestamps',
    "SELECT count(*), max(g) FROM generate_series(timestamp '2000-01-01', timestamp '2020-01-01', '10 minutes') AS g",
  ],
  ['lateral generate_series', 'SELECT count(*), sum(g) FROM t, generate_series(1, g10) AS g'],
  [
    'string_agg',
    "SELECT count(*), sum(length(s)) FROM (SELECT string_agg(k::text, ',') AS s FROM t GROUP BY g1k) AS x",
  ],
  [
    'string_agg ordered',
    "SELECT count(*), max(md5(s)) FROM (SELECT string_agg(k::text, ',' ORDER BY id) AS s FROM t GROUP BY g1k) AS x",
  ],
  ['array_agg', 'SELECT count(*), sum(cardinality(s)) FROM (SELECT array_agg(k) AS s FROM t GROUP BY g100k) AS x'],
  [
    'array_agg ordered',
    'SELECT count(*), sum(s[1]) FROM (SELECT array_agg(k ORDER BY k DESC) AS s FROM t GROUP BY g1k) AS x',
  ],
  ['count distinct', 'SELECT count(DISTINCT k), count(DISTINCT g1k), count(DISTINCT ts) FROM t'],
  ['count distinct of numeric', 'SELECT count(DISTINCT n), count(DISTINCT m) FROM t'],
  [
    'count distinct by groups',
    'SELECT count(*), sum(c) FROM (SELECT g10, count(DISTINCT g1k) AS c FROM t GROUP BY g10) AS x',
  ],
  [
    'percentile_cont',
    'SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY f), percentile_disc(0.9) WITHIN GROUP (ORDER BY k) FROM t',
  ],
  [
    'percentiles by groups',
    'SELECT count(*), sum(p)::numeric(30, 3) FROM (SELECT g1k, percentile_cont(0.5) WITHIN GROUP (ORDER BY f) AS p FROM t GROUP BY g1k) AS x',
  ],
  ['mode', 'SELECT mode() WITHIN GROUP (ORDER BY g1k) FROM t'],
  [
    'filter and bool_or',
    'SELECT count(*) FILTER (WHERE g10 = 3), bool_or(k > 5), sum(k) FILTER (WHERE g1k < 10), every(k > 0) FROM t',
  ],
  [
    'grouping sets',
    'SELECT count(*), sum(s) FROM (SELECT g10, g1k, sum(k) AS s FROM t GROUP BY ROLLUP (g10, g1k)) AS x',
  ],
  ['DISTINCT ON', 'SELECT count(*), sum(k) FROM (SELECT DISTINCT ON (g1k) g1k, k FROM t ORDER BY g1k, k DESC) AS x'],
  [
    'statistics of two columns',
    'SELECT corr(k, f)::numeric(10, 6), regr_slope(k, f)::numeric(10, 6), covar_pop(k, g10)::numeric(20, 2) FROM t',
  ],
);

/** Pages of a list, and joins that add nothing: what is asked of the first rows should not read all. Many of each, since one is short. */
const times = (query: string): string =>
  `SELECT count(*), sum(s) FROM generate_series(1, 5000) AS p, LATERAL (${query}) AS q(s)`;
const PAGES = statements(
  [
    'pages ordered by two keys',
    times(
      "SELECT sum(id) FROM (SELECT id FROM posts WHERE ts < timestamp '2021-01-01' + p * interval '1 hour' ORDER BY ts DESC, id DESC LIMIT 20) AS x",
    ),
  ],
  [
    'pages after a row',
    times('SELECT sum(id) FROM (SELECT id FROM posts WHERE (k, id) > (p * 150, 7) ORDER BY k, id LIMIT 20) AS x'),
  ],
  [
    'rows by their number',
    'SELECT sum(id) FROM (SELECT id, row_number() OVER (ORDER BY k, id) AS n FROM posts) AS x WHERE n BETWEEN 1000 AND 1020',
  ],
  ['a left join that adds nothing', 'SELECT count(*) FROM posts AS p LEFT JOIN authors AS a ON a.id = p.author'],
  [
    'a left join without partners',
    'SELECT count(*) FROM posts AS p LEFT JOIN authors AS a ON a.id = p.author WHERE a.id IS NULL',
  ],
  [
    'a left join to groups of which few are wanted',
    'SELECT count(*), sum(x.n) FROM authors AS a LEFT JOIN (SELECT author, count(*) AS n FROM posts GROUP BY author) AS x ON x.author = a.id AND x.n > 5 AND x.author < 1000',
  ],
);

const EXTENSIONS: readonly BenchStatement[] = [
  { name: 'hstore: a value', query: "SELECT count(*) FROM h WHERE h -> 'size' = '7'" },
  { name: 'hstore: a key', query: "SELECT count(*) FROM h WHERE h ? 'k7'" },
  { name: 'hstore: pairs', query: "SELECT count(*) FROM h WHERE h @> 'color=>c3, size=>7'" },
  { name: 'hstore: together', query: "SELECT count(h || 'size=>1, more=>2') FROM h" },
  { name: 'hstore: apart', query: "SELECT count(h - ARRAY['color', 'note']), count(h - 'size=>7'::hstore) FROM h" },
  { name: 'hstore: keys and values', query: 'SELECT sum(cardinality(akeys(h))), sum(cardinality(avals(h))) FROM h' },
  { name: 'hstore: to jsonb', query: 'SELECT sum(length(hstore_to_jsonb(h)::text)) FROM h' },
  { name: 'hstore: of text', query: 'SELECT count(h::text::hstore) FROM h' },
  { name: 'citext: equal', query: "SELECT count(*) FROM h WHERE mail = 'user77@example.COM'" },
  { name: 'citext: like', query: "SELECT count(*) FROM h WHERE mail LIKE 'user77%'" },
  { name: 'citext: groups', query: 'SELECT count(DISTINCT mail) FROM h' },
];

export const AREAS: readonly BenchArea[] = [
  { name: 'window', goal: 0.5, statements: WINDOWS },
  { name: 'recursive', goal: 0.5, statements: RECURSION },
  { name: 'jsonb', goal: 0.5, statements: DOCUMENTS },
  { name: 'regex', goal: 0.5, statements: PATTERNS },
  { name: 'numeric', goal: 2, statements: NUMERICS },
  { name: 'values', goal: 0.5, statements: TEXTS_AND_TIMES },
  { name: 'sets', goal: 0.5, statements: SETS },
  { name: 'pages', goal: 0.5, statements: PAGES },
  { name: 'extensions', goal: 0.5, statements: EXTENSIONS },
];
