export { type ArchiveSource, FolderArchive } from './archive-source.ts';
export { checkBackup } from './check.ts';
export { type Manifest, readManifest } from './manifest.ts';
export { restoreBackup } from './restore.ts';
export { isoTime, type RestoredLog, type RestoreTarget } from './restore-log.ts';
export { type BackupSource, EngineSource } from './source.ts';
export { StoppedSource } from './stopped-source.ts';
export { takeBackup } from './take.ts';
