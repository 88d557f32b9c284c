/** What pg_stat_activity keeps of a statement's text: its first bytes (PostgreSQL's track_activity_query_size, less one for the end). */
const BYTES_MAX = 1023;

/** A string of its own, where the text is longer: a part of it would keep the whole. */
export function activityText(text: string): string {
  if (text.length * 3 <= BYTES_MAX) return text;
  const bytes = Buffer.from(text.slice(0, BYTES_MAX));
  if (bytes.length <= BYTES_MAX && text.length <= BYTES_MAX) return text;
  let end = Math.min(bytes.length, BYTES_MAX);
  // Not inside of a character of several bytes.
  while (end < bytes.length && (bytes[end] & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}
