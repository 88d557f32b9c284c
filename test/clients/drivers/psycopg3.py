"""psycopg 3: parameters and results in text and binary, pipelines, COPY both ways, cursors of the server, composite and enum types."""
import datetime
import decimal
import sys
import uuid

import psycopg
from psycopg.rows import dict_row
from psycopg.types import TypeInfo
from psycopg.types.composite import CompositeInfo, register_composite
from psycopg.types.enum import EnumInfo
from psycopg.types.json import Jsonb
from psycopg.types.range import Range

connection = psycopg.connect(sys.argv[1])
connection.execute("SET TimeZone = 'UTC'")
connection.execute('CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text, b numeric, c timestamptz, d jsonb, '
                   'e uuid, f int[], g bytea, h interval, i date, j inet, k float8, l int4range)')
row = ('x', decimal.Decimal('1.50'), datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc), Jsonb({'a': 1}),
       uuid.UUID(int=5), [1, None, 3], b'\x00\xff', datetime.timedelta(days=1, seconds=5), datetime.date(2024, 2, 29),
       '10.0.0.1/8', 1.5, Range(1, 5))
for binary in (False, True):
    cursor = connection.cursor(binary=binary, row_factory=dict_row)
    cursor.execute('INSERT INTO t (a, b, c, d, e, f, g, h, i, j, k, l) VALUES (' + ', '.join(['%s'] * 12) + ') RETURNING *', row)
    answer = cursor.fetchone()
    answer['c'] = answer['c'].isoformat()
    print(answer)
with connection.pipeline():
    cursors = [connection.execute('SELECT %s::int + 1', (i,)) for i in range(5)]
print([cursor.fetchone()[0] for cursor in cursors])
with connection.cursor().copy('COPY t (a, b) FROM STDIN') as copy:
    for i in range(1000):
        copy.write_row((f'r{i}', i))
with connection.cursor().copy('COPY t (a, f) FROM STDIN (FORMAT BINARY)') as copy:
    copy.set_types(['text', 'int4[]'])
    for i in range(10):
        copy.write_row((f'b{i}', [i]))
with connection.cursor().copy('COPY (SELECT * FROM t) TO STDOUT (FORMAT BINARY)') as copy:
    print(sum(1 for _ in copy.rows()))
with connection.cursor(name='server') as cursor:
    cursor.itersize = 10
    cursor.execute('SELECT id, a FROM t WHERE id > %s ORDER BY id', (990,))
    print([column.name for column in cursor.description], len(cursor.fetchall()))
connection.cursor().executemany('INSERT INTO t (a) VALUES (%s)', [(str(i),) for i in range(100)])
for statement in ('INSERT INTO t (id) VALUES (1)', 'SELECT 1 / 0'):
    try:
        with connection.transaction():
            connection.execute(statement)
    except psycopg.Error as error:
        print(type(error).__name__, error.sqlstate)
print(connection.execute('SELECT count(*) FROM t').fetchone())
connection.execute("CREATE TYPE pair AS (a int, b text); CREATE TYPE mood AS ENUM ('x', 'y')")
pair = CompositeInfo.fetch(connection, 'pair')
print(pair.field_names, EnumInfo.fetch(connection, 'mood').labels, TypeInfo.fetch(connection, 'nothing'))
register_composite(pair, connection)
print(connection.execute("SELECT ROW(1, 'z')::pair, ARRAY[ROW(1, NULL)::pair]").fetchone())
connection.commit()
print(list(connection.cursor().stream('SELECT generate_series(1, 3)')))
