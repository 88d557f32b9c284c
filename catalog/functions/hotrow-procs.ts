/**
 * Functions that PostgreSQL's pg_catalog does not have: of extensions that are built in here, and hotrow's own. Same form as
 * builtin-procs.ts, which is generated; this file is not. Oids: 9100 and up, which PostgreSQL leaves to those who develop it.
 */
export const HOTROW_PROCS = `9100|pg_prewarm|2205 25 25 20 20|20|v|pg_prewarm|,mode,fork,first_block,last_block||["buffer","main",null,null]
9101|hotrow_preload||2249|vSR|hotrow_preload||state 25,pages_total 20,pages_loaded 20,pages_resident 20,pages_gone 20,pages_damaged 20,pages_without_room 20,started_at 1184,ended_at 1184,seconds_left 701`;
