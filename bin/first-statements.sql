-- Statements that most programs begin with. The build runs them once, so that what they need of the server is in the compiled code that it keeps: what is
-- not there is compiled when it is first called. One statement a paragraph; $1 is 5. Some fail, as those of programs do.

CREATE TABLE customers (id serial PRIMARY KEY, name text NOT NULL, email varchar(100) UNIQUE, balance numeric(12, 2) DEFAULT 0, made timestamptz DEFAULT now())

CREATE TABLE orders (id int PRIMARY KEY, customer_id int REFERENCES customers (id) ON DELETE CASCADE, placed date, total float8, note text, done boolean DEFAULT false, CHECK (total >= 0))

CREATE INDEX orders_customer_id ON orders (customer_id)

INSERT INTO customers (name, email, balance) VALUES ('Ada', 'ada@example.org', 12.50), ('Ben', NULL, -3), ('Cyd', 'cyd@example.org', 0)

INSERT INTO customers (name, balance) SELECT 'n' || g, g / 3.0 FROM generate_series(1, 100) AS g

INSERT INTO orders (id, customer_id, placed, total) SELECT g, 1 + g % 50, date '2020-01-01' + g, g * 1.5 FROM generate_series(1, 200) AS g

INSERT INTO customers (name, email) VALUES ('Ada', 'ada@example.org') ON CONFLICT (email) DO UPDATE SET name = excluded.name RETURNING *

SELECT * FROM customers WHERE id = $1

SELECT o.*, c.name FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.id = $1 AND o.total > 10 ORDER BY o.placed DESC LIMIT 10

UPDATE customers SET balance = balance + 1 WHERE id = $1

DELETE FROM orders WHERE id = $1 RETURNING id

BEGIN

UPDATE orders SET note = 'late', done = true WHERE placed < '2020-02-01' AND NOT done

INSERT INTO orders (id, customer_id, total) VALUES (1000, 1, 9.99)

SELECT * FROM orders WHERE id = 1000 FOR UPDATE

COMMIT

SELECT id, name, coalesce(email, '-') AS email, balance * 2 + 1 AS twice, -id FROM customers WHERE name LIKE 'n1%' AND balance BETWEEN 1 AND 20 OR id IN (1, 2, 3) ORDER BY 2, id DESC

SELECT c.name, count(*), sum(o.total), avg(o.total), min(o.placed), max(o.id) FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.name HAVING count(*) > 1 ORDER BY 3 DESC NULLS LAST LIMIT 5

SELECT count(*), count(DISTINCT customer_id), sum(CASE WHEN total > 100 THEN 1 ELSE 0 END) FROM orders WHERE note IS NULL

SELECT DISTINCT customer_id, total > (SELECT avg(total) FROM orders) AS many FROM orders WHERE EXISTS (SELECT 1 FROM customers c WHERE c.id = orders.customer_id AND c.balance > 5)

SELECT name FROM customers WHERE id IN (SELECT customer_id FROM orders WHERE total > 50) UNION SELECT email FROM customers EXCEPT SELECT 'n1'

WITH late AS (SELECT customer_id, total FROM orders WHERE done) SELECT *, row_number() OVER (PARTITION BY customer_id ORDER BY total) FROM late

SELECT upper(name), length(name), substr(name, 1, 2), to_char(made, 'YYYY-MM-DD'), extract(year FROM made), date_trunc('day', made), made + interval '1 day' FROM customers WHERE made < now() LIMIT 3

SELECT json_agg(c), jsonb_build_object('a', 1) -> 'a', array_agg(c.id ORDER BY c.id) FROM customers c WHERE c.id = ANY (ARRAY[1, 2, 3])

SELECT a.attname, format_type(a.atttypid, a.atttypmod), c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid WHERE n.nspname = 'public' AND a.attnum > 0 ORDER BY 3, a.attnum

SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2

CREATE VIEW debtors AS SELECT id, name FROM customers WHERE balance < 0

SELECT * FROM debtors

ALTER TABLE orders ADD COLUMN kind text DEFAULT 'x'

DROP VIEW debtors

CREATE TABLE items (id int, code varchar(8), price float8, PRIMARY KEY (id, code))

INSERT INTO items VALUES (1, 'a', 2.5)

INSERT INTO items VALUES (2, NULL, 1)

INSERT INTO items VALUES (1, 'a', 3)

INSERT INTO items SELECT g, 'c' || g % 7, g * 0.5 FROM generate_series(10, 300) AS g

CREATE INDEX items_code ON items (code)

CREATE UNIQUE INDEX items_price ON items (price DESC, id)

CREATE INDEX items_upper ON items (upper(code)) WHERE price > 1

ANALYZE items

SELECT i.id, o.total, c.name FROM items i, orders o, customers c WHERE i.id = o.id AND o.customer_id = c.id AND i.price > 3 AND NOT i.code = 'c1' ORDER BY i.code, o.total DESC

SELECT count(*) FROM items WHERE (id > 20 AND price <= 100 OR id IN (3, 5, 7)) AND id BETWEEN 1 AND 250 AND code IS NOT NULL

SELECT id FROM items WHERE code = 'c3' AND price < 60.5 ORDER BY price LIMIT 10 OFFSET 2

SELECT DISTINCT - id, + 4 * id - CAST(price AS integer) / 3 AS x, CASE id WHEN 1 THEN 'one' ELSE 'other' END, coalesce(nullif(id, 3), 0), abs(id - 5) FROM items AS t1 WHERE NOT (id + 2) < 30 ORDER BY 1

SELECT ALL min(DISTINCT price), max(- id), sum(id) + avg(price), count(code) FROM items CROSS JOIN (SELECT 1 AS one) AS s GROUP BY code HAVING NOT sum(id) IS NULL

SELECT a.id, (SELECT count(*) FROM items AS b WHERE b.price < a.price), EXISTS (SELECT 1 FROM orders WHERE orders.id = a.id) FROM items AS a WHERE a.price > (SELECT avg(price) FROM items) ORDER BY 2, 1

UPDATE items SET price = price + 1, code = 'd' WHERE id = 12

DELETE FROM items WHERE id > 290 OR code = 'c2'

MERGE INTO items i USING (VALUES (11, 'c4'), (900, 'new')) AS v (id, code) ON i.id = v.id AND i.code = v.code WHEN MATCHED THEN UPDATE SET price = 0.25 WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.code, -1)

WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20) SELECT sum(i) FROM n

ALTER TABLE items ADD CONSTRAINT cheap CHECK (price < 1000), ALTER COLUMN price TYPE numeric(10, 2)

SELECT nothing FROM items

SELECT * FROM missing

SELECT 1 / 0

SELECT 'x'::int

BEGIN ISOLATION LEVEL REPEATABLE READ

SAVEPOINT s

INSERT INTO items VALUES (11, 'c4', 1)

ROLLBACK TO s

DECLARE c CURSOR FOR SELECT * FROM items ORDER BY id

FETCH 5 FROM c

ROLLBACK

EXPLAIN SELECT * FROM items WHERE id = 11

SET search_path = public

SHOW server_version

CREATE TABLE IF NOT EXISTS items (id int)

DROP INDEX items_code

DROP INDEX items_code

DROP TABLE items

DROP TABLE items

DROP TABLE IF EXISTS items

TRUNCATE orders

DROP TABLE orders, customers
