-- What the examples test: load it once into the database that DATABASE_URL names.
CREATE TABLE IF NOT EXISTS users (id bigserial PRIMARY KEY, email text UNIQUE NOT NULL, balance int NOT NULL DEFAULT 0);
INSERT INTO users (email, balance) VALUES ('ada@example.org', 100), ('grace@example.org', 50) ON CONFLICT DO NOTHING;
