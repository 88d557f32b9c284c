/**
 * Statements, one a line, and what PostgreSQL 15.x answered to a Parse message with each: those its grammar takes (whether
 * or not the named objects exist), and those it refuses, with message and position.
 */

/** One statement a line. */
const TAKEN = String.raw`
select 1
select
select from t
select a between 1 and 2 and b
select a not between symmetric 1 and 2 or c
select a in (1) in (true)
select a is null is not null
select not a is null
select - - 1, +1, -a, @ -5, !! 3
select 2 ^ 3 ^ 4, 2 + 3 * 4 % 5
select a operator(pg_catalog.+) b operator(pg_catalog.*) c
select a operator from t
select a at time zone 'utc' at time zone 'x'
select a at from t
select x'1f', b'101', n'abc', u&'\0041', e'a\nb'
select $$a$$, $x$ b $$ c $x$
select a.b.c.d, t.*, (t).*, (t.x).y[1:2][3]
select row(), row(1), (1,2), (row(1,2,3)).f1
select array[1,2], array[[1,2],[3,4]], array[]::int[], array(select 1)
select case when a then b end, case x when 1 then 2 else 3 end
select cast(a as int), a::int::text, int '1', int4 '2', float8 '1.5', double precision '1', char(3) 'abc', numeric(3,1) '1.5', bit varying '101', character varying(3) 'x'
select interval '1' day, interval '1 2' day to second, interval(3) '1', interval '1' second(3), interval '1' day to second(2)
select timestamp '2020-01-01', timestamp with time zone '2020', timestamp(3) without time zone 'x', time(3) with time zone 'x', date '2020-01-01'
select extract(year from x), extract('foo' from y), extract(foo from z)
select substring('a' from 1 for 2), substring('a' for 2 from 1), substring('a' for 2), substring('a', 1, 2), substring('abc' similar 'x' escape '#'), substring()
select position('a' in 'b'), overlay('a' placing 'b' from 1 for 2), overlay('a' placing 'b' from 1), overlay(a,b,c)
select trim('a'), trim(both from 'a'), trim(leading 'x' from 'a'), trim(trailing from 'a'), trim('a', 'b'), trim(both 'x', 'y')
select coalesce(a,b), nullif(a,b), greatest(a,b), least(1,2,3), grouping(a,b)
select current_date, current_timestamp, current_timestamp(3), localtime, localtime(2), current_user, session_user, user, current_catalog, current_schema, current_schema(), current_role
select count(*), count(distinct a), count(all a), sum(a order by b desc, c), string_agg(a, ',' order by b), f(variadic a), f(a => 1, b := 2), f(1, variadic arr)
select percentile_cont(0.5) within group (order by x), count(*) filter (where a > 1), sum(a) over (), sum(a) over w, rank() over (partition by a order by b rows between unbounded preceding and current row)
select sum(a) over (order by b range between 1 preceding and 1 following exclude ties), sum(a) over (w rows 1 preceding) from t window w as (partition by x), v as ()
select exists (select 1), not exists (select 1), (select 1), ((select 1)), ((select 1) + 1), ((select 1), 2)
select a = any (array[1]), a = all (select 1), a <> some (b), a like any (array['x']), a not ilike all (b)
select a + any (c)
select a in (select 1), a not in (1,2), a in ((select 1)), a in ((select 1), 2), (a,b) in (select 1,2), (a,b) = (select 1,2)
select (a,b) overlaps (c,d), row(a,b) overlaps (c,d)
select a is distinct from b, a is not distinct from b and c, a is true, a is not false, a is unknown, a isnull, a notnull, a is normalized, a is not nfc normalized, a is document
select a collate "C" < b, a collate pg_catalog."default" || c
select a similar to 'x' escape 'y', a not similar to b, a like b escape c, a ilike b
select escape, a escape from t
select 1 as "select", 2 as select, 4 as year
select a as b, a b, a "c", 1 value, 2 text
select int from t
select a::text % b, a::s.t
select a from t as x(b,c), only t2, only (t3) y, t4 *, t5 as z
select * from a join b on true join c using (x) natural join d cross join e left outer join f on a.x=f.x full join g using (a,b) as gg
select * from a join b join c on true on false
select * from (a join b on true) as j(x,y), (a cross join b), ((a cross join b) join c on true)
select * from (select 1) x, (select 2) as y(z), lateral (select 3) w, ((select 1)) v, ((select 1) union select 2) u
select * from (values (1,2),(3,4)) as v(a,b)
select * from f(1), f(1) as x, f(1) with ordinality as y(a,b), f() as (a int, b text), f() as z(a int, b text collate "C"), lateral g(1) gg, rows from (f(1), g(2) as (x int)) with ordinality r, s.f(2), current_date, current_timestamp(3) ct
select * from t tablesample system (10), t tablesample bernoulli (1) repeatable (2), t as x tablesample s.m(1,2)
select * from t where a group by b, (), (c,d), rollup(a,b), cube(a,(b,c)), grouping sets ((a),(),rollup(b)), a+1 having count(*) > 1
select * from t group by distinct a
select 1 union select 2 union all select 3 intersect select 4 except all select 5 order by 1 limit 1
(select 1) union (select 2 order by 1 limit 1) order by 1
(select 1 order by 1) limit 2
((select 1)) union all ((select 2))
select * from t order by a asc nulls first, b desc nulls last, c using <, d using operator(pg_catalog.>), e nulls first
select * from t offset 5 rows fetch first 3 rows only
select * from t fetch next row only offset 2 row
select * from t order by a fetch first 3 rows with ties
select * from t fetch first (1+2) rows only
select * from t limit all offset 1
select * from t for update
select * from t for no key update of t nowait for share of a, b skip locked for key share
select * from t for update limit 1
select * from t for read only
select * into x from t
select * into temp table x from t
table t
table only t
table s.t order by 1
values (1), (2) order by 1 limit 1
with a as (select 1), b(x,y) as materialized (select 2), c as not materialized (insert into t values (1) returning *) select * from a
with recursive r(n) as (select 1 union all select n+1 from r where n < 5) select * from r
with recursive t as (select 1 union all select 2) search depth first by a set b cycle c set d to true default false using e select 1
with recursive t as (select 1 union all select 2) search breadth first by a, b set ord cycle c set d using e select 1
insert into t values (1,2), (default, 3)
insert into t default values
insert into t (a, b.c, d[1]) values (1,2,3) returning *, a as b
insert into t as x (a) select 1
insert into t (select 1)
insert into t (a) (select 1)
insert into t overriding system value values (1)
insert into t (a) overriding user value select 1
insert into t values (1) on conflict do nothing
insert into t values (1) on conflict (a, lower(b) collate "C" text_ops) where c do update set a = 1, (b,c) = (2,3) where t.a = 1 returning a
insert into t values (1) on conflict on constraint x do update set a = excluded.a
update t set a = 1, b = default, (c,d) = (select 1,2), (e,f) = row(1,2), g[1] = 2, h.i = 3 where a = 1 returning *
update only t as x set a = 1 from y, z where x.a = y.b
update t set set = 1
update t x set a = 1 where current of c
delete from t
delete from t as x where current of y
merge into t using s on t.a = s.a when matched and t.b > 1 then update set a = s.a when matched then delete when not matched and x then do nothing when not matched then insert (a,b) values (1, default)
merge into t x using (select 1) s on true when not matched then insert default values
begin
begin work isolation level repeatable read, read write deferrable
begin transaction read only not deferrable
start transaction isolation level read uncommitted
commit and chain
commit work and no chain
end transaction
rollback to savepoint a
rollback to a
rollback work to savepoint
abort
savepoint a
release a
release savepoint savepoint
prepare transaction 'x'
commit prepared 'x'
rollback prepared 'x'
set a to b
set session a.b = 'x', 1, -2.5, on, true
set local search_path to a, "B"
set local time zone 'utc'
set time zone local
set time zone default
set time zone -3.5
set time zone foo
set time zone interval '1' hour to minute
set names 'utf8'
set names
set names default
set role none
set role 'x'
set session authorization default
set session authorization foo
set schema 'x'
set transaction isolation level serializable
set transaction snapshot 'abc'
set session characteristics as transaction read only
set constraints all deferred
set constraints a.b, c immediate
set x from current
set xml option document
select xmlelement(name a), xmlelement(name "B c", xmlattributes(x, 1 + 1 as "d e"), 'f', g), xmlelement(name select, h), xmlforest(a, b.c as d)
select xmlconcat(a, 'b'), xmlparse(content a), xmlparse(document 'b' preserve whitespace), xmlparse(content c strip whitespace), xmlpi(name a), xmlpi(name b, c || d)
select xmlroot(a, version no value), xmlroot(a, version '1.1', standalone yes), xmlroot(a, version b, standalone no value), xmlroot(a, version no, standalone no)
select xmlserialize(document a as text), xmlserialize(content b as varchar(5)), a is document, not b is not document, xmlexists('//a' passing b), xmlexists(a passing by ref b by ref)
select * from xmltable('/a' passing b columns c int, d for ordinality, e text path 'f' default 'g' not null, h xml null) i, lateral xmltable(xmlnamespaces('j' as k, default 'l'), (m || n) passing by value (o) columns p numeric(3) path q || r) as s(t)
select a.xmltable, xmltable, xmlelement from a, xmltable b
reset all
reset a.b
reset time zone
reset session authorization
reset transaction isolation level
show all
show a.b
show time zone
show transaction isolation level
discard all
discard temp
prepare p as select $1
prepare p (int, text) as insert into t values ($1,$2)
execute p
execute p (1, 'x')
deallocate p
deallocate prepare all
deallocate prepare
deallocate all
declare c cursor for select 1
declare c binary insensitive no scroll cursor with hold for select 1
declare c cursor without hold for select 1
fetch c
fetch next from c
fetch 5 from c
fetch -5 c
fetch all in c
fetch forward all c
fetch backward 3 from c
fetch absolute -1 from c
fetch relative 2 c
fetch first c
fetch last from c
fetch prior c
fetch next
fetch from c
move forward 5 in c
close c
close all
listen a
unlisten *
unlisten a
notify a
notify a, 'x'
lock t
lock table only t, u in access share mode nowait
lock t in share row exclusive mode
vacuum
vacuum full freeze verbose analyze t
vacuum (full, verbose off, parallel 2) t (a,b), u
vacuum analyze
analyze
analyze verbose t(a)
analyze (verbose, skip_locked true) t
cluster
cluster t using i
cluster verbose i on t
cluster (verbose) t
reindex table t
reindex index concurrently i
reindex (verbose) database d
checkpoint
load 'x'
truncate t
truncate table only t, u restart identity cascade
truncate t continue identity restrict
copy t from stdin
copy t (a,b) to stdout with (format csv, header true, delimiter ',', force_quote (a,b), force_null *)
copy t from '/x' with csv header delimiter as ',' null as '' quote '"' escape '\' force not null a, b encoding 'utf8'
copy binary t from stdin
copy t from stdin using delimiters '|' csv
copy (select 1) to stdout
copy (insert into t values (1) returning *) to '/x' with binary freeze
copy t from program 'cat' where a > 1
copy t from stdin with (format csv) where a
explain select 1
explain analyze verbose select 1
explain (analyze, verbose off, format json, costs 'x') insert into t values (1)
explain (select 1)
explain ((select 1))
explain create table t as select 1
explain execute p
explain declare c cursor for select 1
do $$ x $$
do language plpgsql 'x'
do 'x' language 'plpgsql'
call f()
call s.f(1, a => 2)
create table t ()
create table t (a int)
create table if not exists s.t (a int primary key, b text not null default 'x' unique, c numeric(3,2) check (c > 0) references u (x) on delete cascade on update set null deferrable initially deferred, d int generated always as identity, e int generated by default as identity (start with 5 increment by 2), f int generated always as (a+1) stored, g text collate "C" constraint foo not null null)
create temp table t (a int) on commit drop
create global temporary table t (a int) on commit preserve rows
create unlogged table t (a int, like u including all excluding indexes, constraint x primary key (a, b) include (c) with (fillfactor=70) using index tablespace y, unique nulls not distinct (a), check (a > 1) no inherit not valid, foreign key (a,b) references u match full on delete no action on update restrict, exclude using gist (a with =, b with &&) where (a > 1) deferrable)
create table t (a int, unique (a) deferrable initially immediate)
create table t (a) as select 1
create table t as select 1 with no data
create table t (a,b) with (fillfactor=10) on commit drop tablespace x as values (1,2) with data
create table if not exists t as execute p(1)
create table t (a int) inherits (u, v) with (fillfactor = 70, toast.autovacuum_enabled = false, foo) tablespace x
create table t (a int) partition by range (a, lower(b) collate "C" text_ops, (a+1))
create table t partition of u for values from (1, minvalue) to (maxvalue, 2) partition by list (a)
create table t partition of u for values in (1, 'a', null)
create table t partition of u (a not null, constraint x check (a > 1)) for values with (modulus 4, remainder 1)
create table t partition of u default
create table t of mytype (a with options primary key, primary key (a))
create table t (exclude int, "primary" int)
create table t (a int) without oids
create table t (a setof int, b int[][3], c int array, d int array[4], e double precision[], f character varying(10)[], g timestamp(3) with time zone, h interval year to month, i bit varying(5), j national character varying(3), k dec(5), l float(10), m pg_catalog.int4, n s.mytype(1,2))
create index on t (a)
create unique index concurrently if not exists i on only t using gin (a, (a+1), lower(b) desc nulls first, c collate "C" text_ops(x=1) asc) include (d) nulls not distinct with (fillfactor=1) tablespace x where a > 1
create sequence s
create temp sequence if not exists s as bigint increment by -1 minvalue 1 no maxvalue start with 5 cache 10 cycle owned by t.a
alter sequence s restart
alter sequence if exists s restart with 5 increment 3 owned by none no cycle
alter sequence s owner to x
alter sequence s rename to y
create schema s
create schema if not exists authorization x
create schema s authorization x create table t (a int) create view v as select 1 grant select on t to public
create view v as select 1
create or replace temp view s.v (a,b) with (security_barrier=true, check_option=local) as select 1,2 with cascaded check option
create recursive view v (n) as select 1
create view v as select 1 with local check option
create materialized view if not exists v (a) using heap with (fillfactor=1) tablespace x as select 1 with no data
refresh materialized view concurrently v with data
create database d
create database d with owner = x template t encoding 'utf8' lc_collate 'C' connection limit 5 is_template true allow_connections = false
alter database d connection limit 5
alter database d rename to e
alter database d owner to current_user
alter database d set a to b
alter database d reset all
alter database d set tablespace x
drop database if exists d with (force)
drop database d (force)
alter table t add a int
alter table only t add column if not exists a int not null default 1, add constraint x check (a > 1) not valid, add primary key using index i, add unique (a), drop column if exists b cascade, drop c restrict, alter column d set default 1, alter d drop default, alter d set not null, alter d drop not null
alter table if exists t alter a type int using b::int, alter a set data type text collate "C", alter column 1 set statistics 5, alter a set statistics -1, alter a set (n_distinct=5), alter a reset (n_distinct), alter a set storage plain, alter a set compression pglz
alter table t alter a add generated always as identity (start 5), alter a set generated by default set start 5 restart 3, alter a drop identity if exists, alter a drop expression, alter a restart with 5
alter table t alter constraint x deferrable initially deferred, validate constraint y, drop constraint if exists z cascade
alter table t enable trigger all, disable trigger user, enable always trigger x, enable replica rule y, disable rule z, enable row level security, force row level security, no force row level security
alter table t cluster on i, set without cluster, set logged, set unlogged, set tablespace x, set (fillfactor=1), reset (fillfactor), inherit u, no inherit u, owner to x, replica identity full, replica identity using index i, of x, not of, set without oids, set access method heap
alter table t attach partition u for values in (1)
alter table t attach partition u default
alter table t detach partition u concurrently
alter table t detach partition u finalize
alter table t rename to u
alter table t rename column a to b
alter table if exists t rename a to b
alter table t rename constraint a to b
alter table t set schema s
alter index i rename to j
alter index i set (fillfactor=1)
alter index i attach partition j
alter index i alter column 1 set statistics 5
alter view v rename to w
alter view v alter a set default 1
alter view v owner to x
alter view v set schema y
alter view if exists v rename column a to b
alter materialized view v owner to x
alter schema s rename to t
alter schema s owner to x
alter function f(int) owner to x
alter function f(int, a text) rename to g
alter function f set schema s
alter function f(int) immutable strict cost 5
alter procedure p() security definer set a = b reset c
alter aggregate a(*) owner to x
alter aggregate a(int order by text) rename to b
alter type t add value if not exists 'x' before 'y'
alter type t rename value 'x' to 'y'
alter type t add attribute a int cascade, drop attribute if exists b, alter attribute c set data type text
alter type t rename attribute a to b cascade
alter type t rename to u
alter type t owner to x
alter type t set schema s
alter domain d set default 1
alter domain d drop not null
alter domain d add constraint x check (value > 1) not valid
alter domain d drop constraint if exists x cascade
alter domain d rename constraint x to y
alter domain d validate constraint x
alter domain d owner to x
alter extension e update to '1.0'
alter extension e add table t
alter extension e set schema s
alter trigger x on t rename to y
alter policy p on t rename to q
alter policy p on t to public using (a) with check (b)
alter rule r on t rename to s
alter role r with superuser nologin password 'x' valid until 'y' connection limit 5
alter user u set a to b
alter role all in database d reset all
alter role r rename to s
alter group g add user a, b
alter system set a = b
alter system reset all
alter default privileges for role a in schema b grant select on tables to public with grant option
alter default privileges revoke grant option for all on functions from x cascade
alter default privileges for user a grant usage on schemas to x
alter tablespace t rename to u
alter language l owner to x
alter operator + (int, int) owner to x
alter large object 5 owner to x
alter collation c rename to d
create role r
create user u password 'x'
create group g
drop role if exists a, b
drop user u
drop group g
grant select on t to a
grant all privileges on all tables in schema s, t to a, public, current_user with grant option granted by b
grant select (a,b), insert on table t, u to group g
grant usage on schema s to a
grant usage, select on sequence s to a
grant all on function f(int), g to a
grant create, connect, temp on database d to a
grant execute on all functions in schema s to a
grant usage on type t to a
grant set, alter system on parameter a.b to c
grant select on large object 5 to a
grant usage on foreign data wrapper f to a
grant usage on foreign server f to a
grant usage on language l to a
grant a, b to c with admin option granted by d
revoke grant option for select on t from a cascade
revoke all on t from public
revoke admin option for a from b
revoke a from b restrict
reassign owned by a, b to c
drop owned by a cascade
create type t as enum ('a', 'b')
create type t as enum ()
create type t as (a int, b text collate "C")
create type t as range (subtype = float8, subtype_diff = float8mi)
create type t
create type t (input = f, output = g, internallength = variable, passedbyvalue)
create domain d as int not null default 1 check (value > 1) constraint x check (value < 5)
create domain s.d text collate "C" null
create extension if not exists e with schema s version '1' cascade
create extension "uuid-ossp"
create function f() returns int language sql as 'select 1'
create function f(int, text) returns table (a int, b text) language sql stable leakproof as 'a', 'b'
create function f(a t.x%type) returns int as 'x' language c
create function f() returns int return 1
create function f() returns int begin atomic select 1; insert into t values (1); end
create function f() returns trigger language plpgsql window not leakproof external security invoker support g transform for type x as ''
create procedure p(a int) language sql as 'x'
create function f(double precision, a double precision, int default 5)
create trigger x before insert or update of a, b or delete on t for each row when (old.a > 1) execute function f(1, 'x', y)
create or replace trigger x after truncate on s.t execute procedure g()
create constraint trigger x after insert on t from u deferrable initially deferred for each row execute function f()
create trigger x instead of insert on v referencing new table as n old row o for each statement execute function f()
create event trigger x on ddl_command_start when tag in ('a','b') execute function f()
create rule r as on insert to t where a do instead nothing
create or replace rule r as on select to t do instead (select 1; insert into t values (1))
create rule r as on update to t do also update u set a = 1
create rule "_RETURN" as on select to t do instead select 1
create policy p on t as restrictive for select to public using (a > 1) with check (b)
create cast (a as b) with function f(a) as implicit
create cast (a as b) without function as assignment
create cast (a as b) with inout
create aggregate a (int) (sfunc = f, stype = int, initcond = '0')
create aggregate a (basetype = int, sfunc = f, stype = int)
create operator + (leftarg = int, rightarg = int, procedure = f, commutator = operator(pg_catalog.+))
create operator @@@ (leftarg = int, procedure = f)
create collation c (locale = 'C')
create collation if not exists c from "C"
create text search configuration c (copy = pg_catalog.english)
create tablespace t owner x location '/x' with (a=1)
create trusted language l handler h inline i validator v
create statistics s (ndistinct) on a, b from t
create publication p for all tables
create publication p for table t (a) where (b), tables in schema s with (publish = 'insert')
drop table t
drop table if exists a, b.c cascade
drop view v restrict
drop materialized view v
drop index concurrently if exists i
drop sequence s
drop schema if exists s cascade
drop type t, u
drop domain d
drop function f
drop function if exists f(int, text), g() cascade
drop procedure p(a int)
drop routine r
drop aggregate a(*)
drop aggregate a(int), b(text)
drop operator +(int, none)
drop operator class c using btree
drop operator family c using btree cascade
drop trigger t on u
drop rule r on t cascade
drop policy if exists p on t
drop extension e, f
drop cast (a as b)
drop cast if exists (int as text) cascade
drop collation c
drop conversion c
drop language l
drop procedural language l
drop event trigger e
drop foreign data wrapper f
drop foreign table f
drop server s
drop user mapping for current_user server s
drop publication p
drop subscription s
drop statistics s
drop tablespace t
drop text search dictionary d
drop transform for int language l
drop access method a
comment on table t is 'x'
comment on column t.a is null
comment on column s.t.a is 'x'
comment on function f(int) is 'x'
comment on aggregate a(*) is 'x'
comment on type t is 'x'
comment on domain d is 'x'
comment on constraint c on t is 'x'
comment on constraint c on domain d is 'x'
comment on trigger t on u is 'x'
comment on rule r on t is 'x'
comment on policy p on t is 'x'
comment on operator + (int, int) is 'x'
comment on cast (a as b) is 'x'
comment on index i is 'x'
comment on role r is 'x'
comment on database d is 'x'
comment on schema s is 'x'
comment on extension e is 'x'
comment on large object 5 is 'x'
comment on materialized view v is 'x'
comment on view v is 'x'
comment on sequence s is 'x'
comment on text search parser p is 'x'
comment on operator class c using btree is 'x'
security label for x on table t is 'y'
security label on column t.a is null
select 1; select 2
;;
create unlogged view v as select 1
`;

export const ACCEPTED: readonly string[] = TAKEN.trim().split('\n');

/** Text, message, one-based position (0: none). */
export const REJECTED: readonly (readonly [string, string, number])[] = [
  ['select 1 from', 'syntax error at end of input', 14],
  ['select a, from t', 'syntax error at or near "from"', 11],
  ['select * from t where', 'syntax error at end of input', 22],
  ['select a b c from t', 'syntax error at or near "c"', 12],
  ['select 1 < 2 < 3', 'syntax error at or near "<"', 14],
  ['select 1 = 2 = 3', 'syntax error at or near "="', 14],
  ["select a like 'x' like 'y'", 'syntax error at or near "like"', 19],
  ["select 'a' 'b'", 'syntax error at or near "\'b\'"', 12],
  ['select array[1,2][1]', 'syntax error at or near "["', 18],
  ['select case end', 'syntax error at or near "end"', 13],
  [
    "select interval '1' day, interval '1 2' day to second, interval(3) '1', interval '1' second(3), interval '1' day to second(2), interval '1' year to day",
    'syntax error at or near "day"',
    149,
  ],
  ['select extract(year, x)', 'syntax error at or near ","', 20],
  ['select coalesce()', 'syntax error at or near ")"', 17],
  ['select f(distinct) from t', 'syntax error at or near ")"', 18],
  ['select f(a, ) from t', 'syntax error at or near ")"', 13],
  ['select a overlaps (b,c)', 'syntax error at or near "overlaps"', 10],
  ['select 1 year', 'syntax error at or near "year"', 10],
  ['select 1 over from t', 'syntax error at or near "over"', 10],
  ['select * from a join b', 'syntax error at end of input', 23],
  ['select * from a natural join b on true', 'syntax error at or near "on"', 32],
  ['select * from (a)', 'syntax error at or near ")"', 17],
  ['select * from (a) x', 'syntax error at or near ")"', 17],
  ['select * from (select 1)', 'subquery in FROM must have an alias', 15],
  ['select * from (values (1))', 'VALUES in FROM must have an alias', 15],
  ['(select 1 order by 1) order by 1', 'multiple ORDER BY clauses not allowed', 32],
  ['(select 1 limit 1) limit 2', 'multiple LIMIT clauses not allowed', 26],
  ['select 1 order by 1 limit 1 union select 2', 'syntax error at or near "union"', 29],
  ['select * from t limit 10 offset 5, 3', 'syntax error at or near ","', 34],
  ['select * from t limit 1, 2', 'LIMIT #,# syntax is not supported', 17],
  ['select * from t limit 1 limit 2', 'syntax error at or near "limit"', 25],
  ['select * from t limit 1 for update offset 2', 'syntax error at or near "offset"', 36],
  ['values ()', 'syntax error at or near ")"', 9],
  ['with a as (select 1)', 'syntax error at end of input', 21],
  ['with a as select 1 select 2', 'syntax error at or near "select"', 11],
  ['insert into t (a) default values', 'syntax error at or near "default"', 19],
  ['insert into t values (1) on conflict do update', 'syntax error at end of input', 47],
  ['insert t values (1)', 'syntax error at or near "t"', 8],
  ['insert into t value (1)', 'syntax error at or near "value"', 15],
  ['update t a set = 1', 'syntax error at or near "="', 16],
  ['update t set t.a', 'syntax error at end of input', 17],
  ['delete from only t * using u where t.a = u.a returning *', 'syntax error at or near "*"', 20],
  ['delete t', 'syntax error at or near "t"', 8],
  ['begin,', 'syntax error at or near ","', 6],
  ['begin read only,', 'syntax error at end of input', 17],
  ['start', 'syntax error at end of input', 6],
  ["set time zone interval '1' day", 'time zone interval must be HOUR or HOUR TO MINUTE', 28],
  ["set catalog 'x'", 'current database cannot be changed', 13],
  ['set transaction', 'syntax error at end of input', 16],
  ['set x', 'syntax error at end of input', 6],
  ['set x to', 'syntax error at end of input', 9],
  ['set select to 1', 'syntax error at or near "select"', 5],
  ['discard x', 'syntax error at or near "x"', 9],
  ['prepare p as create table t()', 'syntax error at or near "create"', 14],
  ['notify a, x', 'syntax error at or near "x"', 11],
  ['lock t in foo mode', 'syntax error at or near "foo"', 11],
  ['reindex t', 'syntax error at or near "t"', 9],
  ['copy t to stdout where a > 1', 'WHERE clause not allowed with COPY TO', 18],
  ['copy t', 'syntax error at end of input', 7],
  ['copy t from', 'syntax error at end of input', 12],
  ['explain verbose analyze select 1', 'syntax error at or near "analyze"', 17],
  ['explain drop table t', 'syntax error at or near "drop"', 9],
  ['call f', 'syntax error at end of input', 7],
  [
    'create table t (a int default 1 + 2 not null, b int default (1), c int default f(x), d bool default a is not null)',
    'syntax error at or near "null"',
    110,
  ],
  ['create table t partition of u for values with (modulus 4)', 'remainder for hash partition must be specified', 0],
  ['create table t (a int,)', 'syntax error at or near ")"', 23],
  ['create table t (a)', 'syntax error at end of input', 19],
  ['create table t (a int b)', 'syntax error at or near "b"', 23],
  ['create table t (primary int)', 'syntax error at or near "int"', 25],
  ['create table (a int)', 'syntax error at or near "("', 14],
  ['create table t (a int) with oids', 'syntax error at or near "oids"', 29],
  ['create index if not exists on t (a)', 'syntax error at or near "on"', 28],
  ['create index i on t', 'syntax error at end of input', 20],
  ['create index i on t ()', 'syntax error at or near ")"', 22],
  ['create schema', 'syntax error at end of input', 14],
  ['create schema s drop table t', 'syntax error at or near "drop"', 17],
  ['create view v as insert into t values (1)', 'syntax error at or near "insert"', 18],
  ['drop database d cascade', 'syntax error at or near "cascade"', 17],
  ['alter table t', 'syntax error at end of input', 14],
  ['alter table t add', 'syntax error at end of input', 18],
  ['alter table t foo', 'syntax error at or near "foo"', 15],
  ['alter foo', 'syntax error at or near "foo"', 7],
  ['create role public', 'role name "public" is reserved', 13],
  ['create role none', 'role name "none" is reserved', 13],
  ['create role current_user', 'CURRENT_USER cannot be used as a role name here', 13],
  ['create role r foo', 'unrecognized role option "foo"', 15],
  ['drop role', 'syntax error at end of input', 10],
  ['grant a to', 'syntax error at end of input', 11],
  ['revoke select on t', 'syntax error at end of input', 19],
  ['create policy p on t as foo', 'unrecognized row security option "foo"', 25],
  ['create statistics on a, (b+1) from t', 'syntax error at or near "on"', 19],
  ['drop aggregate a', 'syntax error at end of input', 17],
  ['drop trigger t', 'syntax error at end of input', 15],
  ['drop table', 'syntax error at end of input', 11],
  ['drop foo', 'syntax error at or near "foo"', 6],
  ['drop column a', 'syntax error at or near "column"', 6],
  ["comment on foo is 'x'", 'syntax error at or near "foo"', 12],
  ['comment on table t is', 'syntax error at end of input', 22],
  ['foo', 'syntax error at or near "foo"', 1],
  ['create', 'syntax error at end of input', 7],
  ['create or replace table t ()', 'syntax error at or near "table"', 19],
  ['create or replace', 'syntax error at end of input', 18],
  ['create temp', 'syntax error at end of input', 12],
  ['create temp index', 'syntax error at or near "index"', 13],
  ['create unique table', 'syntax error at or near "table"', 15],
];
