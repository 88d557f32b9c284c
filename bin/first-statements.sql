-- Statements that most programs begin with. The build runs them once, so that what they need of the server is in the compiled code that it keeps: what is
-- not there is compiled when it is first called. One statement a paragraph; $1 is 5.

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

DROP TABLE orders, customers
