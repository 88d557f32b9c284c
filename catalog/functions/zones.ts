/** Time zones as the date and time functions need them. */
import { sqlError } from '../../types/errors.ts';
import type { Timestamp } from './datetime-core.ts';

/** Seconds east of Greenwich at a moment. */
export function offsetOfUtc(_value: Timestamp, zone: string): number {
  return checkZone(zone);
}

/** Seconds east of Greenwich for a wall-clock time. */
export function offsetOfLocal(_value: Timestamp, zone: string): number {
  return checkZone(zone);
}

/** What the zone calls itself at a moment, such as EST. */
export function zoneAbbreviation(_value: Timestamp, zone: string): string {
  checkZone(zone);
  return zone;
}

/** Throws 22023 when there is no such zone. */
export function checkZone(zone: string): number {
  if (zone.toUpperCase() === 'UTC') return 0;
  throw sqlError('22023', `time zone "${zone}" not recognized`);
}
