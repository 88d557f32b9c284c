/** What -> ->> #> #>> ? find in the bytes of a document, against the same over its tree. */
import { expect } from 'chai';
import {
  countJsonbElements,
  elementAt,
  existsAt,
  jsonbBytes,
  jsonbEnd,
  jsonbKey,
  jsonbPath,
  jsonbTextAt,
  memberAt,
  pathAt,
  skipJsonb,
} from '../../../catalog/functions/jsonb-bytes.ts';
import { decodeText, formatJsonb, type Jsonb, JsonbObject } from '../../../types/index.ts';
import { randomJsonb } from '../../support/jsonb.ts';
import { randomOf } from '../../support/random.ts';
import { seedFrom } from '../../support/seed.ts';

const SEED = seedFrom();
const NAMES = [
  'a',
  'b',
  'käse',
  'quo"te',
  'back\\slash',
  'new\nline',
  'x'.repeat(200),
  '',
  '{',
  'zz',
  'k\u00e4se!',
  '0',
  ' -1',
  '2',
];

/** Behind and before the document are bytes that are none of its own. */
function within(text: string): [buffer: Buffer, start: number, end: number] {
  const buffer = Buffer.from(`99${text}99`, 'utf8');
  return [buffer, 2, buffer.length - 2];
}

function shown(buffer: Buffer, at: number, end: number): string | null {
  return at < 0 ? null : decodeText(buffer, at, skipJsonb(buffer, at, end));
}

const written = (value: Jsonb | undefined): string | null => (value === undefined ? null : formatJsonb(value));

function walk(value: Jsonb, steps: readonly string[]): Jsonb | undefined {
  let at: Jsonb | undefined = value;
  for (const step of steps) {
    if (at instanceof JsonbObject) at = at.get(step);
    else if (Array.isArray(at) && /^\s*-?\d+$/.test(step)) at = at.at(Number(step));
    else return undefined;
    if (at === undefined) return undefined;
  }
  return at;
}

describe(`jsonb as bytes (SEED=${SEED})`, () => {
  const random = randomOf(SEED);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)];

  it('finds members, elements and what paths lead to', () => {
    let found = 0;
    for (let i = 0; i < 6000; i++) {
      const value = randomJsonb(random, 4);
      const text = formatJsonb(value);
      const [buffer, start, end] = within(text);
      const name = pick(NAMES);
      const member = value instanceof JsonbObject ? value.get(name) : undefined;
      expect(shown(buffer, memberAt(buffer, start, end, jsonbKey(name)), end), `${text} -> ${name}`).to.equal(
        written(member),
      );
      const index = Math.floor(random() * 7) - 3;
      const isScalar = !Array.isArray(value) && !(value instanceof JsonbObject);
      const element = Array.isArray(value)
        ? value.at(index)
        : isScalar && (index === 0 || index === -1)
          ? value
          : undefined;
      expect(shown(buffer, elementAt(buffer, start, end, index), end), `${text} -> ${index}`).to.equal(
        written(element),
      );
      if (Array.isArray(value)) expect(countJsonbElements(buffer, start, end)).to.equal(value.length);
      const steps = Array.from({ length: Math.floor(random() * 4) }, () => pick(NAMES));
      const reached = walk(value, steps);
      expect(shown(buffer, pathAt(buffer, start, end, jsonbPath(steps)), end), `${text} #> ${steps}`).to.equal(
        written(reached),
      );
      if (reached !== undefined && steps.length > 0) found++;
    }
    expect(found).to.be.greaterThan(50);
  });

  it('->> gives strings without their quotes and escapes, and NULL for null', () => {
    for (let i = 0; i < 2000; i++) {
      const value = randomJsonb(random, 2);
      const [buffer, start, end] = within(formatJsonb(value));
      const expected = value === null ? null : typeof value === 'string' ? value : formatJsonb(value);
      expect(jsonbTextAt(buffer, start, end)).to.equal(expected);
    }
  });

  it('? asks for keys, for strings in arrays and for the string itself', () => {
    for (let i = 0; i < 3000; i++) {
      const value = randomJsonb(random, 2);
      const [buffer, start, end] = within(formatJsonb(value));
      const name = pick(NAMES);
      const expected =
        value instanceof JsonbObject
          ? value.keys.includes(name)
          : Array.isArray(value)
            ? value.some((element) => element === name)
            : value === name;
      expect(existsAt(buffer, start, end, jsonbKey(name)), `${formatJsonb(value)} ? ${name}`).to.equal(expected);
    }
  });

  it('writes each text once, whatever came before it: short after long, the same again, longer than what is kept', () => {
    const texts = ['{}', '[1]', `"${'é'.repeat(30_000)}"`, '{"a": 1}', '{"a": 1}', `"${'x'.repeat(200)}"`, ''];
    for (const text of [...texts, ...texts]) {
      const bytes = jsonbBytes(text);
      expect(bytes.toString('utf8', 0, jsonbEnd())).to.equal(text);
    }
  });
});
