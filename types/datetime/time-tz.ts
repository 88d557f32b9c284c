/** time with time zone: local microseconds since midnight and the zone's offset. */
export class TimeTz {
  readonly micros: number;
  /** Seconds east of Greenwich (PostgreSQL stores the opposite sign). */
  readonly offset: number;

  constructor(micros: number, offset: number) {
    this.micros = micros;
    this.offset = offset;
  }
}
