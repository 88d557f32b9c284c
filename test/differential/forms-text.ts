/** Texts: regular expressions, LIKE and SIMILAR TO, string functions in the forms of the grammar. */
import type { Choice } from './choice.ts';
import { Forms, part, q } from './forms.ts';
import { randomLike, randomRegex, randomSimilar } from './patterns.ts';
import { list, type Node, optional, text } from './tree.ts';

export class TextForms extends Forms {
  private pattern(): Node {
    return part(`E${q(randomRegex(this.choice)).replaceAll('\\', '\\\\')}`, "'a'", "'.'", "'b*'");
  }

  regex(): Node {
    const { choice } = this;
    const flags = (): string => q(choice.pick(['', 'g', 'i', 'gi', 'n', 'x', 'c', 's', 'w', 'p', 'q', 'gx', 'z']));
    const [subject, pattern] = [this.text(), this.pattern()];
    switch (choice.below(10)) {
      case 0:
        return this.any('regexp_match(', subject, ', ', pattern, optional(`, ${flags()}`), ')');
      case 1:
        return this.any('ARRAY(SELECT regexp_matches(', subject, ', ', pattern, optional(`, ${flags()}`), '))');
      case 2:
      case 3:
        return this.any(
          'regexp_replace(',
          subject,
          ', ',
          pattern,
          ', ',
          part(q(choice.pick(['', 'x', '<\\1>', '\\&\\&', '\\2', '\\\\', '$1', '\\9'])), "'x'"),
          optional(`, ${flags()}`),
          ')',
        );
      case 4:
        return this.any('regexp_split_to_array(', subject, ', ', pattern, optional(`, ${flags()}`), ')');
      case 5:
        return this.any('substring(', subject, ' FROM ', pattern, ')');
      case 6:
        return this.any(
          'regexp_count(',
          subject,
          ', ',
          pattern,
          optional(', ', this.small(), optional(`, ${flags()}`)),
          ')',
        );
      case 7:
        return this.any(
          'regexp_instr(',
          subject,
          ', ',
          pattern,
          optional(
            ', ',
            this.small(),
            optional(
              ', ',
              this.small(),
              optional(', ', this.small(), optional(`, ${flags()}`, optional(', ', this.small()))),
            ),
          ),
          ')',
        );
      case 8:
        return this.any(
          'regexp_substr(',
          subject,
          ', ',
          pattern,
          optional(
            ', ',
            this.small(),
            optional(', ', this.small(), optional(`, ${flags()}`, optional(', ', this.small()))),
          ),
          ')',
        );
      default:
        return this.any('(', subject, ` ${choice.pick(['~', '~*', '!~', '!~*'])} `, pattern, ')');
    }
  }

  similar(): Node {
    const { choice } = this;
    const pattern = (make: (from: Choice) => string): Node =>
      part(`E${q(make(choice)).replaceAll('\\', '\\\\')}`, "'a'", "'%'");
    const escaped = (): Node =>
      choice.chance(0.4) ? optional(` ESCAPE ${q(choice.pick(['', '!', '#', '\\', 'ab']))}`) : text();
    const not = choice.chance(0.3) ? 'NOT ' : '';
    switch (choice.below(5)) {
      case 0:
        return this.any('(', this.text(), ` ${not}SIMILAR TO `, pattern(randomSimilar), escaped(), ')');
      case 1:
        return this.any(
          'substring(',
          this.text(),
          ' SIMILAR ',
          part(q(choice.pick(['%#"a%#"%', '#"%#"b', 'a#"_#"b', '%', '#"a', `%#"${randomSimilar(choice)}#"%`])), "'%'"),
          " ESCAPE '#')",
        );
      case 2:
        return this.any('(', this.text(), ` ${not}ILIKE `, pattern(randomLike), escaped(), ')');
      default:
        return this.any('(', this.text(), ` ${not}LIKE `, pattern(randomLike), escaped(), ')');
    }
  }

  strings(): Node {
    const { choice } = this;
    const t = (): Node => this.text();
    const n = (): Node => this.small();
    switch (choice.below(20)) {
      case 0:
        return this.any('substring(', t(), optional(' FROM ', n()), optional(' FOR ', n()), ')');
      case 1:
        return this.any('overlay(', t(), ' PLACING ', t(), ' FROM ', n(), optional(' FOR ', n()), ')');
      case 2:
        return this.any(`trim(${choice.pick(['BOTH', 'LEADING', 'TRAILING'])} `, t(), ' FROM ', t(), ')');
      case 3:
        return this.any('position(', t(), ' IN ', t(), ')');
      case 4:
        return this.any('split_part(', t(), ', ', t(), ', ', n(), ')');
      case 5:
        return this.any(
          `${choice.pick(['lpad', 'rpad'])}(`,
          t(),
          ', ',
          part(choice.pick(['0', '5', '-1', '12', 'NULL']), '3'),
          optional(', ', t()),
          ')',
        );
      case 6:
        return this.any(
          'format(',
          part(
            q(
              choice.pick([
                '%s',
                '%I',
                '%L',
                '%1$s %1$L',
                '%2$I',
                '%-10s|',
                '%10s|',
                '%*s',
                '%2$*1$s',
                '%%',
                '%',
                '%5',
                '%0$s',
                '%3$s',
                '%-*s|',
                '%s %s %s',
                '%1$*2$L',
              ]),
            ),
            "'%s'",
          ),
          optional(', ', this.literal(choice.pick(['text', 'int4', 'date']))),
          optional(', ', t()),
          ')',
        );
      case 7:
        return this.any('translate(', t(), ', ', t(), ', ', t(), ')');
      case 8:
        return this.any('replace(', t(), ', ', t(), ', ', t(), ')');
      case 9:
        return this.any(
          `${choice.pick(['left', 'right', 'repeat'])}(`,
          t(),
          ', ',
          part(choice.pick(['0', '1', '2', '3', '-1', '-2', '-100', 'NULL']), '1'),
          ')',
        );
      case 10:
        return this.any(
          `${choice.pick(['initcap', 'upper', 'lower', 'reverse', 'length', 'octet_length', 'bit_length', 'ascii', 'quote_ident', 'quote_literal', 'quote_nullable', 'md5', 'to_hex(length', 'unistr', 'char_length'])}(`,
          t(),
          ')',
        );
      case 11:
        return this.any('string_to_array(', t(), ', ', t(), optional(', ', t()), ')');
      case 12:
        return this.any('array_to_string(string_to_array(', t(), ', ', t(), '), ', t(), optional(', ', t()), ')');
      case 13:
        return this.any(
          'chr(',
          part(choice.pick(['0', '1', '65', '228', '55296', '1114111', '1114112', '-1', 'NULL'])),
          ')',
        );
      case 14:
        return this.any(
          'concat_ws(',
          t(),
          ', ',
          list([t(), this.literal('int4'), this.literal('bool'), this.literal('float8')]),
          ')',
        );
      case 15:
        return this.any(
          'parse_ident(',
          part(q(choice.pick(['a.b', '"A".b', 'a..b', 'a.b.c', '"a', ' a . b ', 'a b', '1a', ''])), "'a'"),
          optional(`, ${choice.pick(['true', 'false'])}`),
          ')',
        );
      case 16:
        return this.any(
          '(',
          t(),
          ' IS ',
          choice.pick(['', 'NOT ']),
          choice.pick(['', 'NFC ', 'NFD ', 'NFKC ', 'NFKD ']),
          'NORMALIZED)',
        );
      case 17:
        return this.any('normalize(', t(), choice.pick(['', ', NFC', ', NFD', ', NFKC', ', NFKD']), ')');
      case 18:
        return this.any('starts_with(', t(), ', ', t(), ')');
      default:
        return this.any(
          '(',
          t(),
          ` ${choice.pick(['||', '<', '=', '>=', '^@'])} `,
          choice.chance(0.3) ? this.literal(choice.pick(['int4', 'numeric', 'bool', '_text', 'date'])) : t(),
          ')',
        );
    }
  }
}
