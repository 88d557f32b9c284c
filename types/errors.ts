/**
 * Errors that a client sees. An operating error (bad input, a conflict, no space) is a SqlError with PostgreSQL's SQLSTATE
 * and words; a false assertion is our own bug (types/assert.ts) and reaches a client as XX000.
 */
export interface SqlErrorFields {
  readonly detail?: string;
  readonly hint?: string;
  /** One-based position in characters (code points) of the statement text. */
  readonly position?: number;
  readonly internalPosition?: number;
  readonly internalQuery?: string;
  readonly where?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  readonly dataType?: string;
  readonly constraint?: string;
  /** PostgreSQL's function that reports it, where clients go by that; else the place in our own code is told. */
  readonly routine?: string;
}

/** How far an error reaches: the statement (its transaction is aborted), or the session (the connection ends). */
export type ErrorSeverity = 'ERROR' | 'FATAL' | 'PANIC';

export class SqlError extends Error {
  override readonly name = 'SqlError';
  /** SQLSTATE, five characters. */
  readonly code: string;
  readonly severity: ErrorSeverity;
  readonly fields: SqlErrorFields;

  constructor(code: string, message: string, fields: SqlErrorFields = {}, severity: ErrorSeverity = 'ERROR') {
    super(message);
    this.code = code;
    this.severity = severity;
    this.fields = fields;
  }

  /** The same error with more fields; what is already set wins. */
  with(fields: SqlErrorFields): SqlError {
    const copy = new SqlError(this.code, this.message, { ...fields, ...this.fields }, this.severity);
    if (this.stack !== undefined) copy.stack = this.stack;
    return copy;
  }

  /** The same error in one more context, outside of those that it has. */
  within(context: string): SqlError {
    const { where } = this.fields;
    const fields = { ...this.fields, where: where === undefined ? context : `${where}\n${context}` };
    const copy = new SqlError(this.code, this.message, fields, this.severity);
    if (this.stack !== undefined) copy.stack = this.stack;
    return copy;
  }

  /** The same error of a statement that begins behind so many characters of the text. */
  behind(characters: number): SqlError {
    const { position } = this.fields;
    return position === undefined ? this : this.withoutPosition().with({ position: position + characters });
  }

  /** The same error, which does not say where in the statement. */
  withoutPosition(): SqlError {
    const { position: _, ...fields } = this.fields;
    const copy = new SqlError(this.code, this.message, fields, this.severity);
    if (this.stack !== undefined) copy.stack = this.stack;
    return copy;
  }
}

/** `throw sqlError('22012', 'division by zero')`. */
export function sqlError(code: string, message: string, fields?: SqlErrorFields): SqlError {
  return new SqlError(code, message, fields);
}
