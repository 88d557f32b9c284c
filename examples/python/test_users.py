"""DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres pytest examples/python"""

import psycopg
import pytest


@pytest.mark.parametrize("time", ["first", "second"])
def test_add_user(db, time):
    row = db.execute("INSERT INTO users (email) VALUES ('new@example.org') RETURNING id").fetchone()
    db.commit()
    assert row == (3,)


def test_migration(db):
    db.execute("ALTER TABLE users ADD name text")
    db.execute("DELETE FROM users")
    db.commit()


def test_old_rows_and_columns(db):
    assert db.execute("SELECT * FROM users ORDER BY id").fetchall() == [
        (1, "ada@example.org", 100),
        (2, "grace@example.org", 50),
    ]


def test_unique(db):
    with pytest.raises(psycopg.errors.UniqueViolation):
        db.execute("INSERT INTO users (email) VALUES ('ada@example.org')")
