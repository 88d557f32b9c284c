"""asyncpg: binary formats everywhere, types looked up in the catalog, cursors, COPY, notifications, a pool, a cancelled query."""
import asyncio
import datetime
import decimal
import json
import sys

import asyncpg


async def main():
    c = await asyncpg.connect(sys.argv[1])
    await c.execute("CREATE TYPE letter AS ENUM ('p', 'q'); CREATE TYPE pair AS (x int, y text)")
    await c.execute('CREATE TABLE t (id serial PRIMARY KEY, a text, n numeric, t timestamptz, j jsonb, e letter, c pair, '
                    'm int[][], r daterange, i interval)')
    await c.set_type_codec('jsonb', encoder=json.dumps, decoder=json.loads, schema='pg_catalog')
    print(await c.fetchrow(
        'INSERT INTO t (a, n, t, j, e, c, m, r, i) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING *', 'x',
        decimal.Decimal('2.5'), datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc), {'q': [1]}, 'p', (1, 'b'),
        [[1, 2], [3, 4]], asyncpg.Range(datetime.date(2024, 1, 1), datetime.date(2024, 2, 1)), datetime.timedelta(hours=3)))
    await c.executemany('INSERT INTO t (a, n) VALUES ($1, $2)', [(str(i), i) for i in range(500)])
    async with c.transaction():
        count = 0
        async for _ in c.cursor('SELECT * FROM t WHERE id > $1', 100, prefetch=50):
            count += 1
        print(count)
    print(await c.copy_records_to_table('t', records=[('z', 1), ('y', 2)], columns=['a', 'n']))
    print(await c.fetchval('SELECT count(*) FROM t WHERE a = ANY ($1::text[])', ['z', '5']))
    statement = await c.prepare('SELECT id, a FROM t WHERE id = $1 AND n > $2')
    print([type_.name for type_ in statement.get_parameters()], [a.name for a in statement.get_attributes()])
    print(list((await statement.explain(1, decimal.Decimal(0)))[0]))
    try:
        await c.fetch('SELECT * FROM nothing')
    except asyncpg.UndefinedTableError as error:
        print(error, error.sqlstate)
    heard = asyncio.Queue()
    await c.add_listener('channel', lambda *args: heard.put_nowait(args[2:]))
    await c.execute("NOTIFY channel, 'hi'")
    print(await asyncio.wait_for(heard.get(), 10))
    async with asyncpg.create_pool(sys.argv[1], min_size=2, max_size=5) as pool:
        print(sum(await asyncio.gather(*[pool.fetchval('SELECT $1::int', i) for i in range(50)])))
    try:
        await asyncio.wait_for(c.fetch('SELECT pg_sleep(30)'), 0.3)
    except asyncio.TimeoutError:
        print('cancelled')
    print(await c.fetch('SELECT format_type(23, -1), current_schemas(true)'))
    await c.close()


asyncio.run(main())
