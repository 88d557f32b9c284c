/**
 * What parsing costs: building the parser, a point query, a SELECT of 76 tokens, an INSERT, and the shape of a statement.
 * The checksum is the number of nodes seen, so that nothing is optimised away or quietly changed.
 *
 *     node --import tsx bench/parse.ts [rounds]
 */
import { SqlParser } from '../parser/grammar.ts';
import { parse, statementShape } from '../parser/index.ts';
import { scan } from '../parser/scanner.ts';

const POINT = 'SELECT abalance FROM pgbench_accounts WHERE aid = 4242;';
const UPDATE = 'UPDATE pgbench_accounts SET abalance = abalance + -1733 WHERE aid = 91234;';
/** 76 tokens. */
const LONG = `select o.id, c.name, sum(l.price * l.quantity) as total from orders o
  join customers c on c.id = o.customer_id
  join lines l on l.order_id = o.id where o.status = 'open' and price > 10.5
  group by o.id, c.name having count(*) > 1 order by total desc`;
const INSERT =
  'INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (5, 1, 77123, -4096, CURRENT_TIMESTAMP) RETURNING tid';

export interface ParseFigures {
  readonly constructMs: number;
  readonly microseconds: Readonly<Record<string, number>>;
  readonly checksum: number;
}

function measure(rounds: number, body: () => number): { micros: number; sum: number } {
  let best = Number.POSITIVE_INFINITY;
  let sum = 0;
  for (let pass = 0; pass < 5; pass++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < rounds; i++) sum += body();
    best = Math.min(best, Number(process.hrtime.bigint() - start) / 1000 / rounds);
  }
  return { micros: best, sum };
}

/** `size`: rounds per pass. */
export function run(size: number): ParseFigures {
  const start = performance.now();
  const first = new SqlParser();
  const constructMs = performance.now() - start;
  let checksum = first.parseStatements('select 1').length;
  const microseconds: Record<string, number> = {};
  const cases: [string, () => number][] = [
    ['point query, parse', () => parse(POINT).length],
    ['point query, scan alone', () => scan(POINT).length],
    ['point query, shape', () => statementShape(POINT)!.literals.length],
    ['update, parse', () => parse(UPDATE).length],
    ['update, shape', () => statementShape(UPDATE)!.literals.length],
    ['76-token select, parse', () => parse(LONG).length],
    ['76-token select, scan alone', () => scan(LONG).length],
    ['76-token select, shape', () => statementShape(LONG)!.literals.length],
    ['insert, parse', () => parse(INSERT).length],
  ];
  for (const [name, body] of cases) {
    const { micros, sum } = measure(size, body);
    microseconds[name] = micros;
    checksum += sum / size;
  }
  return { constructMs, microseconds, checksum };
}

if (process.argv[1]?.endsWith('parse.ts')) {
  const figures = run(Number(process.argv[2] ?? 20000));
  console.log(`construct and analyse: ${figures.constructMs.toFixed(1)} ms`);
  for (const [name, micros] of Object.entries(figures.microseconds)) console.log(`${name}: ${micros.toFixed(2)} us`);
  console.log(`the long select has ${scan(LONG).length - 4} tokens; checksum ${figures.checksum}`);
}
