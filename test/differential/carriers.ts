/**
 * A random query inside another statement: as a view that shows how it is written, a table made of it, a cursor, a prepared
 * statement, a function in SQL. What it carries is asked for afterwards, in one transaction.
 */
import type { Choice } from './choice.ts';
import type { Relation } from './queries.ts';
import type { Statement } from './statements.ts';
import { render, text } from './tree.ts';
import { typeSql } from './values.ts';

const COLUMNS = `SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute
  WHERE attrelid = 'w'::regclass AND attnum > 0 ORDER BY attnum`;
/** Without parentheses: PostgreSQL's conditions are a tree, where AND stands within AND; kept texts have one AND then. */
const SHOWN = "SELECT translate(pg_get_viewdef('w'::regclass), '()', '')";
const FETCHES =
  `NEXT, PRIOR, FIRST, LAST, ABSOLUTE 2, ABSOLUTE -1, RELATIVE 2, RELATIVE -1, RELATIVE 0, 3, ALL, FORWARD ALL, BACKWARD 2,
  BACKWARD ALL, FORWARD 0, ABSOLUTE 0`.split(/,\s+/);

export function carried(relation: Relation, choice: Choice): Statement {
  const { node, columns, order } = relation;
  const carrier = (first: string, last: string, ...after: readonly string[]): Statement => ({
    kind: 'change',
    root: text(first, node, last),
    order: null,
    isCarrier: true,
    before: ['BEGIN'],
    after: after.includes('ROLLBACK') ? after : [...after, 'ROLLBACK'],
  });
  // Where a view or table is made of it, its locks are refused when it is asked, not when it is made.
  const isLocking = render(node).includes(' FOR UPDATE');
  const form = isLocking ? 5 : choice.below(order === null ? 7 : 10);
  switch (form) {
    case 0:
    case 1:
    case 2:
      return carrier('CREATE VIEW w AS ', '', COLUMNS, SHOWN, 'SELECT * FROM w');
    case 3:
      return carrier('CREATE MATERIALIZED VIEW w AS ', '', COLUMNS, 'SELECT * FROM w', 'REFRESH MATERIALIZED VIEW w');
    case 4: {
      const made = choice.pick(['CREATE TABLE w AS ', 'CREATE TEMP TABLE w ON COMMIT DROP AS ', 'CREATE TABLE w AS ']);
      return carrier(made, choice.pick(['', '', ' WITH NO DATA']), COLUMNS, 'SELECT * FROM w');
    }
    case 5:
      return carrier('PREPARE w AS ', '', 'EXECUTE w', 'EXECUTE w', 'ROLLBACK', 'DEALLOCATE w');
    case 6: {
      if (columns.length === 0) return carrier('CREATE TABLE w AS ', '', COLUMNS, 'SELECT * FROM w');
      const types = columns.map(({ name, type }) => `${name} ${typeSql(type)}`).join(', ');
      const created = `CREATE FUNCTION w() RETURNS TABLE(${types}) LANGUAGE sql ${choice.pick(['', 'STABLE', 'VOLATILE ROWS 3'])}`;
      const [asked, definition] = ['SELECT * FROM w()', "SELECT translate(pg_get_functiondef('w'::regproc), '()', '')"];
      return choice.chance(0.5)
        ? carrier(`${created} BEGIN ATOMIC `, '; END', definition, asked)
        : carrier(`${created} AS $body$ `, ' $body$', definition, asked, 'SELECT w()');
    }
    default: {
      const scroll = choice.pick(['SCROLL ', 'SCROLL ', 'NO SCROLL ', '']);
      const steps = Array.from({ length: 2 + choice.below(5) }, () => {
        const verb = choice.chance(0.2) ? 'MOVE' : 'FETCH';
        return `${verb} ${scroll === 'SCROLL ' ? choice.pick(FETCHES) : choice.pick(['NEXT', '2', 'FORWARD 3', 'ALL'])} IN w`;
      });
      return carrier(`DECLARE w ${scroll}CURSOR FOR `, '', ...steps, 'CLOSE w');
    }
  }
}
