/** Assignment to jsonb[subscript]... (after PostgreSQL's jsonb_set_element: paths are made, gaps in arrays filled with null). */
import { sqlError } from '../../types/errors.ts';
import { formatJsonb, type Jsonb, JsonbObject, readJsonb } from '../../types/jsonb.ts';

/** An integer subscript as a number, or text. */
export type JsonbSubscript = string | number;

/** null target: an array if the first subscript is an integer, else an object. null value: JSON null. */
export function assignJsonb(target: string | null, path: readonly JsonbSubscript[], value: string | null): string {
  const start: Jsonb =
    target !== null ? readJsonb(target) : typeof path[0] === 'number' ? [] : JsonbObject.from([], []);
  return formatJsonb(assignAt(start, path.map(String), 0, value === null ? null : readJsonb(value)));
}

function assignAt(target: Jsonb, path: readonly string[], level: number, value: Jsonb): Jsonb {
  if (level === path.length) return value;
  const step = path[level];
  if (target instanceof JsonbObject) {
    const index = target.keys.indexOf(step);
    if (index < 0) return JsonbObject.from([...target.keys, step], [...target.values, made(path, level + 1, value)]);
    const values = target.values.slice();
    values[index] = assignAt(values[index], path, level + 1, value);
    return new JsonbObject(target.keys, values);
  }
  if (!Array.isArray(target)) {
    throw sqlError('22023', 'cannot replace existing key', {
      detail: 'The path assumes key is a composite object, but it is a scalar value.',
    });
  }
  if (!/^\s*[+-]?\d+$/.test(step))
    throw sqlError('22P02', `path element at position ${level + 1} is not an integer: "${step}"`);
  const wanted = Number(step);
  const index = wanted < 0 ? target.length + wanted : wanted;
  if (index < 0) throw sqlError('22023', `path element at position ${level + 1} is out of range: ${wanted}`);
  const items: Jsonb[] = target.slice();
  while (items.length < index) items.push(null);
  items[index] = index < target.length ? assignAt(target[index], path, level + 1, value) : made(path, level + 1, value);
  return items;
}

/** The containers that the rest of the path stands for, around the value. */
function made(path: readonly string[], level: number, value: Jsonb): Jsonb {
  if (level === path.length) return value;
  const inner = made(path, level + 1, value);
  const step = path[level];
  if (!/^\s*[+-]?\d+$/.test(step)) return JsonbObject.from([step], [inner]);
  const items: Jsonb[] = [];
  while (items.length < Number(step)) items.push(null);
  items.push(inner);
  return items;
}
