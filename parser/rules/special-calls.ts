/** Functions with a syntax of their own, whose arguments are words: EXTRACT, SUBSTRING, OVERLAY, TRIM, NORMALIZE. */
import type { Expression, FunctionCall } from '../ast.ts';
import { makeCall } from '../precedence.ts';
import * as T from '../token-types.ts';
import { makeType, TypeRules } from './types.ts';

const INTERVAL_WORDS = new Set<number>([T.YEAR, T.MONTH, T.DAY, T.HOUR, T.MINUTE, T.SECOND]);

/** Called by CallRules when the name has been read. */
export abstract class SpecialCallRules extends TypeRules {
  /** param_name { ':=' | '=>' } */
  protected argumentName(): string | null {
    const next = this.peekAt(2);
    if (next !== T.EQUALS_GREATER && next !== T.COLON_EQUALS) return null;
    if (!this.atCategory(T.TYPE_FUNCTION_NAME)) return null;
    const name = this.takeName(T.TYPE_FUNCTION_NAME).image;
    this.take(next);
    return name;
  }

  /** EXTRACT '(' { name | YEAR | ... | Sconst } FROM a_expr ')' */
  protected extract(position: number): Expression {
    this.take(T.LEFT_PAREN);
    const field = this.nextToken();
    if (field.tokenTypeIdx === T.STRING || field.tokenTypeIdx === T.IDENT || INTERVAL_WORDS.has(field.tokenTypeIdx)) {
      this.take(field.tokenTypeIdx);
    } else throw this.unexpected();
    const name: Expression = {
      kind: 'string',
      value: field.image,
      literalIndex: field.literalIndex,
      position: field.startOffset,
    };
    this.take(T.FROM);
    const arg = this.sub(this.expression);
    this.take(T.RIGHT_PAREN);
    return makeCall(['pg_catalog', 'extract'], [name, arg], position);
  }

  /** SUBSTRING '(' a_expr [ FROM a ] [ FOR b ] | a_expr SIMILAR a ESCAPE b | func_arg_list ')' */
  protected substring(position: number): Expression {
    this.take(T.LEFT_PAREN);
    if (this.at(T.RIGHT_PAREN)) {
      this.take(T.RIGHT_PAREN);
      return { ...(makeCall(['substring'], [], position) as FunctionCall), sqlSyntax: false };
    }
    const named = this.peekAt(2) === T.EQUALS_GREATER || this.peekAt(2) === T.COLON_EQUALS;
    const argNames: (string | null)[] = [named ? this.argumentName() : null];
    const text = this.sub(this.expression);
    const name = ['pg_catalog', 'substring'];
    if (this.at(T.FROM) || this.at(T.FOR)) {
      const args = this.fromAndFor();
      this.take(T.RIGHT_PAREN);
      const { from, count } = args;
      if (from === null) {
        // SUBSTRING(a FOR b) is substring(a, 1, b::int4), as in PostgreSQL.
        const one: Expression = { kind: 'integer', value: 1, negative: false, literalIndex: -1, position: -1 };
        const type = makeType(['pg_catalog', 'int4'], [], -1);
        return makeCall(name, [text, one, { kind: 'cast', arg: count!, type, form: 'cast', position: -1 }], position);
      }
      return makeCall(name, count === null ? [text, from] : [text, from, count], position);
    }
    if (this.at(T.SIMILAR)) {
      this.take(T.SIMILAR);
      const pattern = this.sub(this.expression);
      this.take(T.ESCAPE);
      const escapeWith = this.sub(this.expression);
      this.take(T.RIGHT_PAREN);
      return { ...(makeCall(name, [text, pattern, escapeWith], position) as FunctionCall), sqlSyntax: 'similar' };
    }
    const args = [text];
    while (this.more(T.COMMA)) {
      argNames.push(this.argumentName());
      args.push(this.sub(this.expression));
    }
    this.take(T.RIGHT_PAREN);
    const names = argNames.some((argument) => argument !== null) ? argNames : null;
    return { ...(makeCall(['substring'], args, position) as FunctionCall), argNames: names, sqlSyntax: false };
  }

  /** FROM a [FOR b] | FOR b [FROM a] */
  private fromAndFor(): { from: Expression | null; count: Expression | null } {
    let from: Expression | null = null;
    let count: Expression | null = null;
    while ((from === null && this.at(T.FROM)) || (count === null && this.at(T.FOR))) {
      if (this.at(T.FROM)) {
        this.take(T.FROM);
        from = this.sub(this.expression);
      } else {
        this.take(T.FOR);
        count = this.sub(this.expression);
      }
    }
    return { from, count };
  }

  /** OVERLAY '(' a_expr PLACING a_expr FROM a_expr [ FOR a_expr ] | func_arg_list ')' */
  protected overlay(position: number): Expression {
    this.take(T.LEFT_PAREN);
    const args = this.at(T.RIGHT_PAREN) ? [] : [this.sub(this.expression)];
    if (args.length > 0 && this.at(T.PLACING)) {
      this.take(T.PLACING);
      args.push(this.sub(this.expression));
      this.take(T.FROM);
      args.push(this.sub(this.expression));
      if (this.has(T.FOR)) args.push(this.sub(this.expression));
      this.take(T.RIGHT_PAREN);
      return makeCall(['pg_catalog', 'overlay'], args, position);
    }
    while (this.more(T.COMMA)) args.push(this.sub(this.expression));
    this.take(T.RIGHT_PAREN);
    return { ...(makeCall(['overlay'], args, position) as FunctionCall), sqlSyntax: false };
  }

  /** TRIM '(' [ BOTH | LEADING | TRAILING ] { a_expr FROM expr_list | FROM expr_list | expr_list } ')' */
  protected trim(position: number): Expression {
    this.take(T.LEFT_PAREN);
    let name = 'btrim';
    if (this.at(T.LEADING)) {
      this.take(T.LEADING);
      name = 'ltrim';
    } else if (this.at(T.TRAILING)) {
      this.take(T.TRAILING);
      name = 'rtrim';
    } else if (this.at(T.BOTH)) this.take(T.BOTH);
    let args: Expression[];
    if (this.at(T.FROM)) {
      this.take(T.FROM);
      args = this.list(this.expression);
    } else {
      args = this.list(this.expression);
      if (args.length === 1 && this.at(T.FROM)) {
        this.take(T.FROM);
        args = [...this.list(this.expression), args[0]];
      }
    }
    this.take(T.RIGHT_PAREN);
    return makeCall(['pg_catalog', name], args, position);
  }

  /** NORMALIZE '(' a_expr [ ',' NFC | NFD | NFKC | NFKD ] ')' */
  protected normalize(position: number): Expression {
    this.take(T.LEFT_PAREN);
    const args = [this.sub(this.expression)];
    if (this.has(T.COMMA)) {
      const form = this.nextToken();
      if (![T.NFC, T.NFD, T.NFKC, T.NFKD].includes(form.tokenTypeIdx as never)) throw this.unexpected();
      this.take(form.tokenTypeIdx);
      args.push({ kind: 'string', value: form.image.toUpperCase(), literalIndex: -1, position: form.startOffset });
    }
    this.take(T.RIGHT_PAREN);
    return makeCall(['pg_catalog', 'normalize'], args, position);
  }
}
