# DBI with DBD::Pg: prints what it got. perl dbi.pl URL
use strict; use DBI; use Data::Dumper; $Data::Dumper::Indent=0; $Data::Dumper::Terse=1; $Data::Dumper::Sortkeys=1;
my ($user,$h,$p,$d)=$ARGV[0] =~ m{^postgres://([^\@:]+)[^\@]*\@([^:/]+):(\d+)/(.+)$};
my $db=DBI->connect("dbi:Pg:dbname=$d;host=$h;port=$p",$user,'',{RaiseError=>1,PrintError=>0,AutoCommit=>1});
sub step { my($n,$f)=@_; my $r=eval{ $f->() }; print "$n ", $@ ? "ERR ".($db->state)." ".(split /\n/,$@)[0] : Dumper($r), "\n"; }
step('ver',sub{ $db->{pg_server_version} > 150000 ? 1:0 });
step('ddl',sub{ $db->do('create table t(id serial primary key, n text not null, v numeric(8,2), b bytea, a int[], j jsonb, ts timestamptz default now(), f boolean)'); $db->do('create index ti on t(n)'); $db->do('create table u(id int references t(id))'); 1});
step('ins',sub{ my $s=$db->prepare('insert into t(n,v,b,a,f) values(?,?,?,?,?) returning id'); my @r; for my $i (1..3){ $s->bind_param(3,"\x00\xff$i",{pg_type=>DBD::Pg::PG_BYTEA()}); $s->execute("n$i",$i*1.5,"\x00\xff$i",[$i,$i+1],$i%2); push @r,$s->fetchrow_array; } \@r});
step('sel',sub{ $db->selectall_arrayref('select id,n,v,a,f from t order by id',{Slice=>{}}) });
step('named',sub{ my $s=$db->prepare('select n from t where id=$1'); $s->execute(2); $s->fetchall_arrayref });
step('colon',sub{ my $s=$db->prepare('select n from t where id=:x'); $s->bind_param(':x',3); $s->execute; $s->fetchall_arrayref });
step('table_info',sub{ [sort map{$_->[2]} @{$db->table_info('','public','%','TABLE')->fetchall_arrayref}] });
step('column_info',sub{ $db->column_info('','public','t','%')->fetchall_arrayref({COLUMN_NAME=>1,TYPE_NAME=>1,COLUMN_SIZE=>1,NULLABLE=>1,COLUMN_DEF=>1,ORDINAL_POSITION=>1,pg_type=>1}) });
step('pk',sub{ [$db->primary_key('','public','t')] });
step('pkinfo',sub{ [map{[@{$_}[1..6]]} @{$db->primary_key_info('','public','t')->fetchall_arrayref}] });
step('fk',sub{ [map{[@{$_}[2,3,6,7,11]]} @{$db->foreign_key_info('','public','t','','public','u')->fetchall_arrayref}] });
step('stat',sub{ [map{[@{$_}[3,5,6,8]]} @{$db->statistics_info('','public','t',0,0)->fetchall_arrayref}] });
step('last_id',sub{ $db->last_insert_id('','public','t','') });
step('tx',sub{ $db->begin_work; $db->do("insert into t(n) values('x')"); $db->pg_savepoint('s'); eval{$db->do('insert into t(n) values(null)')}; $db->pg_rollback_to('s'); $db->commit; $db->selectrow_array('select count(*) from t') });
step('copy',sub{ $db->do('copy t(n) from stdin'); $db->pg_putcopydata("c$_\n") for 1..5; $db->pg_putcopyend; $db->do('copy (select n from t order by id) to stdout'); my @r; my $l; push @r,$l while $db->pg_getcopydata(\$l)>=0; \@r });
step('types',sub{ my $s=$db->prepare('select 1::int2,1.5::float8,now(),$$x$$::varchar(3),true,null::int'); $s->execute; [[@{$s->{NAME}}],[@{$s->{TYPE}}],[@{$s->{pg_type}}],[@{$s->{PRECISION}}]] });
step('async',sub{ my $s=$db->prepare('select pg_sleep(0.1), 7',{pg_async=>DBD::Pg::PG_ASYNC()}); $s->execute; $s->pg_result; ($s->fetchrow_array)[1] });
step('notify',sub{ $db->do('listen ch'); $db->do("notify ch, 'hi'"); my $n=$db->pg_notifies; [@{$n}[0,2]] });
step('err',sub{ $db->do('select * from nosuch') });
step('quote',sub{ [$db->quote("o'x\\"),$db->quote_identifier('a','B c')] });
step('ping',sub{ $db->ping });
