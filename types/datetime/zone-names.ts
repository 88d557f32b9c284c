/**
 * What a zone calls itself at a moment. ICU has such names only for the languages of the countries that use them, so a few
 * kinds of English are tried; a few more zones are listed; all others are called by their offset, as most are in the tz
 * database itself. Differences to PostgreSQL remain in rarely used and historical names.
 */
const LOCALES: readonly string[] = ['en-US', 'en-GB', 'en-AU', 'en-CA', 'en-NZ', 'en-ZA', 'en-IN'];

/** By zone; with two names, the second is that of daylight time. */
const LISTED: ReadonlyMap<string, readonly string[]> = new Map([
  ['Asia/Tokyo', ['JST']],
  ['Japan', ['JST']],
  ['Asia/Seoul', ['KST']],
  ['ROK', ['KST']],
  ['Asia/Hong_Kong', ['HKT']],
  ['Asia/Shanghai', ['CST']],
  ['PRC', ['CST']],
  ['Asia/Taipei', ['CST']],
  ['Asia/Macau', ['CST']],
  ['Asia/Manila', ['PST']],
  ['Asia/Jakarta', ['WIB']],
  ['Asia/Makassar', ['WITA']],
  ['Asia/Jayapura', ['WIT']],
  ['Asia/Karachi', ['PKT']],
  ['Asia/Kolkata', ['IST']],
  ['Asia/Calcutta', ['IST']],
  ['Asia/Jerusalem', ['IST', 'IDT']],
  ['Europe/Moscow', ['MSK']],
  ['Europe/Dublin', ['GMT', 'IST']],
  ['Pacific/Pago_Pago', ['SST']],
  ['Pacific/Guam', ['ChST']],
  ['Pacific/Honolulu', ['HST']],
  ['US/Hawaii', ['HST']],
  ['Africa/Lagos', ['WAT']],
  ['Africa/Nairobi', ['EAT']],
  ['Africa/Johannesburg', ['SAST']],
  ['Africa/Cairo', ['EET', 'EEST']],
  ['EST', ['EST']],
  ['MST', ['MST']],
  ['HST', ['HST']],
]);

const formats = new Map<string, Intl.DateTimeFormat[]>();

/** Half-years of our time, in which ICU knows names best. */
const SAMPLES: readonly number[] = [2020, 2010, 2000, 1990, 1980].flatMap((year) => [
  Date.UTC(year, 0, 15) / 1000,
  Date.UTC(year, 6, 15) / 1000,
]);

/** ICU has no names for early and late times: then it is what the same offset was called in our own. */
export function alphabeticAbbreviation(
  zone: string,
  unixSecond: number,
  offset: number,
  offsetAt: (unixSecond: number) => number,
): string {
  const listed = LISTED.get(zone);
  if (listed !== undefined) return listed.length > 1 && offset === daylightOffset(zone) ? listed[1] : listed[0];
  let candidates = formats.get(zone);
  if (candidates === undefined) {
    candidates = LOCALES.map((locale) => new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName: 'short' }));
    formats.set(zone, candidates);
  }
  const own = Math.abs(unixSecond) < 8.64e12 ? nameAt(candidates, unixSecond, offset) : undefined;
  if (own !== undefined) return own;
  for (const sample of SAMPLES) {
    const name = offsetAt(sample) === offset ? nameAt(candidates, sample, offset) : undefined;
    if (name !== undefined) return name;
  }
  return byOffset(offset);
}

function nameAt(candidates: readonly Intl.DateTimeFormat[], unixSecond: number, offset: number): string | undefined {
  for (const format of candidates) {
    const name = format.formatToParts(unixSecond * 1000).find((part) => part.type === 'timeZoneName')?.value ?? '';
    if (/^[A-Za-z]{2,5}$/.test(name) && (name !== 'GMT' || offset === 0)) return name;
  }
  return undefined;
}

function daylightOffset(zone: string): number {
  if (zone === 'Europe/Dublin') return 3600;
  return 3 * 3600;
}

function byOffset(offset: number): string {
  const minutes = Math.floor(Math.abs(offset) / 60);
  const hours = String(Math.floor(minutes / 60)).padStart(2, '0');
  const rest = minutes % 60;
  return (offset < 0 ? '-' : '+') + hours + (rest === 0 ? '' : String(rest).padStart(2, '0'));
}
