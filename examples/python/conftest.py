"""Fixtures for pytest over psycopg: a private copy of a hotrow database for a module, as it was after each test again."""

import os
import uuid

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo


@pytest.fixture(scope="module")
def fork():
    """The copy: fork.info.dsn says where it is. It goes with its last connection."""
    url = os.environ["DATABASE_URL"]
    name = f"{conninfo_to_dict(url)['dbname']}@{uuid.uuid4().hex[:16]}"
    with psycopg.connect(make_conninfo(url, dbname=name), autocommit=True) as keeper:
        yield keeper


@pytest.fixture
def db(fork):
    """A connection for one test; what it does, committed or not, the next one does not see."""
    with psycopg.connect(fork.info.dsn) as connection:
        yield connection
        connection.rollback()
    fork.execute("SELECT hotrow_reset()")
