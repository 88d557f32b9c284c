/** What both directions of COPY's binary format share (PostgreSQL manual, COPY, "Binary Format"). */

/** `PGCOPY\n\377\r\n\0`: shows damage by anything that changes line breaks, high bits or zero bytes. */
export const BINARY_SIGNATURE: Uint8Array = Uint8Array.of(80, 71, 67, 79, 80, 89, 10, 255, 13, 10, 0);
/** Behind the signature: flags, and the length of what extends the header. */
export const BINARY_HEADER_BYTES = BINARY_SIGNATURE.length + 8;
/** The field count that ends the rows. */
export const BINARY_TRAILER = -1;
/** Flags that a reader must know of; of these there is only the one that said "with OIDs" before version 12. */
export const BINARY_CRITICAL_FLAGS = 0xffff0000;
export const BINARY_FLAG_OIDS = 1 << 16;
