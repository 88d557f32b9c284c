export { type ArchiveCommand, Archiver, NOTHING_ARCHIVED } from './archiver.ts';
export { expandCommand, shellArchiveCommand } from './shell.ts';
