/** Time zones as the date and time functions need them: the session's, and those that AT TIME ZONE names. */
import { sessionZone, type Zone, zoneByArgument, zoneByName } from '../../types/datetime/zone.ts';
import type { FunctionContext } from '../function-entry.ts';

export type { Zone };

let lastName = '';
let lastZone: Zone | null = null;

/** The zone of SET timezone. */
export function contextZone(context: FunctionContext): Zone {
  const name = context.format.timeZone;
  if (name !== lastName || lastZone === null) {
    lastZone = sessionZone(name);
    lastName = name;
  }
  return lastZone;
}

/** A zone or abbreviation given as an argument; throws 22023 when there is none. */
export function argumentZone(name: string): Zone {
  // A bare number is POSIX's: hours west of Greenwich. PostgreSQL passes over a fraction.
  const bare = /^([+-]?\d+(?::\d+)*)(?:\.\d*)?$/.exec(name);
  const zone = bare === null ? undefined : zoneByName(`<${bare[1]}>${bare[1]}`);
  return zone ?? zoneByArgument(name);
}
