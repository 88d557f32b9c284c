<?php
// PDO and pg_* functions: prints what it got. php pdo.php URL
['user' => $user, 'host' => $h, 'port' => $p, 'path' => $path] = parse_url($argv[1]);
$d = substr($path, 1);
$db = new PDO("pgsql:host=$h;port=$p;dbname=$d", $user, ''); $db->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);
function step($n, $f) { try { echo $n, ' ', json_encode($f()), "\n"; } catch (Throwable $e) { echo $n, ' ERR ', $e->getCode(), ' ', strtok($e->getMessage(), "\n"), "\n"; } }
step('ddl', fn() => $db->exec("create table t(id serial primary key, n text, b bytea, f bool, v numeric)"));
step('ins', function () use ($db) { $s = $db->prepare('insert into t(n,b,f,v) values(:n,:b,:f,:v) returning id'); $s->bindValue(':n', 'x'); $s->bindValue(':b', "\x00\xff", PDO::PARAM_LOB); $s->bindValue(':f', true, PDO::PARAM_BOOL); $s->bindValue(':v', '1.50'); $s->execute(); return [$s->fetchColumn(), $db->lastInsertId(), $db->lastInsertId('t_id_seq')]; });
step('sel', fn() => array_map(fn($r) => array_map(fn($x) => is_resource($x) ? bin2hex(stream_get_contents($x)) : $x, $r), $db->query('select * from t')->fetchAll(PDO::FETCH_ASSOC)));
step('emul', function () use ($db) { $s = $db->prepare('select ? ::int + ? ::int as x', [PDO::ATTR_EMULATE_PREPARES => true]); $s->execute([1, 2]); return $s->fetchAll(PDO::FETCH_OBJ); });
step('meta', function () use ($db) { $s = $db->query('select id, n from t'); return array_map(fn($m) => array_diff_key($m, ['pgsql:table_oid' => 0]), [$s->getColumnMeta(0), $s->getColumnMeta(1)]); });
step('scroll', function () use ($db) { $s = $db->prepare('select generate_series(1,5) g', [PDO::ATTR_CURSOR => PDO::CURSOR_SCROLL]); $s->execute(); return [$s->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_LAST), $s->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_PRIOR), $s->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_ABS, 2)]; });
step('tx', function () use ($db) { $db->beginTransaction(); $db->exec("insert into t(n) values('y')"); $db->rollBack(); return $db->query('select count(*) from t')->fetchColumn(); });
step('copyfrom', fn() => $db->pgsqlCopyFromArray('t', ["a", "b"], "\t", '\\N', 'n'));
step('copyto', fn() => $db->pgsqlCopyToArray('t', "\t", '\\N', 'n'));
step('notify', function () use ($db) { $db->exec('listen c'); $db->exec("notify c, 'p'"); $n = $db->pgsqlGetNotify(PDO::FETCH_ASSOC, 500); return [$n['message'], $n['payload']]; });
step('err', fn() => $db->query('select nosuch'));
step('dup', function () use ($db) { $db->exec('insert into t(id) values(1)'); });
step('attr', fn() => [$db->getAttribute(PDO::ATTR_SERVER_VERSION) !== '', $db->getAttribute(PDO::ATTR_CONNECTION_STATUS) !== '', $db->getAttribute(PDO::ATTR_DRIVER_NAME)]);
$c = pg_connect("host=$h port=$p dbname=$d user=$user");
step('pg_meta', fn() => pg_meta_data($c, 't'));
step('pg_insert', fn() => [pg_insert($c, 't', ['n' => 'ins', 'f' => 't']) !== false, pg_select($c, 't', ['n' => 'ins'])]);
step('pg_update', fn() => pg_update($c, 't', ['n' => 'upd'], ['n' => 'ins']));
step('pg_params', fn() => pg_fetch_all(pg_query_params($c, 'select $1::text a, $2::int b', ['q', 5])));
step('pg_table', function () use ($c) { $r = pg_query($c, 'select n, id from t limit 1'); return [pg_field_table($r, 0), pg_field_type($r, 1), pg_field_size($r, 1), pg_field_name($r, 0)]; });
step('pg_copy', fn() => count(pg_copy_to($c, 't')));
