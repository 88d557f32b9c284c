export { fileError } from './errors.ts';
export type { File, FileSystem, IoCallback, OpenMode, ReadCallback } from './file.ts';
export { MemoryFileSystem, type MemoryOp, memoryFailure } from './file-memory.ts';
export { NodeFileSystem } from './file-node.ts';
export { OverlayFileSystem } from './file-overlay.ts';
export { makeFolder } from './make-folder.ts';
export { replaceFile } from './replace-file.ts';
export {
  type TemporaryCounters,
  TemporaryFile,
  TemporaryFiles,
  TemporaryRead,
  type TemporaryUsage,
} from './temporary-files.ts';
