/** Row-level security over a random schema: every statement is somebody's who sees some of the rows, by random policies. */
import type { Choice } from './choice.ts';
import type { Schema, Table } from './schema.ts';

/** Its own of each run. */
export const READER = `differential_reader_${process.pid}`;

export function withPolicies(choice: Choice, schema: Schema): Schema {
  const tables = schema.tables.filter(({ name }) => name.startsWith('t'));
  const statements = ['RESET ROLE', ...schema.statements];
  statements.push(`GRANT ALL ON SCHEMA ${schema.name} TO ${READER}`);
  statements.push(`GRANT ALL ON ALL TABLES IN SCHEMA ${schema.name} TO ${READER}`);
  for (const [i, table] of tables.entries()) {
    if (choice.chance(0.2)) continue;
    statements.push(`ALTER TABLE ${table.name} ENABLE ROW LEVEL SECURITY`);
    // None that asks a table before it: policies may not ask each other in a circle.
    const others = tables.slice(i + 1);
    for (let p = 0; p < 1 + choice.below(3); p++) {
      const kind = p > 0 && choice.chance(0.4) ? 'RESTRICTIVE' : 'PERMISSIVE';
      const command = choice.chance(0.7) ? '' : ` FOR ${choice.pick(['SELECT', 'UPDATE', 'DELETE'])}`;
      const using = randomCondition(choice, table, others);
      statements.push(`CREATE POLICY p${p} ON ${table.name} AS ${kind}${command} USING (${using})`);
    }
    if (choice.chance(0.3)) {
      const check = randomCondition(choice, table, others);
      statements.push(`CREATE POLICY written ON ${table.name} FOR INSERT WITH CHECK (${check})`);
    }
  }
  for (const { name } of schema.tables) {
    if (!name.startsWith('v') || choice.chance(0.3)) continue;
    const option = choice.pick(['security_invoker', 'security_barrier', 'security_invoker, security_barrier']);
    statements.push(`ALTER VIEW ${name} SET (${option})`);
  }
  return { ...schema, statements: [...statements, `SET ROLE ${READER}`] };
}

function randomCondition(choice: Choice, { name }: Table, others: readonly Table[]): string {
  const number = (): number => choice.below(8);
  if (others.length > 0 && choice.chance(0.4)) {
    const other = choice.pick(others).name;
    return choice.pick([
      `EXISTS (SELECT FROM ${other} WHERE ${other}.c0 = ${name}.id)`,
      `c0 IN (SELECT id FROM ${other} WHERE c0 > ${number()})`,
      `id <> ALL (SELECT c0 FROM ${other} WHERE c0 IS NOT NULL)`,
      `id <= (SELECT count(*) FROM ${other})`,
    ]);
  }
  return choice.pick([
    'true',
    `id % 3 <> ${number() % 3}`,
    `c0 <> ${number()}`,
    `c0 IS NULL OR c0 > ${number()}`,
    `10 / (id - ${number()} + 20) > 0`,
    `${name}::text <> ''`,
    `current_user = '${READER}' AND id > ${number()}`,
  ]);
}
