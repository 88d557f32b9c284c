/**
 * User-made functions and operators in kept texts: by oid, as user-made types are (kept-types.ts). An operator has it in its schema's
 * place: OPERATOR("oid".===).
 */

const MARK = '\u0003';

/** The identifier (unquoted) that a function is kept under. */
export function keptRoutineName(oid: number): string {
  return MARK + String(oid) + MARK;
}

/** The oid of an identifier that keptRoutineName made; 0 for others. */
export function keptRoutineOid(name: string): number {
  return name.startsWith(MARK) ? Number(name.slice(1, -1)) : 0;
}

const OPERATOR = new RegExp(`OPERATOR\\("${MARK}([0-9]+)${MARK}"\\.[^)]+\\)( IN(?= ))?`, 'g');

/** `OPERATOR(schema.=)` and this, before a query: IN where the operator needs no schema. */
export const KEPT_IN = 'IN';

/** The text with each operator as `shown` writes it. */
export function replaceKeptOperators(text: string, shown: (oid: number) => string): string {
  if (!text.includes(MARK)) return text;
  return text.replace(OPERATOR, (_, oid: string, isIn: string | undefined) => {
    const operator = shown(Number(oid));
    if (isIn === undefined) return operator;
    return operator === '=' ? KEPT_IN : `${operator} ANY`;
  });
}

const QUOTED = new RegExp(`"${MARK}([0-9]+)${MARK}"`, 'g');

/** The text with each of them as `shown` writes it. */
export function replaceKeptRoutines(text: string, shown: (oid: number) => string): string {
  return text.includes(MARK) ? text.replace(QUOTED, (_, oid: string) => shown(Number(oid))) : text;
}

/** The functions that a kept text calls. */
export function keptRoutines(text: string | null | undefined): number[] {
  if (text === null || text === undefined || !text.includes(MARK)) return [];
  return [...text.matchAll(QUOTED)].map((match) => Number(match[1]));
}
