/** Real schemas and test suites, a few statements of each kind that they have. */
import { expect } from 'chai';
import { parse } from '../../parser/index.ts';

const STATEMENTS: readonly string[] = [
  // Northwind, as pg_dump wrote it.
  "SET statement_timeout = 0; SET client_encoding = 'UTF8'; SET standard_conforming_strings = on; SET check_function_bodies = false",
  "SET default_tablespace = ''; SET default_with_oids = false; DROP TABLE IF EXISTS customer_customer_demo",
  `CREATE TABLE employees (employee_id smallint NOT NULL, last_name character varying(20) NOT NULL, birth_date date,
    extension character varying(4), photo bytea, notes text, reports_to smallint)`,
  "INSERT INTO categories VALUES (1, 'Beverages', 'Soft drinks, coffees, teas, beers, and ales', '\\x')",
  'ALTER TABLE ONLY orders ADD CONSTRAINT fk_orders_customers FOREIGN KEY (customer_id) REFERENCES customers',
  'ALTER TABLE ONLY us_states ADD CONSTRAINT pk_usstates PRIMARY KEY (state_id)',
  // Chinook.
  'CREATE DATABASE chinook_serial',
  `CREATE TABLE album (album_id INT NOT NULL GENERATED ALWAYS AS IDENTITY, title VARCHAR(160) NOT NULL, artist_id INT NOT NULL,
    CONSTRAINT album_pkey PRIMARY KEY (album_id))`,
  `ALTER TABLE album ADD CONSTRAINT album_artist_id_fkey FOREIGN KEY (artist_id) REFERENCES artist (artist_id)
    ON DELETE NO ACTION ON UPDATE NO ACTION; CREATE INDEX album_artist_id_idx ON album (artist_id)`,
  "INSERT INTO genre (name) VALUES (N'Rock'), (N'Jazz'), (N'R&B/Soul')",
  "INSERT INTO invoice (customer_id, invoice_date, total) VALUES (2, '2021/1/1', 1.98), (4, '2021/1/2', 3.96)",
  // sqllogictest.
  'SELECT a+b*2+c*3+d*4+e*5, (a+b+c+d+e)/5 FROM t1 WHERE a>b OR b IS NOT NULL AND d NOT BETWEEN 110 AND 150 ORDER BY 2, 1',
  `SELECT CASE WHEN c>(SELECT avg(c) FROM t1) THEN a*2 ELSE b*10 END, abs(b-c) FROM t1
    WHERE EXISTS(SELECT 1 FROM t1 AS x WHERE x.b<t1.b) AND coalesce(a,b,c,d,e)<>0 ORDER BY 1`,
  'SELECT DISTINCT - 52 + - COUNT ( * ) * 78 + + ( + 8 ) AS col0 FROM tab0 cor0 CROSS JOIN tab1 AS cor1 WHERE NOT + 66 <= ( - 4 )',
  'SELECT ALL + CASE - 30 WHEN + - 25 * COUNT ( * ) THEN NULL ELSE + ( - 9 ) END / - 46 AS col2',
  'SELECT pk FROM tab0 WHERE ((col3 <= 79 AND (col0 IN (85,52)) OR (col3 > 22))) AND col4 IS NULL ORDER BY 1 DESC',
  'SELECT pk FROM tab1 WHERE col0 IN (SELECT col3 FROM tab1 WHERE (col4 < 5.45 OR col1 > 8.21)) AND col4 BETWEEN 1.0 AND 2',
  "SELECT x74, x23 FROM t23, t74 WHERE b74=(SELECT 'b' || a23 FROM t1) AND a23=CAST(5 AS INTEGER)",
  'CREATE UNIQUE INDEX idx_tab1_0 ON tab1 (col0 DESC, col4); DROP INDEX idx_tab1_0; DELETE FROM tab1 WHERE col0 > 3',
  'CREATE VIEW view_1_tab0_147 AS SELECT pk, col0 FROM tab0 WHERE col0 = 49; INSERT INTO tab1 SELECT * FROM tab0',
];

describe('statements of known data sets', () => {
  for (const text of STATEMENTS) it(text.slice(0, 60), () => expect(parse(text)).not.to.deep.equal([]));
});
