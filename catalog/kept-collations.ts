/** User-made collations in kept texts: by oid, as user-made types are (kept-types.ts). */

const MARK = '\u0002';

/** The identifier (unquoted) that a collation is kept under. */
export function keptCollationName(oid: number): string {
  return MARK + String(oid) + MARK;
}

/** The oid of an identifier that keptCollationName made; 0 for others. */
export function keptCollationOid(name: string): number {
  return name.startsWith(MARK) ? Number(name.slice(1, -1)) : 0;
}

const QUOTED = new RegExp(`"${MARK}([0-9]+)${MARK}"`, 'g');

/** The text with each of them as `shown` writes it. */
export function replaceKeptCollations(text: string, shown: (oid: number) => string): string {
  return text.includes(MARK) ? text.replace(QUOTED, (_, oid: string) => shown(Number(oid))) : text;
}
