/** Random jsonb documents, parts of them, and the same written otherwise. */
import { type Jsonb, JsonbObject, Numeric, parseJsonb } from '../../types/index.ts';

const WORDS = ['a', 'b', 'käse', 'quo"te', 'back\\slash', 'new\nline', 'x'.repeat(200), '', '{', '[1, 2]', 'null'];

export function randomJsonb(random: () => number, depth: number): Jsonb {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)];
  const kind = Math.floor(random() * (depth > 0 ? 7 : 5));
  const count = Math.floor(random() * 4);
  switch (kind) {
    case 0:
      return null;
    case 1:
      return random() < 0.5;
    case 2:
      return parseJsonb(pick(['0', '1', '-1', '1.5', '10', '100', '0.25', '12345678901234567890.5']));
    case 3:
    case 4:
      return pick(WORDS);
    case 5:
      return Array.from({ length: count }, () => randomJsonb(random, depth - 1));
    default: {
      const keys = Array.from({ length: count }, () => pick(WORDS));
      return JsonbObject.from(
        keys,
        keys.map(() => randomJsonb(random, depth - 1)),
      );
    }
  }
}

/** Something that the document contains. */
export function partOf(value: Jsonb, random: () => number): Jsonb {
  if (Array.isArray(value)) return value.filter(() => random() < 0.6).map((item) => partOf(item, random));
  if (value instanceof JsonbObject) {
    const kept = value.keys.map((_, i) => i).filter(() => random() < 0.6);
    return JsonbObject.from(
      kept.map((i) => value.keys[i]),
      kept.map((i) => partOf(value.values[i], random)),
    );
  }
  return value;
}

/** The same with zeros behind the fraction of each number. */
export function withZeros(value: Jsonb): Jsonb {
  if (value instanceof Numeric) return parseJsonb(value.scale > 0 ? `${value}00` : `${value}.00`);
  if (Array.isArray(value)) return value.map(withZeros);
  if (value instanceof JsonbObject) return JsonbObject.from(value.keys, value.values.map(withZeros));
  return value;
}
