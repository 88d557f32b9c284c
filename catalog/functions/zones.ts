/** Time zones as the date and time functions need them: the session's, and those that AT TIME ZONE names. */
import { parseOffset } from '../../types/datetime/decode.ts';
import { FixedZone } from '../../types/datetime/rule-zone.ts';
import { ParseFailure } from '../../types/datetime/tokens.ts';
import { sessionZone, type Zone, zoneByArgument, zoneByName } from '../../types/datetime/zone.ts';
import { sqlError } from '../../types/errors.ts';
import type { FunctionContext } from '../function-entry.ts';

export { sessionZone, type Zone };

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
  // A bare number is POSIX's: hours west of Greenwich. What follows a point would be the offset of daylight time, called '.'.
  const zone = /^[+-]?\d+(?::\d+)*$/.test(name) ? zoneByName(`<${name}>${name}`) : undefined;
  return zone ?? zoneByArgument(name);
}

/** A zone as make_timestamptz takes it: a number with a sign says hours east, unlike in argumentZone. */
export function fieldZone(name: string): Zone {
  if (/^\d/.test(name)) {
    throw sqlError('22023', `invalid input syntax for type numeric time zone: "${name}"`, {
      hint: 'Numeric time zones must have "-" or "+" as first character.',
    });
  }
  try {
    return new FixedZone(name, parseOffset(name), name);
  } catch (error) {
    if (!(error instanceof ParseFailure)) throw error;
    if (error.kind === 'displacement') throw sqlError('22023', `numeric time zone "${name}" out of range`);
  }
  return zoneByArgument(name);
}
