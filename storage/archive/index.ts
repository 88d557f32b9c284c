export { type ArchiveCommand, Archiver, type ArchiverCounters, NOTHING_ARCHIVED } from './archiver.ts';
export { expandCommand, shellArchiveCommand } from './shell.ts';
