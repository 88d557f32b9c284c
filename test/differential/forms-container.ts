/** JSON, arrays and ranges. */
import { Forms, part, q } from './forms.ts';
import { randomJson, randomJsonpath } from './patterns.ts';
import { list, type Node, optional, text } from './tree.ts';
import { TYPE_NAMES } from './values.ts';

export class ContainerForms extends Forms {
  private json(): Node {
    return part(`${q(randomJson(this.choice))}::jsonb`, "'{}'::jsonb", "'[1]'::jsonb", '\'{"a": 1}\'::jsonb');
  }

  jsonpath(): Node {
    const { choice } = this;
    const path = part(`${q(randomJsonpath(choice))}`, "'$'", "'$.a'", "'$[*]'");
    const name = choice.pick([
      'jsonb_path_exists',
      'jsonb_path_match',
      'jsonb_path_query_array',
      'jsonb_path_query_array',
      'jsonb_path_query_first',
      'jsonb_path_query_array_tz',
    ]);
    if (choice.chance(0.15)) return this.any('(', this.json(), ` ${choice.pick(['@?', '@@'])} `, path, ')');
    return this.any(
      `${name}(`,
      this.json(),
      ', ',
      path,
      optional(
        `, '{"x": ${choice.pick(['1', '"b"', 'null', '[1]'])}}'`,
        optional(`, ${choice.pick(['true', 'false'])}`),
      ),
      ')',
    );
  }

  jsons(): Node {
    const { choice } = this;
    const path = (): Node =>
      part(
        q(choice.pick(['{a}', '{a,b}', '{0}', '{-1}', '{a,0}', '{}', '{NULL}', '{b,c,0}', '{x}', '{1,a}'])),
        "'{a}'",
      );
    const key = (): Node => part(choice.pick(["'a'", "'b'", '0', '-1', '1', "'x'"]), "'a'", '0');
    const type = choice.pick(['json', 'jsonb', 'jsonb', 'jsonb']);
    const value = (): Node =>
      part(`${q(randomJson(choice))}::${type}`, `'{}'::${type}`, `'[1]'::${type}`, `'{"a": 1}'::${type}`);
    switch (choice.below(12)) {
      case 0:
        return this.any('(', value(), ` ${choice.pick(['->', '->>'])} `, key(), ')');
      case 1:
        return this.any('(', value(), ` ${choice.pick(['#>', '#>>'])} `, path(), ')');
      case 2:
        return this.any('(', this.json(), ` ${choice.pick(['||', '@>', '<@', '=', '<'])} `, this.json(), ')');
      case 3:
        return this.any('(', this.json(), ` ${choice.pick(['-', '#-'])} `, choice.chance(0.5) ? key() : path(), ')');
      case 4:
        return this.any(
          `${choice.pick(['jsonb_set', 'jsonb_insert', 'jsonb_set_lax'])}(`,
          this.json(),
          ', ',
          path(),
          ', ',
          choice.chance(0.1) ? 'NULL' : this.json(),
          optional(`, ${choice.pick(['true', 'false'])}`),
          ')',
        );
      case 5:
        return this.any(
          `${choice.pick(['jsonb_pretty', 'jsonb_typeof', 'jsonb_array_length', 'jsonb_strip_nulls', 'to_json', 'to_jsonb'])}(`,
          this.json(),
          ')',
        );
      case 6:
        return this.any(
          `${choice.pick(['to_json', 'to_jsonb', 'row_to_json(ROW', 'json_build_array', 'jsonb_build_array'].filter((name) => !name.includes('(')))}(`,
          this.literal(choice.pick(TYPE_NAMES)),
          ')',
        );
      case 7:
        return this.any(
          `${choice.pick(['json_build_object', 'jsonb_build_object'])}(`,
          list([
            text(this.literal('text'), ', ', this.literal(choice.pick(TYPE_NAMES))),
            text(this.literal('int4'), ', ', this.literal(choice.pick(TYPE_NAMES))),
          ]),
          ')',
        );
      case 8:
        return this.any(
          '(',
          this.json(),
          `)[${choice.pick(["'a'", '0', '-1', "'b'"])}]${choice.pick(['', "['a']", '[0]'])}`,
        );
      case 9:
        return this.any(
          '(',
          this.json(),
          `)::${choice.pick(['int4', 'bool', 'numeric', 'float8', 'text', 'int2', 'json'])}`,
        );
      case 10:
        return this.any(
          'row_to_json(ROW(',
          list([this.literal(choice.pick(TYPE_NAMES)), this.literal(choice.pick(TYPE_NAMES))]),
          ')',
          optional(`, ${choice.pick(['true', 'false'])}`),
          ')',
        );
      default:
        return this.any(
          '(',
          this.json(),
          ` ${choice.pick(['?', '?|', '?&'])} `,
          choice.chance(0.5) ? "'a'" : "ARRAY['a', 'b']",
          ')',
        );
    }
  }

  private array(): Node {
    const { choice } = this;
    const values = choice.pick([
      '{1,2,3}',
      '{}',
      '{NULL,4}',
      '{{1,2},{3,4}}',
      '[0:2]={5,6,7}',
      '[-1:0][2:3]={{1,2},{3,4}}',
      '{{{1}}}',
      '{1,NULL,1,2}',
      '{3}',
    ]);
    return part(`'${values}'::int[]`, "'{1,2}'::int[]", "'{}'::int[]");
  }

  arrays(): Node {
    const { choice } = this;
    const bound = (): string => choice.pick(['', '1', '2', '0', '-1', '5', 'NULL::int']);
    const slice = (): string =>
      choice.chance(0.5) ? `[${bound()}:${bound()}]` : `[${choice.pick(['1', '2', '0', '-1', '5', 'NULL::int'])}]`;
    const element = (): Node => part(choice.pick(['1', '4', 'NULL::int', '-5']), '1');
    switch (choice.below(11)) {
      case 0:
      case 1:
      case 2:
        return this.any('(', this.array(), `)${slice()}${choice.pick(['', slice()])}`);
      case 3:
        return this.any('(', this.array(), ` ${choice.pick(['||', '=', '<', '@>', '<@', '&&'])} `, this.array(), ')');
      case 4:
        return this.any(
          `${choice.pick(['array_append', 'array_remove', 'array_position', 'array_positions', 'trim_array', 'array_upper', 'array_lower', 'array_length'])}(`,
          this.array(),
          ', ',
          element(),
          ')',
        );
      case 5:
        return this.any('array_replace(', this.array(), ', ', element(), ', ', element(), ')');
      case 6:
        return this.any(
          `${choice.pick(['array_dims', 'array_ndims', 'cardinality', 'array_to_json'])}(`,
          this.array(),
          ')',
        );
      case 7:
        return this.any(
          'array_fill(',
          element(),
          ', ',
          part(q(choice.pick(['{2}', '{2,2}', '{}', '{0}', '{-1}', '{NULL}'])), "'{2}'"),
          '::int[]',
          optional(', ', part(q(choice.pick(['{1}', '{0,0}', '{5}', '{}'])), "'{1}'"), '::int[]'),
          ')',
        );
      case 8:
        return this.any(
          '(',
          element(),
          ` ${choice.pick(['=', '<', '>='])} ${choice.pick(['ANY', 'ALL'])} (`,
          this.array(),
          '))',
        );
      case 9:
        return this.any(
          'ARRAY[',
          list([
            choice.chance(0.3) ? text('(', this.array(), ')') : text('ARRAY[', element(), ', ', element(), ']'),
            text('ARRAY[', element(), choice.pick([', 2', '']), ']'),
          ]),
          ']',
        );
      default:
        return this.any('array_cat(', this.array(), ', ', this.array(), ')');
    }
  }

  ranges(): Node {
    const { choice } = this;
    const base = choice.pick(['int4', 'num', 'date', 'ts', 'int8']);
    const bound = (): string =>
      base === 'date' || base === 'ts'
        ? choice.pick(['', '2020-01-01', '2020-01-05', 'infinity', '-infinity', '2021-06-01'])
        : choice.pick(['', '1', '3', '5', '-2', '10', base === 'num' ? '2.5' : '7']);
    const one = (): string =>
      choice.chance(0.1) ? 'empty' : `${choice.pick(['[', '('])}${bound()},${bound()}${choice.pick([']', ')'])}`;
    const range = (): Node => part(`'${one()}'::${base}range`, `'empty'::${base}range`);
    const multirange = (): Node =>
      part(
        `'{${choice.chance(0.1) ? '' : choice.chance(0.5) ? one() : `${one()}, ${one()}`}}'::${base}multirange`,
        `'{}'::${base}multirange`,
      );
    const either = (): Node => (choice.chance(0.6) ? range() : multirange());
    switch (choice.below(6)) {
      case 0:
      case 1:
      case 2:
        return this.any(
          '(',
          either(),
          ` ${choice.pick(['+', '*', '-', '&&', '@>', '<@', '<<', '>>', '&<', '&>', '-|-', '=', '<'])} `,
          either(),
          ')',
        );
      case 3:
        return this.any(
          `${choice.pick(['lower', 'upper', 'isempty', 'lower_inc', 'upper_inc', 'lower_inf', 'upper_inf'])}(`,
          either(),
          ')',
        );
      case 4:
        return this.any(`${choice.pick(['range_merge', 'multirange'])}(`, either(), ')');
      default:
        return this.any(
          `${choice.pick(['range_merge', 'range_union', 'range_intersect', 'range_minus'])}(`,
          range(),
          ', ',
          range(),
          ')',
        );
    }
  }
}
