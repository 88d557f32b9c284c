/** Numbers, formats, dates, times and intervals. */
import { Forms, part, q } from './forms.ts';
import {
  randomDate,
  randomInterval,
  randomNumber,
  randomNumberFormat,
  randomTime,
  randomTimeFormat,
  randomTimestamp,
  randomZone,
} from './patterns.ts';
import { list, type Node, optional, text } from './tree.ts';

const FIELDS = [
  'year',
  'month',
  'day',
  'hour',
  'minute',
  'second',
  'week',
  'quarter',
  'dow',
  'doy',
  'epoch',
  'isodow',
  'isoyear',
  'century',
  'decade',
  'millennium',
  'milliseconds',
  'microseconds',
  'julian',
  'timezone',
  'timezone_hour',
  'timezone_minute',
  'foo',
];

export class NumberForms extends Forms {
  formats(): Node {
    const { choice } = this;
    const number = (): Node =>
      part(
        `${q(randomNumber(choice))}::${choice.pick(['numeric', 'numeric', 'float8', 'int4', 'int8', 'float4'])}`,
        '0',
        '1',
        '-1.5',
        '1234.5',
      );
    const numberFormat = (): Node => part(q(randomNumberFormat(choice)), "'9'", "'999.99'");
    const timeFormat = (): Node => part(q(randomTimeFormat(choice)), "'YYYY-MM-DD'", "'HH24:MI:SS'");
    switch (choice.below(8)) {
      case 0:
      case 1:
        return this.any('to_char(', number(), ', ', numberFormat(), ')');
      case 2:
      case 3:
        return this.any(
          'to_char(',
          part(
            `${q(randomTimestamp(choice))}::${choice.pick(['timestamp', 'timestamptz', 'date'])}`,
            "'2024-02-29 12:34:56'::timestamp",
          ),
          ', ',
          timeFormat(),
          ')',
        );
      case 4:
        return this.any(
          'to_char(',
          part(`${q(randomInterval(choice))}::interval`, "'1 day'::interval"),
          ', ',
          timeFormat(),
          ')',
        );
      case 5:
        return this.any(
          'to_number(',
          part(
            q(
              choice.chance(0.5)
                ? randomNumber(choice)
                : choice.pick(['1,234.5', '<12>', '12-', '+3', '1e5', 'XIV', '$5', ' 7', '12.3.4', '-']),
            ),
            "'1'",
            "'-1.5'",
          ),
          ', ',
          numberFormat(),
          ')',
        );
      default: {
        // What a format wrote, read by the same or another one.
        const format = randomTimeFormat(choice);
        const value = choice.chance(0.7)
          ? text(
              'to_char(',
              part(`${q(randomTimestamp(choice))}::timestamp`, "'2024-02-29 12:34:56'::timestamp"),
              `, ${q(format)})`,
            )
          : part(q(choice.pick([randomTimestamp, randomDate, randomTime])(choice)), "'2020-01-02'");
        return this.any(
          `${choice.pick(['to_timestamp', 'to_date'])}(`,
          value,
          ', ',
          part(q(choice.chance(0.85) ? format : randomTimeFormat(choice)), "'YYYY'"),
          ')',
        );
      }
    }
  }

  numbers(): Node {
    const { choice } = this;
    const n = (): Node => part(`${q(randomNumber(choice))}::numeric`, '0.0', '1.0', '-2.5', '10');
    const kind = choice.pick(['numeric', 'numeric', 'float8', 'float4', 'int8', 'int4', 'int2']);
    const typed = (): Node =>
      part(
        `${q(kind.startsWith('int') ? choice.pick(['0', '1', '-1', '7', '100', '32767', '-32768', '2147483647', '-2147483648', '9223372036854775807', '-9223372036854775808']) : randomNumber(choice))}::${kind}`,
        `'0'::${kind}`,
        `'1'::${kind}`,
        `'-2'::${kind}`,
      );
    switch (choice.below(12)) {
      case 0:
      case 1:
      case 2:
        return this.any(
          '(',
          typed(),
          ` ${choice.pick(['+', '-', '*', '/', '%', '=', '<', '>='])} `,
          choice.chance(0.7) ? typed() : n(),
          ')',
        );
      case 3:
        return this.any(
          `${choice.pick(['round', 'trunc'])}(`,
          n(),
          ', ',
          part(choice.pick(['0', '1', '2', '-1', '-3', '5', '20', '100', '-100', '2000', '-2000'])),
          ')',
        );
      case 4:
        return this.any(
          `${choice.pick(['abs', 'ceil', 'floor', 'sign', 'sqrt', 'exp', 'ln', 'log', 'round', 'trunc', 'scale', 'min_scale', 'trim_scale', '-', '+', '@'])}(`,
          n(),
          ')',
        );
      case 5:
        return this.any(`${choice.pick(['power', 'log', 'mod', 'div', 'gcd', 'lcm'])}(`, n(), ', ', n(), ')');
      case 6:
        return this.any(
          'width_bucket(',
          n(),
          ', ',
          n(),
          ', ',
          n(),
          ', ',
          part(choice.pick(['1', '5', '0', '-1', '2147483647'])),
          ')',
        );
      case 7:
        return this.any(
          `${choice.pick(['sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh', 'cbrt', 'exp', 'ln', 'log', 'sqrt', 'degrees', 'radians', 'sind', 'cosd', 'tand', 'asind', 'acosd', 'atand', 'cot', 'cotd', 'ceil', 'round', 'sign'])}(`,
          part(`${q(randomNumber(choice))}::float8`, "'0'::float8", "'1'::float8"),
          ')',
        );
      case 8:
        return this.any('(', typed(), ` ${choice.pick(['&', '|', '#', '<<', '>>', '^', '!'])} `, typed(), ')');
      case 9:
        return this.any('(', typed(), ` ^ `, n(), ')');
      case 10:
        return this.any(
          '(',
          n(),
          `)::${choice.pick(['int2', 'int4', 'int8', 'float4', 'float8', 'money', 'numeric(10,3)', 'text'])}`,
        );
      default:
        return this.any(`${choice.pick(['gcd', 'lcm', 'mod', 'div'])}(`, typed(), ', ', typed(), ')');
    }
  }

  private time(): Node {
    const { choice } = this;
    const type = choice.pick(['timestamp', 'timestamptz', 'timestamptz', 'date', 'time', 'timetz']);
    const value =
      type === 'date'
        ? randomDate(choice)
        : /^time(tz)?$/.test(type)
          ? randomTime(choice) + (type === 'timetz' ? choice.pick(['', '+02', '-08:30', ' EST']) : '')
          : randomTimestamp(choice);
    return part(`${q(value)}::${type}`, `'2024-02-29 12:34:56'::${type}`, `'2024-02-29 12:34:56+00'::${type}`);
  }

  private interval(): Node {
    return part(`${q(randomInterval(this.choice))}::interval`, "'1 day'::interval", "'1 month'::interval");
  }

  times(): Node {
    const { choice } = this;
    const field = (): string => choice.pick(FIELDS);
    switch (choice.below(12)) {
      case 0:
      case 1:
        return this.any('(', this.time(), ` ${choice.pick(['+', '-'])} `, this.interval(), ')');
      case 2:
      case 3:
        return this.any(
          '(',
          this.time(),
          ' AT TIME ZONE ',
          choice.chance(0.2) ? this.interval() : part(q(randomZone(choice)), "'UTC'"),
          ')',
        );
      case 4:
      case 5:
        return this.any(`extract(${field()} FROM `, this.time(), ')');
      case 6:
        return this.any(
          `date_trunc('${field()}', `,
          this.time(),
          optional(', ', part(q(randomZone(choice)), "'UTC'")),
          ')',
        );
      case 7:
        return this.any('age(', this.time(), ', ', this.time(), ')');
      case 8:
        return this.any('(', this.time(), ` ${choice.pick(['-', '<', '=', '>='])} `, this.time(), ')');
      case 9:
        return this.any(
          '((',
          this.time(),
          ', ',
          choice.chance(0.5) ? this.interval() : this.time(),
          ') OVERLAPS (',
          this.time(),
          ', ',
          choice.chance(0.5) ? this.interval() : this.time(),
          '))',
        );
      case 10:
        return this.any('date_bin(', this.interval(), ', ', this.time(), ', ', this.time(), ')');
      default:
        return this.any(
          '(',
          this.time(),
          `)::${choice.pick(['date', 'time', 'timetz', 'timestamp', 'timestamptz', 'text', 'timestamp(2)', 'timestamptz(0)'])}`,
        );
    }
  }

  intervals(): Node {
    const { choice } = this;
    switch (choice.below(9)) {
      case 0:
        return this.any('(', this.interval(), ` ${choice.pick(['+', '-', '=', '<', '>='])} `, this.interval(), ')');
      case 1:
        return this.any(
          '(',
          this.interval(),
          ` ${choice.pick(['*', '/'])} `,
          part(`${q(randomNumber(choice))}::float8`, "'2'::float8", "'0.5'::float8"),
          ')',
        );
      case 2:
        return this.any(`extract(${choice.pick(FIELDS)} FROM `, this.interval(), ')');
      case 3:
        return this.any(
          `${choice.pick(['justify_days', 'justify_hours', 'justify_interval', '-'])}(`,
          this.interval(),
          ')',
        );
      case 4:
        return this.any(`date_trunc('${choice.pick(FIELDS)}', `, this.interval(), ')');
      case 5:
        return this.any(
          `interval ${choice.pick(['', '(0) ', '(3) '])}`,
          q(randomInterval(choice)),
          choice.pick([
            '',
            ' year',
            ' month',
            ' day',
            ' hour',
            ' second',
            ' year to month',
            ' day to hour',
            ' hour to second(2)',
            ' minute to second',
          ]),
        );
      case 6:
        return this.any(
          'make_interval(',
          list(
            ['years', 'months', 'weeks', 'days', 'hours', 'mins', 'secs'].map(
              (name) => `${name} => ${choice.pick(['0', '1', '-5', '100', '2147483647'])}`,
            ),
          ),
          ')',
        );
      default:
        return this.any(
          '(',
          this.interval(),
          `)::${choice.pick(['text', 'time', 'interval(1)', 'interval day', 'interval year to month', 'interval hour to minute'])}`,
        );
    }
  }
}
