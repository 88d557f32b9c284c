/** What PostgreSQL would answer, of us: a value's text, or "ERROR sqlstate: message / detail / hint". */
import { SqlError } from '../../types/index.ts';

export function answer(compute: () => string): string {
  try {
    return compute();
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    const { detail, hint } = error.fields;
    const more = [detail, hint].filter((text) => text !== undefined);
    return [`ERROR ${error.code}: ${error.message}`, ...more].join(' / ');
  }
}
