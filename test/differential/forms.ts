/** What forms of expressions have in common: texts and literals that can be made simpler. */
import type { Choice } from './choice.ts';
import type { Expressions } from './expressions.ts';
import { randomText } from './patterns.ts';
import { expression, type Node, type Part } from './tree.ts';

export const q = (value: string): string => `'${value.replaceAll("'", "''")}'`;

/** A part that can be made simpler: any of these for it. */
export function part(sql: string, ...simpler: string[]): Node {
  return expression('literal', [sql], simpler);
}

export abstract class Forms {
  protected readonly choice: Choice;
  protected readonly expressions: Expressions;

  constructor(expressions: Expressions, choice: Choice) {
    this.expressions = expressions;
    this.choice = choice;
  }

  protected any(...parts: Part[]): Node {
    return expression('any', parts);
  }

  protected text(): Node {
    return part(q(randomText(this.choice)), "''", "'a'", "'ab'");
  }

  protected literal(type: string): Node {
    return this.expressions.literal(type);
  }

  protected small(): Node {
    return part(
      this.choice.pick(['0', '1', '2', '3', '-1', '-2', '5', '100', '2147483647', '-2147483648', 'NULL']),
      '1',
      '0',
    );
  }
}
